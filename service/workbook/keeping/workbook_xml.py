"""The workbook part: its list of sheets, its names, its views.

As with the sheets, only what changed since the opening is put into what the file has.
Source: CT_Workbook in ECMA-376 part 1, annex A.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeAlias

from lxml import etree
from openpyxl import Workbook
from openpyxl.packaging.workbook import WorkbookPackage
from openpyxl.workbook._writer import WorkbookWriter
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.constants import REL_NS, SHEET_MAIN_NS
from openpyxl.xml.functions import tostring

from service.workbook.keeping.fragments import merge_element, set_attribute
from service.workbook.package.opc import parse

_ORDER = (
    "fileVersion fileSharing workbookPr AlternateContent revisionPtr workbookProtection bookViews "
    "sheets functionGroups externalReferences definedNames calcPr oleSize customWorkbookViews "
    "pivotCaches smartTagPr smartTagTypes webPublishing fileRecoveryPr webPublishObjects extLst"
).split()
_MERGED = ("workbookPr", "workbookProtection", "bookViews")
R_ID = f"{{{REL_NS}}}id"
# A name and the sheet that it is local to, None where it is the workbook's.
NameKey: TypeAlias = tuple[str, Any]


@dataclass(frozen=True)
class Other:
    """A sheet that the editor has no use for: a dialog or a sheet of macros."""

    part: str


@dataclass
class Listing:
    """What the editor would write of the workbook part at a moment.

    :param elements: by name of the element
    :param names: the defined names: (attributes, text) by name and sheet
    """

    elements: dict[str, bytes]
    names: dict[NameKey, tuple[dict[str, str], str]]


def listing(book: Workbook) -> Listing:
    """What the editor would write now."""
    writer = WorkbookWriter(book)
    writer.write_properties()
    writer.write_names()
    writer.write_views()
    package: WorkbookPackage = writer.package
    root = parse(tostring(package.to_tree()))
    elements = {
        etree.QName(item).localname: etree.tostring(item, method="c14n2")
        for item in root
        if etree.QName(item).localname in _MERGED
    }
    names = {}
    for item in root.iter(f"{{{SHEET_MAIN_NS}}}definedName"):
        local = item.get("localSheetId")
        sheet = None if local is None else book.worksheets[int(local)]
        attributes = {str(k): str(v) for k, v in item.attrib.items() if k != "localSheetId"}
        names[(item.get("name", "").lower(), sheet)] = (attributes, item.text or "")
    return Listing(elements, names)


class WorkbookXml:
    """The workbook part, to bring up to date.

    :param sheets: the sheets of the file, in its order
    """

    def __init__(self, root: etree._Element, sheets: list[Any]) -> None:
        self.root = root
        self._sheets = sheets
        self._list = self._found("sheets")
        self.changed = False

    def _found(self, name: str) -> etree._Element | None:
        return self.root.find(f"{{{SHEET_MAIN_NS}}}{name}")

    def merge(self, before: Listing, now: Listing) -> None:
        """Put in what changed of properties, protection and views."""
        for name in _MERGED:
            old, new = before.elements.get(name), now.elements.get(name)
            if old == new:
                continue
            there = self._found(name)
            self.changed = True
            if there is None or old is None or new is None:
                self.place(name, None if new is None else parse(new))
            else:
                merge_element(there, parse(old), parse(new))

    def place(self, name: str, element: etree._Element | None) -> None:
        """Put an element where the format wants it, in place of one of that name; None: without."""
        there = self._found(name)
        if there is not None:
            self.root.remove(there)
        if element is not None:
            rank = _ORDER.index(name)
            names = [etree.QName(item).localname for item in self.root]
            ahead = [n for n, item in enumerate(names) if _rank(item) < rank]
            self.root.insert(max(ahead, default=-1) + 1, element)

    # Sheets -------------------------------------------------------------------

    def list_sheets(self, book: Workbook, added: dict[int, str]) -> None:
        """Bring names, states and order of the sheets up to date.

        :param added: ids of the relationships to sheets that the file does not have, by id()
        """
        assert self._list is not None
        known = {id(s): item for s, item in zip(self._sheets, self._list, strict=True)}
        free = max((int(item.get("sheetId", 0)) for item in self._list), default=0) + 1
        new = []
        for sheet in self.order(book):
            element = known.get(id(sheet))
            if isinstance(sheet, Other):
                new.append(known[id(sheet)])
                continue
            if element is None:
                element = etree.Element(f"{{{SHEET_MAIN_NS}}}sheet", sheetId=str(free))
                element.set(R_ID, added[id(sheet)])
                free += 1
            state = None if sheet.sheet_state == "visible" else sheet.sheet_state
            self._set(element, "name", sheet.title)
            if (element.get("state") or "visible") != sheet.sheet_state:
                self._set(element, "state", state)
            new.append(element)
        if new != list(self._list):
            self.changed = True
            self._list[:] = new

    def order(self, book: Workbook) -> list[Any]:
        """All sheets as they are to follow: the editor's, and those it does not know."""
        order = list(book._sheets)
        for place, sheet in enumerate(self._sheets):
            if isinstance(sheet, Other):
                ahead = [position(order, before) for before in self._sheets[:place]]
                order.insert(max((n + 1 for n in ahead if n is not None), default=0), sheet)
        return order

    def _set(self, element: etree._Element, name: str, value: str | None) -> None:
        if element.get(name) == value:
            return
        self.changed = True
        set_attribute(element, name, value)

    # Names --------------------------------------------------------------------

    def name_things(self, book: Workbook, before: Listing, now: Listing) -> None:
        """Bring the defined names up to date.

        A local name says the position of its sheet, so all are looked at when sheets moved.
        """
        there = self._found("definedNames")
        kept = [] if there is None else list(there)
        order = self.order(book)
        result = []
        for item in kept:
            local = item.get("localSheetId")
            sheet = None if local is None else self._sheet_at(int(local))
            key = self._key(item)
            if local is not None and position(order, sheet) is None:
                continue
            if key in before.names and key not in now.names:
                continue
            copy = deepcopy(item)
            if key in now.names and now.names[key] != before.names.get(key):
                attributes, copy.text = now.names[key]
                for name in ("comment", "hidden"):
                    set_attribute(copy, name, attributes.get(name))
            if local is not None and sheet is not None:
                copy.set("localSheetId", str(position(order, sheet)))
            result.append(copy)
        have = {self._key(item) for item in kept}
        new = [key for key in now.names if key not in before.names and key not in have]
        if new:
            result += [_named(order, key, *now.names[key]) for key in new]
            result.sort(key=lambda item: item.get("name", "").lower())
        if [etree.tostring(i) for i in result] != [etree.tostring(i) for i in kept]:
            self.changed = True
            element = etree.Element(f"{{{SHEET_MAIN_NS}}}definedNames") if result else None
            if element is not None:
                element.extend(result)
            self.place("definedNames", element)

    def _key(self, item: etree._Element) -> NameKey:
        local = item.get("localSheetId")
        sheet = None if local is None else self._sheet_at(int(local))
        # A chart sheet can't be a key, and has no names in the editor.
        return item.get("name", "").lower(), sheet if isinstance(sheet, Worksheet) else local

    def _sheet_at(self, position: int) -> Any:
        return self._sheets[position] if position < len(self._sheets) else None

    def calculate_on_opening(self) -> None:
        """Let Excel calculate everything anew, so that a value of ours never outlives it."""
        there = self._found("calcPr")
        if there is None:
            there = etree.Element(f"{{{SHEET_MAIN_NS}}}calcPr")
            self.place("calcPr", there)
        self._set(there, "fullCalcOnLoad", "1")
        self._set(there, "calcCompleted", "1")  # tells such a file from one without values


def position(sheets: list[Any], sheet: Any) -> int | None:
    """The place of a sheet in a list. Chart sheets can't be compared but by identity."""
    return next((place for place, item in enumerate(sheets) if item is sheet), None)


def _named(order: list[Any], key: NameKey, attributes: dict[str, str], text: str) -> etree._Element:
    element = etree.Element(f"{{{SHEET_MAIN_NS}}}definedName", attributes)
    if key[1] is not None:
        element.set("localSheetId", str(position(order, key[1])))
    element.text = text
    return element


def _rank(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else -1
