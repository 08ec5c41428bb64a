"""add_excel_rule: every kind of rule and every option is in the file, and comes back from it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
import xlsxwriter
from lxml import etree
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import PatternFill
from PIL import Image

from service.errors import ExcelToolsError, InvalidParameters, InvalidRange, InvalidValue
from service.operations.rules import RuleOptions
from service.workbook.book import Book
from service.workbook.rules import kinds
from tests.bench import new_book, run
from tests.corpus.validity import problems
from tests.service_fixtures import Chat

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
X14 = "{http://schemas.microsoft.com/office/spreadsheetml/2009/9/main}"
HEADERS = ["Name", "Score", "State", "Day"]
ROWS = [
    [f"R{i}", i * 10 - 20, ["late", "open", "done"][i % 3], f"2026-03-{i + 1:02d}"]
    for i in range(8)
]
SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture
def book() -> Book:
    return new_book(headers=HEADERS, rows=ROWS)


def rule(book: Book, **given: Any) -> dict[str, Any]:
    """The answer of add_excel_rule."""
    return run(book, "add_excel_rule", **given).result


def rules(book: Book) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rule(book, action="list")["rules"]
    return found


def saved(book: Book, tmp_path: Path, name: str = "saved.xlsx") -> Path:
    path = tmp_path / name
    book.save(path)
    assert problems(path) == []
    return path


def part(path: Path, name: str = SHEET) -> etree._Element:
    with ZipFile(path) as archive:
        return etree.fromstring(archive.read(name))


def one(root: etree._Element, tag: str) -> etree._Element:
    """The only element of that name, of whichever namespace."""
    (found,) = root.iter(f"{{*}}{tag}")
    return found


def cf(root: etree._Element) -> etree._Element:
    return root.findall(f".//{MAIN}cfRule")[-1]


def dxf(path: Path, found: etree._Element) -> etree._Element:
    return one(part(path, "xl/styles.xml"), "dxfs")[int(found.get("dxfId"))]


# Every kind ---------------------------------------------------------------------

FORMATS: list[tuple[str, Any, dict[str, str], list[str]]] = [
    ("greater_than", 20, {"type": "cellIs", "operator": "greaterThan"}, ["20"]),
    ("less_than", 1.5, {"operator": "lessThan"}, ["1.5"]),
    ("greater_or_equal", "=$E$1", {"operator": "greaterThanOrEqual"}, ["$E$1"]),
    ("less_or_equal", "30", {"operator": "lessThanOrEqual"}, ["30"]),
    ("equal_to", 'he said "hi"', {"operator": "equal"}, ['"he said ""hi"""']),
    ("not_equal_to", True, {"operator": "notEqual"}, ["TRUE"]),
    ("between", ["2026-03-01", "2026-03-05"], {"operator": "between"}, ["46082", "46086"]),
    ("between", "10 and 20", {"operator": "between"}, ["10", "20"]),
    ("not_between", [1, 2], {"operator": "notBetween"}, ["1", "2"]),
    (
        "text_contains",
        "late",
        {"type": "containsText", "operator": "containsText", "text": "late"},
        ['NOT(ISERROR(SEARCH("late",B2)))'],
    ),
    (
        "text_not_contains",
        "late",
        {"type": "notContainsText", "operator": "notContains", "text": "late"},
        ['ISERROR(SEARCH("late",B2))'],
    ),
    (
        "text_begins_with",
        "R",
        {"type": "beginsWith", "operator": "beginsWith", "text": "R"},
        ['LEFT(B2,LEN("R"))="R"'],
    ),
    (
        "text_ends_with",
        "=$E$1",
        {"type": "endsWith", "operator": "endsWith"},
        ["RIGHT(B2,LEN($E$1))=$E$1"],
    ),
    ("duplicates", None, {"type": "duplicateValues"}, []),
    ("unique", None, {"type": "uniqueValues"}, []),
    ("blanks", None, {"type": "containsBlanks"}, ["LEN(TRIM(B2))=0"]),
    ("no_blanks", None, {"type": "notContainsBlanks"}, ["LEN(TRIM(B2))>0"]),
    ("errors", None, {"type": "containsErrors"}, ["ISERROR(B2)"]),
    ("no_errors", None, {"type": "notContainsErrors"}, ["NOT(ISERROR(B2))"]),
    ("top", 3, {"type": "top10", "rank": "3"}, []),
    ("top", None, {"type": "top10", "rank": "10"}, []),
    ("bottom", "20%", {"type": "top10", "rank": "20", "percent": "1", "bottom": "1"}, []),
    ("above_average", None, {"type": "aboveAverage"}, []),
    ("below_average", None, {"type": "aboveAverage", "aboveAverage": "0"}, []),
    ("formula", "=$C2=XLOOKUP(1,$A:$A,$B:$B)", {"type": "expression"}, None),  # type: ignore[list-item]
]


