"""The parts of a pivot table in a file: its cache, its records, and itself.

Source: ECMA-376 part 1, 18.10; [MS-XLSX] 2.6 for what came to it in Excel 2010.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from xml.sax.saxutils import escape as escape_xml

from lxml import etree

from service.workbook.areas import Area
from service.workbook.package.opc import OFFICE
from service.workbook.pivots.design import (
    NEXT,
    PREVIOUS,
    Design,
    Level,
    Shown,
    Source,
    Value,
    Wrong,
)
from service.workbook.pivots.fields import Column, Field, Fields, is_number
from service.workbook.pivots.layout import COLUMN_LABELS, Laid, Line, row_caption
from service.workbook.texts import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
X14 = "http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"
TABLE_EXT = "{962EF5D1-5CA2-4c93-8EF4-DBF5C05439D2}"
FIELD_EXT = "{2946ED86-A175-432a-8AC1-64E0C546D7DE}"
DATA_EXT = "{E15A36E0-9728-4e99-A89B-3F7291B0FE68}"
VALUES_FIELD = -2
VALUES_REFERENCE = "4294967294"  # the same, where no sign is allowed
PREVIOUS_ITEM, NEXT_ITEM = 1048828, 1048829
SHOWN_AS = {
    "percent_of_total": "percentOfTotal",
    "percent_of_row": "percentOfRow",
    "percent_of_column": "percentOfCol",
    "percent_of": "percent",
    "difference": "difference",
    "percent_difference": "percentDiff",
    "running_total": "runTotal",
    "index": "index",
}
SHOWN_AS_14 = {
    "percent_of_parent_row": "percentOfParentRow",
    "percent_of_parent_column": "percentOfParentCol",
    "percent_running_total": "percentOfRunningTotal",
    "rank_ascending": "rankAscending",
    "rank_descending": "rankDescending",
}
_LONG = 255  # characters
_IN_QUOTES = {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_VERSION = "6"

FormatId = Callable[[str], int]


def _element(parent: etree._Element | None, name: str, /, **attributes: object) -> etree._Element:
    found = {key: _text(value) for key, value in attributes.items() if value is not None}
    if parent is None:
        return etree.Element(f"{{{MAIN}}}{name}", found, nsmap={None: MAIN, "r": OFFICE})  # type: ignore[dict-item]
    return etree.SubElement(parent, f"{{{MAIN}}}{name}", found)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, dt.datetime):
        return value.replace(microsecond=0).isoformat()
    return f"{value:.17g}" if isinstance(value, float) else escape(str(value))


def _extension(parent: etree._Element, uri: str, name: str, **attributes: str) -> None:
    extensions = _element(parent, "extLst")
    ext = etree.SubElement(extensions, f"{{{MAIN}}}ext", {"uri": uri}, nsmap={"x14": X14})
    etree.SubElement(ext, f"{{{X14}}}{name}", attributes)


# The cache --------------------------------------------------------------------


def cache_definition(
    source: Source, fields: Fields, format_id: FormatId, records_id: str
) -> etree._Element:
    """What the pivot table knows of its source. Excel refreshes it on opening."""
    root = _element(
        None, "pivotCacheDefinition", refreshOnLoad=True, createdVersion=_VERSION,
        refreshedVersion=_VERSION, minRefreshableVersion="3", recordCount=source.records,
    )  # fmt: skip
    root.set(f"{{{OFFICE}}}id", records_id)
    place = _element(root, "cacheSource", type="worksheet")
    if source.table:
        _element(place, "worksheetSource", name=source.table)
    else:
        _element(place, "worksheetSource", ref=source.area, sheet=source.sheet)
    all_fields = _element(root, "cacheFields", count=len(fields.columns) + len(fields.extra))
    for number, column in enumerate(fields.columns):
        element = _element(
            all_fields, "cacheField", name=column.name, numFmtId=format_id(column.number_format)
        )
        used = fields.at(number)
        _shared_items(element, column, listed=is_listed(column, used))
        if used is not None and used.group is not None:
            _group(element, used, number, fields.parent(number))
    for item in fields.extra:
        element = _element(
            all_fields, "cacheField", name=item.level.caption, numFmtId=0, databaseField=False
        )
        _group(element, item, item.column, None)
    return root


def is_listed(column: Column, used: Field | None) -> bool:
    """Whether the values of a column stand in a list, and the records name them by number."""
    return used is not None or any(isinstance(value, str) for value in column.values)


def _shared_items(parent: etree._Element, column: Column, *, listed: bool) -> None:
    element = _element(parent, "sharedItems", **_kinds(column.values))
    if listed:
        element.set("count", str(len(column.items)))
        for value in column.items:
            name, text = _stored(value)
            _element(element, name, v=text)


def _kinds(values: Sequence[Value]) -> dict[str, object]:
    """What the values of a column are, as ``sharedItems`` says it."""
    numbers = [float(value) for value in values if is_number(value)]
    moments = [value for value in values if isinstance(value, dt.datetime)]
    texts = [value for value in values if isinstance(value, str | bool)]
    blank = any(value is None for value in values)
    kinds = bool(texts) + bool(numbers) + bool(moments)
    whole = bool(numbers) and all(number.is_integer() for number in numbers)
    found: dict[str, object] = {
        "containsSemiMixedTypes": None if texts or blank else False,
        "containsNonDate": None if texts or numbers else False,
        "containsDate": True if moments else None,
        "containsString": None if texts else False,
        "containsBlank": True if blank else None,
        "containsMixedTypes": True if kinds > 1 else None,
        "containsNumber": True if numbers else None,
        "containsInteger": True if whole else None,
        "longText": True if any(len(str(text)) > _LONG for text in texts) else None,
    }
    if moments:
        return found | {"minDate": min(moments), "maxDate": max(moments)}
    return found | ({"minValue": min(numbers), "maxValue": max(numbers)} if numbers else {})


def _stored(value: Value) -> tuple[str, str | None]:
    """(element, its text) of a value in a cache."""
    if value is None:
        return "m", None
    if isinstance(value, Wrong):
        return "e", str(value)
    if isinstance(value, bool | dt.datetime):
        return "b" if isinstance(value, bool) else "d", _text(value)
    return ("s", value) if isinstance(value, str) else ("n", _text(value))


def _group(parent: etree._Element, item: Field, base: int, above: int | None) -> None:
    group = item.group
    assert group is not None
    element = _element(parent, "fieldGroup", par=above, base=base)
    if group.unit == "range":
        _element(
            element, "rangePr", autoStart=False, autoEnd=False, startNum=group.start,
            endNum=group.end, groupInterval=group.step,
        )  # fmt: skip
    else:
        _element(element, "rangePr", groupBy=group.unit, startDate=group.start, endDate=group.end)
    items = _element(element, "groupItems", count=len(group.items))
    for text in group.items:
        _element(items, "s", v=text)


def cache_records(source: Source, fields: Fields) -> Iterator[bytes]:
    """The source's records, in pieces: there may be very many."""
    yield b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    yield f'<pivotCacheRecords xmlns="{MAIN}" count="{source.records}">'.encode()
    columns = [_cached(column, fields.at(n)) for n, column in enumerate(fields.columns)]
    for record in zip(*columns, strict=True):
        yield f"<r>{''.join(record)}</r>".encode()
    yield b"</pivotCacheRecords>"


