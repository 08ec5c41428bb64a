"""CSV in and out: nothing changes its meaning on the way, and what was guessed is told."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

from service.errors import (
    ExcelToolsError,
    InvalidParameters,
    InvalidRange,
    InvalidValue,
    TooLarge,
    UnsupportedFile,
)
from service.workbook.book import Book
from service.workbook.sql.asking import Asking
from tests.bench import new_book, run

EXAMPLE = Path(__file__).parents[1] / "examples" / "sales.csv"


def imported(
    source: str | bytes, tmp_path: Path | None = None, **parameters: Any
) -> tuple[Book, dict[str, Any]]:
    """The workbook that a CSV text, or file of bytes, becomes, and the answer's result."""
    book, files = Book.blank("import.xlsx"), {}
    if isinstance(source, bytes):
        assert tmp_path is not None
        files["source"] = tmp_path / "list.csv"
        files["source"].write_bytes(source)
        source = "list.csv"
    answer = run(book, "import_csv_to_excel", files=files, source=source, **parameters)
    return book, answer.result


def rows_of(sheet: Worksheet) -> list[list[object]]:
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def kinds_of(result: dict[str, Any]) -> list[str]:
    return [column["type"] for column in result["columns"]]


def notes_of(result: dict[str, Any]) -> str:
    return " ".join(result.get("notes", []))


