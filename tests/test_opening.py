"""Files of all formats are opened as what they are, and what a conversion costs is told."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import olefile
import openpyxl
import pytest
import xlsxwriter
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Font

from service.settings import Settings
from service.web.app import Service
from service.workbook.libreoffice import convert, found_program
from tests.differential.libreoffice import python_with_uno
from tests.formats_fixtures import (
    compound,
    encrypted,
    encrypted_xls,
    parts_of,
    small_xlsb,
    strict,
    zipped,
)
from tests.service_fixtures import KEY, Chat, MakeService, workbook_bytes

ROWS = [["Item", "Cost"], ["Rent", 1200], ["Food", 450], ["Total", 1650]]
TYPE = "application/vnd.{}.main+xml"
PLAIN = TYPE.format("openxmlformats-officedocument.spreadsheetml.sheet")


def budget() -> bytes:
    """A small workbook with a formula, a chart, a style and merged cells."""
    book = openpyxl.Workbook()
    sheet = book.active
    for row in [*ROWS[:3], ["Total", "=SUM(B2:B3)"]]:
        sheet.append(row)
    sheet["A1"].font = Font(bold=True)
    sheet.merge_cells("A6:B7")
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=3), titles_from_data=True)
    sheet.add_chart(chart, "D2")
    book.create_sheet("Away").sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The same workbook in the formats that LibreOffice writes."""
    folder = tmp_path_factory.mktemp("made")
    source = folder / "budget.xlsx"
    source.write_bytes(budget())
    found = {"xlsx": source.read_bytes()}
    for format_ in ("xls", "ods", "fods"):
        path = convert(
            source,
            format_,
            folder,
            seconds=60,
            program=found_program("auto"),
            recalculate=True,
        )
        found[format_] = path.read_bytes()
    return found


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service without LibreOffice."""
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("bare"), api_keys=(KEY,), engines=1, libreoffice="off"
    )
    with Service(settings) as running:
        yield running


def encrypted_by_libreoffice(data: bytes, password: str, folder: Path) -> list[Path]:
    """The workbook as LibreOffice saves it with a password: .ods and .xls."""
    source = folder / "source.xlsx"
    source.write_bytes(data)
    targets = [folder / "secret.ods", folder / "old.xls"]
    pipe = f"excel-tools-{os.getpid()}"
    office = subprocess.Popen(
        [
            found_program("auto"),
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            *("--headless", "--norestore", "--nologo", f"--accept=pipe,name={pipe};urp;"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        script = Path(__file__).with_name("encrypting.py")
        command = [python_with_uno(), str(script), pipe, password, str(source), *map(str, targets)]
        subprocess.run(command, check=True, timeout=90)
    finally:
        os.killpg(office.pid, signal.SIGKILL)
        office.wait()
    return targets


def opened(chat: Chat, data: bytes, name: str, **parameters: object) -> dict[str, Any]:
    chat.upload(data, name)
    answer = chat.op("open_excel_file", **parameters)
    answer["said"] = " ".join(answer["result"].get("notes", []))
    return answer


def table(chat: Chat) -> list[list[Any]]:
    """The first rows of the first sheet."""
    sheet = chat.op("describe_excel_file")["result"]["sheets"][0]["name"]
    return [row[:2] for row in chat.rows(sheet=sheet)[:4]]


def typed(data: bytes, type_: str) -> bytes:
    """A workbook whose main part has another content type."""
    parts = parts_of(data)
    types = parts["[Content_Types].xml"].decode().replace(PLAIN, type_)
    return zipped({**parts, "[Content_Types].xml": types.encode()})


def type_of(data: bytes) -> str:
    types = parts_of(data)["[Content_Types].xml"].decode()
    found = re.search(r"[\w./-]*(sheet|template)[\w.]*main\+xml", types)
    assert found
    return found[0]


# Converted once ----------------------------------------------------------------


@pytest.mark.needs("soffice")
@pytest.mark.parametrize("format_", ["xls", "ods", "fods"])
def test_libreoffice_keeps_formulas_formats_and_charts(
    chat: Chat, made: dict[str, bytes], format_: str
) -> None:
    answer = opened(chat, made[format_], f"Budget.{format_.upper()}")
    assert answer["workbook"] == "Budget.xlsx"
    assert answer["result"]["converted_from"] == format_
    assert "LibreOffice converted it" in answer["said"]
    assert f"Budget.{format_.upper()}" in answer["said"]
    data = chat.download(answer["files"][0])
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book.worksheets[0]
    assert sheet["B4"].value == "=SUM(B2:B3)"
    assert sheet["A1"].font.b
    assert [str(area) for area in sheet.merged_cells.ranges] == ["A6:B7"]
    assert len(sheet._charts) == 1
    assert book.worksheets[1].sheet_state == "hidden"
    assert table(chat) == ROWS


@pytest.mark.needs("soffice")
def test_a_binary_workbook_keeps_its_formulas(chat: Chat) -> None:
    answer = opened(chat, small_xlsb(), "budget.xlsb")
    assert answer["result"]["converted_from"] == "xlsb"
    book = openpyxl.load_workbook(io.BytesIO(chat.download(answer["files"][0])))
    assert book.worksheets[0]["B4"].value == "=SUM(B2:B3)"
    assert chat.rows() == ROWS


@pytest.mark.parametrize("format_", ["xls", "ods", "xlsb"])
@pytest.mark.needs("soffice")  # which makes the files
def test_without_libreoffice_values_are_kept_and_the_rest_is_told(
    bare: Service, made: dict[str, bytes], format_: str
) -> None:
    chat = Chat(bare)
    data = small_xlsb() if format_ == "xlsb" else made[format_]
    answer = opened(chat, data, f"budget.{format_}")
    assert "Not kept: formulas (their last results are there), formats, charts" in answer["said"]
    assert table(chat) == ROWS
    chat.op("write_excel_range", sheet=answer["result"]["sheets"][0], start="B2", rows=[[1300]])
    book = openpyxl.load_workbook(io.BytesIO(chat.download(chat.op("save_excel_file")["files"][0])))
    assert book.worksheets[0]["B2"].value == 1300
    assert book.worksheets[0]["B4"].value == 1650
    if format_ == "xls":
        assert [str(area) for area in book.worksheets[0].merged_cells.ranges] == ["A6:B7"]


@pytest.mark.needs("soffice")
def test_where_libreoffice_fails_values_are_read_all_the_same(
    make_service: MakeService, made: dict[str, bytes], tmp_path: Path
) -> None:
    program = tmp_path / "soffice"
    program.write_text("#!/bin/sh\necho it has crashed >&2\nexit 1\n")
    program.chmod(0o755)
    chat = Chat(make_service(libreoffice=str(program)))
    said = opened(chat, made["xls"], "old.xls")["said"]
    assert "LibreOffice could not read it (it has crashed); so it was read without it." in said
    assert "Not kept: formulas" in said
    assert table(chat) == ROWS


def test_a_conversion_that_takes_too_long_is_told(
    make_service: MakeService, tmp_path: Path
) -> None:
    program = tmp_path / "soffice"
    program.write_text("#!/bin/sh\nsleep 60\n")
    program.chmod(0o755)
    chat = Chat(make_service(libreoffice=str(program), engine_deadline=3))
    chat.upload(small_xlsb(), "slow.xlsb")
    error = chat.fail("open_excel_file")
    assert error["code"] == "operation_too_slow"
    assert "Converting slow.xlsb" in error["message"]


@pytest.mark.needs("soffice")
def test_a_converted_workbook_is_rebuilt_from_what_was_converted_once(
    make_service: MakeService, made: dict[str, bytes], tmp_path: Path
) -> None:
    first = make_service()
    chat = Chat(first)
    opened(chat, made["xls"], "budget.xls")
    chat.op("write_excel_range", sheet="Sheet", start="A9", rows=[["later"]])
    first.close()
    # Without any LibreOffice now: nothing is converted again.
    again = Chat(make_service(libreoffice="off"), chat.user, chat.chat)
    assert table(again) == ROWS
    assert again.rows(sheet="Sheet")[8][0] == "later"
    bases = sorted(path.name for path in (tmp_path / "data").rglob("copy1/*"))
    assert "base.xlsx" in bases
    assert "preparing" not in bases


@pytest.mark.parametrize("format_", ["fods", "xml2003"])
def test_what_only_libreoffice_reads_is_named_where_it_is_missing(
    bare: Service, format_: str
) -> None:
    data = {
        "fods": b'<?xml version="1.0"?><office:document office:mimetype="application/vnd.oasis.'
        b'opendocument.spreadsheet"/>',
        "xml2003": b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook '
        b'xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
    }[format_]
    chat = Chat(bare)
    chat.upload(data, "old.xls")
    error = chat.fail("open_excel_file")
    assert error["code"] == "unsupported_file"
    assert "old.xls is" in error["message"]
    assert "save it as .xlsx" in error["hint"]


@pytest.mark.needs("soffice")
def test_a_workbook_in_the_xml_of_2003_is_converted(chat: Chat) -> None:
    cells = "".join(
        f'<Row><Cell><Data ss:Type="String">{item}</Data></Cell><Cell><Data ss:Type="{kind}">'
        f"{cost}</Data></Cell></Row>"
        for item, kind, cost in [("Item", "String", "Cost"), ("Rent", "Number", 1200)]
    )
    data = (
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook '
        'xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="Data"><Table>'
        f"{cells}</Table></Worksheet></Workbook>"
    )
    answer = opened(chat, data.encode(), "export.xls")
    assert "XML format of Excel 2003" in answer["said"]
    assert chat.rows() == ROWS[:2]


# Edited in place ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "type_", "becomes", "kind"),
    [
        ("form.xltx", "openxmlformats-officedocument.spreadsheetml.template", "form.xlsx", PLAIN),
        ("form.xltm", "ms-excel.template.macroEnabled", "form.xlsm", "ms-excel.sheet.macroEnabled"),
        ("form.xlsm", "ms-excel.sheet.macroEnabled", "form.xlsm", "ms-excel.sheet.macroEnabled"),
        ("form.xlsx", "ms-excel.sheet.macroEnabled", "form.xlsm", "ms-excel.sheet.macroEnabled"),
        ("form.XLSX", "openxmlformats-officedocument.spreadsheetml.sheet", "form.xlsx", PLAIN),
    ],
)
def test_a_workbook_is_named_and_typed_as_what_it_is(
    chat: Chat, name: str, type_: str, becomes: str, kind: str
) -> None:
    answer = opened(chat, typed(budget(), TYPE.format(type_)), name)
    assert answer["workbook"] == becomes
    assert kind in type_of(chat.download(answer["files"][0]))
    assert ("template" in answer["said"]) == ("template" in type_)
    assert ("whatever its name says" in answer["said"]) == (
        name[-4:] != becomes[-4:].replace("xlsx", name[-4:]) and "template" not in type_
    )


def test_a_strict_workbook_is_opened_with_all_its_parts(chat: Chat) -> None:
    data = strict(budget())
    assert b"http://purl.oclc.org/ooxml/spreadsheetml/main" in parts_of(data)["xl/workbook.xml"]
    answer = opened(chat, data, "strict.xlsx")
    assert "strict form" in answer["said"]
    saved = chat.download(answer["files"][0])
    assert b"purl.oclc.org" not in b"".join(parts_of(saved).values())
    assert len(openpyxl.load_workbook(io.BytesIO(saved)).worksheets[0]._charts) == 1
    assert table(chat) == ROWS


@pytest.mark.parametrize("name", ["data.xlsx", "data.xls", "data", "data.csv"])
def test_a_text_with_rows_is_one_whatever_its_name_says(chat: Chat, name: str) -> None:
    answer = opened(chat, b"Item;Cost\nRent;1200\nFood;450\n", name)
    assert answer["workbook"] == "data.xlsx"
    assert f"{name} is a text file" in answer["said"]
    assert ("whatever its name says" in answer["said"]) == (name != "data.csv")
    assert chat.rows() == ROWS[:3]


def test_unicode_text_of_excel_under_the_name_of_a_workbook_is_opened(chat: Chat) -> None:
    data = "Item\tCost\r\nRent\t1200\r\nFood\t450\r\n".encode("utf-16")
    assert "is a text file" in opened(chat, data, "export.xls")["said"]
    assert chat.rows() == ROWS[:3]


def test_utf_16_without_a_mark_is_a_csv_if_its_name_says_so(chat: Chat) -> None:
    opened(chat, "Item,Cost\r\nRent,1200\r\n".encode("utf-16-le"), "data.csv")
    assert chat.rows() == ROWS[:2]


@pytest.mark.needs("soffice")
def test_macros_that_a_conversion_drops_are_told(chat: Chat, made: dict[str, bytes]) -> None:
    with olefile.OleFileIO(io.BytesIO(made["xls"])) as ole:
        stream = ole.openstream("Workbook").read()
    answer = opened(chat, compound({"Workbook": stream, "_VBA_PROJECT_CUR": b"x"}), "old.xls")
    assert answer["said"].endswith("Not kept: macros.")
    parts = parts_of(made["ods"])
    entry = (
        b'<manifest:file-entry manifest:full-path="Basic/a.xml" manifest:media-type="text/xml"/>'
    )
    end = b"</manifest:manifest>"
    manifest = parts["META-INF/manifest.xml"].replace(end, entry + end)
    other = zipped({**parts, "META-INF/manifest.xml": manifest, "Basic/a.xml": b"<a/>"})
    assert "Not kept: macros." in opened(chat, other, "macros.ods")["said"]


@pytest.mark.parametrize("name", ["book.csv", "book.xls", "book.ods"])
def test_a_workbook_under_another_name_is_told(chat: Chat, name: str) -> None:
    answer = opened(chat, budget(), name)
    assert f"{name} is an .xlsx workbook, whatever its name says" in answer["said"]
    assert table(chat) == ROWS


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        ({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<a/>"}, "a Word document"),
        ({"[Content_Types].xml": b"<Types/>", "ppt/presentation.xml": b"<a/>"}, "PowerPoint"),
        ({"Index/Document.iwa": b"\0"}, "an Apple Numbers document"),
        ({"mimetype": b"application/vnd.oasis.opendocument.text"}, "not a spreadsheet"),
        ({"sales.xlsx": b"PK"}, "an archive, but not an Excel workbook"),
    ],
)
def test_what_is_no_workbook_is_called_by_its_name(
    chat: Chat, parts: dict[str, bytes], what: str
) -> None:
    chat.upload(zipped(parts), "sent.xlsx")
    error = chat.fail("open_excel_file")
    assert error["code"] == "unsupported_file"
    assert what in error["message"]


# Passwords ---------------------------------------------------------------------


def secrets_in(folder: Path, word: str) -> list[str]:
    """Files in which a word stands, in UTF-8 or UTF-16."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            if word.encode() in data or word.encode("utf-16-le") in data:
                found.append(str(path))
    return found