def _cached(column: Column, used: Field | None) -> Iterable[str]:
    if is_listed(column, used):
        return (f'<x v="{place}"/>' for place in column.index)
    return (_record_value(value) for value in column.values)


def _record_value(value: Value) -> str:
    name, text = _stored(value)
    return f"<{name}/>" if text is None else f'<{name} v="{escape_xml(escape(text), _IN_QUOTES)}"/>'


# The table --------------------------------------------------------------------


def table_definition(laid: Laid, area: Area, cache_id: int, format_id: FormatId) -> etree._Element:
    """The pivot table itself.

    :param area: where it stands, without its filters
    """
    design, fields = laid.design, laid.fields
    compact, tabular = design.layout == "compact", design.layout == "tabular"
    no = None if compact else False
    root = _element(
        None, "pivotTableDefinition", name=design.name, cacheId=cache_id,
        applyNumberFormats=False, applyBorderFormats=False, applyFontFormats=False,
        applyPatternFormats=False, applyAlignmentFormats=False, applyWidthHeightFormats=True,
        dataCaption="Values", updatedVersion=_VERSION, minRefreshableVersion="3",
        useAutoFormatting=True,
        # Each is named after the axis that it stands on: among the rows, the one at the bottom.
        rowGrandTotals=None if design.bottom_totals else False,
        colGrandTotals=None if design.right_totals else False, itemPrintTitles=True,
        createdVersion=_VERSION, indent=0, compact=no, compactData=no,
        outline=None if tabular else True, outlineData=None if tabular else True,
        multipleFieldFilters=False,
        rowHeaderCaption=row_caption(design) if compact and len(design.rows) == 1 else None,
        colHeaderCaption=_column_caption(design),
    )  # fmt: skip
    pages = len(design.pages)
    _element(
        root, "location", ref=area, firstHeaderRow=laid.first_header, firstDataRow=laid.head,
        firstDataCol=laid.side, rowPageCount=pages or None, colPageCount=1 if pages else None,
    )  # fmt: skip
    _fields(root, laid, format_id)
    several = len(design.values) > 1
    _axis(root, "row", [fields.number(level) for level in design.rows], _items(laid, rows=True))
    columns = [fields.number(level) for level in design.columns]
    columns += [VALUES_FIELD] if several else []
    _axis(root, "col", columns, _items(laid, rows=False))
    _pages(root, laid)
    _data_fields(root, laid, format_id)
    _element(
        root, "pivotTableStyleInfo", name=design.style or None, showRowHeaders=True,
        showColHeaders=True, showRowStripes=False, showColStripes=False, showLastColumn=True,
    )  # fmt: skip
    _extension(root, TABLE_EXT, "pivotTableDefinition", hideValuesRow="1")
    return root


