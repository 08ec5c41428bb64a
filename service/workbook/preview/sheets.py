"""A workbook as the page gets it: its sheets, windows of rows, drawings, in JSON types."""

from __future__ import annotations

import base64
import datetime as dt
import io
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from openpyxl.chartsheet import Chartsheet
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from PIL import Image as Picture

from service.languages import say
from service.workbook.areas import Area, parse_cell
from service.workbook.book import Book
from service.workbook.chart_caches import Cells, book_cells
from service.workbook.contents import merged_areas
from service.workbook.drawn import picture_content
from service.workbook.geometry import area_of, size_of
from service.workbook.keeping.sparklines import groups_of
from service.workbook.occupancy import is_lazy
from service.workbook.preview.charts import draw
from service.workbook.preview.grid import Changes, Painter
from service.workbook.preview.looks import Classes
from service.workbook.preview.measures import EMU, Measures
from service.workbook.preview.palette import Palette
from service.workbook.preview.shapes import Shape, ShapePainter, shapes_of
from service.workbook.preview.sparks import Sparks, spark_places

ROWS = 300  # of one window
MOST_CELLS = 12_000  # of the windows that come with the page
MOST_COLUMNS = 200
_BLANK_ROWS, _BLANK_COLUMNS = 36, 18
_MOST_CHARTS = 40
_MOST_PICTURE = 300_000  # bytes
_KINDS = {"PNG": "png", "JPEG": "jpeg", "GIF": "gif", "WEBP": "webp"}


@dataclass
class Asked:
    """What of a workbook is wanted.

    :param changes: what changed, by sheet and place; None where that is not known
    :param first: sheet to begin with
    :param rows: least number of rows of its first window
    :param least: rows and columns that are there at least, be they blank
    """

    now: dt.datetime
    changes: dict[str, Changes] | None = None
    first: str = ""
    rows: int = ROWS
    most_cells: int = MOST_CELLS
    least: tuple[int, int] = (_BLANK_ROWS, _BLANK_COLUMNS)