D = dt.date
# A dialect each: text, options, the rows that must stand in the sheet.
DIALECTS: dict[str, tuple[str, dict[str, Any], list[list[object]]]] = {
    "comma": ("a,b\n1,x\n2,y\n", {}, [["a", "b"], [1, "x"], [2, "y"]]),
    "semicolon": ("a;b\n1;x\n2;y\n", {}, [["a", "b"], [1, "x"], [2, "y"]]),
    "tab": ("a\tb\n1\tx\n2\ty\n", {}, [["a", "b"], [1, "x"], [2, "y"]]),
    "pipe": ("a|b\n1|x\n2|y\n", {}, [["a", "b"], [1, "x"], [2, "y"]]),
    "one column": ("n\n1\n2\n", {}, [["n"], [1], [2]]),
    "a delimiter that was said": ("a:b\n1:x\n", {"delimiter": ":"}, [["a", "b"], [1, "x"]]),
    "a delimiter by name": ("a\tb,c\n1\t2,3\n", {"delimiter": "tab"}, [["a", "b,c"], [1, 2.3]]),
    "Excel's sep line": ("sep=;\na;b\n1;x\n", {}, [["a", "b"], [1, "x"]]),
    "semicolons and decimal commas": (
        "a;b\n1,5;x\n22,75;y\n",
        {},
        [["a", "b"], [1.5, "x"], [22.75, "y"]],
    ),
    "CRLF": ("a,b\r\n1,x\r\n2,y\r\n", {}, [["a", "b"], [1, "x"], [2, "y"]]),
    "CR alone": ("a,b\r1,x\r2,y\r", {}, [["a", "b"], [1, "x"], [2, "y"]]),
    "no line break at the end": ("a,b\n1,x", {}, [["a", "b"], [1, "x"]]),
    "a byte order mark in text": ("\ufeffa,b\n1,x\n", {}, [["a", "b"], [1, "x"]]),
    "quotes around all": ('"a","b"\n"1","x, y"\n', {}, [["a", "b"], [1, "x, y"]]),
    "doubled quotes": ('a,b\n1,"say ""hi"""\n', {}, [["a", "b"], [1, 'say "hi"']]),
    "escaped quotes": (
        'a,b\n"say \\"hi\\", he said",1\n',
        {},
        [["a", "b"], ['say "hi", he said', 1]],
    ),
    "quoted line breaks": ('a,b\n"x\r\ny",1\n', {}, [["a", "b"], ["x\ny", 1]]),
    "inches": ('a,b\n5" pipe,1\n', {}, [["a", "b"], ['5" pipe', 1]]),
    "apostrophes": ("a,b\nO'Brien,'tis\n", {}, [["a", "b"], ["O'Brien", "'tis"]]),
    "apostrophes as quotes": ("a,b\n'x, y',1\n'z',2\n", {}, [["a", "b"], ["x, y", 1], ["z", 2]]),
    "apostrophes around all": ("'a','b'\n'x','y'\n", {}, [["a", "b"], ["x", "y"]]),
    "spaces after the commas": ('a, b, c\n1, "x, y", z\n', {}, [["a", "b", "c"], [1, "x, y", "z"]]),
    "empty lines": ("\n\na,b\n\n1,x\n,\n2,y\n", {}, [["a", "b"], [1, "x"], [2, "y"]]),
    "delimiters that end lines": ("a;b;\n1;x;\n2;y;\n", {}, [["a", "b"], [1, "x"], [2, "y"]]),
    "no headers": ("1,x\n2,y\n", {}, [[1, "x"], [2, "y"]]),
    "headers denied": ("a,b\nc,d\n", {"header": False}, [["a", "b"], ["c", "d"]]),
    "headers insisted on": ("1,2\n3,4\n", {"header": True}, [["1", "2"], [3, 4]]),
    "a first row that repeats below": (
        "x,red\ny,blue\nx,red\n",
        {},
        [["x", "red"], ["y", "blue"], ["x", "red"]],
    ),
    "years as headers": (
        "Region,2024,2025\nN,1,2\n",
        {},
        [["Region", "2024", "2025"], ["N", 1, 2]],
    ),
    "headers alone": ("a,b,c\n", {}, [["a", "b", "c"]]),
    "a title above": (
        "Sales\nMay 2026\n\nx,y,z\n1,2,3\n4,5,6\n",
        {},
        [
            ["Sales", None, None],
            ["May 2026", None, None],
            [None] * 3,
            ["x", "y", "z"],
            [1, 2, 3],
            [4, 5, 6],
        ],
    ),
    "a bank's lines above": (
        (
            "Statement;;;\nIBAN:;DE89370400440532013000;;\nFrom - to;01.01. - 31.01.2026;;\n;;;\n"
            "Day;Text;Amount;Currency\n02.01.2026;Rent;-850,50;EUR\n13.01.2026;Pay;3.200,00;EUR\n"
        ),
        {},
        [
            ["Statement", None, None, None],
            ["IBAN:", "DE89370400440532013000", None, None],
            ["From - to", "01.01. - 31.01.2026", None, None],
            [None] * 4,
            ["Day", "Text", "Amount", "Currency"],
            [dt.date(2026, 1, 2), "Rent", -850.5, "EUR"],
            [dt.date(2026, 1, 13), "Pay", 3200, "EUR"],
        ],
    ),
    "few values below the headers": (
        "a;b;c;d\n1;;;\n2;;;\n3;4;5;6\n4;5;6;7\n5;6;7;8\n",
        {},
        [
            ["a", "b", "c", "d"],
            *[[n, None, None, None] for n in (1, 2)],
            *[[n, n + 1, n + 2, n + 3] for n in (3, 4, 5)],
        ],
    ),
    "a quote that never closes": ('a,b\n"x,1\ny,2\n', {}, [["a", "b"], ['"x', 1], ["y", 2]]),
}


@pytest.mark.parametrize("name", DIALECTS)
def test_dialects_are_understood(name: str) -> None:
    text, options, rows = DIALECTS[name]
    book, _ = imported(text, options=options)
    assert rows_of(book.sheet()) == rows