def _column_caption(design: Design) -> str | None:
    if design.layout != "compact" or not design.columns:
        return None
    return design.columns[0].caption if len(design.columns) == 1 else COLUMN_LABELS


def _fields(root: etree._Element, laid: Laid, format_id: FormatId) -> None:
    design, fields = laid.design, laid.fields
    data = {shown.field.casefold() for shown in design.values}
    total = len(fields.columns) + len(fields.extra)
    parent = _element(root, "pivotFields", count=total)
    for number in range(total):
        used = fields.at(number)
        own = number < len(fields.columns)
        is_data = own and fields.columns[number].name.casefold() in data
        if used is None:
            _element(parent, "pivotField", dataField=is_data or None, showAll=False)
        else:
            _axis_field(parent, laid, used, is_data=is_data, format_id=format_id)


def _axis_field(
    parent: etree._Element, laid: Laid, used: Field, *, is_data: bool, format_id: FormatId
) -> None:
    design, level = laid.design, used.level
    sort = design.sorts.get(level)
    way = "descending" if sort and sort.descending else "ascending"
    no = None if design.layout == "compact" else False
    element = _element(
        parent, "pivotField",
        name=level.caption if used.group and level.unit != "range" else None,
        axis=_axis_name(design, level), dataField=is_data or None,
        numFmtId=format_id(used.number_format) or None, compact=no,
        outline=False if design.layout == "tabular" else None, showAll=False,
        multipleItemSelectionAllowed=True if _is_multiple(design, level) else None,
        sortType=None if sort and sort.own else way,
        defaultSubtotal=None if design.subtotals else False,
    )  # fmt: skip
    items = _element(element, "items", count=len(used.items) + design.subtotals)
    for place in used.order:
        # A page with one item says which; where there are several, the others are hidden.
        hidden = place in used.hidden and not _is_single_page(design, level)
        _element(items, "item", h=True if hidden else None, x=place)
    if design.subtotals:
        _element(items, "item", t="default")
    if sort is not None and sort.by:
        _sort_by(element, [shown.name for shown in design.values].index(sort.by))
    if design.repeat_labels:
        _extension(element, FIELD_EXT, "pivotField", fillDownLabels="1")


