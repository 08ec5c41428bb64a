"""Sparklines: small charts inside cells, in an extension of the sheet that the editor drops.

They are kept beside the editor's sheet, as the XML of each group (``sheet.sparklines``), and
written back into the sheet's list of extensions, among those that others have put there.
Source: [MS-XLSX] 2.3.11 and 2.6.127 (CT_SparklineGroup).
"""

from __future__ import annotations

from typing import Any

from lxml import etree
from openpyxl.xml.constants import SHEET_MAIN_NS

from service.workbook.keeping.merging import canonical, local
from service.workbook.package.opc import parse

X14 = "http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"
XM = "http://schemas.microsoft.com/office/excel/2006/main"
URI = "{05C60535-1F16-4fd2-B633-F4F36F0B64E0}"
_EXT = f"{{{SHEET_MAIN_NS}}}ext"
_LIST = f"{{{SHEET_MAIN_NS}}}extLst"
_GROUP = f"{{{X14}}}sparklineGroup"


def groups_of(sheet: Any) -> list[bytes]:
    """The groups of sparklines on a sheet, each as XML."""
    return list(getattr(sheet, "sparklines", ()))


def set_groups(sheet: Any, groups: list[bytes]) -> None:
    """Let a sheet have these groups of sparklines."""
    sheet.sparklines = groups


def read(frame: bytes) -> list[bytes]:
    """The groups of sparklines of a sheet's part, which may come without its rows."""
    if b"sparklineGroup" not in frame:
        return []
    return [canonical(group) for group in parse(frame).iter(_GROUP)]


def extension(groups: list[bytes]) -> etree._Element:
    """The extension of a sheet that holds these groups."""
    found = etree.Element(_EXT, {"uri": URI}, nsmap={"x14": X14})
    holder = etree.SubElement(found, f"{{{X14}}}sparklineGroups", nsmap={"xm": XM})
    holder.extend(parse(group) for group in groups)
    return found


def write(root: etree._Element, groups: list[bytes]) -> None:
    """Let the sheet of that tree have these groups; its other extensions stay as they are."""
    holder = root.find(_LIST)
    known = [] if holder is None else [item for item in holder if item.get("uri") == URI]
    if groups:
        if holder is None:
            holder = etree.SubElement(root, _LIST)
        if known:
            holder.replace(known.pop(0), extension(groups))
        else:
            holder.append(extension(groups))
    for item in known:
        item.getparent().remove(item)  # type: ignore[union-attr]
    if holder is not None and not any(local(item) for item in holder):
        root.remove(holder)
