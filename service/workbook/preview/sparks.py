"""Sparklines drawn: a small line, columns, or wins and losses inside of a cell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lxml import etree
from openpyxl.styles.colors import Color

from service.errors import InvalidRange
from service.languages import say
from service.workbook.areas import MAX_COLUMN, MAX_ROW, Area, parse_area, split_sheet
from service.workbook.calculation.results import serial_number
from service.workbook.cells import tidy_number
from service.workbook.chart_caches import Cells
from service.workbook.keeping.extensions import X14, XM
from service.workbook.package.opc import parse
from service.workbook.preview.palette import Palette
from service.workbook.preview.svg import Node, at_dusk, node, path

Place: TypeAlias = tuple[int, int]
Values: TypeAlias = list[float | None]

_G, _F = f"{{{X14}}}", f"{{{XM}}}"
_GRID = Area(1, 1, MAX_ROW, MAX_COLUMN)
_MOST = 2_000  # values of one
_WORDS = {
    "line": "sparkline (line)",
    "column": "sparkline (columns)",
    "stacked": "sparkline (wins and losses)",
}
_EDGE = 3.0  # pixels around the drawing


@dataclass
class _Group:
    """How the sparklines of a group look.

    :param colors: by what they are of: "Series", "Negative", "High" ...
    :param asked: its attributes
    """

    asked: dict[str, str]
    colors: dict[str, str]
    sources: list[str] = field(default_factory=list)
    bounds: tuple[float, float] | None = None  # of all its sparklines

    @property
    def kind(self) -> str:
        return self.asked.get("type", "line")

    def on(self, name: str) -> bool:
        return self.asked.get(name, "0") in ("1", "true")


class Sparks:
    """The sparklines of a sheet by their cells."""

    def __init__(self, groups: list[bytes], cells: Cells, palette: Palette) -> None:
        self.cells = cells
        self.places: dict[Place, tuple[_Group, str]] = {}
        for group in map(parse, groups):
            self._read(group, palette)

    def _read(self, root: etree._Element, palette: Palette) -> None:
        colors = {
            etree.QName(item).localname.removeprefix("color"): palette.rgb(_color(item))
            for item in root
            if etree.QName(item).localname.startswith("color")
        }
        group = _Group({str(k): str(v) for k, v in root.items()}, colors)
        for item in root.iter(f"{_G}sparkline"):
            source = item.findtext(f"{_F}f") or ""
            group.sources.append(source)
            area = _area(item.findtext(f"{_F}sqref") or "")
            if area is not None:
                self.places[area.first_row, area.first_column] = group, source

    def drawn(self, place: Place, width: float, height: float) -> tuple[Node, str]:
        """(the sparkline of a cell as large as that, what it is in words)."""
        group, source = self.places[place]
        values = self._values(source, group)
        if group.on("rightToLeft"):
            values.reverse()
        known = [value for value in values if value is not None]
        out: list[Node] = []
        if known:
            box = _Box(width, height, *self._bounds(group, known), len(values))
            out = _line(group, values, box) if group.kind == "line" else _columns(
                group, values, box)  # fmt: skip
        picture = node("svg", *at_dusk(out), viewBox=f"0 0 {width:g} {height:g}",
                       preserveAspectRatio="none", aria_hidden="true")  # fmt: skip
        return picture, _told(group, known)

    def _values(self, source: str, group: _Group) -> Values:
        title, reference = split_sheet(source)
        area = _area(reference)
        if area is None or area.cells > _MOST:
            return []
        found: Values = []
        for row in range(area.first_row, area.last_row + 1):
            for column in range(area.first_column, area.last_column + 1):
                if group.on("displayHidden") or not self.cells.hidden(title, row, column):
                    found.append(self._number(self.cells.value(title, row, column)))
        empty = group.asked.get("displayEmptyCellsAs", "zero")
        return [0.0 if v is None and empty == "zero" else v for v in found]

    def _number(self, value: object) -> float | None:
        if isinstance(value, bool) or value is None or isinstance(value, str):
            return None
        number = serial_number(value, self.cells.epoch)
        return float(number) if isinstance(number, int | float) else None

    def _bounds(self, group: _Group, known: list[float]) -> tuple[float, float]:
        if group.kind == "stacked":
            return -1.0, 1.0
        low, high = min(known), max(known)
        kinds = group.asked.get("minAxisType"), group.asked.get("maxAxisType")
        if "group" in kinds:
            if group.bounds is None:
                every = [v for s in group.sources for v in self._values(s, group) if v is not None]
                group.bounds = min(every), max(every)
            low = group.bounds[0] if kinds[0] == "group" else low
            high = group.bounds[1] if kinds[1] == "group" else high
        if group.kind == "column" and kinds[0] != "custom":
            low = min(low, 0.0) if low < 0 or kinds[0] == "group" else low - (high - low) * 0.1
        if kinds[0] == "custom":
            low = float(group.asked.get("manualMin", low))
        if kinds[1] == "custom":
            high = float(group.asked.get("manualMax", high))
        return low, high


def spark_places(groups: list[bytes]) -> list[Place]:
    """The cells of sparklines."""
    found = [
        _area(item.findtext(f"{_F}sqref") or "")
        for group in groups
        for item in parse(group).iter(f"{_G}sparkline")
    ]
    return [(area.first_row, area.first_column) for area in found if area is not None]


@dataclass(frozen=True)
class _Box:
    """Where the values of a sparkline lie."""

    width: float
    height: float
    low: float
    high: float
    count: int

    def y(self, value: float) -> float:
        room = self.height - 2 * _EDGE
        if self.high <= self.low:
            return self.height / 2
        share = min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)
        return self.height - _EDGE - share * room

    @property
    def slot(self) -> float:
        return (self.width - 2 * _EDGE) / max(self.count, 1)

    def x(self, number: int) -> float:
        return _EDGE + (number + 0.5) * self.slot


def _area(text: str) -> Area | None:
    try:
        return parse_area(text.split(" ", maxsplit=1)[0], _GRID) if text else None
    except InvalidRange:
        return None


def _color(item: etree._Element) -> Any:
    given = {str(name): value for name, value in item.items()}
    if "theme" in given:
        return Color(theme=int(given["theme"]), tint=float(given.get("tint", 0)))
    if "indexed" in given:
        return Color(indexed=int(given["indexed"]))
    return Color(rgb=str(given.get("rgb", "FF376092")))


def _marked(group: _Group, values: Values) -> dict[int, str]:
    """The points that stand out, with the colour of each."""
    known = [(value, number) for number, value in enumerate(values) if value is not None]
    found: dict[int, str] = {}

    def color(name: str) -> str:
        return group.colors.get(name) or group.colors.get("Series") or "376092"

    if group.on("negative"):
        found |= {number: color("Negative") for value, number in known if value < 0}
    ends = {"first": known[0][1], "last": known[-1][1]}
    found |= {ends[name]: color(name.capitalize()) for name in ends if group.on(name)}
    for name, value in (("low", min(known)[0]), ("high", max(known)[0])):
        if group.on(name):
            found |= {number: color(name.capitalize()) for v, number in known if v == value}
    return found


def _line(group: _Group, values: Values, box: _Box) -> list[Node]:
    color = f"#{group.colors.get('Series') or '376092'}"
    runs: list[list[tuple[float, float]]] = [[]]
    for number, value in enumerate(values):
        if value is not None:
            runs[-1].append((box.x(number), box.y(value)))
        elif group.asked.get("displayEmptyCellsAs", "zero") != "span":
            runs.append([])
    weight = max(float(group.asked.get("lineWeight", 0.75)) * 4 / 3, 1.0)
    out = _axis(group, box)
    out += [
        node("path", d=path(run), fill="none", stroke=color, stroke_width=weight,
             stroke_linejoin="round", vector_effect="non-scaling-stroke")
        for run in runs if len(run) > 1
    ]  # fmt: skip
    dots = {n: f"{group.colors.get('Markers') or color[1:]}" for n, v in enumerate(values)
            if v is not None and group.on("markers")}  # fmt: skip
    for number, dot in {**dots, **_marked(group, values)}.items():
        out.append(node("circle", cx=box.x(number), cy=box.y(values[number] or 0.0), r=2.2,
                        fill=f"#{dot}"))  # fmt: skip
    return out


def _columns(group: _Group, values: Values, box: _Box) -> list[Node]:
    color = group.colors.get("Series") or "376092"
    marked = _marked(group, values)
    zero = box.y(min(max(0.0, box.low), box.high))
    out = []
    for number, value in enumerate(values):
        if not value:
            continue
        if group.kind == "stacked":
            value = 1.0 if value > 0 else -1.0
        top, bottom = sorted((box.y(value), zero))
        out.append(node("rect", x=box.x(number) - box.slot * 0.4, y=top, width=box.slot * 0.8,
                        height=max(bottom - top, 1.0),
                        fill=f"#{marked.get(number, color)}"))  # fmt: skip
    return out + _axis(group, box)


def _axis(group: _Group, box: _Box) -> list[Node]:
    if not group.on("displayXAxis") or not box.low < 0 < box.high:
        return []
    y = box.y(0.0)
    return [node("line", x1=_EDGE, x2=box.width - _EDGE, y1=y, y2=y, class_="ca")]


def _told(group: _Group, known: list[float]) -> str:
    kind = say(_WORDS.get(group.kind, _WORDS["line"]))
    if not known:
        return say("{kind} without numbers", kind=kind)
    ends = {"first": known[0], "last": known[-1], "lowest": min(known), "highest": max(known)}
    told = {name: tidy_number(value) for name, value in ends.items()}
    return say(
        "{kind} of {count} values: first {first}, last {last}, lowest {lowest}, highest {highest}",
        kind=kind,
        count=len(known),
        **told,
    )
