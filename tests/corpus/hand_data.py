"""Workbooks by hand: data from elsewhere, pivot tables, and what came to Excel after 2010."""

from __future__ import annotations

from pathlib import Path

from tests.corpus.hand import (
    DOCUMENT,
    MAIN,
    NAMESPACES,
    OFFICE,
    RELATIONSHIP,
    ROWS,
    SHEET1,
    SHEET2,
    SPREADSHEET,
    WORKBOOK,
    Hand,
    anchor,
    book,
    draw,
    extension,
    sheet_xml,
)
from tests.corpus.hand_cells import table
from tests.corpus.pictures import picture
from tests.corpus.registry import made

PROGRAM = "by hand"
BOOK = "/xl/workbook.xml"
DOCUMENT_DRAWING = f"{OFFICE}drawing/2010"


def pivot(hand: Hand, more: str = "", cached: str = "") -> str:
    """Put a pivot table over Data!A1:C3 on the second sheet, at E1; its cache's part."""
    cache = hand.add(
        "/xl/pivotCache/pivotCacheDefinition1.xml",
        f'<pivotCacheDefinition {NAMESPACES} r:id="rId1" refreshedBy="Ann" '
        'refreshedDate="45351.5" createdVersion="8" refreshedVersion="8" minRefreshableVersion="3" '
        'recordCount="2" xr:uid="{DDDD0000-0000-4000-8000-000000000001}"><cacheSource '
        'type="worksheet"><worksheetSource ref="A1:C3" sheet="Data"/></cacheSource><cacheFields '
        'count="3"><cacheField name="Region" numFmtId="0"><sharedItems count="2"><s v="North"/>'
        '<s v="South"/></sharedItems></cacheField><cacheField name="Sales" numFmtId="0"><sharedItems '
        'containsSemiMixedTypes="0" containsString="0" containsNumber="1" minValue="7" '
        'maxValue="12.5"/></cacheField><cacheField name="Twice" numFmtId="164"><sharedItems '
        'containsSemiMixedTypes="0" containsString="0" containsNumber="1" minValue="14" '
        f'maxValue="25"/></cacheField></cacheFields>{cached}</pivotCacheDefinition>',
        SPREADSHEET + "pivotCacheDefinition+xml",
    )
    records = hand.add(
        "/xl/pivotCache/pivotCacheRecords1.xml",
        f'<pivotCacheRecords xmlns="{MAIN}" count="2"><r><x v="0"/><n v="12.5"/><n v="25"/></r><r>'
        '<x v="1"/><n v="7"/><n v="14"/></r></pivotCacheRecords>',
        SPREADSHEET + "pivotCacheRecords+xml",
    )
    hand.relate(cache, "pivotCacheRecords", records)
    id = hand.relate(BOOK, "pivotCacheDefinition", cache)
    hand.insert(BOOK, f'<pivotCaches><pivotCache cacheId="7" r:id="{id}"/></pivotCaches>', WORKBOOK)
    part = hand.add(
        "/xl/pivotTables/pivotTable1.xml",
        f'<pivotTableDefinition {NAMESPACES} name="PivotTable1" cacheId="7" '
        'applyNumberFormats="0" dataCaption="Values" updatedVersion="8" minRefreshableVersion="3" '
        'useAutoFormatting="1" itemPrintTitles="1" createdVersion="8" indent="0" outline="1" '
        'outlineData="1" xr:uid="{DDDD0000-0000-4000-8000-000000000002}"><location ref="E1:F4" '
        'firstHeaderRow="1" firstDataRow="1" firstDataCol="1"/><pivotFields count="3"><pivotField '
        'axis="axisRow" showAll="0"><items count="3"><item x="0"/><item x="1" sd="0"/><item '
        't="default"/></items></pivotField><pivotField dataField="1" showAll="0"/><pivotField '
        'showAll="0" numFmtId="164"/></pivotFields><rowFields count="1"><field x="0"/></rowFields>'
        '<rowItems count="3"><i><x/></i><i><x v="1"/></i><i t="grand"><x/></i></rowItems><colItems '
        'count="1"><i/></colItems><dataFields count="1"><dataField name="Sum of Sales" fld="1" '
        'baseField="0" baseItem="0" numFmtId="164"/></dataFields><formats count="1"><format dxfId="0">'
        '<pivotArea collapsedLevelsAreSubtotals="1" fieldPosition="0"/></format></formats>'
        '<pivotTableStyleInfo name="PivotStyleLight16" showRowHeaders="1" showColHeaders="1"/>'
        f"{more}</pivotTableDefinition>",
        SPREADSHEET + "pivotTable+xml",
    )
    hand.relate(part, "pivotCacheDefinition", cache)
    hand.relate(SHEET2, "pivotTable", part)
    return cache