@dataclass
class Preview:
    """Makes the pages' data of one workbook."""

    book: Book
    asked: Asked
    classes: Classes = field(default_factory=Classes)
    _cells: Cells | None = None
    _known_shapes: dict[str, list[Shape]] = field(default_factory=dict)

    def whole(self) -> dict[str, Any]:
        """The page's data: all sheets, with windows of as many as fit."""
        shown = [sheet for sheet in self.book.xl._sheets if sheet.sheet_state == "visible"]
        first = next((n for n, s in enumerate(shown) if s.title == self.asked.first), None)
        if first is None:
            active = self.book.xl.active
            first = shown.index(active) if active in shown else 0
        left = self.asked.most_cells
        sheets: list[dict[str, Any]] = [{} for _ in shown]
        for number in [first, *(n for n in range(len(shown)) if n != first)]:
            if isinstance(shown[number], Chartsheet):
                sheets[number] = self._chart_sheet(shown[number])
                continue
            last, columns = self._extent(shown[number])
            rows = min(self.asked.rows, last, max(left // columns, 0))
            rows = max(rows, self.asked.least[0]) if number == first else rows
            sheets[number] = self.sheet(shown[number], rows)
            left -= rows * columns if rows else 0
        return {
            "name": self.book.name,
            "first": first,
            "sheets": sheets,
            "hidden": len(self.book.xl._sheets) - len(shown),
            "changed": None
            if self.asked.changes is None
            else sum(map(len, self.asked.changes.values())),
            "css": self.classes.found,
        }

    def part(self, title: str, first_row: int) -> dict[str, Any]:
        """A further window of a sheet, with the classes that it needs."""
        sheet = self.book.sheet(title)
        found = self.sheet(sheet, ROWS, first_row, drawings=first_row == 1)
        return {"sheet": found, "css": self.classes.found}

    def _extent(self, sheet: Worksheet) -> tuple[int, int]:
        """(last row that shows something, number of columns of the page)."""
        used = self.book.used_area(sheet)
        styled = self.book.fact(sheet, "styled", _styled)  # asked for with each window
        row, column = max(used.last_row, styled[0]), max(used.last_column, styled[1])
        for area in merged_areas(sheet):
            row, column = max(row, area.last_row), max(column, area.last_column)
        for place in spark_places(groups_of(sheet)):
            row, column = max(row, place[0]), max(column, place[1])
        for drawn in [*sheet._charts, *sheet._images, *self._shapes(sheet)]:
            area = area_of(sheet, drawn)
            row, column = max(row, area.last_row + 1), max(column, area.last_column + 1)
        return row, min(max(column, self.asked.least[1]), MOST_COLUMNS)

    # One sheet ------------------------------------------------------------------

    def sheet(
        self, sheet: Worksheet, rows: int, first_row: int = 1, *, drawings: bool = True
    ) -> dict[str, Any]:
        """A sheet with a window of rows; with none it is there by name and size alone."""
        used_rows, columns = self._extent(sheet)
        last_row = max(used_rows, self.asked.least[0])
        measures = Measures(sheet, columns)
        end = first_row + rows - 1
        end = last_row if end >= used_rows else end
        changes = (self.asked.changes or {}).get(sheet.title, {})
        found: dict[str, Any] = {
            "name": sheet.title,
            "rows": last_row,
            "used": used_rows,
            "used_columns": min(self.book.used_area(sheet).last_column, columns),
            "columns": columns,
            "more_columns": self.book.used_area(sheet).last_column > columns,
            "widths": measures.widths,
            "height": measures.usual_height,
            "frozen": _frozen(sheet),
            "grid": sheet.sheet_view.showGridLines is not False,
            "rtl": bool(sheet.sheet_view.rightToLeft),
            "zoom": int(sheet.sheet_view.zoomScale or 100),
            "tab": self._tab(sheet),
            "merges": [_bounds(area) for area in merged_areas(sheet)],
            "changes": sorted(changes),
            "fresh": self.asked.changes is not None and self.asked.changes.get(sheet.title) == {},
            "window": None,
        }
        if rows > 0:
            painter = Painter(self.book, sheet, measures, self.classes, changes, self.asked.now)
            if groups_of(sheet):
                painter.sparks = Sparks(groups_of(sheet), self._book_cells(), painter.palette)
            grid = painter.paint(Area(first_row, 1, max(end, first_row), columns))
            found["window"] = {"from": first_row, "to": end, "rows": grid.rows}
            found["icons"] = grid.icons
            if painter.conditions.left_out:
                found["rules_left_out"] = len(painter.conditions.left_out)
            found["drawings"] = self._drawings(sheet, measures) if drawings else []
        found["heights"] = measures.heights
        return found

    def _chart_sheet(self, sheet: Chartsheet) -> dict[str, Any]:
        """A sheet that is a chart: one without cells, with its chart in the corner."""
        palette = Palette(self.book.xl)
        drawings = []
        for chart in sheet._charts[:1]:
            size = {"left": 8, "top": 8, "width": 940, "height": 600}
            drawing = draw(chart, self._book_cells(), palette, size["width"], size["height"])
            drawings.append({**size, "cell": "A1", "svg": drawing.picture, "words": drawing.words})
        color = palette.rgb(sheet.sheetPr.tabColor if sheet.sheetPr is not None else None)
        rows, columns = 31, 15
        return {
            "name": sheet.title, "rows": rows, "used": rows, "used_columns": 1, "columns": columns,
            "more_columns": False, "widths": [64] * columns, "height": 20, "frozen": [0, 0],
            "grid": False, "rtl": False, "zoom": 100, "tab": f"#{color}" if color else "",
            "merges": [], "changes": [], "heights": {}, "icons": {}, "drawings": drawings,
            "window": {"from": 1, "to": rows, "rows": {}},
        }  # fmt: skip

    def _book_cells(self) -> Cells:
        if self._cells is None:
            self._cells = book_cells(self.book.xl, self.book.values)
        return self._cells

    def _tab(self, sheet: Worksheet) -> str:
        color = Palette(self.book.xl).rgb(sheet.sheet_properties.tabColor)
        return f"#{color}" if color else ""

    def _drawings(self, sheet: Worksheet, measures: Measures) -> list[dict[str, Any]]:
        palette = Palette(self.book.xl)
        found = []
        for chart in sheet._charts[:_MOST_CHARTS]:
            place = _place(sheet, chart, measures)
            drawing = draw(chart, self._book_cells(), palette, place["width"], place["height"])
            found.append({**place, "svg": drawing.picture, "words": drawing.words})
        for number, image in enumerate(sheet._images[:_MOST_CHARTS], start=1):
            place = _place(sheet, image, measures)
            source = _picture(image)
            words = str(getattr(image, "description", "") or say("Picture {number}", number=number))
            found.append({**place, "source": source, "words": words})
        return found + self._drawn_shapes(sheet, measures, palette)

    def _drawn_shapes(
        self, sheet: Worksheet, measures: Measures, palette: Palette
    ) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        memory = self.book.memory
        if memory is None or not self._shapes(sheet):
            return found
        painter = ShapePainter(
            memory.package, palette, self.classes, self._book_cells(), sheet.title
        )
        for shape in self._shapes(sheet):
            place = _place(sheet, shape, measures)
            for part in painter.drawn(shape, place["width"], place["height"]):
                if image := part.pop("image", None):
                    part["source"] = _picture(image)
                part["left"] += place["left"]
                part["top"] += place["top"]
                found.append({**part, "cell": place["cell"]})
        return found

    def _shapes(self, sheet: Worksheet) -> list[Shape]:
        if sheet.title not in self._known_shapes:
            self._known_shapes[sheet.title] = shapes_of(self.book, sheet)
        return self._known_shapes[sheet.title]


def _styled(sheet: Worksheet) -> tuple[int, int]:
    """(last row, last column) with a format; none of sheets whose rows are still bytes."""
    if is_lazy(sheet):
        return 1, 1
    places = [place for place, cell in sheet._cells.items() if cell.has_style]
    return max([1, *(p[0] for p in places)]), max([1, *(p[1] for p in places)])


def _frozen(sheet: Worksheet) -> list[int]:
    """How many rows and columns stay in view."""
    place = str(sheet.freeze_panes or "A1")
    row, column = parse_cell(place)
    return [row - 1, column - 1]


def _bounds(area: Area) -> list[int]:
    return [area.first_row, area.first_column, area.last_row, area.last_column]


def _place(sheet: Worksheet, drawn: Any, measures: Measures) -> dict[str, Any]:
    area, size = area_of(sheet, drawn), size_of(sheet, drawn)
    left, top = measures.place(area.first_row, area.first_column)
    marker = getattr(drawn.anchor, "_from", None)
    if marker is not None:
        left += round((marker.colOff or 0) / EMU)
        top += round((marker.rowOff or 0) / EMU)
    cell = f"{get_column_letter(area.first_column)}{area.first_row}"
    width, height = round(size.width / EMU), round(size.height / EMU)
    return {
        "left": left, "top": top, "width": max(min(width, 4_000), 20),
        "height": max(min(height, 4_000), 20), "cell": cell,
    }  # fmt: skip


def _picture(image: Any) -> str:
    """A picture as an address that holds it, "" for one that no browser shows."""
    with suppress(OSError, ValueError, SyntaxError, Picture.DecompressionBombError):
        content = picture_content(image)
        with Picture.open(io.BytesIO(content)) as opened:
            kind = _KINDS.get(str(opened.format))
            if kind is None or len(content) > _MOST_PICTURE:
                content, kind = _smaller(opened), "png"
        return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
    return ""


def _smaller(picture: Picture.Image) -> bytes:
    copy = picture.convert("RGBA")
    copy.thumbnail((640, 640))
    out = io.BytesIO()
    copy.save(out, format="PNG", optimize=True)
    return out.getvalue()
