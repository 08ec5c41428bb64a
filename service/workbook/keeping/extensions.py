"""Lists in the extensions of a sheet: what later versions of Excel have put there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree
from openpyxl.xml.constants import SHEET_MAIN_NS

from service.workbook.keeping.merging import local
from service.workbook.package.opc import parse

X14 = "http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"
XM = "http://schemas.microsoft.com/office/excel/2006/main"


@dataclass(frozen=True)
class Extension:
    """A list that stands in an extension of its own.

    :param name: of the list's element, in the namespace x14
    :param first: whether Excel has it in front of other extensions
    :param counted: whether the list says how many it holds
    """

    name: str
    uri: str
    first: bool = False
    counted: bool = False

    def holders(self, root: etree._Element) -> list[etree._Element]:
        """The lists of that kind that a sheet has; usually there is at most one."""
        return [
            item
            for extensions in root
            if local(extensions) == "extLst"
            for extension in extensions
            for item in extension
            if item.tag == f"{{{X14}}}{self.name}"
        ]

    def put(self, root: etree._Element, items: Iterable[bytes]) -> None:
        """Let the sheet have these items in its list; its other extensions stay as they are."""
        there, new = self.holders(root), [parse(item) for item in items]
        for extra in there[1:] if new else there:
            _drop(extra)
        if not new:
            return
        holder = there[0] if there else self._made(root)
        holder[:] = new
        if self.counted:
            holder.set("count", str(len(new)))

    def _made(self, root: etree._Element) -> etree._Element:
        extensions = next((item for item in root if local(item) == "extLst"), None)
        if extensions is None:
            extensions = etree.SubElement(root, f"{{{SHEET_MAIN_NS}}}extLst")
        tag = f"{{{SHEET_MAIN_NS}}}ext"
        extension = etree.Element(tag, {"uri": self.uri}, nsmap={"x14": X14})
        extensions.insert(0 if self.first else len(extensions), extension)
        return etree.SubElement(extension, f"{{{X14}}}{self.name}", nsmap={"xm": XM})


def _drop(holder: etree._Element) -> None:
    """Remove a list, and what holds nothing else."""
    item: etree._Element | None = holder
    for _ in range(3):
        parent = item.getparent() if item is not None else None
        if item is None or parent is None or (len(item) and item is not holder):
            return
        parent.remove(item)
        item = parent
