"""From a file that somebody sent to the package that a working copy begins as.

What can be edited in place is taken as it is. Anything else is converted once, here, so that
the working copy has one base file whatever is done with it afterwards; what the conversion
keeps, and what it does not, is told by name.
"""

from __future__ import annotations

import dataclasses
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from service.errors import OperationTooSlow, TooLarge, UnsupportedFile, WorkbookDamaged
from service.names import split_extension
from service.workbook import libreoffice, protection
from service.workbook.package import odf_encryption, opendocument, strict
from service.workbook.package.archive import Archive, damaged, opened
from service.workbook.package.compound import Compound
from service.workbook.package.guard import (
    FORMATS,
    PackageFacts,
    check_xml,
    inspect_package,
    scan_parts,
)
from service.workbook.package.kinds import Kind, identify, is_table, unsupported
from service.workbook.package.opc import Draft, Package
from service.workbook.package.records import Facts, walk_xls, walk_xlsb
from service.workbook.plain_copy import copy_plainly

_TYPE = "application/vnd.{}.main+xml"
_PLAIN = _TYPE.format("openxmlformats-officedocument.spreadsheetml.sheet")
_MACROS = _TYPE.format("ms-excel.sheet.macroEnabled")
_TEMPLATE = _TYPE.format("openxmlformats-officedocument.spreadsheetml.template")
_WITH_MACROS = {_MACROS, _TYPE.format("ms-excel.template.macroEnabled")} | {
    _TYPE.format("ms-excel.addin.macroEnabled")
}
_WORDS: dict[Kind, str] = {
    "xlsb": "a binary workbook (.xlsb)",
    "xls": "a workbook of Excel 97 to 2003 (.xls)",
    "ods": "an OpenDocument spreadsheet (.ods)",
    "fods": "an OpenDocument spreadsheet in one XML file (.fods)",
    "xml2003": "a workbook in the XML format of Excel 2003",
    "html": "a web page",
}
_EXTENSIONS: dict[Kind, str] = {"xml2003": "xml"}
_TEXTS = (".csv", ".tsv", ".txt")
_PLAINLY: tuple[Kind, ...] = ("xls", "xlsb", "ods")
# calamine keeps a rectangle that holds all cells of a sheet in memory.
_MAX_AREA = 8_000_000
_MAX_PART = 400 << 20
_SHEET_OR_STRINGS = (b"\x81\x01", b"\x9f\x01")  # the first records of these parts
_UNPROTECTED = "The password opened the file. Saved files carry no password."


@dataclass(frozen=True)
class Sent:
    """A file that is to be opened.

    :param name: as the user knows it
    :param folder: where what is made of it goes
    :param seconds: how long a conversion may take
    :param program: LibreOffice, as ``libreoffice.found_program`` gives it
    """

    path: Path
    name: str
    folder: Path
    password: str = field(repr=False)
    max_unpacked: int
    max_cells: int
    seconds: float
    program: str


@dataclass
class Prepared:
    """The package that a working copy can begin as.

    :param path: of the file; None for a text, which is to be imported
    :param ending: ".xlsx" or ".xlsm", as the content is
    :param converted: what it was converted from, such as "xls"; "" if it was not
    :param notes: what the user should know
    :param facts: what the guard found in it, if it looked at it already
    """

    path: Path | None
    ending: str = ".xlsx"
    converted: str = ""
    notes: list[str] = field(default_factory=list)
    facts: PackageFacts | None = None


def prepare(sent: Sent) -> Prepared:
    """Make a package that can be edited of a file of any kind that can be read.

    :raises ExcelToolsError: saying what the file is, and what to do
    """
    kind = identify(sent.path, sent.max_unpacked)
    notes: list[str] = []
    if kind == "encrypted" or (kind == "xls" and _xls_facts(sent).encrypted):
        open_copy = sent.folder / "decrypted"
        if protection.decrypt(sent.path, sent.name, sent.password, open_copy):
            notes.append(_UNPROTECTED)
        sent = dataclasses.replace(sent, path=open_copy)
        kind = identify(open_copy, sent.max_unpacked)
    elif kind == "ods" and _decrypted_ods(sent):
        sent = dataclasses.replace(sent, path=sent.folder / "decrypted")
        notes.append(_UNPROTECTED)
    elif sent.password:
        notes.append(f"{sent.name} is not protected by a password; the one given was not needed.")
    prepared = _made(sent, kind)
    prepared.notes = notes + prepared.notes
    return prepared


