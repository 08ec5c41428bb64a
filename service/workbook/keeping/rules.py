"""Conditional formats and validations as a file has them.

The editor knows less of both than there is: what it reads of a conditional format is kept
beside the format's own XML, which is what is written; those of the later form (x14), which
stand in the sheet's list of extensions, it does not see at all. They are kept as texts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lxml import etree
from openpyxl.formatting.rule import Rule
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.constants import SHEET_MAIN_NS

from service.workbook.keeping.extensions import Extension
from service.workbook.keeping.merging import local
from service.workbook.package.opc import parse

# The lists of the later form by the extension that holds them; source: [MS-XLSX] 2.2.4.2.
# Formats come first, as Excel has them.
FORMATS, VALIDATIONS = "conditionalFormattings", "dataValidations"
LISTS = {
    FORMATS: Extension(FORMATS, "{78C0D931-6437-407d-A8EE-F0AAD7539E65}", first=True),
    VALIDATIONS: Extension(VALIDATIONS, "{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}", counted=True),
}
# Under this name the lists stand among the elements around a sheet's rows.
LATER = "x14:"


class KeptRule(Rule):  # type: ignore[misc]
    """A conditional format that is written as its XML says.

    :ivar raw: its ``cfRule`` without namespace; its priority and, where that has none, the
        number of its format are the editor's
    """

    raw: str = ""

    def to_tree(self, tagname: Any = None, idx: Any = None, namespace: Any = None) -> Any:
        root = etree.fromstring(self.raw)
        root.set("priority", str(self.priority))
        if self.dxf is not None and root.get("dxfId") is None and self.dxfId is not None:
            root.set("dxfId", str(self.dxfId))
        return root


@dataclass
class LaterRules:
    """The rules of the later form that a sheet has, each as XML."""

    formats: list[str] = field(default_factory=list)
    validations: list[str] = field(default_factory=list)

    def lists(self) -> dict[str, list[str]]:
        """The rules by the list they stand in."""
        return {FORMATS: self.formats, VALIDATIONS: self.validations}


def later_rules(ws: Worksheet) -> LaterRules:
    """The rules of the later form of a sheet, to look at and to change."""
    found = ws.__dict__.get("later_rules")
    if found is None:
        found = ws.__dict__["later_rules"] = LaterRules()
    return found  # type: ignore[no-any-return]


def remember(ws: Worksheet, frame: bytes, formats: list[Any]) -> None:
    """Note the rules of a sheet as its part has them.

    :param frame: the part without rows
    :param formats: the conditional formats that the editor has read from it, in order
    """
    if b"conditionalFormatting" not in frame and b"extLst" not in frame:
        return
    root = parse(frame)
    there = [item for item in root if local(item) == "conditionalFormatting"]
    for element, known in zip(there, formats, strict=True):
        rules = [item for item in element if local(item) == "cfRule"]
        for item, rule in zip(rules, known.rules, strict=True):
            rule.__class__ = KeptRule
            rule.raw = plain(item)
    found = later_rules(ws).lists()
    for name, items in found.items():
        for holder in LISTS[name].holders(root):
            items += [_text(item) for item in holder if local(item)]


def plain(element: etree._Element) -> str:
    """An element of a sheet as text, without the namespace that all of them have."""
    copied = etree.fromstring(_text(element))
    for item in copied.iter():
        if str(item.tag).startswith(f"{{{SHEET_MAIN_NS}}}"):
            item.tag = etree.QName(item).localname
    etree.cleanup_namespaces(copied)
    return _text(copied)


def _text(element: etree._Element) -> str:
    return etree.tostring(element, encoding="unicode", with_tail=False)


def fragments_of(ws: Worksheet) -> dict[str, list[bytes]]:
    """The lists of the later form that are not empty, by name."""
    lists = later_rules(ws).lists()
    return {
        LATER + name: [item.encode() for item in items] for name, items in lists.items() if items
    }


def merge(
    root: etree._Element, before: dict[str, list[bytes]], now: dict[str, list[bytes]]
) -> bool:
    """Put the lists of the later form that changed into a sheet; whether any did."""
    changed = [name for name in LISTS if before.get(LATER + name) != now.get(LATER + name)]
    for name in changed:
        LISTS[name].put(root, now.get(LATER + name, []))
    return bool(changed)
