"""What type a column of texts has, decided over the whole column and never value by value.

A column is numbers, dates and so on only if all its values are; then what is written is
what a person would have typed. Where two readings are possible (1,234 and 03/04/2026),
other columns of the same file may settle it; if none does, the texts stay as they are
and the note says how to settle it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from service.workbook.cells import parse_date
from service.workbook.number_formats import number_format_code

Kind = Literal["text", "number", "percent", "currency", "date", "datetime", "boolean", "blank"]
Typed: TypeAlias = str | int | float | bool | dt.date | None
Convert: TypeAlias = Callable[[str], Typed]


@dataclass(frozen=True)
class Settled:
    """What is known about the whole file; "" where nothing is.

    :param decimal: the decimal mark, "." or ","
    :param date_order: "dmy", "mdy", "ymd", or "iso" where no other dates are wanted
    :param short_years: whether 24 may stand for 2024
    :param suspects_comma: whether 1.234 may well be meant as 1234
    """

    decimal: str = ""
    date_order: str = ""
    short_years: bool = False
    suspects_comma: bool = False


@dataclass(frozen=True)
class Decision:
    """The type of one column, and how its texts become values.

    :param proves: what the column alone settles: "." "," "dmy" "mdy"
    :param doubt: why it stayed text although it looks like something else, or what else its
        values may mean
    :param odd: the first of the few values that keep the others from being something else
    :param reading: the decimal mark of numbers, the order of dates: "iso" "ymd" "dmy" "mdy"
    """

    kind: Kind
    convert: Convert = str
    number_format: str = "General"
    proves: str = ""
    doubt: str = ""
    odd: tuple[str, ...] = ()
    reading: str = ""


@dataclass
class _Found:
    """A way to read all values.

    :param reading: the decimal mark; ``mark`` is the same where the values prove it
    :param ambiguous: another way gives other values, and neither is likelier
    :param doubt: another way gives other values, but this one is likelier
    """

    convert: Convert
    number_format: str
    reading: str
    mark: str = ""
    ambiguous: bool = False
    doubt: str = ""


def decide(values: Collection[str], settled: Settled) -> Decision:
    """The type of a column with these values (each one once, stripped, none blank)."""
    if not values:
        return Decision("blank")
    if all(value.lower() in ("true", "false") for value in values):
        return Decision("boolean", lambda text: text.lower() == "true")
    long = max(map(len, values)) > LONGEST
    for reader in () if long else (_dates, _numbers, _percents, _amounts):
        decision = reader(values, settled)
        if decision:
            return decision
    doubt, odd = _nearly(values, settled)
    return Decision("text", number_format=_text_format(values), doubt=doubt, odd=odd)


def _text_format(values: Collection[str]) -> str:
    marked = any(value[:1] in "=+-@" or looks_typed(value) for value in values)
    return text_of(marked=marked).number_format


def text_of(*, marked: bool) -> Decision:
    """Text; cells whose text would become something else when edited are marked as text."""
    return Decision("text", number_format="@" if marked else "General")


LONGEST = 40  # characters of a value that isn't text; also keeps the patterns below cheap
_LOOKS = re.compile(
    r"[-+]?[\d.,'’ \xa0\u202f]*\d[\d.,'’ \xa0\u202f]*%?"
    r"|\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([ T][\d:.]+)?|true|false",
    re.IGNORECASE,
)


def looks_typed(text: str) -> bool:
    """Whether a text alone could be a number, a date or a boolean."""
    return len(text) <= LONGEST and bool(_LOOKS.fullmatch(text))


def looks_valued(text: str) -> bool:
    """The same, or an amount of money."""
    return looks_typed(text) or (len(text) <= LONGEST and bool(_MONEY.fullmatch(text)))


def is_no_type(text: str) -> bool:
    """Whether a column with this value is text, whatever stands in its other cells."""
    return not (
        text.lower() in ("true", "false")
        or text.endswith("%")
        or _BEGINNING.match(text)
        or _MONEY.fullmatch(text)
        or any(_is_number(text, mark) for mark in ".,")
    )


def _nearly(values: Collection[str], settled: Settled) -> tuple[str, tuple[str, ...]]:
    """(note, first odd values) of a column of numbers or dates but for a few values."""
    odd = {value for value in values if not looks_typed(value)}
    if len(values) < 5 * len(odd):
        return "", ()
    odd = odd or _misfits(values)
    kind = decide([value for value in values if value not in odd], settled).kind if odd else "text"
    if kind in ("text", "blank"):
        return "", ()
    first = tuple(sorted(odd)[:3])
    shown = ", ".join(repr(value[:20]) for value in first)
    what = f"{'is' if len(odd) == 1 else 'are'} no {kind}"
    if kind == "number" and all(value.lstrip("-").isdigit() for value in odd):
        what = "would lose digits as a number"
    return f"stays text: {shown} {what}", first


def _misfits(values: Collection[str]) -> set[str]:
    """The few values that are no dates where most are, or no numbers; none where there are many."""
    most = max(len(values) // 5, 1)
    for fits in (_is_date, lambda text: _is_number(text, "."), lambda text: _is_number(text, ",")):
        odd: set[str] = set()
        for value in values:
            if not fits(value):
                odd.add(value)
                if len(odd) > most:
                    break
        else:
            return odd if len(odd) < len(values) else set()
    return set()


def _is_date(text: str) -> bool:
    return any(_moment(text, order) for order in ("iso", "dmy", "mdy"))


# Numbers ----------------------------------------------------------------------

_WHOLE = r"(?:0|[1-9]\d*)"
_EXPONENT = r"[eE][-+](?:\d{1,2}|[12]\d\d|30[0-6])"  # beyond are no numbers for a cell
# Spaces group digits only where decimals follow: "49 30 1234" is a phone number.
_BY_MARK = {
    ".": re.compile(
        rf"-?(?:{_WHOLE}(?:\.\d+)?|\.\d+|[1-9]\d{{0,2}}(?P<g>[,'’])\d{{3}}(?:(?P=g)\d{{3}})*(?:\.\d+)?"
        rf"|[1-9]\d{{0,2}}(?:[ \xa0\u202f]\d{{3}})+\.\d+|\d\.\d+{_EXPONENT})"
    ),
    ",": re.compile(
        rf"-?(?:{_WHOLE}(?:,\d+)?|[1-9]\d{{0,2}}(?P<g>[.'’])\d{{3}}(?:(?P=g)\d{{3}})*(?:,\d+)?"
        rf"|[1-9]\d{{0,2}}(?:[ \xa0\u202f]\d{{3}})+,\d+|\d,\d+{_EXPONENT})"
    ),
}
# Most numbers are of this form, which is checked in a fifth of the time.
_SURE = {
    m: re.compile(
        rf"-?(?:(?:0|[1-9]\d{{0,8}})(?:[{m}]\d{{1,6}})?"
        rf"|[1-9]\d{{0,2}}(?P<g>[{g}])\d{{3}}(?:(?P=g)\d{{3}}){{0,3}}(?:[{m}]\d{{1,2}})?)"
    )
    for m, g in ((".", ",'’"), (",", ".'’"))
}
_EXACT, _EXACT_FRACTION = 15, 17  # digits; a double prints its fractions with up to 17
_GROUP_MARKS = "',.’ \xa0\u202f"
_GROUPS = re.compile(f"[{_GROUP_MARKS}]")


def _numbers(values: Collection[str], settled: Settled) -> Decision | None:
    found = _number_reading(values, settled)
    if not found:
        return None
    if found.ambiguous:
        return _open(values)
    return Decision(
        "number", found.convert, found.number_format, found.mark, found.doubt,
        reading=found.reading,
    )  # fmt: skip


def _open(values: Collection[str]) -> Decision:
    """A column of numbers that stays text, because its decimal mark is not known."""
    example = min(value for value in values if "," in value or "." in value)
    doubt = (
        f"stays text: {example} can be read in two ways; "
        'say {"decimal": "."} or {"decimal": ","} in options'
    )
    return Decision("text", number_format="@", doubt=doubt)


def _number_reading(values: Collection[str], settled: Settled) -> _Found | None:
    marks = [
        mark
        for mark in ".,"
        if all(map(_SURE[mark].fullmatch, values))
        or all(_is_number(value, mark) for value in values)
    ]
    if settled.decimal:
        marks = [mark for mark in marks if mark == settled.decimal]
    if not marks:
        return None
    mark, proves = marks[0], marks[0]
    ambiguous, doubt = False, ""
    if len(marks) == 2:
        marked = [value for value in values if not value.lstrip("-").isdigit()]
        proves = ""
        # 1.234 is a number as it stands, unless the file is of the kind that says 1,5.
        ambiguous = any("," in value for value in marked) or bool(marked and settled.suspects_comma)
        doubt = _taken(min(marked)) if marked else ""
    elif all(value.lstrip("-").isdigit() for value in values):
        proves = ""
    grouped = _are_grouped(values, mark)
    number_format = _number_format(values, mark, grouped=grouped)
    return _Found(_converter(mark, grouped=grouped), number_format, mark, proves, ambiguous, doubt)


def _are_grouped(values: Collection[str], mark: str) -> bool:
    """Whether any of these numbers has marks between its thousands."""
    together = "".join(values)
    return any(group in together for group in "',.’ \xa0\u202f" if group != mark)


def _taken(example: str) -> str:
    """The note for numbers such as 1.234, whose point was taken for the decimal mark."""
    whole = _GROUPS.sub("", example)
    return (
        f"{example} is read as a number with decimals; where it means {whole}, "
        'say {"decimal": ","} in options'
    )


def _is_number(text: str, mark: str) -> bool:
    if _SURE[mark].fullmatch(text):
        return True
    if not _BY_MARK[mark].fullmatch(text):
        return False
    whole, _, fraction = text.partition(mark)
    digits = "".join(filter(str.isdigit, whole)).lstrip("0")
    if len(digits) > _EXACT:
        return False
    return not fraction or len((digits + fraction).lstrip("0")) <= _EXACT_FRACTION


def _converter(mark: str, *, grouped: bool) -> Convert:
    marks = str.maketrans(dict.fromkeys(_GROUP_MARKS) | {mark: "."})

    def convert(text: str) -> int | float:
        plain = text.translate(marks) if grouped else text.replace(mark, ".")
        return float(plain) if "." in plain else int(plain)

    def convert_plain(text: str) -> int | float:
        return float(text) if "." in text else int(text)

    return convert if grouped or mark != "." else convert_plain


def _plain(text: str, mark: str) -> str:
    """The number in Python's own notation."""
    whole, _, fraction = text.partition(mark)
    whole = _GROUPS.sub("", whole)
    return f"{whole}.{fraction}" if fraction else whole


