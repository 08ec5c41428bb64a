"""How the numbers of a new column are shown, so that their points stand one under the other."""

from __future__ import annotations

import re
from collections.abc import Iterable

from openpyxl.cell.cell import Cell

from service.workbook.house import House

# Formulas whose result is a whole number, or no number at all.
_NO_DECIMALS = re.compile(
    r"=(YEAR|MONTH|DAY|DAYS|WEEKDAY|WEEKNUM|ISOWEEKNUM|HOUR|MINUTE|SECOND|COUNT[A-Z]*|ROWS?"
    r"|COLUMNS?|LEN|MATCH|XMATCH|FIND|SEARCH|RANK(\.EQ)?|QUOTIENT|INT)\("
)
# Headers of money, which has two decimals or none.
_MONEY = re.compile(
    r"[€$£¥]|(?<![^\W_])(EUR|USD|GBP|CHF|prices?|costs?|amounts?|revenues?|sales|turnover|budgets?"
    r"|salary|salaries|wages?|fees?|rent|net|gross|profits?|expenses?|income|payments?|balance"
    r"|\w*(preise?|kosten|betrag|beträge|umsatz|umsätze|miete|gehalt|gehälter|lohn|gebühr|gebühren)"
    r"|netto|brutto|einnahmen|ausgaben)(?![^\W_])",
    re.IGNORECASE,
)


def usual_decimals(numbers: Iterable[object], header: str) -> str:
    """The format in which numbers of at most two decimals stand one under the other, or "".

    More decimals are measured values: how many of them count nobody can tell.

    :param header: of their column; money has two decimals
    """
    places = 0
    for number in numbers:
        if not isinstance(number, float) or number.is_integer():
            continue
        if round(number, 2) != number:
            return ""
        places = max(places, 1 if round(number, 1) == number else 2)
    places = 2 if places and _MONEY.search(header) else places
    return f"#,##0.{'0' * places}" if places else ""


def has_decimals(numbers: Iterable[object], *, formulas: bool = False) -> bool:
    """Whether a column of these numbers holds amounts rather than counts, years and ids.

    :param formulas: whether it holds formulas, too; alone they count as amounts
    """
    found = [number for number in numbers if number is not None]
    return any(isinstance(n, float) and not n.is_integer() for n in found) or (
        formulas and not found
    )


def format_of_column(filled: list[Cell], header: str, house: House) -> str:
    """The format of a column's plain numbers; "" where they need none.

    :param filled: its cells that hold something
    """
    numbers = [c.value for c in filled if c.data_type == "n" and not has_format(c)]
    if not house.number_format:
        return usual_decimals(numbers, header)
    formulas = any(cell.data_type == "f" for cell in filled)
    return house.number_format if has_decimals(numbers, formulas=formulas) else ""


def has_format(cell: Cell) -> bool:
    """Whether a cell has a number format."""
    return bool(cell.has_style and cell._style.numFmtId)


def takes_decimals(cell: Cell) -> bool:
    """Whether a cell holds a number, or a formula that may give decimals."""
    if cell.data_type == "f":
        return not _NO_DECIMALS.match(str(cell.value).upper())
    return bool(cell.data_type == "n")
