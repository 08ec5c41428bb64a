"""A look into a workbook's package before any parser gets to see it.

A file of a few kilobytes can unpack to gigabytes or declare a sheet full of merged
cells; the parsers behind this module can't bound themselves. So sizes, counts and
declarations are checked here first: one pass over the unpacked bytes, by searching and
counting in large pieces, without building anything.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from openpyxl.utils import column_index_from_string

from service.errors import TooLarge, UnsupportedFile, WorkbookDamaged
from service.workbook.package import encodings, pictures
from service.workbook.package.archive import SAVE_AGAIN, Archive, damaged, opened

FORMATS = "Files that can be opened: .xlsx, .xlsm, .xltx, .xltm, .xls, .xlsb, .ods and .csv."

_OVERLAP = 256
_STRIDE = 1 << 14  # where a tag or a text may not end for so long, it is looked at
_MAX_FORMULA = 1 << 16  # bytes; Excel's own limit is 8,192 characters
_MAX_TAG = 1 << 20
_MAX_ATTRIBUTES = 2_000
_MAX_DEPTH = 2_000
_MAX_MERGED = 1_000_000
_MAX_STRINGS = 1_000_000
# Elements of a part that is no sheet: pivot caches and shared strings are the longest.
_ELEMENTS_PER_CELL = 20
_MAX_ELEMENTS = 2_000_000

# What a part may hold at most, of anything that costs its readers much: far more than Excel
# itself takes, or than a workbook of its largest size needs. By the root element of the part.
_MOST = {
    "worksheet": {
        b"mergeCell ": (300_000, "merged areas"),
        b"hyperlink ": (300_000, "links"),
        b"cfRule ": (200_000, "conditional formats"),
        b"dataValidation ": (200_000, "validation rules"),
        b"<col ": (50_000, "column definitions"),
    },
    "styleSheet": {
        b"<xf": (200_000, "cell formats"),
        b"<font>": (100_000, "fonts"),
        b"<fill>": (100_000, "fills"),
        b"<border": (200_000, "borders"),
        b"<numFmt": (100_000, "number formats"),
        b"<dxf": (200_000, "formats of rules"),
        b"<cellStyle ": (100_000, "named styles"),
    },
    "workbook": {
        b"<sheet ": (2_000, "sheets"),
        b"<definedName ": (200_000, "defined names"),
        b"<externalReference ": (10_000, "links to other files"),
    },
    "comments": {b"<comment ": (300_000, "comments"), b"<author": (300_000, "authors")},
    "wsDr": {b"Anchor": (200_000, "anchors of drawings")},
    "Relationships": {b"<Relationship ": (200_000, "relationships")},
    "Types": {b"<Override": (50_000, "content types"), b"<Default": (10_000, "content types")},
}
_RARE = {
    b"mergeCell ": b"g",
    b"hyperlink ": b"k",
    b"cfRule ": b"u",
    b"dataValidation ": b"d",
    b"<col ": b"l",
}
_MAIN = re.compile(rb"(?:spreadsheetml|ms-excel)\.[\w.]+\.main\+xml")
_ROOT = re.compile(rb"<(?:[\w.-]+:)?([A-Za-z][\w.-]*)")
_FORMULA = re.compile(rb"<(?:[\w.-]+:)?f[\s/>]")
_MERGE = re.compile(
    rb"""<(?:\w+:)?(?:mergeCell|hyperlink)\s[^>]*?\bref\s*=\s*["']\s*"""
    rb"""\$?([A-Za-z]{1,3})\$?(\d{1,7}):\$?([A-Za-z]{1,3})\$?(\d{1,7})"""
)


@dataclass(frozen=True)
class PackageFacts:
    """What the look found.

    :param macros: whether there are macros inside
    :param signed: whether somebody signed the file
    :param cells: about how many cells there are; never fewer than there really are
    :param formulas: whether any cell holds a formula
    :param sizes: bytes of each part when unpacked, by the name of the part
    """

    macros: bool
    signed: bool
    cells: int = 0
    formulas: bool = False
    sizes: dict[str, int] = field(default_factory=dict)


