"""Making workbooks, from rows or a CSV, and exporting them: what each option does."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from service.workbook.house import STYLE_NAMES, house
from tests.option_effects.effects import (
    NO_CALL,
    Call,
    Case,
    Check,
    Outcome,
    Tool,
    both,
    holds,
    look,
    xml,
)


def header_fill(style: str, cell: str) -> Check:
    """That headers have the fill of a house style."""
    color = house(style).main
    if style == "plain":
        return lambda out: out.xl.worksheets[0][cell].fill.fill_type is None
    return lambda out: str(out.xl.worksheets[0][cell].fill.fgColor.rgb)[2:] == color


def styles(option: str, also: dict[str, Any], cell: str = "A1") -> list[Case]:
    """A case for each house style, against another one."""
    return [
        Case(
            f"{option}={name}",
            header_fill(name, cell),
            also=also,
            instead="green" if name != "green" else "blue",
        )
        for name in STYLE_NAMES
    ]


CREATING = Tool(
    "create_excel_file",
    [
        Case("headers", holds(A1="Item", A2="Tea"), ["Item", "Cost"]),
        Case("rows", holds(A1="Salt", B1=3), [["Salt", 3]], instead=[["Tea", 5]]),
        Case("sheet", lambda out: out.xl.sheetnames == ["Costs"], "Costs"),
        Case("sheets", lambda out: out.xl.sheetnames == ["A", "B"],
             [{"name": "A"}, {"name": "B"}], also={"rows": None}, instead=[{"name": "A"}]),
        Case("sheets.0.name", lambda out: out.xl.sheetnames == ["B"], "B", also={"rows": None},
             instead="A"),
        Case("sheets.0.headers", both(holds(A1="Item", A2="Tea"), look("A1", font__b=True)),
             ["Item"], also={"rows": None, "sheets.0.name": "A", "sheets.0.rows": [["Tea"]]}),
        Case("sheets.0.rows", holds(A1="Tea"), [["Tea"]],
             also={"rows": None, "sheets.0.name": "A"}),
        Case("options", holds(A2="(placeholder)"), {"placeholder_row": True},
             also={"rows": None, "headers": ["Item"]}),
        Case("options.placeholder_row", holds(A2="(placeholder)"), True,
             also={"rows": None, "headers": ["Item"]}),
        *styles("style", {"headers": ["Item", "Cost"]}),
    ],
    call={"filename": "test.xlsx", "rows": [["Tea", 5]]},
)  # fmt: skip

TEXT = "Item;Cost;Day\nTea;1.234;03/04/2026\nMilk;5.000;05/06/2026\n"
UNCLEAR = "Item,Cost\nTea|x,5\nMilk|y,7\n"
IMPORTING = Tool(
    "import_csv_to_excel",
    [
        Case("source", holds(A2="Salt"), "Item,Cost\nSalt,1\n", instead="Item,Cost\nTea,2\n"),
        Case("sheet", lambda out: out.xl.sheetnames == ["Costs"], "Costs"),
        Case("options", holds(A1="Item,Cost"), {"delimiter": "|"}, also={"source": UNCLEAR}),
        Case("options.delimiter", holds(B2="x,5"), "|", also={"source": UNCLEAR}),
        Case("options.encoding",
             lambda out: out.xl.worksheets[0]["A2"].value != "Köln", "cp1251",
             also={"source": "umlauts.csv"}, instead="cp1252"),
        Case("options.header", both(holds(A1="Item"), xml("sheet1.xml", "not(//pane)")), False),
        Case("options.decimal=.", holds(B2=1.234), also={"source": TEXT}, instead=","),
        Case("options.decimal=,", holds(B2=1234), also={"source": TEXT}, instead="."),
        *(
            Case(f"options.date_order={order}", day, also={"source": TEXT}, instead=other)
            for order, day, other in (
                ("dmy", lambda out: str(out.xl.worksheets[0]["C2"].value)[:10] == "2026-04-03",
                 "mdy"),
                ("mdy", lambda out: str(out.xl.worksheets[0]["C2"].value)[:10] == "2026-03-04",
                 "dmy"),
                ("iso", holds(C2="03/04/2026"), "dmy"),
            )
        ),
        Case("options.text_columns", holds(B2="5"), ["Cost"]),
        *styles("options.style", {}),
    ],
    call={"source": "Item,Cost\nTea,5\nMilk,7\n"},
)  # fmt: skip

SHEETS = [
    {"name": "Data", "headers": ["Item", "Cost"], "rows": [["Tée", 5], ["'=x", 7]]},
    {"name": "Other", "headers": ["Where"], "rows": [["Köln"]]},
    {"name": "Prices", "headers": ["Item", "Price"], "rows": [["Milk", 2.5]]},
]
BEFORE: list[Call] = [("create_excel_file", {"filename": "test.xlsx", "sheets": SHEETS})]


def exported(text: str, encoding: str = "utf-8") -> Check:
    """That the one file that was written holds that text, in that encoding."""
    return lambda out: any(text.encode(encoding) in data for data in out.exports.values())


def _width(out: Outcome) -> int:
    """Pixels across the one picture."""
    (data,) = out.exports.values()
    with Image.open(io.BytesIO(data)) as picture:
        return picture.width


EXPORTING = Tool(
    "export_excel_file",
    [
        Case("sheet", exported("Köln"), "Other", instead="Data"),
        Case("range", lambda out: b"Cost" not in next(iter(out.exports.values())), "A1:A2"),
        Case("format=csv", lambda out: [name[-4:] for name in out.exports] == [".csv"],
             instead=NO_CALL),
        Case("format=json", exported('"Item": "Tée"')),
        Case("format=html", exported("<td>Tée</td>")),
        Case("format=markdown", exported("| Tée | 5 |")),
        Case("format=pdf", exported("%PDF-"), instead=NO_CALL),
        Case("format=png", exported("PNG")),
        Case("options.header", exported('"Item",'), False, also={"format": "json"}),
        Case("options.dpi", lambda out: _width(out) > 200, 300, also={"format": "png"},
             instead=50),
        Case("options", exported("Item;Cost"), {"delimiter": ";"}),
        *(
            Case(f"options.delimiter={mark}", exported(f"Item{stored}Cost"),
                 instead=";" if mark == "," else ",")
            for mark, stored in ((",", ","), (";", ";"), ("\t", "\t"), ("|", "|"), ("tab", "\t"))
        ),
        Case("options.decimal=.", exported("Milk;2.5"), instead=",",
             also={"sheet": "Prices", "options.delimiter": ";"}),
        Case("options.decimal=,", exported("Milk;2,5"),
             also={"sheet": "Prices", "options.delimiter": ";"}),
        Case("options.encoding=utf-8", exported("Tée", "utf-8"), instead="cp1252"),
        Case("options.encoding=cp1252", exported("Tée", "cp1252")),
        Case("options.encoding=latin-1", exported("Tée", "latin-1")),
        Case("options.encoding=utf-16", exported("Tée", "utf-16-le")),
        Case("options.bom", lambda out: all(
            not data.startswith(b"\xef\xbb\xbf") for data in out.exports.values()), False),
        Case("options.neutralize_formulas", exported("'=x"), True),
    ],
    call={"sheet": "Data"},
    before=BEFORE,
)  # fmt: skip
