"""Which database is selected, by whom it may be asked, and what stays of it."""

from __future__ import annotations

import io
import json
import logging
import signal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import requests

from service.settings import Settings, SettingsError
from service.sources import SourcesError, read_sources
from tests.databases import source_of, sqlite_shop
from tests.processes import service_process
from tests.service_fixtures import KEY, Chat, MakeService
from tests.test_settings import run_service

COUNT = "SELECT COUNT(*) AS n FROM customers"


class Caller:
    """A user in a chat of a real service, over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.headers = {"Authorization": f"Bearer {KEY}"}
        self.session = ""

    def open(self) -> None:
        owner = {"user": "ann", "chat": "one"}
        answer = requests.post(
            f"{self.url}/v1/sessions", json=owner, headers=self.headers, timeout=30
        )
        self.session = answer.json()["session_id"]

    def op(self, name: str, **parameters: object) -> dict[str, Any]:
        headers = {**self.headers, "X-Excel-Session": self.session}
        answer = requests.post(
            f"{self.url}/v1/operations/{name}", json=parameters, headers=headers, timeout=60
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def test_what_was_selected_survives_a_restart_of_the_service(tmp_path: Path) -> None:
    shop = tmp_path / "shop.db"
    sqlite_shop(shop)
    setup = tmp_path / "databases.toml"
    setup.write_text(f'[shop]\nurl = "sqlite:///{shop}"\nusers = ["*"]\n')
    with service_process(tmp_path, KEY, engines="1", databases=str(setup)) as process:
        caller = Caller(process.env["EXCEL_TOOLS_PUBLIC_URL"])
        caller.open()
        assert caller.op("query_database", action="select", source="shop")["result"]["selected"]
        assert caller.op("query_database", sql=COUNT)["result"]["rows"] == [[30]]
        caller.op("query_database", sql="SELECT id, city FROM customers", into="Customers")
        process.restart(signal.SIGKILL)
        assert caller.op("query_database", sql=COUNT)["result"]["rows"] == [[30]]
        # The rows are in the journal: nobody asks the database for them again.
        shop.unlink()
        process.restart()
        read = caller.op("read_excel_range", range="A1:B3")["result"]["rows"]
        assert read == [["id", "city"], [1, "Oslo"], [2, "Lima"]]
        assert str(shop) not in process.log.read_text()


def test_each_user_sees_the_databases_that_are_open_to_them(
    make_service: MakeService, tmp_path: Path
) -> None:
    both = sqlite_shop(tmp_path / "both.db", users=["ann", "bob"])
    mine = source_of("wages", both.url, users=["ann"], about="What people earn")
    service = make_service(databases=(both, mine))
    ann, bob, eve = Chat(service, "ann"), Chat(service, "bob"), Chat(service, "eve")

    listed = ann.op("query_database", action="select")["result"]["databases"]
    assert [one["name"] for one in listed] == ["shop", "wages"]
    assert listed[1]["about"] == "What people earn"
    assert [
        o["name"] for o in bob.op("query_database", action="select")["result"]["databases"]
    ] == ["shop"]
    assert ann.op("query_database", source="wages", sql=COUNT)["result"]["database"] == "wages"
    for action in ({"action": "select"}, {"sql": COUNT}, {"action": "tables"}):
        error = bob.fail("query_database", source="wages", **action)
        assert (error["code"], error["status"]) == ("database_not_found", 404)
        assert error["details"] == {"databases": ["shop"]}
        assert "earn" not in str(error)
    assert eve.op("query_database", action="select")["result"]["databases"] == []
    error = eve.fail("query_database", source="shop", sql=COUNT)
    assert error["code"] == "database_not_found"
    assert "shop" not in str(error)


def test_a_selected_database_that_was_taken_away_is_told(
    make_service: MakeService, tmp_path: Path
) -> None:
    shop = sqlite_shop(tmp_path / "shop.db")
    other = source_of("other", shop.url)
    chat = Chat(make_service(databases=(shop, other)), "ann", "one")
    chat.op("query_database", action="select", source="shop")
    later = Chat(make_service(databases=(other,)), "ann", "one")
    assert later.id == chat.id
    error = later.fail("query_database", sql=COUNT)
    assert error["code"] == "database_not_found"
    assert 'selected database "shop" is there no more' in error["message"]
    assert '"other"' in error["message"]


def test_naming_a_database_selects_it_once_it_has_answered(
    make_service: MakeService, tmp_path: Path
) -> None:
    shop = sqlite_shop(tmp_path / "shop.db")
    chat = Chat(make_service(databases=(shop, source_of("other", shop.url))))
    assert chat.fail("query_database", source="shop", sql="SELECT nothing")["code"]
    assert chat.fail("query_database", sql=COUNT)["code"] == "database_required"
    chat.op("query_database", source="shop", sql=COUNT)
    assert chat.op("query_database", sql=COUNT)["result"]["database"] == "shop"
    chat.op("query_database", source="other", action="tables")
    assert chat.op("query_database", sql=COUNT)["result"]["database"] == "other"
    events = chat.op("list_excel_files")["result"]["history"]
    assert [e["database"] for e in events if e["event"] == "database"] == ["other", "shop"]


def test_a_repeated_request_lands_its_rows_once(make_service: MakeService, tmp_path: Path) -> None:
    chat = Chat(make_service(databases=(sqlite_shop(tmp_path / "shop.db"),)))
    given = {"source": "shop", "sql": "SELECT id FROM customers", "into": "Ids"}
    first = chat.once("key-1", "query_database", **given)
    assert chat.once("key-1", "query_database", **given) == first
    assert chat.op("describe_excel_file")["workbook"] == "shop.xlsx"
    assert chat.op("list_excel_files")["result"]["open"] == [
        {"workbook": "shop.xlsx", "unsaved_changes": 1}
    ]
    again = Chat(make_service(databases=()), chat.user, chat.chat)
    assert again.once("key-1", "query_database", **given)["result"] == first["result"]


def test_what_landed_survives_saving_opening_and_further_edits(
    make_service: MakeService, tmp_path: Path
) -> None:
    chat = Chat(make_service(databases=(sqlite_shop(tmp_path / "shop.db"),)))
    answer = chat.op(
        "query_database", source="shop", sql="SELECT id, ordered, total FROM orders", into="Orders"
    )
    data = chat.download(answer["files"][0])
    other = Chat(chat.service)
    other.upload(data, "orders.xlsx")
    other.op("open_excel_file", file="orders.xlsx")
    more = {"source": "shop", "sql": "SELECT city, COUNT(*) AS n FROM customers GROUP BY city"}
    answer = other.op("query_database", **more, into="Orders!F2")
    sheet = openpyxl.load_workbook(io.BytesIO(other.download(answer["files"][0])))["Orders"]
    assert [cell.value for cell in sheet["F2:G2"][0]] == ["city", "n"]
    assert sheet["B2"].is_date
    assert sheet.max_row == 2_001
    other.op("undo_excel_change")
    assert other.rows()[1][3:] == []


def test_the_log_tells_of_a_question_without_sql_and_secrets(
    make_service: MakeService, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chat = Chat(make_service(databases=(sqlite_shop(tmp_path / "hidden-place.db"),)))
    with caplog.at_level(logging.DEBUG):
        chat.op("query_database", source="shop", sql="SELECT 'word-of-a-user' FROM customers")
        chat.fail("query_database", source="shop", sql="DROP TABLE word_of_a_user")
    told = [r for r in caplog.records if r.name == "excel_tools.databases"]
    assert [r.facts["code"] for r in told] == ["", "statement_refused"]  # type: ignore[attr-defined]
    everything = caplog.text + json.dumps([r.__dict__ for r in caplog.records], default=str)
    for secret in ("word-of-a-user", "word_of_a_user", "hidden-place"):
        assert secret not in everything


# Steps ----------------------------------------------------------------------------------------

PULL = {
    "tool": "query_database",
    "arguments": {
        "source": "shop",
        "sql": "SELECT city, COUNT(*) AS n FROM customers GROUP BY city ORDER BY city",
        "into": "Cities",
    },
    "name": "cities",
}
BOLD = {
    "tool": "format_excel_cells",
    "arguments": {"range": "$cities.into", "style": {"bold": True}},
}
MAKE = {"tool": "create_excel_file", "arguments": {"filename": "b", "headers": ["x"]}}


def test_rows_of_databases_are_a_step_as_others_are(
    make_service: MakeService, tmp_path: Path
) -> None:
    path = tmp_path / "shop.db"
    chat = Chat(make_service(databases=(sqlite_shop(path),), engines=1, engine_workbooks=1))
    again = {**PULL["arguments"], "source": "", "into": "Cities!E1", "limit": 2}  # type: ignore[dict-item]
    more = {"tool": "query_database", "arguments": again}
    chat.op("create_excel_file", filename="b", headers=["x"])
    answer = chat.op("run_excel_steps", steps=[PULL, BOLD, more])
    told = answer["result"]["results"]
    assert told[0]["into"] == "Cities!A1:B4"
    assert told[2]["notes"] == ["These are the first 2 rows of more."]
    rows = chat.rows(sheet="Cities")
    assert rows[0] == ["city", "n", None, None, "city", "n"]
    assert rows[1] == ["Lima", 10, None, None, "Lima", 10]
    path.unlink()  # nobody asks the database again
    chat.op("undo_excel_change")
    assert chat.rows() == [["x"]]
    chat.op("undo_excel_change", action="redo")
    chat.op("create_excel_file", filename="c", headers=["x"])  # pushes the first out
    assert chat.rows(workbook="b.xlsx", sheet="Cities") == rows
    events = chat.op("list_excel_files")["result"]["history"]
    assert [e["database"] for e in events if e["event"] == "database"] == ["shop"]


WRONG_STEPS: list[tuple[dict[str, Any], str]] = [
    ({"sql": "SELECT 1"}, "it has no into"),
    ({"action": "tables"}, "it has no into"),
    ({"sql": "SELECT '{cities.into}'", "into": "X"}, "takes no values of other steps"),
    ({"sql": "DROP TABLE customers", "into": "X"}, "is no query"),
    ({"sql": "SELECT 1", "into": "X", "source": "none"}, "no database 'none'"),
    ({"sql": "SELECT 1", "into": "X", "many": 1}, 'no parameter "many"'),
    ({"sql": "SELECT 1", "into": "Cities"}, "holds data"),
]


def test_a_step_that_asks_a_database_wrongly_undoes_all(
    make_service: MakeService, tmp_path: Path
) -> None:
    chat = Chat(make_service(databases=(sqlite_shop(tmp_path / "shop.db"),)))
    for arguments, told in WRONG_STEPS:
        step = {"tool": "query_database", "arguments": arguments}
        error = chat.fail("run_excel_steps", steps=[MAKE, PULL, step])
        assert error["message"].startswith("Step 3 of 3 (query_database): ")
        assert error["details"]["step"] == 3
        assert told in error["message"]
    assert chat.op("list_excel_files")["result"] == {"open": []}
    assert chat.fail("query_database", sql=COUNT)["code"] == "database_required"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"action": "select", "sql": "SELECT 1"}, 'action="query"'),
        ({"action": "tables", "into": "A"}, "writes nothing"),
        ({}, "sql, and it is empty"),
        ({"sql": "SELECT 1", "limit": -1}, "limit is -1"),
        ({"sql": "SELECT 1", "into": "X", "workbook": "none"}, '"none"'),
        ({"action": "query", "source": "", "sql": "x" * 20_001}, "20,001 characters"),
        ({"sql": "SELECT " + "(" * 3000 + "1" + ")" * 3000}, "can't be read as SQLite"),
    ],
)
def test_what_can_not_be_asked_is_told(
    make_service: MakeService, tmp_path: Path, given: dict[str, Any], told: str
) -> None:
    chat = Chat(make_service(databases=(sqlite_shop(tmp_path / "shop.db"),)))
    chat.op("query_database", action="select", source="shop")
    error = chat.fail("query_database", **given)
    assert told in error["message"] + error["hint"]


# Setting up -----------------------------------------------------------------------------------


def test_databases_are_set_up_in_a_file_or_as_json(tmp_path: Path) -> None:
    path = tmp_path / "databases.toml"
    path.write_text(
        '[shop]\nurl = "postgresql://reader:${SHOP_PASSWORD}@db/shop"\nusers = ["*"]\n'
        'about = "Orders"\nrows = 5\nseconds = 7\nfunctions = ["Shout"]\n\n'
        '["Old books"]\nurl = "${BOOKS}"\nusers = ["ann", "bob"]\n'
    )
    words = {"SHOP_PASSWORD": "a/b@c", "BOOKS": "mariadb://x:y@z/books"}
    shop, books = read_sources(str(path), words)
    assert (shop.name, shop.kind, shop.about) == ("shop", "PostgreSQL", "Orders")
    assert shop.url == "postgresql://reader:a%2Fb%40c@db/shop"
    assert (shop.rows, shop.seconds, shop.functions) == (5, 7, ("shout",))
    assert (books.name, books.kind, books.url) == ("Old books", "MariaDB", words["BOOKS"])
    assert (books.open_to("ann"), books.open_to("eve"), shop.open_to("eve")) == (True, False, True)
    text = '{"shop": {"url": "tidb://a:b@c/d", "users": "*"}}'
    settings = Settings.from_env({"EXCEL_TOOLS_DATABASES": text})
    assert [source.kind for source in settings.databases] == ["TiDB"]
    assert "a:b" not in repr(settings), "a URL is in no representation"


WRONG = [
    ("[]", "names the file"),
    ("{", "no JSON"),
    ("/nowhere/databases.toml", "names the file '/nowhere/databases.toml'"),
    ('{"a": {}}', "needs a url"),
    ('{"a": "postgresql://u:verysecret@h/d"}', "needs a url"),
    ('{"a": {"url": "postgresql://u:verysecret@h/d"}}', "who may ask it"),
    ('{"a": {"url": "oracle://u:verysecret@h/d", "users": "*"}}', "begin with one of sqlite://"),
    ('{"a": {"url": "verysecret", "users": "*"}}', "begin with one of"),
    ('{"a": {"url": "sqlite:///${NOT_SET}", "users": "*"}}', "NOT_SET in its url is not set"),
    ('{"a": {"url": "sqlite:///x", "users": "*", "row": 5}}', "knows no 'row'"),
    ('{"a": {"url": "sqlite:///x", "users": "*", "rows": 0}}', "rows is a whole number"),
    ('{"a": {"url": "sqlite:///x", "users": "*", "seconds": true}}', "seconds is a whole"),
    ('{"a": {"url": "sqlite:///x", "users": []}}', "who may ask it"),
    ('{"a": {"url": "sqlite:///x", "users": "*", "functions": "f"}}', "functions is a list"),
    ('{"a/b": {"url": "sqlite:///x", "users": "*"}}', "a name has"),
    (
        '{"a": {"url": "sqlite:///x", "users": "*"}, "A": {"url": "sqlite:///x", "users": "*"}}',
        "twice",
    ),
]


@pytest.mark.parametrize(("text", "told"), WRONG)
def test_a_database_that_is_set_up_wrongly_stops_the_start(text: str, told: str) -> None:
    with pytest.raises(SourcesError) as caught:
        read_sources(text, {})
    assert told in str(caught.value)
    assert "verysecret" not in str(caught.value)
    with pytest.raises(SettingsError, match=r"^EXCEL_TOOLS_DATABASES "):
        Settings.from_env({"EXCEL_TOOLS_DATABASES": text})


def test_a_wrong_file_is_told_in_one_line_without_its_secrets(tmp_path: Path) -> None:
    path = tmp_path / "databases.toml"
    path.write_text('[shop]\nurl = "postgresql://u:verysecret@h/d" and more\n')
    done = run_service(EXCEL_TOOLS_DATABASES=str(path))
    assert done.returncode == 2
    assert "which is no TOML" in done.stderr
    assert "verysecret" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
