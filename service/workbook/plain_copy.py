"""Workbooks that only python-calamine can read here, copied cell by cell into an .xlsx.

What comes along: values, dates, the names of sheets and whether they are hidden, and of
.xls files merged cells.
"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    SheetMetadata,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from service.errors import ExcelToolsError, TooLarge
from service.workbook.cells import ERRORS, MAX_TEXT, UNSTORABLE
from service.workbook.package.archive import damaged
from service.workbook.texts import cut, escape, teach_openpyxl

# calamine's own values can't be keys.
_STATES = (
    (SheetVisibleEnum.Hidden, "hidden"),
    (SheetVisibleEnum.VeryHidden, "veryHidden"),
)
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


def copy_plainly(source: Path, target: Path, *, max_cells: int) -> list[str]:
    """Write what calamine reads from ``source`` as an .xlsx.

    :returns: names of sheets that hold no cells, and are left out
    :raises WorkbookDamaged: if it can't be read
    :raises TooLarge: if it holds too many cells
    """
    teach_openpyxl()
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    left_out, cells = [], 0
    try:
        with CalamineWorkbook.from_path(source) as book:
            for number, meta in enumerate(book.sheets_metadata):
                if meta.typ != SheetTypeEnum.WorkSheet:
                    left_out.append(meta.name)
                    continue
                sheet = book.get_sheet_by_index(number)
                cells += sheet.height * sheet.width
                if cells > max_cells * 8:
                    raise _too_large(max_cells)
                _fill(made.create_sheet(_title(meta, made)), sheet, max_cells)
                made.worksheets[-1].sheet_state = _state(meta)
        if not made.worksheets:
            raise damaged("it has no sheet of cells")
        made.save(target)
    except (CalamineError, ValueError, IndexError) as error:
        raise damaged(f"it can't be read ({str(error)[:200]})") from None
    except (ExcelToolsError, MemoryError, OSError):
        raise
    return left_out


def _too_large(max_cells: int) -> TooLarge:
    return TooLarge(
        f"The workbook holds more than {max_cells:,} cells.",
        "Split it, or ask the operator to raise EXCEL_TOOLS_MAX_CELLS.",
    )


def _state(meta: SheetMetadata) -> str:
    return next((word for state, word in _STATES if meta.visible == state), "visible")


def _title(meta: SheetMetadata, made: openpyxl.Workbook) -> str:
    return _NOT_IN_NAMES.sub("_", meta.name)[:31].strip("'") or f"Sheet{len(made.worksheets) + 1}"


def _fill(sheet: Worksheet, found: Any, max_cells: int) -> None:
    """Copy the cells of one of calamine's sheets."""
    left, count = (found.start or (0, 0))[1], 0
    # Rows come from the first of the sheet on, columns from the first that holds something.
    for row, values in enumerate(found.iter_rows(), start=1):
        for column, value in enumerate(values, start=left + 1):
            if value != "" and value is not None:
                _put(sheet, row, column, value)
                count += 1
        if count > max_cells:
            raise _too_large(max_cells)
    for (top, left), (bottom, right) in found.merged_cell_ranges or []:
        sheet.merge_cells(
            start_row=top + 1, start_column=left + 1, end_row=bottom + 1, end_column=right + 1
        )


def _put(sheet: Worksheet, row: int, column: int, value: object) -> None:
    if isinstance(value, str):
        text = cut(UNSTORABLE.sub("", value), MAX_TEXT)
        cell = sheet.cell(row, column, escape(text))
        # A text that begins with "=" was a text.
        cell.data_type = "e" if text in ERRORS else "s"
        return
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    cell = sheet.cell(row, column, value)
    if isinstance(value, dt.timedelta):
        cell.number_format = "[h]:mm:ss"
