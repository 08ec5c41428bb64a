"""Which value of a formula counts: the file's own, the calculators', or none for sure."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.table import Table

from service.workbook.book import Book
from service.workbook.calculation import second
from service.workbook.calculation import values as values_module
from service.workbook.calculation.answers import ranges, told_differences
from service.workbook.calculation.graph import all_formulas
from service.workbook.calculation.held import held_values, values_in
from service.workbook.calculation.problem import Problem, whole
from service.workbook.calculation.results import Address, Computed, ErrorValue, same
from service.workbook.calculation.rewrite import Facts, Rewriter
from service.workbook.calculation.second import SecondCalculator
from service.workbook.calculation.source import EditorSource
from service.workbook.calculation.syntax import parts
from service.workbook.calculation.third import ThirdCalculator
from service.workbook.calculation.values import Calculation
from service.workbook.dynamic import DynamicArray
from service.workbook.references.changes import DeleteRows, InsertRows
from service.workbook.structure import restructure
from tests.bench import new_book, run
from tests.processes import ROOT
from tests.service_fixtures import Chat

NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


# Files with values of their own ------------------------------------------------


def write_file(path: Path, cells: str, *, properties: str = "", names: str = "") -> Path:
    """A workbook of one sheet "S" with these ``c`` elements, one row each."""
    book = openpyxl.Workbook()
    book.worksheets[0].title = "S"
    book.save(path)
    rows = "".join(
        f'<row r="{number}">{line}</row>'
        for number, line in enumerate(cells.strip().split("\n"), start=1)
    )
    sheet = f'<worksheet xmlns="{NAMESPACE}"><sheetData>{rows}</sheetData></worksheet>'
    with zipfile.ZipFile(path) as archive:
        old = {name: archive.read(name) for name in archive.namelist()}
    workbook = old["xl/workbook.xml"].decode()
    start, end = workbook.index("<calcPr"), workbook.index("/>", workbook.index("<calcPr")) + 2
    old["xl/workbook.xml"] = (workbook[:start] + names + properties + workbook[end:]).encode()
    old["xl/worksheets/sheet1.xml"] = sheet.encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in old.items():
            archive.writestr(name, data)
    return path


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Book]:
    """A book loaded from such a file."""

    def load(cells: str, **more: str) -> Book:
        return Book.load(write_file(tmp_path / "test.xlsx", cells, **more), "test.xlsx")

    return load


# Excel says 42 where no calculator of ours has the function; A3 rests on that.
ODD = """<c r="A1"><v>10</v></c><c r="B1"><v>1</v></c>
<c r="A2"><f>CUBEVALUE("x",A1)</f><v>42</v></c>
<c r="A3"><f>A2+B1</f><v>43</v></c>
<c r="A4"><f>A1*2</f><v>21</v></c>
<c r="A5"><f>SUM(A3:A4)</f><v>64</v></c>"""


def shown(book: Book, *names: str) -> list[object]:
    values = book.values
    return [values[address(name)].value for name in names]


def address(name: str) -> Address:
    sheet, _, place = name.rpartition("!")
    row, column = openpyxl.utils.cell.coordinate_to_tuple(place)
    return sheet or "S", row, column


def put(book: Book, name: str, value: object) -> None:
    with book.changing():
        book.xl["S"][name] = value


def test_a_files_values_are_shown_also_where_calculators_say_otherwise(
    opened: Callable[..., Book],
) -> None:
    book = opened(ODD)
    assert shown(book, "A2", "A3", "A4", "A5") == [42, 43, 21, 64]
    assert not any(c.unknown or c.unverified for c in book.values.values())


def test_a_difference_is_told_with_both_values(opened: Callable[..., Book]) -> None:
    """Only the cell that differs by itself is named, not those that read it."""
    found = told_differences(opened(ODD).calculation.differences())
    assert found["cells"] == 1
    assert found["examples"] == [
        {"cell": "S!A4", "formula": "=A1*2", "in_file": 21.0, "computed": 20.0}
    ]


def test_what_can_not_be_calculated_keeps_its_value_while_its_inputs_stay(
    opened: Callable[..., Book],
) -> None:
    book = opened(ODD)
    put(book, "B1", 100)
    assert shown(book, "A2", "A3", "A5") == [42, 142, 163]
    assert not any(c.unknown or c.unverified for c in book.values.values())
    put(book, "A1", 11)
    values = book.values
    assert "CUBEVALUE" in values["S", 2, 1].unknown
    assert "depends" in values["S", 3, 1].unknown
    assert values["S", 4, 1].value == 22
    assert "the file held 21" in values["S", 4, 1].unverified


def test_a_formula_written_anew_has_no_value_of_the_file(opened: Callable[..., Book]) -> None:
    book = opened(ODD)
    put(book, "A4", "=A1*3")
    assert shown(book, "A4", "A5") == [30, 73]


def test_values_are_not_trusted_where_the_file_asks_for_calculation(
    opened: Callable[..., Book],
) -> None:
    book = opened(ODD, properties='<calcPr fullCalcOnLoad="1"/>')
    assert shown(book, "A4") == [20]
    held = book.values["S", 2, 1]
    assert held.value == 42
    assert "what the file held" in held.unverified
    assert not book.calculation.differences()


def test_the_ledger_survives_a_checkpoint(opened: Callable[..., Book], tmp_path: Path) -> None:
    book = opened(ODD)
    put(book, "B1", 5)
    book.keep(tmp_path / "checkpoint")
    again = Book.kept(tmp_path / "checkpoint", "test.xlsx")
    assert shown(again, "A2", "A3", "A4", "A5") == [42, 47, 21, 68]
    assert pickle.loads(pickle.dumps(book.calculation.ledger)).odd == book.calculation.ledger.odd


def test_the_ledger_goes_along_when_cells_move(opened: Callable[..., Book]) -> None:
    """Two rows come in above: the formulas are shifted, the values count as before."""
    book = opened(ODD)
    restructure(book, InsertRows("S", 1, 2))
    assert shown(book, "A4", "A5", "A6", "A7") == [42, 43, 21, 64]
    assert not any(c.unknown or c.unverified for c in book.values.values())
    put(book, "A3", 1)
    assert book.values["S", 4, 1].unknown


def test_what_was_changed_before_cells_moved_counts_as_changed(
    opened: Callable[..., Book],
) -> None:
    book = opened(ODD)
    put(book, "A1", 11)
    restructure(book, InsertRows("S", 1, 2))
    values = book.values
    assert "CUBEVALUE" in values["S", 4, 1].unknown
    assert values["S", 6, 1].value == 22


def test_a_cell_that_is_gone_takes_its_trust_along(opened: Callable[..., Book]) -> None:
    book = opened(ODD)
    restructure(book, DeleteRows("S", 1, 1))
    assert book.values["S", 1, 1].unknown
    assert book.values["S", 3, 1].value == "#REF!"


def test_a_range_that_lost_a_row_is_calculated(opened: Callable[..., Book]) -> None:
    """The formula's text is another then, and its value; what reads neither stays."""
    book = opened(
        '<c r="A1"><v>1</v></c><c r="B1"><f>SUM(A1:A3)</f><v>6</v></c>'
        '<c r="C1"><f>B1+1</f><v>7</v></c>\n'
        '<c r="A2"><v>2</v></c><c r="B2"><f>CUBEVALUE("x",A1)</f><v>42</v></c>\n'
        '<c r="A3"><v>3</v></c>\n<c r="B4"><f>ROW()</f><v>4</v></c>'
    )
    restructure(book, DeleteRows("S", 3, 1))
    assert shown(book, "B1", "C1", "B2", "B3") == [3, 4, 42, 3]


