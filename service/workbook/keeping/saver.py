"""Saving a workbook that came from a file: the file as it was, with what changed.

A part that no change concerns is copied as it is; in a sheet that changed, a row that
didn't. What the editor doesn't know can't get lost, as it never passes through the editor.
"""

from __future__ import annotations

import os
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles.stylesheet import write_stylesheet
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.constants import SHEET_MAIN_NS, XLSM, XLSX
from openpyxl.xml.functions import tostring

from service.workbook.calculation.results import Values
from service.workbook.chart_caches import book_cells, chart_parts, refresh_kept_caches
from service.workbook.dynamic import spills_of
from service.workbook.keeping import parts as hanging
from service.workbook.keeping.job import Job
from service.workbook.keeping.loader import Memory
from service.workbook.keeping.sheet_saver import SheetSaver, set_links
from service.workbook.keeping.sheet_xml import SheetXml
from service.workbook.keeping.styles import StyleMemory, Stylesheet, detach
from service.workbook.keeping.workbook_xml import Other, WorkbookXml, listing, position
from service.workbook.package.opc import OFFICE, Draft, parse, serialized
from service.workbook.writer import sheet_xml

CHARTSHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.chartsheet+xml"
_CHART_SHEET = (
    f'<chartsheet xmlns="{SHEET_MAIN_NS}" xmlns:r="{OFFICE}"><sheetPr/><sheetViews>'
    '<sheetView zoomToFit="1" workbookViewId="0"/></sheetViews>'
    '<pageMargins left="0.7" right="0.7" top="0.75" bottom="0.75" header="0.3" footer="0.3"/>'
    "</chartsheet>"
).encode()
_STYLES_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"


