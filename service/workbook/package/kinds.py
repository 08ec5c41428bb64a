"""What a file is, by what is in it: names and extensions say what they like."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from service.errors import UnsupportedFile
from service.workbook.package import encodings
from service.workbook.package.archive import Archive, opened
from service.workbook.package.compound import MAGIC, Compound
from service.workbook.package.guard import FORMATS

# xlsx and its kin; xlsx in the strict form; .xlsb; OpenDocument, zipped and flat; .xls; xlsx
# or .xlsb inside encryption; SpreadsheetML of 2003; a web page; text.
Kind = Literal[
    "xlsx", "strict", "xlsb", "ods", "fods", "xls", "encrypted", "xml2003", "html", "text"
]
CONTENT_TYPES = "[Content_Types].xml"
_SMALL = 4 << 20
_SAMPLE = 1 << 16
_OLDEST = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00")
_MAGICS = {
    b"%PDF": "a PDF document",
    b"{\\rtf": "an RTF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\x1f\x8b": "a compressed file (gzip)",
    b"7z\xbc\xaf": "a compressed file (7-Zip)",
    b"Rar!": "a compressed file (RAR)",
    b"SQLite format 3": "an SQLite database",
    b"\x00\x01\x00\x00Standard ": "an Access database",
}
_FOLDERS = {
    "word/": "a Word document",
    "ppt/": "a PowerPoint presentation",
    "visio/": "a Visio drawing",
    "index/document.iwa": "an Apple Numbers document",
    "index.zip": "an Apple Numbers document",
}
_STREAMS = {
    "WordDocument": "a Word document",
    "PowerPoint Document": "a PowerPoint presentation",
    "VisioDocument": "a Visio drawing",
    "__properties_version1.0": "an Outlook message",
}
_OPENDOCUMENT = b"application/vnd.oasis.opendocument."
_STRICT = b"http://purl.oclc.org/ooxml/"
_DELIMITERS = ",;\t|"


def identify(path: Path, max_unpacked: int) -> Kind:
    """What the file is.

    :raises UnsupportedFile: if it is nothing that can be opened; the message says what it is
    :raises WorkbookDamaged: if it is an archive or a compound file, but broken
    """
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    if head.startswith(b"PK"):
        return _in_archive(path, max_unpacked)
    if head.startswith(MAGIC):
        return _in_compound(Compound(path))
    if head.startswith(_OLDEST):
        return "xls"
    for magic, what in _MAGICS.items():
        if head.startswith(magic):
            raise unsupported(what)
    return _in_text(head)


def unsupported(what: str) -> UnsupportedFile:
    """The error of a file that is ``what``, and no workbook."""
    return UnsupportedFile(f"The file is {what}, no Excel workbook.", FORMATS)


def _in_archive(path: Path, max_unpacked: int) -> Kind:
    with opened(path, max_unpacked) as archive:
        media = archive.read("mimetype", _SMALL)
        if media.startswith(_OPENDOCUMENT):
            return _opendocument(media)
        if archive.find(CONTENT_TYPES):
            return _in_package(archive)
        manifest = archive.read("META-INF/manifest.xml", _SMALL)
        if _OPENDOCUMENT in manifest:
            return _opendocument(manifest[manifest.index(_OPENDOCUMENT) :])
        raise _foreign(archive.names)


def _opendocument(media: bytes) -> Kind:
    rest = media[len(_OPENDOCUMENT) :]
    if rest.startswith(b"spreadsheet"):
        return "ods"
    raise unsupported("an OpenDocument file, but not a spreadsheet")


def _in_package(archive: Archive) -> Kind:
    types = _text(archive, CONTENT_TYPES)
    if b"ms-excel.sheet.binary." in types:
        return "xlsb"
    names = [name.lower() for name in archive.names]
    if not any(name.endswith("workbook.xml") for name in names):
        raise _foreign(archive.names)
    return "strict" if _STRICT in _text(archive, "_rels/.rels") else "xlsx"


def _text(archive: Archive, name: str) -> bytes:
    data = archive.read(name, _SMALL)
    return b"".join(encodings.as_utf8(data, iter(()), name))


def _foreign(names: list[str]) -> UnsupportedFile:
    lowered = [name.lower() for name in names]
    for start, what in _FOLDERS.items():
        if any(name.startswith(start) for name in lowered):
            return unsupported(what)
    return UnsupportedFile(
        "The file is an archive, but not an Excel workbook.",
        "Unpack it and upload the workbook that is in it. " + FORMATS,
    )


def _in_compound(compound: Compound) -> Kind:
    if compound.find("EncryptedPackage"):
        return "encrypted"
    if compound.find("Workbook") or compound.find("Book"):
        return "xls"
    for stream, what in _STREAMS.items():
        if compound.find(stream):
            raise unsupported(what)
    raise unsupported("an Office document of an old or unknown kind")


def _in_text(head: bytes) -> Kind:
    text = _decoded(head)
    begin = text.lstrip("\ufeff \t\r\n")[:4_000].lower()
    if not begin.startswith("<"):
        if "docs.google.com" in begin and begin.startswith("{"):
            raise unsupported("a link to a document in Google Drive")
        return "text"
    if "urn:schemas-microsoft-com:office:spreadsheet" in begin and "<workbook" in begin:
        return "xml2003"
    if "opendocument.spreadsheet" in begin:
        return "fods"
    if re.search(r"<(!doctype html|html|head|meta|body|table|div|style)\b", begin):
        return "html"
    return "text"


def _decoded(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "replace")
    return head.decode("latin-1")


def is_table(path: Path) -> bool:
    """Whether a text looks like rows of values: the same mark of division in its first lines."""
    with path.open("rb") as file:
        text = _decoded(file.read(_SAMPLE))
    lines = [line for line in text.lstrip("\ufeff").splitlines()[:20] if line.strip()]
    if len(lines) < 2 or "\0" in text:
        return False
    return any(all(mark in line for line in lines[:-1]) for mark in _DELIMITERS)
