"""Hyperlinks: web and mail addresses, and places inside the workbook."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy
from typing import Any

from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidRange, InvalidValue, listed
from service.operations.annotations.asked import Asked, Found
from service.operations.context import Context
from service.operations.registry import Answer
from service.workbook import cells
from service.workbook.areas import Area, split_sheet
from service.workbook.book import Book
from service.workbook.keeping.lazy import loaded_cells
from service.workbook.named_styles import NamedStyles

_MOST_CELLS = 1_000
_LONGEST, _LONGEST_TIP = 2_079, 255
_MAIL = re.compile(r"[^\s@:/!']+@[^\s@:/!']+\.[^\s@:/!']+")
_SCHEMES = ("http", "https", "ftp", "mailto", "tel", "sms", "onenote", "msteams")
_STYLE = "Hyperlink"
_LINK_COLOR = 10  # of the theme


def found(sheet: Worksheet) -> Iterator[Found]:
    """The links of a sheet."""
    places = sorted(at for at, cell in loaded_cells(sheet) if _link(cell) is not None)
    for row, column in places:
        cell = sheet._cells[row, column]
        link = cell.hyperlink
        where = f"{get_column_letter(column)}{row}"
        target = link.target or ""
        inner = f"#{link.location}" if link.location else ""
        facts = {
            "cell": where,
            "target": target + inner if target else inner[1:],
            "text": None if cell.value is None else str(cell.value)[:200],
            "tip": link.tooltip,
        }

        def remove(cell: Any = cell) -> None:
            _take_away(cell)

        yield Found("link", sheet.title, row, column, f"link {where}", facts, remove)


def _link(cell: object) -> Hyperlink | None:
    return getattr(cell, "_hyperlink", None)


def _take_away(cell: Any) -> None:
    """Remove a link, and the look that came with it."""
    cell._hyperlink = None
    font = cell.font
    if font.u == "single" and font.color is not None and font.color.theme == _LINK_COLOR:
        plain = copy(font)
        plain.u, plain.color = None, copy(cell.parent.parent._named_styles[0].font.color)
        cell.font = plain
        cell._style.xfId = 0


def put(ctx: Context, asked: Asked) -> Answer:
    """Let cells lead somewhere; they look as links do.

    :raises ExcelToolsError: for an address that is none, or a place that is not there
    """
    book = ctx.book
    sheet, area = asked.place(book)
    if area.cells > _MOST_CELLS:
        raise InvalidRange(
            f"{area} are {area.cells:,} cells; at most {_MOST_CELLS:,} get a link at once.",
            "Name fewer cells.",
        )
    if not asked.target:
        raise InvalidParameters(
            "link needs target.", 'Send an address, or a place such as "Costs!A1".'
        )
    target, location = _destination(book, sheet, asked.target)
    tip = asked.options["tip"]
    if tip is not None and len(tip) > _LONGEST_TIP:
        raise InvalidValue(f"tip is longer than Excel's {_LONGEST_TIP} characters.", "Shorten it.")
    if asked.text:
        asked.cell(book)  # one text for several cells is meant for none of them
        cells.stored_value(f"'{asked.text}", "text")
    book.room_for(area.cells)
    style = NamedStyles(book.xl, book.memory)
    worn = style.worn(_STYLE)
    assert worn is not None
    with book.changing():
        worn = style.taken_in(worn)
        for row, column in _places(sheet, area):
            cell = sheet.cell(row, column)
            if asked.text or cell.value is None:
                cells.put(cell, f"'{asked.text or asked.target}")
            cell._hyperlink = Hyperlink(
                ref=cell.coordinate, target=target, location=location, tooltip=tip
            )
            worn.put_on(cell)
    leads = (target or "") + (f"#{location}" if target and location else location or "")
    return Answer({"link": str(area), "leads_to": leads}, sheet=sheet.title)


def _places(sheet: Worksheet, area: Area) -> Iterator[tuple[int, int]]:
    """The cells of an area, of merged ones only the first."""
    hidden = {
        place
        for merged in sheet.merged_cells.ranges
        if area.overlaps(Area(merged.min_row, merged.min_col, merged.max_row, merged.max_col))
        for place in list(merged.cells)[1:]
        if area.holds(*place)
    }
    for row in range(area.first_row, area.last_row + 1):
        for column in range(area.first_column, area.last_column + 1):
            if (row, column) not in hidden:
                yield row, column


# Where a link leads -----------------------------------------------------------


def _destination(book: Book, sheet: Worksheet, text: str) -> tuple[str | None, str | None]:
    """(address outside, place inside) of what was given."""
    if not text.isprintable() or len(text) > _LONGEST:
        raise InvalidValue(
            f"The target has {len(text):,} characters or holds some that don't print; Excel "
            f"allows {_LONGEST:,}.",
            "Shorten it.",
        )
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):", text)
    if scheme and scheme.group(1).lower() in _SCHEMES:
        address, _, place = text.partition("#")
        return _escaped(address), place or None
    if _MAIL.fullmatch(text):
        return f"mailto:{text}", None
    if text.lower().startswith("www."):
        return _destination(book, sheet, f"https://{text}")
    return None, _inside(book, sheet, text)


def _escaped(address: str) -> str:
    """What an address can't hold in a file, as its code."""
    return re.sub(r'[\s"<>\[\]`^{}\\|]', lambda m: f"%{ord(m.group()):02X}", address)


def _inside(book: Book, sheet: Worksheet, text: str) -> str:
    place = text.removeprefix("#").removeprefix("=")
    for name in (*book.xl.defined_names, *sheet.defined_names):
        if name.casefold() == place.casefold():
            return str(name)
    title, reference = split_sheet(place)
    if not title and book.xl.sheetnames and place.casefold() in map(str.casefold, book.sheet_names):
        title, reference = place, "A1"
    try:
        other, area = book.sheet_and_area(title or sheet.title, reference)
    except InvalidRange:
        raise InvalidValue(
            f'target is "{text[:80]}": neither an address nor a place in the workbook.',
            'Write "https://...", "anna@example.com", "Costs!A1", or a name of the workbook: '
            f"{listed(list(book.xl.defined_names)) or 'it has none'}.",
        ) from None
    return f"{quote_sheetname(other.title)}!{area}"
