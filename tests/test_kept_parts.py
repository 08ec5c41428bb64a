"""What hangs on a sheet is kept: drawings, comments, tables; only what changed is written."""

from __future__ import annotations

import io
import pickle
import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from lxml import etree
from openpyxl.chart import BarChart, LineChart, Reference
from openpyxl.chart.data_source import NumData, NumVal
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image
from openpyxl.drawing.spreadsheet_drawing import TwoCellAnchor
from openpyxl.reader.drawings import find_images
from openpyxl.worksheet.table import Table, TableStyleInfo

from service.workbook import chart_caches
from service.workbook.book import Book
from service.workbook.chart_caches import UNKNOWN, refresh_kept_caches
from service.workbook.checkpoints import _Pickler
from service.workbook.drawn import drop_caches
from service.workbook.keeping.notes_vml import VML_TYPE
from service.workbook.keeping.parts import Links, update
from service.workbook.package.opc import OFFICE, Draft, Package, parse
from tests import kept
from tests.bench import run
from tests.kept import MAIN, XDR, C, Opened, changed, contents

DRAWING, NOTES, TABLE = "xl/drawings/drawing1.xml", "xl/comments1.xml", "xl/tables/table1.xml"
CHART, NEW_CHART = "xl/charts/chart1.xml", "xl/charts/chartEx1.xml"
DATA = "xl/worksheets/sheet1.xml"
BOOK = "xl/workbook.xml"
DATA_LINKS = "xl/worksheets/_rels/sheet1.xml.rels"
SHAPES = "xl/drawings/vmlDrawing1.vml"
TYPES = "[Content_Types].xml"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return kept.full_workbook(tmp_path / "book.xlsx")


@pytest.fixture
def opened(file: Path) -> Opened:
    return Opened(file)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return tmp_path / "saved.xlsx"


def root(path: Path, part: str) -> etree._Element:
    return parse(Package(path).read(part))


def anchors(path: Path, part: str = DRAWING) -> list[bytes]:
    return [etree.tostring(child, method="c14n") for child in root(path, part)]


def ids(path: Path, part: str = DRAWING) -> list[str]:
    return [item.get("id", "") for item in root(path, part).iter("{*}cNvPr")]


def reopened(path: Path) -> openpyxl.Workbook:
    return Opened(path).book


# Nothing changed --------------------------------------------------------------


def test_nothing_is_written_where_nothing_changed(opened: Opened, file: Path, saved: Path) -> None:
    assert not any(opened.save(saved).values())
    assert changed(file, saved) == set()


def test_what_is_remembered_survives_a_checkpoint(opened: Opened, file: Path, saved: Path) -> None:
    out = io.BytesIO()
    _Pickler(out).dump((opened.book, opened.memories))
    opened.book, opened.memories = pickle.loads(out.getvalue())
    opened.save(saved)
    assert changed(file, saved) == set()
    assert isinstance(opened.book["Data"].tables["Sales"], Table)
    opened.book["Data"]._charts[0].title = "After the checkpoint"
    opened.save(saved)
    assert changed(file, saved) == {CHART}


def test_caches_in_the_editor_are_no_change(opened: Opened, file: Path, saved: Path) -> None:
    for series in opened.book["Data"]._charts[0].ser:
        series.val.numRef.numCache = NumData(pt=[NumVal(idx=0, v=1)])
    opened.save(saved)
    assert changed(file, saved) == set()


def test_what_openpyxl_reads_by_itself_is_known_too(file: Path, saved: Path) -> None:
    opened = Opened(file, find_images)
    opened.save(saved)
    assert changed(file, saved) == set()
    opened.book["Data"]._charts[1].title = "Turnover"
    opened.save(saved)
    assert changed(file, saved) == {"xl/charts/chart2.xml"}


# Charts -----------------------------------------------------------------------


def test_a_deleted_chart_goes_with_its_parts_only(opened: Opened, file: Path, saved: Path) -> None:
    del opened.book["Data"]._charts[0]
    assert opened.save(saved)["Data"] == Links()
    gone = {CHART, "xl/charts/_rels/chart1.xml.rels"}
    gone |= {"xl/charts/style1.xml", "xl/charts/colors1.xml"}
    rels = "xl/drawings/_rels/drawing1.xml.rels"
    assert changed(file, saved) == {*gone, TYPES, DRAWING, rels}
    assert not gone & set(contents(saved))
    before = anchors(file)
    assert anchors(saved) == before[:2] + before[3:]


