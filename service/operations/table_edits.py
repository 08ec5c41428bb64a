"""The steps that make and change a table: checked first, against a shadow of it, then run."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from openpyxl.worksheet.filters import AutoFilter
from openpyxl.worksheet.table import Table, TableFormula, TableStyleInfo
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.functions import tostring

from service.errors import InvalidParameters, InvalidRange
from service.operations.layout import align_headers, find_region, widen_for_headers
from service.operations.result_formats import taken_over
from service.operations.rule_growth import Rows, grow_rules
from service.workbook import cells
from service.workbook.areas import MAX_COLUMN, Area, one_sheet, parse_area, split_sheet
from service.workbook.book import Book, filled_areas
from service.workbook.formulas import check_formula, to_file
from service.workbook.package.opc import parse
from service.workbook.references.changes import RenameColumns
from service.workbook.references.rewriting import Rewriter, TableEdit
from service.workbook.references.text import translated
from service.workbook.structure import rename_columns
from service.workbook.tables import filters, formulas, headers, totals
from service.workbook.tables.view import GRID, View, checked_name, free_name, tables_of

Step = Callable[[], None]
_USUAL = "TableStyleMedium2"
_MOST_HEADER = 255
_MOST_COLUMNS = 1000


def shadow(view: View) -> View:
    """A copy of a table on which what is asked for is tried out."""
    _ = view.columns
    return View(view.sheet, Table.from_tree(parse(tostring(view.table.to_tree()))))


# Making -------------------------------------------------------------------------


@dataclass
class Start:
    """A table that is ready to be put onto its sheet."""

    view: View
    names: list[str]
    notes: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Put it there, with its headers."""
        sheet, area = self.view.sheet, self.view.area
        headers.put(sheet, area.first_row, area.first_column, self.names)
        own = str(sheet.auto_filter.ref or "")
        if own and self.view.area.overlaps(parse_area(own, GRID)):
            sheet.auto_filter = AutoFilter()  # a sheet's filter and a table's can't overlap
        sheet.add_table(self.view.table)


def started(book: Book, sheet: str, text: str, name: str, *, headers: bool | None) -> Start:
    """A table over a range, or over the sheet's data.

    :raises ExcelToolsError: for what Excel allows no table to be
    """
    worksheet, area = _area(book, sheet, text)
    title = checked_name(book, name) if name.strip() else free_name(book)
    if headers is False:
        if area.first_row == 1:
            raise InvalidRange(
                f"{area} has no row above it for headers.",
                "Insert a row above it with edit_excel_sheet, or leave options.headers out.",
            )
        area = Area(area.first_row - 1, area.first_column, area.last_row, area.last_column)
    if area.rows == 1:
        area = Area(area.first_row, area.first_column, area.last_row + 1, area.last_column)
    _check_place(book, worksheet, area, "")
    return _begun(book, worksheet, area, title, headers)


def _begun(book: Book, sheet: Worksheet, area: Area, title: str, headed: bool | None) -> Start:
    columns = range(area.first_column, area.last_column + 1)
    found = headers.texts(book, sheet, area.first_row, columns)
    if headed is False and any(found):
        raise InvalidRange(
            f"Row {area.first_row} above the range holds {next(filter(None, found))!r}.",
            "Insert a row for headers with edit_excel_sheet, or take it into the range.",
        )
    names = headers.unique([text[:_MOST_HEADER] for text in found])
    notes = []
    renamed = [new for old, new in zip(found, names, strict=True) if old != new]
    if renamed:
        notes.append(f"Headers that were blank or there twice are named {', '.join(renamed)}.")
    if area.rows == 2 and headed is None and not _filled(book, sheet, area.below(1)):
        notes.append("The table has one blank row for data.")
    table = Table(displayName=title, ref=str(area), totalsRowShown=False)
    table.tableColumns = headers.new_columns(names)
    table.autoFilter = _taken_over(sheet, area)
    table.tableStyleInfo = TableStyleInfo(
        name=_USUAL,
        showFirstColumn=False,
        showLastColumn=False,
        showRowStripes=True,
        showColumnStripes=False,
    )
    return Start(View(sheet, table), names, notes)


