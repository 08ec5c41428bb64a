"""edit_excel_sheet: what each of its actions and options does to the workbook."""

from __future__ import annotations

from typing import Any

from tests.option_effects.effects import (
    NO_CALL,
    Call,
    Case,
    Check,
    Tool,
    both,
    holds,
    look,
    xml,
)

ROWS = [["Tea", 2, "=B2*2"], ["Milk, fresh from the farm beside us", 5, "=B3*2"], ["Salt", 1, 7]]
SHEETS = [
    {"name": "Data", "headers": ["Item", "Qty", "Twice"], "rows": ROWS},
    {"name": "Other", "rows": [["=Data!B3", 1]]},
    {"name": "Third", "rows": [[1]]},
]
BEFORE: list[Call] = [("create_excel_file", {"filename": "test.xlsx", "sheets": SHEETS})]


def then(**parameters: Any) -> list[Call]:
    """The workbook after another call for its first sheet."""
    return [*BEFORE, ("edit_excel_sheet", {"sheet": "Data", **parameters})]


def act(action: str, shows: Check, before: list[Call] | None = None, **also: Any) -> Case:
    """A case for an action, against the workbook before it."""
    parameters = {"options.zoom": None, **also}
    return Case(f"action={action}", shows, also=parameters, instead=NO_CALL, before=before)


def names(*wanted: str) -> Check:
    return lambda out: out.xl.sheetnames == list(wanted)


def sheet(path: str) -> Check:
    return xml("worksheets/sheet1.xml", path)


def _actions() -> list[Case]:
    return [
        act("add", names("Data", "Other", "Third", "New"), sheet="New"),
        act("rename", both(names("Sums", "Other", "Third"),
                           lambda out: "Sums" in out.xl["Other"]["A1"].value), new_name="Sums"),
        act("copy", lambda out: out.xl["Again"]["C2"].value == "=B2*2"
            if "Again" in out.xl.sheetnames else False, new_name="Again"),
        act("move", names("Other", "Third", "Data"), position="last"),
        act("hide", xml("workbook.xml", "//sheet[@name='Data'][@state='hidden']")),
        act("show", xml("workbook.xml", "//sheet[@name='Data'][not(@state) or @state='visible']"),
            then(action="hide")),
        act("delete", names("Data", "Other"), sheet="Third"),
        act("insert_rows", holds(A3=None, A4=ROWS[1][0], C4="=B4*2"), target="3"),
        act("delete_rows", holds(A3="Salt"), target="3"),
        act("move_rows", holds(A2=ROWS[1][0], A3="Tea"), target="3", position="2"),
        act("insert_columns", holds(B1=None, C1="Qty", D2="=C2*2"), target="B"),
        act("delete_columns", holds(A1="Qty"), target="A"),
        act("move_columns", holds(A1="Qty", B1="Item", C2="=A2*2"), target="B", position="A"),
        act("insert_cells", holds(A2=None, A3="Tea", B2=2), target="A2", position="down"),
        act("delete_cells", holds(A2=ROWS[1][0], B2=2), target="A2", position="up"),
        act("layout", sheet("//sheetView[@zoomScale='80']"), **{"options.zoom": 80}),
        act("merge", sheet("//mergeCell[@ref='E1:F1']"), target="E1:F1"),
        act("unmerge", sheet("not(//mergeCell)"), then(action="merge", target="E1:F1"),
            target="E1:F1"),
        act("protect", sheet("//sheetProtection[@sheet='1']")),
        act("unprotect", sheet("not(//sheetProtection[@sheet='1'])"), then(action="protect")),
    ]  # fmt: skip


def _parameters() -> list[Case]:
    bare = {"options.zoom": None}
    return [
        Case("sheet", xml("sheet2.xml", "//sheetView[@zoomScale='90']"), "Other", instead="Data"),
        Case("target", holds(A4=None, A3=ROWS[1][0]), "4", also={**bare, "action": "insert_rows"},
             instead="3"),
        Case("new_name", names("Sums", "Other", "Third"), "Sums",
             also={**bare, "action": "rename"}, instead="Total"),
        Case("position", names("New", "Data", "Other", "Third"), "1",
             also={**bare, "action": "add", "sheet": "New"}),
        Case("count", holds(A3=None, A4=None, A5=ROWS[1][0]), 2,
             also={**bare, "action": "insert_rows", "target": "3"}),
        Case("options", sheet("//tabColor"), {"tab_color": "red"}, instead={"zoom": 90}),
    ]  # fmt: skip


def _lines() -> list[Case]:
    bare = {"options.zoom": None}
    rows, columns = {"target": "3:4", **bare}, {"target": "B:C", **bare}
    grouped = then(action="layout", target="3:4", options={"group": True})
    return [
        Case(
            "options.width",
            sheet("//col[@min<=2][@max>=2][@width=33]"),
            33,
            also=columns,
            instead=20,
        ),
        Case(
            "options.width=auto",
            sheet("//col[@min=1][@width>25][@width<50]"),
            also={"target": "A", **bare},
            instead=80,
        ),
        Case("options.height", sheet("//row[@r='3'][@ht=44]"), 44, also=rows, instead=30),
        Case(
            "options.height=auto",
            sheet("//row[@r='3'][not(@ht) or @ht<40]"),
            also=rows,
            instead=80,
        ),
        Case("options.hidden", sheet("//row[@r='3'][@hidden='1']"), True, also=rows, instead=False),
        Case(
            "options.group",
            sheet("//row[@r='4'][@outlineLevel='1']"),
            True,
            also=rows,
            instead=NO_CALL,
        ),
        Case(
            "options.collapsed",
            sheet("//row[@r='4'][@outlineLevel='1'][@hidden='1']"),
            True,
            also=rows,
            before=grouped,
            instead=False,
        ),
    ]


