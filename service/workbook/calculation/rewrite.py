"""Formulas as the calculators are given them: with cells where names and tables stand.

Neither calculator knows all kinds of names, structured references or references over
several sheets; each means cells, and those they know. What one of them gets wrong is no
matter for the second opinion then, so these replacements have to be right by themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from openpyxl.utils import column_index_from_string, get_column_letter

from service.workbook.areas import MAX_COLUMN, MAX_ROW, Area
from service.workbook.calculation.contexts import TooDeepError, intersected, lifts
from service.workbook.calculation.results import Address
from service.workbook.calculation.single_cells import as_ranges
from service.workbook.calculation.source import Formula, NameFacts, Source, TableFacts
from service.workbook.calculation.stretching import stretched
from service.workbook.calculation.structured import resolved_table
from service.workbook.calculation.syntax import (
    Part,
    function,
    functions_of,
    located,
    parts,
    reference,
)
from service.workbook.calculation.times import nudged
from service.workbook.calculation.visible import shown_only

_LIFTS = "it calculates each cell of a range, which calculators often get wrong"
OTHER_FILE = "it refers to another file"
_DEEPEST_NAME = 20
_LONGEST = 100_000  # characters that names may make of one formula
_RANDOM = frozenset({"RAND", "RANDBETWEEN", "RANDARRAY"})
_CLOCK = frozenset({"NOW", "TODAY"})
_ANYWHERE = frozenset({"INDIRECT", "OFFSET", "CELL"})
# Such as A1:INDEX(...).
_RANGE_OF_CALLS = re.compile(r"\):|:[A-Za-z_.]+\(")
# What these answer depends on more than values, or on the text that was rewritten.
_NOT_OURS = frozenset({"FORMULATEXT", "INFO", "ISFORMULA", "WEBSERVICE", "RTD", "CUBEVALUE"})
VISIBLE_ONLY = frozenset({"SUBTOTAL", "AGGREGATE"})
# These take any number of ranges, so that several may stand where one did.
_MANY = frozenset(
    """
    AVERAGE AVERAGEA COUNT COUNTA MAX MAXA MIN MINA PRODUCT STDEV STDEV.P STDEV.S STDEVA STDEVP
    STDEVPA SUM SUMSQ VAR VAR.P VAR.S VARA VARP VARPA MEDIAN AND OR
    """.split()
)
_RELATIVE = re.compile(r"(\$?)([A-Za-z]{1,3})(\$?)(\d{1,7})$")


@dataclass(frozen=True)
class Prepared:
    """A formula, ready for the calculators.

    :param text: with ``=``; names, tables and other sheets' ranges replaced by cells
    :param reason: why none of them can calculate it; "" if they may
    :param references: (sheet in lower case, area) that it names
    :param functions: in capitals, without prefixes
    :param doubt: why calculators that agree on it may be wrong all the same
    :param loose: it may read cells that are not among the references
    """

    text: str
    reason: str = ""
    references: tuple[tuple[str, Area], ...] = ()
    functions: frozenset[str] = frozenset()
    doubt: str = ""
    loose: bool = False

    @property
    def random(self) -> bool:
        """Whether it gives another value at each calculation."""
        return bool(self.functions & _RANDOM)

    @property
    def moving(self) -> bool:
        """Whether its value changes without a change of the workbook."""
        return bool(self.functions & (_RANDOM | _CLOCK))

    @property
    def anywhere(self) -> bool:
        """Whether it may read cells that it does not name."""
        return self.loose or bool(self.functions & _ANYWHERE)


class _RefusedError(Exception):
    """No calculator can be given this formula; the message is the reason."""


@dataclass(frozen=True)
class Facts:
    """What formulas may mean that they only name.

    :param sheets: titles, in their order
    :param tables: by name, in lower case
    :param names: by (sheet or "", name), in lower case
    :param hidden: numbers of hidden rows by sheet, in lower case
    """

    sheets: list[str]
    tables: dict[str, TableFacts]
    names: dict[tuple[str, str], NameFacts]
    hidden: dict[str, frozenset[int]]

    @classmethod
    def of(cls, source: Source) -> Facts:
        """The facts of a workbook as it is now."""
        hidden = {s.lower(): rows for s in source.sheets if (rows := source.hidden_rows(s))}
        return cls(
            source.sheets,
            {table.name.lower(): table for table in source.tables()},
            {(n.sheet.lower(), n.name.lower()): n for n in source.names()},
            hidden,
        )


class Rewriter:
    """Prepares the formulas of one workbook, each once while it stays as it is."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._sheets, self._tables = facts.sheets, facts.tables
        self._names, self._hidden = facts.names, facts.hidden
        self._known: dict[Address, tuple[Formula, Prepared]] = {}

    def prepared(self, address: Address, formula: Formula) -> Prepared:
        """The formula at ``address``, ready for the calculators."""
        known = self._known.get(address)
        if known is None or known[0] != formula:
            known = self._known[address] = (formula, self._prepare(address, formula))
        return known[1]

    def _prepare(self, address: Address, formula: Formula) -> Prepared:
        if formula.kind == "data table":
            return self._data_table(address, formula)
        pieces, doubt, loose = parts(formula.text), "", False
        try:
            pieces = _intersections(self._resolved(pieces, address, 0))
            pieces, loose = stretched(_unions(pieces))
            if self._hidden:
                pieces = shown_only(pieces, address[0], self._hidden)
            if formula.kind == "plain":
                pieces = intersected(pieces, *address[1:])
            pieces = as_ranges(pieces)
            doubt = _LIFTS if lifts(pieces, "V" if formula.kind == "plain" else "A") else ""
            pieces = nudged(pieces)
            text, reason = "=" + "".join(part.text for part in pieces), ""
        except _RefusedError as refused:
            text, reason = formula.text, str(refused)
            pieces, loose = self._readable(pieces, address)
        except TooDeepError:
            text, reason, loose = formula.text, "it is nested too deeply", True
        found = functions_of(pieces)
        read = _references(pieces, address[0])
        reason = reason or _no_ones(found) or self._hides(found, read)
        loose = loose or bool(_RANGE_OF_CALLS.search(text))
        return Prepared(text, reason, read, found, doubt, loose)

    def _readable(self, pieces: list[Part], address: Address) -> tuple[list[Part], bool]:
        """What can be resolved of a formula; and whether more of this workbook can't be."""
        found, loose = [], False
        for part in pieces:
            try:
                found += self._resolved([part], address, 0)
            except _RefusedError as refused:
                found.append(part)
                loose = loose or str(refused) != OTHER_FILE
        return found, loose

    def _hides(self, functions: frozenset[str], read: tuple[tuple[str, Area], ...]) -> str:
        """Totals that may leave hidden rows out: no calculator is told which rows show."""
        if self._hidden and functions & VISIBLE_ONLY:
            if functions & _ANYWHERE:
                return "it may leave out rows that are hidden"
            for sheet, area in read:
                rows = self._hidden.get(sheet, frozenset())
                if any(area.first_row <= row <= area.last_row for row in rows):
                    return "it may leave out rows that are hidden"
        return ""

    def _data_table(self, address: Address, formula: Formula) -> Prepared:
        """A what-if table reads the cells left of it and above it, and its inputs."""
        sheet = address[0].lower()
        area = formula.area or Area(*address[1:], *address[1:])
        top, left = max(1, area.first_row - 1), max(1, area.first_column - 1)
        read = [
            (sheet, Area(top, left, top, area.last_column)),
            (sheet, Area(top, left, area.last_row, left)),
        ]
        read += [(sheet, found[1]) for one in formula.inputs if (found := located(one))]
        return Prepared(formula.text, "it is a what-if data table", tuple(read))

    # Names, tables, sheets

    def _resolved(
        self, pieces: list[Part], address: Address, depth: int, scope: str | None = None
    ) -> list[Part]:
        """:param scope: sheet whose names count first; "" for those of the workbook"""
        if depth > _DEEPEST_NAME or sum(len(part.text) for part in pieces) > _LONGEST:
            raise _RefusedError("its names refer to one another without end")
        out: list[Part] = []
        calls: list[str] = []
        for part in pieces:
            if part.kind == "call":
                calls.append(function(part.text))
            elif part.text == "(":
                calls.append(calls[-1] if calls else "")
            elif part.text == ")" and calls:
                calls.pop()
            call = calls[-1] if calls else ""
            title = address[0] if scope is None else scope
            out += self._replaced(part, address, depth, call, title)
        return _sheet_numbers(out, self._sheets, address[0])

    def _replaced(
        self, part: Part, address: Address, depth: int, call: str, scope: str
    ) -> list[Part]:
        if part.kind == "ref":
            return self._reference(part, call)
        if part.kind == "table":
            return self._structured(part, address)
        if part.kind in ("name", "call"):
            name = self._name(part, scope)
            if name is not None:
                return self._expanded(name, part, address, depth)
            table = self._tables.get(part.text.lower())
            if table is not None:  # all its data; Excel itself writes "Sales[]"
                return [resolved_table(table, "[]", address)]
        if "[" in part.text and part.kind in ("name", "call", "sign"):
            raise _RefusedError(OTHER_FILE)
        return [part]

    def _name(self, part: Part, title: str) -> NameFacts | None:
        text = part.text.removesuffix("(") if part.kind == "call" else part.text
        sheet, mark, name = text.rpartition("!")
        sheet = sheet.strip("'").replace("''", "'") if mark else title
        local = self._names.get((sheet.lower(), name.lower()))
        return local or self._names.get(("", name.lower()))

    def _expanded(self, name: NameFacts, part: Part, address: Address, depth: int) -> list[Part]:
        inner = [_moved(piece, *address[1:]) for piece in parts(name.text)]
        inner = self._resolved(inner, address, depth + 1, name.sheet)
        if part.kind == "call":
            return [*inner, Part("sign", "(")]
        if len(inner) == 1:
            return inner
        return [Part("sign", "("), *inner, Part("sign", ")")]

    def _structured(self, part: Part, address: Address) -> list[Part]:
        name, bracket, inside = part.text.partition("[")
        if name == "" and inside.rstrip("]").isdigit():
            raise _RefusedError(OTHER_FILE)
        table = self._tables.get(name.lower()) if name else self._table_around(address)
        if table is None:
            raise _RefusedError(f"there is no table {name or 'around it'}")
        return [resolved_table(table, bracket + inside, address)]

    def _table_around(self, address: Address) -> TableFacts | None:
        title, row, column = address
        for table in self._tables.values():
            if table.sheet == title and table.area.holds(row, column):
                return table
        return None

    def _reference(self, part: Part, call: str) -> list[Part]:
        if "!" not in part.text:
            return [part]
        sheet = part.text.rpartition("!")[0].strip("'").replace("''", "'")
        if "[" in sheet:
            raise _RefusedError(OTHER_FILE)
        if ":" not in sheet:
            return [part]
        lower = [title.lower() for title in self._sheets]
        first, _, last = sheet.lower().partition(":")
        if call not in _MANY or first not in lower or last not in lower:
            raise _RefusedError("it refers to several sheets at once")
        found = located(part.text.rpartition("!")[2])
        start, end = sorted((lower.index(first), lower.index(last)))
        if found is None:
            raise _RefusedError("it refers to several sheets at once")
        texts = [reference(title, found[1]) for title in self._sheets[start : end + 1]]
        return parts(",".join(texts))


