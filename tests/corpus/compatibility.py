"""Markup compatibility (ECMA-376 part 3), as a program does it that reads a part."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from lxml import etree

from tests.corpus.parts import local
from tests.corpus.xmldiff import MC


def readings(root: etree._Element, understood: set[str]) -> Iterator[etree._Element]:
    """The part as newer programs read it and, where alternatives are given, as older ones do.

    Where nothing is given for older programs, the newer reading counts.

    :param understood: the namespaces that the newer program knows
    """
    found = next(root.iter(f"{{{MC}}}AlternateContent"), None)
    if found is None:
        yield root
        return
    for old in (False, True):
        tree = copy.deepcopy(root)
        for element in list(tree.iter(f"{{{MC}}}AlternateContent")):
            _replace(element, (_fallback(element) if old else []) or _chosen(element, understood))
        yield tree


def ignorable(element: etree._Element, inherited: frozenset[str]) -> frozenset[str]:
    """The namespaces that a program may ignore in an element."""
    prefixes = (element.get(f"{{{MC}}}Ignorable") or "").split()
    return inherited | {element.nsmap[prefix] for prefix in prefixes if prefix in element.nsmap}


def _fallback(element: etree._Element) -> list[etree._Element]:
    return [item for child in element if local(child.tag) == "Fallback" for item in child]


def _chosen(element: etree._Element, understood: set[str]) -> list[etree._Element]:
    for child in element:
        needs = [child.nsmap.get(prefix) for prefix in (child.get("Requires") or "").split()]
        if local(child.tag) == "Choice" and all(uri in understood for uri in needs):
            return list(child)
    return _fallback(element)


def _replace(element: etree._Element, others: list[etree._Element]) -> None:
    parent = element.getparent()
    if parent is None:
        return
    place = parent.index(element)
    parent.remove(element)
    for number, other in enumerate(others):
        parent.insert(place + number, other)