def _number_format(values: Collection[str], mark: str, *, grouped: bool) -> str:
    """The look that the values already have: groups, and decimals where all have as many."""
    decimals = {len(value.partition(mark)[2]) for value in values}
    scientific = "e" in "".join(values).lower()
    even = len(decimals) == 1 and max(decimals) <= 6 and not scientific
    places = decimals.pop() if even else 0
    if not grouped and not places:
        return "General"
    return ("#,##0" if grouped else "0") + (f".{'0' * places}" if places else "")


# Percentages and amounts of money ------------------------------------------------

_CURRENCIES = {"US$": "USD"}  # other symbols are known by themselves
_SYMBOL = r"€|US\$|\$|£|¥|EUR|USD|GBP|CHF|JPY|SEK|NOK|DKK|PLN|CZK"
_MONEY = re.compile(
    rf"(?P<sign>-?)(?:(?P<before>{_SYMBOL})\s?(?P<first>-?[\d.,].*)|(?P<last>\d.*?)\s?(?P<after>{_SYMBOL}))"
)


def _percents(values: Collection[str], settled: Settled) -> Decision | None:
    if not all(value.endswith("%") for value in values):
        return None
    found = _number_reading({value[:-1].rstrip() for value in values}, settled)
    if not found or found.ambiguous:
        return _open(values) if found else None
    mark = settled.decimal or found.mark or "."

    def convert(text: str) -> float:
        return float(Decimal(_plain(text[:-1].rstrip(), mark)) / 100)

    places = found.number_format.partition(".")[2]
    number_format = "0%" if found.number_format == "General" else f"0.{places or '00'}%"
    return Decision("percent", convert, number_format, found.mark, found.doubt, reading=mark)