def _views() -> list[Case]:
    view = "//sheetView"
    loose = then(action="layout", options={"freeze": "none"})
    return [
        Case("options.freeze", sheet(f"{view}/pane[@topLeftCell='B3'][@xSplit='1']"), "B3"),
        Case("options.filter", sheet("//autoFilter[@ref='A1:B4']"), "A1:B4"),
        Case("options.tab_color", sheet("//tabColor[@rgb='FFFF0000']"), "red"),
        Case("options.zoom", sheet(f"{view}[@zoomScale='75']"), 75, also={
            "options.headings": True}),
        Case("options.gridlines", sheet(f"{view}[@showGridLines='0']"), False),
        Case("options.headings", sheet(f"{view}[@showRowColHeaders='0']"), False),
        Case("options.right_to_left", sheet(f"{view}[@rightToLeft='1']"), True),
        Case(
            "options.view=normal",
            sheet(f"{view}[not(@view) or @view='normal']"),
            instead="page layout",
            before=loose,
        ),
        Case("options.view=page layout", sheet(f"{view}[@view='pageLayout']"), before=loose),
        Case("options.view=page breaks", sheet(f"{view}[@view='pageBreakPreview']")),
    ]  # fmt: skip


def _pages() -> list[Case]:
    centred = "//printOptions[@horizontalCentered='1']"
    upright = "//printOptions[@verticalCentered='1']"
    named = "//definedName[@name='_xlnm.{}'][contains(., '{}')]"
    return [
        Case("options.orientation=landscape", sheet("//pageSetup[@orientation='landscape']")),
        Case(
            "options.orientation=portrait",
            sheet("not(//pageSetup[@orientation='landscape'])"),
            instead="landscape",
        ),
        Case("options.paper", sheet("//pageSetup[@paperSize='8']"), "A3"),
        Case("options.margins", sheet("//pageMargins[@left>0.78][@left<0.79]"), {"left": 2}),
        Case("options.fit", both(sheet("//pageSetUpPr[@fitToPage='1']"),
                                 sheet("//pageSetup[@fitToHeight='0']")), "width"),
        Case("options.scale", sheet("//pageSetup[@scale='70']"), 70),
        Case(
            "options.print_area",
            xml("workbook.xml", named.format("Print_Area", "$A$1:$B$3")),
            "A1:B3",
        ),
        Case(
            "options.print_titles",
            xml("workbook.xml", named.format("Print_Titles", "$1:$1")),
            "1:1",
        ),
        Case("options.center=horizontal", sheet(f"{centred}[not(@verticalCentered='1')]")),
        Case("options.center=vertical", sheet(f"{upright}[not(@horizontalCentered='1')]")),
        Case("options.center=both", sheet(f"{centred}[@verticalCentered='1']")),
        Case("options.center=none", sheet(f"not({centred}|{upright})"), instead="both"),
        Case("options.print_gridlines", sheet("//printOptions[@gridLines='1']"), True),
        Case("options.print_headings", sheet("//printOptions[@headings='1']"), True),
        Case("options.page_order=over", sheet("//pageSetup[@pageOrder='overThenDown']")),
        Case(
            "options.page_order=down",
            sheet("not(//pageSetup[@pageOrder='overThenDown'])"),
            instead="over",
        ),
        Case("options.header", sheet("//oddHeader[contains(., '&R&P')]"), {"right": "{page}"}),
        Case("options.footer", sheet("//oddFooter[contains(., 'Seen')]"), "Seen"),
        Case(
            "options.page_breaks",
            both(sheet("//rowBreaks/brk[@id='2']"), sheet("//colBreaks/brk[@id='1']")),
            "3, B",
        ),
    ]  # fmt: skip


# What may be done stands in the file as a lock that is off.
ALLOWED = {
    "format_cells": "formatCells",
    "format_columns": "formatColumns",
    "format_rows": "formatRows",
    "insert_columns": "insertColumns",
    "insert_rows": "insertRows",
    "insert_hyperlinks": "insertHyperlinks",
    "delete_columns": "deleteColumns",
    "delete_rows": "deleteRows",
    "sort": "sort",
    "filter": "autoFilter",
    "pivot": "pivotTables",
}
USUAL = {
    "select_locked": "selectLockedCells",
    "select_unlocked": "selectUnlockedCells",
    "edit_objects": "objects",
    "edit_scenarios": "scenarios",
}


def _protection() -> list[Case]:
    protect = {"action": "protect", "options.zoom": None}
    return [
        Case("options.password", sheet("//sheetProtection[@hashValue or @password]"), "secret",
             also=protect),
        Case("options.editable", look("B2", protection__locked=False), "B2:B3", also=protect),
        *(
            Case(f"options.allow={name}", sheet(f"//sheetProtection[@{attribute}='0']"), [name],
                 also=protect)
            for name, attribute in ALLOWED.items()
        ),
        *(
            Case(
                f"options.allow={name}",
                sheet(f"//sheetProtection[not(@{attribute}='1')]"),
                [name],
                also=protect,
                instead=["select_unlocked" if name == "select_locked" else "select_locked"],
            )
            for name, attribute in USUAL.items()
        ),
    ]  # fmt: skip


EDITING = Tool(
    "edit_excel_sheet",
    [*_actions(), *_parameters(), *_lines(), *_views(), *_pages(), *_protection()],
    call={"action": "layout", "sheet": "Data", "options.zoom": 90},
    before=BEFORE,
)
