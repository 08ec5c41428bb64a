"""LibreOffice as a converter: it keeps what a workbook holds, and never outlives its time."""

from __future__ import annotations

import time
from pathlib import Path

import openpyxl
import pytest

from service.workbook.libreoffice import LibreOfficeError, convert, found_program
from tests.formats_fixtures import parts_of, zipped
from tests.hostile import ods
from tests.listener import Asked
from tests.service_fixtures import workbook_bytes

pytestmark = pytest.mark.needs("soffice")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "made.xlsx"
    path.write_bytes(workbook_bytes(["Item", "Cost"], ["Rent", 1200], ["Total", "=SUM(B2:B2)"]))
    return path


def office_processes(mark: str) -> list[str]:
    """Command lines of running processes that name ``mark``."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if mark in line:
            found.append(line)
    return found


def test_formulas_and_values_come_through(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    program = found_program("auto")
    old = convert(source, "ods", folder, seconds=60, program=program, recalculate=True)
    new = convert(old, "xlsx", folder, seconds=60, program=program)
    formulas, values = openpyxl.load_workbook(new), openpyxl.load_workbook(new, data_only=True)
    assert formulas.worksheets[0]["B3"].value == "=SUM(B2:B2)"
    assert values.worksheets[0]["B3"].value == 1200


def test_it_is_stopped_when_its_time_is_up(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "named-for-this-test"
    folder.mkdir()
    with pytest.raises(LibreOfficeError, match="longer than"):
        convert(source, "ods", folder, seconds=0.2, program=found_program("auto"))
    for _ in range(50):
        if not office_processes(str(folder)):
            break
        time.sleep(0.1)
    assert office_processes(str(folder)) == []
    assert list(folder.iterdir()) == []


def test_what_it_cannot_read_is_said(tmp_path: Path) -> None:
    path = tmp_path / "sent.xlsx"
    path.write_bytes(b"PK\x03\x04" + b"\0" * 200)
    with pytest.raises(LibreOfficeError, match="could not read"):
        convert(path, "ods", tmp_path, seconds=60, program=found_program("auto"))


def test_a_program_that_is_not_there_is_none() -> None:
    assert found_program("off") == ""
    assert found_program("/nowhere/soffice") == ""
    with pytest.raises(LibreOfficeError, match="not installed"):
        convert(Path("a.xls"), "xlsx", Path("."), seconds=1, program="")


def linking_to(url: str) -> dict[str, bytes]:
    """Spreadsheets that want to show what is elsewhere, by name."""
    office = "urn:oasis:names:tc:opendocument:xmlns:"
    secret = "file:///etc/passwd"
    rows = "".join(
        f'<table:table-row><table:table-cell table:formula="{formula}" office:value-type="string"/>'
        "</table:table-row>"
        for formula in (
            f"of:=WEBSERVICE(&quot;{url}/web&quot;)",
            f"of:=WEBSERVICE(&quot;{secret}&quot;)",
            f"of:='{secret}'#$Sheet1.A1",
            f"of:='{url}/book.ods'#$Sheet1.A1",
            f"of:=DDE(&quot;soffice&quot;;&quot;{secret}&quot;;&quot;A1&quot;)",
        )
    )
    content = (
        f'<?xml version="1.0"?><office:document-content xmlns:office="{office}office:1.0" '
        f'xmlns:table="{office}table:1.0" xmlns:text="{office}text:1.0" '
        f'xmlns:draw="{office}drawing:1.0" xmlns:xlink="http://www.w3.org/1999/xlink" '
        'office:version="1.2"><office:body><office:spreadsheet><table:table table:name="A">'
        f'<table:table-source xlink:type="simple" xlink:href="{url}/source.csv" '
        'table:filter-name="Text - txt - csv (StarCalc)"/><table:shapes><draw:frame><draw:image '
        f'xlink:href="{url}/picture.png"/></draw:frame></table:shapes>{rows}</table:table>'
        f'<table:table table:name="B"><table:table-source xlink:type="simple" '
        f'xlink:href="{secret}" table:filter-name="Text - txt - csv (StarCalc)"/>'
        "<table:table-row><table:table-cell/></table:table-row></table:table>"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    parts = parts_of(ods("")) | {"content.xml": content.encode()}
    xml2003 = (
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook '
        'xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="Data"><Table>'
        f'<Row><Cell ss:Formula="=WEBSERVICE(&quot;{url}/xml&quot;)"/></Row>'
        "</Table></Worksheet></Workbook>"
    )
    return {"ods": zipped(parts), "xml": xml2003.encode()}


@pytest.mark.parametrize("recalculate", [False, True])
def test_nothing_elsewhere_is_fetched(tmp_path: Path, recalculate: bool) -> None:
    with Asked() as asked:
        for ending, data in linking_to(asked.url).items():
            path = tmp_path / f"links.{ending}"
            path.write_bytes(data)
            made = convert(
                path,
                "xlsx",
                tmp_path,
                seconds=60,
                program=found_program("auto"),
                recalculate=recalculate,
            )
            assert b"root:" not in b"".join(parts_of(made.read_bytes()).values())
        assert asked.paths == []
