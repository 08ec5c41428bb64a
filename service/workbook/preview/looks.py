"""How a cell looks, as CSS declarations; equal looks share one class of the page."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from openpyxl.cell.cell import Cell

from service.workbook.preview.palette import Palette, at_night, contrast, legible

Css: TypeAlias = dict[str, str]

# Names of fonts come from the workbook: nothing else may stand in one.
_FONT = re.compile(r"[^\w .-]", re.UNICODE)
_LINES = {
    "hair": "1px dotted", "dotted": "1px dotted", "dashed": "1px dashed", "dashDot": "1px dashed",
    "dashDotDot": "1px dotted", "thin": "1px solid", "medium": "2px solid", "thick": "3px solid",
    "double": "3px double", "mediumDashed": "2px dashed", "mediumDashDot": "2px dashed",
    "mediumDashDotDot": "2px dotted", "slantDashDot": "2px dashed",
}  # fmt: skip
_ACROSS = {
    "left": "left", "right": "right", "center": "center", "justify": "justify", "fill": "left",
    "centerContinuous": "center", "distributed": "center",
}  # fmt: skip
_DOWN = {"top": "top", "center": "middle", "bottom": "bottom", "justify": "top"}
_SHARE = {
    "darkGray": 0.75, "mediumGray": 0.5, "lightGray": 0.25, "gray125": 0.125, "gray0625": 0.0625,
}  # fmt: skip
_FAMILIES = {
    "calibri": "Calibri, Carlito", "cambria": "Cambria, Caladea", "arial": "Arial, Liberation Sans",
    "times new roman": "Times New Roman, Liberation Serif", "aptos narrow": "Aptos Narrow, Carlito",
    "courier new": "Courier New, Liberation Mono", "aptos": "Aptos, Carlito",
}  # fmt: skip
# How high small letters are: with it, what stands in for a font is as large as that.
_SMALL_LETTERS = {
    "calibri": "0.466", "calibri light": "0.466", "cambria": "0.466", "arial": "0.519",
    "times new roman": "0.448", "courier new": "0.423", "verdana": "0.545", "tahoma": "0.545",
    "georgia": "0.481", "segoe ui": "0.5", "aptos": "0.5", "aptos narrow": "0.5",
}  # fmt: skip


@dataclass
class Classes:
    """The classes of a page by name, with their declarations by day and by night."""

    found: dict[str, tuple[str, str]] = field(default_factory=dict)

    def named(self, css: Css, night: Css | None = None, important: bool = False) -> str:
        """The class with these declarations; named after them, so that all parts agree."""
        if not css and not night:
            return ""
        day, dark = _written(css, important), _written(night or {}, important)
        kind = "f" if "background-color" in css else "k"
        name = f"{kind}{hashlib.sha256(f'{day}|{dark}'.encode()).hexdigest()[:10]}"
        self.found[name] = (day, dark)
        return name


def _written(css: Css, important: bool) -> str:
    end = "!important" if important else ""
    return ";".join(f"{name}:{value}{end}" for name, value in sorted(css.items()))


class Looks:
    """The looks of a workbook's cells."""

    def __init__(self, palette: Palette, classes: Classes) -> None:
        self.palette = palette
        self.classes = classes
        self._known: dict[tuple[bytes, str], str] = {}
        self._borders: dict[bytes, dict[str, str]] = {}

    def of(self, cell: Cell, under: Css | None = None, color: str = "") -> str:
        """The class of a cell's font, fill and alignment.

        :param under: what lies below its own look, such as a table's style
        :param color: that its number format asks for
        """
        key = (cell._style.tobytes(), f"{sorted((under or {}).items())}{color}")
        if key not in self._known:
            css = {**(under or {}), **self._own(cell)}
            if color:
                css["color"] = f"#{color}"
            self._known[key] = self.made(css)
        return self._known[key]

    def made(self, css: Css, important: bool = False) -> str:
        """The class of a look; its text can be read by day and by night."""
        css = dict(css)
        fill = css.get("background-color", "")[1:]
        color = css.get("color", "")[1:]
        night: Css = {}
        if fill:
            plain = "background-image" not in css
            color, fill = legible(color or _readable(fill), fill, ground_too=plain)
            css |= {"color": f"#{color}", "background-color": f"#{fill}"}
            css |= {"border-right-color": f"#{fill}", "border-bottom-color": f"#{fill}"}
        elif color == "000000" or (color == "FFFFFF" and not fill):
            css.pop("color")  # black on white is white on black at night
        elif color:
            night = {"color": f"#{at_night(color)}"}
            css["color"] = f"#{legible(color, 'FFFFFF')[0]}"
        return self.classes.named(css, night, important)

    def _own(self, cell: Cell) -> Css:
        return {**font_css(cell.font, self.palette), **fill_css(cell.fill, self.palette)} | (
            _alignment(cell.alignment)
        )

    def borders(self, cell: Cell) -> dict[str, str]:
        """The lines at the sides of a cell: CSS by side."""
        key = cell._style.tobytes()
        if key not in self._borders:
            self._borders[key] = border_css(cell.border, self.palette)
        return self._borders[key]


