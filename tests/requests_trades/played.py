"""What a user's request comes to: the workbook that arrived, read by other programs."""

from __future__ import annotations

import io
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from tests.backends import Wire
from tests.corpus.validity import problems
from tests.fake_openwebui import ChatCalls

# With this variable the workbooks stay in a folder, to be looked at.
DUMP = "REQUESTS_DUMP"
ERRORS = re.compile(r"#(REF!|N/A|NAME\?|VALUE!|DIV/0!|NUM!|NULL!|SPILL!|CALC!)")


class Arrived:
    """A workbook as it arrived: formulas, values that it was saved with, parts."""

    def __init__(self, data: bytes, path: Path) -> None:
        path.write_bytes(data)
        self.path = path
        self.data = data
        self.book = openpyxl.load_workbook(io.BytesIO(data))
        self.values = openpyxl.load_workbook(io.BytesIO(data), data_only=True)

    def sheet(self, name: str = "") -> Worksheet:
        """A sheet with its formulas and formats."""
        return self.book[name] if name else self.book.worksheets[0]

    def value(self, cell: str, sheet: str = "") -> Any:
        """The value shown in a cell, a formula's result."""
        found = self.values[sheet] if sheet else self.values.worksheets[0]
        return found[cell].value

    def rows(self, cells: str, sheet: str = "") -> list[list[Any]]:
        """The values of a range."""
        found = self.values[sheet] if sheet else self.values.worksheets[0]
        return [[cell.value for cell in row] for row in found[cells]]

    def column(self, cells: str, sheet: str = "") -> list[Any]:
        return [row[0] for row in self.rows(cells, sheet)]

    def part(self, pattern: str) -> str:
        """The text of all parts whose names match."""
        with zipfile.ZipFile(io.BytesIO(self.data)) as file:
            names = [name for name in file.namelist() if re.search(pattern, name)]
            return "".join(file.read(name).decode() for name in names)

    def check(self, errors: bool = False) -> None:
        """Schema-valid, and each formula has a value that is no error (unless ``errors``)."""
        assert problems(self.path) == []
        for sheet in self.book.worksheets:
            for row in sheet.iter_rows():
                for cell in row:
                    if cell.data_type != "f":
                        continue
                    value = self.values[sheet.title][cell.coordinate].value
                    where = f"{sheet.title}!{cell.coordinate}"
                    assert value is not None, f"{where} has no value: {cell.value}"
                    failed = isinstance(value, str) and ERRORS.match(value)
                    assert errors or not failed, f"{where} is {value}: {cell.value}"


class Chat(ChatCalls):
    """A user's chat: calls as a model makes them, and the workbook in the end."""

    wire: Wire
    folder: Path
    request: str

    def came_back(self, workbook: str = "", errors: bool = False) -> Arrived:
        """Save the workbook, and open what the user gets.

        :param errors: whether formulas may fail
        """
        given = {"workbook": workbook} if workbook else {}
        answer = self.op("save_excel_file", **given)
        data = self.webui.content(self.chips[-1]["id"])
        assert answer["workbook"].endswith((".xlsx", ".xlsm"))
        folder = Path(os.environ.get(DUMP) or self.folder)
        folder.mkdir(parents=True, exist_ok=True)
        arrived = Arrived(data, folder / f"{self.request}.xlsx")
        arrived.check(errors)
        return arrived


def close(found: Any, wanted: float, digits: int = 6) -> bool:
    """Whether a number is the wanted one to so many decimals."""
    return abs(float(found) - wanted) < 0.5 * 10**-digits