def inspect_package(path: Path, max_unpacked: int, max_cells: int) -> PackageFacts:
    """Check the package at ``path`` and tell what is in it.

    :param max_unpacked: bytes that all parts together may unpack to
    :param max_cells: cells that all sheets together may hold
    :raises UnsupportedFile: if it is no workbook that can be opened
    :raises WorkbookDamaged: if it is one, but broken
    :raises TooLarge: if it is beyond the limits
    """
    with path.open("rb") as file:
        if not file.read(8).startswith(b"PK"):
            raise UnsupportedFile("The file is not an Excel workbook.", FORMATS)
    with opened(path, max_unpacked) as archive:
        _check_kind(archive.names, lambda: _content_types(archive))
        return scan_parts(archive, max_cells)


def scan_parts(archive: Archive, max_cells: int) -> PackageFacts:
    """Check all parts of an archive, and tell what is in them.

    :raises WorkbookDamaged: if a part is broken, or made to break its reader
    :raises TooLarge: if there are more than ``max_cells`` cells, or too many of other things
    """
    scan = _Scan(max_cells)
    for info in archive.infos:
        scan.part(archive, info)
    names = archive.names
    sizes = {name: info.file_size for name, info in zip(names, archive.infos, strict=True)}
    signed = any(name.lower().startswith("_xmlsignatures/") for name in names)
    macros = any(name.lower().endswith("vbaproject.bin") for name in names)
    return PackageFacts(macros, signed, scan.cells, scan.formulas, sizes)


def _check_kind(names: list[str], types: Callable[[], bytes]) -> None:
    lowered = [name.lower() for name in names]
    if "[content_types].xml" not in lowered:
        raise UnsupportedFile("The file is an archive, but not an Excel workbook.", FORMATS)
    if not any(name.endswith("workbook.xml") for name in lowered) and not _MAIN.search(types()):
        raise UnsupportedFile("The file holds no workbook.", FORMATS)


def _content_types(archive: Archive) -> bytes:
    """The first bytes of the list of content types."""
    info = next(i for i in archive.infos if i.filename.lower() == "[content_types].xml")
    return next(archive.chunks(info), b"")


def check_xml(data: bytes, name: str, max_cells: int) -> None:
    """Check a file that is one piece of XML, as a part of a package is checked.

    :raises WorkbookDamaged: if it is made to break its reader
    :raises TooLarge: if it holds too many elements
    """
    state = _Part(name, max_cells)
    for whole in _overlapping(encodings.as_utf8(data, iter(()), name)):
        state.check(whole)


class _Scan:
    """What was found in the parts so far."""

    def __init__(self, max_cells: int) -> None:
        self.max_cells = max_cells
        self.cells = 0
        self.formulas = False

    def part(self, archive: Archive, info: zipfile.ZipInfo) -> None:
        """Look at a part: all of it, so that what can't be unpacked is found as well."""
        chunks = archive.chunks(info)
        first = next(chunks, b"")
        pictures.check(first, info.filename)
        if not encodings.is_xml(first, info.filename):
            for _ in chunks:
                pass
            return
        state = _Part(info.filename, self.max_cells)
        for whole in _overlapping(encodings.as_utf8(first, chunks, info.filename)):
            state.check(whole)
            if state.is_sheet:
                self._sheet(whole, state)

    def _sheet(self, chunk: bytes, state: _Part) -> None:
        # Cells, and a few other elements beside that matter little.
        self.cells += chunk.count(b"<c", _OVERLAP - 1)
        # As with rare letters, a single byte spares looking for what is longer.
        if b":" in chunk:
            self.cells += chunk.count(b":c", _OVERLAP - 1)
        if self.cells > self.max_cells:
            raise TooLarge(
                f"The workbook holds more than {self.max_cells:,} cells.",
                "Split it, or ask the operator to raise EXCEL_TOOLS_MAX_CELLS.",
            )
        if not self.formulas and b"f" in chunk and (b"<f" in chunk or b":f" in chunk):
            self.formulas = bool(_FORMULA.search(chunk))
        if (b"g" in chunk and b"mergeCell" in chunk) or (b"k" in chunk and b"hyperlink" in chunk):
            state.merges(chunk)


