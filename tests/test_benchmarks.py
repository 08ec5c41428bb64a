"""Benchmarks are run by hand; that they still fit to what they measure shows here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as command
from benchmarks import scripts
from benchmarks.rival import LOCK, PACKAGE, NotInstalledError, install
from benchmarks.tables import BEGIN, END, Machine, Table, documented, met, shown, told
from benchmarks.work import MIX, check_same, plan
from tests.bench import new_book
from tests.conftest import ROOT, STRICT

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.parametrize("name", sorted(p.stem for p in FOLDER.glob("*.py") if p.stem[0] != "_"))
def test_each_has_what_it_measures(name: str) -> None:
    assert import_module(f"benchmarks.{name}").__doc__


# Tables -----------------------------------------------------------------------------


def test_a_table_is_told_with_digits_that_count() -> None:
    table = Table("one", "One", ["what", "ms", "ratio"], note="A note.")
    table.add("read", 1234.5, None)
    table.add("write", 0.1234, 12.345)
    assert table.markdown().splitlines() == [
        "### One",
        "",
        "| what | ms | ratio |",
        "| --- | --- | --- |",
        "| read | 1,234 | - |",
        "| write | 0.12 | 12.3 |",
        "",
        "A note.",
    ]
    with pytest.raises(AssertionError):
        table.add("too few")


def test_a_criterion_is_met_or_missed_or_was_not_measured() -> None:
    assert (met(20.0, 20), met(None, 20)) == ("met (at least 20)", "not measured")
    assert command.is_missed(met(19.9, 20))
    assert not command.is_missed(met(20.1, 20))
    assert shown(1000) == "1,000"


def test_what_is_told_of_the_machine_names_neither_host_nor_folder() -> None:
    facts = Machine().facts("excel-mcp-server 2.2.2")
    text = json.dumps(facts) + told(facts)
    assert str(ROOT) not in text
    assert not re.search(r"/\w+/", text)
    assert {"cores", "python", "libraries", "load_before", "load_after"} <= set(facts)


def test_the_page_of_the_documents_has_a_place_for_the_tables(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(command.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    table = Table("one", "One", ["what"], [["a"]])
    for _ in range(2):
        documented(page, [table], Machine().facts(""))
    text = page.read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == text.count("### One") == 1
    before = command.PAGE.read_text(encoding="utf-8").split(BEGIN)[0]
    assert text.startswith(before)


# The same work for all --------------------------------------------------------------


def test_chats_do_the_same_each_time_and_all_that_is_in_the_mix() -> None:
    assert plan(3, 50, 1000) == plan(3, 50, 1000) != plan(4, 50, 1000)
    done = [name for number in range(20) for name, _ in plan(number, 50, 1000)]
    assert len(done) == 1000
    assert set(done) == set(MIX)
    assert sum(MIX.values()) == 100


def test_who_did_something_else_is_told(tmp_path: Path) -> None:
    files = []
    for value in (1, 1, 2):
        book = new_book(sheet="Orders", headers=["a", "b"], rows=[["x", value]])
        path = tmp_path / f"{len(files)}.xlsx"
        book.save(path)
        files.append(path.read_bytes())
    check_same(["ours", "theirs"], files[:2])
    with pytest.raises(AssertionError, match=r"ours and theirs differ in 1 cells: .*, 1, 2\)"):
        check_same(["ours", "theirs"], files[1:])


def test_the_rival_is_pinned_and_no_part_of_the_product() -> None:
    assert re.search(rf"^{PACKAGE} \\\n +--hash=", LOCK.read_text(), re.MULTILINE)
    name = PACKAGE.split("=")[0]
    for lock in ROOT.glob("requirements*.lock"):
        assert name not in lock.read_text()
    assert name not in (ROOT / "pyproject.toml").read_text()


# A tiny run of each -----------------------------------------------------------------


@pytest.fixture(scope="module")
def rival(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """The environment that ``make bench`` uses, made if there is a network."""
    venv = ROOT / "build" / "rival"
    try:
        install(venv)
    except NotInstalledError:
        if STRICT:
            raise
        return None
    return venv


PARTS = [name for name in command.PARTS if name != "scripts"]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", PARTS)
def test_each_part_runs(
    part: str, rival: Path | None, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    given = ["--tiny", "--only", part, "--out", str(tmp_path)]
    given += ["--rival", str(rival)] if rival else ["--without-rival"]
    assert command.main(given) == 0
    found: dict[str, Any] = json.loads((tmp_path / "benchmarks.json").read_text())
    assert all(table["rows"] for table in found["tables"])
    assert (tmp_path / "benchmarks.md").read_text().count("### ") == len(found["tables"])
    if not rival:
        tell(f"benchmarks, {part}: excel-mcp-server was left out, there is no network")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", [name for name in scripts.TINY if name != "parallel"])
def test_each_program_runs(name: str) -> None:
    table = scripts.printed(name, scripts.TINY[name])
    assert not command.is_missed(table.note), table.note
    assert table.rows
