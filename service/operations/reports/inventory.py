"""The inventory: a table of items with values and what to reorder, and a summary by group."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from openpyxl.worksheet.table import TableFormula
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, listed
from service.operations.context import Context
from service.operations.reports import forms, look
from service.operations.reports.breakdown import Group, Measures, as_number, group_labels
from service.operations.reports.document_roles import INVENTORY
from service.operations.reports.forms import Line, letter
from service.operations.reports.lines import Order, sheet_for, take_parts
from service.operations.reports.look import COUNT, SHARE, Column, Figure
from service.operations.reports.roles import column_of
from service.operations.reports.source import Source, require
from service.operations.table_making import make_table
from service.workbook.areas import Area
from service.workbook.cells import Scalar

_FIRST, _HEADER = 1, 8
_FORM_ROWS = 20
_ORDER = (
    "sku", "item", "category", "location", "supplier", "unit",
    "stock", "reorder", "target", "to_order", "cost", "value", "status",
)  # fmt: skip
_ALWAYS = ("item", "stock", "reorder", "cost", "value", "status")
_ON_FORMS = (*_ALWAYS, "sku", "category", "location")
_LABELS = {
    "sku": "Item no.", "item": "Item", "category": "Category", "location": "Location",
    "supplier": "Supplier", "unit": "Unit", "stock": "Stock", "reorder": "Reorder level",
    "target": "Target stock", "to_order": "To order", "cost": "Unit cost", "value": "Value",
    "status": "Status",
}  # fmt: skip
_WORKED_OUT = ("to_order", "value", "status")
_PLAIN = re.compile(r"[^\W\d_][\w ]*")
_WIDEST = 38
_LARGE = 1000
_UPRIGHT = 105  # characters that fit on an upright page
# As in the sales report: tables on the left, charts on the right.
_WIDTHS = (11, 15, 12, 11, 3, 13, 13, 13, 13, 13, 1)
_SUMMARY_LAST, _CHART_COLUMN, _CHART_ROWS = 12, 8, 14


@dataclass(frozen=True)
class Plan:
    """All that the inventory is made of, decided before anything is written.

    :param items: the rows as they will stand in the table, formulas left blank
    :param parts: the part of each column, "" of one that the caller brought
    """

    order: Order
    items: Source
    parts: tuple[str, ...]
    groups: list[Group]
    sheet: str
    summary: str

    @cached_property
    def plain(self) -> bool:
        """Whether formulas can name the columns that they need."""
        needed = ("stock", "reorder", "target", "cost")
        names = [self.items.headers[i] for i, p in enumerate(self.parts) if p in needed]
        return all(_PLAIN.fullmatch(name) for name in names)

    def at(self, part: str) -> int:
        """The column of a part."""
        return _FIRST + self.parts.index(part)


def plan(ctx: Context, order: Order) -> Plan:
    """Find out what the inventory shows.

    :raises InvalidParameters: if columns are missing that it needs
    """
    source = order.source
    if source.rows:
        take_parts(source, INVENTORY, order.choices.columns)
        require(source, [["item"], ["sku"]], "inventory")
        if "value" in source.roles:
            header = source.headers[source.roles["value"]]
            source.notes.append(f'"{header}" is calculated anew, by formulas.')
    elif order.choices.group_by:
        raise InvalidParameters(
            "options.group_by is for rows, and there are none.", "Send rows, or leave it out."
        )
    items, parts = _arranged(order)
    priced = any(v is not None for v in items.values(items.roles["cost"]))
    if source.rows and not priced:
        source.notes.append("No unit costs were given: fill them in, and the values follow.")
    groups = _groups(order, items, parts) if priced or order.choices.group_by else []
    ctx.book.room_for((len(items.rows) + 20) * (len(parts) + 1) + 200)
    sheet = sheet_for(ctx, order, order.say("Inventory"))
    summary = look.free_sheet_name(ctx.book, order.say("Summary"), [sheet])
    return Plan(order, items, parts, groups, sheet, summary)


def _arranged(order: Order) -> tuple[Source, tuple[str, ...]]:
    """The rows with their columns in the usual order, those with formulas among them."""
    source, roles = order.source, order.source.roles
    usual = _ON_FORMS if order.is_form else _ALWAYS
    wanted = [p for p in _ORDER if p in roles or p in usual]
    if "target" in roles:
        wanted.insert(wanted.index("target") + 1, "to_order")
    if "item" not in roles and "sku" in roles:
        wanted.remove("item")
    others = [i for i in range(len(source.headers)) if i not in roles.values()]
    parts = (*wanted, *("" for _ in others))
    columns = [None if p in _WORKED_OUT else roles.get(p) for p in wanted] + list(others)
    headers: list[str] = []
    for part, column in zip(parts, columns, strict=True):
        name = source.headers[column] if column is not None else order.say(_LABELS[part])
        while name.lower() in {other.lower() for other in headers}:
            name += " 2"
        headers.append(name)
    blank = order.options.blank_rows or (_FORM_ROWS if order.is_form else 0)
    rows = [[None if c is None else row[c] for c in columns] for row in source.rows]
    rows += [[None] * len(columns) for _ in range(blank)]
    places = {part: index for index, part in enumerate(parts) if part}
    return Source(headers, rows, places, source.notes), parts


def _groups(order: Order, items: Source, parts: Sequence[str]) -> list[Group]:
    usual = [p for p in ("category", "location", "supplier") if p in parts][:1]
    wanted = order.choices.group_by or usual or [p for p in ("item", "sku") if p in parts][:1]
    stock, cost = (items.values(items.roles[name]) for name in ("stock", "cost"))
    values = [as_number(a) * as_number(b) for a, b in zip(stock, cost, strict=True)]
    groups = []
    for name in wanted:
        column = items.roles.get(name.strip().lower())
        column = column_of(name, items.headers) if column is None else column
        if parts[column] in _WORKED_OUT:
            raise InvalidParameters(
                f'"{name[:60]}" is worked out by formulas, so nothing can be grouped by it.',
                f"Headers: {listed(order.source.headers, 30)}.",
            )
        groups.append(group_labels(items, column, values))
    return groups


# The table --------------------------------------------------------------------------


def write(ctx: Context, inventory: Plan) -> list[str]:
    """Write the inventory; returns the names of its sheets."""
    sheet = ctx.book.xl.create_sheet(inventory.sheet)
    order, items = inventory.order, inventory.items
    say, house = order.say, order.choices.house
    items.table = look.free_table_name(ctx.book, "Inventory")
    items.sheet = inventory.sheet
    columns = _columns(inventory)
    look.set_grid(sheet, [item.width for item in columns])
    look.write_title(sheet, _FIRST, order.choices.title or say("Inventory"), house)
    if not order.is_form:
        look.write_small(sheet, 3, _FIRST, ctx.now.date().isoformat(), house, order.dated)
    rows = [_row(inventory, row, _HEADER + n) for n, row in enumerate(items.rows, start=1)]
    area = forms.write_lines(sheet, (_HEADER, _FIRST), columns, rows, house)
    items.place = area
    table = make_table(sheet, area, items.table, items.headers, house)
    for part in _WORKED_OUT:
        if part in inventory.parts and inventory.plain:
            index = inventory.parts.index(part)
            formula = str(rows[0][index]).removeprefix("=")
            table.tableColumns[index].calculatedColumnFormula = TableFormula(attr_text=formula)
    _check(sheet, area, inventory)
    look.write_figures(sheet, 5, _figure_areas(columns), _figures(inventory), house)
    sheet.freeze_panes = f"A{_HEADER + 1}"
    wide = sum(item.width for item in columns) > _UPRIGHT
    look.set_up_page(sheet, house, landscape=wide, repeat=_HEADER)
    forms.in_font(sheet, house)
    if not inventory.groups:
        return [inventory.sheet]
    _write_summary(ctx.book.xl.create_sheet(inventory.summary), inventory)
    return [inventory.sheet, inventory.summary]


def _columns(inventory: Plan) -> list[Line]:
    money = inventory.order.choices.money
    found = []
    for index, (part, header) in enumerate(
        zip(inventory.parts, inventory.items.headers, strict=True)
    ):
        values = [value for value in inventory.items.values(index) if value is not None]
        widths = [len(header) * 1.15 + 5, *(len(str(value)) * 1.05 + 3 for value in values)]
        if part in ("cost", "value"):
            found.append(Line(header, max(*widths, 15, 0), money, "right"))
        elif part in ("stock", "reorder", "target", "to_order"):
            found.append(Line(header, max(*widths, 11, 0), forms.QUANTITY, "right"))
        elif part == "status":
            found.append(Line(header, 16, "General", "center"))
        else:
            width = max(min(max(widths), _WIDEST), 24 if part == "item" else 11)
            found.append(_described(inventory, header, values, width))
    return found


def _described(inventory: Plan, header: str, values: Sequence[object], width: float) -> Line:
    """A column that says something of the items: texts, or numbers or days."""
    if values and all(isinstance(value, dt.date) for value in values):
        dated = inventory.order.dated
        return Line(header, max(width, 12), dated, "center")
    number = bool(values) and all(isinstance(value, int | float) for value in values)
    return Line(header, width, "General", "right" if number else "left", wrap=True)


def _row(inventory: Plan, row: list[Scalar], number: int) -> list[Scalar]:
    def of(part: str) -> str:
        if inventory.plain:
            header = inventory.items.headers[inventory.parts.index(part)]
            return f"{inventory.items.table}[[#This Row],[{header}]]"
        return f"{letter(inventory.at(part))}{number}"

    say, stock, reorder = inventory.order.say, of("stock"), of("reorder")
    words = {name: f'"{say(name)}"' for name in ("out of stock", "reorder", "ok")}
    level = f'IF({reorder}="","",IF({stock}<={reorder},{words["reorder"]},{words["ok"]}))'
    formulas = {
        "value": f'=IF(OR({stock}="",{of("cost")}=""),"",{stock}*{of("cost")})',
        "status": f'=IF({stock}="","",IF({stock}<=0,{words["out of stock"]},{level}))',
    }
    if "target" in inventory.parts:
        low = f'OR({stock}<=0,AND({reorder}<>"",{stock}<={reorder}))'
        missing = f"IF({low},MAX({of('target')}-{stock},0),0)"
        formulas["to_order"] = f'=IF(OR({stock}="",{of("target")}=""),"",{missing})'
    return [formulas.get(part, value) for part, value in zip(inventory.parts, row, strict=True)]


def _check(sheet: Worksheet, area: Area, inventory: Plan) -> None:
    body, say = area.below(1), inventory.order.say
    for part in ("stock", "reorder", "target", "cost"):
        if part in inventory.parts:
            column = body.column(inventory.parts.index(part))
            low = "" if part == "stock" else "0"
            forms.check(sheet, str(column), "decimal", inventory.order.say("Enter a number."), low)
            if part != "cost":
                forms.show_decimals(sheet, column)
    status = f"${letter(inventory.at('status'))}{body.first_row}"
    for name, colors in (("out of stock", forms.BAD), ("reorder", forms.WARNING)):
        for part in ("stock", "status"):
            column = body.column(inventory.parts.index(part))
            forms.mark(sheet, str(column), f'{status}="{say(name)}"', forms.colored(*colors))


def _figure_areas(columns: Sequence[Line]) -> list[tuple[int, int]]:
    """Four stretches of columns, about as wide as each other."""
    whole, width = sum(item.width for item in columns), 0.0
    ends: list[int] = []
    for number, item in enumerate(columns[:-1], start=_FIRST):
        width += item.width
        after = len(columns) - (number - _FIRST + 1)  # columns that are left
        wide = width >= whole * (len(ends) + 1) / 4 - item.width / 2
        if len(ends) < 3 and (wide or after == 3 - len(ends)):
            ends.append(number)
    ends.append(_FIRST + len(columns) - 1)
    starts = [_FIRST, *(end + 1 for end in ends[:-1])]
    return list(zip(starts, ends, strict=True))


def _low(inventory: Plan) -> str:
    """How many items are to be ordered."""
    say, status = inventory.order.say, inventory.items.ref(inventory.items.roles["status"])
    return f'COUNTIF({status},"{say("reorder")}")+COUNTIF({status},"{say("out of stock")}")'


def _figures(inventory: Plan) -> list[Figure]:
    say, items = inventory.order.say, inventory.items
    named = items.ref(items.roles["item" if "item" in items.roles else "sku"])
    status = items.ref(items.roles["status"])
    money = inventory.order.choices.money
    return [
        Figure(say("Items"), f"=COUNTA({named})", COUNT),
        Figure(say("Stock value"), f"=SUM({items.ref(items.roles['value'])})", money),
        Figure(say("To reorder"), f"={_low(inventory)}", COUNT),
        Figure(say("Out of stock"), f'=COUNTIF({status},"{say("out of stock")}")', COUNT),
    ]


# The summary ------------------------------------------------------------------------


def _write_summary(sheet: Worksheet, inventory: Plan) -> None:
    order = inventory.order
    say, house = order.say, order.choices.house
    labels = [label for group in inventory.groups for label in (group.name, *group.labels)]
    look.set_grid(sheet, (2, look.label_width(labels), *_WIDTHS))
    look.write_title(sheet, 2, say("Stock value"), house)
    row = 4
    for group in inventory.groups:
        last = _write_group(sheet, row, group, inventory)
        row = max(last + 2, row + _CHART_ROWS + 2)
    look.set_up_page(sheet, house, landscape=len(inventory.groups) == 1, one_page=row <= 80)
    sheet.print_area = str(Area(1, 1, row - 1, _SUMMARY_LAST + 1))
    forms.in_font(sheet, house)


def _write_group(sheet: Worksheet, row: int, group: Group, inventory: Plan) -> int:
    order, items = inventory.order, inventory.items
    say, house = order.say, order.choices.house
    title = f"{say('By')} {group.name}"
    look.write_heading(sheet, row, (2, 6), title, house)
    first, total = row + 2, row + 2 + len(group.labels) + bool(group.rest)
    columns = [
        Column(group.name),
        Column(say("Items"), COUNT),
        Column(say("Stock value"), _sums(inventory)),
        Column(say("To reorder"), COUNT),
        Column("%", SHARE),
    ]
    status = items.ref(items.roles["status"])
    low = f'(({status}="{say("reorder")}")+({status}="{say("out of stock")}"))'
    value = Source(items.headers, items.rows, {"amount": items.roles["value"]}, [], items.sheet)
    value.place, value.table = items.place, items.table
    measures = Measures(value)
    rows: list[list[Scalar]] = []
    for r, label in enumerate(group.labels, start=first):
        cell = f"$B{r}"
        counted = f"=SUMPRODUCT(({items.ref(group.column)}={cell})*{low})"
        sums = [
            f"={measures.orders(group, label, cell)}",
            f"={measures.revenue(group, label, cell)}",
        ]
        rows.append([label, *sums, counted, _share(r, total)])
    if group.rest:
        named = items.ref(items.roles["item" if "item" in items.roles else "sku"])
        wholes = [f"COUNTA({named})", f"SUM({value.ref(items.roles['value'])})", _low(inventory)]
        above = [f"SUM({c}{first}:{c}{total - 2})" if group.labels else "0" for c in "CDE"]
        rests = [f"={whole}-{part}" for whole, part in zip(wholes, above, strict=True)]
        rows.append([f"'{group.rest}", *rests, _share(total - 1, total)])
    sums = [f"=SUM({c}{first}:{c}{total - 1})" for c in "CDE"]
    rows.append([f"'{say('Total')}", *sums, _share(total, total)])
    look.write_summary_table(sheet, (row + 1, 2), columns, rows, house)
    drawing = look.Drawing(
        "bar" if len(group.labels) > 5 else "column",
        f"{say('Stock value by')} {group.name}",
        (first, total - 1),
        (2, 4),
        Area(row, _CHART_COLUMN, row + _CHART_ROWS, _SUMMARY_LAST),
        from_zero=all(as_number(stock) >= 0 for stock in items.values(items.roles["stock"])),
    )
    look.draw(sheet, drawing, house)
    return total


def _sums(inventory: Plan) -> str:
    """The number format of sums: cents don't matter in a summary of thousands."""
    items, choices = inventory.items, inventory.order.choices
    stock, cost = (items.values(items.roles[name]) for name in ("stock", "cost"))
    whole = sum(as_number(a) * as_number(b) for a, b in zip(stock, cost, strict=True))
    return choices.rounded if abs(whole) >= _LARGE else choices.money


def _share(row: int, total: int) -> str:
    return f"=IF($D${total}=0,0,D{row}/$D${total})"
