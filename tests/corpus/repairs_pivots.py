"""Known rules: what makes Excel repair a pivot table."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from tests.corpus.parts import Package, local
from tests.corpus.repairs import main
from tests.corpus.sdk_rules import Trees

_TOLD = {"n": "containsNumber", "m": "containsBlank", "d": "containsDate"}


def findings(package: Package, trees: Trees) -> Iterator[str]:
    """What is wrong with the pivot tables of a workbook and their caches, in words."""
    for name, tree in trees.items():
        if tree.tag == main("pivotTableDefinition"):
            yield from (f"{name}: {text}" for text in _pivot(package, name, tree, trees))
        elif tree.tag == main("pivotCacheDefinition"):
            yield from (f"{name}: {text}" for text in _cache(package, name, tree, trees))


def _cache(package: Package, name: str, root: etree._Element, trees: Trees) -> Iterator[str]:
    fields = root.findall(f"{main('cacheFields')}/{main('cacheField')}")
    yield from _count(root.find(main("cacheFields")))
    for field in fields:
        shared = field.find(main("sharedItems"))
        if shared is not None and len(shared):
            yield from (f"{field.get('name')}: {text}" for text in _shared(shared))
    stored = [field for field in fields if field.get("databaseField", "1") != "0"]
    for part in package.related(name, "pivotCacheRecords"):
        if part in trees:
            yield from _records(trees[part], stored)


def _shared(holder: etree._Element) -> Iterator[str]:
    yield from _count(holder)
    held = {local(item.tag) for item in holder}
    for kind, name in _TOLD.items():
        if kind in held and holder.get(name) not in ("1", "true"):
            yield f"there are items of the kind {kind}, which {name} does not tell"
    if held <= {"n", "d", "m"} and holder.get("containsString", "1") in ("1", "true"):
        yield "there is no text, which containsString does not tell"


def _records(root: etree._Element, fields: list[etree._Element]) -> Iterator[str]:
    yield from _count(root)
    sizes = [len(field.findall(f"{main('sharedItems')}/*")) for field in fields]
    for number, record in enumerate(root.findall(main("r"))):
        if len(record) != len(fields):
            yield f"record {number} has {len(record)} of {len(fields)} fields"
            continue
        for item, size in zip(record, sizes, strict=True):
            if item.tag == main("x") and int(item.get("v") or 0) >= size:
                yield f"record {number} has item {item.get('v')} of {size}"


def _count(holder: etree._Element | None) -> Iterator[str]:
    if holder is not None and holder.get("count") is not None:
        held = len([item for item in holder if isinstance(item.tag, str)])
        if int(holder.get("count") or 0) != held:
            yield f"{local(holder.tag)} says {holder.get('count')} and holds {held}"


def _pivot(package: Package, name: str, root: etree._Element, trees: Trees) -> Iterator[str]:
    caches = [part for part in package.related(name, "pivotCacheDefinition") if part in trees]
    if not caches:
        yield "it has no cache"
        return
    known = {item.get("cacheId") for item in trees[package.workbook].iter(main("pivotCache"))}
    if root.get("cacheId") not in known:
        yield f"the cache {root.get('cacheId')} is not the workbook's"
    yield from _fields(root, trees[caches[0]])


def _fields(root: etree._Element, cache: etree._Element) -> Iterator[str]:
    shared = cache.findall(f"{main('cacheFields')}/{main('cacheField')}")
    fields = root.findall(f"{main('pivotFields')}/{main('pivotField')}")
    if len(fields) != len(shared):
        yield f"{len(fields)} fields of {len(shared)}"
    for field, cached in zip(fields, shared, strict=False):
        yield from _items(field, cached)
    counted = "pivotFields rowFields colFields dataFields pageFields rowItems colItems"
    for holder in counted.split():
        yield from _count(root.find(main(holder)))
    for axis in ("row", "col"):
        over = [int(item.get("x") or 0) for item in root.findall(f"{main(axis + 'Fields')}/*")]
        wrong = [x for x in over if not (x == -2 or 0 <= x < len(fields))]
        yield from (f"{axis}Fields has field {x} of {len(fields)}" for x in wrong)
        if not wrong:
            yield from _lines(root, axis, fields, over)


def _items(field: etree._Element, cached: etree._Element) -> Iterator[str]:
    yield from _count(field.find(main("items")))
    group = cached.find(f"{main('fieldGroup')}/{main('groupItems')}")
    held = group if group is not None else cached.find(main("sharedItems"))
    size = len(held) if held is not None else 0
    for item in field.findall(f"{main('items')}/{main('item')}"):
        if item.get("x") is not None and int(item.get("x") or 0) >= size:
            yield f"{cached.get('name')} has item {item.get('x')} of {size}"


def _lines(
    root: etree._Element, axis: str, fields: list[etree._Element], over: list[int]
) -> Iterator[str]:
    """The rows and columns of a pivot table name items that its fields have."""
    data = len(root.findall(f"{main('dataFields')}/*"))
    sizes = [data if x == -2 else len(fields[x].findall(f"{main('items')}/*")) for x in over]
    for line in root.findall(f"{main(axis + 'Items')}/{main('i')}"):
        if line.get("t", "data") != "data":
            continue
        first = int(line.get("r") or 0)
        for place, item in enumerate(line.findall(main("x")), first):
            if sizes and (place >= len(sizes) or int(item.get("v") or 0) >= sizes[place]):
                yield f"{axis}Items has item {item.get('v')} of {sizes[place : place + 1]}"
