"""format_excel_cells: what each of its options does to a cell."""

from __future__ import annotations

from tests.option_effects.effects import Case, Tool, both, look, xml

SHEETS = [
    {
        "name": "Data",
        "headers": ["Item", "Cost"],
        "rows": [["Rent", 1200.5], ["A longer text than fits", 450], ["Sum", "=SUM(B2:B3)"]],
    },
    {"name": "Other", "rows": [["Nothing"]]},
]
BEFORE = [("create_excel_file", {"filename": "test.xlsx", "sheets": SHEETS})]


def after(**style: object) -> list[tuple[str, dict[str, object]]]:
    """The workbook with B2 formatted."""
    place = {"sheet": "Data", "range": "B2"}
    return [*BEFORE, ("format_excel_cells", {**place, "style": style})]


def _looks() -> list[Case]:
    return [
        Case("style.bold", look("B2", font__b=True), True),
        Case("style.italic", look("B2", font__i=True), True),
        *(
            Case(f"style.underline={name}", look("B2", font__u=stored))
            for name, stored in (
                ("single", "single"),
                ("double", "double"),
                ("single accounting", "singleAccounting"),
                ("double accounting", "doubleAccounting"),
            )
        ),
        Case(
            "style.underline=none",
            look("B2", font__u=None),
            instead="single",
        ),
        Case("style.strike", look("B2", font__strike=True), True, instead=False),
        Case("style.script=superscript", look("B2", font__vertAlign="superscript")),
        Case("style.script=subscript", look("B2", font__vertAlign="subscript")),
        Case(
            "style.script=normal",
            look("B2", font__vertAlign=None),
            also={"style.italic": True},
            before=after(script="superscript"),
        ),
        Case("style.font", look("B2", font__name="Georgia"), "Georgia"),
        Case("style.size", look("B2", font__sz=17), 17),
        Case("style.color", look("B2", font__color__rgb="FFC00000"), "#C00000"),
        Case("style.named_style", look("B2", style="Good"), "Good"),
        Case(
            "style.new_style",
            both(look("B2", style="Ours"), xml("styles", "//cellStyle[@name='Ours']")),
            "Ours",
        ),
        Case("style.number_format", look("B2", number_format="0.0%"), "percent 1"),
        Case("style.locked", look("B2", protection__locked=False), False),
        Case("style.hide_formula", look("B2", protection__hidden=True), True),
    ]


def _fills() -> list[Case]:
    return [
        Case("style.fill", look("B2", fill__fgColor__rgb="FF1F4E78"), "#1F4E78"),
        Case(
            "style.gradient",
            both(
                look("B2", fill__type="linear"),
                xml("styles", "//gradientFill/stop[2]/color[@rgb='FF1F4E78']"),
            ),
            "white, #1F4E78",
        ),
        Case(
            "style.gradient_angle",
            look("B2", fill__degree=90),
            90,
            also={"style.gradient": "white, red"},
        ),
        Case(
            "style.gradient_angle=center",
            look("B2", fill__type="path"),
            also={"style.gradient": "white, red"},
        ),
        Case("style.pattern", look("B2", fill__patternType="lightUp"), "lightUp"),
        Case(
            "style.pattern_color",
            look("B2", fill__fgColor__rgb="FFFF0000"),
            "red",
            also={"style.pattern": "lightUp"},
        ),
        Case(
            "style.border",
            look("B2", border__left__style="medium", border__top__color__rgb="FFFF0000"),
            "outline medium red",
        ),
        Case(
            "style.border_color",
            look("B2", border__left__color__rgb="FF00FF00"),
            "#00FF00",
            also={"style.border": "thin"},
        ),
    ]


def _places() -> list[Case]:
    across = {
        name: name for name in ("left", "center", "right", "justify", "fill", "distributed")
    } | {"across selection": "centerContinuous"}
    return [
        *(
            Case(f"style.align={name}", look("B2", alignment__horizontal=stored))
            for name, stored in across.items()
        ),
        Case(
            "style.align=general",
            lambda out: (
                look("B2", alignment__horizontal=None)(out)
                or look("B2", alignment__horizontal="general")(out)
            ),
            instead="left",
        ),
        *(
            Case(f"style.valign={name}", look("B2", alignment__vertical=name))
            for name in ("top", "center", "justify", "distributed")
        ),
        Case(
            "style.valign=bottom",
            lambda out: not look("B2", alignment__vertical="top")(out),
            instead="top",
        ),
        Case("style.wrap", look("B2", alignment__wrap_text=True), True),
        Case("style.shrink", look("B2", alignment__shrink_to_fit=True), True),
        Case("style.indent", look("B2", alignment__indent=3), 3),
        Case("style.rotation", look("B2", alignment__textRotation=135), -45),
        Case("style.rotation=vertical", look("B2", alignment__textRotation=255)),
    ]


def _lines() -> list[Case]:
    wide = {"range": "C2:D3"}
    return [
        Case("style.merge=cells", xml("sheet1.xml", "//mergeCell[@ref='C2:D3']"), also=wide),
        Case(
            "style.merge=across",
            xml("sheet1.xml", "//mergeCell[@ref='C2:D2']", "//mergeCell[@ref='C3:D3']"),
            also=wide,
        ),
        Case(
            "style.merge=none",
            xml("sheet1.xml", "not(//mergeCell)"),
            also=wide | {"style.italic": True},
            before=[
                *BEFORE,
                ("edit_excel_sheet", {"action": "merge", "sheet": "Data", "target": "C2:D3"}),
            ],
        ),
        Case("style.width", xml("sheet1.xml", "//col[@min<=2 and @max>=2 and @width>=41]"), 41),
        Case(
            "style.width=auto",
            xml("sheet1.xml", "//col[@min='1' and @width>18 and @width<40]"),
            also={"range": "A1:A4"},
            instead=50,
        ),
        Case("style.height", xml("sheet1.xml", "//row[@r='2' and @ht=41]"), 41),
        Case(
            "style.height=auto",
            xml("sheet1.xml", "//row[@r='3' and @ht>25]"),
            also={"range": "A3", "style.wrap": True, "style.width": 10},
            instead=15,
        ),
        Case(
            "style.copy_from",
            look("B3", font__i=True, font__name="Georgia"),
            "B2",
            also={"range": "B3"},
            before=after(italic=True, font="Georgia"),
        ),
        Case(
            "style.clear",
            look("B2", font__i=False, font__sz=17),
            True,
            also={"style.size": 17},
            before=after(italic=True),
        ),
    ]


FORMATS = Tool(
    "format_excel_cells",
    [
        *_looks(),
        *_fills(),
        *_places(),
        *_lines(),
        Case("style", look("B2", font__i=True), {"italic": True}, instead={"bold": True}),
        Case(
            "range", xml("sheet1.xml", "//c[@r='A2'][not(@s)]"), "B3", also={"style.italic": True}
        ),
        Case(
            "sheet",
            look("Other!B2", font__i=True),
            "Other",
            also={"style.italic": True},
            instead="Data",
        ),
    ],
    call={"sheet": "Data", "range": "B2", "style.strike": False},
    before=BEFORE,
    parts=r"xl/worksheets/sheet[12]\.xml|xl/styles\.xml",
)
