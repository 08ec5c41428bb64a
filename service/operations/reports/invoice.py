"""The invoice: lines, discounts and VAT as formulas, on one printed page."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters
from service.operations.context import Context
from service.operations.reports import forms, look
from service.operations.reports.document_roles import INVOICE
from service.operations.reports.forms import Line, letter
from service.operations.reports.lines import (
    FIRST,
    Order,
    Placed,
    note_idle_columns,
    percent,
    refuse_more,
    sheet_for,
    take_parts,
)
from service.operations.reports.options import day, fraction
from service.operations.reports.source import require
from service.workbook.areas import Area
from service.workbook.cells import Scalar

_PAGE_WIDTH = 98  # characters that an upright page holds
_FORM_ROWS = 10
_ON_ONE_PAGE = 40  # lines; with more they would be too small to read
_ADDRESS_ROWS = 4
# Documents that are made like invoices and are none, as a title names them.
_OTHER = re.compile(
    r"\b(quot(e|es|ation|ations)|offer|(cost )?estimate|proposal|((purchase|sales) )?order"
    r"( confirmation)?|delivery( note| slip)?|credit note|\w*angebot|auftrags?(bestätigung)?"
    r"|bestellung|kostenvoranschlag|liefer(schein|ung)|gutschrift)\b",
    re.IGNORECASE,
)
_INVOICE = re.compile(r"\b(invoice|bill|\w*rechnung)\b", re.IGNORECASE)
_MOST_VAT, _MOST_LINES = 0.99, 1000


@dataclass(frozen=True)
class Plan(Placed):
    """All that the invoice is made of, decided before anything is written.

    :param parts: name of the part of each column, in their order
    :param rates: how many VAT rates there is room for
    """

    order: Order
    sheet: str
    parts: tuple[str, ...]
    rates: int
    days: dict[str, dt.date | None]


def plan(ctx: Context, order: Order) -> Plan:
    """Find out what the invoice shows.

    :raises InvalidParameters: if columns are missing that it needs
    """
    source, options = order.source, order.options
    days = {name: day(getattr(options, name), name) for name in ("date", "delivery_date")}
    days["due_date"] = day(options.due_date, "due_date")
    if days["due_date"] and options.payment_days is not None:
        raise InvalidParameters(
            "options has a due_date and payment_days, which may contradict each other.",
            "Give one of them.",
        )
    if source.rows:
        _take(order)
    rates = {v for row in source.rows if (v := order.value(row, "vat")) is not None}
    if (rate := fraction(options.vat)) is not None:
        rates.add(rate)
    ctx.book.room_for(12 * (len(source.rows) + options.blank_rows + 60))
    sheet = sheet_for(ctx, order, _other_document(order) or order.say("Invoice"))
    return Plan(order, sheet, _parts(order), max(len(rates), 1), days)


def _take(order: Order) -> None:
    source = order.source
    take_parts(source, INVOICE, order.choices.columns)
    ways = [["description", "unit_price"], ["description", "amount"]]
    require(source, ways, "invoice")
    for name in ("discount", "vat"):
        column = order.column(name)
        if column is not None:
            percent(source, column, most=_MOST_VAT if name == "vat" else 1.0, rates=True)
    amount = source.roles.get("amount")
    if "unit_price" not in source.roles and amount is not None:
        source.roles["unit_price"] = source.roles.pop("amount")
        if "quantity" in source.roles:
            raise InvalidParameters(
                f'The invoice needs the price of a unit; "{source.headers[amount]}" may be that '
                "of all units.",
                f'Say so in options: {{"columns": {{"unit_price": "{source.headers[amount]}"}}}}, '
                "or send unit prices.",
            )
    elif amount is not None:
        source.notes.append(f'"{source.headers[amount]}" is calculated anew, by formulas.')
    refuse_more(source, _MOST_LINES, "lines; an invoice has", "Send fewer, or several invoices.")
    note_idle_columns(source, "The invoice")
    if "vat" not in source.roles and order.options.vat is None:
        source.notes.append("No VAT rate was given: fill it in, or leave it blank for none.")


def _parts(order: Order) -> tuple[str, ...]:
    roles = order.source.roles
    form = order.is_form
    parts = ["pos", *(name for name in ("item", "date") if name in roles), "description"]
    parts += ["quantity", "unit"] if form or "unit" in roles else ["quantity"]
    parts += ["unit_price", "discount"] if form or "discount" in roles else ["unit_price"]
    return (*parts, "vat", "net")


def write(ctx: Context, invoice: Plan) -> list[str]:
    """Write the invoice; returns the names of its sheets."""
    sheet = ctx.book.xl.create_sheet(invoice.sheet)
    columns = _columns(invoice)
    look.set_grid(sheet, (1.5, *(item.width for item in columns)))
    row = _write_seller(sheet, invoice)
    row = _write_heads(sheet, row, invoice)
    area = forms.write_lines(
        sheet, (row, FIRST), columns, _rows(row, invoice), invoice.order.choices.house
    )
    _check_lines(sheet, area, invoice)
    row = _write_totals(sheet, area, invoice)
    row = _write_payment(sheet, row + 2, invoice)
    _finish(sheet, invoice, area, row)
    return [invoice.sheet]


def _columns(invoice: Plan) -> list[Line]:
    order = invoice.order
    say, money = order.say, order.choices.money
    found = {
        "pos": Line(say("Pos."), 6, "0", "center"),
        "item": Line(say("Item no."), 12),
        "date": Line(say("Date"), 12, order.dated),
        "quantity": Line(say("Quantity"), 10, forms.QUANTITY, "right"),
        "unit": Line(say("Unit"), 9),
        "unit_price": Line(say("Unit price"), 14, money, "right"),
        "discount": Line(say("Discount"), 10, forms.PERCENT, "right"),
        "vat": Line(say("VAT"), 9, forms.PERCENT, "right"),
        "net": Line(say("Net amount"), 16, money, "right"),
    }
    rest = _PAGE_WIDTH - sum(found[part].width for part in invoice.parts if part in found)
    found["description"] = Line(say("Description"), max(rest, 24), wrap=True)
    return [found[part] for part in invoice.parts]


# The head -------------------------------------------------------------------------


def _write_seller(sheet: Worksheet, invoice: Plan) -> int:
    """Who sends it, beside the title; returns the row below."""
    order = invoice.order
    house, say = order.choices.house, order.say
    sheet.row_dimensions[1].height = 9
    sheet.row_dimensions[2].height = 34
    title = look.put(sheet, 2, invoice.last, f"'{order.choices.title or say('Invoice')}")
    title.font = Font(name=house.font, size=24, bold=True, color=house.main)
    title.alignment = Alignment("right", "center")
    lines = forms.split_lines(order.options.seller)
    last = 2 + max(len(lines) - 1, 0)
    for row, text in enumerate(lines, start=2):
        cell = look.put(sheet, row, FIRST, f"'{text}")
        first = row == 2
        cell.font = Font(
            name=house.font,
            size=15 if first else 10,
            bold=first,
            color=house.dark if first else look.GRAY,
        )
        cell.alignment = Alignment("left", "center")
        sheet.row_dimensions[row].height = 34 if first else 15
    if not lines:
        last = _write_blank_address(sheet, 2, say("From"), invoice)
    forms.rule_under(sheet, last, (FIRST, invoice.last), house)
    sheet.row_dimensions[last + 1].height = 10
    return last + 2


def _write_blank_address(sheet: Worksheet, row: int, label: str, invoice: Plan) -> int:
    house = invoice.order.choices.house
    forms.write_label(sheet, row, FIRST, label, house).alignment = Alignment("left", "bottom")
    for r in range(row + 1, row + 1 + _ADDRESS_ROWS):
        _blank_line(sheet, r, invoice)
    return row + _ADDRESS_ROWS


def _blank_line(sheet: Worksheet, row: int, invoice: Plan) -> None:
    """A line to write on, from the first column to the description."""
    for column in range(FIRST, invoice.at("description") + 1):
        sheet.cell(row, column).border = Border(bottom=forms.HAIRLINE)


def _write_heads(sheet: Worksheet, row: int, invoice: Plan) -> int:
    """Who gets it, beside number and dates; returns the row of the lines' headers."""
    order = invoice.order
    house = order.choices.house
    bottom = row + _ADDRESS_ROWS
    receiver = order.say("To" if _other_document(order) else "Bill to")
    label = forms.write_label(sheet, row, FIRST, receiver, house)
    label.alignment = Alignment("left", "center")
    lines = forms.split_lines(order.options.buyer)
    for r, text in enumerate(lines, start=row + 1):
        cell = look.put(sheet, r, FIRST, f"'{text}")
        cell.font = Font(name=house.font, size=11, bold=r == row + 1)
        cell.alignment = Alignment("left", "center")
    if lines:
        bottom = max(bottom, row + len(lines))
    else:
        bottom = _write_blank_address(sheet, row, receiver, invoice)
    return max(bottom, _write_facts(sheet, row, invoice)) + 2