PIVOT_ROWS = ROWS.replace(
    "</row>", '<c r="E1" t="inlineStr"><is><t>Row Labels</t></is></c><c r="F1" t="inlineStr"><is>'
    "<t>Sum of Sales</t></is></c></row>", 1
)  # fmt: skip


def _frame(name: str, kind: str, prefix: str, namespace: str, choice: str) -> str:
    """A slicer or a timeline in a drawing."""
    return (
        f'<mc:AlternateContent><mc:Choice xmlns:{choice[0]}="{choice[1]}" Requires="{choice[0]}">'
        f'<xdr:graphicFrame macro=""><xdr:nvGraphicFramePr><xdr:cNvPr id="2" name="{name}"/>'
        '<xdr:cNvGraphicFramePr/></xdr:nvGraphicFramePr><xdr:xfrm><a:off x="0" y="0"/><a:ext cx="0" '
        f'cy="0"/></xdr:xfrm><a:graphic><a:graphicData uri="{namespace}"><{prefix}:{kind} '
        f'xmlns:{prefix}="{namespace}" name="{name}"/></a:graphicData></a:graphic>'
        '</xdr:graphicFrame></mc:Choice><mc:Fallback><xdr:sp macro="" textlink=""><xdr:nvSpPr>'
        '<xdr:cNvPr id="0" name=""/><xdr:cNvSpPr/></xdr:nvSpPr><xdr:spPr/></xdr:sp></mc:Fallback>'
        "</mc:AlternateContent>"
    )


def _slicer(hand: Hand, sheet: str, cache_xml: str, uri: str, list_uri: str, tag: str) -> None:
    """A slicer with its cache, and what leads to both."""
    x14 = f"{OFFICE}spreadsheetml/2009/9/main"
    cache = hand.add(
        "/xl/slicerCaches/slicerCache1.xml",
        f'<slicerCacheDefinition xmlns="{x14}" xmlns:x="{MAIN}" '
        f'xmlns:x15="{OFFICE}spreadsheetml/2010/11/main" name="Slicer_Region" sourceName="Region">'
        f"{cache_xml}</slicerCacheDefinition>",
        "application/vnd.ms-excel.slicerCache+xml",
    )
    id = hand.relate(BOOK, f"{OFFICE}2007/relationships/slicerCache", cache)
    prefix, year = ("x15", "2010/11/main") if tag.startswith("x15") else ("x14", "2009/9/main")
    listed = f'<x14:slicerCache xmlns:x14="{x14}" r:id="{id}"/>'
    hand.insert(
        BOOK,
        f"<extLst>{extension(uri, f'<{tag}>{listed}</{tag}>', prefix, year)}</extLst>",
        WORKBOOK,
    )
    slicer = hand.add(
        "/xl/slicers/slicer1.xml",
        f'<slicers xmlns="{x14}" xmlns:x="{MAIN}"><slicer name="Region" cache="Slicer_Region" '
        'caption="Region" startItem="0" style="SlicerStyleDark2" rowHeight="241300"/></slicers>',
        "application/vnd.ms-excel.slicer+xml",
    )
    id = hand.relate(sheet, f"{OFFICE}2007/relationships/slicer", slicer)
    inside = f'<x14:slicerList xmlns:x14="{x14}"><x14:slicer r:id="{id}"/></x14:slicerList>'
    hand.insert(sheet, f"<extLst>{extension(list_uri, inside, prefix, year)}</extLst>")


