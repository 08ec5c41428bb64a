"""Where references stand: which attribute of which element in which kind of part.

One row says one place. Kinds of parts are named as the relationships that lead to them.
Source: ECMA-376 part 1; [MS-XLSX] and [MS-ODRAWXML] for the later elements.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Holds = Literal[
    "formula",  # a formula, or a reference with its sheet; #REF! stands in it where it breaks
    "place",  # likewise, but a text that leads nowhere is left as it is
    "area",  # a block of cells that stays in one piece; gone: the element goes
    "link",  # cells; where they part, the element is doubled
    "cells",  # cells, a list of areas; gone: the element goes
    "cell",  # one cell; gone: the element goes
    "title",  # the title of a sheet
]


@dataclass(frozen=True)
class Rule:
    """One row: ``attribute`` is "" for the element's text.

    :param noun: what the thing is called in answers; "" is not told
    :param goes: what goes where the cells are gone: the element, its parent, or the attribute
    """

    element: str
    attribute: str
    holds: Holds
    noun: str = ""
    goes: Literal["element", "parent", "attribute", "nothing"] = "element"


_FILTERS = (
    Rule("autoFilter", "ref", "area", "filters"),
    Rule("sortState", "ref", "area"),
    Rule("sortCondition", "ref", "area"),
)

RULES: dict[str, tuple[Rule, ...]] = {
    "worksheet": (
        *_FILTERS,
        Rule("dimension", "ref", "area"),
        Rule("mergeCell", "ref", "area", "merged cells"),
        Rule("hyperlink", "ref", "link", "hyperlinks"),
        Rule("hyperlink", "location", "place", "hyperlinks"),
        Rule("protectedRange", "sqref", "cells", "protected ranges"),
        Rule("ignoredError", "sqref", "cells"),
        Rule("cellWatch", "r", "cell"),
        Rule("scenarios", "sqref", "cells", goes="attribute"),
        Rule("inputCells", "r", "cell", "scenarios"),
        Rule("cellSmartTags", "r", "cell"),
        Rule("webPublishItem", "sourceRef", "area"),
        Rule("controlPr", "linkedCell", "formula", "form controls"),
        Rule("controlPr", "listFillRange", "formula", "form controls"),
        Rule("oleObject", "link", "formula"),
        Rule("f", "", "formula", "sparklines"),  # those of rules are another module's
        Rule("sqref", "", "cells", "sparklines", goes="parent"),
    ),
    "chartsheet": (),
    "dialogsheet": (),
    "table": (
        *_FILTERS,
        Rule("calculatedColumnFormula", "", "formula", "formulas"),
        Rule("totalsRowFormula", "", "formula", "formulas"),
    ),
    "comments": (Rule("comment", "ref", "cell", "comments"),),
    "threadedComment": (Rule("threadedComment", "ref", "cell"),),
    "drawing": (
        Rule("sp", "textlink", "formula", "shapes"),
        Rule("cameraTool", "cellRange", "formula", "pictures"),
    ),
    "chart": (
        Rule("f", "", "formula", "charts"),
        Rule("sqref", "", "formula"),
    ),
    "chartEx": (Rule("f", "", "formula", "charts"),),
    "ctrlProp": (
        Rule("formControlPr", "fmlaLink", "formula", "form controls"),
        Rule("formControlPr", "fmlaRange", "formula", "form controls"),
        Rule("formControlPr", "fmlaGroup", "formula", "form controls"),
        Rule("formControlPr", "fmlaTxbx", "formula", "form controls"),
    ),
    "pivotTable": (Rule("location", "ref", "area", "pivot tables", goes="nothing"),),
    "connections": (Rule("parameter", "cell", "formula", "connections"),),
    "namedSheetView": (
        Rule("nsvFilter", "ref", "area"),
        Rule("sortCondition", "ref", "area"),
    ),
    "tableSingleCells": (Rule("singleXmlCell", "r", "cell"),),
}

BY_ELEMENT: dict[str, dict[str, list[Rule]]] = {
    kind: {
        element: [rule for rule in rules if rule.element == element]
        for element in {rule.element for rule in rules}
    }
    for kind, rules in RULES.items()
}