def _no_ones(functions: frozenset[str]) -> str:
    found = sorted(functions & _NOT_OURS)
    return f"no calculator has the function {', '.join(found)}" if found else ""


def _references(pieces: list[Part], title: str) -> tuple[tuple[str, Area], ...]:
    found: dict[tuple[str, Area], None] = {}
    for part in pieces:
        place = located(part.text) if part.kind == "ref" else None
        if place is not None:
            found[(place[0] or title).lower(), place[1]] = None
    return tuple(found)


def _moved(part: Part, row: int, column: int) -> Part:
    """A part of a name: its relative references count from A1 of the sheet they stand on."""
    if part.kind != "ref":
        return part
    sheet, mark, place = part.text.rpartition("!")
    cells = [_moved_cell(cell, row - 1, column - 1) for cell in place.split(":")]
    return Part("ref", sheet + mark + ":".join(cells))


def _moved_cell(cell: str, rows: int, columns: int) -> str:
    match = _RELATIVE.match(cell)
    if match is None:
        return cell
    fixed_column, letters, fixed_row, digits = match.groups()
    if not fixed_column:
        number = (column_index_from_string(letters) - 1 + columns) % MAX_COLUMN
        letters = get_column_letter(number + 1)
    if not fixed_row:
        digits = str((int(digits) - 1 + rows) % MAX_ROW + 1)
    return f"{fixed_column}{letters}{fixed_row}{digits}"


