"""From what a caller says to a design: names looked up in the source, or refused."""

from __future__ import annotations

import datetime as dt
import difflib
import math
import re
from collections.abc import Iterable
from dataclasses import replace

from openpyxl.utils import get_column_letter

from service.errors import InvalidParameters, InvalidValue, listed
from service.operations.pivots.asked import Asked, Label
from service.operations.pivots.values import pivot_values
from service.workbook.pivots.design import (
    DATE_UNITS,
    NEXT,
    PREVIOUS,
    Design,
    Level,
    NumberGroups,
    Shown,
    Sort,
    Source,
    Unit,
    Value,
    label,
)
from service.workbook.pivots.fields import Field, Fields, is_number, make_fields
from service.workbook.pivots.groups import MOST_GROUPS, number_ranges

_UNIT = r"(year|quarter|month|day)s?"
_BEFORE = re.compile(rf"^{_UNIT}\s*(?:\((.+)\)|of (.+))$", re.IGNORECASE)
_BEHIND = re.compile(rf"^(.+?)(?:\s*\({_UNIT}\)| by {_UNIT}|\s*:\s*{_UNIT})$", re.IGNORECASE)
_SORT = re.compile(r"^(?:by )?(.*?)[\s,]*\b(asc|ascending|desc|descending)$", re.IGNORECASE)
_STYLE = re.compile(r"^(?:pivotstyle)?\s*(light|medium|dark)\s*(\d{1,2})$", re.IGNORECASE)
_LAST_STYLE = 28
_RANGE_KEYS = ("from", "to", "by")
_MOST_NAME = 255
_MOST_FIELDS = 50


def resolved(asked: Asked, source: Source, name: str) -> tuple[Design, Fields]:
    """The design that is asked for, with its fields.

    :param name: the pivot table's
    :raises InvalidParameters: naming what the source does not have, or what can't be done
    """
    levels = _Levels(asked, source)
    rows, columns = levels.axis(asked.rows, "rows"), levels.axis(asked.columns, "columns")
    if not rows:
        raise InvalidParameters(
            "A pivot table needs at least one field in rows.",
            f"Columns of the source: {listed(list(source.names))}.",
        )
    filters = levels.filters()
    all_levels = (*rows, *columns, *(level for level in filters if level not in rows + columns))
    if len(all_levels) > _MOST_FIELDS or len(asked.values) > _MOST_FIELDS:
        raise InvalidParameters(
            f"{len(all_levels)} fields and {len(asked.values)} values; a pivot table takes at "
            f"most {_MOST_FIELDS} of each here.",
            "Choose those that matter.",
        )
    _refuse_twice(all_levels)
    _refuse_idle(asked, source, all_levels)
    options = asked.options
    totals = options.grand_totals or "both"
    design = Design(
        name=name,
        rows=rows,
        columns=columns,
        values=pivot_values(asked, source, rows, columns, levels.one),
        filters=dict.fromkeys(filters, ()),
        ranges=levels.ranges,
        subtotals=options.subtotals is not False,
        right_totals=totals in ("both", "right"),
        bottom_totals=totals in ("both", "bottom"),
        layout=options.layout or "compact",
        repeat_labels=bool(options.repeat_labels),
        style=_style(asked.style),
    )
    fields = make_fields(source, design)
    chosen = {level: _chosen(asked, fields.used[level], found) for level, found in filters.items()}
    design = replace(
        design,
        filters=chosen,
        sorts=_sorts(asked, levels, design, fields),
        values=tuple(_with_item(shown, fields) for shown in design.values),
    )
    return design, make_fields(source, design)