@pytest.mark.parametrize(("kind", "value", "attributes", "formulas"), FORMATS)
def test_a_format_stands_in_the_file_as_excel_has_it(
    book: Book,
    tmp_path: Path,
    kind: str,
    value: Any,
    attributes: dict[str, str],
    formulas: list[str] | None,
) -> None:
    told = rule(book, range="B2:B9", rule=kind, value=value)["added"]
    assert (told["rule"], told["range"], told["priority"]) == (kind, "B2:B9", 1)
    path = saved(book, tmp_path)
    root = part(path)
    assert one(root, "conditionalFormatting").get("sqref") == "B2:B9"
    found = cf(root)
    assert attributes.items() <= dict(found.attrib).items()
    texts = [item.text for item in found.iter(f"{MAIN}formula")]
    assert texts == formulas if formulas is not None else "_xlfn.XLOOKUP" in texts[0]
    fill = one(dxf(path, found), "bgColor")
    assert fill.get("rgb") == "FFFFC7CE"
    assert rules(Book.load(path, "x.xlsx")) == rules(book)


PERIODS = ["yesterday", "today", "tomorrow", "last 7 days", "last_week", "this_week", "next_week"]
PERIODS += ["last_month", "this-month", "next_month"]


@pytest.mark.parametrize("period", PERIODS)
def test_dates_that_occur(book: Book, tmp_path: Path, period: str) -> None:
    rule(book, range="Day", rule="date_occurring", value=period)
    found = cf(part(saved(book, tmp_path)))
    words = period.replace("-", " ").replace("_", " ").split()
    assert found.get("timePeriod") == words[0] + "".join(word.title() for word in words[1:])
    formula = one(found, "formula").text or ""
    assert "D2" in formula
    assert "TODAY()" in formula
    assert rules(book)[0]["value"] == "_".join(words)


LOOKS = [
    ({"fill": "light green"}, "fill", "bgColor", {"rgb": "FF90EE90"}),
    ({"color": "#112233"}, "font", "color", {"rgb": "FF112233"}),
    ({"bold": True}, "font", "b", {"val": "1"}),
    ({"italic": True}, "font", "i", {"val": "1"}),
    ({"underline": True}, "font", "u", {}),
    ({"strike": True}, "font", "strike", {"val": "1"}),
    ({"border": "dashed red"}, "border", "left", {"style": "dashed"}),
    ({"number_format": "percent 1"}, "dxf", "numFmt", {"formatCode": "0.0%"}),
]


@pytest.mark.parametrize(("options", "where", "tag", "attributes"), LOOKS)
def test_a_look_stands_in_the_styles(
    book: Book,
    tmp_path: Path,
    options: dict[str, Any],
    where: str,
    tag: str,
    attributes: dict[str, str],
) -> None:
    rule(book, range="B2:B9", rule="greater_than", value=1, options=options)
    path = saved(book, tmp_path)
    look = dxf(path, cf(part(path)))
    parent = look if where == "dxf" else one(look, where)
    assert attributes.items() <= dict(one(parent, tag).attrib).items()
    assert len(look) == 1  # nothing else is set
    assert set(options) < set(rules(Book.load(path, "x.xlsx"))[0])


def test_rules_end_the_look_and_follow_each_other(book: Book, tmp_path: Path) -> None:
    rule(book, range="B2:B9", rule="greater_than", value=1)
    rule(book, range="B2:B9", rule=">=", value=2, options={"stop_if_true": True})
    rule(book, range="B2:B9", rule="less_than", value=9, options={"priority": 1})
    root = part(saved(book, tmp_path))
    found = {i.get("operator"): i for i in root.iter(f"{MAIN}cfRule")}
    assert [
        found[k].get("priority") for k in ("lessThan", "greaterThan", "greaterThanOrEqual")
    ] == [
        "1",
        "2",
        "3",
    ]
    assert found["greaterThanOrEqual"].get("stopIfTrue") == "1"
    assert [item["rule"] for item in rules(book)] == [
        "less_than",
        "greater_than",
        "greater_or_equal",
    ]


@pytest.mark.parametrize(
    ("kind", "options", "attributes"),
    [
        ("top", {"percent": True}, {"percent": "1"}),
        ("above_average", {"equal": True}, {"equalAverage": "1"}),
        ("below_average", {"std_dev": 2}, {"stdDev": "2"}),
    ],
)
def test_options_of_ranks_and_averages(
    book: Book, tmp_path: Path, kind: str, options: dict[str, Any], attributes: dict[str, str]
) -> None:
    rule(book, range="B2:B9", rule=kind, options=options)
    assert attributes.items() <= dict(cf(part(saved(book, tmp_path))).attrib).items()
    assert options.items() <= rules(book)[0].items()


