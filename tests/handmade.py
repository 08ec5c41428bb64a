"""Packages made by hand, part by part, for what no library at hand writes."""

from __future__ import annotations

import io
import posixpath
import zipfile

from service.workbook.package.opc import Package

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SPACES = (
    f'xmlns="{MAIN}" xmlns:r="{OFFICE}" '
    'xmlns:x14="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main" '
    'xmlns:xm="http://schemas.microsoft.com/office/excel/2006/main" '
    'xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
)
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
BOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"


def xml(tag: str, inner: str, attributes: str = "") -> str:
    """A part with the usual namespaces."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{tag} {SPACES} {attributes}>{inner}</{tag}>'


def worksheet(data: str = "", before: str = "", after: str = "") -> str:
    """A worksheet's part, with what stands in front of and behind its cells."""
    return xml("worksheet", f"{before}<sheetData>{data}</sheetData>{after}")


class Maker:
    """Collects parts and relationships, and zips them.

    :param sheets: title and part's text of each sheet
    :param more: what stands behind the sheets in the workbook's part
    """

    def __init__(self, sheets: dict[str, str], more: str = "") -> None:
        self.parts: dict[str, str | bytes] = {}
        self.types: dict[str, str] = {}
        self.relations: dict[str, list[tuple[str, str, str, bool]]] = {"": []}
        entries = []
        for number, (title, text) in enumerate(sheets.items(), 1):
            name = f"xl/worksheets/sheet{number}.xml"
            self.add("xl/workbook.xml", name, "worksheet", text, f"rId{number}", SHEET)
            entries.append(f'<sheet name="{title}" sheetId="{number}" r:id="rId{number}"/>')
        listed = f"<sheets>{''.join(entries)}</sheets>"
        views = '<bookViews><workbookView activeTab="0"/></bookViews>'
        text = xml("workbook", views + listed + more)
        self.add("", "xl/workbook.xml", "officeDocument", text, "rId1", BOOK)

    def add(
        self,
        owner: str,
        name: str,
        kind: str,
        text: str | bytes,
        id_: str,
        type_: str = "",
    ) -> Maker:
        """Add a part, and the relationship from ``owner`` that leads to it."""
        self.parts[name] = text
        self.types[name] = type_
        return self.relate(owner, f"{OFFICE}/{kind}", "/" + name, id_)

    def relate(self, owner: str, kind: str, target: str, id_: str) -> Maker:
        """Add a relationship."""
        external = not target.startswith(("/", "#"))
        self.relations.setdefault(owner, []).append((id_, kind, target, external))
        return self

    def package(self) -> Package:
        """The package with all of it."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("[Content_Types].xml", self._types())
            for name, text in self.parts.items():
                archive.writestr(name, text)
            for owner, found in self.relations.items():
                folder, file = posixpath.split(owner)
                archive.writestr(posixpath.join(folder, "_rels", f"{file}.rels"), _relations(found))
        return Package(out.getvalue())

    def _types(self) -> str:
        overrides = "".join(
            f'<Override PartName="/{name}" ContentType="{type_ or "application/xml"}"/>'
            for name, type_ in self.types.items()
        )
        return (
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
            'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
            f"{overrides}</Types>"
        )


def _relations(found: list[tuple[str, str, str, bool]]) -> str:
    items = "".join(
        f'<Relationship Id="{id_}" Type="{kind}" Target="{target}"'
        + (' TargetMode="External"/>' if external else "/>")
        for id_, kind, target, external in found
    )
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'<Relationships xmlns="{space}">{items}</Relationships>'