def test_only_what_a_change_reaches_is_calculated(opened: Callable[..., Book]) -> None:
    """Also where neither calculator has had a look at the file before."""
    lines = [f'<c r="A{n}"><v>{n}</v></c><c r="B{n}"><f>A{n}*2</f><v>0.5</v></c>' for n in (1, 2)]
    book = opened("\n".join([*lines, '<c r="C3"><f>SUM(B1:B2)</f><v>1</v></c>']))
    book.calculation.ledger.odd.clear()
    put(book, "A2", 10)
    assert shown(book, "B1", "B2", "C3") == [0.5, 20, 20.5]


def test_totals_see_the_totals_among_what_they_add(opened: Callable[..., Book]) -> None:
    book = opened(
        '<c r="A1"><v>1</v></c>\n<c r="A2"><v>2</v></c>\n'
        '<c r="A3"><f>SUBTOTAL(9,A1:A2)</f><v>3</v></c>\n<c r="A4"><v>5</v></c>\n'
        '<c r="A5"><f>SUBTOTAL(9,A1:A4)</f><v>8</v></c>'
    )
    put(book, "A4", 6)
    assert shown(book, "A3", "A5") == [3, 9]


def test_a_range_as_large_as_the_criteria_is_read_in_full(opened: Callable[..., Book]) -> None:
    """SUMIF adds as many cells from C1 on as the criteria have."""
    book = opened(
        '<c r="A1"><v>1</v></c><c r="C1"><v>10</v></c>'
        '<c r="E1"><f>SUMIF(A1:A2,1,C1)</f><v>30</v></c>\n'
        '<c r="A2"><v>1</v></c><c r="C2"><v>20</v></c>'
    )
    put(book, "C2", 50)
    assert shown(book, "E1") == [60]


def test_a_table_of_one_row_is_counted_and_looked_up() -> None:
    """A range of one cell is a range to the functions with criteria, in both calculators."""
    book = new_book(headers=["Dept", "N"], rows=[["IT", 3]])
    run(book, "create_excel_table", name="Staff")
    texts = {
        '=COUNTIFS(Staff[Dept],"IT")': 1,
        '=COUNTIF(Sheet1!A2,"IT")': 1,
        "=SUMIFS(Staff[N],Staff[Dept],D9)": 0,
        '=SUMIF(A2,"IT",B2)': 3,
        '=MAXIFS(Staff[N],Staff[Dept],"IT")': 3,
        '=INDEX(Staff[Dept],MATCH("IT",Staff[Dept],0))': "IT",
    }
    for row, (text, value) in enumerate(texts.items(), 1):
        answer = run(book, "write_excel_range", start=f"F{row}", rows=[[text]]).result
        assert "formula_errors" not in answer, text
        assert "unverified" not in answer, text
        read = run(book, "read_excel_range", range=f"F{row}").result
        assert read["rows"] == [[value]], text


