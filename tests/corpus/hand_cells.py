"""Workbooks by hand: what a sheet can hold in its cells and beside them."""

from __future__ import annotations

import re
from pathlib import Path

from tests.corpus.hand import (
    MAIN,
    NAMESPACES,
    OFFICE,
    RELATIONSHIP,
    ROWS,
    SHEET1,
    SHEET2,
    SPREADSHEET,
    TYPES,
    Hand,
    book,
    extension,
    sheet_xml,
)
from tests.corpus.registry import made

PROGRAM = "by hand"


def two(**elements: str) -> dict[str, str]:
    """A sheet with these elements, and a plain one."""
    return {"Data": sheet_xml(**elements), "Other": sheet_xml()}


@made("hand-plain.xlsx", PROGRAM, "xr:uid", "x14ac:dyDescent", "mc:Ignorable", "revision pointer")
def plain(path: Path) -> None:
    uid = 'xr:uid="{00000000-0001-0000-0000-000000000000}"'
    hand = book({"Data": sheet_xml(attributes=uid), "Other": sheet_xml()})
    hand.insert(
        "/xl/workbook.xml",
        '<xr:revisionPtr revIDLastSave="0" documentId="8_{AB5B3C38-0000-4000-8000-000000000000}" '
        'xr6:coauthVersionLast="47" xr6:coauthVersionMax="47" '
        f'xmlns:xr6="{OFFICE}spreadsheetml/2016/revision6"/>',
        ["fileVersion", "workbookPr", "revisionPtr", "bookViews", "sheets"],
    )
    hand.replace(
        "/xl/workbook.xml",
        "<bookViews>",
        '<mc:AlternateContent><mc:Choice Requires="x15"><x15ac:absPath url="C:\\Files\\" '
        f'xmlns:x15ac="{OFFICE}spreadsheetml/2010/11/ac"/></mc:Choice></mc:AlternateContent>'
        "<bookViews>",
    )
    hand.replace(
        "/xl/workbook.xml",
        " xmlns:mc=",
        f' xmlns:x15="{OFFICE}spreadsheetml/2010/11/main" xmlns:mc=',
    )
    hand.add(
        "/xl/calcChain.xml",
        f'<calcChain xmlns="{MAIN}"><c r="C4" i="1" l="1"/><c r="B4"/><c r="C3"/><c r="C2"/>'
        '<c r="B4" i="2"/><c r="C4" i="2"/><c r="C3" i="2"/><c r="C2" i="2"/></calcChain>',
        SPREADSHEET + "calcChain+xml",
    )
    hand.relate("/xl/workbook.xml", "calcChain", "/xl/calcChain.xml")
    hand.write(path)


@made("hand-prefixed.xlsx", PROGRAM, "prefixed namespaces", "no style part", "no dimension")
def prefixed(path: Path) -> None:
    """As the Open XML SDK writes: every element with the prefix x."""
    rows = (
        '<x:row r="1"><x:c r="A1" t="inlineStr"><x:is><x:t>Sales</x:t></x:is></x:c></x:row>'
        '<x:row r="2"><x:c r="A2"><x:v>5</x:v></x:c><x:c r="B2"><x:f>A2*2</x:f><x:v>10</x:v></x:c>'
        "</x:row>"
    )
    hand = Hand()
    names = f'xmlns:x="{MAIN}" xmlns:r="{RELATIONSHIP}"'
    listed = ""
    for index in (1, 2):
        part = f"/xl/worksheets/sheet{index}.xml"
        xml = f"<x:worksheet {names}><x:sheetData>{rows}</x:sheetData></x:worksheet>"
        id = hand.relate("/xl/workbook.xml", "worksheet", hand.add(part, xml, TYPES["worksheet"]))
        listed += f'<x:sheet name="S{index}" sheetId="{index}" r:id="{id}"/>'
    xml = f"<x:workbook {names}><x:sheets>{listed}</x:sheets></x:workbook>"
    hand.relate("/", "officeDocument", hand.add("/xl/workbook.xml", xml, TYPES["workbook"]))
    hand.write(path)


