"""The values that a file holds beside its formulas: what showed when it was saved."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from lxml import etree

from service.errors import InvalidRange
from service.workbook.areas import Area, parse_area, parse_cell
from service.workbook.calculation.results import Address, ErrorValue
from service.workbook.calculation.source import GRID
from service.workbook.texts import unescape

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Cached:
    """Values of formula cells, and of the cells that array formulas and data tables fill.

    :param stale: the file asks for everything to be calculated on opening, so what it
        holds is nothing that Excel stands for
    """

    values: dict[Address, object] = field(default_factory=dict)
    stale: bool = False


def cached_values(path: Path) -> Cached:
    """What the workbook at ``path`` holds; nothing where it can't be read this way."""
    try:
        with ZipFile(path) as archive:
            return _read(archive)
    except (BadZipFile, KeyError, OSError, etree.XMLSyntaxError, EOFError):
        return Cached()


def _asks_to_calculate(properties: etree._Element) -> bool:
    """Whether the file asks to be calculated, and does not say either that it has been.

    Files of ours do both: Excel is to calculate all the same.
    """
    asks = properties.get("fullCalcOnLoad") in ("1", "true")
    return asks and properties.get("calcCompleted") not in ("1", "true")


def _read(archive: ZipFile) -> Cached:
    book = etree.fromstring(archive.read("xl/workbook.xml"), _parser())
    space = _STRICT if book.tag.startswith(_STRICT) else _MAIN
    relations = etree.fromstring(archive.read("xl/_rels/workbook.xml.rels"), _parser())
    targets = {one.get("Id"): str(one.get("Target")) for one in relations}
    properties = book.find(f"{space}calcPr")
    stale = properties is not None and _asks_to_calculate(properties)
    texts = _Texts(archive, space)
    found: dict[Address, object] = {}
    for sheet in book.iterfind(f"{space}sheets/{space}sheet"):
        key = next((value for name, value in sheet.items() if str(name).endswith("}id")), "")
        target = targets.get(str(key), "")
        part = target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target)
        if part in archive.namelist() and _has_formulas(archive, part):
            title = str(sheet.get("name"))
            for place, value in _cells(archive, part, space, texts):
                found[(title, *place)] = value
    return Cached(found, stale)


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)


def _has_formulas(archive: ZipFile, part: str) -> bool:
    tail = b""
    with archive.open(part) as file:
        while chunk := file.read(_CHUNK):
            whole = tail + chunk
            if b"<f" in whole or b":f" in whole:
                return True
            tail = whole[-8:]
    return False


def _cells(
    archive: ZipFile, part: str, space: str, texts: _Texts
) -> Iterator[tuple[tuple[int, int], object]]:
    filled: list[Area] = []
    with archive.open(part) as file:
        events = etree.iterparse(
            file, events=("end",), tag=(f"{space}c", f"{space}row"), resolve_entities=False
        )
        for _, element in events:
            if element.tag.endswith("}row"):
                element.clear()
                continue
            found = _cell(element, space, filled, texts)
            if found is not None:
                yield found


def _cell(
    element: etree._Element, space: str, filled: list[Area], texts: _Texts
) -> tuple[tuple[int, int], object] | None:
    formula = element.find(f"{space}f")
    if formula is None and not filled:
        return None
    name, value = element.get("r"), element.find(f"{space}v")
    if name is None or value is None or value.text is None:
        empty = value is not None and element.get("t") == "str"
        if not empty or name is None:
            return None
    try:
        place = parse_cell(str(name))
    except InvalidRange:
        return None
    if formula is None:
        if not any(area.holds(*place) for area in filled):
            return None
    elif formula.get("t") in ("array", "dataTable") and formula.get("ref"):
        filled.append(parse_area(str(formula.get("ref")), GRID))
    text = (value.text if value is not None else "") or ""
    return place, _value(str(element.get("t") or "n"), text, texts)


def _value(kind: str, text: str, texts: _Texts) -> object:
    if kind == "b":
        return text.strip() == "1"
    if kind == "e":
        return ErrorValue(text.strip())
    if kind == "s":
        return texts.get(int(text))
    if kind in ("str", "d", "inlineStr"):
        return unescape(text)
    return float(text)


class _Texts:
    """The shared texts of a workbook, read if a formula cell refers to one."""

    def __init__(self, archive: ZipFile, space: str) -> None:
        self._archive = archive
        self._space = space
        self._found: list[str] | None = None

    def get(self, index: int) -> str:
        if self._found is None:
            tree = etree.fromstring(self._archive.read("xl/sharedStrings.xml"), _parser())
            self._found = [
                unescape("".join(t.text or "" for t in item.iter(f"{self._space}t")))
                for item in tree
            ]
        return self._found[index]
