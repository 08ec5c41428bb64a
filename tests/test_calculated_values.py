"""Values of formulas are those that Excel shows, or the answer says that they may not be."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import pytest

from service.errors import ExcelToolsError
from service.workbook.book import Book
from service.workbook.calculation.held import values_in
from service.workbook.calculation.results import Address, Computed, name_of, same
from service.workbook.calculation.source import EditorSource
from service.workbook.calculation.values import Calculation
from tests.bench import new_book, run
from tests.modern_formulas import DATA, FORMULAS
from tests.value_corpus import CORPUS

Tell = Callable[[str], None]
# Folders with workbooks that Excel has calculated; none of them is part of this project.
_EXCEL_FOLDERS = [
    Path(os.environ.get("CALCULATED_WORKBOOKS", "/nowhere")),
    Path("/usr/lib/R/site-library/readxl/extdata"),
]
_LARGEST_FILE = 2_000_000
_ENOUGH_SECONDS = 200


@dataclass
class Tally:
    """How many formula cells show what the file holds, and what is said of the others."""

    equal: int = 0
    told: int = 0
    silently_wrong: list[str] = field(default_factory=list)

    @property
    def cells(self) -> int:
        return self.equal + self.told + len(self.silently_wrong)

    def add(self, where: str, held: object, computed: Computed) -> None:
        if not computed.unknown and as_good(held, computed.value):
            self.equal += 1
        elif computed.unknown or computed.unverified:
            self.told += 1
        else:
            self.silently_wrong.append(f"{where}: {held!r} and not {computed.value!r}")

    def __iadd__(self, other: Tally) -> Tally:
        self.equal += other.equal
        self.told += other.told
        self.silently_wrong += other.silently_wrong
        return self


def as_good(held: object, value: object) -> bool:
    """Equal, or numbers of which Excel shows the same digits: its own series end at 1e-8."""
    if same(held, value):
        return True
    numbers = [v for v in (held, value) if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) < 2:
        return False
    one, other = numbers
    return abs(one - other) <= max(1e-7 * max(abs(one), abs(other)), 1e-11)


def calculated_alone(path: Path) -> tuple[Calculation, openpyxl.Workbook]:
    """The workbook without the values that its file holds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what openpyxl does not read
        xl = openpyxl.load_workbook(path, rich_text=True)
    return Calculation(lambda: EditorSource(xl)), xl


def tally_alone(path: Path) -> Tally:
    """What the calculators make of a file, against what it holds."""
    calculation, _ = calculated_alone(path)
    values, found = calculation.values(), Tally()
    for address, held in values_in(path).items():
        if address in values and address not in calculation.moving:
            found.add(f"{path.name} {name_of(address)}", held, values[address])
    return found


# Workbooks that LibreOffice has calculated -----------------------------------