@made("hand-bare-cells.xlsx", PROGRAM, "cells without r", "rows without r", "no spans", "ISO dates")
def bare_cells(path: Path) -> None:
    rows = (
        '<row><c t="inlineStr"><is><t>a</t></is></c><c><v>1</v></c><c/><c><v>3</v></c></row>'
        '<row><c t="s"><v>0</v></c><c t="d" s="1"><v>2024-02-29T13:45:00</v></c>'
        '<c t="b"><v>1</v></c><c t="e"><v>#DIV/0!</v></c></row>'
        '<row r="7"><c><v>7</v></c><c r="D7"><v>9</v></c><c><f>SUM(A7:D7)</f><v>16</v></c></row>'
    )
    hand = book({"Data": sheet_xml(rows, dimension=""), "Other": sheet_xml(rows)})
    hand.write(path)


@made("hand-strings.xlsx", PROGRAM, "phonetic runs", "rich text", "inline strings", "whitespace")
def strings(path: Path) -> None:
    rows = ROWS + (
        '<row r="6"><c r="A6" t="s"><v>6</v></c><c r="B6" t="s"><v>7</v></c>'
        '<c r="C6" t="s"><v>8</v></c></row><row r="7"><c r="A7" t="inlineStr"><is><r><rPr><b/></rPr>'
        '<t>bold</t></r><r><t xml:space="preserve"> plain</t></r></is></c>'
        '<c r="B7" t="inlineStr"><is><t xml:space="preserve">  kept  </t></is></c>'
        '<c r="C7" t="str"><f>"x"&amp;"  "</f><v xml:space="preserve">x  </v></c></row>'
    )
    hand = book({"Data": sheet_xml(rows), "Other": sheet_xml()})
    more = (
        '<si><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh><phoneticPr fontId="0"/></si>'
        '<si><r><t xml:space="preserve">plain </t></r><r><rPr><b/><sz val="11"/>'
        '<color rgb="FFFF0000"/><rFont val="Calibri"/><family val="2"/></rPr><t>red</t></r></si>'
        '<si><t xml:space="preserve"> _x000D_ &#10; </t></si><si/></sst>'
    )
    hand.replace("/xl/sharedStrings.xml", "</sst>", more)
    hand.replace(
        "/xl/sharedStrings.xml", 'count="6" uniqueCount="6"', 'count="15" uniqueCount="10"'
    )
    hand.insert(SHEET1, '<phoneticPr fontId="0" type="Hiragana"/>')
    hand.write(path)


@made("hand-formulas.xlsx", PROGRAM, "shared formulas", "array formulas", "data tables", "errors")
def formulas(path: Path) -> None:
    rows = (
        '<row r="6"><c r="A6"><v>1</v></c><c r="B6"><f t="shared" ref="B6:B9" si="0">A6*$B$2</f>'
        "<v>12.5</v></c></row>"
        + "".join(
            f'<row r="{row}"><c r="A{row}"><v>{row - 5}</v></c><c r="B{row}">'
            f'<f t="shared" si="0"/><v>{12.5 * (row - 5)}</v></c></row>'
            for row in (7, 8, 9)
        )
        + '<row r="11"><c r="A11"><f t="array" ref="A11:B11">B2:C2*2</f><v>25</v></c>'
        '<c r="B11"><v>50</v></c></row><row r="12"><c r="A12" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
        '<c r="B12" t="b"><f>B2&gt;1</f><v>1</v></c><c r="C12" t="str"><f>A1&amp;"!"</f>'
        '<v>Region!</v></c></row><row r="13"><c r="A13"><f ca="1">NOW()</f><v>45000.5</v></c></row>'
        '<row r="15"><c r="A15"><f>B2*3</f><v>37.5</v></c><c r="B15"><f t="dataTable" '
        'ref="B15:B16" dt2D="0" dtr="0" r1="B2"/><v>3</v></c></row><row r="16"><c r="B16"><v>6</v>'
        "</c></row>"
    )
    hand = book({"Data": sheet_xml(ROWS + rows, dimension='<dimension ref="A1:C16"/>'),
                 "Other": sheet_xml()})  # fmt: skip
    hand.write(path)


