"""What takes its engine process down again and again is left alone, and nothing else."""

from __future__ import annotations

import pytest

from service.engine import deaths
from service.engine.deaths import Deaths
from service.errors import OperationTooBig
from tests.service_fixtures import Chat, Clock
from tests.test_engine import Engine, append, create, engine

__all__ = ["engine"]


def refused(found: Deaths, workbook: str, what: str) -> bool:
    try:
        found.refuse(workbook, what, "a.xlsx")
    except OperationTooBig:
        return True
    return False


def test_what_failed_three_times_in_a_row_is_refused_for_a_while() -> None:
    clock = Clock()
    found = Deaths(clock)
    for what in ("read", "write", "chart"):
        assert not refused(found, "a", what)
        found.died("a", what)
    assert refused(found, "a", "anything")
    assert not refused(found, "b", "read")
    clock.now += deaths.FOR + 1
    assert not refused(found, "a", "anything")


def test_what_is_done_in_between_only_leaves_out_what_fails() -> None:
    found = Deaths(Clock())
    for _ in range(deaths.MOST):
        assert not refused(found, "a", "sort")
        found.died("a", "sort")
        found.lived("a", "read")
    assert refused(found, "a", "sort")
    assert not refused(found, "a", "read")


def test_what_succeeds_in_between_is_not_refused() -> None:
    found = Deaths(Clock())
    for _ in range(deaths.MOST + 1):
        assert not refused(found, "a", "sort")
        found.died("a", "sort")
        found.lived("a", "sort")


def test_others_go_on_while_a_workbook_is_left_alone(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process is killed under each of its calls; then it is not even started."""
    monkeypatch.setattr(deaths, "MOST", 2)
    chat, other = engine.chat, Chat(engine.service)
    create(other)
    pool = engine.service.engine
    key = next(iter(pool._bound))  # type: ignore[attr-defined]
    for _ in range(2):
        pool._deaths.died(key, "write_excel_range")  # type: ignore[attr-defined]
    error = chat.fail("read_excel_range")
    assert (error["status"], error["code"]) == (507, "operation_too_big")
    assert error["details"]["again_after"] == deaths.FOR
    append(other, "Food", 450)
    pool._deaths._count.clear()  # type: ignore[attr-defined]
    assert chat.rows() == [["Item", "Cost"], ["Rent", 1200]]
