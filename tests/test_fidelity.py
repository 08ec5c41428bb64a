"""A workbook comes back whole: of all the corpus, part by part, whatever the edit was."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.cell import coordinate_to_tuple
from python_calamine import CalamineWorkbook

from service.errors import InvalidRange
from service.workbook.book import Book
from tests.bench import run
from tests.corpus.judge import judge
from tests.corpus.library import Library, entries, named
from tests.corpus.made_by_libreoffice import convert
from tests.corpus.targets import Target, beside, targets
from tests.corpus.trial import Edit
from tests.corpus.validity import problems

NUMBER, TEXT = 987.25, "added by the test"


every_workbook = pytest.mark.parametrize("name", named())
some_workbooks = pytest.mark.parametrize("name", named(quickly=3))


class Case:
    """One workbook of the corpus, opened, and the file that it becomes."""

    def __init__(self, before: Path, after: Path) -> None:
        self.before = before
        self.after = after
        self.targets = targets(before)
        self.book = Book.load(before, before.name)
        self.cells: list[tuple[str, str]] = []

    def write(self, target: Target) -> None:
        """Replace a number, where the sheet has one, and write a text to a free cell."""
        for cell, value in ((target.number, NUMBER), (target.free, TEXT)):
            if cell:
                run(self.book, "write_excel_range", sheet=target.sheet, start=cell, rows=[[value]])
                self.cells.append((target.sheet, cell))

    def assert_kept(self, edit: Edit) -> None:
        """Save; nothing is lost, nothing is wrong that wasn't, and the new cells are there."""
        self.book.save(self.after)
        lost = judge(self.before, self.after, edit)
        assert not lost, "\n".join(lost)
        wrong = set(problems(self.after)) - set(problems(self.before))
        assert not wrong, "\n".join(wrong)
        self.assert_readable()

    def assert_readable(self) -> None:
        """Two other libraries read what was written, where they could read the workbook before."""
        for reader in (_by_openpyxl, _by_calamine):
            if _try(reader, self.before, self.cells) is not None:
                assert reader(self.after, self.cells) == [
                    self.written(*cell) for cell in self.cells
                ]

    def written(self, sheet: str, cell: str) -> Any:
        """What this workbook holds in a cell."""
        return self.book.xl[sheet][cell].value


Reader = Callable[[Path, list[tuple[str, str]]], list[Any]]


def _try(reader: Reader, path: Path, cells: list[tuple[str, str]]) -> list[Any] | None:
    """What a library reads, or None where it can't: some know no parts under other names."""
    try:
        return reader(path, cells)
    except Exception:  # noqa: BLE001 - a library fails in whatever way it likes
        return None


def _by_openpyxl(path: Path, cells: list[tuple[str, str]]) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells what it does not know
        book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
    return [book[sheet][cell].value for sheet, cell in cells]


def _by_calamine(path: Path, cells: list[tuple[str, str]]) -> list[Any]:
    book, found = CalamineWorkbook.from_path(str(path)), []
    sheets = {name: book.get_sheet_by_name(name) for name in book.sheet_names}
    for sheet, cell in cells:
        rows = sheets[sheet].to_python(skip_empty_area=False)
        row, column = coordinate_to_tuple(cell)
        filled = row <= len(rows) and column <= len(rows[row - 1])
        found.append(rows[row - 1][column - 1] if filled else "")
    return found


@pytest.fixture
def case(name: str, library: Library, tmp_path: Path) -> Case:
    return Case(library.path(name), tmp_path / name)


@pytest.mark.e2e
@every_workbook
def test_saved_unchanged_a_workbook_loses_nothing(case: Case) -> None:
    case.assert_kept(Edit())


@some_workbooks
def test_an_edit_changes_its_cells_and_nothing_else(case: Case) -> None:
    case.write(case.targets[0])
    case.assert_kept(Edit(cells=tuple(case.cells)))
    values = {case.written(*cell) for cell in case.cells}
    assert values == ({NUMBER, TEXT} if case.targets[0].number else {TEXT})


@pytest.mark.e2e
@every_workbook
def test_an_edit_on_another_sheet_changes_nothing_else(case: Case) -> None:
    for target in case.targets[1:2]:  # one workbook has but one sheet
        case.write(target)
    case.assert_kept(Edit(cells=tuple(case.cells)))


@pytest.mark.e2e
@every_workbook
def test_a_format_changes_its_cell_and_nothing_else(case: Case) -> None:
    target = case.targets[0]
    cell = target.number or target.free
    style = {"fill": "#FFEB9C", "italic": True, "align": "left"}
    run(case.book, "format_excel_cells", sheet=target.sheet, range=cell, style=style)
    case.assert_kept(Edit(formats=((target.sheet, cell),)))


@pytest.mark.e2e
@every_workbook
def test_a_new_chart_changes_nothing_else(case: Case) -> None:
    target = case.targets[0]
    rows = [["Kind", "Count"], ["a", 3], ["b", 4]]
    run(case.book, "write_excel_range", sheet=target.sheet, start=target.free, rows=rows)
    area = f"{target.free}:{beside(target.free, 2, 1)}"
    run(case.book, "create_excel_chart", sheet=target.sheet, data_range=area, title="New")
    case.cells = [
        (target.sheet, beside(target.free, row, column)) for row in range(3) for column in range(2)
    ]
    case.assert_kept(Edit(cells=tuple(case.cells), charts=(target.sheet,)))