def test_a_moved_chart_changes_its_anchor_only(opened: Opened, file: Path, saved: Path) -> None:
    anchor = opened.book["Data"]._charts[1].anchor
    assert isinstance(anchor, TwoCellAnchor)
    anchor._from.row, anchor.to.row = 50, 70
    opened.save(saved)
    assert changed(file, saved) == {DRAWING}
    before, after = anchors(file), anchors(saved)
    assert after[:3] + after[4:] == before[:3] + before[4:]
    moved = root(saved, DRAWING)[3]
    assert moved.findtext(f"{{{XDR}}}from/{{{XDR}}}row") == "50"
    assert moved.findtext(f"{{{XDR}}}to/{{{XDR}}}row") == "70"


def test_a_chart_put_at_a_cell_is_anchored_there(opened: Opened, saved: Path) -> None:
    opened.book["Data"]._charts[0].anchor = "B40"
    opened.save(saved)
    element = root(saved, DRAWING)[2]
    assert etree.QName(element).localname == "oneCellAnchor"
    names = [etree.QName(child).localname for child in element]
    assert names == ["from", "ext", "graphicFrame", "clientData"]
    assert reopened(saved)["Data"]._charts[0].anchor._from.row == 39


def test_a_new_title_changes_nothing_else_in_the_chart(
    opened: Opened, file: Path, saved: Path
) -> None:
    opened.book["Data"]._charts[0].title = "Turnover"
    opened.save(saved)
    assert changed(file, saved) == {CHART}
    before, after = root(file, CHART), root(saved, CHART)
    for tree in (before, after):
        title = tree.find(f"{{{C}}}chart/{{{C}}}title")
        assert ("".join(title.itertext()) == "Turnover") == (tree is after)
        title.getparent().remove(title)
    assert etree.tostring(before, method="c14n") == etree.tostring(after, method="c14n")


def test_a_title_that_is_gone_does_not_come_back_by_itself(opened: Opened, saved: Path) -> None:
    opened.book["Data"]._charts[0].title = None
    opened.save(saved)
    chart = root(saved, CHART).find(f"{{{C}}}chart")
    assert etree.QName(chart[0]).localname == "autoTitleDeleted"
    assert chart[0].get("val") == "1"


def test_series_keep_their_numbers_when_others_go(opened: Opened, file: Path, saved: Path) -> None:
    chart = opened.book["Data"]._charts[0]
    chart.ser = chart.ser[1:]
    opened.save(saved)
    before, after = (list(root(path, CHART).iter(f"{{{C}}}ser")) for path in (file, saved))
    assert [etree.tostring(item, method="c14n") for item in after] == [
        etree.tostring(before[1], method="c14n")
    ]


def test_a_new_series_is_put_behind_the_others(opened: Opened, file: Path, saved: Path) -> None:
    chart = opened.book["Data"]._charts[0]
    chart.add_data(Reference(opened.book["Other"], min_col=2, min_row=2, max_row=4))
    opened.save(saved)
    before, after = (list(root(path, CHART).iter(f"{{{C}}}ser")) for path in (file, saved))
    same = [etree.tostring(item, method="c14n") for item in after[:2]]
    assert same == [etree.tostring(item, method="c14n") for item in before]
    assert [item.find(f"{{{C}}}idx").get("val") for item in after] == ["0", "1", "2"]
    assert [item.find(f"{{{C}}}order").get("val") for item in after] == ["0", "1", "2"]


def test_another_range_drops_what_was_cached_of_the_old_one(opened: Opened, saved: Path) -> None:
    opened.book["Data"]._charts[0].ser[0].val.numRef.f = "Data!$B$2:$B$3"
    opened.save(saved)
    series = root(saved, CHART).find(f".//{{{C}}}ser")
    reference = series.find(f"{{{C}}}val/{{{C}}}numRef")
    assert reference.findtext(f"{{{C}}}f") == "Data!$B$2:$B$3"
    assert reference.find(f"{{{C}}}numCache") is None
    assert series.find(f"{{{C}}}trendline") is not None