def _taken_over(sheet: Worksheet, area: Area) -> AutoFilter:
    """The filter of a new table: the sheet's own, where that is over the same columns.

    :raises InvalidRange: if the sheet's filter hides rows of other columns
    """
    found = AutoFilter(ref=str(area))
    own = sheet.auto_filter
    if not own.ref or not own.filterColumn or not parse_area(str(own.ref), GRID).overlaps(area):
        return found
    place = parse_area(str(own.ref), GRID)
    if (place.first_row, place.first_column) != (area.first_row, area.first_column):
        raise InvalidRange(
            f"{area} overlaps the sheet's filter over {place}, which hides rows.",
            f"Make the table over {place}, or take that filter away first.",
        )
    found.filterColumn = list(own.filterColumn)
    return found


def _area(book: Book, sheet: str, text: str) -> tuple[Worksheet, Area]:
    reference = split_sheet(text)[1]
    worksheet = book.sheet(one_sheet(sheet, text))
    region = find_region(book, worksheet)
    if reference:
        worksheet, area = book.sheet_and_area(sheet, text)
        if area.cells == 1 and region and region.area.holds(area.first_row, area.first_column):
            area = region.area
        return worksheet, area
    if region is None:
        raise InvalidRange(
            f"{worksheet.title} is empty: there is no data for a table.",
            "Write headers and rows first, or send a range.",
        )
    return worksheet, region.area


def _filled(book: Book, sheet: Worksheet, area: Area) -> bool:
    return any(
        (cell := book.cell(sheet, row, column)) is not None and cell.value is not None
        for row in range(area.first_row, area.last_row + 1)
        for column in range(area.first_column, area.last_column + 1)
    )


def _check_place(book: Book, sheet: Worksheet, area: Area, own: str) -> None:
    """Refuse a table over another one, merged cells or array formulas, and very wide ones."""
    if area.columns > _MOST_COLUMNS:
        raise InvalidRange(
            f"{area} has {area.columns:,} columns; a table gets at most {_MOST_COLUMNS:,} here.",
            "Name the columns that hold data.",
        )
    for view in tables_of(book):
        if view.sheet is sheet and view.name != own and view.area.overlaps(area):
            raise InvalidRange(
                f"{area} overlaps the table {view.name} ({view.area}).",
                'Choose other cells, or change that table with action "change".',
            )
    for merged in sheet.merged_cells.ranges:
        if Area(merged.min_row, merged.min_col, merged.max_row, merged.max_col).overlaps(area):
            raise InvalidRange(
                f"{area} holds the merged cells {merged.coord}, and a table can't have any.",
                "Unmerge them first.",
            )
    for block in book.fact(sheet, "filled", filled_areas):
        if block.overlaps(area):
            raise InvalidRange(
                f"{area} holds an array formula over {block}, and a table can't have any.",
                "Choose other cells, or write a formula into each cell.",
            )


# Changing -----------------------------------------------------------------------


def named(book: Book, view: View, seen: View, name: str) -> Step:
    """Another name for a table."""
    new = checked_name(book, name, view.name)
    refuse_read_elsewhere(book, view)
    old = view.name
    seen.table.displayName = seen.table.name = new

    def run() -> None:
        del view.sheet.tables[view.table.name]
        view.table.displayName = view.table.name = new
        view.sheet.tables.add(view.table)
        formulas.rewrite(book, old, formulas.renamed_table(old, new))

    return run


def refuse_read_elsewhere(book: Book, view: View) -> None:
    """Refuse to rename or end a table that a pivot table of the file reads by its name.

    :raises InvalidParameters: naming the table
    """
    package = book.memory.package if book.memory is not None else None
    for part in package.names if package is not None else []:
        if "pivotcachedefinition" in part.lower() and package is not None and part.endswith("xml"):
            match = re.search(rb'<worksheetSource[^>]*\bname="([^"]*)"', package.read(part))
            if match and match[1].decode().lower() == view.name.lower():
                raise InvalidParameters(
                    f"A pivot table reads {view.name} by its name.",
                    "Leave the table as it is, or point the pivot table elsewhere in Excel first.",
                )


