"""A workbook on paper: LibreOffice makes a PDF of it, and pictures are made of its pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pypdfium2
from openpyxl.cell.cell import MergedCell
from openpyxl.worksheet.header_footer import HeaderFooter
from openpyxl.worksheet.worksheet import Worksheet
from PIL import Image, ImageChops

from service.errors import OperationTooBig, OperationTooSlow, UnsupportedFile
from service.workbook import libreoffice
from service.workbook.areas import Area
from service.workbook.book import Book
from service.workbook.cells import ERRORS
from service.workbook.contents import places
from service.workbook.dynamic import spills_of
from service.workbook.geometry import area_size, drawn_areas
from service.workbook.occupancy import used_area

_EMU_PER_CM = 360_000
# What fits between usual margins on A4, in cm, and the least that Excel would print it at.
_UPRIGHT, _ACROSS, _SMALLEST = 17.4, 26.1, 0.4
_MOST_CELLS = 200_000
_BORDER = 24  # pixels left around what is on a picture


@dataclass
class Printed:
    """A PDF, and what is to be said of it."""

    path: Path
    pages: int
    notes: list[str] = field(default_factory=list)


def pdf_of(
    book: Book, parts: Sequence[tuple[Worksheet, Area | None]], path: Path, *, bare: bool = False
) -> Printed:
    """These sheets, each whole or an area of it, as a PDF.

    A sheet that has no print set-up of its own is laid out so that its columns stay together
    as far as they stay readable. The workbook itself is not changed.

    :param bare: without headers and footers
    :raises UnsupportedFile: where LibreOffice is missing, or can't read the workbook
    :raises OperationTooSlow: if it takes too long
    """
    program, seconds = libreoffice.allowed()
    if not program:
        raise UnsupportedFile(
            "PDF and PNG are made by LibreOffice, which is not installed beside the service.",
            "Export as html, csv or json; the operator may install LibreOffice (the service's "
            "Docker image has it) and set EXCEL_TOOLS_LIBREOFFICE to auto.",
        )
    cells = sum((area or used_area(sheet)).cells for sheet, area in parts)
    if cells > _MOST_CELLS:
        raise OperationTooBig(
            f"{cells:,} cells are too many for pages; up to {_MOST_CELLS:,} can be printed.",
            "Name a sheet or a range, or export as csv or json.",
        )
    with TemporaryDirectory(prefix="print-", dir=path.parent) as name:
        source = Path(name, "book.xlsx")
        book.save(source)
        notes = _laid_out(source, book, parts, bare)
        try:
            made = libreoffice.convert(source, "pdf", Path(name), seconds=seconds, program=program)
        except libreoffice.TooSlowError as error:
            raise OperationTooSlow(
                f"{error}.", "Export one sheet or a range of it, or as html, csv or json."
            ) from None
        except libreoffice.LibreOfficeError as error:
            raise UnsupportedFile(
                f"No PDF came of it: {error}.", "Export as html, csv or json."
            ) from None
        made.replace(path)
    with pypdfium2.PdfDocument(path) as document:
        return Printed(path, len(document), notes)


def _laid_out(
    source: Path, book: Book, parts: Sequence[tuple[Worksheet, Area | None]], bare: bool
) -> list[str]:
    """Make the copy at ``source`` show just these parts; what was done for the paper alone."""
    copy = Book.load(source, "book.xlsm" if book.name.lower().endswith(".xlsm") else "book.xlsx")
    wanted = {sheet.title: area for sheet, area in parts}
    fitted = []
    with copy.changing():
        for title in copy.sheet_names:
            sheet = copy.sheet(title)
            if title not in wanted:
                sheet.sheet_state = "hidden"
                sheet.print_area = None  # LibreOffice would print it all the same
                continue
            sheet.sheet_state = "visible"
            _freeze(book, sheet)
            if bare:
                sheet.HeaderFooter = HeaderFooter()
            area = wanted[title]
            if area is not None:
                sheet.print_area = str(area)
            if _fit(sheet, area):
                fitted.append(title)
        _show_first(copy, next(iter(wanted)))
    copy.save(source)
    if not fitted:
        return []
    names = ", ".join(fitted[:5]) + (" and others" if len(fitted) > 5 else "")
    return [f"{names}: laid out to keep the columns on one page; the workbook has no such set-up."]


def _freeze(book: Book, sheet: Worksheet) -> None:
    """Put values in the place of a copy's formulas: LibreOffice shows some as errors.

    :param book: the workbook, for the values
    """
    original = book.sheet(sheet.title)
    formulas = [place for place, cell in sheet._cells.items() if cell.data_type == "f"]
    filled = [place for area in book.filled_areas(original) for place in places(area)]
    spills_of(sheet).clear()  # what they filled stays, as values
    for row, column in formulas + filled:
        known = book.cell(original, row, column)
        if known is None or book.computed(known).unknown:
            continue
        value = book.value(known)
        cell = sheet.cell(row, column)
        if not isinstance(cell, MergedCell):
            cell._value, cell.data_type = value, _data_type(value)


def _data_type(value: object) -> str:
    if isinstance(value, str):
        return "e" if value in ERRORS else "s"
    if isinstance(value, bool):
        return "b"
    return "d" if isinstance(value, dt.date | dt.time | dt.timedelta) else "n"


def _show_first(copy: Book, title: str) -> None:
    """Make a sheet the one that is shown; one that is selected is printed, hidden or not."""
    copy.xl.active = copy.sheet_names.index(title)
    for sheet in copy.xl.worksheets:
        sheet.sheet_view.tabSelected = sheet.title == title


def _fit(sheet: Worksheet, area: Area | None) -> bool:
    """Lay a sheet out for the paper, if nobody has done so."""
    if _has_setup(sheet):
        return False
    whole = area or _whole(sheet)
    width = area_size(sheet, whole).width / _EMU_PER_CM
    if width <= _UPRIGHT or width > _ACROSS / _SMALLEST:
        return False
    sheet.page_setup.orientation = "landscape"
    if width > _ACROSS:
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    return True


def _has_setup(sheet: Worksheet) -> bool:
    page = sheet.page_setup
    fits = sheet.sheet_properties.pageSetUpPr
    return bool(
        page.orientation == "landscape"
        or page.scale not in (None, 100)
        or (fits is not None and fits.fitToPage)
        or sheet.row_breaks.brk
        or sheet.col_breaks.brk
    )


def _whole(sheet: Worksheet) -> Area:
    """The used cells and what stands beside them: charts, pictures."""
    areas = [used_area(sheet), *drawn_areas(sheet)]
    return Area(1, 1, max(area.last_row for area in areas), max(area.last_column for area in areas))


def pictures_of(printed: Printed, dpi: int, most: int) -> list[Path]:
    """Its first ``most`` pages as PNG files beside it, without the margins of the paper."""
    made = []
    with pypdfium2.PdfDocument(printed.path) as document:
        for number in range(min(len(document), most)):
            ending = f"-{number + 1}.png" if len(document) > 1 else ".png"
            made.append(printed.path.with_name(f"{printed.path.stem}{ending}"))
            page = document[number].render(scale=dpi / 72).to_pil().convert("RGB")
            _trimmed(page).save(made[-1], dpi=(dpi, dpi))
    return made


def _trimmed(page: Image.Image) -> Image.Image:
    blank = Image.new("RGB", page.size, "white")
    box = ImageChops.difference(page, blank).getbbox()
    if box is None:
        return page
    left, top, right, bottom = box
    return page.crop(
        (
            max(0, left - _BORDER),
            max(0, top - _BORDER),
            min(page.width, right + _BORDER),
            min(page.height, bottom + _BORDER),
        )
    )