def test_a_new_colour_ousts_the_old_fill(file: Path, saved: Path) -> None:
    """openpyxl writes both, which Excel takes for damage."""

    def fill(draft: Draft) -> None:
        chart = draft.xml(CHART)
        xml = f'<c:spPr xmlns:c="{C}" xmlns:a="{kept.A}"><a:pattFill prst="wave"/></c:spPr>'
        chart.find(f".//{{{C}}}ser/{{{C}}}tx").addnext(parse(xml.encode()))
        draft.write(CHART, chart)

    opened = Opened(kept.edited(file, fill))
    opened.book["Data"]._charts[0].ser[0].graphicalProperties.solidFill = "FF0000"
    opened.save(saved)
    look = root(saved, CHART).find(f".//{{{C}}}ser/{{{C}}}spPr")
    assert [etree.QName(child).localname for child in look] == ["solidFill"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<c:plotArea>", '<c:plotArea unknown="1">'),
        ('barDir val="col"', 'barDir val="upwards"'),
        ("barChart>", "newChart>"),
    ],
)
def test_a_chart_that_the_editor_can_not_read_confuses_nothing(
    file: Path, saved: Path, old: str, new: str
) -> None:
    def spoil(draft: Draft) -> None:
        draft.write(CHART, draft.read(CHART).replace(old.encode(), new.encode()))

    opened = Opened(kept.edited(file, spoil))
    assert [chart.kind for chart in opened.book["Data"]._charts[::2]] == ["unknown", "waterfall"]
    opened.book["Data"]._charts[1].title = "The second one"
    opened.save(saved)
    assert changed(file, saved) == {"xl/charts/chart2.xml"}


# New charts and pictures ------------------------------------------------------


def test_new_charts_and_pictures_join_the_drawing(opened: Opened, file: Path, saved: Path) -> None:
    sheet = opened.book["Data"]
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=4), titles_from_data=True)
    sheet.add_chart(chart, "A60")
    sheet.add_image(Image(kept.picture("black", "jpeg")), "A80")
    assert opened.save(saved)["Data"] == Links()
    new = {"xl/charts/chart3.xml", "xl/media/image1.jpeg"}
    rels = "xl/drawings/_rels/drawing1.xml.rels"
    assert changed(file, saved) == {*new, TYPES, DRAWING, rels}
    assert anchors(saved)[: len(anchors(file))] == anchors(file)
    assert len(ids(saved)) == len(set(ids(saved)))
    assert b'Extension="jpeg"' in contents(saved)[TYPES]
    book = reopened(saved)
    assert len(book["Data"]._charts) == 4
    assert len(book["Data"]._images) == 4


def test_a_sheet_without_a_drawing_gets_one(opened: Opened, file: Path, saved: Path) -> None:
    opened.book["Other"].add_chart(LineChart(), "E5")
    links = opened.save(saved)["Other"]
    assert links.drawing is not None
    assert changed(file, saved) >= {"xl/drawings/drawing2.xml", "xl/charts/chart3.xml"}
    assert DATA not in changed(file, saved)
    assert len(reopened(saved)["Other"]._charts) == 1


def test_a_new_sheet_is_written_without_any_memory(file: Path, saved: Path) -> None:
    sheet = openpyxl.Workbook().worksheets[0]
    sheet.append(["Name", "Value"])
    sheet.append(["a", 1])
    sheet.add_image(Image(kept.picture()), "D1")
    sheet["A1"].comment = Comment("Hello", "Ann")
    sheet.add_table(Table(displayName="Fresh", ref="A1:B2"))
    draft = Draft(Package(file))
    links = update(sheet, None, draft, "xl/worksheets/sheet9.xml")
    assert [len(found or ()) for found in (links.drawing, links.legacy_drawing)] == [1, 1]
    assert len(links.table_parts or ()) == 1
    related = draft.relationships("xl/worksheets/sheet9.xml")
    assert sorted(item.kind for item in related) == ["comments", "drawing", "table", "vmlDrawing"]


