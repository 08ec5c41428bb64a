"""The layout of a sheet: its lines, its view, and how it is printed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from openpyxl.styles.colors import Color
from openpyxl.worksheet.filters import AutoFilter
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidRange, InvalidValue
from service.operations.layout import find_region, sheet_and_areas
from service.operations.sheet_options import SheetOptions
from service.workbook.areas import MAX_COLUMN, MAX_ROW, Area, parse_area, parse_cell, split_areas
from service.workbook.book import Book
from service.workbook.colors import parse_color
from service.workbook.page_texts import SIDES, page_text
from service.workbook.panes import freeze

_CM = 2.54
WHOLE = Area(1, 1, MAX_ROW, MAX_COLUMN)
PAPERS = {
    "letter": 1, "tabloid": 3, "ledger": 4, "legal": 5, "statement": 6, "executive": 7, "a3": 8,
    "a4": 9, "a5": 11, "b4": 12, "b5": 13, "a6": 70, "a2": 66,
}  # fmt: skip
# In inches, as Excel's own presets: left and right, top and bottom, header and footer.
_MARGINS = {"normal": (0.7, 0.75, 0.3), "wide": (1.0, 1.0, 0.5), "narrow": (0.25, 0.75, 0.3)}
_MARGIN_NAMES = ("left", "right", "top", "bottom", "header", "footer")
_MOST_BREAKS = 1_026


@dataclass
class Plan:
    """What is to be done to a sheet, after all of it was checked.

    :param told: what it comes to, for the answer
    """

    steps: list[Callable[[], None]] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, told: object, step: Callable[[], None]) -> None:
        """Note a step, to be done when all are checked."""
        self.steps.append(step)
        self.told[name] = told

    def run(self) -> None:
        """Do it."""
        for step in self.steps:
            step()


def plan_page(book: Book, sheet: Worksheet, options: SheetOptions, plan: Plan) -> None:
    """Note what options change of a sheet's view and print.

    :raises ExcelToolsError: for an option that does not fit
    """
    _plan_view(sheet, options, plan)
    _plan_freeze(sheet, options, plan)
    if options.filter is not None:
        _plan_filter(book, sheet, options.filter, plan)
    _plan_paper(sheet, options, plan)
    if options.margins is not None:
        margins = _margins(options.margins)
        plan.add("margins", options.margins, lambda: _set_all(sheet.page_margins, margins))
    _plan_scale(sheet, options, plan)
    _plan_printed(book, sheet, options, plan)
    for name in ("header", "footer"):
        wanted = getattr(options, name)
        if wanted is not None:
            _plan_text(sheet, name, wanted, plan)
    if options.page_breaks is not None:
        _plan_breaks(sheet, options.page_breaks, plan)


def _set_all(target: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(target, name, value)


def _is_none(text: str) -> bool:
    return text.strip().lower() in ("none", "no", "off", "")


def _between(name: str, value: int | None, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        raise InvalidValue(
            f"options.{name} is {value}; Excel allows {least} to {most}.", "It is in per cent."
        )


# View -------------------------------------------------------------------------


def _plan_view(sheet: Worksheet, options: SheetOptions, plan: Plan) -> None:
    _between("zoom", options.zoom, 10, 400)
    view = sheet.sheet_view
    values: dict[str, Any] = {}
    if options.zoom is not None:
        values |= {"zoomScale": options.zoom, "zoomScaleNormal": options.zoom}
    for name, attribute in (
        ("gridlines", "showGridLines"), ("headings", "showRowColHeaders"),
        ("right_to_left", "rightToLeft"),
    ):  # fmt: skip
        if getattr(options, name) is not None:
            values[attribute] = getattr(options, name)
    if options.view is not None:
        kinds = {"normal": None, "page layout": "pageLayout", "page breaks": "pageBreakPreview"}
        values["view"] = kinds[options.view]
        stays = sheet.freeze_panes and (options.freeze is None or not _is_none(options.freeze))
        if options.view == "page layout" and (stays or options.freeze not in (None, "none")):
            raise InvalidParameters(
                "The view page layout can't have frozen rows or columns.",
                'Send freeze "none" together with it, or use another view.',
            )
    told = ("zoom", "gridlines", "headings", "right_to_left", "view")
    for name in told:
        if getattr(options, name) is not None:
            plan.told[name] = getattr(options, name)
    plan.steps.append(lambda: _set_all(view, values))
    if options.tab_color is not None:
        text = options.tab_color
        color = None if _is_none(text) else Color(rgb="FF" + parse_color(text, "tab_color"))
        plan.add("tab_color", text, lambda: setattr(sheet.sheet_properties, "tabColor", color))


def _plan_freeze(sheet: Worksheet, options: SheetOptions, plan: Plan) -> None:
    if options.freeze is None:
        return
    text = options.freeze.strip()
    words = {"row": "A2", "top row": "A2", "first row": "A2", "header": "A2",
             "column": "B1", "first column": "B1", "both": "B2"}  # fmt: skip
    cell: str | None = words.get(text.lower(), text)
    if _is_none(text):
        cell = None
    else:
        row, column = parse_cell(str(cell))
        if (row, column) == (1, 1):
            raise InvalidRange(
                "freeze at A1 would freeze nothing.",
                'Name the first cell that scrolls: "A2" freezes row 1, "B1" column A.',
            )
    plan.add("freeze", cell or "none", lambda: freeze(sheet, cell))


def _plan_filter(book: Book, sheet: Worksheet, text: str, plan: Plan) -> None:
    if _is_none(text):
        if sheet.auto_filter.ref is None:
            raise InvalidParameters(f"{sheet.title} has no filter.", "Leave filter out.")
        plan.add("filter", "none", lambda: _set_filter(sheet, None))
        return
    if text.strip().lower() in ("auto", "data", "all", "true"):
        region = find_region(book, sheet)
        if region is None:
            raise InvalidRange(f"{sheet.title} has no data to filter.", 'Name cells: "A1:D9".')
        area = region.area
    else:
        area = book.sheet_and_area(sheet.title, text)[1]
    for table in sheet.tables.values():
        if parse_area(table.ref, WHOLE).overlaps(area):
            raise InvalidRange(
                f"{area} reaches into the table {table.displayName} ({table.ref}), which has a "
                "filter of its own.",
                "Filter cells outside of the table.",
            )
    plan.add("filter", str(area), lambda: _set_filter(sheet, area))


def _set_filter(sheet: Worksheet, area: Area | None) -> None:
    """A new filter shows all rows: what another one had hidden, too."""
    before = sheet.auto_filter
    if area is not None and before.ref == str(area):
        return
    if before.ref is not None and before.filterColumn:
        old = parse_area(str(before.ref), WHOLE)
        for row, item in sheet.row_dimensions.items():
            if old.first_row < row <= old.last_row:
                item.hidden = False
    sheet.auto_filter = AutoFilter(ref=None if area is None else str(area))


# Paper ------------------------------------------------------------------------


def _plan_paper(sheet: Worksheet, options: SheetOptions, plan: Plan) -> None:
    values: dict[str, Any] = {}
    if options.orientation is not None:
        values["orientation"] = options.orientation
    if options.paper is not None:
        number = PAPERS.get(re.sub(r"(us|paper|size|\s)+", "", options.paper.lower()))
        if number is None:
            raise InvalidValue(
                f'options.paper is "{options.paper[:40]}", which is no paper that is known here.',
                f"Use one of {', '.join(PAPERS)}.",
            )
        values["paperSize"] = number
    if options.page_order is not None:
        order = {"down": "downThenOver", "over": "overThenDown"}
        values["pageOrder"] = order[options.page_order]
    for name in ("orientation", "paper", "page_order"):
        if getattr(options, name) is not None:
            plan.told[name] = getattr(options, name)
    plan.steps.append(lambda: _set_all(sheet.page_setup, values))


def _margins(wanted: str | float | dict[str, float]) -> dict[str, float]:
    """Margins in inches, by name."""
    if isinstance(wanted, str) and wanted.strip().lower() in _MARGINS:
        sides, ends, texts = _MARGINS[wanted.strip().lower()]
        return dict(zip(_MARGIN_NAMES, (sides, sides, ends, ends, texts, texts), strict=True))
    if isinstance(wanted, str):
        number = re.fullmatch(r"(\d+(?:\.\d+)?) ?(?:cm)?", wanted.strip())
        if number is None:
            raise InvalidValue(
                f'options.margins is "{wanted[:40]}".',
                f'Use {", ".join(_MARGINS)}, or centimetres: 2, or {{"left": 1.5, "top": 2}}.',
            )
        wanted = float(number.group(1))
    given = wanted if isinstance(wanted, dict) else dict.fromkeys(_MARGIN_NAMES[:4], wanted)
    for name, value in given.items():
        if name not in _MARGIN_NAMES or not 0 <= value <= 25:
            raise InvalidValue(
                f"options.margins: {name} is {value}.",
                f"Sides are {', '.join(_MARGIN_NAMES)}, each 0 to 25 cm.",
            )
    return {name: round(value / _CM, 4) for name, value in given.items()}


def _plan_scale(sheet: Worksheet, options: SheetOptions, plan: Plan) -> None:
    _between("scale", options.scale, 10, 400)
    if options.fit is None and options.scale is None:
        return
    if options.fit is not None and options.scale is not None:
        raise InvalidParameters(
            "fit and scale say different things about the size of the print.", "Send one of them."
        )
    if options.scale is not None:
        values: dict[str, Any] = {"scale": options.scale}
        plan.add("scale", options.scale, lambda: _fit(sheet, values, fits=False))
        return
    text = str(options.fit).strip().lower()
    known = {"width": (1, 0), "page": (1, 1), "height": (0, 1), "columns": (1, 0), "rows": (0, 1)}
    pages = re.fullmatch(r"(\d{1,3}) ?x ?(\d{1,3})", text)
    if not pages and text not in known and not _is_none(text):
        raise InvalidValue(
            f'options.fit is "{text[:40]}".',
            'Use width, height, page, "2x3" (wide x tall) or none.',
        )
    wide, tall = (int(n) for n in pages.groups()) if pages else known.get(text, (0, 0))
    values = {"fitToWidth": wide, "fitToHeight": tall} if wide or tall else {}
    plan.add("fit", text, lambda: _fit(sheet, values, fits=bool(values)))


def _fit(sheet: Worksheet, values: dict[str, Any], *, fits: bool) -> None:
    _set_all(sheet.page_setup, values)
    if sheet.sheet_properties.pageSetUpPr is None:
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties()
    sheet.sheet_properties.pageSetUpPr.fitToPage = fits


def _plan_printed(book: Book, sheet: Worksheet, options: SheetOptions, plan: Plan) -> None:
    if options.print_area is not None:
        areas: list[str] = []
        if not _is_none(options.print_area):
            areas = [str(a) for a in sheet_and_areas(book, sheet.title, options.print_area)[1]]
        told = ",".join(areas) or "none"
        plan.add("print_area", told, lambda: setattr(sheet, "print_area", areas))
    if options.print_titles is not None:
        _plan_titles(sheet, options.print_titles, plan)
    values: dict[str, bool] = {}
    if options.center is not None:
        values["horizontalCentered"] = options.center in ("horizontal", "both")
        values["verticalCentered"] = options.center in ("vertical", "both")
        plan.told["center"] = options.center
    if options.print_gridlines is not None:
        # Excel wants both to print them.
        values |= {"gridLines": options.print_gridlines, "gridLinesSet": True}
        plan.told["print_gridlines"] = options.print_gridlines
    if options.print_headings is not None:
        values["headings"] = options.print_headings
        plan.told["print_headings"] = options.print_headings
    plan.steps.append(lambda: _set_all(sheet.print_options, values))


def _plan_titles(sheet: Worksheet, text: str, plan: Plan) -> None:
    rows = columns = None
    for part in [] if _is_none(text) else split_areas(text.replace("$", "")):
        first, _, last = part.partition(":")
        span = f"{first}:{last or first}".upper()
        if re.fullmatch(r"\d{1,7}:\d{1,7}", span) and rows is None:
            rows = span
        elif re.fullmatch(r"[A-Z]{1,3}:[A-Z]{1,3}", span) and columns is None:
            columns = span
        else:
            raise InvalidRange(
                f'options.print_titles: "{part[:40]}" is neither rows nor columns.',
                'Write rows as "1:2", columns as "A:A", both as "1:1,A:A".',
            )
        parse_area(span, WHOLE)

    def set_titles() -> None:
        # openpyxl's own setters take no None.
        sheet._print_rows = sheet._print_cols = None
        sheet.print_title_rows, sheet.print_title_cols = rows, columns

    plan.add("print_titles", ",".join(filter(None, (rows, columns))) or "none", set_titles)


# Headers, footers, breaks -------------------------------------------------------


def _plan_text(sheet: Worksheet, name: str, wanted: str | dict[str, str], plan: Plan) -> None:
    parts = page_text(wanted, f"options.{name}")
    item = sheet.oddHeader if name == "header" else sheet.oddFooter

    def set_text() -> None:
        for side in SIDES:
            if isinstance(wanted, str) or side in parts:
                part = getattr(item, side)
                part.text, part.font, part.size, part.color = (
                    parts.get(side) or None,
                    None,
                    None,
                    None,
                )

    plan.add(name, {side: text for side, text in parts.items() if text} or "none", set_text)


def _plan_breaks(sheet: Worksheet, wanted: str | list[str | int], plan: Plan) -> None:
    texts = [str(item) for item in wanted] if isinstance(wanted, list) else split_areas(wanted)
    if not texts or (len(texts) == 1 and _is_none(texts[0])):
        plan.add("page_breaks", "none", lambda: _drop_breaks(sheet))
        return
    rows, columns = set[int](), set[int]()
    for text in texts:
        line = text.strip().upper()
        if re.fullmatch(r"\d{1,7}", line) and 1 < int(line) <= MAX_ROW:
            rows.add(int(line))
        elif re.fullmatch(r"[A-Z]{1,3}", line) and line != "A":
            columns.add(parse_area(f"{line}:{line}", WHOLE).first_column)
        else:
            raise InvalidRange(
                f'options.page_breaks: no page can start at "{text[:40]}".',
                'Name rows from 2 on and columns from B on, such as "20, 40, F".',
            )
    there = len(sheet.row_breaks.brk) + len(sheet.col_breaks.brk)
    if there + len(rows) + len(columns) > _MOST_BREAKS:
        raise InvalidParameters(
            f"{there + len(rows) + len(columns):,} page breaks; Excel allows {_MOST_BREAKS:,}.",
            "Name fewer.",
        )
    plan.add("page_breaks", texts, lambda: _add_breaks(sheet, rows, columns))


def _drop_breaks(sheet: Worksheet) -> None:
    sheet.row_breaks.brk, sheet.col_breaks.brk = [], []


def _add_breaks(sheet: Worksheet, rows: set[int], columns: set[int]) -> None:
    """A break stands behind the line of its number."""
    for breaks, lines, most in (
        (sheet.row_breaks, rows, MAX_COLUMN - 1),
        (sheet.col_breaks, columns, MAX_ROW - 1),
    ):
        known = {item.id for item in breaks.brk}
        new = [Break(id=line - 1, max=most) for line in lines if line - 1 not in known]
        breaks.brk = sorted([*breaks.brk, *new], key=lambda item: item.id)
