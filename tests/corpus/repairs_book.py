"""Known rules: what makes Excel repair a workbook's names, tables, styles, pivots and charts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from lxml import etree

from tests.corpus.parts import CONTENT_TYPES, Package, local
from tests.corpus.repairs import COLUMNS, FORMULA, LITERAL, ROWS, Area, area, main, overlaps
from tests.corpus.sdk_rules import Trees
from tests.corpus.xmldiff import letters

CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
_NAME = re.compile(r"[^\W\d][\w.\\?]*|\\[\w.\\?]*")
_R1C1 = re.compile(r"[rc]|r\d*c\d*|r\d+|c\d+", re.IGNORECASE)
NEW_CHART = "{http://schemas.microsoft.com/office/drawing/2014/chartex}"
_BUILT_IN = 164  # number formats below are Excel's own


def book(package: Package, trees: Trees) -> Iterator[str]:
    """What is wrong with a workbook beside its sheets' own contents, in words.

    :param trees: the parts that are XML, by name
    """
    root = trees[package.workbook]
    yield from _sheets(root)
    yield from _names(root, trees)
    yield from _content_types(trees)
    yield from _styles(package, trees)
    for name, tree in trees.items():
        kind = local(tree.tag)
        if kind == "wsDr":
            yield from (f"{name}: {text}" for text in _drawing(tree))
        elif tree.tag == f"{CHART}chartSpace":
            yield from (f"{name}: {text}" for text in _chart(tree))
        elif tree.tag == f"{NEW_CHART}chartSpace":
            yield from (f"{name}: {text}" for text in _new_chart(tree))
    for name in package.sheets.values():
        if name in trees:
            yield from (f"{name}: {text}" for text in _on_sheet(package, name, trees))
    yield from _chain(package, trees)


# The workbook --------------------------------------------------------------------


def _sheets(root: etree._Element) -> Iterator[str]:
    sheets = list(root.iter(main("sheet")))
    for item in sheets:
        name = item.get("name") or ""
        if not 1 <= len(name) <= 31 or re.search(r"[\[\]*?/\\:\x00-\x1f]", name):
            yield f"a sheet is called {name!r}"
        if name[:1] == "'" or name[-1:] == "'" or name.lower() == "history":
            yield f"a sheet is called {name!r}"
    if all(item.get("state", "visible") != "visible" for item in sheets):
        yield "no sheet is visible"
    for view in root.iter(main("workbookView")):
        active = int(view.get("activeTab") or 0)
        if active >= len(sheets):
            yield f"the sheet shown is {active} of {len(sheets)}"


def _names(root: etree._Element, trees: Trees) -> Iterator[str]:
    sheets = len(list(root.iter(main("sheet"))))
    tables = {
        str(tree.get("displayName")).lower() for tree in trees.values() if tree.tag == main("table")
    }
    for item in root.iter(main("definedName")):
        name, text, of = item.get("name") or "", item.text or "", item.get("localSheetId")
        if not name.startswith("_xlnm.") and not is_name(name):
            yield f"a name is {name!r}"
        if name.lower() in tables:
            yield f"the name {name} is a table's, too"
        if of is not None and int(of) >= sheets:
            yield f"the name {name} belongs to sheet {of} of {sheets}"
        if not text or text.startswith("=") or len(text) > FORMULA:
            yield f"the name {name} is {text[:60]!r}"


def is_name(name: str) -> bool:
    """Whether Excel takes it as the name of a range or a table."""
    plain = _NAME.fullmatch(name) is not None and len(name) <= LITERAL
    return plain and _R1C1.fullmatch(name) is None and area(name.upper()) is None


def _content_types(trees: Trees) -> Iterator[str]:
    root = trees.get(CONTENT_TYPES)
    told = Counter(
        str(item.get("Extension") or item.get("PartName")).lower()
        for item in (root if root is not None else ())
    )
    yield from (
        f"the content type of {name} is told {n} times" for name, n in told.items() if n > 1
    )


def _chain(package: Package, trees: Trees) -> Iterator[str]:
    """Every cell of the calculation chain has a formula; Excel drops a chain that lies."""
    for name in package.related(package.workbook, "calcChain"):
        formulas = {id: _formulas(trees, part) for id, part in _by_id(package, trees).items()}
        sheet = ""
        for item in trees[name].iter(main("c")) if name in trees else ():
            sheet = item.get("i") or sheet
            if item.get("r") not in formulas.get(sheet, set()):
                yield f"the calculation chain has {item.get('r')} of sheet {sheet}"


def _by_id(package: Package, trees: Trees) -> dict[str, str]:
    return {
        str(item.get("sheetId")): package.sheets[item.get("name")]
        for item in trees[package.workbook].iter(main("sheet"))
    }


def _formulas(trees: Trees, part: str) -> set[str | None]:
    tree = trees.get(part)
    cells = tree.iter(main("f")) if tree is not None else ()
    found: set[str | None] = set()
    for item in cells:
        parent = item.getparent()
        found.add(parent.get("r") if parent is not None else None)
    return found


# Styles --------------------------------------------------------------------------


def _styles(package: Package, trees: Trees) -> Iterator[str]:
    names = package.related(package.workbook, "styles")
    root = trees.get(names[0]) if names else None
    if root is None:
        return
    formats = Counter(item.get("numFmtId") for item in root.iterfind(f"{main('numFmts')}/*"))
    yield from (f"the number format {id} is there {n} times" for id, n in formats.items() if n > 1)
    for item in root.iterfind(f"{main('numFmts')}/*"):
        if not 1 <= len(item.get("formatCode") or "") <= LITERAL:
            yield f"a number format is {item.get('formatCode')!r}"
    for item in [
        *root.iterfind(f"{main('cellXfs')}/*"),
        *root.iterfind(f"{main('cellStyleXfs')}/*"),
    ]:
        id = item.get("numFmtId") or "0"
        if int(id) >= _BUILT_IN and id not in formats:
            yield f"a format has the number format {id}, which is not there"
    styles = Counter(
        str(item.get("name")).lower() for item in root.iterfind(f"{main('cellStyles')}/*")
    )
    yield from (f"the style {name} is there {n} times" for name, n in styles.items() if n > 1)
    if len(root.findall(f"{main('cellXfs')}/*")) > 65_490:
        yield "there are too many cell formats"


# Tables and what meets on a sheet ------------------------------------------------


def _on_sheet(package: Package, name: str, trees: Trees) -> Iterator[str]:
    root = trees[name]
    parts = package.related(name, "table")
    if len(parts) != len(root.findall(f"{main('tableParts')}/*")):
        yield f"not each of {len(parts)} tables is named"
    areas: list[tuple[str, Area]] = []
    shown = _texts(package, trees, root)
    for part in parts:
        where = area(trees[part].get("ref") or "") if part in trees else None
        if where is None:
            yield f"{part} is nowhere"
            continue
        areas.append((part, where))
        yield from (f"{part}: {text}" for text in _table(trees[part], where, shown))
    merged = [(item.get("ref"), area(item.get("ref"))) for item in root.iter(main("mergeCell"))]
    areas += [(f"the merged {ref}", where) for ref, where in merged if where]
    for first, second in overlaps(areas):
        if not (first.startswith("the merged") and second.startswith("the merged")):
            yield f"{first} and {second} overlap"
    if parts and root.find(main("autoFilter")) is not None:
        where = area(root.find(main("autoFilter")).get("ref") or "")
        if where and any(where.meets(there) for _, there in areas[: len(parts)]):
            yield "the sheet's filter lies on a table"
    pivots = [
        (part, area(place.get("ref") or ""))
        for part in package.related(name, "pivotTable")
        for place in trees[part].iter(main("location"))
    ]
    yield from (
        f"{a} and {b} overlap" for a, b in overlaps([(n, w) for n, w in pivots if w is not None])
    )


def _texts(package: Package, trees: Trees, root: etree._Element) -> dict[str, str]:
    """What the text cells of a sheet hold."""
    names = package.related(package.workbook, "sharedStrings")
    strings = trees[names[0]].findall(main("si")) if names and names[0] in trees else []
    found = {}
    for cell in root.iter(main("c")):
        kind, value = cell.get("t"), cell.findtext(main("v"))
        if kind == "s" and value and int(value) < len(strings):
            found[str(cell.get("r"))] = _plain(strings[int(value)])
        elif kind == "inlineStr":
            held = cell.find(main("is"))
            found[str(cell.get("r"))] = _plain(held) if held is not None else ""
        elif kind == "str":
            found[str(cell.get("r"))] = value or ""
    return found


def _plain(item: etree._Element) -> str:
    runs = [item.findtext(main("t")), *(run.findtext(main("t")) for run in item.iter(main("r")))]
    return "".join(text or "" for text in runs)


def _table(root: etree._Element, where: Area, shown: dict[str, str]) -> Iterator[str]:
    name, columns = root.get("displayName") or "", root.findall(f"{main('tableColumns')}/*")
    if not is_name(name):
        yield f"a table is called {name!r}"
    if len(columns) != where.right - where.left + 1:
        yield f"{len(columns)} columns in {root.get('ref')}"
    told = Counter(str(item.get("name")).lower() for item in columns)
    yield from (f"two columns are called {name}" for name, n in told.items() if n > 1)
    headers = root.get("headerRowCount", "1") != "0"
    for index, item in enumerate(columns):
        cell = f"{letters(where.left + index)}{where.top}"
        wanted = _unescaped(str(item.get("name")))
        if headers and shown and _unescaped(shown.get(cell, "")) != wanted:
            yield f"the column {wanted!r} has {shown.get(cell)!r} in {cell}"
    rows = where.bottom - where.top + 1 - headers - int(root.get("totalsRowCount") or 0)
    if rows < 1:
        yield f"{root.get('ref')} has no row of data"
    for item in root.findall(main("autoFilter")):
        inside = area(item.get("ref") or "")
        if inside is None or not where.holds(inside) or not headers:
            yield f"the filter is {item.get('ref')} of {root.get('ref')}"


def _unescaped(text: str) -> str:
    """A header as it is compared: ``_x000a_`` is a line break, and breaks are alike."""
    plain = re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)
    return plain.replace("\r\n", "\n").replace("\r", "\n")


# Drawings and charts -------------------------------------------------------------


def _drawing(root: etree._Element) -> Iterator[str]:
    for anchor in root:
        corners = []
        for name in ("from", "to"):
            corner = anchor.find(f"{DRAWING}{name}")
            if corner is not None:
                place = [int(corner.findtext(f"{DRAWING}{key}") or 0) for key in ("row", "col")]
                corners.append(place)
                if not (0 <= place[0] < ROWS and 0 <= place[1] < COLUMNS):
                    yield f"something stands at {place}"
        if len(corners) == 2 and any(a > b for a, b in zip(*corners, strict=True)):
            yield f"something reaches from {corners[0]} to {corners[1]}"


def _chart(root: etree._Element) -> Iterator[str]:
    plot = root.find(f".//{CHART}plotArea")
    if plot is None:
        return
    axes = {
        str(item.find(f"{CHART}axId").get("val")): str(item.find(f"{CHART}crossAx").get("val"))
        for item in plot
        if local(item.tag) in ("catAx", "valAx", "dateAx", "serAx")
    }
    used = {
        str(item.get("val"))
        for group in plot
        if local(group.tag).endswith("Chart")
        for item in group.findall(f"{CHART}axId")
    }
    if used - set(axes) - {"0"}:
        yield f"axes {sorted(used - set(axes))} are not there"
    yield from (
        f"axis {a} crosses {b}, which is not there" for a, b in axes.items() if b not in axes
    )
    for key in ("idx", "order"):
        told = Counter(str(s.find(f"{CHART}{key}").get("val")) for s in plot.iter(f"{CHART}ser"))
        yield from (f"two series have the {key} {value}" for value, n in told.items() if n > 1)
    for item in root.iter(f"{CHART}f"):
        if not item.text or item.text.startswith("="):
            yield f"a series is {item.text!r}"
    for points in root.iter(f"{CHART}numCache", f"{CHART}strCache"):
        yield from _points(points)


def _points(points: etree._Element) -> Iterator[str]:
    told = points.find(f"{CHART}ptCount")
    last = -1
    for item in points.findall(f"{CHART}pt"):
        here = int(item.get("idx") or 0)
        if told is not None and here >= int(told.get("val") or 0):
            yield f"point {here} of {told.get('val')}"
        if here <= last:
            yield f"point {here} comes after {last}"
        last = here


def _new_chart(root: etree._Element) -> Iterator[str]:
    data = {item.get("id") for item in root.iter(f"{NEW_CHART}data")}
    axes = {item.get("id") for item in root.iter(f"{NEW_CHART}axis")}
    series = list(root.iter(f"{NEW_CHART}series"))
    for item in series:
        for name, known in (("dataId", data), ("axisId", axes)):
            told = [place.get("val") for place in item.findall(f"{NEW_CHART}{name}")]
            yield from (f"{name} {id} is not there" for id in told if id not in known)
        owner = item.get("ownerIdx")
        if owner is not None and int(owner) >= len(series):
            yield f"series {owner} of {len(series)} is the owner"
    for item in root.iter(f"{NEW_CHART}f"):
        if not item.text or item.text.startswith("="):
            yield f"a series is {item.text!r}"
    for level in root.iter(f"{NEW_CHART}lvl"):
        points = [int(item.get("idx") or 0) for item in level.findall(f"{NEW_CHART}pt")]
        if len(set(points)) != len(points) or max(points, default=-1) >= int(level.get("ptCount")):
            yield f"points {points[:9]} of {level.get('ptCount')}"
