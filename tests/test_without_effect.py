"""What is asked is done or refused by name: nothing is accepted and then ignored."""

from __future__ import annotations

from typing import Any

import pytest

import service.operations  # noqa: F401 - declares the operations
from service.errors import InvalidParameters, InvalidValue, counted
from service.operations.registry import Operation, Options, operations
from service.workbook.book import Book
from tests.bench import new_book, run
from tests.service_fixtures import Chat

HEADERS, ROWS = ["Month", "Income", "Cost"], [["Jan", 5, 3], ["Feb", 6, 4]]
SHEETS = [{"name": "One", "headers": ["a"], "rows": [[1]]}]
PEOPLE = [{"Name": "Ana", "Department": "IT"}]
CSV = "a,b\n1,2\n"

# What is in the way of each refused option, the option by name, and what to leave out for a
# call that works.
WITHOUT_EFFECT: list[tuple[str, dict[str, Any], str]] = [
    ("create_excel_file", {"sheets": SHEETS, "sheet": "Data"}, "sheet"),
    ("create_excel_file", {"rows": ROWS, "options": {"placeholder_row": True}}, "placeholder_row"),
    ("create_excel_file", {"sheets": SHEETS, "options": {"placeholder_row": True}}, "placeholder"),
    ("create_excel_file", {"options": {"placeholder_row": True}}, "placeholder_row"),
    ("import_csv_to_excel", {"source": CSV, "options": {"encoding": "utf-8"}}, "encoding"),
    (
        "create_excel_report",
        {"report": "employee_directory", "rows": PEOPLE, "options": {"currency": "EUR"}},
        "currency",
    ),
    *(
        ("create_excel_chart", {"chart_type": kind, "options": {option: value}}, option)
        for kind, option, value in (
            ("pie", "stacked", True),
            ("pie", "x_title", "Month"),
            ("pie", "y_title", "Euro"),
            ("scatter", "stacked", True),
        )
    ),
]


