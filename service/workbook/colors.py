"""Colours as people and models write them: "#1F4E78", "red", "dark blue"."""

from __future__ import annotations

import difflib
import re

from PIL import ImageColor

from service.errors import InvalidValue

_HEX = re.compile(r"^#?(?:[0-9a-f]{2})?([0-9a-f]{6})$")
_SHORT_HEX = re.compile(r"^#([0-9a-f])([0-9a-f])([0-9a-f])$")

# What CSS lacks, and the one name it turns round: its "dark gray" is lighter than its "gray".
_BESIDE_CSS = {
    "darkgray": "404040",
    "darkgrey": "404040",
    "lightred": "FFC7CE",
    "lightorange": "FCE4D6",
    "lightpurple": "E4DFEC",
    "lightbrown": "DDC9A3",
    "lightteal": "C9E7E7",
    "darkpurple": "4B0082",
    "darkyellow": "BF9000",
    "darkbrown": "5C3317",
    "darkteal": "0F4C4C",
    "darkpink": "C71585",
}


def parse_color(text: str, where: str) -> str:
    """The colour as ``RRGGBB``; names are those of CSS, with or without a space.

    :param where: what the colour is for, in the message
    :raises InvalidValue: if it is no colour, with the nearest name
    """
    plain = re.sub(r"[\s_-]+", "", text.strip().lower())
    if plain in _BESIDE_CSS:
        return _BESIDE_CSS[plain]
    if plain in ImageColor.colormap:
        red, green, blue = ImageColor.getrgb(plain)[:3]
        return f"{red:02X}{green:02X}{blue:02X}"
    if match := _SHORT_HEX.match(plain):
        return "".join(digit * 2 for digit in match.groups()).upper()
    if match := _HEX.match(plain):
        return match.group(1).upper()
    near = difflib.get_close_matches(plain[:40], [*ImageColor.colormap, *_BESIDE_CSS], 1)
    meant = f' Did you mean "{near[0]}"?' if near else ""
    raise InvalidValue(
        f'{where}: "{text[:40]}" is no colour.{meant}',
        'Write colours as "#1F4E78", or by name: red, green, blue, orange, "dark blue", '
        '"light gray".',
    )


def blend(color: str, other: str, share: float) -> str:
    """The colour between two ``RRGGBB``: 0 is ``color``, 1 is ``other``."""
    pairs = [(int(color[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (0, 2, 4)]
    return "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)