# A column each: its values, options, its type, what the cells must hold.
COLUMNS: dict[str, tuple[list[str], dict[str, Any], str, list[object]]] = {
    "whole numbers": (["1", "-20", "", "300"], {}, "number", [1, -20, None, 300]),
    "decimals": (["1.5", "-0.25", ".5"], {}, "number", [1.5, -0.25, 0.5]),
    "decimal commas": (["1,5", "20,25"], {}, "number", [1.5, 20.25]),
    "points between thousands": (["1.234,50", "2,00"], {}, "number", [1234.5, 2]),
    "commas between thousands": (["1,234.50", "2.00"], {}, "number", [1234.5, 2]),
    "apostrophes between thousands": (["1'234.50", "2.00"], {}, "number", [1234.5, 2]),
    "spaces between thousands": (["1 234,50", "2,00"], {}, "number", [1234.5, 2]),
    "one comma, two meanings": (["1,234", "5"], {}, "text", ["1,234", "5"]),
    "one comma, settled": (["1,234", "5"], {"decimal": "."}, "number", [1234, 5]),
    "one comma, settled otherwise": (["1,234", "5"], {"decimal": ","}, "number", [1.234, 5]),
    "scientific": (["1.5E-05", "2.0e+3"], {}, "number", [1.5e-05, 2000.0]),
    "article numbers like 1E5": (["1E5", "2E7"], {}, "text", ["1E5", "2E7"]),
    "leading zeros": (["007", "8"], {}, "text", ["007", "8"]),
    "fifteen digits": (["123456789012345"], {}, "number", [123456789012345]),
    "sixteen digits": (["1234567890123456"], {}, "text", ["1234567890123456"]),
    "all digits of a double": (["0.30000000000000004"], {}, "number", [0.30000000000000004]),
    "international phones": (
        ["+49301234567", "+4312345"],
        {},
        "text",
        ["+49301234567", "+4312345"],
    ),
    "phones with spaces": (["49 30 1234", "49 30 5678"], {}, "text", ["49 30 1234", "49 30 5678"]),
    "IBANs": (["DE89370400440532013000"], {}, "text", ["DE89370400440532013000"]),
    "one text among numbers": (
        ["1", "n/a", "3", "4", "5"],
        {},
        "text",
        ["1", "n/a", "3", "4", "5"],
    ),
    "text by wish": (["10115", "20095"], {"text_columns": ["v"]}, "text", ["10115", "20095"]),
    "percentages": (["5%", "12.5 %"], {}, "percent", [0.05, 0.125]),
    "euros": (["1,50 €", "1.200,00 €"], {}, "currency", [1.5, 1200]),
    "dollars": (["$1,200.50", "-$3.00"], {}, "currency", [1200.5, -3]),
    "two currencies": (["$1.50", "€2.50"], {}, "text", ["$1.50", "€2.50"]),
    "booleans": (["true", "FALSE", ""], {}, "boolean", [True, False, None]),
    "booleans and more": (["true", "maybe"], {}, "text", ["true", "maybe"]),
    "ISO dates": (["2026-01-31", "2026-02-01"], {}, "date", [D(2026, 1, 31), D(2026, 2, 1)]),
    "ISO moments": (
        ["2026-01-31 14:30", "2026-02-01T08:00"],
        {},
        "datetime",
        [dt.datetime(2026, 1, 31, 14, 30), dt.datetime(2026, 2, 1, 8)],
    ),
    "dates with points": (["01.02.2026", "3.4.2026"], {}, "date", [D(2026, 2, 1), D(2026, 4, 3)]),
    "a day beyond twelve": (
        ["31/01/2026", "01/02/2026"],
        {},
        "date",
        [D(2026, 1, 31), D(2026, 2, 1)],
    ),
    "a day beyond twelve, second": (
        ["01/31/2026", "02/01/2026"],
        {},
        "date",
        [D(2026, 1, 31), D(2026, 2, 1)],
    ),
    "days or months": (["03/04/2026", "05/06/2026"], {}, "text", ["03/04/2026", "05/06/2026"]),
    "days first, settled": (["03/04/2026"], {"date_order": "dmy"}, "date", [D(2026, 4, 3)]),
    "months first, settled": (["03/04/2026"], {"date_order": "mdy"}, "date", [D(2026, 3, 4)]),
    "short years, settled": (
        ["03.04.26", "1.1.99"],
        {"date_order": "dmy"},
        "date",
        [D(2026, 4, 3), D(1999, 1, 1)],
    ),
    "no dates but ISO": (["31.01.2026"], {"date_order": "iso"}, "text", ["31.01.2026"]),
    "both beyond twelve": (["31/01/2026", "01/31/2026"], {}, "text", ["31/01/2026", "01/31/2026"]),
    "a day that isn't": (["30.02.2026"], {}, "text", ["30.02.2026"]),
    "before Excel's time": (["1899-12-31"], {}, "text", ["1899-12-31"]),
    "formulas": (["=1+1", "@SUM(A1)", "-x", "+y"], {}, "text", ["=1+1", "@SUM(A1)", "-x", "+y"]),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_has_one_type(name: str, tmp_path: Path) -> None:
    """What openpyxl holds, and what another library reads from the saved file."""
    values, options, kind, expected = COLUMNS[name]
    buffer = io.StringIO()
    csv.writer(buffer, delimiter="|").writerows([["k", "v"], *[["x", value] for value in values]])
    book, result = imported(buffer.getvalue(), options=options)
    assert kinds_of(result)[1] == kind
    held = [row[1] for row in rows_of(book.sheet())[1:]]
    assert held == expected
    book.save(tmp_path / "book.xlsx")
    other = CalamineWorkbook.from_path(str(tmp_path / "book.xlsx")).get_sheet_by_index(0)
    read = [row[1] for row in other.to_python()[1:]]
    assert read == ["" if value is None else value for value in expected]


def test_what_stays_text_is_told_with_the_way_out() -> None:
    _, result = imported("d,n,m\n03/04/2026,'1,1\n05/06/2026,2,2\n")
    assert '{"date_order": "dmy"}' in notes_of(result)
    _, result = imported("n;m\n1,234;x\n")
    assert '{"decimal": ","}' in notes_of(result)
    _, result = imported("k,v\n" + "".join(f"x,{n}\n" for n in range(8)) + "x,n/a\n")
    assert "'n/a' is no number" in notes_of(result)


def test_one_column_settles_another() -> None:
    """03/04 is a day and a month where the same file has a 31/01 elsewhere; so with 1.234."""
    _, result = imported("a,b\n03/04/2026,31/01/2026\n05/06/2026,01/02/2026\n")
    assert kinds_of(result) == ["date", "date"]
    book, _ = imported("a;b\n1.234;1,5\n2.345;2,5\n")
    assert rows_of(book.sheet())[1] == [1234, 1.5]


def test_looks_survive_where_values_change() -> None:
    book, _ = imported("a|b|c|d|e\n1.50|1,234.50|5%|2026-01-31|007\n2.25|9.00|7%|2026-02-01|008\n")
    formats = [cell.number_format for cell in book.sheet()[2]]
    assert formats == ["0.00", "#,##0.00", "0%", "yyyy-mm-dd", "@"]


@pytest.mark.parametrize("header", ["Phone", "ZIP", "Tel.", "Postleitzahl", "IBAN", "EAN"])
def test_digits_that_are_no_quantity_stay_text(header: str) -> None:
    _, result = imported(f"{header},n\n12345,1\n23456,2\n")
    assert kinds_of(result) == ["text", "number"]


def test_ragged_rows_lose_nothing_and_are_told() -> None:
    book, result = imported("a,b,c\n1,2\n3,4,5,6\n\n7,8,9\n")
    assert rows_of(book.sheet()) == [
        ["a", "b", "c", "Column 4"],
        [1, 2, None, None],
        [3, 4, 5, 6],
        [7, 8, 9, None],
    ]
    told = notes_of(result)
    assert "Line 2 has fewer" in told
    assert "Line 3 has more" in told


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    _, result = imported('sep=,\na,b\n"x\ny",1\n\n2\n')
    assert "Line 6 has fewer" in notes_of(result)


def test_headers_are_made_unique_and_told() -> None:
    book, result = imported("a,a,,A\n1,2,3,4\n")
    assert rows_of(book.sheet())[0] == ["a", "a (2)", "Column 3", "A (3)"]
    assert "without a header" in notes_of(result)
    assert "repeat" in notes_of(result)


ENCODED = {
    "utf-8": "Größe;Preis\nÄpfel;1,50 €\n",
    "utf-8-sig": "Größe;Preis\nÄpfel;1,50 €\n",
    "utf-16": "Größe;Preis\nÄpfel;1,50 €\n",
    "utf-16-le": "Size;Price\nApples;1,50\n",
    "utf-32": "Größe;Preis\nÄpfel;1,50 €\n",
    "cp1252": "Größe;Preis\nÄpfel – süß;1,50 €\nCafé;2,00 €\n",
    "cp1251": "Город;Цена\nМосква;5\nСанкт-Петербург;6\nНовосибирск;7\n",
    "cp1250": "Imię;Miasto\nŁukasz;Łódź\nŻaneta;Kraków\nWłodzimierz;Wrocław\n",
    "shift_jis": "名前;都市\n太郎;東京\n花子;大阪\n",
}


@pytest.mark.parametrize("encoding", ENCODED)
def test_encodings_are_found(encoding: str, tmp_path: Path) -> None:
    text = ENCODED[encoding]
    book, _ = imported(text.encode(encoding), tmp_path)
    first = text.splitlines()[0].split(";")
    assert rows_of(book.sheet())[0] == first
    assert rows_of(book.sheet())[1][0] == text.splitlines()[1].split(";")[0]


def test_an_encoding_can_be_said(tmp_path: Path) -> None:
    book, result = imported(
        "a;b\n\xa4;x\n".encode("latin-1"), tmp_path, options={"encoding": "latin-1"}
    )
    assert rows_of(book.sheet())[1] == ["\xa4", "x"]
    assert result["understood"]["encoding"] == "iso8859-1"


BAD: dict[str, tuple[str | bytes, dict[str, Any], type[ExcelToolsError]]] = {
    "no line break, no file": ("a,b,c", {}, InvalidParameters),
    "nothing": (b"", {}, InvalidValue),
    "blank lines": ("\n\n  \n", {}, InvalidValue),
    "NUL bytes": (b"a,b\n1,\x00\n", {}, UnsupportedFile),
    "a workbook": (b"PK\x03\x04rest", {}, UnsupportedFile),
    "a picture": (b"\x89PNG\r\n", {}, UnsupportedFile),
    "NUL in text": ("a,b\n1,\x00\n", {}, InvalidValue),
    "a strange encoding": (b"a,b\n1,2\n", {"encoding": "klingon"}, InvalidParameters),
    "no text encoding": (b"a,b\n1,2\n", {"encoding": "hex"}, InvalidParameters),
    "the wrong encoding": (b"a,b\n\xff\xfe1,\xe4\n"[2:], {"encoding": "ascii"}, InvalidParameters),
    "two characters as delimiter": ("a,b\n1,2\n", {"delimiter": ";;"}, InvalidParameters),
    "a quote as delimiter": ("a,b\n1,2\n", {"delimiter": '"'}, InvalidParameters),
    "a letter as delimiter": ("a,b\n1,2\n", {"delimiter": "b"}, InvalidParameters),
    "an unknown option": ("a,b\n1,2\n", {"separator": ";"}, InvalidParameters),
    "an unknown text column": ("a,b\n1,2\n", {"text_columns": ["c"]}, InvalidParameters),
    "a value too long": ("a,b\n1," + "x" * 32_768 + "\n", {}, InvalidValue),
    "a value far too long": ("a,b\n1," + "x" * 200_000 + "\n", {}, InvalidValue),
    "too many columns": (",".join("x" * 16_385) + "\n1\n", {}, ExcelToolsError),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_csv_is_refused_and_changes_nothing(name: str, tmp_path: Path) -> None:
    source, options, error = BAD[name]
    book = new_book(headers=["a"], rows=[[1]])
    files = {}
    if isinstance(source, bytes):
        files["source"] = tmp_path / "x.csv"
        files["source"].write_bytes(source)
        source = "x.csv"
    with pytest.raises(error) as caught:
        run(book, "import_csv_to_excel", files=files, source=source, options=options)
    assert caught.value.hint
    assert book.sheet_names == ["Sheet1"]
    assert not book.broken


def test_the_cell_limit_holds() -> None:
    book = Book.blank("x.xlsx", max_cells=5)
    with pytest.raises(TooLarge):
        run(book, "import_csv_to_excel", source="a,b\n1,2\n3,4\n")
    assert not book.broken


def test_an_open_workbook_gets_a_sheet_of_its_own(tmp_path: Path) -> None:
    book = new_book(headers=["a"], rows=[[1]])
    path = tmp_path / "Sales [May].csv"
    path.write_text("x,y\n1,2\n")
    for expected in ("Sales  May", "Sales  May (2)"):
        answer = run(book, "import_csv_to_excel", files={"source": path}, source=path.name)
        assert answer.sheet == expected
    with pytest.raises(InvalidParameters):
        run(book, "import_csv_to_excel", source="x,y\n1,2\n", sheet="sheet1")
    run(book, "import_csv_to_excel", files={"source": path}, source="latest")
    run(book, "import_csv_to_excel", source="x,y\n1,2\n")
    names = ["Sheet1", "Sales  May", "Sales  May (2)", "Sales  May (3)", "Data"]
    assert book.sheet_names == names


def test_control_characters_are_left_out_and_told() -> None:
    book, result = imported("a,b\nx\x0by,1\n")
    assert rows_of(book.sheet())[1] == ["xy", 1]
    assert "line 2" in notes_of(result)


def test_a_hundred_thousand_rows_arrive_whole() -> None:
    """The detectors look at a sample; the types are decided over all rows."""
    chance = random.Random(1)
    lines = [f"2026-01-{n % 28 + 1:02},N{n % 7},{n},{chance.random():.4f}" for n in range(100_000)]
    lines[99_990] = "2026-01-01,N1,007,0.5"
    book, result = imported("day,region,code,share\n" + "\n".join(lines))
    assert kinds_of(result) == ["date", "text", "text", "number"]
    assert result["rows"] == 100_000
    sheet = book.sheet()
    for row in (2, 50_001, 99_992, 100_001):
        fields = lines[row - 2].split(",")
        read = [sheet.cell(row, column).value for column in range(1, 5)]
        # So many rows are read as those of a file: a day is its midnight.
        day = dt.datetime.fromisoformat(fields[0])
        assert read == [day, fields[1], fields[2], float(fields[3])]


def test_the_example_is_understood() -> None:
    book, result = imported(EXAMPLE.read_text(encoding="utf-8"))
    assert kinds_of(result) == ["date", "text", "text", "text", "number", "number"]
    assert "notes" not in result
    with EXAMPLE.open(newline="", encoding="utf-8") as file:
        expected = list(csv.DictReader(file))
    assert result["rows"] == len(expected)
    assert [row[0] for row in rows_of(book.sheet())[1:]] == [
        D.fromisoformat(row["Date"]) for row in expected
    ]


def test_the_sheet_looks_like_one_made_here() -> None:
    book, _ = imported("a,b\n1,x\n", options={"style": "green"})
    sheet = book.sheet()
    assert sheet["A1"].fill.fgColor.rgb.endswith("2F6B3A")
    assert sheet["A1"].font.bold
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:B2"


# Export -------------------------------------------------------------------------


def exported(book: Book, folder: Path, **parameters: Any) -> tuple[bytes, dict[str, Any]]:
    answer = run(book, "export_excel_file", folder=folder, **parameters)
    (name,) = answer.exports
    return (folder / name).read_bytes(), answer.result


def read_back(data: bytes, encoding: str = "utf-8-sig", delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(encoding), newline=""), delimiter=delimiter))


