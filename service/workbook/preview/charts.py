"""A sheet's charts drawn: title, legend, plot; a named box for what can't be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lxml import etree

from service.languages import say
from service.workbook.chart_caches import Cells, refresh
from service.workbook.drawn import CHART, chart_tree
from service.workbook.new_charts import NewChart
from service.workbook.preview.axis_scales import Frame
from service.workbook.preview.chart_reading import ChartData, Group, read_chart
from service.workbook.preview.later_charts import draw_later
from service.workbook.preview.palette import Palette
from service.workbook.preview.plots import draw_axes
from service.workbook.preview.rounds import draw_pies, draw_web
from service.workbook.preview.svg import Node, at_dusk, node, text

_C = f"{{{CHART}}}"
_LETTER = 6.2
_MOST_ENTRIES = 30
_WORDS = {
    "bar": "Column chart", "line": "Line chart", "area": "Area chart", "pie": "Pie chart",
    "doughnut": "Doughnut chart", "scatter": "Scatter chart", "bubble": "Bubble chart",
    "radar": "Radar chart", "stock": "Stock chart",
    "waterfall": "Waterfall chart", "funnel": "Funnel chart", "histogram": "Histogram chart",
    "pareto": "Pareto chart", "treemap": "Treemap chart", "sunburst": "Sunburst chart",
    "box": "Box chart", "map": "Map chart",
}  # fmt: skip


@dataclass(frozen=True)
class Drawing:
    """A chart of a size in pixels, and what it is in words."""

    picture: Node
    words: str


def draw(chart: Any, cells: Cells, palette: Palette, width: int, height: int) -> Drawing:
    """The drawing of a chart of any kind.

    :param cells: whose values it shows
    """
    if isinstance(chart, NewChart):
        root = chart.tree
        refresh(root, cells)
        kind = say(_WORDS.get(chart.kind, "Chart"))
        title = chart.title or kind
        frame, out = _headed(title, width, height)
        drawn = draw_later(chart, root, frame, palette)
        words = say("{chart}: {title}", chart=kind, title=title)
        return _finished(out + drawn, words, drawn, width, height)
    root = chart_tree(chart)
    refresh(root, cells)
    if _texts_as_numbers(root):
        refresh(root, cells)
    return _of_old_kind(read_chart(root, palette), width, height, root)


def _texts_as_numbers(root: etree._Element) -> bool:
    """Whether there were categories kept as numbers of which none is one; they are texts now.

    Some programs write all categories so, and Excel shows the cells' texts.
    """
    found = False
    for name in ("cat", "xVal"):
        for reference in list(root.iterfind(f".//{_C}{name}/{_C}numRef")):
            cache = reference.find(f"{_C}numCache")
            if cache is not None and cache.find(f"{_C}pt") is None:
                reference.remove(cache)
                reference.tag = f"{_C}strRef"
                found = True
    return found


def _of_old_kind(data: ChartData, width: int, height: int, root: etree._Element) -> Drawing:
    words = _words(data)
    frame, out = _headed(data.title, width, height)
    out += _legend(data, frame)
    kinds = {group.kind for group in data.groups}
    drawn: list[Node]
    values = [v for g in data.groups for one in g.series for v in one.values]
    empty = bool(data.groups) and all(value is None for value in values)
    if not data.groups or empty:
        drawn = []
    elif kinds & {"pie", "doughnut"}:
        drawn = draw_pies(data.groups[0], frame)
    elif "radar" in kinds:
        drawn = draw_web(data, frame)
    else:
        below, drawn = draw_axes(data, frame)
        out += below
    return _finished(out + drawn, words, drawn, width, height, empty=empty)


def _finished(
    out: list[Node], words: str, drawn: list[Node], width: int, height: int, *, empty: bool = False
) -> Drawing:
    if not drawn:
        empty_words = say("Its cells hold no numbers.")
        why = empty_words if empty else say("This chart shows in Excel.")
        out.append(text(width / 2, height / 2, why, class_="cl",
                        text_anchor="middle"))  # fmt: skip
    at_dusk(out)
    ground = node("rect", class_="cb", x=0.5, y=0.5, width=width - 1.0, height=height - 1.0)
    picture = node("svg", ground, *out, viewBox=f"0 0 {width} {height}", width=width,
                   height=height, role="img", aria_label=words)  # fmt: skip
    return Drawing(picture, words)


def _headed(title: str, width: int, height: int) -> tuple[Frame, list[Node]]:
    frame = Frame(10.0, 12.0, width - 12.0, height - 8.0)
    if not title:
        return frame, []
    size = 16 if width > 300 else 13
    most = max(int(width / (size * 0.52)), 4)
    words = title if len(title) <= most else f"{title[: most - 1]}…"
    frame.top += size + 12
    heading = text(width / 2, size + 10, words, class_="ct", text_anchor="middle",
                   font_size=size)  # fmt: skip
    return frame, [heading]


def _entries(data: ChartData) -> list[tuple[str, str, bool]]:
    """(name, colour, whether it is a line) of each entry of the legend."""
    found = []
    for group in data.groups:
        if group.kind in ("pie", "doughnut"):
            one = group.series[0] if group.series else None
            if one is not None:
                return [
                    (one.categories[n] if n < len(one.categories) else str(n + 1),
                     one.points.get(n, one.color), False)
                    for n in range(len(one.values))
                ][:_MOST_ENTRIES]  # fmt: skip
        line = group.kind in ("line", "radar", "scatter")
        found += [(one.name, one.color, line) for one in group.series]
    found += [
        (trend.named(one.name), trend.color, True)
        for group in data.groups
        for one in group.series
        for trend in one.trends
    ]
    return [entry for n, entry in enumerate(found) if n not in data.left_out][:_MOST_ENTRIES]


def _legend(data: ChartData, frame: Frame) -> list[Node]:
    entries = _entries(data)
    if not data.legend or not entries:
        return []
    widths = [min(len(name), 28) * _LETTER + 26 for name, _, _ in entries]
    if data.legend in ("r", "l", "tr"):
        return _legend_beside(data.legend, entries, min(max(widths), frame.width * 0.4), frame)
    lines: list[list[int]] = [[]]
    room = 0.0
    for number, wide in enumerate(widths):
        if lines[-1] and room + wide > frame.width:
            lines.append([])
            room = 0.0
        lines[-1].append(number)
        room += wide
    lines = lines[: max(int(frame.height * 0.3 / 16), 1)]
    top = frame.top if data.legend == "t" else frame.bottom - 16 * len(lines)
    if data.legend == "t":
        frame.top += 16 * len(lines) + 4
    else:
        frame.bottom -= 16 * len(lines) + 4
    out: list[Node] = []
    for row, line in enumerate(lines):
        x = (frame.left + frame.right - sum(widths[n] for n in line)) / 2
        for number in line:
            out += _entry(*entries[number], x, top + row * 16 + 8)
            x += widths[number]
    return out


def _legend_beside(
    side: str, entries: list[tuple[str, str, bool]], wide: float, frame: Frame
) -> list[Node]:
    x = frame.right - wide if side != "l" else frame.left
    if side == "l":
        frame.left += wide + 6
    else:
        frame.right -= wide + 6
    shown = entries[: max(int(frame.height / 17), 1)]
    top = (frame.top + frame.bottom - 17 * len(shown)) / 2
    out: list[Node] = []
    for number, entry in enumerate(shown):
        out += _entry(*entry, x, top + number * 17 + 8, most=max(int((wide - 20) / _LETTER), 3))
    return out


def _entry(name: str, color: str, line: bool, x: float, y: float, most: int = 28) -> list[Node]:
    words = name if len(name) <= most else f"{name[: most - 1]}…"
    mark = node("rect", x=x, y=y - (1 if line else 4), width=14 if line else 8,
                height=2.5 if line else 8, fill=f"#{color}")  # fmt: skip
    return [mark, text(x + 18 - (0 if line else 4), y + 4, words, class_="cl")]


def _words(data: ChartData) -> str:
    """The chart for those who can't see it."""
    names = list(dict.fromkeys(_word(group) for group in data.groups))
    kind = say(names[0] if names else "Chart")
    for name in names[1:]:
        kind = say("{one} and {other}", one=kind, other=say(name.lower()))
    series = [one for group in data.groups for one in group.series]
    told = ", ".join(one.name for one in series[:8] if one.name)
    count = max((len(one.values) for one in series), default=0)
    if data.title:
        kind = say("{chart}: {title}", chart=kind, title=data.title)
    form = "{chart}. {series} series ({names}), {points} points each."
    return say(form, chart=kind, series=len(series), names=told, points=count)[:400]


def _word(group: Group) -> str:
    return "Bar chart" if group.sideways else _WORDS.get(group.kind, "Chart")
