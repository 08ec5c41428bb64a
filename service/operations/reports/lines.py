"""The rows of a document: perhaps none, and each part of the type that it must be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.errors import InvalidParameters, InvalidValue, listed
from service.operations.context import Context
from service.operations.layout import check_sheet_name
from service.operations.reports import look
from service.operations.reports.options import ReportOptions
from service.operations.reports.roles import Role, find_roles
from service.operations.reports.source import (
    Choices,
    Source,
    kinds_of,
    readings,
    typed_columns,
)
from service.operations.reports.words import Say, words
from service.workbook.cells import Scalar

FIRST = 2  # the column in which documents begin


class Placed:
    """A document whose parts stand side by side."""

    parts: tuple[str, ...]

    def at(self, part: str) -> int:
        """The column of a part."""
        return FIRST + self.parts.index(part)

    @property
    def last(self) -> int:
        return FIRST + len(self.parts) - 1


@dataclass(frozen=True)
class Order:
    """What a document is made from.

    :param source: its rows; none for a form to fill in
    :param say: gives labels in the language of the document
    :param taken: names of sheets that the document may not use
    """

    source: Source
    choices: Choices
    options: ReportOptions
    say: Say

    @property
    def is_form(self) -> bool:
        return not self.source.rows

    @property
    def dated(self) -> str:
        """The number format of days: the user's own, else as usual in the language."""
        house = self.choices.house
        german = self.options.language == "de" and not house.date_format
        return "dd.mm.yyyy" if german else house.dated(look.DATE)

    def column(self, name: str) -> int | None:
        """The index of the column that plays a part."""
        return self.source.roles.get(name)

    def value(self, row: Sequence[Scalar], name: str) -> Scalar:
        """What a row holds for a part, None where no column plays it."""
        column = self.column(name)
        return None if column is None else row[column]


def order_of(source: Source, choices: Choices, options: ReportOptions) -> Order:
    """The order with labels in the language asked for."""
    return Order(source, choices, options, words(options.language))


def sheet_for(ctx: Context, order: Order, name: str) -> str:
    """The name of a document's first sheet: the one that was asked for, or this if it is free.

    :raises InvalidParameters: if the name asked for can't be taken
    """
    if order.choices.sheet and order.source.place is None:
        return check_sheet_name(order.choices.sheet, ctx.book.sheet_names)
    return look.free_sheet_name(ctx.book, name)


def take_parts(source: Source, roles: Sequence[Role], given: Mapping[str, str]) -> None:
    """Find the columns that play a part; their values must be of its type.

    :raises InvalidParameters: if ``given`` names what isn't there
    :raises InvalidValue: if a number or a date is none, naming the row
    """
    every = set(range(len(source.headers)))
    source.roles = find_roles(
        roles, source.headers, {"text": every, "number": every, "date": every}, given
    )
    read = {} if source.place else readings(source)
    for role, column in typed_columns(source, roles, read):
        if role.kind == "date":
            _refuse_no_dates(source, column)


def refuse_more(source: Source, most: int, what: str, hint: str) -> None:
    """Refuse rows that are too many for a document.

    :param what: such as "tasks; a project plan shows"
    """
    if len(source.rows) > most:
        raise InvalidParameters(f"{len(source.rows)} {what} at most {most}.", hint)


def _refuse_no_dates(source: Source, column: int) -> None:
    if not kinds_of(source.values(column)) - {"date", "blank"}:
        return
    for number, value in enumerate(source.values(column), start=1):
        if kinds_of([value]) - {"date", "blank"}:
            raise InvalidValue(
                f'row {number}: "{source.headers[column]}" holds "{str(value)[:40]}", which is '
                "no date.",
                "Write dates as 2026-01-31, or leave them blank.",
            )


def note_idle_columns(source: Source, what: str, used: Sequence[int] = ()) -> None:
    """Tell which columns a document has no place for."""
    busy = {*source.roles.values(), *used}
    idle = [name for index, name in enumerate(source.headers) if index not in busy]
    if idle:
        source.notes.append(f"{what} has no place for {listed(idle)}: left out.")


def percent(source: Source, column: int, *, most: float = 1.0, rates: bool = False) -> None:
    """Bring per cent into fractions: 19 and 0.19 both mean 19 %, and 1 means 100 %.

    :param most: the most that is allowed, as a fraction
    :param rates: whether 1 may as well be meant as 1 %
    :raises InvalidValue: where a column mixes the two, or holds too much
    """
    header = source.headers[column]
    found = [v for v in source.values(column) if isinstance(v, int | float) and v]
    whole = any(value > 1 for value in found)
    if whole and any(0 < value < 1 for value in found):
        raise InvalidValue(
            f'"{header}" mixes per cent, as 19, with fractions, as 0.19.',
            "Write all of them in one way.",
        )
    if rates and {*found} == {1}:
        raise InvalidValue(
            f'"{header}" is 1 throughout, which may be 1 % or 100 %.', 'Write it as a text: "1%".'
        )
    for number, row in enumerate(source.rows, start=1):
        value = row[column]
        if isinstance(value, int | float):
            row[column] = value = value / 100 if whole else value
            if not 0 <= value <= most:
                raise InvalidValue(
                    f'row {number}: "{header}" is {value * 100:g} %.',
                    f"Write per cent from 0 to {most * 100:g}, such as 19.",
                )
