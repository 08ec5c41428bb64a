"""Previews: what the page of a workbook holds, and that nothing in one can take it over."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openpyxl
import pytest
from openpyxl.formatting.rule import CellIsRule, FormulaRule, Rule
from openpyxl.styles import Font, PatternFill
from openpyxl.styles.differential import DifferentialStyle
from werkzeug.test import TestResponse

from service.workbook.preview.svg import TAGS, node, written
from tests.service_fixtures import Chat

NASTY = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!--<script>",
    "\u2028\u2029",
    '"><svg onload=alert(1)>',
    "]]>",
]


def get(chat: Chat, url: str, **query: str) -> TestResponse:
    return chat.http.get(urlsplit(url).path, query_string=query, buffered=True)


def page_of(chat: Chat, **query: str) -> str:
    answer = chat.op("preview_excel_file")
    response = get(chat, answer["preview_url"], **query)
    assert response.status_code == 200, response.get_data(as_text=True)[:500]
    return response.get_data(as_text=True)


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def cells_of(data: dict[str, Any], sheet: int = 0) -> dict[str, list[Any]]:
    """The cells of a sheet's window by row and column, such as "2:1"."""
    rows = data["sheets"][sheet]["window"]["rows"]
    return {f"{row}:{cell[0]}": cell for row, cells in rows.items() for cell in cells}


def opened(chat: Chat, book: openpyxl.Workbook, folder: Path) -> None:
    path = folder / "book.xlsx"
    book.save(path)
    chat.upload(path)
    chat.op("open_excel_file", file="book.xlsx")


GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


@pytest.mark.parametrize(
    ("query", "headers", "language"),
    [
        ({"language": "de-CH"}, {"Accept-Language": "en"}, "de"),
        ({}, GERMAN, "de"),
        ({"language": "tlh"}, {}, "en"),
    ],
)
def test_a_page_speaks_the_language_that_is_asked_for_or_the_readers(
    chat: Chat, query: dict[str, str], headers: dict[str, str], language: str
) -> None:
    chat.op("create_excel_file", filename="costs", headers=["Item", "Cost"], rows=[["Rent", 12.5]])
    chat.op("save_excel_file")
    chat.op("write_excel_range", start="B2", rows=[[1234.5]])
    path = urlsplit(chat.op("preview_excel_file")["preview_url"]).path
    query = {**query, "embed": "1"}
    page = chat.http.get(path, query_string=query, headers=headers).get_data(as_text=True)
    german = language == "de"
    assert f'<html lang="{language}">' in page
    assert (">In neuem Tab öffnen</a>" in page) is german
    data = data_of(page)
    assert ("{cells} changed" in data["texts"]) is german
    assert data["whole"].endswith(f"?language={language}") is ("language" in query)
    number = cells_of(data)["2:2"]
    assert number[1] == "1,234.50", "numbers are as the workbook's formats have them"
    assert number[4]["d"] == ("vorher 12.5" if german else "was 12.5")


def test_charts_and_pictures_are_told_in_the_language_of_the_page(chat: Chat) -> None:
    chat.op("create_excel_file", filename="c", headers=["M", "V"], rows=[["a", 1], ["b", 2]])
    chat.op("create_excel_chart", title="Umsatz & mehr")
    drawing = data_of(page_of(chat, language="de"))["sheets"][0]["drawings"][0]
    words = "Säulendiagramm: Umsatz & mehr. Datenreihen: 1 (V), Punkte je Reihe: 2."
    assert drawing["words"] == words
    part = page_of(chat, language="de", sheet="Sheet1", row="1")
    assert json.loads(part)["sheet"]["drawings"][0]["words"] == words


def test_a_page_may_be_told_its_colours(chat: Chat) -> None:
    chat.op("create_excel_file", filename="costs", headers=["Item", "Cost"])
    assert data_of(page_of(chat))["theme"] == ""
    assert data_of(page_of(chat, embed="1", theme="dark"))["theme"] == "dark"
    url = chat.op("preview_excel_file")["preview_url"]
    assert get(chat, url, theme="pink").status_code == 422


def test_the_answer_is_short_and_names_what_is_shown(chat: Chat) -> None:
    chat.op("create_excel_file", filename="costs", headers=["Item", "Cost"], rows=[["Rent", 1200]])
    chat.op("edit_excel_sheet", action="add", sheet="Notes")
    answer = chat.op("preview_excel_file", sheet="sheet1")
    assert answer["result"] == {"shown": "Sheet1", "range": "A1:B2", "other_sheets": ["Notes"]}
    assert "/preview/" in answer["preview_url"]
    assert len(json.dumps(answer)) < 1_200


