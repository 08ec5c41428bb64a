"""Charts of the kinds that came with Excel 2016: the editor does not know them, so we keep them.

Such a chart is a part of its own (``cx:chartSpace``), shown by a frame in the drawing that
older programs skip. Here it is held as the XML of its part, beside the editor's own charts in
``sheet._charts``. Source: [MS-ODRAWXML] 2.24.3 and the Office 2016 schema of chartex.
"""

from __future__ import annotations

from typing import Any, Literal

from lxml import etree

from service.workbook.package.opc import OFFICE, parse, serialized

NewType = Literal["waterfall", "histogram", "pareto", "box", "treemap", "sunburst", "funnel"]

CX = "http://schemas.microsoft.com/office/drawing/2014/chartex"
NEW_CHART_TYPE = "application/vnd.ms-office.chartex+xml"
NEW_CHART_RELATION = "http://schemas.microsoft.com/office/2014/relationships/chartEx"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
XDR = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
_MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"
# What a program must know to draw the kind; Excel writes these with each frame.
_NEEDS = {
    "funnel": ("cx2", "http://schemas.microsoft.com/office/drawing/2015/10/21/chartex"),
    "": ("cx1", "http://schemas.microsoft.com/office/drawing/2015/9/8/chartex"),
}
_KINDS = {
    "waterfall": "waterfall",
    "boxWhisker": "box",
    "treemap": "treemap",
    "sunburst": "sunburst",
    "funnel": "funnel",
    "clusteredColumn": "histogram",
    "regionMap": "map",
}


class NewChart:
    """One chart of a new kind, or one of an old kind that the editor can't read.

    :param xml: its part
    :param frame_name: name of its frame, such as "Chart 3"
    """

    mime_type = NEW_CHART_TYPE

    def __init__(self, xml: bytes, frame_name: str = "") -> None:
        self.xml = xml
        self.frame_name = frame_name
        self.anchor: Any = "A1"
        self._id = 1  # the writer of new workbooks counts them

    def __repr__(self) -> str:
        return f"<NewChart {self.kind} {self.title!r}>"

    @property
    def path(self) -> str:
        return f"/xl/charts/chartEx{self._id}.xml"

    @property
    def tree(self) -> etree._Element:
        """The part, parsed; a copy."""
        return parse(self.xml)

    def replace(self, tree: etree._Element) -> None:
        """Go on with another tree."""
        self.xml = serialized(tree)

    @property
    def kind(self) -> str:
        """What create_excel_chart calls it; "unknown" for what neither the editor nor we know."""
        if not is_new_chart(self.tree):
            return "unknown"
        layouts = [item.get("layoutId", "") for item in self.tree.iter(f"{{{CX}}}series")]
        if "paretoLine" in layouts:
            return "pareto"
        return _KINDS.get(layouts[0], layouts[0]) if layouts else "unknown"

    @property
    def title(self) -> str:
        """The text of its title, "" where it has none."""
        found = self.tree.find(f"{{{CX}}}chart/{{{CX}}}title")
        return "" if found is None else title_text(found)

    @property
    def formulas(self) -> list[str]:
        """The references that it shows, each once."""
        found = (item.text or "" for item in self.tree.iter(f"{{{CX}}}f"))
        return list(dict.fromkeys(found))


def title_text(title: etree._Element) -> str:
    """The text of a title of a chart or axis, plain or rich."""
    plain = title.findtext(f"{{{CX}}}tx/{{{CX}}}txData/{{{CX}}}v")
    if plain is not None:
        return plain
    rich = title.find(f"{{{CX}}}tx/{{{CX}}}rich")
    return "" if rich is None else "".join(item.text or "" for item in rich.iter(f"{{{A}}}t"))


def is_new_chart(root: etree._Element) -> bool:
    """Whether a part holds a chart of a new kind."""
    return bool(root.tag == f"{{{CX}}}chartSpace")


def new_chart_frame(number: int, id_: str, chart: NewChart) -> etree._Element:
    """What goes into an anchor: the chart, and words for programs that can't draw it."""
    prefix, namespace = _NEEDS.get(chart.kind, _NEEDS[""])
    root = parse(
        f'<mc:AlternateContent xmlns:mc="{_MC}" xmlns:xdr="{XDR}" xmlns:a="{A}">'
        f'<mc:Choice xmlns:{prefix}="{namespace}" Requires="{prefix}">'
        '<xdr:graphicFrame macro=""><xdr:nvGraphicFramePr>'
        f'<xdr:cNvPr id="{number}" name=""/><xdr:cNvGraphicFramePr/></xdr:nvGraphicFramePr>'
        '<xdr:xfrm><a:off x="0" y="0"/><a:ext cx="0" cy="0"/></xdr:xfrm>'
        f'<a:graphic><a:graphicData uri="{CX}">'
        f'<cx:chart xmlns:cx="{CX}" xmlns:r="{OFFICE}" r:id="{id_}"/>'
        "</a:graphicData></a:graphic></xdr:graphicFrame></mc:Choice>"
        '<mc:Fallback><xdr:sp macro="" textlink=""><xdr:nvSpPr><xdr:cNvPr id="0" name=""/>'
        '<xdr:cNvSpPr><a:spLocks noTextEdit="1"/></xdr:cNvSpPr></xdr:nvSpPr><xdr:spPr>'
        '<a:xfrm><a:off x="0" y="0"/><a:ext cx="4572000" cy="2743200"/></a:xfrm>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom><a:solidFill><a:srgbClr val="FFFFFF"/>'
        '</a:solidFill><a:ln w="9525"><a:solidFill><a:srgbClr val="D9D9D9"/></a:solidFill></a:ln>'
        '</xdr:spPr><xdr:txBody><a:bodyPr vertOverflow="clip" horzOverflow="clip"/><a:lstStyle/>'
        '<a:p><a:r><a:rPr lang="en-US" sz="1100"><a:solidFill><a:srgbClr val="595959"/>'
        "</a:solidFill></a:rPr><a:t/></a:r></a:p></xdr:txBody></xdr:sp></mc:Fallback>"
        "</mc:AlternateContent>".encode()
    )
    name = chart.frame_name or f"Chart {number}"
    next(root.iter(f"{{{XDR}}}cNvPr")).set("name", name)
    words = f"{chart.title or name}: this {chart.kind} chart shows in Excel 2016 and later."
    next(root.iter(f"{{{A}}}t")).text = words
    return root
