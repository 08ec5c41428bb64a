"""Charts of the kinds that came with Excel 2016, drawn from the XML of their parts."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field

from lxml import etree

from service.workbook.display import shown_text
from service.workbook.new_charts import CX, NewChart
from service.workbook.preview.axis_scales import Frame, scale_for
from service.workbook.preview.chart_reading import Axis, ChartData, Group, Series
from service.workbook.preview.palette import Palette
from service.workbook.preview.plots import draw_axes
from service.workbook.preview.rounds import _sector
from service.workbook.preview.svg import Node, node, text

_X = f"{{{CX}}}"
_MOST = 500


@dataclass
class _Data:
    names: list[list[str]] = field(default_factory=list)  # by level, the innermost first
    values: list[float] = field(default_factory=list)

    def name(self, place: int) -> str:
        return self.names[0][place] if self.names and place < len(self.names[0]) else ""

    def parent(self, place: int) -> str:
        outer = self.names[-1] if self.names else []
        known = [text for text in outer[: place + 1] if text]
        return known[-1] if known else ""


def draw_later(chart: NewChart, root: etree._Element, frame: Frame, palette: Palette) -> list[Node]:
    """The drawing of such a chart; nothing where its kind can't be drawn."""
    data = _read(root)
    if not any(one.values for one in data):
        return []
    accents = palette.accents
    kinds = {
        "waterfall": _waterfall, "funnel": _funnel, "histogram": _histogram, "pareto": _pareto,
        "treemap": _treemap, "sunburst": _sunburst,
    }  # fmt: skip
    if chart.kind == "box":
        return _boxes(data, frame, accents)
    draw = kinds.get(chart.kind)
    if draw is None:
        return []
    if chart.kind == "waterfall":
        totals = {int(item.get("val", "-1")) for item in root.iter(f"{_X}idx")}
        return _waterfall(data[0], frame, accents, totals)
    return draw(data[0], frame, accents)


def _read(root: etree._Element) -> list[_Data]:
    found = []
    for item in root.iter(f"{_X}data"):
        one = _Data()
        for dimension in item.iter(f"{_X}strDim"):
            for level in dimension.findall(f"{_X}lvl"):
                points = {int(p.get("idx", "0")): p.text or "" for p in level.findall(f"{_X}pt")}
                count = min(int(level.get("ptCount", "0")), _MOST)
                one.names.append([points.get(n, "") for n in range(count)])
        for dimension in item.iter(f"{_X}numDim"):
            for level in dimension.findall(f"{_X}lvl"):
                points = {int(p.get("idx", "0")): p.text or "" for p in level.findall(f"{_X}pt")}
                count = min(int(level.get("ptCount", "0")), _MOST)
                one.values = [_number(points.get(n, "")) for n in range(count)]
        found.append(one)
    return found or [_Data()]


def _number(text_: str) -> float:
    try:
        return float(text_)
    except ValueError:
        return 0.0


def _plotted(groups: list[Group], frame: Frame, *, second: bool = False) -> list[Node]:
    data = ChartData("", groups, values=Axis(grid=True))
    if second:
        data.second = Axis(least=0.0, most=1.0, number_format="0%")
    below, above = draw_axes(data, frame)
    return below + above


def _waterfall(
    data: _Data, frame: Frame, accents: list[str], totals: set[int] | None = None
) -> list[Node]:
    names = [data.name(place) for place in range(len(data.values))]
    base: list[float | None] = []
    rise: list[float | None] = []
    points: dict[int, str] = {}
    level = 0.0
    for place, value in enumerate(data.values):
        start = 0.0 if place in (totals or set()) else level
        level = value if place in (totals or set()) else level + value
        low, high = sorted((start, level))
        base.append(low)
        rise.append(high - low)
        kind = 2 if place in (totals or set()) else (0 if value >= 0 else 1)
        points[place] = accents[kind]
    # What is under a step is a pile that nobody sees.
    below = Series("", names, base, color="FFFFFF")
    steps = Series("", names, rise, color=accents[0], points=points)
    drawn = _plotted([Group("bar", [below, steps], "stacked", gap=50.0)], frame)
    hidden = len(base)
    rects = [item for item in drawn if item[0] == "rect"]
    gone = {id(item) for item in rects[:hidden]}
    out = [item for item in drawn if id(item) not in gone]
    for item, value, name in zip(rects[hidden:], data.values, names, strict=False):
        item[2] = node("title", f"{name}, {shown_text(value, 'General')}")
    return out


