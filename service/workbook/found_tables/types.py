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
from service.workbook.column_types import Decision, Settled, decide
from service.workbook.csv_table import NAMES_OF_TEXT

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


@dataclass
class TypedColumn:
    """A column whose type is decided.

    :param values: None for a blank, and for what has no place in the type
    :param notes: what was decided, in words that go on after the column's name
    :param facts: counts of what was found: errors, text_numbers, other_kinds, placeholders
    """

    kind: Kind
    values: list[Any]
    number_format: str = "General"
    notes: list[str] = field(default_factory=list)
    facts: dict[str, int] = field(default_factory=dict)


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
    values: Sequence[Any],
    number_format: str,
    wishes: Wishes = Wishes(),
) -> TypedColumn:
    """The type of a column and its values in it.

    :param values: as cells show them: "" for a blank, None where a formula's is unknown
    """
    return _Deciding(header, list(values), number_format, wishes).decided()


class _Deciding:
    def __init__(self, header: str, values: list[Any], number_format: str, wishes: Wishes) -> None:
        self.header, self.number_format, self.wishes = header, number_format, wishes
        self.notes: list[str] = []
        self.facts: dict[str, int] = {}
        self.values = self._without_errors(values)
        self.types = Counter(map(type, self.values))
        self.types.pop(type(None), None)

    def decided(self) -> TypedColumn:
        families = {_FAMILY.get(type_, "text") for type_ in self.types}
        wanted = self.header.lower() in self.wishes.text_columns
        if not families:
            return self._made("blank", self.values)
        if wanted or families == {"text"}:
            return self._texts(wanted=wanted)
        if len(families) == 1:
            return self._plain(families.pop(), self.values)
        return self._mixed()

    def _made(self, kind: Kind, values: list[Any]) -> TypedColumn:
        return TypedColumn(kind, values, self.number_format, self.notes, self.facts)

    def _without_errors(self, values: list[Any]) -> list[Any]:
        """The values with None for blanks, errors and formulas without a value."""
        types = Counter(map(type, values))
        unknown = types[type(None)]
        if unknown:
            self._tell("unknown", unknown, f"{counted(unknown, 'formula')} without a value: blank")
        if not (types[str] or types[ErrorValue]):
            return values
        known: dict[Any, Any] = {"": None}
        texts = {value for value in values if isinstance(value, str)}
        errors = texts & ERRORS.keys()
        for text in texts:
            known[text] = None if text in errors or not text.strip() else str(text)
        if errors:
            count = sum(isinstance(v, str) and v in errors for v in values)
            told = ", ".join(sorted(errors)[:3])
            self._tell("errors", count, f"{counted(count, 'error')} ({told}) are blank")
        return [known[value] if isinstance(value, str) else value for value in values]

    def _tell(self, fact: str, count: int, note: str) -> None:
        self.facts[fact] = count
        self.notes.append(note)

    # One kind -----------------------------------------------------------------

    def _plain(self, family: str, values: list[Any]) -> TypedColumn:
        if family == "number":
            return self._numbers(values)
        if family == "date":
            return self._dates(values)
        return self._made(family, values)  # type: ignore[arg-type]

    def _numbers(self, values: list[Any]) -> TypedColumn:
        numbers = [value for value in values if value is not None]
        if "%" in self.number_format:
            return self._made("percent", values)
        whole = all(map(_is_whole, numbers)) if float in set(map(type, numbers)) else True
        if whole and min(numbers) > -_HUGE and max(numbers) < _HUGE:
            return self._made("integer", values)
        return self._made("decimal", values)

    def _dates(self, values: list[Any]) -> TypedColumn:
        types = set(map(type, values)) - {type(None)}
        if types == {dt.date}:
            return self._made("date", values)
        moments = [v for v in values if type(v) is dt.datetime]
        if any(moment.time() != _MIDNIGHT for moment in moments):
            whole = [dt.datetime.combine(v, _MIDNIGHT) if type(v) is dt.date else v for v in values]
            return self._made("datetime", whole)
        return self._made("date", [v.date() if type(v) is dt.datetime else v for v in values])

    # Texts --------------------------------------------------------------------

    def _texts(self, *, wanted: bool) -> TypedColumn:
        texts = {value for value in self.values if isinstance(value, str)}
        plain = " ".join(re.split(r"[\s_.-]+", self.header)).strip().lower()
        if wanted or self.number_format == "@" or NAMES_OF_TEXT.search(plain):
            return self._all_text()
        decision = self._read(texts)
        if decision is None:
            return self._all_text()
        count = sum(isinstance(value, str) for value in self.values)
        return self._converted(decision, count)

    def _all_text(self) -> TypedColumn:
        if set(self.types) <= {str}:
            return self._made("text", self.values)
        values = [None if v is None else _shown(v) for v in self.values]
        return self._made("text", values)

    def _read(self, texts: Collection[str]) -> Decision | None:
        """How the texts of a column are read as something else, if all of them can be."""
        stripped = {text.strip() for text in texts}
        places = {text for text in stripped if text.lower() in _PLACEHOLDERS}
        rest = stripped - places
        sample = [text for text, _ in zip(rest, range(_SAMPLE), strict=False)]
        if not rest or sum(bool(_DIGIT.search(t)) for t in sample) < len(sample) * _MOST:
            return None
        decision = decide(rest, self.wishes.settled)
        if decision.doubt:
            self._tell("doubt", len(rest), decision.doubt.replace(" in options", " in options"))
        if decision.kind in ("text", "blank"):
            return None
        convert = decision.convert
        return replace(decision, convert=lambda t: None if t in places else convert(t))

    def _converted(self, decision: Decision, count: int) -> TypedColumn:
        known: dict[Any, Any] = {}
        for text in {value for value in self.values if isinstance(value, str)}:
            known[text] = decision.convert(text.strip())
        values = [known[v] if isinstance(v, str) else v for v in self.values]
        example = next(v for v in self.values if isinstance(v, str) and known[v] is not None)
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
        return self._plain(_READ_AS[decision.kind], values)

    # Several kinds --------------------------------------------------------------

    def _mixed(self) -> TypedColumn:
        texts = {value for value in self.values if isinstance(value, str)}
        others = {_FAMILY[t] for t in self.types if t is not str}
        if texts and len(others) == 1:
            family = next(iter(others))
            decision = self._read(texts)
            if decision is not None and _READ_AS[decision.kind] == family:
                count = sum(isinstance(value, str) for value in self.values)
                return self._converted(decision, count)
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
        return self._plain(family, kept)


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
