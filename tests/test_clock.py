"""A clock that is set ahead or back costs nobody's work."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pebble.pool.process
import pytest

from service.settings import Settings
from service.web.app import Service
from tests.service_fixtures import KEY, Chat, Clock, answer_of, rows_of
from tests.test_engine import LARGE, Engine, engine, in_background, wait_until_busy

__all__ = ["engine"]

DAY = 86_400.0


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """The process does nothing in the block."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_clock_that_is_set_ahead_ends_no_session(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told; sessions end as ever once the time has really gone by."""
    clock, steady = Clock(), Clock(1000.0)
    settings = Settings(data_dir=tmp_path / "data", engines=1, api_keys=(KEY,))
    with Service(settings, clock=clock, steady=steady) as service:
        chat, other = Chat(service), Chat(service)
        for one in (chat, other):
            one.op("create_excel_file", filename="a.xlsx", headers=["Item"])
        clock.now += 30 * DAY
        assert service.sessions.sweep() == 0
        assert chat.rows() == [["Item"]]
        assert "set ahead by 720 hours" in caplog.text
        steady.now += 30 * DAY
        clock.now += 2 * DAY
        steady.now += 2 * DAY
        assert service.sessions.sweep() == 2


class SetAhead:
    """The module ``time``, of a clock that was set ahead by a day."""

    sleep = staticmethod(time.sleep)

    @staticmethod
    def time() -> float:
        return time.time() + DAY


def test_a_clock_that_is_set_ahead_stops_no_call(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = {"start": "D1", "rows": LARGE["rows"][:500]}
    slow = in_background(engine.chat, "write_excel_range", large)
    wait_until_busy(engine.pid)
    with stopped(engine.pid):
        monkeypatch.setattr(pebble.pool.process, "time", SetAhead)
        time.sleep(0.5)  # whoever goes by that clock looks several times
    assert answer_of(slow.result())["unsaved_changes"] == 2


def test_a_clock_that_is_set_back_ends_no_link(tmp_path: Path) -> None:
    clock = Clock()
    settings = Settings(data_dir=tmp_path / "data", engines=1, api_keys=(KEY,))
    with Service(settings, clock=clock) as service:
        chat = Chat(service)
        made = chat.op("create_excel_file", filename="a.xlsx", headers=["Item"])
        clock.now -= 3600
        assert rows_of(chat.download(made["files"][0])) == [["Item"]]
        assert Chat(service, chat.user, chat.chat).id == chat.id
        clock.now += 3600 + 2 * DAY
        link = made["files"][0]["download_url"].partition("/files/")[2]
        assert chat.http.get(f"/files/{link}").status_code in (404, 410)