def _funnel(data: _Data, frame: Frame, accents: list[str]) -> list[Node]:
    most = max((abs(value) for value in data.values), default=1.0) or 1.0
    room = min(max((len(data.name(n)) for n in range(len(data.values))), default=0) * 6.0 + 8,
               frame.width * 0.4)  # fmt: skip
    left, width = frame.left + room, frame.width - room
    slot = frame.height / max(len(data.values), 1)
    out = []
    for place, value in enumerate(data.values):
        wide = abs(value) / most * width
        y = frame.top + place * slot
        shown = shown_text(value, "General")
        out.append(node("rect", node("title", f"{data.name(place)}, {shown}"),
                        x=left + (width - wide) / 2, y=y + slot * 0.06, width=max(wide, 1.0),
                        height=slot * 0.88, fill=f"#{accents[0]}"))  # fmt: skip
        y += slot / 2 + 4
        out.append(text(left - 6, y, data.name(place), class_="cl", text_anchor="end"))
        out.append(text(left + width / 2, y, shown, class_="cw", text_anchor="middle"))
    return out


def _histogram(data: _Data, frame: Frame, accents: list[str]) -> list[Node]:
    low, high = min(data.values), max(data.values)
    spread = statistics.pstdev(data.values) if len(data.values) > 1 else 0.0
    width = 3.49 * spread / len(data.values) ** (1 / 3) or 1.0  # as Excel chooses it
    count = min(max(int((high - low) / width + 0.999), 1), 50)
    edges = [low + width * number for number in range(count + 1)]
    counts = [0] * count
    for value in data.values:
        counts[min(int((value - low) / width), count - 1)] += 1
    names = [
        f"{'[' if n == 0 else '('}{shown_text(edges[n], '0.##').rstrip('.')}, "
        f"{shown_text(edges[n + 1], '0.##').rstrip('.')}]"
        for n in range(count)
    ]
    one = Series("", names, [float(number) for number in counts], color=accents[0])
    return _plotted([Group("bar", [one], "clustered", gap=6.0)], frame)


def _pareto(data: _Data, frame: Frame, accents: list[str]) -> list[Node]:
    sums: dict[str, float] = {}
    for place, value in enumerate(data.values):
        sums[data.name(place)] = sums.get(data.name(place), 0.0) + value
    order = sorted(sums.items(), key=lambda pair: -pair[1])
    total = sum(sums.values()) or 1.0
    shares: list[float | None] = []
    level = 0.0
    for _, value in order:
        level += value
        shares.append(level / total)
    names = [name for name, _ in order]
    values: list[float | None] = [value for _, value in order]
    bars = Group("bar", [Series("", names, values, color=accents[0])], "clustered", gap=6.0)
    line = Series("", names, shares, color=accents[1], number_format="0%")
    return _plotted([bars, Group("line", [line], second=True)], frame, second=True)


def _boxes(data: list[_Data], frame: Frame, accents: list[str]) -> list[Node]:
    groups = _box_groups(data)
    values = [value for _, _, found in groups for value in found]
    shell = Series("", [name for name, _, _ in groups], [None] * len(groups), color=accents[0])
    plot = ChartData("", [Group("line", [shell])], values=Axis(grid=True))
    low, high = min(values), max(values)
    shell.values = [high, *([low] * (len(groups) - 1))] if len(groups) > 1 else [high]
    reach = Series("", shell.categories, [low, high], color=accents[0], line=False)
    reach.values += [None] * (len(groups) - 2)
    plot.groups[0].series = [shell, reach]
    below, _ = draw_axes(plot, frame)
    scale = scale_for([low, high], plot.values, zero=False)
    slot = frame.width / max(len(groups), 1)
    out = []
    for place, (name, index, found) in enumerate(groups):
        out += _box(found, name, frame.left + (place + 0.5) * slot, min(slot * 0.5, 60.0),
                    lambda v: frame.bottom - scale.share(v) * frame.height,
                    accents[index % 6])  # fmt: skip
    return below + out


def _box_groups(data: list[_Data]) -> list[tuple[str, int, list[float]]]:
    """(name, number of the series, values) of each box."""
    found: dict[tuple[str, int], list[float]] = {}
    for index, one in enumerate(data):
        for place, value in enumerate(one.values):
            found.setdefault((one.name(place), index), []).append(value)
    return [(name, index, values) for (name, index), values in found.items()]


