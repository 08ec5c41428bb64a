"""Conditional formats worked out for the cells of a sheet."""

from __future__ import annotations

import datetime as dt
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lxml import etree
from openpyxl.utils.datetime import to_excel
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.areas import Area
from service.workbook.book import Book
from service.workbook.calculation.results import serial_number
from service.workbook.calculation.trying import MOST_PARTS, Trial
from service.workbook.cells import ERRORS
from service.workbook.display.numbers import general
from service.workbook.preview.looks import Css, border_css, fill_css, font_css
from service.workbook.preview.palette import Palette
from service.workbook.preview.scales import Scale, scale_of
from service.workbook.references.text import copied
from service.workbook.rules.found import Found, _formulas, _style, rules_of

Place: TypeAlias = tuple[int, int]
Test: TypeAlias = Callable[[object, Place], bool]

SECONDS = 1.5  # for the formulas of all rules of a page
_MOST_CELLS = 200_000  # of an area whose values are compared with each other
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:E[+-]?\d+)?", re.IGNORECASE)


@dataclass
class Effect:
    """What the conditional formats do to one cell.

    :param bar: (left, width, colour, solid) in percent of the cell
    :param icon: (name of the set, place in it)
    """

    css: Css = field(default_factory=dict)
    borders: dict[str, str] = field(default_factory=dict)
    number_format: str = ""
    bar: tuple[float, float, str, bool] | None = None
    icon: tuple[str, int] | None = None
    hides_value: bool = False

    def below(self, other: Effect) -> None:
        """Take over what a rule of lower priority does besides."""
        self.css = {**other.css, **self.css}
        self.borders = {**other.borders, **self.borders}
        self.number_format = self.number_format or other.number_format
        self.bar, self.icon = self.bar or other.bar, self.icon or other.icon
        self.hides_value |= other.hides_value


@dataclass
class _Rule:
    found: Found
    areas: list[Area]
    effect: Effect
    test: Test | None = None
    scale: Scale | None = None
    stops: bool = False


