"""Long sequences of edits, structure changes and saves, here and in another program.

Each sequence is drawn from a seed. After every few steps both save, and go on with what they
saved; openpyxl reads the formulas, formats and names of both files, calamine the values.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from service.errors import ExcelToolsError
from tests.differential import libreoffice
from tests.differential.editors import Excelize, Ours
from tests.differential.reading import read
from tests.differential.steps import Append, Clear, Save, Sequence, Step, Write, base

SHORT, LONG = 25, 40
"""Steps of a sequence."""
LONG_SEEDS = range(100, 105)
MORE_SEEDS = range(200, 218)


def _outputs(folder: Path, who: str) -> list[Path]:
    return sorted(folder.glob(f"{who}-*.xlsx"), key=lambda path: int(path.stem.split("-")[1]))


def ours(path: Path, folder: Path, sequence: Sequence, count: int) -> list[Step]:
    """Do a sequence here; the steps as another program is to do them.

    A write may be refused (a row too wide for its table, merged cells): it is left out.
    """
    editor = Ours(path, folder)
    done = []
    for step in sequence.steps(count):
        try:
            done.append(editor.apply(step))
        except ExcelToolsError:
            if not isinstance(step, Write | Append | Clear):
                raise
    assert len(done) > 0.8 * count
    return done


@pytest.fixture
def start(tmp_path: Path) -> Path:
    path = tmp_path / "base.xlsx"
    base(path)
    return path


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.e2e) for seed in range(2, 12))]
)
def test_edits_and_saves_give_what_excelize_gives(seed: int, start: Path, tmp_path: Path) -> None:
    steps = ours(start, tmp_path, Sequence(seed, structure="inserts"), SHORT)
    other = Excelize(start, tmp_path)
    for step in steps:
        other.apply(step)
    _assert_agree(tmp_path, steps, values=False)


Done = dict[int, tuple[Path, list[Step]]]


def _replayed(whole: Path, seeds: range, seconds: int) -> Done:
    """The folder and the steps of each long sequence, done here and in one LibreOffice."""
    start, jobs, done = whole / "base.xlsx", [], {}
    base(start)
    for seed in seeds:
        folder = whole / f"{seed}"
        folder.mkdir()
        done[seed] = folder, ours(start, folder, Sequence(seed), LONG)
        jobs.append(libreoffice.job(start, done[seed][1], folder))
    libreoffice.do(jobs, whole, seconds)
    return done


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Done:
    return _replayed(tmp_path_factory.mktemp("sequences"), LONG_SEEDS, 300)


@pytest.mark.e2e
@pytest.mark.needs("soffice")
@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", LONG_SEEDS)
def test_all_kinds_of_changes_give_what_libreoffice_gives(seed: int, replayed: Done) -> None:
    _assert_agree(*replayed[seed])


@pytest.mark.e2e
@pytest.mark.needs("soffice")
@pytest.mark.timeout(1800)
def test_many_more_sequences_give_what_libreoffice_gives(tmp_path: Path) -> None:
    done = _replayed(tmp_path, MORE_SEEDS, 1700)
    for folder, steps in done.values():
        _assert_agree(folder, steps)


def _assert_agree(folder: Path, steps: list[Step], *, values: bool = True) -> None:
    """Both wrote the same, at each save; else the seed's steps up to there are told."""
    mine, theirs = _outputs(folder, "ours"), _outputs(folder, "theirs")
    assert len(mine) == len(theirs) == sum(isinstance(step, Save) for step in steps)
    for number, (here, there) in enumerate(zip(mine, theirs, strict=True), 1):
        here, there = read(here), read(there)
        if values:
            libreoffice.forgive(here, there)
        found = here.differences(there, values=values)
        if found:
            told = "\n".join(map(str, _until(steps, number)))
            pytest.fail(
                f"{folder.name}, save {number}: ours / theirs\n" + "\n".join(found) + f"\n{told}"
            )


def _until(steps: list[Step], save: int) -> list[Step]:
    """The steps between a save and the one before it."""
    places = [index for index, step in enumerate(steps) if isinstance(step, Save)]
    return steps[(places[save - 2] + 1 if save > 1 else 0) : places[save - 1]]
