"""SQL that makes the values of a column's texts that Python makes of them.

A decision was made over all texts of a column, so only texts of the forms that it allows come here.
Of these, what DuckDB takes for a number, a day or a moment is the same as what Python takes them
for; what it doesn't take (digits of other scripts, years of two digits) becomes NULL, and then the
column is not made this way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from service.workbook.cells import ERRORS
from service.workbook.column_types import LONGEST, Decision
from service.workbook.held_column import SPACES
from service.workbook.sql.locked import literal

KINDS = {
    "number": ("integer", "decimal", "percent"),
    "date": ("date", "datetime"),
    "boolean": ("boolean",),
    "text": ("text",),
    "blank": (),
}
_GROUPS = "'’ \xa0\u202f"  # between thousands
_SYMBOLS = r"€|US\$|\$|£|¥|EUR|USD|GBP|CHF|JPY|SEK|NOK|DKK|PLN|CZK"
_ORDERED = r"\s*(\d{1,2})[./-](\d{1,2})[./-](\d{4})([ T].*)?"
_PARTS = {"dmy": r"\3-\2-\1\4", "mdy": r"\3-\1-\2\4"}


@dataclass(frozen=True)
class Cast:
    """How a column's values are made.

    :param family: "number", "date", "boolean", "text" or "blank"
    :param sql: a DOUBLE, a TIMESTAMP, a BOOLEAN or a VARCHAR; NULL where it isn't sure
    :param plain: the text that a number is made of
    """

    family: str
    sql: str
    plain: str = ""


def casts(decision: Decision, name: str) -> Iterator[Cast]:
    """Ways to make the values of a column, to be tried one after the other.

    :param name: of the column with the texts
    """
    if decision.kind in ("number", "percent", "currency"):
        for plain in _plain_numbers(decision, name):
            yield Cast("number", f"TRY_CAST({plain} AS DOUBLE)", plain)
    elif decision.kind in ("date", "datetime"):
        yield Cast("date", f"TRY_CAST({_iso(decision, name)} AS TIMESTAMP)")
    elif decision.kind == "boolean":
        whens = " ".join(f"WHEN contains(lower({name}), '{w}') THEN {w}" for w in ("true", "false"))
        yield Cast("boolean", f"CASE {whens} END")
    elif decision.kind == "text":
        yield Cast("text", name)  # most have no line breaks of that kind
        yield Cast(
            "text", f"replace(replace({name}, chr(13) || chr(10), chr(10)), chr(13), chr(10))"
        )
    else:
        yield Cast("blank", "NULL")


def _plain_numbers(decision: Decision, name: str) -> Iterator[str]:
    """Texts as Python writes these numbers: without currency and groups, with a point."""
    if decision.kind == "number" and decision.reading == ".":
        yield name  # most are
    bare = name
    if decision.kind == "currency":
        bare = f"regexp_replace({name}, '{_SYMBOLS}', '')"
    elif decision.kind == "percent":
        bare = f"replace({name}, '%', '')"
    marks = ",." if decision.reading == "," else ".,"
    plain = f"translate({bare}, {literal(marks + _GROUPS)}, '.')"
    yield f"trim({plain}) || 'e-2'" if decision.kind == "percent" else plain


def _iso(decision: Decision, name: str) -> str:
    parts = _PARTS.get(decision.reading)
    if parts is None:
        return name if decision.reading == "iso" else "NULL"
    replaced = f"regexp_replace({name}, '^{_ORDERED}$', '{parts}')"
    return f"CASE WHEN regexp_full_match({name}, '{_ORDERED}') THEN {replaced} END"


def facts(cast: Cast, name: str) -> str:
    """What tells which values ``x`` there are.

    That is how many texts and how many values there are, values of each sort that matters (of
    texts whether there are errors, and about how many are different), and at last whether some of
    them may be others than Python's.
    """
    counts, unsure = f"count({name}), count(x)", "false"
    if cast.family == "number":  # -0 is 0 where it is a whole number
        unsure = f"bool_or(x = 0 AND contains({name}, '-') AND NOT contains({cast.plain}, '.'))"
        sorts = "min(x), max(x), min(x) FILTER (x <> trunc(x))"
    elif cast.family == "date":
        sorts = "min(x), min(x) FILTER (x <> date_trunc('day', x))"
    elif cast.family == "text":
        unsure = "bool_or(contains(x, chr(13)))"
        sorts = f"any_value(x), bool_or(x IN ({_ERRORS})), approx_count_distinct(x)"
    else:
        sorts = "min(x)"
    return f"{counts}, {sorts}, coalesce({unsure}, false)"


_ERRORS = ", ".join(map(literal, sorted(ERRORS)))
# Letters that stand in no number and no date, with any but those in e, t (1e5, 2026-01-01T10:00).
_LETTERS = (
    r"[A-DF-SU-Za-df-su-z\x{c0}-\x{24f}\p{Greek}\p{Cyrillic}\p{Han}\p{Hiragana}\p{Katakana}"
    r"\p{Hangul}]"
)
_LIKE_VALUES = rf"^-?(?:{_SYMBOLS})|(?:{_SYMBOLS})$|^-?\p{{Nd}}[.,]\p{{Nd}}+[eE]"
_BARE = f"trim(x, {SPACES})"


def words() -> str:
    """Whether there are errors among texts ``x``, how many different ones there are, and how many
    of these surely are no values."""
    word = (
        f"(length({_BARE}) > {LONGEST} OR length({_BARE}) > 5 AND regexp_matches({_BARE}, "
        f"'{_LETTERS}')) AND NOT regexp_matches({_BARE}, '{_LIKE_VALUES}')"
    )
    counts = f"count(DISTINCT {_BARE}), count(DISTINCT {_BARE}) FILTER ({word})"
    return f"bool_or(x IN ({_ERRORS})), {counts}"