def test_a_chartsheet_keeps_its_drawing(tmp_path: Path, saved: Path) -> None:
    book = openpyxl.Workbook()
    book.create_chartsheet("Chart").add_chart(BarChart())
    book.save(tmp_path / "book.xlsx")
    opened = Opened(tmp_path / "book.xlsx")
    opened.book["Chart"]._charts[0].title = "Turnover"
    opened.save(saved)
    assert changed(tmp_path / "book.xlsx", saved) == {CHART}
    opened.book["Chart"]._charts.clear()
    assert opened.save(saved)["Chart"] == Links()
    assert anchors(saved) == []


def test_without_anything_left_the_drawing_goes(file: Path, saved: Path) -> None:
    book = openpyxl.load_workbook(kept.rich_workbook(file))
    book["Data"]._charts.clear()  # what is left are two pictures and nothing else
    book.save(file)
    opened = Opened(file)
    opened.book["Data"]._images.clear()
    assert opened.save(saved)["Data"].drawing == ()
    assert not [name for name in contents(saved) if "media" in name or name == DRAWING]
    assert "drawing" not in {etree.QName(child).localname for child in root(saved, DATA)}


# Pictures ---------------------------------------------------------------------


def test_a_deleted_picture_goes_with_its_file(opened: Opened, file: Path, saved: Path) -> None:
    del opened.book["Data"]._images[0]
    opened.save(saved)
    assert set(contents(file)) - set(contents(saved)) == {"xl/media/image1.png"}
    assert anchors(saved) == anchors(file)[1:]


def test_a_picture_in_a_group_leaves_the_group(opened: Opened, file: Path, saved: Path) -> None:
    del opened.book["Data"]._images[2]
    opened.save(saved)
    assert anchors(saved)[:-1] == anchors(file)[:-1]
    group = root(saved, DRAWING)[-1].find(f"{{{XDR}}}grpSp")
    assert group.find(f"{{{XDR}}}sp") is not None
    assert group.find(f"{{{XDR}}}pic") is None
    assert "xl/media/grouped.png" not in contents(saved)


def test_another_picture_in_the_same_frame(opened: Opened, file: Path, saved: Path) -> None:
    opened.book["Data"]._images[0].ref = kept.picture("black")
    opened.save(saved)
    assert anchors(saved)[1:] == anchors(file)[1:]
    assert "xl/media/image1.png" not in contents(saved)
    new = reopened(saved)["Data"]._images[0]
    assert new.ref.getvalue() == kept.picture("black").getvalue()


def test_pictures_that_the_editor_can_not_read_stay(file: Path, saved: Path) -> None:
    def spoil(draft: Draft) -> None:
        draft.write("xl/media/image1.png", b"no picture that anybody knows")

    opened = Opened(kept.edited(file, spoil))
    assert len(opened.book["Data"]._images) == 2
    del opened.book["Data"]._images[0]
    opened.save(saved)
    assert set(contents(file)) - set(contents(saved)) == {"xl/media/image2.png"}


# Comments ---------------------------------------------------------------------


def notes(path: Path, part: str = NOTES) -> dict[str, str]:
    found = root(path, part).iter(f"{{{MAIN}}}comment")
    return {item.get("ref", ""): "".join(item.itertext()) for item in found}


def shapes(path: Path, part: str = SHAPES) -> list[tuple[str, str]]:
    data = root(path, part).iter("{urn:schemas-microsoft-com:office:excel}ClientData")
    return [
        (item.findtext("{*}Row", "").strip(), item.findtext("{*}Column", "").strip())
        for item in data
        if item.get("ObjectType") == "Note"
    ]


def test_a_new_comment_leaves_the_others_alone(opened: Opened, file: Path, saved: Path) -> None:
    opened.book["Data"]["A3"].comment = Comment("Mind the gap ", "Dee")
    assert opened.save(saved)["Data"] == Links()
    assert changed(file, saved) == {NOTES, SHAPES}
    old, new = (list(root(path, NOTES).iter(f"{{{MAIN}}}comment")) for path in (file, saved))
    assert [etree.tostring(item) for item in new[:2]] == [etree.tostring(item) for item in old]
    assert notes(saved)["A3"] == "Mind the gap "
    assert shapes(saved) == [("1", "1"), ("2", "2"), ("2", "0")]
    assert reopened(saved)["Data"]["A3"].comment.author == "Dee"