class _Levels:
    """Fields by the names that a caller gives them."""

    def __init__(self, asked: Asked, source: Source) -> None:
        self.asked, self.source = asked, source
        self.ranges: dict[str, NumberGroups] = {}
        self.units: dict[str, list[Unit]] = {}
        for text, wanted in (asked.options.group or {}).items():
            number = self._column(text, "group")
            self._group(number, wanted)

    def _column(self, text: str, where: str) -> int:
        number = self.source.column(text)
        if number < 0:
            names = list(self.source.names)
            near = difflib.get_close_matches(text, names, 1)
            meant = f' Did you mean "{near[0]}"?' if near else ""
            raise InvalidParameters(
                f'{where}: the source has no column "{text[:60]}".{meant}',
                f"Columns: {listed(names, 40)}.",
                {"columns": names},
            )
        return number

    def _group(self, number: int, wanted: str | list[str] | dict[str, float]) -> None:
        name = self.source.names[number]
        if isinstance(wanted, dict):
            self.ranges[name] = self._number_groups(number, wanted)
            return
        texts = [wanted] if isinstance(wanted, str) else wanted
        units = {_unit(text) for text in texts}
        self._check_dates(number)
        self.units[name] = [unit for unit in DATE_UNITS if unit in units]

    def _number_groups(self, number: int, wanted: dict[str, float]) -> NumberGroups:
        name, values = self.source.names[number], self.source.columns[number]
        for key in wanted:
            if key not in _RANGE_KEYS:
                raise InvalidParameters(
                    f'group: {name} has "{key[:40]}"; numbers go {listed([*_RANGE_KEYS])}.',
                    'Such as {"from": 0, "to": 100, "by": 10}.',
                )
        self._check_all(number, is_number, "numbers")
        found = [float(value) for value in values if is_number(value)]
        odd = not all(map(math.isfinite, wanted.values())) or wanted.get("by", 1) <= 0
        if odd or wanted.get("to", math.inf) <= wanted.get("from", -math.inf):
            raise InvalidParameters(
                f"group: {name} can't go {wanted}.", "by is above 0, and to is above from."
            )
        ranges = number_ranges(min(found), max(found), wanted)
        count = (ranges.end - ranges.start) / ranges.step
        if not 0 < count <= MOST_GROUPS:
            raise InvalidParameters(
                f"group: {name} from {ranges.start:g} to {ranges.end:g} by {ranges.step:g} makes "
                f"{max(count, 0):,.0f} groups; 1 to {MOST_GROUPS:,} are possible.",
                "Choose another step.",
            )
        return ranges

    def _check_dates(self, number: int) -> None:
        self._check_all(number, lambda value: isinstance(value, dt.datetime), "dates")

    def _check_all(self, number: int, fits: object, what: str) -> None:
        assert callable(fits)
        for row, value in enumerate(self.source.columns[number], self.source.area.first_row + 1):
            if not fits(value):
                letter = get_column_letter(self.source.area.first_column + number)
                raise InvalidParameters(
                    f"{self.source.names[number]} can't be grouped: {self.source.sheet}!{letter}"
                    f"{row} is {label(value)}, and all cells must be {what}.",
                    f"Correct the cells that are no {what}, or use the field without groups.",
                )

    def named(self, text: str, where: str) -> tuple[Level, ...]:
        """The levels of a field's name; several where it is grouped by several units."""
        number = self.source.column(text)
        if number < 0:
            before, behind = _BEFORE.match(text.strip()), _BEHIND.match(text.strip())
            if before is not None or behind is not None:
                return (self._grouped(before, behind, where),)
            number = self._column(text, where)
        name = self.source.names[number]
        if name in self.ranges:
            return (Level(name, "range"),)
        return tuple(Level(name, unit) for unit in self.units.get(name, [])) or (Level(name),)

    def _grouped(
        self, before: re.Match[str] | None, behind: re.Match[str] | None, where: str
    ) -> Level:
        found = [part for part in (before or behind).groups() if part]  # type: ignore[union-attr]
        unit, text = (found[0], found[1]) if before else (found[1], found[0])
        number = self._column(text, where)
        self._check_dates(number)
        return Level(self.source.names[number], _unit(unit))

    def one(self, text: str, where: str) -> Level:
        """The one level of a name."""
        return self.named(text, where)[-1]

    def axis(self, texts: list[str], where: str) -> tuple[Level, ...]:
        """The levels of rows or columns."""
        return tuple(level for text in texts for level in self.named(text, where))

    def filters(self) -> dict[Level, list[Label]]:
        """What filters are asked for, by level."""
        given = self.asked.options.filters or {}
        if isinstance(given, list):
            given = {text: [] for text in given}
        found: dict[Level, list[Label]] = {}
        for text, items in given.items():
            levels = self.named(text, "filters")
            if len(levels) > 1 and items != []:
                raise InvalidParameters(
                    f"filters: {text} is grouped by {listed([level.unit for level in levels])}.",
                    f'Name one of them, such as "{levels[0].caption}".',
                )
            for level in levels:
                found[level] = items if isinstance(items, list) else [items]
        return found


def _unit(text: str) -> Unit:
    wanted = text.strip().lower().rstrip("s") + "s"
    for unit in DATE_UNITS:
        if unit == wanted:
            return unit
    raise InvalidParameters(
        f'group: "{text[:40]}" is no way to group dates.',
        f"Dates are grouped by {listed([*DATE_UNITS])}.",
    )


def _refuse_twice(levels: Iterable[Level]) -> None:
    seen: set[Level] = set()
    for level in levels:
        if level in seen:
            raise InvalidParameters(
                f"{level.caption} is used twice in rows, columns and filters.",
                "A field stands at one place; it may also be one of the values.",
            )
        seen.add(level)
    for level in seen:
        if level.unit and Level(level.field) in seen:
            raise InvalidParameters(
                f"{level.field} is used both as it is and as {level.caption}.",
                "Excel has a field either grouped or not: name it grouped everywhere.",
            )


def _refuse_idle(asked: Asked, source: Source, levels: tuple[Level, ...]) -> None:
    """Refuse what would have no effect."""
    used = {level.field for level in levels}
    for text in asked.options.group or {}:
        name = source.names[source.column(text)]
        if name not in used and asked.strict:
            raise InvalidParameters(
                f"group: {name} is in no rows, columns or filters.", "Put it there as well."
            )
    if asked.options.repeat_labels and (asked.options.layout or "compact") == "compact":
        raise InvalidParameters(
            "repeat_labels has no effect in the compact layout, which has one column of labels.",
            'Choose the layout "tabular" or "outline".',
        )


