"""A walk over all parts of a workbook: what a change makes of the references in each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from lxml import etree

from service.workbook.references import attached, cells, drawings, layout
from service.workbook.references.changes import Shift
from service.workbook.references.index import Effects, Index, Sheet, local, relation_id, removed
from service.workbook.references.rewriting import Rewriter
from service.workbook.references.sheet_xml import CellXml, SheetXml
from service.workbook.references.tables import Table
from service.workbook.references.text import GONE, Operand, Range, areas_of, replaced
from service.workbook.references.walk import Walk

_VML = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=True)


@dataclass
class Update:
    """Brings a workbook up to date with one change."""

    index: Index
    rewriter: Rewriter
    effects: Effects = field(default_factory=Effects)

    def __post_init__(self) -> None:
        self.walk = Walk(self.rewriter, self.effects)
        self._needles = list(_needles(self.rewriter))

    def everything(self) -> None:
        """All sheets, their parts, and the workbook's own."""
        for sheet in self.index.sheets:
            self.sheet(sheet)
        for kind, part in self.index.of_workbook():
            self.part(kind, part, "")
        self.names()
        self.index.drop_calculation_chain()

    def _concerns(self, content: bytes) -> bool:
        """Whether a part may hold anything that the change concerns."""
        lowered = content.lower()
        if self.rewriter.everywhere:
            return True
        if b"\0" in content[:4] or b"&#" in content:
            return True  # another encoding, or characters written as numbers
        return any(needle is None or needle in lowered for needle in self._needles)

    # Sheets -------------------------------------------------------------------

    def sheet(self, sheet: Sheet) -> None:
        """A sheet's own part, and all that belong to it."""
        home = sheet.title
        shift = self.rewriter.shift(home)
        content = self.index.draft.read(sheet.part)
        new: list[CellXml] = []
        gone: list[str] = []
        for kind, part in self.index.of_sheet(sheet):
            if kind == "table" and shift is not None:
                new += self._table(part, home, shift, gone)
            elif kind == "pivotTable" and shift is not None:
                self._pivot(part, home, shift, gone)
            else:
                self.part(kind, part, home)
            if kind == "tableSingleCells" and not len(self.index.draft.xml(part)):
                # Cells that are bound to XML are listed in a part that must hold some.
                self.index.drop_relation(sheet.part, part)
                self.index.draft.remove(part)
        # A consolidation names its sheets in its own way.
        if shift is not None or b"dataRef" in content or self._concerns(content):
            xml = self.index.read(sheet)
            self._cells(xml, home, shift)
            xml.data = cells.with_cells(xml.data, new) if new else xml.data
            if shift is not None:
                self._fill_tables(sheet, xml, shift, gone)
            if self._tree(xml, sheet, shift, gone) or shift is not None or self._changed:
                self.index.draft.write(sheet.part, xml.written())

    def _cells(self, xml: SheetXml, home: str, shift: Shift | None) -> None:
        seen = cells.Seen()
        before = xml.data
        if shift is not None:
            xml.data = cells.without_spills(xml.data, cells.blocks_of(xml.data), shift)
            xml.data = cells.expanded(xml.data, lambda _: True)
        elif self._shifts:
            xml.data = cells.expanded(xml.data, lambda text: self.rewriter.concerns(text, home))
        xml.data = cells.reformulated(xml.data, self.rewriter, home, seen)
        if shift is not None:
            xml.data = cells.moved(xml.data, shift)
        self._changed = xml.data != before
        self.effects.adjusted["formulas"] += seen.changed
        for row, column, text in seen.broken:
            place = shift.cell(row, column) if shift is not None else (row, column)
            if place is not None:
                self.effects.broken.append((home, *place, text))

    @property
    def _shifts(self) -> bool:
        """Whether the change is one of cells, after which shared formulas may differ."""
        shifts = any(self.rewriter.shift(title) for title in self.index.titles)
        return shifts or self.rewriter.everywhere

    def _tree(self, xml: SheetXml, sheet: Sheet, shift: Shift | None, gone: list[str]) -> bool:
        """What is in the sheet's part beside its cells."""
        home, root = sheet.title, xml.tree
        changed = self.walk.part(root, "worksheet", home)
        changed |= self._pivot_source(root)
        changed |= attached.update(root, self.rewriter, home, self.effects)
        if shift is not None:
            layout.update(root, shift)
            drawings.update(root, shift, self.effects)
        for part in gone:
            self._forget(sheet, part, root)
        return changed

    def _forget(self, sheet: Sheet, part: str, root: etree._Element) -> None:
        """A part of the sheet is gone: so is what leads to it."""
        id_ = self.index.drop_relation(sheet.part, part)
        for item in [i for i in root.iter() if local(i) == "tablePart"]:
            if relation_id(item) == id_:
                removed(item)
        self.index.draft.remove(part)

    def _table(self, part: str, home: str, shift: Shift, gone: list[str]) -> list[CellXml]:
        table = Table(part, self.index.draft.xml(part))
        if shift.stretch(table.area) is None:
            gone.append(part)
            self.effects.notes.append(f"The table {table.name} is deleted.")
            return []
        before = table.area
        self.walk.part(table.root, "table", home)
        new = table.shift(shift)
        self.index.draft.write(part, table.root)
        self.effects.adjusted["tables"] += table.area != before
        return new

    def _fill_tables(self, sheet: Sheet, xml: SheetXml, shift: Shift, gone: list[str]) -> None:
        for part, root in self.index.tables(sheet):
            if part not in gone:
                new = list(Table(part, root).filled(xml.data, shift))
                xml.data = cells.with_cells(xml.data, new) if new else xml.data

    def _pivot(self, part: str, home: str, shift: Shift, gone: list[str]) -> None:
        root = self.index.draft.xml(part)
        for item in [i for i in root.iter() if local(i) == "location"]:
            if shift.stretch(areas_of(item.get("ref", "A1"))[0]) is None:
                gone.append(part)
                self.effects.notes.append(f"The pivot table {root.get('name')} is deleted.")
                return
        if self.walk.part(root, "pivotTable", home):
            self.index.draft.write(part, root)

    # Other parts --------------------------------------------------------------

    def part(self, kind: str, name: str, home: str) -> None:
        """A part that is neither a sheet's own nor the workbook's main one."""
        draft = self.index.draft
        if kind == "drawing":
            self._links(name, home)
        content = draft.read(name) if kind in _KINDS else b""
        shift = self.rewriter.shift(home)
        always = kind == "pivotCacheDefinition"  # names a sheet in its own way
        if not content or (shift is None and not always and not self._concerns(content)):
            return
        root = draft.xml(name) if kind != "vmlDrawing" else etree.fromstring(content, _VML)
        if root is not None and self._rewritten(root, kind, home, shift):
            draft.write(name, root)

    def _rewritten(self, root: etree._Element, kind: str, home: str, shift: Shift | None) -> bool:
        if kind == "vmlDrawing":
            return drawings.update_vml(root, self.rewriter, home)
        if kind == "pivotCacheDefinition":
            return self._pivot_source(root)
        changed = self.walk.part(root, kind, home)
        if kind == "drawing" and shift is not None:
            changed |= drawings.update(root, shift, self.effects)
        if kind == "chart":
            changed |= self._chart_pivot(root)
        return changed

    def _links(self, part: str, home: str) -> None:
        """Links of shapes to places in the workbook: "#Sheet2!A1"."""
        relations = self.index.draft.relationships(part)
        for relation in relations:
            if relation.target.startswith("#"):
                new = "#" + self.rewriter.formula(relation.target[1:], home)
                if new != relation.target and GONE not in new:
                    relations.retarget(relation.id, new)

    def _pivot_source(self, root: etree._Element) -> bool:
        """What a pivot table, or a consolidation, is made from: a sheet and an area on it."""
        changed = False
        for item in [i for i in root.iter() if local(i) in _SOURCES]:
            title = item.get("sheet", "")
            if any(str(name).endswith("}id") for name in item.attrib) or not title:
                continue  # in another workbook, or a name or table
            new = self.rewriter.title(title)
            shift = self.rewriter.shift(title)
            area = areas_of(item.get("ref", ""))[:1] if item.get("ref") else []
            moved = shift.stretch(area[0]) if shift is not None and area else None
            if not new or (shift is not None and area and moved is None):
                what = "consolidation" if local(item) == "dataRef" else "pivot table"
                self.effects.notes.append(f"The source of a {what} is gone; its figures stay.")
                continue
            before = dict(item.items())
            item.set("sheet", new)
            if moved is not None:
                item.set("ref", str(moved))
            changed |= dict(item.items()) != before
        self.effects.adjusted["pivot sources"] += changed
        return changed

    def _chart_pivot(self, root: etree._Element) -> bool:
        """A pivot chart names its pivot table as "[book.xlsx]Sheet1!PivotTable1"."""
        changed = False
        for source in [item for item in root.iter() if local(item) == "pivotSource"]:
            for item in [child for child in source if local(child) == "name"]:
                book, bracket, rest = (item.text or "").rpartition("]")
                title, mark, name = rest.rpartition("!")
                new = self.rewriter.title(title)
                if mark and new and new != title:
                    item.text = f"{book}{bracket}{new}!{name}"
                    changed = True
        return changed

    # Names --------------------------------------------------------------------

    def names(self) -> None:
        """The workbook's defined names, print areas and titles among them."""
        titles = self.index.titles
        for item in [i for i in self.index.root.iter() if local(i) == "definedName"]:
            place = item.get("localSheetId")
            known = place is not None and int(place) < len(titles)
            home = titles[int(place or 0)] if known else ""
            text, name = item.text or "", item.get("name", "")
            new = self._name(name, text, home)
            if name.startswith("_xlnm."):
                new = _without_gone(new)
                if not new:
                    removed(item)
                    continue
            elif new.count(GONE) > text.count(GONE):
                self.effects.broken.append((f"name {name}", 0, 0, new))
            item.text = new
            self.effects.adjusted["names"] += new != text and not name.startswith("_xlnm._")

    def _name(self, name: str, text: str, home: str) -> str:
        shift = self.rewriter.shift(home)
        if name != "_xlnm._FilterDatabase" or shift is None:
            return self.rewriter.name(text, home)

        def visit(operand: Operand) -> str | None:
            found = Range.read(operand.area) if operand.area else None
            moved = shift.stretch(found.area) if found is not None else None
            return operand.sheet + found.at(moved) if found and moved else GONE

        return replaced(text, visit)


_SOURCES = frozenset({"worksheetSource", "rangeSet", "dataRef"})
_KINDS = frozenset(
    """
    table comments threadedComment drawing chart chartEx ctrlProp pivotTable vmlDrawing
    connections namedSheetView tableSingleCells pivotCacheDefinition
    """.split()
)


def _without_gone(text: str) -> str:
    """A list of areas without those that are gone."""
    parts: list[str] = [""]
    quoted = False
    for character in text:
        quoted ^= character == "'"
        if character == "," and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    return ",".join(part for part in parts if GONE not in part)


def _needles(rewriter: Rewriter) -> Iterator[bytes | None]:
    """What stands in a part, in small letters, that may have to do with the change.

    None: the word may stand there in capitals or small letters that bytes don't know.
    """
    for word, signs in [
        *((sheet, ("!", "'!", "&apos;!", ":")) for sheet in rewriter.sheets),
        *((table, ("",)) for table in rewriter.tables),
    ]:
        if not word.isascii():
            yield None
            continue
        for text in {word, word.replace("'", "''")}:
            for quotes in ({}, {"'": "&apos;"}, {'"': "&quot;"}):
                written = escape(text, quotes).lower()
                yield from ((written + sign).encode() for sign in signs)