def test_values_are_exported_not_formulas_nor_formats(tmp_path: Path) -> None:
    book = new_book(
        headers=["Item", "Net", "Day", "Ok"],
        rows=[
            ["Tea, green", 4, "2026-01-31", True],
            ['say "hi"', "=B2*1.07", "2026-01-31 14:30", False],
            ["two\nlines", "=0.1+0.2", None, None],
            ["'=A1", "=1/0", None, None],
        ],
    )
    book.sheet()["B2"].number_format = "#,##0.00"
    data, result = exported(book, tmp_path)
    assert data.startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in data
    assert read_back(data) == [
        ["Item", "Net", "Day", "Ok"],
        ["Tea, green", "4", "2026-01-31", "TRUE"],
        ['say "hi"', "4.28", "2026-01-31 14:30", "FALSE"],
        ["two\nlines", "0.3", "", ""],
        ["=A1", "#DIV/0!", "", ""],
    ]
    assert result["file"] == "test.csv"


@pytest.mark.parametrize("delimiter", [",", ";", "|", "tab"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "latin-1", "utf-16"])
def test_delimiters_and_encodings(delimiter: str, encoding: str, tmp_path: Path) -> None:
    rows = [["Größe", "a,b;c|d\te"], ["x", "1"]]
    book = new_book(rows=rows)
    data, _ = exported(
        book,
        tmp_path,
        options={"delimiter": delimiter, "encoding": encoding, "bom": encoding == "utf-16"},
    )
    assert read_back(data, encoding, "\t" if delimiter == "tab" else delimiter) == rows