def test_a_changed_comment_keeps_the_rich_text_of_others(opened: Opened, saved: Path) -> None:
    opened.book["Data"]["C3"].comment.text = "Measured"
    opened.save(saved)
    assert notes(saved) == {"B2": "Counted twice", "C3": "Measured"}
    first, second = root(saved, NOTES).iter(f"{{{MAIN}}}comment")
    assert first.find(f".//{{{MAIN}}}rPr") is not None
    assert second.get("authorId") == "1"


def test_a_removed_comment_goes_with_its_thread(opened: Opened, file: Path, saved: Path) -> None:
    opened.book["Data"]["B2"].comment = None
    opened.save(saved)
    gone = "xl/threadedComments/threadedComment1.xml"
    assert changed(file, saved) == {NOTES, SHAPES, gone, DATA_LINKS, TYPES}
    assert gone not in contents(saved)
    assert notes(saved) == {"C3": "Estimated"}
    assert shapes(saved) == [("2", "2")]


def test_a_moved_comment_takes_thread_and_shape_along(opened: Opened, saved: Path) -> None:
    sheet = opened.book["Data"]
    comment = sheet["B2"].comment
    sheet["B2"].comment = None
    sheet["D10"].comment = comment
    opened.save(saved)
    assert notes(saved) == {"D10": "Counted twice", "C3": "Estimated"}
    thread = root(saved, "xl/threadedComments/threadedComment1.xml")
    assert [item.get("ref") for item in thread] == ["D10", "D10"]
    assert sorted(shapes(saved)) == [("2", "2"), ("9", "3")]


def test_two_comments_may_change_places(opened: Opened, saved: Path) -> None:
    sheet = opened.book["Data"]
    first, second = sheet["B2"].comment, sheet["C3"].comment
    sheet["B2"].comment = sheet["C3"].comment = None
    sheet["B2"].comment, sheet["C3"].comment = second, first
    opened.save(saved)
    assert notes(saved) == {"C3": "Counted twice", "B2": "Estimated"}
    thread = root(saved, "xl/threadedComments/threadedComment1.xml")
    assert [item.get("ref") for item in thread] == ["C3", "C3"]


def test_a_changed_thread_becomes_a_note_of_who_began_it(opened: Opened, saved: Path) -> None:
    opened.book["Data"]["B2"].comment.text = "Settled"
    opened.save(saved)
    assert "xl/threadedComments/threadedComment1.xml" not in contents(saved)
    comment = reopened(saved)["Data"]["B2"].comment
    assert (comment.text, comment.author) == ("Settled", "Cy")


def test_first_comments_bring_their_parts(opened: Opened, file: Path, saved: Path) -> None:
    opened.book["Other"]["B2"].comment = Comment("Hello", "Dee", height=100, width=200)
    links = opened.save(saved)["Other"]
    assert links.legacy_drawing is not None
    assert notes(saved, "xl/comments2.xml") == {"B2": "Hello"}
    assert shapes(saved, "xl/drawings/vmlDrawing3.vml") == [("1", "1")]
    assert reopened(saved)["Other"]["B2"].comment.text == "Hello"
    assert SHAPES not in changed(file, saved)


def test_last_comments_take_their_parts_along(opened: Opened, file: Path, saved: Path) -> None:
    for cell in ("B2", "C3"):
        opened.book["Data"][cell].comment = None
    assert opened.save(saved)["Data"] == Links(legacy_drawing=())
    names = contents(saved)
    assert NOTES not in names
    assert SHAPES not in names
    header = "xl/drawings/vmlDrawing2.vml"
    assert names[header] == contents(file)[header]
    tags = {etree.QName(child).localname for child in root(saved, DATA)}
    assert "legacyDrawing" not in tags
    assert "legacyDrawingHF" in tags


CONTROL = """<xml xmlns:v="urn:schemas-microsoft-com:vml"
 xmlns:x="urn:schemas-microsoft-com:office:excel"
 xmlns:o="urn:schemas-microsoft-com:office:office"><v:shape id="_x0000_s3073" o:spid="_x0000_s3073"
 type="#_x0000_t201"><v:textbox><div>Press<br>me</div></v:textbox>
 <x:ClientData ObjectType="Button"><x:Anchor>1, 2, 3, 4, 5, 6, 7, 8</x:Anchor></x:ClientData>
 </v:shape></xml>"""