def convert(folder: Path, paths: list[Path]) -> Path:
    """Have LibreOffice calculate workbooks; the folder with the results."""
    program = shutil.which("soffice")
    assert program
    subprocess.run(
        [
            program,
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            *("--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML"),
            *("--outdir", str(folder / "done"), *map(str, paths)),
        ],
        check=True,
        capture_output=True,
        timeout=110,
    )
    return folder / "done"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus, twice: as it is, and ``changed_``, with other numbers in it."""
    folder = tmp_path_factory.mktemp("corpus")
    paths = []
    for name, maker in CORPUS.items():
        for prefix in ("", "changed_"):
            book = maker()
            if prefix:
                change_numbers(book)
            paths.append(folder / f"{prefix}{name}.xlsx")
            book.save(paths[-1])
    return convert(folder, paths)


def change_numbers(xl: openpyxl.Workbook) -> None:
    """Another number in every ninth cell that holds one."""
    for number, (sheet, row, column) in enumerate(number_cells(xl)):
        if number % 9 == 0:
            cell = xl[sheet].cell(row, column)
            cell.value = cell.value + 1


def number_cells(xl: openpyxl.Workbook) -> Iterator[Address]:
    source = EditorSource(xl)
    for title in source.sheets:
        for (row, column), _ in sorted(source.values(title), key=lambda item: item[0]):
            cell = xl[title].cell(row, column)
            if cell.data_type == "n" and type(cell.value) in (int, float):
                yield title, row, column


@pytest.mark.e2e
@pytest.mark.needs("soffice")
def test_the_calculators_agree_with_another_program(corpus: Path, tell: Tell) -> None:
    found = Tally()
    for name in CORPUS:
        found += tally_alone(corpus / f"{name}.xlsx")
    share = found.equal / found.cells
    tell(f"values: {found.equal} of {found.cells} equal LibreOffice's ({share:.2%}), rest told")
    assert not found.silently_wrong
    assert found.cells > 4_000
    assert share >= 0.97


@pytest.mark.e2e
@pytest.mark.needs("soffice")
@pytest.mark.parametrize("name", CORPUS)
def test_an_opened_workbook_shows_the_values_of_its_file(corpus: Path, name: str) -> None:
    path = corpus / f"{name}.xlsx"
    held, book = values_in(path), Book.load(path, path.name)
    for touched in (False, True):
        if touched:  # a change that no formula reads
            with book.changing():
                book.xl.worksheets[0].cell(900, 900, "note")
        values = book.values
        shown = {a: values[a] for a in held if a not in book.calculation.moving}
        assert [name_of(a) for a, c in shown.items() if not same(c.value, held[a])] == []
        assert [name_of(a) for a, c in shown.items() if c.unknown or c.unverified] == []


@pytest.mark.e2e
@pytest.mark.needs("soffice")
def test_after_changes_each_value_is_right_or_told(corpus: Path, tell: Tell) -> None:
    found = Tally()
    for name in CORPUS:
        book = Book.load(corpus / f"{name}.xlsx", f"{name}.xlsx")
        with book.changing():
            change_numbers(book.xl)
        values = book.values
        for address, held in values_in(corpus / f"changed_{name}.xlsx").items():
            if address in values and address not in book.calculation.moving:
                found.add(f"{name} {name_of(address)}", held, values[address])
    tell(f"values after changes: {found.equal} of {found.cells} equal LibreOffice's, rest told")
    assert not found.silently_wrong
    assert found.equal / found.cells >= 0.97


# Workbooks that Excel has calculated -----------------------------------------


def excel_files() -> list[Path]:
    found = [p for folder in _EXCEL_FOLDERS if folder.is_dir() for p in folder.rglob("*.xls[xm]")]
    return sorted(p for p in found if p.stat().st_size < _LARGEST_FILE)


@pytest.mark.e2e
@pytest.mark.timeout(600)
def test_the_calculators_agree_with_excel(tell: Tell) -> None:
    found, kinds = Tally(), Counter[str]()
    until = time.monotonic() + _ENOUGH_SECONDS
    for path in excel_files():
        if time.monotonic() > until:
            break
        try:
            if not values_in(path):
                continue
            Book.load(path, path.name)
            found += tally_alone(path)
            kinds["read"] += 1
        except (ExcelToolsError, ValueError, KeyError, TypeError):
            kinds["not read"] += 1
    if not found.cells:
        tell("NOT TESTED: no workbooks calculated by Excel (CALCULATED_WORKBOOKS=<folder>)")
        pytest.skip("no workbooks calculated by Excel")
    wrong = len(found.silently_wrong)
    tell(
        f"values in {kinds['read']} workbooks of Excel: {found.equal / found.cells:.2%} of "
        f"{found.cells} equal, {found.told} told, {wrong} differ untold"
    )
    # Two calculators may agree and differ from Excel; opening a file shows such cells.
    assert wrong <= 0.005 * found.cells, found.silently_wrong[:20]


# Formulas whose value is known -------------------------------------------------


@pytest.fixture(scope="module")
def modern() -> Book:
    book = new_book(sheet="Sheet1", rows=DATA)
    run(book, "write_excel_range", start="H1", rows=[[formula] for formula in FORMULAS])
    return book


@pytest.mark.parametrize("row", range(1, len(FORMULAS) + 1), ids=list(FORMULAS))
def test_a_modern_formula_has_excels_value_or_is_told(modern: Book, row: int) -> None:
    expected = list(FORMULAS.values())[row - 1]
    computed = modern.values["Sheet1", row, 8]
    if not (computed.unknown or computed.unverified):
        assert as_good(expected, computed.value), computed


def test_nearly_all_modern_formulas_have_excels_value(modern: Book, tell: Tell) -> None:
    right = [
        formula
        for row, (formula, expected) in enumerate(FORMULAS.items(), start=1)
        if not (computed := modern.values["Sheet1", row, 8]).unknown
        and as_good(expected, computed.value)
    ]
    tell(f"modern formulas: {len(right)} of {len(FORMULAS)} have Excel's value")
    assert len(FORMULAS) >= 90
    assert len(right) >= 0.93 * len(FORMULAS), FORMULAS.keys() - set(right)