def _other_document(order: Order) -> str:
    """The other document that the title names, such as Quote or Delivery note, or ""."""
    title = order.choices.title
    found = None if _INVOICE.search(title) else _OTHER.search(title)
    return "" if found is None else found[0][:1].upper() + found[0][1:]


def _write_facts(sheet: Worksheet, row: int, invoice: Plan) -> int:
    """Number, dates and term of payment; returns the last row."""
    order, options = invoice.order, invoice.order.options
    dated = order.dated
    labels = invoice.last - 1 - (invoice.last - 1 > invoice.at("quantity") + 1)
    columns = (invoice.at("quantity"), labels + 1, invoice.last)
    value = letter(columns[1])
    date = _iso(invoice.days["date"])
    number, dating = "Invoice number", "Invoice date"
    if _other_document(order):
        number, dating = "Number", "Date"
    facts: list[tuple[str, Scalar, str]] = [
        (number, f"'{options.number}" if options.number != "" else None, "@"),
        (dating, date, dated),
        ("Delivery date", _iso(invoice.days["delivery_date"]), dated),
    ]
    if invoice.days["due_date"]:
        facts.append(("Due date", _iso(invoice.days["due_date"]), dated))
    else:
        facts.append(("Payment term (days)", options.payment_days, "0"))
        terms = f'{value}{row + 1}="",{value}{row + 3}=""'
        facts.append(("Due date", f'=IF(OR({terms}),"",{value}{row + 1}+{value}{row + 3})', dated))
    for r, (label, given, number_format) in enumerate(facts, start=row):
        forms.write_field(
            sheet,
            r,
            columns,
            order.say(label),
            given,
            order.choices.house,
            number_format=number_format,
            place="right",
        )
    sheet.cell(row, columns[1]).font = Font(name=order.choices.house.font, size=11, bold=True)
    dates = f"{value}{row + 1}:{value}{row + 2}"
    forms.check(sheet, dates, "date", invoice.order.say("Enter a date."))
    if not invoice.days["due_date"]:
        forms.check(
            sheet,
            f"{value}{row + 3}",
            "whole",
            invoice.order.say("Enter a number of days."),
            "0",
            "365",
        )
    return row + len(facts) - 1


