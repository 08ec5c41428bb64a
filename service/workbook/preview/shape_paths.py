"""The outlines of shapes, as SVG paths in a box of a size. Source: presetShapeDefinitions.xml."""

from __future__ import annotations

import math
from collections.abc import Callable

from service.workbook.preview.svg import path

_Points = list[tuple[float, float]]
# Corners in shares of the box.
_CORNERS: dict[str, _Points] = {
    "rect": [(0, 0), (1, 0), (1, 1), (0, 1)],
    "triangle": [(0.5, 0), (1, 1), (0, 1)],
    "rtTriangle": [(0, 0), (1, 1), (0, 1)],
    "diamond": [(0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5)],
    "parallelogram": [(0.25, 0), (1, 0), (0.75, 1), (0, 1)],
    "trapezoid": [(0.25, 0), (0.75, 0), (1, 1), (0, 1)],
    "pentagon": [(0.5, 0), (1, 0.38), (0.81, 1), (0.19, 1), (0, 0.38)],
    "hexagon": [(0.25, 0), (0.75, 0), (1, 0.5), (0.75, 1), (0.25, 1), (0, 0.5)],
    "octagon": [(0.29, 0), (0.71, 0), (1, 0.29), (1, 0.71), (0.71, 1), (0.29, 1), (0, 0.71),
                (0, 0.29)],
    "homePlate": [(0, 0), (0.75, 0), (1, 0.5), (0.75, 1), (0, 1)],
    "chevron": [(0, 0), (0.75, 0), (1, 0.5), (0.75, 1), (0, 1), (0.25, 0.5)],
    "rightArrow": [(0, 0.25), (0.6, 0.25), (0.6, 0), (1, 0.5), (0.6, 1), (0.6, 0.75), (0, 0.75)],
    "leftArrow": [(1, 0.25), (0.4, 0.25), (0.4, 0), (0, 0.5), (0.4, 1), (0.4, 0.75), (1, 0.75)],
    "downArrow": [(0.25, 0), (0.25, 0.6), (0, 0.6), (0.5, 1), (1, 0.6), (0.75, 0.6), (0.75, 0)],
    "upArrow": [(0.25, 1), (0.25, 0.4), (0, 0.4), (0.5, 0), (1, 0.4), (0.75, 0.4), (0.75, 1)],
    "leftRightArrow": [(0, 0.5), (0.2, 0), (0.2, 0.25), (0.8, 0.25), (0.8, 0), (1, 0.5), (0.8, 1),
                       (0.8, 0.75), (0.2, 0.75), (0.2, 1)],
    "plus": [(0.25, 0), (0.75, 0), (0.75, 0.25), (1, 0.25), (1, 0.75), (0.75, 0.75), (0.75, 1),
             (0.25, 1), (0.25, 0.75), (0, 0.75), (0, 0.25), (0.25, 0.25)],
}  # fmt: skip
_SAME = {
    "flowChartProcess": "rect", "flowChartDecision": "diamond", "flowChartConnector": "ellipse",
    "flowChartTerminator": "round", "flowChartAlternateProcess": "roundRect", "mathPlus": "plus",
    "flowChartInputOutput": "parallelogram", "flowChartExtract": "triangle", "textBox": "rect",
    "wedgeRectCallout": "rect", "wedgeRoundRectCallout": "roundRect", "snip1Rect": "rect",
    "round1Rect": "roundRect", "round2SameRect": "roundRect", "wedgeEllipseCallout": "ellipse",
    "notchedRightArrow": "rightArrow", "flowChartPreparation": "hexagon",
}  # fmt: skip
LINES = ("line", "straightConnector1", "bentConnector2", "bentConnector3", "curvedConnector3")
_STARS = {"star4": (4, 0.38), "star5": (5, 0.38), "star6": (6, 0.58), "star8": (8, 0.75)}


def outline(kind: str, width: float, height: float) -> str:
    """The path of a shape; a rectangle for one that is not known."""
    kind = _SAME.get(kind, kind)
    if kind in LINES:
        return _line(kind, width, height)
    if kind in ("ellipse", "donut", "cloud"):
        return _ellipse(width, height)
    if kind in ("roundRect", "round"):
        return _rounded(width, height, min(width, height) * (0.5 if kind == "round" else 0.1667))
    corners = _star(*_STARS[kind]) if kind in _STARS else _CORNERS.get(kind, _CORNERS["rect"])
    return path([(x * width, y * height) for x, y in corners], close=True)


def _line(kind: str, width: float, height: float) -> str:
    if kind == "bentConnector2":
        return path([(0, 0), (width, 0), (width, height)])
    if kind == "bentConnector3":
        return path([(0, 0), (width / 2, 0), (width / 2, height), (width, height)])
    if kind == "curvedConnector3":
        half = width / 2
        return f"M0 0C{half:.1f} 0 {half:.1f} {height:.1f} {width:.1f} {height:.1f}"
    return path([(0, 0), (width, height)])


def _ellipse(width: float, height: float) -> str:
    x, y = width / 2, height / 2
    arc = f"A{x:.1f} {y:.1f} 0 1 1"
    return f"M0 {y:.1f}{arc} {width:.1f} {y:.1f}{arc} 0 {y:.1f}Z"


def _rounded(width: float, height: float, radius: float) -> str:
    corner: Callable[[float, float], str] = lambda x, y: (  # noqa: E731 - reads as the path does
        f"A{radius:.1f} {radius:.1f} 0 0 1 {x:.1f} {y:.1f}"
    )
    return (
        f"M{radius:.1f} 0H{width - radius:.1f}{corner(width, radius)}V{height - radius:.1f}"
        f"{corner(width - radius, height)}H{radius:.1f}{corner(0, height - radius)}"
        f"V{radius:.1f}{corner(radius, 0)}Z"
    )


def _star(points: int, inner: float) -> _Points:
    found = []
    for number in range(points * 2):
        angle = number * math.pi / points - math.pi / 2
        reach = 0.5 if number % 2 == 0 else 0.5 * inner
        found.append((0.5 + reach * math.cos(angle), 0.5 + reach * math.sin(angle)))
    return found
