"""Filters of tables: what is asked for, how a file has it, and which rows it leaves."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from openpyxl.worksheet.filters import (
    AutoFilter,
    CustomFilter,
    CustomFilters,
    DateGroupItem,
    FilterColumn,
    Filters,
)

from service.errors import InvalidParameters
from service.workbook.book import Book
from service.workbook.calculation.results import serial_number
from service.workbook.rules.formulas import moment, number
from service.workbook.tables.view import View

_COMPARED = re.compile(r"^\s*(>=|<=|<>|!=|=|>|<)\s*(.*)$", re.DOTALL)
_TEXTS = re.compile(
    r"^\s*(not contains|does not contain|contains|begins with|starts with|ends with)\s+(.+)$",
    re.IGNORECASE | re.DOTALL,
)
_WORDS = {
    "=": "equal", "<>": "notEqual", "!=": "notEqual", ">": "greaterThan", "<": "lessThan",
    ">=": "greaterThanOrEqual", "<=": "lessThanOrEqual",
}  # fmt: skip
_SIGNS = {"equal": "=", "notEqual": "<>"} | {
    word: sign for sign, word in _WORDS.items() if sign[0] in "<>" and sign != "<>"
}
_PATTERNS = {
    "contains": "*{}*", "begins": "{}*", "starts": "{}*", "ends": "*{}", "not": "*{}*",
    "does": "*{}*",
}  # fmt: skip


@dataclass
class Test:
    """One criterion as a file has it: an operator, and a text with wildcards or a number."""

    operator: str
    text: str

    def holds(self, value: object, epoch: dt.datetime) -> bool:
        """Whether a cell's value fits."""
        plain = serial_number(value, epoch)
        try:
            limit = float(self.text)
        except ValueError:
            return self._text_holds(value)
        if not isinstance(plain, int | float) or isinstance(plain, bool):
            return self.operator == "notEqual"
        return {
            "equal": plain == limit, "notEqual": plain != limit, "greaterThan": plain > limit,
            "lessThan": plain < limit, "greaterThanOrEqual": plain >= limit,
            "lessThanOrEqual": plain <= limit,
        }[self.operator]  # fmt: skip

    def _text_holds(self, value: object) -> bool:
        shown = "" if value is None else str(value)
        if self.operator in ("equal", "notEqual"):
            found = bool(_pattern(self.text).fullmatch(shown)) if self.text.strip() else not shown
            return found == (self.operator == "equal")
        low, limit = shown.lower(), self.text.lower()
        return bool(shown) and {
            "greaterThan": low > limit, "lessThan": low < limit,
            "greaterThanOrEqual": low >= limit, "lessThanOrEqual": low <= limit,
        }[self.operator]  # fmt: skip


def _pattern(text: str) -> re.Pattern[str]:
    parts = re.split(r"(~[*?~]|\*|\?)", text)
    known = {"*": ".*", "?": "."}
    pieces = [known.get(p) or re.escape(p[1:] if re.match("~[*?~]", p) else p) for p in parts]
    return re.compile("".join(pieces), re.IGNORECASE | re.DOTALL)


def criteria(view: View, place: int, asked: Any, epoch: dt.datetime) -> FilterColumn | None:
    """A column's filter as a file has it; None where its filter is to go.

    :param asked: values, a comparison such as ">100", two of them, "contains late", "blanks"
    :raises InvalidParameters: if that can't be told to Excel
    """
    if asked is None or asked == []:
        return None
    items = asked if isinstance(asked, list) else [asked]
    tests = [_test(item, epoch) for item in items]
    found = FilterColumn(colId=place)
    if all(test is None for test in tests):
        found.filters = _values(items, epoch)
        return found
    if any(test is None for test in tests) or len(tests) > 2:
        raise InvalidParameters(
            f"filters of {view.names[place]}: Excel takes either values or at most two "
            "comparisons, which both have to hold.",
            'Send ["late", "open"], ">100", or [">=10", "<50"].',
        )
    rules = [CustomFilter(test.operator, test.text) for test in tests if test]
    found.customFilters = CustomFilters(_and=len(rules) > 1 or None, customFilter=rules)
    return found


def _test(item: Any, epoch: dt.datetime) -> Test | None:
    """A comparison; None for a value."""
    if not isinstance(item, str):
        return None
    plain = item.strip().lower()
    if plain in ("no blanks", "not blank", "non-blanks", "not blanks"):
        return Test("notEqual", " ")
    match = _TEXTS.match(item)
    if match:
        words = match[1].lower().split()
        escaped = re.sub(r"([~*?])", r"~\1", match[2].strip())
        operator = "notEqual" if words[0] in ("not", "does") else "equal"
        return Test(operator, _PATTERNS[words[0]].format(escaped))
    match = _COMPARED.match(item)
    if not match:
        return None
    serial = moment(match[2].strip(), epoch)
    return Test(_WORDS[match[1]], number(serial) if serial is not None else match[2].strip())