@made("hand-dynamic.xlsx", PROGRAM, "dynamic arrays", "metadata", "spilled ranges")
def dynamic(path: Path) -> None:
    rows = (
        '<row r="6"><c r="A6" cm="1"><f t="array" ref="A6:A7">_xlfn._xlws.SORT(B2:B3)</f><v>7</v>'
        '</c></row><row r="7"><c r="A7"><v>12.5</v></c></row><row r="8"><c r="B8"><f>'
        "SUM(_xlfn.ANCHORARRAY(A6))</f><v>19.5</v></c></row>"
    )
    hand = book({"Data": sheet_xml(ROWS + rows), "Other": sheet_xml()})
    hand.add(
        "/xl/metadata.xml",
        f'<metadata xmlns="{MAIN}" xmlns:xda="{OFFICE}spreadsheetml/2017/dynamicarray">'
        '<metadataTypes count="1"><metadataType name="XLDAPR" minSupportedVersion="120000" copy="1" '
        'pasteAll="1" pasteValues="1" merge="1" splitFirst="1" rowColShift="1" clearFormats="1" '
        'clearComments="1" assign="1" coerce="1" cellMeta="1"/></metadataTypes>'
        '<futureMetadata name="XLDAPR" count="1"><bk><extLst>'
        '<ext uri="{bdbb8cdc-fa1e-496e-a857-3c3f30c029c3}"><xda:dynamicArrayProperties fDynamic="1" '
        'fCollapsed="0"/></ext></extLst></bk></futureMetadata><cellMetadata count="1"><bk>'
        '<rc t="1" v="0"/></bk></cellMetadata></metadata>',
        SPREADSHEET + "sheetMetadata+xml",
    )
    hand.relate("/xl/workbook.xml", "sheetMetadata", "/xl/metadata.xml")
    hand.write(path)


