"""What the options do that are about the files of a chat: through the service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from service.operations.registry import operations
from tests.formats_fixtures import encrypted
from tests.option_effects.effects import Outcome, differing
from tests.service_fixtures import Chat, workbook_bytes

InChat = Callable[[Chat], None]
OTHER = {"headers": ["Item", "Cost"], "rows": [["Tea", 7], ["Milk", 8], ["Salt", 9]]}
CSV = "Item,Cost\nTea,5\n"
SALES = [{"Date": "2026-01-12", "Region": "North", "Amount": 120}]
IN_CHATS: dict[tuple[str, str], InChat] = {}


def case(tool: str, option: str) -> Callable[[InChat], InChat]:
    """Declares what proves an option."""

    def declared(proof: InChat) -> InChat:
        IN_CHATS[tool, option] = proof
        return proof

    return declared


def draft(chat: Chat, workbook: str) -> Outcome:
    """An open workbook as it is now."""
    answer = chat.op("describe_excel_file", workbook=workbook)
    return Outcome({}, chat.download(answer["files"][0]), {})


def names(chat: Chat) -> list[str]:
    """The open workbooks."""
    listed = chat.op("list_excel_files")["result"].get("open", [])
    return [item["workbook"] for item in listed]


def two(chat: Chat) -> None:
    """Two open workbooks: a.xlsx as the examples of the operations have it, and b.xlsx."""
    example = operations()["create_excel_file"].example
    chat.op("create_excel_file", **{**example, "filename": "a.xlsx"})
    chat.op("create_excel_file", **{**OTHER, "filename": "b.xlsx"})


# The workbook that is meant ---------------------------------------------------------


def _changing(tool: str, **parameters: Any) -> InChat:
    """The workbook that is named is changed, and no other."""
    given = parameters or operations()[tool].example

    def proof(chat: Chat) -> None:
        two(chat)
        before = {name: draft(chat, name) for name in ("a.xlsx", "b.xlsx")}
        answer = chat.op(tool, **{**given, "workbook": "a.xlsx"})
        assert answer["workbook"] == "a.xlsx"
        assert differing(before["a.xlsx"], draft(chat, "a.xlsx"))
        assert not differing(before["b.xlsx"], draft(chat, "b.xlsx"))

    return proof


def _reading(tool: str) -> InChat:
    """The answer is about the workbook that is named."""
    example = operations()[tool].example

    def proof(chat: Chat) -> None:
        two(chat)
        one, other = (
            chat.op(tool, **{**example, "workbook": name}) for name in ("a.xlsx", "b.xlsx")
        )
        assert (one["workbook"], other["workbook"]) == ("a.xlsx", "b.xlsx")
        assert one["result"] != other["result"] or one["files"] != other["files"]

    return proof


for _operation in operations().values():
    if _operation.effect in ("change", "read"):
        _make = _changing if _operation.effect == "change" else _reading
        IN_CHATS[_operation.name, "workbook"] = _make(_operation.name)
IN_CHATS["transform_excel_range", "workbook"] = _changing(
    "transform_excel_range", action="sort", options={"by": ["Cost"]}
)
IN_CHATS["import_csv_to_excel", "workbook"] = _changing("import_csv_to_excel", source=CSV)
IN_CHATS["create_excel_report", "workbook"] = _changing(
    "create_excel_report", report="sales_report", rows=SALES
)
IN_CHATS["query_excel_data", "workbook"] = _reading("query_excel_data")


# Names of files ---------------------------------------------------------------------


def _named(tool: str, **parameters: Any) -> InChat:
    """The new workbook is called so."""

    def proof(chat: Chat) -> None:
        for name in ("one.xlsx", "two.xlsx"):
            answer = chat.op(tool, **parameters, filename=name)
            assert answer["workbook"] == answer["files"][0]["name"] == name
        assert set(names(chat)) == {"one.xlsx", "two.xlsx"}

    return proof


IN_CHATS["create_excel_file", "filename"] = _named("create_excel_file", rows=[[1]])
IN_CHATS["import_csv_to_excel", "filename"] = _named("import_csv_to_excel", source=CSV)
IN_CHATS["create_excel_report", "filename"] = _named(
    "create_excel_report", report="sales_report", rows=SALES
)


# Opening, saving, closing -----------------------------------------------------------


@case("open_excel_file", "file")
def opens_the_named_file(chat: Chat) -> None:
    chat.upload(workbook_bytes(["first"]), "first.xlsx")
    chat.upload(workbook_bytes(["second"]), "second.xlsx")
    assert chat.op("open_excel_file")["workbook"] == "second.xlsx"
    assert chat.op("open_excel_file", file="first.xlsx")["workbook"] == "first.xlsx"
    assert chat.rows("first.xlsx") == [["first"]]


@case("open_excel_file", "password")
def opens_what_is_locked(chat: Chat) -> None:
    chat.upload(encrypted(workbook_bytes(["hidden"]), "secret"), "locked.xlsx")
    assert "password" in chat.fail("open_excel_file")["message"]
    chat.op("open_excel_file", password="secret")
    assert chat.rows() == [["hidden"]]


@case("save_excel_file", "workbook")
def saves_the_named_workbook(chat: Chat) -> None:
    two(chat)
    for name in ("a.xlsx", "b.xlsx"):
        saved = chat.op("save_excel_file", workbook=name)["files"][0]
        assert (saved["name"], saved["state"]) == (name, "saved")
        assert not differing(Outcome({}, chat.download(saved), {}), draft(chat, name))


@case("save_excel_file", "filename")
def saves_under_another_name(chat: Chat) -> None:
    chat.op("create_excel_file", filename="a.xlsx", rows=[[1]])
    assert chat.op("save_excel_file")["files"][0]["name"] == "a.xlsx"
    saved = chat.op("save_excel_file", filename="c.xlsx")["files"][0]
    assert saved["name"] == "c.xlsx"
    assert chat.downloaded_rows(saved) == [[1]]


@case("close_excel_file", "workbook")
def closes_the_named_workbook(chat: Chat) -> None:
    two(chat)
    chat.op("close_excel_file", workbook="a.xlsx")
    assert names(chat) == ["b.xlsx"]


# Undoing ------------------------------------------------------------------------------


def counted(chat: Chat, upto: int = 3) -> None:
    """A workbook with a change for each number below its header."""
    chat.op("create_excel_file", filename="a.xlsx", headers=["n"])
    for number in range(1, upto + 1):
        chat.op("write_excel_range", start="append", rows=[[number]])


def numbers(chat: Chat, workbook: str = "") -> list[Any]:
    return [row[0] for row in chat.rows(workbook)[1:]]


def written(chat: Chat, **parameters: Any) -> set[str]:
    """The cells that are told to have changed."""
    told = chat.op("undo_excel_change", action="changes", **parameters)["result"]
    return {item["cell"].rpartition("!")[2] for item in told["cells"]}


@case("undo_excel_change", "workbook")
def undoes_in_the_named_workbook(chat: Chat) -> None:
    counted(chat, 1)
    chat.op("create_excel_file", filename="b.xlsx", headers=["n"], rows=[[1]])
    chat.op("write_excel_range", workbook="b.xlsx", start="append", rows=[[2]])
    chat.op("undo_excel_change", workbook="b.xlsx")
    assert numbers(chat, "a.xlsx") == numbers(chat, "b.xlsx") == [1]


@case("undo_excel_change", "action=undo")
def undoes(chat: Chat) -> None:
    counted(chat)
    chat.op("undo_excel_change", action="undo")
    assert numbers(chat) == [1, 2]


@case("undo_excel_change", "action=redo")
def redoes(chat: Chat) -> None:
    counted(chat)
    chat.op("undo_excel_change")
    chat.op("undo_excel_change", action="redo")
    assert numbers(chat) == [1, 2, 3]


@case("undo_excel_change", "action=changes")
def tells_changes(chat: Chat) -> None:
    counted(chat)
    assert written(chat) == {"A4"}
    assert numbers(chat) == [1, 2, 3]


@case("undo_excel_change", "steps")
def undoes_several(chat: Chat) -> None:
    counted(chat)
    chat.op("undo_excel_change", steps=2)
    assert numbers(chat) == [1]


@case("undo_excel_change", "until")
def tells_changes_until_then(chat: Chat) -> None:
    counted(chat)
    assert written(chat, steps=3) == {"A2", "A3", "A4"}
    assert written(chat, steps=2, until=1) == {"A2", "A3"}


@case("undo_excel_change", "page")
def tells_more_changes(chat: Chat) -> None:
    chat.op("create_excel_file", filename="a.xlsx", headers=["n"])
    chat.op("write_excel_range", start="append", rows=[[number] for number in range(300)])
    first, second = written(chat), written(chat, page=2)
    assert first
    assert second
    assert not first & second
