"""When to keep a checkpoint of a working copy, and which one to start a replay from."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from service.errors import ExcelToolsError, StorageFailed
from service.sessions.journal import Journal
from service.store.seams import Store

if TYPE_CHECKING:
    from service.sessions.model import Workbook
    from service.sessions.session import Session

log = logging.getLogger("excel_tools.sessions")

# A replay from the nearest checkpoint takes no longer than about this.
REPLAY_SECONDS = 1.0
REPLAY_STEPS = 1000
LOOK_EVERY = 50
MOST_KEPT = 5


class Checkpoints:
    """The checkpoints below the folder of a working copy, one file a mark."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def marks(self, folder: str) -> list[int]:
        """Marks of which there is a checkpoint, in ascending order."""
        place = self._store.scratch(f"{folder}/checkpoints")
        names = [path.name for path in place.iterdir()] if place.is_dir() else []
        return sorted(int(name) for name in names if name.isdigit())

    def _place(self, folder: str, mark: int) -> Path:
        # On this machine alone: reading one runs what it says, so it must come from here.
        return self._store.scratch(f"{folder}/checkpoints/{mark}")

    def nearest(
        self, folder: str, path: list[int], useless: Collection[str] = ()
    ) -> tuple[str, list[int]]:
        """(path of the last checkpoint on the way, the marks after it); "" is none.

        :param useless: paths of checkpoints to leave aside
        """
        kept = set(self.marks(folder)) - {int(Path(place).name) for place in useless}
        for index in range(len(path) - 1, -1, -1):
            if path[index] in kept:
                return str(self._place(folder, path[index])), path[index + 1 :]
        return "", path

    def drop(self, folder: str, place: str) -> None:
        """Remove a checkpoint that can't be used, so that it isn't tried again and again."""
        try:
            self._store.discard(f"{folder}/checkpoints/{Path(place).name}")
        except StorageFailed as error:
            log.warning("a useless checkpoint stays: %s", error.message)

    def keep_if_due(self, session: Session, book: Workbook, journal: Journal) -> None:
        """Keep a checkpoint if a replay would take too long; without one it only takes longer."""
        slow = journal.steps[journal.mark].seconds > REPLAY_SECONDS / LOOK_EVERY
        # Of the way and not the mark: undo makes marks too, and might skip every round one.
        if not slow and journal.depth % LOOK_EVERY:
            return
        try:
            self._keep(session, book, journal)
        except ExcelToolsError as error:
            # The change itself has been accepted: its answer must not say otherwise.
            log.warning("no checkpoint of a working copy: %s", error.message)

    def _keep(self, session: Session, book: Workbook, journal: Journal) -> None:
        folder = session.copy_folder(book)
        rest = self.nearest(folder, journal.path(journal.mark))[1]
        seconds = sum(journal.steps[mark].seconds for mark in rest)
        if seconds < REPLAY_SECONDS and len(rest) < REPLAY_STEPS:
            return
        target = self._place(folder, journal.mark)
        session.call(book, action="checkpoint", target=str(target))
        for mark in self.marks(folder)[:-MOST_KEPT]:
            self._store.discard(f"{folder}/checkpoints/{mark}")
