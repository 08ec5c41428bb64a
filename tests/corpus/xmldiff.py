"""What differs between two XML trees, element by element.

Prefixes, the place of namespace declarations, the order of attributes, comments and blanks
between elements are no difference, as in canonical XML; prefixes that stand in values
(mc:Ignorable, Requires, xsi:type) are compared by what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from lxml import etree

from tests.corpus.parts import MAIN, local

MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"
_PREFIX_LISTS = {f"{{{MC}}}Ignorable", f"{{{MC}}}ProcessContent", f"{{{MC}}}MustUnderstand"}
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_CELL, _ROW = f"{{{MAIN}}}c", f"{{{MAIN}}}row"
_REFERENCE = re.compile(r"([A-Z]+)(\d+)$")


@dataclass(frozen=True)
class Change:
    """One difference in a tree.

    :param what: element lost, element added, attribute or text
    :param where: the elements above and the element itself, such as row[3], c[B3]
    :param name: the attribute
    :param appended: of an added element: nothing old comes after it among its like
    """

    what: str
    where: tuple[str, ...]
    name: str = ""
    before: str = ""
    after: str = ""
    appended: bool = False
    old: etree._Element | None = field(default=None, compare=False, repr=False)
    new: etree._Element | None = field(default=None, compare=False, repr=False)


def number(letters: str) -> int:
    """1 for A, 27 for AA."""
    value = 0
    for letter in letters:
        value = value * 26 + ord(letter) - 64
    return value


def letters(value: int) -> str:
    """A for 1, AA for 27."""
    text = ""
    while value:
        value, rest = divmod(value - 1, 26)
        text = chr(65 + rest) + text
    return text


def place_cells(root: etree._Element) -> None:
    """Write the r of rows and cells where it is only implied (ECMA-376 18.3.1.73)."""
    last = 0
    for row in root.iter(_ROW):
        last = int(row.get("r") or last + 1)
        row.set("r", str(last))
        column = 0
        for cell in row.iter(_CELL):
            found = _REFERENCE.match(cell.get("r") or "")
            column = number(found[1]) if found else column + 1
            cell.set("r", f"{letters(column)}{last}")


def compare(old: etree._Element, new: etree._Element) -> Iterator[Change]:
    """The differences between two trees, which are changed: their cells get places."""
    if old.tag != new.tag:
        yield Change("text", (local(old.tag),), before=old.tag, after=new.tag)
        return
    place_cells(old)
    place_cells(new)
    yield from _compare(old, new, (local(old.tag),), _Digests())


class _Digests:
    """A number for each subtree, the same where the subtrees are."""

    def __init__(self) -> None:
        self._known: dict[etree._Element, int] = {}

    def of(self, element: etree._Element) -> int:
        if element not in self._known:
            inside = tuple(self.of(child) for child in _children(element))
            facts = (element.tag, tuple(sorted(_attributes(element).items())), _text(element))
            self._known[element] = hash((facts, inside))
        return self._known[element]


def _children(element: etree._Element) -> list[etree._Element]:
    return [child for child in element if isinstance(child.tag, str)]


def _attributes(element: etree._Element) -> dict[str, str]:
    return {str(name): _meaning(element, str(name), str(value)) for name, value in element.items()}


def _meaning(element: etree._Element, name: str, value: str) -> str:
    """A value in which prefixes stand for namespaces, with these instead."""
    known = element.nsmap
    if name in _PREFIX_LISTS or (name == "Requires" and element.tag == f"{{{MC}}}Choice"):
        return " ".join(sorted(str(known.get(prefix, f"?{prefix}")) for prefix in value.split()))
    if name == _TYPE and ":" in value:
        prefix, _, rest = value.partition(":")
        return f"{{{known.get(prefix)}}}{rest}"
    return value


def _text(element: etree._Element) -> str:
    """The text directly inside; blanks count only where there is nothing else."""
    inside = [element.text or ""] + [child.tail or "" for child in element]
    if len(element) == 0:
        return inside[0]
    return "\0".join(text for text in inside if text.strip())


def _compare(
    old: etree._Element, new: etree._Element, where: tuple[str, ...], digests: _Digests
) -> Iterator[Change]:
    if digests.of(old) == digests.of(new):
        return
    before, after = _attributes(old), _attributes(new)
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            pair = before.get(name, "(none)"), after.get(name, "(none)")
            yield Change("attribute", where, name, *pair, old=old, new=new)
    if _text(old) != _text(new):
        yield Change("text", where, "", _text(old)[:200], _text(new)[:200], old=old, new=new)
    yield from _compare_children(old, new, where, digests)


def _compare_children(
    old: etree._Element, new: etree._Element, where: tuple[str, ...], digests: _Digests
) -> Iterator[Change]:
    ours, theirs = _children(old), _children(new)
    pairs = _paired(ours, theirs, digests)
    taken = set(pairs.values())
    for index, child in enumerate(ours):
        step = (*where, _step(child))
        if index not in pairs:
            yield Change("element lost", step, before=_shown(child), old=child)
        else:
            yield from _compare(child, theirs[pairs[index]], step, digests)
    for index, child in enumerate(theirs):
        if index not in taken:
            behind = {place for place in taken if place > index and theirs[place].tag == child.tag}
            yield Change(
                "element added",
                (*where, _step(child)),
                after=_shown(child),
                appended=not behind,
                new=child,
            )


def _paired(
    ours: list[etree._Element], theirs: list[etree._Element], digests: _Digests
) -> dict[int, int]:
    """Which child of the new belongs to which of the old, by their places in the lists."""
    first = [_key(child) or digests.of(child) for child in ours]
    second = [_key(child) or digests.of(child) for child in theirs]
    pairs: dict[int, int] = {}
    for start, other, size in SequenceMatcher(None, first, second, False).get_matching_blocks():
        pairs.update({start + step: other + step for step in range(size)})
    taken = set(pairs.values())
    for index, child in enumerate(ours):
        if index in pairs or _key(child):
            continue
        like = (
            place
            for place, item in enumerate(theirs)
            if place not in taken and item.tag == child.tag
        )
        if (place := next(like, None)) is not None:
            pairs[index] = place
            taken.add(place)
    return pairs


def _key(element: etree._Element) -> str:
    """What tells a row or a cell from its like, wherever it stands."""
    return f"{element.tag} {element.get('r')}" if element.tag in (_CELL, _ROW) else ""


def _step(element: etree._Element) -> str:
    name = local(element.tag)
    return f"{name}[{element.get('r')}]" if element.tag in (_CELL, _ROW) else name


def _shown(element: etree._Element) -> str:
    text = etree.tostring(element, encoding="unicode", with_tail=False)
    return re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", text)[:160]
