"""Named styles: those of the workbook, and Excel's own, which come in when they are used.

A style is put on a cell by the number that it has among the named formats (``xfId``), and by
what it sets: the parts in which it differs from Normal. All others stay as the cell has them.
Source of Excel's own: ECMA-376 part 1, 18.8.7, and annex G.2 for their look.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from typing import Any, cast

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Protection, Side
from openpyxl.styles.colors import Color
from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.xml.constants import SHEET_MAIN_NS

from service.workbook.keeping.loader import Memory
from service.workbook.package.opc import parse

MAX_NAME = 255
_ACCENT = 4  # the theme's number of its first accent colour
_TINTS = {"20%": 0.79998168889431442, "40%": 0.59999389629810485, "60%": 0.39997558519241921}
_FONT_PARTS = (
    "name", "charset", "family", "b", "i", "strike", "outline", "shadow", "condense", "color",
    "extend", "sz", "u", "vertAlign", "scheme",
)  # fmt: skip


@dataclass(frozen=True)
class Look:
    """What one of Excel's own styles sets."""

    id: int
    font: dict[str, Any] = field(default_factory=dict)
    fill: Color | None = None
    sides: dict[str, Side] = field(default_factory=dict)
    format: int = 0


def _theme(number: int, tint: float = 0.0) -> Color:
    return Color(theme=number, tint=tint)


def _rgb(text: str) -> Color:
    return Color(rgb=f"FF{text}")


def _box(line: str, color: str) -> dict[str, Side]:
    side = Side(cast(Any, line), _rgb(color))
    return dict.fromkeys(("left", "right", "top", "bottom"), side)


def _heading(size: int, line: str = "", tint: float = 0.0) -> dict[str, Any]:
    bottom = {"bottom": Side(cast(Any, line), _theme(_ACCENT, tint))} if line else {}
    return {"font": {"b": True, "sz": size, "color": _theme(3)}, "sides": bottom}


_LINK = {"u": "single"}
_PLAIN = {
    "Comma": Look(3, format=43),
    "Currency": Look(4, format=44),
    "Percent": Look(5, format=9),
    "Comma [0]": Look(6, format=41),
    "Currency [0]": Look(7, format=42),
    "Hyperlink": Look(8, {**_LINK, "color": _theme(10)}),
    "Followed Hyperlink": Look(9, {**_LINK, "color": _theme(11)}),
    "Note": Look(10, fill=_rgb("FFFFCC"), sides=_box("thin", "B2B2B2")),
    "Warning Text": Look(11, {"color": _rgb("FF0000")}),
    "Title": Look(15, {"sz": 18, "color": _theme(3), "name": "Calibri Light", "scheme": "major"}),
    "Heading 1": Look(16, **_heading(15, "thick")),
    "Heading 2": Look(17, **_heading(13, "thick", 0.499984740745262)),
    "Heading 3": Look(18, **_heading(11, "medium", _TINTS["60%"])),
    "Heading 4": Look(19, **_heading(11)),
    "Input": Look(20, {"color": _rgb("3F3F76")}, _rgb("FFCC99"), _box("thin", "7F7F7F")),
    "Output": Look(
        21, {"b": True, "color": _rgb("3F3F3F")}, _rgb("F2F2F2"), _box("thin", "3F3F3F")
    ),
    "Calculation": Look(
        22, {"b": True, "color": _rgb("FA7D00")}, _rgb("F2F2F2"), _box("thin", "7F7F7F")
    ),
    "Check Cell": Look(
        23, {"b": True, "color": _theme(0)}, _rgb("A5A5A5"), _box("double", "3F3F3F")
    ),
    "Linked Cell": Look(
        24, {"color": _rgb("FA7D00")}, sides={"bottom": Side("double", _rgb("FF8001"))}
    ),
    "Total": Look(
        25,
        {"b": True, "color": _theme(1)},
        sides={
            "top": Side("thin", _theme(_ACCENT)),
            "bottom": Side("double", _theme(_ACCENT)),
        },
    ),
    "Good": Look(26, {"color": _rgb("006100")}, _rgb("C6EFCE")),
    "Bad": Look(27, {"color": _rgb("9C0006")}, _rgb("FFC7CE")),
    "Neutral": Look(28, {"color": _rgb("9C5700")}, _rgb("FFEB9C")),
    "Explanatory Text": Look(53, {"i": True, "color": _rgb("7F7F7F")}),
}


def _accents() -> dict[str, Look]:
    """The colours of the theme: full, and in three tints."""
    found: dict[str, Look] = {}
    for number in range(6):
        first, name = 29 + 4 * number, f"Accent{number + 1}"
        found[name] = Look(first, {"color": _theme(0)}, _theme(_ACCENT + number))
        for place, (share, tint) in enumerate(_TINTS.items(), start=1):
            tinted = _theme(_ACCENT + number, tint)
            found[f"{share} - {name}"] = Look(first + place, {"color": _theme(1)}, tinted)
    return found


OWN = _PLAIN | _accents()


