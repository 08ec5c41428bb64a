"""annotate_excel_cells: what each of its actions and options does."""

from __future__ import annotations

from typing import Any

from tests.option_effects.effects import (
    NO_CALL,
    UPLOADS,
    Call,
    Case,
    Check,
    Tool,
    both,
    look,
    told,
    xml,
)

SHEETS = [
    {"name": "Data", "headers": ["Item", "Cost"], "rows": [["Tea", 5], ["Milk", 7]]},
    {"name": "Other", "headers": ["Item", "Cost"], "rows": [["Salt", 1]]},
]
BEFORE: list[Call] = [("create_excel_file", {"filename": "test.xlsx", "sheets": SHEETS})]


def then(*calls: dict[str, Any]) -> list[Call]:
    return [*BEFORE, *(("annotate_excel_cells", {"sheet": "Data", **call}) for call in calls)]


COMMENT = {"action": "comment", "range": "B2", "text": "Seen"}
LINK = {"action": "link", "range": "A2", "target": "https://example.org/a"}
IMAGE = {"action": "image", "range": "D2", "target": "red.png", "name": "Logo"}
NAME = {"action": "name", "name": "Rate", "target": "Data!B2"}
FULL = then(COMMENT, LINK, IMAGE, NAME)
PLAIN = {"text": None, "range": None}


def names(path: str) -> Check:
    return xml("workbook.xml", f"//definedName{path}")


def media(name: str) -> Check:
    return lambda out: UPLOADS[name] in out.parts.values()


def _actions() -> list[Case]:
    def act(call: dict[str, Any], shows: Check, before: list[Call] = BEFORE) -> Case:
        also = {"text": None, "range": None, **call}
        return Case(f"action={call['action']}", shows, also=also, instead=NO_CALL, before=before)

    gone = {"action": "remove", "range": "B2", "options.kind": "comment"}
    return [
        act(COMMENT, lambda out: "Seen" in str(out.xl["Data"]["B2"].comment)),
        act(LINK, look("A2", hyperlink__target="https://example.org/a")),
        act(IMAGE, both(media("red.png"), xml("drawings/drawing1.xml", "//pic"))),
        act(NAME, names("[@name='Rate'][contains(., '$B$2')]")),
        act(
            {"action": "list"},
            told(lambda answer: set(answer) >= {"comments", "links", "images"}),
            FULL,
        ),
        act(gone, lambda out: out.xl["Data"]["B2"].comment is None, FULL),
    ]


def _parameters() -> list[Case]:
    link, image, name = {**LINK, "text": None}, {**IMAGE, "text": None}, {**PLAIN, **NAME}
    return [
        Case("sheet", lambda out: out.xl["Other"]["B2"].comment, "Other", instead="Data"),
        Case("range", lambda out: out.xl["Data"]["B3"].comment, "B3", instead="B2"),
        Case("text", xml("comments", "//t[contains(., 'Twice')]"), "Twice", instead="Once"),
        Case("target", look("A2", hyperlink__target="https://example.org/b"),
             "https://example.org/b", also=link, instead="https://example.org/a"),
        Case("name", names("[@name='Tax']"), "Tax", also=name, instead="Rate"),
        Case("options", xml("comments", "//author[text()='Ana']"), {"author": "Ana"}),
        Case("options.author", xml("comments", "//author[text()='Ana']"), "Ana"),
        Case("options.tip", xml("sheet1.xml", "//hyperlink[@tooltip='More']"), "More", also=link),
        Case("options.width_cm", xml("drawings/drawing1.xml", "//ext[@cx='1080000']"), 3,
             also=image),
        Case("options.height_cm", xml("drawings/drawing1.xml", "//ext[@cy='1080000']"), 3,
             also=image),
        Case("options.scope=sheet", names("[@name='Rate'][@localSheetId='0']"),
             also={**name, "sheet": "Data"}),
        Case("options.scope=workbook", names("[@name='Rate'][not(@localSheetId)]"),
             also={**name, "sheet": "Data"}, instead="sheet"),
    ]  # fmt: skip


def _kinds() -> list[Case]:
    def kind(name: str, key: str) -> Case:
        """What is listed is of that kind alone."""
        return Case(f"options.kind={name}", told(lambda answer: set(answer) == {key}),
                    also={**PLAIN, "action": "list"}, before=FULL)  # fmt: skip

    return [
        kind("comment", "comments"),
        kind("link", "links"),
        kind("image", "images"),
        kind("name", "names"),
    ]


ANNOTATING = Tool(
    "annotate_excel_cells",
    [*_actions(), *_parameters(), *_kinds()],
    call={"sheet": "Data", **COMMENT},
    before=BEFORE,
)