@made(
    "hand-extensions.xlsx",
    PROGRAM,
    "sparklines",
    "x14 data bars",
    "x14 icon sets",
    "x14 validations",
)
def extensions(path: Path) -> None:
    xm = f'xmlns:xm="{OFFICE}excel/2006/main"'
    bar = (
        "<x14:conditionalFormattings><x14:conditionalFormatting "
        f'{xm}><x14:cfRule type="dataBar" id="{{DA7ABA51-AAAA-BBBB-0001-000000000001}}"><x14:dataBar '
        'minLength="0" maxLength="100" border="1" negativeBarBorderColorSameAsPositive="0"><x14:cfvo '
        'type="autoMin"/><x14:cfvo type="autoMax"/><x14:borderColor rgb="FF638EC6"/>'
        '<x14:negativeFillColor rgb="FFFF0000"/><x14:axisColor rgb="FF000000"/></x14:dataBar>'
        "</x14:cfRule><xm:sqref>B2:B3</xm:sqref></x14:conditionalFormatting>"
        f'<x14:conditionalFormatting {xm}><x14:cfRule type="iconSet" priority="3" '
        'id="{DA7ABA51-AAAA-BBBB-0001-000000000002}"><x14:iconSet iconSet="3Stars" custom="1">'
        '<x14:cfvo type="percent"><xm:f>0</xm:f></x14:cfvo><x14:cfvo type="num"><xm:f>Other!$B$2'
        '</xm:f></x14:cfvo><x14:cfvo type="percent"><xm:f>67</xm:f></x14:cfvo><x14:cfIcon '
        'iconSet="NoIcons" iconId="0"/><x14:cfIcon iconSet="3Flags" iconId="1"/><x14:cfIcon '
        'iconSet="3Stars" iconId="2"/></x14:iconSet></x14:cfRule><xm:sqref>C2:C3</xm:sqref>'
        "</x14:conditionalFormatting></x14:conditionalFormattings>"
    )
    valid = (
        f'<x14:dataValidations count="1" {xm}><x14:dataValidation type="list" allowBlank="1" '
        'showErrorMessage="1"><x14:formula1><xm:f>Other!$A$2:$A$3</xm:f></x14:formula1>'
        "<xm:sqref>A2:A3</xm:sqref></x14:dataValidation></x14:dataValidations>"
    )
    spark = (
        f'<x14:sparklineGroups {xm}><x14:sparklineGroup displayEmptyCellsAs="gap" markers="1">'
        '<x14:colorSeries theme="4"/><x14:colorNegative theme="5"/><x14:sparklines><x14:sparkline>'
        "<xm:f>Data!B2:C2</xm:f><xm:sqref>D2</xm:sqref></x14:sparkline></x14:sparklines>"
        "</x14:sparklineGroup></x14:sparklineGroups>"
    )
    rule = (
        '<conditionalFormatting sqref="B2:B3"><cfRule type="dataBar" priority="1"><dataBar>'
        '<cfvo type="min"/><cfvo type="max"/><color rgb="FF638EC6"/></dataBar><extLst>'
        + extension("B025F937-C7B1-47D3-B67F-A62EFF666E3E",
                    "<x14:id>{DA7ABA51-AAAA-BBBB-0001-000000000001}</x14:id>")
        + '</extLst></cfRule></conditionalFormatting><conditionalFormatting sqref="A2:A4">'
        '<cfRule type="expression" dxfId="0" priority="2" stopIfTrue="1"><formula>$B2&gt;10</formula>'
        "</cfRule></conditionalFormatting>"
    )  # fmt: skip
    listed = (
        "<extLst>"
        + extension("78C0D931-6437-407d-A8EE-F0AAD7539E65", bar)
        + extension("CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF", valid)
        + extension("05C60535-1F16-4fd2-B633-F4F36F0B64E0", spark)
        + "</extLst>"
    )
    book(two(conditionalFormatting=rule, extLst=listed)).write(path)


@made("hand-views.xlsx", PROGRAM, "custom views", "panes", "page break preview", "tab colour")
def views(path: Path) -> None:
    view = (
        '<customSheetViews><customSheetView guid="{11111111-2222-3333-4444-555555555555}" '
        'scale="90" filter="1" showAutoFilter="1"><selection activeCell="B2" sqref="B2"/>'
        '<pageMargins left="0.7" right="0.7" top="0.75" bottom="0.75" header="0.3" footer="0.3"/>'
        '<autoFilter ref="A1:C4"/></customSheetView></customSheetViews>'
    )
    panes = (
        '<sheetViews><sheetView tabSelected="1" view="pageBreakPreview" zoomScale="80" '
        'zoomScaleNormal="100" zoomScaleSheetLayoutView="80" topLeftCell="A2" workbookViewId="0">'
        '<pane xSplit="1" ySplit="1" topLeftCell="B2" activePane="bottomRight" state="frozenSplit"/>'
        '<selection pane="topRight" activeCell="B1" sqref="B1"/><selection pane="bottomLeft"/>'
        '<selection pane="bottomRight" activeCell="C3" sqref="C3 B2:B3"/></sheetView></sheetViews>'
    )
    properties = (
        '<sheetPr codeName="Sheet1" filterMode="1" enableFormatConditionsCalculation="0">'
        '<tabColor theme="4" tint="-0.249977111117893"/><outlinePr summaryBelow="0"/></sheetPr>'
    )
    hand = book(
        two(customSheetViews=view, sheetViews=panes, sheetPr=properties),
        workbook='<calcPr calcId="191029" iterate="1" iterateCount="20" iterateDelta="0.01" '
        'fullPrecision="0"/><customWorkbookViews><customWorkbookView name="Mine" '
        'guid="{11111111-2222-3333-4444-555555555555}" maximized="1" windowWidth="1000" '
        'windowHeight="700" activeSheetId="1"/></customWorkbookViews>',
    )
    hand.write(path)


