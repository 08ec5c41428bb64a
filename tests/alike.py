"""Whether two workbooks are the same to whoever opens them."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import openpyxl

# When it was made; and cells and their formats, which are compared by what they mean: a workbook
# that was downloaded on the way may list formats that no cell has any more.
_BY_MEANING = ("docProps/core.xml", "xl/styles.xml", "xl/worksheets/sheet")
# In a sheet's XML: numbers in the list of formats, and the values of cells.
_FORMATS = re.compile(rb' (?:s|style|dxfId)="\d+"')
_ROWS = re.compile(rb"<sheetData.*</sheetData>|<sheetData/>", re.DOTALL)


def meaning(data: bytes) -> dict[str, Any]:
    """What a workbook holds, to be compared with that of another."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        parts: dict[str, Any] = {
            name: package.read(name)
            for name in package.namelist()
            if not name.startswith(_BY_MEANING)
        }
        for name in package.namelist():
            if name.startswith("xl/worksheets/sheet"):
                # Widths, panes, rules, filters and whatever else stands around the rows.
                parts[name] = _FORMATS.sub(b"", _ROWS.sub(b"", package.read(name)))
    for values in (False, True):
        for sheet in openpyxl.load_workbook(io.BytesIO(data), data_only=values):
            parts[f"{sheet.title} rules"] = [
                (str(found.sqref), rule.type, repr(rule.dxf))
                for found in sheet.conditional_formatting
                for rule in found.rules
            ]
            parts[f"{sheet.title} rows"] = {
                number: (row.height, row.hidden) for number, row in sheet.row_dimensions.items()
            }
            for row in sheet.iter_rows():
                for cell in row:
                    looks = (cell.font, cell.fill, cell.border, cell.alignment, cell.protection)
                    seen = [repr(look) for look in looks]
                    key = f"{sheet.title}!{cell.coordinate} {values}"
                    parts[key] = [cell.value, cell.number_format, *seen]
    return parts