def test_a_password_opens_a_workbook_and_is_kept_nowhere(
    make_service: MakeService, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    word = "Xk-93 päss"
    chat = Chat(make_service(log_level="DEBUG"))
    chat.upload(encrypted(budget(), word), "secret.xlsx")
    error = chat.fail("open_excel_file")
    assert error["code"] == "password_required"
    assert 'open_excel_file(file="secret.xlsx", password="...")' in error["hint"]
    wrong = chat.fail("open_excel_file", file="secret.xlsx", password="Xk-92 päss")
    assert (wrong["code"], wrong["status"]) == ("wrong_password", 422)
    assert "Xk-92" not in json.dumps(wrong)
    answer = chat.once("key-1", "open_excel_file", file="secret.xlsx", password=word)
    assert "Saved files carry no password" in str(answer["result"]["notes"])
    assert chat.once("key-1", "open_excel_file", file="secret.xlsx", password=word) == answer
    assert table(chat) == ROWS
    saved = chat.download(chat.op("save_excel_file")["files"][0])
    assert openpyxl.load_workbook(io.BytesIO(saved)).worksheets[0]["B2"].value == 1200
    assert "Xk-93" not in json.dumps(chat.op("list_excel_files"))
    assert secrets_in(tmp_path / "data", "Xk-93") == []
    assert "Xk-93" not in caplog.text


@pytest.mark.needs("soffice")
def test_an_old_workbook_in_rc4_is_opened_with_its_password(
    chat: Chat, made: dict[str, bytes]
) -> None:
    chat.upload(encrypted_xls(made["xls"], "geheim"), "old.xls")
    assert chat.fail("open_excel_file")["code"] == "password_required"
    assert chat.fail("open_excel_file", password="falsch")["code"] == "wrong_password"
    notes = str(chat.op("open_excel_file", password="geheim")["result"]["notes"])
    assert "carry no password" in notes
    assert "LibreOffice converted it" in notes
    assert table(chat) == ROWS


@pytest.mark.e2e
@pytest.mark.needs("soffice")
def test_what_libreoffice_encrypted_is_opened_with_its_password(
    chat: Chat, bare: Service, tmp_path: Path
) -> None:
    """Its own .ods (AES) and .xls (RC4): made by a program that is not ours."""
    for path in encrypted_by_libreoffice(budget(), "ge heim", tmp_path):
        name = path.name
        chat.upload(path)
        assert chat.fail("open_excel_file", file=name)["code"] == "password_required"
        error = chat.fail("open_excel_file", file=name, password="geheim")
        assert error["code"] == "wrong_password"
        opened_ = chat.op("open_excel_file", file=name, password="ge heim")
        assert "carry no password" in str(opened_["result"]["notes"])
        saved = openpyxl.load_workbook(io.BytesIO(chat.download(opened_["files"][0])))
        assert saved.worksheets[0]["B4"].value == "=SUM(B2:B3)"
        chat.op("close_excel_file", workbook=opened_["workbook"])
        other = Chat(bare)
        opened(other, path.read_bytes(), name, password="ge heim")
        assert table(other) == ROWS


@pytest.mark.needs("soffice")
def test_a_binary_workbook_is_opened_with_its_password(chat: Chat) -> None:
    answer = opened(chat, encrypted(small_xlsb(), "x"), "secret.xlsb", password="x")
    assert answer["result"]["converted_from"] == "xlsb"
    assert chat.rows() == ROWS


def test_excels_own_password_is_no_secret(chat: Chat) -> None:
    answer = opened(chat, encrypted(budget(), "VelvetSweatshop"), "shared.xlsx")
    assert "password" not in answer["said"]


def test_a_password_that_is_not_needed_is_told(chat: Chat) -> None:
    answer = opened(chat, budget(), "open.xlsx", password="x")
    assert "not protected by a password" in answer["said"]


def test_a_protected_word_document_is_no_workbook(chat: Chat) -> None:
    word = zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<a/>"})
    chat.upload(encrypted(word, "x"), "letter.xlsx")
    assert "a Word document" in chat.fail("open_excel_file", password="x")["message"]


def test_protection_of_a_sheet_is_kept(chat: Chat) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = 1
    book.active.protection.set_password("x")
    book.active.protection.enable()
    out = io.BytesIO()
    book.save(out)
    answer = opened(chat, out.getvalue(), "kept.xlsx")
    saved = openpyxl.load_workbook(io.BytesIO(chat.download(answer["files"][0])))
    assert saved.active.protection.sheet
    assert saved.active.protection.password == book.active.protection.password


def test_the_sound_workbook_needs_no_words(chat: Chat) -> None:
    assert "notes" not in opened(chat, workbook_bytes(), "plain.xlsx")["result"]


def test_a_drawing_that_the_file_only_names_is_none(service: Service) -> None:
    """Some programs leave drawings out that their sheets lead to."""
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out)
    sheet = made.add_worksheet("Data")
    sheet.write_row("A1", ["a", 1])
    chart = made.add_chart({"type": "column"})
    chart.add_series({"values": "=Data!$B$1:$B$1"})
    sheet.insert_chart("D2", chart)
    made.close()
    parts = {n: d for n, d in parts_of(out.getvalue()).items() if "drawing1.xml" not in n}
    chat = Chat(service)
    opened(chat, zipped(parts), "odd.xlsx")
    answer = chat.op("write_excel_range", start="A2", rows=[["b", 2]])
    assert chat.rows() == [["a", 1], ["b", 2]]
    other = Chat(service)
    opened(other, chat.download(answer["files"][0]), "odd.xlsx")
    assert other.rows() == [["a", 1], ["b", 2]]
