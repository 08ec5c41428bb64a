"""Workbooks by hand: what floats above a sheet's cells."""

from __future__ import annotations

from pathlib import Path

from tests.corpus.hand import (
    DOCUMENT,
    DRAWING_NAMESPACES,
    MAIN,
    NAMESPACES,
    OFFICE,
    RELATIONSHIP,
    SHEET1,
    SHEET2,
    TYPES,
    Hand,
    anchor,
    book,
    draw,
    shape,
)
from tests.corpus.pictures import SVG, embedded, emf, macros, picture
from tests.corpus.registry import made

PROGRAM = "by hand"
DRAWINGML = "http://schemas.openxmlformats.org/drawingml/2006"
CHART = f"{DRAWINGML}/chart"
MS_RELATION = f"{OFFICE}2011/relationships"
_WORKBOOK_REL = f"{OFFICE}2006/relationships"


def blip(number: int, id: str, more: str = "") -> str:
    """A picture in a drawing."""
    return (
        f'<xdr:pic><xdr:nvPicPr><xdr:cNvPr id="{number}" name="Picture {number}" descr="what it is"/>'
        '<xdr:cNvPicPr><a:picLocks noChangeAspect="1"/></xdr:cNvPicPr></xdr:nvPicPr><xdr:blipFill>'
        f'<a:blip r:embed="{id}">{more}</a:blip><a:srcRect l="1000"/><a:stretch><a:fillRect/>'
        '</a:stretch></xdr:blipFill><xdr:spPr><a:prstGeom prst="roundRect"><a:avLst/></a:prstGeom>'
        '<a:effectLst><a:outerShdw blurRad="50800"><a:srgbClr val="000000"/></a:outerShdw>'
        "</a:effectLst></xdr:spPr></xdr:pic>"
    )


@made("hand-images.xlsx", PROGRAM, "svg images", "emf images", "linked images", "tiff image")
def images(path: Path) -> None:
    hand = book()
    for extension, type_ in (
        ("png", "png"),
        ("svg", "svg+xml"),
        ("emf", "x-emf"),
        ("tiff", "tiff"),
    ):
        hand.default(extension, f"image/{type_}")
    media = {"image1.png": picture(), "image2.svg": SVG, "image3.emf": emf(),
             "image4.tiff": picture("TIFF")}  # fmt: skip
    part = "/xl/drawings/drawing1.xml"
    for name, data in media.items():
        hand.relate(part, "image", hand.add(f"/xl/media/{name}", data))
    hand.relate(part, "image", "https://example.com/logo.png", external=True)
    svg = (
        f'<a:extLst><a:ext uri="{{96DAC541-7B7A-43D3-8B79-37D633B846F1}}"><asvg:svgBlip '
        f'xmlns:asvg="{OFFICE}drawing/2016/SVG/main" r:embed="rId2"/></a:ext></a:extLst>'
    )
    linked = blip(5, "rId1").replace('r:embed="rId1"', 'r:embed="rId1" r:link="rId5"')
    draw(
        hand,
        anchor(blip(2, "rId1", svg))
        + anchor(blip(3, "rId3"), 12)
        + anchor(blip(4, "rId4"), 20)
        + anchor(linked, 28),
    )
    hand.write(path)


@made("hand-shapes.xlsx", PROGRAM, "shapes", "text boxes", "connectors", "groups", "WordArt")
def shapes(path: Path) -> None:
    hand = book()
    group = (
        '<xdr:grpSp><xdr:nvGrpSpPr><xdr:cNvPr id="10" name="Group 9"/><xdr:cNvGrpSpPr/>'
        '</xdr:nvGrpSpPr><xdr:grpSpPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="9" cy="9"/><a:chOff '
        'x="0" y="0"/><a:chExt cx="9" cy="9"/></a:xfrm></xdr:grpSpPr>'
        f"{shape(11, 'Inner', 'in a group', 'ellipse')}{shape(12, 'Second', '')}</xdr:grpSp>"
    )
    line = (
        '<xdr:cxnSp macro=""><xdr:nvCxnSpPr><xdr:cNvPr id="20" name="Line"/><xdr:cNvCxnSpPr>'
        '<a:stCxn id="2" idx="3"/><a:endCxn id="3" idx="1"/></xdr:cNvCxnSpPr></xdr:nvCxnSpPr>'
        '<xdr:spPr><a:prstGeom prst="straightConnector1"><a:avLst/></a:prstGeom><a:ln w="19050">'
        '<a:tailEnd type="triangle"/></a:ln></xdr:spPr></xdr:cxnSp>'
    )
    linked = shape(4, "Linked", "12.5").replace('textlink=""', 'textlink="Data!$B$2"')
    box = shape(3, "TextBox 2", "a text box").replace("<xdr:cNvSpPr/>", '<xdr:cNvSpPr txBox="1"/>')
    one_cell = (
        "<xdr:oneCellAnchor><xdr:from><xdr:col>1</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>20"
        '</xdr:row><xdr:rowOff>0</xdr:rowOff></xdr:from><xdr:ext cx="900000" cy="400000"/>'
        f'{shape(30, "One", "one cell")}<xdr:clientData fLocksWithSheet="0"/></xdr:oneCellAnchor>'
    )
    absolute = (
        '<xdr:absoluteAnchor><xdr:pos x="100" y="100"/><xdr:ext cx="900000" cy="400000"/>'
        f"{shape(31, 'Fixed', 'fixed')}<xdr:clientData/></xdr:absoluteAnchor>"
    )
    moving = anchor(shape(2, "Rectangle 1", "hello")).replace(
        "<xdr:twoCellAnchor>", '<xdr:twoCellAnchor editAs="oneCell">'
    )
    draw(hand, moving + anchor(box, 12) + anchor(linked, 20) + anchor(group, 4, 20)
         + anchor(line, 12, 20) + one_cell + absolute)  # fmt: skip
    draw(hand, anchor(shape(2, "Only", "on the second sheet")), SHEET2)
    hand.write(path)


