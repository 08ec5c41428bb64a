"""What a change makes of the text of formulas: a table of what Excel makes of them."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from service.workbook.areas import MAX_COLUMN, MAX_ROW, Area, parse_area
from service.workbook.references.changes import (
    DeleteCells,
    DeleteColumns,
    DeleteRows,
    GridChange,
    InsertCells,
    InsertColumns,
    InsertRows,
    MoveColumns,
    MoveRows,
)
from service.workbook.references.rewriting import (
    CopyRewriter,
    GridRewriter,
    OrderRewriter,
    RenameRewriter,
    Rewriter,
    TableEdit,
)
from service.workbook.references.text import translated

WHOLE = Area(1, 1, MAX_ROW, MAX_COLUMN)


def area(text: str) -> Area:
    return parse_area(text, WHOLE)


IN_3 = InsertRows("Data", 3, 2)
DEL_3_5 = DeleteRows("Data", 3, 3)
IN_C = InsertColumns("Data", 3)
DEL_B = DeleteColumns("Data", 2)
MOVE_2_8 = MoveRows("Data", 2, 2, 8)
MOVE_8_2 = MoveRows("Data", 8, 1, 2)
MOVE_B_E = MoveColumns("Data", 2, 1, 5)
DOWN = InsertCells("Data", area("B3:C4"), "rows")
RIGHT = InsertCells("Data", area("B3:C4"), "columns")
UP = DeleteCells("Data", area("B3:C4"), "rows")
LEFT = DeleteCells("Data", area("B3:C4"), "columns")

# (change of the sheet Data, formula on it, formula after the change)
SHIFTED: list[tuple[GridChange, str, str]] = [
    # Rows inserted in front of row 3
    (IN_3, "A1", "A1"),
    (IN_3, "A2", "A2"),
    (IN_3, "A3", "A5"),
    (IN_3, "$A$3", "$A$5"),
    (IN_3, "A$3+$A3", "A$5+$A5"),
    (IN_3, "a3", "A5"),
    (IN_3, "SUM(A1:A2)", "SUM(A1:A2)"),
    (IN_3, "SUM(A1:A3)", "SUM(A1:A5)"),
    (IN_3, "SUM(A3:A9)", "SUM(A5:A11)"),
    (IN_3, "SUM( A3 : A9 )", "SUM( A5 : A11 )"),
    (IN_3, "SUM(A:A)", "SUM(A:A)"),
    (IN_3, "SUM($A:$C)", "SUM($A:$C)"),
    (IN_3, "SUM(3:3)", "SUM(5:5)"),
    (IN_3, "SUM($1:$9)", "SUM($1:$11)"),
    (IN_3, "SUM(A1:A1048576)", "SUM(A1:A1048576)"),
    (IN_3, "SUM(A2:A1048576)", "SUM(A2:A1048576)"),
    (IN_3, "A1048576", "#REF!"),
    (IN_3, "A1048575:A1048576", "#REF!"),
    (IN_3, "Data!A3", "Data!A5"),
    (IN_3, "data!A3", "data!A5"),
    (IN_3, "'Data'!A3", "'Data'!A5"),
    (IN_3, "Other!A3", "Other!A3"),
    (IN_3, "'My Data'!A3", "'My Data'!A3"),
    (IN_3, "[1]Data!A3", "[1]Data!A3"),
    (IN_3, "'[1]Data'!A3", "'[1]Data'!A3"),
    (IN_3, "[2]!Name+A3", "[2]!Name+A5"),
    (IN_3, "Data:Last!A3", "Data:Last!A3"),
    (IN_3, "'Data:My Last'!A3:B4", "'Data:My Last'!A3:B4"),
    (IN_3, '"A3"&A3', '"A3"&A5'),
    (IN_3, '"say ""A3"""&A3', '"say ""A3"""&A5'),
    (IN_3, 'INDIRECT("A3")', 'INDIRECT("A3")'),
    (IN_3, "LOG10(A3)", "LOG10(A5)"),
    (IN_3, "ATAN2(A3,B3)", "ATAN2(A5,B5)"),
    (IN_3, "DAYS360(A3,A4)", "DAYS360(A5,A6)"),
    (IN_3, "BIN2DEC(A3)", "BIN2DEC(A5)"),
    (IN_3, "_xlfn.LOG10(A3)", "_xlfn.LOG10(A5)"),
    (IN_3, "Name3+A3", "Name3+A5"),
    (IN_3, "A3_total+A3", "A3_total+A5"),
    (IN_3, "my.A3+A3", "my.A3+A5"),
    (IN_3, "_A3+A3", "_A3+A5"),
    (IN_3, "ABCD3+A3", "ABCD3+A5"),
    (IN_3, "XFE3+A3", "XFE3+A5"),
    (IN_3, "XFD3", "XFD5"),
    (IN_3, "A0+A3", "A0+A5"),
    (IN_3, "Table1[A3]", "Table1[A3]"),
    (IN_3, "Table1[[#This Row],[A3]]+A3", "Table1[[#This Row],[A3]]+A5"),
    (IN_3, "Table1['[A3']]+A3", "Table1['[A3']]+A5"),
    (IN_3, "1E3+A3", "1E3+A5"),
    (IN_3, "1.5E+3*A3", "1.5E+3*A5"),
    (IN_3, ".5*A3", ".5*A5"),
    (IN_3, "{1,3;3,4}*A3", "{1,3;3,4}*A5"),
    (IN_3, "A3%", "A5%"),
    (IN_3, "-A3^2", "-A5^2"),
    (IN_3, "A3=A4", "A5=A6"),
    (IN_3, "A1:A3 A3:C3", "A1:A5 A5:C5"),
    (IN_3, "(A3,B3,C1)", "(A5,B5,C1)"),
    (IN_3, "A3:INDEX(B:B,3)", "A5:INDEX(B:B,3)"),
    (IN_3, "OFFSET(A3,3,3)", "OFFSET(A5,3,3)"),
    (IN_3, "A3#", "A5#"),
    (IN_3, "SUM(A3#)*2", "SUM(A5#)*2"),
    (IN_3, "@A3", "@A5"),
    (IN_3, "_xlfn.ANCHORARRAY(A3)", "_xlfn.ANCHORARRAY(A5)"),
    (IN_3, "_xlfn.LET(_xlpm.x,A3,_xlpm.x+A4)", "_xlfn.LET(_xlpm.x,A5,_xlpm.x+A6)"),
    (IN_3, "_xlfn.LAMBDA(_xlpm.a3,_xlpm.a3+A3)", "_xlfn.LAMBDA(_xlpm.a3,_xlpm.a3+A5)"),
    (IN_3, "#REF!+A3", "#REF!+A5"),
    (IN_3, "#N/A+A3", "#N/A+A5"),
    (IN_3, "Data!#REF!+A3", "Data!#REF!+A5"),
    (IN_3, "TRUE+A3", "TRUE+A5"),
    (IN_3, "IF(A3>3,A3,\n  B3)", "IF(A5>3,A5,\n  B5)"),
    (IN_3, "Größe!A3+A3", "Größe!A3+A5"),
    (IN_3, "'It''s'!A3+A3", "'It''s'!A3+A5"),
    (IN_3, "Data!A3:Data!B9", "Data!A5:Data!B11"),
    (IN_3, "SUM(B9:A3)", "SUM(B11:A5)"),
    (IN_3, "Data!Local+A3", "Data!Local+A5"),
    (IN_3, "R1C1+A3", "R1C1+A5"),
    (IN_3, "'3'!A3+A3", "'3'!A3+A5"),
    # Rows 3 to 5 deleted
    (DEL_3_5, "A2", "A2"),
    (DEL_3_5, "A3", "#REF!"),
    (DEL_3_5, "A5", "#REF!"),
    (DEL_3_5, "A6", "A3"),
    (DEL_3_5, "$A$6", "$A$3"),
    (DEL_3_5, "Data!A4", "#REF!"),
    (DEL_3_5, "Other!A4", "Other!A4"),
    (DEL_3_5, "SUM(A3:A5)", "SUM(#REF!)"),
    (DEL_3_5, "SUM(A4:C4)", "SUM(#REF!)"),
    (DEL_3_5, "SUM(A1:A9)", "SUM(A1:A6)"),
    (DEL_3_5, "SUM(A1:A4)", "SUM(A1:A2)"),
    (DEL_3_5, "SUM(A4:A9)", "SUM(A3:A6)"),
    (DEL_3_5, "SUM(A3:A6)", "SUM(A3:A3)"),
    (DEL_3_5, "SUM(4:9)", "SUM(3:6)"),
    (DEL_3_5, "SUM(4:4)", "SUM(#REF!)"),
    (DEL_3_5, "SUM(A:A)", "SUM(A:A)"),
    (DEL_3_5, "SUM(A1:A1048576)", "SUM(A1:A1048576)"),
    (DEL_3_5, "SUM(A2:A1048576)", "SUM(A2:A1048573)"),
    (DEL_3_5, "A4#", "#REF!"),
    (DEL_3_5, "A4:B4 A1:A9", "#REF! A1:A6"),
    (DEL_3_5, "A6+A4*A1", "A3+#REF!*A1"),
    # Columns
    (IN_C, "B1", "B1"),
    (IN_C, "C1", "D1"),
    (IN_C, "$C1:D$9", "$D1:E$9"),
    (IN_C, "SUM(A:C)", "SUM(A:D)"),
    (IN_C, "SUM($C:$C)", "SUM($D:$D)"),
    (IN_C, "SUM(2:3)", "SUM(2:3)"),
    (IN_C, "XFD1", "#REF!"),
    (IN_C, "SUM(A1:XFD1)", "SUM(A1:XFD1)"),
    (IN_C, "Z1+AA1", "AA1+AB1"),
    (DEL_B, "A1+C1", "A1+B1"),
    (DEL_B, "B1", "#REF!"),
    (DEL_B, "SUM(A1:C3)", "SUM(A1:B3)"),
    (DEL_B, "SUM(B:B)", "SUM(#REF!)"),
    (DEL_B, "SUM(B:D)", "SUM(B:C)"),
    (DEL_B, "VLOOKUP(A1,B1:F9,3)", "VLOOKUP(A1,B1:E9,3)"),
    # Rows and columns moved: references follow the cells, edges of ranges too
    (MOVE_2_8, "A2+A3", "A6+A7"),
    (MOVE_2_8, "A4", "A2"),
    (MOVE_2_8, "A7+A8", "A5+A8"),
    (MOVE_2_8, "SUM(A1:A9)", "SUM(A1:A9)"),
    (MOVE_2_8, "SUM(A2:A3)", "SUM(A6:A7)"),
    (MOVE_2_8, "SUM(A4:A7)", "SUM(A2:A5)"),
    (MOVE_2_8, "SUM(A1:A5)", "SUM(A1:A3)"),
    (MOVE_2_8, "SUM(A1:A3)", "SUM(A1:A7)"),
    (MOVE_2_8, "SUM(A2:A5)", "SUM(A2:A3)"),
    (MOVE_2_8, "SUM(A2:A9)", "SUM(A6:A9)"),
    (MOVE_2_8, "SUM(2:3)", "SUM(6:7)"),
    (MOVE_8_2, "A8+A2+A7", "A2+A3+A8"),
    (MOVE_8_2, "SUM(A2:A7)", "SUM(A3:A8)"),
    (MOVE_8_2, "SUM(A1:A9)", "SUM(A1:A9)"),
    (MOVE_8_2, "SUM(A1:A7)", "SUM(A1:A8)"),
    (MOVE_8_2, "SUM(A3:A8)", "SUM(A4:A8)"),
    (MOVE_B_E, "A1+B1+C1+D1+E1", "A1+D1+B1+C1+E1"),
    (MOVE_B_E, "SUM(A:F)", "SUM(A:F)"),
    (MOVE_B_E, "SUM(C:D)", "SUM(B:C)"),
    (MOVE_B_E, "SUM(A1:C1)", "SUM(A1:B1)"),
    # Cells
    (DOWN, "B2+B3+A3+D3", "B2+B5+A3+D3"),
    (DOWN, "SUM(B1:C9)", "SUM(B1:C11)"),
    (DOWN, "SUM(A1:C9)", "SUM(A1:C9)"),
    (DOWN, "SUM(B:B)+SUM(3:3)", "SUM(B:B)+SUM(3:3)"),
    (RIGHT, "A3+B3+B5+D4", "A3+D3+B5+F4"),
    (RIGHT, "SUM(A3:F4)", "SUM(A3:H4)"),
    (RIGHT, "SUM(A3:F5)", "SUM(A3:F5)"),
    (UP, "B3+B5+D5", "#REF!+B3+D5"),
    (UP, "SUM(B1:B9)", "SUM(B1:B7)"),
    (UP, "SUM(A3:C4)", "SUM(A3:C4)"),
    (LEFT, "D3+D5+C4", "B3+D5+#REF!"),
    (LEFT, "SUM(A3:D3)", "SUM(A3:B3)"),
]


