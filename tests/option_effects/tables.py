"""create_excel_table: what each of its options does to a table."""

from __future__ import annotations

from tests.option_effects.effects import (
    NO_CALL,
    Call,
    Case,
    Check,
    Tool,
    both,
    holds,
    look,
    told,
    xml,
)

ROWS = [["Tea", 2, 3], ["Milk", 5, 1], ["Salt", 1, 2]]
SHEETS = [
    {"name": "Data", "headers": ["Item", "Qty", "Price"], "rows": ROWS},
    {"name": "Other", "headers": ["Item", "Qty", "Price"], "rows": ROWS},
]
BEFORE: list[Call] = [("create_excel_file", {"filename": "test.xlsx", "sheets": SHEETS})]
TABLE: list[Call] = [
    *BEFORE,
    ("create_excel_table", {"sheet": "Data", "range": "A1:C4", "name": "Sales"}),
]
USING: list[Call] = [
    *TABLE,
    (
        "write_excel_range",
        {"sheet": "Data", "start": "F1", "rows": [["=SUM(Sales[Qty])"]]},
    ),
]
BARE: list[Call] = [
    ("create_excel_file", {"filename": "test.xlsx", "sheet": "Data"}),
    ("write_excel_range", {"start": "A3", "rows": ROWS}),
]
CHANGE = {"action": "change", "range": None, "name": "Sales"}


def table(path: str) -> Check:
    return xml("xl/tables/table", f"/table{path}")


TABLES = Tool(
    "create_excel_table",
    [
        Case("options.style", table("/tableStyleInfo[@name='TableStyleDark3']"), "dark 3"),
        Case("options.banded_rows", table("/tableStyleInfo[not(@showRowStripes='1')]"), False),
        Case("options.banded_columns", table("/tableStyleInfo[@showColumnStripes='1']"), True),
        Case("options.first_column", table("/tableStyleInfo[@showFirstColumn='1']"), True),
        Case("options.last_column", table("/tableStyleInfo[@showLastColumn='1']"), True),
        Case("options.filter_buttons", table("[not(autoFilter)]"), False),
        Case(
            "options.headers",
            both(
                table("[@ref='A2:C5']/tableColumns/tableColumn[@name='Column1']"),
                holds(A2="Column1", A3="Tea"),
            ),
            False,
            also={"range": "A3:C5"},
            before=BARE,
        ),
        Case(
            "options.totals",
            both(
                table("[@totalsRowCount='1']//tableColumn[@name='Qty'][@totalsRowFunction='max']"),
                lambda out: "SUBTOTAL(104" in str(out.xl["Data"]["B5"].value),
            ),
            {"Qty": "max"},
        ),
        Case(
            "options.columns",
            both(
                table("//tableColumn[@name='Sum']/calculatedColumnFormula[contains(., '*')]"),
                holds(D1="Sum"),
                lambda out: "Sales[" in str(out.xl["Data"]["D2"].value),
            ),
            {"Sum": "=[@Qty]*[@Price]"},
        ),
        Case(
            "options.filters",
            both(
                table(
                    "/autoFilter/filterColumn[@colId='1']//customFilter[@operator='greaterThan']"
                ),
                xml("sheet1.xml", "//row[@r='4'][@hidden='1']"),
            ),
            {"Qty": ">1"},
        ),
        Case(
            "options.rename_columns",
            both(
                table("//tableColumn[@name='Number']"),
                holds(B1="Number", F1="=SUM(Sales[Number])"),
            ),
            {"Qty": "Number"},
            also={**CHANGE, "options.banded_rows": True},
            before=USING,
        ),
        Case(
            "options.new_name",
            both(table("[@displayName='Goods']"), holds(F1="=SUM(Goods[Qty])")),
            "Goods",
            also={**CHANGE, "options.banded_rows": True},
            before=USING,
        ),
        Case("options", table("/tableStyleInfo[@showLastColumn='1']"), {"last_column": True}),
        Case("name", table("[@displayName='Goods']"), "Goods"),
        Case("range", table("[@ref='A1:B4']"), "A1:B4"),
        Case(
            "sheet",
            xml("sheet2.xml", "//tablePart"),
            "Other",
            instead="Data",
        ),
        Case("action=create", table("[@ref='A1:C4']"), instead=NO_CALL),
        Case(
            "action=list",
            told(lambda answer: answer.get("tables") and answer["tables"][0]["name"] == "Sales"),
            also={"name": None, "range": None},
            before=TABLE,
            instead=NO_CALL,
        ),
        Case(
            "action=change",
            table("[@ref='A1:C3']"),
            also={**CHANGE, "range": "A1:C3"},
            before=TABLE,
            instead=NO_CALL,
        ),
        Case(
            "action=convert",
            both(xml("sheet1.xml", "not(//tablePart)"), holds(A2="Tea"), look("A1", font__b=True)),
            also={"range": None},
            before=TABLE,
            instead=NO_CALL,
        ),
        Case(
            "action=delete",
            both(xml("sheet1.xml", "not(//tablePart)"), holds(A2=None)),
            also={"range": None},
            before=TABLE,
            instead=NO_CALL,
        ),
    ],
    call={"sheet": "Data", "range": "A1:C4", "name": "Sales"},
    before=BEFORE,
)
