"""Pivot tables: native ones that Excel refreshes, with their figures already in the cells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from openpyxl.styles.numbers import BUILTIN_FORMATS

from service.errors import InvalidParameters, InvalidValue, WorkbookDamaged, counted, listed
from service.operations.context import Context
from service.operations.pivots.asked import Asked, PivotOptions, PivotValue, asked_again
from service.operations.pivots.place import (
    Place,
    check_place,
    clear,
    find_place,
    fit,
    write_cells,
)
from service.operations.pivots.resolving import check_name, resolved
from service.operations.pivots.source import find_source, rows_below
from service.operations.registry import Answer, operation
from service.workbook import cells
from service.workbook.areas import Area, area_at
from service.workbook.book import Book
from service.workbook.house import House
from service.workbook.package.opc import Draft
from service.workbook.pivots.design import Design, Source, Wrong
from service.workbook.pivots.figures import Figures
from service.workbook.pivots.files import Stored, add_pivot, find_pivots, remove_pivot, users
from service.workbook.pivots.layout import Laid, lay
from service.workbook.pivots.stored import Reading

Action = Literal["add", "list", "change", "refresh", "delete"]
_MOST_SHOWN = 8  # rows of figures in an answer
_MOST_WIDE = 15  # columns: a label, twelve months, their total
_NO_OPTIONS = PivotOptions()
# The pivot styles whose accent comes closest to the house.
_STYLES = {"blue": 16, "green": 18, "purple": 19, "teal": 20, "orange": 21, "gray": 15, "plain": 15}


@operation(
    effect="change",
    doing="Changing pivot tables",
    example={
        "rows": ["Item"],
        "values": ["Cost", {"field": "Cost", "name": "Share", "show_as": "percent_of_total"}],
    },
    styled=True,
)
def create_excel_pivot(
    ctx: Context,
    sheet: str = "",
    source: str = "",
    rows: list[str] = [],  # noqa: B006 - a schema default, never changed
    columns: list[str] = [],  # noqa: B006
    values: list[str | PivotValue] = [],  # noqa: B006
    action: Action = "add",
    options: PivotOptions = _NO_OPTIONS,
) -> Answer:
    """Add a pivot table on a new sheet, or list, change, refresh and delete pivot tables.

    :param sheet: sheet of the data
    :param source: range, table or sheet; leave out for the sheet's data
    :param rows: headers; "Months (Date)" groups dates
    :param columns: headers
    :param values: headers, "Average of Price", or objects.
    :param action: what to do
    :param options: extras, such as {"filters": {"Year": 2026}}.
    """
    given = {"source": source, "rows": rows, "columns": columns, "values": values}
    call = _Call(ctx, sheet, options, ctx.house() if action in ("add", "change") else None)
    if action == "add":
        decimals = ctx.house().number_format or "#,##0.00"
        return call.add(Asked(rows, columns, values, options, call.style(), decimals), source)
    if action == "change":
        return call.change(Asked(rows, columns, values, options, ""), source)
    _refuse_without_effect(action, given, options)
    return {"list": call.list, "refresh": call.refresh, "delete": call.delete}[action]()


def _refuse_without_effect(action: str, given: dict[str, Any], options: PivotOptions) -> None:
    unused = [name for name, value in given.items() if value]
    set_ = options.model_dump()
    untouched = _NO_OPTIONS.model_dump()
    takes = {"list": (), "delete": ("name",), "refresh": ("name", "overwrite")}[action]
    unused += [f"options.{k}" for k, v in set_.items() if v != untouched[k] and k not in takes]
    if unused:
        raise InvalidParameters(
            f"{unused[0]} has no effect on {action}.",
            f"Leave it out; {action} takes sheet and {listed([*takes]) or 'nothing else'}.",
        )


@dataclass
class _Call:
    """One call of the operation."""

    ctx: Context
    sheet: str
    options: PivotOptions
    house: House | None

    @property
    def book(self) -> Book:
        return self.ctx.book

    def style(self) -> str:
        """The style that is asked for, or that of the house."""
        name = self.house.name if self.house is not None else ""
        usual = f"light {_STYLES.get(name, 16)}"
        return usual if self.options.style is None else self.options.style

    # Actions ------------------------------------------------------------------

    def add(self, asked: Asked, source_text: str) -> Answer:
        pivots = _pivots(self.book)
        source, notes = self._source(self.sheet, source_text)
        name = check_name(self.options.name, [item.name for item in pivots])
        laid = _laid(self.book, asked, source, name)
        filtered = bool(laid.design.pages)
        place = find_place(self.book, source, self.options.position, filtered=filtered)
        work = _Work(self.book, place, laid, source, None)
        work.check(pivots, overwrite=self.options.overwrite)
        with self.book.changing():
            work.do()
        return work.told(notes + asked.notes)

    def change(self, asked: Asked, source_text: str) -> Answer:
        stored = self._one()
        if self.options.position:
            raise InvalidParameters(
                "options.position has no effect on change: the pivot table stays where it is.",
                "Leave it out; to move it, delete it and add it elsewhere.",
            )
        before = asked_again(_design(self.book, stored))
        merged = _merged(before, asked, strict=True)
        return self._again(stored, merged, source_text)

    def refresh(self) -> Answer:
        pivots = _pivots(self.book)
        wanted = [self._one()] if self.options.name or len(pivots) < 2 else pivots
        answers = []
        for stored in wanted:
            fresh = next(item for item in _pivots(self.book) if _same(item, stored))
            asked = asked_again(_design(self.book, fresh))
            asked.strict = False
            answers.append(self._again(fresh, asked, ""))
        if len(answers) == 1:
            return answers[0]
        told = [answer.result["pivot"] for answer in answers]
        return Answer({"refreshed": told}, sheet=wanted[0].sheet)

    def _again(self, stored: Stored, asked: Asked, source_text: str) -> Answer:
        """Make a pivot table anew at its place."""
        _refuse_users(self.book, stored, charts=False)
        source, notes = self._source_again(stored, source_text)
        laid = _laid(self.book, asked, source, stored.name)
        area = stored.area
        corner = stored.table.first_row - laid.skipped, area.first_column
        if corner[0] < 1:
            corner = 1, area.first_column
        work = _Work(self.book, Place(stored.sheet, False, *corner), laid, source, stored)
        others = [item for item in _pivots(self.book) if not _same(item, stored)]
        work.check(others, overwrite=self.options.overwrite)
        with self.book.changing():
            work.do()
        return work.told([*notes, *asked.notes, *rows_below(self.book, source)])

    def _source_again(self, stored: Stored, text: str) -> tuple[Source, list[str]]:
        sheet, reference = _reading(self.book, stored).source
        if not text:
            return self._source(sheet, reference)
        if "!" in text:
            return self._source("", text)
        return self._source(self.sheet or sheet or stored.sheet, text)

    def _source(self, sheet: str, text: str) -> tuple[Source, list[str]]:
        with self.ctx.as_seen():
            return find_source(self.book, sheet, text)

    def list(self) -> Answer:
        pivots = _pivots(self.book)
        if self.sheet:
            title = self.book.sheet(self.sheet).title
            pivots = [item for item in pivots if item.sheet == title]
        return Answer({"pivots": [_described(self.book, item) for item in pivots]}, changed=False)

    def delete(self) -> Answer:
        stored = self._one()
        _refuse_users(self.book, stored, charts=True)
        with self.book.changing():
            clear(self.book, self.book.sheet(stored.sheet), stored.area)
            draft = self.book.draft(self.book.calculation.known)
            remove_pivot(draft, stored)
            self.book.restructured(draft.saved(), lambda address: address)
        done = {"deleted": stored.name, "cleared": str(stored.area)}
        left = [item.name for item in _pivots(self.book)]
        return Answer(done | {"pivots_left": left}, sheet=stored.sheet)

    def _one(self) -> Stored:
        """The pivot table that is meant.

        :raises InvalidValue: listing those there are
        """
        pivots = _pivots(self.book)
        names = [f"{item.name} ({item.sheet}!{item.area})" for item in pivots]
        wanted, title = self.options.name.strip().casefold(), ""
        if self.sheet:
            title = self.book.sheet(self.sheet).title
        fits = [item for item in pivots if not wanted or item.name.casefold() == wanted]
        on_sheet = [item for item in fits if item.sheet == title]
        fits = on_sheet if len(fits) > 1 and on_sheet else fits
        if len(fits) == 1:
            return fits[0]
        if not pivots:
            raise InvalidValue(
                f"{self.book.name} has no pivot table.", "Add one with action add: rows and values."
            )
        asked = f'No pivot table "{self.options.name}"' if not fits else "Several pivot tables fit"
        raise InvalidValue(
            f"{asked} in {self.book.name}. There are: {listed(names)}.",
            "Name one with options.name, and its sheet where two have the same name.",
        )


def _same(one: Stored, other: Stored) -> bool:
    return one.name == other.name and one.sheet == other.sheet and one.area == other.area


def _merged(before: Asked, asked: Asked, *, strict: bool) -> Asked:
    """What a pivot table showed, with what a caller wants otherwise."""
    old, new = before.options.model_dump(), asked.options.model_dump()
    chosen = {key: new[key] if new[key] is not None else old[key] for key in old}
    chosen["name"] = old["name"]
    for key in ("filters", "sort"):  # one field's does not end another's
        if isinstance(new[key], dict):
            chosen[key] = {**(old[key] or {}), **new[key]}
    options = PivotOptions.model_validate(chosen)
    merged = Asked(
        asked.rows or before.rows,
        asked.columns or before.columns,
        asked.values or before.values,
        options,
        asked.options.style if asked.options.style is not None else before.options.style or "none",
        strict=strict,
    )
    _drop_idle(merged, asked)
    return merged


def _drop_idle(merged: Asked, asked: Asked) -> None:
    """Forget what an earlier call said of fields that are gone from the rows and columns."""
    used = {text.casefold() for text in merged.rows + merged.columns}
    kept = {text.casefold() for text in merged.options.filters or {}}
    new_sort = asked.options.sort or {}
    merged.options.sort = {
        text: way
        for text, way in (merged.options.sort or {}).items()
        if text in new_sort or text.casefold() in used | kept
    }
    new_group = asked.options.group or {}
    merged.options.group = {
        text: way
        for text, way in (merged.options.group or {}).items()
        if text in new_group or text.casefold() in used | kept
    }


def _laid(book: Book, asked: Asked, source: Source, name: str) -> Laid:
    """The pivot table in its cells.

    :raises InvalidParameters: if no record passes the filters
    """
    design, fields = resolved(asked, source, name)
    figures = Figures(design, fields)
    if not figures.counted:
        raise InvalidParameters(
            "The filters let no row of the source through.", "Choose items that occur together."
        )
    asked.notes += _grouping_notes(design, source)

    def check(rows: int, columns: int) -> None:
        book.room_for(area_at(1, 1, rows, columns).cells)

    return lay(design, fields, figures, check)


def _grouping_notes(design: Design, source: Source) -> list[str]:
    notes = []
    units: dict[str, set[str]] = {}
    for level in design.levels:
        units.setdefault(level.field, set()).add(level.unit)
    for name, found in units.items():
        values = source.columns[source.column(name)]
        years = {getattr(value, "year", None) for value in values}
        if found & {"months", "quarters", "days"} and "years" not in found and len(years) > 1:
            notes.append(
                f"{name} spans {counted(len(years), 'year')}, which are added up: group by years "
                "as well to tell them apart."
            )
    return notes


@dataclass
class _Work:
    """A pivot table to be put into a workbook.

    :param stored: the one that it takes the place of
    """

    book: Book
    place: Place
    laid: Laid
    source: Source
    stored: Stored | None
    area: Area = field(init=False)

    def check(self, others: list[Stored], *, overwrite: bool) -> None:
        own = self.stored.area if self.stored else None
        self.area = check_place(
            self.book, self.place, self.laid, self.source, others, own=own, overwrite=overwrite
        )

    def do(self) -> None:
        """Cells first, so that their formats are in the file; then the parts."""
        book, place = self.book, self.place
        sheet = book.xl.create_sheet(place.sheet) if place.new else book.sheet(place.sheet)
        if self.stored is not None:
            clear(book, sheet, self.stored.area)
        clear(book, sheet, self.area)
        write_cells(book, sheet, self.area, self.laid)
        fit(book, sheet, self.area, new=place.new)
        draft = book.draft(book.calculation.known)
        if self.stored is not None:
            remove_pivot(draft, self.stored)
        table = self.laid.table(place.row, place.column)
        add_pivot(draft, sheet.title, self.source, self.laid, table)
        book.restructured(draft.saved(), lambda address: address)

    def told(self, notes: list[str]) -> Answer:
        mine = next(
            item
            for item in _pivots(self.book)
            if item.sheet == self.place.sheet and item.name == self.laid.design.name
        )
        result: dict[str, Any] = {"pivot": _described(self.book, mine), "figures": self._figures()}
        if notes:
            result["notes"] = list(dict.fromkeys(notes))
        return Answer(result, sheet=self.place.sheet)

    def _figures(self) -> list[list[object]]:
        """The first rows and columns and the last ones, as they stand in the cells."""
        laid = self.laid
        width = laid.side + len(laid.columns)
        grid: dict[int, list[object]] = {}
        for put in laid.puts:
            if put.row >= laid.skipped:
                row = grid.setdefault(put.row, [None] * width)
                value = str(put.value) if isinstance(put.value, Wrong) else put.value
                row[put.column] = cells.shown(value)
        rows = [_narrow(grid[number]) for number in sorted(grid)]
        return rows if len(rows) <= _MOST_SHOWN + 1 else [*rows[:_MOST_SHOWN], ["..."], rows[-1]]


def _narrow(row: list[object]) -> list[object]:
    """A row with what is in the middle of many columns left out."""
    return row if len(row) <= _MOST_WIDE else [*row[: _MOST_WIDE - 2], "...", row[-1]]


# What is there ------------------------------------------------------------------


def _pivots(book: Book) -> list[Stored]:
    return [] if book.memory is None else find_pivots(book.memory.package)


def _reading(book: Book, stored: Stored) -> Reading:
    assert book.memory is not None
    codes = dict(BUILTIN_FORMATS)
    draft = Draft(book.memory.package)
    main = draft.relationships("").of_kind("officeDocument")[0].target
    for item in draft.relationships(main).of_kind("styles"):
        for element in draft.xml(item.target).iterfind("{*}numFmts/{*}numFmt"):
            codes[int(element.get("numFmtId", "0"))] = element.get("formatCode", "")
    return Reading(stored, codes)


def _design(book: Book, stored: Stored) -> Design:
    """All that a pivot table of the file shows.

    :raises WorkbookDamaged: if its parts contradict each other
    """
    try:
        return _reading(book, stored).design()
    except (ValueError, IndexError) as error:
        raise WorkbookDamaged(
            f"The pivot table {stored.name} is damaged: {str(error)[:100]}.",
            "Delete it and add a new one.",
        ) from error


def _refuse_users(book: Book, stored: Stored, *, charts: bool) -> None:
    assert book.memory is not None
    found = list(users(Draft(book.memory.package), stored, charts=charts))
    if found:
        raise InvalidValue(
            f"The pivot table {stored.name} is used by {', '.join(found[:5])}.",
            "Delete that in Excel first; Excel itself can refresh and change all of it.",
        )


def _described(book: Book, stored: Stored) -> dict[str, object]:
    """A pivot table as answers tell it."""
    try:
        return _all_of(_reading(book, stored), stored)
    except (ValueError, IndexError):  # a number in its parts is none, or leads to nothing
        return {"name": stored.name, "at": f"{stored.sheet}!{stored.table}", "damaged": True}


def _all_of(reading: Reading, stored: Stored) -> dict[str, object]:
    sheet, reference = reading.source
    found: dict[str, object] = {
        "name": stored.name,
        "at": f"{stored.sheet}!{stored.table}",
        "source": f"{sheet}!{reference}" if sheet else reference or "outside of the workbook",
        "rows": [level.caption for level in reading.rows],
        "columns": [level.caption for level in reading.columns],
        "values": [
            {
                "name": shown.name,
                "field": shown.field,
                "function": shown.function,
                **({"show_as": shown.show_as} if shown.show_as else {}),
            }
            for shown in reading.values
        ],
        "filters": {level.caption: list(items)[:20] for level, items in reading.filters.items()},
        "layout": reading.layout,
    }
    return {key: value for key, value in found.items() if value != [] and value != {}}
