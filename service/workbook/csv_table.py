"""CSV records as a table: which row names the columns, and what type each column has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from heapq import nlargest
from itertools import islice
from typing import Protocol

from openpyxl.utils import get_column_letter

from service import progress
from service.errors import InvalidParameters, listed
from service.workbook.column_types import (
    Decision,
    Settled,
    Typed,
    decide,
    looks_typed,
    looks_valued,
)
from service.workbook.delimited import Records

LOOKED_AT = 60  # rows, for lines in front of a table
_MOST_NAMED = 5
_MOST_LONG = 20


@dataclass(frozen=True)
class Wishes:
    """What the caller has decided; anything empty is found out.

    :param text_columns: headers of columns to keep as text
    """

    header: bool | None = None
    decimal: str = ""
    date_order: str = ""
    text_columns: tuple[str, ...] = ()


class Column:
    """The texts of one column, as much of them as a decision needs.

    :param texts: each different text once at least
    """

    def __init__(self, texts: Iterable[str]) -> None:
        found = {text.strip() for text in set(texts)}
        self.has_blank = "" in found
        self._distinct = found - {""}

    @property
    def distinct(self) -> Collection[str]:
        """Its different values, stripped, none of them blank."""
        return self._distinct

    @property
    def samples(self) -> Collection[str]:
        """Values of it that have all numbers of decimals that any of its numbers has."""
        return self.distinct

    @property
    def blank(self) -> bool:
        """Whether there are no values in it."""
        return not self.distinct

    @property
    def valued(self) -> bool:
        """Whether it has values, all of which look like numbers, dates, booleans or amounts."""
        return not self.blank and all(map(looks_valued, self.distinct))

    def holds(self, text: str) -> bool:
        """Whether one of the values is that text, whatever the case."""
        return text.lower() in {value.lower() for value in self.distinct}

    def marked_as_text(self) -> Decision:
        """What it is where it is to stay text."""
        return Decision("blank") if self.blank else Decision("text", number_format="@")

    def decided(self, settled: Settled) -> Decision:
        """Its type."""
        return decide(self.distinct, settled)


class Texts(Protocol):
    """The texts of a table's columns below its headers, wherever they are held."""

    @property
    def count(self) -> int:
        """How many rows there are."""

    def column(self, index: int) -> Column:
        """What decisions need of a column."""

    def values(self, index: int, decision: Decision, first: int, last: int) -> list[Typed]:
        """The values of some rows of a column, from one up to another (both from 0)."""

    def found(self, index: int, odd: Collection[str], most: int) -> tuple[list[int], int]:
        """(lines of the first rows with one of these values, how many rows there are)."""


class ListedTexts:
    """The texts in lists.

    :param lines: the line that each row begins on
    """

    def __init__(self, columns: list[list[str]], lines: list[int]) -> None:
        self.columns, self.lines = columns, lines
        self._columns: dict[int, Column] = {}

    @property
    def count(self) -> int:
        return len(self.lines)

    def column(self, index: int) -> Column:
        if index not in self._columns:
            self._columns[index] = Column(self.columns[index])
        return self._columns[index]

    def values(self, index: int, decision: Decision, first: int, last: int) -> list[Typed]:
        return typed(self.columns[index][first:last], decision)

    def found(self, index: int, odd: Collection[str], most: int) -> tuple[list[int], int]:
        pairs = zip(self.columns[index], self.lines, strict=True)
        lines = [line for text, line in pairs if text.strip() in odd]
        return lines[:most], len(lines)