def columns_named(book: Book, view: View, seen: View, asked: dict[str, str]) -> Step:
    """Other names for columns, which headers and formulas follow.

    What the step does is a change of its own: it comes before ``book.changing()``.
    """
    renamed = []
    for old, new in asked.items():
        place, name = seen.place(old, "rename_columns"), new.strip()
        others = [other.lower() for i, other in enumerate(seen.names) if i != place]
        if not name or len(name) > _MOST_HEADER or name.lower() in others:
            raise InvalidParameters(
                f'rename_columns: "{new[:60]}" is blank, too long or the name of another column.',
                "Each column has a name of its own, of at most 255 characters.",
            )
        cells.stored_value(f"'{name}", f"header of {old}")
        renamed.append((seen.names[place], name))
        seen.columns[place].name = name
    change = RenameColumns(view.sheet.title, view.name, tuple(seen.names), tuple(renamed))

    def run() -> None:
        rename_columns(book, change)
        view.sheet = book.sheet(change.sheet)
        tables = view.sheet.tables.values()
        view.table = next(t for t in tables if t.displayName == change.table)

    return run


def name_headers(view: View) -> None:
    """Let the cells of the headers say what the columns are called."""
    if view.headers:
        headers.put(view.sheet, view.area.first_row, view.area.first_column, view.names)


def resized(book: Book, view: View, seen: View, area: Area, notes: list[str]) -> Step:
    """Another size for a table; its header row stays where it is."""
    old, data = view.area, view.data
    if area == old:
        return lambda: None
    _check_size(view, old, area)
    _check_place(book, view.sheet, area, view.name)
    columns = range(area.first_column, area.last_column + 1)
    kept = {old.first_column + i: column for i, column in enumerate(view.columns)}
    found = headers.texts(book, view.sheet, area.first_row, columns)
    names = headers.unique(
        [str(kept[c].name) if c in kept else text for c, text in zip(columns, found, strict=True)]
    )
    gone = {str(column.name).lower() for c, column in kept.items() if c not in columns}
    if gone:
        notes.append(f"References to {', '.join(sorted(gone))} are #REF! now; the cells stay.")
    resize = _resizing(view, area, names)
    _resizing(seen, area, names)()

    def run() -> None:
        edit = TableEdit(view.name, tuple(view.names), frozenset(gone))
        resize()
        headers.put(view.sheet, area.first_row, area.first_column, names)
        if gone:
            rewriter = Rewriter({view.name.lower(): edit})
            formulas.rewrite(book, view.name, lambda text, at: rewriter.formula(text, at[0]))
        fill_down(view, _rows(view))
        notes.extend(grow_rules(book, view.sheet, [Rows(data)], area.last_row - view.totals))

    return run


def _check_size(view: View, old: Area, area: Area) -> None:
    reasons = {
        f"the headers stay in row {old.first_row}": area.first_row != old.first_row,
        "the new range has to overlap it": not area.overlaps(old),
        "a table keeps one row of data": area.rows < 2,
        "its row of totals would move; take it away first (totals false)": (
            view.totals and area.last_row != old.last_row
        ),
        "it is filtered; take the filters away first": filters.is_filtered(view),
    }
    problem = next((reason for reason, holds in reasons.items() if holds), "")
    if problem:
        raise InvalidRange(
            f"{view.name} ({old}) can't become {area}: {problem}.", "Send another range."
        )


def _resizing(view: View, area: Area, names: list[str]) -> Step:
    old, columns = view.area, view.columns

    def run() -> None:
        free = max(int(column.id) for column in columns) + 1
        found = []
        for place, name in enumerate(names):
            index = area.first_column + place - old.first_column
            if 0 <= index < len(columns):
                found.append(columns[index])
            else:
                found += headers.new_columns([name], free)
                free += 1
        view.table.tableColumns = found
        view.set_area(area)

    return run


