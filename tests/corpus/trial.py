"""Two packages, what was done between them, and every difference there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from lxml import etree

from tests.corpus.dependents import Dependents, Spot, spot
from tests.corpus.parts import MAIN, RELATIONSHIP, Package, Relationship, local, parse
from tests.corpus.xmldiff import Change, compare, place_cells

_ROOT = "/"
_TRUE = ("1", "true")
_RELATION_ATTRIBUTES = (
    f"{{{RELATIONSHIP}}}",
    "{http://purl.oclc.org/ooxml/officeDocument/relationships}",
    "{urn:schemas-microsoft-com:office:office}relid",
)


@dataclass(frozen=True)
class Edit:
    """What was done to a workbook between the two packages.

    :param cells: cells whose contents were set, as ("Sheet1", "B3")
    :param formats: cells whose formats were set
    :param charts: sheets on which a chart was put
    :param shifted: rows, columns or sheets came and went again
    """

    cells: tuple[tuple[str, str], ...] = ()
    formats: tuple[tuple[str, str], ...] = ()
    charts: tuple[str, ...] = ()
    shifted: bool = False

    def __bool__(self) -> bool:
        return bool(self.cells or self.formats or self.charts or self.shifted)


@dataclass(frozen=True)
class Difference:
    """Something of ``part`` (as it was called before) that is not as it was."""

    part: str
    what: str
    detail: str = ""
    change: Change | None = field(default=None, compare=False, repr=False)
    relationship: Relationship | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        if self.change is None:
            return f"{self.part}: {self.what} {self.detail}".rstrip()
        change = self.change
        place = "/".join(change.where) + (f"/@{local(change.name)}" if change.name else "")
        if change.what in ("attribute", "text"):
            return f"{self.part}: {place}: {change.before!r} became {change.after!r}"
        return f"{self.part}: {place}: {change.what}: {change.before or change.after}"


class Trial:
    """Two packages, and what was done between them."""

    def __init__(self, before: Package, after: Package, edit: Edit) -> None:
        self.before = before
        self.after = after
        self.edit = edit
        self.pairs = _pairs(before, after)
        self.back = {new: old for old, new in self.pairs.items()}
        self.sheet_of = {part: name for name, part in before.sheets.items()}
        self._unvalued: dict[str, set[Spot]] = {}

    @cached_property
    def dependents(self) -> Dependents:
        return Dependents(self.before)

    @cached_property
    def affected(self) -> set[Spot]:
        """Edited cells, and formulas whose values may change with them."""
        return self.dependents.of(spot(*place) for place in self.edit.cells)

    @cached_property
    def restless(self) -> set[Spot]:
        """Formulas whose values change with time or by chance, and what depends on them."""
        return self.dependents.of(self.dependents.restless)

    @cached_property
    def stale(self) -> bool:
        """Whether the file asks to be calculated on opening, and says not that it has been."""
        root = parse(self.before.parts[self.before.workbook])
        return any(
            item.get("fullCalcOnLoad") in _TRUE and item.get("calcCompleted") not in _TRUE
            for item in root.iter(f"{{{MAIN}}}calcPr")
        )

    def unvalued(self, part: str) -> set[Spot]:
        """The formulas of a sheet's part that came without a stored value."""
        if part not in self._unvalued:
            self._unvalued[part] = set(_unvalued(self.before, part, self.sheet_of.get(part, "")))
        return self._unvalued[part]

    def kind(self, part: str) -> str:
        """What a part is: the last word of the relationship that leads to it, or ""."""
        return self._kinds.get(part, "")

    @cached_property
    def _kinds(self) -> dict[str, str]:
        found = {}
        for package in (self.after, self.before):
            for source in (_ROOT, *package.content_parts()):
                for item in package.relationships(source):
                    found[item.target] = item.kind
        return found

    def differences(self) -> Iterator[Difference]:
        """All differences, those that may be among them."""
        yield from _relationships(_ROOT, _ROOT, self)
        for old in self.before.content_parts():
            if old in self.pairs:
                yield from self._of_part(old, self.pairs[old])
            else:
                yield Difference(old, "part lost", self.before.content_type(old))
        for new in self.after.content_parts():
            if new not in self.back:
                yield Difference(new, "part added", self.after.content_type(new))

    def _of_part(self, old: str, new: str) -> Iterator[Difference]:
        types = self.before.content_type(old), self.after.content_type(new)
        if types[0] != types[1]:
            yield Difference(old, "content type", f"{types[0]!r} became {types[1]!r}")
        yield from _relationships(old, new, self)
        if self.before.parts[old] == self.after.parts[new] and not self._renumbered(old, new):
            return
        trees = self._tree(self.before, old), self._tree(self.after, new)
        if trees[0] is None or trees[1] is None:
            if self.before.parts[old] != self.after.parts[new]:
                yield Difference(old, "bytes differ")
            return
        for change in compare(*trees):
            yield Difference(old, change.what, change=change)

    def _renumbered(self, old: str, new: str) -> bool:
        ours = {item.id: item.target for item in self.before.relationships(old)}
        theirs = {
            item.id: self.back.get(item.target, item.target)
            for item in self.after.relationships(new)
        }
        return ours != theirs

    def _tree(self, package: Package, part: str) -> etree._Element | None:
        """The tree of a part in which ids of relationships are replaced by their targets."""
        try:
            root = parse(package.parts[part])
        except etree.XMLSyntaxError:
            return None
        targets = {
            item.id: self.back.get(item.target, item.target)
            if package is self.after
            else item.target
            for item in package.relationships(part)
        }
        for element in root.iter():
            for name, value in element.items():
                if str(name).startswith(_RELATION_ATTRIBUTES) and value:
                    element.set(name, "to " + targets.get(str(value), f"nothing ({value})"))
        return root


