"""The inside of an engine process: it owns workbooks, one call at a time."""

from __future__ import annotations

import datetime as dt
import gc
import logging
import resource
import tempfile
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import service.operations  # noqa: F401 - declares the operations
from service import progress
from service.engine.confinement import confine
from service.engine.showing import can_compare, showing
from service.engine.work import BadCheckpoint, Cold, Entry, Reply, Work
from service.errors import (
    ExcelToolsError,
    InternalError,
    OperationTooBig,
    StorageFailed,
    WorkbookDamaged,
)
from service.logs import setup_logging
from service.observing import tally
from service.operations.context import Context, Seen
from service.operations.preferences import Preferences
from service.operations.protecting import protected, protection_note
from service.operations.registry import Answer, find
from service.workbook import libreoffice
from service.workbook.book import Book
from service.workbook.calculation import third
from service.workbook.calculation.answers import told_differences
from service.workbook.checkpoints import UnusableCheckpointError
from service.workbook.comparison import changed_places, told_changes
from service.workbook.foreign.reading import languages_read
from service.workbook.opening import Sent, prepare
from service.workbook.package.guard import PackageFacts
from service.workbook.preview.grid import Changes
from service.workbook.sql.asking import NeedsWorkbooksError
from service.workbook.sql.tables import write_tables

log = logging.getLogger("excel_tools.engine")

# In the folder of a process, where it tells what it is doing.
PROGRESS = "doing"

# Up to here a change calculates the workbook at once, to tell of errors unasked.
_FORMULAS_TOLD = 2_000
_CELLS_TOLD = 20_000
_TELLING_SECONDS = 0.5


@dataclass(frozen=True)
class Limits:
    """What one engine process may use."""

    memory_mb: int
    workbooks: int
    max_cells: int
    max_unpacked: int
    max_table_cells: int
    log_level: str
    log_format: str = "json"
    libreoffice: str = "off"
    conversion_seconds: float = 30.0


@dataclass
class _Held:
    book: Book
    mark: int
    # What changed: (this mark, mark compared with), and the places; see ``Bench._preview``.
    changes: tuple[tuple[int, int], dict[str, Changes] | None] = ((-1, -1), None)


