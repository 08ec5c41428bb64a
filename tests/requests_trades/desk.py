"""A person in a chat who asks for workbooks, and the workbooks that come back."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from tests.corpus.validity import problems
from tests.fake_openwebui import ChatCalls

# With REQUESTS_DIR=folder each workbook that comes back stays there, to be looked at.
DUMP = os.environ.get("REQUESTS_DIR", "")


class CameBack:
    """A workbook as the person downloads it: what is in the cells, and what they show."""

    def __init__(self, data: bytes, folder: Path, name: str) -> None:
        path = folder / f"{name}.xlsx"
        path.write_bytes(data)
        assert problems(path) == []
        if DUMP:
            Path(DUMP).mkdir(parents=True, exist_ok=True)
            (Path(DUMP) / path.name).write_bytes(data)
        self.data = data
        self.book = openpyxl.load_workbook(io.BytesIO(data))
        self.shown = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
        self._no_errors()

    def _no_errors(self) -> None:
        """Every formula has a calculated value, and none of them is an error."""
        for sheet in self.book.worksheets:
            for row in sheet.iter_rows():
                for cell in row:
                    if cell.data_type == "f":
                        value = self.shown[sheet.title][cell.coordinate].value
                        assert not str(value).startswith("#"), (cell.coordinate, cell.value, value)

    def sheet(self, name: str = "") -> Worksheet:
        """A worksheet with its formulas; the first one without a name."""
        found = self.book[name] if name else self.book.worksheets[0]
        assert isinstance(found, Worksheet)
        return found

    def value(self, cell: str, sheet: str = "") -> Any:
        """The calculated value of one cell; money to the cent."""
        found = self.shown[sheet] if sheet else self.shown.worksheets[0]
        value = found[cell].value
        return round(value, 2) if isinstance(value, float) else value

    def values(self, area: str, sheet: str = "") -> list[list[Any]]:
        """The calculated values of a range, row by row; money to the cent."""
        cells = self.sheet(sheet)[area]
        return [[self.value(cell.coordinate, sheet) for cell in row] for row in cells]

    def column(self, area: str, sheet: str = "") -> list[Any]:
        """The calculated values of a range of one column."""
        return [value for (value,) in self.values(area, sheet)]

    def formula(self, cell: str, sheet: str = "") -> str:
        """The formula of one cell, without spaces."""
        return re.sub(r"\s", "", str(self.sheet(sheet)[cell].value))

    def formats(self, cells: Sequence[str], sheet: str = "") -> list[str]:
        return [self.sheet(sheet)[cell].number_format for cell in cells]

    def charts(self, sheet: str = "") -> list[Any]:
        return list(self.sheet(sheet)._charts)  # type: ignore[attr-defined]

    def rules(self, sheet: str = "") -> dict[str, list[Any]]:
        """The conditional formats by their range."""
        found = self.sheet(sheet).conditional_formatting
        return {str(area.sqref): list(area.rules) for area in found}

    def wide_enough(self, sheet: str = "") -> None:
        """No number of the sheet shows as ####: each column has room for what it shows."""
        place = self.sheet(sheet)
        for row in place.iter_rows():
            for cell in row:
                value = self.value(cell.coordinate, sheet)
                if isinstance(value, int | float) and not isinstance(value, bool):
                    digits = len(f"{value:,.0f}") if "#,##0" in cell.number_format else 1
                    width = place.column_dimensions[cell.column_letter].width
                    assert digits <= width, (cell.coordinate, value, width)


class Person(ChatCalls):
    """A person's chat; ``back`` downloads the workbook of the last answer."""

    folder: Path
    asked: str

    def back(self, answer: dict[str, Any], name: str = "") -> CameBack:
        """The workbook that the answer links to."""
        address = re.search(r"/api/v1/files/([^/]+)/content", answer["files"][0]["download_url"])
        assert address is not None
        return CameBack(self.webui.content(address[1]), self.folder, name or self.asked)
