"""Values as a cell shows them: the texts that Excel makes of values and number formats.

Separators are those of English, names of days and months those of the format's language.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from openpyxl.utils.datetime import WINDOWS_EPOCH

from service.workbook.calculation.results import serial_number
from service.workbook.display.codes import GENERAL, Section, sections
from service.workbook.display.dates import dated
from service.workbook.display.numbers import general, numbered

_HASHES = "########"  # what Excel shows of what it can't show


@dataclass(frozen=True)
class Shown:
    """What a cell shows.

    :param text: with " " for each space as wide as a character
    :param color: ``RRGGBB`` that the number format asks for, "" for the cell's own
    :param fill: place in the text where it is stretched with spaces, -1 for nowhere
    """

    text: str
    color: str = ""
    fill: int = -1


def shown_text(value: object, code: str, epoch: dt.datetime = WINDOWS_EPOCH) -> str:
    """The text that a cell with this value and number format shows."""
    return shown(value, code, epoch).text


def shown(value: object, code: str, epoch: dt.datetime = WINDOWS_EPOCH) -> Shown:
    """What a cell with this value (as the editor has it) and number format shows."""
    number = serial_number(value, epoch)
    if number is None:
        return Shown("")
    if isinstance(number, bool):
        return Shown("TRUE" if number else "FALSE")
    if isinstance(number, int | float):
        return _number(number, code or GENERAL, epoch)
    return _text(str(number), code or GENERAL)


def _text(text: str, code: str) -> Shown:
    every = sections(code)
    section = next((one for one in every[3:] or every if one.kind == "text"), None)
    if len(every) >= 4:
        section = every[3]
    if section is None:
        return Shown(text)
    parts = [text if kind == "@" else part for kind, part in _literal(section)]
    return _joined(parts, section, [kind for kind, _ in section.tokens])


def _literal(section: Section) -> list[tuple[str, str]]:
    return [(kind, part if kind in ("literal", "@") else "") for kind, part in section.tokens]


def _number(number: float, code: str, epoch: dt.datetime) -> Shown:
    section, value = _chosen(number, sections(code))
    if section is None:
        return Shown(_HASHES)
    if section.kind == "text":
        return Shown(general(number), section.color)
    if section.kind == "date":
        text = dated(value, section, epoch)
        return Shown(_HASHES if text is None else text, section.color)
    parts = numbered(value, section)
    return _joined(parts, section, [kind for kind, _ in section.tokens])


def _joined(parts: list[str], section: Section, kinds: list[str]) -> Shown:
    fill = -1
    if "fill" in kinds:
        # parts has one entry per token, and the sign in front
        place = kinds.index("fill") + len(parts) - len(kinds)
        fill = len("".join(parts[:place]))
    return Shown("".join(parts), section.color, fill)


def _chosen(number: float, every: tuple[Section, ...]) -> tuple[Section | None, float]:
    """The section that shows the number, and the number as it goes in: without its sign or not."""
    count = min(len(every), 3)
    usual = every[:count]
    if len(every) > 1 and every[-1].kind == "text" and len(every) < 4:
        usual = every[:-1]  # a last section with @ is for texts
    conditions = [one.condition for one in usual]
    if not any(conditions):
        return _by_sign(number, usual)
    for place, section in enumerate(usual):
        if section.condition is not None:
            if section.condition.holds(number):
                return section, number
        elif place == 1 and len(usual) == 3:
            if number < 0:
                return section, -number
        elif place > 0 or len(usual) == 1 or number > 0:
            return section, number
    return (None, number) if len(usual) > 1 or conditions[0] else (usual[0], number)


def _by_sign(number: float, usual: tuple[Section, ...]) -> tuple[Section, float]:
    if number < 0 and len(usual) > 1:
        return usual[1], -number
    if number == 0 and len(usual) > 2:
        return usual[2], number
    return usual[0], number


__all__ = ["Shown", "shown", "shown_text"]