def test_comments_share_the_shapes_of_controls(file: Path, saved: Path) -> None:
    """Whatever wrote them: Excel itself writes line breaks there that are no XML."""
    part = "xl/drawings/controls.vml"

    def edit(draft: Draft) -> None:
        draft.write(part, CONTROL.encode(), VML_TYPE)
        other = "xl/worksheets/sheet2.xml"
        id_ = draft.relationships(other).add(f"{OFFICE}/vmlDrawing", part)
        sheet = draft.xml(other)
        kept.link(sheet, Links(legacy_drawing=(id_,)))
        draft.write(other, sheet)

    kept.edited(file, edit)
    opened = Opened(file)
    opened.book["Other"]["B2"].comment = Comment("Hello", "Dee")
    assert opened.save(saved)["Other"] == Links()
    vml = root(saved, part)
    found = [item.get("id") for item in vml.iter("{urn:schemas-microsoft-com:vml}shape")]
    assert found == ["_x0000_s3073", "_x0000_s3074"]
    again = Opened(saved)
    again.book["Other"]["B2"].comment = None
    assert again.save(file)["Other"] == Links()
    left = root(file, part).iter("{urn:schemas-microsoft-com:vml}shape")
    assert [item.get("id") for item in left] == ["_x0000_s3073"]


# Tables -----------------------------------------------------------------------


def test_a_longer_table_keeps_what_the_editor_does_not_know(
    opened: Opened, file: Path, saved: Path
) -> None:
    table = opened.book["Data"].tables["Sales"]
    table.ref = table.autoFilter.ref = "A1:C9"
    assert opened.save(saved)["Data"] == Links()
    assert changed(file, saved) == {TABLE}
    old, new = root(file, TABLE), root(saved, TABLE)
    for element in (old, old.find(f"{{{MAIN}}}autoFilter")):
        element.set("ref", "A1:C9")
    assert etree.tostring(old, method="c14n") == etree.tostring(new, method="c14n")
    assert new.find(f"{{{MAIN}}}extLst") is not None


def test_a_table_may_lose_and_get_its_style(opened: Opened, saved: Path) -> None:
    opened.book["Data"].tables["Sales"].tableStyleInfo = None
    opened.book["Other"].tables["More"].tableStyleInfo = TableStyleInfo(name="TableStyleDark2")
    opened.save(saved)
    assert root(saved, TABLE).find(f"{{{MAIN}}}tableStyleInfo") is None
    style = root(saved, "xl/tables/table2.xml").find(f"{{{MAIN}}}tableStyleInfo")
    assert style.attrib == {"name": "TableStyleDark2"}


def test_columns_are_named_as_their_headers(opened: Opened, file: Path, saved: Path) -> None:
    opened.book["Data"]["B1"] = "Spring"
    opened.save(saved)
    assert changed(file, saved) == {TABLE}
    names = [item.get("name") for item in root(saved, TABLE).iter(f"{{{MAIN}}}tableColumn")]
    assert names == ["Region", "Spring", "Q2"]


def test_a_new_table_gets_an_id_of_its_own(opened: Opened, file: Path, saved: Path) -> None:
    sheet = opened.book["Data"]
    for row in (["Kind", "Sum"], ["a", 1]):
        sheet.append(row)
    sheet.add_table(Table(displayName="Kinds", ref="A5:B6"))
    links = opened.save(saved)["Data"]
    assert links.table_parts is not None
    assert len(links.table_parts) == 2
    new = root(saved, "xl/tables/table3.xml")
    assert new.get("id") == "3"
    names = [item.get("name") for item in new.iter(f"{{{MAIN}}}tableColumn")]
    assert names == ["Kind", "Sum"]
    assert TABLE not in changed(file, saved)
    assert set(reopened(saved)["Data"].tables) == {"Sales", "Kinds"}


def test_a_removed_table_goes_with_its_query(opened: Opened, file: Path, saved: Path) -> None:
    del opened.book["Data"].tables["Sales"]
    assert opened.save(saved)["Data"] == Links(table_parts=())
    gone = {TABLE, "xl/tables/_rels/table1.xml.rels", "xl/queryTables/queryTable1.xml"}
    assert changed(file, saved) == {*gone, TYPES, DATA, DATA_LINKS}
    assert not gone & set(contents(saved))


