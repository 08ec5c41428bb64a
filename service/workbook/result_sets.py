"""Rows that came from a query: named, typed columns, with values that a cell can hold.

Such rows come from outside a workbook (a database) or depend on values that another day may
calculate otherwise (a query over sheets). So an operation notes them with :meth:`Results.packed`,
and a replay of it takes them from there.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from service.errors import InvalidValue, counted
from service.workbook.cells import MAX_TEXT, UNSTORABLE
from service.workbook.tables.headers import unique
from service.workbook.texts import utf16_length

Kind = Literal[
    "integer", "decimal", "percent", "boolean", "date", "datetime", "time", "duration", "text"
]
Value: TypeAlias = str | int | float | bool | dt.datetime | dt.date | dt.time | dt.timedelta | None

_MARK = ":"  # what was packed earlier is in base 85, which has no such sign
_LONGEST_NAME = 255  # characters of a header
_EXACT = 10**15  # whole numbers from here on are no cell's number any more
_SMALLEST = 2.2250738585072014e-308  # nearer to 0 Excel takes a number for 0
_FIRST_DAY = dt.date(1900, 3, 1)
_KIND_OF: dict[type, Kind] = {
    bool: "boolean",
    int: "integer",
    float: "decimal",
    dt.date: "date",
    dt.datetime: "datetime",
    dt.time: "time",
    dt.timedelta: "duration",
    str: "text",
}


@dataclass(frozen=True)
class Column:
    """A column of results.

    :param number_format: a code that its cells get; "" for that of its kind
    """

    name: str
    kind: Kind = "text"
    number_format: str = ""

    def renamed(self, name: str) -> Column:
        """The same column with another name."""
        return replace(self, name=name)


@dataclass
class Results:
    """Columns and rows; each row has one value for each column.

    :param notes: what was made fit on the way
    """

    columns: list[Column]
    rows: list[list[Value]]
    notes: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def packed(self) -> str:
        """All of it as one short text, for a journal."""
        data = {
            "columns": [[c.name, c.kind, c.number_format] for c in self.columns],
            "values": [_packed(list(values)) for values in zip(*self.rows, strict=True)]
            if self.rows
            else [],
            "notes": self.notes,
        }
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return _MARK + base64.b64encode(zlib.compress(text.encode(), 3)).decode()

    @classmethod
    def unpacked(cls, text: str) -> Results:
        """What :meth:`packed` gave."""
        decode = base64.b64decode if text.startswith(_MARK) else base64.b85decode
        data = json.loads(zlib.decompress(decode(text.removeprefix(_MARK))))
        columns = [Column(*each) for each in data["columns"]]
        values = [_unpacked(each) for each in data["values"]]
        rows = [list(row) for row in zip(*values, strict=True)]
        return cls(columns, rows, data["notes"])


def fitted(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Results:
    """Rows as a database driver gives them, made into results.

    Decimals become numbers; bytes, lists and objects texts; moments with a time zone UTC. What
    no cell can hold exactly stays as text, and is noted; so are values that were left out.

    :raises InvalidValue: for a text longer than a cell can hold
    """
    told: Counter[str] = Counter()
    titles = unique([_title(name) for name in names])
    columns: list[list[Value]] = []
    found = list(rows)
    for index, title in enumerate(titles):
        fit = _Fit(title, told)
        columns.append(fit.column([row[index] for row in found]))
    kinds = [Column(title, kind_of(v)) for title, v in zip(titles, columns, strict=True)]
    made = [list(row) for row in zip(*columns, strict=True)]
    return Results(kinds, made, [_NOTES[key](number) for key, number in told.items()])


def kind_of(values: Iterable[Value]) -> Kind:
    """The kind of a column with these values; what has several kinds is text."""
    kinds = {_KIND_OF[type(value)] for value in values if value is not None}
    if kinds == {"integer", "decimal"}:
        return "decimal"
    if kinds == {"date", "datetime"}:
        return "datetime"
    return kinds.pop() if len(kinds) == 1 else "text"


def with_formats(results: Results, formats: dict[str, str]) -> Results:
    """The results with number formats for columns of these names (in small letters)."""
    columns = [
        replace(column, number_format=formats.get(column.name.lower(), column.number_format))
        for column in results.columns
    ]
    return Results(columns, results.rows, results.notes)


def _title(name: object) -> str:
    plain = UNSTORABLE.sub("", " ".join(str(name).split()))
    return plain[:_LONGEST_NAME].strip()


# Values ---------------------------------------------------------------------------

_NOTES: dict[str, Callable[[int], str]] = {
    "early": lambda n: f"{counted(n, 'date')} before March 1900 stay as text: Excel has no such.",
    "long": lambda n: f"{counted(n, 'number')} of more than 15 digits stay as text, to be exact.",
    "infinite": lambda n: f"{counted(n, 'number')} that are infinite or none are left blank.",
    "zone": lambda n: f"{counted(n, 'time')} with a time zone are given in UTC.",
    "control": lambda n: f"Control characters were left out of {counted(n, 'text')}.",
}


@dataclass
class _Fit:
    """Makes the values of one column fit into cells."""

    title: str
    told: Counter[str]

    def column(self, values: list[Any]) -> list[Value]:
        types = set(map(type, values)) - {type(None)}
        fits = _FITS.get(types.pop()) if len(types) == 1 else None
        if fits is not None and fits([value for value in values if value is not None]):
            return values
        return [None if value is None else self.value(value) for value in values]

    def value(self, value: Any) -> Value:
        if isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, int | float | Decimal):
            return self._number(value)
        if isinstance(value, dt.timedelta):
            return value if value >= dt.timedelta() else str(value)
        if isinstance(value, dt.date):
            return self._day(value)
        if isinstance(value, dt.time):
            return value.replace(tzinfo=None)
        if isinstance(value, bytes | bytearray | memoryview):
            return self._text(bytes(value).hex())
        if isinstance(value, dict | list | tuple):
            return self._text(json.dumps(value, ensure_ascii=False, default=str))
        return self._text(str(value))

    def _text(self, text: str) -> str | None:
        if UNSTORABLE.search(text):
            text = UNSTORABLE.sub("", text)
            self.told["control"] += 1
        if len(text) * 2 > MAX_TEXT and utf16_length(text) > MAX_TEXT:
            raise InvalidValue(
                f'Column "{self.title}" has a text of {len(text):,} characters; a cell holds '
                f"{MAX_TEXT:,}.",
                "Shorten it in the query, such as with left(column, 1000), or leave it out.",
            )
        return text or None

    def _number(self, number: int | float | Decimal) -> Value:
        if isinstance(number, float):
            if math.isfinite(number):
                return number if number == 0 or abs(number) >= _SMALLEST else 0.0
            self.told["infinite"] += 1
            return None
        if isinstance(number, Decimal):
            if not number.is_finite():
                self.told["infinite"] += 1
                return None
            if number != number.to_integral_value():
                return self._fraction(number)
            number = int(number)
        if abs(number) < _EXACT:
            return number
        self.told["long"] += 1
        return str(number)

    def _fraction(self, number: Decimal) -> Value:
        if len(number.normalize().as_tuple().digits) <= 15:
            return float(number)
        self.told["long"] += 1
        return f"{number:f}"

    def _day(self, day: dt.date) -> Value:
        if isinstance(day, dt.datetime) and day.tzinfo is not None:
            self.told["zone"] += 1
            day = day.astimezone(dt.UTC).replace(tzinfo=None)
        plain = day.date() if isinstance(day, dt.datetime) else day
        if plain < _FIRST_DAY:
            self.told["early"] += 1
            return day.isoformat(" ") if isinstance(day, dt.datetime) else day.isoformat()
        return day


# Columns in which nothing has to be changed are most; to look at each value takes four times
# as long as these.


def _short(texts: list[str]) -> bool:
    longest = max(map(len, texts))
    return longest * 2 <= MAX_TEXT and all(texts) and not any(map(UNSTORABLE.search, texts))


def _whole(numbers: list[int]) -> bool:
    return min(numbers) > -_EXACT and max(numbers) < _EXACT


def _real(numbers: list[float]) -> bool:
    return all(map(math.isfinite, numbers)) and all(
        number == 0 or abs(number) >= _SMALLEST for number in numbers
    )


def _late(days: list[dt.date]) -> bool:
    return min(days) >= _FIRST_DAY


def _local(moments: list[dt.datetime]) -> bool:
    return not any(m.tzinfo for m in moments) and min(moments).date() >= _FIRST_DAY


_FITS: dict[type, Callable[[Any], bool]] = {
    bool: lambda _: True,
    int: _whole,
    float: _real,
    str: _short,
    dt.date: _late,
    dt.datetime: _local,
}


# In a journal ---------------------------------------------------------------------


def _packed(values: list[Value]) -> list[Any]:
    """JSON values of a column, after the kind in which they are written."""
    types = set(map(type, values)) - {type(None)}
    if types <= {str} or types <= {int, float} or types <= {bool}:
        return ["plain", *values]
    if len(types) == 1:
        kind = _KIND_OF[types.pop()]
        write = _WRITTEN[kind]
        return [kind, *[None if value is None else write(value) for value in values]]
    return ["typed", *map(_typed, values)]


def _typed(value: Value) -> Any:
    if isinstance(value, dt.timedelta):
        return ["duration", _WRITTEN["duration"](value)]
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return [_KIND_OF[type(value)], value.isoformat()]
    return value


_WRITTEN: dict[str, Callable[[Any], Any]] = {
    "date": dt.date.isoformat,
    "datetime": dt.datetime.isoformat,
    "time": dt.time.isoformat,
    "duration": lambda value: value / dt.timedelta(microseconds=1),
}


_READ: dict[str, Callable[[Any], Value]] = {
    "date": dt.date.fromisoformat,
    "datetime": dt.datetime.fromisoformat,
    "time": dt.time.fromisoformat,
    "duration": lambda number: dt.timedelta(microseconds=number),
}


def _unpacked(column: list[Any]) -> list[Value]:
    kind, *values = column
    if kind == "plain":
        return values
    if kind in _READ:
        return [None if value is None else _READ[kind](value) for value in values]
    return [_READ[v[0]](v[1]) if isinstance(v, list) else v for v in values]
