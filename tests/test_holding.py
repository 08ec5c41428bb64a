"""What the threads of a process share of a session: taken for the first, given back after all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from service.errors import StorageFailed
from service.sessions.holding import Holding
from service.store.memory import LocalBoard
from service.store.seams import Grant


class Board(LocalBoard):
    """A board that counts, and on which others may wait."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []
        self.others = False
        self.free = True

    def take(self, session: str, seconds: float) -> Grant | None:
        self.told.append("take")
        return Grant(7, unclean=False) if self.free else None

    def give(self, session: str) -> int:
        self.told.append("give")
        return 8

    def wanted(self, session: str) -> bool:
        return self.others


def holding(board: Board, taken: Callable[[Grant], Any] = id) -> tuple[Holding, list[int]]:
    given: list[int] = []
    return Holding(board, "session", taken, given.append), given


def in_a_thread(does: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=does)
    thread.start()
    return thread


def test_it_is_taken_once_for_all_threads() -> None:
    board = Board()
    held, given = holding(board)
    assert held.enter(0)
    results: list[bool] = []
    in_a_thread(lambda: results.append(held.enter(0)) or held.leave()).join(30)  # type: ignore[func-returns-value]
    assert results == [True]
    assert held.enter(0), "again in the same thread"
    held.leave()
    assert board.told == ["take"]
    held.leave()
    assert board.told == ["take", "give"]
    assert given == [8]


def test_nothing_new_is_begun_while_others_wait() -> None:
    board = Board()
    held, _ = holding(board)
    held.enter(0)
    board.others = True
    results: list[bool] = []
    in_a_thread(lambda: results.append(held.enter(0))).join(30)
    assert results == [False]
    assert held.enter(0), "what has begun goes on"
    held.leave()
    waiting = in_a_thread(lambda: results.append(held.enter(60)))
    held.leave()
    waiting.join(30)
    assert results == [False, True]
    assert board.told == ["take", "give", "take"]


def test_what_is_not_free_is_not_had() -> None:
    board = Board()
    held, given = holding(board)
    board.free = False
    assert not held.enter(0)
    with held.reading() as free:
        assert free
    board.free = True
    assert held.enter(0)
    with held.reading() as free:
        assert not free
    assert given == []


def test_who_could_not_read_it_is_not_taken_to_know_it() -> None:
    board = Board()

    def fails(_: Grant) -> None:
        raise StorageFailed("It can't be read.")

    held, given = holding(board, fails)
    with pytest.raises(StorageFailed):
        held.enter(0)
    assert given[-1] == -1
    assert board.told == ["take", "give"]
    with held.reading() as free:
        assert free
