"""A copy of a sheet: its parts are doubled, and speak of the copy."""

from __future__ import annotations

import re
import uuid
from copy import deepcopy

from lxml import etree

from service.workbook.package.opc import Draft, Relationship
from service.workbook.references.changes import CopySheet
from service.workbook.references.index import Effects, Index, Sheet, local, removed, without
from service.workbook.references.rewriting import CopyRewriter, TableEdit
from service.workbook.references.sheet_xml import SheetXml
from service.workbook.references.sheets import insert
from service.workbook.references.tables import Table
from service.workbook.references.update import Update

# A workbook knows these by a name that must be its only one, or they belong to one query.
_NOT_COPIED = {
    "slicer": "slicers",
    "timeline": "timelines",
    "queryTable": "the query behind a table",
    "tableSingleCells": "cells mapped to XML",
}
_DIGITS = re.compile(r"\d*(\.[^./]+)$")
_GUID = re.compile(rb"\{[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}")
_IDENTIFIED = frozenset({"comments", "threadedComment"})


def copy(index: Index, change: CopySheet) -> Effects:
    """Copy a sheet, as "Move or Copy" does with "Create a copy"."""
    original = index.sheet(change.sheet)
    parts = {name: kind for kind, name in index.of_sheet(original)}
    effects = Effects()
    for kind in sorted({kind for kind in parts.values() if kind in _NOT_COPIED}):
        effects.notes.append(f"The copy is without {_NOT_COPIED[kind]}.")
    parts = {name: kind for name, kind in parts.items() if kind not in _NOT_COPIED}
    clones = _clones(index.draft, [original.part, *parts])
    edits = _rename_tables(index, [clones[n] for n, kind in parts.items() if kind == "table"])
    _new_ids(index.draft, {clones[n] for n, k in parts.items() if k in _IDENTIFIED}, change.name)
    position = change.position or index.sheets.index(original) + 2
    sheet = insert(index, change.name, clones[original.part], original.kind, position)
    if original.element.get("state"):
        sheet.element.set("state", original.element.get("state", ""))
    update = Update(index, CopyRewriter(edits, original.title, change.name), Effects())
    update.sheet(sheet)
    _tidy(index, sheet)
    _copy_names(index, original, sheet, update)
    return effects


def _clones(draft: Draft, parts: list[str]) -> dict[str, str]:
    """Double parts with their relationships; the name of each one's clone."""
    clones: dict[str, str] = {}
    for part in parts:
        clone = draft.free_name(_DIGITS.sub(r"{}\1", part))
        draft.write(clone, draft.read(part), draft.content_type(part))
        clones[part] = clone
    for part, clone in clones.items():
        found = [_related(draft, relation, clones) for relation in draft.relationships(part)]
        draft.relate(clone, [relation for relation in found if relation is not None])
    return clones


def _related(draft: Draft, relation: Relationship, clones: dict[str, str]) -> Relationship | None:
    if relation.external:
        return relation
    if relation.kind in _NOT_COPIED:
        return None
    target = draft.find(relation.target) or relation.target
    return Relationship(relation.id, relation.type, clones.get(target, target))


def _rename_tables(index: Index, parts: list[str]) -> dict[str, TableEdit]:
    """Give copied tables an id and a name of their own; what becomes of their old names."""
    taken = index.table_names() | {
        item.get("name", "").lower() for item in index.root.iter() if local(item) == "definedName"
    }
    ids = [int(root.get("id", "0")) for sheet in index.sheets for _, root in index.tables(sheet)]
    edits = {}
    for number, part in enumerate(parts, max(ids, default=0) + 1):
        table = Table(part, index.draft.xml(part))
        old = table.name
        new = _free(old, taken)
        edits[old.lower()] = TableEdit(new)
        for name, value in (("id", str(number)), ("name", new), ("displayName", new)):
            table.root.set(name, value)
        without(table.root, "tableType")
        for column in table.columns:
            without(column, "queryTableFieldId")
        _without_uid(table.root)
        index.draft.write(part, table.root)
    return edits


def _free(name: str, taken: set[str]) -> str:
    stem = name.rstrip("0123456789") or name
    digits = name[len(stem) :]
    number = int(digits) + 1 if digits else 2
    while f"{stem}{number}".lower() in taken:
        number += 1
    taken.add(f"{stem}{number}".lower())
    return f"{stem}{number}"


def _without_uid(root: etree._Element) -> None:
    for name in [name for name in root.attrib if str(name).endswith("}uid")]:
        del root.attrib[name]


def _new_ids(draft: Draft, parts: set[str], title: str) -> None:
    """Threads of comments are known by ids: those of the copy get others."""

    for part in parts:
        content = draft.read(part)
        ids = set(_GUID.findall(content)) - set(re.findall(rb'personId="([^"]*)"', content))
        for id_ in sorted(ids):
            made = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{title}/{id_.decode()}")).upper()
            content = content.replace(id_, f"{{{made}}}".encode())
        draft.write(part, content)


def _tidy(index: Index, sheet: Sheet) -> None:
    """Take out of the copy what there may be only one of, and what was not copied."""
    draft = index.draft
    xml = SheetXml.read(draft.read(sheet.part))
    _without_uid(xml.tree)
    known = {relation.id for relation in draft.relationships(sheet.part)}
    for item in list(xml.tree.iter()):
        if local(item) == "sheetView":
            without(item, "tabSelected")
        elif local(item) == "sheetPr":
            without(item, "codeName")
        ids = [str(v) for n, v in item.attrib.items() if str(n).endswith("}id")]
        if any(id_ not in known for id_ in ids) and local(item) != "customSheetView":
            removed(item)
    draft.write(sheet.part, xml.written())
    for kind, part in index.of_sheet(sheet):
        if kind == "drawing":
            _without_slicers(draft, part)


def _without_slicers(draft: Draft, part: str) -> None:
    root = draft.xml(part)
    found = [i for i in root.iter() if local(i) in ("slicer", "timeslicer")]
    for item in found:
        anchors = [a for a in item.iterancestors() if local(a).endswith("Anchor")]
        if anchors:
            removed(anchors[-1])
    if found:
        draft.write(part, root)


def _copy_names(index: Index, original: Sheet, sheet: Sheet, update: Update) -> None:
    """The copy gets its own of each name that speaks of the original."""
    old, new = (str(index.sheets.index(item)) for item in (original, sheet))
    names = [item for item in index.root.iter() if local(item) == "definedName"]
    own = {item.get("name", "").lower() for item in names if item.get("localSheetId") == old}
    for item in names:
        name, place = item.get("name", ""), item.get("localSheetId")
        text = update.rewriter.name(item.text or "", original.title)
        shared = place is None and text != item.text and name.lower() not in own
        if place == old or (shared and not name.startswith("_xlnm.")):
            twin = deepcopy(item)
            twin.set("localSheetId", new)
            twin.text = text
            parent = item.getparent()
            assert parent is not None
            parent.append(twin)
