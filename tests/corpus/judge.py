"""Compares a workbook with what became of it, part by part, and names every difference.

What may differ is listed in ``RULES``, each with its reason; a rule counts only for the
edit that was made. Everything else is a loss. Parts are matched through relationships,
so a renumbered part is no difference, and XML is compared by what it means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from lxml import etree

from tests.corpus.dependents import Dependents, Spot, spot
from tests.corpus.parts import MAIN, RELATIONSHIP, Package, Relationship, local, parse
from tests.corpus.xmldiff import Change, compare, place_cells

_ROOT = "/"
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
    """

    cells: tuple[tuple[str, str], ...] = ()
    formats: tuple[tuple[str, str], ...] = ()
    charts: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.cells or self.formats or self.charts)


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
        """Whether the file asks to be calculated as a whole when it is opened."""
        root = parse(self.before.parts[self.before.workbook])
        return any(
            item.get("fullCalcOnLoad") in ("1", "true") for item in root.iter(f"{{{MAIN}}}calcPr")
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


def judge(before: Path, after: Path, edit: Edit | None = None) -> list[str]:
    """What differs beyond what the edit allows, in words; [] if nothing does."""
    trial = Trial(Package(before), Package(after), edit or Edit())
    return [str(item) for item in trial.differences() if allowed(item, trial) is None]


def allowed(difference: Difference, trial: Trial) -> str | None:
    """The reason why something may differ, or None."""
    for rule in RULES:
        if rule(difference, trial):
            return rule.__doc__ or rule.__name__
    return None


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


# What may differ, and why ---------------------------------------------------------


def _edited_sheet(difference: Difference, trial: Trial) -> str:
    """The name of the sheet that a difference is in, lower case, if the edit touches it."""
    name = trial.sheet_of.get(difference.part, "")
    touched = {sheet for sheet, _ in trial.edit.cells + trial.edit.formats}
    return name.lower() if name in touched | set(trial.edit.charts) else ""


def _cell(difference: Difference, trial: Trial) -> Spot | None:
    """The cell that a difference is in or is."""
    where = difference.change.where if difference.change else ()
    for step in where:
        if step.startswith("c["):
            return spot(trial.sheet_of.get(difference.part, ""), step[2:-1])
    return None


def _spots(cells: tuple[tuple[str, str], ...]) -> set[Spot]:
    return {spot(*cell) for cell in cells}


def the_edited_cell(difference: Difference, trial: Trial) -> bool:
    """The cell whose contents were set holds the new ones; its format stays."""
    change = difference.change
    if change is None or _cell(difference, trial) not in _spots(trial.edit.cells):
        return False
    return not (change.what == "attribute" and change.name == "s")


def the_formatted_cell(difference: Difference, trial: Trial) -> bool:
    """The cell that was formatted has another format; what it holds stays."""
    change = difference.change
    if change is None or _cell(difference, trial) not in _spots(trial.edit.formats):
        return False
    if change.what == "element added":
        return change.new is not None and len(change.new) == 0
    return change.what == "attribute" and change.name == "s" and change.where[-1][:2] == "c["


def a_new_row(difference: Difference, trial: Trial) -> bool:
    """A row that wasn't there is added for the cells that were set, and holds no others."""
    change = difference.change
    if change is None or change.what != "element added" or change.where[-1][:4] != "row[":
        return False
    sheet = _edited_sheet(difference, trial)
    mine = _spots(trial.edit.cells) | _spots(trial.edit.formats)
    new = change.new if change.new is not None else ()
    return bool(sheet) and all(spot(sheet, str(cell.get("r"))) in mine for cell in new)


def spans_of_an_edited_row(difference: Difference, trial: Trial) -> bool:
    """A row's spans, a hint for readers, follow the cells that were set in it."""
    change, sheet = difference.change, _edited_sheet(difference, trial)
    if change is None or not sheet or change.name != "spans":
        return False
    rows = {row for name, row, _ in _spots(trial.edit.cells + trial.edit.formats) if name == sheet}
    return change.where[-1] in {f"row[{row}]" for row in rows}


def dimension(difference: Difference, trial: Trial) -> bool:
    """The used range of an edited sheet grows with what was set in it."""
    change = difference.change
    return bool(
        change
        and _edited_sheet(difference, trial)
        and change.what == "attribute"
        and change.where == ("worksheet", "dimension")
    )


def value_of_a_formula(difference: Difference, trial: Trial) -> bool:
    """Stored values of formulas that depend on the cells that were set are calculated anew."""
    change, place = difference.change, _cell(difference, trial)
    if change is None or place is None or place not in trial.affected:
        return False
    return _is_value(change)


def _is_value(change: Change) -> bool:
    if change.what == "attribute":
        return change.where[-1][:2] == "c[" and change.name == "t"
    return change.where[-1] == "v"


def value_of_the_moment(difference: Difference, trial: Trial) -> bool:
    """NOW, TODAY and RAND have another value at every calculation, and what reads them too."""
    change, place = difference.change, _cell(difference, trial)
    if change is None or place is None or not _is_value(change):
        return False
    return place in trial.restless


def value_where_there_was_none(difference: Difference, trial: Trial) -> bool:
    """A formula that came without a stored value gets one: previews then show it."""
    change, place = difference.change, _cell(difference, trial)
    if change is None or place is None or not _is_value(change):
        return False
    return place in trial.unvalued(difference.part)


def value_stale_by_its_own_word(difference: Difference, trial: Trial) -> bool:
    """A file that asks to be calculated on opening holds stale values; new ones replace them."""
    change = difference.change
    if change is None or _cell(difference, trial) is None or not _is_value(change):
        return False
    return change.what != "element lost" and trial.stale


def new_strings(difference: Difference, trial: Trial) -> bool:
    """The table of shared strings grows at its end, and its counts with it."""
    change = difference.change
    if change is None or not trial.edit.cells or change.where[0] != "sst":
        return False
    if change.what == "attribute":
        return len(change.where) == 1 and change.name in ("count", "uniqueCount")
    return change.what == "element added" and change.where == ("sst", "si") and change.appended


_STYLE_LISTS = frozenset("numFmts fonts fills borders cellStyleXfs cellXfs cellStyles dxfs".split())


def new_styles(difference: Difference, trial: Trial) -> bool:
    """The lists of formats grow at their ends, and their counts with them."""
    change = difference.change
    if change is None or change.where[0] != "styleSheet" or not trial.edit:
        return False
    if len(change.where) < 2 or change.where[1] not in _STYLE_LISTS or len(change.where) > 3:
        return False
    if change.what == "attribute":
        return len(change.where) == 2 and change.name == "count"
    return change.what == "element added" and change.appended


def new_shared_part(difference: Difference, trial: Trial) -> bool:
    """A workbook without formats or shared strings gets the part for them."""
    kinds = {"styles", "sharedStrings"}
    if not trial.edit:
        return False
    if difference.what == "relationship added" and difference.relationship:
        return difference.part == trial.before.workbook and difference.relationship.kind in kinds
    return difference.what == "part added" and trial.kind(difference.part) in kinds


def calculate_on_opening(difference: Difference, trial: Trial) -> bool:
    """Excel is asked to calculate when it opens the file: its own values always win."""
    change = difference.change
    if change is None or difference.part != trial.before.workbook:
        return False
    if change.what == "element added":
        return change.where == ("workbook", "calcPr") and set(change.new.keys()) <= {
            "calcId",
            "fullCalcOnLoad",
        }
    return change.where == ("workbook", "calcPr") and change.name == "fullCalcOnLoad"


def order_of_calculation(difference: Difference, trial: Trial) -> bool:
    """calcChain only remembers an order of formulas, and Excel makes it anew."""
    if not trial.edit:
        return False
    if difference.relationship is not None:
        return difference.relationship.kind == "calcChain" and "lost" in difference.what
    return trial.kind(difference.part) == "calcChain"


_WHEN = {"modified", "lastModifiedBy", "revision", "Application", "AppVersion"}


def who_and_when(difference: Difference, trial: Trial) -> bool:
    """The file's own properties may say when it was last written, and by which program."""
    change = difference.change
    kinds = {"core-properties", "extended-properties"}
    if change is None or trial.kind(difference.part) not in kinds:
        return False
    return len(change.where) == 2 and change.where[1] in _WHEN and "lost" not in change.what


_CACHES = {"numCache", "strCache", "multiLvlStrCache", "lvl"}


def values_in_a_chart(difference: Difference, trial: Trial) -> bool:
    """A chart's copy of values follows the cells that were set, or that depend on them."""
    change = difference.change
    kinds = {"chart", "chartEx"}
    if change is None or trial.kind(difference.part) not in kinds:
        return False
    if not _CACHES & set(change.where):
        return False
    element = change.old if change.old is not None else change.new
    for above in element.iterancestors() if element is not None else ():
        for child in above:
            if local(child.tag) == "f":
                return trial.dependents.reads(child.text or "", "", trial.affected)
    return False


def values_where_a_chart_had_none(difference: Difference, trial: Trial) -> bool:
    """A chart that came without its copy of the values gets one: previews then show it."""
    change = difference.change
    if change is None or trial.kind(difference.part) != "chart" or change.what != "element added":
        return False
    if change.where[-1] in _CACHES:
        return True
    # A cache without points, as openpyxl writes them, is none.
    above = [step for step in change.where[:-1] if step in _CACHES]
    parent = change.new.getparent() if change.new is not None else None
    place = trial.before.parts[difference.part]
    return bool(above) and parent is not None and not _points(place, parent)


def _points(part: bytes, cache: etree._Element) -> bool:
    """Whether the chart as it was held values for what this cache's reference names."""
    wanted = cache.getparent().findtext("{*}f")
    return any(
        element.findtext("{*}f") == wanted and element.find("{*}*/{*}pt") is not None
        for element in parse(part).iter("{*}numRef", "{*}strRef", "{*}multiLvlStrRef")
    )


def refresh_on_opening(difference: Difference, trial: Trial) -> bool:
    """A pivot table over cells that were set is refreshed when Excel opens the file."""
    change = difference.change
    return bool(
        change
        and trial.edit.cells
        and trial.kind(difference.part) == "pivotCacheDefinition"
        and change.what == "attribute"
        and change.name == "refreshOnLoad"
    )


def a_new_chart(difference: Difference, trial: Trial) -> bool:
    """A chart was put on the sheet: its part, its anchor, and what leads to them."""
    if not trial.edit.charts:
        return False
    kind = trial.kind(difference.part)
    if difference.what == "part added":
        return kind in ("drawing", "chart", "chartStyle", "chartColorStyle")
    charted = {trial.before.sheets[name] for name in trial.edit.charts}
    drawings = {name for sheet in charted for name in trial.before.related(sheet, "drawing")}
    if difference.relationship is not None:
        leads = (difference.part in charted, difference.relationship.kind)
        into = difference.part in drawings and difference.relationship.kind == "chart"
        return "added" in difference.what and (leads == (True, "drawing") or into)
    change = difference.change
    if change is None or change.what != "element added":
        return False
    if difference.part in charted:
        return change.where == ("worksheet", "drawing")
    holds = any(local(item.tag) == "chart" for item in change.new.iter())
    return difference.part in drawings and len(change.where) == 2 and change.appended and holds


RULES: tuple[Callable[[Difference, Trial], bool], ...] = (
    the_edited_cell,
    the_formatted_cell,
    a_new_row,
    spans_of_an_edited_row,
    dimension,
    value_of_a_formula,
    value_of_the_moment,
    value_where_there_was_none,
    value_stale_by_its_own_word,
    new_strings,
    new_styles,
    new_shared_part,
    calculate_on_opening,
    order_of_calculation,
    who_and_when,
    values_in_a_chart,
    values_where_a_chart_had_none,
    refresh_on_opening,
    a_new_chart,
)
