"""Comments of a sheet: the notes, their shapes, and the threads behind some of them.

What was not touched keeps its rich text, its shape and its thread. A comment that is removed
goes with its thread. A changed text of a threaded comment makes it a plain note: replies and
their people can't be told apart in the one text that the editor has of a thread, and a text
in somebody's name who didn't write it would be worse than a note.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lxml import etree
from openpyxl.comments import Comment
from openpyxl.utils import coordinate_to_tuple, get_column_letter
from openpyxl.xml.constants import SHEET_MAIN_NS

from service.workbook.keeping.merging import local
from service.workbook.keeping.notes_vml import VML_TYPE, Notes
from service.workbook.keeping.related import relate, unrelate
from service.workbook.package.opc import Draft, Package, parse
from service.workbook.texts import escape

COMMENTS_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
Place: TypeAlias = tuple[int, int]
_NOWHERE: Place = (0, 0)
_EMPTY = f'<comments xmlns="{SHEET_MAIN_NS}"><authors/><commentList/></comments>'.encode()
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_THREADED = "tc={"  # how the author of a note begins that stands for a thread


@dataclass(frozen=True)
class Look:
    """What can change in a comment, sizes in pixels."""

    text: str
    author: str
    width: float
    height: float


@dataclass
class KeptComment:
    """A comment of openpyxl's as it was when the sheet was opened."""

    comment: Comment
    place: Place
    look: Look


@dataclass
class CommentMemory:
    """All comments that a sheet had when it was opened."""

    kept: list[KeptComment] = field(default_factory=list)


def comments_on(ws: Any) -> dict[Place, Comment]:
    """The comments of a sheet by (row, column)."""
    return {place: cell._comment for place, cell in ws._cells.items() if cell._comment is not None}


def remember(
    ws: Any, package: Package, part: str, comments: Mapping[Place, Comment] | None = None
) -> CommentMemory:
    """Note the comments of a sheet right after it was read.

    :param comments: by (row, column); left out, all cells of the sheet are looked at
    """
    if not package.relationships(part).of_kind("comments"):
        return CommentMemory()
    found = comments_on(ws) if comments is None else comments
    return CommentMemory([KeptComment(item, place, _look(item)) for place, item in found.items()])


def _look(comment: Comment) -> Look:
    # openpyxl gives one without author or text as None.
    return Look(comment.text or "", comment.author or "", comment.width, comment.height)


@dataclass
class _Plan:
    """What is to be done; ``changed`` and ``new`` by the place where the comment is now."""

    moved: dict[Place, Place] = field(default_factory=dict)
    changed: dict[Place, tuple[Look, Look]] = field(default_factory=dict)
    new: dict[Place, Look] = field(default_factory=dict)
    gone: list[Place] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.moved or self.changed or self.new or self.gone)


def _planned(kept: list[KeptComment], now: Mapping[Place, Comment]) -> _Plan:
    plan = _Plan()
    left = {id(item.comment): item for item in kept}
    unknown: dict[Place, Look] = {}
    for place, comment in now.items():
        known = left.pop(id(comment), None)
        if known is None:
            unknown[place] = _look(comment)
        else:
            _note(plan, known, place, _look(comment))
    by_place = {item.place: item for item in left.values()}
    for place, look in unknown.items():
        known = by_place.pop(place, None)
        if known is not None:
            _note(plan, known, place, look)
        else:
            plan.new[place] = look
    # A copy of a comment that is gone from its cell: it was moved.
    for place, look in list(plan.new.items()):
        old = next((item for item in by_place.values() if item.look == look), None)
        if old is not None:
            del plan.new[place], by_place[old.place]
            plan.moved[old.place] = place
    plan.gone = list(by_place)
    return plan


def _note(plan: _Plan, known: KeptComment, place: Place, look: Look) -> None:
    if place != known.place:
        plan.moved[known.place] = place
    if look != known.look:
        plan.changed[place] = (known.look, look)


