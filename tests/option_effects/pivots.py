"""create_excel_pivot: what each of its options does to the pivot table and its figures."""

from __future__ import annotations

from typing import Any

from tests.option_effects.effects import NO_CALL, Call, Case, Check, Tool, both, told, xml

HEADERS = ["Date", "Region", "City", "Age", "Amount"]
ROWS: list[list[Any]] = [
    ["2025-01-10", "North", "Oslo", 21, 10],
    ["2025-02-11", "North", "Bergen", 34, 20],
    ["2026-02-12", "South", "Rome", 45, 50],
    ["2026-03-13", "South", "Bari", 27, 5],
    ["2026-03-14", "South", "Rome", 38, 15],
]
SHEETS = [
    {"name": name, "headers": HEADERS, "rows": rows}
    for name, rows in (("Data", ROWS), ("Other", ROWS[:3]))
]
BEFORE: list[Call] = [("create_excel_file", {"filename": "test.xlsx", "sheets": SHEETS})]
USUAL = {"sheet": "Data", "rows": ["Region"], "values": ["Amount"]}


def there(*more: Call) -> list[Call]:
    return [*BEFORE, ("create_excel_pivot", {**USUAL, "options": {"name": "P"}}), *more]


def pivot(*paths: str) -> Check:
    return xml("pivotTables/pivotTable1.xml", *paths)


def cell(address: str, value: object, sheet: str = "Pivot") -> Check:
    """What stands in a cell of the pivot table: its figures are there without a refresh."""
    return lambda out: sheet in out.xl.sheetnames and _near(out.xl[sheet][address].value, value)


def _near(found: object, wanted: object) -> bool:
    if isinstance(found, int | float) and isinstance(wanted, int | float):
        return abs(found - wanted) < 1e-9
    return found == wanted


def _parameters() -> list[Case]:
    return [
        Case("sheet", cell("B5", 50), "Other", instead="Data"),
        Case("source", xml("pivotCacheDefinition1.xml", "//worksheetSource[@ref='A1:E4']"),
             "A1:E4"),
        Case("rows", both(cell("A4", "Bari"), cell("B4", 5)), ["City"], instead=["Region"]),
        Case("columns", both(cell("B4", "North"), pivot("//colFields/field[@x='1']")),
             ["Region"], also={"rows": ["City"]}),
        Case("values", cell("B4", 2), ["Count of Amount"], instead=["Amount"]),
        Case("options", pivot("/pivotTableDefinition[@name='Mine']"), {"name": "Mine"}),
        Case("action=add", cell("B4", 30), instead=NO_CALL),
        Case("action=list",
             told(lambda a: a.get("pivots") and a["pivots"][0]["name"] == "P"),
             also={"rows": None, "values": None, "sheet": None}, instead=NO_CALL,
             before=there()),
        Case("action=change", cell("A4", "Bari"), also={"rows": ["City"], "values": None,
             "options.name": "P", "sheet": None}, instead=NO_CALL, before=there()),
        Case("action=refresh", cell("B4", 40),
             also={"rows": None, "values": None, "options.name": "P", "sheet": None},
             instead=NO_CALL,
             before=there(("write_excel_range", {"sheet": "Data", "start": "E2", "rows": [[20]]}))),
        Case("action=delete", lambda out: not out.trees("pivotTable"),
             also={"rows": None, "values": None, "options.name": "P", "sheet": None},
             instead=NO_CALL, before=there()),
    ]  # fmt: skip


def value(option: str, shows: Check, given: Any = Case.value, **more: Any) -> Case:
    """A case for an option of a value."""
    rows, columns = more.pop("rows", None), more.pop("columns", None)
    also: dict[str, Any] = {"values": None, "values.0.field": "Amount"}
    also |= {f"values.0.{name}": item for name, item in more.items() if name != "instead"}
    also |= {"rows": rows} if rows else {}
    also |= {"columns": columns} if columns else {}
    instead = more.get("instead", Case.instead)
    return Case(f"values.0.{option}", shows, given, also, instead)


