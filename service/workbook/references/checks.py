"""What Excel refuses to do to a sheet, refused before anything is changed."""

from __future__ import annotations

import re

from openpyxl.utils import get_column_letter

from service.errors import InvalidParameters, InvalidRange
from service.workbook.references.cells import blocks_of
from service.workbook.references.changes import LIMITS, GridChange, Shift
from service.workbook.references.index import Index, Sheet, local
from service.workbook.references.lines import Deleted, Inserted, Moved
from service.workbook.references.sheet_xml import SheetXml, cells_of, rows_of
from service.workbook.references.tables import Table
from service.workbook.references.text import areas_of

_LAST_OF_TWO = 702  # column ZZ
_FAR = re.compile(rb'\sr="[A-Z]{3}\d')


def check_grid(index: Index, sheet: Sheet, xml: SheetXml, change: GridChange) -> None:
    """Refuse a change of rows, columns or cells that Excel refuses.

    :raises InvalidParameters: if it does not fit on the sheet, or changes nothing
    :raises InvalidRange: if it would cut through something that belongs together
    """
    shift = change.shift
    _check_numbers(sheet, shift)
    _check_room(sheet, xml, shift)
    _check_blocks(sheet, xml, shift)
    _check_merged(sheet, xml, shift)
    for part, root in index.tables(sheet):
        _check_table(sheet, Table(part, root), shift)
        _check_slicers(index, sheet, Table(part, root), shift)
    _check_pivots(index, sheet, shift)


def named(shift: Shift) -> str:
    """What the change is about, for people: "rows 3 to 5", "column B"."""
    lines = shift.lines
    first, last = _shown(shift, lines.first), _shown(shift, lines.first + lines.count - 1)
    noun = shift.axis.removesuffix("s")
    if not shift.whole:
        noun = f"cells in {noun}"
    return f"{noun} {first}" if first == last else f"{noun}s {first} to {last}"


def _shown(shift: Shift, line: int) -> str:
    return str(line) if shift.axis == "rows" else str(get_column_letter(line))


def _check_numbers(sheet: Sheet, shift: Shift) -> None:
    lines, limit = shift.lines, LIMITS[shift.axis]
    if lines.count < 1 or not 1 <= lines.first <= limit or lines.first + lines.count - 1 > limit:
        last = limit if shift.axis == "rows" else "XFD"
        raise InvalidRange(
            f"{lines.count} {shift.axis} from {lines.first} on do not lie on {sheet.title}.",
            f"A sheet's {shift.axis} go from 1 to {last}.",
        )
    if not isinstance(lines, Moved):
        return
    if not 1 <= lines.before <= limit:
        raise InvalidRange(
            f"{lines.before} is no place on {sheet.title} to move {shift.axis} to.",
            f"Its {shift.axis} go from 1 to {limit}.",
        )
    if lines.first <= lines.before <= lines.first + lines.count:
        raise InvalidParameters(
            f"{named(shift).capitalize()} of {sheet.title} already stand there.",
            "Name a place outside of what is to be moved.",
        )


def _check_room(sheet: Sheet, xml: SheetXml, shift: Shift) -> None:
    """Cells that hold something are not pushed off the sheet."""
    lines = shift.lines
    if not isinstance(lines, Inserted):
        return
    edge = lines.limit - lines.count
    for row in rows_of(xml.data):
        if shift.axis == "rows" and row.number <= edge:
            continue
        if shift.axis == "columns" and edge > _LAST_OF_TWO and not _FAR.search(row.cells):
            continue
        for cell in cells_of(row):
            along = cell.row if shift.axis == "rows" else cell.column
            if along > edge and not cell.blank and shift.cell(cell.row, cell.column) is None:
                place = f"{get_column_letter(cell.column)}{cell.row}"
                raise InvalidRange(
                    f"There is no room on {sheet.title}: inserting {lines.count} {shift.axis} "
                    f"would push {place}, which is not empty, off the sheet.",
                    f"Delete what is at the end of the sheet, such as {place}, or insert less.",
                )


def _check_blocks(sheet: Sheet, xml: SheetXml, shift: Shift) -> None:
    for block in blocks_of(xml.data):
        if not block.dynamic and shift.cuts(block.area):
            what = "what-if table" if block.kind == "dataTable" else "array formula"
            raise _cut(shift, sheet, f"the {what} in {block.area}", "Change it as a whole.")


