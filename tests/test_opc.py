"""Packages: parts and relationships are found, and a draft changes only what it is told to."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from service.workbook.package.opc import OFFICE, Draft, Package, Relationships


@pytest.fixture
def file(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    for number in range(50):
        book.worksheets[0].append([number, f"text {number}"])
    book.create_sheet("Second")
    book.save(tmp_path / "book.xlsx")
    return tmp_path / "book.xlsx"


def _entries(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_parts_are_found_whatever_their_case(file: Path) -> None:
    package = Package(file)
    assert "XL/Workbook.xml" in package
    assert package.read("/xl/WORKBOOK.XML") == _entries(file)["xl/workbook.xml"]
    with pytest.raises(KeyError):
        package.read("xl/none.xml")


def test_relationships_lead_to_part_names(file: Path) -> None:
    package = Package(file)
    (main,) = package.relationships("").of_kind("officeDocument")
    assert main.target == "xl/workbook.xml"
    sheets = package.relationships(main.target).of_kind("worksheet")
    assert [item.target for item in sheets] == [
        "xl/worksheets/sheet1.xml",
        "xl/worksheets/sheet2.xml",
    ]


def test_a_draft_without_changes_holds_the_same_parts(file: Path, tmp_path: Path) -> None:
    Draft(Package(file)).save(tmp_path / "copy.xlsx")
    before, after = _entries(file), _entries(tmp_path / "copy.xlsx")
    before.pop("[Content_Types].xml"), after.pop("[Content_Types].xml")
    assert before == after
    assert openpyxl.load_workbook(tmp_path / "copy.xlsx").worksheets[0]["B50"].value == "text 49"


def test_a_streamed_archive_is_copied_too(file: Path, tmp_path: Path) -> None:
    """Entries whose sizes stand behind the data, as programs that write to a pipe make them."""

    class Pipe(io.RawIOBase):
        def __init__(self, path: Path) -> None:
            self.file = path.open("wb")

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            return self.file.write(data)  # type: ignore[arg-type]

    entries = _entries(file)
    pipe = Pipe(tmp_path / "streamed.xlsx")
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[arg-type]
        for name, data in entries.items():
            archive.writestr(name, data)
    pipe.file.close()
    Draft(Package(tmp_path / "streamed.xlsx")).save(tmp_path / "copy.xlsx")
    assert _entries(tmp_path / "copy.xlsx").keys() == entries.keys()


def test_a_draft_adds_changes_and_removes_parts(file: Path, tmp_path: Path) -> None:
    draft = Draft(Package(file))
    name = draft.free_name("xl/extras/extra{}.xml")
    draft.write(name, iter([b"<extra>", b"</extra>"]), "application/vnd.example+xml")
    root = draft.xml("xl/workbook.xml")
    root.set("conformance", "transitional")
    draft.write("xl/workbook.xml", root)
    id_ = draft.relationships("xl/workbook.xml").add(f"{OFFICE}/extra", name)
    draft.remove("docProps/app.xml")
    assert draft.read(name) == b"<extra></extra>"
    draft.save(tmp_path / "new.xlsx")
    new = Package(tmp_path / "new.xlsx")
    assert new.read("xl/extras/extra1.xml") == b"<extra></extra>"
    assert b"conformance" in new.read("xl/workbook.xml")
    relationship = new.relationships("xl/workbook.xml").get(id_)
    assert relationship is not None
    assert relationship.target == name
    assert "docProps/app.xml" not in new
    again = Draft(new)
    assert again.content_type(name) == "application/vnd.example+xml"
    assert again.content_type("docProps/app.xml") == "application/xml"


def test_a_removed_part_can_be_written_again(file: Path) -> None:
    draft = Draft(Package(file))
    draft.remove("xl/worksheets/sheet2.xml")
    assert "xl/worksheets/sheet2.xml" not in draft
    draft.write("xl/worksheets/sheet2.xml", b"<worksheet/>")
    assert draft.saved().read("xl/worksheets/sheet2.xml") == b"<worksheet/>"


def test_relationships_that_do_not_change_keep_their_words() -> None:
    data = (
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        b'<Relationship Id="rId1" Type="t/hyperlink" Target="https://example.org" '
        b'TargetMode="External"/>'
        b'<Relationship Id="rId2" Type="t/hyperlink" Target="#Sheet2!A1"/>'
        b'<Relationship Id="x" Type="t/image" Target="../media/image1.png"/></Relationships>'
    )
    found = Relationships.read("xl/drawings/drawing1.xml", data)
    assert [item.target for item in found] == [
        "https://example.org",
        "#Sheet2!A1",
        "xl/media/image1.png",
    ]
    found.add("t/image", "xl/media/image2.png")
    found.remove("rId1")
    again = Relationships.read("xl/drawings/drawing1.xml", found.written())
    assert {item.id: item.stored for item in again} == {
        "rId2": "#Sheet2!A1",
        "x": "../media/image1.png",
        "rId4": "/xl/media/image2.png",
    }
