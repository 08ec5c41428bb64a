"""Changes of whole sheets: add, rename, move and delete them."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from service.errors import InvalidParameters, listed
from service.workbook.package.opc import OFFICE
from service.workbook.references.changes import (
    AddSheet,
    CopySheet,
    DeleteSheet,
    MoveSheet,
    RenameSheet,
    SheetChange,
)
from service.workbook.references.index import MAIN, Effects, Index, Sheet, local, removed
from service.workbook.references.rewriting import OrderRewriter, RenameRewriter, TableEdit
from service.workbook.references.sheet_xml import SheetXml
from service.workbook.references.tables import Table
from service.workbook.references.update import Update

_WORKSHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_NEW = (
    f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{MAIN}">'
    '<dimension ref="A1"/><sheetViews><sheetView workbookViewId="0"/></sheetViews>'
    '<sheetFormatPr defaultRowHeight="15"/><sheetData/>'
    '<pageMargins left="0.7" right="0.7" top="0.75" bottom="0.75" header="0.3" footer="0.3"/>'
    "</worksheet>"
).encode()


def check(index: Index, change: SheetChange) -> None:
    """Refuse a change of sheets that Excel refuses.

    :raises ExcelToolsError: saying what is in the way
    """
    if not isinstance(change, AddSheet):
        sheet = index.sheet(change.sheet)
        if isinstance(change, DeleteSheet):
            _check_left(index, sheet)
            _check_slicers(index, sheet)
    if isinstance(change, AddSheet | MoveSheet | CopySheet):
        most = len(index.sheets) + (not isinstance(change, MoveSheet))
        if not isinstance(change, MoveSheet) and change.position == 0:
            pass
        elif not 1 <= change.position <= most:
            raise InvalidParameters(
                f"Position {change.position} does not exist; the workbook has "
                f"{len(index.sheets)} sheets: {listed(index.titles)}.",
                f"Name a position from 1 to {most}.",
            )
    name = {AddSheet: "sheet", RenameSheet: "name", CopySheet: "name"}.get(type(change))
    if name:
        _check_name(index, change, getattr(change, name))


def _check_left(index: Index, sheet: Sheet) -> None:
    left = [other for other in index.sheets if other is not sheet and other.visible]
    if not [other for other in left if other.kind == "worksheet"]:
        raise InvalidParameters(
            f"{sheet.title} is the last visible sheet with cells; a workbook keeps one.",
            "Add or show another sheet first.",
        )


def _check_slicers(index: Index, sheet: Sheet) -> None:
    """A slicer on another sheet does not outlive its table."""
    mine = [kind for kind, _ in index.of_sheet(sheet)]
    others = [kind for s in index.sheets if s is not sheet for kind, _ in index.of_sheet(s)]
    if "slicer" in mine or "slicer" not in others:
        return
    for part, root in index.tables(sheet):
        if index.sliced_columns(root.get("id", "")):
            raise InvalidParameters(
                f"{sheet.title} holds the table {Table(part, root).name}, "
                "which a slicer on another sheet filters.",
                "Delete the slicer in Excel first, or hide the sheet instead.",
            )


def _check_name(index: Index, change: SheetChange, name: str) -> None:
    own = change.sheet.casefold() if isinstance(change, RenameSheet) else None
    taken = {title.casefold() for title in index.titles} - {own}
    if not name or len(name) > 31 or set(name) & set("[]:*?/\\") or name.casefold() in taken:
        problem = "exists already" if name.casefold() in taken else "is none that Excel allows"
        raise InvalidParameters(
            f'The sheet name "{name[:60]}" {problem}. Sheets: {listed(index.titles)}.',
            "Choose another name of 1 to 31 characters without any of []:*?/\\.",
        )


def check_cells(sheet: Sheet) -> None:
    """Refuse to look for cells on a sheet that has none.

    :raises InvalidParameters: saying what it is instead
    """
    if sheet.kind != "worksheet":
        raise InvalidParameters(
            f"{sheet.title} is a {sheet.kind}: it has no rows and columns.",
            "Name a sheet that has cells.",
        )


# Changes ----------------------------------------------------------------------


def add(index: Index, change: AddSheet) -> Effects:
    """A new sheet without anything on it."""
    part = index.draft.free_name("xl/worksheets/sheet{}.xml")
    index.draft.write(part, _NEW, _WORKSHEET_TYPE)
    insert(index, change.sheet, part, "worksheet", change.position or len(index.sheets) + 1)
    return Effects()


def rename(index: Index, change: RenameSheet) -> Effects:
    """A sheet gets another name, and all that speaks of it uses that."""
    sheet = index.sheet(change.sheet)
    update = Update(index, RenameRewriter({}, sheet.title, change.name))
    update.everything()
    sheet.element.set("name", change.name)
    return update.effects


def move(index: Index, change: MoveSheet) -> Effects:
    """A sheet goes to another position."""
    sheet = index.sheet(change.sheet)
    order = [other for other in index.sheets if other is not sheet]
    order.insert(change.position - 1, sheet)
    after = [other.title for other in order]
    update = Update(index, OrderRewriter({}, index.titles, after, sheet.title))
    update.everything()
    reorder(index, order)
    return update.effects


def delete(index: Index, change: DeleteSheet) -> Effects:
    """A sheet goes, with all that belongs to it alone."""
    sheet = index.sheet(change.sheet)
    order = [other for other in index.sheets if other is not sheet]
    tables = {Table(*found).name.lower(): TableEdit("") for found in index.tables(sheet)}
    after = [other.title for other in order]
    update = Update(index, OrderRewriter(tables, index.titles, after))
    for other in order:
        update.sheet(other)
    for kind, part in index.of_workbook():
        update.part(kind, part, "")
    update.names()
    index.drop_calculation_chain()
    _drop(index, sheet)
    reorder(index, order)
    _select(index)
    return update.effects


def forget_titles(index: Index) -> None:
    """Take the list of titles out of the file's properties, which may leave it out."""
    for relation in index.draft.relationships("").of_kind("extended-properties"):
        part = index.draft.find(relation.target)
        if part is None:
            continue
        root = index.draft.xml(part)
        found = [item for item in root if local(item) in ("TitlesOfParts", "HeadingPairs")]
        for item in found:
            root.remove(item)
        if found:
            index.draft.write(part, root)


