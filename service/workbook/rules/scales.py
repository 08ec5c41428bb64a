"""Colour scales, data bars and icon sets: their colours, icons and bounds."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from lxml import etree

from service.errors import InvalidValue
from service.workbook.colors import parse_color
from service.workbook.keeping.extensions import X14, XM
from service.workbook.rules.formulas import formula_text, moment, number

# ("num", "10"), ("percent", "50"), ("percentile", "90"), ("formula", "$A$1"), ("min", "") ...
Bound: TypeAlias = tuple[str, str]
# The shades that Excel's own scales have.
_SHADES = {"red": "F8696B", "yellow": "FFEB84", "green": "63BE7B", "blue": "5A8AC6"}
_BARS = {
    "blue": "638EC6", "green": "63C384", "red": "FF555A", "orange": "FFB628",
    "lightblue": "008AEF", "purple": "D6007B",
}  # fmt: skip
_USUAL = ["red", "yellow", "green"]
ICONS = (
    "3Arrows 3ArrowsGray 3Flags 3TrafficLights1 3TrafficLights2 3Signs 3Symbols 3Symbols2 4Arrows "
    "4ArrowsGray 4RedToBlack 4Rating 4TrafficLights 5Arrows 5ArrowsGray 5Rating 5Quarters"
).split()
LATER_ICONS = ("3Triangles", "3Stars", "5Boxes")
_SAME_ICONS = {
    "": "3TrafficLights1", "traffic lights": "3TrafficLights1", "arrows": "3Arrows",
    "flags": "3Flags", "signs": "3Signs", "symbols": "3Symbols", "checks": "3Symbols2",
    "ratings": "5Rating", "rating": "5Rating", "bars": "5Rating", "quarters": "5Quarters",
    "stars": "3Stars", "triangles": "3Triangles", "boxes": "5Boxes",
}  # fmt: skip
_BOUND = re.compile(r"^(percentile|percent|num|number)?\s*(-?\d+(?:\.\d+)?)\s*(%)?$")


def colors_of(value: Any) -> list[str]:
    """Two or three colours ``RRGGBB``, from the lowest to the highest value.

    :raises InvalidValue: if there are more or fewer
    """
    if isinstance(value, str) and value.strip():
        value = [part for part in re.split(r"\s*(?:,|;|/|\bto\b|_|-|\s)\s*", value.strip()) if part]
    found = value or _USUAL
    if not isinstance(found, list) or len(found) not in (2, 3):
        raise InvalidValue(
            "A colour scale has two or three colours, from the lowest value to the highest.",
            'Send value as ["white", "red"] or ["red", "yellow", "green"].',
        )
    return [_shade(str(color), _SHADES) for color in found]


def _shade(text: str, known: Mapping[str, str]) -> str:
    plain = re.sub(r"[\s_-]+", "", text.lower())
    return known.get(plain) or parse_color(text, "value")


def bar_color(value: Any) -> str:
    """The colour of data bars; blue where none is asked for.

    :raises InvalidValue: if it is no colour
    """
    if isinstance(value, list):
        raise InvalidValue("A data bar has one colour.", 'Send value as "green" or "#63C384".')
    return _shade(str(value or "blue"), _BARS)


def bound(value: Any, name: str, usual: str, epoch: dt.datetime) -> Bound:
    """Where a scale begins, turns or ends.

    :raises InvalidValue: if it is neither number, share, percentile nor formula
    """
    if isinstance(value, int | float):
        return "num", number(value)
    text = str(usual if value is None else value).strip()
    if text.startswith("=") and len(text) > 1:
        return "formula", formula_text(text, name)
    lowered = text.lower()
    if lowered in ("min", "max", "auto", "lowest", "highest", "automatic"):
        return {"lowest": "min", "highest": "max", "automatic": "auto"}.get(lowered, lowered), ""
    match = _BOUND.match(lowered)
    if match:
        kind = (
            "percent" if match[3] else {"number": "num"}.get(match[1] or "num", match[1] or "num")
        )
        if kind != "num" and not 0 <= float(match[2]) <= 100:
            raise InvalidValue(f"{name} is {text}; shares go from 0 to 100.", "")
        return kind, match[2]
    serial = moment(text, epoch)
    if serial is not None:
        return "num", number(serial)
    raise InvalidValue(
        f'{name}: "{text[:40]}" is no bound.',
        'Use a number, "10%", "percentile 90", min, max, or a formula such as "=$D$1".',
    )


def add_bound(parent: etree._Element, item: Bound) -> None:
    """Write a bound in the usual form."""
    element = etree.SubElement(parent, "cfvo", type=item[0])
    if item[1]:
        element.set("val", item[1])


def add_later_bound(parent: etree._Element, item: Bound) -> None:
    """Write a bound in the later form."""
    element = etree.SubElement(parent, f"{{{X14}}}cfvo", type=item[0])
    if item[1]:
        etree.SubElement(element, f"{{{XM}}}f").text = item[1]


def later_bar(id_: str, color: str, low: Bound, high: Bound, given: Mapping[str, Any]) -> str:
    """The later form of a data bar, which has what the usual lacks: borders, bars below 0."""
    rule = etree.Element(
        f"{{{X14}}}cfRule", {"type": "dataBar", "id": id_}, nsmap={"x14": X14, "xm": XM}
    )
    bar = etree.SubElement(rule, f"{{{X14}}}dataBar", minLength="0", maxLength="100", border="1")
    if given.get("hide_value"):
        bar.set("showValue", "0")
    if given.get("solid"):
        bar.set("gradient", "0")
    bar.set("negativeBarBorderColorSameAsPositive", "0")
    for item, end in ((low, "autoMin"), (high, "autoMax")):
        add_later_bound(bar, (end, "") if item[0] == "auto" else item)
    asked = given.get("negative_color")
    negative = "FF" + (_shade(asked, {}) if asked else "FF0000")
    for name, rgb in (
        ("borderColor", color), ("negativeFillColor", negative),
        ("negativeBorderColor", negative), ("axisColor", "FF000000"),
    ):  # fmt: skip
        etree.SubElement(bar, f"{{{X14}}}{name}", rgb=rgb)
    return etree.tostring(rule, encoding="unicode")


def icon_set(value: Any) -> tuple[str, bool]:
    """(Excel's name of a set of icons, whether only the later form has it).

    :raises InvalidValue: naming all sets
    """
    text = " ".join(re.split(r"[\s_-]+", str(value or "").strip().lower())).strip()
    name = _SAME_ICONS.get(text)
    for known in (*ICONS, *LATER_ICONS):
        if text.replace(" ", "") in (known.lower(), known.lower().rstrip("1")):
            name = known
    if name is None or isinstance(value, list):
        raise InvalidValue(
            f'No icons "{str(value)[:40]}".', f"Use one of {', '.join((*ICONS, *LATER_ICONS))}."
        )
    return name, name in LATER_ICONS


def thresholds(name: str, given: Any, epoch: dt.datetime) -> list[Bound]:
    """From which value on each icon is shown, the lowest first.

    :raises InvalidValue: if their number does not fit the icons
    """
    count = int(name[0])
    if given is None:
        return [("percent", str(round(100 * i / count))) for i in range(count)]
    if len(given) != count - 1:
        raise InvalidValue(
            f"options.thresholds has {len(given)} values; {name} needs {count - 1}.",
            "Say from where on the second icon is shown, then the next: [50, 80].",
        )
    found = [bound(item, "options.thresholds", "", epoch) for item in given]
    numbers = [float(text) for kind, text in found if kind == found[0][0] and kind != "formula"]
    if any(kind in ("min", "max", "auto") for kind, _ in found) or numbers != sorted(numbers):
        raise InvalidValue(
            f"options.thresholds {given} do not rise.", "Send them from the lowest to the highest."
        )
    return [("percent", "0"), *found]
