"""Pivot tables in a package: finding them, putting one in, taking one out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from lxml import etree
from openpyxl.styles.numbers import BUILTIN_FORMATS_REVERSE

from service.workbook.areas import Area
from service.workbook.keeping.related import drop_unused, relate
from service.workbook.keeping.workbook_xml import R_ID, WorkbookXml
from service.workbook.package.opc import OFFICE, Draft, Package, Relationship
from service.workbook.pivots import parts
from service.workbook.pivots.design import Source
from service.workbook.pivots.layout import Laid
from service.workbook.references.index import Index, local, removed
from service.workbook.references.text import areas_of

_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml."
_MAIN = f"{{{parts.MAIN}}}"
_FIRST_OWN_FORMAT = 164


@dataclass(frozen=True)
class Stored:
    """A pivot table of a package.

    :param sheet: the title of the sheet that it stands on
    :param part: the name of its part; ``cache``: that of its cache's definition
    :param draft: the package
    """

    sheet: str
    part: str
    cache: str
    draft: Draft

    @cached_property
    def root(self) -> etree._Element:
        """The root element of its part."""
        return self.draft.xml(self.part)

    @cached_property
    def cache_root(self) -> etree._Element:
        """The root element of its cache's definition."""
        return self.draft.xml(self.cache)

    @property
    def name(self) -> str:
        return self.root.get("name", "")

    @property
    def table(self) -> Area:
        """Its area without filters."""
        found = self.root.find("{*}location")
        text = "A1" if found is None else found.get("ref", "A1")
        (area,) = areas_of(text)[:1]
        return area

    @property
    def area(self) -> Area:
        """Its area, the filters above among it."""
        table, pages = self.table, len(self.root.findall("{*}pageFields/{*}pageField"))
        if not pages:
            return table
        top = max(1, table.first_row - pages - 1)
        filters = Area(top, table.first_column, top, table.first_column + 1)
        return table.joined(filters)


def find_pivots(source: Package | Draft) -> list[Stored]:
    """All pivot tables of a workbook, in the order of its sheets."""
    draft = source if isinstance(source, Draft) else Draft(source)
    index = Index(draft)
    found = []
    for sheet in index.sheets:
        for item in draft.relationships(sheet.part).of_kind("pivotTable"):
            part = draft.find(item.target)
            cache = _cache_of(draft, part) if part else ""
            stored = Stored(sheet.title, part or "", cache, draft)
            if cache and _is_whole(stored):
                found.append(stored)
    return found


def _is_whole(stored: Stored) -> bool:
    """Whether it can be read, and says where it stands. Excel would repair what can't."""
    try:
        place = stored.root.find("{*}location")
        areas = areas_of(place.get("ref", "")) if place is not None else []
        fields = stored.root.findall("{*}pivotFields/{*}pivotField")
        cached = stored.cache_root.findall("{*}cacheFields/{*}cacheField")
    except etree.XMLSyntaxError:
        return False
    return len(areas) == 1 and 0 < len(fields) == len(cached)


def _cache_of(draft: Draft, part: str) -> str:
    found = draft.relationships(part).of_kind("pivotCacheDefinition")
    return (draft.find(found[0].target) or "") if found else ""


# Putting one in -----------------------------------------------------------------


def add_pivot(draft: Draft, sheet: str, source: Source, laid: Laid, table: Area) -> None:
    """Put the parts of a pivot table into a draft that has its cells already."""
    index = Index(draft)
    format_id = _format_ids(draft, index.main)
    records = draft.free_name("xl/pivotCache/pivotCacheRecords{}.xml")
    draft.write(records, parts.cache_records(source, laid.fields), f"{_TYPES}pivotCacheRecords+xml")
    cache = draft.free_name("xl/pivotCache/pivotCacheDefinition{}.xml")
    definition = parts.cache_definition(source, laid.fields, format_id, "rId1")
    draft.write(cache, definition, f"{_TYPES}pivotCacheDefinition+xml")
    draft.relate(cache, [Relationship("rId1", f"{OFFICE}/pivotCacheRecords", records)])
    cache_id = _register(index, cache)
    name = draft.free_name("xl/pivotTables/pivotTable{}.xml")
    root = parts.table_definition(laid, table, cache_id, format_id)
    draft.write(name, root, f"{_TYPES}pivotTable+xml")
    draft.relate(name, [Relationship("rId1", f"{OFFICE}/pivotCacheDefinition", cache)])
    relate(draft, index.sheet(sheet).part, "pivotTable", name)


def _register(index: Index, cache: str) -> int:
    """Let the workbook know of a cache; the number that it has there."""
    workbook = WorkbookXml(index.root, [])
    listed = index.root.find(f"{_MAIN}pivotCaches")
    if listed is None:
        listed = etree.Element(f"{_MAIN}pivotCaches")
        workbook.place("pivotCaches", listed)
    taken = [int(item.get("cacheId", "0")) for item in index.root.iter("{*}pivotCache")]
    number = 1 + max(taken, default=0)
    element = etree.SubElement(listed, f"{_MAIN}pivotCache", cacheId=str(number))
    element.set(R_ID, relate(index.draft, index.main, "pivotCacheDefinition", cache))
    index.write_main()
    return number


def _format_ids(draft: Draft, main: str) -> Callable[[str], int]:
    """Numbers of number formats, by their code; 0, the general one, for one not in the file."""
    own: dict[str, int] = {}
    for item in draft.relationships(main).of_kind("styles"):
        for element in draft.xml(item.target).iterfind("{*}numFmts/{*}numFmt"):
            own[element.get("formatCode", "")] = int(element.get("numFmtId", "0"))

    def number(code: str) -> int:
        usual = BUILTIN_FORMATS_REVERSE.get(code)
        return own.get(code, 0) if usual is None else int(usual)

    return number


# Taking one out -----------------------------------------------------------------


def users(draft: Draft, stored: Stored, *, charts: bool) -> Iterator[str]:
    """What works on a pivot table and would be lost, or broken, without it.

    :param charts: whether charts of it count
    """
    index = Index(draft)
    for kind in ("slicerCache", "timelineCache"):
        for item in draft.relationships(index.main).of_kind(kind):
            root = draft.xml(item.target)
            if any(one.get("name") == stored.name for one in root.iter("{*}pivotTable")):
                yield f"the {kind.removesuffix('Cache')} {root.get('name', '')}"
    ending = f"]{stored.sheet}!{stored.name}"
    for name in draft.names if charts else []:
        if "charts/chart" in name.lower() and name.endswith(".xml"):
            for source in draft.xml(name).iterfind(".//{*}pivotSource/{*}name"):
                if (source.text or "").endswith(ending):
                    yield "a pivot chart"


def remove_pivot(draft: Draft, stored: Stored) -> None:
    """Take the parts of a pivot table out; its cache too, where no other one uses it."""
    index = Index(draft)
    index.drop_relation(index.sheet(stored.sheet).part, stored.part)
    draft.remove(stored.part)
    if not any(item.cache == stored.cache for item in find_pivots(draft)):
        relation = index.drop_relation(index.main, stored.cache)
        for element in [i for i in index.root.iter() if local(i) == "pivotCache"]:
            if element.get(R_ID) == relation:
                removed(element)
        drop_unused(draft, [stored.cache])
        index.write_main()
