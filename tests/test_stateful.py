"""Sessions against a simple model: random sequences of everything that can happen to one."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from service.sessions import checkpoints
from service.settings import Settings
from service.web.app import Service
from tests.service_fixtures import KEY, Chat, Clock, error_of, rows_of, workbook_bytes

HEADERS = ["Item", "Cost"]
FILLS = ("#FFFF00", "#00FF00", "none")
SENT, MADE = ("sent 0.xlsx", "sent 1.xlsx"), ("made 0.xlsx", "made 1.xlsx")
# How often each thing happens, in so many parts.
OFTEN = {
    "send": 1,
    "open": 4,
    "create": 2,
    "append": 8,
    "overwrite": 6,
    "format": 4,
    "undo": 9,
    "redo": 7,
    "a_change_that_is_refused": 1,
    "what_changed": 3,
    "save": 4,
    "close": 2,
    "repeat": 4,
    "kill": 3,
    "restart": 2,
    "expire": 1,
}
# Mostly one of the open workbooks, now and then any: see ``Sessions.named``.
ANY = st.integers(0, 59)
DAY = 86_400
EVERYTHING = {"steps", "kills", "restarts", "expiries"} | {
    "open_excel_file",
    "create_excel_file",
    "write_excel_range",
    "format_excel_cells",
    "undo_excel_change",
    "save_excel_file",
    "close_excel_file",
}


# The model ------------------------------------------------------------------------


@dataclass(frozen=True)
class State:
    """What a workbook holds: rows under the headers, and the fill of the first header."""

    rows: tuple[tuple[str, int], ...]
    fill: str

    @property
    def cells(self) -> list[list[Any]]:
        return [HEADERS, *(list(row) for row in self.rows)]


@dataclass
class Step:
    """A state in the tree of all states that a working copy has had."""

    state: State | None  # None before a new workbook was made
    parent: Step | None = None

    @property
    def way(self) -> list[Step]:
        return [*(self.parent.way if self.parent else []), self]


@dataclass
class Model:
    """A workbook: the line of states that undo and redo walk, and the saved versions."""

    sent: State | None = None  # as it was uploaded
    line: list[Step] = field(default_factory=list)
    position: int = 0
    saved: Step | None = None
    versions: list[State] = field(default_factory=list)
    open: bool = False
    known: bool = False  # it was open once

    @property
    def there(self) -> bool:
        return self.open or bool(self.versions)

    @property
    def can_open(self) -> bool:
        return self.there or self.sent is not None

    @property
    def now(self) -> State:
        state = self.line[self.position].state
        assert state is not None
        return state

    @property
    def can_undo(self) -> int:
        return self.position - (self.line[0].state is None)

    @property
    def can_redo(self) -> int:
        return len(self.line) - 1 - self.position

    @property
    def unsaved(self) -> int:
        """How many changes lie between the present state and the saved one, either way."""
        assert self.saved is not None
        here, there = self.line[self.position].way, self.saved.way
        shared = sum(a is b for a, b in zip(here, there, strict=False))
        return len(here) + len(there) - 2 * shared

    def opened(self, state: State | None) -> None:
        self.line, self.position, self.open, self.known = [Step(state)], 0, True, True
        self.saved = self.line[0]

    def change(self, state: State) -> None:
        del self.line[self.position + 1 :]
        self.line.append(Step(state, self.line[self.position]))
        self.position += 1


# The service --------------------------------------------------------------------------


def children(pid: int) -> set[int]:
    """Ids of the running processes that ``pid`` has started."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if fields[0] != "Z" and int(fields[1]) == pid:
                found.add(int(entry.name))
    return found


def engine_processes() -> set[int]:
    return {worker for child in children(os.getpid()) for worker in children(child)}