def _amounts(values: Collection[str], settled: Settled) -> Decision | None:
    found_symbols = _symbols(values)
    if found_symbols is None:
        return None
    before, after = found_symbols
    symbol, bare = before or after, _bare(before, after)
    found = _number_reading(set(map(bare, values)), settled)
    if not found or found.ambiguous:
        return _open(values) if found else None
    decimals = 0 if found.number_format in ("General", "#,##0") else 2
    if found.number_format == "General" and any(set(".,") & set(value) for value in values):
        decimals = 2
    return Decision(
        "currency",
        lambda text: found.convert(bare(text)),
        number_format_code(f"currency {_CURRENCIES.get(symbol, symbol)} {decimals}"),
        proves=found.mark,
        doubt=found.doubt,
        reading=found.reading,
    )


def _symbols(values: Collection[str]) -> tuple[str, str] | None:
    """The currency before or after all of these amounts; None if one has another or none."""
    first = _MONEY.fullmatch(next(iter(values)))
    if first is None:
        return None
    before, after = first["before"] or "", first["after"] or ""
    # "5 US$" among "5 $" fits, too; what is left of it then is no number.
    form = rf"-?\d.*?\s?{re.escape(after)}" if after else rf"-?{re.escape(before)}\s?-?[\d.,].*"
    return (before, after) if all(map(re.compile(form).fullmatch, values)) else None


