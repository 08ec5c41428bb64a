"""Colour scales, data bars and icon sets: what they make of a number."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from lxml import etree
from openpyxl.styles.colors import Color

from service.workbook.colors import blend
from service.workbook.keeping.merging import local
from service.workbook.preview.palette import Palette
from service.workbook.rules.found import Found

if TYPE_CHECKING:
    from service.workbook.preview.conditions import Effect

Constant: TypeAlias = Callable[[str], object]
_NEGATIVE = "FF0000"


@dataclass(frozen=True)
class _Bound:
    kind: str
    text: str
    inclusive: bool = True

    def number(self, numbers: list[float], constant: Constant) -> float:
        low, high = min(numbers), max(numbers)
        if self.kind in ("min", "max"):
            return low if self.kind == "min" else high
        if self.kind in ("autoMin", "autoMax"):
            return min(low, 0.0) if self.kind == "autoMin" else max(high, 0.0)
        value = constant(self.text)
        share = float(value) if isinstance(value, int | float) else 0.0
        if self.kind == "percent":
            return low + (high - low) * share / 100
        if self.kind == "percentile":
            return _percentile(numbers, share)
        return share


def _percentile(numbers: list[float], share: float) -> float:
    if len(numbers) == 1:
        return numbers[0]
    if share >= 100:
        return max(numbers)
    whole = statistics.quantiles(numbers, n=1000, method="inclusive")
    place = round(share * 10)
    return min(numbers) if place < 1 else whole[min(place, 999) - 1]


@dataclass(frozen=True)
class Scale:
    """One rule of these kinds, with its bounds as numbers."""

    kind: str
    bounds: list[float]
    inclusive: list[bool]
    colors: list[str]
    icons: str = ""
    reverse: bool = False
    hides: bool = False
    solid: bool = False
    lengths: tuple[float, float] = (0.0, 100.0)

    def effect(self, number: float, effect: Effect) -> Effect:
        """What the rule does to a cell with this number, put into ``effect``."""
        effect.hides_value = self.hides
        if self.kind == "color_scale":
            effect.css = {"background-color": f"#{self._color(number)}"}
        elif self.kind == "data_bar":
            effect.bar = self._bar(number)
        else:
            effect.icon = (self.icons, self._place(number))
        return effect

    def _color(self, number: float) -> str:
        pairs = list(zip(self.bounds, self.colors, strict=False))
        if number <= pairs[0][0]:
            return pairs[0][1]
        for (low, first), (high, second) in pairwise(pairs):
            if number <= high:
                return blend(first, second, (number - low) / (high - low) if high > low else 1.0)
        return pairs[-1][1]

    def _bar(self, number: float) -> tuple[float, float, str, bool]:
        low, high = self.bounds[0], self.bounds[-1]
        if high <= low:
            return 0.0, self.lengths[1] if number >= high else 0.0, self.colors[0], self.solid
        number = min(max(number, low), high)
        if low < 0 < high or high <= 0:
            zero = (min(high, 0) - low if high <= 0 else -low) / (high - low) * 100
            end = (number - low) / (high - low) * 100
            color = self.colors[0] if number >= 0 else (*self.colors, _NEGATIVE)[1]
            return min(zero, end), abs(end - zero), color, self.solid
        short, long = self.lengths
        width = short + (number - low) / (high - low) * (long - short)
        return 0.0, width, self.colors[0], self.solid

    def _place(self, number: float) -> int:
        place = 0
        for index, limit in enumerate(self.bounds):
            if index and (number >= limit if self.inclusive[index] else number > limit):
                place = index
        return len(self.bounds) - 1 - place if self.reverse else place


def scale_of(
    found: Found, numbers: list[float], constant: Constant, palette: Palette
) -> Scale | None:
    """The scale of a rule; None where it can't be worked out."""
    parts = list(found.xml.iter())
    second = list(found.second.iter()) if found.second is not None else []
    bounds = _bounds(second) or _bounds(parts)
    colors = [rgb for part in parts if local(part) == "color" and (rgb := _color(part, palette))]
    if not numbers or not bounds:
        return None
    if found.kind != "icon_set" and not colors:
        return None
    bar = next((p for p in [*second, *parts] if local(p) == "dataBar"), None)
    icons = next((p for p in parts if local(p) == "iconSet"), None)
    negative = [_color(p, palette) for p in second if local(p) == "negativeFillColor"]
    shows = icons if icons is not None else next((p for p in parts if local(p) == "dataBar"), None)
    return Scale(
        kind=found.kind,
        bounds=[bound.number(numbers, constant) for bound in bounds],
        inclusive=[bound.inclusive for bound in bounds],
        colors=[*colors, *negative] if found.kind == "data_bar" else colors,
        icons="" if icons is None else icons.get("iconSet", "3TrafficLights1"),
        reverse=icons is not None and icons.get("reverse") in ("1", "true"),
        hides=shows is not None and shows.get("showValue") in ("0", "false"),
        solid=bar is not None and bar.get("gradient") in ("0", "false"),
        lengths=(0.0, 100.0) if second else (10.0, 90.0),
    )


def _bounds(parts: list[etree._Element]) -> list[_Bound]:
    return [
        _Bound(
            part.get("type", "num"),
            (part.get("val") or "".join(child.text or "" for child in part)).removeprefix("="),
            part.get("gte") not in ("0", "false"),
        )
        for part in parts
        if local(part) == "cfvo"
    ]


def _color(part: etree._Element, palette: Palette) -> str:
    facts = {name: part.get(name) for name in ("rgb", "theme", "indexed", "tint")}
    given = {
        name: (float(value) if name == "tint" else value if name == "rgb" else int(value))
        for name, value in facts.items()
        if value is not None
    }
    return palette.rgb(Color(**given)) if given else ""
