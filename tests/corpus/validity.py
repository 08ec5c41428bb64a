"""Whether a package is put together rightly, as schemas and known rules say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from tests.corpus import (
    opc,
    repairs,
    repairs_book,
    repairs_formulas,
    repairs_pivots,
    schemas,
    sdk_rules,
)
from tests.corpus.compatibility import readings
from tests.corpus.hand import WORKBOOK, WORKSHEET
from tests.corpus.parts import MAIN, RELATIONSHIP, Package, local, parse
from tests.corpus.xmldiff import MC, number

_STYLES = (
    "numFmts fonts fills borders cellStyleXfs cellXfs cellStyles dxfs tableStyles colors extLst"
)
_PLAIN = {"", "application/xml", "application/octet-stream"}
_TYPED = set("worksheet chartsheet styles sharedStrings drawing chart table comments theme".split())
_CELL_ORDER = "f v is extLst".split()


def problems(path: Path) -> list[str]:
    """What a strict reader would refuse, in words; [] of a sound package."""
    package = Package(path)
    found = [
        f"{name} is in the archive twice" for name, n in Counter(package.members).items() if n > 1
    ]
    trees = {}
    for name in package.parts:
        try:
            if name.endswith((".xml", ".rels")):
                trees[name] = parse(package.parts[name])
        except etree.XMLSyntaxError as error:
            found.append(f"{name} is no XML: {error}")
    found += _links(package)
    for name, root in trees.items():
        found += [f"{name}: {text}" for text in (*_prefixes(root), *_ids(package, name, root))]
        if local(root.tag) == "worksheet":
            found += [f"{name}: {text}" for text in _sheet(root)]
    found += [*_workbook(package, trees), *_tables(trees), *_repairs(package, trees)]
    found += opc.findings(trees)
    return [*found, *schemas.findings(package)]


def _repairs(package: Package, trees: dict[str, etree._Element]) -> Iterator[str]:
    """The known rules. What breaks the schemas may be too odd for them, which is told."""
    known = schemas.understood()
    read = {name: next(readings(root, known)) for name, root in trees.items()}
    checks = [repairs_book.book(package, read), sdk_rules.findings(package, read)]
    checks += [repairs_formulas.findings(package, read), repairs_pivots.findings(package, read)]
    for name, root in read.items():
        if local(root.tag) == "worksheet":
            found = repairs.sheet(package, name, root)
            checks.append(f"{name}: {text}" for text in found)
    for check in checks:
        try:
            yield from check
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            yield f"what else is wrong cannot be told: {error!r}"


def _links(package: Package) -> Iterator[str]:
    for name in package.content_parts():
        if not package.content_type(name):
            yield f"{name} has no content type"
    for source in ("/", *package.content_parts()):
        ids = Counter(item.id for item in package.relationships(source))
        yield from (f"{source} has the id {id} twice" for id, n in ids.items() if n > 1)
        for item in package.relationships(source):
            inside = not item.external and not item.target.startswith("#")
            if inside and item.target not in package.parts:
                yield f"{source} leads to {item.target}, which is not there"
            elif item.kind in _TYPED and package.content_type(item.target) in _PLAIN:
                yield f"{item.target} has no content type of its own"


def _prefixes(root: etree._Element) -> Iterator[str]:
    for element in root.iter(etree.Element):
        for attribute in (f"{{{MC}}}Ignorable", "Requires"):
            for prefix in (element.get(attribute) or "").split():
                if prefix not in element.nsmap:
                    yield f"the prefix {prefix} in {local(attribute)} is not declared"


def _ids(package: Package, name: str, root: etree._Element) -> Iterator[str]:
    known = {item.id for item in package.relationships(name)}
    for element in root.iter(etree.Element):
        for key, value in element.items():
            if str(key).startswith(f"{{{RELATIONSHIP}}}") and value and value not in known:
                yield f"{local(element.tag)} names the relationship {value}, which is not there"


def _ordered(root: etree._Element, order: list[str]) -> Iterator[str]:
    last = -1
    for child in root.iterchildren(etree.Element):
        name = local(child.tag)
        if name == "AlternateContent":
            continue  # it stands where what is in it would
        if name not in order:
            yield f"{local(root.tag)} holds {name}"
        elif order.index(name) < last:
            yield f"{name} stands behind {order[last]}"
        else:
            last = order.index(name)


def _sheet(root: etree._Element) -> Iterator[str]:
    yield from _ordered(root, WORKSHEET)
    row = 0
    for element in root.iter(f"{{{MAIN}}}row"):
        here = int(element.get("r") or row + 1)
        if here <= row:
            yield f"row {here} comes after row {row}"
        row, column = here, 0
        for cell in element.iter(f"{{{MAIN}}}c"):
            named = re.fullmatch(r"([A-Z]+)(\d+)", str(cell.get("r") or "A0"))
            place = number(named[1]) if named and named[2] != "0" else column + 1
            if named is None or place <= column or int(named[2] or 0) not in (0, row):
                yield f"cell {cell.get('r')} stands wrong in row {row}"
            column = place
            yield from _ordered(cell, _CELL_ORDER)


def _workbook(package: Package, trees: dict[str, etree._Element]) -> Iterator[str]:
    root = trees[package.workbook]
    order = [*WORKBOOK[:3], "revisionPtr", *WORKBOOK[5:]]
    yield from _ordered(root, order)
    for key in ("name", "sheetId"):
        values = Counter(str(item.get(key)).lower() for item in root.iter(f"{{{MAIN}}}sheet"))
        yield from (f"two sheets have the {key} {value}" for value, n in values.items() if n > 1)
    names = Counter(
        (str(item.get("name")).lower(), item.get("localSheetId"))
        for item in root.iter(f"{{{MAIN}}}definedName")
    )
    yield from (f"the name {name[0]} is defined twice" for name, n in names.items() if n > 1)
    strings = len(_only(package, trees, "sharedStrings"))
    styles = _only(package, trees, "styles")
    formats = styles.find(f"{{{MAIN}}}cellXfs") if len(styles) else None
    yield from _ordered(styles, _STYLES.split())
    yield from _counts(styles)
    for name in package.sheets.values():
        if name in trees:
            yield from (f"{name}: {text}" for text in _indices(trees[name], strings, formats))


def _only(package: Package, trees: dict[str, etree._Element], kind: str) -> etree._Element:
    names = package.related(package.workbook, kind)
    return trees[names[0]] if names and names[0] in trees else etree.Element("none")


def _counts(styles: etree._Element) -> Iterator[str]:
    for child in styles.iterchildren(etree.Element):
        told = child.get("count")
        if told and int(told) != len(child.findall("{*}*")):
            yield f"{local(child.tag)} says {told} and holds {len(child)}"


def _indices(root: etree._Element, strings: int, formats: etree._Element | None) -> Iterator[str]:
    most = len(formats) if formats is not None else 1
    for cell in root.iter(f"{{{MAIN}}}c"):
        value = cell.findtext(f"{{{MAIN}}}v")
        if cell.get("t") == "s" and (value is None or int(value) >= strings):
            yield f"{cell.get('r')} shows string {value} of {strings}"
        if int(cell.get("s") or 0) >= most:
            yield f"{cell.get('r')} has the format {cell.get('s')} of {most}"


def _tables(trees: dict[str, etree._Element]) -> Iterator[str]:
    roots = [root for root in trees.values() if root.tag == f"{{{MAIN}}}table"]
    for key in ("id", "displayName"):
        values = Counter(str(root.get(key)).lower() for root in roots)
        yield from (f"two tables have the {key} {value}" for value, n in values.items() if n > 1)
