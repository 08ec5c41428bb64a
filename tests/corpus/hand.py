"""Packages written part by part, as the specification says (ECMA-376 part 1, MS-XLSX)."""

from __future__ import annotations

import posixpath
from pathlib import Path
from xml.sax.saxutils import quoteattr
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from lxml import etree

from tests.corpus.parts import CONTENT_TYPES, MAIN, RELATIONSHIP, Package, local, parse

DOCUMENT = "application/vnd.openxmlformats-officedocument."
SPREADSHEET = DOCUMENT + "spreadsheetml."
TYPES = {
    "workbook": SPREADSHEET + "sheet.main+xml",
    "worksheet": SPREADSHEET + "worksheet+xml",
    "styles": SPREADSHEET + "styles+xml",
    "sharedStrings": SPREADSHEET + "sharedStrings+xml",
    "theme": DOCUMENT + "theme+xml",
    "drawing": DOCUMENT + "drawing+xml",
    "chart": DOCUMENT + "drawingml.chart+xml",
    "vml": DOCUMENT + "vmlDrawing",
    "comments": SPREADSHEET + "comments+xml",
    "table": SPREADSHEET + "table+xml",
}
OFFICE = "http://schemas.microsoft.com/office/"
NAMESPACES = (
    f'xmlns="{MAIN}" xmlns:r="{RELATIONSHIP}" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'mc:Ignorable="x14ac xr xr2 xr3" '
    f'xmlns:x14ac="{OFFICE}spreadsheetml/2009/9/ac" '
    f'xmlns:xr="{OFFICE}spreadsheetml/2014/revision" '
    f'xmlns:xr2="{OFFICE}spreadsheetml/2015/revision2" '
    f'xmlns:xr3="{OFFICE}spreadsheetml/2016/revision3"'
)
DRAWING_NAMESPACES = (
    'xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    f'xmlns:r="{RELATIONSHIP}" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    f'xmlns:a14="{OFFICE}drawing/2010/main"'
)
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'
# The order of elements in a worksheet, ECMA-376 18.3.1.99.
WORKSHEET = (
    "sheetPr dimension sheetViews sheetFormatPr cols sheetData sheetCalcPr sheetProtection "
    "protectedRanges scenarios autoFilter sortState dataConsolidate customSheetViews mergeCells "
    "phoneticPr conditionalFormatting dataValidations hyperlinks printOptions pageMargins "
    "pageSetup headerFooter rowBreaks colBreaks customProperties cellWatches ignoredErrors "
    "smartTags drawing legacyDrawing legacyDrawingHF drawingHF picture oleObjects controls "
    "webPublishItems tableParts extLst"
).split()
# The order of elements in a workbook, ECMA-376 18.2.27.
WORKBOOK = (
    "fileVersion fileSharing workbookPr AlternateContent revisionPtr workbookProtection bookViews "
    "sheets functionGroups externalReferences definedNames calcPr oleSize customWorkbookViews "
    "pivotCaches smartTagPr smartTagTypes webPublishing fileRecoveryPr webPublishObjects extLst"
).split()
ROWS = """
<row r="1" spans="1:3" x14ac:dyDescent="0.25"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v>
</c><c r="C1" t="s"><v>2</v></c></row>
<row r="2" spans="1:3" x14ac:dyDescent="0.25"><c r="A2" t="s"><v>3</v></c><c r="B2"><v>12.5</v></c>
<c r="C2" s="1"><f>B2*2</f><v>25</v></c></row>
<row r="3" spans="1:3" x14ac:dyDescent="0.25"><c r="A3" t="s"><v>4</v></c><c r="B3"><v>7</v></c>
<c r="C3" s="1"><f>B3*2</f><v>14</v></c></row>
<row r="4" spans="1:3" x14ac:dyDescent="0.25"><c r="A4" t="s"><v>5</v></c>
<c r="B4"><f>SUM(B2:B3)</f><v>19.5</v></c><c r="C4" s="1"><f>SUM(C2:C3)</f><v>39</v></c></row>
"""
STRINGS = ("Region", "Sales", "Twice", "North", "South", "Total")
STYLES = f"""<styleSheet {NAMESPACES}>
<numFmts count="1"><numFmt numFmtId="164" formatCode="#,##0.00\\ &quot;EUR&quot;"/></numFmts>
<fonts count="2" x14ac:knownFonts="1"><font><sz val="11"/><color theme="1"/><name val="Calibri"/>
<family val="2"/><scheme val="minor"/></font><font><b/><sz val="11"/><color rgb="FF1F4E78"/>
<name val="Calibri"/><family val="2"/><scheme val="minor"/></font></fonts>
<fills count="2"><fill><patternFill patternType="none"/></fill>
<fill><patternFill patternType="gray125"/></fill></fills>
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>
<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>
<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>
<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>
<dxfs count="1"><dxf><font><color rgb="FF9C0006"/></font><fill><patternFill>
<bgColor rgb="FFFFC7CE"/></patternFill></fill></dxf></dxfs>
<tableStyles count="0" defaultTableStyle="TableStyleMedium2" defaultPivotStyle="PivotStyleLight16"/>
</styleSheet>"""