# Caches -----------------------------------------------------------------------


def refreshed(
    file: Path,
    saved: Path,
    values: dict[tuple[int, int], Any],
    touched: dict[str, set[tuple[int, int]]] | None = None,
) -> set[str]:
    """The parts that change when the cells of the sheet Data have these values."""
    draft = Draft(Package(file))
    rows = {
        (row, column): value
        for row, line in enumerate(kept.ROWS, 1)
        for column, value in enumerate(line, 1)
    }

    def value_of(sheet: str, row: int, column: int) -> object:
        return (rows | values).get((row, column)) if sheet == "Data" else UNKNOWN

    refresh_kept_caches(draft, chart_caches.chart_parts(draft), value_of, changed=touched)
    draft.save(saved)
    return changed(file, saved)


def test_caches_that_are_right_are_not_touched(file: Path, saved: Path) -> None:
    assert refreshed(file, saved, {}) == set()


def test_caches_follow_the_cells_in_all_kinds_of_charts(file: Path, saved: Path) -> None:
    values = {(2, 2): 40.5, (3, 1): "Sud", (1, 2): "Spring"}
    assert refreshed(file, saved, values) == {CHART, "xl/charts/chart2.xml", NEW_CHART}
    chart = root(saved, CHART)
    assert [item.text for item in chart.iter(f"{{{C}}}v")] == (
        "Spring North Sud West 40.5 5 6 Q2 North Sud West 7 8 9".split()
    )
    new = root(saved, NEW_CHART)
    assert [item.text for item in new.iter("{*}pt")] == "North Sud West 40.5 5 6".split()
    assert new.findtext(".//{*}v") == "Spring"
    assert len(list(chart.iter(f"{{{C}}}trendline"))) == 2


def test_only_charts_that_show_a_changed_cell_follow(file: Path, saved: Path) -> None:
    stale = {(2, 2): 40, (2, 3): 70}
    everything = {CHART, "xl/charts/chart2.xml", NEW_CHART}
    assert refreshed(file, saved, stale, {"Data": {(2, 3)}}) == everything - {NEW_CHART}
    assert refreshed(file, saved, stale, {"DATA": {(2, 2)}}) == everything
    assert refreshed(file, saved, stale, {"Data": {(9, 9)}, "Other": {(2, 2)}}) == set()


def test_a_chart_without_caches_gets_them_when_its_cells_change(file: Path, saved: Path) -> None:
    def empty(draft: Draft) -> None:
        draft.write(CHART, drop_caches(draft.xml(CHART)))

    kept.edited(file, empty)
    assert refreshed(file, saved, {}) == set()
    assert refreshed(file, saved, {}, {"Data": {(2, 2)}}) == {CHART}
    values = root(saved, CHART).find(f".//{{{C}}}val")
    assert [item.text for item in values.iter(f"{{{C}}}v")] == ["4", "5", "6"]


def test_a_value_that_nobody_knows_leaves_its_point(file: Path, saved: Path) -> None:
    assert refreshed(file, saved, {(2, 2): UNKNOWN, (3, 2): UNKNOWN}) == set()
    refreshed(file, saved, {(2, 2): UNKNOWN, (3, 2): None, (4, 2): "#N/A"})
    series = root(saved, CHART).find(f".//{{{C}}}val")
    points = [(item.get("idx"), item.findtext(f"{{{C}}}v")) for item in series.iter(f"{{{C}}}pt")]
    assert points == [("0", "4"), ("2", "#N/A")]


def test_new_charts_get_caches_and_hidden_rows_are_left_out(
    opened: Opened, file: Path, saved: Path
) -> None:
    sheet = opened.book["Data"]
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=4), titles_from_data=True)
    sheet.add_chart(chart, "A60")
    draft = Draft(opened.package)
    update(sheet, opened.memories["Data"], draft, DATA)
    refresh_kept_caches(
        draft,
        ["xl/charts/chart3.xml"],
        lambda title, row, column: sheet.cell(row, column).value,
        hidden=lambda title, row, column: row == 3,
    )
    new = draft.xml("xl/charts/chart3.xml")
    assert [item.text for item in new.iter(f"{{{C}}}v")] == ["Q1", "4", "6"]
    assert new.find(f".//{{{C}}}val//{{{C}}}ptCount").get("val") == "2"


