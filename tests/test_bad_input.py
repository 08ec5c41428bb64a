"""Every parameter of every operation, tried with what nobody should send.

Parametrised over the registry: an operation that comes later is tried as well. Whatever
is sent, the answer is an error of the one shape that blames the caller, and the workbook
is as it was; or, where an odd value can be taken, a success whose file opens.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest
from werkzeug.test import TestResponse

import service.operations  # noqa: F401 - declares the operations
from service.operations.registry import Operation, Parameter, operations
from service.settings import Settings
from service.web.app import Service
from tests.databases import sqlite_shop
from tests.service_fixtures import KEY, Chat, answer_of, error_of, workbook_bytes

CASES = [(op, parameter) for op in operations().values() for parameter in op.parameters]

# Values as JSON texts, since some have no Python form that can be written as JSON.
WRONG_TYPES = ["null", "true", "0", "-1", "1.5", '""', '" "', "[]", "{}", "[[]]", "[{}]"]
NUMBERS = ["1e308", "-1e-320", "9" * 30, "9" * 4_000, "1e999", '"NaN"', '"-Infinity"']
SHAPES = [
    "[null]",
    "[[null]]",
    '[[["deep"]]]',
    '[{"a": {"b": 1}}]',
    '{"a": 1}',
    '{"a": [1], "b": "x"}',
    '{"": []}',
    '["x", 1, null, true]',
    '[["x"], {"a": 1}]',
    '[{"a": 1}, ["x"]]',
    '{"unknown_option": true}',
    json.dumps("[" * 10_000),
    json.dumps('{"a": NaN}'),
    json.dumps('[["\\ud800"]]'),
    "[" * 10_000 + "]" * 10_000,
    '{"a":' * 10_000 + "1" + "}" * 10_000,
]
HUGE = [
    json.dumps("x" * 100_000),
    json.dumps([["x"] * 17_000]),
    json.dumps([["x" * 40_000]]),
    json.dumps(["x"] * 20_000),
    json.dumps({str(number): [1] for number in range(17_000)}),
    json.dumps([{"name": f"s{number}"} for number in range(5_000)]),
]
TEXTS = [
    "\x00",
    "a\x00b\x1b[31m",
    "\ud800",
    "line\nbreak",
    "a\r\nSet-Cookie: b=c",
    "../../etc/passwd",
    "C:\\Windows\\x.xlsx",
    "/dev/zero",
    "\u202egnp.xlsx",
    "<script>alert(1)</script>",
    "'; DROP TABLE sessions; --",
    "{filename}%s%n{0.__class__}",
    "[Content_Types].xml",
    "𝕏" * 60,
    "e\u0301" * 40,
    "No Such Sheet",
    "History",
    "'",
    "!",
    "Sheet1!",
]
RANGES = [
    "A0",
    "A1:",
    ":",
    "A1:B2:C3",
    "XFE1",
    "A1048577",
    "A1:XFD1048576",
    "A:XFD",
    "1:1048576",
    "0:0",
    "ZZZZ9999999",
    "$A$1:$",
    "Nowhere!A1:B2",
    "'Nowhere'!A1",
    "Sheet1!A1:B2",
    "A1,B2",
    ",".join(["A1"] * 2_000),
    "#REF!",
    "B3:A1",
]
FORMULAS = [
    "=",
    "==",
    "=1/0",
    "=SUM(",
    "=" + "(" * 4_000 + "1" + ")" * 4_000,
    "=" + "-" * 8_000 + "1",
    "=" + "SUM(" * 1_000 + "1" + ")" * 1_000,
    "=" + "1+" * 4_000 + "1",
    "=A1:XFD1048576*2",
    '=REPT("x",10000000)',
    "=SEQUENCE(1048576,16384)",
    "=cmd|'/c calc'!A1",
]
HOSTILE = [
    *WRONG_TYPES,
    *NUMBERS,
    *SHAPES,
    *HUGE,
    *(json.dumps(text) for text in TEXTS + RANGES + FORMULAS),
    *(json.dumps([[text]]) for text in TEXTS[:3] + FORMULAS),
]


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with narrow limits, so that what goes on for long is seen as an error."""
    folder = tmp_path_factory.mktemp("strict")
    settings = Settings(
        data_dir=folder,
        databases=(sqlite_shop(folder / "shop.db"),),
        api_keys=(KEY,),
        engines=2,
        engine_deadline=8,
        engine_memory_mb=1024,
        max_cells=200_000,
        sessions_per_user=100_000,
    )
    with Service(settings) as running:
        yield running