def _check_merged(sheet: Sheet, xml: SheetXml, shift: Shift) -> None:
    """Merged cells grow and shrink with rows and columns, but are not torn apart."""
    if shift.whole and not isinstance(shift.lines, Moved):
        return
    for item in xml.tree.iter("{*}mergeCell"):
        area = areas_of(item.get("ref", "A1"))[0]
        if shift.cuts(area):
            raise _cut(shift, sheet, f"the merged cells {area}", "Unmerge them first.")


def _cut(shift: Shift, sheet: Sheet, what: str, hint: str) -> InvalidRange:
    verb = {Inserted: "Inserting", Deleted: "Deleting", Moved: "Moving"}[type(shift.lines)]
    return InvalidRange(f"{verb} {named(shift)} on {sheet.title} would cut through {what}.", hint)


def _check_table(sheet: Sheet, table: Table, shift: Shift) -> None:
    area = table.area
    if not shift.cuts(area):
        return
    what = f"the table {table.name} ({area})"
    if not shift.whole:
        hint = "Insert or delete whole rows or columns, or cells over the whole of the table."
        across = shift.spans(area)[1]
        if not shift.covers(across):
            raise _cut(shift, sheet, what, hint)
    if shift.axis == "columns":
        if isinstance(shift.lines, Moved):
            _check_moved_columns(sheet, table, shift)
        return
    _check_table_rows(sheet, table, shift, what)


def _check_moved_columns(sheet: Sheet, table: Table, shift: Shift) -> None:
    """Columns are moved within a table, not into it nor out of it."""
    lines, area = shift.lines, table.area
    assert isinstance(lines, Moved)
    inside = area.first_column <= lines.first and lines.last <= area.last_column
    if not inside or not area.first_column <= lines.before <= area.last_column + 1:
        raise _cut(
            shift,
            sheet,
            f"the table {table.name} ({area})",
            "Move columns within the table, or insert columns and copy what they hold.",
        )


def _check_table_rows(sheet: Sheet, table: Table, shift: Shift, what: str) -> None:
    area = table.area
    first, last = table.data
    header = range(area.first_row, first)
    lines = shift.lines
    if isinstance(lines, Inserted):
        if lines.first in header:
            raise _cut(shift, sheet, f"the header of {what}", "Insert above or below it.")
        return
    if any(lines.first <= row <= lines.last for row in header):
        raise InvalidRange(
            f"The header row of {what} is among {named(shift)} of {sheet.title}, "
            "but not the whole table.",
            f"Leave its header row {area.first_row} out, or take the whole table.",
        )
    if lines.first <= first and last <= lines.last:
        raise InvalidRange(
            f"{named(shift).capitalize()} of {sheet.title} are all the data of {what}; "
            "a table keeps at least one row.",
            "Leave one row and clear what it holds, or take the whole table.",
        )
    if isinstance(lines, Moved):
        totals = range(last + 1, area.last_row + 1)
        taken = any(lines.first <= row <= lines.last for row in totals)
        if taken or (lines.before in totals and lines.before > last + 1):
            raise _cut(shift, sheet, f"the totals of {what}", "Leave its totals row out.")
        if totals and lines.before == area.last_row + 1 and lines.first >= first:
            raise _cut(shift, sheet, f"the totals of {what}", f"Move them above row {last + 1}.")


def _check_slicers(index: Index, sheet: Sheet, table: Table, shift: Shift) -> None:
    """A slicer without its column is one that Excel calls damaged."""
    area = table.area
    sliced = index.sliced_columns(table.root.get("id", ""))
    for number, column in enumerate(table.columns, area.first_column):
        whole = shift.stretch(area) is None
        gone = whole or (shift.axis == "columns" and shift.cell(area.first_row, number) is None)
        if gone and column.get("id") in sliced:
            raise InvalidRange(
                f"Deleting {named(shift)} of {sheet.title} would delete the column "
                f"{column.get('name')} of the table {table.name}, which a slicer filters.",
                "Delete the slicer in Excel first, or clear the cells instead.",
            )


def _check_pivots(index: Index, sheet: Sheet, shift: Shift) -> None:
    for kind, part in index.of_sheet(sheet):
        if kind != "pivotTable":
            continue
        for item in index.draft.xml(part):
            if local(item) == "location":
                area = areas_of(item.get("ref", "A1"))[0]
                if shift.cuts(area):
                    name = index.draft.xml(part).get("name", "")
                    raise _cut(
                        shift,
                        sheet,
                        f"the pivot table {name} ({area})",
                        "Insert, delete or move outside of it.",
                    )
