"""Engine processes under supervision: one queue each, a deadline, kill and replace.

A working copy is bound to one process, so its calls run one after the other in the
order of arrival; copies are spread over the processes. What a killed process held is
rebuilt from base file and journal at the next call.
"""

from __future__ import annotations

import logging
import multiprocessing
import threading
from collections import Counter
from concurrent.futures import CancelledError
from concurrent.futures.process import BrokenProcessPool

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from service.engine import worker
from service.engine.work import Reply, Work
from service.errors import OperationTooBig, OperationTooSlow, WorkbookBusy
from service.settings import Settings

log = logging.getLogger("excel_tools.engine")


class _Slot:
    """One engine process with its queue. A broken queue is replaced by a new one.

    Pebble replaces a process that ends at work; if it ends while it has nothing to do
    (killed by the system for its memory, say), the whole of its pool is broken.
    """

    def __init__(self, limits: worker.Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._closed = False
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPool:
        # A fork server starts a replacement in milliseconds, with the libraries loaded,
        # and hands it neither the service's threads nor its sockets.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["service.engine.worker"])
        return ProcessPool(
            max_workers=1, context=context, initializer=worker.start, initargs=(self._limits,)
        )

    def schedule(self, work: Work, deadline: float) -> ProcessFuture[Reply]:
        with self._lock:
            if self._closed:
                raise WorkbookBusy("The service is stopping.", "Try again in a moment.")
            if not self._pool.active:
                log.error("an engine process ended while idle; it is replaced")
                _end(self._pool)
                self._pool = self._new_pool()
            return self._pool.schedule(worker.work, args=(work,), timeout=deadline)

    def stop(self) -> None:
        """Take nothing more; calls under way are cancelled."""
        with self._lock:
            self._closed = True
            self._pool.stop()  # type: ignore[no-untyped-call]

    def join(self) -> None:
        """Wait till the process has ended."""
        self._pool.join()


def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()


class EnginePool:
    """A fixed number of engine processes. Use it as a context manager, or ``close`` it."""

    def __init__(self, settings: Settings) -> None:
        self._deadline = settings.engine_deadline
        self._queue_wait = settings.queue_wait
        limits = worker.Limits(
            memory_mb=settings.engine_memory_mb,
            workbooks=settings.engine_workbooks,
            max_cells=settings.max_cells,
            max_unpacked=settings.max_unpacked_mb << 20,
        )
        self._slots = [_Slot(limits) for _ in range(settings.engines)]
        self._bound: dict[str, int] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> EnginePool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<EnginePool {len(self._slots)} processes, {len(self._bound)} workbooks>"

    def call(self, work: Work) -> Reply:
        """See :class:`service.engine.work.Engine`."""
        slot = self._slots[self._slot_of(work.workbook)]
        try:
            try:
                return self._result(slot.schedule(work, self._deadline))
            except BrokenProcessPool:
                # It was not begun, and whatever an engine does without answering is undone
                # by the next call: doing it again is safe.
                return self._result(slot.schedule(work, self._deadline))
        except ProcessExpired as error:
            log.error("an engine process ended with %s", error.exitcode)
            raise OperationTooBig(
                f"{_what(work)} took its engine process down, most likely for lack of memory.",
                "Do it in smaller parts. The workbook is as it was before.",
            ) from None
        except TimeoutError:
            raise OperationTooSlow(
                f"{_what(work)} took longer than {self._deadline} seconds and was stopped.",
                "Do it in smaller parts. The workbook is as it was before.",
            ) from None

    def _result(self, future: ProcessFuture[Reply]) -> Reply:
        try:
            return future.result(timeout=self._queue_wait)
        except TimeoutError:
            if future.running() or future.done():
                return future.result()  # bounded by the deadline
            future.cancel()  # type: ignore[no-untyped-call]
            raise self._busy() from None
        except CancelledError:
            raise self._busy() from None

    def _busy(self) -> WorkbookBusy:
        return WorkbookBusy(
            f"All engines were busy for {self._queue_wait} seconds; nothing was done.",
            "Try again in a moment.",
        )

    def _slot_of(self, workbook: str) -> int:
        with self._lock:
            if workbook not in self._bound:
                load = Counter(self._bound.values())
                self._bound[workbook] = min(range(len(self._slots)), key=lambda i: load[i])
            return self._bound[workbook]

    def forget(self, workbook: str) -> None:
        """See :class:`service.engine.work.Engine`."""
        with self._lock:
            self._bound.pop(workbook, None)

    def close(self) -> None:
        """End the processes; calls under way are cancelled."""
        for slot in self._slots:
            slot.stop()
        for slot in self._slots:
            slot.join()


def _what(work: Work) -> str:
    return work.entry.operation if work.entry else f"{work.action} {work.name}"
