"""What a pivot table of a file shows, read from its parts.

Any pivot table can be described. To work one out anew all that it does has to be known, so a
design is read strictly: what this module does not know is refused by name.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from service.errors import InvalidParameters
from service.workbook.pivots import parts
from service.workbook.pivots.design import (
    DATE_UNITS,
    FUNCTIONS,
    NEXT,
    PREVIOUS,
    Design,
    Layout,
    Level,
    NumberGroups,
    Shown,
    Sort,
    label,
)
from service.workbook.pivots.files import Stored
from service.workbook.references.index import local
from service.workbook.texts import unescape

_AS = {name: ours for ours, name in (parts.SHOWN_AS | parts.SHOWN_AS_14).items()}
_KNOWN = frozenset(
    "location pivotFields rowFields rowItems colFields colItems pageFields dataFields "
    "pivotTableStyleInfo extLst".split()
)
_KNOWN_IN_FIELD = frozenset(("items", "autoSortScope", "extLst"))


class Reading:
    """A pivot table of a file, read.

    :param format_codes: codes of number formats by their number
    """

    def __init__(self, stored: Stored, format_codes: dict[int, str]) -> None:
        self.stored = stored
        self.root, self.cache = stored.root, stored.cache_root
        self._codes = format_codes
        self._fields = self.root.findall("{*}pivotFields/{*}pivotField")
        self._cached = self.cache.findall("{*}cacheFields/{*}cacheField")

    # What any pivot table can be asked ------------------------------------------

    @property
    def source(self) -> tuple[str, str]:
        """(sheet, range) or ("", name of a table or name); ("", "") where it is elsewhere."""
        found = self.cache.find("{*}cacheSource[@type='worksheet']/{*}worksheetSource")
        if found is None or any(str(name).endswith("}id") for name in found.attrib):
            return "", ""
        return _text(found, "sheet"), found.get("ref", "") or _text(found, "name")

    def _numbers(self, axis: str) -> list[int]:
        found = (int(item.get("x", "0")) for item in self.root.iterfind(f"{{*}}{axis}/{{*}}field"))
        return [number for number in found if number >= 0]

    def level(self, number: int) -> Level:
        """The level that a field of that number is."""
        element = self._cached[number]
        group, range_ = element.find("{*}fieldGroup"), element.find("{*}fieldGroup/{*}rangePr")
        if group is None or range_ is None:
            return Level(_text(element, "name"))
        name = _text(self._cached[int(group.get("base", number))], "name")
        by = range_.get("groupBy", "range")
        units = [unit for unit in (*DATE_UNITS, "range") if unit == by]
        return Level(name, units[0] if units else "range")

    @property
    def rows(self) -> tuple[Level, ...]:
        return tuple(map(self.level, self._numbers("rowFields")))

    @property
    def columns(self) -> tuple[Level, ...]:
        return tuple(map(self.level, self._numbers("colFields")))

    @property
    def filters(self) -> dict[Level, tuple[str, ...]]:
        """Filters above the table, and fields of which items are hidden."""
        found = {}
        for item in self.root.iterfind("{*}pageFields/{*}pageField"):
            number, chosen = int(item.get("fld", "0")), item.get("item")
            labels = self._labels(number)
            one = chosen is not None and int(chosen) < len(labels)
            found[self.level(number)] = (labels[int(chosen or 0)],) if one else self._shown(number)
        for number in self._numbers("rowFields") + self._numbers("colFields"):
            if shown := self._shown(number):
                found[self.level(number)] = shown
        return found

    def _items(self, number: int) -> list[etree._Element]:
        items = self._fields[number].findall("{*}items/{*}item")
        return [item for item in items if item.get("t", "data") == "data"]

    def _labels(self, number: int) -> list[str]:
        """The labels of a field's items, in the order in which they are shown."""
        element = self._cached[number]
        stored = element.find("{*}fieldGroup/{*}groupItems")
        stored = element.find("{*}sharedItems") if stored is None else stored
        texts = [] if stored is None else [_label(item) for item in stored]
        places = [int(item.get("x", "0")) for item in self._items(number)]
        return [texts[place] if place < len(texts) else "" for place in places]

    def _shown(self, number: int) -> tuple[str, ...]:
        """The labels of the items that are shown; () where none is hidden."""
        hidden = [item.get("h") in ("1", "true") for item in self._items(number)]
        pairs = zip(self._labels(number), hidden, strict=True)
        return tuple(text for text, away in pairs if not away) if any(hidden) else ()

    @property
    def values(self) -> tuple[Shown, ...]:
        return tuple(map(self._value, self.root.iterfind("{*}dataFields/{*}dataField")))

    def _value(self, item: etree._Element) -> Shown:
        newer = next(item.iter(f"{{{parts.X14}}}dataField"), None)
        way = newer.get("pivotShowAs", "") if newer is not None else ""
        way = way or item.get("showDataAs", "normal")
        base = int(item.get("baseField", "0"))
        show_as = _AS.get(way, "")
        has_base = show_as in ("percent_of", "difference", "percent_difference") or (
            "running" in show_as or "rank" in show_as
        )
        return Shown(
            field=_text(self._cached[int(item.get("fld", "0"))], "name"),
            function=item.get("subtotal", "sum"),  # type: ignore[arg-type]
            name=_text(item, "name"),
            number_format=self._codes.get(int(item.get("numFmtId", "0")), "General"),
            show_as=show_as,  # type: ignore[arg-type]
            base=self.level(base) if has_base and base < len(self._cached) else None,
            item=self._base_item(base, int(item.get("baseItem", "0")))
            if show_as in ("percent_of", "difference", "percent_difference")
            else "",
        )

    def _base_item(self, number: int, item: int) -> str:
        if item in (parts.PREVIOUS_ITEM, parts.NEXT_ITEM):
            return PREVIOUS if item == parts.PREVIOUS_ITEM else NEXT
        labels = self._labels(number)
        return labels[item] if item < len(labels) else ""

    @property
    def layout(self) -> Layout:
        numbers = self._numbers("rowFields") or self._numbers("colFields")
        if any(self._fields[n].get("outline", "1") in ("0", "false") for n in numbers):
            return "tabular"
        if any(self._fields[n].get("compact", "1") in ("0", "false") for n in numbers):
            return "outline"
        return "compact"

    # What can be worked out anew ------------------------------------------------

    def design(self) -> Design:
        """All of it.

        :raises InvalidParameters: naming what it has that only Excel can work out
        """
        problem = next(self._unknown(), "")
        if problem:
            raise InvalidParameters(
                f"The pivot table {self.stored.name} has {problem}, which only Excel can work out.",
                "Excel refreshes it with Data > Refresh All; or delete it and add a new one.",
            )
        style = self.root.find("{*}pivotTableStyleInfo")
        used = self._numbers("rowFields") + self._numbers("colFields")
        return Design(
            name=self.stored.name,
            rows=self.rows,
            columns=self.columns,
            values=self.values,
            filters=self.filters,
            ranges=dict(self._ranges()),
            sorts=dict(self._sorts()),
            subtotals=all(_true(self._fields[n].get("defaultSubtotal", "1")) for n in used),
            right_totals=_true(self.root.get("colGrandTotals", "1")),
            bottom_totals=_true(self.root.get("rowGrandTotals", "1")),
            layout=self.layout,
            repeat_labels=any(
                _true(item.get("fillDownLabels", "0"))
                for item in self.root.iter(f"{{{parts.X14}}}pivotField")
            ),
            style="" if style is None else style.get("name", ""),
        )

    def _unknown(self) -> Iterator[str]:
        if not self.source[1]:
            yield "a source outside of the workbook's cells"
        yield from (f"<{local(i)}>" for i in self.root if local(i) not in {*_KNOWN, ""})
        for item in self._cached:
            yield from _unknown_in_cache(item)
        for field in self._fields:
            yield from _unknown_in_field(field)
        rows = self.root.iterfind("{*}rowFields/{*}field")
        if any(int(item.get("x", "0")) == parts.VALUES_FIELD for item in rows):
            yield "its values in rows"
        for item in self.root.iterfind("{*}dataFields/{*}dataField"):
            if item.get("subtotal", "sum") not in FUNCTIONS:
                yield f"the function {item.get('subtotal')}"
        if not self._numbers("rowFields") or not self.values:
            yield "no rows or no values"

    def _ranges(self) -> Iterator[tuple[str, NumberGroups]]:
        for item in self._cached:
            by = item.find("{*}fieldGroup/{*}rangePr")
            if by is not None and by.get("groupBy", "range") == "range":
                start, end, step = (
                    float(by.get(name, "1")) for name in ("startNum", "endNum", "groupInterval")
                )
                yield _text(item, "name"), NumberGroups(start, end, step)

    def _sorts(self) -> Iterator[tuple[Level, Sort]]:
        names = [shown.name for shown in self.values]
        for number, field in enumerate(self._fields):
            if field.find("{*}items") is None:
                continue
            way = field.get("sortType", "manual")
            reference = field.find("{*}autoSortScope//{*}reference/{*}x")
            by = names[int(reference.get("v", "0"))] if reference is not None else ""
            if way == "manual":
                yield self.level(number), Sort(own=tuple(self._labels(number)))
            elif way == "descending" or by:
                yield self.level(number), Sort(way == "descending", by)


