"""Parts that hang on others: found, related, and dropped when nothing leads to them any more."""

from __future__ import annotations

from lxml import etree

from service.workbook.package.opc import OFFICE, Draft

_ID_NAMESPACES = (OFFICE, "http://purl.oclc.org/ooxml/officeDocument/relationships")


def ids_in(element: etree._Element) -> set[str]:
    """The relationship ids that an element and all in it name."""
    found = set()
    for item in element.iter():
        for name, value in item.attrib.items():
            if str(name).startswith("{") and etree.QName(str(name)).namespace in _ID_NAMESPACES:
                found.add(str(value))
    return found


def relate(draft: Draft, part: str, kind: str, target: str) -> str:
    """Relate ``part`` to another one; the id of the new relationship."""
    return draft.relationships(part).add(f"{OFFICE}/{kind}", target)


def unrelate(draft: Draft, part: str, ids: set[str]) -> None:
    """Drop relationships of a part, and the parts that nothing leads to any more."""
    relationships = draft.relationships(part)
    targets = []
    for id_ in sorted(ids):
        found = relationships.get(id_)
        if found is not None:
            relationships.remove(id_)
            targets += [] if found.external else [found.target]
    for target in targets:
        drop_unused(draft, target)


def drop_unused(draft: Draft, part: str) -> None:
    """Remove a part that nothing leads to, and those that only it led to."""
    found = draft.find(part)
    if found is None or _is_used(draft, found):
        return
    targets = [item.target for item in draft.relationships(found) if not item.external]
    draft.remove(found)
    for target in targets:
        drop_unused(draft, target)


def _is_used(draft: Draft, part: str) -> bool:
    wanted = part.lower()
    for name in ["", *draft.names]:
        for item in draft.relationships(name):
            if not item.external and item.target.lower() == wanted and name != part:
                return True
    return False