@pytest.mark.parametrize(("change", "formula", "after"), SHIFTED)
def test_a_reference_follows_its_cells(change: GridChange, formula: str, after: str) -> None:
    rewriter = GridRewriter({}, "Data", change.shift)
    assert rewriter.formula(formula, "Data") == after
    elsewhere = rewriter.formula(formula, "Elsewhere")
    assert elsewhere == formula or re.search("data'?!", formula, re.IGNORECASE)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("Data!$A$3", "Data!$A$5"),
        ("Data!A3", "Data!A3"),  # stands for another cell in each cell that uses the name
        ("Data!$A3", "Data!$A3"),
        ("Data!A$3", "Data!A$5"),
        ("Data!$A$1:$A$9,Data!$C$3", "Data!$A$1:$A$11,Data!$C$5"),
        ("Data!$A:$B,Data!$1:$4", "Data!$A:$B,Data!$1:$6"),
        ("42", "42"),
    ],
)
def test_a_name_follows_where_it_is_absolute(text: str, after: str) -> None:
    assert GridRewriter({}, "Data", IN_3.shift).name(text, "") == after


ORDER = ["Data", "Two", "Three", "Four", "My last"]


def deleted(title: str) -> Rewriter:
    return OrderRewriter({}, ORDER, [name for name in ORDER if name != title])


