"""transform_excel_range: what each of its actions and options does to the cells."""

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

ROWS = [
    ["b", 3, "x-y-z"],
    ["A", 1, "p-q-r"],
    ["a", 2, "k-l-m"],
    ["b", 3, "x-y-z"],
]
SHEETS = [
    {"name": "Data", "headers": ["Name", "Number", "Code"], "rows": ROWS},
    {"name": "Other", "headers": ["Name"], "rows": [["b"]]},
]
BEFORE: list[Call] = [("create_excel_file", {"filename": "test.xlsx", "sheets": SHEETS})]


def cells(*rows: list[Any], start: str = "A1", more: tuple[Call, ...] = ()) -> list[Call]:
    """A workbook with these rows, without any look."""
    write = {"sheet": "Data", "start": start, "rows": list(rows)}
    new = {"filename": "test.xlsx", "sheet": "Data"}
    return [("create_excel_file", new), ("write_excel_range", write), *more]


def act(action: str, shows: Check, before: list[Call] | None = None, **also: Any) -> Case:
    """A case for an action, against the workbook before it."""
    options = {name.replace("options__", "options."): value for name, value in also.items()}
    parameters = {"options.by": None, **options}
    return Case(f"action={action}", shows, also=parameters, instead=NO_CALL, before=before)


def option(
    name: str, shows: Check, value: Any, before: list[Call] | None = None, **also: Any
) -> Case:
    """A case for an option; its action among the others."""
    instead = also.pop("instead", Case.instead)
    options = {key.replace("options__", "options."): given for key, given in also.items()}
    return Case(f"options.{name}", shows, value, {"options.by": None, **options}, instead, before)


def column(letter: str, *wanted: Any, first: int = 2) -> Check:
    """What stands in a column, from a row on."""
    return holds(**{f"{letter}{first + i}": value for i, value in enumerate(wanted)})


def _actions() -> list[Case]:
    return [
        act("sort", column("B", 1, 2, 3, 3), options__by=["Number"]),
        act("replace", column("C", "x+y+z"), options__find="-", options__replace="+"),
        act("remove_duplicates", column("B", 3, 1, 2, None)),
        act("split", both(column("C", "x"), column("E", "z")), range="C1:C5",
            options__delimiter="-"),
        act("join", column("D", "b 3"), range="A1:B5", options__to="D1"),
        act("fill", column("F", 1, 3, 5), cells([1], [3], start="F2"), range="F2:F4"),
        act("clean", holds(A1="a b"), cells([" a  b "])),
        act("unpivot", both(column("E", "b", "b"), column("F", "Number", "Code")),
            options__by=["Name"], options__to="E1"),
        act("transpose", holds(E1="Name", E2="Number", F1="b"), range="A1:C5", options__to="E1"),
        act("copy", holds(E1="Name", A1="Name"), range="A1:A2", options__to="E1"),
        act("move", holds(E1="Name", A1=None), range="A1:A2", options__to="E1"),
        act("clear", column("A", None, "A"), range="A2"),
    ]  # fmt: skip


def _rows() -> list[Case]:
    return [
        Case("options.by", column("B", 3, 3, 2, 1), ["Number desc"], instead=["Number"]),
        option("order", column("A", "A", "a", "b"), ["A", "b"], action="sort",
               options__by=["Name"], instead=["b", "A"]),
        option("header", holds(A1="a", A3="c"), False, cells(["b", 1], ["a", 2], ["c", 3]),
                    action="sort", options__by=["A"], instead=True),
        option("match_case", column("A", "b", "A", "a"), True, action="remove_duplicates",
               options__by=["Name"]),
        option("force", holds(A2="Name"), True, cells(["Name"], ["x"]), action="copy",
                    range="A1", options__to="A2", instead=NO_CALL),
    ]  # fmt: skip