def test_a_name_that_means_another_cell_is_a_change(opened: Callable[..., Book]) -> None:
    book = opened(
        '<c r="A1"><v>1</v></c><c r="B1"><v>2</v></c><c r="C1"><f>rate*10</f><v>10</v></c>',
        names='<definedNames><definedName name="rate">S!$A$1</definedName></definedNames>',
    )
    assert shown(book, "C1") == [10]
    with book.changing():
        book.xl.defined_names["rate"].attr_text = "S!$B$1"
    assert shown(book, "C1") == [20]


def test_rows_that_hide_change_the_totals_of_those_that_show(opened: Callable[..., Book]) -> None:
    """Also where some rows were hidden before: the value is not the file's any more."""
    book = opened(
        '<c r="A1"><v>1</v></c>\n<c r="A2"><v>2</v></c>\n<c r="A3"><v>4</v></c>\n'
        '<c r="A4"><f>SUBTOTAL(109,A1:A3)</f><v>6</v></c>'
    )
    book.xl["S"].row_dimensions[1].hidden = True
    book.calculation.open(held_values(book.xl, book.memory))
    with book.changing():
        book.xl["S"].row_dimensions[2].hidden = True
    computed = book.values["S", 4, 1]
    assert computed.value != 6 or computed.unverified


UNREADABLE = """<c r="A1"><v>10</v></c><c r="B1"><v>1</v></c>
<c r="A2"><f>[[#This Row],Cost]*0.2</f><v>42</v></c>
<c r="A3"><f>A2+B1</f><v>43</v></c>"""


def test_a_value_that_nobody_can_follow_stays_and_is_told(
    opened: Callable[..., Book], tmp_path: Path
) -> None:
    """What it reads is not known, so no change makes it certain, nor wrong."""
    book = opened(UNREADABLE)
    put(book, "B1", 5)
    values = book.values
    assert values["S", 2, 1].value == 42
    assert "there is no table" in values["S", 2, 1].unverified
    assert values["S", 3, 1].value == 47
    assert "rests on a value of the file" in values["S", 3, 1].unverified
    book.save(tmp_path / "saved.xlsx")
    assert values_in(tmp_path / "saved.xlsx")["S", 2, 1] == 42


def test_a_main_part_of_another_name_is_read(opened: Callable[..., Book], tmp_path: Path) -> None:
    """Where the package says the workbook is, and not where most have it."""
    path = write_file(tmp_path / "other.xlsx", ODD, properties='<calcPr fullCalcOnLoad="1"/>')
    with zipfile.ZipFile(path) as archive:
        parts_ = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts_.items():
            name = name.replace("workbook.xml", "book9.xml")
            archive.writestr(name, data.replace(b"xl/workbook.xml", b"xl/book9.xml"))
    book = Book.load(path, "other.xlsx")
    assert "what the file held" in book.values["S", 2, 1].unverified
    assert shown(book, "A4") == [20]


def test_references_to_other_files_keep_their_values(opened: Callable[..., Book]) -> None:
    book = opened(
        '<c r="A1"><f>[1]Sheet1!A1</f><v>5</v></c><c r="B1"><f>A1*2+C1</f><v>11</v></c>'
        '<c r="C1"><v>1</v></c>'
    )
    put(book, "C1", 2)
    assert shown(book, "A1", "B1") == [5, 12]


def test_a_data_table_counts_while_what_it_reads_stays(
    opened: Callable[..., Book], tmp_path: Path
) -> None:
    book = opened(
        """<c r="A1"><v>2</v></c><c r="C1"><f>A1*10</f><v>20</v></c>
<c r="B2"><v>3</v></c><c r="C2"><f t="dataTable" ref="C2:C3" dt2D="0" dtr="0" r1="A1"/><v>30</v></c>
<c r="B3"><v>4</v></c><c r="C3"><v>40</v></c><c r="E3"><v>1</v></c>"""
    )
    put(book, "E3", 2)
    assert shown(book, "C1", "C2", "C3") == [20, 30, 40]
    put(book, "B3", 5)
    assert "data table" in book.values["S", 2, 3].unknown
    assert "data table" in book.values["S", 3, 3].unknown
    book.save(tmp_path / "saved.xlsx")
    held = values_in(tmp_path / "saved.xlsx")
    assert ("S", 2, 3) not in held
    assert ("S", 3, 3) not in held, "no value that is not true any more"


def test_values_of_every_kind_are_read_from_a_file(tmp_path: Path) -> None:
    path = write_file(
        tmp_path / "kinds.xlsx",
        """<c r="A1" t="str"><f>A9</f><v>a_x0041_b</v></c><c r="B1" t="b"><f>1=1</f><v>1</v></c>
<c r="A2" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="B2"><f>1/3</f><v>0.333</v></c>
<c r="A3" t="str"><f>""</f><v></v></c><c r="B3"><f>B2</f></c><c r="C3"><v>7</v></c>
<c r="A4"><f t="array" ref="A4:A5">{1;2}</f><v>1</v></c>
<c r="A5"><v>2</v></c><c r="B5"><v>9</v></c>""",
    )
    assert values_in(path) == {
        ("S", 1, 1): "aAb",
        ("S", 1, 2): True,
        ("S", 2, 1): "#DIV/0!",
        ("S", 2, 2): 0.333,
        ("S", 3, 1): "",
        ("S", 4, 1): 1,
        ("S", 5, 1): 2,
    }
    assert isinstance(values_in(path)["S", 2, 1], ErrorValue)