def moved(title: str, position: int) -> Rewriter:
    after = [name for name in ORDER if name != title]
    after.insert(position - 1, title)
    return OrderRewriter({}, ORDER, after, title)


# (what is done to the sheets, formula, formula afterwards)
OF_SHEETS: list[tuple[Rewriter, str, str]] = [
    (RenameRewriter({}, "Data", "New"), "Data!A1+A1", "New!A1+A1"),
    (RenameRewriter({}, "Data", "New"), "DATA!A1", "New!A1"),
    (RenameRewriter({}, "Data", "New name"), "Data!A1", "'New name'!A1"),
    (RenameRewriter({}, "Data", "It's"), "SUM(Data!A1:B2)", "SUM('It''s'!A1:B2)"),
    (RenameRewriter({}, "Data", "A1"), "Data!B2", "'A1'!B2"),
    (RenameRewriter({}, "Data", "R1C1"), "Data!B2", "'R1C1'!B2"),
    (RenameRewriter({}, "Data", "2024"), "Data!B2", "'2024'!B2"),
    (RenameRewriter({}, "Data", "Größe"), "Data!B2", "Größe!B2"),
    (RenameRewriter({}, "My last", "Last"), "'My last'!A1", "Last!A1"),
    (RenameRewriter({}, "Data", "New"), '"Data!A1"&Data!A1', '"Data!A1"&New!A1'),
    (RenameRewriter({}, "Data", "New"), "[1]Data!A1", "[1]Data!A1"),
    (RenameRewriter({}, "Data", "New"), "Data!Name+Data", "New!Name+Data"),
    (RenameRewriter({}, "Data", "New"), "Data!#REF!", "New!#REF!"),
    (RenameRewriter({}, "Data", "New"), "SUM(Data:Two!A1)", "SUM(New:Two!A1)"),
    (RenameRewriter({}, "Two", "N n"), "SUM(Data:Two!A1)", "SUM('Data:N n'!A1)"),
    (RenameRewriter({}, "Data", "New"), "OldData!A1+DataX!A1", "OldData!A1+DataX!A1"),
    (deleted("Two"), "Two!A1+Data!A1", "#REF!+Data!A1"),
    (deleted("Two"), "SUM(Two!A1:B2)", "SUM(#REF!)"),
    (deleted("Two"), "Two!Name", "#REF!"),
    (deleted("My last"), "'My last'!$A:$B", "#REF!"),
    (deleted("Two"), "SUM(Data:Three!A1)", "SUM(Data:Three!A1)"),
    (deleted("Data"), "SUM(Data:Three!A1)", "SUM(Two:Three!A1)"),
    (deleted("Three"), "SUM(Data:Three!A1)", "SUM(Data:Two!A1)"),
    (deleted("Two"), "SUM(Data:Two!A1)", "SUM(Data!A1)"),
    (deleted("Two"), "[1]Two!A1+Unknown!A1", "[1]Two!A1+Unknown!A1"),
    (moved("Data", 5), "SUM(Data:Three!A1)", "SUM(Two:Three!A1)"),
    (moved("Three", 1), "SUM(Data:Three!A1)", "SUM(Data:Two!A1)"),
    (moved("Two", 5), "SUM(Data:Three!A1)", "SUM(Data:Three!A1)"),
    (moved("Data", 2), "SUM(Data:Three!A1)", "SUM(Data:Three!A1)"),
    (moved("Data", 2), "SUM(Data:Two!A1)", "SUM(Two!A1)"),
    (moved("Three", 5), "SUM(Data:Three!A1)", "SUM(Data:Three!A1)"),
    (moved("Data", 3), "Data!A1+Two!A1", "Data!A1+Two!A1"),
    (CopyRewriter({}, "Data", "Data (2)"), "A1+Data!A1+Two!A1", "A1+'Data (2)'!A1+Two!A1"),
    (CopyRewriter({}, "Data", "Copy"), "SUM(Data:Two!A1)", "SUM(Data:Two!A1)"),
]


