"""Excel's tables: make them, resize them, give them totals, formulas, filters and styles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from openpyxl.worksheet.worksheet import Worksheet
from pydantic import Field

from service.errors import InvalidParameters
from service.operations import table_edits as edits
from service.operations import table_looks as looks
from service.operations.context import Context
from service.operations.registry import Answer, BriefOptions, operation
from service.operations.room import make_room
from service.workbook.areas import Area, one_sheet
from service.workbook.book import Book
from service.workbook.cells import Scalar
from service.workbook.tables import filters, formulas, totals
from service.workbook.tables.view import View, find_table, tables_of

Action = Literal["create", "list", "change", "convert", "delete"]
Criterion = Scalar | list[Scalar]


class TableOptions(BriefOptions):
    """Extras of create_excel_table; with change, only what is named changes."""

    style: str | None = Field(
        default=None, description='"medium 2", "TableStyleLight9", dark 1 to 11, or none'
    )
    banded_rows: bool | None = Field(default=None, description="rows in turns of two shades")
    banded_columns: bool | None = Field(default=None, description="columns likewise")
    first_column: bool | None = Field(default=None, description="first column stands out")
    last_column: bool | None = Field(default=None, description="last column stands out")
    filter_buttons: bool | None = Field(default=None, description="false: none at the headers")
    headers: bool | None = Field(
        default=None, description="create: false where the range holds no row of headers"
    )
    totals: bool | dict[str, Scalar] | None = Field(
        default=None,
        description='row of totals: {"Amount": "sum"} (average, count, count_numbers, max, min, '
        'std_dev, var, none, a formula, or a label "Total"); true: sums; false: none',
    )
    columns: dict[str, str] | None = Field(
        default=None, description='formulas of columns, new ones too: {"Sum": "=[@Qty]*[@Price]"}'
    )
    filters: dict[str, Criterion] | None = Field(
        default=None,
        description='{"State": ["open", "late"], "Amount": ">100"}, also "contains x", "blanks", '
        "two comparisons that both hold; null takes a column's filter away",
    )
    rename_columns: dict[str, str] | None = Field(
        default=None, description='{"Old": "New"}; formulas follow'
    )
    new_name: str | None = Field(default=None, description="another name; formulas follow")


@dataclass
class Plan:
    """What is to be done, all of it checked."""

    steps: list[Callable[[], None]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@operation(
    effect="change",
    doing="Changing tables of {where}",
    example={
        "range": "A1:B4",
        "name": "Costs",
        "options": {"style": "medium 4", "totals": {"Cost": "sum"}},
    },
)
def create_excel_table(
    ctx: Context,
    sheet: str = "",
    range: str = "",
    name: str = "",
    action: Action = "create",
    options: TableOptions = TableOptions(),  # noqa: B008
) -> Answer:
    """Create, list, change, convert or delete native tables: totals, formulas, filters, style.

    :param sheet: leave out if there is one
    :param range: with the headers; left out: the sheet's data. With change: the new size
    :param name: of the table; left out: Table1, or the only table there is
    :param action: convert leaves plain cells, delete clears them, too
    :param options: such as {"totals": {"Cost": "sum"}, "columns": {"Sum": "=[@Qty]*[@Price]"},
        "filters": {"Cost": ">100"}}
    """
    given = options.model_dump(exclude_unset=True)
    given = {key: value for key, value in given.items() if value is not None}
    if action == "create":
        return _create(ctx, sheet, range, name, given)
    if "headers" in given:
        raise InvalidParameters(f"options.headers has no effect on {action}.", "Leave it out.")
    if action == "change":
        return _change(ctx, sheet, range, name, given)
    if given:
        raise InvalidParameters(
            f"options.{next(iter(given))} has no effect on {action}.",
            "Leave options out, or use change.",
        )
    if action == "list":
        return _list(ctx.book, sheet, name)
    return _end(ctx.book, sheet, range, name, clear=action == "delete")


def _create(ctx: Context, sheet: str, text: str, name: str, given: dict[str, Any]) -> Answer:
    book = ctx.book
    if "rename_columns" in given or "new_name" in given:
        idle = "rename_columns" if "rename_columns" in given else "new_name"
        raise InvalidParameters(
            f"options.{idle} has no effect on create.", "Send the name as name; use change later."
        )
    start = edits.started(book, sheet, text, name, headers=given.get("headers"))
    plan = Plan(notes=start.notes)
    view = start.view
    with ctx.as_seen():
        _edit(plan, book, view, edits.shadow(view), given)
    with book.changing():
        start.run()
        for step in plan.steps:
            step()
    return _made(ctx, view, plan, given)


def _made(ctx: Context, view: View, plan: Plan, given: dict[str, Any]) -> Answer:
    """The answer, once there is room for the results of new formulas."""
    told = _told(view)
    if given.get("columns") or given.get("totals"):
        room = make_room(ctx, view.sheet, view.area)
        told |= {"widened_columns": room.widened} if room.widened else {}
        plan.notes += room.notes
    return Answer(told | _notes(plan), sheet=view.sheet.title)


def _change(ctx: Context, sheet: str, text: str, name: str, given: dict[str, Any]) -> Answer:
    book = ctx.book
    if not given and not text.strip():
        raise InvalidParameters(
            "change says nothing that is to change.",
            f"Send a range, or options: {', '.join(TableOptions.model_fields)}.",
        )
    area = book.sheet_and_area(sheet, text)[1] if text.strip() else None
    view = find_table(book, one_sheet(sheet, text), name, area)
    plan = Plan()
    shadow = edits.shadow(view)
    first = None
    if given.get("rename_columns"):
        first = edits.columns_named(book, view, shadow, given["rename_columns"])
        plan.steps.append(lambda: edits.name_headers(view))
    if given.get("new_name"):
        plan.steps.append(edits.named(book, view, shadow, given["new_name"]))
    if area is not None:
        plan.steps.append(edits.resized(book, view, shadow, area, plan.notes))
    with ctx.as_seen():
        _edit(plan, book, view, shadow, given)
    if first is not None:
        first()
    with book.changing():
        for step in plan.steps:
            step()
    return _made(ctx, view, plan, given)


def _edit(plan: Plan, book: Book, view: View, shadow: View, given: dict[str, Any]) -> None:
    """What both a new table and an old one can be given."""
    new = set(given.get("columns") or {}) - set(shadow.names)
    for column, formula in (given.get("columns") or {}).items():
        plan.steps.append(edits.calculated(book, view, shadow, column, formula, plan.notes))
    if "totals" in given:
        plan.steps.append(edits.totalled(book, view, shadow, given["totals"]))
    words = ("style", "banded_rows", "banded_columns", "first_column", "last_column")
    wanted = {key: given[key] for key in words if key in given}
    if wanted:
        plan.steps.append(looks.styled(view, wanted))
    if "filter_buttons" in given:
        plan.steps.append(looks.buttons(view, shown=given["filter_buttons"]))
    if given.get("filters"):
        plan.steps.append(looks.filtered(book, view, shadow, given["filters"], new))


def _list(book: Book, sheet: str, name: str) -> Answer:
    found = [view for view in tables_of(book) if not sheet or view.sheet is book.sheet(sheet)]
    if name:
        found = [find_table(book, sheet, name, None)]
    tables = [_told(view)["table"] for view in found]
    return Answer({"tables": tables}, sheet=sheet, changed=False)


def _end(book: Book, sheet: str, text: str, name: str, *, clear: bool) -> Answer:
    area = book.sheet_and_area(sheet, text)[1] if text.strip() else None
    view = find_table(book, one_sheet(sheet, text), name, area)
    edits.refuse_read_elsewhere(book, view)
    told = _told(view)["table"]
    visit = formulas.gone_references(view.name) if clear else formulas.plain_references(view)
    with book.changing():
        if clear:
            _clear(view.sheet, view.area)
        changed = formulas.rewrite(book, view.name, visit)
        looks.show_rows(view)
        del view.sheet.tables[view.table.name]
    result: dict[str, Any] = {"deleted" if clear else "converted": told}
    if changed:
        result["formulas_changed"] = changed
    return Answer(result, sheet=view.sheet.title)


def _clear(sheet: Worksheet, area: Area) -> None:
    for row in range(area.first_row, area.last_row + 1):
        for column in range(area.first_column, area.last_column + 1):
            cell = sheet._cells.get((row, column))
            if cell is not None:
                cell.value = None


# Answers ------------------------------------------------------------------------


def _told(view: View) -> dict[str, Any]:
    table: dict[str, Any] = {
        "name": view.name,
        "sheet": view.sheet.title,
        "range": str(view.area),
        "columns": view.names,
        "style": looks.style_words(view),
    }
    calculated = {
        str(column.name): f"={column.calculatedColumnFormula.attr_text}"
        for column in view.columns
        if column.calculatedColumnFormula is not None
    }
    found = {
        "formulas": calculated,
        "totals": totals.told(view),
        "filters": filters.told(view),
    }
    if found["filters"]:
        rows = view.sheet.row_dimensions
        data = view.data
        numbers = range(data.first_row, data.last_row + 1)
        table["hidden_rows"] = sum(row in rows and bool(rows[row].hidden) for row in numbers)
    return {"table": table | {key: value for key, value in found.items() if value}}


def _notes(plan: Plan) -> dict[str, Any]:
    return {"notes": plan.notes} if plan.notes else {}
