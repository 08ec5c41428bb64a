"""The values of a column, and what several questions about them need: found out once.

A column may have a million values, so they go through functions that loop in C, and what is asked
of each value is asked of the different ones, where that gives the same answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any

_UNKNOWN = type(None)


class Tally:
    """A column's values with their types and the different ones among them.

    :param values: as cells show them: "" for a blank, None where a formula's is unknown; they
        are not changed afterwards
    """

    def __init__(self, values: Sequence[Any]) -> None:
        self.values: list[Any] = values if isinstance(values, list) else list(values)

    def __repr__(self) -> str:
        return f"<Tally {len(self.values):,} values>"

    @classmethod
    def of(cls, values: Sequence[Any] | Tally) -> Tally:
        """The tally of these values, which may be one already."""
        return values if isinstance(values, Tally) else cls(values)

    @cached_property
    def types(self) -> Counter[type]:
        """How many values there are of each type, None among them."""
        found = set(map(type, self.values))
        if len(found) == 1:
            return Counter({found.pop(): len(self.values)})
        return Counter(map(type, self.values))

    @cached_property
    def different(self) -> dict[Any, None]:
        """The different values but "", as they come first."""
        found = dict.fromkeys(self.values)
        found.pop("", None)
        return found

    @cached_property
    def known(self) -> Sequence[Any]:
        """The different values but "" and None."""
        if _UNKNOWN in self.types:
            return [value for value in self.different if value is not None]
        return list(self.different)

    @cached_property
    def blanks(self) -> int:
        """How many values are ""."""
        return self.values.count("") if any(issubclass(t, str) for t in self.types) else 0

    @cached_property
    def held(self) -> list[Any]:
        """The values but "" and None."""
        if self.blanks or _UNKNOWN in self.types:
            return [value for value in self.values if value is not None and value != ""]
        return self.values
