"""Workbooks whose sheets carry much, and a save that only concerns what hangs on sheets."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import openpyxl
import openpyxl.reader.excel
import PIL.Image
import xlsxwriter
from lxml import etree

from service.workbook.keeping import reading
from service.workbook.keeping.parts import Links, Memory, remember, update
from service.workbook.package.opc import OFFICE, Draft, Package, parse

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
# The elements of a sheet that come after its cells. Source: ECMA-376 part 1, 18.3.1.99.
_TAIL = (
    "sheetData sheetCalcPr sheetProtection protectedRanges scenarios autoFilter sortState "
    "dataConsolidate customSheetViews mergeCells phoneticPr conditionalFormatting "
    "dataValidations hyperlinks printOptions pageMargins pageSetup headerFooter rowBreaks "
    "colBreaks customProperties cellWatches ignoredErrors smartTags drawing legacyDrawing "
    "legacyDrawingHF drawingHF picture oleObjects controls webPublishItems tableParts extLst"
).split()


class Opened:
    """A workbook as the editor has it, with its package and what is remembered of its sheets."""

    def __init__(self, path: Path, find: Any = reading.find_drawn) -> None:
        self.package = Package(path)
        with warnings.catch_warnings(), patch.object(openpyxl.reader.excel, "find_images", find):
            warnings.simplefilter("ignore")  # of what openpyxl can't read; that is the point
            macros = path.suffix == ".xlsm"
            self.book = openpyxl.load_workbook(path, rich_text=True, keep_vba=macros)
        self.parts = sheet_parts(self.package)
        self.memories: dict[str, Memory] = {
            sheet.title: remember(sheet, self.package, self.parts[sheet.title])
            for sheet in self.book._sheets
        }

    def save(self, path: Path) -> dict[str, Links]:
        """Write what hangs on the sheets; everything else stays as it is in the package."""
        draft = Draft(self.package)
        links = {}
        for sheet in self.book._sheets:
            part = self.parts[sheet.title]
            links[sheet.title] = update(sheet, self.memories[sheet.title], draft, part)
            if links[sheet.title]:
                root = draft.xml(part)
                link(root, links[sheet.title])
                draft.write(part, root)
        draft.save(path)
        return links


def sheet_parts(package: Package) -> dict[str, str]:
    """The parts of the sheets by their titles."""
    (main,) = package.relationships("").of_kind("officeDocument")
    related = package.relationships(main.target)
    found = {}
    for sheet in parse(package.read(main.target)).iter(f"{{{MAIN}}}sheet"):
        item = related.get(sheet.get(f"{{{OFFICE}}}id"))
        assert item is not None
        found[sheet.get("name", "")] = item.target
    return found


def link(root: etree._Element, links: Links) -> None:
    """Write the ids of relationships into a sheet's element."""
    for tag, ids in (("drawing", links.drawing), ("legacyDrawing", links.legacy_drawing)):
        if ids is not None:
            _put(
                root, tag, [etree.Element(f"{{{MAIN}}}{tag}", {f"{{{OFFICE}}}id": i}) for i in ids]
            )
    if links.table_parts is not None:
        tables = etree.Element(f"{{{MAIN}}}tableParts", count=str(len(links.table_parts)))
        tables.extend(_with_id("tablePart", id_) for id_ in links.table_parts)
        _put(root, "tableParts", [tables] if links.table_parts else [])


def _with_id(tag: str, id_: str) -> etree._Element:
    return etree.Element(f"{{{MAIN}}}{tag}", {f"{{{OFFICE}}}id": id_})


def _put(root: etree._Element, tag: str, elements: list[etree._Element]) -> None:
    for old in root.findall(f"{{{MAIN}}}{tag}"):
        root.remove(old)
    later = {f"{{{MAIN}}}{name}" for name in _TAIL[_TAIL.index(tag) + 1 :]}
    place = next((number for number, child in enumerate(root) if child.tag in later), len(root))
    root[place:place] = elements