def _bare(before: str, after: str) -> Callable[[str], str]:
    """Takes the currency, which all amounts of a column have, away from one of them."""

    def without_after(text: str) -> str:
        rest = text[: -len(after)]
        return rest[:-1] if rest[-1:].isspace() else rest

    def without_before(text: str) -> str:
        sign = text[:1] if text[:1] == "-" else ""
        rest = text[len(sign) + len(before) :]
        return sign + (rest[1:] if rest[:1].isspace() else rest)

    return without_after if after else without_before


# Dates --------------------------------------------------------------------------

_BEGINNING = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d")
_ISO = re.compile(r"(\d{4})([-/])(\d{1,2})\2(\d{1,2})")
_YEAR_FIRST = re.compile(r"(\d{4}|\d{2})([./-])(\d{1,2})\2(\d{1,2})")
_PARTS = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})")
_CLOCK = re.compile(r"(.{6,10})[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?")

_ZONED = re.compile(_CLOCK.pattern + r"(Z|[+-]\d{2}(:\d{2})?)")


def _dates(values: Collection[str], settled: Settled) -> Decision | None:
    if not all(map(_BEGINNING.match, values)):
        return None
    if all(map(_ZONED.fullmatch, values)):
        return Decision("text", number_format="@", doubt=_zoned(min(values)))
    split = [_split_clock(value) for value in values]
    days = {day for day, _ in split}
    order, doubt = _order_of(days, settled)
    if doubt:
        return Decision("text", number_format="@", doubt=doubt)
    if not order or not all(_moment(value, order) for value in values):
        return None
    clocks = {clock for _, clock in split}
    proves = order if order in ("dmy", "mdy") and not settled.date_order else ""
    if clocks == {""}:
        return Decision(
            "date", lambda t: _day(_moment(t, order)), "yyyy-mm-dd", proves, reading=order
        )
    return Decision(
        "datetime", lambda t: _moment(t, order), _clock_format(clocks), proves, reading=order
    )