def calculated(
    book: Book, view: View, seen: View, name: str, formula: str, notes: list[str]
) -> Step:
    """A formula for all rows of a column, which is made where there is none of that name."""
    folded = [other.lower() for other in seen.names]
    new = name.strip().lower() not in folded
    if new:
        _check_new_column(book, seen, name)
    names = [*seen.names, name.strip()] if new else seen.names
    text = formulas.stored(book, seen, formula, names)
    check_formula(text, f"columns: {name}")
    if new:
        area = seen.area
        wide = Area(area.first_row, area.first_column, area.last_row, area.last_column + 1)
        _resizing(seen, wide, names)()
    place = seen.place(name)
    if not new and any(_is_value(book, seen, row, place) for row in _rows(seen)):
        notes.append(f"The values of {seen.names[place]} gave way to its formula.")
    target = seen.area
    book.room_for(len(_rows(seen)))

    def run() -> None:
        if new:
            _resizing(view, Area(view.area.first_row, target.first_column, view.area.last_row,
                                 view.area.last_column + 1), names)()  # fmt: skip
            _dress_column(view, place)
            headers.put(
                view.sheet, view.area.first_row, view.area.first_column + place, [names[place]]
            )
        view.columns[place].calculatedColumnFormula = TableFormula(attr_text=to_file(text)[1:])
        fill_column(view, place, text, _rows(view))
        if new:
            column = view.area.first_column + place
            align_headers(view.sheet, Area(view.area.first_row, column, view.area.last_row, column))
            widen_for_headers(view.sheet, view.area.first_row, column, column)

    return run


def _rows(view: View) -> range:
    return range(view.data.first_row, view.data.last_row + 1)


def _is_value(book: Book, view: View, row: int, place: int) -> bool:
    cell = book.cell(view.sheet, row, view.area.first_column + place)
    return cell is not None and cell.value is not None and cell.data_type != "f"


def _check_new_column(book: Book, seen: View, name: str) -> None:
    area = seen.area
    column = area.last_column + 1
    if not name.strip() or len(name.strip()) > _MOST_HEADER or column > MAX_COLUMN:
        raise InvalidParameters(
            f'columns: "{name[:60]}" can be no column of {seen.name}.', "Send another name."
        )
    cells.stored_value(f"'{name.strip()}", "the header")
    place = Area(area.first_row, column, area.last_row, column)
    totals.refuse_filled(book, seen, place, f"new column {name}")
    _check_place(book, seen.sheet, place, seen.name)


def _dress_column(view: View, place: int) -> None:
    """A new column's header looks like the one beside it."""
    row, column = view.area.first_row, view.area.first_column + place
    beside = view.sheet._cells.get((row, column - 1))
    if beside is not None and beside.has_style:
        view.sheet.cell(row, column)._style = copy(beside._style)


def fill_column(view: View, place: int, text: str, rows: range, *, blanks: bool = False) -> None:
    """Put a column's formula into cells, as it reads in each row.

    :param blanks: only where a cell is blank
    """
    column = view.area.first_column + place
    columns = {name.lower(): view.area.first_column + i for i, name in enumerate(view.names)}
    for row in rows:
        cell = view.sheet.cell(row, column)
        if not blanks or cell.value is None:
            formula = translated(text[1:], row - view.data.first_row, 0)
            cells.put(cell, f"={formula}")
            if cell.number_format == "General":
                found = taken_over(view.sheet, formula, row, columns)
                cell.number_format = found or "General"


def fill_down(view: View, rows: range) -> None:
    """Put the formulas of calculated columns into rows in which they are blank."""
    for place, column in enumerate(view.columns):
        formula = column.calculatedColumnFormula
        if formula is not None and formula.attr_text and not formula.array:
            fill_column(view, place, f"={formula.attr_text}", rows, blanks=True)


def totalled(book: Book, view: View, seen: View, wanted: Any) -> Step:
    """A row of totals, or none."""
    if wanted is False:
        return lambda: totals.remove(view)
    totals.check_room(book, seen)
    asked = totals.wanted(book, seen, wanted)
    return lambda: totals.put(book, view, asked)