@made(
    "hand-scenarios.xlsx", PROGRAM, "scenarios", "data consolidation", "watches", "ignored errors"
)
def scenarios(path: Path) -> None:
    elements = {
        "scenarios": '<scenarios current="0" show="0" sqref="C4"><scenario name="Best" count="2" '
        'user="Ann" comment="high"><inputCells r="B2" val="50"/><inputCells r="B3" val="60" '
        'numFmtId="2"/></scenario></scenarios>',
        "dataConsolidate": '<dataConsolidate function="average" topLabels="1"><dataRefs count="1">'
        '<dataRef ref="A1:C4" sheet="Other"/></dataRefs></dataConsolidate>',
        "cellWatches": '<cellWatches><cellWatch r="C4"/></cellWatches>',
        "ignoredErrors": '<ignoredErrors><ignoredError sqref="B2:B4" formulaRange="1" '
        'numberStoredAsText="1"/></ignoredErrors>',
        "customProperties": '<customProperties><customPr name="note" r:id="rId1"/></customProperties>',
        "sheetCalcPr": '<sheetCalcPr fullCalcOnLoad="1"/>',
    }
    hand = book(two(**elements))
    part = hand.add("/xl/customProperty1.bin", b"\x01n\0o\0t\0e\0", SPREADSHEET + "customProperty")
    hand.relate(SHEET1, "customProperty", part)
    hand.write(path)


@made("hand-protection.xlsx", PROGRAM, "sheet protection", "protected ranges", "password hashes")
def protection(path: Path) -> None:
    digest = (
        'algorithmName="SHA-512" hashValue="7OoF9WuIZSBpMgdDNVtG8Yhl2vk5NhVgjhPLZ0uBUuUjk0mzWUtIJGo'
        'Tk0q1BS0o0bY2ApKGpOrRRY4Yb5iPgQ==" saltValue="w2TQjJGmS5A0eQz0dDZnRw==" spinCount="100000"'
    )
    elements = {
        "sheetProtection": f'<sheetProtection {digest} sheet="1" objects="1" scenarios="1" '
        'sort="0" autoFilter="0"/>',
        "protectedRanges": f'<protectedRanges><protectedRange {digest} sqref="B2:B3 C2" '
        'name="Numbers" securityDescriptor="O:WDG:WDD:(A;;CC;;;WD)"/></protectedRanges>',
    }
    hand = book(two(**elements))
    of_workbook = re.sub(
        r'\b(\w)(\w+)="', lambda found: f'workbook{found[1].upper()}{found[2]}="', digest
    )
    order = ["fileVersion", "fileSharing", "workbookPr", "workbookProtection", "bookViews"]
    hand.insert(
        "/xl/workbook.xml",
        f'<workbookProtection {of_workbook} lockStructure="1"/>',
        order,
    )
    hand.insert("/xl/workbook.xml", '<fileSharing readOnlyRecommended="1" userName="Ann"/>', order)
    hand.write(path)


@made("hand-print.xlsx", PROGRAM, "printer settings", "headers and footers", "page breaks")
def printing(path: Path) -> None:
    elements = {
        "printOptions": '<printOptions horizontalCentered="1" headings="1" gridLines="1"/>',
        "pageSetup": '<pageSetup paperSize="9" scale="80" orientation="landscape" '
        'horizontalDpi="300" verticalDpi="300" r:id="rId1"/>',
        "headerFooter": '<headerFooter differentOddEven="1" differentFirst="1" scaleWithDoc="0">'
        '<oddHeader>&amp;L&amp;"Arial,Bold"&amp;12Left &amp;&amp; right&amp;R&amp;D</oddHeader>'
        "<oddFooter>&amp;CPage &amp;P of &amp;N</oddFooter><evenHeader>&amp;CEven</evenHeader>"
        "<firstFooter>&amp;RFirst</firstFooter></headerFooter>",
        "rowBreaks": '<rowBreaks count="1" manualBreakCount="1"><brk id="2" max="16383" man="1"/>'
        "</rowBreaks>",
        "colBreaks": '<colBreaks count="1" manualBreakCount="1"><brk id="2" max="1048575" man="1"/>'
        "</colBreaks>",
    }
    names = (
        '<definedNames><definedName name="_xlnm.Print_Area" localSheetId="0">Data!$A$1:$C$4,'
        'Data!$E$1:$F$2</definedName><definedName name="_xlnm.Print_Titles" localSheetId="0">'
        "Data!$A:$A,Data!$1:$1</definedName></definedNames>"
    )
    hand = book(two(**elements), names=names)
    hand.default("bin", SPREADSHEET + "printerSettings")
    hand.add("/xl/printerSettings/printerSettings1.bin", b"P\0r\0i\0n\0t\0" + bytes(200))
    hand.relate(SHEET1, "printerSettings", "/xl/printerSettings/printerSettings1.bin")
    hand.write(path)


