"""A chart's part, and what changed in the chart since it was read from there."""

from __future__ import annotations

import hashlib
from typing import Any

from lxml import etree
from openpyxl.chart.chartspace import ChartSpace
from openpyxl.chart.reader import read_chart

from service.workbook.drawn import CHART, chart_tree, drop_caches, without_caches
from service.workbook.keeping.merging import canonical, local, merge
from service.workbook.keeping.reading import UNREADABLE
from service.workbook.package.opc import parse, serialized

_REFERENCES = frozenset({"numRef", "strRef", "multiLvlStrRef"})
_CHOICES = tuple(
    frozenset(tags.split())
    for tags in (
        "noFill solidFill gradFill blipFill pattFill grpFill",
        "prstDash custDash",
        "round bevel miter",
        "rich strRef v",
        "numRef numLit strRef strLit multiLvlStrRef",
    )
)
# Source: ECMA-376 part 1, 21.2.2.29 (chartSpace) and 21.2.2.27 (chart).
_ORDER = {
    "chartSpace": tuple(
        "date1904 lang roundedCorners AlternateContent style clrMapOvr pivotSource protection "
        "chart spPr txPr externalData printSettings userShapes extLst".split()
    ),
    "chart": tuple(
        "title autoTitleDeleted pivotFmts view3D floor sideWall backWall plotArea legend "
        "plotVisOnly dispBlanksAs showDLblsOverMax extLst".split()
    ),
}


def fingerprint(chart: Any) -> str:
    """A short text that changes when the chart does; its cached values do not count."""
    try:
        with without_caches(chart):
            tree = drop_caches(chart_tree(chart))
    except UNREADABLE:
        return ""  # openpyxl reads some charts that it can't write
    return hashlib.sha256(canonical(tree)).hexdigest()[:32]


def patched(original: bytes, chart: Any) -> bytes:
    """The chart's part, with what changed in the chart since openpyxl read it from there.

    A chart that openpyxl can't read any more from the part is written as openpyxl has it.
    """
    with without_caches(chart):
        after = chart_tree(chart)
    root = parse(original)
    try:
        known = read_chart(ChartSpace.from_tree(drop_caches(parse(original))))
        before = chart_tree(known)
    except UNREADABLE:
        return serialized(after)
    before, after = _comparable(before), _comparable(after)
    merge(
        root,
        before,
        after,
        name_of=_name,
        whole=_REFERENCES,
        choices=_CHOICES,
        order=_ORDER,
    )
    _number_series(root)
    _order_series(root, _series_names(before), _series_names(after))
    _tell_whether_titled(root, before, after)
    return serialized(root)


def _comparable(tree: etree._Element) -> etree._Element:
    """Without what is cached, and without the numbers of series, which openpyxl gives anew."""
    for series in drop_caches(tree).iter(f"{{{CHART}}}ser"):
        for name in ("idx", "order"):
            for item in series.findall(f"{{{CHART}}}{name}"):
                series.remove(item)
    return tree


def _name(element: etree._Element) -> str:
    """What tells a part of a chart from others of its kind."""
    kind = local(element)
    if kind == "ser":
        for source in ("val", "yVal"):
            found = element.find(f"{{*}}{source}//{{*}}f")
            if found is not None:
                return found.text or ""
    if kind in ("dPt", "dLbl", "pt"):
        found = element.find("{*}idx")
    elif kind.endswith("Ax"):
        found = element.find("{*}axId")
    else:
        return ""
    return "" if found is None else str(found.get("val", ""))


def _series_names(tree: etree._Element) -> list[str]:
    return [_name(item) for item in tree.iter(f"{{{CHART}}}ser")]


def _number_series(root: etree._Element) -> None:
    """New series get numbers; the others keep theirs, which give them their colours."""
    for name in ("idx", "order"):
        series = list(root.iter(f"{{{CHART}}}ser"))
        taken = [item.find(f"{{{CHART}}}{name}") for item in series]
        highest = max((int(t.get("val", "0")) for t in taken if t is not None), default=-1)
        for item, number in zip(series, taken, strict=True):
            if number is None:
                highest += 1
                new = etree.Element(f"{{{CHART}}}{name}", val=str(highest))
                item.insert(0 if name == "idx" else 1, new)


def _order_series(root: etree._Element, before: list[str], after: list[str]) -> None:
    """Where the series were put in another order, their numbers follow."""
    series = list(root.iter(f"{{{CHART}}}ser"))
    places = {name: place for place, name in enumerate(after)}
    same = [name for name in before if name in places] == [n for n in after if n in before]
    if same or len(series) != len(after) or len(places) != len(after):
        return
    orders = [item.find(f"{{{CHART}}}order") for item in series]
    numbers = sorted(int(o.get("val", "0")) for o in orders if o is not None)
    for item, order in zip(series, orders, strict=True):
        if order is not None and _name(item) in places:
            order.set("val", str(numbers[places[_name(item)]]))


def _tell_whether_titled(
    root: etree._Element, before: etree._Element, after: etree._Element
) -> None:
    """Without a title Excel would show the name of a single series, unless told not to."""
    path = f"{{{CHART}}}chart/{{{CHART}}}title"
    titled = after.find(path) is not None
    chart = root.find(f"{{{CHART}}}chart")
    if chart is None or titled == (before.find(path) is not None):
        return
    known = chart.find(f"{{{CHART}}}autoTitleDeleted")
    if known is None:
        known = etree.Element(f"{{{CHART}}}autoTitleDeleted")
        chart.insert(1 if titled else 0, known)
    known.set("val", "0" if titled else "1")
