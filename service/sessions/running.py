"""The running of operations: on a workbook, on a new one, on the session itself."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from service import calls
from service.engine.work import Reply
from service.errors import WorkbookNotFound, WorkbookNotOpen, WorkbookRequired
from service.names import clean_filename, split_extension
from service.observing.asked import current
from service.operations.registry import Operation, find
from service.operations.steps import makes_workbook
from service.sessions.databases import DatabaseCall
from service.sessions.desk import SessionCall
from service.sessions.files import export_folder, file_used, find_upload, kept_exports, named_files
from service.sessions.finding import asked_for
from service.sessions.model import Workbook
from service.sessions.new_workbooks import added, new_workbook
from service.sessions.observed import observed
from service.sessions.once import Once
from service.sessions.session import Session
from service.sessions.tables import with_others
from service.workbook.found_tables.names import qualified_at


def run_operation(
    session: Session,
    operation: Operation,
    given: object,
    key: str,
    message: str = "",
    may_discard: int | None = None,
) -> dict[str, Any]:
    """Validate and run one operation; the answer is what the caller gets.

    :param key: idempotency key, "" for none
    :param message: of the chat, in whose answer it is done; "" where that is not told
    :param may_discard: how many unsaved changes the call may discard; None: all
    """
    with observed(session, operation, given) as asked:
        answer, asked.repeated = _run_once(session, operation, given, key, message, may_discard)
        asked.workbook = answer.get("workbook", asked.workbook)
    return answer


def _run_once(
    session: Session,
    operation: Operation,
    given: object,
    key: str,
    message: str,
    may_discard: int | None,
) -> tuple[dict[str, Any], bool]:
    """(the answer, whether it is that of an earlier request with the same key)."""
    parameters = operation.validate(given)
    request = [operation.name, operation.public(parameters)]
    with (
        session.calls.under_way(key, operation.name) as call,
        session.turn(),
        session.once(key, request) as once,
    ):
        if once.known is not None:
            return once.known, True
        call.message = message
        call.check()
        call.may_discard = may_discard
        if operation.effect == "session":
            answer = SessionCall(session, once, key).answer(operation, parameters)
        else:
            answer = _run_with_rows(session, operation, parameters, once, key)
        call.keep()  # done already, if the call has changed anything
        once.answer = answer
        return answer, False


def _run_with_rows(
    session: Session, operation: Operation, parameters: dict[str, Any], once: Once, key: str
) -> dict[str, Any]:
    """Run it on a workbook; databases that its steps ask are asked before."""
    run = _create if _makes_workbook(session, operation, parameters) else _run
    steps = parameters[operation.steps] if operation.steps else []
    call = DatabaseCall(session)
    with call.rows_of_steps(steps) as rows:
        answer = run(session, operation, parameters, once, key, rows)
    call.kept()
    return answer


def _makes_workbook(session: Session, operation: Operation, parameters: dict[str, Any]) -> bool:
    if parameters.get("workbook"):
        return False
    if operation.steps:
        opened = bool(session.open_workbooks())
        return makes_workbook(parameters[operation.steps], opened=opened)
    return operation.effect == "create"


# Operations on workbooks ----------------------------------------------------


def _run(
    session: Session,
    operation: Operation,
    parameters: dict[str, Any],
    once: Once,
    key: str,
    rows: dict[str, Path],
) -> dict[str, Any]:
    book = _workbook(session, operation, parameters)
    current().workbook = book.name
    files = named_files(session, operation, parameters) | rows
    folder = export_folder(session) if operation.exports else ""

    def done() -> tuple[Reply, dict[str, Any]]:
        with session.queue(book):
            if not book.open:  # closed while this call waited for its turn
                session.workbook(book.name)
            reply = session.run_on(
                book, operation, parameters, files, key, once.fingerprint, folder
            )
            answer = session.answer(book, reply)
            answer |= asked_for(parameters["workbook"], book.name, book.id)
            answer |= file_used(session, operation, parameters, files)
            if operation.previews:
                first = reply.sheet if parameters["sheet"] else ""
                answer["preview_url"] = session.parts.links.preview(
                    session.data.key, book.id, book.name, first
                )
            return reply, answer

    try:
        reply, answer = with_others(session, done)
        if reply.exports:
            with session.lock, kept_exports(session, folder, reply.exports) as found:
                calls.current().keep()
                answer["files"] = found
                with session.answer_kept(key, once, answer):
                    session.write()
    finally:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
    return answer


def _workbook(session: Session, operation: Operation, parameters: dict[str, Any]) -> Workbook:
    try:
        return session.workbook(parameters["workbook"])
    except WorkbookRequired:
        found = _said(session, operation, parameters)
        if found is None:
            raise
        return found
    except (WorkbookNotFound, WorkbookNotOpen) as error:
        if not operation.steps:
            raise
        hint = f"{error.hint} The first step may be create_excel_file: leave workbook out then."
        raise type(error)(error.message, hint, error.details) from None


def _said(session: Session, operation: Operation, parameters: dict[str, Any]) -> Workbook | None:
    """The first open workbook that a text qualifies something by; whether all is qualified, the
    operation knows. What goes into a workbook needs one that was named."""
    if not operation.says_where or parameters.get(operation.delivers_with):
        return None
    text = parameters[operation.says_where]
    places = ((qualified_at(text, book.name), book) for book in session.open_workbooks())
    found = [(place, book) for place, book in places if place >= 0]
    return min(found, key=lambda one: one[0])[1] if found else None


def _create(
    session: Session,
    operation: Operation,
    parameters: dict[str, Any],
    once: Once,
    key: str,
    rows: dict[str, Path],
) -> dict[str, Any]:
    files = named_files(session, operation, parameters)
    named, by = operation, parameters
    if operation.steps:  # then the first of them makes it
        first = parameters[operation.steps][0]
        named, by = find(first["tool"].strip()), first["arguments"]
    asked = by.get("filename") or _default_name(named, by, files, session)
    notes: list[str] = []
    book = new_workbook(session, clean_filename(str(asked), ".xlsx"), notes)

    def fill() -> Reply:
        return session.run_on(book, operation, parameters, files | rows, key, once.fingerprint)

    reply = added(session, book, fill)
    reply.result.setdefault("notes", []).extend(notes)
    if not reply.result["notes"]:
        del reply.result["notes"]
    return session.answer(book, reply) | file_used(session, operation, parameters, files)


def _default_name(
    operation: Operation, parameters: dict[str, Any], files: dict[str, Path], session: Session
) -> str:
    """A name for a file that the caller did not name: that of its source, or its kind."""
    source = str(parameters.get(operation.file_parameter, ""))
    if files and source:
        return split_extension(find_upload(session, source).name)[0]
    return str(parameters.get("title") or parameters.get("report") or "import")