@pytest.mark.e2e
@every_workbook
def test_what_was_saved_can_be_opened_edited_and_saved_again(case: Case, tmp_path: Path) -> None:
    case.write(case.targets[0])
    case.book.save(case.after)
    again = Case(case.after, tmp_path / f"again-{case.after.name}")
    again.write(again.targets[0])
    again.assert_kept(Edit(cells=tuple(again.cells)))


# One for each way of making a package; LibreOffice is slow to open them.
OPENED_ELSEWHERE = """hand-plain hand-shapes hand-pivot hand-new-charts hand-controls hand-odd-names
hand-prefixed hand-filters hand-threaded hand-utf16 openpyxl-charts openpyxl-tables
xlsxwriter-sparklines xlsxwriter-cell-images excelize-slicers excelize-pivot ironcalc-styles
pyexcelerate-plain""".split()


@pytest.mark.e2e
@pytest.mark.needs("soffice")
@pytest.mark.timeout(300)
def test_libreoffice_opens_what_was_saved(library: Library, tmp_path: Path) -> None:
    saved, expected = [], {}
    with _folders(tmp_path) as (ours, theirs):
        for stem in OPENED_ELSEWHERE:
            case = Case(library.path(f"{stem}.xlsx"), ours / f"{stem}.xlsx")
            case.write(case.targets[0])
            case.book.save(case.after)
            saved.append(case.after)
            expected[stem] = case.cells
        convert(saved, theirs)
        for stem, cells in expected.items():
            values = _by_openpyxl(theirs / f"{stem}.xlsx", cells)
            assert set(values) <= {NUMBER, TEXT}, stem


@contextmanager
def _folders(path: Path) -> Iterator[tuple[Path, Path]]:
    ours, theirs = path / "ours", path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    yield ours, theirs


# What the corpus must have at least once, and from two programs where two can make it.
FEATURES = """
1904 dates|3-D charts|ActiveX|LET and LAMBDA|OLE embeddings|Python in Excel|SmartArt
XML maps|array formulas|autofilter|background picture|calculated columns|chartEx|charts
chart sheet|chart styles|checkboxes|combined chart|comments|conditional formats
connections|connectors|custom XML|custom properties|custom views|data consolidation
data model|data tables|data validation|dialog sheets|document properties|dynamic arrays
emf images|external links|feature property bag|form controls|groups|headers and footers
header images|hyperlinks|ignored errors|images|in-cell images|ink|inline strings
iterative calculation|macros|macro sheets|mc:AlternateContent in drawings
mc:AlternateContent in sheets|merged cells|named sheet views|names|non-
standard part names|notes with pictures|outline|persons|phonetic runs|pivot caches
pivot slicers|pivot tables|prefixed namespaces|printer settings|print areas
protected ranges|query tables|rich data types|rich text|scenarios|shapes
shared formulas|sheet protection|slicers|sparklines|stock chart|styles|surface chart
svg images|tables|table slicers|table totals|taskpanes|text boxes|themes
threaded comments|timelines|unknown parts|very hidden sheets|watches|web extensions
workbook protection|x14 data bars|x14 icon sets|x14 validations
"""


def test_the_corpus_covers_every_feature() -> None:
    held = {feature for entry in entries() for feature in entry.features}
    wanted = FEATURES.strip().replace("\n", "|").split("|")
    assert [name for name in wanted if not any(name in feature for feature in held)] == []
    assert len(entries()) >= 75
    assert len({entry.program for entry in entries()}) >= 8


# What other programs write although the schemas do not have it; Excel opens it all the same.
THEIRS = {
    "excelize": "plotArea/.*: may not hold|sharedItems says 0|there is no text|slicerCacheDef",
    "formualizer": "phoneticPr: fontId is 1 of 1|xf: xfId is 0 of 0",
    "libreoffice": "xlnm.print_titles is defined twice|xfrm/.*exceeds maximum",
    "openpyxl": "plotArea/(scatter|ofPie)Chart",
}


@pytest.mark.e2e
@every_workbook
def test_the_corpus_itself_is_sound(name: str, library: Library) -> None:
    faults = THEIRS.get(name.partition("-")[0], "(?!)")
    found = [text for text in problems(library.path(name)) if not re.search(faults, text)]
    assert found == []


# A change of structure and its opposite leave no trace, on whatever the workbook holds.
UNDONE: dict[str, Callable[[str], list[dict[str, Any]]]] = {
    "rows": lambda sheet: [
        {"action": "insert_rows", "sheet": sheet, "target": "2", "count": 3},
        {"action": "delete_rows", "sheet": sheet, "target": "2", "count": 3},
    ],
    "columns": lambda sheet: [
        {"action": "insert_columns", "sheet": sheet, "target": "B", "count": 2},
        {"action": "delete_columns", "sheet": sheet, "target": "B", "count": 2},
    ],
    "a sheet's name": lambda sheet: [
        {"action": "rename", "sheet": sheet, "new_name": "Renamed for a while"},
        {"action": "rename", "sheet": "Renamed for a while", "new_name": sheet},
    ],
    "a sheet": lambda sheet: [
        {"action": "copy", "sheet": sheet, "new_name": "Copy for a while", "position": "last"},
        {"action": "delete", "sheet": "Copy for a while"},
    ],
}


@pytest.mark.e2e
@pytest.mark.parametrize("change", UNDONE)
@every_workbook
def test_a_change_of_structure_and_its_opposite_leave_no_trace(case: Case, change: str) -> None:
    first, second = UNDONE[change](case.targets[0].sheet)
    try:
        run(case.book, "edit_excel_sheet", **first)
    except InvalidRange:  # it would cut through an array formula, say
        case.assert_kept(Edit())
    else:
        run(case.book, "edit_excel_sheet", **second)
        case.assert_kept(Edit(shifted=True))
