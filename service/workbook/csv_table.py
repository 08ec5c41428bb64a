"""CSV records as a table: which row names the columns, and what type each column has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

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

_MOST_NAMED = 5


@dataclass(frozen=True)
class Wishes:
    """What the caller has decided; anything empty is found out.

    :param text_columns: headers of columns to keep as text
    """

    header: bool | None = None
    decimal: str = ""
    date_order: str = ""
    text_columns: tuple[str, ...] = ()


@dataclass
class CsvTable:
    """A table with typed columns.

    :param preamble: lines in front of the headers, such as a title, as they were
    :param headers: empty where the CSV has none
    :param columns: the values of each column, all of the same length
    :param understood: what was found out, for the answer
    """

    preamble: list[list[str]]
    headers: list[str]
    columns: list[list[Typed]]
    decisions: list[Decision]
    understood: dict[str, object]
    notes: list[str] = field(default_factory=list)

    @property
    def row_count(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def rows(self) -> Iterator[tuple[Typed, ...]]:
        """The rows of values below the headers."""
        return zip(*self.columns, strict=True)

    def names(self) -> list[str]:
        """Headers, or column letters where there are none."""
        return self.headers or [get_column_letter(i + 1) for i in range(len(self.columns))]


def as_table(records: Records, wishes: Wishes) -> CsvTable:
    """Headers, types and values of CSV records, of which it takes the rows.

    :raises InvalidParameters: if a wish names a column that isn't there
    """
    notes = list(records.notes)
    preamble = _preamble(records) if wishes.header is None else 0
    front, rows = records.rows[:preamble], records.rows[preamble:]
    records.rows = []
    lines = records.lines[preamble:]
    has_header, doubt = _first_row_names(rows) if wishes.header is None else (wishes.header, "")
    notes += [doubt] if doubt else []
    width = max(len(row) for row in rows)
    notes += _ragged(rows, lines, len(rows[0]) if has_header else _usual_width(rows))
    headers: list[str] = []
    if has_header:
        headers, lines = _headers(rows.pop(0), width, notes), lines[1:]
    texts = _columns(rows, width)
    settled = Settled(
        wishes.decimal, wishes.date_order, bool(wishes.date_order), records.delimiter == ";"
    )
    decisions = _decide_all(headers, texts, wishes, settled)
    notes += [
        f'"{name}" {decision.doubt}{_where(decision.odd, column, lines)}.'
        for name, decision, column in zip(headers or _letters(width), decisions, texts, strict=True)
        if decision.doubt
    ]
    if preamble:
        notes.append(f"{preamble} lines in front of the headers stand above the table.")
    # The texts of a column go as soon as its values are there.
    columns = [_typed(texts.pop(0), one) for one in progress.each("reading", decisions)]
    understood = _understood(records, has_header, decisions)
    return CsvTable(front, headers, columns, decisions, understood, notes)


def _letters(width: int) -> list[str]:
    return [get_column_letter(i + 1) for i in range(width)]


def _where(odd: tuple[str, ...], column: list[str], lines: list[int]) -> str:
    """The lines of values, as " (line 7)"; "" for none."""
    if not odd:
        return ""
    found = [line for text, line in zip(column, lines, strict=True) if text.strip() in odd]
    shown = ", ".join(map(str, found[:_MOST_NAMED]))
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    return f" (line{'s' * (len(found) > 1)} {shown}{more})"


def _understood(records: Records, has_header: bool, decisions: list[Decision]) -> dict[str, object]:
    names = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", "": "none"}
    found: dict[str, object] = {
        "delimiter": names.get(records.delimiter, records.delimiter),
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


def _preamble(records: Records) -> int:
    """How many lines stand in front of a table: a title, a date, each alone on its line."""
    rows = records.rows[:60]
    usual = _usual_width([[v for v in row if v.strip()] for row in rows])
    if usual < 3:
        return 0
    count = 0
    while count < len(rows) - 1 and sum(bool(value.strip()) for value in rows[count]) == 1:
        count += 1
    return count if len(rows[count]) >= usual else 0


def _first_row_names(rows: list[list[str]]) -> tuple[bool, str]:
    """Whether the first row holds headers, and a note where that may be otherwise.

    Headers are texts over other types or, where all is text, texts that differ from one
    another and from what stands below them.
    """
    first = [value.strip() for value in rows[0]]
    names = [value.lower() for value in first if value and not looks_typed(value)]
    if not names or (any(map(looks_typed, first)) and not _are_years(first, rows)):
        return False, ""
    if len(rows) == 1:
        return True, ""
    repeated = False
    for index, name in enumerate(first):
        below = {row[index].strip() for row in islice(rows, 1, None) if index < len(row)} - {""}
        if name and below and all(map(looks_valued, below)):
            return True, ""
        repeated = repeated or name.lower() in {value.lower() for value in below}
    if repeated or len(set(names)) < len(names):
        return False, _HEADER_DOUBT.format("data", "true", "it holds headers")
    return True, _HEADER_DOUBT.format("headers", "false", "it holds data")


_HEADER_DOUBT = (
    'All is text, and the first line was taken for {}; say {{"header": {}}} in options if {}.'
)
_YEAR = re.compile(r"(19|20)\d\d")


def _are_years(first: list[str], rows: list[list[str]]) -> bool:
    typed = [(i, value) for i, value in enumerate(first) if looks_typed(value)]
    body = [row[i].strip() for row in rows[1:] for i, _ in typed if i < len(row)]
    return (
        len(typed) < len(first)
        and len({value for _, value in typed}) == len(typed)
        and all(_YEAR.fullmatch(value) for _, value in typed)
        and not all(_YEAR.fullmatch(value) for value in body)
    )


def _headers(row: list[str], width: int, notes: list[str]) -> list[str]:
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
    headers: list[str], texts: list[list[str]], wishes: Wishes, settled: Settled
) -> list[Decision]:
    kept = _kept_as_text(headers, len(texts), wishes)
    distinct = [{value.strip() for value in set(column)} - {""} for column in texts]
    decisions = [
        _as_text(values) if index in kept else decide(values, settled)
        for index, values in enumerate(distinct)
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
        else decide(values, wiser)
        for index, (values, decision) in enumerate(zip(distinct, decisions, strict=True))
    ]


def _only(found: set[str]) -> str:
    return found.pop() if len(found) == 1 else ""


def _as_text(values: set[str]) -> Decision:
    return Decision("text", number_format="@") if values else Decision("blank")


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


def _typed(column: list[str], decision: Decision) -> list[Typed]:
    """The values of a column; each different text is converted once."""
    is_text = decision.kind == "text"
    known: dict[str, Typed] = {}
    for text in set(column):
        bare = text.strip()
        if not bare:
            known[text] = None
        elif is_text:
            known[text] = text.replace("\r\n", "\n").replace("\r", "\n")
        else:
            known[text] = decision.convert(bare)
    return [known[text] for text in column]