@made("hand-smartart.xlsx", PROGRAM, "SmartArt", "diagrams")
def smart_art(path: Path) -> None:
    hand = book()
    part, diagram = "/xl/drawings/drawing1.xml", f"{DRAWINGML}/diagram"
    names = f'xmlns:dgm="{diagram}" xmlns:a="{DRAWINGML}/main"'
    bodies = {
        "data": f'<dgm:dataModel {names}><dgm:ptLst><dgm:pt modelId="{{00000001-0000-4000-8000-000000000000}}" type="doc"/><dgm:pt '
        'modelId="{00000002-0000-4000-8000-000000000000}"><dgm:t><a:bodyPr/><a:p><a:r><a:t>First</a:t></a:r></a:p></dgm:t></dgm:pt>'
        '</dgm:ptLst><dgm:cxnLst><dgm:cxn modelId="{00000003-0000-4000-8000-000000000000}" srcId="{00000001-0000-4000-8000-000000000000}" destId="{00000002-0000-4000-8000-000000000000}" srcOrd="0" '
        'destOrd="0"/></dgm:cxnLst><dgm:bg/><dgm:whole/></dgm:dataModel>',
        "layout": f'<dgm:layoutDef {names} uniqueId="urn:x"><dgm:layoutNode name="r"/></dgm:layoutDef>',
        "quickStyle": f'<dgm:styleDef {names} uniqueId="urn:y"><dgm:styleLbl name="node0"/></dgm:styleDef>',
        "colors": f'<dgm:colorsDef {names} uniqueId="urn:z"/>',
    }
    ids = {}
    for kind, xml in bodies.items():
        type_ = {"quickStyle": "diagramStyle"}.get(kind, f"diagram{kind.capitalize()}")
        name = hand.add(f"/xl/diagrams/{kind}1.xml", xml, f"{DOCUMENT}drawingml.{type_}+xml")
        relation = {"quickStyle": "diagramQuickStyle"}.get(kind, f"diagram{kind.capitalize()}")
        ids[kind] = hand.relate(part, relation, name)
    shown = hand.add(
        "/xl/diagrams/drawing1.xml",
        f'<dsp:drawing xmlns:dsp="{OFFICE}drawing/2008/diagram" xmlns:a="{DRAWINGML}/main">'
        '<dsp:spTree><dsp:nvGrpSpPr><dsp:cNvPr id="0" name=""/><dsp:cNvGrpSpPr/></dsp:nvGrpSpPr>'
        "<dsp:grpSpPr/></dsp:spTree></dsp:drawing>",
        "application/vnd.ms-office.drawingml.diagramDrawing+xml",
    )
    hand.relate(part, f"{OFFICE}2007/relationships/diagramDrawing", shown)
    frame = (
        '<xdr:graphicFrame macro=""><xdr:nvGraphicFramePr><xdr:cNvPr id="2" name="Diagram 1"/>'
        '<xdr:cNvGraphicFramePr/></xdr:nvGraphicFramePr><xdr:xfrm><a:off x="0" y="0"/><a:ext cx="0" '
        f'cy="0"/></xdr:xfrm><a:graphic><a:graphicData uri="{diagram}"><dgm:relIds '
        f'xmlns:dgm="{diagram}" r:dm="{ids["data"]}" r:lo="{ids["layout"]}" '
        f'r:qs="{ids["quickStyle"]}" r:cs="{ids["colors"]}"/></a:graphicData></a:graphic>'
        "</xdr:graphicFrame>"
    )
    draw(hand, anchor(frame))
    hand.write(path)


