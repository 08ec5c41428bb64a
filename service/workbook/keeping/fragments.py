"""The elements of a sheet around its rows: what of them changed, and how to put that in.

The editor knows less about a sheet than its file does. So what the editor would write is
never taken as it is: it is compared with what the editor would have written right after
the opening, and only the difference is applied to what the file has.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from copy import deepcopy
from typing import Any, TypeAlias

from lxml import etree
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.constants import REL_NS, SHEET_MAIN_NS
from openpyxl.xml.functions import tostring

from service.workbook.keeping import rules
from service.workbook.keeping.lazy import loaded_cells
from service.workbook.keeping.merging import local
from service.workbook.package.opc import parse

Fragments: TypeAlias = dict[str, list[bytes]]

# The order that Excel insists on; source: CT_Worksheet in ECMA-376 part 1, annex A.
ORDER = (
    "sheetPr dimension sheetViews sheetFormatPr cols sheetData sheetCalcPr sheetProtection "
    "protectedRanges scenarios autoFilter sortState dataConsolidate customSheetViews mergeCells "
    "phoneticPr conditionalFormatting dataValidations hyperlinks printOptions pageMargins "
    "pageSetup headerFooter rowBreaks colBreaks customProperties cellWatches ignoredErrors "
    "smartTags drawing drawingHF legacyDrawing legacyDrawingHF picture oleObjects controls "
    "webPublishItems tableParts extLst"
).split()
_RANK = {name: rank for rank, name in enumerate(ORDER)}
# Lists whose members come and go one by one.
_LISTS = {"dataValidations", "hyperlinks", "protectedRanges"}
# What the editor always writes as a whole; conditional formats are the file's own to it.
_WHOLE = {"cols", "mergeCells", "rowBreaks", "colBreaks", "scenarios", "conditionalFormatting"}
R_ID = f"{{{REL_NS}}}id"
_ADDRESS = "address"  # of a link, while it has no relationship


class _Collector(WorksheetWriter):  # type: ignore[misc]
    """Collects elements instead of writing them."""

    def get_stream(self) -> Generator[None, Any, None]:
        self.elements: list[Any] = []
        while True:
            element = yield
            if element is not None:
                self.elements.append(element)


def fragments(ws: Worksheet) -> Fragments:
    """What the editor would write around the rows of a sheet, by name of the element."""
    writer = _Collector(ws)
    ws.column_dimensions.to_tree()  # works the outline levels out that write_format asks for
    ws._hyperlinks = [cell.hyperlink for _, cell in loaded_cells(ws) if _linked(cell)]
    steps: list[Callable[[], None]] = [
        writer.write_properties, writer.write_views, writer.write_format, writer.write_cols,
        writer.write_protection, writer.write_scenarios, writer.write_filter,
        writer.write_merged_cells, writer.write_formatting, writer.write_validations,
        writer.write_hyperlinks, writer.write_print, writer.write_margins, writer.write_page,
        writer.write_header, writer.write_breaks,
    ]  # fmt: skip
    for step in steps:
        step()
    targets = {rel.id: rel.Target for rel in writer._rels}
    found: Fragments = {}
    for element in writer.elements:
        root = parse(tostring(element))
        if root.get("outlineLevelCol") == "0":
            set_attribute(root, "outlineLevelCol", None)  # written as soon as a column is known
        for link in root.iter("{*}hyperlink"):
            # By its address, as the numbers of relationships depend on all other links.
            id_ = link.get(R_ID)
            if id_:
                set_attribute(link, R_ID, None)
                link.set(_ADDRESS, targets[id_])
        found.setdefault(etree.QName(root).localname, []).append(_canonical(root))
    ws._hyperlinks = []
    return found | rules.fragments_of(ws)


def _linked(cell: Any) -> bool:
    return getattr(cell, "_hyperlink", None) is not None


def _canonical(element: etree._Element) -> bytes:
    return bytes(etree.tostring(element, method="c14n2"))


def merge_sheet(
    root: etree._Element, before: Fragments, now: Fragments, link: Callable[[str], str]
) -> bool:
    """Put what changed between ``before`` and ``now`` into a sheet; whether there was any.

    :param root: the sheet, without rows or with them
    :param link: makes a relationship to an address; answers its id
    """
    changed = [name for name in ORDER if before.get(name, []) != now.get(name, [])]
    for name in changed:
        there = [item for item in root if local(item) == name]
        old = [parse(item) for item in before.get(name, [])]
        new = [parse(item) for item in now.get(name, [])]
        merged = _merged(name, there, old, new)
        for item in there:
            root.remove(item)
        for item in merged:
            _make_links(item, link)
            _name_space(item)
            insert(root, item)
    return rules.merge(root, before, now) or bool(changed)


def _name_space(item: etree._Element) -> None:
    """Put what the editor wrote into the sheet's namespace, which may have a prefix there."""
    for element in item.iter():
        if local(element) and not str(element.tag).startswith("{"):
            element.tag = f"{{{SHEET_MAIN_NS}}}{element.tag}"


