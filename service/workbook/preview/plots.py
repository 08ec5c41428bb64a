"""Charts with two axes drawn: columns, bars, lines, areas, points, bubbles, prices."""

from __future__ import annotations

import math

from service.workbook.display import shown_text
from service.workbook.preview.axis_scales import Frame, Scale, scale_for
from service.workbook.preview.chart_reading import Axis, ChartData, Group, Series
from service.workbook.preview.svg import Node, node, path, text
from service.workbook.preview.trend_plots import counted, draw_trends, reach

_LETTER = 5.6  # pixels of a letter of the labels


# Values -------------------------------------------------------------------------


def stacked(group: Group) -> list[list[tuple[float, float] | None]]:
    """(from, to) of each point of each series."""
    count = max((len(one.values) for one in group.series), default=0)
    up, down = [0.0] * count, [0.0] * count
    totals = [
        sum(abs(one.values[n] or 0.0) for one in group.series if n < len(one.values))
        for n in range(count)
    ]
    piled = group.grouping in ("stacked", "percentStacked")
    found: list[list[tuple[float, float] | None]] = []
    for one in group.series:
        spans: list[tuple[float, float] | None] = []
        for place in range(count):
            value = one.values[place] if place < len(one.values) else None
            if value is None:
                spans.append((up[place], up[place]) if piled and group.kind == "area" else None)
                continue
            if group.grouping == "percentStacked":
                value = value / totals[place] if totals[place] else 0.0
            if not piled:
                spans.append((0.0, value))
                continue
            base = up if value >= 0 else down
            spans.append((base[place], base[place] + value))
            base[place] += value
        found.append(spans)
    return found


def _extent(groups: list[Group]) -> list[float]:
    values: list[float] = []
    for group in groups:
        if group.kind in ("scatter", "bubble", "stock"):
            values += [v for one in group.series for v in one.values if v is not None]
            continue
        for spans in stacked(group):
            values += [edge for span in spans if span for edge in span[1:]]
    return values


# Axes ---------------------------------------------------------------------------


def draw_axes(data: ChartData, frame: Frame) -> tuple[list[Node], list[Node]]:
    """(what lies below the axes' values, the plot): both drawn into the frame."""
    if any(group.kind in ("scatter", "bubble") for group in data.groups):
        return _points(data, frame)
    first = [group for group in data.groups if not group.second]
    second = [group for group in data.groups if group.second]
    sideways = any(group.sideways for group in data.groups)
    names = _names(data.groups)
    rooted = any(group.kind in ("bar", "area") for group in first)
    scale = scale_for(_extent(first), data.values, zero=rooted)
    code = _code(data.values, first)
    labels = [shown_text(tick, code) for tick in scale.ticks]
    if sideways:
        return _sideways(data, frame, first, names, scale, labels)
    frame.left += _room(labels, data.values)
    other: Scale | None = None
    if second:
        zero = any(group.kind in ("bar", "area") for group in second)
        other = scale_for(_extent(second), data.second, zero=zero)
        told = [shown_text(tick, _code(data.second, second)) for tick in other.ticks]
        frame.right -= _room(told, data.second)
    out = _names_below(names, frame, data.names, scale)
    out += _value_axis(scale, labels, frame, data.values)
    if second and other is not None:
        out += _second_axis(other, told, frame, data.second)
    drawn: list[Node] = []
    for group in sorted(data.groups, key=lambda one: ("area", "bar").index(one.kind) if one.kind in
                        ("area", "bar") else 2):  # fmt: skip
        used = other if group.second and other is not None else scale
        drawn += _group(group, frame, used, len(names), data.names.reversed)
    return out, drawn


def _code(axis: Axis, groups: list[Group]) -> str:
    if any(group.grouping == "percentStacked" for group in groups):
        return "0%"
    code = next((one.number_format for group in groups for one in group.series), "General")
    return axis.number_format if axis.number_format not in ("", "General") else code


def _room(labels: list[str], axis: Axis) -> float:
    wide = 0 if axis.hidden else max((len(label.strip()) for label in labels), default=0) * _LETTER
    return min(wide + 10, 120.0) + (16 if axis.title else 0)