@made(
    "hand-pivot.xlsx", PROGRAM, "pivot tables", "pivot caches", "pivot slicers", "calculated fields"
)
def pivot_slicer(path: Path) -> None:
    hand = book({"Data": sheet_xml(), "Other": sheet_xml(PIVOT_ROWS)})
    x14 = extension("962EF5D1-5CA2-4c93-8EF4-DBF5C05439D2",
                    '<x14:pivotTableDefinition hideValuesRow="1"/>')  # fmt: skip
    cached = extension(
        "725AE2AE-9491-48be-B2B4-4EB974FC3084", '<x14:pivotCacheDefinition pivotCacheId="9"/>'
    )
    pivot(hand, f"<extLst>{x14}</extLst>", f"<extLst>{cached}</extLst>")
    _slicer(
        hand,
        SHEET2,
        '<pivotTables><pivotTable tabId="2" name="PivotTable1"/></pivotTables><data><tabular '
        'pivotCacheId="9"><items count="2"><i x="0" s="1"/><i x="1" s="1"/></items></tabular></data>',
        "BBE1A952-AA13-448e-AADC-164F8A28A991",
        "A8765BA9-456A-4dab-B4F3-ACF838C121DE",
        "x14:slicerCaches",
    )
    slicer = f"{DOCUMENT_DRAWING}/slicer"
    choice = ("a14x", f"{OFFICE}drawing/2010/main")
    draw(hand, anchor(_frame("Region", "slicer", "sle", slicer, choice)), SHEET2)
    hand.write(path)


@made("hand-timeline.xlsx", PROGRAM, "timelines", "pivot tables")
def timeline(path: Path) -> None:
    hand = book({"Data": sheet_xml(), "Other": sheet_xml(PIVOT_ROWS)})
    pivot(hand)
    x15 = f"{OFFICE}spreadsheetml/2010/11/main"
    cache = hand.add(
        "/xl/timelineCaches/timelineCache1.xml",
        f'<timelineCacheDefinition xmlns="{x15}" name="NativeTimeline_Day" sourceName="Day">'
        '<pivotTables><pivotTable tabId="2" name="PivotTable1"/></pivotTables><state '
        'minimalRefreshVersion="6" lastRefreshVersion="6" pivotCacheId="9" filterType="unknown">'
        '<bounds startDate="2024-01-01T00:00:00" endDate="2025-01-01T00:00:00"/></state>'
        "</timelineCacheDefinition>",
        "application/vnd.ms-excel.timelineCache+xml",
    )
    id = hand.relate(BOOK, f"{OFFICE}2011/relationships/timelineCache", cache)
    inside = f'<x15:timelineCacheRefs><x15:timelineCacheRef r:id="{id}"/></x15:timelineCacheRefs>'
    caches = extension("D0CA8CA8-9F24-4464-BF8E-62219DCF47F9", inside, "x15", "2010/11/main")
    hand.insert(BOOK, f"<extLst>{caches}</extLst>", WORKBOOK)
    part = hand.add(
        "/xl/timelines/timeline1.xml",
        f'<timelines xmlns="{x15}"><timeline name="Day" cache="NativeTimeline_Day" caption="Day" '
        'level="2" selectionLevel="2" scrollPosition="2024-01-01T00:00:00"/></timelines>',
        "application/vnd.ms-excel.timeline+xml",
    )
    id = hand.relate(SHEET2, f"{OFFICE}2011/relationships/timeline", part)
    inside = f'<x15:timelineRefs><x15:timelineRef r:id="{id}"/></x15:timelineRefs>'
    listed = extension("7E03D99C-DC04-49d9-9315-930204A7B6E9", inside, "x15", "2010/11/main")
    hand.insert(SHEET2, f"<extLst>{listed}</extLst>")
    namespace = f"{OFFICE}drawing/2012/timeslicer"
    draw(hand, anchor(_frame("Day", "timeslicer", "tsle", namespace, ("tsle", namespace))), SHEET2)
    hand.write(path)


@made("hand-table-slicer.xlsx", PROGRAM, "table slicers", "tables", "calculated columns")
def table_slicer(path: Path) -> None:
    hand = book()
    table(hand, SHEET1)
    inside = '<x15:tableSlicerCache tableId="1" column="1"/>'
    cache = (
        '<extLst><x:ext uri="{2F2917AC-EB37-4324-AD4E-5DD8C200BD13}" '
        f'xmlns:x15="{OFFICE}spreadsheetml/2010/11/main">{inside}</x:ext></extLst>'
    )
    _slicer(
        hand,
        SHEET1,
        cache,
        "46BE6895-7355-4a93-B00E-2C351335B9C9",
        "3A4CF648-6AED-40f4-86FF-DC5316D8AED3",
        "x15:slicerCaches",
    )
    namespace = f"{DOCUMENT_DRAWING}/slicer"
    choice = ("sle15", f"{OFFICE}drawing/2012/slicer")
    draw(hand, anchor(_frame("Region", "slicer", "sle", namespace, choice)))
    hand.write(path)