def save(book: Workbook, memory: Memory, path: Path, values: Values, *, macros: bool) -> None:
    """Write ``book`` to ``path`` as a whole or not at all.

    :param macros: whether the file's name is that of a workbook with macros
    """
    part = path.with_name(path.name + ".part")
    try:
        drafted(book, memory, values, macros=macros).save(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def drafted(book: Workbook, memory: Memory, values: Values, *, macros: bool) -> Draft:
    """The package that the workbook is to become."""
    job = Job(book, memory, values, Draft(memory.package))
    _Saver(job).update()
    detach(book)
    _set_kind(job.draft, job.main, macros=macros)
    return job.draft


class _Saver:
    def __init__(self, job: Job) -> None:
        self.job = job
        self.book, self.memory, self.draft = job.book, job.memory, job.draft

    def update(self) -> None:
        """Bring the draft up to date with the workbook."""
        changed = False
        for sheet, memory in self.memory.sheets.items():
            if position(self.book._sheets, sheet) is not None:
                changed |= SheetSaver(self.job, sheet, memory).update()
        self._update_chart_sheets()
        added = {
            id(sheet): self._add_sheet(sheet)
            for sheet in self.book.worksheets
            if sheet not in self.memory.sheets
        }
        added |= self._add_chart_sheets()
        self._update_styles()
        changed |= bool(added)
        self._update_workbook(added, calculate=changed)
        self._update_charts()

    def _update_chart_sheets(self) -> None:
        for sheet, part, memory in self.memory.charts:
            if position(self.book._sheets, sheet) is not None:
                links = hanging.update(sheet, memory, self.draft, part)
                if links:
                    root = self.draft.xml(part)
                    set_links(root, links)
                    self.draft.write(part, root)

    def _add_sheet(self, sheet: Worksheet) -> str:
        """Write a sheet that the file does not have; the id of its relationship."""
        self.job.new_styles = True
        part = self.draft.free_name("xl/worksheets/sheet{}.xml")
        type_ = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
        metadata = self.job.dynamic if spills_of(sheet) else None
        data, addresses = sheet_xml(sheet, self.job.values, metadata)
        self.draft.write(part, data, type_)
        for address in addresses:
            self.draft.relationships(part).add(f"{OFFICE}/hyperlink", address, external=True)
        links = hanging.update(sheet, None, self.draft, part)
        if links:
            xml = SheetXml.split(data)
            root = parse(xml.frame)
            set_links(root, links)
            framed = SheetXml.split(serialized(root))
            self.draft.write(part, b"".join([framed.head, xml.rows, framed.tail]), type_)
        return self.draft.relationships(self.job.main).add(f"{OFFICE}/worksheet", part)

    def _add_chart_sheets(self) -> dict[int, str]:
        """Write the chart sheets that the file does not have: ids of their relationships."""
        known = [sheet for sheet, _, _ in self.memory.charts]
        added = {}
        for sheet in self.book.chartsheets:
            if position(known, sheet) is None:
                part = self.draft.free_name("xl/chartsheets/sheet{}.xml")
                self.draft.write(part, _CHART_SHEET, CHARTSHEET_TYPE)
                root = self.draft.xml(part)
                set_links(root, hanging.update(sheet, None, self.draft, part))
                self.draft.write(part, root)
                relationships = self.draft.relationships(self.job.main)
                added[id(sheet)] = relationships.add(f"{OFFICE}/chartsheet", part)
        return added

    def _update_charts(self) -> None:
        """Bring the values that charts keep up to date."""
        cells = book_cells(self.book, self.job.values)
        refresh_kept_caches(
            self.draft,
            chart_parts(self.draft),
            cells.value,
            number_format=cells.number_format,
            hidden=cells.hidden,
            epoch=cells.epoch,
            changed=None if self.memory.restructured else self.job.changed,
        )

    def _update_styles(self) -> None:
        memory = self.memory.styles
        # The editor takes formats in by looking at columns; those that nothing uses stay out.
        if not self.job.new_styles or StyleMemory.of(self.book) == memory:
            return
        found = self.draft.relationships(self.job.main).of_kind("styles")
        if found:
            sheet = Stylesheet(self.draft.read(found[0].target))
            sheet.append(self.book, memory)
            self.draft.write(found[0].target, sheet.root)
            return
        # Many readers look for the formats under no other name.
        usual = "xl/styles.xml"
        part = self.draft.free_name("xl/styles{}.xml") if usual in self.draft else usual
        self.draft.write(part, tostring(write_stylesheet(self.book)), _STYLES_TYPE)
        self.draft.relationships(self.job.main).add(f"{OFFICE}/styles", part)

    def _update_workbook(self, added: dict[int, str], *, calculate: bool) -> None:
        sheets = [sheet for sheet, _ in self.memory.parts]
        workbook = WorkbookXml(self.draft.xml(self.job.main), sheets)
        now = listing(self.book)
        for sheet, part in self.memory.parts:
            if isinstance(sheet, Other) or position(self.book._sheets, sheet) is not None:
                continue
            for item in self.draft.relationships(self.job.main):
                if item.target == part:
                    self.draft.relationships(self.job.main).remove(item.id)
            self.draft.remove(part)
        workbook.merge(self.memory.listing, now)
        workbook.name_things(self.book, self.memory.listing, now)
        workbook.list_sheets(self.book, added)
        if calculate:
            workbook.calculate_on_opening()
            self._forget_order()
        if workbook.changed:
            self.draft.write(self.job.main, workbook.root)

    def _forget_order(self) -> None:
        """Drop the order of calculation, which Excel makes anew: it lists every formula."""
        relationships = self.draft.relationships(self.job.main)
        for item in relationships.of_kind("calcChain"):
            self.draft.remove(item.target)
            relationships.remove(item.id)


def _set_kind(draft: Draft, main: str, *, macros: bool) -> None:
    """Let the package be what its file's name says: a workbook, with macros or without."""
    if draft.content_type(main) != (XLSM if macros else XLSX):
        draft.write(main, draft.read(main), XLSM if macros else XLSX)
    if macros:
        return
    relationships = draft.relationships(main)
    for item in relationships.of_kind("vbaProject"):
        draft.remove(item.target)
        relationships.remove(item.id)
