"""Drawings as nested lists: [tag, attributes, child, ...]; a text is a child like any other.

The page makes them into nodes one by one, so that nothing in a text can become markup.
"""

from __future__ import annotations

from html import escape
from typing import Any, TypeAlias

from service.workbook.preview.palette import luminance

Node: TypeAlias = list[Any]
_DARK = 0.06  # of full brightness: less can't be told from the ground at night

TAGS = frozenset(["svg", "g", "path", "rect", "circle", "line", "polyline", "polygon", "text",
                  "title"])  # fmt: skip


def node(tag: str, *children: Any, **attributes: Any) -> Node:
    """One element; of names, "_" stands for "-", and "class_" for "class"."""
    given = {
        name.rstrip("_").replace("_", "-"): _plain(value)
        for name, value in attributes.items()
        if value is not None and value != ""
    }
    return [tag, given, *children]


def _plain(value: Any) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def text(x: float, y: float, words: str, **attributes: Any) -> Node:
    """A text at a place."""
    return node("text", words, x=float(x), y=float(y), **attributes)


def path(points: list[tuple[float, float]], *, close: bool = False) -> str:
    """A line through points, as a path says it."""
    parts = [f"{'L' if number else 'M'}{x:.1f} {y:.1f}" for number, (x, y) in enumerate(points)]
    return "".join(parts) + ("Z" if close and parts else "")


def at_dusk(items: list[Node]) -> list[Node]:
    """The same drawings; what is too dark for the page's ground at night is told by a class."""
    for item in items:
        colors = [item[1].get(name, "") for name in ("fill", "stroke")]
        if any(len(c) == 7 and c[0] == "#" and luminance(c[1:]) < _DARK for c in colors):
            item[1]["class"] = f"{item[1].get('class', '')} dk".strip()
        at_dusk([child for child in item[2:] if isinstance(child, list)])
    return items


def written(item: Node | str) -> str:
    """The drawing as SVG text."""
    if isinstance(item, str):
        return escape(item)
    tag, attributes, *children = item
    if tag not in TAGS:
        raise ValueError(f"no drawing has a {tag}")
    told = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
    return f"<{tag}{told}>{''.join(map(written, children))}</{tag}>"