class _Part:
    """The counts of one part of XML, over all its chunks."""

    def __init__(self, name: str, max_cells: int) -> None:
        self.name = name
        self.is_sheet = "worksheets/sheet" in name.lower()
        self._max_cells = max_cells
        self._most: dict[bytes, tuple[int, str]] | None = None
        self._counts: Counter[bytes] = Counter()
        self._elements = self._depth = self._merged = self._long_tag = 0

    def check(self, chunk: bytes) -> None:
        """Look at the next chunk, which begins with the end of the one before."""
        if b"!" in chunk and (b"<!DOCTYPE" in chunk or b"<!ENTITY" in chunk):
            raise WorkbookDamaged(
                f"The part {self.name} declares XML entities, which no workbook needs.", SAVE_AGAIN
            )
        # A sheet's part may have any name; what it holds can't.
        self.is_sheet = self.is_sheet or b"sheetData" in chunk
        if self._most is None:
            self._most = self._limits(chunk)
        for mark, (most, words) in self._most.items():
            # A letter that is rare in sheets is found or missed at once.
            if _RARE.get(mark, mark[:1]) not in chunk:
                continue
            self._counts[mark] += chunk.count(mark, _OVERLAP - len(mark) + 1)
            if self._counts[mark] > most:
                raise self._too_many(most, words)
        self._measure(chunk)
        self._long_runs(chunk)

    def _limits(self, chunk: bytes) -> dict[bytes, tuple[int, str]]:
        root = _ROOT.search(chunk)
        kind = root[1].decode() if root else ""
        if kind == "sst":
            return {b"<si": (max(_MAX_STRINGS, self._max_cells), "shared strings")}
        return _MOST.get(kind, {})

    def _measure(self, chunk: bytes) -> None:
        """Count elements and how deep they lie, at the ends of chunks at least."""
        opening = chunk.count(b"<", _OVERLAP)
        self._elements += opening
        most = max(_MAX_ELEMENTS, self._max_cells * _ELEMENTS_PER_CELL)
        if self._elements > most and not self.is_sheet:
            raise self._too_many(most, "elements")
        depth = self._depth + opening - 2 * chunk.count(b"</", _OVERLAP - 1)
        if depth > _MAX_DEPTH:
            depth -= chunk.count(b"/>", _OVERLAP - 1) + chunk.count(b"<!", _OVERLAP - 1)
        self._depth = depth
        if depth > _MAX_DEPTH:
            raise damaged(f"the XML of its part {self.name} is nested thousands of times")

    def _long_runs(self, chunk: bytes) -> None:
        """Look closer where a text or a tag does not end within a stride."""
        for start in range(_OVERLAP, len(chunk), _STRIDE):
            end = start + _STRIDE
            if chunk.find(b">", start, end) < 0:
                self._check_tag(chunk, start, end)
            else:
                self._long_tag = 0
            if chunk.find(b"<", start, end) < 0:
                self._check_text(chunk, start, end)

    def _check_tag(self, chunk: bytes, start: int, end: int) -> None:
        inside = self._long_tag or chunk.rfind(b"<", 0, end) > chunk.rfind(b">", 0, start)
        if not inside:
            return
        self._long_tag += min(end, len(chunk)) - start
        crowded = chunk.count(b"=", start, end) > _MAX_ATTRIBUTES // 2
        if self._long_tag > _MAX_TAG or crowded:
            raise damaged(f"its part {self.name} has an element with thousands of attributes")

    def _check_text(self, chunk: bytes, start: int, end: int) -> None:
        opening = chunk.rfind(b"<", 0, start)
        if not _FORMULA.match(chunk, opening) or self._long_tag:
            return
        close = chunk.find(b"<", end)
        length = (close if close >= 0 else len(chunk)) - opening
        if length > _MAX_FORMULA:
            raise damaged(f"a formula in {self.name} is longer than any that Excel can hold")

    def merges(self, chunk: bytes) -> None:
        """Merged cells and links over a whole sheet make openpyxl build each cell of it."""
        for first, top, last, bottom in _MERGE.findall(chunk):
            columns = column_index_from_string(last.decode()) - column_index_from_string(
                first.decode()
            )
            self._merged += (abs(columns) + 1) * (abs(int(bottom) - int(top)) + 1)
        if self._merged > _MAX_MERGED:
            raise TooLarge(
                f"{self.name} merges or links {self._merged:,} cells.",
                "Merge less than whole columns or sheets and upload the file again.",
            )

    def _too_many(self, most: int, words: str) -> TooLarge:
        return TooLarge(
            f"{self.name} holds more than {most:,} {words}.",
            "Remove what is not needed in Excel, or split the workbook, and upload it again.",
        )


def _overlapping(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks, each beginning with the end of the one before."""
    tail = b" " * _OVERLAP
    for chunk in chunks:
        if chunk:
            whole = tail + chunk
            yield whole
            tail = whole[-_OVERLAP:]
