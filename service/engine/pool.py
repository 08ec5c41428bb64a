"""Engine processes under supervision: one queue each, a deadline, kill and replace.

A working copy is bound to one process, so its calls run one after the other in the
order of arrival; copies are spread over the processes. What a killed process held is
rebuilt from base file and journal at the next call.
"""

from __future__ import annotations

import logging
import multiprocessing
import resource
import signal
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import CancelledError
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from cachetools import LRUCache
from pebble import ProcessExpired, ProcessFuture, ProcessPool

from service import calls, progress
from service.engine import worker
from service.engine.deaths import Deaths
from service.engine.ending import family, kill_with_children
from service.engine.temporary import removed
from service.engine.turns import Turns
from service.engine.work import Reply, Work
from service.errors import (
    Cancelled,
    OperationTooBig,
    OperationTooSlow,
    WorkbookBusy,
    WorkbookDamaged,
)
from service.observing import metrics, tracing
from service.settings import Settings

log = logging.getLogger("excel_tools.engine")

# Seconds within which a process has to begin with a call, besides what the call may take.
_START = 15.0
_LOOK_EVERY = 0.25
_PAGE = resource.getpagesize()
# A copy that has waited so long for others in its process moves to one that is idle: about
# what it costs at most to rebuild it there.
_MOVE_AFTER = 2.0


class _DiedError(Exception):
    """The engine process ended before it answered.

    :param proven: it had answered others before
    """

    def __init__(self, status: object, *, proven: bool) -> None:
        super().__init__(f"exit status {status}")
        self.proven = proven
        # Else it was killed by somebody, or by the system for lack of memory.
        self.by_itself = isinstance(status, int) and status != -signal.SIGKILL


@dataclass(frozen=True)
class EngineState:
    """An engine process as it is now.

    :param running: whether there is one; it is started when it is needed first
    :param memory: resident bytes of it and all that it has started
    :param held: workbooks that it held after its last call
    :param busy: whether it is at work
    """

    running: bool
    memory: int
    held: int
    busy: bool