def test_a_hidden_sheet_is_refused_and_not_shown(chat: Chat) -> None:
    chat.op("create_excel_file", filename="costs", headers=["Item"])
    chat.op("edit_excel_sheet", action="add", sheet="Secret")
    chat.op("edit_excel_sheet", action="hide", sheet="Secret")
    assert "hidden" in chat.fail("preview_excel_file", sheet="Secret")["message"]
    data = data_of(page_of(chat))
    assert [sheet["name"] for sheet in data["sheets"]] == ["Sheet1"]
    assert data["hidden"] == 1


def test_the_page_may_run_its_own_script_and_nothing_else(chat: Chat) -> None:
    chat.op("create_excel_file", filename="costs", headers=["Item"])
    response = get(chat, chat.op("preview_excel_file")["preview_url"])
    policy = response.headers["Content-Security-Policy"]
    page = response.get_data(as_text=True)
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag, text in re.findall(r"<(script|style)>(.*?)</\1>", page, re.DOTALL):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy, tag
    assert not re.search(r'(?:src|href)="', page)
    assert not re.search(r"\son\w+=", page.partition('id="data"')[0])
    assert response.headers["Cache-Control"] == "no-store"


def test_nothing_in_a_workbook_becomes_markup(chat: Chat, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    ws = book.active
    ws.title = "<b>&'\""
    for row, text in enumerate(NASTY, start=1):
        cell = ws.cell(row, 1, text)
        cell.comment = openpyxl.comments.Comment(text, text)
        cell.font = Font(name='"};</style><script>alert(1)</script>')
        cell.number_format = f'0;0;0;@"{text}"'.replace('""', '"')[:200]
    ws["B1"].value = "link"
    ws["B1"].hyperlink = "javascript:alert(1)"
    ws["B2"].value = "data"
    ws["B2"].hyperlink = "data:text/html,<script>alert(1)</script>"
    chart = openpyxl.chart.BarChart()
    chart.title = NASTY[0]
    chart.add_data(openpyxl.chart.Reference(ws, min_col=3, min_row=1, max_row=3))
    ws.add_chart(chart, "E2")
    opened(chat, book, tmp_path)
    page = page_of(chat)
    assert page.count("<script") == 2
    assert page.count("</script") == 2
    assert page.count("<style") == 2
    assert "<img" not in page
    assert "<!--" not in page
    data = data_of(page)
    cells = cells_of(data)
    assert cells["1:1"][1].startswith(NASTY[0])
    assert not any("a" in cell[4] for cell in cells.values() if len(cell) > 4)
    for day, night in data["css"].values():
        assert not re.search(r"[{}<>\\@]", day + night)


def test_drawings_are_made_of_known_elements_only() -> None:
    drawing = node("svg", node("text", "<b>&", class_="cl"), width=3.0)
    assert written(drawing) == '<svg width="3"><text class="cl">&lt;b&gt;&amp;</text></svg>'
    with pytest.raises(ValueError, match="script"):
        written(node("script", "alert(1)"))
    assert not TAGS & {"script", "foreignObject", "image", "use", "a", "style"}


def test_changes_since_the_last_save_are_told_at_their_cells(chat: Chat) -> None:
    chat.op("create_excel_file", filename="costs", headers=["Item", "Cost"], rows=[["Rent", 1200]])
    assert data_of(page_of(chat))["changed"] is None
    chat.op("save_excel_file")
    chat.op("write_excel_range", start="B2", rows=[[1300], [50]])
    chat.op("format_excel_cells", range="A2", style={"bold": True})
    data = data_of(page_of(chat))
    cells = cells_of(data)
    assert data["changed"] == 3
    assert [cells[at][4]["d"] for at in ("2:2", "3:2", "2:1")] == [
        "was 1200", "new", "format changed"
    ]  # fmt: skip
    chat.op("undo_excel_change", steps=2)
    assert data_of(page_of(chat))["changed"] is None


def test_a_sheet_comes_in_windows(chat: Chat) -> None:
    rows = [[n, f"text {n}"] for n in range(1, 3_000)]
    chat.op("create_excel_file", filename="large", headers=["N", "T"], rows=rows)
    url = chat.op("preview_excel_file")["preview_url"]
    page = get(chat, url).get_data(as_text=True)
    assert len(page) < 100_000
    sheet = data_of(page)["sheets"][0]
    assert (sheet["rows"], sheet["window"]["to"]) == (3_000, 300)
    part = json.loads(get(chat, url, sheet="Sheet1", row="2701").get_data())
    assert part["sheet"]["window"]["from"] == 2_701
    assert part["sheet"]["window"]["rows"]["3000"][1][1] == "text 2999"
    embedded = data_of(get(chat, url, embed="1").get_data(as_text=True))
    assert embedded["sheets"][0]["window"]["to"] == 120
    assert not embedded["more"]
    assert "/preview/" in embedded["whole"]


@pytest.mark.parametrize("row", ["x", "-1", "99999999", "1.5"])
def test_a_row_that_is_none_is_refused(chat: Chat, row: str) -> None:
    chat.op("create_excel_file", filename="costs", headers=["Item"])
    response = get(chat, chat.op("preview_excel_file")["preview_url"], row=row)
    assert response.status_code == 422


def test_links_lead_to_what_they_were_made_for(chat: Chat) -> None:
    answer = chat.op("create_excel_file", filename="costs", headers=["Item"])
    file = urlsplit(answer["files"][0]["download_url"]).path
    page = urlsplit(chat.op("preview_excel_file")["preview_url"]).path
    assert chat.http.get(file.replace("/files/", "/preview/")).status_code == 404
    assert chat.http.get(page.replace("/preview/", "/files/")).status_code == 404
    assert chat.http.get(page[:-10] + "x/costs.xlsx").status_code == 404
    chat.op("close_excel_file")
    gone = chat.http.get(page, headers={"Accept": "text/html"})
    assert gone.status_code == 404
    assert gone.mimetype == "text/html"


def test_conditional_formats_are_worked_out(chat: Chat, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    ws = book.active
    for row in ([1, "ann", 5, 1], [2, "bob", 5, 4], [3, "ann", 7, 9], [10, "", 8, 16]):
        ws.append(row)
    red, green = PatternFill(bgColor="FFFF0000"), PatternFill(bgColor="FF00FF00")
    ws.conditional_formatting.add("A1:A4", CellIsRule(operator="greaterThan", formula=["2"],
                                                      fill=red))  # fmt: skip
    ws.conditional_formatting.add("A1:A4", FormulaRule(formula=["$D1>SUM($A$1:$A$3)"], fill=green,
                                                       font=Font(bold=True)))  # fmt: skip
    look = DifferentialStyle(fill=green)
    ws.conditional_formatting.add("B1:B4", Rule(type="duplicateValues", dxf=look))
    ws.conditional_formatting.add("C1:C4", Rule(type="top10", rank=1, dxf=look))
    opened(chat, book, tmp_path)
    data = data_of(page_of(chat))
    cells = cells_of(data)

    def css(at: str) -> str:
        return "".join(data["css"][name][0] for name in cells[at][2].split())

    assert "background-color:#FF0000" in css("3:1")
    assert "font-weight:700" in css("3:1")
    assert "background-color:#FF0000" in css("4:1")
    assert "background" not in css("1:1") + css("2:1")
    assert ["background-color:#00FF00" in css(f"{row}:2") for row in (1, 2, 3)] == [
        True, False, True
    ]  # fmt: skip
    assert ["background" in css(f"{row}:3") for row in (1, 2, 3, 4)] == [False, False, False, True]


def test_lines_between_cells_are_drawn_once(chat: Chat) -> None:
    chat.op("create_excel_file", filename="lines", headers=["A", "B"], rows=[[1, 2], [3, 4]])
    chat.op("format_excel_cells", range="B3", style={"border": "all thin red"})
    data = data_of(page_of(chat))
    cells = cells_of(data)

    def lines(at: str) -> set[str]:
        found = "".join(data["css"][name][0] for name in cells[at][2].split())
        return set(re.findall(r"border-(\w+):1px solid #FF0000", found))

    assert lines("3:2") == {"right", "bottom"}
    assert "right" in lines("3:1")
    assert "bottom" in lines("2:2")


def test_charts_are_drawn_with_the_values_of_now(chat: Chat) -> None:
    chat.op("create_excel_file", filename="c", headers=["N", "V"], rows=[["a", 1], ["b", 3]])
    chat.op("create_excel_chart", data_range="A1:B3", title="First & last")
    chat.op("write_excel_range", start="B3", rows=[["=B2*40"]])
    (drawing,) = data_of(page_of(chat))["sheets"][0]["drawings"]
    text = written(drawing["svg"])
    assert "First &amp; last" in text
    assert "<title>V, b, 40</title>" in text
    assert drawing["words"] == "Column chart: First & last. 1 series (V), 2 points each."