def _box(
    values: list[float], name: str, x: float, width: float, at: object, color: str
) -> list[Node]:
    place = at  # where a value lies
    assert callable(place)
    low, high = min(values), max(values)
    first, middle, third = (
        statistics.quantiles(values, n=4, method="exclusive") if len(values) > 1 else [low] * 3
    )
    first, third = max(first, low), min(third, high)
    box = place(third), place(first)
    told = node("title", f"{name}: {low:g} to {high:g}, median {middle:g}")
    return [
        node("line", class_="ca", x1=x, x2=x, y1=place(high), y2=place(low)),
        node("line", class_="ca", x1=x - width / 4, x2=x + width / 4, y1=place(high),
             y2=place(high)),
        node("line", class_="ca", x1=x - width / 4, x2=x + width / 4, y1=place(low), y2=place(low)),
        node("rect", told, x=x - width / 2, y=box[0], width=width,
             height=max(box[1] - box[0], 1.0), fill=f"#{color}", class_="cs"),
        node("line", class_="ca", x1=x - width / 2, x2=x + width / 2, y1=place(middle),
             y2=place(middle)),
    ]  # fmt: skip


# Parts of a whole -----------------------------------------------------------------


def _families(data: _Data) -> dict[str, list[tuple[str, float]]]:
    found: dict[str, list[tuple[str, float]]] = {}
    for place, value in enumerate(data.values):
        if value > 0:
            found.setdefault(data.parent(place), []).append((data.name(place), value))
    return found


def _treemap(data: _Data, frame: Frame, accents: list[str]) -> list[Node]:
    families = _families(data)
    sums = [(name, sum(v for _, v in items)) for name, items in families.items()]
    out: list[Node] = []
    for number, (name, box) in enumerate(_tiles(sorted(sums, key=lambda p: -p[1]), frame)):
        color = accents[number % len(accents)]
        for leaf, place in _tiles(sorted(families[name], key=lambda p: -p[1]), box):
            out.append(node("rect", node("title", f"{name} {leaf}"), class_="cs", x=place.left,
                            y=place.top, width=place.width, height=place.height,
                            fill=f"#{color}"))  # fmt: skip
            if place.width > len(leaf) * 6 + 8 and place.height > 18:
                out.append(text(place.left + 6, place.top + 15, leaf, class_="cw"))
    return out


def _tiles(items: list[tuple[str, float]], frame: Frame) -> list[tuple[str, Frame]]:
    """Rectangles as large as the values, the longer side cut each time."""
    if len(items) <= 1:
        return [(name, frame) for name, _ in items]
    total, level, cut = sum(value for _, value in items), 0.0, 1
    for cut in range(1, len(items)):
        level += items[cut - 1][1]
        if level >= total / 2:
            break
    share = level / total
    left, top, right, bottom = frame.left, frame.top, frame.right, frame.bottom
    if frame.width >= frame.height:
        middle = left + frame.width * share
        halves = Frame(left, top, middle, bottom), Frame(middle, top, right, bottom)
    else:
        middle = top + frame.height * share
        halves = Frame(left, top, right, middle), Frame(left, middle, right, bottom)
    return _tiles(items[:cut], halves[0]) + _tiles(items[cut:], halves[1])


def _sunburst(data: _Data, frame: Frame, accents: list[str]) -> list[Node]:
    x, y = (frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2
    radius = max(min(frame.width, frame.height) / 2 - 4, 8.0)
    total = sum(value for value in data.values if value > 0) or 1.0
    out: list[Node] = []
    labels: list[Node] = []
    angle = -math.pi / 2
    for number, (name, items) in enumerate(_families(data).items()):
        color = accents[number % len(accents)]
        span = sum(value for _, value in items) / total * 2 * math.pi
        rings = [(name, angle, span, radius * 0.2, radius * 0.58)]
        inner = angle
        for leaf, value in items:
            part = value / total * 2 * math.pi
            rings.append((leaf, inner, part, radius * 0.58, radius))
            inner += part
        for words, start, wide, near, far in rings:
            shape = _sector(x, y, far, near, start, wide)
            out.append(node("path", node("title", words), d=shape, fill=f"#{color}", class_="cs"))
            if wide * (near + far) / 2 > 16:
                middle, reach = start + wide / 2, (near + far) / 2
                labels.append(text(x + reach * math.cos(middle), y + reach * math.sin(middle) + 4,
                                   words[:10], class_="cw", text_anchor="middle"))  # fmt: skip
        angle += span
    return out + labels
