"""Texts that go on by themselves, as Excel fills them: months, weekdays, numbered names."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

_LISTS = [
    names.split()
    for names in (
        "January February March April May June July August September October November December",
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
        "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        "Mon Tue Wed Thu Fri Sat Sun",
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "Jan Feb Mrz Apr Mai Jun Jul Aug Sep Okt Nov Dez",
        "Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez",
        "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
        "Mo Di Mi Do Fr Sa So",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "lundi mardi mercredi jeudi vendredi samedi dimanche",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "lunes martes miércoles jueves viernes sábado domingo",
    )
]
_NUMBERED = re.compile(r"(.*[^\W\d].*?)(\d{1,9})", re.DOTALL)
_QUARTER = re.compile(r"(Q|Qtr|Quarter|Quartal|T)\.?\s*", re.IGNORECASE)


def following(texts: list[str]) -> Iterator[str] | None:
    """What comes after these texts, without an end; None where they begin nothing."""
    for names in _LISTS:
        low = [name.lower() for name in names]
        places = [low.index(text.lower()) for text in texts if text.lower() in low]
        step = _step(places, len(names)) if len(places) == len(texts) else None
        if step is not None:
            return _named(names, places[-1], step, texts[0])
    matches = [_NUMBERED.fullmatch(text) for text in texts]
    found = [match for match in matches if match is not None]
    if len(found) < len(texts) or len({match[1] for match in found}) > 1:
        return None
    numbers = [int(match[2]) for match in found]
    circle = 4 if _QUARTER.fullmatch(found[0][1]) and max(numbers) <= 4 else 0
    step = _step(numbers, circle)
    width = len(found[0][2])
    return None if step is None else _numbered(found[0][1], numbers[-1], step, circle, width)


def _step(places: list[int], circle: int) -> int | None:
    """How far each is from the one before, 1 for a single one; None where that differs."""
    pairs = itertools.pairwise(places)
    steps = {(b - a) % circle if circle else b - a for a, b in pairs}
    if not steps:
        return 1
    return steps.pop() if len(steps) == 1 else None


def _named(names: list[str], place: int, step: int, like: str) -> Iterator[str]:
    capitals = like.isupper() and len(like) > 1
    while True:
        place = (place + step) % len(names)
        name = names[place]
        yield name.upper() if capitals else name.lower() if like.islower() else name


def _numbered(start: str, number: int, step: int, circle: int, width: int) -> Iterator[str]:
    while True:
        number = (number + step - 1) % circle + 1 if circle else number + step
        yield f"{start}{abs(number):0{width}}"