def _sheet_numbers(pieces: list[Part], sheets: list[str], title: str) -> list[Part]:
    """SHEET() and SHEETS() as numbers: the calculators are given more sheets than there are."""
    out: list[Part] = []
    for index, part in enumerate(pieces):
        name = function(part.text) if part.kind == "call" else ""
        if name in ("SHEET", "SHEETS"):
            if pieces[index + 1 : index + 2] != [Part("sign", ")")]:
                raise _RefusedError(f"no calculator has the function {name} with an argument")
            number = len(sheets) if name == "SHEETS" else sheets.index(title) + 1
            out.append(Part("sign", f"({number}"))
        else:
            out.append(part)
    return out


def _intersections(pieces: list[Part]) -> list[Part]:
    """Two ranges with a space between them as the cells that both hold."""
    out: list[Part] = []
    for part in pieces:
        if (
            part.kind == "ref"
            and len(out) > 1
            and out[-1].kind == "space"
            and out[-2].kind == "ref"
        ):
            out.pop()
            out.append(_common(out.pop(), part))
        else:
            out.append(part)
    return out


def _common(one: Part, other: Part) -> Part:
    first, second = located(one.text), located(other.text)
    if first is None or second is None:
        raise _RefusedError("it names what two ranges have in common")
    if second[0] and second[0].lower() != first[0].lower():
        return Part("error", "#NULL!")
    both = first[1].common(second[1])
    return Part("error", "#NULL!") if both is None else Part("ref", reference(first[0], both))


def _unions(pieces: list[Part]) -> list[Part]:
    """``SUM((A1:A2,C1))`` without the inner brackets, where the function takes many ranges."""
    out = list(pieces)
    stack: list[tuple[int, str, bool]] = []  # place of the opening, its call, only ranges inside
    dropped: set[int] = set()
    for index, part in enumerate(pieces):
        if part.kind == "call":
            stack.append((index, function(part.text), True))
        elif part.text == "(":
            outer = stack[-1][1] if stack else ""
            before = pieces[index - 1] if index else None
            starts = before is not None and (before.kind == "call" or before.text in (",", "("))
            stack.append((index, outer if starts and outer in _MANY else "", True))
        elif part.text == ")" and stack:
            opening, call, only = stack.pop()
            after = pieces[index + 1].text if index + 1 < len(pieces) else ""
            if pieces[opening].text == "(" and call and only and after in (",", ")"):
                dropped |= {opening, index}
        elif stack and part.kind not in ("ref", "space") and part.text != ",":
            stack[-1] = (*stack[-1][:2], False)
    return [part for index, part in enumerate(out) if index not in dropped]
