"""Formulas in plain words."""

from __future__ import annotations

import re

from service.workbook.calculation.expression import Node

_DEEPEST = 6
_OWN_ROW = re.compile(r"\w*\[(?:\[#This Row\],|@)\[?([^\[\]]+)\]?\]")
_COLUMN = re.compile(r"(\w+)\[([^\[\]#@]+)\]")
_OPERATORS = {
    "+": "{} plus {}",
    "-": "{} minus {}",
    "*": "{} times {}",
    "/": "{} divided by {}",
    "^": "{} to the power of {}",
    "&": "{} followed by {}",
    "=": "{} equals {}",
    "<>": "{} is not {}",
    "<": "{} is less than {}",
    ">": "{} is greater than {}",
    "<=": "{} is at most {}",
    ">=": "{} is at least {}",
    ":": "the cells from {} to {}",
}
_SIGNS = {
    "-": "minus {}",
    "+": "{}",
    "%": "{} percent",
    "@": "{} of the same row",
    "#": "all of {}",
}
# By the number of arguments; without a number for any of them, joined by "and".
_FUNCTIONS: dict[str, str] = {
    "SUM": "the sum of {all}",
    "AVERAGE": "the average of {all}",
    "COUNT": "how many numbers are in {all}",
    "COUNTA": "how many filled cells are in {all}",
    "COUNTBLANK": "how many blank cells are in {0}",
    "MAX": "the largest of {all}",
    "MIN": "the smallest of {all}",
    "MEDIAN": "the median of {all}",
    "PRODUCT": "the product of {all}",
    "ABS": "{0} without its sign",
    "ROUND": "{0} rounded to {1} decimals",
    "ROUNDUP": "{0} rounded up to {1} decimals",
    "ROUNDDOWN": "{0} cut to {1} decimals",
    "INT": "{0} rounded down to a whole number",
    "MOD": "what is left when {0} is divided by {1}",
    "SQRT": "the square root of {0}",
    "SUMIF/2": "the sum of the cells of {0} that fit {1}",
    "SUMIF": "the sum of {2} where {0} fits {1}",
    "COUNTIF": "how many cells of {0} fit {1}",
    "AVERAGEIF": "the average of {2} where {0} fits {1}",
    "SUMIFS": "the sum of {0} where {pairs}",
    "AVERAGEIFS": "the average of {0} where {pairs}",
    "MAXIFS": "the largest of {0} where {pairs}",
    "MINIFS": "the smallest of {0} where {pairs}",
    "COUNTIFS": "how many rows there are where {allpairs}",
    "SUMPRODUCT": "the sum, row by row, of the product of {all}",
    "IF/2": "if {0}, then {1}",
    "IF": "if {0}, then {1}, otherwise {2}",
    "IFERROR": "{0}, or {1} where that is an error",
    "IFNA": "{0}, or {1} where nothing is found",
    "AND": "all of these hold: {all}",
    "OR": "one of these holds: {all}",
    "NOT": "it is not so that {0}",
    "ISBLANK": "{0} is blank",
    "ISERROR": "{0} is an error",
    "ISNUMBER": "{0} is a number",
    "ISTEXT": "{0} is a text",
    "VLOOKUP": "look {0} up in the first column of {1} and take column {2}",
    "HLOOKUP": "look {0} up in the first row of {1} and take row {2}",
    "XLOOKUP": "look {0} up in {1} and take what stands there in {2}",
    "INDEX/2": "entry {1} of {0}",
    "INDEX": "row {1}, column {2} of {0}",
    "MATCH": "the position of {0} in {1}",
    "XMATCH": "the position of {0} in {1}",
    "TODAY": "today's date",
    "NOW": "the date and time of now",
    "YEAR": "the year of {0}",
    "MONTH": "the month of {0}",
    "DAY": "the day of {0}",
    "DATE": "the date of year {0}, month {1}, day {2}",
    "EOMONTH": "the last day of the month {1} months after {0}",
    "EDATE": "the date {1} months after {0}",
    "DAYS": "the days from {1} to {0}",
    "NETWORKDAYS": "the working days from {0} to {1}",
    "LEN": "the length of {0}",
    "LEFT": "the first {1} characters of {0}",
    "RIGHT": "the last {1} characters of {0}",
    "MID": "{2} characters of {0} from position {1} on",
    "TRIM": "{0} without needless spaces",
    "UPPER": "{0} in capitals",
    "LOWER": "{0} in small letters",
    "PROPER": "{0} with capitals at the beginnings of words",
    "CONCATENATE": "{all} one after the other",
    "CONCAT": "{all} one after the other",
    "TEXTJOIN": "the texts from the third argument on, joined by {0}",
    "TEXT": "{0} shown as {1}",
    "VALUE": "{0} as a number",
    "SUBSTITUTE": "{0} with {2} in place of {1}",
    "PMT": "the payment of a loan with the rate {0} over {1} periods for {2}",
    "RANK": "the rank of {0} among {1}",
    "LARGE": "number {1} among the largest of {0}",
    "SMALL": "number {1} among the smallest of {0}",
    "UNIQUE": "the different values of {0}",
    "FILTER": "the rows of {0} where {1}",
    "SORT": "{0} in order",
    "ROW": "the number of the row",
}

# What SUBTOTAL works out by its first argument; from 101 on without rows hidden by hand, too.
_TOTALS = {
    1: "AVERAGE",
    2: "COUNT",
    3: "COUNTA",
    4: "MAX",
    5: "MIN",
    6: "PRODUCT",
    9: "SUM",
}


def in_words(node: Node, depth: int = 0) -> str:
    """What a formula works out, in words; what is nested very deeply stays as it is written."""
    if depth > _DEEPEST:
        return node.text
    inner = [in_words(child, depth + 1) for child in node.children]
    if node.kind == "bracket":
        return f"({inner[0]})"
    if node.kind == "operator":
        form = _SIGNS[node.name] if len(inner) == 1 else _OPERATORS[node.name]
        return form.format(*inner)
    if node.kind == "call":
        return _called(node.name, inner)
    return _named(node.text) if node.kind == "name" else node.text


def _named(text: str) -> str:
    """A name, or a column of a table."""
    own = _OWN_ROW.fullmatch(text)
    if own:
        return f"{own[1]} of this row"
    column = _COLUMN.fullmatch(text)
    return f"the column {column[2]} of {column[1]}" if column else text


def _called(name: str, inner: list[str]) -> str:
    if name == "SUBTOTAL" and len(inner) > 1 and inner[0].isdecimal():
        worked_out = _TOTALS.get(int(inner[0]) % 100)
        if worked_out is not None:
            return f"{_called(worked_out, inner[1:])} (of the rows that show)"
    form = _FUNCTIONS.get(f"{name}/{len(inner)}") or _FUNCTIONS.get(name)
    together = _joined(inner)
    if form is not None:
        try:
            return form.format(
                *inner, all=together, pairs=_pairs(inner[1:]), allpairs=_pairs(inner)
            )
        except IndexError:
            pass  # an argument is left out that the words speak of
    return f"{name} of {together}" if inner else f"{name}()"


def _joined(parts: list[str]) -> str:
    parts = [part or "nothing" for part in parts]
    return ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else "".join(parts)


def _pairs(parts: list[str]) -> str:
    pairs = [f"{one} fits {two}" for one, two in zip(parts[::2], parts[1::2], strict=False)]
    return " and ".join(pairs)
