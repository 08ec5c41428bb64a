"""The values that a file came with, and what is known of them.

A value that Excel stored is Excel's own, and no calculator of ours is trusted more. It
counts until something that its formula reads has changed (see ``trust``). What calculators
make of the formulas is compared once, on opening; where they differ, the file's value is
what the cell shows and what other formulas are calculated with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from service.workbook.calculation.results import Address, Computed
from service.workbook.calculation.rewrite import Facts
from service.workbook.calculation.source import Formula

Mapped = Callable[[Address], Address | None]


@dataclass(frozen=True)
class Difference:
    """A formula cell whose value in the file is not what the calculator makes of it."""

    cell: Address
    formula: str
    held: object
    computed: Computed


@dataclass
class Ledger:
    """What one file came with.

    :param values: by cell: the formula that stood there, and the value beside it. Cells that
        an array formula fills have the formula ""
    :param facts: the names, tables and sheets that the formulas meant then
    :param stale: the file itself asks for its values to be calculated anew
    :param touched: something has been changed since the opening
    :param affected: formulas that read something that had changed when cells were last moved
    :param odd: what the calculator made of cells where that is not the file's value
    """

    values: dict[Address, tuple[str, object]] = field(default_factory=dict)
    facts: Facts | None = None
    stale: bool = False
    touched: bool = False
    affected: set[Address] = field(default_factory=set)
    odd: dict[Address, Computed] = field(default_factory=dict)

    def held(self, address: Address, formula: str) -> tuple[bool, object]:
        """(whether the file held a value for that formula there, the value)."""
        entry = self.values.get(address)
        if entry is None or entry[0] != formula or self.stale:
            return False, None
        return True, entry[1]

    def holds(self, address: Address, formula: Formula) -> bool:
        """Whether the file held values for a formula and all cells that it fills."""
        if formula.area is None:
            return self.held(address, formula.text)[0]
        cells = filled_cells(address, formula)
        return all(self.held(c, formula.text if c == address else "")[0] for c in cells)

    def differences(self) -> list[Difference]:
        """Where the calculator has a value, and not the file's."""
        return [
            Difference(address, *self.values[address], computed)
            for address, computed in self.odd.items()
            if not computed.unknown
        ]


def filled_cells(address: Address, formula: Formula) -> list[Address]:
    """The cells that a formula gives values to."""
    if formula.area is None:
        return [address]
    return [
        (address[0], row, column)
        for row in range(formula.area.first_row, formula.area.last_row + 1)
        for column in range(formula.area.first_column, formula.area.last_column + 1)
    ]