def test_what_moves_with_the_clock_is_calculated(opened: Callable[..., Book]) -> None:
    book = opened('<c r="A1"><f>TODAY()</f><v>40000</v></c><c r="B1"><f>A1+1</f><v>40001</v></c>')
    assert shown(book, "A1", "B1") != [40000, 40001]
    assert not book.calculation.differences()


def test_chance_is_told(opened: Callable[..., Book]) -> None:
    book = opened('<c r="A1"><f>RAND()</f><v>0.5</v></c><c r="B1"><f>A1+1</f><v>1.5</v></c>')
    assert all("random" in computed.unverified for computed in book.values.values())


# What formulas mean ------------------------------------------------------------


def sheet_of(formulas: dict[str, str]) -> dict[str, Computed]:
    """The results of formulas on a sheet with numbers, a table, names and other sheets."""
    xl = openpyxl.Workbook()
    sheet = xl.worksheets[0]
    sheet.title = "S"
    sheet.append(["Item", "Qty", "Price"])
    for row in range(1, 5):
        sheet.append([f"i{row}", row, row * 10])
    sheet.add_table(Table(displayName="T", ref="A1:C5"))
    for number, title in enumerate(["Two", "It's"], start=2):
        xl.create_sheet(title)["B2"] = number
    for name, text in {
        "rate": "0.5",
        "both": "S!$B$2:$B$5",
        "twice": "SUM(both)*2",
        "above": "S!B1",
        "DOUBLE": "_xlfn.LAMBDA(_xlpm.x,_xlpm.x*2)",
        "endless": "endless+1",
    }.items():
        xl.defined_names[name] = DefinedName(name, attr_text=text)
    xl["Two"].defined_names["rate"] = DefinedName("rate", attr_text="Two!$B$2")
    for name, text in formulas.items():
        title, _, place = name.rpartition("!")
        xl[title or "S"][place] = text
    values = Calculation(lambda: EditorSource(xl)).values()
    return {name: values[address(name)] for name in formulas}


MEANINGS = {
    "E2": ("=T[[#This Row],[Qty]]*T[[#This Row],[Price]]", 10),
    "E3": ("=T[@Qty]", 2),
    "A5": ("=[@Price]/10", 4),
    "F1": ("=SUM(T[Price])", 100),
    "F2": ("=SUM(T[[Qty]:[Price]])", 110),
    "F3": ("=COUNTA(T[#Headers])", 3),
    "F4": ("=ROWS(T[#All])", 5),
    "F5": ("=T[[#Headers],[Qty]]", "Qty"),
    "F6": ("=SUM(T[[#Totals],[Qty]])", "#REF!"),
    "F7": ("=ROWS(T)", 4),
    "F8": ("=SUM(INDEX(t,2,0))+SUM(T[])", 136),
    "G1": ("=rate*2", 1),
    "Two!G1": ("=rate*2", 4),
    "G2": ("=SUM(both)", 10),
    "G3": ("=twice", 20),
    "B9": ("=above", None),
    "G4": ("=DOUBLE(21)", 42),
    "H1": ("=SUM(S:Two!B2)", 3),
    "H2": ("=SUM('S:It''s'!B2)", 6),
    "H3": ("=Two!B2+'It''s'!B2", 5),
    "I2": ("=both*10", 10),
    "I3": ("=B2:B5+C2:C5", 22),
    "I9": ("=both+1", "#VALUE!"),
    "J3": ("=SUM(B2:B5*C2:C5)", 40),
    "J4": ("=SUMPRODUCT(B2:B5*C2:C5)", 300),
    "J5": ("=_xlfn.SINGLE(B2:B5)", 4),
    "K1": ("=SUM((B2:B3,C5))", 43),
    "K2": ("=SUM(A1:C3 B2:C9)", 33),
    "K3": ("=SUM(B2:B3 C2:C9)", "#NULL!"),
    "L1": ("=SHEETS()", 3),
    "Two!L1": ("=SHEET()", 2),
}


def test_references_of_every_kind_mean_what_they_mean_in_excel() -> None:
    results = sheet_of({name: text for name, (text, _) in MEANINGS.items()})
    wrong = {
        name: (MEANINGS[name][0], results[name])
        for name, (_, expected) in MEANINGS.items()
        if not same(results[name].value, expected) and expected is not None
    }
    assert not wrong


UNKNOWN = {
    "E2": ("=E2+1", "refers to itself"),
    "E3": ("=E4", "refers to itself"),
    "E4": ("=E3", "refers to itself"),
    "F1": ("=[1]Other!A1", "another file"),
    "F2": ("=IFERROR([1]Other!A1,0)", "another file"),
    "F3": ("=F1+1", "depends on a cell"),
    "G1": ('=GETPIVOTDATA("x",A1)', "GETPIVOTDATA"),
    "G2": ("=IFERROR(NOSUCH(1),0)", "NOSUCH"),
    "G3": ("=endless", "without end"),
    "G4": ("=Missing[Qty]", "no table Missing"),
    "G5": ("=FORMULATEXT(F1)", "FORMULATEXT"),
    "G6": ("=IFERROR(AGGREGATE(14,6,B2:B5/(C2:C5>20),1),-1)", "form of a function"),
    "H1": ("=INDEX((B2:B3,C2:C3),1,1,2)", "#ERROR!"),
}