def _values() -> list[Case]:
    field = "//dataField"
    deep = ["Region", "City"]

    def shown(name: str, code: str, shows: Check, **more: Any) -> Case:
        stored = pivot(f"{field}[@showDataAs='{code}' or .//@pivotShowAs='{code}']")
        return value(f"show_as={name}", both(stored, shows), **more)

    return [
        Case("values.0.field", cell("B4", 55), "Age", also={"values": None},
             instead="Amount"),
        value("function", both(cell("B4", 20), pivot(f"{field}[@subtotal='max']")), "max"),
        value("name", both(cell("B3", "Turnover"), pivot(f"{field}[@name='Turnover']")),
              "Turnover"),
        value("number_format",
              lambda out: "Pivot" in out.xl.sheetnames
              and out.xl["Pivot"]["B4"].number_format == "0.000", "0.000"),
        shown("percent_of_total", "percentOfTotal", cell("B4", 0.3)),
        shown("percent_of_row", "percentOfRow", cell("B4", 1)),
        shown("percent_of_column", "percentOfCol", cell("B4", 0.3)),
        shown("percent_of_parent_row", "percentOfParentRow", cell("B5", 20 / 30), rows=deep),
        shown("percent_of_parent_column", "percentOfParentCol", pivot(field), columns=["Region"],
              rows=["City"]),
        shown("percent_of", "percent", cell("B5", 70 / 30), base_item="North",
              instead="difference"),
        shown("difference", "difference", cell("B5", 40)),
        shown("percent_difference", "percentDiff", cell("B5", 40 / 30)),
        shown("running_total", "runTotal", cell("B5", 100)),
        shown("percent_running_total", "percentOfRunningTotal", cell("B4", 0.3)),
        shown("rank_ascending", "rankAscending", cell("B5", 2)),
        shown("rank_descending", "rankDescending", cell("B5", 1)),
        shown("index", "index", cell("B4", 1)),
        value("base_field", pivot(f"{field}[@baseField='1']"), "Region", rows=deep,
              show_as="running_total"),
        value("base_item", cell("B4", 30 / 70), "South", show_as="percent_of",
              instead="North"),
    ]  # fmt: skip


def _options() -> list[Case]:
    deep = {"rows": ["Region", "City"]}
    across = {"rows": ["City"], "columns": ["Region"]}
    filled: list[Call] = [
        *BEFORE,
        ("write_excel_range", {"sheet": "Other", "start": "H3", "rows": [["x"]]}),
    ]
    return [
        Case("options.name", pivot("/pivotTableDefinition[@name='Mine']"), "Mine"),
        Case("options.position", cell("B4", 30, "Summary"),
             "Summary"),
        Case("options.filters", pivot("//pageFields/pageField[@fld='2']"), {"City": ["Rome"]}),
        Case("options.group", xml("pivotCacheDefinition1.xml", "//rangePr[@groupInterval='20']"),
             {"Age": {"from": 20, "to": 60, "by": 20}}, also={"rows": ["Age"]}),
        Case("options.sort", both(cell("A4", "South"), pivot("//pivotField[@sortType]")),
             {"Region": "descending"}),
        Case("options.layout=compact", both(pivot("//location"), cell("A5", "Bergen"),
             pivot("not(//pivotField[@axis][@compact='0'])")), also=deep, instead="outline"),
        Case("options.layout=outline", both(cell("B5", "Bergen"), cell("C4", 30)), also=deep),
        Case("options.layout=tabular", cell("B4", "Bergen"), also=deep),
        Case("options.subtotals", both(pivot("//pivotField[@defaultSubtotal='0']"),
             cell("B4", None)), False, also=deep),
        Case("options.grand_totals=both", both(pivot("not(/*[@rowGrandTotals='0'])"),
             pivot("not(/*[@colGrandTotals='0'])")), also=across, instead="none"),
        Case("options.grand_totals=right", both(cell("D4", "Grand Total"),
             cell("A9", None)), also=across),
        Case("options.grand_totals=bottom", both(cell("D4", None),
             cell("A9", "Grand Total")), also=across),
        Case("options.grand_totals=none", pivot("/*[@rowGrandTotals='0'][@colGrandTotals='0']"),
             also=across),
        Case("options.repeat_labels", cell("A5", "North"), True,
             also={**deep, "options.layout": "tabular"}),
        Case("options.style", pivot("//pivotTableStyleInfo[@name='PivotStyleDark3']"), "dark 3"),
        Case("options.overwrite", cell("H3", "Region", "Other"), True,
             also={"options.position": "Other!H3"}, instead=NO_CALL, before=filled),
    ]  # fmt: skip


PIVOTS = Tool(
    "create_excel_pivot",
    [*_parameters(), *_values(), *_options()],
    call=dict(USUAL),
    before=BEFORE,
)