def _decrypted_ods(sent: Sent) -> bool:
    """Whether an OpenDocument file was encrypted; then it is in the folder without that."""
    with opened(sent.path, sent.max_unpacked) as archive:
        if not odf_encryption.is_encrypted(archive):
            return False
        target = sent.folder / "decrypted"
        odf_encryption.decrypt(archive, sent.name, sent.password, target, sent.max_unpacked)
        return True


def _made(sent: Sent, kind: Kind) -> Prepared:
    if kind == "text":
        return _text(sent)
    if kind == "strict":
        inspect_package(sent.path, sent.max_unpacked, sent.max_cells)
        usual = sent.folder / "usual.xlsx"
        strict.as_usual(sent.path, usual)
        prepared = _package(dataclasses.replace(sent, path=usual))
        prepared.notes.append(
            f"{sent.name} is in the strict form of Office Open XML; it was opened in the usual "
            "form, with all its parts."
        )
        return prepared
    if kind == "xlsx":
        return _package(sent)
    return _converted(sent, kind)


def _text(sent: Sent) -> Prepared:
    ending = split_extension(sent.name)[1].lower()
    if ending in _TEXTS:
        return Prepared(None)
    if not is_table(sent.path):
        raise UnsupportedFile(f"{sent.name} is not an Excel workbook.", FORMATS)
    return Prepared(None)


# Packages that can be edited in place ----------------------------------------


def _package(sent: Sent) -> Prepared:
    """A workbook of the usual form: as it is, but no template, and under the right name."""
    facts = inspect_package(sent.path, sent.max_unpacked, sent.max_cells)
    package = Package(sent.path)
    main = _main_part(package)
    draft = Draft(package)
    said = draft.content_type(main)
    # A workbook may be one for macros and hold none: then its name is believed.
    named = split_extension(sent.name)[1].lower() in (".xlsm", ".xltm")
    macros = facts.macros or said in _WITH_MACROS or named
    wanted = _MACROS if macros else _PLAIN
    prepared = Prepared(sent.path, ".xlsm" if macros else ".xlsx", facts=facts)
    if said not in (wanted, *_WITH_MACROS, _TEMPLATE, _PLAIN):
        raise unsupported(f"an Office document of the type {said[:100]!r}")
    if said != wanted:
        draft.write(main, package.read(main), wanted)
        prepared.path = sent.folder / f"retyped{prepared.ending}"
        draft.save(prepared.path)
    if "template" in said:
        prepared.notes.append(f"{sent.name} is a template; a new workbook was made from it.")
    else:
        prepared.notes += _misnamed(sent.name, prepared.ending)
    return prepared


def _main_part(package: Package) -> str:
    """The name of the workbook's main part."""
    for related in package.relationships("").of_kind("officeDocument"):
        if related.target in package:
            return related.target
    raise damaged("it does not say which of its parts is the workbook")


def _misnamed(name: str, ending: str) -> list[str]:
    own = split_extension(name)[1].lower()
    if own in ("", ending, ".xltx", ".xltm") or (own not in _KNOWN_ENDINGS and ending == ".xlsx"):
        return []
    what = "a workbook with macros" if ending == ".xlsm" else "an .xlsx workbook"
    return [f"{name} is {what}, whatever its name says; it was opened as {ending}."]


