"""What becomes of rows or columns ("lines") when some are inserted, deleted or moved.

Lines are counted from 1; spans are inclusive. Three things are asked of a change: where a
line goes, what a reference to a span of lines becomes, and where exactly the lines of a span
are afterwards (what is attached to cells, such as a rule, goes with each cell).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Inserted:
    """``count`` new lines in front of line ``first``; what passes ``limit`` falls off."""

    first: int
    count: int
    limit: int

    def line(self, number: int) -> int | None:
        """Where the line goes; None if it is gone."""
        moved = number + self.count if number >= self.first else number
        return moved if moved <= self.limit else None

    def origin(self, number: int) -> int | None:
        """The line that is at ``number`` afterwards; None for a new one."""
        if number < self.first:
            return number
        return number - self.count if number >= self.first + self.count else None

    def span(self, first: int, last: int) -> Span | None:
        """What a reference to a span becomes; None for ``#REF!``."""
        if first <= 1 and last >= self.limit:
            return first, last
        start = self.line(first)
        return None if start is None else (start, self.line(last) or self.limit)

    def pieces(self, first: int, last: int) -> list[Span]:
        """Where the lines of a span are. Lines inserted between them belong to them."""
        found = self.span(first, last)
        return [found] if found else []

    def formatted(self, first: int, last: int) -> list[Span]:
        """Where the format of a span is: new lines take over that of the line before them."""
        if last == self.first - 1:
            return [(first, min(last + self.count, self.limit))]
        return self.pieces(first, last)

    def cuts(self, first: int, last: int) -> bool:
        """Whether the lines of a span do not stay together as they are."""
        return first < self.first <= last

    def touches(self, first: int, last: int) -> bool:
        """Whether any line of a span goes anywhere."""
        return last >= self.first


@dataclass(frozen=True)
class Deleted:
    """``count`` lines from ``first`` on are deleted."""

    first: int
    count: int
    limit: int

    @property
    def last(self) -> int:
        return self.first + self.count - 1

    def line(self, number: int) -> int | None:
        if number < self.first:
            return number
        return None if number <= self.last else number - self.count

    def origin(self, number: int) -> int | None:
        return number if number < self.first else number + self.count

    def span(self, first: int, last: int) -> Span | None:
        if first <= 1 and last >= self.limit:
            return first, last
        start = self.first if self.first <= first <= self.last else self.line(first)
        end = self.first - 1 if self.first <= last <= self.last else self.line(last)
        return (start, end) if start is not None and end is not None and start <= end else None

    def pieces(self, first: int, last: int) -> list[Span]:
        found = self.span(first, last)
        return [found] if found else []

    def cuts(self, first: int, last: int) -> bool:
        inside = first <= self.last and self.first <= last
        return inside and not (self.first <= first and last <= self.last)

    def touches(self, first: int, last: int) -> bool:
        return last >= self.first


@dataclass(frozen=True)
class Moved:
    """``count`` lines from ``first`` on are cut out and put in front of line ``before``."""

    first: int
    count: int
    before: int
    limit: int

    @property
    def last(self) -> int:
        return self.first + self.count - 1

    def line(self, number: int) -> int | None:
        if self.first <= number <= self.last:
            start = self.before if self.before < self.first else self.before - self.count
            return start + number - self.first
        if self.last < number < self.before:
            return number - self.count
        return number + self.count if self.before <= number < self.first else number

    def origin(self, number: int) -> int | None:
        start = self.line(self.first) or self.first
        back = self.first if self.first < start else self.first + self.count
        return Moved(start, self.count, back, self.limit).line(number)

    def span(self, first: int, last: int) -> Span | None:
        """What a reference to a span becomes: its edges go with their lines.

        An edge that would pass the other one is left behind, as Excel does it with the ends of
        3-D references.
        """
        if first <= 1 and last >= self.limit:
            return first, last
        start, end = self.line(first), self.line(last)
        assert start is not None
        assert end is not None
        if start <= end:
            return start, end
        return self.span(self.last + 1, last) if self._holds(first) else self._without_end(first)

    def _without_end(self, first: int) -> Span | None:
        return self.span(first, self.first - 1)

    def _holds(self, number: int) -> bool:
        return self.first <= number <= self.last

    def pieces(self, first: int, last: int) -> list[Span]:
        borders = sorted({self.first, self.last + 1, self.before})
        starts = [first, *(border for border in borders if first < border <= last)]
        ends = [start - 1 for start in starts[1:]] + [last]
        moved = sorted(
            (self.line(start) or start, self.line(end) or end)
            for start, end in zip(starts, ends, strict=True)
        )
        return joined(moved)

    def stretch(self, first: int, last: int) -> Span | None:
        """What a block of lines that stays in one piece becomes, such as a filter's.

        The lines that are not moved stay together, with what is put between them.
        """
        if self.first <= first and last <= self.last:
            return self.span(first, last)
        start = self.last + 1 if self._holds(first) else first
        end = self.first - 1 if self._holds(last) else last
        return self.span(start, end)

    def cuts(self, first: int, last: int) -> bool:
        block = self.first <= last and first <= self.last
        whole = self.first <= first and last <= self.last
        return (block and not whole) or first < self.before <= last

    def touches(self, first: int, last: int) -> bool:
        return last >= min(self.first, self.before) and first <= max(self.last, self.before - 1)


Lines: TypeAlias = Inserted | Deleted | Moved


def joined(spans: list[Span]) -> list[Span]:
    """Sorted spans with those that touch made one."""
    found: list[Span] = []
    for first, last in spans:
        if found and found[-1][1] + 1 >= first:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found