def test_a_delimiter_that_does_not_occur_is_told() -> None:
    _, result = imported("a,b\n1,2\n", options={"delimiter": ";"})
    note = '";" stands nowhere in the text, so it is one column; commas seem to separate values.'
    assert note in result["notes"]
    _, result = imported("a\n1\n", options={"delimiter": ";"})
    assert '";" stands nowhere in the text, so it is one column.' in result["notes"]


def test_hidden_rows_and_columns_are_exported_and_told(tmp_path: Path) -> None:
    book = new_book(rows=[["a", "b", "c"], [1, 2, 3], [4, 5, 6]])
    sheet = book.sheet()
    sheet.row_dimensions[2].hidden = sheet.row_dimensions[9].hidden = True
    sheet.column_dimensions["B"].hidden = True
    data, result = exported(book, tmp_path)
    assert read_back(data) == [["a", "b", "c"], ["1", "2", "3"], ["4", "5", "6"]]
    note = f"1 hidden row and 1 hidden column of {sheet.title} are exported, too."
    assert result["notes"] == [note]


def test_moments_with_a_time_zone_stay_texts_that_queries_read() -> None:
    source = "at,value\n2026-01-01T23:30:00Z,1\n2026-01-02T00:30:00+01:00,2\n"
    book, result = imported(source)
    assert '"at" stays text: 2026-01-01T23:30:00Z has a time zone' in result["notes"][0]
    table = Asking(book).asked(f"SELECT CAST(at_ AS TIMESTAMPTZ) AS t FROM {book.sheet_names[0]}")
    assert table.page(1, 9)["rows"] == [["2026-01-01T23:30:00"]] * 2


