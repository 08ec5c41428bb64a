"""What Microsoft's Open XML SDK demands of a package beyond its schemas.

The rules come as data with ``openxml-audit``, written as XPath. Four kinds are read here, which
are nearly all that concern workbooks: bounds of numbers, lengths of texts, values that may
stand once only, and indices into a list, whatever part that list is in.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from lxml import etree
from openxml_audit.codegen.data_resources import get_openxml_data_dir
from openxml_audit.codegen.schema_loader import get_registry

from tests.corpus.parts import Package, local

_SIDE = re.compile(r"(string-length\()?@[\w]+:(\w+)\)? (>=|<=|<|>) (-?\d+(?:\.\d+)?)")
_ONCE = re.compile(
    r"count\(distinct-values\((lower-case\()?(?:ancestor::(\w+:\w+))?//([\w:/]+)/@(?:\w+:)?(\w+)\)"
)
_INDEX = re.compile(r"@\w+:(\w+) < count\(document\('Part:([\w/.]*)'\)//([\w:/]+)\) \+ (\d)")
_PARTS = {
    "/WorkbookPart": "workbook",
    "/WorkbookPart/WorkbookStylesPart": "styles",
    "/WorkbookPart/CellMetadataPart": "sheetMetadata",
}
# Rules that Excel itself does not keep to.
_NOT_SO = {
    ("x:cellStyle", "xfId"),  # a style of a user may look as another one
    ("xdr:cNvPr", "id"),  # the same id twice is what Excel writes for grouped slicers
    ("x:sheetView", "workbookViewId"),  # a workbook need not say how it is shown
}
Trees = Mapping[str, etree._Element]


class Rule(NamedTuple):
    """A rule: of which element, of which attribute, and what looks at it."""

    tag: str
    attribute: str
    broken: Callable[[etree._Element, str, Trees, etree._Element], str | None]


def findings(package: Package, trees: Trees) -> Iterator[str]:
    """What breaks the rules, in words.

    :param trees: the parts that are XML, by name
    """
    others = {kind: trees[name] for kind, name in _others(package) if name in trees}
    for name, root in trees.items():
        for text in dict.fromkeys(_part(root, others)):
            yield f"{name}: {text}"


def _others(package: Package) -> Iterator[tuple[str, str]]:
    yield "workbook", package.workbook
    for kind in ("styles", "sheetMetadata"):
        yield from ((kind, name) for name in package.related(package.workbook, kind))


def _part(root: etree._Element, others: Trees) -> Iterator[str]:
    known = _rules()
    for element in root.iter(etree.Element):
        for rule in known.get(str(element.tag), ()):
            value = element.get(rule.attribute)
            wrong = None if value is None else rule.broken(element, value, others, root)
            if wrong:
                yield f"{local(element.tag)}: {rule.attribute} {wrong}"


@cache
def _rules() -> dict[str, list[Rule]]:
    path = Path(get_openxml_data_dir()) / "schematrons.json"
    found: dict[str, list[Rule]] = {}
    for item in json.loads(path.read_text(encoding="utf-8")):
        if item["Context"].partition(":")[0] in ("x", "c", "xdr", "cdr", "x14", "x15", "a"):
            for rule in _read(item):
                if (item["Context"], rule.attribute) not in _NOT_SO:
                    found.setdefault(rule.tag, []).append(rule)
    return found


def _read(item: dict[str, Any]) -> Iterator[Rule]:
    test, tag = item["Test"], _clark(item["Context"])
    if all(_SIDE.fullmatch(side) for side in test.split(" and ")):
        for length, name, how, limit in _SIDE.findall(test):
            yield Rule(tag, name, _bound(bool(length), how, float(limit)))
    elif found := _ONCE.match(test):
        lower, within, path, name = found.groups()
        yield Rule(tag, name, _Once(bool(lower), within and _clark(within), _path(path), name))
    elif found := _INDEX.fullmatch(test):
        name, part, path, more = found.groups()
        if part == "." or part in _PARTS:
            yield Rule(tag, name, _Index(_PARTS.get(part, ""), _path(path), int(more)))


def _clark(name: str) -> str:
    registry = get_registry()
    registry.load()
    prefix, _, rest = name.partition(":")
    return f"{{{registry.get_namespace(prefix)}}}{rest}"


def _path(path: str) -> str:
    return ".//" + "/".join(_clark(step) for step in path.split("/"))


def _bound(length: bool, how: str, limit: float) -> Callable[..., str | None]:
    fits: dict[str, Callable[[float], bool]] = {
        ">=": lambda value: value >= limit,
        "<=": lambda value: value <= limit,
        ">": lambda value: value > limit,
        "<": lambda value: value < limit,
    }

    def broken(element: etree._Element, value: str, others: Trees, root: Any) -> str | None:
        try:
            number = float(len(value) if length else value)
        except ValueError:
            return None  # no number: the schemas tell
        said = "characters long " if length else ""
        return None if fits[how](number) else f"is {number:g} {said}and must be {how} {limit:g}"

    return broken


class _Once:
    """Looks for values that stand more than once; counts each scope once."""

    def __init__(self, lower: bool, within: str | None, path: str, attribute: str) -> None:
        self.lower, self.within, self.path, self.attribute = lower, within, path, attribute
        self.scope: etree._Element | None = None
        self.counted: Counter[str] = Counter()

    def __call__(
        self, element: etree._Element, value: str, others: Trees, root: etree._Element
    ) -> str | None:
        scope = next(element.iterancestors(self.within), None) if self.within else root
        if scope is None or self.path.rpartition("}")[2] != local(element.tag):
            return None
        if self.scope is not scope:
            self.scope, self.counted = scope, Counter(self._values(scope))
        alike = self.counted[value.lower() if self.lower else value]
        return f"{value!r} is there {alike} times" if alike > 1 else None

    def _values(self, scope: etree._Element) -> Iterator[str]:
        for item in scope.iterfind(self.path):
            text = item.get(self.attribute)
            if text:
                yield text.lower() if self.lower else text


class _Index:
    """Looks for indices beyond the end of a list."""

    def __init__(self, part: str, path: str, more: int) -> None:
        self.part, self.path, self.more = part, path, more
        self.held: etree._Element | None = None
        self.count = 0

    def __call__(
        self, element: etree._Element, value: str, others: Trees, root: etree._Element
    ) -> str | None:
        held = others.get(self.part) if self.part else root
        if held is None or not value.isdigit():
            return None
        if self.held is not held:
            self.held, self.count = held, len(held.findall(self.path)) + self.more
        return f"is {value} of {self.count}" if int(value) >= self.count else None
