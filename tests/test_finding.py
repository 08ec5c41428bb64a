"""Workbooks and files that a call names: found where one is meant, asked about where several are.

Real sessions; the files that "the chat has" are offered as the tool in Open WebUI does it.
"""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.service_fixtures import Chat, Clock, MakeService, error_of, workbook_bytes

HEADERS = ["Item", "Cost"]


def create(chat: Chat, filename: str, rows: Any = ()) -> dict[str, Any]:
    return chat.op("create_excel_file", filename=filename, headers=HEADERS, rows=list(rows))


def put(chat: Chat, body: object) -> TestResponse:
    headers = {**chat.headers, "X-Excel-Session": chat.id}
    return chat.http.put("/v1/files", json=body, headers=headers)


def offer(chat: Chat, *files: dict[str, Any]) -> None:
    response = put(chat, {"files": list(files)})
    assert response.status_code == 200, response.get_data(as_text=True)
    assert response.get_json() == {"files": len(files)}


def file(name: str, id_: str = "", **more: Any) -> dict[str, Any]:
    return {"id": id_ or f"id of {name}", "name": name, **more}


# Workbooks --------------------------------------------------------------------------


def test_a_workbook_is_found_by_what_a_model_remembers(chat: Chat) -> None:
    create(chat, "Budget 2026.xlsx")
    create(chat, "Sales_Report.xlsx")
    for asked in ("the budget", "budget", "Budget_2026.xls", "/mnt/data/budget 2026.xlsx"):
        answer = chat.op("read_excel_range", workbook=asked)
        assert (answer["workbook"], answer["asked_for"]) == ("Budget 2026.xlsx", asked)
    for asked in ("budget 2026", "BUDGET 2026.XLSX"):
        assert "asked_for" not in chat.op("read_excel_range", workbook=asked)
    chat.op("write_excel_range", workbook="my budget file", start="A2", rows=[["Rent", 1]])
    assert chat.rows("budget")[1] == ["Rent", 1]
    assert chat.rows("sales report") == [HEADERS]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("save_excel_file", {}),
        ("describe_excel_file", {}),
        ("undo_excel_change", {"action": "changes", "steps": 0}),
        ("preview_excel_file", {}),
        ("run_excel_steps", {"steps": [{"tool": "read_excel_range", "arguments": {}}]}),
        ("close_excel_file", {}),
    ],
)
def test_every_tool_finds_it_and_tells_which_it_took(
    chat: Chat, tool: str, arguments: dict[str, Any]
) -> None:
    create(chat, "Budget 2026.xlsx", [["Rent", 1]])
    create(chat, "Sales.xlsx")
    answer = chat.op(tool, workbook="the budget", **arguments)
    assert answer["asked_for"] == "the budget"
    assert "Budget 2026.xlsx" in (answer.get("workbook"), answer["result"].get("closed"))


def test_where_two_fit_the_call_is_refused_with_the_choices_and_nothing_is_done(
    make_service: MakeService,
) -> None:
    clock = Clock()
    chat = Chat(make_service(clock=clock))
    create(chat, "Budget 2025.xlsx")
    clock.now += 3600
    create(chat, "Budget 2026.xlsx")
    chat.op("save_excel_file", workbook="Budget 2025.xlsx")
    chat.op("close_excel_file", workbook="Budget 2025.xlsx")
    error = chat.fail("write_excel_range", workbook="budget", rows=[["x"]])
    assert (error["status"], error["code"]) == (409, "ambiguous_name")
    old, new = error["details"]["choices"]
    assert (old["name"], old["state"]) == ("Budget 2025.xlsx", "saved, not open")
    assert (new["name"], new["state"]) == ("Budget 2026.xlsx", "open")
    assert new["changed"] == "2027-01-15 09:00 UTC"
    assert '"Budget 2026.xlsx" (open, changed 2027-01-15 09:00 UTC)' in error["message"]
    assert chat.rows("Budget 2026") == [HEADERS]
    assert chat.fail("open_excel_file", file="the budget")["code"] == "ambiguous_name"


def test_an_exact_name_always_wins(chat: Chat) -> None:
    for name in ("Budget.xlsx", "Budget 2026.xlsx", "My Budget.xlsx"):
        create(chat, name)
    assert chat.op("read_excel_range", workbook="budget")["workbook"] == "Budget.xlsx"
    assert chat.op("read_excel_range", workbook="my budget")["workbook"] == "My Budget.xlsx"
    assert chat.op("open_excel_file", file="the budget")["workbook"] == "Budget.xlsx"