@made("hand-names.xlsx", PROGRAM, "names", "hidden names", "local names", "name formulas", "LAMBDA")
def names(path: Path) -> None:
    listed = (
        '<definedNames><definedName name="_xlnm._FilterDatabase" localSheetId="0" hidden="1">'
        'Data!$A$1:$C$4</definedName><definedName name="Area" localSheetId="1">Other!$B$2:$B$3'
        '</definedName><definedName name="Area" comment="all &amp; more">Data!$B$2:$B$3'
        '</definedName><definedName name="Broken">Data!#REF!</definedName><definedName '
        'name="Last">OFFSET(Data!$B$1,COUNTA(Data!$A:$A)-1,0)</definedName><definedName '
        'name="Secret" hidden="1">"x"</definedName><definedName name="TWICE" function="1" '
        'vbProcedure="0">_xlfn.LAMBDA(_xlpm.x,_xlpm.x*2)</definedName><definedName name="Ünï.code">'
        "{1,2;3,4}</definedName></definedNames>"
    )
    row = '<row r="6"><c r="A6"><f>SUM(Area)</f><v>19.5</v></c><c r="B6"><f>Last</f><v>0</v></c></row>'
    hand = book({"Data": sheet_xml(ROWS + row), "Other": sheet_xml(ROWS + row)}, names=listed)
    hand.write(path)


@made(
    "hand-filters.xlsx",
    PROGRAM,
    "autofilter",
    "sort state",
    "tables",
    "table styles",
    "query table",
)
def filters(path: Path) -> None:
    auto = (
        '<autoFilter ref="A1:C4" xr:uid="{00000000-0001-0000-0000-000000000000}"><filterColumn '
        'colId="0"><filters blank="1"><filter val="North"/><dateGroupItem year="2024" month="2" '
        'dateTimeGrouping="month"/></filters></filterColumn><filterColumn colId="1"><customFilters '
        'and="1"><customFilter operator="greaterThan" val="5"/><customFilter operator="lessThan" '
        'val="99"/></customFilters></filterColumn><filterColumn colId="2" hiddenButton="1">'
        '<colorFilter dxfId="0"/></filterColumn><sortState ref="A2:C4" caseSensitive="1">'
        '<sortCondition descending="1" ref="B2:B4" customList="North,South"/></sortState></autoFilter>'
    )
    names = (
        '<definedNames><definedName name="_xlnm._FilterDatabase" localSheetId="0" hidden="1">'
        "Data!$A$1:$C$4</definedName></definedNames>"
    )
    hand = book(two(autoFilter=auto), names=names)
    table(hand, SHEET2)
    hand.replace(
        "/xl/styles.xml",
        '<tableStyles count="0"',
        '<tableStyles count="1"',
    )
    hand.replace(
        "/xl/styles.xml",
        'defaultPivotStyle="PivotStyleLight16"/>',
        'defaultPivotStyle="PivotStyleLight16"><tableStyle name="House" pivot="0" count="2">'
        '<tableStyleElement type="headerRow" dxfId="0"/><tableStyleElement type="firstRowStripe" '
        'size="2" dxfId="0"/></tableStyle></tableStyles>'
        "<extLst>"
        + extension("EB79DEF2-80B8-43e5-95BD-54CBDDF9020C",
                    '<x14:slicerStyles defaultSlicerStyle="SlicerStyleLight1"/>')
        + "</extLst>",
    )  # fmt: skip
    hand.write(path)


