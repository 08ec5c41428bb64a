"""The values that a chart keeps beside its references.

Programs that do not calculate (previews, phones, converters) draw a chart from these, and
Excel does until it has read the cells. At each save those that differ from the cells are
brought up to date, in charts of all kinds; number formats and everything else stay.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from lxml import etree
from openpyxl import Workbook
from openpyxl.utils.datetime import WINDOWS_EPOCH

from service.errors import InvalidRange
from service.workbook.areas import MAX_COLUMN, MAX_ROW, Area, parse_area, split_areas, split_sheet
from service.workbook.calculation.results import Values, serial_number
from service.workbook.cells import ERRORS, tidy_number
from service.workbook.drawn import CHART
from service.workbook.geometry import hidden_lines
from service.workbook.package.opc import Draft
from service.workbook.texts import escape

MAX_POINTS = 5_000  # of a new cache: more take seconds to write, and no preview shows as many
_MOST_KNOWN = 50_000  # of one that is there
_GRID = Area(1, 1, MAX_ROW, MAX_COLUMN)
_C = f"{{{CHART}}}"
_X = "{http://schemas.microsoft.com/office/drawing/2014/chartex}"
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_V, _X_POINT = f"{_C}v", f"{_X}pt"
_CACHES = {"numRef": "numCache", "strRef": "strCache", "multiLvlStrRef": "multiLvlStrCache"}


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


#: The value of a cell that nobody can tell: what is cached stays.
UNKNOWN: Final = _Unknown()


@dataclass(frozen=True)
class Cells:
    """The cells that charts show.

    :param value: of the cell (sheet's title, row, column): a number, text, bool, date, error as
        text, None for a blank one, or UNKNOWN
    :param number_format: of that cell
    :param hidden: whether that cell's row or column is; charts that leave out what is hidden
        have no values of it
    :param names: what names stand for, by the name in small letters; names of a sheet as
        "title!name"
    """

    value: Callable[[str, int, int], object]
    number_format: Callable[[str, int, int], str] = lambda sheet, row, column: "General"
    hidden: Callable[[str, int, int], bool] = lambda sheet, row, column: False
    epoch: dt.datetime = WINDOWS_EPOCH
    names: dict[str, str] = field(default_factory=dict)
    # Series share their categories, and charts their series.
    _known: dict[object, list[_Cell]] = field(default_factory=dict, repr=False)


class _Cell(NamedTuple):
    value: object
    sheet: str = ""
    row: int = 0
    column: int = 0


_Points: TypeAlias = list[_Cell]
Changed: TypeAlias = Mapping[str, Collection[tuple[int, int]]]


def book_cells(book: Workbook, values: Values) -> Cells:
    """The cells of a workbook in the editor, with the calculated values of its formulas."""
    sheets = {sheet.title.lower(): sheet for sheet in book.worksheets}

    def value(title: str, row: int, column: int) -> object:
        sheet = sheets.get(title.lower())
        if sheet is None:
            return UNKNOWN
        cell = sheet._cells.get((row, column))
        if cell is None or cell.data_type != "f":
            return None if cell is None else cell.value
        computed = values.get((sheet.title, row, column))
        return UNKNOWN if computed is None or computed.unknown else computed.value

    def number_format(title: str, row: int, column: int) -> str:
        cell = sheets[title.lower()]._cells.get((row, column))
        return "General" if cell is None else str(cell.number_format)

    lines = {title: hidden_lines(sheet) for title, sheet in sheets.items()}

    def hidden(title: str, row: int, column: int) -> bool:
        rows, columns = lines.get(title.lower(), ((), ()))
        return row in rows or column in columns

    return Cells(value, number_format, hidden, book.epoch)


def refresh_kept_caches(
    draft: Draft,
    parts: Iterable[str],
    value_of: Callable[[str, int, int], object],
    *,
    number_format: Callable[[str, int, int], str] | None = None,
    hidden: Callable[[str, int, int], bool] | None = None,
    epoch: dt.datetime = WINDOWS_EPOCH,
    changed: Changed | None = None,
) -> None:
    """Bring the caches of charts up to date in a draft; charts that show no change stay.

    Names are looked up as the draft has them, so they are to be up to date.

    :param parts: names of charts' parts, see :func:`chart_parts`
    :param value_of: see :class:`Cells`, as for the other parameters
    :param changed: places of cells that are not as in the package, by their sheet's title: charts
        that show none of them stay as they are. Left out, all charts are compared with the cells,
        but those that came without caches are not given any
    """
    usual = Cells(value_of)
    cells = Cells(
        value_of,
        number_format or usual.number_format,
        hidden or usual.hidden,
        epoch,
        _names(draft),
    )
    for part in parts:
        new = draft.has_written(part)
        if not new and changed is not None and not any(changed.values()):
            continue
        root = draft.xml(part)
        if not new and changed is not None and not _shows(root, cells, changed):
            continue
        if refresh(root, cells, fill=new or changed is not None):
            draft.write(part, root)


def _shows(root: etree._Element, cells: Cells, changed: Changed) -> bool:
    """Whether a chart shows any of the cells."""
    by_title = {title.lower(): places for title, places in changed.items()}
    references = {item.text or "" for item in root.iter(f"{_C}f", f"{_X}f")}
    shown = {area for reference in references for area in _areas(reference, cells)}
    return any(_holds_any(area, by_title.get(title.lower(), ())) for title, area in shown)


def _holds_any(area: Area, places: Collection[tuple[int, int]]) -> bool:
    if len(places) <= area.cells:
        return any(area.holds(row, column) for row, column in places)
    rows = range(area.first_row, area.last_row + 1)
    columns = range(area.first_column, area.last_column + 1)
    return any((row, column) in places for row in rows for column in columns)


def chart_parts(draft: Draft) -> list[str]:
    """The parts of all charts, old kinds and new ones, in the workbook."""
    kinds = ("drawingml.chart+xml", "ms-office.chartex+xml")
    names = [name for name in draft.names if "chart" in name.lower() and name.endswith(".xml")]
    return [name for name in names if draft.content_type(name).endswith(kinds)]


def _names(draft: Draft) -> dict[str, str]:
    """The workbook's names, and those of single sheets as "sheet's title!name"."""
    found: dict[str, str] = {}
    for main in draft.relationships("").of_kind("officeDocument"):
        root = draft.xml(main.target)
        titles = [sheet.get("name", "") for sheet in root.iter(f"{_MAIN}sheet")]
        for name in root.iter(f"{_MAIN}definedName"):
            number = name.get("localSheetId", "")
            known = number.isdecimal() and int(number) < len(titles)
            title = f"{titles[int(number)]}!" if known else ""
            found[f"{title}{name.get('name', '')}".lower()] = name.text or ""
    return found


def refresh(root: etree._Element, cells: Cells, *, fill: bool = True) -> bool:
    """Bring the caches of a chart up to date; whether any was not.

    :param fill: make those that are missing
    """
    if root.tag == f"{_X}chartSpace":
        done = [_refresh_new_kind(source, cells) for source in _new_kind_sources(root)]
        return any(done)
    shown = root.find(f"{_C}chart/{_C}plotVisOnly")
    visible = shown is not None and shown.get("val", "1") in ("1", "true")
    references = list(root.iter(*(f"{_C}{name}" for name in _CACHES)))
    done = [_refresh_reference(item, cells, visible=visible, fill=fill) for item in references]
    return any(done)


# Cells ------------------------------------------------------------------------


def _areas(reference: str, cells: Cells) -> list[tuple[str, Area]]:
    """(sheet's title, area) of each range of a reference; none where it leads elsewhere."""
    found = []
    try:
        text = _meant(reference.strip().removeprefix("="), cells.names)
        if text.startswith("(") and text.endswith(")"):
            text = text[1:-1]
        for part in split_areas(text):
            title, area = split_sheet(part)
            if not title or "[" in title:
                return []
            found.append((title, parse_area(area, _GRID)))
    except InvalidRange:
        return []
    return found if sum(area.cells for _, area in found) <= _MOST_KNOWN else []


def _meant(text: str, names: dict[str, str]) -> str:
    """What a reference that may be a name stands for."""
    title, name = split_sheet(text)
    own = names.get(f"{title}!{name}".lower())
    return own if own is not None else names.get(name.lower(), text)


def _points(areas: list[tuple[str, Area]], cells: Cells, *, visible: bool) -> _Points:
    key = (tuple(areas), visible)
    if key not in cells._known:
        places = _places(areas, cells, visible)
        cells._known[key] = [_Cell(cells.value(*place), *place) for place in places]
    return cells._known[key]


def _format(point: _Cell, cells: Cells) -> str:
    if point.value is UNKNOWN or not point.row:
        return "General"
    return cells.number_format(point.sheet, point.row, point.column)


def _places(
    areas: list[tuple[str, Area]], cells: Cells, visible: bool
) -> Iterator[tuple[str, int, int]]:
    for title, area in areas:
        for row in range(area.first_row, area.last_row + 1):
            for column in range(area.first_column, area.last_column + 1):
                if not (visible and cells.hidden(title, row, column)):
                    yield title, row, column


# Charts -----------------------------------------------------------------------


def _refresh_reference(
    reference: etree._Element, cells: Cells, *, visible: bool, fill: bool
) -> bool:
    kind = etree.QName(reference).localname
    areas = _areas(reference.findtext(f"{_C}f", ""), cells)
    cache = reference.find(f"{_C}{_CACHES[kind]}")
    if not areas:
        return False  # another file, or a name: what is cached is all there is
    if kind == "multiLvlStrRef":
        return cache is not None and _refresh_levels(cache, areas, cells, visible)
    points = _points(areas, cells, visible=visible)
    if cache is None or _is_empty(cache):
        return fill and _add_cache(reference, points, cells)
    return _bring(cache, points, cells, numeric=kind == "numRef")


def _is_empty(cache: etree._Element) -> bool:
    """Whether it tells nothing at all, not even how many cells there are."""
    number = cache.find(f"{_C}ptCount")
    return cache.find(f"{_C}pt") is None and (number is None or number.get("val") == "0")


def _add_cache(reference: etree._Element, points: _Points, cells: Cells) -> bool:
    if len(points) > MAX_POINTS or all(point.value is UNKNOWN for point in points):
        return False
    numeric = etree.QName(reference).localname == "numRef"
    filled = (point for point in points if point.value is not None)
    usual = next((_format(point, cells) for point in filled), "General")
    name = f"{_C}{_CACHES[etree.QName(reference).localname]}"
    known = reference.find(name)
    cache = etree.Element(name) if known is None else known
    if known is None:
        reference.insert(1, cache)
        if numeric:
            etree.SubElement(cache, f"{_C}formatCode").text = usual
    _bring(cache, [_or_blank(point) for point in points], cells, numeric=numeric)
    for item in cache.iter(f"{_C}pt"):
        code = _format(points[int(item.get("idx", "0"))], cells) if numeric else usual
        if code != usual:
            item.set("formatCode", code)
    return True


def _or_blank(point: _Cell) -> _Cell:
    return point._replace(value=None) if point.value is UNKNOWN else point


def _refresh_levels(
    cache: etree._Element, areas: list[tuple[str, Area]], cells: Cells, visible: bool
) -> bool:
    """Categories of several levels; the first is the one next to the axis."""
    levels = cache.findall(f"{_C}lvl")
    lines = _lines(areas, cells, visible, len(levels))
    if len(lines) != len(levels) or len({len(line) for line in lines}) != 1:
        return False
    number = cache.find(f"{_C}ptCount")
    return _bring_all(zip(levels, lines, strict=True), cells, number)


def _lines(
    areas: list[tuple[str, Area]], cells: Cells, visible: bool, levels: int
) -> list[_Points]:
    """The cells level by level: columns from the right, or rows from below."""
    if len(areas) != 1:
        return []
    title, area = areas[0]
    if area.columns == levels:
        numbers = range(area.last_column, area.first_column - 1, -1)
        parts = [Area(area.first_row, n, area.last_row, n) for n in numbers]
    elif area.rows == levels:
        numbers = range(area.last_row, area.first_row - 1, -1)
        parts = [Area(n, area.first_column, n, area.last_column) for n in numbers]
    else:
        return []
    return [_points([(title, part)], cells, visible=visible) for part in parts]


def _bring_all(
    levels: Iterable[tuple[etree._Element, _Points]],
    cells: Cells,
    number: etree._Element | None,
) -> bool:
    changed = False
    for level, points in levels:
        if number is not None and number.get("val") != str(len(points)):
            if any(point.value is UNKNOWN for point in points):
                return changed
            number.set("val", str(len(points)))
            changed = True
        changed |= _bring_points(level, points, cells, numeric=False)
    return changed


def _bring(cache: etree._Element, points: _Points, cells: Cells, *, numeric: bool) -> bool:
    """Bring one cache up to date; whether it was not."""
    number = cache.find(f"{_C}ptCount")
    counted = number is not None and number.get("val") == str(len(points))
    if not counted and any(point.value is UNKNOWN for point in points):
        return False  # nobody can tell which of the cached values belong to these cells
    if number is None:
        number = etree.Element(f"{_C}ptCount")
        cache.insert(1 if cache.find(f"{_C}formatCode") is not None else 0, number)
    number.set("val", str(len(points)))
    return _bring_points(cache, points, cells, numeric=numeric) or not counted


# Charts of new kinds ----------------------------------------------------------


def _new_kind_sources(root: etree._Element) -> list[etree._Element]:
    return list(root.iter(f"{_X}strDim", f"{_X}numDim", f"{_X}txData"))


def _refresh_new_kind(source: etree._Element, cells: Cells) -> bool:
    areas = _areas(source.findtext(f"{_X}f", ""), cells)
    if not areas:
        return False
    if source.tag == f"{_X}txData":
        return _refresh_name(source, areas, cells)
    levels = source.findall(f"{_X}lvl")
    lines = [_points(areas, cells, visible=False)] if len(levels) == 1 else []
    lines = lines or _lines(areas, cells, False, len(levels))
    if len(lines) != len(levels):
        return False
    changed = False
    for level, points in zip(levels, lines, strict=True):
        counted = level.get("ptCount") == str(len(points))
        if not counted and any(point.value is UNKNOWN for point in points):
            continue
        level.set("ptCount", str(len(points)))
        numeric = source.tag == f"{_X}numDim"
        changed |= _bring_points(level, points, cells, numeric=numeric) or not counted
    return changed


def _refresh_name(source: etree._Element, areas: list[tuple[str, Area]], cells: Cells) -> bool:
    name = source.find(f"{_X}v")
    points = _points(areas, cells, visible=False)
    if name is None or len(points) != 1 or _same(points[0], name.text or "", cells, numeric=False):
        return False
    name.text = _text(points[0], cells, numeric=False) or ""
    return True


# Points -----------------------------------------------------------------------


def _bring_points(level: etree._Element, points: _Points, cells: Cells, *, numeric: bool) -> bool:
    """Write the points that differ from the cells; whether there were any."""
    tag = _X_POINT if level.tag == f"{_X}lvl" else f"{_C}pt"
    cached = {int(item.get("idx", "0")): item for item in level.findall(tag)}
    changed = False
    for index in [index for index in cached if index >= len(points)]:
        level.remove(cached.pop(index))
        changed = True
    for index, point in enumerate(points):
        item = cached.get(index)
        if _same(point, _cached(item), cells, numeric=numeric):
            continue
        changed = True
        text = _text(point, cells, numeric=numeric)
        if text is not None:
            cached[index] = _written(item, tag, index, text)
        elif item is not None:
            level.remove(cached.pop(index))
    if changed:
        _put_in_order(level, tag, cached)
    return changed


def _cached(item: etree._Element | None) -> str | None:
    if item is None:
        return None
    if item.tag == _X_POINT:
        return item.text or ""
    return (item[0].text or "") if len(item) and item[0].tag == _V else item.findtext(_V, "")


def _written(item: etree._Element | None, tag: str, index: int, text: str) -> etree._Element:
    item = etree.Element(tag, idx=str(index)) if item is None else item
    if tag == _X_POINT:
        item.text = text
        return item
    value = item.find(_V)
    (etree.SubElement(item, _V) if value is None else value).text = text
    return item


def _put_in_order(level: etree._Element, tag: str, points: dict[int, etree._Element]) -> None:
    for item in level.findall(tag):
        level.remove(item)
    place = len(level)
    if place and etree.QName(level[-1]).localname == "extLst":
        place -= 1
    level[place:place] = [points[index] for index in sorted(points)]


def _same(point: _Cell, cached: str | None, cells: Cells, *, numeric: bool) -> bool:
    """Whether what is cached tells the cell's value."""
    if point.value is UNKNOWN:
        return True
    if numeric and type(point.value) in (int, float) and cached is not None:
        return _close(point.value, cached)
    text = _text(point, cells, numeric=numeric)
    if text == cached or (not text and not cached):
        return True
    value = serial_number(point.value, cells.epoch)
    if numeric:
        # A text is drawn as 0, which some programs write; errors may be left out.
        idle = isinstance(value, bool | str) and cached in (None, "0", "1")
        return idle or _close(value, cached)
    if isinstance(value, int | float) and not isinstance(value, bool) and cached:
        # In a text's place numbers stand as they are shown, by their format.
        return _format(point, cells) != "General" or _close(value, cached)
    return False


def _close(value: object, cached: str | None) -> bool:
    try:
        known = float(cached or "")
    except ValueError:
        return False
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(known - value) <= 1e-12 * max(abs(known), abs(value))


def _text(point: _Cell, cells: Cells, *, numeric: bool) -> str | None:
    """The value as a cache has it; None where it has no point of it."""
    value = point.value
    if not numeric:
        return None if value is None or value is UNKNOWN else _shown(value)
    number = serial_number(value, cells.epoch)
    if isinstance(number, int | float) and not isinstance(number, bool):
        return repr(tidy_number(number))
    return str(number) if isinstance(number, str) and number in ERRORS else None


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    return escape(str(tidy_number(value) if isinstance(value, int | float) else value))
