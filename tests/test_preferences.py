"""A user's preferences: they show in what is made, lose against a choice, and are kept."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from openpyxl.worksheet.worksheet import Worksheet
from werkzeug.test import TestResponse

from service.operations.context import Context
from service.operations.preferences import Preferences
from service.operations.registry import Operation, find, operations
from service.web.app import Service
from service.workbook.book import Book
from service.workbook.house import STYLE_NAMES, house
from service.workbook.number_formats import number_format_code, without_decimals
from tests.bench import NOW, new_book, run
from tests.service_fixtures import KEY, Chat, MakeService, answer_of, error_of

ADDRESS = "/v1/preferences"
NONE = Preferences().model_dump()
C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
MONEY = "#,##0.00"
HEADERS = ["Day", "Item", "Price", "Year", "Tax", "Seen"]
ROWS: list[list[Any]] = [
    ["2026-01-31", "Rent", 1200.5, 2026, "=C2*0.19", "2026-01-31 14:30"],
    ["2026-02-01", "Food", 450, 2025, "=C3*0.19", "2026-02-01 08:00"],
]
CSV = "Day;Item;Price;Year;Rate;Seen\n" + "\n".join(
    [
        "2026-01-31;Rent;1200,50;2026;5%;2026-01-31 14:30",
        "2026-02-01;Food;450,00;2025;7%;2026-02-01 08:00",
    ]
)
SALES = [
    {"Date": "2026-01-12", "Region": "North", "Amount": 1800.5},
    {"Date": "2026-02-03", "Region": "South", "Amount": 60.25},
]
PEOPLE = [
    {"Name": "Ada", "Department": "Research", "Hire date": "2024-05-01", "Rate": 51.25},
    {"Name": "Bo", "Department": "Sales", "Hire date": "2025-02-01", "Rate": 40},
]


def preferring(**preferences: Any) -> Preferences:
    return Preferences(**preferences)


def made(name: str, preferences: Preferences, **parameters: Any) -> Book:
    """A workbook that an operation makes for a user with these preferences."""
    book = Book.blank("test.xlsx")
    run(book, name, preferences=preferences, **parameters)
    return book


def created(**preferences: Any) -> Worksheet:
    book = made(
        "create_excel_file",
        preferring(**preferences),
        filename="a.xlsx",
        headers=HEADERS,
        rows=ROWS,
    )
    return book.sheet("")


def imported(**preferences: Any) -> Worksheet:
    options = {"decimal": ","}
    book = made("import_csv_to_excel", preferring(**preferences), source=CSV, options=options)
    return book.sheet("")


def formats(sheet: Worksheet, row: int = 2) -> list[str]:
    return [str(cell.number_format) for cell in sheet[row]]


def color(sheet: Worksheet, place: str = "A1") -> str:
    return str(sheet[place].fill.fgColor.rgb)[-6:]


# Creation and import ------------------------------------------------------------------


@pytest.mark.parametrize("make", [created, imported])
@pytest.mark.parametrize("style", [name for name in STYLE_NAMES if name != "plain"])
def test_the_style_colours_the_headers(make: Any, style: str) -> None:
    assert color(make(style=style)) == house(style).main


@pytest.mark.parametrize("make", [created, imported])
def test_the_font_is_that_of_every_cell(make: Any) -> None:
    assert {cell.font.name for row in make().iter_rows() for cell in row} == {"Calibri"}
    sheet = make(font="Georgia", style="green")
    assert {cell.font.name for row in sheet.iter_rows() for cell in row} == {"Georgia"}
    assert sheet["A1"].font.bold
    assert not sheet["A2"].font.bold


def test_formats_are_those_of_what_is_created() -> None:
    usual = ["yyyy-mm-dd", "General", MONEY, "General", MONEY, "yyyy-mm-dd h:mm:ss"]
    assert formats(created()) == usual
    sheet = created(number_format="currency EUR", date_format="dd.mm.yyyy")
    euro = "#,##0.00 [$€-1]"
    wanted = ["dd.mm.yyyy", "General", euro, "General", euro, "dd.mm.yyyy h:mm:ss"]
    assert formats(sheet) == wanted
    assert formats(sheet, 3) == wanted  # 450 looks like 1200.5 above it
    assert formats(sheet, 1) == ["General"] * 6


def test_formats_are_those_of_what_is_imported() -> None:
    usual = ["yyyy-mm-dd", "General", "0.00", "General", "0%", "yyyy-mm-dd hh:mm"]
    assert formats(imported()) == usual
    sheet = imported(number_format="#,##0.000", date_format="d mmm yy")
    wanted = ["d mmm yy", "General", "#,##0.000", "General", "0%", "d mmm yy hh:mm"]
    assert formats(sheet) == wanted
    assert formats(sheet, 3) == wanted


@pytest.mark.parametrize(
    ("column", "wanted"),
    [
        ([1, 2, "=SUM(A1:A2)"], ["General"] * 3),
        ([1, 2.5, "=SUM(A1:A2)"], ["0.00"] * 3),
        ([1, None, 2.5], ["0.00", "General", "0.00"]),
        (["=1/3", "=YEAR(TODAY())", "=COUNTA(B:B)"], ["0.00", "General", "General"]),
        (["=TODAY()", "=NOW()"], ["yyyy-mm-dd", "yyyy-mm-dd hh:mm"]),
        (["x", True, 2.5], ["General", "General", "0.00"]),
        ([12345678901234567890, "1.5"], ["General", "General"]),
    ],
)
def test_decimals_are_decided_over_the_whole_column(column: list[Any], wanted: list[str]) -> None:
    rows = [[value] for value in column]
    book = made(
        "create_excel_file", preferring(number_format="number 2"), filename="a.xlsx", rows=rows
    )
    found = [str(cell.number_format) for cell in book.sheet("")["A"]]
    assert found == [f.replace("0.00", "#,##0.00") if f == "0.00" else f for f in wanted]


@pytest.mark.parametrize(
    ("wish", "day", "moment"),
    [
        ("", "yyyy-mm-dd", "yyyy-mm-dd h:mm:ss"),
        ("date", "yyyy-mm-dd", "yyyy-mm-dd h:mm:ss"),
        ("dd/mm/yy", "dd/mm/yy", "dd/mm/yy h:mm:ss"),
        ("dd.mm.yyyy hh:mm", "dd.mm.yyyy hh:mm", "dd.mm.yyyy hh:mm"),
        ('d "of the month"', 'd "of the month"', 'd "of the month" h:mm:ss'),
        ("dd.mm.yyyy;@", "dd.mm.yyyy;@", "dd.mm.yyyy;@"),
    ],
)
def test_a_time_of_day_is_never_lost(wish: str, day: str, moment: str) -> None:
    found = formats(created(date_format=wish))
    assert (found[0], found[5]) == (day, moment)


def test_a_title_above_a_csv_takes_the_font_too() -> None:
    text = "Sales of the year\nItem,Cost,Tax\nRent,1.5,2\nFood,2.5,3\n"
    book = made("import_csv_to_excel", preferring(font="Georgia"), source=text)
    sheet = book.sheet("")
    assert sheet["A1"].value == "Sales of the year"
    assert sheet["A1"].font.name == "Georgia"


# Charts ---------------------------------------------------------------------------------


def charted(tmp_path: Path, preferences: Preferences, *, several: bool = True, **more: Any) -> Any:
    """The XML of a chart of a workbook in the usual style of nobody: made elsewhere."""
    book = Book.blank("test.xlsx")
    sheet = book.xl.create_sheet("Data")
    for row in [["Item", "A", "B"], ["x", 1, 2], ["y", 3, 4]]:
        sheet.append(row if several else row[:2])
    run(book, "create_excel_chart", preferences=preferences, **more)
    return chart_trees(book, tmp_path)[0]


def chart_trees(book: Book, tmp_path: Path) -> list[Any]:
    path = tmp_path / "chart.xlsx"
    book.save(path)
    with zipfile.ZipFile(path) as archive:
        names = sorted(n for n in archive.namelist() if n.startswith("xl/charts/chart"))
        return [etree.fromstring(archive.read(name)) for name in names]


def legend(tree: Any) -> str | None:
    found = tree.find(f".//{C}legendPos")
    return None if found is None else str(found.get("val"))


def accents(tree: Any) -> list[str]:
    return [e.find(f".//{A}srgbClr").get("val") for e in tree.iterfind(f".//{C}ser/{C}spPr")]


@pytest.mark.parametrize(
    ("wish", "option", "several", "kind", "found"),
    [
        ("", None, True, "column", "b"),
        ("right", None, True, "column", "r"),
        ("none", None, True, "column", None),
        ("top", "left", True, "column", "l"),
        ("none", "bottom", True, "line", "b"),
        ("top", "none", True, "column", None),
        ("left", None, False, "pie", "l"),
        ("none", None, False, "pie", None),
        # One series needs none: the title names it.
        ("right", None, False, "column", None),
        ("none", "right", False, "column", "r"),
    ],
)
def test_the_legend_of_charts(
    tmp_path: Path, wish: str, option: str | None, several: bool, kind: str, found: str | None
) -> None:
    options = {"legend": option} if option else {}
    preferences = preferring(chart_legend=wish)
    tree = charted(tmp_path, preferences, several=several, chart_type=kind, options=options)
    assert legend(tree) == found


@pytest.mark.parametrize("kind", ["column", "bar", "line", "area", "scatter"])
def test_the_grid_lines_of_charts(tmp_path: Path, kind: str) -> None:
    def lines(wish: bool | None) -> int:
        tree = charted(tmp_path, preferring(chart_gridlines=wish), chart_type=kind)
        return len(tree.findall(f".//{C}majorGridlines"))

    usual = 2 if kind == "scatter" else 1
    assert [lines(wish) for wish in (None, True, False)] == [usual, usual, 0]


@pytest.mark.parametrize("kind", ["column", "bar", "line", "pie", "scatter", "area"])
def test_the_font_of_charts(tmp_path: Path, kind: str) -> None:
    axes = {} if kind == "pie" else {"x_title": "X", "y_title": "Y"}
    options = {**axes, "data_labels": True, "legend": "right"}
    more = {"chart_type": kind, "options": options, "title": "All", "several": kind != "pie"}
    plain = charted(tmp_path, preferring(), **more)
    assert not plain.findall(f".//{A}latin")
    tree = charted(tmp_path, preferring(font="Georgia"), **more)
    texts = [*tree.iter(f"{A}defRPr"), *tree.iter(f"{A}rPr")]
    assert len(texts) >= (3 if kind == "pie" else 4)
    assert {text.find(f"{A}latin").get("typeface") for text in texts} == {"Georgia"}


def test_a_chart_takes_the_colours_of_its_sheet_and_else_those_preferred(tmp_path: Path) -> None:
    assert accents(charted(tmp_path, preferring(style="teal"))) == list(house("teal").accents[:2])
    book = new_book(headers=["Item", "A", "B"], rows=[["x", 1, 2], ["y", 3, 4]], style="purple")
    run(book, "create_excel_chart", preferences=preferring(style="teal", chart_legend="top"))
    [tree] = chart_trees(book, tmp_path)
    assert accents(tree) == list(house("purple").accents[:2])
    assert legend(tree) == "t"


# Reports --------------------------------------------------------------------------------


def column_formats(sheet: Worksheet, header: str, row: int) -> set[str]:
    """The number formats below a header that stands in ``row``."""
    [place] = [cell.column for cell in sheet[row] if cell.value == header]
    cells = [line[0] for line in sheet.iter_rows(row + 1, min_col=place, max_col=place)]
    return {str(cell.number_format) for cell in cells if cell.value is not None}


def report(name: str, rows: list[Any], options: dict[str, Any], **preferences: Any) -> Book:
    return made(
        "create_excel_report", preferring(**preferences), report=name, rows=rows, options=options
    )


@pytest.mark.parametrize(
    ("currency", "wish", "money", "rounded"),
    [
        ("", "", "#,##0.00", "#,##0"),
        ("", "currency EUR", "#,##0.00 [$€-1]", "#,##0 [$€-1]"),
        ("", "#,##0.0;[Red]-#,##0.0", "#,##0.0;[Red]-#,##0.0", "#,##0;[Red]-#,##0"),
        ("USD", "currency EUR", "[$$-409]#,##0.00", "[$$-409]#,##0"),
    ],
)
def test_a_sales_report_shows_amounts_as_preferred(
    currency: str, wish: str, money: str, rounded: str
) -> None:
    book = report("sales_report", SALES, {"currency": currency}, number_format=wish)
    assert column_formats(book.sheet("Data"), "Amount", 1) == {money}
    shown = {str(c.number_format) for row in book.sheet("Summary").iter_rows() for c in row}
    assert {money, rounded} <= shown


def test_a_sales_report_takes_style_font_dates_and_charts(tmp_path: Path) -> None:
    book = report(
        "sales_report",
        SALES,
        {},
        style="green",
        font="Georgia",
        date_format="dd.mm.yyyy",
        chart_legend="left",
        chart_gridlines=False,
    )
    assert color(book.sheet("Data")) == house("green").main
    assert column_formats(book.sheet("Data"), "Date", 1) == {"dd.mm.yyyy"}
    for sheet in book.xl.worksheets:
        filled = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
        assert {cell.font.name for cell in filled} == {"Georgia"}
    trees = chart_trees(book, tmp_path)
    assert {legend(tree) for tree in trees} == {None, "l"}  # the pie has one, others need none
    assert not any(tree.findall(f".//{C}majorGridlines") for tree in trees)
    assert all(tree.findall(f".//{A}latin") for tree in trees)


def test_a_directory_takes_style_font_and_formats() -> None:
    book = report(
        "employee_directory",
        PEOPLE,
        {},
        style="gray",
        font="Georgia",
        number_format="0.00",
        date_format="d.m.yy",
    )
    sheet = book.sheet("Directory")
    assert color(sheet, "A5") == house("gray").main
    assert column_formats(sheet, "Hire date", 5) == {"d.m.yy"}
    assert column_formats(sheet, "Rate", 5) == {"0.00"}
    for sheet in book.xl.worksheets:
        filled = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
        assert {cell.font.name for cell in filled} == {"Georgia"}


# A choice wins --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parameters", "header"),
    [
        ("create_excel_file", {"filename": "a", "rows": ROWS, "headers": HEADERS}, "A1"),
        ("import_csv_to_excel", {"source": CSV}, "A1"),
        ("create_excel_report", {"report": "employee_directory", "rows": PEOPLE}, "A5"),
    ],
)
def test_the_style_that_is_asked_for_wins(
    name: str, parameters: dict[str, Any], header: str
) -> None:
    choice: dict[str, Any] = {"style": "purple"}
    if name != "create_excel_file":
        choice = {"options": choice}
    book = made(name, preferring(style="green", font="Georgia"), **parameters, **choice)
    sheet = book.xl.worksheets[0]
    assert color(sheet, header) == house("purple").main
    assert sheet[header].font.name == "Georgia"


def test_formats_that_are_asked_for_win() -> None:
    book = new_book(headers=HEADERS, rows=ROWS)
    style = {"number_format": "percent 1", "font": "Arial"}
    preferences = preferring(number_format="0.00", font="Georgia")
    run(book, "format_excel_cells", range="C2", style=style, preferences=preferences)
    cell = book.sheet("")["C2"]
    assert (cell.number_format, cell.font.name) == ("0.0%", "Arial")


def takes_style(item: Operation) -> bool:
    return '"purple"' in json.dumps(item.model.model_json_schema())


def test_every_operation_with_a_style_asks_for_the_preferences() -> None:
    styled = {item.name for item in operations().values() if item.styled}
    assert {item.name for item in operations().values() if takes_style(item)} <= styled
    assert styled == {
        "create_excel_file",
        "create_excel_chart",
        "import_csv_to_excel",
        "create_excel_report",
        "create_excel_pivot",
        "query_database",
        "query_excel_data",
        "run_excel_steps",
    }


def test_an_operation_that_is_not_declared_as_styled_gets_no_look() -> None:
    with pytest.raises(RuntimeError, match="declared"):
        Context(Book.blank("a.xlsx"), NOW, preferences=None).house()


# All together ---------------------------------------------------------------------------

PREFERENCES = st.fixed_dictionaries(
    {},
    optional={
        "style": st.sampled_from(["", *STYLE_NAMES]),
        "font": st.text(st.characters(categories=["L", "N", "Zs"]), max_size=31).filter(
            lambda name: name.isprintable()
        ),
        "number_format": st.sampled_from(["", "number 3", "currency chf", "0.0", "percent 2"]),
        "date_format": st.sampled_from(["", "date", "d/m/yy", "yyyy", '"on" dd mmm']),
        "chart_legend": st.sampled_from(["", "right", "bottom", "top", "left", "none"]),
        "chart_gridlines": st.sampled_from([None, True, False]),
    },
)


@settings(max_examples=60, deadline=None)
@given(wanted=PREFERENCES)
def test_all_of_them_together_show_in_the_file(wanted: dict[str, Any]) -> None:
    sheet = created(**wanted)
    style = wanted.get("style") or "blue"
    if style != "plain":
        assert color(sheet) == house(style).main
    name = wanted.get("font", "").strip() or "Calibri"
    assert {cell.font.name for row in sheet.iter_rows() for cell in row} == {name}
    number, day = wanted.get("number_format"), wanted.get("date_format")
    assert sheet["C2"].number_format == (number_format_code(number) if number else MONEY)
    assert sheet["A2"].number_format == (number_format_code(day) if day else "yyyy-mm-dd")
    assert sheet["D2"].number_format == "General"


# Kept -----------------------------------------------------------------------------------


def put(chat: Chat, given: object, **headers: str) -> TestResponse:
    return chat.http.put(ADDRESS, json=given, headers={**chat.headers, **headers})


def get(chat: Chat, **headers: str) -> TestResponse:
    return chat.http.get(ADDRESS, headers={**chat.headers, **headers})


def prefer(chat: Chat, **given: Any) -> None:
    response = put(chat, given)
    assert response.status_code == 200, response.get_data(as_text=True)


def kept(chat: Chat) -> dict[str, Any]:
    response = get(chat)
    assert response.status_code == 200, response.get_data(as_text=True)
    found: dict[str, Any] = response.get_json()
    return found


def sheet_of(chat: Chat, answer: dict[str, Any]) -> Worksheet:
    return openpyxl.load_workbook(io.BytesIO(chat.download(answer["files"][0]))).worksheets[0]


def create(chat: Chat, filename: str = "a.xlsx") -> dict[str, Any]:
    return chat.op("create_excel_file", filename=filename, headers=HEADERS, rows=ROWS)


def test_put_replaces_all_and_get_tells_them(chat: Chat) -> None:
    assert kept(chat) == NONE
    answer = put(chat, {"style": "green", "font": " Georgia ", "chart_gridlines": False})
    wanted = {**NONE, "style": "green", "font": "Georgia", "chart_gridlines": False}
    assert answer.get_json() == wanted == kept(chat)
    prefer(chat, date_format="dd.mm.yyyy")
    assert kept(chat) == {**NONE, "date_format": "dd.mm.yyyy"}
    assert put(chat, kept(chat)).get_json() == kept(chat)
    prefer(chat)
    assert kept(chat) == NONE


def test_they_are_used_from_the_next_call_on(chat: Chat) -> None:
    first = sheet_of(chat, create(chat, "a.xlsx"))
    prefer(chat, style="green", number_format="0.0")
    second = sheet_of(chat, create(chat, "b.xlsx"))
    assert (color(first), first["C2"].number_format) == (house("blue").main, MONEY)
    assert (color(second), second["C2"].number_format) == (house("green").main, "0.0")


def test_an_opened_csv_takes_them(chat: Chat) -> None:
    prefer(chat, style="green")
    chat.upload(CSV.encode(), "list.csv")
    answer = chat.op("open_excel_file", file="list.csv")
    assert color(sheet_of(chat, answer)) == house("green").main


def test_they_are_the_users_alone_in_all_chats(service: Service) -> None:
    ada, bo = Chat(service), Chat(service)
    prefer(ada, style="green")
    prefer(bo, style="orange")
    elsewhere = Chat(service, user=ada.user)
    for chat, style in ((ada, "green"), (bo, "orange"), (elsewhere, "green")):
        assert color(sheet_of(chat, create(chat))) == house(style).main
    assert kept(bo)["style"] == "orange"


def test_they_outlive_all_sessions(make_service: MakeService) -> None:
    first = Chat(make_service())
    prefer(first, style="teal")
    gone = first.http.delete("/v1/sessions", headers=first.headers)
    assert gone.get_json() == {"deleted": 1}
    later = Chat(make_service(), user=first.user)
    assert later.id != first.id
    assert kept(later)["style"] == "teal"
    assert color(sheet_of(later, create(later))) == house("teal").main


def test_who_names_no_user_has_none(service: Service) -> None:
    http, key = service.app.test_client(), {"Authorization": f"Bearer {KEY}"}
    for response in (http.get(ADDRESS, headers=key), http.put(ADDRESS, json={}, headers=key)):
        error = error_of(response)
        assert (error["status"], error["code"]) == (422, "invalid_parameters")
        assert "X-User-Id" in error["hint"]
    assert error_of(http.get(ADDRESS))["code"] == "unauthorized"


def test_open_webuis_own_header_names_the_user(service: Service) -> None:
    http, key = service.app.test_client(), {"Authorization": f"Bearer {KEY}"}
    done = http.put(
        ADDRESS, json={"font": "Arial"}, headers={**key, "X-OpenWebUI-User-Id": "header-user"}
    )
    assert done.status_code == 200
    found = http.get(ADDRESS, headers={**key, "X-User-Id": "header-user"})
    assert found.get_json()["font"] == "Arial"
    both = {**key, "X-User-Id": "header-user", "X-OpenWebUI-User-Id": "another"}
    assert error_of(http.get(ADDRESS, headers=both))["status"] == 422


BAD: list[tuple[dict[str, Any], str]] = [
    ({"stile": "green"}, 'Did you mean "style"'),
    ({"house_style": "green"}, "house_style"),
    ({"style": "pink"}, "style"),
    ({"style": None}, "style"),
    ({"font": "x" * 32}, "32 characters"),
    ({"font": "a\nb"}, "font"),
    ({"font": 7}, "font"),
    ({"number_format": "#.##0"}, "swaps point and comma"),
    ({"number_format": "numbr"}, 'Did you mean "number"'),
    ({"number_format": "text"}, "does not show numbers"),
    ({"number_format": "dd.mm.yyyy"}, "does not show numbers"),
    ({"number_format": "0" * 256}, "256 characters"),
    ({"date_format": "0.00"}, "does not show the day"),
    ({"date_format": "hh:mm"}, "does not show the day"),
    ({"date_format": '"day"'}, "date_format"),
    ({"date_format": "General"}, "does not show the day"),
    ({"chart_legend": "middle"}, "chart_legend"),
    ({"chart_gridlines": "yes"}, "chart_gridlines"),
    ({"chart_gridlines": 1}, "chart_gridlines"),
    ({"style": "green", "font": "x" * 99, "chart_legend": 1}, "chart_legend"),
]


@pytest.mark.parametrize(("given", "words"), BAD, ids=[json.dumps(b)[:40] for b, _ in BAD])
def test_what_does_not_fit_is_refused_and_changes_nothing(
    chat: Chat, given: dict[str, Any], words: str
) -> None:
    prefer(chat, style="gray")
    error = error_of(put(chat, given))
    assert (error["status"], error["code"]) == (422, "invalid_parameters")
    assert words in error["message"]
    assert not error["message"].endswith(("..", "?."))
    assert kept(chat) == {**NONE, "style": "gray"}


@pytest.mark.parametrize("body", [b"[]", b"{", b'"green"', b"7"])
def test_what_is_no_object_is_refused(chat: Chat, body: bytes) -> None:
    prefer(chat, style="gray")
    assert error_of(chat.http.put(ADDRESS, data=body, headers=chat.headers))["status"] == 422
    assert kept(chat)["style"] == "gray"


# Replay ---------------------------------------------------------------------------------


def look(sheet: Worksheet) -> list[Any]:
    return [
        (cell.value, cell.number_format, cell.font.name, cell.fill.fgColor.rgb)
        for row in sheet.iter_rows()
        for cell in row
    ]


def test_an_old_workbook_keeps_its_look_when_preferences_change(
    make_service: MakeService,
) -> None:
    first = Chat(make_service())
    prefer(first, style="green", font="Georgia", number_format="0.0", date_format="d.m.yy")
    before = look(sheet_of(first, create(first)))
    first.op("create_excel_chart", chart_type="column", data_range="B1:C3")
    prefer(first, style="orange", font="Arial", chart_gridlines=False)
    # Another service knows nothing but what is on the disk: it does all of it again.
    later = Chat(make_service(), user=first.user, chat=first.chat)
    assert later.id == first.id
    answer = later.op("write_excel_range", start="A9", rows=[["x"]])
    sheet = sheet_of(later, answer)
    assert look(sheet)[: len(before)] == before
    assert color(sheet) == house("green").main
    with zipfile.ZipFile(io.BytesIO(later.download(answer["files"][0]))) as archive:
        tree = etree.fromstring(archive.read("xl/charts/chart1.xml"))
    assert tree.findall(f".//{C}majorGridlines")
    assert {e.get("typeface") for e in tree.iter(f"{A}latin")} == {"Georgia"}
    assert color(sheet_of(later, create(later, "new.xlsx"))) == house("orange").main


def test_the_journal_holds_them_only_where_they_count(
    make_service: MakeService, tmp_path: Path
) -> None:
    chat = Chat(make_service())
    create(chat, "plain.xlsx")
    prefer(chat, style="green", chart_gridlines=False)
    create(chat, "green.xlsx")
    chat.op("write_excel_range", workbook="green.xlsx", start="A9", rows=[["x"]])
    lines = [
        json.loads(line.split(b" ", 1)[1])
        for path in sorted((tmp_path / "data").rglob("journal"))
        for line in path.read_bytes().splitlines()
    ]
    found = [(line["operation"], line.get("preferences")) for line in lines]
    assert sorted(found, key=str) == sorted(
        [
            ("create_excel_file", None),
            ("create_excel_file", {"style": "green", "chart_gridlines": False}),
            ("write_excel_range", None),
        ],
        key=str,
    )


# Damage ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "damage",
    [b"{", b"[]", b'{"v":1}', b'{"v":1,"preferences":{"style":"pink"}}', b'{"v":2}'],
)
def test_a_damaged_record_is_told_to_whoever_needs_it_and_mended_by_a_new_one(
    make_service: MakeService, tmp_path: Path, damage: bytes
) -> None:
    chat = Chat(make_service())
    create(chat)
    prefer(chat, style="green")
    [record] = (tmp_path / "data" / "preferences").iterdir()
    record.write_bytes(damage)
    assert error_of(get(chat))["code"] == "storage_failed"
    error = chat.fail("create_excel_file", filename="b.xlsx", headers=["A"])
    assert (error["status"], error["code"]) == (507, "storage_failed")
    assert ADDRESS in error["hint"]
    # What does not need them goes on, and nothing is half made.
    chat.op("write_excel_range", start="A9", rows=[["x"]])
    listing = answer_of(chat.call("list_excel_files", {}))["result"]
    assert [item["workbook"] for item in listing["open"]] == ["a.xlsx"]
    prefer(chat, style="teal")
    assert color(sheet_of(chat, create(chat, "b.xlsx"))) == house("teal").main


# Facts ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "whole"),
    [
        ("#,##0.00", "#,##0"),
        ("0.0%", "0%"),
        ('0.00 "kg.00"', '0 "kg.00"'),
        ("[$Fr.-807] #,##0.00", "[$Fr.-807] #,##0"),
        ("#,##0.??;[Red]-#,##0.??", "#,##0;[Red]-#,##0"),
        ("General", "General"),
        (r"0\.00", r"0\.00"),
    ],
)
def test_a_format_without_its_decimals(code: str, whole: str) -> None:
    assert without_decimals(code) == whole
    assert number_format_code(whole) == whole


def test_the_openapi_document_tells_of_them(service: Service) -> None:
    document = service.app.test_client().get("/openapi.json").get_json()
    assert set(document["paths"][ADDRESS]) == {"get", "put"}
    schema = document["components"]["schemas"]["Preferences"]
    assert set(schema["properties"]) == set(NONE)
    assert schema["additionalProperties"] is False
    assert find("create_excel_file").styled
