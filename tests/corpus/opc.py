"""What part 2 of ECMA-376 says of the parts that every package has, whatever is in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from lxml import etree

from tests.corpus.parts import CONTENT_TYPES, PACKAGE, local

_TYPES = f"{{{PACKAGE}/content-types}}"
_RELATIONS = f"{{{PACKAGE}/relationships}}"
_CORE = f"{PACKAGE}/metadata/core-properties"
_DUBLIN = "http://purl.org/dc/"
_PROPERTIES = {
    *(f"{{{_CORE}}}{name}" for name in ("category", "contentStatus", "keywords", "lastModifiedBy")),
    *(f"{{{_CORE}}}{name}" for name in ("lastPrinted", "revision", "version", "contentType")),
    *(f"{{{_DUBLIN}elements/1.1/}}{name}" for name in ("creator", "description", "identifier")),
    *(f"{{{_DUBLIN}elements/1.1/}}{name}" for name in ("language", "subject", "title")),
    *(f"{{{_DUBLIN}terms/}}{name}" for name in ("created", "modified")),
}
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[-+]\d\d:\d\d))?)?)?")
_ID = re.compile(r"[^\W\d][\w.-]*")
_WANTED = {"Default": {"Extension", "ContentType"}, "Override": {"PartName", "ContentType"}}


def findings(trees: dict[str, etree._Element]) -> Iterator[str]:
    """What is wrong with content types, relationships and core properties, in words."""
    for name, root in trees.items():
        if name == CONTENT_TYPES:
            yield from (f"{name}: {text}" for text in _content_types(root))
        elif name.endswith(".rels"):
            yield from (f"{name}: {text}" for text in _relationships(root))
        elif root.tag == f"{{{_CORE}}}coreProperties":
            yield from (f"{name}: {text}" for text in _core(root))


def _content_types(root: etree._Element) -> Iterator[str]:
    for item in root.iterchildren(etree.Element):
        kind = local(item.tag)
        if item.tag != f"{_TYPES}{kind}" or set(item.attrib) != _WANTED.get(kind, set()):
            yield f"{kind} has {sorted(map(str, item.attrib))}"
        if not str(item.get("PartName", "/")).startswith("/"):
            yield f"the part {item.get('PartName')} is named without its slash"


def _relationships(root: etree._Element) -> Iterator[str]:
    for item in root.iterchildren(etree.Element):
        given = set(map(str, item.attrib)) - {"TargetMode"}
        if item.tag != f"{_RELATIONS}Relationship" or given != {"Id", "Type", "Target"}:
            yield f"{local(item.tag)} has {sorted(given)}"
        if not _ID.fullmatch(item.get("Id") or ""):
            yield f"an id is {item.get('Id')!r}"
        if item.get("TargetMode", "Internal") not in ("Internal", "External"):
            yield f"a target is {item.get('TargetMode')}"


def _core(root: etree._Element) -> Iterator[str]:
    told = Counter(str(item.tag) for item in root.iterchildren(etree.Element))
    yield from (f"{local(tag)} is there {n} times" for tag, n in told.items() if n > 1)
    yield from (f"holds {tag}" for tag in told if tag not in _PROPERTIES)
    for item in root:
        if local(item.tag) in ("created", "modified") and not _DATE.fullmatch(item.text or ""):
            yield f"{local(item.tag)} is {item.text!r}"