class Hand:
    """A package being written. Names of parts begin with a slash."""

    def __init__(self) -> None:
        self.parts: dict[str, bytes] = {}
        self._types: dict[str, str] = {}
        self._defaults = {
            "rels": "application/vnd.openxmlformats-package.relationships+xml",
            "xml": "application/xml",
        }
        self._relations: dict[str, list[tuple[str, str, str, bool]]] = {}
        self.absolute = False  # whether targets are written from the root

    @classmethod
    def opened(cls, path: Path) -> Hand:
        """The package that another program wrote, to put more into it."""
        package, hand = Package(path), cls()
        for item in parse(package.parts[CONTENT_TYPES]):
            if local(item.tag) == "Default":
                hand._defaults[item.get("Extension")] = item.get("ContentType")
            else:
                hand._types[item.get("PartName")] = item.get("ContentType")
        for source in ("/", *package.content_parts()):
            folder, _, base = source.rpartition("/")
            data = package.parts.get(f"{folder}/_rels/{base}.rels")
            hand._relations[source] = [
                (item.get("Id"), item.get("Type"), item.get("Target"), "TargetMode" in item.attrib)
                for item in (parse(data) if data else ())
            ]
        hand.parts = {name: package.parts[name] for name in package.content_parts()}
        return hand

    def add(self, name: str, data: str | bytes, content_type: str = "") -> str:
        """Put a part in; without a type the one of its extension counts."""
        if isinstance(data, str):
            data = (DECLARATION + data.strip()).encode()
        self.parts[name] = data
        if content_type:
            self._types[name] = content_type
        return name

    def default(self, extension: str, content_type: str) -> None:
        self._defaults[extension] = content_type

    def relate(
        self, source: str, kind: str, target: str, *, id: str = "", external: bool = False
    ) -> str:
        """Lead from a part to another; the id. ``kind`` may be a whole type."""
        items = self._relations.setdefault(source, [])
        id = id or f"rId{len(items) + 1}"
        type_ = kind if "/" in kind else f"{RELATIONSHIP}/{kind}"
        items.append((id, type_, target, external))
        return id

    def insert(self, part: str, xml: str, order: list[str] = WORKSHEET) -> None:
        """Put an element into a sheet, or a workbook, at the place the order gives it."""
        root = parse(self.parts[part])
        names = " ".join(f'xmlns:{key}="{value}"' for key, value in root.nsmap.items() if key)
        if "xmlns:r=" not in names:
            names += f' xmlns:r="{RELATIONSHIP}"'
        new = parse(f'<x xmlns="{MAIN}" {names}>{xml}</x>'.encode())[0]
        place = order.index(local(new.tag))
        behind = [item for item in root if local(item.tag) in order[place + 1 :]]
        index = root.index(behind[0]) if behind else len(root)
        root.insert(index, new)
        etree.cleanup_namespaces(new)
        self.parts[part] = etree.tostring(root, encoding="UTF-8", standalone=True)

    def replace(self, part: str, old: str, new: str) -> None:
        data = self.parts[part]
        if old.encode() not in data:
            raise ValueError(f"{part} has no {old}")
        self.parts[part] = data.replace(old.encode(), new.encode())

    def write(self, path: Path) -> None:
        whole = {CONTENT_TYPES: self._content_types()}
        for source, items in self._relations.items():
            if items:
                folder, _, base = source.rpartition("/")
                listed = [(*item[:2], self._target(folder, *item[2:]), item[3]) for item in items]
                whole[f"{folder}/_rels/{base}.rels"] = _relationships(listed)
        with ZipFile(path, "w", ZIP_DEFLATED) as archive:
            for name, data in (whole | self.parts).items():
                info = ZipInfo(name.removeprefix("/"), (1980, 1, 1, 0, 0, 0))
                info.compress_type = ZIP_DEFLATED
                archive.writestr(info, data)

    def _target(self, folder: str, target: str, external: bool) -> str:
        if external or self.absolute or not target.startswith("/"):
            return target
        return posixpath.relpath(target, folder or "/")

    def _content_types(self) -> bytes:
        items = [
            f"<Default Extension={quoteattr(key)} ContentType={quoteattr(value)}/>"
            for key, value in self._defaults.items()
        ] + [
            f"<Override PartName={quoteattr(key)} ContentType={quoteattr(value)}/>"
            for key, value in self._types.items()
        ]
        namespace = "http://schemas.openxmlformats.org/package/2006/content-types"
        return f'{DECLARATION}<Types xmlns="{namespace}">{"".join(items)}</Types>'.encode()