def test_numbers_have_the_decimal_mark_of_who_reads_them(tmp_path: Path) -> None:
    book = new_book(rows=[["Item", "Net"], ["v1.5", 1234.5], ["Tea", -2]])
    options = {"delimiter": ";", "decimal": ",", "bom": False}
    data, _ = exported(book, tmp_path, options=options)
    assert data == b"Item;Net\r\nv1.5;1234,5\r\nTea;-2\r\n"
    data, _ = exported(book, tmp_path, options={"decimal": ","})
    assert read_back(data)[1] == ["v1.5", "1234,5"]


def test_a_character_that_does_not_fit_names_its_cell(tmp_path: Path) -> None:
    book = new_book(rows=[["a", "b"], ["c", "5 €"]])
    with pytest.raises(InvalidValue, match="Sheet1!B2"):
        exported(book, tmp_path, options={"encoding": "latin-1"})
    assert not list(tmp_path.iterdir())


def test_a_range_of_one_of_several_sheets(tmp_path: Path) -> None:
    book = new_book(
        "My budget.xlsx",
        sheets=[
            {"name": "A", "rows": [[1]]},
            {"name": "Costs", "rows": [[1, 2, 3], [4, 5, 6]]},
        ],
    )
    data, result = exported(book, tmp_path, sheet="Costs", range="B1:XFD1048576")
    assert read_back(data) == [["2", "3"], ["5", "6"]]
    assert result["file"] == "My budget-Costs.csv"
    assert result["range"] == "B1:C2"


