"""What is odd about a column: numbers as text, outliers, keys that repeat, texts almost alike."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import Any

from service.errors import counted
from service.workbook.cells import shown
from service.workbook.found_tables.types import typed_column
from service.workbook.tally import Tally

_KEY = re.compile(r"\b(id|no|nr|number|code|key|sku|isbn|iban|email|e-mail|nummer|kennung)\b")
_FEWEST = 20  # numbers, to speak of outliers
_FAR = 3.0  # times the middle half, as far as an outlier is from it
_MOST_TEXTS = 5_000  # different texts that are compared


def suspects(header: str, values: Sequence[Any] | Tally, number_format: str) -> list[str]:
    """What is odd about a column, in words; most often nothing.

    :param values: as cells show them: "" for a blank, None where a formula's is unknown
    """
    typed = typed_column(header, values, number_format)
    found = list(typed.notes)
    tally = typed.tally
    if typed.kind in ("integer", "decimal", "percent"):
        found += _outliers(tally.held)
    if typed.kind == "text":
        found += _almost_alike(tally.known)
    return found + _repeated_keys(header, tally)


def _outliers(numbers: list[Any]) -> list[str]:
    if len(numbers) < _FEWEST:
        return []
    ordered = sorted(numbers)  # those near the ends are told, so all have to be in order
    low, high = ordered[len(ordered) // 4], ordered[len(ordered) * 3 // 4]
    room = _FAR * (high - low)
    if not room:
        return []
    below = ordered[: bisect_left(ordered, low - room)]
    above = ordered[bisect_right(ordered, high + room) :]
    if not below and not above:
        return []
    examples = ", ".join(str(shown(n)) for n in [*above[-2:][::-1], *below[:2]])
    count = counted(len(below) + len(above), "outlier")
    return [f"{count} far from the others: {examples}"]


def _almost_alike(texts: Sequence[Any]) -> list[str]:
    """Texts, each different, that differ only in capitals or blanks."""
    if len(texts) > _MOST_TEXTS:
        return []
    different = set(map(str, texts))
    alike: dict[str, list[str]] = {}
    for text in sorted(different):
        alike.setdefault(" ".join(text.lower().split()), []).append(text)
    pairs = [found for found in alike.values() if len(found) > 1]
    if not pairs:
        return []
    first, second, *_ = pairs[0]
    count = counted(len(pairs), "text")
    return [f"{count} written in several ways, such as {first[:30]!r} and {second[:30]!r}"]


def _repeated_keys(header: str, tally: Tally) -> list[str]:
    """Values that appear twice in a column of which each value should be another one."""
    plain = re.sub(r"[_\W]+", " ", header).lower()
    if not _KEY.search(plain):
        return []
    values, distinct = tally.held, len(tally.known)
    if distinct == len(values) or distinct < 0.95 * len(values) or len(values) < _FEWEST:
        return []
    repeated = [value for value, count in Counter(values).most_common(3) if count > 1]
    examples = ", ".join(str(shown(value))[:30] for value in repeated)
    number = len(values) - distinct
    return [f"{counted(number, 'duplicate')} among keys, such as {examples}"]