def _merged(
    name: str,
    there: list[etree._Element],
    old: list[etree._Element],
    new: list[etree._Element],
) -> list[etree._Element]:
    if name in _WHOLE or len(new) != 1 or len(there) != 1:
        return new
    base = old[0] if old else etree.Element(new[0].tag)
    result = deepcopy(there[0])
    if name in _LISTS:
        members = _members(list(there[0]), list(base), list(new[0]))
        result[:] = members
        if "count" in result.attrib:
            result.set("count", str(len(members)))
    else:
        merge_element(result, base, new[0])
    return [result] if len(result) or name not in _LISTS else []


def merge_element(there: etree._Element, old: etree._Element, new: etree._Element) -> None:
    """Apply what differs between ``old`` and ``new`` to ``there``."""
    for name in {*old.attrib, *new.attrib}:
        if old.get(name) != new.get(name):
            set_attribute(there, str(name), new.get(name))
    if old.text != new.text:
        there.text = new.text
    if [_canonical(item) for item in old] == [_canonical(item) for item in new]:
        return
    if [local(i) for i in there] == [local(i) for i in old] == [local(i) for i in new]:
        for mine, before, after in zip(there, old, new, strict=True):
            merge_element(mine, before, after)
        return
    unknown = [item for item in there if local(item) == "extLst"]
    there[:] = [deepcopy(item) for item in new if local(item) != "extLst"] + unknown


def set_attribute(element: etree._Element, name: str, value: str | None) -> None:
    """Give an element an attribute; None takes it away."""
    if value is not None:
        element.set(name, value)
    elif name in element.attrib:
        del element.attrib[name]


def _members(
    there: list[etree._Element], old: list[etree._Element], new: list[etree._Element]
) -> list[etree._Element]:
    """The list as it is now: the file's own members where they did not change."""
    known: dict[bytes, list[etree._Element]] = {}
    for mine, before in _pairs(there, old):
        known.setdefault(_canonical(before), []).append(mine)
    ranges = {id(item) for item in there} - {id(m) for found in known.values() for m in found}
    kept = [item for item in there if id(item) in ranges and _untouched(item, old, new)]
    covered = {_ref(before) for item in kept for before in old if _inside(before, item)}
    result = []
    for item in new:
        same = known.get(_canonical(item))
        if same:
            result.append(deepcopy(same.pop(0)))
        elif _ref(item) not in covered:
            result.append(item)
    return [deepcopy(item) for item in kept] + result


def _pairs(
    there: list[etree._Element], old: list[etree._Element]
) -> Iterator[tuple[etree._Element, etree._Element]]:
    """The file's members with what the editor made of them."""
    if [_ref(item) for item in there] == [_ref(item) for item in old]:
        yield from zip(there, old, strict=True)
        return
    by_ref: dict[str, list[etree._Element]] = {}
    for item in old:
        by_ref.setdefault(_ref(item), []).append(item)
    for item in there:
        found = by_ref.get(_ref(item))
        if found:
            yield item, found.pop(0)


def _untouched(item: etree._Element, old: list[etree._Element], new: list[etree._Element]) -> bool:
    """Whether a member that the editor took apart (a link over a range) is as it was."""
    before = [_canonical(part) for part in old if _inside(part, item)]
    after = {_canonical(part) for part in new}
    return all(part in after for part in before)


def _inside(part: etree._Element, item: etree._Element) -> bool:
    if ":" not in _ref(item) or " " in _ref(item) or " " in _ref(part):
        return False
    return bool(CellRange(_ref(part)).issubset(CellRange(_ref(item))))


def _ref(item: etree._Element) -> str:
    return item.get("ref") or item.get("sqref") or item.get("name") or ""


def _make_links(item: etree._Element, link: Callable[[str], str]) -> None:
    """Relationships for links that the editor gave an address instead."""
    for found in item.iter("{*}hyperlink"):
        address = found.get(_ADDRESS)
        if address:
            set_attribute(found, _ADDRESS, None)
            found.set(R_ID, link(address))


def insert(root: etree._Element, item: etree._Element) -> None:
    """Put an element into a sheet where Excel wants it."""
    rank = _RANK[local(item)]
    for place, other in enumerate(root):
        # What belongs to no known name, such as mc:AlternateContent, holds its place.
        if _RANK.get(local(other), -1) > rank:
            root.insert(place, item)
            return
    root.append(item)
