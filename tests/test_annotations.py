"""Comments, links, pictures and names: in new files and in opened ones."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from PIL import Image

from service.errors import ExcelToolsError, InvalidParameters, InvalidRange, InvalidValue, NotFound
from service.operations.annotations import AnnotationOptions
from service.workbook.book import Book
from tests.bench import new_book, run
from tests.corpus.validity import problems
from tests.kept import full_workbook
from tests.plugin_fixtures import load_plugin
from tests.service_fixtures import Chat

SHEETS = [
    {"name": "Data", "headers": ["n", "x"], "rows": [[1, 2], [3, 4]]},
    {"name": "My costs", "headers": ["a"], "rows": [[5], ["=SUM(Data!A2:A3)"]]},
]


@pytest.fixture(params=["new", "opened"])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Book:
    """Two sheets, made from nothing or opened from a file."""
    made = new_book(sheets=SHEETS)
    return made if request.param == "new" else reopened(made, tmp_path)


@pytest.fixture
def logo(tmp_path: Path) -> Path:
    path = tmp_path / "logo.png"
    Image.new("RGB", (192, 96), "navy").save(path)
    return path


def reopened(book: Book, folder: Path) -> Book:
    path = folder / "again.xlsx"
    book.save(path)
    assert problems(path) == []
    return Book.load(path, "test.xlsx")


def look(book: Book, folder: Path, sheet: str = "Data") -> Any:
    path = folder / "saved.xlsx"
    book.save(path)
    assert problems(path) == []
    return openpyxl.load_workbook(path)[sheet]


def annotate(book: Book, action: str, sheet: str = "Data", **parameters: Any) -> dict[str, Any]:
    return run(book, "annotate_excel_cells", action=action, sheet=sheet, **parameters).result


def put_image(book: Book, path: Path, **parameters: Any) -> dict[str, Any]:
    files = {"target": path}
    parameters = {"action": "image", "sheet": "Data", "target": path.name, **parameters}
    return run(book, "annotate_excel_cells", files=files, **parameters).result


# Comments ---------------------------------------------------------------------


def test_comments_are_added_changed_and_removed(book: Book, tmp_path: Path) -> None:
    told = annotate(book, "comment", range="B2", text="Checked.\nTwice.", options={"author": "Ana"})
    assert told == {"comment": "added", "cell": "B2", "author": "Ana"}
    comment = look(book, tmp_path)["B2"].comment
    assert (comment.text, comment.author) == ("Checked.\nTwice.", "Ana")
    again = reopened(book, tmp_path)
    size = {"width_cm": 10, "height_cm": 5}
    assert annotate(again, "comment", range="B2", text="No.", options=size)["comment"] == "changed"
    comment = look(again, tmp_path)["B2"].comment
    assert (comment.text, comment.author) == ("No.", "Ana")
    third = reopened(again, tmp_path)
    with ZipFile(tmp_path / "again.xlsx") as archive:
        shapes = [archive.read(name) for name in archive.namelist() if name.endswith(".vml")]
    assert len(shapes) == 1
    assert re.search(rb"width:(378px|283\.5pt)", shapes[0]), shapes[0]
    assert annotate(third, "list")["comments"] == [{"cell": "B2", "text": "No.", "author": "Ana"}]
    annotate(third, "remove", range="B2")
    assert look(third, tmp_path)["B2"].comment is None


def test_threads_are_kept_listed_and_refused_by_name(tmp_path: Path) -> None:
    full_workbook(tmp_path / "full.xlsx")
    book = Book.load(tmp_path / "full.xlsx", "full.xlsx")
    threads = [
        (item, title)
        for title in book.sheet_names
        for item in annotate(book, "list", title).get("comments", [])
        if item.get("thread")
    ]
    assert threads
    cell, title = threads[0][0]["cell"], threads[0][1]
    with pytest.raises(InvalidParameters, match="threaded"):
        annotate(book, "comment", title, range=cell, text="reply")
    annotate(book, "comment", title, range="Z9", text="beside it")
    book.save(tmp_path / "kept.xlsx")
    assert any("threadedComment" in name for name in ZipFile(tmp_path / "kept.xlsx").namelist())
    annotate(book, "remove", title, range=cell)
    book.save(tmp_path / "gone.xlsx")
    assert not any("threadedComment" in name for name in ZipFile(tmp_path / "gone.xlsx").namelist())
    assert problems(tmp_path / "gone.xlsx") == []


# Links ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "address", "location"),
    [
        ("https://example.com/a b?x=1&y=2", "https://example.com/a%20b?x=1&y=2", None),
        ("https://example.com/a#part", "https://example.com/a", "part"),
        ("www.example.com", "https://www.example.com", None),
        ("ana@example.com", "mailto:ana@example.com", None),
        ("mailto:ana@example.com?subject=Hi", "mailto:ana@example.com?subject=Hi", None),
        ("My costs!A2", None, "'My costs'!A2"),
        ("'my costs'!A1:A2", None, "'My costs'!A1:A2"),
        ("My costs", None, "'My costs'!A1"),
        ("B1", None, "'Data'!B1"),
        ("total", None, "total"),
    ],
)
def test_links_lead_where_they_should(
    target: str, address: str | None, location: str | None, book: Book, tmp_path: Path
) -> None:
    annotate(book, "name", name="total", target="My costs!A3")
    annotate(book, "link", range="D1", target=target, text="Go", options={"tip": "There"})
    cell = look(book, tmp_path)["D1"]
    link = cell.hyperlink
    assert (link.target, link.location, link.tooltip) == (address, location, "There")
    assert cell.value == "Go"
    assert cell.font.u == "single"
    assert cell.style == "Hyperlink"
    again = reopened(book, tmp_path)
    listed = annotate(again, "list")["links"][0]
    assert (listed["cell"], listed["text"], listed["tip"]) == ("D1", "Go", "There")
    annotate(again, "link", range="D1", target="https://example.org")
    cell = look(again, tmp_path)["D1"]
    assert (cell.hyperlink.target, cell.hyperlink.location) == ("https://example.org", None)
    annotate(again, "remove", range="D1")
    cell = look(again, tmp_path)["D1"]
    assert (cell.hyperlink, cell.font.u, cell.value) == (None, None, "Go")


def test_a_link_keeps_the_cells_value_and_look(book: Book, tmp_path: Path) -> None:
    run(book, "format_excel_cells", sheet="Data", range="A2:A3", style={"bold": True})
    annotate(book, "link", range="A2:A3", target="https://example.com")
    sheet = look(book, tmp_path)
    assert [sheet[at].value for at in ("A2", "A3")] == [1, 3]
    assert sheet["A3"].font.b
    assert sheet["A3"].hyperlink.target == "https://example.com"


# Pictures ---------------------------------------------------------------------


def test_pictures_are_put_changed_and_removed(book: Book, logo: Path, tmp_path: Path) -> None:
    told = put_image(book, logo, range="D2", text="Our logo")
    assert (told["name"], told["width_cm"], told["height_cm"]) == ("Picture 1", 5.1, 2.5)
    told = put_image(book, logo, range="D12:E14", name="Fitted")
    assert told["range"].startswith("D12")
    put_image(book, logo, range="H2", options={"width_cm": 2})
    again = reopened(book, tmp_path)
    found = {item["name"]: item for item in annotate(again, "list")["images"]}
    assert found["Picture 1"] == {
        "name": "Picture 1", "range": found["Picture 1"]["range"], "width_cm": 5.1,
        "height_cm": 2.5, "text": "Our logo",
    }  # fmt: skip
    assert found["Picture 3"]["height_cm"] == 1.0
    annotate(again, "image", name="picture 1", range="F20", options={"height_cm": 5})
    annotate(again, "image", name="Fitted", text="Beside the sums")
    Image.new("RGB", (50, 50), "red").save(tmp_path / "red.webp")
    put_image(again, tmp_path / "red.webp", name="Picture 3")
    third = reopened(again, tmp_path)
    found = {item["name"]: item for item in annotate(third, "list")["images"]}
    assert (found["Picture 1"]["width_cm"], found["Picture 1"]["text"]) == (10.0, "Our logo")
    assert found["Picture 1"]["range"].startswith("F20")
    assert found["Fitted"]["text"] == "Beside the sums"
    with ZipFile(tmp_path / "again.xlsx") as archive:
        pictures = [archive.read(name) for name in archive.namelist() if "xl/media/" in name]
    assert sorted(Image.open(io.BytesIO(data)).size for data in pictures) == [
        (50, 50), (192, 96), (192, 96),
    ]  # fmt: skip
    for name in ("Fitted", "Picture 1", "Picture 3"):
        annotate(third, "remove", name=name)
    path = tmp_path / "none.xlsx"
    third.save(path)
    assert problems(path) == []
    assert not any("media" in name for name in ZipFile(path).namelist())


def test_a_large_picture_is_made_smaller_and_that_is_told(book: Book, tmp_path: Path) -> None:
    Image.new("RGB", (4000, 1000)).save(tmp_path / "wide.jpg")
    told = put_image(book, tmp_path / "wide.jpg", range="A2")
    assert (told["width_cm"], told["height_cm"]) == (16, 4)
    assert any("16 cm" in note for note in told["notes"])
    assert any("covers" in note for note in told["notes"])


# Names ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "refers_to"),
    [
        ({"target": "=0.19"}, "=0.19"),
        ({"target": "0.19"}, "=0.19"),
        ({"target": '="EUR"'}, '="EUR"'),
        ({"range": "A2:A3"}, "='Data'!$A$2:$A$3"),
        ({"target": "My costs!A2"}, "='My costs'!$A$2"),
        ({"target": "=SUM(A2:B$3,'My costs'!A:A)"}, "=SUM('Data'!$A$2:$B$3,'My costs'!$A:$A)"),
    ],
)
def test_names_stand_for_cells_and_formulas(
    parameters: dict[str, Any], refers_to: str, book: Book, tmp_path: Path
) -> None:
    told = annotate(book, "name", name="it", **parameters)
    assert told == {"name": "it", "done": "added", "refers_to": refers_to, "scope": "workbook"}
    sheet = look(book, tmp_path)
    assert f"={sheet.parent.defined_names['it'].attr_text}" == refers_to
    again = reopened(book, tmp_path)
    assert annotate(again, "list", options={"kind": "name"})["names"][0]["refers_to"] == refers_to
    assert annotate(again, "name", name="IT", target="=1")["done"] == "changed"
    assert look(again, tmp_path).parent.defined_names["it"].attr_text == "1"


def test_a_changed_name_changes_what_is_calculated(book: Book, tmp_path: Path) -> None:
    annotate(book, "name", name="rate", target="=2", text="per hour")
    run(book, "write_excel_range", sheet="Data", start="D1", rows=[["=rate*A2"]])
    again = reopened(book, tmp_path)
    annotate(again, "name", name="rate", target="=7")
    read = run(again, "read_excel_range", sheet="Data", range="D1").result["rows"]
    assert read == [[7]]
    name = look(again, tmp_path).parent.defined_names["rate"]
    assert (name.attr_text, name.comment) == ("7", "per hour")
    told = annotate(again, "remove", name="RATE")
    assert told["notes"] == ["1 formula used rate and can't find it now."]
    assert "rate" not in look(again, tmp_path).parent.defined_names


def test_names_of_a_sheet_stand_beside_those_of_the_workbook(book: Book, tmp_path: Path) -> None:
    annotate(book, "name", name="total", range="A2", options={"scope": "sheet"})
    annotate(book, "name", "My costs", name="total", target="A3", options={"scope": "workbook"})
    again = reopened(book, tmp_path)
    names = annotate(again, "list", "", options={"kind": "name"})["names"]
    assert [(item["scope"], item["refers_to"]) for item in names] == [
        ("workbook", "='My costs'!$A$3"), ("Data", "='Data'!$A$2"),
    ]  # fmt: skip
    with pytest.raises(InvalidParameters, match="several"):
        annotate(again, "remove", "", name="total")
    annotate(again, "remove", "", name="total", options={"scope": "sheet"})
    sheet = look(again, tmp_path)
    assert "total" not in sheet.defined_names
    assert "total" in sheet.parent.defined_names


# Refusals ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "error", "told"),
    [
        ({"action": "comment", "range": "A1"}, InvalidParameters, "text"),
        ({"action": "comment", "text": "x"}, InvalidParameters, "range"),
        ({"action": "comment", "range": "A1:B2", "text": "x"}, InvalidRange, "4 cells"),
        ({"action": "comment", "range": "A1", "text": "x" * 40_000}, InvalidValue, "40,000"),
        ({"action": "comment", "range": "A1", "text": "x", "name": "n"}, InvalidParameters, "name"),
        (
            {"action": "comment", "range": "A1", "text": "x", "options": {"tip": "x"}},
            InvalidParameters,
            "options.tip",
        ),
        (
            {"action": "comment", "range": "A1", "text": "x", "options": {"colour": "x"}},
            InvalidParameters,
            "colour",
        ),
        (
            {"action": "comment", "range": "A1", "text": "x", "options": {"width_cm": 900}},
            InvalidParameters,
            "900",
        ),
        ({"action": "link", "range": "A1"}, InvalidParameters, "target"),
        ({"action": "link", "range": "A1", "target": "javascript:x"}, InvalidValue, "javascript"),
        ({"action": "link", "range": "A1", "target": "Nowhere!A1"}, ExcelToolsError, "Nowhere"),
        (
            {"action": "link", "range": "A1:A9", "target": "B1", "text": "x"},
            InvalidRange,
            "9 cells",
        ),
        ({"action": "link", "range": "A1:Z999", "target": "B1"}, InvalidRange, "1,000"),
        ({"action": "image", "range": "A1"}, InvalidParameters, "target"),
        ({"action": "image", "name": "Nobody", "range": "A1"}, NotFound, "Nobody"),
        ({"action": "name", "target": "=1"}, InvalidParameters, "missing"),
        ({"action": "name", "name": "A1", "target": "=1"}, InvalidParameters, "cell"),
        ({"action": "name", "name": "two words", "target": "=1"}, InvalidParameters, "allow"),
        ({"action": "name", "name": "Print_Area", "target": "A1"}, InvalidParameters, "Excel's"),
        ({"action": "name", "name": "x1y", "target": "hello world"}, InvalidValue, "hello"),
        ({"action": "name", "name": "x1y", "target": "=SUM("}, InvalidValue, "x1y"),
        ({"action": "name", "name": "x1y", "target": "=x1y+1"}, InvalidValue, "itself"),
        ({"action": "name", "name": "x1y"}, InvalidParameters, "stands for"),
        ({"action": "remove"}, InvalidParameters, "range"),
        ({"action": "remove", "range": "A1"}, NotFound, "nothing"),
        ({"action": "remove", "name": "x"}, NotFound, "nothing"),
    ],
)
def test_what_cannot_be_is_refused(
    parameters: dict[str, Any], error: type[ExcelToolsError], told: str
) -> None:
    book = new_book(sheets=SHEETS)
    with pytest.raises(error, match=told):
        run(book, "annotate_excel_cells", **{"sheet": "Data", **parameters})
    assert not book.broken


def test_a_file_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(InvalidValue, match="no picture"):
        put_image(new_book(sheets=SHEETS), tmp_path / "a.png", range="A1")


def test_what_is_to_be_removed_is_named_where_there_is_more(book: Book, tmp_path: Path) -> None:
    annotate(book, "comment", range="A2", text="x")
    annotate(book, "link", range="A2", target="https://example.com")
    with pytest.raises(InvalidParameters, match="several kinds"):
        annotate(book, "remove", range="A2")
    annotate(book, "remove", range="A2", options={"kind": "link"})
    cell = look(book, tmp_path)["A2"]
    assert cell.comment is not None
    assert cell.hyperlink is None


def test_every_option_is_tested() -> None:
    assert set(AnnotationOptions.model_fields) == {
        "author", "tip", "width_cm", "height_cm", "scope", "kind",
    }  # fmt: skip


def test_over_http_with_undo_and_a_list_that_changes_nothing(chat: Chat, logo: Path) -> None:
    chat.op("create_excel_file", filename="n.xlsx", headers=["a"], rows=[[1]])
    chat.op("annotate_excel_cells", action="comment", range="A2", text="x")
    chat.upload(logo)
    chat.op("annotate_excel_cells", action="image", range="C2", target="logo.png")
    error = chat.fail("annotate_excel_cells", action="image", range="C2", target="other.png")
    assert error["code"] == "file_not_found"
    told = chat.op("annotate_excel_cells", action="list")
    assert set(told["result"]) == {"comments", "images"}
    changes = chat.op("undo_excel_change", action="changes")
    assert "picture" in json.dumps(changes).lower() or "image" in json.dumps(changes).lower()
    chat.op("undo_excel_change", action="undo", steps=2)
    assert chat.op("annotate_excel_cells", action="list")["result"] == {"found": "nothing"}
    chat.op("undo_excel_change", action="redo", steps=2)
    told = chat.op("annotate_excel_cells", action="list")
    assert set(told["result"]) == {"comments", "images"}
    saved = chat.op("save_excel_file")
    data = chat.download(saved["files"][0])
    assert openpyxl.load_workbook(io.BytesIO(data)).active["A2"].comment.text == "x"


@pytest.mark.parametrize(
    ("name", "arguments", "parameter"),
    [
        ("annotate_excel_cells", {"action": "image", "target": "logo.png"}, "target"),
        ("annotate_excel_cells", {"action": "image", "name": "Picture 1"}, ""),
        ("annotate_excel_cells", {"action": "link", "target": "logo.png"}, ""),
        ("import_csv_to_excel", {"source": "a.csv"}, "source"),
        ("describe_excel_file", {}, ""),
    ],
)
def test_the_plugin_sends_a_file_only_where_one_is_meant(
    name: str, arguments: dict[str, Any], parameter: str
) -> None:
    assert load_plugin()._file_parameter(name, arguments) == parameter
