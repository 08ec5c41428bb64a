"""The sheets of a budget: what was planned, what came of it, and both side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import quote_sheetname
from openpyxl.worksheet.worksheet import Worksheet

from service.operations.context import Context
from service.operations.reports import forms, look
from service.operations.reports.budget import Key, Plan
from service.operations.reports.forms import Line, letter
from service.operations.reports.words import in_language
from service.workbook.areas import Area
from service.workbook.cells import Scalar, parse_date

_LABELS, _FIRST = 2, 3  # columns of the categories, and of the first period
_BLOCK_AT = 5  # row of the first block on the sheets of amounts
_BOX_AT, _BOX = 5, 8  # row and column of the scenarios
_LAST = 12
_CHART_ROWS = 14


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
        return f"{name}!${letter(_FIRST)}{row}:${letter(last)}{row}"


@dataclass(frozen=True)
class Sheets:
    """What the overview refers to."""

    budget: Plan
    rows: list[Row]
    plans: list[Block]
    actual: Block

    @property
    def last(self) -> int:
        """The column of the last period."""
        return _FIRST + len(self.budget.figures.periods) - 1

    @property
    def several(self) -> bool:
        return len(self.budget.figures.periods) > 1


def write(ctx: Context, budget: Plan) -> list[str]:
    """Write the budget; returns the names of its sheets."""
    names = [budget.sheet, budget.plan_sheet, budget.actual_sheet]
    overview, planned, actual = (ctx.book.xl.create_sheet(name) for name in names)
    rows = rows_of(budget)
    plans: list[Block] = []
    at = _BLOCK_AT + 2 * (len(budget.figures.plans) > 1)
    for number, (name, amounts) in enumerate(budget.figures.plans.items()):
        heading = name if len(budget.figures.plans) > 1 else ""
        links = plans[0] if number else None
        plans.append(_write_block(planned, at, heading, rows, amounts, (budget, links)))
        at = plans[-1].header + len(rows) + 4
    real = _write_block(actual, _BLOCK_AT, "", rows, budget.figures.actuals, (budget, plans[0]))
    for sheet, label in ((planned, "Plan"), (actual, "Actual")):
        _finish_amounts(sheet, budget, label, plans[0].header)
    _write_overview(overview, Sheets(budget, rows, plans, real))
    return names


# Amounts ------------------------------------------------------------------------------


def _money(budget: Plan) -> str:
    amounts = [*budget.figures.plans.values(), budget.figures.actuals]
    whole = all(value == int(value) for found in amounts for value in found.values())
    return budget.order.choices.rounded if whole else budget.order.choices.money


def _month(budget: Plan) -> str:
    """The number format of months."""
    return in_language("mmm yyyy", budget.order.options.language)


def _write_block(
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
        last = _FIRST + len(periods) - (len(periods) == 1)
        look.write_heading(sheet, at - 2, (_LABELS, last), heading, house)
    columns = [Line(budget.order.say("Category"), 28), *_period_columns(budget)]
    block = Block(sheet.title, at)
    lines = [[*_row(block, offset, row, amounts, budget, links)] for offset, row in enumerate(rows)]
    area = forms.write_lines(sheet, (at, _LABELS), columns, lines, house)
    _write_period_headers(sheet, at, budget)
    for offset, row in enumerate(rows):
        if row.category is None:
            for cells in sheet.iter_rows(
                at + 1 + offset, at + 1 + offset, _LABELS, area.last_column
            ):
                for cell in cells:
                    forms.dress_total(cell, house)
        else:
            inputs = Area(at + 1 + offset, _FIRST, at + 1 + offset, _FIRST + len(periods) - 1)
            forms.check(sheet, str(inputs), "decimal", "Enter an amount.")
    if len(periods) > 1:
        for number in range(1, len(periods) + 1):
            cell = look.write_small(sheet, at - 1, _FIRST + number - 1, number, house)
            cell.alignment = Alignment("right", "center")
    return block


def _period_columns(budget: Plan) -> Iterator[Line]:
    money = _money(budget)
    width = 13 if len(budget.figures.periods) <= 12 else 11
    for label in budget.figures.periods:
        yield Line(label or budget.order.say("Amount"), width, money, "right")
    if len(budget.figures.periods) > 1:
        yield Line(budget.order.say("Total"), width + 2, money, "right")


def _write_period_headers(sheet: Worksheet, row: int, budget: Plan) -> None:
    periods = budget.figures.periods
    for column, label in enumerate(periods, start=_FIRST):
        if parse_date(label):
            look.put(sheet, row, column, label, _month(budget))


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
        label = links.cell(_LABELS, offset)
        yield f'=IF({label}="","",{label})'
    for column, label in enumerate(periods, start=_FIRST):
        if row.category is None:
            yield _total(block, column, row)
        else:
            amount = amounts.get((row.category, label))
            whole = amount is not None and amount == int(amount)
            yield int(amount) if whole and amount is not None else amount
    if len(periods) > 1:
        last = letter(_FIRST + len(periods) - 1)
        whole_row = f"{letter(_FIRST)}{number}:{last}{number}"
        yield f'=IF(COUNT({whole_row})=0,"",SUM({whole_row}))'


def _total(block: Block, column: int, row: Row) -> str:
    name = letter(column)
    rows = [block.header + 1 + offset for offset in row.parts]
    if row.kind == "balance":
        return f"={name}{rows[0]}-{name}{rows[1]}"
    return f"=SUM({name}{rows[0]}:{name}{rows[-1]})" if rows else "=0"


def _finish_amounts(sheet: Worksheet, budget: Plan, label: str, header: int) -> None:
    house = budget.order.choices.house
    widths = [item.width for item in _period_columns(budget)]
    names = look.label_width(budget.figures.categories)
    look.set_grid(sheet, (2, names, *widths))
    title = budget.order.choices.title or budget.order.say("Budget")
    look.write_title(sheet, _LABELS, f"{title}: {budget.order.say(label)}", house)
    sheet.freeze_panes = f"{letter(_FIRST)}{header + 1}"
    look.set_up_page(sheet, house, landscape=len(widths) > 4, repeat=header)
    sheet.print_title_cols = f"{letter(_LABELS)}:{letter(_LABELS)}"
    forms.in_font(sheet, house)


# The overview -------------------------------------------------------------------------


def _write_overview(sheet: Worksheet, sheets: Sheets) -> None:
    budget = sheets.budget
    house, say = budget.order.choices.house, budget.order.say
    labels = [row.label for row in sheets.rows]
    look.set_grid(sheet, (2, look.label_width(labels), 14, 14, 15, 15, 3, 18, 13, 13, 13, 13))
    look.write_title(sheet, _LABELS, budget.order.choices.title or say("Budget"), house)
    note = say("Variance is actual less plan; red is unfavourable.")
    look.write_small(sheet, 3, _LABELS, note, house)
    _write_scenarios(sheet, sheets)
    figures_at = max(_BOX_AT + len(budget.names) + 2, 9)
    row = figures_at + 3
    look.write_heading(sheet, row, (_LABELS, 6), say("By category"), house)
    first = _write_categories(sheet, row + 1, sheets)
    after = max(first + len(sheets.rows) + 1, _draw_categories(sheet, (row, first), sheets) + 2)
    total = first + len(sheets.rows) - 1
    look.write_figures(
        sheet, figures_at, ((2, 2), (3, 4), (5, 6), (8, 9)), _key_figures(sheets, total), house
    )
    if sheets.several:
        after = _write_periods(sheet, after, sheets)
    look.set_up_page(sheet, house, landscape=not sheets.several, one_page=after <= 90)
    sheet.print_area = str(Area(1, 1, after - 1, _LAST))
    forms.in_font(sheet, house)


def _key_figures(sheets: Sheets, row: int) -> list[look.Figure]:
    say, money = sheets.budget.order.say, _money(sheets.budget)
    named = say("Balance") if sheets.budget.has_kinds else say("Total")
    return [
        look.Figure(f"{named}, {say('Plan')}", f"=C{row}", money),
        look.Figure(f"{named}, {say('Actual')}", f"=D{row}", money),
        look.Figure(say("Variance"), f"=E{row}", money),
        look.Figure(say("Variance %"), f"=F{row}", "+0.0%;-0.0%;0.0%"),
    ]


def _write_scenarios(sheet: Worksheet, sheets: Sheets) -> None:
    """The cell that chooses, how far it is compared, and what the scenarios are."""
    budget = sheets.budget
    house, say = budget.order.choices.house, budget.order.say
    first, last = _BOX_AT + 1, _BOX_AT + len(budget.names)
    changes = ["Income", "Expenses"] if budget.has_kinds else ["Change"]
    columns = [Line(say("Scenarios"), 18)]
    columns += [Line(say(name), 13, "+0%;-0%;0%", "right") for name in changes if budget.changes]
    rows: list[list[Scalar]] = []
    for name in budget.names:
        change = budget.changes.get(name)
        value = None if change is None else change / 100
        rows.append([f"'{name}", *[value] * (len(columns) - 1)])
    forms.write_lines(sheet, (_BOX_AT, _BOX), columns, rows, house)
    box = Area(first, _BOX, last, _BOX + len(columns) - 1)
    active = forms.colored(house.light if house.name != "plain" else "EDEDED", bold=True)
    forms.mark(sheet, str(box), f"$H{first}=$C$5", active)
    if budget.changes:
        inputs = Area(first, _BOX + 1, last, box.last_column)
        forms.check(sheet, str(inputs), "decimal", "Enter a change such as -10%.", "-1", "10")
    _choice(sheet, 5, (say("Scenario"), f"'{budget.names[0]}", ""), f"$H${first}:$H${last}", sheets)
    if sheets.several:
        periods = (
            sheets.plans[0]
            .across(-1, sheets.last)
            .replace(str(sheets.plans[0].header), f"${sheets.plans[0].header}")
        )
        label, shown = _compared(sheets)
        _choice(sheet, 6, (say("Compare up to"), label, shown), periods, sheets)


def _compared(sheets: Sheets) -> tuple[str, str]:
    """(period, number format): the last one with actual amounts, or the last."""
    figures = sheets.budget.figures
    known = {label for _, label in figures.actuals}
    label = next((p for p in reversed(figures.periods) if p in known), figures.periods[-1])
    return (label, _month(sheets.budget)) if parse_date(label) else (f"'{label}", "General")


def _choice(
    sheet: Worksheet, row: int, cell: tuple[str, Scalar, str], source: str, sheets: Sheets
) -> None:
    """A cell with a list, and beside it which of them it is, counted from 1."""
    house = sheets.budget.order.choices.house
    label, value, number_format = cell
    chosen = forms.write_field(
        sheet, row, (_LABELS, 3, 4), label, value, house, number_format=number_format or "General"
    )
    edge = Side("thin", color=house.main)
    for column in (3, 4):
        sheet.cell(row, column).border = Border(edge, edge, edge, edge)
        sheet.cell(row, column).fill = house.total_fill
    chosen.font = Font(name=house.font, size=11, bold=True, color=house.dark)
    sheet.row_dimensions[row].height = 20
    forms.check(
        sheet, f"C{row}", "list", sheets.budget.order.say("Choose the scenario to show"), source
    )
    number = look.write_small(sheet, row, 5, f"=MATCH($C${row},{source},0)", house)
    number.number_format = f'"{sheets.budget.order.say("No.")} "0'
    number.alignment = Alignment("left", "center", indent=1)


def _planned(sheets: Sheets, kind: str, parts: Sequence[str]) -> str:
    """The amount of the chosen scenario; ``parts`` holds that of each block of plans."""
    budget = sheets.budget
    if not budget.changes:
        return f"CHOOSE($E$5,{','.join(parts)})"
    column = "J" if kind == "expense" else "I"
    first, last = _BOX_AT + 1, _BOX_AT + len(budget.names)
    return f"{parts[0]}*(1+INDEX(${column}${first}:${column}${last},$E$5))"


def _so_far(sheets: Sheets, block: Block, offset: int) -> str:
    """The sum of a row up to the chosen period."""
    if not sheets.several:
        return block.cell(_FIRST, offset)
    numbers = block.across(-2, sheets.last).split("!")
    row = f"{numbers[0]}!" + numbers[1].replace(str(block.header - 1), f"${block.header - 1}")
    return f'SUMIFS({block.across(offset, sheets.last)},{row},"<="&$E$6)'


def _columns(sheets: Sheets, label: str) -> list[Line]:
    say, money = sheets.budget.order.say, _money(sheets.budget)
    return [
        Line(label, 0),
        Line(say("Plan"), 14, money, "right"),
        Line(say("Actual"), 14, money, "right"),
        Line(say("Variance"), 15, money, "right"),
        Line(say("Variance %"), 15, "+0.0%;-0.0%;0.0%", "right"),
    ]


def _variance(row: int) -> list[Scalar]:
    return [
        f'=IF(OR(C{row}="",D{row}=""),"",D{row}-C{row})',
        f'=IF(E{row}="","",IF(C{row}=0,"",E{row}/ABS(C{row})))',
    ]


def _write_categories(sheet: Worksheet, header: int, sheets: Sheets) -> int:
    """Plan and actual of each category; returns the row of the first one."""
    budget, first = sheets.budget, header + 1
    lines: list[list[Scalar]] = []
    for offset, row in enumerate(sheets.rows):
        number = first + offset
        if row.category is None:
            values: list[Scalar] = [f"'{row.label}", *_category_totals(first, row)]
        else:
            label = sheets.plans[0].cell(_LABELS, offset)
            parts = [_so_far(sheets, block, offset) for block in sheets.plans]
            real = sheets.actual.across(offset, sheets.last)
            values = [
                f'=IF({label}="","",{label})',
                f'=IF($B{number}="","",{_planned(sheets, row.kind, parts)})',
                f'=IF(COUNT({real})=0,"",{_so_far(sheets, sheets.actual, offset)})',
            ]
        lines.append([*values, *_variance(number)])
    columns = _columns(sheets, budget.order.say("Category"))
    forms.write_lines(sheet, (header, _LABELS), columns, lines, budget.order.choices.house)
    for offset, row in enumerate(sheets.rows):
        if row.category is None:
            for column in range(_LABELS, 7):
                forms.dress_total(sheet.cell(first + offset, column), budget.order.choices.house)
        _color_variance(sheet, first + offset, row.kind)
    return first


def _category_totals(first: int, row: Row) -> list[Scalar]:
    rows = [first + offset for offset in row.parts]
    if row.kind == "balance":
        return [
            f"=C{rows[0]}-C{rows[1]}",
            f'=IF(AND(D{rows[0]}="",D{rows[1]}=""),"",N(D{rows[0]})-N(D{rows[1]}))',
        ]
    if not rows:
        return ["=0", '=""']
    return [
        f"=SUM(C{rows[0]}:C{rows[-1]})",
        f'=IF(COUNT(D{rows[0]}:D{rows[-1]})=0,"",SUM(D{rows[0]}:D{rows[-1]}))',
    ]


def _color_variance(sheet: Worksheet, row: int, kind: str) -> None:
    """More is good of income and balance, and bad of expenses."""
    good, bad = ("<", ">") if kind in ("expense", "") else (">", "<")
    area = f"E{row}:F{row}"
    for sign, colors in ((bad, forms.BAD), (good, forms.GOOD)):
        formula = f"AND(ISNUMBER($E{row}),$E{row}{sign}0)"
        forms.mark(sheet, area, formula, forms.colored(text=colors[1]))


def _draw_categories(sheet: Worksheet, at: tuple[int, int], sheets: Sheets) -> int:
    """Plan beside actual, of expenses where there are both kinds; returns the last row."""
    say = sheets.budget.order.say
    heading, first = at
    wanted = (
        "expense"
        if any(r.kind == "expense" and r.category is not None for r in sheets.rows)
        else next((r.kind for r in sheets.rows if r.category is not None), "")
    )
    shown = [
        first + i
        for i, row in enumerate(sheets.rows)
        if row.category is not None and row.kind == wanted
    ]
    if not shown:
        return heading
    names = {"expense": "Expenses", "income": "Income", "": "Plan and actual"}
    rows = (shown[0], shown[-1])
    bottom = heading + max(_CHART_ROWS, min(len(shown) + 4, 30))
    drawing = look.Drawing(
        "bar" if len(shown) > 6 else "column",
        say(names[wanted]),
        rows,
        (_LABELS, _FIRST),
        Area(heading, _BOX, bottom, _LAST),
        more=(_FIRST + 1,),
        header=first - 1,
    )
    look.draw(sheet, drawing, sheets.budget.order.choices.house)
    return bottom


def _write_periods(sheet: Worksheet, row: int, sheets: Sheets) -> int:
    """Plan and actual of each month or year, with a chart; returns the next free row."""
    budget = sheets.budget
    say, periods, house = budget.order.say, budget.figures.periods, budget.order.choices.house
    years = all(label.isdigit() for label in periods)
    look.write_heading(sheet, row, (_LABELS, 6), say("By year" if years else "By month"), house)
    first, total = row + 2, row + 2 + len(periods)
    lines = [[*_period_row(sheets, _FIRST + i), *_variance(first + i)] for i in range(len(periods))]
    sums = [f"=SUM({c}{first}:{c}{total - 1})" for c in "CD"]
    sums[1] = f'=IF(COUNT(D{first}:D{total - 1})=0,"",SUM(D{first}:D{total - 1}))'
    # The whole plan, beside what differs in the periods that have come.
    come = f'SUMPRODUCT((D{first}:D{total - 1}<>"")*C{first}:C{total - 1})'
    differs = f'=IF(COUNT(E{first}:E{total - 1})=0,"",SUM(E{first}:E{total - 1}))'
    share = f'=IF(E{total}="","",IF({come}=0,"",E{total}/ABS({come})))'
    lines.append([f"'{say('Total')}", *sums, differs, share])
    columns = _columns(sheets, say("Year" if years else "Month"))
    forms.write_lines(sheet, (row + 1, _LABELS), columns, lines, house)
    kind = "balance" if budget.has_kinds else ""
    for r in range(first, total + 1):
        _color_variance(sheet, r, kind)
        label = sheet.cell(r, _LABELS)
        if r < total and parse_date(periods[r - first]):
            label.number_format = _month(budget)
    for column in range(_LABELS, 7):
        forms.dress_total(sheet.cell(total, column), house)
    drawing = look.Drawing(
        "column",
        say("Balance") if budget.has_kinds else say("Plan and actual"),
        (first, total - 1),
        (_LABELS, _FIRST),
        Area(row, _BOX, row + _CHART_ROWS, _LAST),
        more=(_FIRST + 1,),
        from_zero=not budget.has_kinds,
    )
    look.draw(sheet, drawing, house)
    return max(total + 2, row + _CHART_ROWS + 2)


def _period_row(sheets: Sheets, column: int) -> list[Scalar]:
    """Label, plan and actual of one period."""
    rows, plans = sheets.rows, sheets.plans
    inputs = [row.parts for row in rows if row.category is None and row.kind != "balance"]
    ranges = [
        f"{sheets.actual.cell(column, parts[0])}:"
        f"{letter(column)}{sheets.actual.header + 1 + parts[-1]}"
        for parts in inputs
        if parts
    ]
    real = ",".join(ranges)
    whole = len(rows) - 1
    if sheets.budget.has_kinds:
        income, expense = rows[whole].parts
        parts = [
            _planned(sheets, kind, [block.cell(column, i) for block in plans])
            for kind, i in (("income", income), ("expense", expense))
        ]
        plan = "-".join(parts)
    else:
        plan = _planned(sheets, "", [block.cell(column, whole) for block in plans])
    actual = f'=IF(COUNT({real})=0,"",{sheets.actual.cell(column, whole)})'
    return [f"={plans[0].cell(column, -1)}", f"={plan}", actual]