def test_nothing_to_export_is_refused(tmp_path: Path) -> None:
    book = new_book(rows=[[1]])
    with pytest.raises(InvalidRange):
        exported(book, tmp_path, range="C5:D9")
    with pytest.raises(InvalidRange):
        exported(new_book(), tmp_path)


def test_what_can_not_be_calculated_is_blank_and_told(tmp_path: Path) -> None:
    book = new_book(rows=[[1, '=WEBSERVICE("https://example.com")']])
    data, result = exported(book, tmp_path)
    assert read_back(data) == [["1", ""]]
    assert "B1" in notes_of(result)


def test_texts_can_be_made_harmless(tmp_path: Path) -> None:
    texts = ["=1+1", "+1", "-1", "@x", "\tx", "plain"]
    book = new_book(rows=[[f"'{text}" for text in texts] + [-5]])
    assert read_back(exported(book, tmp_path)[0]) == [[*texts, "-5"]]
    data, _ = exported(book, tmp_path, options={"neutralize_formulas": True})
    assert read_back(data) == [[*[f"'{text}" for text in texts[:5]], "plain", "-5"]]


TEXT = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff\ufffe\uffff"
    ),
    max_size=12,
)


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(st.lists(TEXT, min_size=3, max_size=3), min_size=1, max_size=6))
def test_texts_come_back_as_they_went(rows: list[list[str]], tmp_path: Path) -> None:
    """Any texts at all: written as CSV, imported as text, exported, and read by another."""
    headers = ["one", "two", "three"]
    source = io.StringIO()
    csv.writer(source).writerows([headers, *rows])
    options = {"header": True, "delimiter": ",", "text_columns": headers}
    book, _ = imported(source.getvalue(), options=options)
    data, _ = exported(book, tmp_path)
    kept = [row for row in rows if any(value.strip() for value in row)]
    expected = [[value if value.strip() else "" for value in row] for row in kept]
    assert read_back(data)[1:] == expected


