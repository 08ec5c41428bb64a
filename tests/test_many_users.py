"""Many users at once: no error but an honest "come again", and everything that was said is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.many_users import KEY, percentiles, run, table
from tests.processes import service_process


@pytest.mark.e2e
@pytest.mark.timeout(900)
def test_more_users_than_there_is_room_for(tmp_path: Path, tell: Callable[[str], None]) -> None:
    sizes = {"threads": "4", "waiting": "8", "calls_per_user": "3", "engines": "1"}
    with service_process(tmp_path, KEY, log_level="WARNING", **sizes) as server:
        outcome = run(server, users=40, calls=6, minutes=8)
        assert outcome.errors == []
        assert outcome.health.failed == 0
        assert all(one.calls == 7 for one in outcome.found), "everybody's calls are done"
        again = sum(one.again.total() for one in outcome.found)
        assert again, "there never was too much"
        for user in outcome.users:
            rows = user.op("read", "read_excel_range", limit=100)
            assert rows is not None
            items = [row[0] for row in rows.json()["result"]["rows"]]
            assert items.count("more") == user.appended, "done once, and not at all otherwise"
    tell(table(outcome).splitlines()[-3])


def test_percentiles() -> None:
    assert percentiles([float(n) for n in range(1, 101)]) == "50.00 | 90.00 | 99.00 | 100.00"
