"""A look into a workbook's package before any parser gets to see it.

A file of a few kilobytes can unpack to gigabytes or declare a sheet full of merged
cells; the parsers behind this module can't bound themselves. So sizes, counts and
declarations are checked here first, by streaming, without building anything.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from openpyxl.utils import column_index_from_string

from service.errors import TooLarge, UnsupportedFile, WorkbookDamaged

_MAX_PARTS = 10_000
_MAX_RATIO = 500
_RATIO_MATTERS_FROM = 20 * 1024 * 1024
_CHUNK = 1 << 20
_OVERLAP = 256
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FORMATS = "Files that can be opened: .xlsx, .xlsm and .csv."

# What openpyxl does not write back. The user hears of it before the first change.
_LOST = {
    "SmartArt and shapes": re.compile(r"xl/diagrams/"),
    "slicers": re.compile(r"xl/slicer"),
    "timelines": re.compile(r"xl/timeline"),
    "threaded comments (they become plain comments)": re.compile(r"xl/threadedComments/"),
    "form controls": re.compile(r"xl/(ctrlProps|activeX)/"),
    "embedded objects": re.compile(r"xl/embeddings/"),
    "data connections": re.compile(r"xl/(connections\.xml|queryTables/)"),
    "the data model": re.compile(r"xl/model/"),
    "chart styles": re.compile(r"xl/charts/(style|colors)\d"),
    "newer chart types": re.compile(r"xl/charts/chartEx"),
    "custom XML": re.compile(r"customXml/item"),
}
_LOST_IN_SHEET = {
    "sparklines": b"sparklineGroup",
    "newer conditional formats": b"x14:conditionalFormatting",
    "dynamic array formulas (they become plain formulas)": b' cm="',
}
_LOST_IN_DRAWING = {"shapes and text boxes": b"<xdr:sp "}


@dataclass(frozen=True)
class PackageFacts:
    """What the look found: whether macros are inside, and what can't be kept on saving."""

    macros: bool
    losses: tuple[str, ...]


def inspect_package(path: Path, max_unpacked: int, max_cells: int) -> PackageFacts:
    """Check the package at ``path`` and tell what is in it.

    :param max_unpacked: bytes that all parts together may unpack to
    :param max_cells: cells that all sheets together may hold
    :raises UnsupportedFile: if it is no workbook that can be opened
    :raises WorkbookDamaged: if it is one, but broken
    :raises TooLarge: if it is beyond the limits
    """
    head = _head(path)
    if head.startswith(_OLE):
        raise UnsupportedFile(
            "The file is either protected by a password or in the old .xls format.",
            "Save it as .xlsx without a password and upload it again. " + _FORMATS,
        )
    try:
        with zipfile.ZipFile(path) as archive:
            _check_sizes(archive, path.stat().st_size, max_unpacked)
            names = _check_parts(archive)
            sheets = _scan_parts(archive, names, max_cells)
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError) as error:
        raise _no_workbook(head, error) from None
    losses = [label for label, pattern in _LOST.items() if any(map(pattern.match, names))]
    macros = any(name.lower().endswith("vbaproject.bin") for name in names)
    return PackageFacts(macros, tuple(losses + sheets))


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(8)


def _no_workbook(head: bytes, error: Exception) -> UnsupportedFile | WorkbookDamaged:
    if head.startswith(b"PK"):
        return WorkbookDamaged(
            f"The workbook is damaged: its archive can't be read ({error}).",
            "Open it in Excel, save it again and upload the new copy.",
        )
    return UnsupportedFile("The file is not an Excel workbook.", _FORMATS)


def _check_sizes(archive: zipfile.ZipFile, packed: int, max_unpacked: int) -> None:
    infos = archive.infolist()
    unpacked = sum(info.file_size for info in infos)
    bomb = unpacked > _RATIO_MATTERS_FROM and unpacked > _MAX_RATIO * max(packed, 1)
    if len(infos) > _MAX_PARTS or unpacked > max_unpacked or bomb:
        raise TooLarge(
            f"The workbook unpacks to {unpacked:,} bytes in {len(infos):,} parts, "
            f"from {packed:,}; at most {max_unpacked:,} bytes are opened.",
            "Split the workbook, or remove pictures and unused sheets.",
        )