def test_what_can_not_be_calculated_says_why() -> None:
    results = sheet_of({name: text for name, (text, _) in UNKNOWN.items()})
    for name, (text, reason) in UNKNOWN.items():
        assert reason in results[name].unknown, (text, results[name])


# A table with one row has columns of one cell: it stands where a range is taken.
OF_ONE_CELL = {
    '=COUNTIF(A2,"i1")': 1,
    '=COUNTIF(S!A2,"i1")+COUNTIFS($A$2,"i*",$B$2,">0")': 2,
    '=SUMIF(A2,"i1",C2)': 10,
    '=SUMIFS(C2,A2,"i1")+AVERAGEIFS(C2,A2,"i1")+MAXIFS(C2,A2,"i1")': 30,
    '=VLOOKUP("i1",A2,1,FALSE)': "i1",
    '=XLOOKUP("i1",A2,C2)+MATCH("i1",A2,0)': 11,
    "=INDEX(C2,1)+LARGE(C2,1)+SMALL(B2,1)": 21,
    '=COUNTIF(One[Name],"x")+SUMIFS(One[Share],One[Name],"x")': 3,
}


def test_one_cell_is_a_range_where_one_is_taken() -> None:
    xl = openpyxl.Workbook()
    sheet = xl.worksheets[0]
    sheet.title = "S"
    for row in ([None] * 3, ["i1", 1, 10], ["Name", "Share"], ["x", 2]):
        sheet.append(row)
    sheet.add_table(Table(displayName="One", ref="A3:B4"))
    for row, formula in enumerate(OF_ONE_CELL, start=1):
        sheet.cell(row, 5, formula)
    values = Calculation(lambda: EditorSource(xl)).values()
    found = {formula: values["S", row, 5] for row, formula in enumerate(OF_ONE_CELL, start=1)}
    assert {f: c for f, c in found.items() if c != Computed(OF_ONE_CELL[f])} == {}


# Neither calculator gets these right by itself; cell by cell, both do.
BY_CELL = {
    '=SUMPRODUCT(--ISNUMBER(SEARCH("o",A1:A6)))': 3,
    '=SUM(COUNTIF(A1:A6,{"North","East"}))': 4,
    "=SUMPRODUCT(1/COUNTIF(A1:A6,A1:A6))": 4,
    "=SUMPRODUCT(LEN(A1:A6))": 27,
    '=SUMPRODUCT(SUMIF(A1:A6,{"North","East"},B1:B6))': 15,
    '=SUMPRODUCT(--(LEFT(A1:A6,1)="N"),B1:B6)': 6,
    '=SUMPRODUCT(VLOOKUP({"North","East"},A1:B6,2,0))': 4,
    "=SUMPRODUCT(ROUND(B1:B6/3,0))": 7,
    "=SUMPRODUCT((MOD(ROW(A1:A6),2)=0)*B1:B6)": 12,
    "=SUMPRODUCT(LARGE(B1:B6,{1,2}))": 11,
    "=SUMPRODUCT(SMALL(B1:B6,ROW(A1:A3)))": 6,
    "=SUMPRODUCT(SUBTOTAL(3,OFFSET(A1,ROW(A1:A6)-1,0)))": 6,
    '=SUMPRODUCT(ISNUMBER(MATCH(A1:A6,{"North","West"},0))*B1:B6)': 10,
    '=LOOKUP(2,1/(A1:A6="North"),B1:B6)': 5,
    '=IFERROR(LOOKUP(2,1/(A1:A6="Nowhere"),B1:B6),-1)': -1,
    "{=SUM(LEN(A1:A6))}": 27,
    "{=MAX(ABS(B1:B6-3))}": 3,
    '{=INDEX(B1:B6,MATCH(1,(A1:A6="North")*(B1:B6>1),0))}': 5,
    '{=IFERROR(SMALL(IF(A1:A6="East",B1:B6),2),0)}': 6,
}


def test_functions_of_one_value_are_calculated_for_each_cell_of_a_range() -> None:
    xl = openpyxl.Workbook()
    sheet = xl.worksheets[0]
    for row, text in enumerate(["North", "South", "East", "West", "North", "East"], start=1):
        sheet.cell(row, 1, text)
        sheet.cell(row, 2, row)
    for row, formula in enumerate(BY_CELL, start=1):
        array = formula.startswith("{")
        sheet.cell(row, 3, ArrayFormula(f"C{row}", formula[1:-1]) if array else formula)
    values = Calculation(lambda: EditorSource(xl)).values()
    found = {formula: values["Sheet", row, 3] for row, formula in enumerate(BY_CELL, start=1)}
    assert {f: c for f, c in found.items() if c != Computed(float(BY_CELL[f]))} == {}