@dataclass
class CsvTable:
    """A table with typed columns.

    :param preamble: lines in front of the headers, such as a title, as they were
    :param headers: empty where the CSV has none
    :param texts: what stands below them
    :param understood: what was found out, for the answer
    """

    preamble: list[list[str]]
    headers: list[str]
    texts: Texts
    decisions: list[Decision]
    understood: dict[str, object]
    notes: list[str] = field(default_factory=list)

    @property
    def row_count(self) -> int:
        return self.texts.count

    def rows(self, most: int | None = None) -> Iterator[tuple[Typed, ...]]:
        """The first rows of values below the headers, or all."""
        last = self.texts.count if most is None else min(most, self.texts.count)
        pairs = enumerate(self.decisions)
        return zip(*(self.texts.values(i, one, 0, last) for i, one in pairs), strict=True)

    def numbers(self, index: int) -> list[Typed]:
        """Numbers of a column: one at least of each number of decimals that it has."""
        return list(map(self.decisions[index].convert, self.texts.column(index).samples))

    def longest(self, index: int) -> list[Typed]:
        """Some of the values of a column whose texts are the longest."""
        found = nlargest(_MOST_LONG, self.texts.column(index).samples, key=len)
        return list(map(self.decisions[index].convert, found))

    def names(self) -> list[str]:
        """Headers, or column letters where there are none."""
        return self.headers or _letters(len(self.decisions))


def as_table(records: Records, wishes: Wishes) -> CsvTable:
    """Headers, types and values of CSV records, of which it takes the rows.

    :raises InvalidParameters: if a wish names a column that isn't there
    """
    notes = list(records.notes)
    preamble = preamble_of(records.rows) if wishes.header is None else 0
    front, rows = records.rows[:preamble], records.rows[preamble:]
    records.rows = []
    lines = records.lines[preamble:]
    body = [] if wishes.header is not None else _bodies(rows)
    has_header, doubt = header_row(rows[0], body, len(rows)) if body else (bool(wishes.header), "")
    notes += [doubt] if doubt else []
    width = max(len(row) for row in rows)
    notes += _ragged(rows, lines, len(rows[0]) if has_header else _usual_width(rows))
    headers: list[str] = []
    if has_header:
        headers, lines = headers_of(rows.pop(0), width, notes), lines[1:]
    table = CsvTable(front, headers, ListedTexts(_columns(rows, width), lines), [], {}, notes)
    decide_columns(table, wishes, records.delimiter, width)
    if preamble:
        lines_stand = "line in front of the headers stands"
        if preamble > 1:
            lines_stand = "lines in front of the headers stand"
        notes.append(f"{preamble} {lines_stand} above the table.")
    return table


def decide_columns(table: CsvTable, wishes: Wishes, delimiter: str, width: int) -> None:
    """Decide the types of all columns, and note what was found out."""
    settled = Settled(wishes.decimal, wishes.date_order, bool(wishes.date_order), delimiter == ";")
    columns = [table.texts.column(index) for index in range(width)]
    table.decisions = _decide_all(table.headers, columns, wishes, settled)
    table.notes += [
        f'"{name}" {decision.doubt}{_where(table.texts, index, decision.odd)}.'
        for index, (name, decision) in enumerate(zip(table.names(), table.decisions, strict=True))
        if decision.doubt
    ]
    table.understood = _understood(delimiter, bool(table.headers), table.decisions)


def _letters(width: int) -> list[str]:
    return [get_column_letter(i + 1) for i in range(width)]


def _where(texts: Texts, index: int, odd: tuple[str, ...]) -> str:
    """The lines of values, as " (line 7)"; "" for none."""
    if not odd:
        return ""
    lines, count = texts.found(index, odd, _MOST_NAMED)
    shown = ", ".join(map(str, lines))
    more = f" and {count - _MOST_NAMED} more" if count > _MOST_NAMED else ""
    return f" (line{'s' * (count > 1)} {shown}{more})"


def _understood(delimiter: str, has_header: bool, decisions: list[Decision]) -> dict[str, object]:
    names = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", "": "none"}
    found: dict[str, object] = {
        "delimiter": names.get(delimiter, delimiter),
        "header": has_header,
    }
    proven = {decision.proves for decision in decisions} - {""}
    if proven & {".", ","}:
        found["decimal"] = " and ".join(sorted(proven & {".", ","}, reverse=True))
    if proven & {"dmy", "mdy"}:
        found["date_order"] = " and ".join(sorted(proven & {"dmy", "mdy"}))
    return found