def test_the_last_one_is_what_was_changed_last(make_service: MakeService) -> None:
    clock = Clock()
    chat = Chat(make_service(clock=clock))
    for name in ("a1.xlsx", "b1.xlsx"):
        create(chat, name)
        clock.now += 60
    assert chat.op("read_excel_range", workbook="latest")["workbook"] == "b1.xlsx"
    chat.op("write_excel_range", workbook="a1", start="A2", rows=[["x", 1]])
    answer = chat.op("read_excel_range", workbook="the last one")
    assert (answer["workbook"], answer["asked_for"]) == ("a1.xlsx", "the last one")


def test_words_that_name_nothing_mean_the_one_that_is_open(chat: Chat) -> None:
    create(chat, "a1.xlsx")
    assert chat.op("read_excel_range", workbook="the file")["workbook"] == "a1.xlsx"
    assert chat.fail("read_excel_range", workbook="a")["code"] == "workbook_not_found"
    create(chat, "b1.xlsx")
    error = chat.fail("read_excel_range", workbook="the file")
    assert error["code"] == "workbook_required"
    assert '"a1.xlsx" (changed ' in error["message"]


def test_a_part_of_another_name_never_stands_for_a_file_that_is_not_open(chat: Chat) -> None:
    """Budget.xlsx is there, but closed: what is open and called alike is not what is meant."""
    chat.upload(workbook_bytes(), "budget.xlsx")
    create(chat, "Budget 2026.xlsx")
    assert chat.fail("read_excel_range", workbook="budget")["code"] == "workbook_not_open"
    create(chat, "plan.xlsx")
    create(chat, "plan B.xlsx")
    chat.op("close_excel_file", workbook="plan.xlsx")
    error = chat.fail("read_excel_range", workbook="plan")
    assert error["code"] == "workbook_not_open"
    assert "without ever being saved" in error["message"]


def test_steps_may_name_their_workbook_as_forgivingly(chat: Chat) -> None:
    create(chat, "Budget 2026.xlsx")
    create(chat, "Sales 2026.xlsx")
    step = {"tool": "write_excel_range", "arguments": {"rows": [["x", 1]], "start": "A2"}}

    def steps(asked: str) -> list[dict[str, Any]]:
        return [{**step, "arguments": {**step["arguments"], "workbook": asked}}]  # type: ignore[dict-item]

    chat.op("run_excel_steps", workbook="budget", steps=steps("the budget"))
    assert chat.rows("Budget 2026")[1] == ["x", 1]
    for asked in ("sales", "2026"):
        error = chat.fail("run_excel_steps", workbook="budget", steps=steps(asked))
        assert asked in error["message"]


def test_a_workbook_is_found_after_the_service_was_restarted(make_service: MakeService) -> None:
    create(Chat(old := make_service(), "ann", "c"), "Budget 2026.xlsx")
    old.close()
    again = Chat(make_service(), "ann", "c")
    assert again.op("read_excel_range")["workbook"] == "Budget 2026.xlsx"
    assert again.op("read_excel_range", workbook="the budget")["workbook"] == "Budget 2026.xlsx"


# Uploads ----------------------------------------------------------------------------


def test_two_uploads_of_one_name_are_asked_about_by_their_ids(make_service: MakeService) -> None:
    clock = Clock()
    chat = Chat(make_service(clock=clock))
    first = chat.upload(workbook_bytes(HEADERS, ["Rent", 1]), "costs.xlsx")
    clock.now += 60
    second = chat.upload(workbook_bytes(HEADERS, ["Rent", 2]), "costs.xlsx")
    error = chat.fail("open_excel_file", file="costs")
    assert error["code"] == "ambiguous_name"
    assert [choice["id"] for choice in error["details"]["choices"]] == [first["id"], second["id"]]
    assert "Send the id" in error["hint"]
    assert chat.op("list_excel_files")["result"]["open"] == []
    chat.op("open_excel_file", file=first["id"])
    assert chat.rows() == [HEADERS, ["Rent", 1]]
    assert chat.rows("costs.xlsx") == [HEADERS, ["Rent", 1]]
    clock.now += 60
    chat.upload(workbook_bytes(HEADERS, ["Rent", 3]), "costs.xlsx")
    # A file that came after the open one may be what is meant by the same name.
    assert chat.fail("read_excel_range", workbook="costs.xlsx")["code"] == "ambiguous_name"
    chat.op("open_excel_file", file="the last one")
    assert chat.rows("costs (2)") == [HEADERS, ["Rent", 3]]
    assert chat.rows("costs.xlsx") == [HEADERS, ["Rent", 1]]