@made("hand-ink.xlsx", PROGRAM, "ink", "mc:AlternateContent in drawings", "equations")
def ink(path: Path) -> None:
    hand = book()
    part = "/xl/drawings/drawing1.xml"
    strokes = hand.add(
        "/xl/ink/ink1.xml",
        '<inkml:ink xmlns:inkml="http://www.w3.org/2003/InkML"><inkml:trace>1 2, 3 4, 5 6'
        "</inkml:trace></inkml:ink>",
        "application/inkml+xml",
    )
    hand.default("png", "image/png")
    id = hand.relate(part, "customXml", strokes)
    fallback = hand.relate(part, "image", hand.add("/xl/media/image1.png", picture()))
    content = (
        f'<mc:AlternateContent><mc:Choice xmlns:xdr14="{OFFICE}excel/2010/spreadsheetDrawing" '
        f'Requires="xdr14"><xdr:contentPart r:id="{id}"><xdr14:nvContentPartPr><xdr14:cNvPr id="2" '
        'name="Ink 1"/><xdr14:cNvContentPartPr/></xdr14:nvContentPartPr></xdr:contentPart>'
        f"</mc:Choice><mc:Fallback>{blip(2, fallback)}</mc:Fallback></mc:AlternateContent>"
    )
    formula = (
        f'<mc:AlternateContent><mc:Choice Requires="a14">{shape(3, "Equation", "x")}</mc:Choice>'
        f"<mc:Fallback>{shape(3, 'Equation', 'as a picture')}</mc:Fallback></mc:AlternateContent>"
    )
    slicer = anchor(content) + anchor(formula, 12)
    draw(hand, slicer)
    hand.write(path)


def chart_xml(inside: str = "", value: str = "Data!$B$2:$B$3") -> str:
    """A column chart as Excel 2016 writes it, with the caches it stores."""
    return (
        f'<c:chartSpace xmlns:c="{CHART}" xmlns:a="{DRAWINGML}/main" xmlns:r="{RELATIONSHIP}" '
        f'xmlns:c16r2="{OFFICE}drawing/2015/06/chart"><c:date1904 val="0"/><c:roundedCorners '
        'val="0"/><mc:AlternateContent '
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:Choice '
        f'Requires="c14" xmlns:c14="{OFFICE}drawing/2007/8/2/chart"><c14:style val="102"/></mc:Choice>'
        '<mc:Fallback><c:style val="2"/></mc:Fallback></mc:AlternateContent><c:chart><c:title>'
        '<c:overlay val="0"/></c:title><c:autoTitleDeleted val="0"/><c:plotArea><c:layout/>'
        '<c:barChart><c:barDir val="col"/><c:grouping val="clustered"/><c:varyColors val="0"/><c:ser>'
        '<c:idx val="0"/><c:order val="0"/><c:tx><c:strRef><c:f>Data!$B$1</c:f><c:strCache><c:ptCount '
        'val="1"/><c:pt idx="0"><c:v>Sales</c:v></c:pt></c:strCache></c:strRef></c:tx><c:spPr>'
        '<a:solidFill><a:schemeClr val="accent1"/></a:solidFill></c:spPr><c:invertIfNegative val="0"/>'
        "<c:cat><c:strRef><c:f>Data!$A$2:$A$3</c:f><c:strCache><c:ptCount "
        'val="2"/><c:pt idx="0"><c:v>North</c:v></c:pt><c:pt idx="1"><c:v>South</c:v></c:pt>'
        f"</c:strCache></c:strRef></c:cat><c:val><c:numRef><c:f>{value}</c:f><c:numCache>"
        '<c:formatCode>General</c:formatCode><c:ptCount val="2"/><c:pt idx="0"><c:v>12.5</c:v></c:pt>'
        '<c:pt idx="1"><c:v>7</c:v></c:pt></c:numCache></c:numRef></c:val><c:extLst><c:ext '
        'uri="{C3380CC4-5D6E-409C-BE32-E72D297353CC}" '
        f'xmlns:c16="{OFFICE}drawing/2014/chart"><c16:uniqueId '
        'val="{00000000-1111-2222-3333-444444444444}"/></c:ext></c:extLst></c:ser><c:gapWidth '
        'val="219"/><c:axId val="1"/><c:axId val="2"/></c:barChart><c:catAx><c:axId val="1"/>'
        '<c:scaling><c:orientation val="minMax"/></c:scaling><c:delete val="0"/><c:axPos val="b"/>'
        '<c:crossAx val="2"/></c:catAx><c:valAx><c:axId val="2"/><c:scaling><c:orientation '
        'val="minMax"/></c:scaling><c:delete val="0"/><c:axPos val="l"/><c:crossAx val="1"/></c:valAx>'
        '</c:plotArea><c:plotVisOnly val="1"/><c:dispBlanksAs val="gap"/></c:chart><c:printSettings>'
        '<c:headerFooter/><c:pageMargins b="0.75" l="0.7" r="0.7" t="0.75" header="0.3" footer="0.3"/>'
        f"</c:printSettings>{inside}</c:chartSpace>"
    )