def _names(groups: list[Group]) -> list[str]:
    lists = [one.categories for group in groups for one in group.series if one.categories]
    count = max((len(one.values) for group in groups for one in group.series), default=0)
    names = list(lists[0]) if lists else []
    return (names + [str(number + 1) for number in range(len(names), count)])[:count]


def _value_axis(scale: Scale, labels: list[str], frame: Frame, axis: Axis) -> list[Node]:
    out = []
    for tick, label in zip(scale.ticks, labels, strict=True):
        y = frame.bottom - scale.share(tick) * frame.height
        if axis.grid:
            line = {"x1": frame.left, "x2": frame.right, "y1": y, "y2": y}
            out.append(node("line", class_="cg", **line))
        if not axis.hidden:
            out.append(text(frame.left - 6, y + 3.5, label.strip(), class_="cl",
                            text_anchor="end"))  # fmt: skip
    if axis.title:
        x = frame.left - _room(labels, axis) + 12
        out.append(_turned(x, (frame.top + frame.bottom) / 2, axis.title))
    return out


def _second_axis(scale: Scale, labels: list[str], frame: Frame, axis: Axis) -> list[Node]:
    if axis.hidden:
        return []
    out = []
    for tick, label in zip(scale.ticks, labels, strict=True):
        y = frame.bottom - scale.share(tick) * frame.height
        out.append(text(frame.right + 6, y + 3.5, label.strip(), class_="cl"))
    if axis.title:
        x = frame.right + _room(labels, axis) - 4
        out.append(_turned(x, (frame.top + frame.bottom) / 2, axis.title))
    return out


def _turned(x: float, y: float, words: str) -> Node:
    return text(x, y, words, class_="cl", text_anchor="middle",
                transform=f"rotate(-90 {x:.1f} {y:.1f})")  # fmt: skip


def _names_below(names: list[str], frame: Frame, axis: Axis, scale: Scale) -> list[Node]:
    """The names under the plot, turned or left out where there is no room for all."""
    out = []
    if axis.title:
        middle = (frame.left + frame.right) / 2
        out.append(text(middle, frame.bottom - 2, axis.title, class_="cl", text_anchor="middle"))
        frame.bottom -= 16
    slot = frame.width / max(len(names), 1)
    longest = max((len(name) for name in names), default=0) * _LETTER
    turned = longest > slot - 2 and longest > 14 and not axis.hidden
    if axis.hidden:
        frame.bottom -= 4
    else:
        frame.bottom -= min(longest * 0.72 + 8, frame.height * 0.35, 74) if turned else 18
    every = max(math.ceil(14 / slot), 1) if turned else max(math.ceil((longest + 4) / slot), 1)
    for place, name in enumerate(names):
        if axis.hidden or place % every:
            continue
        shown = len(names) - 1 - place if axis.reversed else place
        x = frame.left + (shown + 0.5) * slot
        if turned:
            y = frame.bottom + 12
            out.append(text(x + 3, y, _cut(name, 18), class_="cl", text_anchor="end",
                            transform=f"rotate(-45 {x + 3:.1f} {y:.1f})"))  # fmt: skip
        else:
            out.append(text(x, frame.bottom + 14, name, class_="cl", text_anchor="middle"))
    zero = frame.bottom - scale.share(0 if scale.least <= 0 <= scale.most else scale.least) * (
        frame.height
    )
    line = {"x1": frame.left, "x2": frame.right, "y1": zero, "y2": zero}
    return [*out, node("line", class_="ca", **line)]


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"