# Scales, bars, icons --------------------------------------------------------------


def test_colour_scales_of_two_and_three_colours(book: Book, tmp_path: Path) -> None:
    rule(book, range="B2:B9", rule="color_scale", value=["white", "#FF0000"])
    options = {"min": 0, "mid": "percentile 40", "max": "=$E$1"}
    rule(book, range="B2:B9", rule="heatmap", value="red to yellow to green", options=options)
    path = saved(book, tmp_path)
    two, three = part(path).iter(f"{MAIN}colorScale")
    assert [i.get("rgb") for i in two.iter(f"{MAIN}color")] == ["FFFFFFFF", "FFFF0000"]
    assert [i.get("type") for i in two.iter(f"{MAIN}cfvo")] == ["min", "max"]
    bounds = [(i.get("type"), i.get("val")) for i in three.iter(f"{MAIN}cfvo")]
    assert bounds == [("num", "0"), ("percentile", "40"), ("formula", "$E$1")]
    told = rules(Book.load(path, "x.xlsx"))
    assert told[1]["value"] == ["#F8696B", "#FFEB84", "#63BE7B"]
    assert (told[1]["min"], told[1]["mid"], told[1]["max"]) == ("0", "percentile 40", "=$E$1")


def test_a_data_bar_has_both_forms(book: Book, tmp_path: Path) -> None:
    options = {
        "solid": True,
        "negative_color": "black",
        "hide_value": True,
        "min": "10%",
        "max": 99,
    }
    rule(book, range="B2:B9", rule="data_bar", value="green", options=options)
    path = saved(book, tmp_path)
    root = part(path)
    usual = cf(root)
    later = root.find(f".//{X14}cfRule")
    assert later is not None
    assert one(usual, "id").text == later.get("id")
    assert one(usual, "dataBar").get("showValue") == "0"
    bar = one(later, "dataBar")
    assert (bar.get("gradient"), bar.get("showValue")) == ("0", "0")
    assert one(later, "negativeFillColor").get("rgb") == "FF000000"
    bounds = [("".join(i.itertext()), i.get("type")) for i in later.iter(f"{X14}cfvo")]
    assert bounds == [("10", "percent"), ("99", "num")]
    again = Book.load(path, "x.xlsx")
    told = rules(again)[0]
    assert {"solid": True, "negative_color": "#000000", "hide_value": True}.items() <= told.items()
    assert part(saved(again, tmp_path, "again.xlsx")).find(f".//{X14}cfRule") is not None


@pytest.mark.parametrize(
    ("value", "name", "later"),
    [("arrows", "3Arrows", False), ("4 rating", "4Rating", False), ("stars", "3Stars", True)],
)
def test_icons(book: Book, tmp_path: Path, value: str, name: str, later: bool) -> None:
    bounds = [0, "60%", 90][: int(name[0]) - 1]
    options = {"thresholds": bounds, "reverse": True, "hide_value": True}
    rule(book, range="B2:B9", rule="icon_set", value=value, options=options)
    path = saved(book, tmp_path)
    icons = one(part(path), "iconSet")
    assert icons.tag.startswith(X14) == later
    assert (icons.get("iconSet"), icons.get("reverse"), icons.get("showValue")) == (name, "1", "0")
    told = rules(Book.load(path, "x.xlsx"))[0]
    assert told["thresholds"] == [str(bound) for bound in bounds]
    assert told["value"] == name
    rule(book, action="delete", options={"index": 1})
    assert b"extLst" not in etree.tostring(part(saved(book, tmp_path)))


# Validations ----------------------------------------------------------------------

VALIDATIONS: list[tuple[str, Any, dict[str, Any], dict[str, str], list[str]]] = [
    ("list", ["Yes", "No"], {}, {"type": "list"}, ['"Yes,No"']),
    ("dropdown", "Yes, No", {}, {"type": "list"}, ['"Yes,No"']),
    ("list", "A2:A9", {}, {"type": "list"}, ["$A$2:$A$9"]),
    ("list", "Other!A:A", {}, {"type": "list"}, ["'Other'!$A:$A"]),
    ("list", "=INDIRECT($A$1)", {}, {"type": "list"}, ["INDIRECT($A$1)"]),
    ("whole", [1, 10], {}, {"type": "whole"}, ["1", "10"]),
    ("whole", ">= 0", {}, {"type": "whole", "operator": "greaterThanOrEqual"}, ["0"]),
    ("decimal", 5, {"operator": "less_than"}, {"type": "decimal", "operator": "lessThan"}, ["5"]),
    ("decimal", None, {}, {"type": "decimal"}, None),  # type: ignore[list-item]
    ("date", ["2026-01-01", "=TODAY()"], {}, {"type": "date"}, ["46023", "TODAY()"]),
    ("time", ["08:00", "18:00"], {}, {"type": "time"}, None),  # type: ignore[list-item]
    ("length", "<= 20", {}, {"type": "textLength", "operator": "lessThanOrEqual"}, ["20"]),
    ("custom", "=LEN(B2)=5", {}, {"type": "custom"}, ["LEN(B2)=5"]),
]