@pytest.mark.parametrize(("rewriter", "formula", "after"), OF_SHEETS)
def test_a_reference_follows_its_sheet(rewriter: Rewriter, formula: str, after: str) -> None:
    assert rewriter.formula(formula, "Data") == after


GONE = TableEdit("Sales", ("Item", "Net", "Tax", "Sum"), frozenset({"tax", "sum"}))
COPIED = TableEdit("Sales2")
OF_TABLES: list[tuple[TableEdit, str, str]] = [
    (GONE, "SUM(Sales[Net])", "SUM(Sales[Net])"),
    (GONE, "SUM(Sales[Tax])", "SUM(#REF!)"),
    (GONE, "SUM(sales[tax])", "SUM(#REF!)"),
    (GONE, "Sales[[#This Row],[Tax]]*2", "#REF!*2"),
    (GONE, "Sales[[#This Row],[Net]]*2", "Sales[[#This Row],[Net]]*2"),
    (GONE, "Sales[[#Headers],[Item]:[Sum]]", "Sales[[#Headers],[Item]:[Net]]"),
    (GONE, "SUM(Sales[[Tax]:[Sum]])", "SUM(#REF!)"),
    (GONE, "SUM(Sales[#All])", "SUM(Sales[#All])"),
    (GONE, "SUM(Sales[])", "SUM(Sales[])"),
    (GONE, "SUM(Other[Tax])", "SUM(Other[Tax])"),
    (GONE, '"Sales[Tax]"', '"Sales[Tax]"'),
    (TableEdit(""), "SUM(Sales[Net])+ROWS(Sales)", "SUM(#REF!)+ROWS(#REF!)"),
    (COPIED, "SUM(Sales[Net])", "SUM(Sales2[Net])"),
    (COPIED, "ROWS(Sales)+Sales3[Net]", "ROWS(Sales2)+Sales3[Net]"),
    (COPIED, "Sales[[#This Row],[Net]]", "Sales2[[#This Row],[Net]]"),
]


