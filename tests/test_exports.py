"""Workbooks as JSON, HTML, Markdown, PDF and pictures; CSV is in test_csv.py."""

from __future__ import annotations

import html.parser
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image

from service.errors import (
    InvalidParameters,
    InvalidRange,
    OperationTooBig,
    OperationTooSlow,
    SheetRequired,
    UnsupportedFile,
)
from service.workbook import libreoffice, printed
from service.workbook.book import Book
from tests.bench import new_book, run

ROWS = [
    ["Tea | green", 4, "2026-01-31", True],
    ["<b>two</b>\nlines", "=B2*1.07", "2026-01-31 14:30", None],
]
HEADERS = ["Item", "Net", "Day", "Ok"]


def two_sheets() -> Book:
    sheets = [
        {"name": "A", "headers": ["X"], "rows": [[1], [2]]},
        {"name": "B", "headers": ["Y", "Z"], "rows": [["a", 3]]},
        {"name": "Gone", "headers": ["W"], "rows": [[9]]},
        {"name": "Empty"},
    ]
    book = new_book("two.xlsx", sheets=sheets)
    book.sheet("Gone").sheet_state = "hidden"
    return book


def exported(book: Book, folder: Path, format: str, **parameters: Any) -> tuple[Path, Any]:
    answer = run(book, "export_excel_file", folder=folder, format=format, **parameters)
    (name,) = answer.exports
    assert answer.result["file"] == name
    return folder / name, answer.result


# Texts --------------------------------------------------------------------------


def test_json_has_records_with_values_of_their_types(tmp_path: Path) -> None:
    path, result = exported(new_book(headers=HEADERS, rows=ROWS), tmp_path, "json")
    assert path.name == "test.json"
    assert json.loads(path.read_text("utf-8")) == [
        {"Item": "Tea | green", "Net": 4, "Day": "2026-01-31", "Ok": True},
        {"Item": "<b>two</b>\nlines", "Net": 4.28, "Day": "2026-01-31 14:30", "Ok": None},
    ]
    assert result["range"] == "A1:D3"


def test_json_of_several_sheets_is_an_object_without_the_hidden_ones(tmp_path: Path) -> None:
    path, result = exported(two_sheets(), tmp_path, "json")
    assert path.name == "two.json"
    assert json.loads(path.read_text("utf-8")) == {
        "A": [{"X": 1}, {"X": 2}],
        "B": [{"Y": "a", "Z": 3}],
    }
    assert result["sheets"] == ["A", "B"]


def test_a_hidden_sheet_is_exported_when_it_is_named(tmp_path: Path) -> None:
    path, _ = exported(two_sheets(), tmp_path, "json", sheet="Gone")
    assert path.name == "two-Gone.json"
    assert json.loads(path.read_text("utf-8")) == [{"W": 9}]


def test_without_a_header_row_json_has_lists(tmp_path: Path) -> None:
    book = new_book(rows=[[1, 2], [3, 4]])
    path, _ = exported(book, tmp_path, "json")
    assert json.loads(path.read_text("utf-8")) == [[1, 2], [3, 4]]
    path, _ = exported(book, tmp_path, "json", options={"header": True})
    assert json.loads(path.read_text("utf-8")) == [{"1": 3, "2": 4}]


def test_blank_and_repeated_headers_become_different_names(tmp_path: Path) -> None:
    book = new_book(rows=[["a", None, "a"], [1, 2, 3]])
    path, _ = exported(book, tmp_path, "json", options={"header": True})
    assert json.loads(path.read_text("utf-8")) == [{"a": 1, "B": 2, "a (2)": 3}]