@made("hand-query.xlsx", PROGRAM, "query tables", "connections", "tables", "Power Query")
def query(path: Path) -> None:
    hand = book()
    part = table(hand, SHEET2, attributes='tableType="queryTable"')
    query_part = hand.add(
        "/xl/queryTables/queryTable1.xml",
        f'<queryTable {NAMESPACES} name="ExternalData_1" connectionId="1" autoFormatId="16" '
        'applyNumberFormats="0"><queryTableRefresh nextId="4"><queryTableFields count="1">'
        '<queryTableField id="1" name="Region" tableColumnId="1"/></queryTableFields>'
        "</queryTableRefresh></queryTable>",
        SPREADSHEET + "queryTable+xml",
    )
    hand.relate(part, "queryTable", query_part)
    connections = hand.add(
        "/xl/connections.xml",
        f'<connections {NAMESPACES}><connection id="1" '
        'xr16:uid="{EEEE0000-0000-4000-8000-000000000001}" '
        f'mc:Ignorable="xr16" xmlns:xr16="{OFFICE}spreadsheetml/2017/revision16" keepAlive="1" name="Query - Sales" '
        'description="Connection to the query" type="5" refreshedVersion="8" background="1" '
        'saveData="1"><dbPr connection="Provider=Microsoft.Mashup.OleDb.1;Data Source=$Workbook$;'
        'Location=Sales" command="SELECT * FROM [Sales]"/></connection><connection id="2" '
        'name="Text" type="6" refreshedVersion="0"><textPr codePage="65001" sourceFile="C:\\a.csv" '
        'delimited="1"><textFields count="1"><textField/></textFields></textPr></connection>'
        "</connections>",
        SPREADSHEET + "connections+xml",
    )
    hand.relate(BOOK, "connections", connections)
    mashup = '<DataMashup xmlns="http://schemas.microsoft.com/DataMashup">AAAAAA==</DataMashup>'
    custom_xml(hand, mashup, "http://schemas.microsoft.com/DataMashup")
    hand.write(path)


def custom_xml(hand: Hand, xml: str, schema: str, index: int = 1) -> None:
    """A part of custom XML with its properties."""
    part = hand.add(f"/customXml/item{index}.xml", xml)
    properties = hand.add(
        f"/customXml/itemProps{index}.xml",
        f'<ds:datastoreItem ds:itemID="{{FFFF0000-0000-4000-8000-00000000000{index}}}" '
        f'xmlns:ds="http://schemas.openxmlformats.org/officeDocument/2006/customXml"><ds:schemaRefs>'
        f'<ds:schemaRef ds:uri="{schema}"/></ds:schemaRefs></ds:datastoreItem>',
        DOCUMENT + "customXmlProperties+xml",
    )
    hand.relate(part, "customXmlProps", properties)
    hand.relate(BOOK, "customXml", part)


@made("hand-custom-xml.xlsx", PROGRAM, "custom XML", "XML maps", "single cell XML", "content types")
def with_custom_xml(path: Path) -> None:
    hand = book()
    custom_xml(hand, '<order xmlns="urn:orders"><id> 7 </id></order>', "urn:orders")
    custom_xml(hand, '<p:properties xmlns:p="urn:props"><p:x/></p:properties>', "urn:props", 2)
    maps = hand.add(
        "/xl/xmlMaps.xml",
        f'<MapInfo xmlns="{MAIN}" SelectionNamespaces="xmlns:ns1=\'urn:orders\'"><Schema ID="S1">'
        '<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema"><xsd:element name="order" '
        'type="xsd:string"/></xsd:schema></Schema><Map ID="1" Name="order_Map" RootElement="order" '
        'SchemaID="S1" ShowImportExportValidationErrors="false" AutoFit="true" Append="false" '
        'PreserveSortAFLayout="true" PreserveFormat="true"/></MapInfo>',
    )
    hand.relate(BOOK, "xmlMaps", maps)
    single = hand.add(
        "/xl/tables/tableSingleCells1.xml",
        f'<singleXmlCells xmlns="{MAIN}"><singleXmlCell id="1" r="E2" connectionId="0"><xmlCellPr '
        'id="1" uniqueName="id"><xmlPr mapId="1" xpath="/ns1:order/ns1:id" xmlDataType="string"/>'
        "</xmlCellPr></singleXmlCell></singleXmlCells>",
        SPREADSHEET + "tableSingleCells+xml",
    )
    hand.relate(SHEET1, "tableSingleCells", single)
    hand.write(path)


