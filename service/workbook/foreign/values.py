"""Texts that look like dates or amounts, as other languages write them, and the values meant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from service.workbook import cells
from service.workbook.column_types import Settled, Typed, decide, looks_valued

DATES, AMOUNTS = ("date", "datetime"), ("number", "percent", "currency")


def meant(values: Sequence[object]) -> tuple[str, str, str]:
    """(type, first text, how its value is written) of a column of such texts; else blank.

    :param values: of the column; what is none of these texts makes it blank
    """
    texts = [value.strip() for value in values if isinstance(value, str) and value.strip()]
    filled = sum(value not in (None, "") for value in values)
    if not texts or len(texts) < filled or not all(map(_may_be_meant, texts)):
        return "", "", ""
    decision = decide(set(texts), Settled())
    if decision.kind not in DATES + AMOUNTS:
        return "", "", ""
    return decision.kind, texts[0], _written(decision.convert(texts[0]))


def _may_be_meant(text: str) -> bool:
    """Whether a text is none that is read anyway, nor one of digits alone, such as a postcode."""
    plain = text.lstrip("-+").replace(".", "", 1).isdecimal()
    return looks_valued(text) and not plain and cells.parse_typed(text) is None


def _written(value: Typed) -> str:
    if isinstance(value, dt.datetime):
        return str(cells.shown_moment(value))
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(cells.tidy_number(value)) if isinstance(value, int | float) else str(value)