def _sideways(
    data: ChartData,
    frame: Frame,
    groups: list[Group],
    names: list[str],
    scale: Scale,
    labels: list[str],
) -> tuple[list[Node], list[Node]]:
    longest = max((min(len(name), 24) for name in names), default=0) * _LETTER
    frame.left += 8 + (0 if data.names.hidden else min(longest, frame.width * 0.4))
    frame.left += 16 if data.names.title else 0
    frame.bottom -= 18 + (16 if data.values.title else 0)
    frame.right -= len(labels[-1].strip()) * _LETTER / 2 if labels else 0
    out = []
    for tick, label in zip(scale.ticks, labels, strict=True):
        x = frame.left + scale.share(tick) * frame.width
        if data.values.grid:
            line = {"x1": x, "x2": x, "y1": frame.top, "y2": frame.bottom}
            out.append(node("line", class_="cg", **line))
        if not data.values.hidden:
            out.append(text(x, frame.bottom + 14, label.strip(), class_="cl",
                            text_anchor="middle"))  # fmt: skip
    slot = frame.height / max(len(names), 1)
    every = max(math.ceil(11 / slot), 1)
    for place, name in enumerate(names):
        if not data.names.hidden and place % every == 0:
            y = _row(place, len(names), frame, data.names.reversed) + slot / 2
            out.append(text(frame.left - 6, y + 3.5, _cut(name, 24), class_="cl",
                            text_anchor="end"))  # fmt: skip
    if data.values.title:
        middle = (frame.left + frame.right) / 2
        out.append(text(middle, frame.bottom + 30, data.values.title, class_="cl",
                        text_anchor="middle"))  # fmt: skip
    if data.names.title:
        out.append(_turned(12, (frame.top + frame.bottom) / 2, data.names.title))
    x = frame.left + scale.share(0 if scale.least <= 0 <= scale.most else scale.least) * frame.width
    out.append(node("line", class_="ca", x1=x, x2=x, y1=frame.top, y2=frame.bottom))
    drawn: list[Node] = []
    for group in groups:
        if group.kind == "bar":
            drawn += _bars(group, frame, scale, len(names), data.names.reversed)
    return out, drawn


def _row(place: int, count: int, frame: Frame, turned: bool) -> float:
    """The top of the place of a name; the first one is the lowest, unless turned round."""
    slot = frame.height / max(count, 1)
    return frame.top + (place if turned else count - 1 - place) * slot


# Groups -------------------------------------------------------------------------


def _group(group: Group, frame: Frame, scale: Scale, count: int, turned: bool) -> list[Node]:
    if group.kind == "bar":
        return _bars(group, frame, scale, count, turned)
    if group.kind == "stock":
        return _prices(group, frame, scale, count)
    slot = frame.width / max(count, 1)
    spans = stacked(group)
    out: list[Node] = []
    for one, span in zip(group.series, spans, strict=True):
        points = [
            (frame.left + ((count - 1 - n if turned else n) + 0.5) * slot,
             frame.bottom - scale.share(edge[0]) * frame.height,
             frame.bottom - scale.share(edge[1]) * frame.height)
            if edge else None
            for n, edge in enumerate(span)
        ]  # fmt: skip
        if group.kind == "area":
            out += _area(one, points)
        else:
            out += _line(one, [p and (p[0], p[2]) for p in points])
        out += _values_at(one, [p and (p[0], p[2] - 7) for p in points])
        out += _named_trends(one, frame, scale, count, turned)
    return out


def _named_trends(
    one: Series, frame: Frame, scale: Scale, count: int, turned: bool, sideways: bool = False
) -> list[Node]:
    """Trend lines over names, of which the first stands for 1."""

    def at(x: float, y: float) -> tuple[float, float]:
        place = (x - 0.5) / max(count, 1)
        along = scale.share(y)
        if sideways:
            down = place if turned else 1 - place
            return frame.left + along * frame.width, frame.top + down * frame.height
        across = 1 - place if turned else place
        return frame.left + across * frame.width, frame.bottom - along * frame.height

    return draw_trends(one, counted(one), frame, scale, at)


def _area(one: Series, points: list[tuple[float, float, float] | None]) -> list[Node]:
    known = [point for point in points if point]
    if not known:
        return []
    edge = [(x, y) for x, _, y in known] + [(x, base) for x, base, _ in reversed(known)]
    told = node("title", one.name)
    return [node("path", told, d=path(edge, close=True), fill=f"#{one.color}")]


def _line(one: Series, points: list[tuple[float, float] | None]) -> list[Node]:
    out: list[Node] = []
    run: list[tuple[float, float]] = []
    for point in [*points, None]:
        if point:
            run.append(point)
            continue
        if len(run) > 1 and one.line:
            shape = _smooth(run) if one.smooth else path(run)
            out.append(node("path", node("title", one.name), d=shape, fill="none",
                            stroke=f"#{one.color}", stroke_width="2.25",
                            stroke_linejoin="round"))  # fmt: skip
        elif len(run) == 1 and not one.marker:
            out.append(_dot(one, run[0]))
        run = []
    if one.marker or not one.line:
        out += [_dot(one, point, n) for n, point in enumerate(points) if point]
    return out


