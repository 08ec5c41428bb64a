"""Bringing a change that openpyxl knows of into XML that holds more than it knows.

Three trees: the part as the file has it, what openpyxl would have written for it before a
change, and what it would write now. Only what differs between the latter two goes into the
first; attributes and elements that openpyxl never saw stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import TypeAlias

from lxml import etree

Key: TypeAlias = tuple[str, str]
Name: TypeAlias = Callable[[etree._Element], str]
_NO_ELEMENTS = (etree._Comment, etree._ProcessingInstruction)


def local(element: etree._Element) -> str:
    """The tag without its namespace; "" for comments and processing instructions."""
    return "" if isinstance(element, _NO_ELEMENTS) else etree.QName(element).localname


def canonical(element: etree._Element) -> bytes:
    """What two equal elements have in common."""
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


def merge(
    kept: etree._Element,
    before: etree._Element,
    after: etree._Element,
    *,
    name_of: Name = lambda element: "",
    whole: frozenset[str] = frozenset(),
    choices: tuple[frozenset[str], ...] = (),
    order: dict[str, tuple[str, ...]] | None = None,
) -> None:
    """Bring into ``kept`` what changed from ``before`` to ``after``.

    :param name_of: what tells an element from others of its tag, "" for their order
    :param whole: tags of elements that are replaced as a whole where they differ
    :param choices: tags of elements of which a parent has one only: a new one ousts the old
    :param order: for tags of parents, the tags of their children in the order of the schema
    """
    _Merge(name_of, whole, choices, order or {}).run(kept, before, after)


class _Merge:
    def __init__(
        self,
        name_of: Name,
        whole: frozenset[str],
        choices: tuple[frozenset[str], ...],
        order: dict[str, tuple[str, ...]],
    ) -> None:
        self._name_of = name_of
        self._whole = whole
        self._choices = choices
        self._order = order

    def run(self, kept: etree._Element, before: etree._Element, after: etree._Element) -> None:
        for name in {*before.attrib, *after.attrib}:
            if before.get(name) != after.get(name):
                _set(kept, str(name), after.get(name))
        if _text(before) != _text(after):
            kept.text = after.text
        self._children(kept, before, after)

    def _children(
        self, kept: etree._Element, before: etree._Element, after: etree._Element
    ) -> None:
        was, have = self._keyed(before), self._keyed(kept)
        now = _renamed(was, self._keyed(after))
        for key in was.keys() - now.keys():
            if key in have:
                kept.remove(have.pop(key))
        placed: etree._Element | None = None
        for key, wanted in now.items():
            known, found = was.get(key), have.get(key)
            if known is None or canonical(known) != canonical(wanted):
                if found is None:
                    found = self._insert(kept, deepcopy(wanted), placed)
                else:
                    found = self._change(found, known, wanted)
            if found is not None:
                have[key] = placed = found
            if known is None:
                self._oust(kept, key, have)
        shared = [key for key in now if key in was]
        if shared != [key for key in was if key in now]:
            _reorder(kept, [have[key] for key in now if key in have])

    def _change(
        self, found: etree._Element, known: etree._Element | None, wanted: etree._Element
    ) -> etree._Element:
        if known is None or local(known) in self._whole:
            return _replace(found, deepcopy(wanted))
        self.run(found, known, wanted)
        return found

    def _oust(self, parent: etree._Element, new: Key, have: dict[Key, etree._Element]) -> None:
        """Remove what can't stand beside a new element."""
        rivals = {tag for choice in self._choices if new[0] in choice for tag in choice}
        for key in [key for key in have if key[0] in rivals and key != new]:
            parent.remove(have.pop(key))

    def _keyed(self, parent: etree._Element) -> dict[Key, etree._Element]:
        """The children by tag and name, or by tag and number among those of their tag."""
        found: dict[Key, etree._Element] = {}
        counts: dict[str, int] = {}
        for child in parent:
            tag = local(child)
            if not tag:
                continue
            counts[tag] = counts.get(tag, 0) + 1
            name = self._name_of(child)
            key = (tag, name or f"#{counts[tag]}")
            found[key if key not in found else (tag, f"#{counts[tag]}")] = child
        return found

    def _insert(
        self, parent: etree._Element, child: etree._Element, before: etree._Element | None
    ) -> etree._Element:
        """Put a new child where the schema has it, or behind the one that goes before it."""
        order = self._order.get(local(parent), ())
        if local(child) in order:
            rank = order.index(local(child))
            later = (e for e in parent if local(e) in order and order.index(local(e)) > rank)
            follower = next(later, None)
            if follower is not None:
                follower.addprevious(child)
            else:
                parent.append(child)
        elif before is not None:
            before.addnext(child)
        else:
            parent.insert(0, child)
        return child


def _renamed(
    was: dict[Key, etree._Element], now: dict[Key, etree._Element]
) -> dict[Key, etree._Element]:
    """``now``, with the names of before for those that only seem to be others.

    Where as many of a tag are gone as are new, they are the same with other names.
    """
    names: dict[Key, Key] = {}
    for tag in {key[0] for key in now}:
        gone = [key for key in was if key[0] == tag and key not in now]
        new = [key for key in now if key[0] == tag and key not in was]
        if len(gone) == len(new):
            names |= zip(new, gone, strict=True)
    return {names.get(key, key): element for key, element in now.items()}


def discard(element: etree._Element, name: str) -> None:
    """Drop an attribute, if it is there."""
    if name in element.attrib:
        del element.attrib[name]


def _set(element: etree._Element, name: str, value: str | None) -> None:
    if value is None:
        discard(element, name)
    else:
        element.set(name, value)


def _text(element: etree._Element) -> str:
    text = element.text or ""
    # Space between elements means nothing, and is not always written.
    return "" if len(element) and not text.strip() else text


def _replace(old: etree._Element, new: etree._Element) -> etree._Element:
    new.tail = old.tail
    parent = old.getparent()
    assert parent is not None
    parent.replace(old, new)
    return new


def _reorder(parent: etree._Element, wanted: list[etree._Element]) -> None:
    """Give the elements the places that they hold together, in the order wanted."""
    places = sorted(parent.index(element) for element in wanted)
    for element in wanted:
        parent.remove(element)
    for place, element in zip(places, wanted, strict=True):
        parent.insert(place, element)