def test_the_same_file_sent_twice_is_one(chat: Chat) -> None:
    data = workbook_bytes()
    chat.upload(data, "costs.xlsx", source="a")
    chat.upload(data, "costs.xlsx", source="b")
    assert chat.op("open_excel_file", file="costs")["workbook"] == "costs.xlsx"


def test_a_workbook_is_found_by_the_name_of_the_file_it_was_made_from(chat: Chat) -> None:
    chat.upload(workbook_bytes(), "people.xlsx")
    chat.op("open_excel_file", file="people")
    chat.op("save_excel_file", filename="final.xlsx")
    answer = chat.op("read_excel_range", workbook="people")
    assert (answer["workbook"], answer["asked_for"]) == ("final.xlsx", "people")
    create(chat, "people.xlsx")
    assert chat.op("read_excel_range", workbook="people")["workbook"] == "people.xlsx"


def test_an_upload_to_import_is_found_likewise(chat: Chat) -> None:
    entry = chat.upload(b"a,b\n1,2\n", "Monthly sales.csv")
    answer = chat.op("import_csv_to_excel", source="the monthly_sales file")
    assert answer["workbook"] == "Monthly sales.xlsx"
    assert answer["file_used"] == "Monthly sales.csv"
    for asked in (entry["id"], "monthly sales", "latest"):
        assert "file_used" not in chat.op("import_csv_to_excel", source=asked)
    # The workbook is newer than the file, and what a call about workbooks means.
    assert chat.rows("monthly sales.xlsx") == [["a", "b"], [1, 2]]


# Files that the caller could send -----------------------------------------------------


def test_a_file_of_the_chat_is_asked_for_when_it_is_needed(chat: Chat) -> None:
    offer(chat, file("Budget 2026.xlsx", "x1"), file("notes.pdf"))
    for tool, given in [
        ("open_excel_file", {"file": "the budget"}),
        ("open_excel_file", {"file": "latest"}),
        ("open_excel_file", {"file": "x1"}),
        ("read_excel_range", {"workbook": "budget"}),
        ("read_excel_range", {}),
        ("import_csv_to_excel", {"source": "budget"}),
    ]:
        error = chat.fail(tool, **given)
        assert (error["status"], error["code"]) == (409, "file_not_sent")
        needed = "workbook" if tool == "read_excel_range" else "file"
        assert error["details"] == {"source": "x1", "name": "Budget 2026.xlsx", "needed": needed}
    listed = chat.op("list_excel_files")["result"]["attached"]
    assert listed[0] == {"name": "Budget 2026.xlsx", "id": "x1"}
    chat.upload(workbook_bytes(), "Budget 2026.xlsx", source="x1")
    assert chat.op("open_excel_file", file="the budget")["workbook"] == "Budget 2026.xlsx"
    assert "attached" in chat.op("list_excel_files")["result"]
    offer(chat, file("Budget 2026.xlsx", "x1"))
    assert "attached" not in chat.op("list_excel_files")["result"]


def test_an_attached_file_keeps_a_part_of_another_name_from_being_taken(chat: Chat) -> None:
    create(chat, "Budget 2026.xlsx")
    offer(chat, file("budget.xlsx"))
    assert chat.fail("read_excel_range", workbook="budget")["code"] == "file_not_sent"
    assert chat.op("read_excel_range")["workbook"] == "Budget 2026.xlsx"


def test_the_latest_is_the_file_that_was_attached_last(chat: Chat) -> None:
    offer(chat, file("new.xlsx", time=20.0), file("old.xlsx", time=10.0), file("a.pdf", time=30.0))
    assert chat.fail("open_excel_file")["details"]["name"] == "new.xlsx"
    chat.upload(workbook_bytes(), "new.xlsx", source="id of new.xlsx")
    assert chat.op("open_excel_file")["workbook"] == "new.xlsx"