@pytest.mark.parametrize(("edit", "formula", "after"), OF_TABLES)
def test_a_reference_follows_its_table(edit: TableEdit, formula: str, after: str) -> None:
    assert Rewriter({"sales": edit}).formula(formula, "Data") == after


@pytest.mark.parametrize(
    ("formula", "rows", "columns", "after"),
    [
        ("A1+$A1+A$1+$A$1", 2, 1, "B3+$A3+B$1+$A$1"),
        ("SUM(A:A,$2:3)", 1, 1, "SUM(B:B,$2:4)"),
        ("Other!A1+[1]Other!A1", 1, 0, "Other!A2+[1]Other!A1"),
        ("A1048576", 1, 0, "A1"),
        ("A1", -1, -1, "XFD1048576"),
        ('"A1"&A1', 1, 0, '"A1"&A2'),
        ("LOG10(A1)", 0, 1, "LOG10(B1)"),
    ],
)
def test_a_formula_is_read_in_another_cell(
    formula: str, rows: int, columns: int, after: str
) -> None:
    assert translated(formula, rows, columns) == after


rows_ = st.integers(1, 40)
counts = st.integers(1, 6)


@given(first=rows_, count=counts, top=rows_, height=st.integers(0, 20))
def test_deleting_what_was_inserted_gives_the_formula_back(
    first: int, count: int, top: int, height: int
) -> None:
    formula = f"SUM(A{top}:$B${top + height})+Data!C{top}"
    there = GridRewriter({}, "Data", InsertRows("Data", first, count).shift)
    back = GridRewriter({}, "Data", DeleteRows("Data", first, count).shift)
    assert back.formula(there.formula(formula, "Data"), "Data") == formula