@dataclass(frozen=True)
class Worn:
    """A named style as it is put on a cell.

    :param number: of its named format
    :param font: attributes of the font that it sets
    :param parts: the other parts that it sets
    """

    name: str
    number: int
    font: dict[str, Any]
    parts: dict[str, Any]

    def put_on(self, cell: Any) -> None:
        """Give a cell what the style sets."""
        if self.font:
            font = copy(cell.font)
            for name, value in self.font.items():
                setattr(font, name, value)
            cell.font = font
        for name, value in self.parts.items():
            setattr(cell, name, value)
        cell.font = copy(cell.font)  # gives a cell without any format one of its own
        cell._style.xfId = self.number


class NamedStyles:
    """The named styles of an open workbook.

    :param memory: of the file that it came from, if any
    """

    def __init__(self, xl: Workbook, memory: Memory | None) -> None:
        self._xl = xl
        self._known = 0 if memory is None else memory.styles.named
        self._file: dict[str, int] | None = None if memory is None else {}
        self._first_free = 1
        if memory is not None:
            self._read(memory)

    def _read(self, memory: Memory) -> None:
        """Note the numbers that the file gives its styles."""
        package = memory.package
        for main in package.relationships("").of_kind("officeDocument"):
            for part in package.relationships(main.target).of_kind("styles"):
                root = parse(package.read(part.target))
                formats = root.find(f"{{{SHEET_MAIN_NS}}}cellStyleXfs")
                self._first_free = max(1, 0 if formats is None else len(formats))
                self._file = {
                    item.get("name", ""): int(item.get("xfId", 0))
                    for item in root.iter(f"{{{SHEET_MAIN_NS}}}cellStyle")
                }

    @property
    def names(self) -> list[str]:
        """The names of the workbook's styles."""
        return [style.name for style in self._xl._named_styles]

    def find(self, name: str) -> NamedStyle | None:
        """The workbook's style of that name; one of Excel's also where it has another language."""
        plain = name.strip().casefold()
        own = own_name(name)
        for style in self._xl._named_styles:
            if style.name.casefold() == plain:
                return cast(NamedStyle, style)
        for style in self._xl._named_styles:
            if own and style.builtinId == OWN[own].id:
                return cast(NamedStyle, style)
        return None

    def worn(self, name: str) -> Worn | None:
        """The style of that name, ready to be put on, without a change of the workbook.

        None if neither the workbook nor Excel has it.
        """
        found, own = self.find(name), own_name(name)
        if found is not None:
            return self._known_worn(found)
        if own:
            look = OWN[own]
            return Worn(own, -1, look.font, _parts(look))
        return None

    def _known_worn(self, style: NamedStyle) -> Worn:
        normal = self._xl._named_styles[0]
        font = {
            name: getattr(style.font, name)
            for name in _FONT_PARTS
            if style is normal or getattr(style.font, name) != getattr(normal.font, name)
        }
        parts = {
            name: copy(getattr(style, name))
            for name in ("fill", "border", "alignment", "protection", "number_format")
            if style is normal or getattr(style, name) != getattr(normal, name)
        }
        return Worn(style.name, self._number(style), font, parts)

    def _number(self, style: NamedStyle) -> int:
        place = next(n for n, item in enumerate(self._xl._named_styles) if item is style)
        if self._file is None:
            return place
        if place >= self._known:
            return self._first_free + place - self._known
        return self._file.get(style.name, 0)

    def taken_in(self, worn: Worn) -> Worn:
        """The style with its number; one of Excel's own becomes one of the workbook."""
        if worn.number >= 0:
            return worn
        base = copy(self._xl._named_styles[0].font)
        for name, value in worn.font.items():
            setattr(base, name, value)
        return self.add(worn.name, font=base, id_=OWN[worn.name].id, **worn.parts)

    def add(self, name: str, *, font: Font, id_: int | None = None, **parts: Any) -> Worn:
        """Make a new style."""
        number_format = parts.pop("number_format", "General")
        style = NamedStyle(name, font, number_format=number_format, builtinId=id_, **parts)
        self._xl.add_named_style(style)
        return self._known_worn(style)


def own_name(name: str) -> str:
    """Excel's spelling of one of its own styles; "" if it has none of that name."""
    plain = name.strip().casefold().replace(" %", "%").replace("headline", "heading")
    plain = plain.replace("%-", "% -").replace("-accent", "- accent").replace("accent ", "accent")
    return next((own for own in OWN if own.casefold() == plain), "")


def _parts(look: Look) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    if look.fill is not None:
        parts["fill"] = PatternFill("solid", fgColor=look.fill)
    if look.sides:
        parts["border"] = Border(**look.sides)
    if look.format:
        parts["number_format"] = BUILTIN_FORMATS[look.format]
    return parts


def plain_parts() -> dict[str, Any]:
    """The parts of a cell without any format."""
    return {
        "fill": PatternFill(),
        "border": Border(),
        "alignment": Alignment(),
        "protection": Protection(),
        "number_format": "General",
    }
