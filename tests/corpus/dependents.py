"""Which formulas of a workbook depend on cells, as its XML tells: whose values may change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lxml import etree
from openpyxl.formula import Tokenizer
from openpyxl.formula.translate import Translator

from tests.corpus.parts import MAIN, Package, local, parse
from tests.corpus.xmldiff import letters, number, place_cells

Spot = tuple[str, int, int]  # the sheet's name in lower case, row, column
Box = tuple[str, int, int, int, int]
EVERYTHING: Box = ("", 0, 0, 1 << 30, 1 << 30)
# Their result may change with every calculation, or with any cell.
_RESTLESS = re.compile(
    r"\b(NOW|TODAY|RAND|RANDBETWEEN|RANDARRAY|OFFSET|INDIRECT|CELL|INFO|PY|RTD)\(", re.IGNORECASE
)
_MOMENT = re.compile(r"\b(NOW|TODAY|RAND|RANDBETWEEN|RANDARRAY)\(", re.IGNORECASE)
_AREA = re.compile(
    r"""^(?:(?P<sheet>'(?:[^']|'')+'|[^'!:]+)!)?
        \$?(?P<left>[A-Za-z]{1,3})?\$?(?P<top>\d+)?
        (?::\$?(?P<right>[A-Za-z]{1,3})?\$?(?P<bottom>\d+)?)?\#?$""",
    re.VERBOSE,
)
_SHEETS = "worksheet"


@dataclass
class _Formula:
    spots: list[Spot]
    reads: list[Box] = field(default_factory=list)


class Dependents:
    """The formulas of a package: what they read."""

    def __init__(self, package: Package) -> None:
        self._names = dict(_names(package))
        self._tables = dict(_tables(package))
        self._formulas: list[_Formula] = []
        self.restless: list[Spot] = []
        for sheet, part in package.sheets.items():
            root = parse(package.parts[part])
            if local(root.tag) != _SHEETS:
                continue
            for spots, text in _formulas(root, sheet.lower()):
                self._formulas.append(_Formula(spots, list(self.boxes(text, sheet))))
                self.restless += spots if _MOMENT.search(text) else []

    def of(self, changed: Iterable[Spot]) -> set[Spot]:
        """The changed cells and all whose value may change with them."""
        found = set(changed)
        waiting = list(self._formulas)
        while True:
            hit = [item for item in waiting if _touches(item.reads, found)]
            if not hit:
                return found
            waiting = [item for item in waiting if item not in hit]
            for item in hit:
                found.update(item.spots)

    def boxes(self, formula: str, sheet: str, depth: int = 0) -> Iterator[Box]:
        """The areas that a formula on ``sheet`` reads."""
        if _RESTLESS.search(formula) or depth > 8:
            yield EVERYTHING
            return
        try:
            tokens = Tokenizer("=" + formula.removeprefix("=")).items
        except Exception:  # noqa: BLE001 - a formula that can't be read may read anything
            yield EVERYTHING
            return
        for token in tokens:
            if token.type == "OPERAND" and token.subtype == "RANGE":
                yield from self._box(token.value, sheet, depth)

    def _box(self, text: str, sheet: str, depth: int) -> Iterator[Box]:
        found = _AREA.match(text)
        if found and (found["left"] or found["top"]):
            yield _area(found, sheet)
        elif text.partition("[")[0].lower() in self._tables:
            yield self._tables[text.partition("[")[0].lower()]
        else:
            named, _, name = text.lower().rpartition("!")
            scopes = (named.strip("'") or sheet.lower(), "")
            found_name = next(
                (key for key in ((s, name) for s in scopes) if key in self._names), None
            )
            if found_name is None:
                yield EVERYTHING
            else:
                yield from self.boxes(self._names[found_name], sheet, depth + 1)

    def reads(self, formula: str, sheet: str, spots: set[Spot]) -> bool:
        """Whether a formula reads one of the cells."""
        return _touches(list(self.boxes(formula, sheet)), spots)


def _touches(boxes: list[Box], spots: set[Spot]) -> bool:
    return any(
        not sheet or (sheet == name and top <= row <= bottom and left <= column <= right)
        for sheet, top, left, bottom, right in boxes
        for name, row, column in spots
    )


def _area(found: re.Match[str], sheet: str) -> Box:
    named = (found["sheet"] or sheet).strip("'").replace("''", "'").lower()
    if ":" in named or "[" in named:
        return EVERYTHING
    left = number((found["left"] or "A").upper())
    top = int(found["top"] or 1)
    single = ":" not in found[0].rpartition("!")[2]
    right = left if single else number((found["right"] or "XFD").upper())
    bottom = top if single else int(found["bottom"] or 1 << 20)
    return named, top, left, bottom, right


def _names(package: Package) -> Iterator[tuple[tuple[str, str], str]]:
    """The formula of each name, by the sheet that it is local to ("" of all) and the name."""
    sheets = list(package.sheets)
    for item in parse(package.parts[package.workbook]).iter(f"{{{MAIN}}}definedName"):
        place = item.get("localSheetId")
        sheet = sheets[int(place)].lower() if place else ""
        yield (sheet, str(item.get("name")).lower()), item.text or ""


def _tables(package: Package) -> Iterator[tuple[str, Box]]:
    for sheet, part in package.sheets.items():
        for target in package.related(part, "table"):
            if target in package.parts:
                root = parse(package.parts[target])
                found = _AREA.match(root.get("ref") or "A1")
                assert found
                yield str(root.get("displayName")).lower(), _area(found, sheet)


def _formulas(root: etree._Element, sheet: str) -> Iterator[tuple[list[Spot], str]]:
    """The cells that each formula fills, and its text."""
    place_cells(root)
    shared: dict[str, tuple[str, str]] = {}
    for cell in root.iter(f"{{{MAIN}}}c"):
        formula = cell.find(f"{{{MAIN}}}f")
        if formula is None:
            continue
        place, text = str(cell.get("r")), formula.text or ""
        if formula.get("t") == "shared":
            index = str(formula.get("si"))
            if text:
                shared[index] = (text, place)
            elif index in shared:
                text = Translator("=" + shared[index][0], shared[index][1]).translate_formula(place)
        filled = formula.get("ref") if formula.get("t") in ("array", "dataTable") else None
        if formula.get("t") == "dataTable":
            text = "INDIRECT(0)"  # it reads its input cells and all they lead to
        yield _spots(filled or place, sheet), text


def _spots(reference: str, sheet: str) -> list[Spot]:
    found = _AREA.match(reference)
    assert found
    _, top, left, bottom, right = _area(found, sheet)
    return [
        (sheet, row, column) for row in range(top, bottom + 1) for column in range(left, right + 1)
    ]


def spot(sheet: str, cell: str) -> Spot:
    """The place of a cell such as B3."""
    found = re.fullmatch(r"([A-Z]+)(\d+)", cell)
    assert found, cell
    return sheet.lower(), int(found[2]), number(found[1])


def shown(place: Spot) -> str:
    """Such as B3."""
    return f"{letters(place[2])}{place[1]}"