# Other programs ---------------------------------------------------------------


@pytest.mark.needs("soffice")
def test_libreoffice_opens_what_was_written(file: Path, tmp_path: Path) -> None:
    """Changed in every way at once, and by itself; the values come out of it again."""
    opened = Opened(file)
    sheet, other = opened.book["Data"], opened.book["Other"]
    sheet._charts[0].title = "Turnover"
    sheet._charts[1].anchor = "B50"
    sheet.add_chart(LineChart(), "A90")
    other.add_image(Image(kept.picture()), "F2")
    sheet["A3"].comment = Comment("New", "Dee")
    other["A3"].comment = Comment("New too", "Dee")
    sheet["B2"].comment = None
    sheet.tables["Sales"].tableStyleInfo = None
    opened.save(tmp_path / "saved.xlsx")
    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
    command += ["--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(tmp_path / "out")]
    subprocess.run([*command, str(tmp_path / "saved.xlsx")], check=True, capture_output=True)
    book = reopened(tmp_path / "out" / "saved.xlsx")
    assert book["Data"]["A3"].comment.text == "New"
    assert book["Other"]["A3"].comment.text == "New too"
    assert book["Data"]["B2"].comment is None
    assert len(book["Data"]._charts) == 3
    assert len(book["Other"]._images) == 1


# As a user has it -------------------------------------------------------------


def by_reference(path: Path, part: str) -> dict[str, list[str | None]]:
    """The cached values of a chart by their references."""
    found = root(path, part).iter(f"{{{C}}}f")
    return {item.text or "": [v.text for v in item.getparent().iter(f"{{{C}}}v")] for item in found}


def test_an_edit_changes_the_charts_that_show_it(file: Path, saved: Path) -> None:
    book = Book.load(file, "book.xlsx")
    run(book, "write_excel_range", sheet="Data", start="C2", rows=[[70]])
    book.save(saved)
    assert changed(file, saved) - {BOOK} == {CHART, "xl/charts/chart2.xml", DATA}
    assert by_reference(saved, CHART)["Data!$C$2:$C$4"] == ["70", "8", "9"]
    book = Book.load(file, "book.xlsx")
    run(book, "write_excel_range", sheet="Other", start="C2", rows=[[70]])
    book.save(saved)
    assert changed(file, saved) - {BOOK} == {"xl/worksheets/sheet2.xml"}


def test_a_chart_over_unchanged_cells_comes_with_values(file: Path, saved: Path) -> None:
    book = Book.load(file, "book.xlsx")
    run(book, "create_excel_chart", sheet="Other", data_range="A1:B4")
    book.save(saved)
    assert by_reference(saved, "xl/charts/chart3.xml")["'Other'!$B$2:$B$4"] == ["4", "5", "6"]
    assert CHART not in changed(file, saved)


def test_charts_follow_when_rows_go(file: Path, saved: Path) -> None:
    book = Book.load(file, "book.xlsx")
    run(book, "edit_excel_sheet", sheet="Data", action="delete_rows", target="3:3")
    book.save(saved)
    assert by_reference(saved, CHART)["Data!$C$2:$C$3"] == ["7", "9"]
    names = [item.text for item in root(saved, NEW_CHART).iter("{*}pt")]
    assert names == ["North", "West", "4", "6"]


def test_a_file_with_a_chart_unknown_to_the_editor_opens(file: Path, saved: Path) -> None:
    """openpyxl by itself takes the whole file for damaged."""

    def spoil(draft: Draft) -> None:
        draft.write(CHART, draft.read(CHART).replace(b'barDir val="col"', b'barDir val="up"'))

    book = Book.load(kept.edited(file, spoil), "book.xlsx")
    charts = run(book, "create_excel_chart", action="list").result["charts"]
    assert [chart["type"] for chart in charts] == ["unknown", "line", "waterfall"]
    run(book, "write_excel_range", sheet="Other", start="C2", rows=[[70]])
    book.save(saved)
    assert changed(file, saved) - {BOOK} == {"xl/worksheets/sheet2.xml"}