@settings(deadline=None)  # a busy machine is no mistake
@given(first=rows_, count=counts, before=st.integers(1, 50), row=rows_)
def test_lines_that_are_moved_are_a_permutation(
    first: int, count: int, before: int, row: int
) -> None:
    assume(not first <= before <= first + count)
    change = MoveRows("Data", first, count, before)
    places = [change.lines.line(number) for number in range(1, 101)]
    assert sorted(places) == list(range(1, 101))  # type: ignore[type-var]
    assert [change.lines.origin(place) for place in places if place] == list(range(1, 101))
    assert change.moved("Data", row, 2) == ("Data", places[row - 1], 2)
    rewriter = GridRewriter({}, "Data", change.shift)
    assert rewriter.formula(f"B{row}", "Data") == f"B{places[row - 1]}"


@given(first=rows_, count=counts, top=rows_, height=st.integers(0, 20), before=st.integers(1, 50))
def test_each_cell_of_an_area_is_in_its_pieces(
    first: int, count: int, top: int, height: int, before: int
) -> None:
    found: list[GridChange] = [InsertRows("Data", first, count), DeleteRows("Data", first, count)]
    if not first <= before <= first + count:
        found.append(MoveRows("Data", first, count, before))
    block = Area(top, 1, top + height, 3)
    for change in found:
        cells = {change.shift.cell(row, 2) for row in range(top, top + height + 1)} - {None}
        held = {
            (row, 2)
            for piece in change.shift.pieces(block)
            for row in range(piece.first_row, piece.last_row + 1)
        }
        assert cells <= held
        assert isinstance(change, InsertRows) or cells == held


def test_the_table_is_long_enough() -> None:
    assert len(SHIFTED) + len(OF_SHEETS) + len(OF_TABLES) >= 180
