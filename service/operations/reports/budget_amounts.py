"""The sheets of amounts of a budget: what was planned, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from openpyxl.styles import Alignment
from openpyxl.utils import quote_sheetname
from openpyxl.worksheet.worksheet import Worksheet

from service.operations.reports import forms, look
from service.operations.reports.budget import Key, Plan
from service.operations.reports.forms import Line, letter
from service.operations.reports.words import in_language
from service.workbook.areas import Area
from service.workbook.cells import Scalar, parse_date

LABELS, FIRST = 2, 3  # columns of the categories, and of the first period


@dataclass(frozen=True)
class Row:
    """A row of amounts: of a category, or a total.

    :param category: its number; None for a total
    :param kind: "income", "expense", "balance" or ""
    :param parts: offsets of the rows that a total adds
    """

    label: str
    kind: str
    category: int | None = None
    parts: tuple[int, ...] = ()


def rows_of(budget: Plan) -> list[Row]:
    """The rows of each block, in their order: income, expenses, balance; or all and a total."""
    say, figures = budget.order.say, budget.figures
    found: list[Row] = []
    if not budget.has_kinds:
        found += [Row(name, "", i) for i, name in enumerate(figures.categories)]
        found += [Row("", "", -1) for _ in range(budget.blank)]
        return [*found, Row(say("Total"), "", None, tuple(range(len(found))))]
    for kind, total in (("income", "Total income"), ("expense", "Total expenses")):
        start = len(found)
        found += [
            Row(name, kind, i)
            for i, name in enumerate(figures.categories)
            if figures.kinds[i] == kind
        ]
        found += [Row("", kind, -1) for _ in range(budget.blank)]
        found.append(Row(say(total), kind, None, tuple(range(start, len(found)))))
    totals = [i for i, row in enumerate(found) if row.category is None]
    return [*found, Row(say("Balance"), "balance", None, tuple(totals))]


@dataclass(frozen=True)
class Block:
    """Where a block of amounts stands on its sheet: its header row; rows follow below."""

    sheet: str
    header: int

    def cell(self, column: int, offset: int) -> str:
        """A cell as formulas on other sheets name it; offset -1 is the header."""
        return f"{quote_sheetname(self.sheet)}!{letter(column)}{self.header + 1 + offset}"

    def across(self, offset: int, last: int) -> str:
        """The amounts of a row."""
        row = self.header + 1 + offset
        name = quote_sheetname(self.sheet)
        return f"{name}!${letter(FIRST)}{row}:${letter(last)}{row}"


def money_of(budget: Plan) -> str:
    amounts = [*budget.figures.plans.values(), budget.figures.actuals]
    whole = all(value == int(value) for found in amounts for value in found.values())
    return budget.order.choices.rounded if whole else budget.order.choices.money


def month_of(budget: Plan) -> str:
    """The number format of months."""
    return in_language("mmm yyyy", budget.order.options.language)


def write_block(
    sheet: Worksheet,
    at: int,
    heading: str,
    rows: Sequence[Row],
    amounts: dict[Key, float],
    context: tuple[Plan, Block | None],
) -> Block:
    """Categories and amounts by period, with totals; categories may repeat another block's."""
    budget, links = context
    house, periods = budget.order.choices.house, budget.figures.periods
    if heading:
        last = FIRST + len(periods) - (len(periods) == 1)
        look.write_heading(sheet, at - 2, (LABELS, last), heading, house)
    columns = [Line(budget.order.say("Category"), 28), *_period_columns(budget)]
    block = Block(sheet.title, at)
    lines = [[*_row(block, offset, row, amounts, budget, links)] for offset, row in enumerate(rows)]
    area = forms.write_lines(sheet, (at, LABELS), columns, lines, house)
    _write_period_headers(sheet, at, budget)
    for offset, row in enumerate(rows):
        if row.category is None:
            for cells in sheet.iter_rows(
                at + 1 + offset, at + 1 + offset, LABELS, area.last_column
            ):
                for cell in cells:
                    forms.dress_total(cell, house)
        else:
            inputs = Area(at + 1 + offset, FIRST, at + 1 + offset, FIRST + len(periods) - 1)
            forms.check(sheet, str(inputs), "decimal", budget.order.say("Enter an amount."))
    if len(periods) > 1:
        for number in range(1, len(periods) + 1):
            cell = look.write_small(sheet, at - 1, FIRST + number - 1, number, house)
            cell.alignment = Alignment("right", "center")
    return block


def _period_columns(budget: Plan) -> Iterator[Line]:
    money = money_of(budget)
    width = 13 if len(budget.figures.periods) <= 12 else 11
    for label in budget.figures.periods:
        yield Line(label or budget.order.say("Amount"), width, money, "right")
    if len(budget.figures.periods) > 1:
        yield Line(budget.order.say("Total"), width + 2, money, "right")


def _write_period_headers(sheet: Worksheet, row: int, budget: Plan) -> None:
    periods = budget.figures.periods
    for column, label in enumerate(periods, start=FIRST):
        if parse_date(label):
            look.put(sheet, row, column, label, month_of(budget))


def _row(
    block: Block,
    offset: int,
    row: Row,
    amounts: dict[Key, float],
    budget: Plan,
    links: Block | None,
) -> Iterator[Scalar]:
    periods = budget.figures.periods
    number = block.header + 1 + offset
    if row.category is None or links is None:
        yield f"'{row.label}" if row.label else None
    else:
        label = links.cell(LABELS, offset)
        yield f'=IF({label}="","",{label})'
    for column, label in enumerate(periods, start=FIRST):
        if row.category is None:
            yield _total(block, column, row)
        else:
            amount = amounts.get((row.category, label))
            whole = amount is not None and amount == int(amount)
            yield int(amount) if whole and amount is not None else amount
    if len(periods) > 1:
        last = letter(FIRST + len(periods) - 1)
        whole_row = f"{letter(FIRST)}{number}:{last}{number}"
        yield f'=IF(COUNT({whole_row})=0,"",SUM({whole_row}))'


def _total(block: Block, column: int, row: Row) -> str:
    name = letter(column)
    rows = [block.header + 1 + offset for offset in row.parts]
    if row.kind == "balance":
        return f"={name}{rows[0]}-{name}{rows[1]}"
    return f"=SUM({name}{rows[0]}:{name}{rows[-1]})" if rows else "=0"


def finish_amounts(sheet: Worksheet, budget: Plan, label: str, header: int) -> None:
    house = budget.order.choices.house
    widths = [item.width for item in _period_columns(budget)]
    names = look.label_width(budget.figures.categories)
    look.set_grid(sheet, (2, names, *widths))
    title = budget.order.choices.title or budget.order.say("Budget")
    look.write_title(sheet, LABELS, f"{title}: {budget.order.say(label)}", house)
    sheet.freeze_panes = f"{letter(FIRST)}{header + 1}"
    look.set_up_page(sheet, house, landscape=len(widths) > 4, repeat=header)
    sheet.print_title_cols = f"{letter(LABELS)}:{letter(LABELS)}"
    forms.in_font(sheet, house)
