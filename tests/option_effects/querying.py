"""query_excel_data: what each option does to the answer and to what is written."""

from __future__ import annotations

from typing import Any

from service.workbook.house import STYLE_NAMES, house
from tests.option_effects.effects import NO_CALL, Call, Case, Check, Outcome, Tool, both, told, xml

ROWS = [
    ["Tea", "1.234", "03/04/2026"],
    ["Milk", "5.000", "05/06/2026"],
    ["Salt", "7.000", "07/08/2026"],
]
BEFORE: list[Call] = [
    (
        "create_excel_file",
        {
            "filename": "test.xlsx",
            "sheet": "Data",
            "headers": ["Item", "Cost", "Day"],
            "rows": [[item, f"'{cost}", f"'{day}"] for item, cost, day in ROWS],
        },
    )
]
FILLED: list[Call] = [
    *BEFORE,
    ("edit_excel_sheet", {"action": "add", "sheet": "Full"}),
    ("write_excel_range", {"sheet": "Full", "rows": [["old", "old"], ["old", "old"]]}),
]


def first(column: str, value: object) -> Check:
    """That the first row of the answer has that value."""

    def found(answer: dict[str, Any]) -> bool:
        row = answer["rows"][0] if answer.get("rows") else None
        return row is not None and row[list(answer["columns"]).index(column)] == value

    return told(found)


def landed(style: str) -> Check:
    def check(out: Outcome) -> bool:
        if "Found" not in out.xl.sheetnames:
            return False
        fill = out.xl["Found"]["A1"].fill
        if style == "plain":
            return fill.fill_type is None
        return str(fill.fgColor.rgb)[2:] == house(style).main

    return check


def item(out: Outcome) -> object:
    return out.xl["Full"]["A1"].value


QUERYING = Tool(
    "query_excel_data",
    [
        Case("sql", first("item", "Milk"), "SELECT item FROM data WHERE item = 'Milk'",
             instead="SELECT item FROM data"),
        Case("into", lambda out: "Found" in out.xl.sheetnames, "Found"),
        Case("limit", told(lambda a: len(a["rows"]) == 2), 2),
        Case("options", told(lambda a: a["rows"] == [["Milk"]]), {"page": 2}, also={"limit": 1}),
        Case("options.page", told(lambda a: a["rows"] == [["Salt"]]), 3, also={"limit": 1}),
        Case("options.table", both(xml("tables/table1.xml", "/table[@displayName='Totals']")),
             "Totals", also={"into": "Found"}),
        Case("options.overwrite", lambda out: item(out) == "Item", True,
             also={"into": "Full!A1"}, instead=NO_CALL, before=FILLED),
        Case("options.text_columns", first("cost", "1.234"), ["Cost"],
             also={"sql": "SELECT cost FROM data"}),
        Case("options.decimal=.", first("cost", 1.234), also={"sql": "SELECT cost FROM data"},
             instead=","),
        Case("options.decimal=,", first("cost", 1234), also={"sql": "SELECT cost FROM data"},
             instead="."),
        *(
            Case(f"options.date_order={order}", first("day", day),
                 also={"sql": "SELECT day FROM data"}, instead=other)
            for order, day, other in (
                ("dmy", "2026-04-03", "mdy"),
                ("mdy", "2026-03-04", "dmy"),
                ("iso", "03/04/2026", "dmy"),
            )
        ),
        *(
            Case(f"options.style={name}", landed(name), also={"into": "Found"},
                 instead="green" if name != "green" else "blue")
            for name in STYLE_NAMES
        ),
    ],
    call={"sql": "SELECT item FROM data"},
    before=BEFORE,
)  # fmt: skip
