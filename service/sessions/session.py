"""One session at work: it finds workbooks by name, runs operations, keeps the journal."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cachetools import LRUCache

from service import calls
from service.engine.turns import Turns
from service.engine.work import Entry, Reply, Work
from service.errors import (
    ExcelToolsError,
    FileNotFound,
    InvalidParameters,
    LimitReached,
    SessionNotFound,
    StorageFailed,
    WorkbookBusy,
    listed,
)
from service.observing import metrics
from service.operations.registry import Operation
from service.sessions import finding, replay, tables
from service.sessions.checkpoints import Checkpoints
from service.sessions.history import History
from service.sessions.journal import LANGUAGES_READ, Journal
from service.sessions.links import DRAFT, Target
from service.sessions.model import SessionData, Version, Workbook, mime_type, utc_text
from service.sessions.once import Once, fingerprint_of
from service.sessions.parts import Parts
from service.sessions.preferences import set_preferences
from service.sessions.sharing import SharedRecord

_ANSWERS_KEPT = 100


class Session(SharedRecord):
    """A live session. Its record is the truth; this object adds locks and the working parts.

    Whoever works with it does so inside of ``turn``. Outside of that another replica of the
    service may change it at any time.
    """

    def __init__(self, data: SessionData, parts: Parts, *, kept: bool) -> None:
        super().__init__(data, parts, kept=kept)
        # Held while a workbook is opened or closed, so that two calls at the same time
        # do not open one file twice. Taken before a workbook's queue, never inside it.
        self.opening = threading.Lock()
        self._queues: dict[str, Turns] = {}
        self._under_way: LRUCache[str, threading.Lock] = LRUCache(1000)
        self._recent = parts.board.recent(data.key)
        self.calls = calls.Calls(parts.board.calls(data.key))
        self._journals: dict[str, Journal] = {}
        self._behind: set[str] = set()  # of the journals, those that may have new entries
        self.checkpoints = Checkpoints(parts.store)
        self.history = History(parts.store, self.folder)
        self._history_complete = not kept

    def _renewed(self) -> None:
        """The record was written elsewhere: the journals may have new entries, too."""
        held = {f"{book.id}/{book.copy}": book for book in self.held_workbooks()}
        self._journals = {key: item for key, item in self._journals.items() if key in held}
        self._behind = set(self._journals)
        for book in held.values():
            # A damaged one is told to whoever uses it, and tried again then.
            with suppress(StorageFailed):
                self.journal(book)

    def _mend(self, *, unclean: bool) -> None:
        """Add to the history what a service that was killed did not come to tell."""
        if not unclean and self._history_complete:
            return
        self._history_complete = True
        self.history.complete_files(self.data)
        for book in self.held_workbooks():
            with suppress(StorageFailed):
                self.history.complete(book, self.journal(book))

    def journal(self, book: Workbook) -> Journal:
        """The journal of the working copy; it, not the record, says where the copy stands.

        :raises StorageFailed: if it is damaged, or has lost what the record knows of
        """
        key = f"{book.id}/{book.copy}"
        if key not in self._journals:
            journal = Journal(
                self.parts.store, self.copy_folder(book), book.name, made=not book.base
            )
            journal.check(book.mark, book.saved_mark)
            self._journals[key] = journal
            self.catch_up(book, journal)
        elif key in self._behind:
            journal = self._journals[key]
            if not journal.go_on():
                del self._journals[key]
                self.parts.engine.forget(self.engine_key(book))
                return self.journal(book)
            self._behind.discard(key)
            journal.check(book.mark, book.saved_mark)
            self.catch_up(book, journal)
        return self._journals[key]

    def catch_up(self, book: Workbook, journal: Journal) -> None:
        """Note in the record where the journal says the working copy stands."""
        book.mark = journal.mark
        book.unsaved = journal.distance(journal.mark, book.saved_mark)

    def __repr__(self) -> str:
        return f"<Session {self.data.key} workbooks={len(self.data.workbooks)}>"

    @property
    def patience(self) -> float:
        """Seconds in which any other call of the session has ended."""
        settings = self.parts.settings
        return float(settings.queue_wait + settings.engine_deadline)

    # Finding ----------------------------------------------------------------

    def open_workbooks(self) -> list[Workbook]:
        return [book for book in self.held_workbooks() if not book.aside]

    def held_workbooks(self) -> list[Workbook]:
        """Those that have a working copy, also where the chat does not stand now."""
        return [book for book in list(self.data.workbooks.values()) if book.open]

    def workbook(self, name: str) -> Workbook:
        """The open workbook that is meant by a name, see :func:`finding.workbook`."""
        return finding.workbook(self, name)

    def file_names(self) -> list[str]:
        """Names of everything that can be opened."""
        books = [book for book in self.data.workbooks.values() if not book.aside]
        names = [book.name for book in books if book.open or book.versions]
        uploads = [upload.name for upload in self.data.uploads.values()]
        return names + [name for name in uploads if name not in names]

    # Engine -----------------------------------------------------------------

    @contextmanager
    def queue(self, book: Workbook) -> Iterator[None]:
        """The turn at a workbook: its operations never overlap."""
        turns, wait = self._turns(book), self.parts.settings.queue_wait
        with metrics.queued("workbook"):
            mine = turns.take(wait)
        if not mine:
            raise WorkbookBusy(
                f"{book.name} was busy for {wait} seconds; nothing was done.",
                "Try again in a moment.",
            )
        try:
            if self.ended:
                raise SessionNotFound("The session has ended.", "Open a new session.")
            yield
        finally:
            turns.give()

    def _turns(self, book: Workbook) -> Turns:
        with self.lock:
            return self._queues.setdefault(book.id, Turns())

    def keep_answers_of(self, book: Workbook) -> None:
        """Keep the last answers that only the journal of a closing copy holds."""
        journal = self.journal(book)
        keys = dict(list(journal.keys.items())[-_ANSWERS_KEPT:])
        for line in journal.lines(list(keys.values())):
            reply = Reply(**line["reply"])
            self._put_answer(line["key"], line["print"], self.answer(book, reply))

    def drop_copy(self, book: Workbook) -> None:
        """Remove a workbook's working copy with its journal."""
        self.parts.engine.forget(self.engine_key(book))
        self._journals.pop(f"{book.id}/{book.copy}", None)
        self.parts.store.remove(self.copy_folder(book))

    def end(self) -> None:
        """Let the calls under way come to their end and refuse all others."""
        self.ended = True
        for book in self.held_workbooks():
            turns = self._turns(book)
            turns.take()
            turns.give()
            self.parts.engine.forget(self.engine_key(book))

    def version_key(self, book: Workbook, version: Version) -> str:
        """Where a saved version is kept."""
        return f"{self.folder}/workbooks/{book.id}/versions/{version.number}/{version.name}"

    def copy_folder(self, book: Workbook) -> str:
        return f"{self.folder}/workbooks/{book.id}/copy{book.copy}"

    def engine_key(self, book: Workbook) -> str:
        return f"{self.data.key}/{book.id}/{book.copy}"

    def call(self, book: Workbook, at: int | None = None, **job: Any) -> Reply:
        """One call of the engine, with the journal's entries if it asks for them.

        :param at: mark at which the copy shall stand, by default where it does
        """
        journal = self.journal(book)
        mark = journal.mark if at is None else at
        folder = self.copy_folder(book)
        work = Work(
            workbook=self.engine_key(book),
            name=book.name,
            base=self.kept_file(f"{folder}/{book.base}") if book.base else "",
            mark=mark,
            next_mark=journal.next_mark,
            others=tables.places(self, book) if job["action"] == "run" else {},
            **job,
        )
        return replay.done(self, book, work)

    def entries(self, book: Workbook, marks: list[int]) -> Iterator[Entry]:
        """The operations of these marks, as the engine replays them."""
        folder = self.copy_folder(book)
        for line in self.journal(book).lines(marks):
            kept = line["files"].items()
            files = {name: self.kept_file(f"{folder}/{key}") for name, key in kept}
            yield Entry(
                line["operation"],
                line["parameters"],
                line["now"],
                files,
                line.get("preferences", {}),
                tuple(line.get("seen", ())),
                languages=line["v"] >= LANGUAGES_READ,
            )

    # Operations -------------------------------------------------------------

    def run_on(
        self,
        book: Workbook,
        operation: Operation,
        parameters: dict[str, Any],
        files: dict[str, Path],
        key: str = "",
        fingerprint: str = "",
        exports: str = "",
    ) -> Reply:
        """Run an operation on a workbook and put it into the journal.

        Call it inside ``queue(book)``.

        :param files: uploaded files that parameters name, by parameter
        :param key: the request's idempotency key, with the request's fingerprint
        :param exports: folder for files that the operation writes
        """
        store, folder = self.parts.store, self.copy_folder(book)
        if operation.writes or operation.exports:
            self.parts.quota.room_for(self.data.user)
        journal = self.journal(book)
        kept = self._kept_files(folder, journal.next_mark, files)
        entry = Entry(
            operation.name,
            parameters,
            self.now(),
            {name: self.kept_file(f"{folder}/{place}") for name, place in kept.items()},
            set_preferences(store, self.data.user) if operation.styled else {},
        )
        reply = self.call(book, action="run", entry=entry, folder=exports)
        if operation.writes and reply.changed:
            line = {
                "now": entry.now,
                "operation": operation.name,
                "parameters": operation.kept(parameters),
                "files": kept,
                "key": key,
                "print": fingerprint,
                "reply": {"result": reply.result, "sheet": reply.sheet, "next": reply.next},
                "seconds": round(reply.seconds, 4),
            }
            line |= {"preferences": entry.preferences} if entry.preferences else {}
            line |= {"seen": reply.seen} if reply.seen else {}
            mark = self._accepted(book, journal, line)
            self.catch_up(book, journal)
            self.checkpoints.keep_if_due(self, book, journal)
            self.history.operation(book, line, mark)
        return reply

    def _accepted(self, book: Workbook, journal: Journal, line: dict[str, Any]) -> int:
        try:
            calls.current().keep()
            mark = journal.add(line)
        except ExcelToolsError:
            # The engine has it done, as a mark that another operation will get.
            self.parts.engine.forget(self.engine_key(book))
            raise
        self.parts.quota.add(self.data.user, journal.last_bytes)
        return mark

    def _kept_files(self, folder: str, mark: int, files: dict[str, Path]) -> dict[str, str]:
        """Copies of the files for the journal: their places below the copy's folder."""
        kept: dict[str, str] = {}
        for name, path in files.items():
            # Its name is kept, too: an operation may call a sheet after it.
            kept[name] = f"assets/{mark}-{name}/{path.name}"
            self.parts.store.keep(path, f"{folder}/{kept[name]}")
        return kept

    def kept_file(self, key: str) -> str:
        """The path of a file that a working copy needs.

        :raises StorageFailed: if the store has lost it
        """
        path = self.parts.store.file(key)
        if path is None:
            raise StorageFailed(
                f"The store has lost the file {key[key.rfind('/') + 1 :]} of a workbook.",
                "Restore it from a backup, or close this workbook; others are whole.",
            )
        return str(path)

    def now(self) -> str:
        """The moment as operations and journals write it: UTC, to the second."""
        return utc_text(self.parts.clock())

    def walk(self, book: Workbook, mark: int, key: str, fingerprint: str, reply: Reply) -> None:
        """Bring the working copy to another mark of its journal: undo, redo, another branch."""
        journal = self.journal(book)
        self.call(book, mark, action="load")
        line = {
            "now": self.now(),
            "key": key,
            "print": fingerprint,
            "reply": {"result": reply.result, "sheet": reply.sheet, "next": reply.next},
        }
        calls.current().keep()
        number = journal.move(mark, line)
        self.catch_up(book, journal)
        self.history.move(book, line, number)

    def rendered(self, book: Workbook) -> Path:
        """The working copy as a file, as it is now. Call it inside ``queue(book)``."""
        store, folder = self.parts.store, self.copy_folder(book)
        if not book.open:
            raise FileNotFound(
                f"{book.name} was closed, so there is no draft of it any more.",
                "Ask in the chat for the file again.",
            )
        ending = book.name[book.name.rfind(".") :]
        path = store.scratch(f"{folder}/drafts/{self.journal(book).mark}{ending}")
        if not path.exists():
            store.discard(f"{folder}/drafts")
            path.parent.mkdir(parents=True, exist_ok=True)
            self.call(book, action="save", target=str(path))
        return path

    # Answers ----------------------------------------------------------------

    def files_of(self, book: Workbook) -> list[dict[str, Any]]:
        """The links of a workbook: the draft while there are unsaved changes, else the save."""
        if book.open and (book.unsaved_changes or not book.versions):
            return [self.file_entry(Target(self.data.key, "w", book.id, DRAFT), book.name, DRAFT)]
        last = book.versions[-1]
        target = Target(self.data.key, "w", book.id, str(last.number))
        return [self.file_entry(target, last.name, "saved", last.number, last.size)]

    def file_entry(
        self,
        target: Target,
        name: str,
        state: str,
        version: int | None = None,
        size: int | None = None,
    ) -> dict[str, Any]:
        return {
            "name": name,
            "download_url": self.parts.links.url(target, name),
            "version": version,
            "state": state,
            "size": size,
            "mime_type": mime_type(name),
        }

    def answer(self, book: Workbook, reply: Reply) -> dict[str, Any]:
        """What a call about a workbook answers."""
        body: dict[str, Any] = {"workbook": book.name}
        if reply.sheet:
            body["sheet"] = reply.sheet
        body |= {
            "result": reply.result,
            "unsaved_changes": book.unsaved_changes,
            "files": self.files_of(book),
        }
        if reply.next:
            body["next"] = reply.next[:2]
        return body

    # A repeated request gets the first answer --------------------------------

    @contextmanager
    def once(self, key: str, request: object) -> Iterator[Once]:
        """Make the block's answer the answer to every request with the same key.

        :raises InvalidParameters: if the key was used for another request
        """
        if not key:
            yield Once(None)
            return
        fingerprint = fingerprint_of(request)
        with self.lock:
            turn = self._under_way.setdefault(key, threading.Lock())
        with calls.held(turn, self.patience):
            known = self.data.answers.get(key) or self._recent.get(key) or self._journalled(key)
            if known and known["print"] != fingerprint:
                raise InvalidParameters(
                    f"The Idempotency-Key {key[:40]!r} was used for another request.",
                    "Use a new key for each request, and the same only to repeat it.",
                )
            once = Once(known["answer"] if known else None, fingerprint)
            yield once
            if once.answer is not None and not known:
                self._recent.put(key, fingerprint, once.answer)

    @contextmanager
    def answer_kept(self, key: str, once: Once, answer: dict[str, Any]) -> Iterator[None]:
        """Keep the answer of a call that no journal holds; the block writes the record."""
        if key:
            self._put_answer(key, once.fingerprint, answer)
        try:
            yield
        except ExcelToolsError:
            self.data.answers.pop(key, None)  # else it would be told again, and lost at the end
            raise

    def _put_answer(self, key: str, fingerprint: str, answer: dict[str, Any]) -> None:
        self.data.answers[key] = {"print": fingerprint, "answer": answer}
        while len(self.data.answers) > _ANSWERS_KEPT:
            self.data.answers.pop(next(iter(self.data.answers)))

    def has_answered(self, key: str) -> bool:
        """Whether there is an answer to a request with that key; False if others are at work."""
        with self.turn_now() as free:
            return free and bool(self.data.answers.get(key) or self._journalled(key))

    def _journalled(self, key: str) -> dict[str, Any] | None:
        """The answer in a journal: there if the service ended after the change was kept."""
        for book in self.open_workbooks():
            with suppress(StorageFailed):
                journal = self.journal(book)
                if key in journal.keys:
                    (line,) = journal.lines([journal.keys[key]])
                    answer = self.answer(book, Reply(**line["reply"]))
                    return {"print": line["print"], "answer": answer}
        return None

    # Limits -----------------------------------------------------------------

    def room_for_workbook(self) -> None:
        """Refuse one more open workbook beyond the limit."""
        most = self.parts.settings.workbooks_per_session
        opened = [book.name for book in self.open_workbooks()]
        if len(opened) >= most:
            raise LimitReached(
                f"{len(opened)} workbooks are open, and at most {most} may be: {listed(opened)}.",
                "Close one with close_excel_file first.",
                {"limit": most, "open": opened},
            )
