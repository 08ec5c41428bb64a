"""The comparison of a file's values with what the calculator makes of its formulas."""

from __future__ import annotations

from service.workbook.calculation import first
from service.workbook.calculation.ledger import Ledger, filled_cells
from service.workbook.calculation.problem import apart
from service.workbook.calculation.results import Address, Computed, same
from service.workbook.calculation.round import Round


def settle(ledger: Ledger, round_: Round, until: float) -> None:
    """Find the formulas of which the calculator makes something else than the file holds.

    A formula that only reads such a cell is not odd itself: with the file's values in the
    other cells it gives the file's value.
    """
    try:
        round_.ask_about_all(until)
        suspects = _unlike(ledger, round_)
        odd: set[Address] = set()
        if suspects:
            odd = _odd_alone(ledger, round_, suspects, until)
            round_.prepare(_held_of(ledger, round_, odd))
            calculated = first.calculate(round_.problem, until)
            round_.first_results |= round_.spread(calculated, until)
            odd |= set(_unlike(ledger, round_)) - odd
    except TimeoutError:
        return
    nothing = Computed(unknown="the calculator gave no value")
    ledger.odd = {address: round_.first_results.get(address, nothing) for address in odd}


def _unlike(ledger: Ledger, round_: Round) -> list[Address]:
    found = []
    for address, (formula, _) in round_.formulas.items():
        if address in round_.moving or address in round_.problem.pinned:
            continue
        for cell in filled_cells(address, formula):
            if cell in ledger.values and not _like(ledger, round_, cell):
                found.append(address)
                break
    return found


def _like(ledger: Ledger, round_: Round, cell: Address) -> bool:
    result = round_.first_results.get(cell)
    held = ledger.values[cell][1]
    return result is not None and not result.unknown and same(result.value, held)


def _odd_alone(
    ledger: Ledger, round_: Round, suspects: list[Address], until: float
) -> set[Address]:
    """Those that are unlike also with the file's values in all other cells."""
    pinned = _held_of(ledger, round_, set(round_.formulas))
    problem, places = apart(round_.source, round_.formulas, pinned, suspects)
    results = first.calculate(problem, until)
    fine = set()
    for place, address in places.items():
        result = results.get(place)
        held = ledger.values[address][1]
        if result is None or result.unknown:
            continue
        if same(result.value, held):
            fine.add(address)
        else:
            round_.first_results[address] = result
    return set(suspects) - fine


def _held_of(ledger: Ledger, round_: Round, addresses: set[Address]) -> dict[Address, object]:
    return {
        cell: ledger.values[cell][1]
        for address in addresses
        for cell in filled_cells(address, round_.formulas[address][0])
        if cell in ledger.values
    }
