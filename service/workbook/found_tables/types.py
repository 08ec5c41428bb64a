"""What type a column of cells has, decided over the whole column, and what was decided told.

Cells of one kind give that kind. Numbers and dates written as text ("1.234,56 EUR") are read
where all texts of the column can be. Where a few cells are of another kind than most, the
column is of the kind of most, and the others are blank in it; else all are text.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from openpyxl.styles.numbers import is_date_format

from service.errors import counted
from service.workbook.calculation.results import ErrorValue
from service.workbook.cells import ERRORS, shown
from service.workbook.column_types import Decision, Settled, decide, looks_valued
from service.workbook.csv_table import NAMES_OF_TEXT
from service.workbook.tally import Tally

Kind = Literal[
    "integer", "decimal", "percent", "date", "datetime", "time", "duration", "boolean", "text",
    "blank",
]  # fmt: skip
SQL_TYPES: dict[Kind, str] = {
    "integer": "BIGINT",
    "decimal": "DOUBLE",
    "percent": "DOUBLE",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "time": "TIME",
    "duration": "INTERVAL",
    "boolean": "BOOLEAN",
    "text": "VARCHAR",
    "blank": "VARCHAR",
}
_MOST = 0.8  # of the values, to decide for all
_PLACEHOLDERS = {
    "n/a", "na", "-", "--", "–", "—", "none", "null", "nan", "nil", "unknown", "tbd", "?", ".",
    "k.a.", "keine angabe", "unbekannt",
}  # fmt: skip
_FAMILY: dict[type, str] = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "text",
    dt.date: "date",
    dt.datetime: "date",
    dt.time: "time",
    dt.timedelta: "duration",
}
_READ_AS = {
    "number": "number", "percent": "number", "currency": "number", "date": "date",
    "datetime": "date", "boolean": "boolean",
}  # fmt: skip
_HUGE = 2**63
_MIDNIGHT = dt.time()
_DIGIT = re.compile(r"\d|^(true|false)$", re.IGNORECASE)
_SAMPLE = 200
_UNKNOWN = type(None)
_SCIENTIFIC = re.compile(r"-?\d[.,]\d+[eE][-+]\d")


@dataclass
class TypedColumn:
    """A column whose type is decided.

    :param tally: its values: None for a blank, and for what has no place in the type
    :param notes: what was decided, in words that go on after the column's name
    :param facts: counts of what was found: errors, text_numbers, other_kinds, placeholders
    """

    kind: Kind
    tally: Tally
    number_format: str = "General"
    notes: list[str] = field(default_factory=list)
    facts: dict[str, int] = field(default_factory=dict)

    @property
    def values(self) -> list[Any]:
        return self.tally.values


@dataclass(frozen=True)
class Wishes:
    """What the caller has decided.

    :param decimal: mark of numbers in texts; ``date_order`` of dates in them
    :param text_columns: names of columns that are text (in small letters)
    """

    decimal: str = ""
    date_order: str = ""
    text_columns: frozenset[str] = frozenset()

    @property
    def settled(self) -> Settled:
        return Settled(self.decimal, self.date_order, bool(self.date_order))


def typed_column(
    header: str,
    values: Sequence[Any] | Tally,
    number_format: str,
    wishes: Wishes = Wishes(),
) -> TypedColumn:
    """The type of a column and its values in it.

    :param values: as cells show them: "" for a blank, None where a formula's is unknown
    """
    return _Deciding(header, Tally.of(values), number_format, wishes).decided()


def stays_text(header: str, number_format: str, wishes: Wishes) -> bool:
    """Whether the texts of a column are never read as anything else."""
    plain = " ".join(re.split(r"[\s_.-]+", header)).strip().lower()
    wanted = header.lower() in wishes.text_columns
    return wanted or number_format == "@" or bool(NAMES_OF_TEXT.search(plain))


class _Deciding:
    def __init__(self, header: str, tally: Tally, number_format: str, wishes: Wishes) -> None:
        self.header, self.number_format, self.wishes = header, number_format, wishes
        self.notes: list[str] = []
        self.facts: dict[str, int] = {}
        self.tally = self._without_errors(tally)
        self.values = self.tally.values
        self.types = Counter(self.tally.types)
        self.types.pop(_UNKNOWN, None)

    def decided(self) -> TypedColumn:
        families = {_FAMILY.get(type_, "text") for type_ in self.types}
        wanted = self.header.lower() in self.wishes.text_columns
        if not families:
            return self._made("blank", self.tally)
        if wanted or families == {"text"}:
            return self._texts()
        if len(families) == 1:
            return self._plain(families.pop(), self.tally)
        return self._mixed()

    def _made(self, kind: Kind, tally: Tally) -> TypedColumn:
        return TypedColumn(kind, tally, self.number_format, self.notes, self.facts)

    def _without_errors(self, tally: Tally) -> Tally:
        """The values with None for blanks, errors and formulas without a value."""
        values, types = tally.values, tally.types
        unknown = types[_UNKNOWN]
        if unknown:
            self._tell("unknown", unknown, f"{counted(unknown, 'formula')} without a value: blank")
        if not (types[str] or types[ErrorValue]):
            return tally
        texts = [value for value in tally.known if isinstance(value, str)]
        errors = ERRORS.keys() & set(texts)
        if errors:
            count = sum(map(values.count, errors))
            told = ", ".join(sorted(errors)[:3])
            self._tell("errors", count, f"{counted(count, 'error')} ({told}) are blank")
        gone = errors | {text for text in texts if text.isspace()}
        if not (gone or tally.blanks or types[ErrorValue]):
            return tally
        known = dict.fromkeys(gone, None) | {"": None}
        if types.keys() <= {str, _UNKNOWN}:  # get gives the value itself where it isn't known
            return Tally(list(map(known.get, values, values)))
        return Tally([known.get(v, str(v)) if isinstance(v, str) else v for v in values])

    def _tell(self, fact: str, count: int, note: str) -> None:
        self.facts[fact] = count
        self.notes.append(note)

    # One kind -----------------------------------------------------------------

    def _plain(self, family: str, tally: Tally) -> TypedColumn:
        if family == "number":
            return self._numbers(tally)
        if family == "date":
            return self._dates(tally)
        return self._made(family, tally)  # type: ignore[arg-type]

    def _numbers(self, tally: Tally) -> TypedColumn:
        if "%" in self.number_format:
            return self._made("percent", tally)
        numbers = tally.known
        if int in tally.types:
            whole = all(map(_is_whole, numbers))
        else:
            whole = all(map(float.is_integer, numbers))
        if whole and min(numbers) > -_HUGE and max(numbers) < _HUGE:
            return self._made("integer", tally)
        return self._made("decimal", tally)

    def _dates(self, tally: Tally) -> TypedColumn:
        types = tally.types.keys() - {_UNKNOWN}
        if types == {dt.date}:
            return self._made("date", tally)
        # Not the different ones: a day and its midnight are two, and so many are looked at once.
        moments = (v for v in tally.values if type(v) is dt.datetime)
        if all(moment.time() == _MIDNIGHT for moment in moments):
            days = [v.date() if type(v) is dt.datetime else v for v in tally.values]
            return self._made("date", Tally(days))
        if types == {dt.datetime}:
            return self._made("datetime", tally)
        return self._made(
            "datetime",
            Tally(
                [
                    dt.datetime.combine(v, _MIDNIGHT) if type(v) is dt.date else v
                    for v in tally.values
                ]
            ),
        )

    # Texts --------------------------------------------------------------------

    def _texts(self) -> TypedColumn:
        if stays_text(self.header, self.number_format, self.wishes):
            return self._all_text()
        decision = self._read(self._different_texts())
        return self._converted(decision) if decision else self._all_text()

    def _different_texts(self) -> list[str]:
        return [value for value in self.tally.known if isinstance(value, str)]

    def _all_text(self) -> TypedColumn:
        if set(self.types) <= {str}:
            return self._made("text", self.tally)
        values = [None if v is None else _shown(v) for v in self.values]
        return self._made("text", Tally(values))

    def _read(self, texts: Collection[str]) -> Decision | None:
        """How the texts of a column are read as something else, if all of them can be."""
        stripped = dict.fromkeys(map(str.strip, texts))
        places = {text for text in stripped if text.lower() in _PLACEHOLDERS}
        rest = [text for text in stripped if text not in places] if places else list(stripped)
        sample = rest[:_SAMPLE]
        if not rest or sum(bool(_DIGIT.search(t)) for t in sample) < len(sample) * _MOST:
            return None
        if _are_words(rest):
            return None
        decision = decide(rest, self.wishes.settled)
        if decision.doubt:
            self._tell("doubt", len(rest), decision.doubt.replace(" in options", " in options"))
        if decision.kind in ("text", "blank"):
            return None
        convert = decision.convert
        return replace(decision, convert=lambda t: None if t in places else convert(t))

    def _converted(self, decision: Decision) -> TypedColumn:
        texts = self._different_texts()
        known = dict(zip(texts, map(decision.convert, map(str.strip, texts)), strict=True))
        count = self.types[str]
        if self.types.keys() == {str}:  # None is not among the known, and stays
            values = list(map(known.get, self.values))
        else:
            values = [known[v] if isinstance(v, str) else v for v in self.values]
        example = next(text for text in texts if known[text] is not None)
        kind = {"currency": "amounts", "percent": "percentages"}.get(
            decision.kind, f"{decision.kind}s"
        )
        self._tell("text_" + _READ_AS[decision.kind], count,
                   f'{counted(count, "text")} such as "{example[:30]}" read as {kind}')  # fmt: skip
        places = [text for text, value in known.items() if value is None]
        if places:
            self._tell("placeholders", len(places), f"{_quoted(places)} read as blank")
        if decision.number_format != "General" and self.number_format == "General":
            self.number_format = decision.number_format
        return self._plain(_READ_AS[decision.kind], Tally(values))

    # Several kinds --------------------------------------------------------------

    def _mixed(self) -> TypedColumn:
        texts = self._different_texts()
        others = {_FAMILY[t] for t in self.types if t is not str}
        if texts and len(others) == 1:
            family = next(iter(others))
            decision = self._read(texts)
            if decision is not None and _READ_AS[decision.kind] == family:
                return self._converted(decision)
        counts: Counter[str] = Counter()
        for type_, number in self.types.items():
            counts[_FAMILY.get(type_, "text")] += number
        empty = sum(isinstance(v, str) and v.strip().lower() in _PLACEHOLDERS for v in self.values)
        total = sum(counts.values()) - empty
        family, most = next(
            (f, n) for f, n in counts.most_common() if f != "text" or len(counts) == 1
        )
        if counts["text"] - empty >= most or most < _MOST * total:
            told = ", ".join(f"{n} {f}" for f, n in counts.most_common())
            self._tell("mixed", total, f"mixed ({told}): all are text")
            return self._all_text()
        odd = [v for v in self.values if v is not None and _FAMILY.get(type(v), "text") != family]
        self._tell(
            "other_kinds", len(odd),
            f"{counted(len(odd), 'value')} such as {_quoted([_shown(v) for v in odd])} "
            f"{'is' if len(odd) == 1 else 'are'} no {family} and blank here",
        )  # fmt: skip
        kept = [v if _FAMILY.get(type(v)) == family else None for v in self.values]
        return self._plain(family, Tally(kept))


def _are_words(texts: Sequence[str]) -> bool:
    """Whether so many texts are no numbers, dates or amounts that no note is due, either.

    It is for columns of very many names: the first of them are enough to tell.
    """
    room = len(texts) // 5
    for text in texts:
        if not looks_valued(text) and not _SCIENTIFIC.match(text):
            room -= 1
            if room < 0:
                return True
    return False


def _is_whole(number: int | float) -> bool:
    return isinstance(number, int) or number.is_integer()


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).upper()
    return str(shown(value))


def _quoted(texts: Sequence[str]) -> str:
    return ", ".join(f'"{text[:30]}"' for text in list(dict.fromkeys(texts))[:3])


def is_dated(number_format: str) -> bool:
    """Whether numbers of that format are dates or times."""
    return bool(is_date_format(number_format))