@pytest.mark.parametrize(("kind", "value", "options", "attributes", "formulas"), VALIDATIONS)
def test_a_validation_stands_in_the_file_as_excel_has_it(
    tmp_path: Path,
    kind: str,
    value: Any,
    options: dict[str, Any],
    attributes: dict[str, str],
    formulas: list[str] | None,
) -> None:
    book = new_book(sheets=[{"name": "Data", "headers": HEADERS, "rows": ROWS}, {"name": "Other"}])
    rule(book, sheet="Data", range="B2:B9", rule=kind, value=value, options=options)
    path = saved(book, tmp_path)
    found = one(part(path), "dataValidation")
    assert attributes.items() <= dict(found.attrib).items()
    assert {"sqref": "B2:B9", "allowBlank": "1", "showErrorMessage": "1"}.items() <= dict(
        found.attrib
    ).items()
    texts = [item.text for item in found]
    assert texts == formulas if formulas is not None else len(texts) == 2
    again = rule(Book.load(path, "x.xlsx"), sheet="Data", action="list")
    assert again == rule(book, sheet="Data", action="list")


def test_messages_and_switches_of_validations(book: Book, tmp_path: Path) -> None:
    options = {
        "input_title": "State",
        "input_message": "Choose one",
        "error_title": "No",
        "error_message": "Not in the list",
        "error_style": "warning",
        "allow_blank": False,
        "dropdown": False,
    }
    rule(book, range="State", rule="list", value=["late", "open"], options=options)
    found = one(part(saved(book, tmp_path)), "dataValidation").attrib
    assert found["sqref"] == "C2:C9"
    assert (found["promptTitle"], found["prompt"]) == ("State", "Choose one")
    assert (found["errorTitle"], found["error"]) == ("No", "Not in the list")
    assert (found["errorStyle"], found["allowBlank"]) == ("warning", "0")
    assert found["showDropDown"] == "1"  # the file says it the other way round
    assert options.items() <= rules(book)[0].items()


def test_a_message_alone(book: Book, tmp_path: Path) -> None:
    rule(book, range="A2:A9", rule="message", options={"input_message": "Full name"})
    found = one(part(saved(book, tmp_path)), "dataValidation")
    assert found.get("prompt") == "Full name"
    assert "type" not in found.attrib


def test_a_list_may_come_from_a_tables_column_and_from_a_name(book: Book) -> None:
    run(book, "create_excel_table", name="States")
    rule(book, range="F2:F9", rule="list", value="=States[State]")
    assert rules(book)[0]["value"] == "'Sheet1'!$C$2:$C$9"


def test_a_cell_has_one_validation(book: Book, tmp_path: Path) -> None:
    rule(book, range="B2:B9", rule="custom", value="=B2>A2")
    told = rule(book, range="B2:B4", rule="whole", value=[1, 5])
    assert told["replaced_validations_in"] == "B2:B4"
    left = next(item for item in rules(book) if item["rule"] == "custom")
    assert (left["range"], left["value"]) == ("B5:B9", "=B5>A5")
    saved(book, tmp_path)


def test_whole_columns_leave_the_header_out(book: Book) -> None:
    told = rule(book, range="B:B", rule="less_than", value=5)["added"]
    assert told["range"] == "B2:B9"  # blanks below would be less than 5
    told = rule(book, range="B", rule="whole", value=[1, 5])["added"]
    assert told["range"] == "B2:B1048576"  # what is still to be entered


def test_totals_of_a_table_are_left_out(book: Book) -> None:
    run(book, "create_excel_table", options={"totals": {"Score": "sum"}})
    assert rule(book, range="Score", rule="top", value=3)["added"]["range"] == "B2:B9"
    assert rule(book, range="B:B", rule="blanks")["added"]["range"] == "B2:B9"


# Changing -------------------------------------------------------------------------


