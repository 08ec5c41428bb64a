"""Colours of a workbook as ``RRGGBB``: plain, of its theme, or of the old palette."""

from __future__ import annotations

import colorsys
import re
from typing import Any

from lxml import etree
from openpyxl import Workbook
from openpyxl.styles.colors import COLOR_INDEX
from openpyxl.xml.constants import DRAWING_NS

from service.workbook.package.opc import parse

# In the order in which cells count them.
_ORDER = (
    "lt1", "dk1", "lt2", "dk2", "accent1", "accent2", "accent3", "accent4", "accent5", "accent6",
    "hlink", "folHlink",
)  # fmt: skip
_OFFICE = (
    "FFFFFF", "000000", "E7E6E6", "44546A", "4472C4", "ED7D31", "A5A5A5", "FFC000", "5B9BD5",
    "70AD47", "0563C1", "954F72",
)  # fmt: skip
_OLDER = (
    "FFFFFF", "000000", "EEECE1", "1F497D", "4F81BD", "C0504D", "9BBB59", "8064A2", "4BACC6",
    "F79646", "0000FF", "800080",
)  # fmt: skip
_HEX = re.compile(r"[0-9A-Fa-f]{6}$")
_DARK = "1E2126"  # the page's ground at night; see page.css


class Palette:
    """The colours that a workbook's theme stands for."""

    def __init__(self, xl: Workbook) -> None:
        self.theme = _theme(getattr(xl, "loaded_theme", None))
        self.indexed = list(getattr(xl, "_colors", None) or COLOR_INDEX)

    def by_name(self, name: str) -> str:
        """A theme's colour by the name that drawings use, "" for none."""
        same = {"bg1": "lt1", "tx1": "dk1", "bg2": "lt2", "tx2": "dk2"}.get(name, name)
        return self.theme[_ORDER.index(same)] if same in _ORDER else ""

    def rgb(self, color: Any) -> str:
        """A cell's colour; "" where it is automatic."""
        if color is None:
            return ""
        found = ""
        if color.type == "rgb" and isinstance(color.rgb, str) and _HEX.search(color.rgb):
            found = color.rgb[-6:].upper()
        elif color.type == "theme" and 0 <= int(color.theme) < len(self.theme):
            found = self.theme[int(color.theme)]
        elif color.type == "indexed" and 0 <= int(color.indexed) < min(len(self.indexed), 64):
            found = str(self.indexed[int(color.indexed)])[-6:].upper()
        return tinted(found, float(color.tint or 0.0)) if found else ""

    @property
    def accents(self) -> list[str]:
        """The six colours of charts and tables."""
        return list(self.theme[4:10])


def _theme(xml: Any) -> tuple[str, ...]:
    if not xml:
        return _OFFICE
    try:
        scheme = parse(xml).find(f".//{{{DRAWING_NS}}}clrScheme")
    except (etree.XMLSyntaxError, ValueError):
        return _OFFICE
    if scheme is None:
        return _OFFICE
    found = {etree.QName(item).localname: _of_scheme(item) for item in scheme}
    return tuple(found.get(name) or usual for name, usual in zip(_ORDER, _OLDER, strict=True))


def _of_scheme(item: etree._Element) -> str:
    for child in item:
        text = child.get("lastClr") or child.get("val") or ""
        if _HEX.fullmatch(text):
            return text.upper()
    return ""


def tinted(color: str, tint: float) -> str:
    """A colour made lighter (tint above 0) or darker, as the file format says it."""
    if not tint:
        return color
    hue, light, full = colorsys.rgb_to_hls(*_parts(color))
    light = light * (1 + tint) if tint < 0 else light * (1 - tint) + tint
    return _joined(colorsys.hls_to_rgb(hue, min(max(light, 0.0), 1.0), full))


def luminance(color: str) -> float:
    """How bright a colour is, from 0 to 1, as contrast is measured. Source: WCAG 2.1."""
    parts = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in _parts(color)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21."""
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def at_night(color: str, wanted: float = 4.5) -> str:
    """The colour, made so light that it can be read on the page's dark ground."""
    hue, light, full = colorsys.rgb_to_hls(*_parts(color))
    found = color
    for _ in range(20):
        if contrast(found, _DARK) >= wanted:
            break
        light = min(light + 0.05, 1.0)
        found = _joined(colorsys.hls_to_rgb(hue, light, full))
    return found


def legible(color: str, ground: str, *, ground_too: bool = False) -> tuple[str, str]:
    """(text, ground), moved apart a little where they nearly can be read.

    What is far from readable was meant so, or is nothing that a shade could mend; it stays.

    :param ground_too: whether the ground may move where the text can't
    """
    if not 3 <= contrast(color, ground) < 4.5:
        return color, ground
    up = luminance(color) > luminance(ground)
    text, under = color, ground
    for _ in range(20):
        if contrast(text, under) >= 4.5:
            return text, under
        if text in ("FFFFFF", "000000"):
            under = _moved(under, not up) if ground_too else under
        text = _moved(text, up)
    return text, under


def _moved(color: str, up: bool) -> str:
    hue, light, full = colorsys.rgb_to_hls(*_parts(color))
    return _joined(colorsys.hls_to_rgb(hue, min(max(light + (0.02 if up else -0.02), 0), 1), full))


def _parts(color: str) -> tuple[float, float, float]:
    red, green, blue = (int(color[place : place + 2], 16) / 255 for place in (0, 2, 4))
    return red, green, blue


def _joined(parts: tuple[float, float, float]) -> str:
    return "".join(f"{round(part * 255):02X}" for part in parts)