def test_files_of_folders_and_knowledge_have_no_order(chat: Chat) -> None:
    plan = file("Plan.xlsx", place="folder")
    offer(chat, plan, file("Prices.xlsx", place="knowledge"), file("pic.png", place="folder"))
    error = chat.fail("open_excel_file", file="latest")
    assert error["code"] == "ambiguous_name"
    assert '"Prices.xlsx" (in the knowledge, not open)' in error["message"]
    assert chat.fail("open_excel_file", file="prices")["code"] == "file_not_sent"
    assert chat.fail("read_excel_range")["code"] == "workbook_not_found"
    offer(chat, plan)
    assert chat.fail("open_excel_file", file="latest")["details"]["name"] == "Plan.xlsx"
    assert chat.op("list_excel_files")["result"]["attached"][0]["in"] == "folder"


def test_files_of_one_name_and_the_same_contents_are_one(chat: Chat) -> None:
    same = {"digest": "0" * 64}
    offer(chat, file("a1.xlsx", "x", **same), file("a1.xlsx", "y", **same))
    assert chat.fail("open_excel_file", file="a1")["code"] == "file_not_sent"
    offer(chat, file("a1.xlsx", "x", **same), file("a1.xlsx", "y", digest="1" * 64))
    assert chat.fail("open_excel_file", file="a1")["code"] == "ambiguous_name"


def test_what_was_delivered_counts_only_where_the_workbook_is_gone(chat: Chat) -> None:
    delivered = file("a1.xlsx", place="delivered", time=2e9)
    create(chat, "a1.xlsx")
    offer(chat, delivered)
    assert chat.op("read_excel_range", workbook="a1")["workbook"] == "a1.xlsx"
    chat.op("close_excel_file")
    assert chat.fail("read_excel_range", workbook="a1")["code"] == "workbook_not_open"
    assert chat.fail("open_excel_file", file="a1")["code"] == "file_not_sent"


def test_what_can_be_sent_is_known_after_a_restart(make_service: MakeService) -> None:
    offer(Chat(old := make_service(), "ann", "c"), file("a1.xlsx"))
    old.close()
    again = Chat(make_service(), "ann", "c")
    assert again.fail("open_excel_file", file="a1")["code"] == "file_not_sent"


def test_a_door_that_can_not_send_it_gives_the_link_for_sending(chat: Chat) -> None:
    offer(chat, file("a1.xlsx"))
    path = "/v1/operations/open_excel_file"
    error = error_of(chat.http.post(path, json={"file": "a1"}, headers=chat.headers))
    assert error["code"] == "file_not_found"
    assert "[Send a file](" in error["hint"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"files": "a.xlsx"},
        {"files": [], "more": 1},
        {"files": ["a.xlsx"]},
        {"files": [{"id": "x"}]},
        {"files": [{"id": "x", "name": ""}]},
        {"files": [{"id": "x", "name": "a\nb"}]},
        {"files": [{"id": "x" * 300, "name": "a"}]},
        {"files": [{"id": "x", "name": "a", "time": -1}]},
        {"files": [{"id": "x", "name": "a", "place": "moon"}]},
        {"files": [{"id": "x", "name": "a", "digest": "0" * 65}]},
        {"files": [{"id": "x", "name": "a", "size": 1}]},
        {"files": [{"id": f"x{i}", "name": "a"} for i in range(1001)]},
    ],
)
def test_a_list_of_files_that_is_none_is_refused(chat: Chat, body: object) -> None:
    offer(chat, file("a1.xlsx"))
    error = error_of(put(chat, body))
    assert (error["status"], error["code"]) == (422, "invalid_parameters")
    assert chat.fail("open_excel_file", file="a1")["code"] == "file_not_sent", "it stays"


# Sheets -----------------------------------------------------------------------------


def test_a_sheet_is_found_whatever_its_case_spaces_and_quotes(chat: Chat) -> None:
    sheets = [{"name": name, "headers": [name]} for name in ("Sales Data", "Sales-2026", "Costs")]
    chat.op("create_excel_file", filename="a1", sheets=sheets)
    for asked in ("sales data", " Sales_Data ", "'Sales Data'", "SALESDATA"):
        assert chat.op("read_excel_range", sheet=asked)["sheet"] == "Sales Data"
    answer = chat.op("read_excel_range", range="'sales_data'!A1")
    assert (answer["sheet"], answer["result"]["rows"]) == ("Sales Data", [["Sales Data"]])
    for asked in ("sales", "data"):
        error = chat.fail("edit_excel_sheet", action="delete", sheet=asked)
        assert error["code"] == "sheet_not_found"
        assert '"Sales Data"' in error["message"]
