"""What the chat is told while an operation runs, when it is done, and what could come next.

A line is a template: ``{workbook}``, ``{file}``, ``{filename}`` and ``{source}`` are names,
``{where}`` is the sheet that the call is about, else the workbook; behind a ``|`` stands what
is said without one, and ``{FORMAT}`` is written in capitals. These templates are all there is
to translate.

An operation is told by its own ``doing`` and the past of its verb. What says more stands here,
by the value of the parameter that decides: ``action``, ``report``, or that rows go ``into``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from service.operations.registry import Operation

Lines = dict[str, tuple[str, str]]

# The parameters that may decide, in the order in which they are looked at.
DECIDE = ("action", "report")
INTO = "into"
NAMELESS = {"file": "the file", "workbook": "the workbook", "filename": "a file"}

_DONE = {
    "Creating": "Created",
    "Opening": "Opened",
    "Looking": "Looked",
    "Saving": "Saved",
    "Closing": "Closed",
    "Reading": "Read",
    "Writing": "Wrote",
    "Searching": "Searched",
    "Formatting": "Formatted",
    "Importing": "Imported",
    "Exporting": "Exported",
    "Asking": "Asked",
    "Making": "Made",
    "Preparing": "Prepared",
    "Changing": "Changed",
}

LINES: dict[str, Lines] = {
    "query_excel_data": {INTO: ("Putting rows into {workbook}", "Rows put on {where}")},
    "query_database": {
        INTO: ("Bringing rows from {source|the database}", "Rows from {source} put on {where}"),
        "tables": (
            "Looking at the tables of {source|the database}",
            "Looked at the tables of {source|the database}",
        ),
        "select": ("Choosing {source|the database}", "Chose {source|the database}"),
    },
    "transform_excel_range": {
        "sort": ("Sorting {where}", "Sorted {where}"),
        "replace": ("Replacing texts in {where}", "Texts replaced in {where}"),
        "remove_duplicates": (
            "Removing duplicates from {where}",
            "Duplicates removed from {where}",
        ),
        "split": ("Splitting texts in {where}", "Texts split in {where}"),
        "join": ("Joining texts in {where}", "Texts joined in {where}"),
        "fill": ("Filling cells of {where}", "Cells filled in {where}"),
        "clean": ("Cleaning up texts in {where}", "Texts cleaned up in {where}"),
        "unpivot": ("Turning columns into rows in {where}", "Columns turned into rows in {where}"),
        "transpose": (
            "Swapping rows and columns in {where}",
            "Rows and columns swapped in {where}",
        ),
        "copy": ("Copying cells of {where}", "Cells copied in {where}"),
        "move": ("Moving cells of {where}", "Cells moved in {where}"),
        "clear": ("Clearing cells of {where}", "Cells cleared in {where}"),
    },
    "add_excel_rule": {
        "add": ("Adding a rule to {where}", "Rule added to {where}"),
        "list": ("Looking at the rules of {where}", "Looked at the rules of {where}"),
        "change": ("Changing a rule of {where}", "Rule changed on {where}"),
        "delete": ("Deleting rules from {where}", "Rules deleted from {where}"),
    },
    "create_excel_table": {
        "create": ("Making a table on {where}", "Table made on {where}"),
        "list": ("Looking at the tables of {where}", "Looked at the tables of {where}"),
        "change": ("Changing a table on {where}", "Table changed on {where}"),
        "convert": (
            "Turning a table of {where} into plain cells",
            "Table of {where} turned into plain cells",
        ),
        "delete": ("Deleting a table from {where}", "Table deleted from {where}"),
    },
    "edit_excel_sheet": {
        "add": ("Adding the sheet {where}", "Sheet {where} added"),
        "rename": ("Renaming {where}", "Sheet renamed to {where}"),
        "copy": ("Copying {where}", "Sheet copied to {where}"),
        "move": ("Moving {where}", "Moved {where}"),
        "hide": ("Hiding {where}", "Hid {where}"),
        "show": ("Showing {where}", "{where} is shown again"),
        "delete": ("Deleting a sheet of {workbook}", "Sheet deleted from {workbook}"),
        "insert_rows": ("Inserting rows in {where}", "Rows inserted in {where}"),
        "delete_rows": ("Deleting rows from {where}", "Rows deleted from {where}"),
        "move_rows": ("Moving rows in {where}", "Rows moved in {where}"),
        "insert_columns": ("Inserting columns in {where}", "Columns inserted in {where}"),
        "delete_columns": ("Deleting columns from {where}", "Columns deleted from {where}"),
        "move_columns": ("Moving columns in {where}", "Columns moved in {where}"),
        "insert_cells": ("Inserting cells in {where}", "Cells inserted in {where}"),
        "delete_cells": ("Deleting cells from {where}", "Cells deleted from {where}"),
        "layout": ("Changing the layout of {where}", "Layout of {where} changed"),
        "merge": ("Merging cells in {where}", "Cells merged in {where}"),
        "unmerge": ("Unmerging cells in {where}", "Cells unmerged in {where}"),
        "protect": ("Protecting {where}", "Protected {where}"),
        "unprotect": ("Taking the protection off {where}", "Protection taken off {where}"),
    },
    "create_excel_chart": {
        "add": ("Adding a chart to {where}", "Chart added to {where}"),
        "list": ("Looking at the charts of {where}", "Looked at the charts of {where}"),
        "change": ("Changing a chart on {where}", "Chart changed on {where}"),
        "delete": ("Deleting a chart from {where}", "Chart deleted from {where}"),
    },
    "create_excel_pivot": {
        "add": ("Adding a pivot table to {workbook}", "Pivot table added on {where}"),
        "list": ("Looking at the pivot tables", "Looked at the pivot tables"),
        "change": ("Changing a pivot table", "Pivot table changed on {where}"),
        "refresh": ("Refreshing pivot tables", "Pivot tables refreshed in {workbook}"),
        "delete": ("Deleting a pivot table", "Pivot table deleted from {where}"),
    },
    "annotate_excel_cells": {
        "comment": ("Adding a comment to {where}", "Comment added to {where}"),
        "link": ("Adding a link to {where}", "Link added to {where}"),
        "image": ("Adding a picture to {where}", "Picture added to {where}"),
        "name": ("Naming cells of {workbook}", "Name given in {workbook}"),
        "list": ("Looking at the notes of {where}", "Looked at the notes of {where}"),
        "remove": ("Removing notes from {where}", "Notes removed from {where}"),
    },
    "create_excel_report": {
        "sales_report": ("Making the sales report", "Sales report made"),
        "employee_directory": ("Making the employee directory", "Employee directory made"),
        "invoice": ("Making the invoice", "Invoice made"),
        "budget": ("Making the budget", "Budget made"),
        "project_plan": ("Making the project plan", "Project plan made"),
        "timesheet": ("Making the timesheet", "Timesheet made"),
        "inventory": ("Making the inventory", "Inventory made"),
    },
    "undo_excel_change": {
        "undo": ("Undoing changes of {workbook}", "Changes of {workbook} undone"),
        "redo": ("Redoing changes of {workbook}", "Changes of {workbook} redone"),
        "changes": (
            "Looking at what changed in {workbook}",
            "Looked at what changed in {workbook}",
        ),
    },
    "explain_excel_formula": {
        "explain": ("Looking into a formula of {where}", "Looked into a formula of {where}"),
        "errors": (
            "Looking for causes of errors in {where}",
            "Looked for causes of errors in {where}",
        ),
        "goal_seek": ("Seeking the right input in {where}", "Sought the right input in {where}"),
    },
}

# What a person might ask for next: the tool that it takes, and the words. Where both
# {label} and {value} are known, two columns of what was done, the first of them is said.
_PDF = ("export_excel_file", "Export {workbook} as PDF")
_CHART = ("create_excel_chart", "Make a chart of {value} per {label} from {where}")
_ANY_CHART = ("create_excel_chart", "Make a chart of the data in {where}")
_SUMS = ("create_excel_pivot", "Sum up {value} per {label} from {where}")
_CHANGED = ("undo_excel_change", "Show what changed in {workbook}")
_UNDO = ("undo_excel_change", "Undo the last change")
_TOTALS = ("write_excel_range", "Add a row of totals to {where}")
_REDO = ("undo_excel_change", "Redo what was undone")

FOLLOW_UPS: dict[str, tuple[tuple[str, str], ...]] = {
    "create_excel_file": (_CHART, _ANY_CHART, _TOTALS),
    "import_csv_to_excel": (_CHART, _SUMS, _ANY_CHART),
    "open_excel_file": (_CHART, _SUMS, _ANY_CHART),
    "write_excel_range": (_ANY_CHART, _CHANGED),
    "query_excel_data": (_CHART, _ANY_CHART, _PDF),
    "query_database": (_CHART, _ANY_CHART, _SUMS),
    "transform_excel_range": (_CHANGED, _UNDO),
    "format_excel_cells": (_PDF,),
    "add_excel_rule": (_PDF,),
    "create_excel_table": (_ANY_CHART, _PDF),
    "edit_excel_sheet": (_CHANGED, _UNDO),
    "create_excel_chart": (_PDF,),
    "create_excel_pivot": (_ANY_CHART, _PDF),
    "create_excel_report": (_PDF,),
    "run_excel_steps": (_CHANGED, _PDF),
    "undo_excel_change": (_REDO,),
}

# Actions that only look, although their operation can change a workbook.
LOOKING = ("list", "changes", "tables", "select")


def lines_of(item: Operation) -> Lines:
    """(line while it runs, line when it is done) by the deciding value; "" for any other."""
    verb, _, rest = item.doing.partition(" ")
    return {"": (item.doing, f"{_DONE[verb]} {rest}"), **LINES.get(item.name, {})}


def doing(item: Operation, arguments: dict[str, Any]) -> str:
    """The line while a call of the operation runs, with its names put in."""
    lines = lines_of(item)
    key = next((key for key in _deciding(item, arguments) if key in lines), "")
    return sentence(lines[key][0], arguments)


def _deciding(item: Operation, arguments: dict[str, Any]) -> Iterator[str]:
    if item.delivers_with and arguments.get(item.delivers_with):
        yield item.delivers_with
    defaults = {p.name: p.default for p in item.parameters}
    yield from (str(arguments.get(name) or defaults.get(name)) for name in DECIDE)


def sentence(text: str, names: dict[str, Any]) -> str:
    """A template with the names put in, where they are short ones."""
    where = names.get("sheet") or names.get("workbook") or names.get("filename")

    def value(match: re.Match[str]) -> str:
        name, otherwise = match.group(1), match.group(2)
        given = str((where if name == "where" else names.get(name.lower())) or "").strip()
        if given and len(given) <= 80 and given.isprintable() and given != "latest":
            return given.upper() if name.isupper() else given
        return otherwise if otherwise is not None else NAMELESS.get(name, NAMELESS["workbook"])

    return re.sub(r"\{(\w+)(?:\|([^}]*))?\}", value, text).strip()