def _relationships(items: list[tuple[str, str, str, bool]]) -> bytes:
    namespace = "http://schemas.openxmlformats.org/package/2006/relationships"
    rows = "".join(
        f"<Relationship Id={quoteattr(id)} Type={quoteattr(type_)} Target={quoteattr(target)}"
        + (' TargetMode="External"/>' if external else "/>")
        for id, type_, target, external in items
    )
    return f'{DECLARATION}<Relationships xmlns="{namespace}">{rows}</Relationships>'.encode()


def sheet_xml(rows: str = ROWS, attributes: str = "", **elements: str) -> str:
    """A worksheet with the elements given, in their order."""
    known = {
        "dimension": '<dimension ref="A1:C4"/>',
        "sheetViews": '<sheetViews><sheetView workbookViewId="0"/></sheetViews>',
        "sheetFormatPr": '<sheetFormatPr defaultRowHeight="15" x14ac:dyDescent="0.25"/>',
        "sheetData": f"<sheetData>{rows}</sheetData>",
        "pageMargins": '<pageMargins left="0.7" right="0.7" top="0.75" bottom="0.75" '
        'header="0.3" footer="0.3"/>',
    } | elements
    inside = "".join(known[name] for name in WORKSHEET if name in known)
    return f"<worksheet {NAMESPACES} {attributes}>{inside}</worksheet>"