def asked(name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    return {**parameters, "filename": "new.xlsx"} if name == "create_excel_file" else parameters


def target(name: str) -> Book:
    """A new workbook, or one with data where the operation needs it."""
    chart = name == "create_excel_chart"
    return new_book(headers=HEADERS, rows=ROWS) if chart else Book.blank("new.xlsx")


@pytest.mark.parametrize(("name", "parameters", "option"), WITHOUT_EFFECT)
def test_an_option_without_effect_is_refused_by_name(
    name: str, parameters: dict[str, Any], option: str
) -> None:
    book = target(name)
    before = book.sheet_names
    with pytest.raises(InvalidParameters, match=option) as refusal:
        run(book, name, **asked(name, parameters))
    assert refusal.value.hint
    assert book.sheet_names == before
    left = {key: value for key, value in parameters.items() if key not in ("options", option)}
    run(target(name), name, **asked(name, left))


@pytest.mark.parametrize(
    "operation",
    [
        op
        for op in operations().values()
        if op.effect == "create" and {"workbook", "filename"} <= {p.name for p in op.parameters}
    ],
    ids=lambda op: op.name,
)
def test_a_workbook_that_is_open_gets_no_other_filename(operation: Operation) -> None:
    both = {**operation.example, "workbook": "a.xlsx", "filename": "b.xlsx"}
    with pytest.raises(InvalidParameters, match="filename beside a workbook"):
        operation.validate(both)
    for name in ("workbook", "filename"):
        operation.validate({**both, name: ""})


def test_each_option_has_a_meaning() -> None:
    models = {
        p.annotation
        for op in operations().values()
        for p in op.parameters
        if isinstance(p.annotation, type) and issubclass(p.annotation, Options)
    }
    assert models
    for model in models:
        assert not [name for name, field in model.model_fields.items() if not field.description]


def test_placeholders_stand_under_bare_headers_alone() -> None:
    sheets = [*SHEETS, {"name": "Two", "headers": ["x", "y"]}]
    book = new_book(sheets=sheets, options={"placeholder_row": True})
    rows = {sheet.title: list(sheet.values) for sheet in book.xl.worksheets}
    assert rows == {
        "One": [("a",), (1,)],
        "Two": [("x", "y"), ("(placeholder)", "(placeholder)")],
    }


# Messages ---------------------------------------------------------------------


def test_a_file_needs_a_name(chat: Chat) -> None:
    error = chat.fail("create_excel_file", filename="", rows=[[1]])
    assert (error["status"], error["code"]) == (422, "invalid_parameters")
    assert "create_excel_file needs a filename" in error["message"]
    assert chat.op("list_excel_files")["result"]["open"] == []


def test_csv_text_of_one_line_is_told_to_need_a_line_break(chat: Chat) -> None:
    error = chat.fail("import_csv_to_excel", source="Item,Cost")
    assert (error["status"], error["code"]) == (404, "file_not_found")
    assert "line break" in error["hint"]


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("= ", "nothing follows the equals sign"),
        ("=SUM({1;2} 3)", "its arguments are not separated by commas"),
        ("=SUM(1", "a bracket is not closed"),
        ("=SUM(1))", "a bracket is closed that was not opened"),
        ('="a', "a quotation mark is not closed"),
        ("=1+", "something is missing at its end"),
        ("=A1:", "a reference in it is not complete"),
        ("=#BAD!", "it names an error that Excel does not have"),
        ("=1==2", "'=' does not fit where it stands"),
        ('="ä" XLOOKUP(1,2,3)', "'XLOOKUP(' does not fit where it stands"),
        ("=" + "(" * 99 + "1" + ")" * 99, "it is nested too deeply"),
    ],
)
def test_what_is_no_formula_is_told_in_plain_words(formula: str, reason: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        new_book(rows=[[formula]])
    assert refusal.value.message.endswith(f"is not a formula: {reason}.")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"headers": ["a"], "rows": [[1, 2]]}, "row 1 has 2 values for 1 header."),
        ({"headers": ["a", "b"], "rows": [[1, 2, 3]]}, "row 1 has 3 values for 2 headers."),
    ],
)
def test_too_long_a_row_is_counted_in_words(given: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        new_book(**given)
    assert refusal.value.message == f"rows: {told}"


@pytest.mark.parametrize(
    ("given", "note"),
    [
        ({"rows": [[1, 2], [3]]}, "1 row of fewer than 2 values filled up with blanks."),
        ({"rows": [[1, 2], [3], []]}, "2 rows of fewer than 2 values filled up with blanks."),
        (
            {"rows": {"a": [1, 2], "b": [3]}},
            "1 column of fewer than 2 values filled up with blanks.",
        ),
        ({"headers": [None, 1, True]}, ""),
        ({"headers": [1, "1", None, None]}, 'Headers that appear more than once: "1".'),
        ({"headers": ["a", "b", "a"]}, 'Headers that appear more than once: "a".'),
    ],
)
def test_what_was_made_of_the_data_is_noted(given: dict[str, Any], note: str) -> None:
    answer = run(Book.blank("a.xlsx"), "create_excel_file", filename="a.xlsx", **given)
    assert answer.result.get("notes", []) == ([note] if note else [])


def test_headers_that_equal_only_as_values_keep_records_apart() -> None:
    book = new_book(headers=[1, True], rows=[{"1": "x", "True": "y"}])
    assert [cell.value for cell in book.sheet()[2]] == ["x", "y"]


def test_numbers_agree_with_their_nouns() -> None:
    assert [counted(n, "row") for n in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]


@pytest.mark.parametrize("report", ["sales_report", "employee_directory"])
def test_with_rows_the_sheet_is_a_new_one(report: str) -> None:
    book = new_book(headers=["Region", "Amount"], rows=[["N", 5]])
    rows = PEOPLE if report == "employee_directory" else [{"Region": "N", "Amount": 5}]
    with pytest.raises(InvalidParameters, match="sheet names the sheet to make") as refusal:
        run(book, "create_excel_report", report=report, rows=rows, sheet="sheet1")
    assert "leave rows out" in refusal.value.hint
    assert book.sheet_names == ["Sheet1"]
    run(book, "create_excel_report", report=report, rows=rows, sheet="New")
    assert "New" in book.sheet_names
