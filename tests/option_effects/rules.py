"""add_excel_rule: what each of its options does to a rule."""

from __future__ import annotations

from typing import Any

from tests.option_effects.effects import NO_CALL, Call, Case, Check, Tool, told, xml

SHEETS = [
    {
        "name": "Data",
        "headers": ["Item", "Cost"],
        "rows": [["a", 5], ["b", -3], ["c", 8], ["d", 12]],
    },
    {"name": "Other", "headers": ["Item", "Cost"], "rows": [["a", 5], ["b", 7]]},
]
BEFORE: list[Call] = [("create_excel_file", {"filename": "test.xlsx", "sheets": SHEETS})]
PLACE = {"sheet": "Data", "range": "B2:B5"}
RED = {**PLACE, "rule": "greater_than", "value": 5, "options": {"fill": "red"}}
BLUE = {**PLACE, "rule": "less_than", "value": 0, "options": {"fill": "blue"}}
TWO: list[Call] = [*BEFORE, ("add_excel_rule", RED), ("add_excel_rule", BLUE)]
WHOLE = {"rule": "whole", "value": [1, 10]}


def rule(path: str) -> Check:
    return xml("sheet1.xml", f"//cfRule{path}")


def dxf(path: str) -> Check:
    return xml("styles.xml", f"//dxf{path}")


def entry(path: str) -> Check:
    return xml("sheet1.xml", f"//dataValidation{path}")


def _looks() -> list[Case]:
    return [
        Case("options.fill", dxf("/fill//bgColor[@rgb='FF00FF00']"), "#00FF00"),
        Case("options.color", dxf("/font/color[@rgb='FFC00000']"), "#C00000"),
        Case("options.bold", dxf("/font/b[not(@val='0')]"), True),
        Case("options.italic", dxf("/font/i[not(@val='0')]"), True),
        Case("options.underline", dxf("/font/u[not(@val='none')]"), True),
        Case("options.strike", dxf("/font/strike[not(@val='0')]"), True),
        Case("options.border", dxf("/border/left[@style='thin']/color"), "thin red"),
        Case("options.number_format", dxf("/numFmt[@formatCode='0.0%']"), "percent 1"),
        Case("options.stop_if_true", rule("[@stopIfTrue='1']"), True),
        Case(
            "options.priority",
            rule("[@operator='between'][@priority='1']"),
            1,
            also={"rule": "between", "value": [1, 2]},
            before=TWO,
        ),
        Case(
            "options.index",
            rule("[@operator='lessThan']/formula[text()='77']"),
            2,
            also={**CHANGE, "value": 77},
            instead=1,
            before=TWO,
        ),
    ]


CHANGE: dict[str, Any] = {
    "action": "change", "range": None, "rule": None, "options.bold": None, "options.index": 1,
}  # fmt: skip


def _kinds() -> list[Case]:
    top = {"rule": "top", "value": 2}
    average = {"rule": "above_average", "value": None}
    scale = {
        "rule": "color_scale", "value": ["red", "yellow", "green"], "options.bold": None
    }  # fmt: skip
    bar = {"rule": "data_bar", "value": "blue", "options.bold": None}
    icons = {"rule": "icon_set", "value": "3 traffic lights", "options.bold": None}
    return [
        Case("options.percent", rule("[@type='top10'][@percent='1'][@rank='2']"), True, also=top),
        Case(
            "options.equal", rule("[@type='aboveAverage'][@equalAverage='1']"), True, also=average
        ),
        Case("options.std_dev", rule("[@type='aboveAverage'][@stdDev='2']"), 2, also=average),
        Case("options.min", rule("//cfvo[1][@type='num'][@val='-7']"), -7, also=scale),
        Case("options.mid", rule("//cfvo[2][@type='percent'][@val='40']"), "40%", also=scale),
        Case("options.max", rule("//cfvo[3][@type='formula']"), "=$D$1", also=scale),
        Case("options.thresholds", rule("//cfvo[3][@type='num'][@val='9']"), [3, 9], also=icons),
        Case("options.reverse", rule("/iconSet[@reverse='1']"), True, also=icons),
        Case("options.hide_value", rule("/dataBar[@showValue='0']"), True, also=bar),
        Case("options.solid", rule("/dataBar[@gradient='0']"), True, also=bar),
        Case(
            "options.negative_color",
            rule("/dataBar/negativeFillColor[@rgb='FFC00000']"),
            "#C00000",
            also=bar,
        ),
    ]


