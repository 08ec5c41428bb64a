"""Saving with openpyxl, with what it leaves out.

A formula's calculated value is stored beside it, and a chart's values beside its
references, so that previews, phones and programs that do not calculate show numbers;
pictures survive a second save; numbers keep all their digits, and texts their
underscores.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.cell._writer import _set_attributes
from openpyxl.cell._writer import write_cell as write_plain_cell
from openpyxl.cell.cell import Cell
from openpyxl.comments.comment_sheet import CommentRecord
from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

from service.workbook.calculation.results import Computed, Values, serial_number
from service.workbook.chart_caches import book_cells, refresh
from service.workbook.drawn import chart_tree, picture_file
from service.workbook.dynamic import DynamicArray, spills_of
from service.workbook.keeping.cell_xml import stored
from service.workbook.keeping.metadata import dynamic_index
from service.workbook.package.opc import Draft, Package, serialized
from service.workbook.texts import inline_string

_DYNAMIC = 1  # what the metadata of a workbook without other metadata say of dynamic arrays


def save(book: Workbook, path: Path, values: Values) -> None:
    """Write ``book`` to ``path`` as a whole or not at all."""
    part = path.with_name(path.name + ".part")
    # Excel calculates everything anew on opening, so a value of ours never outlives it.
    book.calculation.fullCalcOnLoad = True
    book.calculation.calcCompleted = True  # tells such a file from one without values
    try:
        with ZipFile(part, "w", ZIP_DEFLATED, allowZip64=True) as archive:
            _Writer(book, archive, values).write_data()
        if any(map(spills_of, book.worksheets)):
            _add_metadata(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _add_metadata(path: Path) -> None:
    """Give the workbook what the dynamic arrays in its sheets refer to."""
    draft = Draft(Package(path))
    index = dynamic_index(draft, "xl/workbook.xml")
    if index != _DYNAMIC:
        raise RuntimeError(f"the first entry of the metadata has the number {index}")
    content = io.BytesIO()
    draft.save(content)
    path.write_bytes(content.getvalue())


def sheet_xml(
    ws: Worksheet, values: Values, metadata: int | None = None
) -> tuple[bytes, list[str]]:
    """(The part of a sheet, the addresses that its relationships rId1, rId2 ... lead to).

    It comes without what hangs on it: drawings, comments and tables.

    :param metadata: number of what the metadata part says of dynamic arrays
    """
    out = io.BytesIO()
    writer = _SheetWriter(ws, values, out, metadata or _DYNAMIC)
    writer.write_top()
    writer.write_rows()
    for step in (
        writer.write_protection, writer.write_scenarios, writer.write_filter,
        writer.write_merged_cells, writer.write_formatting, writer.write_validations,
        writer.write_hyperlinks, writer.write_print, writer.write_margins, writer.write_page,
        writer.write_header, writer.write_breaks,
    ):  # fmt: skip
        step()
    writer.close()
    return out.getvalue(), [rel.Target for rel in writer._rels]


class _Writer(ExcelWriter):  # type: ignore[misc]
    def __init__(self, book: Workbook, archive: ZipFile, values: Values) -> None:
        super().__init__(book, archive)
        self._values = values

    def write_worksheet(self, ws: Worksheet) -> None:
        for image in ws._images:
            picture_file(image)  # before it is named by its format
        ws._drawing = SpreadsheetDrawing()
        ws._drawing.charts = ws._charts
        ws._drawing.images = ws._images
        writer = _SheetWriter(ws, self._values)
        writer.write()
        ws._rels = writer._rels
        self._archive.write(writer.out, ws.path[1:])
        self.manifest.append(ws)
        writer.cleanup()

    def _write_charts(self) -> None:
        cells = book_cells(self.workbook, self._values)
        for chart in self._charts:
            tree = chart_tree(chart)
            refresh(tree, cells)
            self._archive.writestr(chart.path[1:], serialized(tree))
            self.manifest.append(chart)

    def _write_images(self) -> None:
        for image in self._images:
            self._archive.writestr(image.path[1:], picture_file(image)[0])


class _SheetWriter(WorksheetWriter):  # type: ignore[misc]
    def __init__(
        self,
        ws: Worksheet,
        values: Values,
        out: io.BytesIO | None = None,
        metadata: int = _DYNAMIC,
    ) -> None:
        super().__init__(ws, out)
        self._values = values
        self._metadata = metadata

    def write_row(self, xf, row, row_idx):  # type: ignore[no-untyped-def]
        attributes = {"r": f"{row_idx}"}
        attributes.update(self.ws.row_dimensions.get(row_idx, {}))
        with xf.element("row", attributes):
            for cell in row:
                if cell._comment is not None:
                    self.ws._comments.append(CommentRecord.from_cell(cell))
                if cell._value is None and not cell.has_style and not cell._comment:
                    continue
                computed = self._values.get((self.ws.title, cell.row, cell.column))
                if isinstance(cell._value, DynamicArray):
                    _write_result(xf, cell, computed, self._metadata)
                elif computed is not None and not computed.unknown:
                    _write_result(xf, cell, computed)
                elif cell.data_type in ("f", "e") or cell._value in (None, ""):
                    write_plain_cell(xf, self.ws, cell, cell.has_style)
                else:
                    _write_value(xf, cell)


def _write_value(xf, cell: Cell) -> None:  # type: ignore[no-untyped-def]
    value, attributes = _set_attributes(cell, cell.has_style)
    with xf.element("c", attributes):
        if cell.data_type == "s":
            xf.write(inline_string(value))
        else:
            with xf.element("v"):
                # openpyxl would cut numbers to 16 digits; some need 17.
                xf.write(value if isinstance(value, str) else stored(value)[1])


def _write_result(  # type: ignore[no-untyped-def]
    xf, cell: Cell, computed: Computed | None, metadata: int | None = None
) -> None:
    """A formula with its value, or the value that an array formula elsewhere gives a cell.

    :param metadata: number of what the metadata part says of the cell
    """
    formula, attributes = _set_attributes(cell, cell.has_style)
    kind, text = "", None
    if computed is not None and not computed.unknown:
        kind, text = stored(serial_number(computed.value, cell.parent.parent.epoch))
    if metadata is not None:
        attributes["cm"] = str(metadata)
    if kind:
        attributes["t"] = kind
    else:
        attributes.pop("t", None)
    array = dict(formula) if isinstance(formula, ArrayFormula) else {}
    source = formula.text if isinstance(formula, ArrayFormula) else formula
    with xf.element("c", attributes):
        if cell.data_type == "f":
            with xf.element("f", array):
                xf.write(source.removeprefix("="))
        if text is not None:
            with xf.element("v"):
                xf.write(text)
