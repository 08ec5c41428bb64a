"""Writing, reading, describing and explaining cells, and several steps in one call."""

from __future__ import annotations

from typing import Any

from tests.option_effects.effects import (
    NO_CALL,
    Call,
    Case,
    Tool,
    both,
    holds,
    look,
    told,
)

SHEETS = [
    {
        "name": "Data",
        "headers": ["Item", "Cost", "Twice"],
        "rows": [["Tea", 5, "=B2*2"], ["Milk", 7, "=B3*2"], ["Salt", 1, "=1/0"]],
    },
    {"name": "Other", "headers": ["Item"], "rows": [["=Data!C4"]]},
]
BEFORE: list[Call] = [("create_excel_file", {"filename": "test.xlsx", "sheets": SHEETS})]

WRITING = Tool(
    "write_excel_range",
    [
        Case("rows", holds(E1=2), [[2]], instead=[[1]]),
        Case("sheet", look("Other!E1", value=1), "Other", instead="Data"),
        Case("start", holds(F7=1), "F7", instead="E1"),
    ],
    call={"sheet": "Data", "start": "E1", "rows": [[1]]},
    before=BEFORE,
    parts=r"xl/worksheets/sheet[12]\.xml|xl/styles\.xml",
)


def _first(answer: dict[str, Any]) -> list[Any]:
    return list(answer["rows"][0])


READING = Tool(
    "read_excel_range",
    [
        Case("sheet", told(lambda answer: answer["range"] == "A1:A2"), "Other", instead="Data",
             also={"range": None}),
        Case("range", told(lambda answer: answer["range"] == "A1:B2"), "A1:B2"),
        Case("what=values", told(lambda answer: _first(answer)[1] == 10), instead="formulas"),
        Case("what=formulas", told(lambda answer: "=B2*2" in str(answer["rows"]))),
        Case("what=formats", told(lambda answer: "font" in str(answer)),
             also={"range": "A1:C1"}),
        Case("limit", both(told(lambda answer: len(answer["rows"]) == 2),
                           told(lambda answer: answer["next_range"])), 2, also={"range": None}),
    ],
    call={"sheet": "Data", "range": "B2:C3"},
    before=BEFORE,
)  # fmt: skip

DESCRIBING = Tool(
    "describe_excel_file",
    [
        Case(
            "sheet",
            told(lambda answer: [item["name"] for item in answer["sheets"]] == ["Other"]),
            "Other",
        )
    ],
    before=BEFORE,
)

SEEK = {"action": "goal_seek", "cell": "C2", "changing": "B2", "target": 30}
EXPLAINING = Tool(
    "explain_excel_formula",
    [
        Case("action=explain", told(lambda answer: answer.get("formula") == "=B2*2"),
             instead="errors"),
        Case("action=errors", told(lambda answer: "C4" in str(answer)), also={"cell": None},
             instead=NO_CALL),
        Case("action=goal_seek", told(lambda answer: "15" in str(answer)), also=SEEK,
             instead=NO_CALL),
        Case("sheet", told(lambda answer: "A2" in str(answer) and "C4" in str(answer)), "Other",
             also={"action": "explain", "cell": "A2"}, instead=NO_CALL),
        Case("cell", told(lambda answer: answer["formula"] == "=B3*2"), "C3", instead="C2"),
        Case("target", told(lambda answer: "15" in str(answer)), 30, also=SEEK, instead=40),
        Case("changing", told(lambda answer: "B3" in str(answer)), "B3", also={
            **SEEK, "cell": "C3"}, instead=NO_CALL),
    ],
    call={"sheet": "Data", "cell": "C2"},
    before=BEFORE,
)  # fmt: skip

WRITE = {"sheet": "Data", "start": "E1", "rows": [["First"]]}
NAMED = [
    {"tool": "write_excel_range", "arguments": WRITE, "name": "first"},
    {
        "tool": "format_excel_cells",
        "arguments": {"sheet": "Data", "range": "$first.written", "style": {"italic": True}},
    },
]
STEPS = Tool(
    "run_excel_steps",
    [
        Case("steps", both(holds(E1="First"), look("E1", font__i=True)), NAMED,
             instead=[NAMED[0]]),
        Case("steps.0.tool", look("E1", font__i=True), "format_excel_cells", also={
            "steps.0.arguments": {"sheet": "Data", "range": "E1", "style": {"italic": True}}},
            instead=NO_CALL),
        Case("steps.0.arguments", holds(E1="First"), WRITE, instead={**WRITE, "rows": [["x"]]}),
        Case("steps.0.name", look("E1", font__i=True), "first", also={
            "steps.0.arguments": WRITE,
            "steps.1.tool": "format_excel_cells",
            "steps.1.arguments": NAMED[1]["arguments"]}, instead=NO_CALL),
    ],
    call={"steps.0.tool": "write_excel_range"},
    before=BEFORE,
)  # fmt: skip
