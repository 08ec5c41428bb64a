"""Sparklines: a small line, columns, or wins and losses in a cell for each row of the data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lxml import etree
from openpyxl.utils import quote_sheetname
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidRange, counted
from service.operations.chart_columns import ChartData, Wanted
from service.operations.chart_data import chart_data
from service.operations.chart_options import given
from service.operations.registry import Answer
from service.workbook.areas import Area, one_sheet, parse_area, split_sheet
from service.workbook.book import Book
from service.workbook.colors import parse_color
from service.workbook.house import house
from service.workbook.keeping.extensions import X14, XM
from service.workbook.keeping.sparklines import groups_of, set_groups
from service.workbook.package.opc import parse

if TYPE_CHECKING:
    from service.operations.chart_changes import Asked

_G, _F = f"{{{X14}}}", f"{{{XM}}}"
_TYPES = {"sparkline_line": "line", "sparkline_column": "column", "sparkline_winloss": "stacked"}
_NAMES = {"line": "sparkline_line", "column": "sparkline_column", "stacked": "sparkline_winloss"}
# In the order of the schema; the second colour that was asked for is of what stands out.
_COLORS = ("Series", "Negative", "Axis", "Markers", "First", "Last", "High", "Low")
MOST = 10_000


def add(book: Book, asked: Asked) -> Answer:
    """Put a sparkline beside each row of the data, or under each column of it."""
    _refuse_idle(asked)
    named, _ = split_sheet(asked.data_range)
    home = "" if named else asked.sheet
    data = chart_data(book, home, Wanted("box", asked.data_range, asked.options.series, ""))
    sheet: Worksheet = book.sheet(asked.sheet) if asked.sheet else data.sheet
    block = _block(data)
    spots = _spots(book, sheet, block, asked.position, data)
    sources = _sources(block, spots)
    group = _group(asked, data.sheet.title, list(zip(sources, _cells(spots), strict=True)))
    groups = _without(groups_of(sheet), spots)
    filled = sum(
        (cell := book.cell(sheet, c.first_row, c.first_column)) is not None
        and cell.value is not None
        for c in _cells(spots)
    )
    with book.changing(values_stay=True):
        set_groups(sheet, [*groups, group])
    facts: dict[str, Any] = {
        "sparklines": {
            "type": asked.kind,
            "at": str(spots),
            "data": f"{quote_sheetname(data.sheet.title)}!{block}",
        }
    }
    if filled:
        facts["notes"] = [f"{counted(filled, 'cell')} under them hold values, which show too."]
    return Answer(facts, sheet=sheet.title)


def listing(book: Book, sheet: str) -> list[dict[str, str]]:
    """What a list says of the sparklines of a sheet, or of all ("")."""
    found = []
    for worksheet in book.xl.worksheets:
        if sheet in ("", worksheet.title):
            for group in map(parse, groups_of(worksheet)):
                kind = _NAMES[group.get("type", "line")]
                pairs = list(_pairs(group))
                if pairs:
                    data = {"type": kind, "sheet": worksheet.title}
                    data |= {"at": str(_hull([at for at, _ in pairs])), "data": _told_data(pairs)}
                    found.append(data)
    return found


def delete(book: Book, asked: Asked) -> Answer:
    """Take away the sparklines in cells (options.chart or position), or all of a sheet."""
    text = asked.position or asked.options.chart
    sheet: Worksheet = book.sheet(one_sheet(asked.sheet, text, "The place"))
    reference = split_sheet(text)[1]
    area = parse_area(reference, book.used_area(sheet)) if reference else None
    before = groups_of(sheet)
    after = [] if area is None else _without(before, area)
    gone = _count(before) - _count(after)
    if not gone:
        where = f"{sheet.title}!{area}" if area else sheet.title
        there = "; ".join(item["at"] for item in listing(book, sheet.title)) or "none"
        raise InvalidParameters(
            f"No sparklines in {where}. On the sheet: {there}.", "Name their cells as position."
        )
    with book.changing(values_stay=True):
        set_groups(sheet, after)
    left = _count(after)
    return Answer({"deleted": counted(gone, "sparkline"), "left": left}, sheet=sheet.title)


# Where ------------------------------------------------------------------------


def _refuse_idle(asked: Asked) -> None:
    idle = [name for name in given(asked.options) if name == "chart"]
    if asked.title:
        idle.append("title")
    if idle:
        raise InvalidParameters(
            f"{idle[0]} has no effect on new sparklines.", f"Leave {idle[0]} out."
        )


def _block(data: ChartData) -> Area:
    """The cells that are drawn: columns of numbers, side by side."""
    columns = sorted({column.body.first_column for column in data.series})
    if columns != list(range(columns[0], columns[-1] + 1)):
        raise InvalidRange(
            "The columns of numbers do not stand side by side.",
            'Name the cells to draw without others between them, such as "B1:E10".',
        )
    body = data.series[0].body
    return Area(body.first_row, columns[0], body.last_row, columns[-1])


def _spots(book: Book, sheet: Worksheet, block: Area, position: str, data: ChartData) -> Area:
    """The cells that get the sparklines: a column beside the rows, or a row under the columns."""
    named, reference = split_sheet(position)
    if named and named.lower() != sheet.title.lower():
        raise InvalidRange(
            f'position names the sheet "{named}", but the sparklines go onto "{sheet.title}".',
            "Name the sheet with the parameter sheet.",
        )
    if not reference and block.columns == 1:
        raise InvalidRange(
            f"A sparkline beside each row needs several columns of numbers; {block} has one.",
            'For one sparkline of the whole column name its cell as position, such as "D2".',
        )
    if not reference:
        column = book.used_area(sheet).last_column + 1
        if sheet is not data.sheet:
            raise InvalidRange(
                "Sparklines on another sheet than their data need a position.",
                'Name their cells, such as "B2:B9".',
            )
        return Area(block.first_row, column, block.last_row, column)
    area = parse_area(reference, book.used_area(sheet))
    if area.cells == 1 and block.columns > 1:
        area = Area(
            area.first_row,
            area.first_column,
            area.first_row + block.rows - 1,
            area.first_column,
        )
    by_rows = area.columns == 1 and area.rows == block.rows and block.columns > 1
    by_columns = area.rows == 1 and area.columns == block.columns and block.rows > 1
    if not (by_rows or by_columns) or area.cells > MOST:
        ways = [f"{block.rows} cells under each other (one for each row)"] * (block.columns > 1)
        ways += [f"{block.columns} side by side (one for each column)"] * (block.rows > 1)
        raise InvalidRange(
            f"position {area} does not fit {block}: it takes {' or '.join(ways) or 'more data'}.",
            "Name as many cells, or only the first of a column.",
        )
    return area


def _sources(block: Area, spots: Area) -> list[Area]:
    if spots.columns == 1 and spots.rows == block.rows and block.columns > 1:
        rows = range(block.first_row, block.last_row + 1)
        return [Area(row, block.first_column, row, block.last_column) for row in rows]
    return [block.column(index) for index in range(block.columns)]


def _cells(area: Area) -> list[Area]:
    return [
        Area(row, column, row, column)
        for row in range(area.first_row, area.last_row + 1)
        for column in range(area.first_column, area.last_column + 1)
    ]


# XML --------------------------------------------------------------------------


def _group(asked: Asked, title: str, pairs: list[tuple[Area, Area]]) -> bytes:
    options = asked.options
    attributes = {"displayEmptyCellsAs": "gap"}
    if asked.kind != "sparkline_line":
        attributes["type"] = _TYPES[asked.kind]
    for name, value in (("manualMax", options.y_max), ("manualMin", options.y_min)):
        if value is not None:
            attributes[name] = f"{value!r}"
            attributes[f"{name[-3:].lower()}AxisType"] = "custom"
    shown = {"markers": bool(options.markers)}
    shown |= {str(name): True for name in options.highlight}
    if asked.kind == "sparkline_winloss" and not options.highlight:
        shown["negative"] = True
    attributes |= {name: "1" for name, value in shown.items() if value}
    if options.x_reverse:
        attributes["rightToLeft"] = "1"
    group = etree.Element(f"{_G}sparklineGroup", attributes, nsmap={"x14": X14, "xm": XM})
    colors = [parse_color(color, "options.colors") for color in options.colors]
    main = colors[0] if colors else house("").accents[0]
    other = colors[1] if len(colors) > 1 else house("").accents[1]
    for name in _COLORS:
        color = {"Series": main, "Axis": "000000", "Markers": main}.get(name, other)
        etree.SubElement(group, f"{_G}color{name}", rgb=f"FF{color}")
    holder = etree.SubElement(group, f"{_G}sparklines")
    for source, at in pairs:
        item = etree.SubElement(holder, f"{_G}sparkline")
        etree.SubElement(item, f"{_F}f").text = f"{quote_sheetname(title)}!{source}"
        etree.SubElement(item, f"{_F}sqref").text = str(at)
    return etree.tostring(group, method="c14n", exclusive=True)


def _pairs(group: etree._Element) -> Iterator[tuple[Area, str]]:
    """(cell, data) of each sparkline of a group."""
    for item in group.iter(f"{_G}sparkline"):
        at = item.findtext(f"{_F}sqref") or ""
        yield parse_area(at.split(" ")[0], Area(1, 1, 1, 1)), item.findtext(f"{_F}f") or ""


def _hull(areas: list[Area]) -> Area:
    hull = areas[0]
    for area in areas[1:]:
        hull = hull.joined(area)
    return hull


def _told_data(pairs: list[tuple[Area, str]]) -> str:
    first, last = split_sheet(pairs[0][1]), split_sheet(pairs[-1][1])
    if first[0] != last[0] or len(pairs) == 1:
        return pairs[0][1]
    areas = [parse_area(split_sheet(text)[1], Area(1, 1, 1, 1)) for _, text in pairs]
    return f"{quote_sheetname(first[0])}!{_hull(areas)}"


def _without(groups: list[bytes], area: Area) -> list[bytes]:
    """The groups without sparklines in those cells; groups that are empty then go."""
    kept = []
    for text in groups:
        group = parse(text)
        gone = [
            item
            for item, (at, _) in zip(group.iter(f"{_G}sparkline"), _pairs(group), strict=True)
            if at.overlaps(area)
        ]
        for item in gone:
            item.getparent().remove(item)  # type: ignore[union-attr]
        if not gone:
            kept.append(text)
        elif next(group.iter(f"{_G}sparkline"), None) is not None:
            kept.append(etree.tostring(group, method="c14n", exclusive=True))
    return kept


def _count(groups: list[bytes]) -> int:
    return sum(len(list(parse(text).iter(f"{_G}sparkline"))) for text in groups)