def _values(items: list[Any], epoch: dt.datetime) -> Filters:
    found = Filters()
    for item in items:
        text = _shown(item)
        if text.lower() in ("", "blanks", "(blanks)"):
            found.blank = True
        elif moment(text, epoch) is not None and "-" in text:
            day = dt.date.fromisoformat(text[:10])
            found.dateGroupItem.append(
                DateGroupItem(year=day.year, month=day.month, day=day.day, dateTimeGrouping="day")
            )
        else:
            found.filter.append(text)
    return found


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return number(value)
    return str(value)


def fits(view: View, column: FilterColumn, epoch: dt.datetime) -> Callable[[object], bool]:
    """Whether a value passes a column's filter.

    :raises InvalidParameters: for filters by colour, icon or what the clock says
    """
    if column.customFilters is not None:
        tests = [Test(item.operator, str(item.val)) for item in column.customFilters.customFilter]
        both = bool(column.customFilters._and)
        return lambda value: (all if both else any)(test.holds(value, epoch) for test in tests)
    if column.filters is not None:
        return _listed_values(column.filters)
    raise InvalidParameters(
        f"The column {view.names[column.colId]} of {view.name} has a filter by colour, icon, rank "
        "or date, which is kept but not worked out here.",
        f'Take it away first: filters {{"{view.names[column.colId]}": null}}.',
    )


def _listed_values(filters: Filters) -> Callable[[object], bool]:
    texts = {str(item).strip().lower() for item in filters.filter}
    days = [(item.year, item.month, item.day) for item in filters.dateGroupItem]

    def holds(value: object) -> bool:
        if value is None or value == "":
            return bool(filters.blank)
        if isinstance(value, dt.date):
            parts = (value.year, value.month, value.day)
            return any(
                all(a is None or a == b for a, b in zip(day, parts, strict=True)) for day in days
            )
        return _shown(value).strip().lower() in texts

    return holds


def apply(book: Book, view: View, columns: list[FilterColumn]) -> tuple[set[int], set[int]]:
    """(rows that the filters hide, all rows of data) if the table has these filters.

    :raises InvalidParameters: if one of them can't be worked out
    """
    tests = [(c.colId, fits(view, c, book.xl.epoch)) for c in columns if _filters(c)]
    data = view.data
    rows = set(range(data.first_row, data.last_row + 1))
    hidden = set()
    for row in rows:
        for place, test in tests:
            cell = book.cell(view.sheet, row, data.first_column + place)
            if not test(book.value(cell) if cell is not None else None):
                hidden.add(row)
                break
    return hidden, rows


def _filters(column: FilterColumn) -> bool:
    """Whether it has a criterion, and not just no button."""
    kinds = ("filters", "top10", "customFilters", "dynamicFilter", "colorFilter", "iconFilter")
    return any(getattr(column, kind) is not None for kind in kinds)


def is_filtered(view: View) -> bool:
    """Whether any column of the table has a criterion."""
    found = view.table.autoFilter
    return found is not None and any(map(_filters, found.filterColumn))


def filter_of(view: View) -> AutoFilter:
    """The table's filter, made where it has none."""
    if view.table.autoFilter is None:
        view.table.autoFilter = AutoFilter()
        view.set_area(view.area)
    return view.table.autoFilter


def told(view: View) -> dict[str, Any]:
    """The filters of a table by column, in the words that ask for them."""
    found: dict[str, Any] = {}
    columns = view.table.autoFilter.filterColumn if view.table.autoFilter is not None else []
    for column in columns:
        name = view.names[column.colId]
        if column.customFilters is not None:
            items = [
                f"{_SIGNS[item.operator]}{item.val}" for item in column.customFilters.customFilter
            ]
            found[name] = items if len(items) > 1 else items[0]
        elif column.filters is not None:
            days = [
                "-".join(
                    f"{int(part):02d}" for part in (i.year, i.month, i.day) if part is not None
                )
                for i in column.filters.dateGroupItem
            ]
            blanks = ["blanks"] if column.filters.blank else []
            found[name] = [*map(str, column.filters.filter), *days, *blanks]
        elif _filters(column):
            found[name] = "other"
    return found
