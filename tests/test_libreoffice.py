"""LibreOffice as a converter: it keeps what a workbook holds, and never outlives its time."""

from __future__ import annotations

import time
from pathlib import Path

import openpyxl
import pytest

from service.workbook.libreoffice import LibreOfficeError, convert, found_program
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