def test_a_range_that_can_not_be_taken_cell_by_cell_is_not_taken_for_verified() -> None:
    """The two calculators may agree and be wrong: on a search in what is not sorted, say."""
    found = sheet_of(
        {
            "E1": '=SUMPRODUCT(LEN(INDIRECT("A2:A5")&B2:B5))',
            "E2": "=LOOKUP(2,B2:B5/C2:C5,B2:B5)",
            "E3": "=SUMPRODUCT(LEN(A:A))",
        }
    )
    assert all(computed.unknown or computed.unverified for computed in found.values())


def test_array_formulas_fill_all_their_cells() -> None:
    xl = openpyxl.Workbook()
    sheet = xl.worksheets[0]
    sheet.title = "S"
    for row in range(1, 4):
        sheet.cell(row, 1, row)
    sheet["B1"] = ArrayFormula("B1:B4", "=A1:A3*10")
    sheet["B2"], sheet["B3"] = 999, 999  # as a file holds them: values without a formula
    sheet["C1"] = ArrayFormula("C1:C2", "=5")
    sheet["D1"] = DynamicArray("D1:D2", "=_xlfn.SEQUENCE(3)")
    sheet["E1"] = "=SUM(B1:B3)+SUM(D1:D9)"
    values = Calculation(lambda: EditorSource(xl)).values()
    found = {name: values[address(name)].value for name in ("B1", "B2", "B3", "B4", "C2", "E1")}
    assert found == {"B1": 10, "B2": 20, "B3": 30, "B4": "#N/A", "C2": 5, "E1": 66}
    assert [values["S", row, 4].value for row in (1, 2, 3)] == [1, 2, 3]


def test_totals_of_the_rows_that_show_leave_the_others_out() -> None:
    xl = openpyxl.Workbook()
    sheet = xl.worksheets[0]
    sheet.title = "S"
    for row in range(1, 7):
        sheet.cell(row, 1, 10**row)
    sheet["B1"], sheet["B2"] = "=SUBTOTAL(109,A1:A6)", "=SUM(A1:A6)"
    sheet["B3"], sheet["B4"] = "=SUBTOTAL(101,A1:A2,A4:A6)+1", "=SUBTOTAL(9,A1:A6)"
    sheet["B5"] = "=SUBTOTAL(109,A2:A2)"
    sheet["B6"] = "=SUBTOTAL(103,OFFSET(A1,0,0,2))"
    calculation = Calculation(lambda: EditorSource(xl))
    assert calculation.values()["S", 1, 2].value == 1_111_110
    for row in (2, 5):
        sheet.row_dimensions[row].hidden = True
    calculation.changed()
    values = calculation.values()
    assert values["S", 1, 2] == Computed(1_011_010)
    assert values["S", 2, 2].value == 1_111_110
    assert values["S", 3, 2] == Computed((10 + 10**4 + 10**6) / 3 + 1)
    assert "hidden" in values["S", 4, 2].unknown, "a filter hides, or a hand: that is not known"
    assert "hidden" in values["S", 5, 2].unknown, "nothing shows"
    assert "hidden" in values["S", 6, 2].unknown


@pytest.mark.parametrize(
    "formula",
    [
        "=SUM('It''s'!A1:$B$2, \"a\"\"b\", #N/A, {1,2;3,4})*-1.5E+3%",
        "=Table1[[#This Row],[a '[b]]]&[1]Sheet!A1",
        "=IF(A1<>B1,1:3,A:A)^_xlfn.LET(_xlpm.x,1,_xlpm.x)#",
        "=((((",
        "='unclosed!A1",
    ],
)
def test_the_parts_of_a_formula_are_the_formula(formula: str) -> None:
    assert "=" + "".join(part.text for part in parts(formula)) == formula


# The second calculator's process ------------------------------------------------


def problem_of(*formulas: str) -> Problem:
    xl = openpyxl.Workbook()
    for row, formula in enumerate(formulas, start=1):
        xl.worksheets[0].cell(row, 1, formula)
    source = EditorSource(xl)
    return whole(source, all_formulas(source, Rewriter(Facts.of(source))), {})


@pytest.fixture
def calculator() -> object:
    made = SecondCalculator(memory_mb=256)
    yield made
    made.close()


def asked(calculator: SecondCalculator, *formulas: str) -> second.Ticket:
    ticket = calculator.ask(problem_of(*formulas))
    calculator.wait(ticket, time.monotonic() + 20)
    return ticket


def test_a_process_that_dies_is_started_again(calculator: SecondCalculator) -> None:
    assert asked(calculator, "=1+1").answer == {("Sheet", 1, 1): Computed(2.0)}
    assert calculator._process is not None
    os.kill(calculator._process.pid, signal.SIGKILL)
    calculator._process.wait()
    assert asked(calculator, "=1+2").answer == {("Sheet", 1, 1): Computed(3.0)}


def test_too_much_memory_ends_the_process_and_nothing_else(calculator: SecondCalculator) -> None:
    greedy = [f'=REPT("x",30000)&REPT("y",{n})' for n in range(2_500)]
    greedy.append("=LEN(" + "&".join(f"A{n}" for n in range(1, 200)) + ")")
    heavy = asked(calculator, *greedy, '=REPT(REPT("abcdefghij",32000),32000)')
    assert heavy.done
    assert asked(calculator, "=2*3").answer == {("Sheet", 1, 1): Computed(6.0)}


