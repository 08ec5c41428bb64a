"""The metadata part of a workbook, as far as it tells which formulas are dynamic arrays.

A cell's ``cm`` counts, from 1, the blocks of cellMetadata; a block's record names a type
(``t``, from 1) and an entry of that type's futureMetadata (``v``, from 0). Source: ECMA-376
part 1, 18.9, and [MS-XLSX] 2.4.62 for the type XLDAPR.
"""

from __future__ import annotations

from lxml import etree
from openpyxl.xml.constants import SHEET_MAIN_NS

from service.workbook.package.opc import OFFICE, Draft, Package, parse

NAME = "XLDAPR"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheetMetadata+xml"
_DYNAMIC = "http://schemas.microsoft.com/office/spreadsheetml/2017/dynamicarray"
_MAIN = f"{{{SHEET_MAIN_NS}}}"
_PROPERTIES = f"{{{_DYNAMIC}}}dynamicArrayProperties"
_ORDER = (
    "metadataTypes metadataStrings mdxMetadata futureMetadata cellMetadata valueMetadata extLst"
).split()
_TRUE = ("1", "true")
_KIND = (
    f'<metadataType xmlns="{SHEET_MAIN_NS}" name="{NAME}" minSupportedVersion="120000" copy="1" '
    'pasteAll="1" pasteValues="1" merge="1" splitFirst="1" rowColShift="1" clearFormats="1" '
    'clearComments="1" assign="1" coerce="1" cellMeta="1"/>'
)
_BLOCK = (
    f'<bk xmlns="{SHEET_MAIN_NS}" xmlns:xda="{_DYNAMIC}"><extLst>'
    '<ext uri="{bdbb8cdc-fa1e-496e-a857-3c3f30c029c3}">'
    '<xda:dynamicArrayProperties fDynamic="1" fCollapsed="0"/></ext></extLst></bk>'
)
_EMPTY = f'<metadata xmlns="{SHEET_MAIN_NS}" xmlns:xda="{_DYNAMIC}"/>'


def dynamic_indices(package: Package) -> frozenset[str]:
    """The values of ``cm`` that mean a dynamic array; none where there is no metadata."""
    for main in package.relationships("").of_kind("officeDocument"):
        for item in package.relationships(main.target).of_kind("sheetMetadata"):
            if item.target in package:
                return frozenset(map(str, _dynamic(_read(package.read(item.target)))))
    return frozenset()


def dynamic_index(draft: Draft, main: str) -> int:
    """The ``cm`` of a dynamic array; the metadata are written or added to where need be.

    :param main: the part of the workbook
    """
    found = [r for r in draft.relationships(main).of_kind("sheetMetadata") if r.target in draft]
    root = _read(draft.read(found[0].target)) if found else parse(_EMPTY.encode())
    known = _dynamic(root)
    if known:
        return known[0]
    index = _added(root)
    if found:
        draft.write(found[0].target, root)
    else:
        part = "xl/metadata.xml" if "xl/metadata.xml" not in draft else ""
        part = part or draft.free_name("xl/metadata{}.xml")
        draft.write(part, root, TYPE)
        draft.relationships(main).add(f"{OFFICE}/sheetMetadata", part)
    return index


def _read(data: bytes) -> etree._Element:
    """The part's root element; one that can't be read says nothing, as for Excel."""
    try:
        return parse(data)
    except etree.XMLSyntaxError:
        return parse(_EMPTY.encode())


def _dynamic(root: etree._Element) -> list[int]:
    """The numbers, from 1, of the blocks that mean a dynamic array."""
    types = [
        item.get("name") for item in root.iterfind(f"{_MAIN}metadataTypes/{_MAIN}metadataType")
    ]
    future = {item.get("name"): item for item in root.iterfind(f"{_MAIN}futureMetadata")}
    if NAME not in types or NAME not in future:
        return []
    blocks = future[NAME].findall(f"{_MAIN}bk")
    dynamic = {str(n) for n, block in enumerate(blocks) if _is_dynamic(block)}
    own = str(types.index(NAME) + 1)
    return [
        number
        for number, block in enumerate(root.iterfind(f"{_MAIN}cellMetadata/{_MAIN}bk"), start=1)
        if any(r.get("t") == own and r.get("v") in dynamic for r in block.iterfind(f"{_MAIN}rc"))
    ]


def _is_dynamic(block: etree._Element) -> bool:
    return any(item.get("fDynamic") in _TRUE for item in block.iter(_PROPERTIES))


def _added(root: etree._Element) -> int:
    """Add what a dynamic array needs; its number, from 1."""
    types = _child(root, "metadataTypes")
    names = [item.get("name") for item in types.iterfind(f"{_MAIN}metadataType")]
    if NAME not in names:
        names.append(NAME)
        _append(types, etree.fromstring(_KIND))
    future = next(
        (f for f in root.iterfind(f"{_MAIN}futureMetadata") if f.get("name") == NAME), None
    )
    if future is None:
        future = _insert(root, etree.Element(f"{_MAIN}futureMetadata", name=NAME))
    entry = _append(future, etree.fromstring(_BLOCK)) - 1
    block = etree.Element(f"{_MAIN}bk")
    etree.SubElement(block, f"{_MAIN}rc", t=str(names.index(NAME) + 1), v=str(entry))
    return _append(_child(root, "cellMetadata"), block)


def _append(parent: etree._Element, child: etree._Element) -> int:
    """Add to a counted list; how many it has now."""
    parent.append(child)
    count = sum(item.tag == child.tag for item in parent)
    parent.set("count", str(count))
    return count


def _child(root: etree._Element, name: str) -> etree._Element:
    found = root.find(f"{_MAIN}{name}")
    return _insert(root, etree.Element(f"{_MAIN}{name}")) if found is None else found


def _insert(root: etree._Element, element: etree._Element) -> etree._Element:
    """Put an element where the schema has it."""
    later = _ORDER[_ORDER.index(etree.QName(element).localname) + 1 :]
    names = [etree.QName(item).localname for item in root.iterchildren(etree.Element)]
    place = next((n for n, name in enumerate(names) if name in later), len(root))
    root.insert(place, element)
    return element