# The workbook's list of sheets ------------------------------------------------


def insert(index: Index, title: str, part: str, kind: str, position: int) -> Sheet:
    """List a new sheet.

    :param position: counted from 1
    """
    id_ = index.draft.relationships(index.main).add(f"{OFFICE}/{kind}", part)
    model = index.sheets[0].element
    used = [int(sheet.element.get("sheetId", "0")) for sheet in index.sheets]
    element = etree.SubElement(_list(index), model.tag)
    element.set("name", title)
    element.set("sheetId", str(max(used) + 1))
    element.set(_relation_attribute(model), id_)
    sheet = Sheet(title, part, kind, element)
    order = list(index.sheets)
    order.insert(position - 1, sheet)
    index.sheets.append(sheet)
    reorder(index, order)
    return sheet


def _list(index: Index) -> etree._Element:
    found = index.sheets[0].element.getparent()
    assert found is not None
    return found


def _relation_attribute(model: etree._Element) -> str:
    found = [str(name) for name in model.attrib if str(name).endswith("}id")]
    return found[0] if found else f"{{{OFFICE}}}id"


def reorder(index: Index, order: list[Sheet]) -> None:
    """Bring the sheets into an order; what names them by number follows."""
    places = {old: order.index(s) for old, s in enumerate(index.sheets) if s in order}
    parent = _list(index)
    for sheet in index.sheets:
        parent.remove(sheet.element)
    for sheet in order:
        parent.append(sheet.element)
    index.sheets = order
    for name in [item for item in index.root.iter() if local(item) == "definedName"]:
        place = name.get("localSheetId")
        if place is not None and int(place) in places:
            name.set("localSheetId", str(places[int(place)]))
        elif place is not None:
            removed(name)
    for view in [item for item in index.root.iter() if local(item) == "workbookView"]:
        _follow(view, places, order)


def _follow(view: etree._Element, places: dict[int, int], order: list[Sheet]) -> None:
    for name in ("activeTab", "firstSheet"):
        old = int(view.get(name, "0"))
        new = places.get(old, min(old, len(order) - 1))
        if name == "activeTab" and not order[new].visible:
            new = next(number for number, sheet in enumerate(order) if sheet.visible)
        if new or view.get(name) is not None:
            view.set(name, str(new))


def _select(index: Index) -> None:
    """The active sheet is the selected one: others that were are its group."""
    views = [item for item in index.root.iter() if local(item) == "workbookView"]
    active = int(views[0].get("activeTab", "0")) if views else 0
    sheet = index.sheets[active]
    xml = SheetXml.read(index.draft.read(sheet.part))
    view = next((item for item in xml.tree.iter() if local(item) == "sheetView"), None)
    if view is not None and view.get("tabSelected") not in ("1", "true"):
        view.set("tabSelected", "1")
        index.draft.write(sheet.part, xml.written())


# Removing ---------------------------------------------------------------------


def _drop(index: Index, sheet: Sheet) -> None:
    """Take out a sheet's part, and all parts that nothing leads to without it."""
    draft = index.draft
    before = list(_reachable(index, index.main))
    index.drop_relation(index.main, sheet.part)
    _drop_caches(index, sheet)
    kept = set(_reachable(index, index.main))
    for part in before:
        if part not in kept:
            draft.remove(part)


def _reachable(index: Index, start: str) -> Iterator[str]:
    seen, waiting = {start}, [start]
    while waiting:
        part = waiting.pop()
        yield part
        for relation in index.draft.relationships(part):
            name = "" if relation.external else index.draft.find(relation.target) or ""
            if name and name not in seen:
                seen.add(name)
                waiting.append(name)


def _drop_caches(index: Index, sheet: Sheet) -> None:
    """Forget the caches of pivot tables and slicers that went with the sheet."""
    draft, relations = index.draft, index.draft.relationships(index.main)
    used = {
        draft.find(relation.target)
        for other in index.sheets
        if other is not sheet
        for part in _reachable(index, other.part)
        for relation in draft.relationships(part)
        if not relation.external
    }
    names = {
        item.get("cache")
        for part in used
        if part and "slicers/" in part.lower()
        for item in draft.xml(part).iter("{*}slicer")
    }
    slicers = relations.of_kind("slicerCache")
    for relation in slicers:
        name = draft.xml(relation.target).get("name")
        if name not in names:
            _forget(index, relation.id)
            for item in [i for i in index.root.iter() if local(i) == "definedName"]:
                if item.get("name") == name:
                    removed(item)
    mine = set(_reachable(index, sheet.part))
    for relation in relations.of_kind("pivotCacheDefinition"):
        part = draft.find(relation.target)
        if part in mine and part not in used and not relations.of_kind("slicerCache"):
            _forget(index, relation.id)


def _forget(index: Index, id_: str) -> None:
    """Drop a relationship of the workbook, and the element that names it."""
    index.draft.relationships(index.main).remove(id_)
    for item in list(index.root.iter()):
        if id_ in [value for name, value in item.attrib.items() if str(name).endswith("}id")]:
            removed(item)


__all__ = ["add", "check", "check_cells", "delete", "insert", "move", "rename", "reorder"]
