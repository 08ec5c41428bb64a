"""The overview of a budget: what was planned and what came of it, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.worksheet.worksheet import Worksheet

from service.operations.context import Context
from service.operations.reports import forms, look
from service.operations.reports.budget import Plan
from service.operations.reports.budget_amounts import (
    FIRST,
    LABELS,
    Block,
    Row,
    finish_amounts,
    money_of,
    month_of,
    rows_of,
    write_block,
)
from service.operations.reports.forms import Line, letter
from service.workbook.areas import Area
from service.workbook.cells import Scalar, parse_date

_BLOCK_AT = 5  # row of the first block on the sheets of amounts
_BOX_AT, _BOX = 5, 8  # row and column of the scenarios
_LAST = 12
_CHART_ROWS = 14


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
        return FIRST + len(self.budget.figures.periods) - 1

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
        plans.append(write_block(planned, at, heading, rows, amounts, (budget, links)))
        at = plans[-1].header + len(rows) + 4
    real = write_block(actual, _BLOCK_AT, "", rows, budget.figures.actuals, (budget, plans[0]))
    for sheet, label in ((planned, "Plan"), (actual, "Actual")):
        finish_amounts(sheet, budget, label, plans[0].header)
    _write_overview(overview, Sheets(budget, rows, plans, real))
    return names


# The overview -------------------------------------------------------------------------


def _write_overview(sheet: Worksheet, sheets: Sheets) -> None:
    budget = sheets.budget
    house, say = budget.order.choices.house, budget.order.say
    labels = [row.label for row in sheets.rows]
    look.set_grid(sheet, (2, look.label_width(labels), 14, 14, 15, 15, 3, 18, 13, 13, 13, 13))
    look.write_title(sheet, LABELS, budget.order.choices.title or say("Budget"), house)
    note = say("Variance is actual less plan; red is unfavourable.")
    look.write_small(sheet, 3, LABELS, note, house)
    _write_scenarios(sheet, sheets)
    figures_at = max(_BOX_AT + len(budget.names) + 2, 9)
    row = figures_at + 3
    look.write_heading(sheet, row, (LABELS, 6), say("By category"), house)
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
    say, money = sheets.budget.order.say, money_of(sheets.budget)
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
    columns += [
        Line(say(name), 13, "+0.0%;-0.0%;0.0%", "right") for name in changes if budget.changes
    ]
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
        forms.check(
            sheet,
            str(inputs),
            "decimal",
            budget.order.say("Enter a change such as -10%."),
            "-1",
            "10",
        )
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
    return (label, month_of(sheets.budget)) if parse_date(label) else (f"'{label}", "General")


def _choice(
    sheet: Worksheet, row: int, cell: tuple[str, Scalar, str], source: str, sheets: Sheets
) -> None:
    """A cell with a list, and beside it which of them it is, counted from 1."""
    house = sheets.budget.order.choices.house
    label, value, number_format = cell
    chosen = forms.write_field(
        sheet, row, (LABELS, 3, 4), label, value, house, number_format=number_format or "General"
    )
    edge = Side("thin", color=house.main)
    for column in (3, 4):
        sheet.cell(row, column).border = Border(edge, edge, edge, edge)
        sheet.cell(row, column).fill = house.total_fill
    chosen.font = Font(name=house.font, size=11, bold=True, color=house.dark)
    sheet.row_dimensions[row].height = 20
    forms.check(
        sheet, f"C{row}", "list", sheets.budget.order.say("Choose one of the list."), source
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
        return block.cell(FIRST, offset)
    numbers = block.across(-2, sheets.last).split("!")
    row = f"{numbers[0]}!" + numbers[1].replace(str(block.header - 1), f"${block.header - 1}")
    return f'SUMIFS({block.across(offset, sheets.last)},{row},"<="&$E$6)'


def _columns(sheets: Sheets, label: str) -> list[Line]:
    say, money = sheets.budget.order.say, money_of(sheets.budget)
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
            label = sheets.plans[0].cell(LABELS, offset)
            parts = [_so_far(sheets, block, offset) for block in sheets.plans]
            real = sheets.actual.across(offset, sheets.last)
            values = [
                f'=IF({label}="","",{label})',
                f'=IF($B{number}="","",{_planned(sheets, row.kind, parts)})',
                f'=IF(COUNT({real})=0,"",{_so_far(sheets, sheets.actual, offset)})',
            ]
        lines.append([*values, *_variance(number)])
    columns = _columns(sheets, budget.order.say("Category"))
    forms.write_lines(sheet, (header, LABELS), columns, lines, budget.order.choices.house)
    for offset, row in enumerate(sheets.rows):
        if row.category is None:
            for column in range(LABELS, 7):
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
        (LABELS, FIRST),
        Area(heading, _BOX, bottom, _LAST),
        more=(FIRST + 1,),
        header=first - 1,
    )
    look.draw(sheet, drawing, sheets.budget.order.choices.house)
    return bottom


def _write_periods(sheet: Worksheet, row: int, sheets: Sheets) -> int:
    """Plan and actual of each month or year, with a chart; returns the next free row."""
    budget = sheets.budget
    say, periods, house = budget.order.say, budget.figures.periods, budget.order.choices.house
    years = all(label.isdigit() for label in periods)
    look.write_heading(sheet, row, (LABELS, 6), say("By year" if years else "By month"), house)
    first, total = row + 2, row + 2 + len(periods)
    lines = [[*_period_row(sheets, FIRST + i), *_variance(first + i)] for i in range(len(periods))]
    sums = [f"=SUM({c}{first}:{c}{total - 1})" for c in "CD"]
    sums[1] = f'=IF(COUNT(D{first}:D{total - 1})=0,"",SUM(D{first}:D{total - 1}))'
    # The whole plan, beside what differs in the periods that have come.
    come = f'SUMPRODUCT((D{first}:D{total - 1}<>"")*C{first}:C{total - 1})'
    differs = f'=IF(COUNT(E{first}:E{total - 1})=0,"",SUM(E{first}:E{total - 1}))'
    share = f'=IF(E{total}="","",IF({come}=0,"",E{total}/ABS({come})))'
    lines.append([f"'{say('Total')}", *sums, differs, share])
    columns = _columns(sheets, say("Year" if years else "Month"))
    forms.write_lines(sheet, (row + 1, LABELS), columns, lines, house)
    kind = "balance" if budget.has_kinds else ""
    for r in range(first, total + 1):
        _color_variance(sheet, r, kind)
        label = sheet.cell(r, LABELS)
        if r < total and parse_date(periods[r - first]):
            label.number_format = month_of(budget)
    for column in range(LABELS, 7):
        forms.dress_total(sheet.cell(total, column), house)
    drawing = look.Drawing(
        "column",
        say("Balance") if budget.has_kinds else say("Plan and actual"),
        (first, total - 1),
        (LABELS, FIRST),
        Area(row, _BOX, row + _CHART_ROWS, _LAST),
        more=(FIRST + 1,),
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