class Cells(html.parser.HTMLParser):
    """The texts of an HTML table's cells, and the tags that were met."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("td", "th"):
            self.found.append("")

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in ("td", "th") and data != "\n":
            self.found[-1] += data


def test_html_is_a_page_of_its_own_with_texts_as_texts(tmp_path: Path) -> None:
    path, _ = exported(new_book(headers=HEADERS, rows=ROWS), tmp_path, "html")
    text = path.read_text("utf-8")
    cells = Cells(text)
    assert cells.found[:5] == [*HEADERS, "Tea | green"]
    assert "<b>two</b>\nlines" in cells.found
    tags = [tag for tag, _ in cells.tags]
    assert not {"b", "script", "link", "img"} & set(tags)
    assert [attrs["scope"] for tag, attrs in cells.tags if tag == "th"] == ["col"] * 4
    assert "http" not in text


def test_html_makes_texts_harmless_for_excel_when_asked(tmp_path: Path) -> None:
    book = new_book(headers=["a"], rows=[["'=1+1"], [-5]])
    plain, _ = exported(book, tmp_path, "html")
    assert "=1+1" in Cells(plain.read_text("utf-8")).found
    path, _ = exported(book, tmp_path, "html", options={"neutralize_formulas": True})
    assert Cells(path.read_text("utf-8")).found[1:] == ["'=1+1", "-5"]


def test_people_read_texts_as_excel_shows_them(tmp_path: Path) -> None:
    book = new_book(headers=["Cost", "Share"], rows=[[1234.5, 0.125]])
    run(book, "format_excel_cells", range="A2", style={"number_format": "currency EUR"})
    run(book, "format_excel_cells", range="B2", style={"number_format": "percent 1"})
    path, _ = exported(book, tmp_path, "html")
    assert Cells(path.read_text("utf-8")).found[2:] == ["1,234.50 €", "12.5%"]
    path, _ = exported(book, tmp_path, "json")
    assert json.loads(path.read_text("utf-8")) == [{"Cost": 1234.5, "Share": 0.125}]


def test_markdown_has_a_table_a_sheet(tmp_path: Path) -> None:
    path, _ = exported(new_book(headers=HEADERS, rows=ROWS), tmp_path, "markdown")
    assert path.name == "test.md"
    lines = path.read_text("utf-8").splitlines()
    assert lines[:3] == [
        "| Item | Net | Day | Ok |",
        "| --- | ---: | --- | --- |",
        "| Tea \\| green | 4 | 2026-01-31 | TRUE |",
    ]
    assert lines[3].startswith("| \\<b\\>two\\</b\\><br>lines |")
    path, _ = exported(two_sheets(), tmp_path, "markdown")
    assert "## A\n\n| X |\n| ---: |\n| 1 |\n| 2 |\n\n## B\n" in path.read_text("utf-8")


def test_csv_is_a_file_a_sheet(tmp_path: Path) -> None:
    answer = run(two_sheets(), "export_excel_file", folder=tmp_path)
    assert answer.exports == ["two-A.csv", "two-B.csv"]
    assert (tmp_path / "two-B.csv").read_text("utf-8-sig") == "Y,Z\na,3\n"


def test_an_option_of_another_format_is_refused(tmp_path: Path) -> None:
    book = new_book(rows=[[1]])
    with pytest.raises(InvalidParameters, match='json has no option "delimiter"') as raised:
        exported(book, tmp_path, "json", options={"delimiter": ";"})
    assert "header" in raised.value.hint
    assert not list(tmp_path.iterdir())


def test_a_range_needs_its_sheet(tmp_path: Path) -> None:
    with pytest.raises(SheetRequired, match=r"several sheets: \"A\"") as raised:
        exported(two_sheets(), tmp_path, "json", range="A1:A2")
    assert "parameter sheet" in raised.value.hint


def test_nothing_to_see_is_refused(tmp_path: Path) -> None:
    book = new_book(sheets=[{"name": "A"}, {"name": "B"}])
    with pytest.raises(InvalidRange, match="empty"):
        exported(book, tmp_path, "html")


# Pages --------------------------------------------------------------------------


@pytest.fixture
def office() -> Iterator[None]:
    """LibreOffice allowed in this process, as engines have it."""
    libreoffice.use(libreoffice.AUTO, 60)
    yield
    libreoffice.use(libreoffice.OFF, 0)


def texts_of(path: Path) -> list[str]:
    """The text of each page."""
    with pypdfium2.PdfDocument(path) as document:
        return [page.get_textpage().get_text_range() for page in document]


def test_without_libreoffice_the_error_says_how_to_get_it(tmp_path: Path) -> None:
    libreoffice.use(libreoffice.OFF, 0)
    with pytest.raises(UnsupportedFile, match="LibreOffice") as raised:
        exported(new_book(rows=[[1]]), tmp_path, "pdf")
    assert "EXCEL_TOOLS_LIBREOFFICE" in raised.value.hint
    assert not list(tmp_path.iterdir())


@pytest.mark.needs("soffice")
@pytest.mark.usefixtures("office")
def test_a_pdf_shows_all_visible_sheets_and_our_values(tmp_path: Path) -> None:
    book = two_sheets()
    # A function that older LibreOffices do not know.
    run(book, "write_excel_range", sheet="A", start="B1", rows=[['=TEXTBEFORE("ab-c","-")']])
    path, result = exported(book, tmp_path, "pdf")
    texts = texts_of(path)
    assert result["pages"] == len(texts) == 2
    assert "ab" in texts[0]
    assert "#NAME?" not in texts[0]
    assert "Y" in texts[1]
    assert [p.name for p in tmp_path.iterdir()] == ["two.pdf"]


@pytest.mark.needs("soffice")
@pytest.mark.usefixtures("office")
def test_a_pdf_of_a_range_shows_nothing_else(tmp_path: Path) -> None:
    book = new_book(headers=["a", "b"], rows=[["one", "two"], ["three", "four"]])
    run(book, "edit_excel_sheet", action="add", sheet="Other")
    run(book, "write_excel_range", sheet="Other", rows=[["elsewhere"]])
    run(book, "edit_excel_sheet", action="layout", sheet="Other", options={"print_area": "A1"})
    path, _ = exported(book, tmp_path, "pdf", sheet="Sheet1", range="A2:A3")
    (text,) = texts_of(path)
    assert text.split() == ["one", "three"]


@pytest.mark.needs("soffice")
@pytest.mark.usefixtures("office")
def test_wide_sheets_are_laid_out_and_the_workbook_is_not(tmp_path: Path) -> None:
    headers = [f"A rather long header {number}" for number in range(9)]
    book = new_book(headers=headers, rows=[[1] * 9])
    path, result = exported(book, tmp_path, "pdf")
    assert result["pages"] == 1
    assert "columns" in result["notes"][0]
    with pypdfium2.PdfDocument(path) as document:
        width, height = document[0].get_size()
    assert width > height
    assert book.sheet().page_setup.orientation != "landscape"
    run(book, "edit_excel_sheet", action="layout", options={"orientation": "landscape"})
    _, result = exported(book, tmp_path, "pdf")
    assert result["pages"] > 1
    assert "notes" not in result


@pytest.mark.needs("soffice")
@pytest.mark.usefixtures("office")
def test_pictures_are_cut_to_what_is_on_the_page(tmp_path: Path) -> None:
    book = new_book(headers=["a", "b"], rows=[[1, 2]])
    run(book, "edit_excel_sheet", action="layout", options={"footer": "Page &P"})
    sizes = []
    for dpi in (75, 150):
        path, _ = exported(book, tmp_path, "png", options={"dpi": dpi})
        with Image.open(path) as picture:
            sizes.append(picture.size)
            assert picture.height < picture.width < 1000
    assert sizes[0] < sizes[1]
    assert [p.name for p in tmp_path.iterdir()] == ["test.png"]


@pytest.mark.needs("soffice")
@pytest.mark.usefixtures("office")
def test_a_picture_a_page_and_not_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.operations.exporting._MOST_FILES", 1)
    answer = run(two_sheets(), "export_excel_file", folder=tmp_path, format="png")
    assert answer.exports == ["two-1.png"]
    assert answer.result["notes"] == [
        "2 pages: the first 1 are made; name a range or export as pdf."
    ]


@pytest.mark.usefixtures("office")
def test_what_is_too_much_for_paper_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    libreoffice.use("/bin/true", 60)
    monkeypatch.setattr(printed, "_MOST_CELLS", 3)
    with pytest.raises(OperationTooBig, match="4 cells"):
        exported(new_book(rows=[[1, 2], [3, 4]]), tmp_path, "pdf")


@pytest.mark.needs("soffice")
def test_a_conversion_that_takes_too_long_is_ended_and_told(tmp_path: Path) -> None:
    libreoffice.use(libreoffice.AUTO, 0.05)
    try:
        with pytest.raises(OperationTooSlow, match="longer"):
            exported(new_book(rows=[[1]]), tmp_path, "pdf")
    finally:
        libreoffice.use(libreoffice.OFF, 0)
    assert not list(tmp_path.iterdir())
