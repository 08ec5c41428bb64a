"""Long sequences of edits, structure changes and saves, here and in another program.

Each sequence is drawn from a seed. After every few steps both save, and go on with what they
saved; openpyxl reads the formulas, formats and names of both files, calamine the values.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.differential import libreoffice
from tests.differential.editors import Excelize, Ours
from tests.differential.reading import read
from tests.differential.steps import Save, Sequence, Step, base

CELLS_ONLY, LONG = 25, 40
"""Steps of a sequence."""


def _outputs(folder: Path, who: str) -> list[Path]:
    return sorted(folder.glob(f"{who}-*.xlsx"), key=lambda path: int(path.stem.split("-")[1]))


def ours(path: Path, folder: Path, sequence: Sequence, count: int) -> list[Step]:
    """Do a sequence here; the steps as another program is to do them."""
    editor = Ours(path, folder)
    return [editor.apply(step) for step in sequence.steps(count)]


@pytest.fixture
def start(tmp_path: Path) -> Path:
    path = tmp_path / "base.xlsx"
    base(path)
    return path


@pytest.mark.parametrize("seed", range(12))
def test_edits_and_saves_give_what_excelize_gives(seed: int, start: Path, tmp_path: Path) -> None:
    steps = ours(start, tmp_path, Sequence(seed, structure=False), CELLS_ONLY)
    other = Excelize(start, tmp_path)
    for step in steps:
        other.apply(step)
    _assert_agree(tmp_path, steps, values=False)


@pytest.mark.needs("soffice")
@pytest.mark.timeout(400)
def test_all_kinds_of_changes_give_what_libreoffice_gives(start: Path, tmp_path: Path) -> None:
    jobs, done = [], {}
    for seed in range(100, 112):
        folder = tmp_path / str(seed)
        folder.mkdir()
        done[folder] = ours(start, folder, Sequence(seed), LONG)
        jobs.append(libreoffice.job(start, done[folder], folder))
    libreoffice.do(jobs, tmp_path)
    for folder, steps in done.items():
        _assert_agree(folder, steps)


def _assert_agree(folder: Path, steps: list[Step], *, values: bool = True) -> None:
    """Both wrote the same, at each save; else the seed's steps up to there are told."""
    mine, theirs = _outputs(folder, "ours"), _outputs(folder, "theirs")
    assert len(mine) == len(theirs) == sum(isinstance(step, Save) for step in steps)
    for number, (here, there) in enumerate(zip(mine, theirs, strict=True), 1):
        found = read(here).differences(read(there), values=values)
        if found:
            told = "\n".join(map(str, _until(steps, number)))
            pytest.fail(
                f"{folder.name}, save {number}: ours / theirs\n" + "\n".join(found) + f"\n{told}"
            )


def _until(steps: list[Step], save: int) -> list[Step]:
    """The steps between a save and the one before it."""
    places = [index for index, step in enumerate(steps) if isinstance(step, Save)]
    return steps[(places[save - 2] + 1 if save > 1 else 0) : places[save - 1]]