def _iso(value: dt.date | None) -> str | None:
    return value.isoformat() if value else None


# The lines -------------------------------------------------------------------------


def _rows(header: int, invoice: Plan) -> list[list[Scalar]]:
    order = invoice.order
    blank = order.options.blank_rows or (_FORM_ROWS if order.is_form else 0)
    given = [*order.source.rows, *([None] * blank)]
    return [
        [_line_cell(invoice, part, row, header + number, header) for part in invoice.parts]
        for number, row in enumerate(given, start=1)
    ]


def _line_cell(
    invoice: Plan, part: str, row: list[Scalar] | None, number: int, header: int
) -> Scalar:
    order = invoice.order
    if part == "pos":
        text = letter(invoice.at("description"))
        return f'=IF({text}{number}="","",COUNTA({text}${header + 1}:{text}{number}))'
    if part == "net":
        return _net(invoice, number)
    value = None if row is None else order.value(row, part)
    if part == "vat" and value is None and order.options.vat is not None:
        return fraction(order.options.vat)
    return value


def _net(invoice: Plan, row: int) -> str:
    """Quantity times price less discount; a blank quantity counts as one."""
    quantity, price = (f"{letter(invoice.at(name))}{row}" for name in ("quantity", "unit_price"))
    less = ""
    if "discount" in invoice.parts:
        less = f"*(1-{letter(invoice.at('discount'))}{row})"
    return f'=IF({price}="","",ROUND(IF({quantity}="",1,{quantity})*{price}{less},2))'