# Items ------------------------------------------------------------------------


def _chosen(asked: Asked, used: Field, items: list[Label]) -> tuple[str, ...]:
    """The labels of the items that a filter lets through; () for all."""
    found = []
    for item in items:
        place = _find(used, item)
        if place is not None:
            found.append(label(used.items[place]))
        elif asked.strict:
            there = [label(used.items[n]) for n in used.present]
            raise InvalidParameters(
                f'filters: {used.level.caption} has no item "{str(item)[:60]}".',
                f"Items: {listed(there, 20)}.",
            )
        else:
            asked.notes.append(f"{used.level.caption} has no item {item} any more.")
    if set(found) >= {label(used.items[n]) for n in used.present}:
        return ()
    return tuple(dict.fromkeys(found))


def _find(used: Field, item: Label | Value) -> int | None:
    text = label(item)
    found = used.find(text)
    if found is None and used.level.unit == "months":
        found = used.find(text[:3])
    if found is None and used.level.unit == "quarters":
        found = used.find(f"Qtr{text[-1:]}")
    return found


def _with_item(shown: Shown, fields: Fields) -> Shown:
    if shown.base is None or not shown.item or shown.item in (PREVIOUS, NEXT):
        return shown
    used = fields.used[shown.base]
    place = _find(used, shown.item)
    if place is None:
        there = [label(used.items[n]) for n in used.present]
        raise InvalidParameters(
            f'base_item: {used.level.caption} has no item "{shown.item[:60]}".',
            f'Items: {listed(there, 20)}, or "{PREVIOUS}" and "{NEXT}".',
        )
    return replace(shown, item=label(used.items[place]))


def _sorts(asked: Asked, levels: _Levels, design: Design, fields: Fields) -> dict[Level, Sort]:
    found = {}
    for text, wanted in (asked.options.sort or {}).items():
        for level in levels.named(text, "sort"):
            if level not in fields.used:
                if not asked.strict:
                    continue
                raise InvalidParameters(
                    f"sort: {level.caption} is in no rows, columns or filters.",
                    f"Fields there: {listed([item.caption for item in design.levels])}.",
                )
            sort = (
                _own_order(asked, wanted, fields.used[level])
                if isinstance(wanted, list)
                else _sort(wanted, design)
            )
            if sort != Sort():
                found[level] = sort
    return found


def _own_order(asked: Asked, wanted: list[Label], used: Field) -> Sort:
    places = [_find(used, item) for item in wanted]
    for item, place in zip(wanted, places, strict=True):
        if place is None and asked.strict:
            there = [label(used.items[n]) for n in used.present]
            raise InvalidParameters(
                f'sort: {used.level.caption} has no item "{str(item)[:60]}".',
                f"Items: {listed(there, 20)}.",
            )
    own = [label(used.items[place]) for place in places if place is not None]
    rest = [label(used.items[place]) for place in used.order]
    return Sort(own=tuple(dict.fromkeys([*own, *rest])))


def _sort(text: str, design: Design) -> Sort:
    match = _SORT.match(text.strip())
    by, way = match.groups() if match else (text.strip(), "ascending")
    if not by:
        return Sort(way.lower().startswith("desc"))
    by = by.removeprefix("by ").strip()
    fits = [
        s.name for s in design.values if by.casefold() in (s.name.casefold(), s.field.casefold())
    ]
    names = [shown.name for shown in design.values]
    if not fits:
        raise InvalidParameters(
            f'sort: "{text[:60]}" names no value.',
            f'Say "ascending" or "descending", alone or after one of {listed(names)}.',
        )
    return Sort(way.lower().startswith("desc"), fits[0])


# Style and name ----------------------------------------------------------------


def _style(text: str) -> str:
    if text.strip().lower() == "none":
        return ""
    match = _STYLE.match(text.strip())
    if match is None or not 1 <= int(match.group(2)) <= _LAST_STYLE:
        raise InvalidParameters(
            f'style: "{text[:40]}" is no style of a pivot table.',
            f'"light 1" to "light {_LAST_STYLE}", the same with medium and dark, or none.',
        )
    return f"PivotStyle{match.group(1).title()}{int(match.group(2))}"


def check_name(name: str, taken: list[str]) -> str:
    """A name for a pivot table: the one that is wanted, or the next free one.

    :raises InvalidValue: if Excel does not take it
    """
    folded = {other.casefold() for other in taken}
    if not name.strip():
        number = 1
        while f"pivottable{number}" in folded:
            number += 1
        return f"PivotTable{number}"
    if len(name) > _MOST_NAME or not name.isprintable() or name.strip().casefold() in folded:
        why = "exists already" if name.strip().casefold() in folded else "can't be used"
        raise InvalidValue(
            f'The name "{name[:60]}" of the pivot table {why}.',
            f"Choose another name. Taken: {listed(taken) or 'none'}.",
        )
    return name.strip()