def test_brackets_without_end_cost_the_process_alone(calculator: SecondCalculator) -> None:
    deep = Problem(problem_of("=1").source, {})
    deep.tasks = dict(problem_of("=1").tasks)
    task = next(iter(deep.tasks.values()))
    depth = 20_000
    object.__setattr__(task, "text", "=" + "(" * depth + "1" + ")" * depth)
    ticket = calculator.ask(deep)
    calculator.wait(ticket, time.monotonic() + 20)
    assert ticket.done
    assert asked(calculator, "=7").answer == {("Sheet", 1, 1): Computed(7.0)}


def test_who_does_not_wait_has_the_answer_later(calculator: SecondCalculator) -> None:
    ticket = calculator.ask(problem_of(*[f"=SUM(1,{n})" for n in range(3_000)]))
    calculator.wait(ticket, 0)
    assert calculator.wait(ticket, time.monotonic() + 20)
    assert len(ticket.answer or {}) == 3_000


def test_another_question_takes_the_place_of_one_under_way(calculator: SecondCalculator) -> None:
    first = calculator.ask(problem_of(*[f"=SUM(1,{n})" for n in range(3_000)]))
    second_ = asked(calculator, "=4")
    assert first.done or first.superseded
    assert second_.answer == {("Sheet", 1, 1): Computed(4.0)}


_PARENT = """
import time
import openpyxl
from service.workbook.calculation import second
from service.workbook.calculation.graph import all_formulas
from service.workbook.calculation.problem import whole
from service.workbook.calculation.rewrite import Facts, Rewriter
from service.workbook.calculation.source import EditorSource
xl = openpyxl.Workbook()
xl.worksheets[0]["A1"] = "=1+1"
source = EditorSource(xl)
calculator = second.shared()
ticket = calculator.ask(whole(source, all_formulas(source, Rewriter(Facts.of(source))), {}))
assert calculator.wait(ticket, time.monotonic() + 30)
print(calculator._process.pid, flush=True)
time.sleep(60)
"""


def test_the_process_ends_with_its_parent_however_that_ends() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        os.kill(child, 0)
        parent.kill()
    until = time.monotonic() + 20
    while Path(f"/proc/{child}").exists() and time.monotonic() < until:
        if "Z" in Path(f"/proc/{child}/stat").read_text().split()[2:3]:
            break  # ended; nobody has asked for its status yet
        time.sleep(0.05)
    else:
        assert not Path(f"/proc/{child}").exists()