def _dot(one: Series, point: tuple[float, float], number: int = 0) -> Node:
    value = one.values[number] if number < len(one.values) else None
    told = _told(one, number, value)
    color = one.points.get(number, one.color)
    return node("circle", told, cx=point[0], cy=point[1], r=3.5, fill=f"#{color}")


def _told(one: Series, number: int, value: float | None) -> Node:
    name = one.categories[number] if number < len(one.categories) else ""
    shown = "" if value is None else shown_text(value, one.number_format)
    return node("title", ", ".join(part.strip() for part in (one.name, name, shown) if part))


def _smooth(points: list[tuple[float, float]]) -> str:
    out = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for place in range(len(points) - 1):
        before = points[max(place - 1, 0)]
        (x0, y0), (x1, y1) = points[place], points[place + 1]
        after = points[min(place + 2, len(points) - 1)]
        out += (
            f"C{x0 + (x1 - before[0]) / 6:.1f} {y0 + (y1 - before[1]) / 6:.1f}"
            f" {x1 - (after[0] - x0) / 6:.1f} {y1 - (after[1] - y0) / 6:.1f} {x1:.1f} {y1:.1f}"
        )
    return out


def _bars(group: Group, frame: Frame, scale: Scale, count: int, turned: bool) -> list[Node]:
    piled = group.grouping in ("stacked", "percentStacked")
    columns = 1 if piled else max(len(group.series), 1)
    length = frame.height if group.sideways else frame.width
    slot = length / max(count, 1)
    overlap = 0.0 if piled else min(max(group.overlap, -100.0), 100.0) / 100
    thick = slot / (columns - overlap * (columns - 1) + group.gap / 100)
    out: list[Node] = []
    for index, (one, spans) in enumerate(zip(group.series, stacked(group), strict=True)):
        offset = thick * group.gap / 200 + (0 if piled else index * thick * (1 - overlap))
        labels: list[tuple[float, float] | None] = []
        for place, span in enumerate(spans):
            if span is None:
                labels.append(None)
                continue
            first, last = sorted(scale.share(edge) for edge in span)
            told = _told(one, place, one.values[place] if place < len(one.values) else None)
            fill = f"#{one.points.get(place, one.color)}"
            if group.sideways:
                inner = thick * (columns - 1) * (1 - overlap) - (offset - thick * group.gap / 200)
                y = _row(place, count, frame, turned)
                y += offset if turned or piled else thick * group.gap / 200 + inner
                x, width = frame.left + first * frame.width, (last - first) * frame.width
                out.append(node("rect", told, x=x, y=y, width=max(width, 0.1), height=thick,
                                fill=fill))  # fmt: skip
                labels.append((x + width + 4 if not piled else x + width / 2, y + thick / 2 + 3.5))
            else:
                shown = count - 1 - place if turned else place
                x = frame.left + shown * slot + offset
                y, height = frame.bottom - last * frame.height, (last - first) * frame.height
                out.append(node("rect", told, x=x, y=y, width=thick, height=max(height, 0.1),
                                fill=fill))  # fmt: skip
                labels.append((x + thick / 2, y + height / 2 + 3.5 if piled else y - 4))
        out += _values_at(one, labels, start=group.sideways and not piled)
    for one in [] if piled else group.series:
        out += _named_trends(one, frame, scale, count, turned, group.sideways)
    return out


def _values_at(
    one: Series, places: list[tuple[float, float] | None], *, start: bool = False
) -> list[Node]:
    if not one.labels:
        return []
    out = []
    for number, place in enumerate(places):
        value = one.values[number] if number < len(one.values) else None
        if place and value is not None:
            words = shown_text(value, one.number_format).strip()
            if one.labels == "name" and number < len(one.categories):
                words = one.categories[number]
            out.append(text(*place, words, class_="cv", text_anchor=None if start else "middle"))
    return out


