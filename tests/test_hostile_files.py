"""Files made to harm: each is refused in the one error shape, or opened within the limits."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service.settings import Settings
from service.web.app import Service
from tests.service_fixtures import KEY, Chat, error_of, workbook_bytes

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that gives each file ten seconds and half a gigabyte."""
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("hostile"),
        api_keys=(KEY,),
        engines=1,
        engine_deadline=10,
        engine_memory_mb=512,
        max_cells=200_000,
        max_unpacked_mb=100,
    )
    with Service(settings) as running:
        yield running


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def changed(**parts: bytes | None) -> bytes:
    """A sound workbook with some parts replaced, added or (None) left out."""
    found = parts_of(workbook_bytes())
    for name, data in parts.items():
        found.pop(name, None)
        if data is not None:
            found[name] = data
    return zipped(found)


def with_sheet(rows: str, after: str = "", before: str = "") -> bytes:
    text = (
        f'<?xml version="1.0"?><worksheet xmlns="{MAIN}">{before}'
        f"<sheetData>{rows}</sheetData>{after}</worksheet>"
    )
    return changed(**{SHEET: text.encode()})


def _flagged_as_encrypted() -> bytes:
    data = bytearray(workbook_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(re.escape(mark), bytes(data)):
            data[found.start() + offset] |= 1
    return bytes(data)


def _lying_about_sizes() -> bytes:
    """The archive's index says a part has ten bytes, and it has fifty megabytes."""
    data = bytearray(changed(**{"xl/media/image1.xml": b" " * 50_000_000}))
    at = data.rfind(b"PK\x01\x02", 0, data.rfind(b"xl/media/image1.xml"))
    data[at + 24 : at + 28] = struct.pack("<I", 10)
    return bytes(data)


def _overlapping() -> bytes:
    """Many names in the index for one and the same compressed part."""
    out = io.BytesIO(changed(**{"xl/media/big.xml": b" " * 20_000_000}))
    with zipfile.ZipFile(out, "a") as archive:
        big = archive.getinfo("xl/media/big.xml")
        for number in range(100):
            info = zipfile.ZipInfo(f"xl/media/big{number}.xml")
            for field in ("compress_type", "CRC", "compress_size", "file_size", "header_offset"):
                setattr(info, field, getattr(big, field))
            archive.filelist.append(info)
            archive.NameToInfo[info.filename] = info
        archive._didModify = True  # type: ignore[attr-defined]
    return out.getvalue()


def _entities() -> bytes:
    text = (
        '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol">'
        + "".join(f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(9))
        + f']><worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1" t="inlineStr"><is>'
        "<t>&j;</t></is></c></row></sheetData></worksheet>"
    )
    return changed(**{SHEET: text.encode()})


def _foreign_entity(encoding: str = "utf-8") -> bytes:
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x [<!ENTITY e SYSTEM '
        f'"file:///etc/passwd">]><worksheet xmlns="{MAIN}"><sheetData><row r="1">'
        '<c r="A1" t="inlineStr"><is><t>&e;</t></is></c></row></sheetData></worksheet>'
    )
    return changed(**{SHEET: text.encode(encoding)})


def _shared_strings(count: int) -> bytes:
    strings = f'<sst xmlns="{MAIN}" count="{count}" uniqueCount="{count}">'
    strings += "<si><t/></si>" * count + "</sst>"
    return changed(**{"xl/sharedStrings.xml": strings.encode()})


def _sheets_of_one_name() -> bytes:
    book = parts_of(workbook_bytes())["xl/workbook.xml"].decode()
    sheet = re.search(r"<sheet [^>]*/>", book)
    assert sheet
    return changed(**{"xl/workbook.xml": book.replace(sheet[0], sheet[0] * 300).encode()})


def _looping_relations() -> bytes:
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships/worksheet" Target="../../../../../../etc/passwd"/></Relationships>'
    )
    return changed(**{"xl/_rels/workbook.xml.rels": relations.encode()})


def _whole_sheet(element: str) -> bytes:
    return with_sheet('<row r="1"><c r="A1"><v>1</v></c></row>', element)


