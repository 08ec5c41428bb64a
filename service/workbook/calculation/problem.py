"""What the calculators are given: plain values, prepared formulas, and guarded expressions.

``IFERROR(LOOKUP(...), 0)`` answers 0 also where a calculator lacks that form of LOOKUP. So
what IFERROR and its like guard is calculated by itself as well, on a sheet of its own at the
same row and column, where the error shows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TypeAlias

from service.workbook.areas import MAX_COLUMN, MAX_ROW, Area
from service.workbook.calculation.contexts import scalar_call
from service.workbook.calculation.graph import Formulas
from service.workbook.calculation.lifting import Lifter
from service.workbook.calculation.reads import Reads
from service.workbook.calculation.results import Address
from service.workbook.calculation.source import Kind, Source
from service.workbook.calculation.stretching import arguments
from service.workbook.calculation.syntax import Part, function, functions_of, parts, reference

_GUARDS = frozenset({"IFERROR", "IFNA", "ISERROR", "ISERR", "ISNA", "ERROR.TYPE"})
_THROUGH = frozenset({"IF", "IFS", "CHOOSE", "SWITCH", "NOT"}) | _GUARDS
# Of so many it is worth while to ask what they read, before a calculator is given all cells.
_FEW_FORMULAS = 2_000
_MOST_GUARDS = 3  # expressions of one formula that are looked at
_FEW_VALUES = 20_000  # are read once, and kept while the workbook stays as it is
_Place: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Task:
    """One formula to calculate.

    :param area: what an array formula fills
    :param functions: that it calls, in capitals and without prefixes
    """

    text: str
    kind: Kind = "plain"
    area: Area | None = None
    functions: frozenset[str] = frozenset()

    @property
    def cells(self) -> int:
        return self.area.cells if self.area else 1


@dataclass
class Problem:
    """A workbook to calculate.

    :param pinned: formula cells whose value is known: they count as plain values
    :param tasks: all other formulas that calculators may try
    :param reads: the cells that the tasks read; None where that may be any
    :param lifted: formulas of which ranges are calculated cell by cell beforehand
    :param guarded: owner of each guarded expression, by where it is calculated
    """

    source: Source
    pinned: Mapping[Address, object]
    tasks: dict[Address, Task] = field(default_factory=dict)
    guarded: dict[Address, Address] = field(default_factory=dict)
    reads: Reads | None = None
    lifted: set[Address] = field(default_factory=set)
    probes: list[str] = field(default_factory=list)
    _few: dict[str, dict[_Place, object]] | None = None

    @property
    def sheets(self) -> list[str]:
        return [*self.source.sheets, *self.probes]

    @property
    def epoch(self) -> dt.datetime:
        return self.source.epoch

    def values(self, sheet: str) -> Iterator[tuple[_Place, object]]:
        """Plain values of a sheet, with those of the pinned formulas; only what is read."""
        if sheet in self.probes:
            return
        if self._few is not None:
            yield from self._few[sheet].items()
            return
        pinned = self._pinned.get(sheet, {})
        if self.reads is None:
            yield from self.source.values(sheet)
            yield from pinned.items()
        else:
            yield from self.reads.values(self.source, sheet, pinned)

    @cached_property
    def few_values(self) -> dict[str, dict[_Place, object]] | None:
        """The same of each sheet of the workbook, read once; None if there are many."""
        found: dict[str, dict[_Place, object]] = {}
        left = _FEW_VALUES
        for sheet in self.source.sheets:
            found[sheet] = dict(islice(self.values(sheet), left + 1))
            left -= len(found[sheet])
            if left < 0:
                return None
        self._few = found
        return found

    @cached_property
    def _pinned(self) -> dict[str, dict[_Place, object]]:
        found: dict[str, dict[_Place, object]] = {}
        for (title, row, column), value in self.pinned.items():
            if value is not None:
                found.setdefault(title, {})[row, column] = value
        return found


def whole(source: Source, formulas: Formulas, pinned: Mapping[Address, object]) -> Problem:
    """All formulas but the pinned ones and those that nothing can calculate."""
    problem = Problem(source, pinned)
    reads, anywhere = Reads.headers(source), not pinned and len(formulas) > _FEW_FORMULAS
    lifter = Lifter(_unused(problem, "_cells"))
    for address, (formula, prepared) in formulas.items():
        if address in pinned or prepared.reason:
            continue
        reads.add(prepared.references)
        if formula.kind == "dynamic":  # what is below and to the right may be in its way
            room = Area(address[1], address[2], MAX_ROW, MAX_COLUMN)
            reads.add([(address[0].lower(), room)])
        anywhere = anywhere or prepared.anywhere
        text = prepared.text
        if prepared.doubt:
            text = lifter.lifted(text, address[0], plain=formula.kind == "plain") or text
            if text != prepared.text:
                problem.lifted.add(address)
        problem.tasks[address] = Task(text, formula.kind, formula.area, prepared.functions)
        guards = prepared.functions & _GUARDS and "INDIRECT" not in prepared.functions
        if guards and formula.cells == 1:
            _add_guards(problem, address, prepared.text, formula.kind)
    if lifter.tasks:
        problem.probes.append(lifter.sheet)
    for place, text in lifter.tasks.items():
        called = functions_of(parts(text))
        problem.tasks[lifter.sheet, *place] = Task(text, "plain", None, called)
    problem.reads = None if anywhere else reads
    return problem


def apart(
    source: Source, formulas: Formulas, pinned: Mapping[Address, object], tried: list[Address]
) -> tuple[Problem, dict[Address, Address]]:
    """The formulas of ``tried``, each by itself with all other results as they are pinned.

    :returns: the problem, and the formula cell by the address at which it is calculated
    """
    problem = Problem(source, pinned)
    places: dict[Address, Address] = {}
    for address in tried:
        formula, prepared = formulas[address]
        elsewhere = "INDIRECT" in prepared.functions  # its texts mean the sheet it stands on
        if not prepared.reason and formula.cells == 1 and not elsewhere:
            place = probe(problem, 0, address)
            text = qualified(prepared.text, address[0])
            problem.tasks[place] = Task(text, formula.kind, None, prepared.functions)
            places[place] = address
    return problem, places


def probe(problem: Problem, number: int, address: Address) -> Address:
    """The same row and column of a sheet that the workbook does not have."""
    title = _unused(problem, f"_{number}_{problem.source.sheets.index(address[0])}")
    if title not in problem.probes:
        problem.probes.append(title)
    return (title, *address[1:])


def _unused(problem: Problem, title: str) -> str:
    """A title like this that no sheet of the workbook has."""
    taken = {sheet.lower() for sheet in problem.source.sheets}
    while title in taken:
        title = f"_{title}"
    return title


def qualified(text: str, title: str) -> str:
    """A formula of a sheet as it has to read on another one."""
    return "=" + "".join(_on(part, title).text for part in parts(text))


def _on(part: Part, title: str) -> Part:
    if part.kind != "ref" or "!" in part.text:
        return part
    return Part("ref", reference(title, _ANY)[: -len("$A$1")] + part.text)


_ANY = Area(1, 1, 1, 1)


# Guarded expressions --------------------------------------------------------


def _add_guards(problem: Problem, address: Address, text: str, kind: Kind) -> None:
    for number, expression in enumerate(_guarded(parts(text)), start=1):
        place = probe(problem, number, address)
        called = functions_of(parts(expression))
        problem.tasks[place] = Task(qualified(f"={expression}", address[0]), kind, None, called)
        problem.guarded[place] = address


def _guarded(pieces: list[Part]) -> list[str]:
    """Expressions with functions that stand in IFERROR and its like, the outermost first.

    Not those inside functions that take arrays, where they have more than one value, nor
    those with names that LET or LAMBDA declares.
    """
    found: list[str] = []
    stack: list[str] = []
    for index, part in enumerate(pieces):
        if part.kind == "call":
            name = function(part.text)
            if name in _GUARDS and all(map(_single, stack)) and len(found) < _MOST_GUARDS:
                places = arguments(pieces, index + 1)[0]
                argument = pieces[places[0] : places[-1] + 1] if places else []
                text = "".join(piece.text for piece in argument)
                if any(piece.kind == "call" for piece in argument) and "_xlpm." not in text:
                    found.append(text)
            stack.append(name)
        elif part.text in ("(", "{"):
            stack.append("")
        elif part.text in (")", "}") and stack:
            stack.pop()
    return found


def _single(name: str) -> bool:
    return name == "" or name in _THROUGH or scalar_call(name)