def _unknown_in_cache(item: etree._Element) -> Iterator[str]:
    grouped, by = item.find("{*}fieldGroup"), item.find("{*}fieldGroup/{*}rangePr")
    name = item.get("name")
    if item.get("formula"):
        yield f"the calculated field {name}"
    elif grouped is not None and by is None:
        yield f"groups made by hand in {name}"
    elif by is not None and by.get("groupBy", "range") not in (*DATE_UNITS, "range"):
        yield f"{name} grouped by {by.get('groupBy')}"


def _unknown_in_field(field: etree._Element) -> Iterator[str]:
    names = [local(item) for item in field if local(item) not in {*_KNOWN_IN_FIELD, ""}]
    yield from (f"<{name}> in a field" for name in names)
    kinds = {item.get("t", "data") for item in field.iter("{*}item")}
    yield from (f"subtotals of the kind {kind}" for kind in kinds - {"data", "default"})
    if field.get("name") and field.find("{*}items") is None:
        yield f"a field named {field.get('name')}"


def _label(item: etree._Element) -> str:
    """The label of an item as a cache stores it."""
    kind, text = local(item), _text(item, "v")
    if kind == "m":
        return label(None)
    if kind == "b":
        return label(_true(text))
    if kind == "d":
        return text.removesuffix("T00:00:00").replace("T", " ")
    return label(float(text)) if kind == "n" else text


def _text(item: etree._Element, name: str) -> str:
    return unescape(item.get(name, ""))


def _true(text: str) -> bool:
    return text in ("1", "true")