# Matching -----------------------------------------------------------------------


def _pairs(before: Package, after: Package) -> dict[str, str]:
    """Which part of the new package each old one became."""
    pairs = {_ROOT: _ROOT}
    waiting = [_ROOT]
    while waiting:
        old = waiting.pop()
        rest = [item for item in after.relationships(pairs[old]) if not item.external]
        for ours in before.relationships(old):
            theirs = _same(ours, rest)
            if theirs is None:
                continue
            rest.remove(theirs)
            fresh = ours.target in before.parts and ours.target not in pairs
            if fresh and theirs.target in after.parts and theirs.target not in pairs.values():
                pairs[ours.target] = theirs.target
                waiting.append(ours.target)
    for name in before.content_parts():
        if name not in pairs and name in after.parts and name not in pairs.values():
            pairs[name] = name
    return pairs


def _same(ours: Relationship, choices: list[Relationship]) -> Relationship | None:
    like = [item for item in choices if item.type == ours.type]
    tests: tuple[Callable[[Relationship], bool], ...] = (
        lambda item: item.target == ours.target and item.id == ours.id,
        lambda item: item.target == ours.target,
        lambda item: item.id == ours.id,
        lambda item: True,
    )
    for test in tests:
        for item in like:
            if test(item):
                return item
    return None


def _unvalued(package: Package, part: str, sheet: str) -> Iterator[Spot]:
    root = parse(package.parts[part])
    place_cells(root)
    for cell in root.iter(f"{{{MAIN}}}c"):
        held = cell.find(f"{{{MAIN}}}v")
        if cell.find(f"{{{MAIN}}}f") is not None and (held is None or not held.text):
            yield spot(sheet, str(cell.get("r")))


def _relationships(old: str, new: str, trial: Trial) -> Iterator[Difference]:
    rest = list(trial.after.relationships(new))
    for ours in trial.before.relationships(old):
        target = trial.pairs.get(ours.target, ours.target)
        match = [
            item
            for item in rest
            if (item.type, item.target, item.external) == (ours.type, target, ours.external)
        ]
        if match:
            rest.remove(match[0])
        else:
            yield Difference(
                old, "relationship lost", f"{ours.kind} to {ours.target}", relationship=ours
            )
    for item in rest:
        yield Difference(
            old, "relationship added", f"{item.kind} to {item.target}", relationship=item
        )