class Conditions:
    """The conditional formats of one sheet.

    :param now: what "today" is
    :ivar left_out: kinds of rules that could not be worked out
    """

    def __init__(self, book: Book, sheet: Worksheet, palette: Palette, now: dt.datetime) -> None:
        self.book, self.sheet, self.palette = book, sheet, palette
        self.now = now
        self.left_out: list[str] = []
        self._until = time.monotonic() + SECONDS
        self._trial: Trial | None = None
        self._constants: dict[str, object] = {}
        self._columns: dict[tuple[Area, ...], list[object]] = {}
        found = [item for item in rules_of(sheet, book.xl.epoch) if item.is_format]
        self._found = found
        self._rules: list[_Rule] = []

    def prepare(self, places: Iterable[Place]) -> None:
        """Work out what is needed for the cells at these places."""
        wanted = list(places)
        used = self.book.used_area(self.sheet)
        for found in self._found:
            areas = [area for area in found.areas if area.overlaps(used)]
            mine = [place for place in wanted if any(area.holds(*place) for area in areas)]
            if mine:
                self._rules.append(self._made(found, areas, mine))

    def of(self, place: Place, value: object) -> Effect | None:
        """What the rules do to the cell with this value."""
        done: Effect | None = None
        value = serial_number(value, self.book.xl.epoch)
        for rule in self._rules:
            if not any(area.holds(*place) for area in rule.areas):
                continue
            effect = self._effect(rule, value, place)
            if effect is None:
                continue
            done = done or Effect()
            done.below(effect)
            if rule.stops:
                break
        return done

    def _effect(self, rule: _Rule, value: object, place: Place) -> Effect | None:
        if rule.scale is not None:
            number = _numeric(value)
            return None if number is None else rule.scale.effect(number, Effect())
        if rule.test is not None and rule.test(value, place):
            return rule.effect
        return None

    # Rules ------------------------------------------------------------------

    def _made(self, found: Found, areas: list[Area], places: list[Place]) -> _Rule:
        rule = _Rule(found, areas, self._look(found))
        rule.stops = found.xml.get("stopIfTrue") in ("1", "true")
        if found.kind in ("color_scale", "data_bar", "icon_set"):
            numbers = [n for v in self._values(areas) if (n := _numeric(v)) is not None]
            rule.scale = scale_of(found, numbers, self._constant, self.palette)
        else:
            rule.test = self._test(found, areas, places)
        if rule.scale is None and rule.test is None:
            self.left_out.append(found.kind)
        return rule

    def _look(self, found: Found) -> Effect:
        style = _style(found)
        if style is None:
            return Effect()
        css = {**font_css(style.font, self.palette, usual=False), **self._fill(style.fill)}
        code = style.numFmt.formatCode if style.numFmt is not None else ""
        return Effect(css, border_css(style.border, self.palette), str(code or ""))

    def _fill(self, fill: Any) -> Css:
        if fill is None or fill.tagname == "gradientFill":
            return fill_css(fill, self.palette)
        # In these formats the ground of a solid fill is its background colour.
        color = self.palette.rgb(fill.bgColor) if fill.fill_type in (None, "solid") else ""
        if fill.fill_type in (None, "solid"):
            plain = fill.bgColor is not None and fill.bgColor.type == "rgb"
            empty = plain and str(fill.bgColor.rgb) == "00000000"
            color = self.palette.rgb(fill.fgColor) if empty and fill.fill_type else color
            return (
                {"background-color": f"#{color}"}
                if color and not (empty and not fill.fill_type)
                else {}
            )
        return fill_css(fill, self.palette)

    def _test(self, found: Found, areas: list[Area], places: list[Place]) -> Test | None:
        xml, kind = found.xml, found.xml.get("type", "expression")
        if kind == "expression":
            values = self._each(_formulas(xml)[:1], areas, places)
            return lambda _, place: _true(values.get(place, [None])[0])
        if kind == "cellIs":
            operands = self._each(_formulas(xml), areas, places)
            sign = xml.get("operator", "")
            return lambda value, place: _compares(sign, value, operands.get(place, []))
        if kind in ("top10", "aboveAverage", "duplicateValues", "uniqueValues"):
            return _among(xml, kind, self._values(areas))
        if kind == "timePeriod":
            return self._period(xml.get("timePeriod", ""))
        return self._simple(found, kind, areas, places)

    def _simple(
        self, found: Found, kind: str, areas: list[Area], places: list[Place]
    ) -> Test | None:
        plain: dict[str, Test] = {
            "containsBlanks": lambda value, _: not _text(value).strip(),
            "notContainsBlanks": lambda value, _: bool(_text(value).strip()),
            "containsErrors": lambda value, _: _text(value) in ERRORS,
            "notContainsErrors": lambda value, _: _text(value) not in ERRORS,
        }
        if kind in plain:
            return plain[kind]
        text = found.xml.get("text")
        if text is None and kind.lower().replace("not", "") in ("containstext", "beginswith"):
            values = self._each(_formulas(found.xml)[:1], areas, places)
            return lambda _, place: _true(values.get(place, [None])[0])
        part = (text or "").lower()
        tests: dict[str, Test] = {
            "containsText": lambda value, _: part in _text(value).lower(),
            "notContainsText": lambda value, _: part not in _text(value).lower(),
            "beginsWith": lambda value, _: _text(value).lower().startswith(part),
            "endsWith": lambda value, _: _text(value).lower().endswith(part),
        }
        return tests.get(kind)

    def _period(self, name: str) -> Test | None:
        today = self.now.date()
        week = today - dt.timedelta(days=(today.weekday() + 1) % 7)  # from Sunday on
        day, seven = dt.timedelta(days=1), dt.timedelta(days=7)
        spans = {
            "today": (today, today), "yesterday": (today - day, today - day),
            "tomorrow": (today + day, today + day), "last7Days": (today - 6 * day, today),
            "thisWeek": (week, week + 6 * day), "lastWeek": (week - seven, week - day),
            "nextWeek": (week + seven, week + 13 * day),
        }  # fmt: skip
        months = {"thisMonth": 0, "lastMonth": -1, "nextMonth": 1}
        if name in months:
            number = today.year * 12 + today.month - 1 + months[name]
            first, last = (dt.date(n // 12, n % 12 + 1, 1) for n in (number, number + 1))
            last -= day
        elif name in spans:
            first, last = spans[name]
        else:
            return None
        low, high = (to_excel(one, self.book.xl.epoch) for one in (first, last + day))
        return lambda value, _: (n := _numeric(value)) is not None and low <= n < high

    # Values -----------------------------------------------------------------

    def _values(self, areas: list[Area]) -> list[object]:
        key = tuple(areas)
        if key not in self._columns:
            used = self.book.used_area(self.sheet)
            self._columns[key] = [
                serial_number(self.book.value(cell), self.book.xl.epoch)
                for area in areas
                for row in range(area.first_row, min(area.last_row, used.last_row) + 1)
                for column in range(area.first_column, min(area.last_column, used.last_column) + 1)
                if (cell := self.book.cell(self.sheet, row, column)) is not None
                and cell.value is not None
            ][:_MOST_CELLS]
        return self._columns[key]

    def _constant(self, formula: str) -> object:
        """The value of a formula that reads the same everywhere."""
        if formula not in self._constants:
            self._constants[formula] = _literal(formula)
            if self._constants[formula] is None:
                self._constants |= self._calculated([formula])
        return self._constants[formula]

    def _each(
        self, formulas: list[str], areas: list[Area], places: list[Place]
    ) -> dict[Place, list[object]]:
        """The values of formulas at each place, relative to the first cell of the areas."""
        base = (min(a.first_row for a in areas), min(a.first_column for a in areas))
        texts = {
            place: [
                copied(f"={formula}", place[0] - base[0], place[1] - base[1])[1:]
                for formula in formulas
            ]
            for place in places
        }
        every = dict.fromkeys(text for one in texts.values() for text in one)
        asked = [t for t in every if t not in self._constants and _literal(t) is None]
        self._constants |= {t: _literal(t) for t in every if _literal(t) is not None}
        self._constants |= self._calculated(asked)
        return {place: [self._constants.get(t) for t in one] for place, one in texts.items()}

    def _calculated(self, formulas: list[str]) -> dict[str, object]:
        found: dict[str, object] = {}
        if self._trial is None and formulas:
            self._trial = self.book.calculation.trial()
        for start in range(0, len(formulas), MOST_PARTS):
            left = self._until - time.monotonic()
            part = formulas[start : start + MOST_PARTS]
            if left <= 0 or self._trial is None:
                self.left_out.append("formula")
                break
            home = (self.sheet.title, 1, 1)
            results = self._trial.evaluate(home, part, left)
            found |= {
                text: None if one.unknown else one.value
                for text, one in zip(part, results, strict=True)
            }
        return found


def _literal(formula: str) -> object:
    text = formula.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    if text.upper() in ("TRUE", "FALSE"):
        return text.upper() == "TRUE"
    if len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1].replace('""', ""):
        return text[1:-1].replace('""', '"')
    return None


def _numeric(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def _text(value: object) -> str:
    if value is None:
        return ""
    return general(value) if isinstance(value, float) else str(value)


def _true(value: object) -> bool:
    return value is True or (isinstance(value, int | float) and value != 0)


def _rank(value: object) -> tuple[int, Any]:
    """What Excel compares: numbers stand before texts, texts before booleans."""
    if isinstance(value, bool):
        return 2, value
    if isinstance(value, int | float):
        return 0, float(value)
    return 1, str(value or "").lower()


def _compares(sign: str, value: object, operands: list[object]) -> bool:
    if any(operand is None for operand in operands) or not operands:
        return False
    if _text(value) in ERRORS or (value is None and sign not in ("equal", "notEqual")):
        return False
    ours = _rank(0 if value is None and isinstance(operands[0], int | float) else value)
    first = _rank(operands[0])
    if sign in ("between", "notBetween") and len(operands) > 1:
        low, high = sorted((first, _rank(operands[1])))
        return (low <= ours <= high) == (sign == "between")
    tests = {
        "greaterThan": ours > first, "lessThan": ours < first, "equal": ours == first,
        "greaterThanOrEqual": ours >= first, "lessThanOrEqual": ours <= first,
        "notEqual": ours != first,
    }  # fmt: skip
    return tests.get(sign, False)


def _among(xml: etree._Element, kind: str, values: list[object]) -> Test | None:
    """Rules that compare a cell with all cells of their area."""
    if kind in ("duplicateValues", "uniqueValues"):
        counts = Counter(_text(value).lower() for value in values)
        twice = kind == "duplicateValues"
        return lambda value, _: value is not None and (counts[_text(value).lower()] > 1) == twice
    numbers = sorted(n for value in values if (n := _numeric(value)) is not None)
    if not numbers:
        return lambda *_: False
    if kind == "top10":
        rank = int(xml.get("rank", "10"))
        if xml.get("percent") in ("1", "true"):
            rank = max(len(numbers) * rank // 100, 1)
        rank = max(min(rank, len(numbers)), 1)
        if xml.get("bottom") in ("1", "true"):
            limit = numbers[rank - 1]
            return lambda value, _: (n := _numeric(value)) is not None and n <= limit
        limit = numbers[-rank]
        return lambda value, _: (n := _numeric(value)) is not None and n >= limit
    return _average(xml, numbers)


def _average(xml: etree._Element, numbers: list[float]) -> Test:
    above = xml.get("aboveAverage") not in ("0", "false")
    equal = xml.get("equalAverage") in ("1", "true")
    limit = statistics.fmean(numbers)
    steps = int(xml.get("stdDev", "0"))
    if steps and len(numbers) > 1:
        limit += (1 if above else -1) * steps * statistics.pstdev(numbers)

    def test(value: object, _: Place) -> bool:
        number = _numeric(value)
        if number is None:
            return False
        return (number > limit if above else number < limit) or (equal and number == limit)

    return test


__all__ = ["Conditions", "Effect"]
