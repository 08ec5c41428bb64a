"""Notes on texts that look like dates or amounts, as other languages write them.

They stay texts: who wants another value is told how it is written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from service.workbook import cells
from service.workbook.column_types import Settled, Typed, decide, looks_valued

_MOST = 5
_DATES, _AMOUNTS = ("date", "datetime"), ("number", "percent", "currency")


def stayed_text(columns: Iterable[tuple[str, Sequence[cells.Scalar]]]) -> list[str]:
    """Notes on columns whose texts all are dates, or amounts that JSON would write otherwise.

    :param columns: (name, values) of each
    """
    dates, amounts = {}, {}
    for name, values in columns:
        kind, text, meant = _example(values)
        if kind in _DATES:
            dates[f'{name} ("{text}")'] = _written(meant)
        elif kind in _AMOUNTS:
            amounts[f'{name} ("{text}")'] = _written(meant)
    notes = []
    for what, found, how in (
        ("dates", dates, "Write them year first"),
        ("amounts", amounts, "Write them as numbers"),
    ):
        if found:
            right = next(iter(found.values()))
            notes.append(
                f"Texts that look like {what} stay text: {_listed([*found])}. {how}: {right}."
            )
    return notes


def _listed(found: list[str]) -> str:
    more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return ", ".join(found[:_MOST]) + more


def _example(values: Sequence[cells.Scalar]) -> tuple[str, str, Typed]:
    """(type, first text, its value) of a column of such texts; blank where it is none."""
    texts = [value.strip() for value in values if isinstance(value, str) and value.strip()]
    filled = sum(value not in (None, "") for value in values)
    if not texts or len(texts) < filled or not all(map(_may_be_meant, texts)):
        return "", "", None
    decision = decide(set(texts), Settled())
    if decision.kind not in _DATES + _AMOUNTS:
        return "", "", None
    return decision.kind, texts[0], decision.convert(texts[0])


def _may_be_meant(text: str) -> bool:
    """Whether a text is none that is read anyway, nor one of digits alone, such as a postcode."""
    plain = text.lstrip("-+").replace(".", "", 1).isdecimal()
    return looks_valued(text) and not plain and cells.parse_typed(text) is None


def _written(value: Typed) -> str:
    if isinstance(value, dt.datetime):
        return cells.shown_moment(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(cells.tidy_number(value)) if isinstance(value, int | float) else str(value)
