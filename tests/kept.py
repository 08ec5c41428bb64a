"""Workbooks whose sheets carry much, and a save that only concerns what hangs on sheets."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path

import openpyxl
from lxml import etree

from service.workbook.keeping.parts import Links, Memory, remember, update
from service.workbook.package.opc import OFFICE, Draft, Package, parse

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
# The elements of a sheet that come after its cells. Source: ECMA-376 part 1, 18.3.1.99.
_TAIL = (
    "sheetData sheetCalcPr sheetProtection protectedRanges scenarios autoFilter sortState "
    "dataConsolidate customSheetViews mergeCells phoneticPr conditionalFormatting "
    "dataValidations hyperlinks printOptions pageMargins pageSetup headerFooter rowBreaks "
    "colBreaks customProperties cellWatches ignoredErrors smartTags drawing legacyDrawing "
    "legacyDrawingHF drawingHF picture oleObjects controls webPublishItems tableParts extLst"
).split()


class Opened:
    """A workbook as the editor has it, with its package and what is remembered of its sheets."""

    def __init__(self, path: Path) -> None:
        self.package = Package(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what openpyxl can't read; that is the point
            macros = path.suffix == ".xlsm"
            self.book = openpyxl.load_workbook(path, rich_text=True, keep_vba=macros)
        self.parts = sheet_parts(self.package)
        self.memories: dict[str, Memory] = {
            sheet.title: remember(sheet, self.package, self.parts[sheet.title])
            for sheet in self.book._sheets
        }

    def save(self, path: Path) -> dict[str, Links]:
        """Write what hangs on the sheets; everything else stays as it is in the package."""
        draft = Draft(self.package)
        links = {}
        for sheet in self.book._sheets:
            part = self.parts[sheet.title]
            links[sheet.title] = update(sheet, self.memories[sheet.title], draft, part)
            if links[sheet.title]:
                root = draft.xml(part)
                link(root, links[sheet.title])
                draft.write(part, root)
        draft.save(path)
        return links


def sheet_parts(package: Package) -> dict[str, str]:
    """The parts of the sheets by their titles."""
    (main,) = package.relationships("").of_kind("officeDocument")
    related = package.relationships(main.target)
    found = {}
    for sheet in parse(package.read(main.target)).iter(f"{{{MAIN}}}sheet"):
        item = related.get(sheet.get(f"{{{OFFICE}}}id"))
        assert item is not None
        found[sheet.get("name", "")] = item.target
    return found


def link(root: etree._Element, links: Links) -> None:
    """Write the ids of relationships into a sheet's element."""
    for tag, ids in (("drawing", links.drawing), ("legacyDrawing", links.legacy_drawing)):
        if ids is not None:
            _put(
                root, tag, [etree.Element(f"{{{MAIN}}}{tag}", {f"{{{OFFICE}}}id": i}) for i in ids]
            )
    if links.table_parts is not None:
        tables = etree.Element(f"{{{MAIN}}}tableParts", count=str(len(links.table_parts)))
        tables.extend(_with_id("tablePart", id_) for id_ in links.table_parts)
        _put(root, "tableParts", [tables] if links.table_parts else [])


def _with_id(tag: str, id_: str) -> etree._Element:
    return etree.Element(f"{{{MAIN}}}{tag}", {f"{{{OFFICE}}}id": id_})


def _put(root: etree._Element, tag: str, elements: list[etree._Element]) -> None:
    for old in root.findall(f"{{{MAIN}}}{tag}"):
        root.remove(old)
    later = {f"{{{MAIN}}}{name}" for name in _TAIL[_TAIL.index(tag) + 1 :]}
    place = next((number for number, child in enumerate(root) if child.tag in later), len(root))
    root[place:place] = elements


def contents(path: Path) -> dict[str, bytes]:
    """All parts by name; XML in canonical form, relationships with resolved targets in order."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(names) == len(set(names))
        return {name: _canonical(name, archive.read(name)) for name in names}


def _canonical(name: str, data: bytes) -> bytes:
    if not name.endswith((".xml", ".rels", ".vml")) or not data.strip():
        return data
    root = etree.fromstring(data)
    if name == "[Content_Types].xml":
        return b"\n".join(sorted(etree.tostring(child, method="c14n") for child in root))
    return etree.tostring(root, method="c14n")


def changed(before: Path, after: Path) -> set[str]:
    """The parts that are not the same in both files."""
    old, new = contents(before), contents(after)
    return {name for name in {*old, *new} if old.get(name) != new.get(name)}