def contents(path: Path) -> dict[str, bytes]:
    """All parts by name; XML in canonical form, relationships with resolved targets in order."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(names) == len(set(names))
        return {name: _canonical(name, archive.read(name)) for name in names}


def _canonical(name: str, data: bytes) -> bytes:
    if not name.endswith((".xml", ".rels", ".vml")) or not data.strip():
        return data
    root = etree.fromstring(data)
    if name == "[Content_Types].xml":
        return b"\n".join(sorted(etree.tostring(child, method="c14n") for child in root))
    return etree.tostring(root, method="c14n")


def changed(before: Path, after: Path) -> set[str]:
    """The parts that are not the same in both files."""
    old, new = contents(before), contents(after)
    return {name for name in {*old, *new} if old.get(name) != new.get(name)}


# Workbooks --------------------------------------------------------------------

A = "http://schemas.openxmlformats.org/drawingml/2006/main"
C = "http://schemas.openxmlformats.org/drawingml/2006/chart"
CX = "http://schemas.microsoft.com/office/drawing/2014/chartex"
XDR = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"
THREADED = "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"
ROWS = [["Region", "Q1", "Q2"], ["North", 4, 7], ["South", 5, 8], ["West", 6, 9]]


def picture(color: str = "red", kind: str = "png") -> io.BytesIO:
    """A small picture."""
    out = io.BytesIO()
    PIL.Image.new("RGB", (40, 30), color).save(out, kind)
    out.seek(0)
    return out


def rich_workbook(path: Path) -> Path:
    """Two sheets with charts, pictures, a text box, comments and tables, by XlsxWriter."""
    with xlsxwriter.Workbook(path) as book:
        data, other = book.add_worksheet("Data"), book.add_worksheet("Other")
        for sheet in (data, other):
            for number, row in enumerate(ROWS):
                sheet.write_row(number, 0, row)
        for kind, cell in (("column", "F2"), ("line", "F20")):
            chart = book.add_chart({"type": kind})
            for column in "BC":
                chart.add_series(
                    {
                        "name": f"=Data!${column}$1",
                        "categories": "=Data!$A$2:$A$4",
                        "values": f"=Data!${column}$2:${column}$4",
                        "trendline": {"type": "linear"},
                    }
                )
            chart.set_title({"name": "Sales"})
            data.insert_chart(cell, chart)
        data.insert_textbox("P2", "A text box")
        data.insert_image("P10", "red.png", {"image_data": picture()})
        data.insert_image("P20", "blue.png", {"image_data": picture("blue")})
        data.set_header("&C&G", {"image_center": "top.png", "image_data_center": picture("green")})
        data.write_comment("B2", "Counted twice", {"author": "Ann"})
        data.write_comment("C3", "Estimated", {"author": "Bob"})
        data.add_table("A1:C4", {"name": "Sales", "columns": [{"header": h} for h in ROWS[0]]})
        other.add_table("A1:C4", {"name": "More", "columns": [{"header": h} for h in ROWS[0]]})
    return path


def edited(path: Path, edit: Callable[[Draft], None]) -> Path:
    """The file, with parts changed as no program of ours would."""
    draft = Draft(Package(path))
    edit(draft)
    content = io.BytesIO()
    draft.save(content)
    path.write_bytes(content.getvalue())
    return path


def add_chart_style(draft: Draft) -> None:
    """Give the first chart the parts that Excel gives each."""
    for kind, name in (("chartStyle", "style"), ("chartColorStyle", "colors")):
        part = f"xl/charts/{name}1.xml"
        draft.write(part, f'<cs:{kind} xmlns:cs="urn:x" id="201"/>'.encode(), f"text/x-{name}+xml")
        draft.relationships("xl/charts/chart1.xml").add(f"http://ms/2011/{kind}", part)


def add_new_chart(draft: Draft) -> None:
    """Put a waterfall chart beside the others, as Excel does: openpyxl doesn't see it."""
    part = "xl/charts/chartEx1.xml"
    xml = f"""<cx:chartSpace xmlns:cx="{CX}"><cx:chartData><cx:data id="0">
      <cx:strDim type="cat"><cx:f>Data!$A$2:$A$4</cx:f><cx:lvl ptCount="3">
      <cx:pt idx="0">North</cx:pt><cx:pt idx="1">South</cx:pt><cx:pt idx="2">West</cx:pt></cx:lvl>
      </cx:strDim><cx:numDim type="val"><cx:f>_xlchart.v1.1</cx:f>
      <cx:lvl ptCount="3" formatCode="General"><cx:pt idx="0">4</cx:pt>
      <cx:pt idx="1">5</cx:pt><cx:pt idx="2">6</cx:pt></cx:lvl></cx:numDim></cx:data></cx:chartData>
      <cx:chart><cx:plotArea><cx:plotAreaRegion>
      <cx:series layoutId="waterfall"><cx:tx><cx:txData><cx:f>Data!$B$1</cx:f><cx:v>Q1</cx:v>
      </cx:txData></cx:tx><cx:dataId val="0"/></cx:series></cx:plotAreaRegion></cx:plotArea>
      </cx:chart></cx:chartSpace>"""
    draft.write(part, xml.encode(), "application/vnd.ms-office.chartex+xml")
    drawing = "xl/drawings/drawing1.xml"
    id_ = draft.relationships(drawing).add("http://schemas.microsoft.com/2014/chartEx", part)
    root = draft.xml(drawing)
    root.append(
        parse(
            anchor(f"""<mc:AlternateContent xmlns:mc="{MC}"><mc:Choice Requires="cx1"
      xmlns:cx1="http://schemas.microsoft.com/office/drawing/2015/9/8/chartex">
      <xdr:graphicFrame macro=""><xdr:nvGraphicFramePr><xdr:cNvPr id="40"
      name="Chart 40"/><xdr:cNvGraphicFramePr/></xdr:nvGraphicFramePr>
      <xdr:xfrm><a:off x="0" y="0"/>
      <a:ext cx="0" cy="0"/></xdr:xfrm><a:graphic><a:graphicData uri="{CX}">
      <cx:chart xmlns:cx="{CX}" xmlns:r="{OFFICE}" r:id="{id_}"/></a:graphicData></a:graphic>
      </xdr:graphicFrame></mc:Choice><mc:Fallback/></mc:AlternateContent>""")
        )
    )
    draft.write(drawing, root)
    book = draft.xml("xl/workbook.xml")
    names = etree.Element(f"{{{MAIN}}}definedNames")
    name = etree.SubElement(names, f"{{{MAIN}}}definedName", name="_xlchart.v1.1", hidden="1")
    name.text = "Data!$B$2:$B$4"
    book.find(f"{{{MAIN}}}sheets").addnext(names)
    draft.write("xl/workbook.xml", book)


