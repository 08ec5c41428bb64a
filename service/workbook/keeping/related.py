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
    if targets:
        drop_unused(draft, targets)


def drop_unused(draft: Draft, parts: list[str]) -> None:
    """Remove those of the parts that nothing leads to, and the parts that only they led to."""
    users: dict[str, set[str]] = {}
    for name in ["", *draft.names]:
        for target in _targets(draft, name):
            users.setdefault(target.lower(), set()).add(name)
    left = list(parts)
    while left:
        found = draft.find(left.pop())
        if found is None or users.get(found.lower(), set()) - {found}:
            continue
        targets = _targets(draft, found)
        draft.remove(found)
        for target in targets:
            users[target.lower()].discard(found)
        left += targets


def _targets(draft: Draft, part: str) -> list[str]:
    return [item.target for item in draft.relationships(part) if not item.external]