def _entries() -> list[Case]:
    whole = {**WHOLE, "options.bold": None}
    one = {"rule": "whole", "value": 10, "options.bold": None}
    between = {"rule": "whole", "value": [1, 10], "options.bold": None}
    stored = {
        "greater_than": "greaterThan",
        "less_than": "lessThan",
        "greater_or_equal": "greaterThanOrEqual",
        "less_or_equal": "lessThanOrEqual",
        "equal_to": "equal",
        "not_equal_to": "notEqual",
    }
    return [
        *(
            Case(
                f"options.operator={name}",
                entry(f"[@operator='{code}'][formula1='10']"),
                also=one,
                instead="equal_to" if name != "equal_to" else "less_than",
            )
            for name, code in stored.items()
        ),
        Case(
            "options.operator=between",
            entry("[@operator='between' or not(@operator)][formula1='1'][formula2='10']"),
            also=between,
            instead="not_between",
        ),
        Case("options.operator=not_between", entry("[@operator='notBetween']"), also=between),
        Case(
            "options.input_title",
            entry("[@promptTitle='Look']"),
            "Look",
            also={**whole, "options.input_message": "Whole numbers"},
        ),
        Case(
            "options.input_message",
            entry("[@prompt='Whole numbers'][@showInputMessage='1']"),
            "Whole numbers",
            also=whole,
        ),
        Case(
            "options.error_title",
            entry("[@errorTitle='No']"),
            "No",
            also={**whole, "options.error_message": "Not that"},
        ),
        Case(
            "options.error_message",
            entry("[@error='Not that'][@showErrorMessage='1']"),
            "Not that",
            also=whole,
        ),
        Case(
            "options.error_style=stop",
            entry("[not(@errorStyle) or @errorStyle='stop']"),
            also=whole,
            instead="warning",
        ),
        Case("options.error_style=warning", entry("[@errorStyle='warning']"), also=whole),
        Case("options.error_style=information", entry("[@errorStyle='information']"), also=whole),
        Case("options.allow_blank", entry("[not(@allowBlank='1')]"), False, also=whole),
        Case(
            "options.dropdown",
            entry("[@showDropDown='1']"),
            False,
            also={"rule": "list", "value": ["a", "b"], "options.bold": None},
        ),
    ]


def _parameters() -> list[Case]:
    return [
        Case("sheet", xml("sheet2.xml", "//cfRule"), "Other", instead="Data"),
        Case(
            "range",
            xml("sheet1.xml", "//conditionalFormatting[@sqref='B3:B4']"),
            "B3:B4",
            instead="B2:B5",
        ),
        Case(
            "rule",
            rule("[@type='duplicateValues']"),
            "duplicates",
            also={"value": None},
            instead="unique",
        ),
        Case("value", rule("/formula[text()='42']"), 42, instead=41),
        Case("options", dxf("/font/i"), {"italic": True}, instead={"bold": True}),
        Case("action=add", rule("[@operator='greaterThan']"), instead=NO_CALL),
        Case(
            "action=list",
            told(lambda answer: len(answer.get("rules", [])) == 2),
            also=dict.fromkeys(("rule", "value", "range", "options.bold")),
            instead=NO_CALL,
            before=TWO,
        ),
        Case(
            "action=change",
            rule("[@operator='greaterThan']/formula[text()='77']"),
            also={**CHANGE, "value": 77},
            instead=NO_CALL,
            before=TWO,
        ),
        Case(
            "action=delete",
            xml("sheet1.xml", "count(//cfRule)=1", "//cfRule[@operator='lessThan']"),
            also={**CHANGE, "value": None},
            instead=NO_CALL,
            before=TWO,
        ),
    ]


RULES = Tool(
    "add_excel_rule",
    [*_looks(), *_kinds(), *_entries(), *_parameters()],
    call={**PLACE, "rule": "greater_than", "value": 5, "options.bold": True},
    before=BEFORE,
    parts=r"xl/worksheets/sheet[12]\.xml|xl/styles\.xml",
)