def update(
    ws: Any,
    memory: CommentMemory | None,
    draft: Draft,
    part: str,
    comments: Mapping[Place, Comment] | None = None,
) -> tuple[str, ...] | None:
    """Bring a sheet's comments up to date.

    :param memory: what :func:`remember` gave for the package of the draft; None for a new sheet
    :param comments: by (row, column); left out, all cells of the sheet are looked at
    :return: ids that the sheet's ``legacyDrawing`` is to have, one or none; None where as before
    """
    now = comments_on(ws) if comments is None else comments
    plan = _planned(memory.kept if memory else [], now)
    if not plan:
        return None
    threads = _Threads(draft, part)
    notes = _Comments(draft, part)
    notes.bring(plan, threads)
    threads.write()
    sizes = {place: (look.width, look.height) for place, look in map(_sized, now.items())}
    return _bring_shapes(draft, part, plan, {p: sizes.get(p, (144, 79)) for p in notes.places})


def _sized(item: tuple[Place, Comment]) -> tuple[Place, Look]:
    return item[0], _look(item[1])


def _ref(place: Place) -> str:
    return f"{get_column_letter(place[1])}{place[0]}"


def _first(draft: Draft, part: str, kind: str) -> tuple[str, str]:
    """(id, part) of the first relationship of a kind, or blanks."""
    for item in draft.relationships(part).of_kind(kind):
        if item.target in draft:
            return item.id, item.target
    return "", ""


# Notes ------------------------------------------------------------------------


class _Comments:
    """The part with the notes."""

    def __init__(self, draft: Draft, part: str) -> None:
        self.draft, self.part = draft, part
        self.id, self.name = _first(draft, part, "comments")
        self.root = draft.xml(self.name) if self.name else parse(_EMPTY)
        self.by_place = {_place_of(item): item for item in self.root.iter("{*}comment")}

    @property
    def places(self) -> list[Place]:
        """The cells that have a comment."""
        return [place for place in self.by_place if place != _NOWHERE]

    def bring(self, plan: _Plan, threads: _Threads) -> None:
        for place in plan.gone:
            self._remove(place)
            threads.remove(place)
        moved = {old: self.by_place.pop(old) for old in plan.moved if old in self.by_place}
        for old, element in moved.items():
            self._remove(plan.moved[old])
            self.by_place[plan.moved[old]] = element
            element.set("ref", _ref(plan.moved[old]))
        threads.move(plan.moved)
        for place, (old_look, look) in plan.changed.items():
            if (old_look.text, old_look.author) != (look.text, look.author):
                self._rewrite(place, look, threads)
        for place, look in plan.new.items():
            self._remove(place)
            threads.remove(place)
            self._add(place, look)
        self._write()

    def _remove(self, place: Place) -> None:
        element = self.by_place.pop(place, None)
        parent = None if element is None else element.getparent()
        if element is not None and parent is not None:
            parent.remove(element)

    def _rewrite(self, place: Place, look: Look, threads: _Threads) -> None:
        element = self.by_place.get(place)
        if element is None:
            return
        author = threads.author(place) if look.author.startswith(_THREADED) else look.author
        if threads.remove(place):
            for name in [n for n in element.attrib if etree.QName(str(n)).localname == "uid"]:
                del element.attrib[name]  # it leads to the thread
        for text in [child for child in element if local(child) == "text"]:
            element.remove(text)
        element.insert(0, _text(look.text))
        element.set("authorId", self._author(author))

    def _add(self, place: Place, look: Look) -> None:
        names = {"ref": _ref(place), "authorId": self._author(look.author), "shapeId": "0"}
        list_ = self._child("commentList")
        element = etree.SubElement(list_, f"{{{SHEET_MAIN_NS}}}comment", names)
        element.append(_text(look.text))
        self.by_place[place] = element

    def _author(self, name: str) -> str:
        authors = self._child("authors")
        known = [item.text or "" for item in authors]
        if escape(name) not in known:
            etree.SubElement(authors, f"{{{SHEET_MAIN_NS}}}author").text = escape(name)
            return str(len(known))
        return str(known.index(escape(name)))

    def _child(self, name: str) -> etree._Element:
        found = self.root.find(f"{{*}}{name}")
        if found is None:
            found = etree.Element(f"{{{SHEET_MAIN_NS}}}{name}")
            self.root.insert(0 if name == "authors" else 1, found)
        return found

    def _write(self) -> None:
        if not self.by_place:
            if self.name:
                unrelate(self.draft, self.part, {self.id})
            return
        if not self.name:
            self.name = self.draft.free_name("xl/comments{}.xml")
            relate(self.draft, self.part, "comments", self.name)
        self.draft.write(self.name, self.root, COMMENTS_TYPE)


