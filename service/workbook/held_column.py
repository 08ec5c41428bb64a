"""A column of texts in a database: decided there where that surely gives the same, else in Python.

A decision goes by the forms of the values (how many digits, which marks) and by the first of them.
So it is made by the same function as always, of one value of each form; of all different values
where they are few, or of no form that is known here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from service.workbook.column_types import (
    LONGEST,
    Decision,
    Settled,
    decide,
    is_no_type,
    looks_valued,
    text_of,
)
from service.workbook.csv_table import Column

Ask: TypeAlias = Callable[[str], list[tuple[Any, ...]]]
Blanks: TypeAlias = tuple[bool, bool]
LOOKED_AT = 2_000  # values, to tell what is worth a look at all of them
_WHITE = [c for c in map(chr, range(0x3001)) if c.isspace()]
ODD_SPACES = [c for c in _WHITE if c != " "]
SPACES = " || ".join(f"chr({ord(c)})" for c in _WHITE)  # in SQL
_SURE = "-?(?:0|[1-9][0-9]{0,8})(?:[.,][0-9]{1,6})?"
_MOMENT = (
    "[0-9]{4}-[0-9]{2}-[0-9]{2}[ T](?:[01][0-9]|2[0-3]):[0-5][0-9]"
    "(?::[0-5][0-9](?:[.][0-9]{1,3})?)?"
)
# As column_types.looks_typed has it: Python's digits are those of all scripts.
_GROUPED = r"[\p{Nd}.,''’ \x{a0}\x{202f}]*"
_LOOKS = (
    rf"(?i)[-+]?{_GROUPED}\p{{Nd}}{_GROUPED}%?"
    r"|\p{Nd}{1,4}[-./]\p{Nd}{1,2}[-./]\p{Nd}{1,4}(?:[ T][\p{Nd}:.]+)?|true|false"
)
# What tells the forms of plain numbers apart: where the mark stands, and how long they are. Of
# each the first and the last count, and one with as many decimals as any has that are no zeros.
_FORMS = "strpos(v, '.'), strpos(v, ','), strlen(v)"
_EACH = f"""bool_and(regexp_full_match(v, '{_SURE}')), [min(v), max(v)],
    min(r) FILTER (WHERE NOT ends_with(v, '0')), strpos(v, '.') + strpos(v, ',') > 0, strlen(v),
    count(*)"""
_VALID = f"""bool_and(regexp_full_match(v, '{_MOMENT}') AND v >= '1900-03-01'
    AND TRY_CAST(left(v, 10) AS DATE) IS NOT NULL), [min(v)], min(r), false, strlen(v), count(*)"""
_OPEN = "can be read in two ways"


@dataclass(frozen=True)
class Sizes:
    """What the texts of a column take, with the blanks around them.

    :param size: bytes in UTF-8 of all together
    :param longest: bytes of the longest
    :param quotes: how many quotation marks are in them
    :param spaced: whether spaces stand around some, or some are nothing but blanks
    :param oddly: whether other blanks than spaces stand around some
    """

    size: int
    longest: int
    quotes: int = 0
    spaced: bool = False
    oddly: bool = False

    @classmethod
    def of(cls, counts: dict[str, int]) -> Sizes:
        """Of each different text and how many there are."""
        sizes = {text: len(text.encode()) for text in counts}
        return cls(
            sum(sizes[text] * count for text, count in counts.items()),
            max(sizes.values(), default=0),
            sum(text.count('"') * count for text, count in counts.items()),
            any(text < "!" or text.endswith(" ") for text in counts),
            any(text.strip() != text.strip(" ") for text in counts),
        )


class HeldColumn(Column):
    """A column of a table in a database.

    :param ask: runs SQL
    :param name: of the column, which has NULL for blanks
    :param below: the rows that count, as "FROM ... WHERE ..."
    :param rows: how many these are
    :param blanks: whether spaces may stand around texts, and whether other blanks may
    """

    def __init__(self, ask: Ask, name: str, below: str, rows: int, blanks: Blanks) -> None:
        self._run, self._name, self._below, self._rows = ask, name, below, rows
        self._spaced, self._odd_spaces = blanks

    def _ask(self, what: str, more: str = "") -> list[tuple[Any, ...]]:
        """Ask for something about the values ``v`` and their rows ``r``."""
        among = f"(SELECT {self.bare} AS v, rowid AS r {self._below} AND {self._name} IS NOT NULL)"
        return self._run(f"SELECT {what} FROM {among} {more}")

    @cached_property
    def bare(self) -> str:
        """The column's texts without blanks around them, in SQL."""
        if not self._odd_spaces:
            return f"trim({self._name})" if self._spaced else self._name
        odd = ", ".join(str(ord(mark)) for mark in ODD_SPACES)
        ends = " OR ".join(
            f"unicode({side}({self._name}, 1)) IN ({odd})" for side in ("left", "right")
        )
        ((found,),) = self._run(f"SELECT coalesce(bool_or({ends}), false) {self._below}")
        return f"trim({self._name}, {SPACES})" if found else f"trim({self._name})"

    @cached_property
    def _first(self) -> set[str]:
        """Some of the values."""
        return {str(value) for (value,) in self._ask("v", f"LIMIT {LOOKED_AT}")}

    @cached_property
    def _few(self) -> bool:
        """Whether there are few different values, as far as the first ones tell."""
        return len(self._first) <= LOOKED_AT // 2

    @cached_property
    def has_blank(self) -> bool:  # type: ignore[override]
        ((found,),) = self._run(f"SELECT count({self._name}) {self._below}")
        return int(found) < self._rows

    @cached_property
    def _counts(self) -> dict[str, int]:
        """Each different text, and how many there are."""
        among = f"{self._below} AND {self._name} IS NOT NULL"
        return dict(self._run(f"SELECT {self._name}, count(*) {among} GROUP BY 1"))

    @cached_property
    def distinct(self) -> Collection[str]:
        found: Collection[str]
        if self._few:
            found = self._counts
        else:
            among = f"{self._below} AND {self._name} IS NOT NULL"
            found = [value for (value,) in self._run(f"SELECT DISTINCT {self._name} {among}")]
        return {value.strip() for value in found} - {""}

    def sizes(self) -> Sizes | None:
        """What its texts take, where that comes with what decisions need; else None.

        The column was made as one without blanks around its texts.
        """
        if self._few:
            return Sizes.of(self._counts)
        known = self._plain_numbers or self._iso_moments
        return known[1] if known else None

    @property
    def blank(self) -> bool:
        return not self._first

    @property
    def _numbers(self) -> set[str] | None:
        """One value at least of each form where all values are plain numbers; else None."""
        return self._plain_numbers[0] if self._plain_numbers else None

    @property
    def _moments(self) -> set[str] | None:
        """The same where all values are days with a time, as ISO 8601 writes them."""
        return self._iso_moments[0] if self._iso_moments else None

    @cached_property
    def _plain_numbers(self) -> tuple[set[str], Sizes] | None:
        return self._known(_FORMS, _EACH)

    @cached_property
    def _iso_moments(self) -> tuple[set[str], Sizes] | None:
        return self._known("strlen(v)", _VALID)

    def _known(self, forms: str, each: str) -> tuple[set[str], Sizes] | None:
        """Values of all forms, and what all values take; None if some are of no such form."""
        if any(map(is_no_type, self._first)):
            return None
        found = self._ask(each, f"GROUP BY {forms}")
        if not all(row[0] for row in found):
            return None
        total = sum(size * count for *_, size, count in found)
        sizes = Sizes(total, max((size for *_, size, _ in found), default=0))
        known = {v for _, some, *_ in found for v in some}
        rows = [str(row) for _, _, row, *_ in found if row is not None]
        if rows:
            known |= {v for (v,) in self._ask("v", f"WHERE r IN ({', '.join(rows)})")}
        # All end in zeros: how many of them each has is a longer question.
        zeros = {
            str(length) for _, _, row, decimals, length, _ in found if decimals and row is None
        }
        if zeros:
            longest = "arg_max(v, strlen(rtrim(v, '0')))"
            among = f"WHERE strlen(v) IN ({', '.join(sorted(zeros))}) GROUP BY {forms}"
            known |= {v for (v,) in self._ask(longest, among)}
        return known, sizes

    @property
    def samples(self) -> Collection[str]:
        return self.distinct if self._few or self._numbers is None else self._numbers

    @property
    def valued(self) -> bool:
        if self.blank or not all(map(looks_valued, self._first)):
            return False
        return self._numbers is not None or super().valued

    def holds(self, text: str) -> bool:
        if self._few:
            return super().holds(text)
        # Outside of ASCII, capitals are Python's matter.
        like = "lower(v) = lower($1) OR (strlen(v) <> length(v) AND length(v) <= length($1))"
        quoted = "'" + text.lower().replace("'", "''") + "'"
        found = self._ask("DISTINCT v", f"WHERE {like.replace('$1', quoted)}")
        return text.lower() in {str(value).lower() for (value,) in found}

    def decided(self, settled: Settled) -> Decision:
        if self.blank or self._few:
            return decide(self.distinct, settled)
        if self._numbers is not None:
            decision = decide(self._numbers, settled)
            if decision.kind == "number" or _OPEN in decision.doubt:
                return decision
        elif any(map(is_no_type, self._first)):
            return self._text() or decide(self.distinct, settled)
        elif self._moments is not None:
            return decide(self._moments, settled)
        return decide(self.distinct, settled)

    def _text(self) -> Decision | None:
        """What it is as text, if too many of its values look like nothing else to be odd ones."""
        looks = f"length(v) <= {LONGEST} AND regexp_full_match(v, '{_LOOKS}')"
        counts = f"bool_or({looks}), bool_or(left(v, 1) IN ('=', '+', '-', '@'))"
        ((some, marked),) = self._ask(counts)
        if some:
            each = f"count(DISTINCT v), count(DISTINCT v) FILTER (NOT ({looks}))"
            ((different, odd),) = self._ask(each)
            if different >= 5 * odd:
                return None
        return text_of(marked=bool(some or marked))
