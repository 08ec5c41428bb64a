"""Another shape of the same data: columns turned into rows, rows into columns."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any

from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidRange, counted, listed
from service.operations.registry import Answer
from service.operations.transform.columns import (
    MOST_CELLS,
    asked_columns,
    column_named,
    headers_of,
    refuse_filled,
    refuse_header,
    refuse_table_edges,
    target_of,
    values_of,
    widen,
)
from service.operations.transform.options import Task
from service.workbook.areas import Area, area_at
from service.workbook.contents import (
    Content,
    put,
    refuse_arrays,
    refuse_merged,
    taken,
)


def _source(task: Task) -> Area:
    used = task.ctx.book.used_area(task.sheet)
    last = max(task.area.first_row, min(task.area.last_row, used.last_row))
    area = replace(task.area, last_row=last)
    refuse_merged(task.sheet, area)
    return area


def _room(task: Task, rows: int, columns: int, source: Area) -> tuple[Worksheet, Area]:
    """The sheet and area of the result, after everything in the way was refused."""
    text = task.needed("to", 'the first cell of the result, such as "H1" or "Sheet2!A1"')
    sheet, row, column = target_of(task, str(text))
    area = area_at(row, column, rows, columns)
    if sheet is task.sheet and area.overlaps(source):
        raise InvalidRange(
            f"The result ({area}) would lie over what it is made of ({source}).",
            "Choose a cell beside or below it, or on another sheet.",
        )
    if area.cells > MOST_CELLS:
        raise InvalidRange(
            f"The result has {area.cells:,} cells; at most {MOST_CELLS:,} are made at once.",
            "Name fewer rows or columns.",
        )
    refuse_filled(task, sheet, area)
    refuse_merged(sheet, area)
    refuse_arrays(sheet, area)
    refuse_table_edges(sheet, area, "Writing to")
    refuse_header(sheet, area)
    task.ctx.book.room_for(area.cells)
    return sheet, area


def as_value(content: Content, value: object) -> Content:
    """The content with a value in place of its formula."""
    if content.data_type != "f":
        return content
    kind = "s" if isinstance(value, str) else "b" if isinstance(value, bool) else "n"
    if isinstance(value, str) and value.startswith("#") and value in _ERRORS:
        kind = "e"
    elif not (value is None or isinstance(value, str | bool | int | float)):
        kind = "d"
    return content.plain(value, kind)


_ERRORS = frozenset("#DIV/0! #N/A #NAME? #NULL! #NUM! #REF! #VALUE!".split())


def _grid(task: Task, area: Area) -> tuple[list[list[Content]], int]:
    """(the contents of an area with values in place of formulas, how many formulas)."""
    columns = range(area.first_column, area.last_column + 1)
    rows = range(area.first_row, area.last_row + 1)
    cells = [task.ctx.book.cell(task.sheet, row, column) for row in rows for column in columns]
    values = iter(values_of(task.ctx, cells))
    formulas = sum(cell is not None and cell.data_type == "f" for cell in cells)
    grid = [
        [as_value(taken(task.sheet, row, column), next(values)) for column in columns]
        for row in rows
    ]
    return grid, formulas


def _notes(formulas: int) -> dict[str, Any]:
    if not formulas:
        return {}
    return {"notes": [f"{counted(formulas, 'formula')} became values as of now."]}


def transpose(task: Task) -> Answer:
    """Rows become columns, at another place."""
    source = _source(task)
    sheet, into = _room(task, source.columns, source.rows, source)
    grid, formulas = _grid(task, source)
    with task.ctx.book.changing():
        for r, line in enumerate(grid):
            for c, content in enumerate(line):
                put(sheet, into.first_row + c, into.first_column + r, content, follow=False)
        widen(task, sheet, into)
    told = {"transposed": str(source), "written": f"{sheet.title}!{into}"}
    return Answer({**told, **_notes(formulas)}, sheet=sheet.title)


def unpivot(task: Task) -> Answer:
    """Columns become rows: one for each filled cell, beside the columns that stay."""
    source = _source(task)
    asked = asked_columns(task.needed("by", 'the columns that stay, such as ["Region"]'))
    if source.rows < 2:
        raise InvalidRange(f"{source} has no rows under its headers.", "Name the whole table.")
    kept = [column_named(task.sheet, source, source.first_row, name) for name in asked]
    columns = range(source.first_column, source.last_column + 1)
    turned = [column for column in columns if column not in kept]
    headers = headers_of(task.sheet, source, source.first_row)
    if not turned:
        raise InvalidParameters(
            f"by names all columns of {source}: {listed(headers)}.", "Leave out those to turn."
        )
    names = task.options.names or ["Attribute", "Value"]
    if len(names) != 2:
        raise InvalidParameters(
            f"names has {counted(len(names), 'name')}; unpivot makes two columns.",
            'Send two, such as ["Month", "Amount"].',
        )
    grid, formulas = _grid(task, source)
    lines = _unpivoted(grid, source, kept, turned)
    head = [*(grid[0][c - source.first_column] for c in kept)]
    look = (head or grid[0])[0]
    head += [replace(look, value=name, data_type="s", comment=None, link=None) for name in names]
    sheet, into = _room(task, len(lines) + 1, len(head), source)
    with task.ctx.book.changing():
        for r, line in enumerate([head, *lines], into.first_row):
            for c, content in enumerate(line, into.first_column):
                put(sheet, r, c, content, follow=False)
        widen(task, sheet, into)
    told = {"rows": len(lines), "written": f"{sheet.title}!{into}"}
    return Answer({**told, **_notes(formulas)}, sheet=sheet.title)


def _unpivoted(
    grid: list[list[Content]], source: Area, kept: list[int], turned: list[int]
) -> list[list[Content]]:
    first = source.first_column
    lines = []
    for line in grid[1:]:
        own = [replace(copy(line[c - first]), comment=None) for c in kept]
        for column in turned:
            name, value = grid[0][column - first], line[column - first]
            if value.holds and value.value != "":
                label = Content(0, 0, name.value, name.data_type, own[0].style if own else None)
                if name.data_type == "d":
                    label = replace(label, style=name.style)
                lines.append([*own, label, value])
    return lines
