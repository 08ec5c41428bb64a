"""The rules that a sheet has, of both forms, in words and with what is needed to change them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.areas import Area
from service.workbook.keeping.merging import local
from service.workbook.keeping.rules import KeptRule, LaterRules, later_rules, plain
from service.workbook.rules import kinds, looks
from service.workbook.rules.cells import areas_of
from service.workbook.rules.formulas import shown
from service.workbook.rules.made import PERIODS

UNRANKED = 1 << 30  # of a rule without priority


@dataclass
class Found:
    """One rule.

    :param cells: where it holds, as a file lists areas
    :param xml: its ``cfRule`` or ``dataValidation``
    :param rule: the editor's, of a conditional format of the usual form
    :param validation: the editor's, of a validation of the usual form
    :param second: of a data bar, its other half in the later form
    :param later: number in the sheet's list of the later form; of a data bar, that of its
        second half; -1 where it has none
    :param place: number in that list's element, which may hold several
    """

    cells: str
    xml: etree._Element
    kind: str = ""
    value: Any = None
    told: dict[str, Any] = field(default_factory=dict)
    rule: KeptRule | None = None
    validation: DataValidation | None = None
    second: etree._Element | None = None
    later: int = -1
    place: int = 0
    index: int = 0

    @property
    def areas(self) -> list[Area]:
        return areas_of(self.cells)

    @property
    def is_format(self) -> bool:
        return local(self.xml) == "cfRule"

    @property
    def only_later(self) -> bool:
        """Whether the editor does not know it at all."""
        return self.rule is None and self.validation is None

    @property
    def priority(self) -> int:
        if self.rule is not None:
            return int(self.rule.priority or UNRANKED)
        return int(self.xml.get("priority", UNRANKED))

    def words(self) -> dict[str, Any]:
        """What an answer tells of it."""
        found: dict[str, Any] = {"index": self.index, "range": self.cells.replace(" ", ",")}
        found["rule"] = self.kind
        if self.value is not None:
            found["value"] = self.value
        return found | self.told


def rules_of(ws: Worksheet, epoch: dt.datetime) -> list[Found]:
    """The rules of a sheet: conditional formats by priority, then validations."""
    found = found_on(ws)
    for item in found:
        _describe(item, epoch)
    return found


def found_on(ws: Worksheet) -> list[Found]:
    """As ``rules_of``, but not yet in words."""
    later = later_rules(ws)
    formats = [*_formats(ws, later)]
    formats.sort(key=lambda item: item.priority)
    found = [*formats, *_validations(ws, later)]
    for number, item in enumerate(found, start=1):
        item.index = number
    return found


def kept(rule: Any) -> KeptRule:
    """The editor's rule as one that is written as its XML says."""
    if not isinstance(rule, KeptRule):
        root = rule.to_tree()
        root.attrib.pop("dxfId", None)
        rule.raw = plain(root)
        rule.__class__ = KeptRule
    return rule  # type: ignore[no-any-return]


def _formats(ws: Worksheet, later: LaterRules) -> Iterator[Found]:
    linked: dict[str, Found] = {}
    alone: list[Found] = []
    for number, text in enumerate(later.formats):
        root = etree.fromstring(text)
        cells = "".join(item.text or "" for item in root if local(item) == "sqref")
        rules = [item for item in root if local(item) == "cfRule"]
        for place, item in enumerate(rules):
            alone.append(Found(cells, item, later=number, place=place))
            linked[item.get("id", "")] = alone[-1]
    known = set()
    for form in ws.conditional_formatting:
        for rule in form.rules:
            found = Found(str(form.sqref), etree.fromstring(kept(rule).raw), rule=kept(rule))
            id_ = next((i.text or "" for i in found.xml.iter() if local(i) == "id"), "")
            other = linked.get(id_) if id_ else None
            if other is not None:
                found.second, found.later, found.place = other.xml, other.later, other.place
                known.add(id(other))
            yield found
    yield from (item for item in alone if id(item) not in known)


def _validations(ws: Worksheet, later: LaterRules) -> Iterator[Found]:
    for validation in ws.data_validations.dataValidation:
        if str(validation.sqref):
            yield Found(str(validation.sqref), validation.to_tree(), validation=validation)
    for number, text in enumerate(later.validations):
        root = etree.fromstring(text)
        cells = "".join(item.text or "" for item in root if local(item) == "sqref")
        yield Found(cells, root, later=number)


# In words -----------------------------------------------------------------------


def _formulas(xml: etree._Element) -> list[str]:
    found = []
    for item in xml:
        if local(item) in ("formula", "formula1", "formula2", "f"):
            text = item.text or "".join(part.text or "" for part in item)
            found.append(text)
    return [text for text in found if text]


def _describe(item: Found, epoch: dt.datetime) -> None:
    if item.is_format:
        _describe_format(item)
    else:
        _describe_validation(item, epoch)


def _describe_format(item: Found) -> None:
    xml, told = item.xml, item.told
    formulas = [shown(text) for text in _formulas(xml)]
    type_ = xml.get("type", "expression")
    item.kind = _kind(xml, type_)
    if item.kind in kinds.COMPARISONS:
        item.value = formulas if len(formulas) > 1 else next(iter(formulas), None)
    elif item.kind in kinds.TEXTS:
        item.value = xml.get("text") or _looked_for(_formulas(xml))
    elif item.kind == "date_occurring":
        names = {stored: name for name, (stored, _) in PERIODS.items()}
        item.value = names.get(xml.get("timePeriod", ""), xml.get("timePeriod"))
    elif item.kind in kinds.RANKS:
        item.value = int(xml.get("rank", "10"))
        told |= {"percent": True} if _on(xml, "percent") else {}
    elif item.kind in kinds.AVERAGES:
        told |= {"std_dev": int(xml.get("stdDev", "0"))} if xml.get("stdDev") else {}
        told |= {"equal": True} if _on(xml, "equalAverage") else {}
    elif item.kind == "formula":
        item.value = next((f"={text}" for text in _formulas(xml)), None)
    elif item.kind in kinds.SCALES:
        _describe_scale(item)
    told |= looks.told(_style(item))
    if _on(xml, "stopIfTrue"):
        told["stop_if_true"] = True
    told["priority"] = item.priority


