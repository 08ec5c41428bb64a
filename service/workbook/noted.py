"""Results of formulas as an operation read them, kept so that its replay reads the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from openpyxl.utils import get_column_letter

from service.workbook.areas import parse_cell
from service.workbook.calculation.results import Address, Computed, Values, serial_number


class Noted(Mapping[Address, Computed]):
    """Values of a workbook's formulas, of which those that are looked at are noted.

    :param work_out: the values as they are now; called once, when one is needed that is not
        ``known``
    :param known: what was noted before: it counts
    """

    def __init__(self, work_out: Callable[[], Values], known: dict[Address, Computed]) -> None:
        self.known = known
        self._work_out = work_out
        self._values: Values | None = None

    def __getitem__(self, address: Address) -> Computed:
        if address not in self.known:
            self.known[address] = self._all[address]
        return self.known[address]

    def __iter__(self) -> Iterator[Address]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    @property
    def _all(self) -> Values:
        if self._values is None:
            self._values = self._work_out()
        return self._values


def as_json(noted: Mapping[Address, Computed], epoch: dt.datetime) -> dict[str, Any]:
    """What was noted, by sheet and cell; a value that is not known is an object with the reason."""
    found: dict[str, dict[str, Any]] = {}
    for (title, row, column), computed in noted.items():
        value = serial_number(computed.value, epoch)
        plain = value if value is None or isinstance(value, bool | int | float) else str(value)
        sheet = found.setdefault(title, {})
        sheet[f"{get_column_letter(column)}{row}"] = (
            {"unknown": computed.unknown} if computed.unknown else plain
        )
    return found


def from_json(noted: Mapping[str, Mapping[str, Any]]) -> dict[Address, Computed]:
    """The reverse of :func:`as_json`."""
    return {
        (title, *parse_cell(name)): Computed(unknown=value["unknown"])
        if isinstance(value, dict)
        else Computed(value)
        for title, sheet in noted.items()
        for name, value in sheet.items()
    }
