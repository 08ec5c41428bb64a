"""The session's own operations: open, list, save, close, undo, changes, databases."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from service import calls
from service.engine.work import Reply
from service.errors import (
    ExcelToolsError,
    FileNotFound,
    InvalidParameters,
    StorageFailed,
    UnsavedChanges,
    counted,
    listed,
)
from service.names import clean_filename, split_extension
from service.observing import asked, metrics
from service.operations.registry import Answer, Operation
from service.sessions.databases import DatabaseCall
from service.sessions.finding import asked_for, is_there, things, wanted
from service.sessions.model import Upload, Version, Workbook, mime_type
from service.sessions.new_workbooks import added, new_workbook, taken_names
from service.sessions.once import Once
from service.sessions.sent_file import SentFile
from service.sessions.session import Session

_EVENTS_LISTED = 10
_ATTACHED_LISTED = 100
_INNER = ("id", "copy", "step")  # of events: what no model has a use for


class SessionCall:
    """One call of open, list, save or close: the ``Desk`` that these operations ask."""

    def __init__(self, session: Session, once: Once, key: str) -> None:
        self._session = session
        self._once = once
        self._key = key
        self._book: Workbook | None = None
        self._files: list[dict[str, Any]] | None = None
        self._changed: Callable[[], None] | None = None  # how to take the change back
        self._closed: Workbook | None = None
        self._saved: tuple[Workbook, Version] | None = None
        self._event: tuple[str, dict[str, Any]] | None = None
        self._held = ExitStack()
        self._call: tuple[Operation, dict[str, Any]] | None = None
        self._asked: dict[str, str] = {}

    def answer(self, operation: Operation, parameters: dict[str, Any]) -> dict[str, Any]:
        with self._held:
            return self._answer(operation, parameters)

    def _answer(self, operation: Operation, parameters: dict[str, Any]) -> dict[str, Any]:
        self._call = (operation, parameters)
        answer = operation.call(self, parameters)
        reply = Reply(answer.result, answer.sheet, answer.next, answer.exports)
        if self._book is not None:
            body = self._session.answer(self._book, reply)
        else:
            body = {"result": answer.result, "unsaved_changes": 0, "files": []}
            if answer.next:
                body["next"] = answer.next[:2]
        body |= self._asked
        if self._files is not None:
            body["files"] = self._files
        if self._changed is not None:
            self._keep(body, self._changed)
        if self._saved is not None:
            self._session.history.save(*self._saved)
            metrics.moved("save", self._saved[1].size)
            asked.current().size += self._saved[1].size
            asked.current().target = f"version {self._saved[1].number}"
        if self._event is not None:
            event, facts = self._event
            self._session.history.add(self._session.parts.clock(), event, **facts)
        return body

    def _keep(self, body: dict[str, Any], undo: Callable[[], None]) -> None:
        """Write what the call changed, together with its answer, or take it back."""
        with self._session.lock:
            try:
                calls.current().keep()
                with self._session.answer_kept(self._key, self._once, body):
                    self._session.write()
            except ExcelToolsError:
                undo()
                raise
        if self._closed is not None:
            with self._session.queue(self._closed):
                self._session.drop_copy(self._closed)

    def _named(self, workbook: str) -> Workbook:
        """The open workbook that a call names, see :func:`finding.workbook`."""
        book = self._session.workbook(workbook)
        self._asked = asked_for(workbook, book.name, book.id)
        asked.current().workbook = book.name
        return book

    # open

    def open(self, file: str, password: str) -> Answer:
        session = self._session
        self._held.enter_context(calls.held(session.opening, session.patience))
        upload, record = self._wanted(file)
        if record is not None and record.open:
            self._book = record
            unused = ["No password was needed."] if password else []
            return self._opened(record, "It was open already.", *unused)
        if record is not None:
            self._reopen(record)
            last = record.versions[-1]
            facts = {"version": last.number, "size": last.size, "type": mime_type(last.name)}
            self._event = ("open", {"workbook": record.name, **facts})
            unused = ["No password was needed."] if password else []
            return self._opened(record, f"Version {last.number} was opened.", *unused)
        if upload is None:
            raise self._unknown(file)
        return self._open_upload(upload, password)

    def _open_upload(self, upload: Upload, password: str) -> Answer:
        session = self._session
        book = new_workbook(session, clean_filename(upload.name, ".xlsx"), [])
        sent = SentFile(session, book, upload, password, taken_names(session))
        reply = added(session, book, sent.fill)
        self._book, self._event = book, ("open", sent.facts())
        if sent.is_text:
            reply.result["opened"] = book.name
            reply.result.setdefault("notes", []).extend(sent.notes)
            return Answer(reply.result, reply.sheet, reply.next)
        answer = self._opened(book, *sent.notes)
        if sent.converted:
            answer.result["converted_from"] = sent.converted
        return answer

    def _wanted(self, file: str) -> tuple[Upload | None, Workbook | None]:
        """The upload or the workbook that ``file`` means."""
        among = things(self._session)
        found = wanted(self._session, file, among)
        if found is None:
            return None, None
        if found.offer:
            raise found.not_sent()
        self._asked = asked_for(file, found.name, *found.aliases, *found.ids, "latest")
        return found.upload, found.book

    def _unknown(self, file: str) -> FileNotFound:
        session = self._session
        names = session.file_names() + [entry["name"] for entry in _attached(session)]
        have = f"Files: {listed(names)}." if names else "There is no file in this chat yet."
        return FileNotFound(
            f'No file "{file}" in this chat. {have}',
            "Name one of these files, ask the user to attach one, or make one with "
            "create_excel_file.",
            {"files": names},
        )

    def _reopen(self, book: Workbook) -> None:
        session = self._session
        session.room_for_workbook()
        with session.queue(book):
            version = session.kept_file(session.version_key(book, book.versions[-1]))
            book.copy += 1
            book.base = f"base{split_extension(book.name)[1]}"
            session.drop_copy(book)  # of a service that ended before it kept this
            session.parts.store.keep(Path(version), f"{session.copy_folder(book)}/{book.base}")
            book.mark = book.saved_mark = book.unsaved = 0
            try:
                book.losses = session.call(book, action="load").result["losses"]
            except ExcelToolsError:
                session.drop_copy(book)
                raise
            book.open = True
        self._book, self._changed = book, lambda: setattr(book, "open", False)

    def _opened(self, book: Workbook, *notes: str) -> Answer:
        with self._session.queue(book):
            reply = self._session.call(book, action="load")
        result: dict[str, Any] = {"opened": book.name, "sheets": reply.result["sheets"]}
        if self._event is not None and "value_differences" in reply.result:
            result["value_differences"] = reply.result["value_differences"]  # told once
        if book.losses:
            result["not_kept_on_saving"] = book.losses
        if notes:
            result["notes"] = list(notes)
        return Answer(result, next=["See what is in it with describe_excel_file."])

    # list

    def list_files(self) -> Answer:
        session = self._session
        books = [book for book in session.data.workbooks.values() if not book.aside]
        self._files = [e for book in books if is_there(book) for e in session.files_of(book)]
        result: dict[str, Any] = {
            "open": [
                {"workbook": book.name, "unsaved_changes": book.unsaved_changes}
                for book in books
                if book.open
            ],
            "saved": [
                {"name": version.name, "version": version.number, "size": version.size}
                for book in books
                for version in book.versions
            ],
            "uploads": [
                {"name": upload.name, "id": upload.id, "size": upload.size}
                for upload in session.data.uploads.values()
            ],
            "attached": _attached(session),
            "exports": [
                {"name": export.name, "size": export.size}
                for export in session.data.exports.values()
            ],
        }
        events, count = session.history.page(0, _EVENTS_LISTED)
        result["history"] = [
            {name: fact for name, fact in event.items() if name not in _INNER} for event in events
        ]
        if count > len(events):
            result["earlier_events"] = count - len(events)
        return Answer({name: found for name, found in result.items() if found or name == "open"})

    # save

    def save(self, workbook: str, filename: str) -> Answer:
        session = self._session
        book = self._named(workbook)
        name = self._new_name(book, filename)
        before = (book.name, book.saved_mark)
        with session.queue(book):
            draft = session.rendered(book)
            number = max((version.number for version in book.versions), default=0) + 1
            version = Version(number, name, draft.stat().st_size, session.parts.clock())
            session.parts.quota.room_for(session.data.user, version.size)
            calls.current().keep()
            session.parts.store.keep(draft, session.version_key(book, version))
            book.versions.append(version)
            journal = session.journal(book)
            book.name, book.saved_mark = name, journal.mark
            session.catch_up(book, journal)

        def undo() -> None:
            book.versions.remove(version)
            book.name, book.saved_mark = before
            session.catch_up(book, session.journal(book))

        self._book, self._changed = book, undo
        self._saved = (book, version)
        return Answer({"saved": name, "version": number} | _other_ending(filename, name))

    def _new_name(self, book: Workbook, filename: str) -> str:
        if not filename.strip():
            return book.name
        ending = split_extension(book.name)[1]
        name = clean_filename(filename, ending)
        others = [b for b in self._session.data.workbooks.values() if b.id != book.id]
        if any(name.lower() == other.name.lower() and is_there(other) for other in others):
            raise InvalidParameters(
                f'There is another workbook "{name}" in this chat.', "Choose another file name."
            )
        return name

    # databases

    def ask_database(self, action: str, source: str, sql: str, limit: int) -> Answer:
        call = DatabaseCall(self._session)
        return self._of_database(call, call.answer(action, source, sql, limit))

    def land_database(self, source: str, sql: str, limit: int, workbook: str) -> Answer:
        session, call = self._session, DatabaseCall(self._session)
        named = bool(workbook.strip() or session.open_workbooks())
        book = self._named(workbook) if named else None
        with call.kept_rows(source, sql, limit) as (path, database):
            reply = self._land(book, path, database.name)
        result = {"database": database.name, **reply.result}
        return self._of_database(call, Answer(result, reply.sheet, reply.next))

    def _land(self, book: Workbook | None, rows: Path, name: str) -> Reply:
        """Run the operation on a workbook, with the rows as a file; without one, on a new one."""
        if self._call is None:
            raise RuntimeError("rows land in a call only")
        session, (operation, parameters) = self._session, self._call
        notes: list[str] = []
        self._book = book or new_workbook(session, clean_filename(name, ".xlsx"), notes)

        def run() -> Reply:
            assert self._book is not None
            files = {"rows": rows}
            more = (self._key, self._once.fingerprint)
            return session.run_on(self._book, operation, parameters, files, *more)

        if book is None:
            return added(session, self._book, run)
        with session.queue(book):
            if not book.open:  # closed while this call waited for the database
                session.workbook(book.name)
            return run()

    def _of_database(self, call: DatabaseCall, answer: Answer) -> Answer:
        """Keep which database the call selected, if another one than before."""
        if call.selects is not None:
            self._changed = call.keep()
            self._event = ("database", {"database": call.selects.name})
        return answer

    # undo, redo, what changed

    def walk(self, workbook: str, steps: int) -> Answer:
        session = self._session
        book = self._named(workbook)
        with session.queue(book):
            journal = session.journal(book)
            mark = journal.forward(steps) if steps > 0 else journal.back(-steps)
            between = journal.path(mark if steps > 0 else journal.mark)[-abs(steps) :]
            names = [journal.steps[number].operation for number in between]
            result = {
                "steps": abs(steps),
                "redone" if steps > 0 else "undone": (names if steps > 0 else names[::-1])[:20],
                **journal.room(mark),
            }
            reply = Reply(result)
            session.walk(book, mark, self._key, self._once.fingerprint, reply)
        self._book = book
        return Answer(result)

    def changes(self, workbook: str, steps: int, until: int, page: int) -> Answer:
        session = self._session
        book = self._named(workbook)
        with session.queue(book):
            journal = session.journal(book)
            later = journal.back(until)
            since = until + (steps or journal.room(later)["can_undo"])
            before, after = journal.path(journal.back(since)), journal.path(later)
            earlier = tuple(session.entries(book, before))
            reply = session.call(book, later, action="changes", earlier=earlier, page=page)
            names = [journal.steps[number].operation for number in after[len(before) :]]
        self._book, self._files = book, []
        return Answer({"steps": len(names), "operations": names[-20:], **reply.result})

    # close

    def close(self, workbook: str) -> Answer:
        session = self._session
        self._held.enter_context(calls.held(session.opening, session.patience))
        book = self._named(workbook)
        with session.queue(book):
            discarded = _discarded(book)
            calls.current().keep()
            with suppress(StorageFailed):  # a damaged journal can be closed, too
                session.keep_answers_of(book)
            book.open = False

        self._changed, self._closed = lambda: setattr(book, "open", True), book
        result: dict[str, Any] = {"closed": book.name, "discarded_changes": discarded}
        self._event = ("close", {"workbook": book.name, "discarded_changes": discarded})
        if book.versions:
            self._files = session.files_of(book)
            result["last_saved_version"] = book.versions[-1].number
        elif not book.upload:
            result["notes"] = ["It was never saved, so nothing of it is left."]
        return Answer(result)


def _attached(session: Session) -> list[dict[str, Any]]:
    """Files of the chat that were not opened yet; those of other places say which."""
    offers = [thing.offer for thing in things(session) if thing.offer]
    first = offers[:_ATTACHED_LISTED]
    where = [{} if offer.place == "chat" else {"in": offer.place} for offer in first]
    pairs = zip(first, where, strict=True)
    return [{"name": offer.name, "id": offer.id, **place} for offer, place in pairs]


def _discarded(book: Workbook) -> int:
    """How many unsaved changes are lost when the workbook is closed.

    :raises UnsavedChanges: if the call may not discard so many
    """
    unsaved, allowed = book.unsaved_changes, calls.current().may_discard
    # Of a text file that was opened the first step is the opening: the file is there still.
    untouched = unsaved == 1 and book.upload and not (book.base or book.versions)
    if allowed is None or unsaved <= allowed or untouched:
        return unsaved
    back = ", or take the changes back with undo_excel_change" if book.base else ""
    raise UnsavedChanges(
        f"{book.name} has {counted(unsaved, 'unsaved change')}, which closing it would discard.",
        f"Nothing was closed. Save it first with save_excel_file{back}.",
        {"workbook": book.name, "unsaved_changes": unsaved, "saved_before": bool(book.versions)},
    )


def _other_ending(asked: str, name: str) -> dict[str, list[str]]:
    """A note, where the ending that was asked for is none that a workbook is saved with."""
    ending = split_extension(asked.strip())[1]
    stem, own = split_extension(name)
    if ending.lower() in ("", own.lower()) or stem.lower().endswith(ending.lower()):
        return {}
    return {
        "notes": [
            f"It is saved as {own}, not {ending}; export_excel_file makes a CSV file of a sheet."
        ]
    }