def _on(xml: etree._Element, name: str) -> bool:
    return xml.get(name) in ("1", "true")


def _kind(xml: etree._Element, type_: str) -> str:
    if type_ == "cellIs":
        names = {stored: name for name, stored in kinds.COMPARISONS.items()}
        return names.get(xml.get("operator", ""), "cellIs")
    texts = {stored: name for name, (stored, _) in kinds.TEXTS.items()}
    others = {stored: name for name, stored in kinds.PLAIN.items()}
    if type_ == "top10":
        return "bottom" if _on(xml, "bottom") else "top"
    if type_ == "aboveAverage":
        return "below_average" if xml.get("aboveAverage") in ("0", "false") else "above_average"
    fixed = {
        "expression": "formula", "timePeriod": "date_occurring", "colorScale": "color_scale",
        "dataBar": "data_bar", "iconSet": "icon_set",
    }  # fmt: skip
    return texts.get(type_) or others.get(type_) or fixed.get(type_, type_)


def _looked_for(formulas: list[str]) -> str | None:
    """The formula that gives the text looked for, which stands in Excel's own way of asking."""
    for pattern in (r"SEARCH\((.+?),[A-Z$]+\d", r"LEN\((.+?)\)\)="):
        match = re.search(pattern, formulas[0]) if formulas else None
        if match:
            return str(shown(match[1]))
    return None


def _style(item: Found) -> DifferentialStyle | None:
    if item.rule is not None:
        return item.rule.dxf
    dxf = next((part for part in item.xml if local(part) == "dxf"), None)
    return DifferentialStyle.from_tree(dxf) if dxf is not None else None


def _describe_scale(item: Found) -> None:
    # Where there are two forms, the later one tells where bars begin and end.
    parts = list(item.xml.iter())
    if item.second is not None:
        parts = [part for part in parts if local(part) != "cfvo"] + list(item.second.iter())
    colors = [part.get("rgb", "") for part in parts if local(part) == "color"]
    bounds = [_bound(part) for part in parts if local(part) == "cfvo"]
    if item.kind == "icon_set":
        icons = next((part for part in parts if local(part) == "iconSet"), item.xml)
        item.value = icons.get("iconSet", "3TrafficLights1")
        item.told["thresholds"] = bounds[1:]
        item.told |= {"reverse": True} if _on(icons, "reverse") else {}
        shows = icons
    else:
        found = [f"#{color[-6:]}" for color in colors if color]
        item.value = found if item.kind == "color_scale" else next(iter(found), None)
        names = ("min", "mid", "max") if len(bounds) == 3 else ("min", "max")
        item.told |= dict(zip(names, bounds, strict=False))
        shows = next((part for part in parts if local(part) == "dataBar"), item.xml)
    if shows.get("showValue") in ("0", "false"):
        item.told["hide_value"] = True
    if item.second is not None:
        _describe_bar(item, item.second)


def _describe_bar(item: Found, second: etree._Element) -> None:
    for part in second.iter():
        if local(part) == "dataBar" and part.get("gradient") in ("0", "false"):
            item.told["solid"] = True
        if local(part) == "negativeFillColor" and part.get("rgb") not in (None, "FFFF0000"):
            item.told["negative_color"] = f"#{part.get('rgb', '')[-6:]}"


def _bound(part: etree._Element) -> str:
    kind = part.get("type", "num")
    value = part.get("val") or "".join(child.text or "" for child in part)
    shown_as = {
        "num": value, "percent": f"{value}%", "percentile": f"percentile {value}",
        "formula": f"={value}", "autoMin": "auto", "autoMax": "auto",
    }  # fmt: skip
    return shown_as.get(kind, kind)


def _describe_validation(item: Found, epoch: dt.datetime) -> None:
    xml, told = item.xml, item.told
    names = {stored: name for name, stored in kinds.VALIDATIONS.items()}
    item.kind = names.get(xml.get("type") or "none", str(xml.get("type")))
    formulas = _formulas(xml)
    if item.kind == "list" and formulas:
        text = formulas[0]
        entries = shown(text) if text.startswith('"') else None
        item.value = str(entries).split(",") if entries is not None else text
    elif item.kind == "custom" and formulas:
        item.value = f"={formulas[0]}"
    elif formulas:
        values = [shown(text, item.kind, epoch) for text in formulas]
        item.value = values if len(values) > 1 else values[0]
        operators = {stored: name for name, stored in kinds.COMPARISONS.items()}
        told["operator"] = operators.get(xml.get("operator") or "between", "between")
    for name, attribute in (
        ("input_title", "promptTitle"), ("input_message", "prompt"),
        ("error_title", "errorTitle"), ("error_message", "error"),
    ):  # fmt: skip
        told |= {name: xml.get(attribute)} if xml.get(attribute) else {}
    if xml.get("errorStyle") not in (None, "stop"):
        told["error_style"] = xml.get("errorStyle")
    told["allow_blank"] = _on(xml, "allowBlank")
    if item.kind == "list" and _on(xml, "showDropDown"):
        told["dropdown"] = False