def _axis_name(design: Design, level: Level) -> str:
    on_rows = "axisRow" if level in design.rows else ""
    return on_rows or ("axisCol" if level in design.columns else "axisPage")


def _is_single_page(design: Design, level: Level) -> bool:
    return level in design.pages and len(design.filters[level]) == 1


def _is_multiple(design: Design, level: Level) -> bool:
    return level in design.pages and len(design.filters[level]) > 1


def _sort_by(parent: etree._Element, value: int) -> None:
    scope = _element(parent, "autoSortScope")
    area = _element(scope, "pivotArea", dataOnly=False, outline=False, fieldPosition=0)
    references = _element(area, "references", count=1)
    reference = _element(references, "reference", field=VALUES_REFERENCE, count=1, selected=False)
    _element(reference, "x", v=value)


def _items(laid: Laid, *, rows: bool) -> list[tuple[Line, tuple[int, ...]]]:
    """The lines of an axis, each with the places of its items among those of their fields."""
    fields = laid.figures.rows if rows else laid.figures.columns
    several = not rows and len(laid.design.values) > 1
    found = []
    for line in laid.rows if rows else laid.columns:
        places = tuple(fields[n].position(item) for n, item in enumerate(line.prefix))
        if line.kind == "grand":
            places = (0,)
        elif several and line.kind == "":
            places = (*places, line.value)
        found.append((line, places))
    return found


def _axis(
    root: etree._Element, name: str, numbers: list[int], lines: list[tuple[Line, tuple[int, ...]]]
) -> None:
    if numbers:
        parent = _element(root, f"{name}Fields", count=len(numbers))
        for number in numbers:
            _element(parent, "field", x=number)
    parent = _element(root, f"{name}Items", count=len(lines))
    before: tuple[int, ...] = ()
    for line, places in lines:
        same = 0
        while same < min(len(places) - 1, len(before)) and places[same] == before[same]:
            same += 1
        same = 0 if line.kind == "grand" else same
        element = _element(parent, "i", t=line.kind or None, r=same or None, i=line.value or None)
        for place in places[same:]:
            _element(element, "x", v=place or None)
        before = () if line.kind == "grand" else places


def _pages(root: etree._Element, laid: Laid) -> None:
    design, fields = laid.design, laid.fields
    if not design.pages:
        return
    parent = _element(root, "pageFields", count=len(design.pages))
    for level in design.pages:
        used = fields.used[level]
        item = None
        if _is_single_page(design, level):
            place = used.find(design.filters[level][0])
            item = None if place is None else used.position(place)
        _element(parent, "pageField", fld=fields.number(level), item=item, hier=-1)


def _data_fields(root: etree._Element, laid: Laid, format_id: FormatId) -> None:
    parent = _element(root, "dataFields", count=len(laid.design.values))
    names = [column.name.casefold() for column in laid.fields.columns]
    for shown in laid.design.values:
        element = _element(
            parent, "dataField", name=shown.name, fld=names.index(shown.field.casefold()),
            subtotal=None if shown.function == "sum" else shown.function,
            showDataAs=SHOWN_AS.get(shown.show_as),
            baseField=0 if shown.base is None else laid.fields.number(shown.base),
            baseItem=_base_item(laid, shown), numFmtId=format_id(shown.number_format) or None,
        )  # fmt: skip
        if shown.show_as in SHOWN_AS_14:
            _extension(element, DATA_EXT, "dataField", pivotShowAs=SHOWN_AS_14[shown.show_as])


def _base_item(laid: Laid, shown: Shown) -> int:
    if shown.base is None or not shown.item:
        return 0
    if shown.item in (PREVIOUS, NEXT):
        return PREVIOUS_ITEM if shown.item == PREVIOUS else NEXT_ITEM
    used = laid.fields.used[shown.base]
    place = used.find(shown.item)
    return 0 if place is None else used.position(place)