def _readable(fill: str) -> str:
    return "000000" if contrast(fill, "000000") >= contrast(fill, "FFFFFF") else "FFFFFF"


# Parts of a look ----------------------------------------------------------------


def font_css(font: Any, palette: Palette, *, usual: bool = True) -> Css:
    """The font's declarations; the usual one has none.

    :param usual: whether size and name count, which conditional formats can't change
    """
    css: Css = {}
    if font is None:
        return css
    if usual and font.name and font.name != "Calibri":
        css["font-family"] = family(font.name)
        css["font-size-adjust"] = _SMALL_LETTERS.get(font.name.lower(), "none")
    if usual and font.sz and float(font.sz) != 11:
        css["font-size"] = f"{float(font.sz) * 4 / 3:.4g}px"
    if font.b:
        css["font-weight"] = "700"
    if font.i:
        css["font-style"] = "italic"
    lines = [*(["underline"] if font.u else []), *(["line-through"] if font.strike else [])]
    if lines:
        css["text-decoration"] = " ".join(lines)
        if font.u in ("double", "doubleAccounting"):
            css["text-decoration-style"] = "double"
    color = palette.rgb(font.color)
    if color and color != "000000":
        css["color"] = f"#{color}"
    return css


def family(name: str) -> str:
    """A font's name as CSS, with the fonts that are as wide."""
    plain = _FONT.sub("", name)[:60].strip()
    names = _FAMILIES.get(plain.lower(), plain).split(", ")
    return ",".join(f'"{one}"' for one in names if one) + ",var(--font)"


def fill_css(fill: Any, palette: Palette) -> Css:
    """The ground's declarations."""
    if fill is None:
        return {}
    if fill.tagname == "gradientFill":
        return _gradient(fill, palette)
    if not fill.fill_type:
        return {}
    front = palette.rgb(fill.fgColor)
    if fill.fill_type == "solid":
        return {"background-color": f"#{front}"} if front else {}
    back = palette.rgb(fill.bgColor) or "FFFFFF"
    front = front or "000000"
    if fill.fill_type in _SHARE:
        return {"background-color": f"#{_between(back, front, _SHARE[fill.fill_type])}"}
    return {"background-color": f"#{back}", "background-image": _pattern(fill.fill_type, front)}


def _between(color: str, other: str, share: float) -> str:
    pairs = [(int(color[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (0, 2, 4)]
    return "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)


def _pattern(kind: str, color: str) -> str:
    thick = "2px" if kind.startswith("dark") else "1px"
    line = f"#{color} 0 {thick},transparent {thick} 5px"
    turns = {"Horizontal": "0deg", "Vertical": "90deg", "Down": "45deg", "Up": "135deg"}
    for name, angle in turns.items():
        if kind.endswith(name):
            return f"repeating-linear-gradient({angle},{line})"
    return f"repeating-linear-gradient(0deg,{line}),repeating-linear-gradient(90deg,{line})"


def _gradient(fill: Any, palette: Palette) -> Css:
    stops = [(float(stop.position or 0), palette.rgb(stop.color) or "FFFFFF") for stop in fill.stop]
    if not stops:
        return {}
    colors = ",".join(f"#{color} {place:.0%}" for place, color in stops)
    angle = 90 + float(fill.degree or 0)
    image = f"linear-gradient({angle:g}deg,{colors})"
    if fill.type == "path":
        image = f"radial-gradient({colors})"
    return {"background-color": f"#{stops[0][1]}", "background-image": image}


def border_css(border: Any, palette: Palette) -> dict[str, str]:
    """The lines of a border by side."""
    found = {}
    for side in ("left", "right", "top", "bottom"):
        line = getattr(border, side, None) if border is not None else None
        if line is not None and line.style in _LINES:
            color = palette.rgb(line.color)
            black = color in ("", "000000")
            found[side] = f"{_LINES[line.style]} {'var(--line)' if black else f'#{color}'}"
    return found


def _alignment(alignment: Any) -> Css:
    css: Css = {}
    if alignment is None:
        return css
    if alignment.horizontal in _ACROSS:
        css["text-align"] = _ACROSS[alignment.horizontal]
    if alignment.vertical in _DOWN and alignment.vertical != "bottom":
        css["vertical-align"] = _DOWN[alignment.vertical]
    if alignment.wrap_text or alignment.horizontal in ("justify", "distributed"):
        css["white-space"] = "pre-wrap"
        css["overflow-wrap"] = "anywhere"
    if alignment.indent:
        side = "right" if alignment.horizontal == "right" else "left"
        css[f"padding-{side}"] = f"{3 + 9 * min(int(alignment.indent), 30)}px"
    return css
