"""The looks that native tables give their cells, after the names of Excel's table styles."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from service.workbook.areas import Area
from service.workbook.preview.looks import Css
from service.workbook.preview.palette import Palette, tinted

_NAME = re.compile(r"TableStyle(Light|Medium|Dark)(\d{1,2})$")


@dataclass(frozen=True)
class _Style:
    """Colours of a style's parts, "" for none; lines are between the rows."""

    header: str = ""
    header_text: str = ""
    band: str = ""
    body: str = ""
    total: str = ""
    line: str = ""
    edge: str = ""
    text: str = ""


class Banding:
    """The look of a table's cells by their place."""

    def __init__(self, table: Any, area: Area, palette: Palette) -> None:
        info = table.tableStyleInfo
        self.area = area
        self.style = _style(str(getattr(info, "name", "") or ""), palette)
        self.headers = 0 if table.headerRowCount == 0 else 1
        self.totals = int(table.totalsRowCount or 0)
        self.rows = bool(getattr(info, "showRowStripes", False))
        self.columns = bool(getattr(info, "showColumnStripes", False))
        self.first = bool(getattr(info, "showFirstColumn", False))
        self.last = bool(getattr(info, "showLastColumn", False))

    def css(self, row: int, column: int) -> Css:
        """Font and fill of the cell there."""
        style, area = self.style, self.area
        if row < area.first_row + self.headers:
            return _css(style.header, style.header_text, bold=True)
        if row > area.last_row - self.totals:
            white = bool(style.total) and style.total == style.header
            return _css(style.total, "FFFFFF" if white else style.text, bold=True)
        striped = (self.rows and (row - area.first_row - self.headers) % 2 == 0) or (
            self.columns and (column - area.first_column) % 2 == 0
        )
        bold = (self.first and column == area.first_column) or (
            self.last and column == area.last_column
        )
        return _css(style.band if striped and style.band else style.body, style.text, bold=bold)

    def borders(self, row: int, column: int) -> dict[str, str]:
        """The lines at the sides of the cell there."""
        style, area = self.style, self.area
        found = {}
        if style.line and row < area.last_row:
            found["bottom"] = f"1px solid #{style.line}"
        if style.edge and row == area.last_row:
            found["bottom"] = f"1px solid #{style.edge}"
        if style.edge and row == area.first_row + self.headers - 1:
            found["bottom"] = f"1px solid #{style.edge}"
        if style.edge and row > area.last_row - self.totals:
            found["top"] = f"3px double #{style.edge}"
        return found


def _css(fill: str, color: str, *, bold: bool) -> Css:
    css: Css = {}
    if fill:
        css["background-color"] = f"#{fill}"
    if color:
        css["color"] = f"#{color}"
    if bold:
        css["font-weight"] = "700"
    return css


def _style(name: str, palette: Palette) -> _Style:
    match = _NAME.match(name)
    if not match:
        return _Style()
    kind, number = match[1], int(match[2]) - 1
    index = number % 7
    accent = palette.accents[index - 1] if index else "000000"
    light, middle = tinted(accent, 0.8), tinted(accent, 0.6)
    if not index:
        light, middle = "D9D9D9", "BFBFBF"
    if kind == "Light":
        if number < 7:
            return _Style(band=light, edge=accent)
        if number < 14:
            return _Style(header=accent, header_text="FFFFFF", edge=accent, line=accent)
        return _Style(band=light, edge=accent, line=accent)
    if kind == "Dark":
        dark = tinted(accent, -0.25) if index else "404040"
        return _Style("000000", "FFFFFF", dark, accent if index else "737373", "000000", "", "",
                      "FFFFFF")  # fmt: skip
    if number < 7:
        return _Style(accent, "FFFFFF", light, "", "", middle, accent)
    if number < 14:
        return _Style(accent, "FFFFFF", middle, light, accent, "FFFFFF", "FFFFFF")
    if number < 21:
        return _Style(accent, "FFFFFF", "D9D9D9", "", "", "", "000000")
    return _Style(light, "", middle, light, light, accent, accent)
