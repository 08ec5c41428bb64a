"""The journal of a working copy: which operations were accepted, and where undo has walked.

Each accepted operation makes a new *mark*, the number of its entry; mark 0 is the copy as it
was opened. An operation's entry names the mark it was done at, its *parent*, so the marks are
a tree, and the way from 0 to a mark is the list of operations that lead to it. Undo and redo
are entries too: they only say at which mark the copy stands now. So nothing that was accepted
is ever overwritten, and a working copy is found again wherever it stood.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from service import calls
from service.errors import InvalidParameters, StorageFailed
from service.store.seams import Place, Store

FORMAT = 3
# From this version on, what other languages write was read when it was accepted.
LANGUAGES_READ = 3
OPENING = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One operation in the tree of marks; what it was asked stays on the disk."""

    mark: int
    parent: int
    operation: str
    now: str
    seconds: float


class Journal:
    """The journal in ``folder`` of ``store``. Not safe for threads: its workbook's queue is.

    :param made: the copy began as nothing, so that its first operation made it and stays
    """

    def __init__(self, store: Store, folder: str, name: str, *, made: bool) -> None:
        self._store = store
        self._made = made
        self._key = f"{folder}/journal"
        self._name = name
        self.steps: dict[int, Step] = {}
        self.moves: list[int] = []  # numbers of the entries of undo and redo
        self.keys: dict[str, int] = {}
        # Where the copy stood at the end of each message of the chat.
        self.standing: dict[str, int] = {}
        self.messages: dict[int, str] = {}
        self._message = ""
        self.mark = OPENING
        self.tip = OPENING
        self._count = 0
        self.last_bytes = 0
        # The way to the present mark, and the place of each mark on it.
        self._way: list[int] = []
        self._places: dict[int, int] = {OPENING: 0}
        self._lines: dict[int, Place] = {}
        self._length = 0
        self._last: tuple[object, ...] = ()
        for line, place in store.placed(self._key):
            self._take(line, place)

    def __repr__(self) -> str:
        return f"<Journal {self._name!r} at {self.mark}, {len(self.steps)} steps>"

    def go_on(self) -> bool:
        """Take the entries that others have added; False if it is another journal by now."""
        start = self._lines[self._count].start if self._count else 0
        found = self._store.placed(self._key, since=start)
        if self._count:
            if not found or _print(*found[0]) != self._last:
                return False
            del found[0]
        for line, place in found:
            self._take(line, place)
        return True

    # Writing ----------------------------------------------------------------

    @property
    def next_mark(self) -> int:
        """The number that the next entry gets."""
        return self._count + 1

    def add(self, entry: dict[str, Any]) -> int:
        """Keep an accepted operation; returns its mark.

        :param entry: operation, parameters, now, files, key, print, reply, seconds
        """
        return self._append({**entry, "kind": "operation", "parent": self.mark})

    def move(self, mark: int, entry: dict[str, Any]) -> int:
        """Keep that the copy now stands at ``mark``; returns the number of the entry."""
        return self._append({**entry, "kind": "move", "mark": mark})

    def _append(self, entry: dict[str, Any]) -> int:
        line = {"v": FORMAT, "seq": self.next_mark, **entry}
        line |= {"message": message} if (message := calls.current().message) else {}
        size = self._store.append(self._key, line, at=self._length)
        self.last_bytes = size
        self._take(line, Place(self._length, size))
        return int(line["seq"])

    def _take(self, line: dict[str, Any], place: Place) -> None:
        if line.get("v") not in range(1, FORMAT + 1):
            raise StorageFailed(
                f"The journal of {self._name} was written by another version of the service.",
                "Run the version that wrote it, or close this workbook; others are whole.",
            )
        seq = int(line["seq"])
        self._count = seq
        self._last = _print(line, place)
        self._lines[seq] = place
        self._length = place.start + place.length
        if line.get("key"):
            self.keys[line["key"]] = seq
        # What no message is told of belongs to the one before.
        self._message = str(line.get("message") or self._message)
        if line.get("kind") == "move":
            self.moves.append(seq)
            self._stand_at(int(line["mark"]))
            self.standing[self._message] = self.mark
            return
        # Version 1 knew no undo: each entry stands on the one before.
        parent = int(line.get("parent", seq - 1))
        seconds = float(line.get("seconds", 0))
        self.steps[seq] = Step(seq, parent, line["operation"], line["now"], seconds)
        if parent != self.mark:
            self._stand_at(parent)
        self.mark = self.tip = seq
        self._way.append(seq)
        self._places[seq] = len(self._way)
        self.standing[self._message] = seq
        self.messages[seq] = self._message

    def _stand_at(self, mark: int) -> None:
        self.mark = mark
        self._way = self.path(mark)
        self._places = {step: place for place, step in enumerate([OPENING, *self._way])}

    # The tree ---------------------------------------------------------------

    @property
    def depth(self) -> int:
        """How many operations lead from the opening to the present mark."""
        return len(self._way)

    def path(self, mark: int) -> list[int]:
        """The marks of the operations that lead from the opening to ``mark``, in order."""
        if mark in self._places:
            return self._way[: self._places[mark]]
        found = []
        while mark != OPENING:
            found.append(mark)
            mark = self.steps[mark].parent
        return found[::-1]

    def back(self, steps: int) -> int:
        """The mark ``steps`` operations before the present one.

        :raises InvalidParameters: if there are not so many
        """
        way = self.path(self.mark) if self._made else [OPENING, *self.path(self.mark)]
        if steps >= len(way):
            done = max(len(way) - 1, 0)
            raise InvalidParameters(
                f"{_steps(steps)} can't be undone: {done or 'no'} change{'s' * (done != 1)} "
                f"since {self._name} was {'made' if self._made else 'opened'}.",
                f"Undo at most {done}." if done else "There is nothing to undo.",
                {"undoable": done},
            )
        return way[-1 - steps]

    def room(self, mark: int) -> dict[str, int]:
        """How many steps can be undone and done again, seen from ``mark``."""
        back, way = len(self.path(mark)), self.path(self.tip)
        ahead = len(way) - back if mark in way or mark == OPENING else 0
        return {"can_undo": max(back - self._made, 0), "can_redo": ahead}

    def forward(self, steps: int) -> int:
        """The mark ``steps`` undone operations after the present one.

        :raises InvalidParameters: if there are not so many
        """
        ahead = self.ahead()
        if steps > len(ahead):
            raise InvalidParameters(
                f"{_steps(steps)} can't be done again: {len(ahead) or 'none'} "
                f"{'are' if len(ahead) != 1 else 'is'} undone in {self._name}.",
                f"Redo at most {len(ahead)}."
                if ahead
                else "There is nothing to redo; a new change takes the place of undone ones.",
                {"redoable": len(ahead)},
            )
        return ahead[steps - 1]

    def ahead(self) -> list[int]:
        """Marks of the operations that were undone and can be done again, in order."""
        way = self.path(self.tip)
        if self.mark == OPENING:
            return way
        return way[way.index(self.mark) + 1 :] if self.mark in way else []

    def distance(self, one: int, other: int) -> int:
        """How many operations lie between two marks, over the last one they share."""
        if one in self._places and other in self._places:
            return abs(self._places[one] - self._places[other])
        first, second = self.path(one), self.path(other)
        shared = 0
        for left, right in zip(first, second, strict=False):
            if left != right:
                break
            shared += 1
        return len(first) + len(second) - 2 * shared

    # Reading ----------------------------------------------------------------

    def lines(self, marks: list[int]) -> list[dict[str, Any]]:
        """The whole entries of these marks, in their order.

        :raises StorageFailed: if the journal has lost them
        """
        for mark in marks:
            if mark not in self._lines:
                raise self._lost(mark)
        found = self._store.entries_at(self._key, [self._lines[mark] for mark in marks])
        lines = []
        for mark, line in zip(marks, found, strict=True):
            if line is None or line["seq"] != mark:
                raise self._lost(mark)
            lines.append(line)
        return lines

    def check(self, *marks: int) -> None:
        """Refuse to go on if the journal has lost a mark at which the copy stood once.

        :raises StorageFailed: naming the entry
        """
        for mark in marks:
            if mark != OPENING and mark not in self.steps:
                raise self._lost(mark)

    def _lost(self, mark: int) -> StorageFailed:
        return StorageFailed(
            f"The journal of {self._name} has lost its entry {mark}.",
            "Restore it from a backup, or close this workbook; others are whole.",
        )


def _print(line: dict[str, Any], place: Place) -> tuple[object, ...]:
    """What tells an entry from another one at the same place."""
    return (line["seq"], line.get("now"), line.get("key"), line.get("print"), place.length)


def _steps(count: int) -> str:
    return f"{count} step{'s' * (count != 1)}"
