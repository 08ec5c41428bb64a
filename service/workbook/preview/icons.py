"""The icons of icon sets, as drawings in a square of 16."""

from __future__ import annotations

from typing import Any

_GREEN, _YELLOW, _RED, _GRAY, _BLACK, _PINK = (
    "#4AA564", "#E5A50A", "#D9453D", "#7F7F7F", "#404040", "#E79C98"
)  # fmt: skip
_ARROW = "M8 1 14 7.5H10.6V15H5.4V7.5H2Z"
_STAR = "M8 1.2 10.1 5.8 15 6.3 11.3 9.6 12.4 14.6 8 12 3.6 14.6 4.7 9.6 1 6.3 5.9 5.8Z"
_COLORS = {3: (_RED, _YELLOW, _GREEN), 4: (_RED, _YELLOW, _YELLOW, _GREEN)}
_TURNS = {3: (180, 90, 0), 4: (180, 135, 45, 0), 5: (180, 135, 90, 45, 0)}


def icon(name: str, place: int) -> list[Any]:
    """The drawing of an icon of a set, counted from the lowest value."""
    count = int(name[0]) if name[:1].isdigit() else 3
    colors = _COLORS.get(count, (_RED, _YELLOW, _YELLOW, _YELLOW, _GREEN))
    color = colors[place]
    kind = name[1:]
    if kind.startswith("Arrows"):
        color = _GRAY if kind.endswith("Gray") else color
        turn = _TURNS[count][place]
        return [["path", {"d": _ARROW, "fill": color, "transform": f"rotate({turn} 8 8)"}]]
    if kind.startswith("Flags"):
        pole = ["path", {"d": "M3 1H4.6V15H3Z", "fill": _GRAY}]
        return [pole, ["path", {"d": "M4.6 1.5 14 4.8 4.6 8.6Z", "fill": color}]]
    if kind == "RedToBlack":
        return [_dot((_BLACK, _GRAY, _PINK, _RED)[place])]
    if kind.startswith(("Rating", "Quarters", "Boxes", "Stars")):
        return _filled(kind, place, count)
    if kind.startswith("Triangles"):
        shapes = ("M2 3H14L8 13Z", "M2 6.5H14V9.5H2Z", "M2 13H14L8 3Z")
        return [["path", {"d": shapes[place], "fill": color}]]
    if kind.startswith(("Symbols", "Signs")):
        return _symbol(kind, place, color)
    return [_dot(_BLACK if count == 4 and place == 0 else _COLORS[3][place - (count == 4)])]


def _dot(color: str) -> list[Any]:
    return ["circle", {"cx": "8", "cy": "8", "r": "6.5", "fill": color}]


def _symbol(kind: str, place: int, color: str) -> list[Any]:
    marks = (
        "M5 5 11 11M11 5 5 11",
        "M8 4V9M8 11V12",
        "M4.5 8.3 7 11 11.5 5.2",
    )
    plain = kind == "Symbols2"
    line = {
        "d": marks[place], "stroke": color if plain else "#fff", "stroke-width": "2",
        "fill": "none",
    }  # fmt: skip
    grounds = ("M8 1 15 8 8 15 1 8Z", "M8 1.5 15 14H1Z")
    if plain:
        return [["path", line]]
    if kind == "Signs" and place < 2:
        return [["path", {"d": grounds[place], "fill": color}], ["path", line]]
    if kind == "Signs":
        return [_dot(color)]
    return [_dot(color), ["path", line]]


def _filled(kind: str, place: int, count: int) -> list[Any]:
    """Icons that are filled the more, the higher the value is."""
    if kind == "Rating":
        bars = []
        for number in range(4):
            height = 4 + 3 * number
            on = number < place + (1 if count == 4 else 0)
            shape = f"M{1 + 3.7 * number:.1f} {15 - height}h2.8v{height}h-2.8Z"
            bars.append(["path", {"d": shape, "fill": "#4472C4" if on else "#C9CDD2"}])
        return bars
    if kind == "Boxes":
        cells = ((2, 9), (9, 9), (2, 2), (9, 2))
        return [
            ["path", {"d": f"M{x} {y}h5v5h-5Z", "fill": "#4472C4" if n < place else "#C9CDD2"}]
            for n, (x, y) in enumerate(cells)
        ]
    if kind == "Stars":
        half = ["path", {"d": "M8 1.2V12L3.6 14.6 4.7 9.6 1 6.3 5.9 5.8Z", "fill": _YELLOW}]
        full = ["path", {"d": _STAR, "fill": _YELLOW if place == 2 else "#C9CDD2"}]
        return [full, half] if place == 1 else [full]
    circle = ["circle", {"cx": "8", "cy": "8", "r": "6", "fill": "#fff", "stroke": _BLACK}]
    parts = ("", "M8 8V2A6 6 0 0 1 14 8Z", "M8 2A6 6 0 0 1 8 14Z", "M8 8H2A6 6 0 1 0 8 2Z")
    if place == 4:
        return [["circle", {"cx": "8", "cy": "8", "r": "6", "fill": _BLACK}]]
    return [circle, *([["path", {"d": parts[place], "fill": _BLACK}]] if place else [])]
