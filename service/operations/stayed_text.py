"""Notes on texts that look like dates or amounts, as other languages write them.

They stay texts: who wants another value is told how it is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from service.workbook.cells import Scalar
from service.workbook.foreign.values import AMOUNTS, DATES, meant

_MOST = 5


def stayed_text(columns: Iterable[tuple[str, Sequence[Scalar]]]) -> list[str]:
    """Notes on columns whose texts all are dates, or amounts that JSON would write otherwise.

    :param columns: (name, values) of each
    """
    dates, amounts = {}, {}
    for name, values in columns:
        kind, text, right = meant(values)
        if kind in DATES:
            dates[f'{name} ("{text}")'] = right
        elif kind in AMOUNTS:
            amounts[f'{name} ("{text}")'] = right
    notes = []
    for what, found, how in (
        ("dates", dates, "Write them year first"),
        ("amounts", amounts, "Write them as numbers"),
    ):
        if found:
            said = f"Texts that look like {what} stay text: {_listed([*found])}."
            notes.append(f"{said} {how}: {next(iter(found.values()))}.")
    return notes


def _listed(found: list[str]) -> str:
    more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return ", ".join(found[:_MOST]) + more