def book(
    sheets: dict[str, str] | None = None,
    *,
    strings: tuple[str, ...] = STRINGS,
    workbook: str = "",
    properties: str = '<workbookPr defaultThemeVersion="166925"/>',
    names: str = "",
) -> Hand:
    """A workbook with these sheets: names and their XML; two plain ones where none are given.

    :param workbook: what follows the names in the workbook's part
    """
    hand = Hand()
    sheets = sheets or {"Data": sheet_xml(), "Other": sheet_xml()}
    listed = ""
    for index, (name, xml) in enumerate(sheets.items(), 1):
        part = hand.add(f"/xl/worksheets/sheet{index}.xml", xml, TYPES["worksheet"])
        id = hand.relate("/xl/workbook.xml", "worksheet", part)
        listed += f'<sheet name="{name}" sheetId="{index}" r:id="{id}"/>'
    hand.add(
        "/xl/workbook.xml",
        f'<workbook {NAMESPACES}><fileVersion appName="xl" lastEdited="7" lowestEdited="7" '
        f'rupBuild="22228"/>{properties}<bookViews><workbookView xWindow="0" yWindow="0" '
        'windowWidth="28800" windowHeight="12210" '
        'xr2:uid="{00000000-000D-0000-FFFF-FFFF00000000}"/></bookViews>'
        f"<sheets>{listed}</sheets>{names}"
        f'{workbook or """<calcPr calcId="191029"/>"""}</workbook>',
        TYPES["workbook"],
    )
    hand.relate("/", "officeDocument", "/xl/workbook.xml")
    hand.relate("/xl/workbook.xml", "styles", hand.add("/xl/styles.xml", STYLES, TYPES["styles"]))
    items = "".join(f"<si><t>{text}</t></si>" for text in strings)
    hand.add(
        "/xl/sharedStrings.xml",
        f'<sst xmlns="{MAIN}" count="{len(strings)}" uniqueCount="{len(strings)}">{items}</sst>',
        TYPES["sharedStrings"],
    )
    hand.relate("/xl/workbook.xml", "sharedStrings", "/xl/sharedStrings.xml")
    return hand


SHEET1, SHEET2 = "/xl/worksheets/sheet1.xml", "/xl/worksheets/sheet2.xml"


def anchor(inside: str, column: int = 4, row: int = 1) -> str:
    """A two-cell anchor in a drawing."""
    return f"""<xdr:twoCellAnchor><xdr:from><xdr:col>{column}</xdr:col><xdr:colOff>0</xdr:colOff>
<xdr:row>{row}</xdr:row><xdr:rowOff>0</xdr:rowOff></xdr:from><xdr:to><xdr:col>{column + 6}</xdr:col>
<xdr:colOff>0</xdr:colOff><xdr:row>{row + 12}</xdr:row><xdr:rowOff>0</xdr:rowOff></xdr:to>{inside}
<xdr:clientData/></xdr:twoCellAnchor>"""


def draw(hand: Hand, anchors: str, sheet: str = SHEET1, more: str = "") -> str:
    """Give a sheet a drawing with these anchors; the drawing's part."""
    index = sum(name.startswith("/xl/drawings/drawing") for name in hand.parts) + 1
    part = hand.add(
        f"/xl/drawings/drawing{index}.xml",
        f"<xdr:wsDr {DRAWING_NAMESPACES} {more}>{anchors}</xdr:wsDr>",
        TYPES["drawing"],
    )
    hand.insert(sheet, f'<drawing r:id="{hand.relate(sheet, "drawing", part)}"/>')
    return part


def shape(number: int, name: str, text: str = "", geometry: str = "rect") -> str:
    """A shape with a text in it."""
    return f"""<xdr:sp macro="" textlink=""><xdr:nvSpPr><xdr:cNvPr id="{number}" name="{name}"/>
<xdr:cNvSpPr/></xdr:nvSpPr><xdr:spPr><a:xfrm><a:off x="3000000" y="400000"/>
<a:ext cx="1200000" cy="600000"/></a:xfrm><a:prstGeom prst="{geometry}"><a:avLst/></a:prstGeom>
<a:solidFill><a:srgbClr val="5B9BD5"/></a:solidFill></xdr:spPr><xdr:txBody>
<a:bodyPr vertOverflow="clip" rtlCol="0" anchor="ctr"/><a:lstStyle/><a:p><a:r>
<a:rPr lang="en-GB" sz="1100"/><a:t>{text}</a:t></a:r></a:p></xdr:txBody></xdr:sp>"""


def extension(uri: str, inside: str, prefix: str = "x14", year: str = "2009/9/main") -> str:
    """One ext element of an extLst."""
    return f'<ext uri="{{{uri}}}" xmlns:{prefix}="{OFFICE}spreadsheetml/{year}">{inside}</ext>'