class Patient:
    """A chat with one workbook, on which everything is tried."""

    def __init__(self, running: Service) -> None:
        self.running = running
        self.renew()

    def renew(self) -> None:
        self.chat = Chat(self.running)
        self.chat.upload(workbook_bytes(), "sales.xlsx")
        self.chat.upload(b"Item,Cost\nRent,1200\n", "sales.csv")
        self.chat.op(
            "create_excel_file",
            filename="budget.xlsx",
            headers=["Item", "Cost"],
            rows=[["Rent", 1200], ["Food", 450], ["Total", "=SUM(B2:B3)"]],
        )
        self.before = self.fingerprint()

    def fingerprint(self) -> object:
        """Cells and structure of the workbook, and what else is there."""
        described = self.chat.op("describe_excel_file", workbook="budget.xlsx")
        files = self.chat.op("list_excel_files")["result"]
        for told in ("exports", "history", "earlier_events"):  # a success leaves one more
            files.pop(told, None)
        return self.chat.rows("budget.xlsx"), described["result"], files

    def send(self, name: str, parameters: dict[str, Any], parameter: str, raw: str) -> TestResponse:
        body = json.dumps({**parameters, parameter: "@@"}).replace('"@@"', raw)
        headers = {**self.chat.headers, "X-Excel-Session": self.chat.id}
        return self.chat.http.post(f"/v1/operations/{name}", data=body, headers=headers)

    def check(self, response: TestResponse, operation: Operation) -> None:
        if response.status_code != 200:
            error = error_of(response)
            assert error["status"] < 500, error
            if operation.writes:
                assert self.fingerprint() == self.before
            return
        answer = answer_of(response)
        for entry in answer["files"]:
            data = self.chat.download(entry)
            if entry["name"].endswith((".xlsx", ".xlsm")):
                openpyxl.load_workbook(io.BytesIO(data))
        if operation.effect == "create" and answer["workbook"] != "budget.xlsx":
            self.chat.op("close_excel_file", workbook=answer["workbook"])
        elif operation.effect != "read":
            self.renew()


def base_of(operation: Operation) -> dict[str, Any]:
    """The operation's documented example, which works on the patient."""
    return dict(operation.example)


def _cases() -> Iterator[Any]:
    """All of them; the quick run tries each sixteenth."""
    for index, (operation, parameter) in enumerate(CASES):
        slow = index % 16 or operation.name in ("create_excel_report", "create_excel_chart")
        yield pytest.param(
            operation,
            parameter,
            marks=[pytest.mark.e2e] if slow else [],
            id=f"{operation.name}-{parameter.name}",
        )


@pytest.mark.parametrize(("operation", "parameter"), list(_cases()))
def test_nothing_sent_as_a_parameter_does_harm(
    strict: Service, operation: Operation, parameter: Parameter
) -> None:
    patient = Patient(strict)
    for raw in HOSTILE:
        try:
            response = patient.send(operation.name, base_of(operation), parameter.name, raw)
            patient.check(response, operation)
        except AssertionError as error:
            raise AssertionError(f"{operation.name}({parameter.name}={raw[:80]})") from error
    assert patient.fingerprint() == patient.before
    health = patient.chat.http.get("/health")
    assert health.status_code == 200


@pytest.mark.parametrize("operation", operations().values(), ids=operations())
def test_unknown_and_missing_parameters_are_told_by_name(
    strict: Service, operation: Operation
) -> None:
    patient = Patient(strict)
    error = error_of(patient.send(operation.name, base_of(operation), "no_such_thing", "1"))
    assert (error["status"], error["code"]) == (422, "invalid_parameters")
    assert "no_such_thing" in error["message"]
    for parameter in operation.parameters:
        if parameter.required:
            given = base_of(operation)
            del given[parameter.name]
            error = error_of(patient.chat.call(operation.name, given))
            assert (error["status"], error["code"]) == (422, "invalid_parameters")
            assert parameter.name in error["message"]
    assert patient.fingerprint() == patient.before


def test_a_formula_that_refers_to_itself_is_told_and_harms_no_other(chat: Chat) -> None:
    answer = chat.op("create_excel_file", filename="a.xlsx", rows=[["=SUM(A1:A3)", "=A1", "=1+1"]])
    errors = answer["result"]["formula_errors"]
    assert [(item["cell"], item["value"]) for item in errors] == [
        ("Sheet1!A1", "not calculated"),
        ("Sheet1!B1", "not calculated"),
    ]
    assert "refers to itself" in errors[0]["cause"]
    assert chat.rows() == [["#NOT_CALCULATED", "#NOT_CALCULATED", 2]]
    assert openpyxl.load_workbook(io.BytesIO(chat.download(answer["files"][0])))
