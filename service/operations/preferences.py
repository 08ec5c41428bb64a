"""What a user wants made things to look like, wherever the caller did not choose."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import Any

import pydantic
from pydantic import ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from service.errors import InvalidParameters, InvalidValue, listed
from service.operations.registry import Options, problems_of
from service.workbook.foreign.number_codes import english_code
from service.workbook.foreign.reading import languages_read
from service.workbook.house import FONT, House, HouseStyle, LegendWish, house
from service.workbook.number_formats import formats_date, formats_number, number_format_code

_LONGEST_FONT = 31  # as Excel has it


class Preferences(Options):
    """Preferences of one user; "" and null leave the decision to the service."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    style: HouseStyle = Field(default="", description="house style: colours, header rows, charts")
    font: str = Field(default="", description="name of the font, at most 31 characters")
    number_format: str = Field(
        default="",
        description='of decimal numbers that come without a format, such as "#,##0.00"',
    )
    date_format: str = Field(default="", description='of dates, such as "dd.mm.yyyy"')
    chart_legend: LegendWish = Field(
        default="", description="where the legend stands in charts that need one; none: nowhere"
    )
    chart_gridlines: bool | None = Field(
        default=None, description="whether charts have grid lines; null: as is usual"
    )

    @field_validator("font")
    @classmethod
    def _check_font(cls, name: str) -> str:
        if len(name) > _LONGEST_FONT or not name.isprintable():
            raise _problem(
                f"has {len(name)} characters or holds some that don't print; "
                f"a font's name has at most {_LONGEST_FONT}"
            )
        return name.strip()

    @field_validator("number_format")
    @classmethod
    def _check_number_format(cls, text: str) -> str:
        if text.strip() and not formats_number(_code(text)):
            raise _problem(f'"{text[:60]}" does not show numbers')
        return english_code(text.strip())

    @field_validator("date_format")
    @classmethod
    def _check_date_format(cls, text: str) -> str:
        if text.strip() and not formats_date(_code(text)):
            raise _problem(f'"{text[:60]}" does not show the day or the year of a date')
        return english_code(text.strip())

    @classmethod
    def kept(cls, record: object) -> Preferences:
        """Preferences that were accepted before, as they were understood then.

        :raises pydantic.ValidationError: if they never were
        """
        with languages_read(False):
            return cls.model_validate(record)

    def house(self, style: str) -> House:
        """``style`` where the caller chose one, else the user's own, with the user's formats."""
        with languages_read(False):  # they are in English, or were accepted as they are
            formats = [
                number_format_code(text) if text else ""
                for text in (self.number_format, self.date_format)
            ]
        return replace(
            house(style or self.style),
            font=self.font or FONT,
            number_format=formats[0],
            date_format=formats[1],
            legend=self.chart_legend,
            gridlines=self.chart_gridlines,
        )


def _code(text: str) -> str:
    try:
        return number_format_code(text)
    except InvalidValue as error:
        raise _problem(error.message.removeprefix("number_format: ").rstrip(".")) from None


def _problem(text: str) -> PydanticCustomError:
    return PydanticCustomError("preference", "{text}", {"text": text})


def checked_preferences(given: dict[str, Any]) -> Preferences:
    """Preferences as a caller sent them.

    :raises InvalidParameters: naming each that does not fit
    """
    names = list(Preferences.model_fields)
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            meant = f' Did you mean "{near[0]}"?' if near else ""
            raise InvalidParameters(
                f'There is no preference "{name[:80]}".{meant}',
                f"Preferences: {listed(names)}.",
                {"preferences": names},
            )
    try:
        return Preferences.model_validate(given)
    except pydantic.ValidationError as error:
        problems = problems_of(error)
    first = next(iter(problems)).split(".")[0]
    said = "; ".join(f"{name}: {text}" for name, text in problems.items())
    raise InvalidParameters(
        said if said.endswith("?") else f"{said}.",
        f"{first}: {Preferences.model_fields[first].description}.",
        {"problems": problems},
    )