def _check_parts(archive: zipfile.ZipFile) -> list[str]:
    names = [name.lstrip("/") for name in archive.namelist()]
    if any(info.flag_bits & 1 for info in archive.infolist()):
        raise UnsupportedFile("The archive is encrypted.", "Save it without a password.")
    if "[Content_Types].xml" not in names:
        raise UnsupportedFile("The file is an archive, but not an Excel workbook.", _FORMATS)
    if any(name.endswith("workbook.bin") for name in names):
        raise UnsupportedFile("The file is in the .xlsb format.", "Save it as .xlsx. " + _FORMATS)
    if not any(name.lower().endswith("workbook.xml") for name in names):
        raise UnsupportedFile("The file holds no workbook.", _FORMATS)
    return names


def _scan_parts(archive: zipfile.ZipFile, names: list[str], max_cells: int) -> list[str]:
    found: dict[str, None] = {}
    cells = 0
    for info in archive.infolist():
        is_sheet = "worksheets/sheet" in info.filename.lower()
        for chunk in _xml_chunks(archive, info):
            _refuse_declarations(chunk, info.filename)
            # A sheet's part may have any name; what it holds can't.
            is_sheet = is_sheet or b"sheetData" in chunk
            if is_sheet:
                # Cells, and a few other elements beside that matter little.
                cells += chunk.count(b"<c", _OVERLAP) + chunk.count(b":c", _OVERLAP)
                found |= {label: None for label, mark in _LOST_IN_SHEET.items() if mark in chunk}
            elif "drawings/" in info.filename:
                found |= {label: None for label, mark in _LOST_IN_DRAWING.items() if mark in chunk}
        if is_sheet and cells > max_cells:
            raise TooLarge(
                f"The workbook holds more than {max_cells:,} cells.",
                "Split it, or ask the operator to raise EXCEL_TOOLS_MAX_CELLS.",
            )
        if is_sheet:
            _check_merges(archive, info)
    return list(found)


def _xml_chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """The chunks of a part that is XML, each beginning with the end of the one before.

    UTF-16 comes without its zero bytes, so that what is looked for is found in it as well.
    """
    known = info.filename.lower().endswith((".xml", ".rels", ".vml"))
    tail = b" " * _OVERLAP
    with archive.open(info) as part:
        chunk = part.read(_CHUNK)
        wide = b"\0" in chunk[:4]
        if not known and not chunk.lstrip(b"\xef\xbb\xbf\xfe\xff\0 \t\r\n").startswith(b"<?xml"):
            return
        while chunk:
            whole = tail + (chunk.replace(b"\0", b"") if wide else chunk)
            yield whole
            tail = whole[-_OVERLAP:]
            chunk = part.read(_CHUNK)


def _refuse_declarations(chunk: bytes, name: str) -> None:
    if b"<!DOCTYPE" in chunk or b"<!ENTITY" in chunk:
        raise WorkbookDamaged(
            f"The part {name} declares XML entities, which no workbook needs.",
            "Open the file in Excel, save it again and upload the new copy.",
        )


_MERGE = re.compile(
    rb"""<(?:\w+:)?(?:mergeCell|hyperlink)\s[^>]*?\bref\s*=\s*["']\s*"""
    rb"""\$?([A-Za-z]{1,3})\$?(\d{1,7}):\$?([A-Za-z]{1,3})\$?(\d{1,7})"""
)


def _check_merges(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    """Merged cells and links over a whole sheet make openpyxl build each cell of it."""
    total = 0
    for chunk in _xml_chunks(archive, info):
        for first, top, last, bottom in _MERGE.findall(chunk):
            columns = column_index_from_string(last.decode()) - column_index_from_string(
                first.decode()
            )
            total += (abs(columns) + 1) * (abs(int(bottom) - int(top)) + 1)
        if total > 2_000_000:
            raise TooLarge(
                f"{info.filename} merges or links {total:,} cells.",
                "Merge less than whole columns or sheets and upload the file again.",
            )
