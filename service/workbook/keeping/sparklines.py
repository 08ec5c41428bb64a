"""Sparklines: small charts inside cells, in an extension of the sheet that the editor drops.

They are kept beside the editor's sheet, as the XML of each group (``sheet.sparklines``), and
written back into the sheet's list of extensions, among those that others have put there.
Source: [MS-XLSX] 2.3.11 and 2.6.127 (CT_SparklineGroup).
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from service.workbook.keeping.extensions import X14, Extension
from service.workbook.keeping.merging import canonical
from service.workbook.package.opc import parse

_LIST = Extension("sparklineGroups", "{05C60535-1F16-4fd2-B633-F4F36F0B64E0}")
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


def write(root: etree._Element, groups: list[bytes]) -> None:
    """Let the sheet of that tree have these groups; its other extensions stay as they are."""
    _LIST.put(root, groups)
