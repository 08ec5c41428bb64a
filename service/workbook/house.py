"""House styles: how a workbook looks when nobody said how it should look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

from service.workbook.number_formats import formats_time

# "" is the usual place.
LegendWish = Literal["", "right", "bottom", "top", "left", "none"]
# "" is the user's own choice, and blue where there is none.
HouseStyle = Literal["", "blue", "green", "teal", "orange", "purple", "gray", "plain"]
STYLE_NAMES: tuple[str, ...] = get_args(HouseStyle)[1:]
DEFAULT = "blue"
FONT = "Calibri"
ISO_DAY = "yyyy-mm-dd"


@dataclass(frozen=True)
class House:
    """Colours (RRGGBB) of a house style, with the font and the formats of its user.

    :param number_format: code for decimal numbers without a format, "" for none
    :param date_format: code for dates, "" for 2026-01-31
    :param legend: where the legend of charts stands
    :param gridlines: whether charts have grid lines, None where it is all the same
    """

    name: str
    main: str
    dark: str
    light: str
    accents: tuple[str, ...]
    font: str = FONT
    number_format: str = ""
    date_format: str = ""
    legend: LegendWish = ""
    gridlines: bool | None = None

    def dated(self, code: str) -> str:
        """A number format with the day in it written as the user writes days."""
        wanted = self.date_format
        if not wanted or not code.startswith(ISO_DAY):
            return code
        # What shows a time already, or has a part for other values, takes nothing more.
        whole = ";" in wanted or formats_time(wanted)
        return wanted if whole else wanted + code[len(ISO_DAY) :]

    @property
    def header_font(self) -> Font:
        if self.name == "plain":
            return Font(name=self.font, size=11, bold=True)
        return Font(name=self.font, size=11, bold=True, color="FFFFFF")

    @property
    def header_fill(self) -> PatternFill:
        return PatternFill() if self.name == "plain" else PatternFill("solid", fgColor=self.main)

    @property
    def total_fill(self) -> PatternFill:
        return PatternFill() if self.name == "plain" else PatternFill("solid", fgColor=self.light)

    @property
    def header_alignment(self) -> Alignment:
        return Alignment(vertical="center", wrap_text=False)

    @property
    def header_border(self) -> Border:
        return Border(bottom=Side("thin", color=self.dark))


_SHARED = ("ED7D31", "70AD47", "FFC000", "4472C4", "7F7F7F", "9E480E")
_HOUSES = {
    "blue": House(
        "blue",
        "1F4E78",
        "163A5A",
        "DDEBF7",
        ("2E75B6", "ED7D31", "70AD47", "FFC000", "7F6BB0", "7F7F7F"),
    ),
    "green": House(
        "green",
        "2F6B3A",
        "214D29",
        "E2EFDA",
        ("4E9A5B", "F2A541", "2E75B6", "A9573E", "8E6BB0", "7F7F7F"),
    ),
    "teal": House(
        "teal",
        "0F6B70",
        "0A4B4F",
        "D9F0F1",
        ("1B9AA0", "F28E2B", "4E79A7", "B6992D", "B07AA1", "7F7F7F"),
    ),
    "orange": House(
        "orange",
        "B4510F",
        "8A3D0A",
        "FBE5D6",
        ("E07B29", "2E75B6", "70AD47", "FFC000", "7F6BB0", "7F7F7F"),
    ),
    "purple": House(
        "purple",
        "5B3C88",
        "432B66",
        "E9E1F4",
        ("7E57C2", "26A69A", "EF8E38", "5C8AC6", "C2578B", "7F7F7F"),
    ),
    "gray": House(
        "gray",
        "404040",
        "262626",
        "EDEDED",
        ("595959", "2E75B6", "ED7D31", "A5A5A5", "70AD47", "BF9000"),
    ),
    "plain": House(
        "plain", "000000", "000000", "FFFFFF", ("4472C4", "ED7D31", "A5A5A5", *_SHARED[1:4])
    ),
}


def house(name: str) -> House:
    """The house style of that name; the caller has checked the name."""
    return _HOUSES[name or DEFAULT]
