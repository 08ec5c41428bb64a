"""Whether a row names the columns below it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

_FEWEST = 2  # periods; a single one may be any number


def names_columns(first: Sequence[object], second: Sequence[object] | None) -> bool:
    """Whether cells are headers: different texts, of which one may lack.

    Several years or dates are headers, too, behind a text and over what is neither.

    :param first: the values of the row, None for blanks
    :param second: those of the row below; None where there is none
    """
    values = [value for value in first if value is not None]
    if not all(map(_is_text, values)) and not _over_others(first, second):
        return False
    if second is None or not values:
        return bool(values)
    different = len({str(value).strip().lower() for value in values}) == len(values)
    return different and len(values) >= len(first) - 1


def _over_others(first: Sequence[object], second: Sequence[object] | None) -> bool:
    """Whether all cells but the first are texts or periods, and no period stands over another."""
    if second is None or not (first[0] is None or _is_text(first[0])):
        return False
    pairs = list(zip(first[1:], second[1:], strict=False))
    if sum(_is_period(one) for one, _ in pairs) < _FEWEST:
        return False
    if not all(one is None or _is_text(one) or _is_period(one) for one, _ in pairs):
        return False
    return not any(_is_period(one) and _is_period(other) for one, other in pairs)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not value.startswith("=")


def _is_period(value: object) -> bool:
    """A date, or a whole number that is likely a year."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return isinstance(value, dt.date)
    return value == int(value) and 1900 <= value <= 2100
