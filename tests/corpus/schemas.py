"""Whether the parts of a package are as the schemas of Office say.

The schemas are those of Microsoft's Open XML SDK, which are ECMA-376 (transitional) with all
extensions of later versions of Office; the package ``openxml-audit`` carries them as data.
A type is found as a schema finds it: from the root down, by the parent's content model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from lxml import etree
from openxml_audit.codegen.constraint_bridge import _build_type_validator
from openxml_audit.codegen.data_resources import get_openxml_data_dir
from openxml_audit.codegen.schema_loader import SdkAttribute, SdkElementType, SdkParticle
from openxml_audit.codegen.schema_loader import get_registry as loaded
from openxml_audit.context import ValidationContext
from openxml_audit.errors import FileFormat

from tests.corpus.compatibility import ignorable, readings
from tests.corpus.parts import Package, local, parse
from tests.corpus.xmldiff import MC

XML = "http://www.w3.org/XML/1998/namespace"
_CONTEXT = ValidationContext(file_format=FileFormat.MICROSOFT_365)
# Every part that Excel reads as XML, by its content type, and the element at its root.
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml."
_DRAWN = "application/vnd.openxmlformats-officedocument."
_EXCEL = "application/vnd.ms-excel."
ROOTS = {
    f"{_SHEET_TYPE}sheet.main+xml": "workbook",
    f"{_SHEET_TYPE}template.main+xml": "workbook",
    f"{_EXCEL}sheet.macroEnabled.main+xml": "workbook",
    f"{_EXCEL}template.macroEnabled.main+xml": "workbook",
    f"{_SHEET_TYPE}worksheet+xml": "worksheet",
    f"{_SHEET_TYPE}chartsheet+xml": "chartsheet",
    f"{_SHEET_TYPE}dialogsheet+xml": "dialogsheet",
    f"{_SHEET_TYPE}styles+xml": "styleSheet",
    f"{_SHEET_TYPE}sharedStrings+xml": "sst",
    f"{_SHEET_TYPE}table+xml": "table",
    f"{_SHEET_TYPE}comments+xml": "comments",
    f"{_SHEET_TYPE}pivotTable+xml": "pivotTableDefinition",
    f"{_SHEET_TYPE}pivotCacheDefinition+xml": "pivotCacheDefinition",
    f"{_SHEET_TYPE}pivotCacheRecords+xml": "pivotCacheRecords",
    f"{_SHEET_TYPE}calcChain+xml": "calcChain",
    f"{_SHEET_TYPE}sheetMetadata+xml": "metadata",
    f"{_SHEET_TYPE}externalLink+xml": "externalLink",
    f"{_SHEET_TYPE}connections+xml": "connections",
    f"{_SHEET_TYPE}queryTable+xml": "queryTable",
    f"{_SHEET_TYPE}tableSingleCells+xml": "singleXmlCells",
    f"{_DRAWN}drawing+xml": "wsDr",
    f"{_DRAWN}drawingml.chart+xml": "chartSpace",
    f"{_DRAWN}drawingml.chartshapes+xml": "userShapes",
    f"{_DRAWN}theme+xml": "theme",
    f"{_DRAWN}themeOverride+xml": "themeOverride",
    f"{_DRAWN}extended-properties+xml": "Properties",
    f"{_DRAWN}custom-properties+xml": "Properties",
    f"{_EXCEL}chartstyle+xml": "chartStyle",
    f"{_EXCEL}chartcolorstyle+xml": "colorStyle",
    f"{_EXCEL}slicer+xml": "slicers",
    f"{_EXCEL}slicerCache+xml": "slicerCacheDefinition",
    f"{_EXCEL}timeline+xml": "timelines",
    f"{_EXCEL}timelineCache+xml": "timelineCacheDefinition",
    f"{_EXCEL}threadedcomments+xml": "ThreadedComments",
    f"{_EXCEL}person+xml": "personList",
    "application/vnd.ms-office.chartex+xml": "chartSpace",
}
# The second edition of ECMA-376 lets these come in any order, and so does Excel; the SDK
# keeps to the order of the first. A filter holds texts and dates, where the SDK has either,
# and a dialog need not have a drawing.
_UNORDERED = {
    "x:CT_Font/x:font",
    "x:CT_RPrElt/x:rPr",
    "x:CT_Filters/x:filters",
    "x:CT_Dialogsheet/x:dialogsheet",
}
_CHART_YEARS = ["2015/9/8", "2015/10/21", "2016/5/9", "2016/5/10", "2016/5/11", "2016/5/12"]
# Namespaces without elements: what asks for them shows newer charts, or slicers of tables.
_MARKS = {
    *(f"http://schemas.microsoft.com/office/drawing/{year}/chartex" for year in _CHART_YEARS),
    "http://schemas.microsoft.com/office/drawing/2012/slicer",
}
# Documented with the number as its text; Excel writes and reads an attribute.
_BY_ATTRIBUTE = "cx:ST_AxisId/cx:axisId"
# Of references the schemas say only that they are lists; what is in them the rules look at.
# What is binary is not looked into.
_FREE = ("xne:", "xsd:base64Binary")


@dataclass
class Type:
    """The type of an element, prepared for use."""

    name: str
    children: dict[str, str]
    content: re.Pattern[str] | None
    letters: dict[str, str]
    attributes: dict[str, Any]
    required: set[str]
    text: Any = None
    known: set[tuple[str, ...]] = field(default_factory=set)


def findings(package: Package) -> list[str]:
    """What the schemas refuse in the parts of a package, in words; [] of a valid one."""
    return [
        f"{name}: {text}"
        for name in package.content_parts()
        for text in part_findings(package.content_type(name), package.parts[name])
    ]


@lru_cache(maxsize=500)  # many a part is the same in one workbook after another
def part_findings(content_type: str, data: bytes) -> tuple[str, ...]:
    """What the schemas refuse in one part; () also of a part that no schema is known for."""
    if not content_type.endswith(("+xml", "/xml")):
        return ()
    try:
        root = parse(data)
    except etree.XMLSyntaxError:
        return ()  # told elsewhere
    wanted = ROOTS.get(content_type)
    if wanted and wanted != local(root.tag):
        return (f"the root is {local(root.tag)}, where {content_type} has {wanted}",)
    name = _global(str(root.tag))
    if name is None:
        return ()
    found = [
        text
        for tree in readings(root, understood())
        for text in _element(tree, name, frozenset(), local(root.tag))
    ]
    return tuple(dict.fromkeys(found))


# The schemas ---------------------------------------------------------------------


@cache
def understood() -> set[str]:
    """The namespaces that Office knows."""
    return {*_described(), *_MARKS}


@cache
def _described() -> set[str]:
    """The namespaces that there are schemas of."""
    registry = loaded()
    registry.load()
    return {uri for uri in registry.list_schemas() if uri}


@cache
def _raw() -> dict[str, dict[str, Any]]:
    """What the loader leaves out: types with the rules of their text, by name."""
    found = {}
    for path in (Path(get_openxml_data_dir()) / "schemas").glob("*.json"):
        for item in json.loads(path.read_text(encoding="utf-8")).get("Types") or []:
            found[item["Name"]] = item
    return found


def _clark(name: str) -> str:
    """``x:CT_Cell/x:c`` as {namespace}c; ``:r`` as r."""
    prefix, _, rest = name.rpartition("/")[2].partition(":")
    if not prefix:
        return rest
    uri = XML if prefix == "xml" else loaded().get_namespace(prefix)
    return f"{{{uri}}}{rest}"


@cache
def _global(tag: str) -> str | None:
    """The type of an element that begins a part or an extension, where there is one only."""
    loaded().load()
    found = loaded().get_element_type_candidates(tag)
    parts = [item for item in found if "Part" in _raw()[item.name]]
    names = {item.name for item in (parts or found)}
    return names.pop() if len(names) == 1 else None


def _unheard_of(tag: str) -> bool:
    known = etree.QName(tag).namespace in _described()
    return known and not loaded().get_element_type_candidates(tag)


@cache
def _type(name: str) -> Type | None:
    loaded().load()
    sdk = loaded().get_type(name)
    if sdk is None:
        return None
    particle, children = _model(sdk)
    letters = {_clark(item): chr(0xE000 + number) for number, item in enumerate(children)}
    pattern = None
    if particle is not None and name in _UNORDERED:
        pattern = re.compile(f"[{''.join(letters.values())}]*")
    elif particle is not None:
        pattern = re.compile(_expression(particle, letters), re.DOTALL)
    elif _raw()[name].get("IsLeafElement") or _raw()[name].get("IsLeafText"):
        pattern = re.compile("")
    attributes = {_clark(item.qname): _build_type_validator(item) for item in sdk.attributes}
    required = {_clark(item.qname) for item in sdk.attributes if item.required}
    kinds = {_clark(item): item for item in children}
    if name == _BY_ATTRIBUTE:
        return Type(name, kinds, pattern, letters, {"val": _text(name)}, {"val"})
    return Type(name, kinds, pattern, letters, attributes, required, _text(name))


def _model(sdk: SdkElementType) -> tuple[SdkParticle | None, list[str]]:
    """The content model and the names of the children; of what it derives from, if need be."""
    schema = loaded().get_schema(_namespace(sdk.name))
    seen = sdk
    while seen.particle is None and schema is not None and seen.base_class:
        base = schema._types_by_class.get(seen.base_class)
        if base is None or base is seen:
            break
        seen = base
    return seen.particle, [item["Name"] for item in seen.children]


def _namespace(name: str) -> str:
    return str(loaded().get_namespace(name.partition(":")[0]))


def _text(name: str) -> Any:
    rules = _raw()[name].get("Validators")
    if not rules or name.startswith(_FREE):
        return None
    basis = "DoubleValue" if name.startswith("cdr:ST_MarkerCoordinate") else "StringValue"
    return _build_type_validator(SdkAttribute(":text", "text", basis, validators=rules))


def _expression(particle: SdkParticle, letters: dict[str, str]) -> str:
    """The content model as a pattern over one letter for each child."""
    times = _times(particle)
    if particle.kind == "Any":
        return f".{times}"
    if particle.name:
        return letters[_clark(particle.name)] + (times + "+" if times else "")
    parts = [_expression(item, letters) for item in particle.items]
    if particle.kind == "All":
        names = [letters[_clark(str(item.name))] for item in particle.items]
        once = "".join(f"(?!.*{letter}.*{letter})" for letter in names)
        return f"{once}[{''.join(names)}]*"
    inner = "|".join(parts) if particle.kind == "Choice" else "".join(parts)
    return f"(?:{inner}){times}"


def _times(particle: SdkParticle) -> str:
    least, most = particle.min_occurs, particle.max_occurs
    if (least, most) == (1, 1):
        return ""
    return f"{{{least},{'' if most == -1 else most}}}"


# The parts -----------------------------------------------------------------------


def _element(
    element: etree._Element, name: str, ignored: frozenset[str], where: str
) -> Iterator[str]:
    kind = _type(name)
    if kind is None:
        return
    ignored = ignorable(element, ignored)
    yield from (f"{where}: {text}" for text in _attributes(element, kind, ignored))
    children = [
        child
        for child in element.iterchildren(etree.Element)
        if child.tag in kind.children or etree.QName(child).namespace not in ignored
    ]
    yield from (f"{where}: {text}" for text in _content(element, children, kind))
    for child in children:
        below = kind.children.get(str(child.tag)) or _global(str(child.tag))
        if below is None and _unheard_of(str(child.tag)):
            yield f"{where}: holds {local(child.tag)}, which its namespace does not have"
        elif below is not None:
            place = f"{where}/{local(child.tag)}{_place(child)}"
            yield from _element(child, below, ignored, place)


def _place(element: etree._Element) -> str:
    told = element.get("r") or element.get("ref") or element.get("sqref") or element.get("id")
    return f"[{told}]" if told else ""


def _attributes(element: etree._Element, kind: Type, ignored: frozenset[str]) -> Iterator[str]:
    given = element.attrib
    yield from (f"{local(item)} is missing" for item in kind.required if item not in given)
    for key, value in given.items():
        item = str(key)
        namespace = etree.QName(item).namespace
        if item in kind.attributes:
            yield from _value(local(item) or item, str(value), kind.attributes[item])
        elif namespace not in {MC, XML, "http://www.w3.org/2001/XMLSchema-instance", *ignored}:
            yield f"has no attribute {item}"


def _value(what: str, value: str, rule: Any) -> Iterator[str]:
    if rule is not None:
        result = rule.validate(value, _CONTEXT)
        if not result.is_valid:
            yield f"{what} is {value!r}: {result.error_message}"


def _content(element: etree._Element, children: list[etree._Element], kind: Type) -> Iterator[str]:
    tags = tuple(str(child.tag) for child in children)
    if kind.content is None or tags in kind.known:
        pass
    elif kind.content.fullmatch("".join(kind.letters.get(tag, "\uf8ff") for tag in tags)):
        kind.known.add(tags)
    else:
        names = " ".join(local(tag) for tag in dict.fromkeys(tags))
        yield f"may not hold {names or 'nothing'} so"
    if kind.text is not None and not children:
        yield from _value("text", element.text or "", kind.text)