def _prices(group: Group, frame: Frame, scale: Scale, count: int) -> list[Node]:
    """High, low and close of a share, with its opening where there are four series."""
    slot = frame.width / max(count, 1)
    series = group.series[-4:] if len(group.series) >= 4 else group.series
    out: list[Node] = []
    for place in range(count):
        values = [one.values[place] if place < len(one.values) else None for one in series]
        known = [value for value in values if value is not None]
        if not known:
            continue
        x = frame.left + (place + 0.5) * slot
        ys = [frame.bottom - scale.share(value) * frame.height for value in known]
        out.append(node("line", class_="ca", x1=x, x2=x, y1=min(ys), y2=max(ys)))
        close = frame.bottom - scale.share(known[-1]) * frame.height
        wide = min(slot * 0.3, 8.0)
        if len(series) == 4 and len(known) == 4:
            opened = ys[0]
            up = known[-1] >= known[0]
            out.append(node("rect", class_="ca", x=x - wide, y=min(opened, close), width=2 * wide,
                            height=max(abs(opened - close), 1.0),
                            fill="#FFFFFF" if up else "#404040"))  # fmt: skip
        else:
            out.append(node("line", class_="ca", x1=x, x2=x + wide, y1=close, y2=close))
    return out


# Points ---------------------------------------------------------------------------


def _points(data: ChartData, frame: Frame) -> tuple[list[Node], list[Node]]:
    series = [one for group in data.groups for one in group.series]
    bubbles = any(group.kind == "bubble" for group in data.groups)
    scale = scale_for([v for one in series for v in one.values if v is not None], data.values)
    xs = [x for one in series for x in one.across if x is not None]
    xs += [x for one in series for x in reach(one, _known(one))]
    across = scale_for(xs, data.names, zero=min(xs, default=0) >= 0 and (
        min(xs, default=0) < max(xs, default=1) * 5 / 6))  # fmt: skip
    labels = [shown_text(tick, _code(data.values, data.groups)) for tick in scale.ticks]
    frame.left += _room(labels, data.values)
    frame.bottom -= 18 + (16 if data.names.title else 0)
    frame.right -= 10
    code = data.names.number_format or "General"
    out: list[Node] = []
    for tick in across.ticks:
        x = frame.left + across.share(tick) * frame.width
        if data.names.grid:
            out.append(node("line", class_="cg", x1=x, x2=x, y1=frame.top, y2=frame.bottom))
        out.append(text(x, frame.bottom + 14, shown_text(tick, code), class_="cl",
                        text_anchor="middle"))  # fmt: skip
    if data.names.title:
        out.append(text((frame.left + frame.right) / 2, frame.bottom + 30, data.names.title,
                        class_="cl", text_anchor="middle"))  # fmt: skip
    out += _value_axis(scale, labels, frame, data.values)
    out.append(node("line", class_="ca", x1=frame.left, x2=frame.right, y1=frame.bottom,
                    y2=frame.bottom))  # fmt: skip
    biggest = max((abs(s) for one in series for s in one.sizes if s), default=1.0)
    drawn: list[Node] = []
    for one in series:
        places: list[tuple[float, float] | None] = [
            (frame.left + across.share(x) * frame.width,
             frame.bottom - scale.share(y) * frame.height)
            if x is not None and y is not None else None
            for x, y in zip(one.across, one.values, strict=False)
        ]  # fmt: skip
        if bubbles:
            drawn += _bubbles(one, places, biggest, min(frame.width, frame.height) / 8)
        else:
            drawn += _line(one, places)
        drawn += _values_at(one, [p and (p[0], p[1] - 7) for p in places])
        drawn += draw_trends(one, _known(one), frame, scale, lambda x, y: (
            frame.left + across.share(x) * frame.width,
            frame.bottom - scale.share(y) * frame.height))  # fmt: skip
    return out, drawn


def _known(one: Series) -> list[tuple[float, float]]:
    pairs = zip(one.across, one.values, strict=False)
    return [(x, y) for x, y in pairs if x is not None and y is not None]


def _bubbles(
    one: Series, places: list[tuple[float, float] | None], biggest: float, radius: float
) -> list[Node]:
    out = []
    for number, place in enumerate(places):
        size = one.sizes[number] if number < len(one.sizes) else 1.0
        if place and size and size > 0:
            value = one.values[number]
            out.append(node("circle", _told(one, number, value), cx=place[0], cy=place[1],
                            r=radius * math.sqrt(size / biggest), fill=f"#{one.color}",
                            fill_opacity="0.75"))  # fmt: skip
    return out
