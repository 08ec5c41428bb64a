"""Room for requests: bounded, fair between callers, and clear about when to come again."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from service.engine.turns import Turns
from service.errors import ServiceBusy, TooManyCalls
from service.web.ends import Ends
from service.web.room import Room, Stay

FOREVER = 30.0


def room(**sizes: Any) -> Room:
    usual = {"at_work": 2, "waiting": 8, "per_caller": 6, "most_bytes": 1000, "seconds": FOREVER}
    return Room(**{**usual, **sizes})


def begun(threads: ThreadPoolExecutor, stay: Stay) -> Future[None]:
    """A request that waits for its turn, in a thread of its own, once it stands in the queue."""
    before = stay._room._waiting.get(stay.caller, [])
    length = len(before)
    future = threads.submit(stay.begin)
    end = time.monotonic() + FOREVER
    while not stay.came.is_set() and len(stay._room._waiting.get(stay.caller, [])) <= length:
        assert time.monotonic() < end
        time.sleep(0.001)
    return future


def test_turns_go_round_among_callers() -> None:
    """Whoever has many calls waits longer for each of them than whoever has one."""
    here = room(at_work=1)
    first = here.enter("zero")
    first.begin()
    with ThreadPoolExecutor(6) as threads:
        stays = [here.enter(caller) for caller in ["many"] * 4 + ["one", "two"]]
        for stay in stays:
            begun(threads, stay)
        order = []
        first.leave()
        for _ in stays:
            (now,) = [stay for stay in stays if stay.came.is_set() and not stay.left]
            order.append(now.caller)
            now.leave()
    assert order == ["many", "one", "two", "many", "many", "many"]


def test_a_caller_has_half_of_the_turns_at_most() -> None:
    here = room(at_work=4, waiting=10)
    with ThreadPoolExecutor(5) as threads:
        stays = [here.enter("many") for _ in range(5)]
        for stay in stays:
            begun(threads, stay)
        assert sum(stay.came.is_set() for stay in stays) == 2
        other = here.enter("other")
        other.begin()  # comes at once
        for stay in stays:
            stay.leave()
            stay.came.wait(FOREVER)


def test_what_finds_no_room_is_refused_at_once() -> None:
    here = room(at_work=1, waiting=2, per_caller=2)
    stays = [here.enter("a"), here.enter("a")]
    with pytest.raises(TooManyCalls) as told:
        here.enter("a")
    assert told.value.retry_after >= 1
    stays.append(here.enter("b"))
    with pytest.raises(ServiceBusy) as full:
        here.enter("c")
    assert full.value.retry_after >= 1
    stays[0].leave()
    stays[0].leave()  # twice does no harm
    here.enter("c")
    with pytest.raises(ServiceBusy):
        here.enter("d")


def test_waiting_has_an_end() -> None:
    here = room(at_work=1, seconds=0.01)
    here.enter("a").begin()
    late = here.enter("b")
    with pytest.raises(ServiceBusy, match=r"busy for 0\.01 seconds"):
        late.begin()
    late.leave()
    assert "1 at work" in repr(here).replace("1 of 1 at work", "1 at work")


def test_bodies_have_room_of_their_own() -> None:
    here = room(most_bytes=1000)
    alone = here.enter("a")
    alone.hold(5000)  # other limits say how large one may be
    with pytest.raises(TooManyCalls):
        here.enter("a").hold(1)
    with pytest.raises(ServiceBusy):
        here.enter("b").hold(1)
    alone.leave()
    here.enter("b").hold(400)
    here.enter("c").hold(400)
    with pytest.raises(TooManyCalls):
        here.enter("b").hold(200)


def test_a_room_that_closes_tells_those_who_wait() -> None:
    here = room(at_work=1)
    here.enter("a").begin()
    with ThreadPoolExecutor(1) as threads:
        waiting = begun(threads, here.enter("b"))
        here.close()
        with pytest.raises(ServiceBusy, match="stopping"):
            waiting.result(FOREVER)
    with pytest.raises(ServiceBusy, match="stopping"):
        here.enter("c")


def test_turns_at_an_engine_go_round_among_sessions() -> None:
    turns, order = Turns(), list[str]()
    turns.take()

    def work(whose: str) -> None:
        assert turns.take(FOREVER, whose)
        order.append(whose)
        turns.give()

    with ThreadPoolExecutor(6) as threads:
        for number, whose in enumerate(["many"] * 4 + ["one", "two"], start=2):
            threads.submit(work, whose)
            end = time.monotonic() + FOREVER
            while turns.callers < number:
                assert time.monotonic() < end
                time.sleep(0.001)
        turns.give()
    assert order == ["many", "one", "two", "many", "many", "many"]
    assert turns.callers == 0


def test_come_again_means_something() -> None:
    """The longer requests take, the later is one told to come again; never later than 30 s."""
    here = room(at_work=1, waiting=0)
    here.enter("a")
    here._usual = 12.2
    with pytest.raises(ServiceBusy) as told:
        here.enter("b")
    assert told.value.retry_after == 13
    here._usual = 1000.0
    with pytest.raises(ServiceBusy) as told:
        here.enter("b")
    assert told.value.retry_after == 30


def test_many_threads_leave_nothing_behind() -> None:
    here = room(at_work=3, waiting=60, per_caller=40)
    most, now, count = Counter[str](), Counter[str](), threading.Lock()

    def work(number: int) -> None:
        stay = here.enter(f"caller {number % 4}")
        try:
            stay.hold(1)
            stay.begin()
            with count:
                now["at work"] += 1
                most["at work"] = max(most["at work"], now["at work"])
            time.sleep(0.001)
            with count:
                now["at work"] -= 1
        finally:
            stay.leave()

    with ThreadPoolExecutor(40) as threads:
        for future in [threads.submit(work, number) for number in range(400)]:
            future.result(FOREVER)
    assert most["at work"] <= 3
    assert repr(here) == "<Room 0 of 63 there, 0 of 3 at work>"
    assert [here._waiting, here._bytes, here._working] == [{}, {}, {}]


def test_what_a_client_does_not_take_or_send_is_given_up() -> None:
    ends = Ends(0.01)
    for waits in (lambda ours: ours.sendall(b"x" * (8 << 20)), lambda ours: ours.recv(1)):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ends.sending(ours, 0)
            with suppress(BrokenPipeError):
                assert waits(ours) == b""
            assert not ends.done(ours)
            ends.reading(ours, 1 << 30)
            assert ends.done(ours)
    ends.close()
