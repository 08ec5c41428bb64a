"""Conditional formats as XML, from the words that ask for them.

Source: ECMA-376 part 1, 18.3.1.10 (cfRule), and [MS-XLSX] 2.6.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree
from openpyxl.styles.differential import DifferentialStyle

from service.errors import InvalidValue, listed
from service.workbook.keeping.extensions import X14, XM
from service.workbook.rules import kinds, looks, scales
from service.workbook.rules.formulas import formula_text, numeric, operand, quoted

WEEK = "WEEKDAY(TODAY())"
# Formulas as Excel stores them beside the period; {0} is the first cell.
PERIODS = {
    "yesterday": ("yesterday", "FLOOR({0},1)=TODAY()-1"),
    "today": ("today", "FLOOR({0},1)=TODAY()"),
    "tomorrow": ("tomorrow", "FLOOR({0},1)=TODAY()+1"),
    "last_7_days": ("last7Days", "AND(TODAY()-FLOOR({0},1)<=6,FLOOR({0},1)<=TODAY())"),
    "last_week": (
        "lastWeek",
        f"AND(TODAY()-ROUNDDOWN({{0}},0)>=({WEEK}),TODAY()-ROUNDDOWN({{0}},0)<({WEEK}+7))",
    ),
    "this_week": (
        "thisWeek",
        f"AND(TODAY()-ROUNDDOWN({{0}},0)<={WEEK}-1,ROUNDDOWN({{0}},0)-TODAY()<=7-{WEEK})",
    ),
    "next_week": (
        "nextWeek",
        f"AND(ROUNDDOWN({{0}},0)-TODAY()>(7-{WEEK}),ROUNDDOWN({{0}},0)-TODAY()<(15-{WEEK}))",
    ),
    **{
        name: (
            stored,
            f"AND(MONTH({{0}})=MONTH({day}),YEAR({{0}})=YEAR({day}))",
        )
        for name, stored, day in (
            ("last_month", "lastMonth", "EDATE(TODAY(),0-1)"),
            ("this_month", "thisMonth", "TODAY()"),
            ("next_month", "nextMonth", "EDATE(TODAY(),0+1)"),
        )
    },
}
_TEXT_TESTS = {
    "text_contains": "NOT(ISERROR(SEARCH({1},{0})))",
    "text_not_contains": "ISERROR(SEARCH({1},{0}))",
    "text_begins_with": "LEFT({0},LEN({1}))={1}",
    "text_ends_with": "RIGHT({0},LEN({1}))={1}",
}
_TESTS = {
    "blanks": "LEN(TRIM({0}))=0",
    "no_blanks": "LEN(TRIM({0}))>0",
    "errors": "ISERROR({0})",
    "no_errors": "NOT(ISERROR({0}))",
}
_MOST_RANK = 1000


@dataclass
class Wanted:
    """A conditional format as it is asked for.

    :param first: its first cell, such as "B2"
    :param id: free to link the two forms of one format by
    """

    kind: str
    value: Any
    given: Mapping[str, Any]
    first: str
    id: str
    epoch: dt.datetime


@dataclass
class Made:
    """A conditional format: in the usual form, in the later form, or in both.

    :param raw: its ``cfRule`` without namespace, "" where only the later form has it
    :param later: its ``x14:cfRule``
    """

    raw: str = ""
    later: str = ""
    style: DifferentialStyle | None = field(default=None)


def make(wanted: Wanted) -> Made:
    """A conditional format from words.

    :raises InvalidValue: if the value does not fit the kind
    """
    kind, given = wanted.kind, wanted.given
    if kind in kinds.SCALES:
        build = {"color_scale": _color_scale, "data_bar": _data_bar, "icon_set": _icon_set}[kind]
        return build(wanted)
    rule = etree.Element("cfRule")
    _MAKERS[_family(kind)](rule, wanted)
    if given.get("stop_if_true"):
        rule.set("stopIfTrue", "1")
    style = looks.styled(looks.look(given) or looks.USUAL)
    return Made(etree.tostring(rule, encoding="unicode"), "", style)


def _family(kind: str) -> str:
    groups: dict[str, Any] = {
        "comparison": kinds.COMPARISONS, "text": kinds.TEXTS, "plain": kinds.PLAIN,
        "rank": kinds.RANKS, "average": kinds.AVERAGES,
    }  # fmt: skip
    return next((name for name, members in groups.items() if kind in members), kind)


def _formula(rule: etree._Element, text: str) -> None:
    etree.SubElement(rule, "formula").text = text


def _comparison(rule: etree._Element, wanted: Wanted) -> None:
    rule.set("type", "cellIs")
    rule.set("operator", kinds.COMPARISONS[wanted.kind])
    for value in values_of(wanted.kind, wanted.value):
        _formula(rule, operand(value, f"The value of {wanted.kind}", wanted.epoch))


def values_of(kind: str, value: Any) -> list[Any]:
    """The one or two values of a comparison.

    :raises InvalidValue: if there are more or fewer
    """
    found = value if isinstance(value, list) else [value]
    needed = 2 if kind in ("between", "not_between") else 1
    if len(found) == 1 and needed == 2 and isinstance(found[0], str):
        for sign in (" and ", "..", ";", " - "):
            if found[0].count(sign) == 1:
                found = [part.strip() for part in found[0].split(sign)]
                break
    if len(found) != needed:
        raise InvalidValue(
            f"{kind} compares with {needed} value{'s' * (needed > 1)}; {len(found)} came.",
            "Send value as [10, 20]." if needed == 2 else 'Send one value, such as 100 or "=$D$1".',
        )
    return [_as_number(item) for item in found]


def _as_number(value: Any) -> Any:
    """Digits sent as a text are a number, as they are where one types them into Excel."""
    try:
        return float(value) if isinstance(value, str) and value.strip() else value
    except ValueError:
        return value


def _text(rule: etree._Element, wanted: Wanted) -> None:
    type_, operator = kinds.TEXTS[wanted.kind]
    rule.set("type", type_)
    rule.set("operator", operator)
    value = wanted.value
    if isinstance(value, list) or value in (None, ""):
        raise InvalidValue(
            f"{wanted.kind} needs one text to look for.", 'Send it as value, such as "late".'
        )
    text = str(value)
    if text.startswith("=") and len(text) > 1:
        looked_for = formula_text(text, "value")
    else:
        rule.set("text", text)
        looked_for = quoted(text)
    _formula(rule, _TEXT_TESTS[wanted.kind].format(wanted.first, looked_for))


def _period(rule: etree._Element, wanted: Wanted) -> None:
    words = str(wanted.value or "").strip().lower().replace(" ", "_").replace("-", "_")
    if words not in PERIODS:
        raise InvalidValue(
            f'date_occurring: "{str(wanted.value)[:40]}" is no period.',
            f"Send value as one of {', '.join(PERIODS)}.",
        )
    stored, formula = PERIODS[words]
    rule.set("type", "timePeriod")
    rule.set("timePeriod", stored)
    _formula(rule, formula.format(wanted.first))


def _plain(rule: etree._Element, wanted: Wanted) -> None:
    _no_value(wanted)
    rule.set("type", kinds.PLAIN[wanted.kind])
    if wanted.kind in _TESTS:
        _formula(rule, _TESTS[wanted.kind].format(wanted.first))


def _no_value(wanted: Wanted) -> None:
    if wanted.value not in (None, "", []):
        raise InvalidValue(
            f"{wanted.kind} takes no value, and {str(wanted.value)[:40]} came.",
            "Leave value out, or choose another rule.",
        )


def _rank(rule: etree._Element, wanted: Wanted) -> None:
    value, percent = wanted.value, bool(wanted.given.get("percent"))
    if isinstance(value, str) and value.strip().endswith("%"):
        value, percent = value.strip()[:-1], True
    value = 10 if value in (None, "") else _as_number(value)
    most = 100 if percent else _MOST_RANK
    whole = isinstance(value, int | float) and not isinstance(value, bool)
    if not whole or not float(value).is_integer() or not 1 <= value <= most:
        raise InvalidValue(
            f"{wanted.kind}: {str(wanted.value)[:40]} is no whole number from 1 to {most}.",
            'Send value as 10, or "10%" for a share.',
        )
    rule.set("type", "top10")
    if percent:
        rule.set("percent", "1")
    if wanted.kind == "bottom":
        rule.set("bottom", "1")
    rule.set("rank", str(int(value)))


def _average(rule: etree._Element, wanted: Wanted) -> None:
    _no_value(wanted)
    rule.set("type", "aboveAverage")
    if wanted.kind == "below_average":
        rule.set("aboveAverage", "0")
    deviations = wanted.given.get("std_dev")
    if deviations is not None:
        if not 1 <= deviations <= 3:
            raise InvalidValue(f"options.std_dev is {deviations}; Excel knows 1, 2 and 3.", "")
        rule.set("stdDev", str(deviations))
    if wanted.given.get("equal"):
        if deviations is not None:
            raise InvalidValue(
                "options.equal has no effect together with std_dev.", "Leave one of them out."
            )
        rule.set("equalAverage", "1")


def _expression(rule: etree._Element, wanted: Wanted) -> None:
    if isinstance(wanted.value, list) or wanted.value in (None, ""):
        raise InvalidValue(
            "formula needs one formula that is TRUE or FALSE.",
            'Send it as value, seen from the first cell of the range, such as "=$C2>100".',
        )
    rule.set("type", "expression")
    _formula(rule, formula_text(wanted.value, "value"))


_MAKERS: dict[str, Callable[[etree._Element, Wanted], None]] = {
    "comparison": _comparison,
    "text": _text,
    "date_occurring": _period,
    "plain": _plain,
    "rank": _rank,
    "average": _average,
    "formula": _expression,
}


# Scales, bars and icons ---------------------------------------------------------


def _color_scale(wanted: Wanted) -> Made:
    colors = scales.colors_of(wanted.value)
    given = wanted.given
    if given.get("mid") is not None and len(colors) == 2:
        raise InvalidValue(
            "options.mid has no effect on a scale of two colours.", "Send three colours as value."
        )
    bounds = [scales.bound(given.get("min"), "min", "min", wanted.epoch)]
    if len(colors) == 3:
        bounds.append(scales.bound(given.get("mid"), "mid", "percentile 50", wanted.epoch))
    bounds.append(scales.bound(given.get("max"), "max", "max", wanted.epoch))
    rule = etree.Element("cfRule", type="colorScale")
    scale = etree.SubElement(rule, "colorScale")
    for item in bounds:
        scales.add_bound(scale, item)
    for color in colors:
        etree.SubElement(scale, "color", rgb="FF" + color)
    return Made(etree.tostring(rule, encoding="unicode"))


def _data_bar(wanted: Wanted) -> Made:
    given = wanted.given
    color = "FF" + scales.bar_color(wanted.value)
    low = scales.bound(given.get("min"), "min", "auto", wanted.epoch)
    high = scales.bound(given.get("max"), "max", "auto", wanted.epoch)
    rule = etree.Element("cfRule", type="dataBar")
    bar = etree.SubElement(rule, "dataBar")
    if given.get("hide_value"):
        bar.set("showValue", "0")
    for item, end in ((low, "min"), (high, "max")):
        scales.add_bound(bar, (end, "") if item[0] == "auto" else item)
    etree.SubElement(bar, "color", rgb=color)
    extensions = etree.SubElement(rule, "extLst")
    uri = "{B025F937-C7B1-47D3-B67F-A62EFF666E3E}"
    extension = etree.SubElement(extensions, "ext", {"uri": uri}, nsmap={"x14": X14})
    etree.SubElement(extension, f"{{{X14}}}id").text = wanted.id
    later = scales.later_bar(wanted.id, color, low, high, given)
    return Made(etree.tostring(rule, encoding="unicode"), later)


def _icon_set(wanted: Wanted) -> Made:
    name, later = scales.icon_set(wanted.value)
    bounds = scales.thresholds(name, wanted.given.get("thresholds"), wanted.epoch)
    tag = f"{{{X14}}}" if later else ""
    nsmap = {"x14": X14, "xm": XM} if later else None
    rule = etree.Element(f"{tag}cfRule", {"type": "iconSet"}, nsmap=nsmap)
    icons = etree.SubElement(rule, f"{tag}iconSet", iconSet=name)
    if wanted.given.get("hide_value"):
        icons.set("showValue", "0")
    if wanted.given.get("reverse"):
        icons.set("reverse", "1")
    for item in bounds:
        (scales.add_later_bound if later else scales.add_bound)(icons, item)
    if later:
        rule.set("id", wanted.id)
    text = etree.tostring(rule, encoding="unicode")
    return Made("", text) if later else Made(text)


__all__ = ["PERIODS", "Made", "Wanted", "listed", "make", "numeric", "values_of"]