def _zoned(value: str) -> str:
    return (
        f"stays text: {value} has a time zone, and Excel has none; queries read it with "
        "CAST(... AS TIMESTAMPTZ), in UTC"
    )


def _split_clock(text: str) -> tuple[str, str]:
    match = _CLOCK.fullmatch(text)
    return (match[1], text[len(match[1]) + 1 :]) if match else (text, "")


def _clock_format(clocks: Collection[str]) -> str:
    seconds = any(clock.count(":") == 2 for clock in clocks)
    fractions = ".000" if any("." in clock for clock in clocks) else ""
    return "yyyy-mm-dd hh:mm" + (":ss" + fractions if seconds else "")


def _order_of(days: Collection[str], settled: Settled) -> tuple[str, str]:
    """("iso", "ymd", "dmy" or "mdy", "") if all are dates of that; ("", doubt) if it is open."""
    if all(_ISO.fullmatch(day) for day in days):
        return "iso", ""
    if settled.date_order == "ymd":
        return "ymd" if all(_YEAR_FIRST.fullmatch(day) for day in days) else "", ""
    parts = [_PARTS.fullmatch(day) for day in days]
    if settled.date_order == "iso" or not all(parts):
        return "", ""
    found = [match for match in parts if match]
    if not settled.short_years and any(len(match[4]) == 2 for match in found):
        return "", _short_years(days)
    first = max(int(match[1]) for match in found)
    second = max(int(match[3]) for match in found)
    if first > 12 and second > 12:
        return "", ""
    points = all(match[2] == "." for match in found)
    order = "dmy" if first > 12 or (points and second <= 12) else "mdy" if second > 12 else ""
    order = settled.date_order or order
    if order:
        return order, ""
    doubt = (
        f"stays text: {min(days)} can be day or month first; "
        'say {"date_order": "dmy"} or {"date_order": "mdy"} in options'
    )
    return "", doubt


def _short_years(days: Collection[str]) -> str:
    """The note for texts that would be dates if years may have two digits; else none."""
    if not any(all(_moment(day, order) for day in days) for order in ("dmy", "mdy")):
        return ""
    return (
        f"stays text: {min(days)} has a year of two digits; "
        'say {"date_order": "dmy"} or {"date_order": "mdy"} in options if these are dates'
    )


def _moment(text: str, order: str) -> dt.datetime | None:
    """The moment that a text of that order means, None if there is none that Excel can hold."""
    day, clock = _split_clock(text)
    if order in ("iso", "ymd"):
        match = (_ISO if order == "iso" else _YEAR_FIRST).fullmatch(day)
        numbers = [match[1], match[3], match[4]] if match else []
    else:
        match = _PARTS.fullmatch(day)
        numbers = [match[4], match[3], match[1]] if match else []
        numbers = [numbers[0], numbers[2], numbers[1]] if order == "mdy" and numbers else numbers
    if not numbers:
        return None
    year = int(numbers[0]) + (_century(int(numbers[0])) if len(numbers[0]) == 2 else 0)
    iso = f"{year:04}-{int(numbers[1]):02}-{int(numbers[2]):02}"
    found = parse_date(iso)
    return _with_clock(found, clock) if found else None


def _century(year: int) -> int:
    return 2000 if year < 30 else 1900  # as Excel takes two digits


def _with_clock(day: dt.date, clock: str) -> dt.datetime | None:
    hour, minute, second, *_ = [*clock.split(":"), "0", "0", "0"] if clock else ["0", "0", "0"]
    whole, _, fraction = second.partition(".")
    try:
        time = dt.time(int(hour), int(minute), int(whole), int(f"{fraction:0<6}" or 0))
    except ValueError:
        return None
    return dt.datetime.combine(day, time)


def _day(moment: dt.datetime | None) -> dt.date | None:
    return moment.date() if moment else None