@made("hand-external.xlsx", PROGRAM, "external links", "DDE links", "external names")
def external(path: Path) -> None:
    row = '<row r="6"><c r="A6"><f>[1]Prices!$B$2+B2</f><v>14.5</v></c><c r="B6"><f>[1]!Rate</f><v>3</v></c></row>'
    hand = book({"Data": sheet_xml(ROWS + row), "Other": sheet_xml()})
    names = f'{NAMESPACES} xmlns:xxl21="{OFFICE}spreadsheetml/2021/extlinks2021"'
    link = hand.add(
        "/xl/externalLinks/externalLink1.xml",
        f'<externalLink {names}><externalBook r:id="rId1"><sheetNames><sheetName val="Prices"/>'
        '</sheetNames><definedNames><definedName name="Rate" refersTo="=\'Prices\'!$B$3"/>'
        '</definedNames><sheetDataSet><sheetData sheetId="0"><row r="2"><cell r="B2"><v>2</v></cell>'
        '<cell r="C2" t="str"><v>x</v></cell></row></sheetData></sheetDataSet></externalBook>'
        "</externalLink>",
        SPREADSHEET + "externalLink+xml",
    )
    hand.relate(link, "externalLinkPath", "file:///C:/Files/prices%202024.xlsx", external=True)
    hand.relate(
        link, f"{OFFICE}2019/04/relationships/externalLinkLongPath", "prices.xlsx", external=True
    )
    dde = hand.add(
        "/xl/externalLinks/externalLink2.xml",
        f'<externalLink xmlns="{MAIN}"><ddeLink ddeService="Prog" ddeTopic="Topic"><ddeItems>'
        '<ddeItem name="Item" advise="1"/></ddeItems></ddeLink></externalLink>',
        SPREADSHEET + "externalLink+xml",
    )
    ids = [hand.relate(BOOK, "externalLink", part) for part in (link, dde)]
    listed = "".join(f'<externalReference r:id="{id}"/>' for id in ids)
    hand.insert(BOOK, f"<externalReferences>{listed}</externalReferences>", WORKBOOK)
    hand.write(path)


@made("hand-data-model.xlsx", PROGRAM, "data model", "connections", "pivot tables", "OLAP")
def data_model(path: Path) -> None:
    hand = book({"Data": sheet_xml(), "Other": sheet_xml(PIVOT_ROWS)})
    pivot(hand)
    model = hand.add(
        "/xl/model/item.data",
        bytes(range(256)) * 4,
        "application/vnd.openxmlformats-officedocument.model+data",
    )
    hand.relate(BOOK, f"{OFFICE}2011/relationships/powerPivotData", model)
    part = hand.add(
        "/xl/connections.xml",
        f'<connections xmlns="{MAIN}"><connection id="1" keepAlive="1" name="ThisWorkbookDataModel" '
        'type="5" refreshedVersion="8" minRefreshableVersion="5" background="1"><dbPr '
        'connection="Data Model Connection" command="Model" commandType="1"/><olapPr '
        "sendLocale=\"1\" rowDrillCount=\"1000\"/><extLst>"
        + extension("DE250136-89BD-433C-8126-D09CA5730AF9",
                    '<x15:connection id="" model="1"/>', "x15", "2010/11/main")
        + "</extLst></connection></connections>",
        SPREADSHEET + "connections+xml",
    )  # fmt: skip
    hand.relate(BOOK, "connections", part)
    inside = (
        '<x15:dataModel><x15:modelTables><x15:modelTable id="Sales_1" name="Sales" '
        'connection="WorksheetConnection_Data!$A$1:$C$3"/></x15:modelTables></x15:dataModel>'
    )
    model_ext = extension("FCE2AD5D-F65C-4FA6-A056-5C36A1767C68", inside, "x15", "2010/11/main")
    hand.insert(BOOK, f"<extLst>{model_ext}</extLst>", WORKBOOK)
    hand.write(path)


