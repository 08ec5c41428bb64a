"""An answer made anew, an earlier message changed: workbooks stand where the chat goes on."""

from __future__ import annotations

from typing import Any

import pytest

from service.web.app import Service
from tests.service_fixtures import Chat, MakeService, answer_of, error_of, workbook_bytes

ROWS = [["Item", "Cost"], ["Rent", 1200]]


class Talk(Chat):
    """A chat whose calls are made in the answers of messages."""

    message = ""

    @property
    def headers(self) -> dict[str, str]:
        return {**super().headers, **({"X-Message-Id": self.message} if self.message else {})}

    def at(self, message: str, *earlier: str) -> dict[str, Any]:
        """The next calls are part of that message, which comes after the earlier ones."""
        self.message = message
        body = {"message": message, "earlier": list(earlier)}
        path = f"/v1/sessions/{self.id}/branch"
        response = self.http.post(path, json=body, headers=self.headers)
        assert response.status_code == 200, response.get_data(as_text=True)
        found: dict[str, Any] = response.get_json()
        return found

    def add(self, *items: str) -> None:
        for item in items:
            self.op("write_excel_range", start="append", rows=[[item, 1]])

    def items(self) -> list[Any]:
        return [row[0] for row in self.rows()[2:]]


@pytest.fixture
def talk(service: Service) -> Talk:
    """A workbook was made in the answer "a1"."""
    talk = Talk(service)
    talk.message = "a1"
    talk.op("create_excel_file", filename="costs", rows=ROWS)
    return talk


def test_an_answer_made_anew_begins_where_the_first_one_began(talk: Talk) -> None:
    talk.at("a2", "a1")
    talk.add("Food", "Power")
    found = talk.at("a2b", "a1")
    assert found["workbooks"] == [{"workbook": "costs.xlsx", "taken_back": 2, "brought_back": 0}]
    assert talk.items() == []
    talk.add("Food")
    assert talk.at("a2b", "a1")["workbooks"] == [], "the same place again"
    assert talk.items() == ["Food"]
    assert talk.op("undo_excel_change", action="undo")["result"]["undone"] == ["write_excel_range"]


def test_what_an_answer_that_was_left_did_can_be_had_by_redo(talk: Talk) -> None:
    talk.at("a2", "a1")
    talk.add("Food", "Power")
    talk.at("a3", "a2b", "a1")
    assert talk.items() == []
    talk.op("undo_excel_change", action="redo", steps=2)
    assert talk.items() == ["Food", "Power"]


def test_back_on_the_first_way_everything_is_there_again(talk: Talk) -> None:
    talk.at("a2", "a1")
    talk.add("Food", "Power")
    talk.at("a2b", "a1")
    talk.add("Water")
    found = talk.at("a3", "a2", "a1")
    assert found["workbooks"] == [{"workbook": "costs.xlsx", "taken_back": 1, "brought_back": 2}]
    talk.add("Wages")
    assert talk.items() == ["Food", "Power", "Wages"]
    talk.at("a3b", "u3b", "a2b", "u2", "a1")
    assert talk.items() == ["Water"]


def test_two_answers_at_the_same_time_have_each_its_own_state(talk: Talk) -> None:
    for number in (1, 2):
        for answer in ("x", "y"):
            talk.at(answer, "a1")
            talk.add(f"{answer}{number}")
    assert talk.items() == ["y1", "y2"]
    talk.at("x", "a1")
    assert talk.items() == ["x1", "x2"]


def test_what_was_undone_in_an_answer_that_is_left_is_there_again(talk: Talk) -> None:
    talk.add("Food")
    talk.at("a2", "a1")
    talk.op("undo_excel_change", action="undo")
    assert talk.items() == []
    talk.at("a2b", "a1")
    assert talk.items() == ["Food"]


def test_a_file_made_in_an_answer_that_is_left_is_out_of_the_way(talk: Talk) -> None:
    found = talk.at("a1b")
    assert (found["aside"], found["back"]) == (["costs.xlsx"], [])
    assert talk.fail("read_excel_range")["code"] == "workbook_not_found"
    assert talk.op("list_excel_files")["result"]["open"] == []
    answer = talk.op("create_excel_file", filename="costs", rows=[["Other"]])
    assert answer["workbook"] == "costs.xlsx", "not costs-2.xlsx"
    talk.op("save_excel_file")
    found = talk.at("a2", "a1")
    assert (found["aside"], found["back"]) == (["costs.xlsx"], ["costs.xlsx"])
    assert talk.rows() == ROWS
    assert talk.op("list_excel_files")["result"].get("saved", []) == []
    talk.at("a3", "a1b")
    assert talk.rows() == [["Other"]]


