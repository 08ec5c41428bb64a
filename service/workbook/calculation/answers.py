"""How answers tell of values that are not known for sure: by reason, cells as short ranges."""

from __future__ import annotations

from collections.abc import Collection

from openpyxl.utils import get_column_letter

from service.workbook.calculation.ledger import Difference
from service.workbook.calculation.results import Address, Values, name_of
from service.workbook.cells import shown

_MOST_RANGES = 12

HINTS = {
    "#DIV/0!": "Correct the divisor, or test it first: =IF(B2=0, 0, A2/B2).",
    "#N/A": "Check the value looked up and the range, or give IFERROR or IFNA another value.",
    "#NAME?": "Correct the spelling of the function or name, or define the name.",
    "#NULL!": "Put a comma or a colon between the two ranges.",
    "#NUM!": "Check that the arguments are in the range that the function takes.",
    "#REF!": "Write the reference anew: what it named is gone.",
    "#VALUE!": "Check the types of the arguments; VALUE() makes a number of a text.",
    "#SPILL!": "Clear the cells that the result needs.",
    "#CALC!": "Give FILTER and its like something to answer when nothing is found.",
}
NOT_CALCULATED = "Excel calculates it when it opens the file; use other functions to see it here."


def told_unverified(
    values: Values, only: Collection[Address] | None = None, most: int = 5
) -> list[dict[str, str]]:
    """Cells whose value may not be what Excel shows, in groups of the same reason.

    :param only: the cells to look at; None for all
    :returns: at most ``most`` groups {"cells": "Sheet1!B2:B9, D4", "reason"}
    """
    groups: dict[str, list[Address]] = {}
    for address in values if only is None else only:
        computed = values.get(address)
        if computed is not None and computed.unverified:
            groups.setdefault(computed.unverified, []).append(address)
    largest = sorted(groups.items(), key=lambda item: -len(item[1]))
    told = [{"cells": ranges(cells), "reason": reason} for reason, cells in largest[:most]]
    rest = sum(len(cells) for _, cells in largest[most:])
    if rest:
        told.append({"cells": f"{rest} more", "reason": "various"})
    return told


def ranges(addresses: list[Address]) -> str:
    """Cells as ranges of rows in one column: "Sheet1!B2:B9, D4, Costs!A1"."""
    runs: list[tuple[str, int, int, int]] = []
    for title, row, column in sorted(addresses, key=lambda a: (a[0], a[2], a[1])):
        if runs and runs[-1][:2] == (title, column) and runs[-1][3] == row - 1:
            runs[-1] = (*runs[-1][:3], row)
        else:
            runs.append((title, column, row, row))
    texts, last = [], ""
    for title, column, first, end in runs[:_MOST_RANGES]:
        name = f"{get_column_letter(column)}{first}"
        name += f":{get_column_letter(column)}{end}" if end > first else ""
        texts.append(name if title == last else f"{title}!{name}")
        last = title
    if len(runs) > _MOST_RANGES:
        cells = sum(end - first + 1 for _, _, first, end in runs[_MOST_RANGES:])
        texts.append(f"and {cells} more")
    return ", ".join(texts)


def told_differences(found: list[Difference], most: int = 5) -> dict[str, object]:
    """What the answer to opening a file says about values that are not confirmed; {} for none."""
    if not found:
        return {}
    examples = [
        {
            "cell": name_of(one.cell),
            "formula": one.formula[:200],
            "in_file": shown(one.held),
            "computed": shown(one.computed.value),
        }
        for one in found[:most]
    ]
    return {
        "cells": len(found),
        "examples": examples,
        "hint": "The values that the file holds are shown until something they read changes.",
    }