RICH = f"{OFFICE}spreadsheetml/2017/richdata"


def rich_value(hand: Hand, kind: str, value: str, structure: str, more: str = "") -> None:
    """The parts of rich values: the value metadata of cells leads to them."""
    hand.add(
        "/xl/metadata.xml",
        f'<metadata xmlns="{MAIN}" xmlns:xlrd="{RICH}"><metadataTypes count="1"><metadataType '
        'name="XLRICHVALUE" minSupportedVersion="120000" copy="1" pasteAll="1" pasteValues="1" '
        'merge="1" splitFirst="1" rowColShift="1" clearFormats="1" clearComments="1" assign="1" '
        'coerce="1"/></metadataTypes><futureMetadata name="XLRICHVALUE" count="1"><bk><extLst><ext '
        'uri="{3e2802c4-a4d2-4d8b-9148-e3be6c30e623}"><xlrd:rvb i="0"/></ext></extLst></bk>'
        '</futureMetadata><valueMetadata count="1"><bk><rc t="1" v="0"/></bk></valueMetadata>'
        "</metadata>",
        SPREADSHEET + "sheetMetadata+xml",
    )
    hand.relate(BOOK, "sheetMetadata", "/xl/metadata.xml")
    parts = {
        "rdrichvalue": (
            "rdRichValue",
            f'<rvData xmlns="{RICH}" count="1"><rv s="0">{value}</rv></rvData>',
        ),
        "rdrichvaluestructure": (
            "rdRichValueStructure",
            f'<rvStructures xmlns="{RICH}" count="1"><s t="{kind}">{structure}</s></rvStructures>',
        ),
        "rdRichValueTypes": (
            "rdRichValueTypes",
            (
                f'<rvTypesInfo xmlns="{RICH}2"><global><keyFlags><key name="_Self"><flag '
                'name="ExcludeFromFile" value="1"/></key></keyFlags></global></rvTypesInfo>'
            ),
        ),
    }
    for name, (kind_, xml) in parts.items():
        part = hand.add(
            f"/xl/richData/{name}.xml", xml, f"application/vnd.ms-excel.{kind_.lower()}+xml"
        )
        hand.relate(BOOK, f"{OFFICE}2017/06/relationships/{kind_}", part)
    if more:
        part = hand.add(
            "/xl/richData/richValueRel.xml", more, "application/vnd.ms-excel.richvaluerel+xml"
        )
        hand.relate(BOOK, f"{OFFICE}2022/10/relationships/richValueRel", part)


@made("hand-stocks.xlsx", PROGRAM, "rich data types", "stocks", "rich values")
def stocks(path: Path) -> None:
    row = '<row r="6"><c r="A6" t="e" vm="1"><v>#VALUE!</v></c><c r="B6"><f>_FV(A6,"Price")</f><v>42</v></c></row>'
    hand = book({"Data": sheet_xml(ROWS + row), "Other": sheet_xml()})
    keys = '<k n="_Display" t="s"/><k n="Price"/>'
    rich_value(hand, "_linkedentity2", "<v>MSFT</v><v>42</v>", keys)
    hand.write(path)


@made("hand-cell-images.xlsx", PROGRAM, "in-cell images", "rich data", "images")
def cell_images(path: Path) -> None:
    row = '<row r="6"><c r="A6" t="e" vm="1"><v>#VALUE!</v></c></row>'
    hand = book({"Data": sheet_xml(ROWS + row), "Other": sheet_xml()})
    hand.default("png", "image/png")
    keys = '<k n="_rvRel:LocalImageIdentifier" t="i"/><k n="CalcOrigin" t="i"/>'
    rels = f'<richValueRels xmlns="{OFFICE}spreadsheetml/2022/richvaluerel" xmlns:r="{RELATIONSHIP}"><rel r:id="rId1"/></richValueRels>'
    rich_value(hand, "_localImage", "<v>0</v><v>5</v>", keys, rels)
    hand.relate(
        "/xl/richData/richValueRel.xml", "image", hand.add("/xl/media/image1.png", picture())
    )
    hand.write(path)