def test_a_rule_is_changed_by_its_number(book: Book, tmp_path: Path) -> None:
    rule(book, range="B2:B9", rule="greater_than", value=5, options={"bold": True, "fill": "red"})
    rule(book, range="A2:A9", rule="duplicates")
    book = Book.load(saved(book, tmp_path), "x.xlsx")
    told = rule(book, action="change", value=7, options={"index": 1})["changed"]
    assert (told["value"], told["bold"], told["fill"]) == (7, True, "#FF0000")
    told = rule(book, action="change", options={"index": 1, "italic": True, "bold": False})
    assert told["changed"]["italic"]
    assert "bold" not in told["changed"]
    assert told["changed"]["fill"] == "#FF0000"
    told = rule(book, action="change", options={"index": 1, "priority": 2, "stop_if_true": True})
    assert (told["changed"]["index"], told["changed"]["stop_if_true"]) == (2, True)
    told = rule(book, action="change", range="B2:B5", options={"index": 2})["changed"]
    assert told["range"] == "B2:B5"
    told = rule(book, action="change", rule="less_than", value=1, options={"index": 2})["changed"]
    assert (told["rule"], told["fill"]) == ("less_than", "#FF0000")
    path = saved(book, tmp_path, "changed.xlsx")
    assert rules(Book.load(path, "x.xlsx")) == rules(book)


def test_a_validation_is_changed_by_its_number(book: Book, tmp_path: Path) -> None:
    rule(book, range="B2:B9", rule="whole", value=">= 3", options={"input_message": "Hi"})
    book = Book.load(saved(book, tmp_path), "x.xlsx")
    told = rule(book, action="change", value=4, options={"index": 1})["changed"]
    assert (told["value"], told["operator"]) == (4, "greater_or_equal")
    assert told["input_message"] == "Hi"
    told = rule(book, action="change", value=[1, 9], options={"index": 1})["changed"]
    assert (told["value"], told["operator"]) == ([1, 9], "between")
    told = rule(book, action="change", options={"index": 1, "error_message": "x"})["changed"]
    assert told["error_message"] == "x"
    told = rule(book, action="change", range="C2:C9", options={"index": 1})["changed"]
    assert told["range"] == "C2:C9"
    saved(book, tmp_path)


def test_rules_are_taken_off_cells_and_deleted(book: Book, tmp_path: Path) -> None:
    rule(book, range="B2:B9", rule="formula", value="=$B2>$A2")
    rule(book, range="B2:B9", rule="data_bar")
    rule(book, range="B2:B9", rule="whole", value=[1, 5])
    told = rule(book, action="delete", range="B2:B3")
    assert len(told["taken_off_the_cells"]) == 3
    assert [item["range"] for item in rules(book)] == ["B4:B9"] * 3
    assert rules(book)[0]["value"] == "=$B4>$A4"
    told = rule(book, action="delete", rule="data_bar")
    assert [item["rule"] for item in told["deleted"]] == ["data_bar"]
    told = rule(book, action="delete", options={"index": 2})
    assert told["rules_left"] == 1
    assert [item["rule"] for item in rules(Book.load(saved(book, tmp_path), "x"))] == ["formula"]


# Files of others ------------------------------------------------------------------


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """Rules of both forms, by XlsxWriter."""
    path = tmp_path / "foreign.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet, look = book.add_worksheet("S"), book.add_format({"bg_color": "#C6EFCE", "bold": 1})
        book.add_worksheet("T")
        for row in range(10):
            sheet.write(row, 0, row)
        cells = "A1:A10"
        sheet.conditional_format(
            cells,
            {
                "type": "data_bar",
                "data_bar_2010": True,
                "bar_axis_position": "middle",
            },
        )
        sheet.conditional_format(
            cells,
            {
                "type": "cell",
                "criteria": ">",
                "value": 5,
                "format": look,
                "multi_range": "A1:A4 A6:A10",
            },
        )
        sheet.conditional_format(cells, {"type": "icon_set", "icon_style": "3_traffic_lights"})
        sheet.data_validation("B1:B10", {"validate": "list", "source": "=T!$A$1:$A$3"})
    return path


LATER = """<extLst><ext uri="{78C0D931-6437-407d-A8EE-F0AAD7539E65}"
 xmlns:x14="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"
 xmlns:xm="http://schemas.microsoft.com/office/excel/2006/main"><x14:conditionalFormattings>
<x14:conditionalFormatting><x14:cfRule type="expression" priority="9"
 id="{AAAA0000-0000-4000-8000-000000000001}">
<xm:f>T!$A$1&gt;A1</xm:f><x14:dxf><font><b/></font></x14:dxf></x14:cfRule>
<xm:sqref>A1:A10</xm:sqref></x14:conditionalFormatting></x14:conditionalFormattings></ext>
<ext uri="{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}"
 xmlns:x14="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"
 xmlns:xm="http://schemas.microsoft.com/office/excel/2006/main">
<x14:dataValidations count="1"><x14:dataValidation type="list" allowBlank="1" prompt="P">
<x14:formula1><xm:f>T!$B$1:$B$3</xm:f></x14:formula1><xm:sqref>C1:C10</xm:sqref>
</x14:dataValidation></x14:dataValidations></ext></extLst>"""