class _Slot:
    """One engine process, and the turns at it.

    Pebble replaces a process that ends at work, but keeps the pipe to it, on which half a
    message may lie; and one that ends while idle breaks its pool. So whenever a process has
    ended its whole pool is replaced. As only one call at a time is given to it, no other
    is hurt.

    :param folder: in which each process gets one of its own for its temporary files, which is
        removed when the process is replaced
    """

    def __init__(self, limits: worker.Limits, preload: list[str], folder: Path) -> None:
        self.turns = Turns()
        self._limits = limits
        self._preload = preload
        self._folder = folder
        self._lock = threading.Lock()
        self._closed = False
        self._proven = False
        self._held = 0
        self._forgotten: list[str] = []
        self._pool, self._place = self._new_pool()

    def _new_pool(self) -> tuple[ProcessPool, Path]:
        # A fork server starts a replacement in milliseconds, with the libraries loaded,
        # and hands it neither the service's threads nor its sockets.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(self._preload)
        place = Path(tempfile.mkdtemp(dir=self._folder))
        start = (self._limits, str(place))
        pool = ProcessPool(max_workers=1, context=context, initializer=worker.start, initargs=start)
        return pool, place

    def told(self) -> progress.Progress:
        """What the process is doing."""
        return progress.read(self._place / worker.PROGRESS)

    def forget(self, workbook: str) -> None:
        """Have the process let go of a working copy before its next call."""
        with self._lock:
            self._forgotten.append(workbook)

    def do(self, work: Work, deadline: float) -> Reply:
        """Have the process do it. Only who has the turn may call this.

        :raises TimeoutError: if it took longer than ``deadline`` seconds
        :raises _DiedError: if the process ended instead
        :raises Cancelled: if the call is not wanted any more; the process is ended then
        """
        with self._lock:
            if self._closed:
                raise _stopping()
            pool, forgotten = self._pool, tuple(self._forgotten)
            self._forgotten.clear()
        try:
            # Without a deadline of Pebble's: that goes by a clock that may be set ahead.
            future = pool.schedule(worker.work, args=(work, forgotten))
            with calls.current().at("working", self.told):
                reply = _awaited(pool, future, deadline)
            self._proven = True
            self._held = reply.observed.held
            metrics.take_over(reply.observed.counts)
            tracing.below(reply.observed.spans)
            return reply
        except (TimeoutError, Cancelled) as error:
            # Stopped at once and with all it started, so that nothing goes on behind its back.
            self._note_end("cancelled" if isinstance(error, Cancelled) else "deadline")
            kill_with_children(self.told().process)
            self._replace(pool)
            raise
        except (ProcessExpired, BrokenProcessPool, CancelledError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and pool.active:
                raise  # from the work itself, not from the pool
            if self._closed:  # nobody's fault, and nothing was done
                raise _stopping() from None
            proven = self._proven
            died = _DiedError(getattr(error, "exitcode", "unknown"), proven=proven)
            self._note_end("died" if died.by_itself else "killed")
            self._replace(pool)
            raise died from None

    def _note_end(self, why: str) -> None:
        doing = self.told().phase
        metrics.ENGINE_RESTARTS.labels(why, doing).inc()
        tracing.note(engine_ended=why, doing=doing)
        self._held = 0

    def _replace(self, pool: ProcessPool) -> None:
        with self._lock:
            place = self._place
            if not self._closed:
                (self._pool, self._place), self._proven = self._new_pool(), False
        _end(pool)
        removed(place)

    def state(self) -> EngineState:
        """How it is now."""
        pid = self.told().process
        memory = sum(map(_resident, family(pid))) if pid else 0
        return EngineState(memory > 0, memory, self._held, self.turns.callers > 0)

    def stop(self) -> None:
        """Take nothing more; calls under way are cancelled."""
        with self._lock:
            self._closed = True
            self._pool.stop()  # type: ignore[no-untyped-call]

    def join(self) -> None:
        """Wait till the process has ended."""
        self._pool.join()


def _awaited(pool: ProcessPool, future: ProcessFuture[Reply], deadline: float) -> Reply:
    """What comes of a call; a pool that breaks as it is given a call never answers it."""
    end, begun = time.monotonic() + _START + deadline, False
    while True:
        try:
            return future.result(timeout=_LOOK_EVERY)
        except TimeoutError:
            if future.done():
                return future.result()
            calls.current().check()
            if not pool.active:
                raise BrokenProcessPool from None
            if future.running() and not begun:
                end, begun = time.monotonic() + deadline, True
            if time.monotonic() > end:
                raise


def _stopping() -> WorkbookBusy:
    return WorkbookBusy("The service is stopping; nothing was done.", "Try again in a moment.")


def _resident(pid: int) -> int:
    """Bytes of memory that a process has; 0 for one that is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()


@dataclass
class _Place:
    """Where a working copy is, and how many seconds it has waited there for others."""

    slot: int
    waited: float = 0.0


class EnginePool:
    """A fixed number of engine processes. Use it as a context manager, or ``close`` it."""

    def __init__(self, settings: Settings) -> None:
        self._deadline = float(settings.engine_deadline)
        self._queue_wait = settings.queue_wait
        self._memory = settings.engine_memory_mb
        limits = worker.Limits(
            memory_mb=settings.engine_memory_mb,
            workbooks=settings.engine_workbooks,
            max_cells=settings.max_cells,
            max_table_cells=settings.max_table_cells,
            max_unpacked=settings.max_unpacked_mb << 20,
            log_level=settings.log_level,
            log_format=settings.log_format,
            libreoffice=settings.libreoffice,
            # Less than the engine's own, so that it is LibreOffice that is ended, and told.
            conversion_seconds=settings.engine_deadline * 0.8,
        )
        # The fork server is there for the questions to databases as well.
        preload = ["service.engine.worker"]
        preload += ["service.databases.child"] if settings.databases else []
        self._folder = Path(tempfile.mkdtemp(prefix="engines-"))
        self._slots = [_Slot(limits, preload, self._folder) for _ in range(settings.engines)]
        # As many as the processes can hold: what was not used for longer is nowhere.
        self._bound: LRUCache[str, _Place] = LRUCache(settings.engines * settings.engine_workbooks)
        self._lock = threading.Lock()
        self._deaths = Deaths()

    def __enter__(self) -> EnginePool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<EnginePool {len(self._slots)} processes, {len(self._bound)} workbooks>"

    def call(self, work: Work) -> Reply:
        """See :class:`service.engine.work.Engine`."""
        calls.current().check()
        self._deaths.refuse(_key(work), _what(work), work.name)
        place = self._place_of(work.workbook)
        slot = self._slots[place.slot]
        began = time.monotonic()
        with metrics.queued("engine"):
            mine = slot.turns.take(self._queue_wait, _whose(work))
        if not mine:
            raise WorkbookBusy(
                f"All engines were busy for {self._queue_wait} seconds; nothing was done.",
                "Try again in a moment.",
            )
        try:
            place.waited += time.monotonic() - began
            with tracing.span(f"engine {work.action}", engine=place.slot):
                reply = self._done(slot, work)
            self._deaths.lived(_key(work), _what(work))
            return reply
        finally:
            slot.turns.give()

    def _done(self, slot: _Slot, work: Work) -> Reply:
        try:
            try:
                return slot.do(work, self._deadline)
            except _DiedError as error:
                if not error.proven:
                    raise
                # What was asked may not be the cause: the process may have been killed, or
                # have held too many other workbooks. Half done is not done; a new process
                # holds nothing.
                log.error("an engine process ended with %s; trying again", error)
                return slot.do(work, self._deadline)
        except _DiedError as error:
            log.error("an engine process ended with %s", error)
            self._deaths.died(_key(work), _what(work))
            if work.opens and error.by_itself:
                raise WorkbookDamaged(
                    f"Reading {work.name} took its engine process down. The file is damaged, "
                    f"made to do harm, or needs more memory than the {self._memory} MiB there are.",
                    "Open it in Excel, save it again or make it smaller, and upload the new copy.",
                ) from None
            raise OperationTooBig(
                f"{_what(work)} took its engine process down, most likely for lack of memory.",
                "Do it in smaller parts. The workbook is as it was before.",
            ) from None
        except TimeoutError:
            if work.opens:
                raise OperationTooSlow(
                    f"Reading {work.name} took longer than {self._deadline:.0f} seconds and was "
                    "stopped.",
                    "Make the workbook smaller, save it in Excel and upload the new copy.",
                ) from None
            raise OperationTooSlow(
                f"{_what(work)} took longer than {self._deadline:.0f} seconds and was stopped.",
                "Do it in smaller parts. The workbook is as it was before.",
            ) from None

    def _place_of(self, workbook: str) -> _Place:
        """The process of a working copy; the least busy one for a copy that is nowhere."""
        with self._lock:
            place: _Place | None = self._bound.get(workbook)
            if place is not None and place.waited < _MOVE_AFTER:
                return place
            load = Counter(other.slot for other in self._bound.values())
            slots = range(len(self._slots))
            best = min(slots, key=lambda i: (self._slots[i].turns.callers, load[i]))
            if place is None:
                place = self._bound[workbook] = _Place(best)
            elif best != place.slot and not self._slots[best].turns.callers:
                self._slots[place.slot].forget(workbook)
                place = self._bound[workbook] = _Place(best)
            return place

    def states(self) -> list[EngineState]:
        """The processes as they are now."""
        return [slot.state() for slot in self._slots]

    def forget(self, workbook: str) -> None:
        """See :class:`service.engine.work.Engine`."""
        with self._lock:
            place = self._bound.pop(workbook, None)
            if place is not None:
                self._slots[place.slot].forget(workbook)

    def close(self) -> None:
        """End the processes; calls under way are cancelled."""
        for slot in self._slots:
            slot.stop()
        for slot in self._slots:
            slot.join()
        removed(self._folder)


def _key(work: Work) -> str:
    """What may be to blame: a working copy, or the file that one is to be made of."""
    return work.source or work.workbook


def _whose(work: Work) -> str:
    """The session that it is for, by which turns at a process go round."""
    return work.workbook.partition("/")[0]


def _what(work: Work) -> str:
    return work.entry.operation if work.entry else f"{work.action} {work.name}"