def anchor(content: str) -> bytes:
    """An anchor of a drawing."""
    return f"""<xdr:twoCellAnchor xmlns:xdr="{XDR}" xmlns:a="{A}" editAs="oneCell">
      <xdr:from><xdr:col>1</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>30</xdr:row>
      <xdr:rowOff>0</xdr:rowOff></xdr:from><xdr:to><xdr:col>4</xdr:col><xdr:colOff>0</xdr:colOff>
      <xdr:row>40</xdr:row><xdr:rowOff>0</xdr:rowOff></xdr:to>{content}<xdr:clientData/>
      </xdr:twoCellAnchor>""".encode()


def add_group(draft: Draft) -> None:
    """Put a group of a shape and a picture on the first drawing."""
    drawing = "xl/drawings/drawing1.xml"
    draft.write("xl/media/grouped.png", picture("yellow").getvalue())
    id_ = draft.relationships(drawing).add(f"{OFFICE}/image", "xl/media/grouped.png")
    root = draft.xml(drawing)
    root.append(
        parse(
            anchor(f"""<xdr:grpSp><xdr:nvGrpSpPr><xdr:cNvPr id="50" name="Group"/>
      <xdr:cNvGrpSpPr/></xdr:nvGrpSpPr><xdr:grpSpPr/><xdr:sp macro="" textlink=""><xdr:nvSpPr>
      <xdr:cNvPr id="51" name="Box"/><xdr:cNvSpPr/></xdr:nvSpPr><xdr:spPr><a:prstGeom prst="rect"/>
      </xdr:spPr></xdr:sp><xdr:pic><xdr:nvPicPr><xdr:cNvPr id="52" name="Pic"/><xdr:cNvPicPr/>
      </xdr:nvPicPr><xdr:blipFill><a:blip xmlns:r="{OFFICE}" r:embed="{id_}"/></xdr:blipFill>
      <xdr:spPr><a:prstGeom prst="rect"/></xdr:spPr></xdr:pic></xdr:grpSp>""")
        )
    )
    draft.write(drawing, root)