CELL = '<row r="1"><c r="A1"><v>1</v></c></row>'
REFUSED: dict[str, tuple[Callable[[], bytes], set[str]]] = {
    "text": (lambda: b"Dear Sir or Madam", {"unsupported_file"}),
    "PDF": (lambda: b"%PDF-1.7\n" + b"x" * 1_000, {"unsupported_file"}),
    "one byte": (lambda: b"P", {"unsupported_file"}),
    "start of an archive": (lambda: b"PK\x03\x04" + b"\0" * 100, {"workbook_damaged"}),
    "cut short": (lambda: workbook_bytes()[:-100], {"workbook_damaged"}),
    "half of it": (lambda: workbook_bytes()[:2_000], {"workbook_damaged"}),
    "old .xls or encrypted": (
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2_000,
        {"workbook_damaged"},
    ),
    "flagged as encrypted": (_flagged_as_encrypted, {"unsupported_file"}),
    "an empty archive": (lambda: zipped({}), {"unsupported_file"}),
    "an archive of something else": (lambda: zipped({"a.txt": b"a"}), {"unsupported_file"}),
    ".xlsb": (
        lambda: zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.bin": b"\0" * 99}),
        {"unsupported_file"},
    ),
    "Word document": (
        lambda: zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<a/>"}),
        {"unsupported_file"},
    ),
    "unpacks to too much": (
        lambda: changed(**{"xl/media/a.bin": b"\0" * 120_000_000}),
        {"too_large"},
    ),
    "unpacks five hundred times": (
        lambda: changed(**{"xl/media/a.bin": b"\0" * 60_000_000}),
        {"too_large"},
    ),
    "lies about its sizes": (_lying_about_sizes, {"workbook_damaged", "too_large"}),
    "one part under many names": (_overlapping, {"too_large", "workbook_damaged"}),
    "20,000 parts": (
        lambda: changed(**{f"xl/media/{n}.bin": b"" for n in range(20_000)}),
        {"too_large"},
    ),
    "entities that multiply": (_entities, {"workbook_damaged"}),
    "an entity that reads a file": (_foreign_entity, {"workbook_damaged"}),
    "the same in UTF-16": (lambda: _foreign_entity("utf-16"), {"workbook_damaged"}),
    "the whole sheet merged": (
        lambda: _whole_sheet('<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'),
        {"too_large"},
    ),
    "the same in other words": (
        lambda: _whole_sheet(
            "<mergeCells count='1'><mergeCell\n ref = 'A1:XFD1048576' /></mergeCells>"
        ),
        {"too_large"},
    ),
    "a link over the whole sheet": (
        lambda: _whole_sheet(
            '<hyperlinks><hyperlink location="A1" ref="A1:XFD1048576"/></hyperlinks>'
        ),
        {"too_large"},
    ),
    "more cells than allowed": (
        lambda: with_sheet(
            "".join(
                f'<row r="{row}">' + "<c><v>1</v></c>" * 1_000 + "</row>" for row in range(1, 301)
            )
        ),
        {"too_large"},
    ),
    "the same with a prefix": (
        lambda: changed(
            **{
                SHEET: (
                    f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData>'
                    + "".join(
                        f'<x:row r="{row}">' + "<x:c><x:v>1</x:v></x:c>" * 1_000 + "</x:row>"
                        for row in range(1, 301)
                    )
                    + "</x:sheetData></x:worksheet>"
                ).encode()
            }
        ),
        {"too_large"},
    ),
    "no XML in a sheet": (lambda: changed(**{SHEET: b"\0\1\2"}), {"workbook_damaged"}),
    "an empty sheet part": (lambda: changed(**{SHEET: b""}), {"workbook_damaged"}),
    "no sheet part": (lambda: changed(**{SHEET: None}), {"workbook_damaged"}),
    "no relations": (
        lambda: changed(**{"xl/_rels/workbook.xml.rels": None}),
        {"workbook_damaged"},
    ),
    "relations out of the archive": (_looping_relations, {"workbook_damaged"}),
    "paths out of the archive": (
        lambda: changed(**{"../../../tmp/evil.xml": b"<a/>"}),
        {"workbook_damaged"},
    ),
    "no styles": (lambda: changed(**{"xl/styles.xml": b"<"}), {"workbook_damaged"}),
    "a cell outside the grid": (
        lambda: with_sheet('<row r="9999999"><c r="ZZZZ9999999"><v>1</v></c></row>'),
        {"workbook_damaged", "too_large"},
    ),
    "an unknown string": (
        lambda: with_sheet('<row r="1"><c r="A1" t="s"><v>99999999</v></c></row>'),
        {"workbook_damaged"},
    ),
}
OPENED: dict[str, Callable[[], bytes]] = {
    "two far cells": lambda: with_sheet(
        f'{CELL}<row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    ),
    "a formula over two far cells": lambda: with_sheet(
        '<row r="1"><c r="A1"><f>SUM(B1:XFD1048576)</f></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    ),
    "a false dimension": lambda: with_sheet(CELL, before='<dimension ref="A1:XFD1048576"/>'),
    "many shared strings": lambda: _shared_strings(500_000),
    "a count of strings that is not true": lambda: changed(
        **{
            "xl/sharedStrings.xml": (
                f'<sst xmlns="{MAIN}" count="4294967295" uniqueCount="4294967295">'
                "<si><t>Item</t></si><si><t>Cost</t></si><si><t>Rent</t></si></sst>"
            ).encode()
        }
    ),
    "columns to the end of the grid": lambda: with_sheet(
        CELL, before='<cols><col min="1" max="16384" width="9"/></cols>'
    ),
    "rules over the whole sheet": lambda: _whole_sheet(
        '<conditionalFormatting sqref="A1:XFD1048576"><cfRule type="expression" priority="1">'
        "<formula>A1=1</formula></cfRule></conditionalFormatting>"
        '<dataValidations count="1"><dataValidation type="whole" sqref="A1:XFD1048576">'
        "<formula1>1</formula1></dataValidation></dataValidations>"
    ),
    "formulas that can't be read": lambda: with_sheet(
        '<row r="1"><c r="A1"><f>SUM(((</f></c><c r="B1"><f>A1:"</f></c>'
        '<c r="C1"><f>1+1</f></c></row>'
    ),
    "a formula of ten thousand brackets": lambda: with_sheet(
        f'<row r="1"><c r="A1"><f>{"(" * 10_000}1{")" * 10_000}</f></c></row>'
    ),
    "an array over the whole sheet": lambda: with_sheet(
        '<row r="1"><c r="A1"><f t="array" ref="A1:XFD1048576">ROW()</f></c></row>'
    ),
    "a formula of a gigabyte": lambda: with_sheet(
        '<row r="1"><c r="A1"><f>REPT("x",1000000000)</f></c></row>'
    ),
    "names that refer to each other": lambda: changed(
        **{
            "xl/workbook.xml": parts_of(workbook_bytes())["xl/workbook.xml"].replace(
                b"</sheets>",
                b"</sheets><definedNames><definedName name='a'>b</definedName>"
                b"<definedName name='b'>a</definedName></definedNames>",
            ),
            SHEET: with_sheet_part('<row r="1"><c r="A1"><f>a+b</f></c></row>'),
        }
    ),
    "sheets of one name": _sheets_of_one_name,
    "deep XML": lambda: changed(**{SHEET: b"<a>" * 100_000 + b"</a>" * 100_000}),
}


def with_sheet_part(rows: str) -> bytes:
    return parts_of(with_sheet(rows))[SHEET]


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_harms_is_refused(strict: Service, case: str) -> None:
    make, codes = REFUSED[case]
    chat = Chat(strict)
    chat.upload(make(), "sent.xlsx")
    error = chat.fail("open_excel_file")
    assert error["code"] in codes, error
    assert error["status"] in (413, 415, 422)
    assert "root:" not in str(error)
    assert chat.op("list_excel_files")["result"]["open"] == []
    chat.op("create_excel_file", filename="sound.xlsx")


@pytest.mark.parametrize("case", OPENED)
def test_an_odd_file_opens_within_the_limits(strict: Service, case: str) -> None:
    chat = Chat(strict)
    chat.upload(OPENED[case](), "sent.xlsx")
    sheet = chat.op("open_excel_file")["result"]["sheets"][0]
    chat.op("describe_excel_file")
    before = chat.op("read_excel_range", sheet=sheet, range="A1:C1")["result"]["rows"]
    chat.op("write_excel_range", sheet=sheet, start="B4", rows=[["still here"]])
    assert chat.op("read_excel_range", sheet=sheet, range="A1:C1")["result"]["rows"] == before
    (entry,) = chat.op("save_excel_file")["files"]
    assert zipfile.ZipFile(io.BytesIO(chat.download(entry))).testzip() is None


@pytest.mark.parametrize("name", ["sent", "sent.zip", "sent.xls", "sent.xltx", "SENT.XLSX"])
def test_a_workbook_under_a_wrong_name_is_one_all_the_same(chat: Chat, name: str) -> None:
    chat.upload(workbook_bytes(), name)
    opened = chat.op("open_excel_file")
    assert opened["workbook"].lower().endswith(".xlsx")
    assert chat.downloaded_rows(opened["files"][0]) == [["Item", "Cost"], ["Rent", 1200]]


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("sent.xlsm", "ms-excel.sheet.macroEnabled"), ("sent.xltx", "spreadsheetml.sheet.main")],
)
def test_a_file_is_saved_as_what_its_name_says(chat: Chat, name: str, content_type: str) -> None:
    """Excel refuses to open a file whose contents and ending disagree."""
    types = parts_of(workbook_bytes())["[Content_Types].xml"].decode()
    template = types.replace("spreadsheetml.sheet.main", "spreadsheetml.template.main")
    chat.upload(changed(**{"[Content_Types].xml": template.encode()}), name)
    opened = chat.op("open_excel_file")
    saved = parts_of(chat.download(opened["files"][0]))["[Content_Types].xml"].decode()
    assert content_type in saved
    assert "template" not in saved


@pytest.mark.parametrize(
    "data", [b"\x00\x01\x02" * 100, b"\xff\xfe", b"\n" * 1_000, b'"' * 999, b"a," * 20_000]
)
def test_a_csv_of_rubbish_is_told_or_opened(strict: Service, data: bytes) -> None:
    chat = Chat(strict)
    chat.upload(data, "sent.csv")
    response = chat.call("open_excel_file", {"file": "sent.csv"})
    if response.status_code == 200:
        assert chat.download(response.get_json()["files"][0])
    else:
        assert error_of(response)["status"] < 500


def test_an_empty_file_is_not_taken(chat: Chat) -> None:
    error = error_of(chat.send(b"", "sent.xlsx"))
    assert (error["status"], error["code"]) == (422, "invalid_parameters")


def test_nothing_was_written_outside(strict: Service) -> None:
    assert not Path("/tmp/evil.xml").exists()