@pytest.fixture
def later(tmp_path: Path) -> Book:
    """Rules that only the later form has."""
    with xlsxwriter.Workbook(tmp_path / "plain.xlsx") as made:
        made.add_worksheet("S").write(0, 0, 1)
        made.add_worksheet("T")
    path = tmp_path / "later.xlsx"
    with ZipFile(tmp_path / "plain.xlsx") as source, ZipFile(path, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == SHEET:
                data = data.replace(b"</worksheet>", LATER.encode() + b"</worksheet>")
            target.writestr(name, data)
    return Book.load(path, "later.xlsx")


def test_rules_of_a_file_are_listed_and_kept(foreign: Path, tmp_path: Path) -> None:
    book = Book.load(foreign, "foreign.xlsx")
    told = rule(book, sheet="S", action="list")["rules"]
    assert [item["rule"] for item in told] == ["data_bar", "greater_than", "icon_set", "list"]
    assert told[1]["range"] == "A1:A4,A6:A10"
    assert (told[1]["fill"], told[1]["bold"]) == ("#C6EFCE", True)
    before = part(foreign)
    rule(book, sheet="S", range="A1:A10", rule="duplicates")
    after = part(saved(book, tmp_path))
    for tag in ("dataBar", "iconSet", "id"):
        old = [
            etree.tostring(i, method="c14n", with_tail=False) for i in before.iter(f"{{*}}{tag}")
        ]
        new = [etree.tostring(i, method="c14n", with_tail=False) for i in after.iter(f"{{*}}{tag}")]
        assert old == new


def test_what_words_cannot_tell_is_not_made_anew(foreign: Path, tmp_path: Path) -> None:
    """The axis in the middle of these bars has no word here."""
    book = Book.load(foreign, "foreign.xlsx")
    with pytest.raises(InvalidParameters, match="more than can be told in words"):
        rule(book, sheet="S", action="change", value="red", options={"index": 1})
    rule(book, sheet="S", action="change", range="A3:A8", options={"index": 1, "priority": 3})
    root = part(saved(book, tmp_path))
    assert one(root, "sqref").text == "A3:A8"
    assert next(root.iter(f"{X14}dataBar")).get("axisPosition") == "middle"


def test_rules_of_the_later_form_are_listed_moved_and_deleted(later: Book, tmp_path: Path) -> None:
    told = rule(later, sheet="S", action="list")["rules"]
    assert [(i["rule"], i["value"]) for i in told] == [
        ("formula", "=T!$A$1>A1"),
        ("list", "T!$B$1:$B$3"),
    ]
    assert told[0]["bold"]
    with pytest.raises(InvalidParameters, match="form of later versions"):
        rule(later, sheet="S", action="change", options={"index": 1, "fill": "red"})
    rule(later, sheet="S", action="change", range="A5:A9", options={"index": 1})
    told = rule(later, sheet="S", action="change", options={"index": 2, "input_message": "Q"})
    assert (told["changed"]["value"], told["changed"]["input_message"]) == ("T!$B$1:$B$3", "Q")
    path = saved(later, tmp_path)
    root = part(path)
    assert [i.text for i in root.iter("{*}f")] == ["T!$A$1>A5"]
    assert one(root, "dataValidation").get("sqref") == "C1:C10"
    again = Book.load(path, "x.xlsx")
    rule(again, sheet="S", action="delete", options={"index": 1})
    root = part(saved(again, tmp_path, "again.xlsx"))
    assert one(root, "dataValidation").get("prompt") == "Q"
    assert not list(root.iter(f"{X14}*"))


def test_sheets_whose_elements_have_a_prefix(book: Book, tmp_path: Path) -> None:
    plain, prefixed = saved(book, tmp_path), tmp_path / "prefixed.xlsx"
    with ZipFile(plain) as source, ZipFile(prefixed, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == SHEET:
                old = etree.fromstring(data)
                root = etree.Element(old.tag, nsmap={"x": MAIN[1:-1]})
                root.extend(list(old))
                data = etree.tostring(root)
                assert b"<x:row" in data
            target.writestr(name, data)
    opened = Book.load(prefixed, "prefixed.xlsx")
    rule(opened, range="B2:B9", rule="data_bar")
    rule(opened, range="B2:B9", rule="whole", value=[1, 5])
    again = Book.load(saved(opened, tmp_path, "again.xlsx"), "again.xlsx")
    assert rules(again) == rules(opened)


def test_rules_that_the_editor_made_are_found(book: Book) -> None:
    look = CellIsRule("lessThan", ["3"], fill=PatternFill(bgColor="FFFF0000"))
    book.sheet().conditional_formatting.add("B2:B9", look)
    assert rules(book)[0]["rule"] == "less_than"
    told = rule(book, action="change", value=4, options={"index": 1})["changed"]
    assert (told["value"], told["fill"]) == (4, "#FF0000")


def test_rules_follow_inserted_rows(book: Book, tmp_path: Path) -> None:
    rule(book, range="B2:B9", rule="icon_set", value="stars")
    rule(book, range="B2:B9", rule="whole", value=[1, 5])
    run(book, "edit_excel_sheet", action="insert_rows", target="4:5")
    assert [item["range"] for item in rules(book)] == ["B2:B11", "B2:B11"]
    saved(book, tmp_path)


def test_a_copy_of_a_sheet_has_rules_of_its_own(book: Book, tmp_path: Path) -> None:
    rule(book, range="Score", rule="data_bar")
    rule(book, range="Score", rule="icon_set", value="stars")
    run(book, "edit_excel_sheet", action="copy", sheet="Sheet1", new_name="Copy")
    before = rule(book, sheet="Sheet1", action="list")
    assert rule(book, sheet="Copy", action="list") == before
    rule(book, sheet="Copy", action="delete", options={"index": 1})
    again = Book.load(saved(book, tmp_path), "x.xlsx")
    assert rule(again, sheet="Sheet1", action="list") == before
    assert [i["rule"] for i in rule(again, sheet="Copy", action="list")["rules"]] == ["icon_set"]


def test_checkpoints_hold_rules_of_both_forms(book: Book, tmp_path: Path) -> None:
    rule(book, range="Score", rule="data_bar")
    book.keep(tmp_path / "checkpoint")
    kept = Book.kept(tmp_path / "checkpoint", "x.xlsx")
    assert rules(kept) == rules(book)
    assert part(saved(kept, tmp_path)).find(f".//{X14}cfRule") is not None


# Refused --------------------------------------------------------------------------

REFUSED: list[tuple[type[ExcelToolsError], dict[str, Any], str]] = [
    (InvalidParameters, {"rule": "grater_than", "value": 1}, 'Did you mean "greater_than"'),
    (InvalidParameters, {"rule": ""}, "rule is empty"),
    (InvalidRange, {"rule": "duplicates", "range": ""}, "range is empty"),
    (InvalidValue, {"rule": "greater_than"}, "is missing"),
    (InvalidValue, {"rule": "greater_than", "value": [1, 2]}, "compares with 1 value"),
    (InvalidValue, {"rule": "between", "value": 5}, "compares with 2 values"),
    (InvalidValue, {"rule": "greater_than", "value": "=SUM("}, "is not a formula"),
    (InvalidValue, {"rule": "formula", "value": "=T[[#This Row],[a]]>1"}, "references to tables"),
    (InvalidValue, {"rule": "date_occurring", "value": "someday"}, "no period"),
    (InvalidValue, {"rule": "duplicates", "value": 3}, "takes no value"),
    (InvalidValue, {"rule": "top", "value": 0}, "no whole number"),
    (InvalidValue, {"rule": "above_average", "options": {"std_dev": 4}}, "std_dev"),
    (InvalidValue, {"rule": "color_scale", "value": ["red"]}, "two or three colours"),
    (InvalidValue, {"rule": "color_scale", "options": {"min": "x"}}, "no bound"),
    (InvalidValue, {"rule": "icon_set", "value": "cats"}, "No icons"),
    (InvalidValue, {"rule": "icon_set", "options": {"thresholds": [1]}}, "needs 2"),
    (InvalidValue, {"rule": "icon_set", "options": {"thresholds": [5, 1]}}, "do not rise"),
    (InvalidValue, {"rule": "blanks", "options": {"fill": "redd"}}, "no colour"),
    (InvalidValue, {"rule": "blanks", "options": {"border": "thick"}}, "no border"),
    (InvalidParameters, {"rule": "blanks", "options": {"input_message": "x"}}, "input_message"),
    (InvalidParameters, {"rule": "data_bar", "options": {"fill": "red"}}, "fill has no effect"),
    (InvalidParameters, {"rule": "list", "options": {"fill": "red"}}, "fill has no effect"),
    (InvalidValue, {"rule": "list", "value": "Colours"}, "no range, name or formula"),
    (InvalidValue, {"rule": "list", "value": ["a" * 200, "b" * 80]}, "255"),
    (InvalidValue, {"rule": "list", "value": ["a,b", "c"]}, "comma"),
    (InvalidValue, {"rule": "list", "value": ["a", "a"]}, "twice"),
    (InvalidRange, {"rule": "list", "value": "A2:B9"}, "one row or one column"),
    (InvalidValue, {"rule": "whole", "value": 5}, "how is an entry to compare"),
    (InvalidValue, {"rule": "whole", "value": ["a", "b"]}, "has to be a number"),
    (InvalidValue, {"rule": "date", "value": "> 2026-02-30"}, "no date"),
    (InvalidValue, {"rule": "message"}, "nothing to show"),
    (InvalidParameters, {"action": "change", "rule": ""}, "options.index"),
    (InvalidParameters, {"action": "change", "options": {"index": 9}}, "no rule 9"),
    (InvalidParameters, {"action": "delete", "range": ""}, "which of the"),
    (InvalidParameters, {"action": "list", "rule": "blanks"}, "no effect on list"),
]


@pytest.mark.parametrize(("error", "given", "text"), REFUSED)
def test_what_cannot_be_is_refused_by_name(
    book: Book, error: type[ExcelToolsError], given: dict[str, Any], text: str
) -> None:
    before = rules(book)
    with pytest.raises(error, match=text) as raised:
        rule(book, **{"range": "B2:B9", **given})
    assert raised.value.hint or "std_dev" in text
    assert rules(book) == before
    assert not book.broken


@pytest.mark.parametrize("kind", kinds.ALL)
def test_each_option_has_an_effect_or_is_refused(kind: str) -> None:
    assert set(kinds.options_of(kind)) < set(RuleOptions.model_fields)


def test_all_options_belong_to_some_kind() -> None:
    known = {option for kind in kinds.ALL for option in kinds.options_of(kind)}
    assert known | {"index"} == set(RuleOptions.model_fields)


# Whole ----------------------------------------------------------------------------


def test_rules_survive_saving_reopening_and_undo(chat: Chat) -> None:
    chat.op("create_excel_file", filename="r", headers=HEADERS, rows=ROWS)
    chat.op("add_excel_rule", range="B2:B9", rule="data_bar")
    chat.op("add_excel_rule", range="C2:C9", rule="list", value='["late", "open"]')
    chat.op("undo_excel_change")
    listed = chat.op("add_excel_rule", action="list")["result"]["rules"]
    assert [item["rule"] for item in listed] == ["data_bar"]
    chat.op("undo_excel_change", action="redo")
    saved_file = chat.op("save_excel_file")["files"][0]
    data = chat.download(saved_file)
    chat.upload(data, "again.xlsx")
    chat.op("open_excel_file", file="again.xlsx")
    listed = chat.op("add_excel_rule", workbook="again.xlsx", action="list")["result"]["rules"]
    assert [item["rule"] for item in listed] == ["data_bar", "list"]
    assert listed[1]["value"] == ["late", "open"]


@pytest.mark.e2e
@pytest.mark.needs("soffice")
def test_libreoffice_shows_them(book: Book, tmp_path: Path) -> None:
    """Each rule paints what no other one does."""
    rule(book, range="Score", rule="greater_than", value=30, options={"fill": "#00FF00"})
    rule(book, range="State", rule="text_contains", value="late", options={"fill": "#FF00FF"})
    rule(book, range="Name", rule="formula", value="=$B2<0", options={"fill": "#00FFFF"})
    path = saved(book, tmp_path)
    soffice = shutil.which("soffice") or "soffice"
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = [soffice, profile, "--headless", "--convert-to", "pdf", "--outdir", tmp_path, path]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    pdf = tmp_path / "saved.pdf"
    page = ["pdftoppm", "-r", "60", "-png", "-singlefile", pdf, tmp_path / "page"]
    subprocess.run(page, check=True, timeout=60)
    with Image.open(tmp_path / "page.png") as picture:
        colors = {color for _, color in picture.convert("RGB").getcolors(1 << 24) or []}
    assert {(0, 255, 0), (255, 0, 255), (0, 255, 255)} <= colors


def test_openpyxl_reads_what_is_written(book: Book, tmp_path: Path) -> None:
    for kind, value in (("color_scale", None), ("icon_set", "arrows"), ("top", 5), ("blanks", "")):
        rule(book, range="B2:B9", rule=kind, value=value)
    sheet = openpyxl.load_workbook(saved(book, tmp_path)).worksheets[0]
    assert sum(len(form.rules) for form in sheet.conditional_formatting) == 4