def _texts() -> list[Case]:
    replace = {"action": "replace", "options__replace": "#"}
    both_kinds = cells(["12", "=SUM(12,1)"])
    split = {"action": "split", "range": "C1:C5"}
    return [
        option("find", column("C", "x#y-z".replace("-", "#")), "-", **replace, instead="zzz"),
        option("replace", column("C", "x y z"), " ", action="replace", options__find="-",
               instead="+"),
        option("regex", column("C", "#-y-z"), True, **replace, options__find="^[x]"),
        option("whole_cell", holds(A1="ab", A2="#"), True, cells(["ab"], ["a"]), **replace,
               options__find="a"),
        option("match_case", holds(A1="#b", A2="AB"), True, cells(["ab"], ["AB"]), **replace,
               options__find="a"),
        option("all_sheets", lambda out: out.xl["Other"]["A2"].value == "#", True, **replace,
               sheet=None, options__find="b", instead=NO_CALL),
        option("within=values", holds(B1="=SUM(12,1)"), Case.value, both_kinds,
               action="replace", options__find="12", options__replace="7", instead="both"),
        option("within=formulas", holds(A1="12", B1="=SUM(7,1)"), Case.value, both_kinds,
               action="replace", options__find="12", options__replace="7"),
        option("within=both", lambda out: str(out.xl["Data"]["A1"].value) == "7"
               and holds(B1="=SUM(7,1)")(out), Case.value, both_kinds,
               action="replace", options__find="12", options__replace="7"),
        option("delimiter", column("C", "x"), "-", **split, instead=NO_CALL),
        option("widths", column("D", "-y-z"), [1, 4], **split, instead=[2, 3]),
        option("parts", both(column("C", "x"), column("D", "y-z")), 2, **split,
               options__delimiter="-"),
        option("to", column("E", "x", "p"), "E1", **split, options__delimiter="-"),
        option("names", holds(C1="One", D1="Two"), ["One", "Two", "Three"], **split,
               options__delimiter="-"),
    ]  # fmt: skip


def _series() -> list[Case]:
    fill = {"action": "fill", "range": "A1:A4"}
    numbers, dates = cells([2], [4]), cells(["2026-01-30"])

    def day(row: int, *parts: str) -> Check:
        return lambda out: str(out.xl["Data"][f"A{row}"].value)[:10] == "-".join(parts)

    def series(name: str, shows: Check, before: list[Call], **also: Any) -> Case:
        return option(f"series={name}", shows, Case.value, before, **fill, **also)

    return [
        series("linear", holds(A3=6, A4=8), numbers, instead="growth"),
        series("growth", holds(A3=8, A4=16), numbers),
        series("day", day(3, "2026", "02", "01"), dates, instead="month"),
        series("weekday", day(2, "2026", "02", "02"), dates),
        series("month", day(2, "2026", "02", "28"), dates),
        series("year", day(2, "2027", "01", "30"), dates),
        series("copy", holds(A3=2, A4=4), numbers),
        series("blanks", holds(A2=2, A4=4), cells([2], [None], [4]), instead=NO_CALL),
        option("step", holds(A2=7, A3=12), 5, cells([2]), **fill),
        option("stop", holds(A3=4, A4=None), 4, cells([2]), **fill, options__step=1),
    ]  # fmt: skip


