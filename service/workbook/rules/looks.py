"""How a conditional format makes cells look, as the editor's differential style."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openpyxl.styles import Border, Font, PatternFill, Side
from openpyxl.styles.colors import Color
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.styles.numbers import BUILTIN_FORMATS_REVERSE, NumberFormat

from service.errors import InvalidValue
from service.workbook.colors import parse_color
from service.workbook.number_formats import number_format_code
from service.workbook.rules.kinds import LOOKS

# Excel's own "Light Red Fill with Dark Red Text".
USUAL = {"fill": "#FFC7CE", "color": "#9C0006"}
_LINES = ("none", "thin", "dashed", "dotted", "hair")
_SIDES = ("left", "right", "top", "bottom")
# Beyond the numbers that formats of cells get; the code counts, which stands beside it.
_FREE_NUMBER = 500


def look(given: Mapping[str, Any]) -> dict[str, Any]:
    """What of the options given concerns the look."""
    return {name: value for name, value in given.items() if name in LOOKS}


def styled(wanted: Mapping[str, Any]) -> DifferentialStyle:
    """The style with the look that options tell.

    :raises InvalidValue: if a colour, border or number format is none
    """
    style = DifferentialStyle()
    font = _font(wanted)
    if font:
        style.font = Font(**font)
    fill = wanted.get("fill")
    if fill is not None:
        none = str(fill).strip().lower() in ("none", "no fill")
        style.fill = PatternFill() if none else PatternFill("solid", bgColor=_color(fill, "fill"))
    if wanted.get("border") is not None:
        style.border = _border(str(wanted["border"]))
    if wanted.get("number_format") is not None:
        code = number_format_code(wanted["number_format"])
        number = BUILTIN_FORMATS_REVERSE.get(code, _FREE_NUMBER + sum(code.encode()) % 1000)
        style.numFmt = NumberFormat(number, code)
    return style


def _font(wanted: Mapping[str, Any]) -> dict[str, Any]:
    font: dict[str, Any] = {
        key: wanted[key] for key in ("bold", "italic", "strike") if wanted.get(key) is not None
    }
    if wanted.get("underline") is not None:
        font["underline"] = "single" if wanted["underline"] else "none"
    if wanted.get("color") is not None:
        font["color"] = _color(wanted["color"], "color")
    return font


def _color(text: str, where: str) -> Color:
    return Color(rgb="FF" + parse_color(text, where))


def _border(text: str) -> Border:
    line, _, color = text.strip().lower().partition(" ")
    if line not in _LINES:
        raise InvalidValue(
            f'border: "{text[:40]}" is no border of a conditional format.',
            f'Use one of {", ".join(_LINES)}, with a colour if you like: "thin red". '
            "Excel has no thicker ones here.",
        )
    if line == "none":
        return Border()
    shade = _color(color, "border") if color else None
    return Border(**{side: Side(line, color=shade) for side in _SIDES})


def told(style: DifferentialStyle | None) -> dict[str, Any]:
    """The options that give the look of a style, as far as they can tell it."""
    if style is None:
        return {}
    found: dict[str, Any] = {}
    if style.fill is not None:
        found["fill"] = _hex(style.fill.bgColor) or _hex(style.fill.fgColor) or "other"
        if style.fill.fill_type is None and _hex(style.fill.bgColor) in ("", "#000000"):
            found["fill"] = "none"
    font = style.font
    if font is not None:
        if font.color is not None:
            found["color"] = _hex(font.color) or "theme"
        found |= {key: True for key in ("bold", "italic", "strike") if getattr(font, key)}
        if font.underline not in (None, "none"):
            found["underline"] = True
    if style.border is not None:
        side = style.border.left
        line = getattr(side, "style", None)
        found["border"] = f"{line or 'none'} {_hex(getattr(side, 'color', None))}".strip()
    if style.numFmt is not None:
        found["number_format"] = style.numFmt.formatCode
    return found


def _hex(color: Any) -> str:
    if color is None or color.type != "rgb" or not isinstance(color.rgb, str):
        return ""
    return f"#{color.rgb[-6:]}"