class Bench:
    """The workbooks that this process holds, the least recently used first."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.held: OrderedDict[str, _Held] = OrderedDict()
        # What the guard found in the file that was last made ready: it is loaded next.
        self._inspected: tuple[str, PackageFacts | None] = ("", None)

    def do(self, work: Work) -> Reply:
        """Bring the workbook to ``work.mark`` and do what is asked."""
        if work.action == "prepare":
            return self._prepared(work)
        held = self._at_mark(work)
        if work.action == "save":
            with progress.doing("writing"):
                held.book.save(Path(work.target))
            return Reply()
        if work.action == "checkpoint":
            if not held.book.very_large:
                held.book.keep(Path(work.target))
            return Reply()
        if work.action == "preview":
            return Reply(self._preview(work, held))
        if work.action == "changes":
            earlier = self._rebuilt(work, work.earlier or (), "")
            earlier.spill()
            held.book.spill()
            return Reply(told_changes(earlier, held.book, work.page, work.per_page))
        if work.action == "tables":
            write_tables(held.book, Path(work.target), work.wishes)
            return Reply()
        if work.entry is None:
            return Reply(_opened(held.book))
        return self._run(work, held, work.entry)

    def _preview(self, work: Work, held: _Held) -> dict[str, Any]:
        held.book.spill()
        key = (held.mark, int(work.asked["since"]))
        if work.earlier is not None and held.changes[0] != key and can_compare(held.book):
            earlier = self._rebuilt(work, work.earlier, "")
            earlier.spill()
            held.changes = (key, changed_places(earlier, held.book))
        changes = None if work.earlier is None else held.changes[1]
        return showing(held.book, work.asked, changes)

    def _prepared(self, work: Work) -> Reply:
        """A file made ready to be the base of a working copy."""
        sent = Sent(
            path=Path(work.source),
            name=work.name,
            folder=Path(work.target),
            password=work.password,
            max_unpacked=self.limits.max_unpacked,
            max_cells=self.limits.max_cells,
            seconds=self.limits.conversion_seconds,
            program=libreoffice.found_program(self.limits.libreoffice),
        )
        sent.folder.mkdir(parents=True, exist_ok=True)
        with progress.doing("loading"):
            found = prepare(sent)
        self._inspected = (work.workbook, found.facts)
        return Reply(
            {
                "path": str(found.path) if found.path else "",
                "ending": found.ending,
                "converted": found.converted,
                "notes": found.notes,
            }
        )

    def _at_mark(self, work: Work) -> _Held:
        held = self.held.get(work.workbook)
        if held is None or held.mark != work.mark or held.book.broken:
            if work.entries is None and held is not None and not held.book.broken:
                raise Cold(held.mark)  # what leads from there may be all that is needed
            self.held.pop(work.workbook, None)
            held = self._brought(work, held)
        held.book.name = work.name
        self.held[work.workbook] = held
        self.held.move_to_end(work.workbook)
        while len(self.held) > self.limits.workbooks:
            self.held.popitem(last=False)
        return held

    def _brought(self, work: Work, held: _Held | None) -> _Held:
        """The workbook at ``work.mark``, from the entries that came with the work."""
        if work.entries is None:
            raise Cold
        if work.since < 0:
            return _Held(self._rebuilt(work, work.entries, work.checkpoint), work.mark)
        if held is None or held.book.broken or held.mark != work.since:
            raise Cold
        _replay(held.book, work.entries)
        return _Held(held.book, work.mark)

    def _rebuilt(self, work: Work, entries: tuple[Entry, ...], checkpoint: str) -> Book:
        with progress.doing("loading"):
            book = self._loaded(work, checkpoint)
        _replay(book, entries)
        return book

    def _loaded(self, work: Work, checkpoint: str) -> Book:
        limits = self.limits
        if checkpoint:
            try:
                book = Book.kept(Path(checkpoint), work.name, max_cells=limits.max_cells)
            except UnusableCheckpointError as error:
                log.warning("a checkpoint is not used: %s", error, extra={"facts": _facts(work)})
                raise BadCheckpoint from None
        elif work.base:
            path = Path(work.base)
            inspected, facts = self._inspected
            book = Book.load(
                path,
                work.name,
                max_unpacked=limits.max_unpacked,
                max_cells=limits.max_cells,
                facts=facts if inspected == work.workbook else None,
            )
        else:
            book = Book.blank(work.name, max_cells=limits.max_cells)
        book.max_table_cells = limits.max_table_cells
        return book

    def _run(self, work: Work, held: _Held, entry: Entry) -> Reply:
        # Of the processor: what a replay will take, however busy the machine is now.
        began = time.process_time()
        seen, before = Seen(), protected(held.book)
        answer = _apply(held.book, entry, work.folder, seen, work.others)
        seconds = time.process_time() - began
        if answer.exports and not work.folder:
            raise RuntimeError(f"{entry.operation} writes files, but is not declared to")
        if find(entry.operation).writes and answer.changed:
            held.mark = work.next_mark
            _tell_errors(held.book, answer)
            note = protection_note(held.book, answer.sheet, before)
            if note:
                answer.result.setdefault("notes", []).append(note)
        return Reply(
            answer.result,
            answer.sheet,
            answer.next,
            answer.exports,
            seconds,
            answer.changed,
            seen.noted,
        )


def _replay(book: Book, entries: tuple[Entry, ...]) -> None:
    with progress.doing("rebuilding"):
        for number, entry in enumerate(entries):
            progress.tell("rebuilding", number, len(entries))
            _apply(book, entry, "")
    progress.begin()


def _apply(
    book: Book,
    entry: Entry,
    folder: str,
    seen: Seen | None = None,
    others: dict[str, str] | None = None,
) -> Answer:
    """Do the operation of an entry; without ``seen`` it is replayed."""
    book.spill()  # so that the operation finds the cells as a person would see them
    operation = find(entry.operation)
    preferences = Preferences.kept(entry.preferences) if operation.styled else None
    context = Context(
        book=book,
        now=dt.datetime.fromisoformat(entry.now),
        files={name: Path(path) for name, path in entry.files.items()},
        folder=Path(folder),
        preferences=preferences,
        seen=seen or Seen(entry.seen),
        others=others or {},
        chosen=bool(operation.says_where and others and not entry.parameters["workbook"]),
    )
    with languages_read(entry.languages):
        return operation.call(context, entry.parameters)


def _opened(book: Book) -> dict[str, Any]:
    """What the answer to opening says of the workbook itself."""
    found: dict[str, Any] = {"sheets": book.sheet_names, "losses": list(book.losses)}
    differences = told_differences(book.calculation.differences())
    return found | ({"value_differences": differences} if differences else {})


def _tell_errors(book: Book, answer: Answer) -> None:
    """Add formulas that fail to the answer of a change, without being asked."""
    small = book.formula_count() <= _FORMULAS_TOLD and book.cell_count() <= _CELLS_TOLD
    # A write never waits for a long calculation: what fails is told when it is read.
    if small and book.formula_count() and book.calculated_within(_TELLING_SECONDS):
        errors = book.formula_errors(5)
        if errors:
            answer.result["formula_errors"] = errors
            answer.next.append("Look at formula_errors and correct these cells.")
        unverified = book.unverified_news()
        if unverified:
            answer.result["unverified"] = unverified


# The process --------------------------------------------------------------

_bench: Bench | None = None


def start(limits: Limits, folder: str) -> None:
    """Set a new engine process up: its memory limit and its bench.

    :param folder: for its temporary files, so that they can be removed if it is killed
    """
    global _bench  # noqa: PLW0603 - one bench a process, made by its initializer
    tempfile.tempdir = folder
    size = limits.memory_mb * 1024 * 1024
    # Data, not address space: libraries reserve much more address space than they use.
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    setup_logging(limits.log_level, form=limits.log_format)
    if not confine(limits.max_unpacked):
        log.info("this system does not let an engine give up the network")
    progress.use(Path(folder) / PROGRESS)
    third.use(limits.libreoffice)
    libreoffice.use(limits.libreoffice, limits.conversion_seconds)
    _bench = Bench(limits)


def work(job: Work, forgotten: tuple[str, ...] = ()) -> Reply:
    """Do one job; whatever goes wrong leaves as an error of the product.

    :param forgotten: working copies that are gone, to let go of before
    """
    if _bench is None:
        raise RuntimeError("the engine process was not set up")
    progress.begin()
    tally.begin()
    for workbook in forgotten:
        _bench.held.pop(workbook, None)
    try:
        with tally.timed(progress.PHASES[0]):
            reply = _with_room(_bench, job)
        return replace(reply, observed=tally.taken(len(_bench.held)))
    except (Cold, BadCheckpoint, NeedsWorkbooksError, ExcelToolsError):
        raise
    except MemoryError:
        _empty(_bench)
        raise OperationTooBig(
            f"{_what(job)} needs more memory than the {_bench.limits.memory_mb} MiB it may use.",
            "Do it in smaller parts. The workbook is as it was before.",
        ) from None
    except (KeyboardInterrupt, SystemExit):
        raise
    except OSError as error:
        _bench.held.pop(job.workbook, None)
        if job.opens and error.errno is None:  # of a reader, and not of the disk
            raise _unreadable(job, error) from None
        raise StorageFailed(
            f"{_what(job)} failed at the disk: {error.strerror or error}.",
            "Tell the operator; nothing that was saved before is lost. Try again afterwards.",
        ) from None
    except BaseException as error:  # native code panics with a BaseException
        _bench.held.pop(job.workbook, None)
        log.exception("%s failed", _what(job), extra={"facts": _facts(job)})
        if job.opens:
            raise _unreadable(job, error) from None
        raise InternalError(
            f"{_what(job)} failed inside the service ({type(error).__name__}).",
            "The workbook is as it was before. Try another way, and report this to the operator.",
        ) from None


def _unreadable(job: Work, error: BaseException) -> WorkbookDamaged:
    return WorkbookDamaged(
        f"{job.name} can't be read; it made its reader fail ({type(error).__name__}).",
        "Open it in Excel, save it again and upload the new copy.",
    )


def _with_room(bench: Bench, job: Work) -> Reply:
    """Do it; if there is too little memory for it beside the other workbooks, without them."""
    others = len(bench.held.keys() - {job.workbook})
    try:
        return bench.do(job)
    except (MemoryError, OperationTooBig) as error:
        if not others or not _of_memory(error):
            raise
    _empty(bench)
    return bench.do(job)  # which asks for the journal's entries, if it was called without


def _of_memory(error: BaseException) -> bool:
    """Whether it is a lack of memory, and not a limit that would be passed without others, too."""
    return isinstance(error, MemoryError) or isinstance(error.__cause__, MemoryError)


def _empty(bench: Bench) -> None:
    bench.held.clear()
    gc.collect()


def _facts(job: Work) -> dict[str, str]:
    session, _, copy = job.workbook.partition("/")
    return {"session": session, "workbook": copy}


def _what(job: Work) -> str:
    return job.entry.operation if job.entry else f"{job.action} {job.name}"