def frame(id: str, number: int = 2) -> str:
    """The frame of a chart in a drawing."""
    return (
        f'<xdr:graphicFrame macro=""><xdr:nvGraphicFramePr><xdr:cNvPr id="{number}" '
        f'name="Chart {number}"/><xdr:cNvGraphicFramePr/></xdr:nvGraphicFramePr><xdr:xfrm><a:off '
        'x="0" y="0"/><a:ext cx="0" cy="0"/></xdr:xfrm><a:graphic><a:graphicData '
        f'uri="{CHART}"><c:chart xmlns:c="{CHART}" r:id="{id}"/></a:graphicData></a:graphic>'
        "</xdr:graphicFrame>"
    )


# What a chart style says something about, in this order.
_STYLED = """axisTitle categoryAxis chartArea dataLabel dataPoint dataPoint3D dataPointLine
dataPointMarker dataPointWireframe dataTable downBar dropLine errorBar floor gridlineMajor
gridlineMinor hiLoLine leaderLine legend plotArea plotArea3D seriesAxis seriesLine title trendline
trendlineLabel upBar valueAxis wall""".split()


def _chart_style(id: int) -> str:
    entry = (
        '<cs:lnRef idx="0"/><cs:fillRef idx="0"/><cs:effectRef idx="0"/><cs:fontRef idx="minor"/>'
    )
    return (
        f'<cs:chartStyle xmlns:cs="{OFFICE}drawing/2012/chartStyle" id="{id}">'
        + "".join(f"<cs:{name}>{entry}</cs:{name}>" for name in _STYLED)
        + "</cs:chartStyle>"
    )


@made("hand-chart-styles.xlsx", PROGRAM, "chart styles", "chart colours", "user shapes in a chart")
def chart_styles(path: Path) -> None:
    hand = book()
    chart = hand.add(
        "/xl/charts/chart1.xml", chart_xml('<c:userShapes r:id="rId3"/>'), TYPES["chart"]
    )
    names = f'xmlns:cs="{OFFICE}drawing/2012/chartStyle" xmlns:a="{DRAWINGML}/main"'
    style = _chart_style(201)
    colors = (
        f'<cs:colorStyle {names} meth="cycle" id="10"><a:schemeClr val="accent1"/></cs:colorStyle>'
    )
    for kind, xml in (("style", style), ("colors", colors)):
        type_ = f"application/vnd.ms-office.chart{kind.replace('colors', 'colorstyle')}+xml"
        part = hand.add(f"/xl/charts/{kind}1.xml", xml, type_)
        relation = {"style": "chartStyle", "colors": "chartColorStyle"}[kind]
        hand.relate(chart, f"{MS_RELATION}/{relation}", part)
    own = hand.add(
        "/xl/drawings/drawing9.xml",
        f'<c:userShapes xmlns:c="{CHART}" xmlns:cdr="{DRAWINGML}/chartDrawing"><cdr:relSizeAnchor>'
        "<cdr:from><cdr:x>0.1</cdr:x><cdr:y>0.1</cdr:y></cdr:from><cdr:to><cdr:x>0.4</cdr:x>"
        '<cdr:y>0.2</cdr:y></cdr:to><cdr:sp macro="" textlink=""><cdr:nvSpPr><cdr:cNvPr id="2" '
        'name="Box 1"/><cdr:cNvSpPr/></cdr:nvSpPr><cdr:spPr/></cdr:sp></cdr:relSizeAnchor>'
        "</c:userShapes>",
        f"{DOCUMENT}drawingml.chartshapes+xml",
    )
    hand.relate(chart, "chartUserShapes", own)
    id = hand.relate("/xl/drawings/drawing2.xml", "chart", chart)
    draw(hand, anchor(frame(id)))
    hand.write(path)


NEW_CHARTS = "waterfall treemap sunburst histogram boxWhisker funnel regionMap pareto".split()


def _new_chart(kind: str) -> str:
    layout = {"histogram": "clusteredColumn", "pareto": "paretoLine"}.get(kind, kind)
    names = f'xmlns:cx="{OFFICE}drawing/2014/chartex" xmlns:a="{DRAWINGML}/main"'
    numbers = (
        "val" if kind in ("waterfall", "funnel", "histogram", "boxWhisker", "pareto") else "size"
    )
    return (
        f'<cx:chartSpace {names}><cx:chartData><cx:data id="0"><cx:strDim type="cat">'
        '<cx:f>Data!$A$2:$A$3</cx:f><cx:lvl ptCount="2"><cx:pt idx="0">North</cx:pt><cx:pt idx="1">'
        f'South</cx:pt></cx:lvl></cx:strDim><cx:numDim type="{numbers}"><cx:f>Data!$B$2:$B$3</cx:f>'
        '<cx:lvl ptCount="2" formatCode="General"><cx:pt idx="0">12.5</cx:pt><cx:pt idx="1">7</cx:pt>'
        '</cx:lvl></cx:numDim></cx:data></cx:chartData><cx:chart><cx:title pos="t" align="ctr" '
        f'overlay="0"/><cx:plotArea><cx:plotAreaRegion><cx:series layoutId="{layout}" '
        'uniqueId="{00000000-AAAA-BBBB-CCCC-000000000000}"><cx:dataId val="0"/><cx:layoutPr/>'
        "</cx:series></cx:plotAreaRegion></cx:plotArea></cx:chart></cx:chartSpace>"
    )