@made("hand-python.xlsx", PROGRAM, "Python in Excel", "calculation environments")
def python(path: Path) -> None:
    row = '<row r="6"><c r="A6" cm="1"><f t="array" ref="A6">_xlfn._xlws.PY(0,1,B2)</f><v>25</v></c></row>'
    hand = book({"Data": sheet_xml(ROWS + row), "Other": sheet_xml()})
    namespace = f"{OFFICE}spreadsheetml/2023/python"
    part = hand.add(
        "/xl/python.xml",
        f'<python xmlns="{namespace}"><environmentDefinition id="{{00000001-0000-4000-8000-000000000000}}"><initialization><code>'
        "import pandas as pd\nxl = None</code></initialization></environmentDefinition></python>",
        "application/vnd.ms-excel.python+xml",
    )
    hand.relate(BOOK, f"{OFFICE}2023/09/relationships/Python", part)
    scripts = hand.add(
        "/xl/pythonScripts.xml",
        f'<pythonScripts xmlns="{namespace}"><pythonScript><code>xl("B2") * 2\n</code>'
        "</pythonScript></pythonScripts>",
        "application/vnd.ms-excel.pythonscripts+xml",
    )
    hand.relate(BOOK, f"{OFFICE}2023/09/relationships/PythonScripts", scripts)
    hand.add(
        "/xl/metadata.xml",
        f'<metadata xmlns="{MAIN}" xmlns:xda="{OFFICE}spreadsheetml/2017/dynamicarray">'
        '<metadataTypes count="1"><metadataType name="XLDAPR" minSupportedVersion="120000" '
        'cellMeta="1"/></metadataTypes><futureMetadata name="XLDAPR" count="1"><bk><extLst>'
        '<ext uri="{bdbb8cdc-fa1e-496e-a857-3c3f30c029c3}"><xda:dynamicArrayProperties fDynamic="1" '
        'fCollapsed="0"/></ext></extLst></bk></futureMetadata><cellMetadata count="1"><bk>'
        '<rc t="1" v="0"/></bk></cellMetadata></metadata>',
        SPREADSHEET + "sheetMetadata+xml",
    )
    hand.relate(BOOK, "sheetMetadata", "/xl/metadata.xml")
    hand.write(path)


@made("hand-web-extensions.xlsx", PROGRAM, "web extensions", "taskpanes", "custom ribbon")
def web_extensions(path: Path) -> None:
    hand = book()
    pane = f"{OFFICE}webextensions/taskpanes/2010/11"
    part = hand.add(
        "/xl/webextensions/taskpanes.xml",
        f'<wetp:taskpanes xmlns:wetp="{pane}"><wetp:taskpane dockstate="right" visibility="0" '
        f'width="350" row="4"><wetp:webextensionref xmlns:r="{RELATIONSHIP}" r:id="rId1"/>'
        "</wetp:taskpane></wetp:taskpanes>",
        "application/vnd.ms-office.webextensiontaskpanes+xml",
    )
    extension_part = hand.add(
        "/xl/webextensions/webextension1.xml",
        f'<we:webextension xmlns:we="{OFFICE}webextensions/webextension/2010/11" id="{{00000001-0000-4000-8000-000000000000}}">'
        '<we:reference id="wa104" version="1.0.0.0" store="en-US" storeType="OMEX"/><we:properties/>'
        "<we:bindings/>"
        "</we:webextension>",
        "application/vnd.ms-office.webextension+xml",
    )
    hand.relate(part, f"{OFFICE}2011/relationships/webextension", extension_part)
    hand.relate("/", f"{OFFICE}2011/relationships/webextensiontaskpanes", part)
    ribbon = hand.add(
        "/customUI/customUI14.xml",
        f'<customUI xmlns="{OFFICE}2009/07/customui"><ribbon><tabs><tab id="t" label="Mine"/></tabs>'
        "</ribbon></customUI>",
    )
    hand.relate("/", f"{OFFICE}2007/relationships/ui/extensibility", ribbon)
    hand.write(path)


