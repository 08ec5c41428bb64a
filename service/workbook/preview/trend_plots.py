"""Trend lines drawn over the plot of their series."""

from __future__ import annotations

from collections.abc import Callable

from service.workbook.preview.axis_scales import Frame, Scale
from service.workbook.preview.chart_reading import Series
from service.workbook.preview.svg import Node, node, path, text
from service.workbook.preview.trends import Fit, Points, Trend, fitted

At = Callable[[float, float], tuple[float, float]]
_LINE = 14  # pixels from one line of words to the next
_LETTER = 5.6


def counted(one: Series) -> Points:
    """The points of a series whose names count as 1, 2, 3 ..."""
    return [(number + 1.0, v) for number, v in enumerate(one.values) if v is not None]


def reach(one: Series, points: Points) -> list[float]:
    """How far the trend lines of a series go beyond its points."""
    if not points:
        return []
    first, last = min(x for x, _ in points), max(x for x, _ in points)
    return [x for t in one.trends for x in (first - t.backward, last + t.forward)]


def draw_trends(one: Series, points: Points, frame: Frame, scale: Scale, at: At) -> list[Node]:
    """The trend lines of a series, cut off where the plot ends.

    :param points: x and y of the series
    :param at: where a value lies in the drawing
    """
    out: list[Node] = []
    for trend in one.trends:
        fit = fitted(trend, points)
        if fit is None:
            continue
        low, high = sorted((scale.least, scale.most))
        places = [at(x, y) for x, y in fit.points if low <= y <= high]
        places = [p for p in places if _inside(p, frame)]
        if len(places) > 1:
            shown = [places[0], places[-1]] if trend.kind == "linear" else places
            out += _line(one, trend, fit, shown, frame)
    return out


def _inside(place: tuple[float, float], frame: Frame) -> bool:
    return (
        frame.left - 1 <= place[0] <= frame.right + 1
        and frame.top - 1 <= place[1] <= frame.bottom + 1
    )


def _line(
    one: Series, trend: Trend, fit: Fit, places: list[tuple[float, float]], frame: Frame
) -> list[Node]:
    told = node("title", ": ".join([trend.named(one.name), *fit.words]))
    thick = trend.width
    dash = " ".join(f"{float(part) * thick:g}" for part in trend.dash.split())
    out = [
        node("path", told, d=path(places), fill="none", stroke=f"#{trend.color}",
             stroke_width=f"{thick:g}", stroke_dasharray=dash)
    ]  # fmt: skip
    x, y = places[-1]
    y = max(min(y - 8, frame.bottom - 4) - _LINE * (len(fit.words) - 1), frame.top + 8)
    for number, words in enumerate(fit.words):
        right = max(min(x, frame.right), frame.left + len(words) * _LETTER)
        out.append(text(right, y + number * _LINE, words, class_="cv", text_anchor="end"))
    return out