def _place_of(element: etree._Element) -> Place:
    """(row, column) of the cell that an element's ``ref`` names."""
    try:
        row, column = coordinate_to_tuple(element.get("ref", "").replace("$", ""))
    except (AttributeError, ValueError):
        return _NOWHERE
    return row, column


def _text(text: str) -> etree._Element:
    element = etree.Element(f"{{{SHEET_MAIN_NS}}}text")
    plain = etree.SubElement(element, f"{{{SHEET_MAIN_NS}}}t")
    plain.text = escape(text)
    plain.set(_SPACE, "preserve")
    return element


# Threads ----------------------------------------------------------------------


class _Threads:
    """The part with the threads, if the sheet has one."""

    def __init__(self, draft: Draft, part: str) -> None:
        self.draft, self.part = draft, part
        self.id, self.name = _first(draft, part, "threadedComment")
        self.root = draft.xml(self.name) if self.name else None
        self.by_place: dict[Place, list[etree._Element]] = {}
        self.changed = False
        for item in () if self.root is None else self.root.iter("{*}threadedComment"):
            self.by_place.setdefault(_place_of(item), []).append(item)

    def remove(self, place: Place) -> bool:
        """Drop the thread of a cell; whether there was one."""
        found = self.by_place.pop(place, [])
        for element in found:
            parent = element.getparent()
            if parent is not None:
                parent.remove(element)
                self.changed = True
        return bool(found)

    def move(self, places: dict[Place, Place]) -> None:
        """Let threads belong to other cells."""
        moved = {old: self.by_place.pop(old) for old in places if old in self.by_place}
        for old, elements in moved.items():
            self.remove(places[old])
            self.by_place[places[old]] = elements
            for element in elements:
                element.set("ref", _ref(places[old]))
                self.changed = True

    def author(self, place: Place) -> str:
        """Who began the thread of a cell, by name; "" where that is not told."""
        for element in self.by_place.get(place, []):
            for person in self._people():
                if person.get("id") == element.get("personId"):
                    return person.get("displayName", "")
        return ""

    def _people(self) -> Iterator[etree._Element]:
        for main in self.draft.relationships("").of_kind("officeDocument"):
            for item in self.draft.relationships(main.target).of_kind("person"):
                yield from self.draft.xml(item.target).iter("{*}person")

    def write(self) -> None:
        """Give the draft the part, or drop it with its last thread."""
        if self.root is None or not self.changed:
            return
        if self.by_place:
            self.draft.write(self.name, self.root)
        else:
            unrelate(self.draft, self.part, {self.id})


# Shapes -----------------------------------------------------------------------


def _bring_shapes(
    draft: Draft, part: str, plan: _Plan, sizes: dict[Place, tuple[float, float]]
) -> tuple[str, ...] | None:
    """Bring the comments' shapes up to date; the answer of :func:`update`.

    :param sizes: width and height for each comment that there is now
    """
    id_, name = _shapes_part(draft, part)
    notes = Notes(draft.read(name)) if name else Notes()
    for place in plan.gone:
        notes.remove(*place)
    notes.move(plan.moved)
    for place, (before, after) in plan.changed.items():
        if (before.width, before.height) != (after.width, after.height):
            notes.resize(*place, after.width, after.height)
    for place, (width, height) in sizes.items():
        if place in plan.new or place not in notes:
            notes.add(*place, width, height)
    if notes.empty:
        unrelate(draft, part, {id_} if id_ else set())
        return () if id_ else None
    if name:
        draft.write(name, notes.content())
        return None
    name = draft.free_name("xl/drawings/vmlDrawing{}.vml")
    draft.default_type("vml", VML_TYPE)
    draft.write(name, notes.content(), VML_TYPE)
    return (relate(draft, part, "vmlDrawing", name),)


def _shapes_part(draft: Draft, part: str) -> tuple[str, str]:
    """(id, part) of the VML of comments and controls, which is not that of headers."""
    for item in draft.relationships(part).of_kind("vmlDrawing"):
        if item.target in draft and b"ClientData" in draft.read(item.target):
            return item.id, item.target
    return "", ""