class World:
    """One service at a time on one data folder, with a clock of its own."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.others = engine_processes()
        self.counts: Counter[str] = Counter()
        self._settings = Settings(
            data_dir=folder, engines=1, api_keys=(KEY,), session_ttl=DAY, sessions_per_user=10_000
        )
        self.service = Service(self._settings, clock=self.clock)

    def restart(self) -> None:
        self.counts["restarts"] += 1
        self.service.close()
        self.service = Service(self._settings, clock=self.clock)

    def kill(self) -> None:
        """SIGKILL to the engine process, if it has been started."""
        for pid in engine_processes() - self.others:
            self.counts["kills"] += 1
            os.kill(pid, signal.SIGKILL)
            end = time.monotonic() + 30
            while pid in engine_processes():
                assert time.monotonic() < end, f"{pid} still runs"


@contextmanager
def world_in(folder: Path) -> Iterator[World]:
    world = World(folder)
    try:
        yield world
    finally:
        world.service.close()


class Sessions(RuleBasedStateMachine):
    """One chat. ``world`` is set by the test."""

    world: World

    @initialize()
    def begin(self) -> None:
        self.chat = Chat(self.world.service)
        self.books = {name: Model() for name in SENT + MADE}
        self.calls = 0
        self.last: tuple[str, dict[str, Any], str, dict[str, Any]] | None = None
        self._begin_with_two()

    def _begin_with_two(self) -> None:
        """One workbook of each kind is open from the start, so that steps meet something."""
        self.send(SENT[0], [1, 2])
        self.open(SENT[0])
        self.create(MADE[0], [3])

    def named(self, which: int) -> str:
        opened = [name for name, model in self.books.items() if model.open]
        names = opened if opened and which % 6 else [*self.books]
        return names[which // 6 % len(names)]

    # Calling ------------------------------------------------------------------

    def change(self, name: str, **parameters: Any) -> dict[str, Any]:
        """A call that succeeds and may be repeated."""
        self.calls += 1
        key = f"key-{self.calls}"
        answer = self.chat.once(key, name, **parameters)
        self.last = (name, parameters, key, answer)
        self.world.counts[name] += 1
        return answer

    def refused_if_closed(self, book: str, name: str, **parameters: Any) -> bool:
        """Whether the workbook is closed, after a look at the error that this gives."""
        model = self.books[book]
        if model.open:
            return False
        error = self.chat.fail(name, workbook=book, **parameters)
        known = model.known or model.sent is not None
        assert error["code"] == ("workbook_not_open" if known else "workbook_not_found")
        return True

    def checked(self, book: str, answer: dict[str, Any]) -> None:
        """Name, unsaved changes and link of an answer are those of the model."""
        model = self.books[book]
        assert answer["workbook"] == book
        assert answer["unsaved_changes"] == model.unsaved
        (file,) = answer["files"]
        draft = model.unsaved > 0 or not model.versions
        assert file["state"] == ("draft" if draft else "saved")
        assert file["version"] == (None if draft else len(model.versions))

    # What can happen --------------------------------------------------------------

    @rule(
        what=st.sampled_from([name for name, often in OFTEN.items() for _ in range(often)]),
        which=ANY,
        number=st.integers(0, 999),
    )
    def happen(self, what: str, which: int, number: int) -> None:
        """One rule for everything, so that each run mixes all of it."""
        book = self.named(which)
        if what == "send":
            self.send(SENT[number % 2], [number, -number][: 1 + number % 2])
        elif what == "create":
            self.create(MADE[number % 2], [number])
        elif what == "append":
            self.append(book, number)
        elif what == "overwrite":
            self.overwrite(book, -number, number)
        elif what == "format":
            self.format(book, FILLS[number % 3])
        elif what in ("undo", "redo"):
            self.walk(book, what, number)
        elif what in ("repeat", "kill", "restart"):
            getattr(self, what)()
        elif what == "expire":
            self.expire(swept=number % 2 == 0)
        else:
            getattr(self, what)(book)

    def send(self, book: str, costs: list[int]) -> None:
        if self.books[book].sent is not None:
            return
        rows = tuple((f"sent {number}", cost) for number, cost in enumerate(costs))
        state = State(rows, "none")
        self.chat.upload(workbook_bytes(*state.cells), book)
        self.books[book].sent = state

    def open(self, book: str) -> None:
        model = self.books[book]
        if not model.can_open:
            assert self.chat.fail("open_excel_file", file=book)["code"] == "file_not_found"
            return
        answer = self.change("open_excel_file", file=book)
        notes = " ".join(answer["result"].get("notes", []))
        assert ("already" in notes) == model.open
        if not model.open:
            model.opened(model.versions[-1] if model.versions else model.sent)
        self.checked(book, answer)

    def create(self, book: str, costs: list[int]) -> None:
        model = self.books[book]
        if model.there:
            return
        rows = tuple((f"made {number}", cost) for number, cost in enumerate(costs))
        answer = self.change(
            "create_excel_file",
            filename=book,
            headers=HEADERS,
            rows=[list(row) for row in rows],
            sheet="Sheet",
            style="plain",
        )
        model.opened(None)
        model.change(State(rows, "none"))
        self.checked(book, answer)

    def append(self, book: str, cost: int) -> None:
        row = [f"row {cost}", cost]
        call = {"start": "append", "rows": [row]}
        if not self.refused_if_closed(book, "write_excel_range", **call):
            answer = self.change("write_excel_range", workbook=book, **call)
            now = self.books[book].now
            self.books[book].change(State((*now.rows, (row[0], cost)), now.fill))
            self.checked(book, answer)

    def overwrite(self, book: str, cost: int, place: int) -> None:
        call: dict[str, Any] = {"start": "B2", "rows": [[cost]]}
        if self.refused_if_closed(book, "write_excel_range", **call):
            return
        now = self.books[book].now
        place %= len(now.rows)
        call["start"] = f"B{place + 2}"
        answer = self.change("write_excel_range", workbook=book, **call)
        rows = list(now.rows)
        rows[place] = (rows[place][0], cost)
        self.books[book].change(State(tuple(rows), now.fill))
        self.checked(book, answer)

    def format(self, book: str, fill: str) -> None:
        call = {"range": "A1", "style": {"fill": fill}}
        if not self.refused_if_closed(book, "format_excel_cells", **call):
            answer = self.change("format_excel_cells", workbook=book, **call)
            self.books[book].change(State(self.books[book].now.rows, fill))
            self.checked(book, answer)

    def a_change_that_is_refused(self, book: str) -> None:
        call = {"sheet": "Nowhere", "rows": [[1]]}
        if not self.refused_if_closed(book, "write_excel_range", **call):
            error = self.chat.fail("write_excel_range", workbook=book, **call)
            assert error["code"] == "sheet_not_found"

    def walk(self, book: str, action: str, number: int) -> None:
        model = self.books[book]
        most = 0 if not model.open else model.can_undo if action == "undo" else model.can_redo
        steps = 1 + number % (most + 1)  # now and then one too many
        call = {"action": action, "steps": steps}
        if self.refused_if_closed(book, "undo_excel_change", **call):
            return
        if steps > most:
            error = self.chat.fail("undo_excel_change", workbook=book, **call)
            assert error["code"] == "invalid_parameters"
            assert error["details"] == {f"{action}able": most}
            return
        answer = self.change("undo_excel_change", workbook=book, **call)
        model.position += steps if action == "redo" else -steps
        assert answer["result"]["can_undo"] == model.can_undo
        assert answer["result"]["can_redo"] == model.can_redo
        self.checked(book, answer)

    def what_changed(self, book: str) -> None:
        call = {"action": "changes", "steps": 0}
        if self.refused_if_closed(book, "undo_excel_change", **call):
            return
        model = self.books[book]
        told = self.chat.op("undo_excel_change", workbook=book, **call)["result"]
        assert told["steps"] == model.can_undo
        first, now = model.line[model.position - model.can_undo].state, model.now
        assert first is not None
        values = [cell["cell"] for cell in told["cells"] if "after" in cell]
        assert values == [f"Sheet!{place}" for place in _differing(first, now)]
        assert any("format" in cell for cell in told["cells"]) == (first.fill != now.fill)

    def save(self, book: str) -> None:
        if self.refused_if_closed(book, "save_excel_file"):
            return
        model = self.books[book]
        answer = self.change("save_excel_file", workbook=book)
        model.versions.append(model.now)
        model.saved = model.line[model.position]
        assert answer["result"]["version"] == len(model.versions)
        self.checked(book, answer)
        assert rows_of(self.chat.download(answer["files"][0])) == model.now.cells

    def close(self, book: str) -> None:
        if self.refused_if_closed(book, "close_excel_file"):
            return
        model = self.books[book]
        answer = self.change("close_excel_file", workbook=book)
        assert answer["result"]["discarded_changes"] == model.unsaved
        assert answer["result"].get("last_saved_version", 0) == len(model.versions)
        model.open = False

    def repeat(self) -> None:
        """The same call with the same key: the first answer, and no change."""
        if self.last is None:
            return
        name, parameters, key, first = self.last
        again = self.chat.once(key, name, **parameters)
        if name != "open_excel_file":  # opening what is open says so, which no journal keeps
            assert again["result"] == first["result"]
        assert again["unsaved_changes"] == first["unsaved_changes"]

    def kill(self) -> None:
        self.world.kill()

    def restart(self) -> None:
        self.world.restart()
        user, chat, id_ = self.chat.user, self.chat.chat, self.chat.id
        self.chat = Chat(self.world.service, user, chat)
        assert self.chat.id == id_

    def expire(self, *, swept: bool) -> None:
        links = self.chat.op("list_excel_files")["files"]
        self.world.counts["expiries"] += 1
        self.world.clock.now += DAY + 1
        if swept:
            assert self.world.service.sessions.sweep() >= 1
        assert self.chat.fail("list_excel_files")["code"] == "session_expired"
        self.chat = Chat(self.world.service, self.chat.user, self.chat.chat)
        for link in links:
            assert error_of(self.chat.fetch(link))["status"] in (404, 410)
        self.books = {name: Model() for name in self.books}
        self.last, self.calls = None, 0
        self._begin_with_two()

    # What must be so after each step ------------------------------------------------

    @invariant()
    def the_session_is_as_the_model_says(self) -> None:
        self.world.counts["steps"] += 1
        listed = self.chat.op("list_excel_files")
        found = {book["workbook"]: book["unsaved_changes"] for book in listed["result"]["open"]}
        opened = {name: model for name, model in self.books.items() if model.open}
        assert found == {name: model.unsaved for name, model in opened.items()}
        saved = [(item["name"], item["version"]) for item in listed["result"].get("saved", [])]
        assert sorted(saved) == [
            (name, number + 1)
            for name, model in sorted(self.books.items())
            for number in range(len(model.versions))
        ]
        assert {file["name"] for file in listed["files"]} == {
            name for name, model in self.books.items() if model.there
        }
        for name, model in opened.items():
            assert self.chat.rows(name) == model.now.cells
            self._check_format(name, model.now.fill)

    def _check_format(self, book: str, fill: str) -> None:
        answer = self.chat.op("read_excel_range", workbook=book, range="A1", what="formats")
        words = str(answer["result"]["formats"])
        assert f"fill {fill}" in words if fill != "none" else "fill" not in words

    def teardown(self) -> None:
        """Each link gives the file it is about: drafts as they are, versions as they were."""
        if not hasattr(self, "chat"):
            return
        for file in self.chat.op("list_excel_files")["files"]:
            model = self.books[file["name"]]
            state = model.now if file["state"] == "draft" else model.versions[-1]
            assert rows_of(self.chat.download(file)) == state.cells


def _differing(one: State, other: State) -> list[str]:
    """Cells with other values, row by row."""
    grids = one.cells, other.cells
    found = []
    for row in range(max(map(len, grids))):
        old, new = (grid[row] if row < len(grid) else [None, None] for grid in grids)
        found += [f"{'AB'[n]}{row + 1}" for n in range(2) if old[n] != new[n]]
    return found


@pytest.mark.timeout(600)  # it takes seconds; finding the shortest failing run takes minutes
@pytest.mark.parametrize(
    "kept", ["replayed", pytest.param("from checkpoints", marks=pytest.mark.e2e)]
)
def test_nothing_that_happens_to_a_session_makes_it_differ_from_the_model(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kept: str,
) -> None:
    if kept != "replayed":
        monkeypatch.setattr(checkpoints, "REPLAY_STEPS", 3)
        monkeypatch.setattr(checkpoints, "LOOK_EVERY", 1)
    with world_in(tmp_path) as world:
        machine = type("Machine", (Sessions,), {"world": world})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=10,
                stateful_step_count=50,
                derandomize=True,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    print(dict(world.counts))
    happened = {name: count for name, count in world.counts.items() if count >= 3}
    assert happened.keys() == EVERYTHING, f"something hardly happened: {world.counts}"
