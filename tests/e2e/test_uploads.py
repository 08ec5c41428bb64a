"""Workbooks that people bring along: they come back whole, whatever they came as."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from msoffcrypto.format.ooxml import OOXMLFile

from service.workbook.libreoffice import convert, found_program
from tests.e2e.chat import Chat
from tests.e2e.test_main_job import call, rows_of, say, succeeded


def company_workbook(path: Path) -> Path:
    """Two sheets with what people have in theirs: chart, sparklines, rule, comment, name."""
    book = xlsxwriter.Workbook(path)
    costs, summary = book.add_worksheet("Costs"), book.add_worksheet("Summary")
    bold = book.add_format({"bold": True, "bg_color": "#DDEBF7"})
    costs.write_row("A1", ["Item", "Jan", "Feb", "Mar", "Trend"], bold)
    for row, (item, *values) in enumerate(
        [("Rent", 1200, 1200, 1250), ("Power", 180, 210, 160), ("Wages", 9100, 9100, 9300)], 1
    ):
        costs.write(row, 0, item)
        costs.write_row(row, 1, values)
        costs.add_sparkline(row, 4, {"range": f"Costs!B{row + 1}:D{row + 1}"})
    costs.write("A5", "Total", bold)
    for column, total in zip("BCD", (10480, 10510, 10710), strict=True):
        costs.write_formula(f"{column}5", f"=SUM({column}2:{column}4)", bold, total)
    costs.conditional_format("B2:D4", {"type": "data_bar"})
    costs.write_comment("B4", "Without the bonus")
    costs.insert_textbox("G16", "Figures from accounting")
    book.define_name("MarchTotal", "=Costs!$D$5")
    summary.write("A1", "Costs in March")
    summary.write_formula("B1", "=MarchTotal", None, 10710)
    summary.write_formula("B2", "=Costs!D5/Costs!B5-1", None, 10710 / 10480 - 1)
    chart = book.add_chart({"type": "column"})
    chart.add_series({"categories": "=Costs!$A$2:$A$4", "values": "=Costs!$D$2:$D$4"})
    costs.insert_chart("G1", chart)
    book.close()
    return path


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.filterwarnings("ignore:.* extension is not supported")  # openpyxl's, of its reading
def test_rows_come_in_and_a_sheet_is_renamed_and_all_of_it_follows(
    chat: Chat, tmp_path: Path
) -> None:
    path = company_workbook(tmp_path / "Costs Q1.xlsx")
    turn = chat.ask(
        "Please put travel (300, 250, 410) above the wages, and call the sheet 'Costs 2026'.",
        [
            call("open_excel_file", file="Costs Q1.xlsx"),
            call("edit_excel_sheet", action="insert_rows", sheet="Costs", target="4"),
            call("write_excel_range", sheet="Costs", start="A4", rows=[["Travel", 300, 250, 410]]),
            call("edit_excel_sheet", action="rename", sheet="Costs", new_name="Costs 2026"),
            call("read_excel_range", sheet="Summary"),
            say("March is now {{results.4.result.rows.0.1}}."),
        ],
        attach=[path],
    )
    chat.shot("done")
    succeeded(turn)
    assert "11120" in chat.text()
    assert chat.chips() == ["Costs Q1.xlsx"]
    data = chat.download_chip("Costs Q1.xlsx")
    (tmp_path / "back.xlsx").write_bytes(data)
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book["Costs 2026"]["D6"].value == "=SUM(D2:D5)"
    assert book["Summary"]["B2"].value == "='Costs 2026'!D6/'Costs 2026'!B6-1"
    assert book.defined_names["MarchTotal"].attr_text == "'Costs 2026'!$D$6"
    assert book["Costs 2026"]["B5"].comment.text == "Without the bonus"
    values = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    assert values["Summary"]["B1"].value == 11120
    parts = parts_of(data)
    (chart,) = (content for name, content in parts.items() if name.startswith("xl/charts/chart"))
    assert b"'Costs 2026'!$D$2:$D$5" in chart
    sheet = parts["xl/worksheets/sheet1.xml"]
    assert b"'Costs 2026'!B6:D6" not in sheet
    assert sheet.count(b"<x14:sparkline>") == 3
    assert b"'Costs 2026'!B5:D5" in sheet
    assert any(b"Figures from accounting" in content for content in parts.values())


@pytest.mark.filterwarnings("ignore:.* extension is not supported")
def test_a_file_with_a_password_is_opened_when_the_user_tells_it(
    chat: Chat, tmp_path: Path
) -> None:
    plain, path = company_workbook(tmp_path / "plain.xlsx"), tmp_path / "secret.xlsx"
    with plain.open("rb") as source, path.open("wb") as target:
        OOXMLFile(source).encrypt("open sesame", target)
    turn = chat.ask(
        "What were the costs in March?",
        [call("open_excel_file", file="secret.xlsx"), say("{{results.0.error}} Tell me.")],
        attach=[path],
    )
    assert turn.calls[0].status == "failed"
    assert turn.calls[0].result["code"] == "password_required"
    assert "password" in chat.text()
    turn = chat.ask(
        "It is: open sesame. And add a note in A7.",
        [
            call("open_excel_file", file="secret.xlsx", password="open sesame"),
            call("write_excel_range", sheet="Costs", start="A7", rows=[["Checked"]]),
            call("read_excel_range", sheet="Summary"),
            say("They were {{results.2.result.rows.0.1}}."),
        ],
    )
    chat.shot("done")
    succeeded(turn)
    assert "10710" in chat.text()
    book = openpyxl.load_workbook(io.BytesIO(chat.download_chip("secret.xlsx")))
    assert book["Costs"]["A7"].value == "Checked"


@pytest.mark.needs("soffice")
@pytest.mark.parametrize("format_", ["ods", "xls"])
def test_another_programs_workbook_comes_back_as_excels(
    chat: Chat, tmp_path: Path, format_: str
) -> None:
    source = openpyxl.Workbook()
    source.active.title = "Members"
    for row in [["Name", "Fee"], ["Jörg", 12.5], ["Zoë", 8], ["Total", "=SUM(B2:B3)"]]:
        source.active.append(row)
    source.save(tmp_path / "members.xlsx")
    path = convert(
        tmp_path / "members.xlsx",
        format_,
        tmp_path,
        seconds=60,
        program=found_program("auto"),
        recalculate=True,
    )
    turn = chat.ask(
        f"Raise Zoë's fee to 10 in this file ({format_}).",
        [
            call("open_excel_file", file=path.name),
            call("write_excel_range", start="B3", rows=[[10]]),
            call("read_excel_range"),
            say("The total is {{results.2.result.rows.3.1}}."),
        ],
        attach=[path],
    )
    chat.shot("done")
    succeeded(turn)
    assert "22.5" in chat.text()
    assert chat.chips() == ["members.xlsx"]
    data = chat.download_chip("members.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert rows_of(book["Members"])[2:] == [["Zoë", 10], ["Total", "=SUM(B2:B3)"]]
    assert openpyxl.load_workbook(io.BytesIO(data), data_only=True)["Members"]["B4"].value == 22.5
