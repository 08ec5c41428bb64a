"""What a draft's workbook consists of: its sheets, and the parts that may hold references."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from service.errors import SheetNotFound, listed
from service.workbook.package.opc import OFFICE, Draft, Relationship
from service.workbook.references.sheet_xml import MAIN, SheetXml

_RELATION = f"{{{OFFICE}}}id"
# Where the way from a sheet to its own parts ends.
_SHARED = frozenset({"pivotCacheDefinition", "slicerCache", "timelineCache", "image", "theme"})
_SHEETS = frozenset({"worksheet", "chartsheet", "dialogsheet", "xlMacrosheet"})


@dataclass
class Sheet:
    """A sheet as the workbook's part lists it.

    :param kind: "worksheet", "chartsheet" ...
    :param element: its entry in the workbook's part
    """

    title: str
    part: str
    kind: str
    element: etree._Element

    @property
    def visible(self) -> bool:
        return self.element.get("state", "visible") == "visible"


@dataclass
class Effects:
    """What a change did.

    :param adjusted: how many of each kind of thing were changed: "formulas", "charts" ...
    :param broken: formulas that hold ``#REF!`` now: sheet, row, column (0 and 0 for what is no
        cell, whose name is then in place of the sheet) and the text
    :param notes: what else a person should know
    """

    adjusted: Counter[str] = field(default_factory=Counter)
    broken: list[tuple[str, int, int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Index:
    """The workbook in a draft: its main part as a tree, its sheets in their order."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        (main,) = draft.relationships("").of_kind("officeDocument")[:1]
        self.main = draft.find(main.target) or main.target
        self.root = draft.xml(self.main)
        self.sheets = list(self._sheets())
        # The one that is being looked at: taking a large one apart takes its time.
        self._read: dict[str, SheetXml] = {}

    def _sheets(self) -> Iterator[Sheet]:
        relations = self.draft.relationships(self.main)
        for element in self.root.iter("{*}sheet"):
            relation = relations.get(_relation_id(element))
            if relation is not None:
                part = self.draft.find(relation.target) or relation.target
                yield Sheet(element.get("name", ""), part, relation.kind, element)

    @property
    def titles(self) -> list[str]:
        return [sheet.title for sheet in self.sheets]

    def sheet(self, title: str) -> Sheet:
        """The sheet of that title.

        :raises SheetNotFound: listing the sheets there are
        """
        for sheet in self.sheets:
            if sheet.title.casefold() == title.strip().casefold():
                return sheet
        raise SheetNotFound(
            f'No sheet "{title}". Sheets: {listed(self.titles)}.', "Use one of these names."
        )

    def read(self, sheet: Sheet) -> SheetXml:
        """The part of a sheet, taken apart: as it was before anything was written."""
        if sheet.part not in self._read:
            self._read = {sheet.part: SheetXml.read(self.draft.read(sheet.part))}
        return self._read[sheet.part]

    def write_main(self) -> None:
        """Put the main part, with what was changed in it, into the draft."""
        self.draft.write(self.main, self.root)

    # Parts --------------------------------------------------------------------

    def of_sheet(self, sheet: Sheet) -> list[tuple[str, str]]:
        """(kind, name) of all parts that belong to a sheet, each once."""
        return list(self._reached(sheet.part, {sheet.part}))

    def of_workbook(self) -> list[tuple[str, str]]:
        """(kind, name) of the parts that belong to the workbook and not to one sheet."""
        found = []
        for relation in self.draft.relationships(self.main):
            if not relation.external and relation.kind not in _SHEETS and self._part(relation):
                found.append((relation.kind, self._part(relation)))
        return found

    def _reached(self, part: str, seen: set[str]) -> Iterator[tuple[str, str]]:
        for relation in self.draft.relationships(part):
            name = "" if relation.external else self._part(relation)
            if not name or name in seen or relation.kind in _SHARED | _SHEETS:
                continue
            seen.add(name)
            yield relation.kind, name
            yield from self._reached(name, seen)

    def _part(self, relation: Relationship) -> str:
        return self.draft.find(relation.target) or ""

    def tables(self, sheet: Sheet) -> list[tuple[str, etree._Element]]:
        """(part, root element) of the tables of a sheet."""
        found = [name for kind, name in self.of_sheet(sheet) if kind == "table"]
        return [(name, self.draft.xml(name)) for name in found]

    def table_names(self) -> set[str]:
        """Names of all tables, in small letters."""
        return {
            root.get("displayName", "").lower()
            for sheet in self.sheets
            for _, root in self.tables(sheet)
        }

    def sliced_columns(self, table: str) -> set[str]:
        """Ids of those columns of a table that slicers filter, by the table's id."""
        relations = self.draft.relationships(self.main).of_kind("slicerCache")
        return {
            item.get("column", "")
            for relation in relations
            for item in self.draft.xml(relation.target).iter("{*}tableSlicerCache")
            if item.get("tableId") == table
        }

    def drop_relation(self, part: str, target: str) -> str:
        """Take the relationship from a part to another one away; its id, "" for none."""
        relations = self.draft.relationships(part)
        for relation in relations:
            if not relation.external and self._part(relation) == target:
                relations.remove(relation.id)
                return relation.id
        return ""

    def drop_calculation_chain(self) -> None:
        """Excel makes it anew; one that names cells without formulas it calls damaged."""
        for relation in self.draft.relationships(self.main).of_kind("calcChain"):
            self.draft.remove(relation.target)
            self.draft.relationships(self.main).remove(relation.id)


def _relation_id(element: etree._Element) -> str:
    """The id in ``r:id``, in the usual form of the format or in the strict one."""
    for name, value in element.attrib.items():
        if str(name).endswith("}id"):
            return str(value)
    return ""


def relation_id(element: etree._Element) -> str:
    """The id in an element's ``r:id``, "" for none."""
    return _relation_id(element)


def local(element: etree._Element) -> str:
    """The name of an element without its namespace; "" for comments and the like."""
    tag: object = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def without(element: etree._Element, *names: str) -> None:
    """Take attributes away, where they are there."""
    for name in names:
        if name in element.attrib:
            del element.attrib[name]


def removed(element: etree._Element) -> None:
    """Take an element out, and what holds nothing without it; counts follow."""
    parent = element.getparent()
    if parent is None:
        return
    parent.remove(element)
    if local(element) in _WHOLE or (len(parent) == 0 and local(parent) in _EMPTY_GOES):
        removed(parent)
    elif "count" in parent.attrib:
        parent.set("count", str(len(parent)))


# A group of sparklines holds its colours as well, and Excel calls one without lines damaged.
_WHOLE = frozenset({"sparklines"})
_EMPTY_GOES = frozenset(
    """
    mergeCells hyperlinks dataValidations conditionalFormatting conditionalFormattings
    ignoredErrors protectedRanges cellWatches rowBreaks colBreaks scenarios scenario smartTags
    sparklines sparklineGroup sparklineGroups tableParts sortState ext extLst definedNames cols
    dataRefs dataConsolidate pivotCaches slicerCaches webPublishItems slicerList
    """.split()
)

__all__ = ["MAIN", "Effects", "Index", "Sheet", "local", "relation_id", "removed", "without"]