@pytest.mark.parametrize(
    ("formula", "doubtful"),
    [
        ('="Sum: "&A2', True),
        ("=CONCATENATE(A2,A3)", True),
        ('="Sum: "&ROUND(A2,2)', False),
        ('="Sum: "&TEXT(A2,"0.00")', False),
        ('="Sum: "&A3', False),
        ("=A4", False),
    ],
)
def test_long_numbers_in_texts_are_told(
    formula: str, doubtful: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both calculators write 17 digits where Excel writes 15: "Sum: 0.3"."""
    monkeypatch.setattr(values_module, "SECOND_WAIT", 60.0)  # the machine may be busy
    number = 0.1 + 0.2
    book = new_book(
        headers=["n", "f"], rows=[[number, formula], [2.5, None], ["1.23456789012345678"]]
    )
    unverified = book.computed(book.sheet()["B2"]).unverified
    assert ("15 digits" in unverified) == doubtful


# The third one -------------------------------------------------------------------


@pytest.mark.needs("soffice")
def test_libreoffice_decides_what_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values_module, "ALL_WAIT", 60.0)  # the machine may be busy
    program = shutil.which("soffice")
    assert program
    xl = openpyxl.Workbook()
    sheet = xl.worksheets[0]
    for row, text in enumerate(["north", "south", "east"], start=1):
        sheet.cell(row, 1, text)
        sheet.cell(row, 2, row)
    sheet["C1"] = '=SUMPRODUCT(LEN(INDIRECT("A1:A3")&""))'
    sheet["C2"] = '=LOOKUP(2,1/(A1:A3<>"east"),B1:B3)'
    sheet["C3"] = "=IFERROR(NOSUCH(1),5)"
    sheet["C4"] = ArrayFormula("C4", '=AVERAGE(IF(A1:A3="east",B1:B3))')
    third = ThirdCalculator(program)
    calculation = Calculation(lambda: EditorSource(xl), third=third)
    values = calculation.values()
    assert "LibreOffice says 14" in values["Sheet", 1, 3].unverified
    assert values["Sheet", 2, 3] == Computed(2.0), "it agrees with the others"
    assert values["Sheet", 4, 3] == Computed(3.0), "two of three agree"
    assert "NOSUCH" in values["Sheet", 3, 3].unknown
    sheet["D1"] = 1
    calculation.changed()
    third._program = "/nowhere/soffice"  # it is not asked again: nothing it read has changed
    assert "LibreOffice says 14" in calculation.values()["Sheet", 1, 3].unverified
    third._program = program
    sheet["A1"] = "northern"
    calculation.changed()
    assert "LibreOffice says 17" in calculation.values()["Sheet", 1, 3].unverified


# Answers ---------------------------------------------------------------------------


def test_a_read_tells_what_is_not_sure() -> None:
    book = new_book(rows=[["=RAND()"], ["=NOSUCH(1)"], ["=1/0"], ["=1+1"]])
    result = run(book, "read_excel_range").result
    assert result["rows"][1:] == [["#NOT_CALCULATED"], ["#DIV/0!"], [2]]
    assert [set(error) for error in result["formula_errors"]] == [
        {"cell", "formula", "value", "cause", "hint"}
    ] * 2
    assert result["unverified"] == [
        {
            "cells": "Sheet1!A1",
            "reason": "it comes from random numbers, which change at each calculation",
        }
    ]


def test_opening_tells_differences_once_and_saving_keeps_the_files_values(
    chat: Chat, tmp_path: Path
) -> None:
    chat.upload(write_file(tmp_path / "odd.xlsx", ODD))
    opened = chat.op("open_excel_file", file="odd.xlsx")
    assert opened["result"]["value_differences"]["examples"] == [
        {"cell": "S!A4", "formula": "=A1*2", "in_file": 21.0, "computed": 20.0}
    ]
    assert "value_differences" not in chat.op("open_excel_file", file="odd.xlsx")["result"]
    assert [row[0] for row in chat.rows()] == [10, 42, 43, 21, 64]
    written = chat.op("write_excel_range", start="B1", rows=[[2]])
    assert "formula_errors" not in written["result"]
    assert [row[0] for row in chat.rows()] == [10, 42, 44, 21, 65]
    saved = chat.op("save_excel_file")
    assert [row[0] for row in chat.downloaded_rows(saved["files"][0])] == [10, 42, 44, 21, 65]
    written = chat.op("write_excel_range", start="A1", rows=[[11]])
    [error, *_] = written["result"]["formula_errors"]
    assert (error["cell"], error["value"]) == ("S!A2", "not calculated")
    assert written["result"]["unverified"][0]["cells"] == "S!A4"


def test_cells_are_told_as_ranges() -> None:
    cells = [("S", row, 2) for row in range(2, 9)] + [("S", 4, 4), ("Other", 1, 1)]
    assert ranges(cells) == "Other!A1, S!B2:B8, D4"
    many = [("S", row * 2, 1) for row in range(50)]
    assert ranges(many[1:]).endswith("and 37 more")


def test_days_off_in_a_range() -> None:
    """One of the calculators reads no range there, and is given the days themselves."""
    days = [["2026-01-05", 5, "2026-01-06"], [None, None, "2026-01-07"], [None, None, None]]
    book = new_book(rows=days)
    formulas = [
        "=WORKDAY(A1-1,B1,C1:C3)",
        "=WORKDAY(A1-1,B1,$C$3:$C$3)",
        "=WORKDAY.INTL(A1-1,B1,1,Sheet1!C1:C2)",
    ]
    run(book, "write_excel_range", start="E1", rows=[[formula] for formula in formulas])
    shown = [str(book.value(book.sheet().cell(row, 5)))[:10] for row in (1, 2, 3)]
    assert shown == ["2026-01-13", "2026-01-09", "2026-01-13"]
    assert not book.unverified()


def test_a_move_prepares_no_formulas_where_the_file_held_no_values(tmp_path: Path) -> None:
    """All of them are calculated anew anyway; where the file held values, these go along."""
    rows = [[1, "=A2*2"], [3, "=A3*2"], [None, "=SUM(B2:B3)"]]
    made = new_book(headers=["A", "B"], rows=rows)
    made.save(tmp_path / "held.xlsx")
    opened = Book.load(tmp_path / "held.xlsx", "held.xlsx")
    assert len(opened.calculation.before_move().formulas) == 3
    assert not made.calculation.before_move().formulas
    for book in (made, opened):
        run(book, "edit_excel_sheet", action="insert_rows", target="3:3")
        run(book, "write_excel_range", start="A3", rows=[[5, "=A3*2"]])
        run(book, "edit_excel_sheet", action="rename", sheet="Sheet1", new_name="Other")
        run(book, "edit_excel_sheet", action="delete_rows", target="2:2")
        sheet = book.sheet()
        assert [book.value(sheet[name]) for name in ("B2", "B3", "B4")] == [10, 6, 16]
        assert not book.formula_errors()


def test_parts_of_times_that_are_off_by_a_hair_are_agreed_on() -> None:
    """8:00 less 1:00 is less than 7:00 by what calculating leaves off; Excel rounds it."""
    rows = [
        [
            f"{hour:02d}:00",
            f"=HOUR(A{row}-TIME(1,0,0))",
            f'=IF(HOUR( A{row} )*60+MINUTE(TEXT(A{row},"hh:mm"))=HOUR({hour}/24)*60,"same","")',
            f"=MINUTE(46000+{hour}/24-10/1440)",
            f"=SECOND(A{row}-TIME(0,0,10))",
            f'=SUMPRODUCT(HOUR(A{row}:A{row}))+HOUR("0{hour % 10}:30")',
        ]
        for row, hour in enumerate(range(1, 24), 2)
    ]
    book = new_book(headers=list("ABCDEF"), rows=rows)
    for row, hour in enumerate(range(1, 24), 2):
        found = [book.value(cell) for cell in book.sheet()[row]][1:]
        assert found == [hour - 1, "same", 50, 50, hour + hour % 10], f"{hour}:00"
    assert book.unverified() == []