@made("hand-views-online.xlsx", PROGRAM, "named sheet views", "volatile dependencies", "RTD")
def online(path: Path) -> None:
    row = '<row r="6"><c r="A6"><f>RTD("prog.id",,"topic")</f><v>5</v></c></row>'
    hand = book({"Data": sheet_xml(ROWS + row), "Other": sheet_xml()})
    part = hand.add(
        "/xl/namedSheetViews/namedSheetView1.xml",
        f'<namedSheetViews xmlns="{OFFICE}spreadsheetml/2019/namedsheetviews" xmlns:x="{MAIN}">'
        '<namedSheetView name="View1" id="{00000001-0000-4000-8000-000000000000}">'
        '<nsvFilter filterId="{00000002-0000-4000-8000-000000000000}" ref="A1:C4"><columnFilter '
        'colId="0"><filter colId="0"><x:filters><x:filter val="North"/></x:filters></filter>'
        "</columnFilter></nsvFilter></namedSheetView></namedSheetViews>",
        "application/vnd.ms-excel.namedsheetviews+xml",
    )
    hand.relate(SHEET1, f"{OFFICE}2019/04/relationships/namedSheetView", part)
    volatile = hand.add(
        "/xl/volatileDependencies.xml",
        f'<volTypes xmlns="{MAIN}"><volType type="realTimeData"><main first="prog.id"><tp><v>5</v>'
        '<stp/><stp>topic</stp><tr r="A6" s="1"/></tp></main></volType></volTypes>',
        SPREADSHEET + "volatileDependencies+xml",
    )
    hand.relate(BOOK, "volatileDependencies", volatile)
    hand.write(path)


@made("hand-shared-workbook.xlsx", PROGRAM, "revisions", "shared workbook", "users")
def shared_workbook(path: Path) -> None:
    hand = book()
    headers = hand.add(
        "/xl/revisions/revisionHeaders.xml",
        f'<headers xmlns="{MAIN}" xmlns:r="{RELATIONSHIP}" guid="{{00000001-0000-4000-8000-000000000000}}" '
        f'lastGuid="{{00000001-0000-4000-8000-000000000000}}"><header '
        'guid="{00000001-0000-4000-8000-000000000000}" dateTime="2024-02-29T12:00:00" maxSheetId="3" userName="Ann" r:id="rId1"><sheetIdMap '
        'count="2"><sheetId val="1"/><sheetId val="2"/></sheetIdMap></header></headers>',
        SPREADSHEET + "revisionHeaders+xml",
    )
    log = hand.add(
        "/xl/revisions/revisionLog1.xml",
        f'<revisions xmlns="{MAIN}"><rcc rId="1" sId="1"><nc r="B2"><v>12.5</v></nc></rcc></revisions>',
        SPREADSHEET + "revisionLog+xml",
    )
    hand.relate(headers, "revisionLog", log)
    users = hand.add(
        "/xl/revisions/userNames.xml",
        f'<users xmlns="{MAIN}" count="0"/>',
        SPREADSHEET + "userNames+xml",
    )
    hand.relate(BOOK, "revisionHeaders", headers)
    hand.relate(BOOK, "usernames", users)
    hand.write(path)


@made("hand-checkboxes.xlsx", PROGRAM, "feature property bag", "checkboxes")
def checkboxes(path: Path) -> None:
    row = '<row r="6"><c r="A6" s="3" t="b"><v>1</v></c></row>'
    hand = book({"Data": sheet_xml(ROWS + row), "Other": sheet_xml()})
    bag = f"{OFFICE}spreadsheetml/2022/featurepropertybag"
    part = hand.add(
        "/xl/featurePropertyBag/featurePropertyBag.xml",
        f'<FeaturePropertyBags xmlns="{bag}"><bag type="Checkbox"/><bag type="XFControls"><bagId '
        'k="CellControl">0</bagId></bag><bag type="XFComplement"><bagId k="XFControls">1</bagId></bag>'
        '<bag type="XFComplements" extRef="XFComplementsMapperExtRef"><a k="MappedFeaturePropertyBags">'
        "<bagId>2</bagId></a></bag></FeaturePropertyBags>",
        "application/vnd.ms-excel.featurepropertybag+xml",
    )
    hand.relate(BOOK, f"{OFFICE}2022/11/relationships/FeaturePropertyBag", part)
    complement = (
        '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" applyAlignment="1"><alignment '
        'horizontal="center"/><extLst><ext uri="{C7286773-470A-42A8-94C5-96B5CB345126}" '
        f'xmlns:xfpb="{bag}"><xfpb:xfComplement i="0"/></ext></extLst></xf></cellXfs>'
    )
    hand.replace("/xl/styles.xml", '<cellXfs count="3">', '<cellXfs count="4">')
    hand.replace("/xl/styles.xml", "</cellXfs>", complement)
    hand.write(path)