def _check_lines(sheet: Worksheet, area: Area, invoice: Plan) -> None:
    body = area.below(1)
    if body.rows < 1:
        return
    for part in ("quantity", "unit_price"):
        check_area = str(body.column(invoice.parts.index(part)))
        forms.check(sheet, check_area, "decimal", invoice.order.say("Enter a number."))
    forms.show_decimals(sheet, body.column(invoice.parts.index("quantity")))
    for part in ("discount", "vat"):
        if part in invoice.parts:
            rates = body.column(invoice.parts.index(part))
            forms.check(
                sheet,
                str(rates),
                "decimal",
                invoice.order.say("Enter a rate such as 19%."),
                "0",
                "1",
            )
            forms.show_decimals(sheet, rates, percent=True)


# Totals ------------------------------------------------------------------------------


def _write_totals(sheet: Worksheet, area: Area, invoice: Plan) -> int:
    """Subtotal, discount, VAT by rate and what is due; returns the last row."""
    order = invoice.order
    say, row = order.say, area.last_row + 2
    net, vat = (_part_range(area, invoice, name) for name in ("net", "vat"))
    amount = letter(invoice.last)
    subtotal, total = row, f"{amount}{row}"
    less = order.options.discount is not None or order.is_form
    _total(sheet, row, invoice, say("Subtotal" if less else "Net total"), f"=SUM({net})")
    factor = ""
    if less:
        rate = f"{letter(invoice.at('vat'))}{row + 1}"
        off = f"=-ROUND({amount}{row}*{rate},2)"
        _total(sheet, row + 1, invoice, say("Discount"), off)
        _rate(sheet, row + 1, invoice, fraction(order.options.discount))
        net_total = f"={amount}{row}+{amount}{row + 1}"
        _total(sheet, row + 2, invoice, say("Net total"), net_total)
        factor, row = f"*(1-{rate})", row + 2
        total = f"{amount}{row}"
    first = row + 1
    last = first + invoice.rates  # one more than there are: another one may be typed in
    for r in range(first, last + 1):
        _write_vat(sheet, r, invoice, (vat, net, factor, r == first))
    due = f"={total}+SUM({amount}{first}:{amount}{last})"
    _write_due(sheet, last + 1, invoice, due)
    bases = f"{letter(invoice.at('unit_price'))}{first}:{letter(invoice.at('unit_price'))}{last}"
    text = say("Some lines have no VAT rate, or there are more rates than lines for them above.")
    odd = f"AND(COUNT({vat})>0,ABS({total}-SUM({bases}))>0.05)"
    warning = look.put(sheet, last + 2, invoice.last, f'=IF({odd},"{text}","")')
    warning.font = Font(name=order.choices.house.font, size=9, color=forms.BAD[1])
    warning.alignment = Alignment("right", "center")
    sheet.row_dimensions[subtotal - 1].height = 8
    return last + 2


def _part_range(area: Area, invoice: Plan, part: str) -> str:
    column = letter(invoice.at(part))
    last = max(area.last_row, area.first_row + 1)
    return f"${column}${area.first_row + 1}:${column}${last}"


def _total(sheet: Worksheet, row: int, invoice: Plan, label: str, formula: str) -> None:
    """One line of the totals: its label, and its amount below the lines' amounts."""
    house = invoice.order.choices.house
    first = invoice.at("quantity")
    for column in range(first, invoice.last + 1):
        sheet.cell(row, column).border = Border(bottom=forms.HAIRLINE)
    cell = look.put(sheet, row, first, label if label.startswith("=") else f"'{label}")
    cell.font = Font(name=house.font, size=11)
    cell.alignment = Alignment("left", "center", indent=1)
    cell = look.put(sheet, row, invoice.last, formula, invoice.order.choices.money)
    cell.font = Font(name=house.font, size=11)
    cell.alignment = Alignment("right", "center")


