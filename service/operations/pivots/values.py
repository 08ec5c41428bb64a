"""The values of a pivot table: functions, names, number formats, what they are shown as."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from service.errors import InvalidParameters, listed
from service.operations.pivots.asked import Asked, PivotValue
from service.workbook.foreign.summaries import SUMMARIES
from service.workbook.number_formats import number_format_code
from service.workbook.pivots.design import (
    FUNCTIONS,
    NEXT,
    PREVIOUS,
    WITH_BASE,
    WITH_ITEM,
    Function,
    Level,
    Shown,
    Source,
)
from service.workbook.pivots.fields import is_number

Find: TypeAlias = Callable[[str, str], Level]
_TITLES: dict[Function, str] = {
    "sum": "Sum",
    "count": "Count",
    "average": "Average",
    "min": "Min",
    "max": "Max",
    "product": "Product",
    "countNums": "Count of numbers",
    "stdDev": "StdDev",
    "stdDevp": "StdDevp",
    "var": "Var",
    "varp": "Varp",
}
_OTHER_NAMES: dict[str, Function] = {
    "total": "sum",
    "mean": "average",
    "avg": "average",
    "minimum": "min",
    "maximum": "max",
    "counta": "count",
    "countnumbers": "countNums",
    "stdev": "stdDev",
    "std": "stdDev",
    "stdevp": "stdDevp",
    "variance": "var",
    **SUMMARIES,
}
_OF = re.compile(r"^(.+?) of (.+)$|^(\w+)\((.+)\)$", re.IGNORECASE)
_VON = re.compile(r"^(\w+) (?:(?:von|der|des|de) |d['’])(.+)$", re.IGNORECASE)
_DISTINCT = re.compile(r"distinct|unique", re.IGNORECASE)
_MOST = 255
_DECIMALS = "#,##0.00"


def pivot_values(
    asked: Asked,
    source: Source,
    rows: tuple[Level, ...],
    columns: tuple[Level, ...],
    find: Find,
) -> tuple[Shown, ...]:
    """The values that are asked for.

    :param find: the level of a field's name
    :raises InvalidParameters: naming what can't be shown, with what can
    """
    if not asked.values:
        raise InvalidParameters(
            "A pivot table needs at least one field in values.",
            f'Such as ["Amount"] or [{{"field": "Amount", "function": "average"}}]. '
            f"Columns: {listed(list(source.names))}.",
        )
    found: list[Shown] = []
    for item in asked.values:
        value = _of_text(item, source) if isinstance(item, str) else item
        shown = _shown(value, source, rows, columns, find, found)
        if shown.number_format == _DECIMALS and not value.number_format:
            shown = replace(shown, number_format=asked.decimals)
        found.append(shown)
    return tuple(found)


def _of_text(text: str, source: Source) -> PivotValue:
    """ "Amount", "Average of Amount", "average(Amount)" or "Mittelwert von Amount"."""
    match = None if source.column(text) >= 0 else _OF.match(text.strip())
    if match is None:
        other = None if source.column(text) >= 0 else _VON.match(text.strip())
        if other and (_plain(other[1]) in _OTHER_NAMES or other[1].lower() in ("min", "max")):
            return PivotValue(field=other[2], function=other[1])
        return PivotValue(field=text)
    before, name, called, inside = match.groups()
    return PivotValue(field=name or inside, function=before or called)


def _shown(
    value: PivotValue,
    source: Source,
    rows: tuple[Level, ...],
    columns: tuple[Level, ...],
    find: Find,
    others: list[Shown],
) -> Shown:
    number = source.column(value.field)
    if number < 0:
        raise InvalidParameters(
            f'values: the source has no column "{value.field[:60]}".',
            f"Columns: {listed(list(source.names), 40)}.",
        )
    function = _function(value.function, source, number)
    show_as, base = value.show_as, None
    if show_as in WITH_BASE:
        base = find(value.base_field, "base_field") if value.base_field else rows[-1]
        if base not in rows + columns:
            raise InvalidParameters(
                f"base_field: {base.caption} is neither in rows nor in columns.",
                f"Fields there: {listed([level.caption for level in rows + columns])}.",
            )
    _refuse_idle(value)
    return Shown(
        field=source.names[number],
        function=function,
        name=_name(value, source, function, source.names[number], others),
        number_format=_number_format(value, source, function, number),
        show_as=show_as,
        base=base,
        item=_item(value) if show_as in WITH_ITEM else "",
    )


def _item(value: PivotValue) -> str:
    text = value.base_item.strip()
    return {"": PREVIOUS, "previous": PREVIOUS, "next": NEXT}.get(text.lower().strip("()"), text)


def _refuse_idle(value: PivotValue) -> None:
    if value.base_field and value.show_as not in WITH_BASE:
        raise InvalidParameters(
            f'base_field has no effect on "{value.show_as or "figures as they are"}".',
            f"It goes with show_as {listed(sorted(WITH_BASE))}.",
        )
    if value.base_item and value.show_as not in WITH_ITEM:
        raise InvalidParameters(
            f'base_item has no effect on "{value.show_as or "figures as they are"}".',
            f"It goes with show_as {listed(sorted(WITH_ITEM))}.",
        )


def _function(text: str, source: Source, number: int) -> Function:
    if not text.strip():
        values = [value for value in source.columns[number] if value is not None]
        return "sum" if values and all(is_number(value) for value in values) else "count"
    if _DISTINCT.search(text):
        raise InvalidParameters(
            f'values: "{text[:40]}" needs Excel\'s data model, which a pivot table made here '
            "does not have.",
            "Count distinct values with query_excel_data, or add a column to the source that is "
            "1 at the first occurrence of each value, and sum it.",
        )
    wanted = _plain(text)
    for function in _TITLES:
        if function.lower() == wanted:
            return function
    if wanted not in _OTHER_NAMES:
        raise InvalidParameters(
            f'values: "{text[:40]}" is no function of a pivot table.',
            f"Functions: {listed([*FUNCTIONS])}.",
        )
    return _OTHER_NAMES[wanted]


def _plain(function: str) -> str:
    return re.sub(r"[\s_-]", "", function).lower()


def _name(
    value: PivotValue, source: Source, function: Function, column: str, others: list[Shown]
) -> str:
    taken = {other.name.casefold() for other in others}
    if not value.name.strip():
        shown = f" ({value.show_as.replace('_', ' ')})" if value.show_as else ""
        base = name = f"{_TITLES[function]} of {column}{shown}"
        number = 2
        while name.casefold() in taken or source.column(name) >= 0:
            name, number = f"{base}{number}", number + 1
        return name
    name = value.name.strip()
    if source.column(name) >= 0 or name.casefold() in taken or len(name) > _MOST:
        why = "is a column of the source" if source.column(name) >= 0 else "can't be used twice"
        raise InvalidParameters(
            f'values: the name "{name[:60]}" {why}, which Excel does not allow.',
            f'Choose another, such as "Total {name[:60]}".',
        )
    return name


def _number_format(value: PivotValue, source: Source, function: Function, number: int) -> str:
    """What is asked for, else as the column is formatted, else what fits the figures."""
    if value.number_format.strip():
        return number_format_code(value.number_format)
    if value.show_as.startswith("rank"):
        return "0"
    if "percent" in value.show_as:
        return "0.00%"
    if function in ("count", "countNums"):
        return "#,##0"
    own = source.formats[number]
    if own != "General" and function in ("sum", "average", "min", "max", "stdDev", "stdDevp"):
        return own
    values = source.columns[number]
    whole = all(float(v).is_integer() for v in values if is_number(v))
    moments = any(isinstance(v, dt.datetime) for v in values)
    simple = function in ("sum", "min", "max", "product") and value.show_as != "index"
    return "#,##0" if whole and simple and not moments else _DECIMALS
