"""The charts that a workbook has: list them, find one, change or delete it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from openpyxl.chartsheet import Chartsheet
from openpyxl.drawing.spreadsheet_drawing import OneCellAnchor, TwoCellAnchor, _check_anchor
from openpyxl.utils import get_column_letter

from service.errors import InvalidParameters, SheetNotFound, listed
from service.matching import the_sheet
from service.workbook.book import Book
from service.workbook.new_charts import NewChart, title_text

_SOURCES = ("numRef", "strRef", "multiLvlStrRef")


@dataclass(frozen=True)
class Found:
    """A chart of the workbook.

    :param number: among all of the workbook
    :param place: among those of its sheet, after which it is named if nobody has named it
    :param chart: the editor's object
    """

    sheet: Any
    number: int
    place: int
    chart: Any

    @property
    def name(self) -> str:
        return str(getattr(self.chart, "frame_name", "")) or f"Chart {self.place}"

    @property
    def on_own_sheet(self) -> bool:
        return isinstance(self.sheet, Chartsheet)


def charts_of(book: Book) -> list[Found]:
    """All charts of a workbook, in the order of the sheets; numbered from 1."""
    found: list[Found] = []
    for sheet in book.xl._sheets:
        for place, chart in enumerate(sheet._charts, 1):
            found.append(Found(sheet, len(found) + 1, place, chart))
    return found


def told(book: Book, found: Found) -> dict[str, object]:
    """What a list says of a chart; names that Excel hides stand as the cells that they mean."""
    names = book.xl.defined_names
    series = [
        {key: names[text].attr_text if text in names else text for key, text in item.items()}
        for item in series_of(found.chart)
    ]
    facts: dict[str, object] = {
        "number": found.number,
        "name": found.name,
        "type": kind_of(found.chart),
        "title": title_of(found.chart),
        "sheet": found.sheet.title,
        "at": "whole sheet" if found.on_own_sheet else place_of(found.chart),
        "series": series,
    }
    return {key: value for key, value in facts.items() if value not in ("", [])}


def place_of(chart: Any) -> str:
    """The cell of a chart's upper left corner."""
    anchor = _check_anchor(chart)
    if not isinstance(anchor, OneCellAnchor | TwoCellAnchor):
        return "A1"
    marker = anchor._from
    return f"{get_column_letter(marker.col + 1)}{marker.row + 1}"


def kind_of(chart: Any) -> str:
    """The kind of a chart in the words of create_excel_chart, where it has one for it."""
    if isinstance(chart, NewChart):
        return chart.kind
    if len(getattr(chart, "_charts", ())) > 1:
        return "combo"
    kind = type(chart).__name__.split("Chart")[0].lower()
    return "column" if kind == "bar" and getattr(chart, "barDir", "") == "col" else kind


def title_of(chart: Any) -> str:
    """The text of a chart's title, "" where it has none."""
    if isinstance(chart, NewChart):
        return chart.title
    title = getattr(chart, "title", None)
    rich = getattr(getattr(title, "tx", None), "rich", None)
    if rich is None:
        return ""
    return "".join(run.t for paragraph in rich.p for run in (paragraph.r or []))


def series_of(chart: Any) -> Iterator[dict[str, str]]:
    """The references of each series: name, values, categories."""
    if isinstance(chart, NewChart):
        yield from _new_series(chart)
        return
    for part in chart._charts:
        for series in part.ser or ():
            sources = {
                "name": series.tx,
                "values": getattr(series, "val", None) or getattr(series, "yVal", None),
                "categories": getattr(series, "cat", None) or getattr(series, "xVal", None),
                "sizes": getattr(series, "bubbleSize", None),
            }
            found = {name: _reference(source) for name, source in sources.items()}
            yield {name: text for name, text in found.items() if text}


def _reference(source: Any) -> str:
    for kind in _SOURCES:
        if getattr(source, kind, None) is not None:
            return str(getattr(source, kind).f or "")
    return str(getattr(source, "v", None) or "")


def _new_series(chart: NewChart) -> Iterator[dict[str, str]]:
    root = chart.tree
    data = {item.get("id"): item for item in root.iter("{*}data")}
    for series in root.iter("{*}series"):
        id_ = series.find("{*}dataId")
        source = None if id_ is None else data.get(id_.get("val"))
        if source is None:
            continue
        yield {
            name: text
            for name, text in (
                ("name", series.findtext("{*}tx/{*}txData/{*}f") or title_text(series)),
                ("values", source.findtext("{*}numDim/{*}f")),
                ("categories", source.findtext("{*}strDim/{*}f")),
            )
            if text
        }


def find(book: Book, sheet: str, wanted: str) -> Found:
    """The chart of that number, name or title; the only one, where none is named.

    :param sheet: where to look; "" for all sheets, chart sheets too
    :raises InvalidParameters: naming the charts there are
    """
    charts = charts_of(book)
    if sheet.strip():
        title = the_sheet(sheet, book.xl.sheetnames)
        if title is None:
            raise SheetNotFound(
                f'No sheet "{sheet}" in {book.name}. Sheets: {listed(book.xl.sheetnames)}.',
                "Use one of these names.",
                {"sheets": book.xl.sheetnames},
            )
        charts = [item for item in charts if item.sheet.title == title]
    text = wanted.strip().casefold()
    matches = charts if not text else _matching(charts, text)
    if len(matches) == 1:
        return matches[0]
    where = f" on {sheet}" if sheet.strip() else ""
    there = "; ".join(_short(item) for item in charts[:20]) or "none"
    if not charts:
        raise InvalidParameters(
            f"{book.name} has no chart{where}.", "Add one with action add first."
        )
    asked = f'"{wanted[:60]}" is {len(matches)} of them' if text else "none was named"
    raise InvalidParameters(
        f"Charts{where}: {there}; {asked}.",
        "Name one with options.chart: its number, name or title.",
    )


def _matching(charts: list[Found], text: str) -> list[Found]:
    calls = [(str(c.number), c.name.casefold(), title_of(c.chart).casefold()) for c in charts]
    for way in range(3):
        matches = [c for c, names in zip(charts, calls, strict=True) if names[way] == text]
        if matches:
            return matches
    return []


def _short(item: Found) -> str:
    title = f", {title_of(item.chart)}" if title_of(item.chart) else ""
    return f'{item.number} "{item.name}" ({kind_of(item.chart)}{title}, {item.sheet.title})'
