"""Dates, times and durations as texts."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal

from openpyxl.utils.datetime import MAC_EPOCH

from service.workbook.display.codes import Section

_LAST = 2_958_466  # the day after 9999-12-31
_DAY = 86_400
_ITALIAN = (
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"
)
_NAMES: dict[int, tuple[str, str]] = {
    0x09: (
        "January February March April May June July August September October November December",
        "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    ),
    0x07: (
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    ),
    0x0C: (
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "lundi mardi mercredi jeudi vendredi samedi dimanche",
    ),
    0x0A: (
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "lunes martes miércoles jueves viernes sábado domingo",
    ),
    0x10: (
        _ITALIAN,
        "lunedì martedì mercoledì giovedì venerdì sabato domenica",
    ),
    0x13: (
        "januari februari maart april mei juni juli augustus september oktober november december",
        "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
    ),
    0x16: (
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
    ),
}
_TWO_LETTERS = frozenset([0x07, 0x13])  # languages that shorten days to two


class _Moment:
    """A serial number taken apart; seconds are rounded to what the format shows."""

    def __init__(self, number: float, places: int, epoch: dt.datetime) -> None:
        exact = Decimal(repr(float(number))) * _DAY
        step = Decimal(1).scaleb(-places)
        self.seconds = exact.quantize(step, ROUND_HALF_UP)  # since the day 0
        day, self.of_day = divmod(self.seconds, _DAY)
        self.serial = int(day) + (1462 if epoch == MAC_EPOCH else 0)

    @property
    def date(self) -> tuple[int, int, int]:
        """Year, month, day; as Excel counts, 1900 has a 29 February and a 0 January."""
        if self.serial == 0:
            return 1900, 1, 0
        if self.serial == 60:
            return 1900, 2, 29
        day = dt.date(1899, 12, 30 if self.serial > 60 else 31) + dt.timedelta(days=self.serial)
        return day.year, day.month, day.day

    @property
    def weekday(self) -> int:
        """0 is Monday; Excel's day 1 is a Sunday."""
        return (self.serial + 5) % 7


def dated(number: float, section: Section, epoch: dt.datetime) -> str | None:
    """The text of a number in a section for dates; None where Excel shows none."""
    shown = [text for kind, text in section.tokens if kind == "second"]
    places = max((len(text.partition(".")[2]) for text in shown), default=0)
    if not shown and not any(k == "elapsed" and t[0] == "s" for k, t in section.tokens):
        places = 3  # what is not shown must not be carried over
    moment = _Moment(abs(number), places, epoch)
    if moment.serial >= _LAST or (number < 0 and not _only_elapsed(section)):
        return None
    halves = any(kind == "ampm" for kind, _ in section.tokens)
    sign = "-" if number < 0 else ""
    return sign + "".join(_part(*token, moment, halves, section) for token in section.tokens)


def _only_elapsed(section: Section) -> bool:
    kinds = {kind for kind, _ in section.tokens}
    return "elapsed" in kinds and not kinds & {"year", "month", "day"}


def _part(kind: str, text: str, moment: _Moment, halves: bool, section: Section) -> str:
    if kind in ("year", "month", "day"):
        return _day_part(kind, text, moment, section)
    hour, rest = divmod(int(moment.of_day), 3600)
    if kind == "hour":
        shown = (hour % 12 or 12) if halves else hour
        return f"{shown:0{min(len(text), 2)}}"
    if kind == "minute":
        return f"{rest // 60:0{min(len(text), 2)}}"
    if kind == "second":
        whole, _, fraction = text.partition(".")
        second = moment.of_day % 60
        plain = f"{int(second):0{min(len(whole), 2)}}"
        return f"{plain}.{second % 1:f}".replace(".0.", ".") if fraction else plain
    if kind == "ampm":
        first, second_half = text.split("/")
        return first if hour < 12 else second_half
    if kind == "elapsed":
        unit = {"h": 3600, "m": 60, "s": 1}[text[0]]
        return f"{int(moment.seconds // unit):0{len(text)}}"
    if kind in ("literal", "digit", "point", "comma", "slash", "percent"):
        return text
    return ""


def _day_part(kind: str, text: str, moment: _Moment, section: Section) -> str:
    year, month, day = moment.date
    if kind == "year":
        year += 543 if text[0] in "bB" else 0
        return f"{year % 100:02}" if len(text) <= 2 and text[0] not in "eE" else f"{year:04}"
    language = section.language & 0x3FF
    months, days = (names.split() for names in _NAMES.get(language, _NAMES[0x09]))
    if kind == "month":
        name = months[month - 1]
        return {3: name[:3], 4: name, 5: name[0]}.get(len(text), "") or (
            f"{month:0{len(text)}}" if len(text) <= 2 else name
        )
    if len(text) <= 2:
        return f"{day:0{len(text)}}"
    name = days[moment.weekday]
    return name[: 2 if language in _TWO_LETTERS else 3] if len(text) == 3 else name