# Rows ---------------------------------------------------------------------------


def _usual_width(rows: list[list[str]]) -> int:
    return Counter(len(row) for row in rows).most_common(1)[0][0]


def preamble_of(rows: list[list[str]]) -> int:
    """How many lines stand in front of a table: a title, a date, each alone on its line.

    Lines such as "IBAN:;DE89...;;" belong to them where names of all columns come after them.
    """
    rows = rows[:LOOKED_AT]
    filled = [sum(bool(value.strip()) for value in row) for row in rows]
    usual = Counter(filled).most_common(1)[0][0]
    if usual < 3:
        return 0
    count, more = (_leading(filled, most) for most in (1, usual // 2))
    if more > count and filled[more] >= usual and not any(map(looks_typed, rows[more])):
        return more
    return count if len(rows[count]) >= usual else 0


def _leading(filled: list[int], most: int) -> int:
    """How many rows, but for the last, have at most so many values before one has more."""
    return next((i for i, n in enumerate(filled[:-1]) if n > most), len(filled) - 1)


def _bodies(rows: list[list[str]]) -> list[Callable[[], Column]]:
    """What stands in each column below the first row."""

    def body(index: int) -> Column:
        return Column(row[index] for row in islice(rows, 1, None) if index < len(row))

    return [partial(body, index) for index in range(len(rows[0]))]


def header_row(
    row: list[str], body: Sequence[Callable[[], Column]], count: int
) -> tuple[bool, str]:
    """Whether the first row holds headers, and a note where that may be otherwise.

    Headers are texts over other types or, where all is text, texts that differ from one
    another and from what stands below them.

    :param body: what stands below, column by column
    :param count: of all rows
    """
    first = [value.strip() for value in row]
    names = [value.lower() for value in first if value and not looks_typed(value)]
    if not names or (any(map(looks_typed, first)) and not _are_years(first, body)):
        return False, ""
    if count == 1:
        return True, ""
    repeated = False
    for name, below_it in zip(first, body, strict=True):
        below = below_it()
        if name and below.valued:
            return True, ""
        repeated = repeated or below.holds(name)
    if repeated or len(set(names)) < len(names):
        return False, _HEADER_DOUBT.format("data", "true", "it holds headers")
    return True, _HEADER_DOUBT.format("headers", "false", "it holds data")


_HEADER_DOUBT = (
    'All is text, and the first line was taken for {}; say {{"header": {}}} in options if {}.'
)
_YEAR = re.compile(r"(19|20)\d\d")


def _are_years(first: list[str], body: Sequence[Callable[[], Column]]) -> bool:
    typed = [(i, value) for i, value in enumerate(first) if looks_typed(value)]
    return (
        len(typed) < len(first)
        and len({value for _, value in typed}) == len(typed)
        and all(_YEAR.fullmatch(value) for _, value in typed)
        and not all(map(_holds_years, [body[i]() for i, _ in typed]))
    )


def _holds_years(below: Column) -> bool:
    return not below.has_blank and all(map(_YEAR.fullmatch, below.distinct))


def headers_of(row: list[str], width: int, notes: list[str]) -> list[str]:
    """A name for each column; what is missing or repeated gets one, and a note."""
    names: list[str] = []
    missing, repeated = [], []
    taken: dict[str, int] = {}
    for index in range(width):
        name = row[index].strip() if index < len(row) else ""
        if not name:
            name = f"Column {index + 1}"
            missing.append(name)
        base = name
        while name.lower() in taken:
            taken[base.lower()] += 1
            name = f"{base} ({taken[base.lower()]})"
        if name != base:
            repeated.append(name)
        taken[name.lower()] = 1
        names.append(name)
    if missing:
        notes.append(f"Columns without a header are named {listed(missing, _MOST_NAMED)}.")
    if repeated:
        notes.append(f"Headers that repeat are named {listed(repeated, _MOST_NAMED)}.")
    return names


def _ragged(rows: list[list[str]], lines: list[int], width: int) -> list[str]:
    notes = []
    for word, odd in (
        ("fewer", [n for row, n in zip(rows, lines, strict=True) if len(row) < width]),
        ("more", [n for row, n in zip(rows, lines, strict=True) if len(row) > width]),
    ):
        if odd:
            shown = ", ".join(map(str, odd[:_MOST_NAMED]))
            rest = f" and {len(odd) - _MOST_NAMED} more" if len(odd) > _MOST_NAMED else ""
            end = "they end in blanks" if word == "fewer" else "all values are kept"
            lines_word = "Line" if len(odd) == 1 else "Lines"
            has = "has" if len(odd) == 1 else "have"
            notes.append(f"{lines_word} {shown}{rest} {has} {word} than {width} values; {end}.")
    return notes


# Columns ------------------------------------------------------------------------


def _columns(rows: list[list[str]], width: int) -> list[list[str]]:
    """The columns of rows, which are taken apart: a million of them take 150 MB."""
    for row in rows:
        if len(row) < width:
            row.extend([""] * (width - len(row)))
    columns = [[row[index] for row in rows] for index in range(width)]
    rows.clear()
    return columns


def _decide_all(
    headers: list[str], columns: list[Column], wishes: Wishes, settled: Settled
) -> list[Decision]:
    kept = _kept_as_text(headers, len(columns), wishes)
    decisions = [
        column.marked_as_text() if index in kept else column.decided(settled)
        for index, column in enumerate(progress.each("reading", columns))
    ]
    proven = {decision.proves for decision in decisions}
    wiser = replace(
        settled,
        decimal=settled.decimal or _only(proven & {".", ","}),
        date_order=settled.date_order or _only(proven & {"dmy", "mdy"}),
    )
    if wiser == settled:
        return decisions
    return [
        decision
        if index in kept or decision.proves or (decision.kind != "text" and not decision.doubt)
        else column.decided(wiser)
        for index, (column, decision) in enumerate(zip(columns, decisions, strict=True))
    ]


def _only(found: set[str]) -> str:
    return found.pop() if len(found) == 1 else ""


# Digits under these names are no quantities, and a zero in front of them counts.
NAMES_OF_TEXT = re.compile(
    r"\b(phone|telephone|telefon(nummer)?|tel|fax|mobile (phone|number)|handy(nummer)?|zip|plz"
    r"|zip ?code|post ?code|postal ?code|postleitzahl|iban|isbn|ean|gtin|kontonummer"
    r"|account (number|no))\b"
)


def _kept_as_text(headers: list[str], width: int, wishes: Wishes) -> set[int]:
    plain = [re.sub(r"[\s_.-]+", " ", name).strip().lower() for name in headers]
    kept = {index for index, name in enumerate(plain) if NAMES_OF_TEXT.search(name)}
    names = [name.lower() for name in headers or _letters(width)]
    for wish in wishes.text_columns:
        if wish.strip().lower() not in names:
            raise InvalidParameters(
                f'text_columns names "{wish[:80]}", which is no column. '
                f"Columns: {listed(headers or _letters(width), 30)}.",
                "Use the headers of the CSV.",
            )
        kept.add(names.index(wish.strip().lower()))
    return kept


def typed(texts: Sequence[str | None], decision: Decision) -> list[Typed]:
    """The values of texts of a column; each different text is converted once."""
    is_text = decision.kind == "text"
    known: dict[str | None, Typed] = {}
    for text in set(texts):
        bare = text.strip() if text else ""
        if not bare:
            known[text] = None
        elif is_text:
            known[text] = str(text).replace("\r\n", "\n").replace("\r", "\n")
        else:
            known[text] = decision.convert(bare)
    return [known[text] for text in texts]