def table(hand: Hand, sheet: str, name: str = "Sold", more: str = "", attributes: str = "") -> str:
    """Put a table over A1:C4, whose last row is its totals; the table's part."""
    part = hand.add(
        "/xl/tables/table1.xml",
        f'<table {NAMESPACES} id="1" xr:uid="{{00000000-000C-0000-FFFF-FFFF00000000}}" name="{name}" '
        f'displayName="{name}" ref="A1:C4" totalsRowCount="1" {attributes} headerRowDxfId="0">'
        '<autoFilter ref="A1:C3"/><tableColumns count="3"><tableColumn id="1" name="Region" '
        'totalsRowLabel="Total"/><tableColumn id="2" name="Sales" totalsRowFunction="sum" '
        'dataDxfId="0"/><tableColumn id="3" name="Twice" totalsRowFunction="custom">'
        f"<calculatedColumnFormula>{name}[[#This Row],[Sales]]*2</calculatedColumnFormula>"
        "<totalsRowFormula>SUM(C2:C3)</totalsRowFormula></tableColumn></tableColumns>"
        '<tableStyleInfo name="House" showFirstColumn="1" showLastColumn="0" showRowStripes="1" '
        f'showColumnStripes="0"/>{more}</table>',
        TYPES["table"],
    )
    id = hand.relate(sheet, "table", part)
    hand.insert(sheet, f'<tableParts count="1"><tablePart r:id="{id}"/></tableParts>')
    return part


@made("hand-links.xlsx", PROGRAM, "hyperlinks", "merged cells", "smart tags", "web publishing")
def links(path: Path) -> None:
    elements = {
        "mergeCells": '<mergeCells count="2"><mergeCell ref="E1:F2"/><mergeCell ref="E5:E9"/>'
        "</mergeCells>",
        "hyperlinks": '<hyperlinks><hyperlink ref="A2" r:id="rId1" tooltip="A tip" '
        'xr:uid="{00000000-0004-0000-0000-000000000000}"/><hyperlink ref="A3" '
        'location="\'Other\'!A1" display="there"/><hyperlink ref="A4:B4" r:id="rId2" '
        'location="Sheet1!A1"/></hyperlinks>',
        "dataValidations": '<dataValidations count="1" disablePrompts="1"><dataValidation '
        'type="decimal" imeMode="off" errorStyle="warning" operator="lessThan" allowBlank="1" '
        'showInputMessage="1" promptTitle="How much" prompt="a &lt; b" sqref="B2:B3 D2">'
        "<formula1>Other!$B$4</formula1></dataValidation></dataValidations>",
        "webPublishItems": '<webPublishItems count="1"><webPublishItem id="9" divId="x_9" '
        'sourceType="sheet" destinationFile="C:\\x.htm"/></webPublishItems>',
    }
    hand = book(two(**elements))
    hand.relate(SHEET1, "hyperlink", "https://example.com/?a=1&b=%20c#d", external=True)
    hand.relate(SHEET1, "hyperlink", "file:///\\\\server\\share\\a%20b.xlsx", external=True)
    hand.write(path)


