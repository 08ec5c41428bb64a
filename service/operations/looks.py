"""What format_excel_cells can set, and what that makes of a cell's font, fill and borders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar, cast

from openpyxl.styles import Border, GradientFill, PatternFill, Side
from openpyxl.styles.colors import Color
from openpyxl.styles.fills import fills as PATTERNS
from pydantic import BeforeValidator, Field

from service.errors import InvalidParameters, InvalidValue
from service.operations.registry import BriefOptions
from service.workbook.colors import parse_color
from service.workbook.number_formats import number_format_code

Part = TypeVar("Part")
SIDES = ("left", "right", "top", "bottom")
MOST_INDENT = 250
UPRIGHT = 255  # the number that stands for letters one below the other

# Names ------------------------------------------------------------------------


def _spelled(**others: str) -> BeforeValidator:
    """Takes case and other spellings of a choice."""

    def same(value: object) -> object:
        if not isinstance(value, str | bool):
            return value
        plain = str(value).strip().lower()
        return others.get(plain.replace(" ", "_"), plain)

    return BeforeValidator(same)


Across = Literal[
    "left", "center", "right", "justify", "general", "fill", "distributed", "across selection"
]
Underline = Literal["none", "single", "double", "single accounting", "double accounting"]


class CellStyle(BriefOptions):
    """What to set; what is left out stays as it is."""

    rare = frozenset(
        {"script", "shrink", "gradient_angle", "pattern_color", "new_style", "hide_formula"}
    )

    bold: bool | None = Field(default=None, description="bold text")
    italic: bool | None = Field(default=None, description="slanted text")
    underline: Annotated[
        Underline | None, _spelled(true="single", false="none", accounting="single accounting")
    ] = Field(default=None, description="true for a single line")
    strike: bool | None = Field(default=None, description="text struck through")
    script: Annotated[
        Literal["superscript", "subscript", "normal"] | None, _spelled(none="normal")
    ] = Field(default=None, description="small and raised, or lowered")
    font: str | None = Field(default=None, description="name of the font")
    size: float | None = Field(default=None, description="points")
    color: str | None = Field(default=None, description='text: "#1F4E78", red, "dark blue"')
    fill: str | None = Field(default=None, description="background colour, or none")
    gradient: str | list[str] | None = Field(
        default=None, description='two or more colours in the place of fill: "white, #1F4E78"'
    )
    gradient_angle: float | Literal["center"] | None = Field(
        default=None,
        description="0 from left to right (the usual), 90 downwards; center: outwards",
    )
    pattern: str | None = Field(
        default=None, description="drawn over the fill: dots, grid, diagonal, lightUp, none ..."
    )
    pattern_color: str | None = Field(default=None, description="colour of the pattern's lines")
    number_format: str | None = Field(
        default=None, description='"currency EUR", "percent 1", date, or a code such as "#,##0.00"'
    )
    align: Annotated[Across | None, _spelled(centre="center")] = Field(
        default=None, description="across the cell"
    )
    valign: Annotated[
        Literal["top", "center", "bottom", "justify", "distributed"] | None,
        _spelled(middle="center", centre="center"),
    ] = Field(default=None, description="within the row's height")
    wrap: bool | None = Field(default=None, description="break long text into lines")
    shrink: bool | None = Field(default=None, description="text as small as the cell needs it")
    indent: int | None = Field(default=None, description="distance from the edge, 0 to 250")
    rotation: int | Literal["vertical"] | None = Field(
        default=None,
        description="degrees, 90 reads upwards, -90 downwards; vertical: letters"
        " one below the other",
    )
    border: str | dict[str, str] | None = Field(
        default=None,
        description='thin, medium, thick, double, none ..., with place and colour: "outline '
        'medium red, inside thin gray, diagonal up thin"',
    )
    border_color: str | None = Field(default=None, description="colour of border, or of those set")
    named_style: str | None = Field(
        default=None, description="of the workbook or Excel's own: Good, Heading 1, Percent ..."
    )
    new_style: str | None = Field(
        default=None, description="name of a style to make of these settings; the cells get it"
    )
    locked: bool | None = Field(
        default=None, description="false: can be edited although the sheet is protected"
    )
    hide_formula: bool | None = Field(
        default=None, description="true: not shown while the sheet is protected"
    )
    merge: Annotated[
        Literal["cells", "across", "none"] | None,
        _spelled(true="cells", all="cells", false="none", rows="across", unmerge="none"),
    ] = Field(default=None, description="into one cell, or each row into one; none parts them")
    width: float | Literal["auto"] | None = Field(
        default=None, description="column width in characters, or auto"
    )
    height: float | Literal["auto"] | None = Field(
        default=None, description="row height in points; auto: as the text needs it"
    )
    copy_from: str | None = Field(
        default=None,
        description="range whose formats, conditional ones included, are taken first, "
        "repeated as often as fits",
    )
    clear: bool | None = Field(default=None, description="true: takes all formats away first")


# What to change ---------------------------------------------------------------


@dataclass(frozen=True)
class Fill:
    """A fill to set. ``color`` "" is none, None leaves it; so with ``pattern``."""

    color: str | None = None
    pattern: str | None = None
    pattern_color: str | None = None
    gradient: GradientFill | None = None

    def over(self, before: Any) -> PatternFill | GradientFill:
        """What it makes of the fill that is there: a pattern keeps its colour below."""
        if self.gradient is not None:
            return self.gradient
        back, pattern, front = _fill_parts(before)
        if self.color is not None:
            back = Color(rgb=f"FF{self.color}") if self.color else None
            pattern = pattern if self.color else ""
        if self.pattern is not None:
            pattern = self.pattern
        if self.pattern_color is not None:
            front = Color(rgb=f"FF{self.pattern_color}")
        if pattern:
            kind = cast(Literal["gray125"], pattern)
            return PatternFill(
                kind, fgColor=front or Color(indexed=64), bgColor=back or Color(indexed=65)
            )
        return PatternFill("solid", fgColor=back) if back is not None else PatternFill()


def _fill_parts(fill: Any) -> tuple[Color | None, str, Color | None]:
    """(background, pattern, colour of the pattern) of a fill as it is."""
    if fill.tagname != "patternFill" or fill.fill_type in (None, "none"):
        return None, "", None
    if fill.fill_type == "solid":
        return copy(fill.fgColor), "", None
    return copy(fill.bgColor), str(fill.fill_type), copy(fill.fgColor)


@dataclass(frozen=True)
class Line:
    """A border for the sides at a place; ``side`` None leaves the kind of line."""

    place: str
    side: Side


@dataclass(frozen=True)
class Changes:
    """A checked style: texts turned into colours, codes and border sides."""

    font: dict[str, object] = field(default_factory=dict)
    fill: Fill | None = None
    alignment: dict[str, object] = field(default_factory=dict)
    protection: dict[str, object] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()
    recolor: str = ""
    number_format: str = ""

    def apply(self, cell: Any, edges: Mapping[str, bool], *, number: bool) -> None:
        """Change how a cell looks.

        :param edges: which sides of the cell are at the edge of its area
        :param number: whether it holds a number
        """
        if self.font:
            cell.font = _with(cell.font, self.font)
        if self.fill is not None:
            cell.fill = self.fill.over(cell.fill)
        if self.alignment:
            cell.alignment = _indented(_with(cell.alignment, self.alignment), number=number)
        if self.protection:
            cell.protection = _with(cell.protection, self.protection)
        if self.lines or self.recolor:
            cell.border = self._border(cell.border, edges)
        if self.number_format:
            cell.number_format = self.number_format

    def _border(self, before: Any, edges: Mapping[str, bool]) -> Border:
        border = cast(Border, copy(before))
        for line in self.lines:
            _draw(border, line, edges)
        for name in (*SIDES, "diagonal") if self.recolor else ():
            side = getattr(border, name)
            if side is not None and side.style:
                setattr(border, name, Side(side.style, Color(rgb=f"FF{self.recolor}")))
        return border


def _with(part: Part, changes: dict[str, object]) -> Part:
    changed = copy(part)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed


def _indented(alignment: Any, *, number: bool) -> Any:
    """An indent shows only in cells that are aligned to a side."""
    if alignment.indent and alignment.horizontal not in ("left", "right", "distributed"):
        alignment.horizontal = "right" if number else "left"
    return alignment


def _draw(border: Border, line: Line, edges: Mapping[str, bool]) -> None:
    place = line.place
    if place.startswith("diagonal"):
        drawn = line.side.style is not None
        border.diagonal = line.side
        if place != "diagonal down":
            border.diagonalUp = drawn
        if place != "diagonal up":
            border.diagonalDown = drawn
        return
    names = {
        "outline": [name for name in SIDES if edges[name]],
        "inside": [name for name in SIDES if not edges[name]],
        "horizontal": [name for name in ("top", "bottom") if not edges[name]],
        "vertical": [name for name in ("left", "right") if not edges[name]],
    }.get(place, [place] if place in SIDES else list(SIDES))
    for name in names:
        setattr(border, name, line.side)


# Checking ---------------------------------------------------------------------


def changes_of(style: CellStyle) -> Changes:
    """What a style sets.

    :raises InvalidValue: for a colour, border, pattern, number format or size that is none
    :raises InvalidParameters: for settings that say different things, or nothing
    """
    _check_measures(style)
    _check_pairs(style)
    lines = _lines(style)
    return Changes(
        font=_font(style),
        fill=_fill(style),
        alignment=_alignment(style),
        protection=given({"locked": style.locked, "hidden": style.hide_formula}),
        lines=lines,
        recolor=parse_color(style.border_color, "border_color")
        if style.border_color and not lines
        else "",
        number_format=number_format_code(style.number_format) if style.number_format else "",
    )


def given(values: dict[str, object]) -> dict[str, object]:
    """Those that are set."""
    return {name: value for name, value in values.items() if value is not None}


def _check_measures(style: CellStyle) -> None:
    limits = {
        "size": (style.size, 1, 409),
        "width": (style.width, 0, 255),
        "height": (style.height, 0, 409),
        "indent": (style.indent, 0, MOST_INDENT),
        "rotation": (style.rotation, -90, 90),
    }
    for name, (value, least, most) in limits.items():
        if value is not None and not isinstance(value, str) and not least <= value <= most:
            raise InvalidValue(
                f"{name} is {value}; Excel allows {least} to {most}.",
                "Sizes and heights are in points, widths in characters, rotation in degrees.",
            )
    if style.font is not None and not (
        style.font.isprintable() and 0 < len(style.font.strip()) < 32
    ):
        raise InvalidValue(
            f"font: {style.font[:40]!r} is no name of a font; Excel allows 1 to 31 characters.",
            "Use a name such as Calibri or Arial.",
        )
    if style.number_format == "":
        raise InvalidValue("number_format is empty.", "Use general to take a number format away.")


def _check_pairs(style: CellStyle) -> None:
    """Refuse settings that need another one, or say something else than another one."""
    needs = {"gradient_angle": "gradient", "pattern_color": "pattern"}
    for name, needed in needs.items():
        if getattr(style, name) is not None and getattr(style, needed) is None:
            raise InvalidParameters(
                f"{name} has no effect without {needed}.", f"Send {needed} together with {name}."
            )
    rivals = [
        ("gradient", "fill"), ("gradient", "pattern"), ("named_style", "new_style"),
        ("wrap", "shrink"),
    ]  # fmt: skip
    for name, other in rivals:
        if getattr(style, name) and getattr(style, other):
            raise InvalidParameters(
                f"{name} and {other} can't be had together.", "Leave one of them out."
            )


def _font(style: CellStyle) -> dict[str, object]:
    changes = given(
        {
            "bold": style.bold,
            "italic": style.italic,
            "strike": style.strike,
            "name": style.font.strip() if style.font else None,
            "size": style.size,
        }
    )
    if style.underline is not None:
        word, _, accounting = style.underline.partition(" ")
        changes["underline"] = None if word == "none" else word + accounting.capitalize()
    if style.script is not None:
        changes["vertAlign"] = None if style.script == "normal" else style.script
    if style.font is not None:
        changes["scheme"] = None  # a font of the theme would win over the name
    if style.color is not None:
        changes["color"] = Color(rgb="FF" + parse_color(style.color, "color"))
    return changes


def _alignment(style: CellStyle) -> dict[str, object]:
    rotation = style.rotation
    if rotation == "vertical":
        rotation = UPRIGHT
    elif rotation is not None and rotation < 0:
        rotation = 90 - rotation  # as the file counts: 91 to 180 read downwards
    changes = given(
        {
            "vertical": style.valign,
            "wrap_text": style.wrap,
            "shrink_to_fit": style.shrink,
            "indent": style.indent,
            "textRotation": rotation,
        }
    )
    if style.align is not None:
        named = {"general": None, "across selection": "centerContinuous"}
        changes["horizontal"] = named.get(style.align, style.align)
    # Of the two the one asked for last counts; Excel itself would ignore shrinking.
    if style.wrap:
        changes["shrink_to_fit"] = False
    elif style.shrink:
        changes["wrap_text"] = False
    return changes


# Fills ------------------------------------------------------------------------

_PATTERN_NAMES = {
    "dots": "gray125",
    "horizontal": "lightHorizontal",
    "vertical": "lightVertical",
    "diagonal": "lightUp",
    "grid": "lightGrid",
    "trellis": "lightTrellis",
    "gray": "mediumGray",
    "grey": "mediumGray",
}
_PATTERN_CODES = [name for name in PATTERNS if name not in ("none", "solid", "linear", "path")]
_MOST_STOPS = 10


def _fill(style: CellStyle) -> Fill | None:
    if style.gradient is not None:
        return Fill(gradient=_gradient(style.gradient, style.gradient_angle))
    if style.fill is None and style.pattern is None:
        return None
    color = None if style.fill is None else _fill_color(style.fill)
    front = style.pattern_color
    return Fill(
        color,
        None if style.pattern is None else _pattern(style.pattern),
        None if front is None else parse_color(front, "pattern_color"),
    )


def _fill_color(text: str) -> str:
    return "" if text.strip().lower() in ("none", "no fill") else parse_color(text, "fill")


def _pattern(text: str) -> str:
    plain = re.sub(r"[\s_-]+", "", text.lower())
    known: dict[str, str] = {name.lower(): name for name in _PATTERN_CODES} | _PATTERN_NAMES
    if plain in ("none", "solid"):
        return ""
    if plain not in known:
        raise InvalidValue(
            f'pattern: "{text[:40]}" is no pattern.',
            f"Use one of {', '.join([*_PATTERN_NAMES, *_PATTERN_CODES, 'none'])}.",
        )
    return known[plain]


def _gradient(colors: str | list[str], angle: float | str | None) -> GradientFill:
    texts = colors if isinstance(colors, list) else re.split(r",| to ", colors)
    if not 2 <= len(texts) <= _MOST_STOPS:
        raise InvalidValue(
            f"gradient names {len(texts)} colours; it goes from one to another.",
            f'Name 2 to {_MOST_STOPS}, such as "white, #1F4E78".',
        )
    stops = [Color(rgb="FF" + parse_color(text, "gradient")) for text in texts]
    if angle == "center":
        middle = {"left": 0.5, "right": 0.5, "top": 0.5, "bottom": 0.5}
        return GradientFill("path", stop=stops, **middle)
    return GradientFill("linear", degree=float(angle or 0) % 360, stop=stops)


# Borders ----------------------------------------------------------------------

_LINES = {
    "none": None,
    "thin": "thin",
    "medium": "medium",
    "thick": "thick",
    "double": "double",
    "dashed": "dashed",
    "dotted": "dotted",
    "hair": "hair",
    "medium dashed": "mediumDashed",
    "dash dot": "dashDot",
    "medium dash dot": "mediumDashDot",
    "dash dot dot": "dashDotDot",
    "medium dash dot dot": "mediumDashDotDot",
    "slant dash dot": "slantDashDot",
}
_PLACES = (
    "all", "outline", "inside", "horizontal", "vertical", *SIDES,
    "diagonal up", "diagonal down", "diagonal",
)  # fmt: skip
_SAME_PLACE = {"outside": "outline", "inner": "inside", "outer": "outline"}


def _lines(style: CellStyle) -> tuple[Line, ...]:
    if style.border is None:
        return ()
    if isinstance(style.border, dict):
        texts = [f"{place} {line}" for place, line in style.border.items()]
    else:
        texts = re.split(r"[,;]", style.border)
    usual = parse_color(style.border_color, "border_color") if style.border_color else ""
    return tuple(_line(text, usual) for text in texts)


def _line(text: str, usual: str) -> Line:
    """One of "outline medium red": place, kind and colour, in any order."""
    rest = " ".join(re.sub(r"[_-]", " ", text.lower()).split())
    for word, meant in _SAME_PLACE.items():
        rest = re.sub(rf"\b{word}\b", meant, rest)
    place, rest = _taken(rest, _PLACES)
    kind, rest = _taken(rest, tuple(_LINES))
    if not kind and not place:
        raise InvalidValue(
            f'border: "{text.strip()[:40]}" is no border.',
            f'Use one of {", ".join(_LINES)}, or with a place and a colour: "outline thin", '
            f'"bottom medium red" ({", ".join(_PLACES)}); several with commas between them.',
        )
    style = cast(Literal["thin"], _LINES[kind or "thin"])
    color = parse_color(rest, "border") if rest else usual
    return Line(place or "all", Side(style, Color(rgb=f"FF{color}") if color and style else None))


def _taken(text: str, phrases: tuple[str, ...]) -> tuple[str, str]:
    """(the longest of the phrases in a text or "", the text without it)."""
    for phrase in sorted(phrases, key=len, reverse=True):
        found = re.search(rf"(?<!\S){phrase}(?!\S)", text)
        if found:
            return phrase, " ".join((text[: found.start()] + text[found.end() :]).split())
    return "", text