NUMBERS = st.floats(min_value=-1e9, max_value=1e9, allow_nan=False).map(
    lambda x: round(x, 3)
) | st.integers(-(10**14), 10**14)


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(numbers=st.lists(NUMBERS, min_size=1, max_size=8), mark=st.sampled_from(".,"))
def test_numbers_keep_their_value(numbers: list[float], mark: str, tmp_path: Path) -> None:
    texts = [f"{n:.3f}" if isinstance(n, float) else str(n) for n in numbers]
    lines = "\n".join(f"x;{text.replace('.', mark)}" for text in texts)
    book, _ = imported(f"k;v\n{lines}\n", options={"decimal": mark})
    assert [row[1] for row in rows_of(book.sheet())[1:]] == [float(text) for text in texts]


MESSY = st.text(alphabet="ab01,;|\t\"'\n\r .-/%€=\\\x0b\x85\u2028é", max_size=60)


@settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=MESSY, encoding=st.sampled_from(["utf-8", "cp1252", "utf-16"]))
def test_any_mess_becomes_a_sheet_or_is_refused(text: str, encoding: str, tmp_path: Path) -> None:
    """And every character that isn't a mark of CSV itself is still there."""
    data = text.encode(encoding, "ignore")
    try:
        book, _ = imported(data, tmp_path, options={"encoding": encoding})
    except ExcelToolsError:
        return
    held = "".join(
        str(value) for row in rows_of(book.sheet()) for value in row if value is not None
    )
    for letter in "abé":
        assert held.count(letter) == text.encode(encoding, "ignore").decode(encoding).count(letter)
    book.save(tmp_path / "mess.xlsx")
    CalamineWorkbook.from_path(str(tmp_path / "mess.xlsx")).get_sheet_by_index(0)