@made("hand-columns.xlsx", PROGRAM, "columns", "rows", "outline", "hidden rows", "thick rows")
def columns(path: Path) -> None:
    rows = ROWS.replace(
        '<row r="2" ', '<row r="2" s="2" customFormat="1" ht="33.75" customHeight="1" thickTop="1" '
    ).replace('<row r="3" ', '<row r="3" hidden="1" outlineLevel="2" ')
    rows += (
        '<row r="6" outlineLevel="1" collapsed="1"/><row r="9" ht="0" zeroHeight="1" hidden="1"/>'
    )
    rows = rows.replace(' zeroHeight="1"', "")
    elements = {
        "sheetFormatPr": '<sheetFormatPr baseColWidth="12" defaultColWidth="14.5" customHeight="1" '
        'defaultRowHeight="18" outlineLevelRow="2" outlineLevelCol="1" x14ac:dyDescent="0.25"/>',
        "cols": '<cols><col min="1" max="1" width="30.7109375" style="2" customWidth="1"/><col '
        'min="2" max="3" width="9.140625" bestFit="1" outlineLevel="1"/><col min="4" max="4" '
        'width="0" hidden="1" customWidth="1" collapsed="1"/><col min="5" max="16384" width="11" '
        'style="1"/></cols>',
    }
    book({"Data": sheet_xml(rows, **elements), "Other": sheet_xml(rows, **elements)}).write(path)


@made("hand-theme.xlsx", PROGRAM, "themes", "custom theme", "indexed colours", "gradient fills")
def theme(path: Path) -> None:
    hand = book()
    colors = "".join(
        f'<a:{name}><a:srgbClr val="{index:02X}4E78"/></a:{name}>'
        for index, name in enumerate(
            "dk1 lt1 dk2 lt2 accent1 accent2 accent3 accent4 accent5 accent6 hlink folHlink".split()
        )
    )
    font = '<a:latin typeface="Garamond"/><a:ea typeface=""/><a:cs typeface=""/>'
    fill = '<a:solidFill><a:schemeClr val="phClr"/></a:solidFill>'
    line = f'<a:ln w="6350">{fill}</a:ln>'
    effect = "<a:effectStyle><a:effectLst/></a:effectStyle>"
    hand.add(
        "/xl/theme/theme1.xml",
        '<a:theme xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" name="House">'
        f'<a:themeElements><a:clrScheme name="House">{colors}</a:clrScheme><a:fontScheme name="H">'
        f"<a:majorFont>{font}</a:majorFont><a:minorFont>{font}</a:minorFont></a:fontScheme>"
        f'<a:fmtScheme name="H"><a:fillStyleLst>{fill * 3}</a:fillStyleLst><a:lnStyleLst>{line * 3}'
        f"</a:lnStyleLst><a:effectStyleLst>{effect * 3}</a:effectStyleLst><a:bgFillStyleLst>"
        f"{fill * 3}</a:bgFillStyleLst></a:fmtScheme></a:themeElements><a:objectDefaults/>"
        "<a:extraClrSchemeLst/></a:theme>",
        TYPES["theme"],
    )
    hand.relate("/xl/workbook.xml", "theme", "/xl/theme/theme1.xml")
    hand.replace(
        "/xl/styles.xml",
        '<fills count="2">',
        '<fills count="3"><fill><gradientFill degree="90"><stop position="0"><color theme="0"/>'
        '</stop><stop position="1"><color theme="4" tint="0.4"/></stop></gradientFill></fill>',
    )
    hand.replace(
        "/xl/styles.xml",
        "</styleSheet>",
        '<colors><indexedColors><rgbColor rgb="00112233"/><rgbColor rgb="00445566"/></indexedColors>'
        '<mruColors><color rgb="FF1F4E78"/></mruColors></colors></styleSheet>',
    )
    hand.write(path)


@made("hand-1904.xlsx", PROGRAM, "1904 dates", "very hidden sheets", "several views", "code page")
def mac_dates(path: Path) -> None:
    hand = book(
        {"Data": sheet_xml(), "Other": sheet_xml(), "Third": sheet_xml()},
        properties='<workbookPr date1904="1" codeName="ThisWorkbook" backupFile="1" '
        'updateLinks="never" hidePivotFieldList="1"/>',
    )
    hand.replace("/xl/workbook.xml", 'sheetId="2"', 'sheetId="2" state="veryHidden"')
    hand.replace(
        "/xl/workbook.xml",
        "</bookViews>",
        '<workbookView activeTab="2" firstSheet="1"/></bookViews>',
    )
    hand.write(path)
