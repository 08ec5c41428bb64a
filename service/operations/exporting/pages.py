"""Parts of a workbook as PDF and as pictures."""

from __future__ import annotations

from pathlib import Path

from service.operations.exporting.grids import Part
from service.workbook.book import Book
from service.workbook.printed import Printed, pdf_of, pictures_of


def as_pdf(book: Book, parts: list[Part], path: Path, *, whole: bool, bare: bool) -> Printed:
    """The parts as a PDF at ``path``.

    :param whole: whether they are whole sheets, which are printed with what is drawn on them
        and as their own print set-up says
    :param bare: without the headers and footers of the paper
    """
    areas = [(part.sheet, None if whole else part.area) for part in parts]
    return pdf_of(book, areas, path, bare=bare)


def as_pictures(printed: Printed, dpi: int, most: int) -> list[Path]:
    """Its pages as PNG files; what is left out is added to its notes."""
    if printed.pages > most:
        printed.notes.append(
            f"{printed.pages} pages: the first {most} are made; name a range or export as pdf."
        )
    return pictures_of(printed, dpi, most)