def _new_frame(id: str, number: int) -> str:
    extended = f"{OFFICE}drawing/2014/chartex"
    return (
        "<mc:AlternateContent><mc:Choice "
        f'xmlns:cx1="{OFFICE}drawing/2015/9/8/chartex" Requires="cx1"><xdr:graphicFrame macro="">'
        f'<xdr:nvGraphicFramePr><xdr:cNvPr id="{number}" name="Chart {number}"/>'
        '<xdr:cNvGraphicFramePr/></xdr:nvGraphicFramePr><xdr:xfrm><a:off x="0" y="0"/><a:ext cx="0" '
        f'cy="0"/></xdr:xfrm><a:graphic><a:graphicData uri="{extended}"><cx:chart '
        f'xmlns:cx="{extended}" r:id="{id}"/></a:graphicData></a:graphic></xdr:graphicFrame>'
        f"</mc:Choice><mc:Fallback>{shape(number, '', 'This chart is not available')}</mc:Fallback>"
        "</mc:AlternateContent>"
    )


@made("hand-new-charts.xlsx", PROGRAM, "chartEx", *(f"{kind} chart" for kind in NEW_CHARTS))
def new_charts(path: Path) -> None:
    hand, anchors = book(), ""
    for index, kind in enumerate(NEW_CHARTS, 1):
        part = hand.add(
            f"/xl/charts/chartEx{index}.xml",
            _new_chart(kind),
            "application/vnd.ms-office.chartex+xml",
        )
        style = hand.add(
            f"/xl/charts/style{index}.xml",
            _chart_style(395),
            "application/vnd.ms-office.chartstyle+xml",
        )
        hand.relate(part, f"{MS_RELATION}/chartStyle", style)
        id = hand.relate("/xl/drawings/drawing1.xml", f"{OFFICE}2014/relationships/chartEx", part)
        anchors += anchor(_new_frame(id, index + 1), 4 + 8 * (index % 3), 2 + 14 * (index // 3))
    draw(hand, anchors)
    hand.write(path)


@made("hand-two-kinds-of-charts.xlsx", PROGRAM, "chartEx", "charts", "shapes", "images")
def mixed(path: Path) -> None:
    """A drawing in which an editor knows one thing of five."""
    hand, part = book(), "/xl/drawings/drawing1.xml"
    chart = hand.add("/xl/charts/chart1.xml", chart_xml(), TYPES["chart"])
    new = hand.add(
        "/xl/charts/chartEx1.xml", _new_chart("funnel"), "application/vnd.ms-office.chartex+xml"
    )
    hand.default("png", "image/png")
    image = hand.relate(part, "image", hand.add("/xl/media/image1.png", picture()))
    ids = (
        hand.relate(part, "chart", chart),
        hand.relate(part, f"{OFFICE}2014/relationships/chartEx", new),
    )
    hand.relate(part, "hyperlink", "https://example.com", external=True)
    linked = shape(7, "Linked", "click").replace(
        'name="Linked"/>', 'name="Linked"><a:hlinkClick r:id="rId4"/></xdr:cNvPr>'
    )
    draw(hand, anchor(shape(6, "Before", "first")) + anchor(frame(ids[0])) + anchor(linked, 12)
         + anchor(_new_frame(ids[1], 3), 20) + anchor(blip(4, image), 4, 20))  # fmt: skip
    hand.write(path)


@made("hand-chartsheet.xlsx", PROGRAM, "chart sheet", "chart sheet protection")
def chart_sheet(path: Path) -> None:
    hand = book()
    chart = hand.add("/xl/charts/chart1.xml", chart_xml(), TYPES["chart"])
    drawing = hand.add(
        "/xl/drawings/drawing1.xml",
        f'<xdr:wsDr {DRAWING_NAMESPACES}><xdr:absoluteAnchor><xdr:pos x="0" y="0"/><xdr:ext '
        f'cx="9294091" cy="6003636"/>{frame("rId1")}<xdr:clientData/></xdr:absoluteAnchor></xdr:wsDr>',
        TYPES["drawing"],
    )
    hand.relate(drawing, "chart", chart)
    sheet = hand.add(
        "/xl/chartsheets/sheet1.xml",
        f'<chartsheet {NAMESPACES}><sheetPr><tabColor rgb="FF00B050"/></sheetPr><sheetViews>'
        '<sheetView zoomScale="115" workbookViewId="0" zoomToFit="1"/></sheetViews>'
        '<sheetProtection content="1" objects="1"/><pageMargins left="0.7" right="0.7" top="0.75" '
        'bottom="0.75" header="0.3" footer="0.3"/><drawing r:id="rId1"/></chartsheet>',
        DOCUMENT + "spreadsheetml.chartsheet+xml",
    )
    hand.relate(sheet, "drawing", drawing)
    id = hand.relate("/xl/workbook.xml", "chartsheet", sheet)
    hand.replace(
        "/xl/workbook.xml", "</sheets>", f'<sheet name="Picture" sheetId="9" r:id="{id}"/></sheets>'
    )
    hand.write(path)


VML = (
    '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit"><o:idmap '
    'v:ext="edit" data="1"/></o:shapelayout><v:shapetype id="_x0000_t202" coordsize="21600,21600" '
    'o:spt="202" path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/></v:shapetype>{}</xml>'
)


FILL = '<v:fill color2="infoBackground [80]"/>'


def note(number: int, row: int, column: int, fill: str = "") -> str:
    """The shape of a comment."""
    return (
        f'<v:shape id="_x0000_s{number}" type="#_x0000_t202" style="position:absolute;'
        'margin-left:59.25pt;margin-top:1.5pt;width:108pt;height:59.25pt;z-index:1;visibility:hidden" '
        f'fillcolor="infoBackground [80]" o:insetmode="auto">{fill or FILL}<v:shadow color="none [81]" obscured="t"/>'
        '<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div></v:textbox>'
        '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>1, 15, 0, 2, '
        f"3, 15, 3, 1</x:Anchor><x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}"
        "</x:Column></x:ClientData></v:shape>"
    )


def vml(hand: Hand, sheet: str, shapes: str, index: int = 1, element: str = "legacyDrawing") -> str:
    """Give a sheet a VML drawing; its part."""
    hand.default("vml", TYPES["vml"])
    part = hand.add(f"/xl/drawings/vmlDrawing{index}.vml", VML.format(shapes))
    hand.insert(sheet, f'<{element} r:id="{hand.relate(sheet, "vmlDrawing", part)}"/>')
    return part


def comments(
    hand: Hand, sheet: str, text: str = "Checked", ref: str = "B2", index: int = 1
) -> None:
    """Give a sheet the part of its comments."""
    part = hand.add(
        f"/xl/comments{index}.xml",
        f"<comments {NAMESPACES}><authors><author>Ann</author><author>tc={{AAAA0000-0000-4000-8000-"
        f'00000000000{index}}}</author></authors><commentList><comment ref="{ref}" authorId="1" '
        f'shapeId="0" xr:uid="{{AAAA0000-0000-4000-8000-00000000000{index}}}"><text><r><rPr><b/>'
        f'<sz val="9"/><color indexed="81"/><rFont val="Tahoma"/><charset val="1"/></rPr><t>Ann:</t>'
        f'</r><r><rPr><sz val="9"/></rPr><t xml:space="preserve"> {text}</t></r></text></comment>'
        "</commentList></comments>",
        TYPES["comments"],
    )
    hand.relate(sheet, "comments", part)


@made("hand-threaded.xlsx", PROGRAM, "threaded comments", "persons", "comments", "mentions")
def threaded(path: Path) -> None:
    hand = book()
    name = f"{OFFICE}spreadsheetml/2018/threadedcomments"
    for index, sheet in ((1, SHEET1), (2, SHEET2)):
        vml(hand, sheet, note(1024 + index, 1, 1), index)
        comments(hand, sheet, "[Threaded comment]", index=index)
        part = hand.add(
            f"/xl/threadedComments/threadedComment{index}.xml",
            f'<ThreadedComments xmlns="{name}" xmlns:x="{MAIN}"><threadedComment ref="B2" '
            'dT="2024-02-29T12:00:00.00" personId="{BBBB0000-0000-4000-8000-000000000001}" '
            f'id="{{AAAA0000-0000-4000-8000-00000000000{index}}}"><text>Is this right @Bob?</text>'
            '<mentions><mention mentionpersonId="{BBBB0000-0000-4000-8000-000000000002}" '
            'mentionId="{CCCC0000-0000-4000-8000-000000000001}" startIndex="14" length="4"/>'
            '</mentions></threadedComment><threadedComment ref="B2" dT="2024-03-01T12:00:00.00" '
            'personId="{BBBB0000-0000-4000-8000-000000000002}" done="1" '
            f'id="{{AAAA0000-0000-4000-8000-00000000001{index}}}" '
            f'parentId="{{AAAA0000-0000-4000-8000-00000000000{index}}}"><text>Yes</text>'
            "</threadedComment></ThreadedComments>",
            "application/vnd.ms-excel.threadedcomments+xml",
        )
        hand.relate(sheet, f"{OFFICE}2017/10/relationships/threadedComment", part)
    part = hand.add(
        "/xl/persons/person.xml",
        f'<personList xmlns="{name}"><person displayName="Ann" userId="ann@example.com" '
        'providerId="AD" id="{BBBB0000-0000-4000-8000-000000000001}"/><person displayName="Bob" '
        'userId="S::bob" providerId="AD" id="{BBBB0000-0000-4000-8000-000000000002}"/></personList>',
        "application/vnd.ms-excel.person+xml",
    )
    hand.relate("/xl/workbook.xml", f"{OFFICE}2017/10/relationships/person", part)
    hand.write(path)


@made("hand-note-pictures.xlsx", PROGRAM, "comments", "notes with pictures", "header images")
def note_pictures(path: Path) -> None:
    hand = book()
    hand.default("png", "image/png")
    image = hand.add("/xl/media/image1.png", picture())
    filled = (
        '<v:fill o:title="x" color2="#ffffe1" recolor="t" rotate="t" type="frame" o:relid="rId1"/>'
    )
    part = vml(hand, SHEET1, note(1025, 1, 1, filled))
    hand.relate(part, "image", image)
    comments(hand, SHEET1)
    header = (
        '<v:shape id="CH" o:spid="_x0000_s2049" type="#_x0000_t75" style="position:absolute;'
        'width:75pt;height:20pt;z-index:1"><v:imagedata o:relid="rId1" o:title="logo"/></v:shape>'
    )
    hand.insert(SHEET1, "<headerFooter><oddHeader>&amp;C&amp;G</oddHeader></headerFooter>")
    other = vml(hand, SHEET1, header, 2, "legacyDrawingHF")
    hand.relate(other, "image", image)
    id = hand.relate(SHEET2, "image", image)
    hand.insert(SHEET2, f'<picture r:id="{id}"/>')
    hand.write(path)


def control(name: str, number: int, id: str, more: str = "") -> str:
    """A control of a sheet, with the reading for older programs."""
    place = (
        '<anchor moveWithCells="1"><from><xdr:col>4</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>1'
        "</xdr:row><xdr:rowOff>0</xdr:rowOff></from><to><xdr:col>6</xdr:col><xdr:colOff>0"
        "</xdr:colOff><xdr:row>3</xdr:row><xdr:rowOff>0</xdr:rowOff></to></anchor>"
    )
    return (
        '<mc:AlternateContent><mc:Choice Requires="x14"><control '
        f'shapeId="{number}" r:id="{id}" name="{name}"><controlPr defaultSize="0" autoFill="0" '
        f'autoLine="0" autoPict="0"{more}>{place}</controlPr></control></mc:Choice><mc:Fallback>'
        f'<control shapeId="{number}" r:id="{id}" name="{name}"/></mc:Fallback></mc:AlternateContent>'
    )


def insert_controls(hand: Hand, sheet: str, name: str, controls: str) -> None:
    """Put controls, or OLE objects, into a sheet as Excel 2010 and later do."""
    hand.replace(
        sheet,
        "<worksheet ",
        f'<worksheet xmlns:x14="{OFFICE}spreadsheetml/2009/9/main" '
        'xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" ',
    )
    whole = (
        f'<mc:AlternateContent><mc:Choice Requires="x14"><{name}>{controls}</{name}></mc:Choice>'
        "</mc:AlternateContent>"
    )
    hand.replace(sheet, "</worksheet>", f"{whole}</worksheet>")


@made("hand-controls.xlsx", PROGRAM, "form controls", "mc:AlternateContent in sheets")
def controls(path: Path) -> None:
    hand, listed, drawn = book(), "", ""
    kinds = "CheckBox Radio Drop List Scroll Spin Button GBox Label".split()
    for index, kind in enumerate(kinds, 1):
        part = hand.add(
            f"/xl/ctrlProps/ctrlProp{index}.xml",
            f'<formControlPr xmlns="{OFFICE}spreadsheetml/2009/9/main" objectType="{kind}" '
            'checked="Checked" fmlaLink="$B$2" fmlaRange="$A$2:$A$3" lockText="1" noThreeD="1"/>',
            "application/vnd.ms-excel.controlproperties+xml",
        )
        id = hand.relate(SHEET1, "ctrlProp", part)
        listed += control(f"{kind} {index}", 1024 + index, id)
        drawn += (
            f'<v:shape id="_x0000_s{1024 + index}" type="#_x0000_t201" style="position:absolute">'
            f'<x:ClientData ObjectType="{kind}"><x:Anchor>4,0,1,0,6,0,3,0</x:Anchor><x:FmlaLink>$B$2'
            "</x:FmlaLink></x:ClientData></v:shape>"
        )
    vml(hand, SHEET1, drawn)
    insert_controls(hand, SHEET1, "controls", listed)
    hand.write(path)


@made("hand-activex.xlsm", PROGRAM, "ActiveX", "macros", "emf images")
def active_x(path: Path) -> None:
    hand = book()
    hand.add("/xl/workbook.xml", hand.parts["/xl/workbook.xml"],
             "application/vnd.ms-excel.sheet.macroEnabled.main+xml")  # fmt: skip
    hand.default("bin", "application/vnd.ms-office.activeX")
    hand.default("emf", "image/x-emf")
    project = hand.add("/xl/vbaProject.bin", macros(), "application/vnd.ms-office.vbaProject")
    hand.relate("/xl/workbook.xml", f"{_WORKBOOK_REL}/vbaProject", project)
    ax = f"{OFFICE}2006/activeX"
    part = hand.add(
        "/xl/activeX/activeX1.xml",
        f'<ax:ocx xmlns:ax="{ax}" xmlns:r="{RELATIONSHIP}" '
        'ax:classid="{D7053240-CE69-11CD-A777-00DD01143C57}" ax:persistence="persistStreamInit" '
        'r:id="rId1"/>',
        "application/vnd.ms-office.activeX+xml",
    )
    hand.relate(part, f"{_WORKBOOK_REL}/activeXControlBinary",
                hand.add("/xl/activeX/activeX1.bin", bytes(64)))  # fmt: skip
    id = hand.relate(SHEET1, "control", part)
    image = hand.relate(SHEET1, "image", hand.add("/xl/media/image1.emf", emf()))
    drawn = (
        '<v:shape id="_x0000_s1025" type="#_x0000_t75"><v:imagedata o:relid="rId1" o:title=""/>'
        '<x:ClientData ObjectType="Pict"><x:Anchor>4,0,1,0,6,0,3,0</x:Anchor></x:ClientData></v:shape>'
    )
    drawing = vml(hand, SHEET1, drawn)
    hand.relate(drawing, "image", "/xl/media/image1.emf")
    insert_controls(
        hand, SHEET1, "controls", control("CommandButton1", 1025, id, f' r:id="{image}"')
    )
    hand.write(path)


@made("hand-ole.xlsx", PROGRAM, "OLE embeddings", "embedded packages", "linked OLE")
def ole(path: Path) -> None:
    hand = book()
    hand.default("bin", DOCUMENT + "oleObject")
    hand.default("docx", DOCUMENT + "wordprocessingml.document")
    hand.default("emf", "image/x-emf")
    ids = [
        hand.relate(SHEET1, "oleObject", hand.add("/xl/embeddings/oleObject1.bin", embedded())),
        hand.relate(
            SHEET1, "package", hand.add("/xl/embeddings/Document1.docx", b"PK\5\6" + bytes(18))
        ),
    ]
    image = hand.relate(SHEET1, "image", hand.add("/xl/media/image1.emf", emf()))
    place = (
        '<anchor moveWithCells="1"><from><xdr:col>4</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>1'
        "</xdr:row><xdr:rowOff>0</xdr:rowOff></from><to><xdr:col>6</xdr:col><xdr:colOff>0"
        "</xdr:colOff><xdr:row>3</xdr:row><xdr:rowOff>0</xdr:rowOff></to></anchor>"
    )
    listed = "".join(
        f'<mc:AlternateContent><mc:Choice Requires="x14"><oleObject progId="{program}" '
        f'shapeId="{1025 + index}" r:id="{id}"><objectPr defaultSize="0" r:id="{image}">{place}'
        f'</objectPr></oleObject></mc:Choice><mc:Fallback><oleObject progId="{program}" '
        f'shapeId="{1025 + index}" r:id="{id}"/></mc:Fallback></mc:AlternateContent>'
        for index, (program, id) in enumerate(
            zip(("Package", "Word.Document.12"), ids, strict=True)
        )
    )
    drawing = vml(
        hand,
        SHEET1,
        '<v:shape id="_x0000_s1025" type="#_x0000_t75"><v:imagedata o:relid="rId1" o:title=""/>'
        '<x:ClientData ObjectType="Pict"><x:CF>Pict</x:CF></x:ClientData></v:shape>',
    )
    hand.relate(drawing, "image", "/xl/media/image1.emf")
    hand.replace(
        SHEET1,
        "<worksheet ",
        f'<worksheet xmlns:x14="{OFFICE}spreadsheetml/2009/9/main" xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" ',
    )
    hand.replace(SHEET1, "</worksheet>", f"<oleObjects>{listed}</oleObjects></worksheet>")
    hand.write(path)