def _clean() -> list[Case]:
    clean = {"action": "clean"}
    texts = cells(["\u00a0aBc  DEF", "x\u200by", "1,234.5", "03/04/2026"])
    text = {**clean, "range": "A1:D1"}
    asked = "options__clean"

    def a_date(*parts: str) -> Check:
        return lambda out: str(out.xl["Data"]["D1"].value)[:10] == "-".join(parts)

    return [
        option("clean=trim", holds(A1="aBc DEF"), ["trim"], texts, **text, instead=["nonprinting"]),
        option("clean=nonprinting", lambda out: "\u200b" not in out.xl["Data"]["B1"].value,
               ["nonprinting"], texts, **text, instead=["upper"]),
        option("clean=upper", lambda out: "ABC  DEF" in out.xl["Data"]["A1"].value, ["upper"],
               texts, **text, instead=["lower"]),
        option("clean=lower", lambda out: "abc  def" in out.xl["Data"]["A1"].value, ["lower"],
               texts, **text, instead=["upper"]),
        option("clean=proper", lambda out: "Abc  Def" in out.xl["Data"]["A1"].value, ["proper"],
               texts, **text, instead=["upper"]),
        option("clean=numbers", holds(C1=1234.5), ["numbers"], texts, **text, instead=["upper"]),
        option("clean=dates", lambda out: out.xl["Data"]["D1"].is_date, ["dates"], texts,
               **text, options__date_order="dmy", instead=NO_CALL),
        option("decimal=.", holds(A1=1.234), Case.value, cells(["1.234"]), **clean,
               **{asked: ["numbers"]}, instead=","),
        option("decimal=,", holds(A1=1234), Case.value, cells(["1.234"]), **clean,
               **{asked: ["numbers"]}, instead="."),
        option("date_order=dmy", a_date("2026", "04", "03"), Case.value, texts, **text,
               **{asked: ["dates"]}, instead="mdy"),
        option("date_order=mdy", a_date("2026", "03", "04"), Case.value, texts, **text,
               **{asked: ["dates"]}, instead="dmy"),
        option("date_order=ymd", lambda out: str(out.xl["Data"]["A1"].value)[:10] == "2003-04-26",
               Case.value, cells(["03/04/26"]), **clean, **{asked: ["dates"]}, instead="dmy"),
    ]  # fmt: skip


def _kinds() -> list[Case]:
    place = {"sheet": "Data", "range": "A1:B1"}
    full = cells(
        [5, "=A1*2"],
        more=(
            ("format_excel_cells", {**place, "style": {"italic": True}}),
            ("annotate_excel_cells", {"action": "comment", "range": "A1", "text": "Seen"}),
            ("annotate_excel_cells", {"action": "link", "range": "B1", "target": "https://a.org"}),
            ("add_excel_rule", {**place, "rule": "greater_than", "value": 1,
                                "options": {"bold": True}}),
        ),
    )  # fmt: skip
    italic = look("A1", font__i=True)

    def clear(name: str, shows: Check) -> Case:
        return option(f"what={name}", shows, Case.value, full, action="clear", range="A1:B1",
                      instead=NO_CALL)  # fmt: skip

    return [
        clear("values", both(xml("sheet1.xml", "not(//v|//f)"), italic)),
        option(
            "what=formulas",
            both(holds(D1="=C1*2"), look("C1", font__i=False)),
            Case.value,
            full,
            action="copy",
            range="A1:B1",
            options__to="C1",
            instead="all",
        ),
        clear("formats", both(holds(A1=5), look("A1", font__i=False))),
        clear("comments", both(holds(A1=5), look("A1", comment=None))),
        clear("links", both(holds(A1=5), look("B1", hyperlink=None))),
        clear("rules", both(holds(A1=5), xml("sheet1.xml", "not(//cfRule)"))),
        clear("all", both(holds(A1=None), look("A1", font__i=False, comment=None))),
    ]


TRANSFORMING = Tool(
    "transform_excel_range",
    [
        *_actions(), *_rows(), *_texts(), *_series(), *_clean(), *_kinds(),
        Case("sheet", lambda out: out.xl["Other"]["A2"].value is None, "Other", {
            "action": "clear", "range": "A2", "options.by": None}, instead="Data"),
        Case("range", column("A", "b", "A", None), "A4", {
            "action": "clear", "options.by": None}, instead="A5"),
        Case("options", column("B", 3, 3, 2, 1), {"by": ["Number desc"]},
             instead={"by": ["Number"]}),
    ],
    call={"action": "sort", "sheet": "Data", "options.by": ["Number"]},
    before=BEFORE,
)  # fmt: skip