def _rate(sheet: Worksheet, row: int, invoice: Plan, value: Scalar) -> None:
    column = invoice.at("vat")
    cell = look.put(sheet, row, column, value, forms.PERCENT)
    cell.font = Font(name=invoice.order.choices.house.font, size=11)
    cell.alignment = Alignment("right", "center")
    place = Area(row, column, row, column)
    forms.show_decimals(sheet, place, percent=True)
    if not str(value or "").startswith("="):
        forms.check(
            sheet, str(place), "decimal", invoice.order.say("Enter a rate such as 5%."), "0", "1"
        )


def _write_vat(
    sheet: Worksheet, row: int, invoice: Plan, ranges: tuple[str, str, str, bool]
) -> None:
    """The VAT of one rate: the highest one, or the next below that of the row above."""
    vat, net, factor, highest = ranges
    money = invoice.order.choices.money
    rate = f"{letter(invoice.at('vat'))}{row}"
    base = f"{letter(invoice.at('unit_price'))}{row}"
    above = f"{letter(invoice.at('vat'))}{row - 1}"
    nth = "1" if highest else f'COUNTIF({vat},">="&{above})+1'
    known = f"COUNT({vat})=0" if highest else f'OR({above}="",COUNTIF({vat},"<"&{above})=0)'
    label = f'=IF({rate}="","","{invoice.order.say("VAT on")}")'
    _total(sheet, row, invoice, label, f'=IF({rate}="","",ROUND({base}*{rate},2))')
    _rate(sheet, row, invoice, f'=IF({known},"",LARGE({vat},{nth}))')
    cell = look.put(
        sheet,
        row,
        invoice.at("unit_price"),
        f'=IF({rate}="","",ROUND(SUMIFS({net},{vat},{rate}){factor},2))',
        money,
    )
    cell.font = Font(name=invoice.order.choices.house.font, size=11)
    cell.alignment = Alignment("right", "center")


def _write_due(sheet: Worksheet, row: int, invoice: Plan, formula: str) -> None:
    order = invoice.order
    house = order.choices.house
    _total(sheet, row, invoice, order.say("Total due"), formula)
    edge = Side("medium", color=house.main)
    for column in range(invoice.at("quantity"), invoice.last + 1):
        cell = sheet.cell(row, column)
        cell.fill = house.total_fill
        cell.border = Border(top=edge, bottom=edge)
        cell.font = Font(name=house.font, size=13, bold=True, color=house.dark)
    cell.alignment = Alignment("right", "center", shrink_to_fit=True)
    sheet.row_dimensions[row].height = 26


# Payment ------------------------------------------------------------------------------


def _write_payment(sheet: Worksheet, row: int, invoice: Plan) -> int:
    """Terms of payment and bank details, or lines for them; returns the last row."""
    order, options = invoice.order, invoice.order.options
    agreed = options.payment_days is not None or invoice.days["due_date"] is not None
    last = row
    for label, text in (("Payment terms", options.terms), ("Bank details", options.bank)):
        if not text and label == "Payment terms" and agreed:
            continue
        head = forms.write_label(sheet, last, FIRST, order.say(label), order.choices.house)
        head.alignment = Alignment("left", "center")
        lines = [part.strip() for part in text.split("\n")] if text else []
        for line in lines:
            last += 1
            cell = look.put(sheet, last, FIRST, f"'{line}" if line else None)
            cell.font = Font(name=order.choices.house.font, size=10)
            cell.alignment = Alignment("left", "top", wrap_text=True)
            sheet.merge_cells(
                start_row=last, start_column=FIRST, end_row=last, end_column=invoice.last
            )
            sheet.row_dimensions[last].height = 15 * (1 + len(line) // 105)
        if not lines:
            last += 1
            _blank_line(sheet, last, invoice)
        last += 2
    return last - 2


def _finish(sheet: Worksheet, invoice: Plan, area: Area, last: int) -> None:
    house = invoice.order.choices.house
    one_page = area.rows - 1 <= _ON_ONE_PAGE
    repeat = 0 if one_page else area.first_row
    look.set_up_page(sheet, house, landscape=False, one_page=one_page, repeat=repeat)
    sheet.print_area = str(Area(1, 1, last, invoice.last))
    names = forms.split_lines(invoice.order.options.seller)
    if names:
        sheet.oddFooter.left.text = forms.footer_text(names[0])
    forms.in_font(sheet, house)
