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

from lxml import etree
from openpyxl import Workbook
from openpyxl.cell._writer import _set_attributes
from openpyxl.cell._writer import write_cell as write_plain_cell
from openpyxl.cell.cell import Cell
from openpyxl.comments.comment_sheet import CommentRecord
from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.packaging.relationship import Relationship, get_rels_path
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter
from openpyxl.xml.constants import SHEET_MAIN_NS
from openpyxl.xml.functions import tostring

from service.workbook.calculation.results import Computed, Values, serial_number
from service.workbook.chart_caches import book_cells, refresh
from service.workbook.drawn import chart_tree, picture_file
from service.workbook.dynamic import DynamicArray, spills_of
from service.workbook.keeping import rules, sparklines
from service.workbook.keeping.anchors import XDR, new_anchor, position_of
from service.workbook.keeping.cell_xml import stored
from service.workbook.keeping.metadata import dynamic_index
from service.workbook.new_charts import NEW_CHART_RELATION, NewChart, new_chart_frame
from service.workbook.package.opc import Draft, Package, parse, serialized
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
        writer.write_header, writer.write_breaks, writer.write_extensions,
    ):  # fmt: skip
        step()
    writer.close()
    return out.getvalue(), [rel.Target for rel in writer._rels]


class _Writer(ExcelWriter):  # type: ignore[misc]
    def __init__(self, book: Workbook, archive: ZipFile, values: Values) -> None:
        super().__init__(book, archive)
        self._values = values
        self._new_charts: list[NewChart] = []

    def write_worksheet(self, ws: Worksheet) -> None:
        for image in ws._images:
            picture_file(image)  # before it is named by its format
        ws._drawing = SpreadsheetDrawing()
        ws._drawing.charts = ws._charts
        ws._drawing.images = ws._images
        ws.legacy_drawing = None  # of notes that were there when it was saved before
        writer = _SheetWriter(ws, self._values)
        writer.write()
        ws._rels = writer._rels
        self._archive.write(writer.out, ws.path[1:])
        self.manifest.append(ws)
        writer.cleanup()

    def _write_drawing(self, drawing: SpreadsheetDrawing) -> None:
        new = [chart for chart in drawing.charts if isinstance(chart, NewChart)]
        drawing.charts = [chart for chart in drawing.charts if not isinstance(chart, NewChart)]
        self._drawings.append(drawing)
        drawing._id = len(self._drawings)
        for found, known in ((drawing.charts, self._charts), (drawing.images, self._images)):
            for item in found:
                known.append(item)
                item._id = len(known)
        for chart in new:
            self._new_charts.append(chart)
            chart._id = len(self._new_charts)
        self._archive.writestr(drawing.path[1:], serialized(_drawn(drawing, new)))
        self._archive.writestr(get_rels_path(drawing.path)[1:], tostring(drawing._write_rels()))
        self.manifest.append(drawing)

    def _write_charts(self) -> None:
        cells = book_cells(self.workbook, self._values)
        for new in self._new_charts:
            tree = new.tree
            refresh(tree, cells)
            self._archive.writestr(new.path[1:], serialized(tree))
            self.manifest.append(new)
        for chart in self._charts:
            tree = chart_tree(chart)
            refresh(tree, cells)
            self._archive.writestr(chart.path[1:], serialized(tree))
            self.manifest.append(chart)

    def _write_images(self) -> None:
        for image in self._images:
            self._archive.writestr(image.path[1:], picture_file(image)[0])


def _drawn(drawing: SpreadsheetDrawing, new: list[NewChart]) -> etree._Element:
    """A drawing as openpyxl writes it, with the names of charts, and those of new kinds."""
    root = parse(tostring(drawing._write()))
    for frame in root.iter(f"{{{XDR}}}graphicFrame"):
        properties = next(frame.iter(f"{{{XDR}}}cNvPr"))
        name = getattr(drawing.charts[int(properties.get("id", "1")) - 1], "frame_name", "")
        if name:
            properties.set("name", name)
    for chart in new:
        drawing._rels.append(Relationship(Type=NEW_CHART_RELATION, Target=chart.path))
        number = len(drawing._rels)
        frame = new_chart_frame(number, f"rId{number}", chart)
        root.append(new_anchor(position_of(chart), frame))
    return root


class _SheetWriter(WorksheetWriter):  # type: ignore[misc]
    def __init__(
        self,
        ws: Worksheet,
        values: Values,
        out: io.BytesIO | None = None,
        metadata: int = _DYNAMIC,
    ) -> None:
        super().__init__(ws, out)
        ws.column_dimensions.to_tree()  # works the outline levels out that come before
        self._values = values
        self._metadata = metadata

    def write_tail(self) -> None:
        super().write_tail()
        self.write_extensions()

    def write_extensions(self) -> None:
        """Rules of the later form and sparklines, which openpyxl does not know."""
        root = etree.Element(f"{{{SHEET_MAIN_NS}}}worksheet")
        rules.merge(root, {}, rules.fragments_of(self.ws))
        sparklines.write(root, sparklines.groups_of(self.ws))
        for extensions in root:
            self.xf.send(extensions)

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
