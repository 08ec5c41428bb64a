"""Charts without axes drawn: pies, rings, webs."""

from __future__ import annotations

import math

from service.workbook.display import shown_text
from service.workbook.preview.axis_scales import Frame, scale_for
from service.workbook.preview.chart_reading import ChartData, Group, Series
from service.workbook.preview.svg import Node, node, path, text

_RINGS = 4


def draw_pies(group: Group, frame: Frame) -> list[Node]:
    """A pie of the first series, or a ring for each."""
    x, y = (frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2
    radius = max(min(frame.width, frame.height) / 2 - 6, 4.0)
    if group.kind == "pie":
        return _slices(group.series[0], x, y, radius, 0.0) if group.series else []
    hole = radius * min(max(group.hole, 10.0), 90.0) / 100
    thick = (radius - hole) / max(len(group.series), 1)
    out: list[Node] = []
    for number, one in enumerate(group.series):
        inner = hole + number * thick
        out += _slices(one, x, y, inner + thick, inner)
    return out


def _slices(one: Series, x: float, y: float, radius: float, inner: float) -> list[Node]:
    values = [max(value or 0.0, 0.0) for value in one.values]
    total = sum(values)
    out: list[Node] = []
    labels: list[Node] = []
    angle = -math.pi / 2
    for number, value in enumerate(values):
        if not total or not value:
            continue
        span = value / total * 2 * math.pi
        name = one.categories[number] if number < len(one.categories) else str(number + 1)
        shown = shown_text(one.values[number], one.number_format).strip()
        told = node("title", f"{name}, {shown} ({value / total:.1%})")
        color = one.points.get(number, one.color)
        shape = _sector(x, y, radius, inner, angle, span)
        out.append(node("path", told, d=shape, fill=f"#{color}", class_="cs"))
        if one.labels and span > 0.12:
            words = {"percent": f"{value / total:.0%}", "name": name}.get(one.labels, shown)
            far = (radius + inner) / 2 if inner else radius * 0.68
            middle = angle + span / 2
            labels.append(text(x + far * math.cos(middle), y + far * math.sin(middle) + 4, words,
                               class_="cw", text_anchor="middle"))  # fmt: skip
        angle += span
    return out + labels


def _sector(x: float, y: float, radius: float, inner: float, start: float, span: float) -> str:
    span = min(span, 2 * math.pi - 1e-4)
    end, large = start + span, int(span > math.pi)

    def at(far: float, angle: float) -> str:
        return f"{x + far * math.cos(angle):.1f} {y + far * math.sin(angle):.1f}"

    outer = f"M{at(radius, start)}A{radius:.1f} {radius:.1f} 0 {large} 1 {at(radius, end)}"
    if not inner:
        return f"{outer}L{x:.1f} {y:.1f}Z"
    return f"{outer}L{at(inner, end)}A{inner:.1f} {inner:.1f} 0 {large} 0 {at(inner, start)}Z"


def draw_web(data: ChartData, frame: Frame) -> list[Node]:
    """Values around a centre."""
    series = [one for group in data.groups for one in group.series]
    count = max((len(one.values) for one in series), default=0)
    if count < 1:
        return []
    scale = scale_for([v for one in series for v in one.values if v is not None], data.values)
    x, y = (frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2
    radius = max(min(frame.width, frame.height) / 2 - 18, 4.0)

    def at(share: float, number: int) -> tuple[float, float]:
        angle = number / count * 2 * math.pi - math.pi / 2
        return x + radius * share * math.cos(angle), y + radius * share * math.sin(angle)

    out = []
    for ring in range(1, _RINGS + 1):
        points = [at(ring / _RINGS, number) for number in range(count)]
        out.append(node("path", class_="cg", d=path(points, close=True), fill="none"))
    names = next((one.categories for one in series if one.categories), [])
    for number in range(count):
        end = at(1.0, number)
        out.append(node("line", class_="cg", x1=x, y1=y, x2=end[0], y2=end[1]))
        if number < len(names):
            far = at(1 + 10 / radius, number)
            side = "middle" if abs(far[0] - x) < 4 else ("start" if far[0] > x else "end")
            out.append(text(far[0], far[1] + 3.5, names[number], class_="cl", text_anchor=side))
    for one in series:
        points = [at(scale.share(value or 0.0), n) for n, value in enumerate(one.values)]
        told = node("title", one.name)
        out.append(node("path", told, d=path(points, close=True), fill="none",
                        stroke=f"#{one.color}", stroke_width="2.25"))  # fmt: skip
    return out