def add_thread(draft: Draft) -> None:
    """Make the first comment of the first sheet a thread of two."""
    first, second = (f"{{AAAA0000-0000-4000-8000-00000000000{n}}}" for n in "12")
    person = "{BBBB0000-0000-4000-8000-000000000001}"
    draft.write(
        "xl/threadedComments/threadedComment1.xml",
        f"""<ThreadedComments xmlns="{THREADED}"><threadedComment ref="B2" personId="{person}"
        id="{first}"><text>Right?</text></threadedComment><threadedComment ref="B2" id="{second}"
        personId="{person}" parentId="{first}"><text>Yes</text></threadedComment>
        </ThreadedComments>""".encode(),
        "application/vnd.ms-excel.threadedcomments+xml",
    )
    people = f'<personList xmlns="{THREADED}"><person displayName="Cy" id="{person}"/></personList>'
    draft.write("xl/persons/person.xml", people.encode(), "application/vnd.ms-excel.person+xml")
    kinds = "http://schemas.microsoft.com/office/2017/10/relationships"
    sheet = draft.relationships("xl/worksheets/sheet1.xml")
    sheet.add(f"{kinds}/threadedComment", "xl/threadedComments/threadedComment1.xml")
    draft.relationships("xl/workbook.xml").add(f"{kinds}/person", "xl/persons/person.xml")
    notes = draft.xml("xl/comments1.xml")
    notes.find(f"{{{MAIN}}}authors")[0].text = f"tc={first}"
    draft.write("xl/comments1.xml", notes)


def add_query(draft: Draft) -> None:
    """Let the first table come from a query, with the attributes that Excel adds."""
    draft.write("xl/queryTables/queryTable1.xml", b"<queryTable name='q'/>", "text/x-query+xml")
    table = "xl/tables/table1.xml"
    draft.relationships(table).add(f"{OFFICE}/queryTable", "xl/queryTables/queryTable1.xml")
    revision = "http://schemas.microsoft.com/office/spreadsheetml/2014/revision"
    added = (
        f'<table xmlns:xr="{revision}" xmlns:mc="{MC}" mc:Ignorable="xr" '
        'xr:uid="{CCCC0000-0000-4000-8000-000000000001}" '
    )
    root = parse(etree.tostring(draft.xml(table)).replace(b"<table ", added.encode(), 1))
    root.append(parse(f'<extLst xmlns="{MAIN}"><ext uri="x"/></extLst>'.encode()))
    draft.write(table, root)


def full_workbook(path: Path) -> Path:
    """:func:`rich_workbook` with all that XlsxWriter can't make."""

    def edit(draft: Draft) -> None:
        for add in (add_chart_style, add_new_chart, add_group, add_thread, add_query):
            add(draft)

    return edited(rich_workbook(path), edit)