def test_links_of_answers_that_were_left_still_work(talk: Talk) -> None:
    (entry,) = talk.op("list_excel_files")["files"]
    talk.at("a1b")
    assert talk.downloaded_rows(entry) == ROWS


def test_an_upload_is_opened_anew_and_as_it_came(service: Service) -> None:
    talk = Talk(service)
    talk.upload(workbook_bytes(*ROWS), "costs.xlsx")
    talk.message = "a1"
    talk.op("open_excel_file", file="costs.xlsx")
    talk.add("Food")
    talk.at("a1b")
    assert talk.op("open_excel_file", file="latest")["workbook"] == "costs.xlsx"
    assert talk.rows() == ROWS
    talk.add("Water")
    talk.at("a2", "a1b")
    assert talk.items() == ["Water"]


def test_an_opened_file_is_brought_to_where_it_was_opened(service: Service) -> None:
    talk = Talk(service)
    talk.upload(workbook_bytes(*ROWS), "costs.xlsx")
    talk.message = "a1"
    talk.op("open_excel_file", file="costs.xlsx")
    talk.at("a2", "a1")
    talk.add("Food")
    talk.op("save_excel_file")
    talk.at("a2b", "a1")
    assert talk.items() == []
    answer = talk.op("write_excel_range", start="B2", rows=[[1300]])
    assert answer["unsaved_changes"] == 2, "from what was saved: one taken back, one made"


def test_it_is_so_after_a_restart(make_service: MakeService) -> None:
    service = make_service()
    talk = Talk(service, "mia", "one")
    talk.message = "a1"
    talk.op("create_excel_file", filename="costs", rows=ROWS)
    talk.at("a2", "a1")
    talk.add("Food")
    talk.op("create_excel_file", filename="other", rows=[["x"]])
    talk.at("a2b", "a1")
    talk.add("Water")
    service.close()
    talk = Talk(make_service(), "mia", "one")
    talk.message = "a2b"
    assert talk.items() == ["Water"], "the other workbook is aside still"
    talk.at("a3", "a2", "a1")
    assert [row[0] for row in talk.rows("costs")[2:]] == ["Food"]
    assert talk.rows("other") == [["x"]]


def test_changes_that_no_message_is_told_of_stay(talk: Talk) -> None:
    talk.message = ""
    talk.add("By hand")
    talk.at("a2", "a1")
    talk.add("Food")
    talk.at("a2b", "a1")
    assert talk.items() == ["By hand"]
    other = Talk(talk.service)
    other.op("create_excel_file", filename="costs", rows=ROWS)
    other.add("By hand")
    other.at("a1b")
    assert other.items() == ["By hand"]


def test_the_history_tells_it(talk: Talk) -> None:
    talk.at("a2", "a1")
    talk.add("Food")
    talk.at("a2b", "a1")
    path = f"/v1/sessions/{talk.id}/history"
    event = talk.http.get(path, headers=talk.headers).get_json()["events"][0]
    assert (event["event"], event["workbook"]) == ("branch", "costs.xlsx")
    assert (event["steps"], event["operations"]) == (1, ["write_excel_range"])


def test_a_repeated_request_is_answered_once_wherever_the_chat_stands(talk: Talk) -> None:
    talk.at("a2", "a1")
    first = talk.once("k1", "write_excel_range", start="append", rows=[["Food", 1]])
    assert talk.once("k1", "write_excel_range", start="append", rows=[["Food", 1]]) == first
    assert talk.items() == ["Food"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": ""},
        {"message": 3},
        {"message": "a", "earlier": "b"},
        {"message": "a", "earlier": [None]},
        {"message": "a", "before": []},
    ],
)
def test_what_says_no_place_is_refused(talk: Talk, body: dict[str, Any]) -> None:
    path = f"/v1/sessions/{talk.id}/branch"
    response = talk.http.post(path, json=body, headers=talk.headers)
    assert error_of(response)["code"] == "invalid_parameters"
    assert answer_of(talk.call("read_excel_range", {}))["result"]["rows"] == ROWS