_KNOWN_ENDINGS = {".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".csv", ".tsv", ".txt"}


# Everything else is converted -------------------------------------------------


def _converted(sent: Sent, kind: Kind) -> Prepared:
    looked = _checked(sent, kind)
    if sent.program and kind != "html":
        return _by_libreoffice(sent, kind, looked)
    if kind not in _PLAINLY:
        raise UnsupportedFile(
            f"{sent.name} is {_WORDS[kind]}, which can't be opened here.",
            "Open it in Excel, save it as .xlsx and upload that.",
        )
    return _by_calamine(sent, kind, looked)


def _by_libreoffice(sent: Sent, kind: Kind, looked: _Looked) -> Prepared:
    source = sent.folder / f"source.{_EXTENSIONS.get(kind, kind)}"
    shutil.copyfile(sent.path, source)
    made = sent.folder / "made"
    made.mkdir()
    try:
        path = libreoffice.convert(source, "xlsx", made, seconds=sent.seconds, program=sent.program)
    except libreoffice.TooSlowError as error:
        raise OperationTooSlow(
            f"Converting {sent.name} to .xlsx: {error}.",
            "Make the workbook smaller, or save it as .xlsx in Excel and upload that.",
        ) from None
    except libreoffice.LibreOfficeError as error:
        if kind not in _PLAINLY:
            raise damaged(f"{sent.name} can't be converted: {error}") from None
        prepared = _by_calamine(sent, kind, looked)
        prepared.notes.append(f"{error}; so it was read without it.")
        return prepared
    facts = inspect_package(path, sent.max_unpacked, sent.max_cells)
    note = (
        f"{sent.name} is {_WORDS[kind]}; LibreOffice converted it to .xlsx. Kept, as LibreOffice "
        "reads them: values, formulas, formats, charts, pictures."
    )
    if looked.macros:
        note += " Not kept: macros."
    return Prepared(path, ".xlsx", kind, [note], facts)


def _by_calamine(sent: Sent, kind: Kind, looked: _Looked) -> Prepared:
    facts = looked.records
    if facts.area > _MAX_AREA and facts.area > 20 * facts.cells:
        raise TooLarge(
            f"The cells of a sheet are spread over {facts.area:,} places.",
            "Save it as .xlsx in Excel and upload that.",
        )
    source = sent.folder / f"plain.{kind}"
    shutil.copyfile(sent.path, source)
    path = sent.folder / "copied.xlsx"
    left_out = copy_plainly(source, path, max_cells=sent.max_cells)
    kept = "values, dates and merged cells" if kind == "xls" else "values and dates"
    note = (
        f"{sent.name} is {_WORDS[kind]}; it was converted to .xlsx. Kept: {kept}. Not kept: "
        "formulas (their last results are there), formats, charts, pictures, comments, macros."
    )
    notes = [note]
    if not sent.program:
        notes.append("With LibreOffice beside the service, formulas, formats and charts are kept.")
    if left_out:
        notes.append(f"Left out, as they hold no cells: {', '.join(left_out)[:500]}.")
    return Prepared(path, ".xlsx", kind, notes)


@dataclass
class _Looked:
    """What a look at a file found that is to be converted."""

    macros: bool = False
    records: Facts = field(default_factory=Facts)


def _checked(sent: Sent, kind: Kind) -> _Looked:
    """Look at a file before a converter does."""
    if kind == "xls":
        macros = _is_compound(sent.path) and Compound(sent.path).find("_VBA_PROJECT_CUR")
        return _Looked(bool(macros), _xls_facts(sent))
    if kind == "xlsb":
        return _check_xlsb(sent)
    if kind == "ods":
        with opened(sent.path, sent.max_unpacked) as archive:
            scan_parts(archive, sent.max_cells)
            opendocument.check_cells(archive, sent.max_cells)
            return _Looked(opendocument.has_macros(archive))
    if kind in ("fods", "xml2003"):
        check_xml(sent.path.read_bytes(), sent.name, sent.max_cells)
    return _Looked()


def _is_compound(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(1) == b"\xd0"


def _xls_facts(sent: Sent) -> Facts:
    if not _is_compound(sent.path):
        return Facts()  # of Excel 4 and before: a stream of records without any container
    compound = Compound(sent.path)
    stream = compound.find("Workbook") or compound.find("Book")
    if stream is None:
        raise damaged("it holds no workbook")
    return walk_xls(compound.read(stream), sent.max_cells)


def _check_xlsb(sent: Sent) -> _Looked:
    facts = Facts()
    with opened(sent.path, sent.max_unpacked) as archive:
        scan_parts(archive, sent.max_cells)
        for name in archive.names:
            if name.lower().endswith(".bin"):
                _walk_binary(archive.read(name, _MAX_PART), facts, sent.max_cells)
        return _Looked(_has_macros(archive), facts)


def _walk_binary(part: bytes, facts: Facts, max_cells: int) -> None:
    """Look at a part that may be a sheet: it may have any name, and begin as it likes."""
    try:
        walk_xlsb(part, facts, max_cells)
    except WorkbookDamaged:
        if part.startswith(_SHEET_OR_STRINGS):
            raise


def _has_macros(archive: Archive) -> bool:
    return any(name.lower().endswith("vbaproject.bin") for name in archive.names)
