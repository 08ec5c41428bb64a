"""Undo, redo and what changed: any number of steps, through restarts and checkpoints."""

from __future__ import annotations

import io
import itertools
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.drawing.image import Image
from PIL import Image as Picture

from service.errors import InternalError
from service.sessions import checkpoints
from service.web.app import Service
from service.workbook.book import Book
from service.workbook.comparison import told_changes
from tests.bench import run
from tests.service_fixtures import Chat, MakeService, error_of, rows_of, workbook_bytes

HEADERS = ["Item", "Cost"]
START = [["Rent", 1200], ["Food", 450], ["Sum", "=SUM(B2:B3)"]]
SALES = [
    {"Date": f"2026-0{month}-03", "Region": region, "Amount": 10 * month + len(region)}
    for month in (1, 2, 3)
    for region in ("North", "South")
]
# One of each kind of change: cells, formulas, formats, widths, charts, sheets, merged cells.
CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("write_excel_range", {"sheet": "Costs", "start": "B2", "rows": [[1300]]}),
    ("write_excel_range", {"sheet": "Costs", "start": "D1", "rows": [["=B2*2", "2026-01-31"]]}),
    (
        "format_excel_cells",
        {"sheet": "Costs", "range": "A1:B3", "style": {"bold": True, "fill": "red", "width": 31}},
    ),
    ("create_excel_chart", {"sheet": "Costs", "chart_type": "pie", "data_range": "A1:B3"}),
    ("import_csv_to_excel", {"workbook": "book", "source": "a,b\n1,2\n", "sheet": "Imported"}),
    (
        "format_excel_cells",
        {"sheet": "Costs", "range": "B2:B4", "style": {"number_format": "currency EUR"}},
    ),
    ("write_excel_range", {"sheet": "Imported", "start": "append", "rows": [[3, 4], [5, 6]]}),
    ("create_excel_chart", {"sheet": "Imported", "chart_type": "line", "data_range": "A1:B3"}),
    ("write_excel_range", {"sheet": "Costs", "start": "A2", "rows": [[None, None]]}),
]


def create(chat: Chat, filename: str = "book.xlsx") -> dict[str, Any]:
    return chat.op(
        "create_excel_file", filename=filename, headers=HEADERS, rows=START, sheet="Costs"
    )


def undo(chat: Chat, steps: int = 1, **more: Any) -> dict[str, Any]:
    return chat.op("undo_excel_change", steps=steps, **more)


def redo(chat: Chat, steps: int = 1) -> dict[str, Any]:
    return chat.op("undo_excel_change", action="redo", steps=steps)


def changes(chat: Chat, steps: int = 1, page: int = 1) -> dict[str, Any]:
    answer = chat.op("undo_excel_change", action="changes", steps=steps, page=page)
    result: dict[str, Any] = answer["result"]
    return result


def append(chat: Chat, number: int) -> dict[str, Any]:
    return chat.op("write_excel_range", start="append", rows=[[f"row {number}", number]])


# Numbers of styles, and what openpyxl notes when it has written a sheet once before.
_IDLE = re.compile(rb' (s|style)="\d+"| outlineLevelCol="0"')


def parts_of(data: bytes) -> dict[str, object]:
    """A workbook file part by part, without the time of saving and the numbers of styles.

    The order in which styles are numbered means nothing; what each cell looks like does.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        names = set(package.namelist()) - {"docProps/core.xml", "xl/styles.xml"}
        parts: dict[str, object] = {name: _IDLE.sub(b"", package.read(name)) for name in names}
    book = openpyxl.load_workbook(io.BytesIO(data))
    for sheet in book.worksheets:
        parts[f"looks of {sheet.title}"] = {
            cell.coordinate: repr(
                (cell.number_format, cell.font, cell.fill, cell.border, cell.alignment)
            )
            for row in sheet
            for cell in row
            if cell.has_style
        }
    return parts


def drawn(chat: Chat) -> dict[str, object]:
    """The working copy as a file, part by part."""
    return parts_of(chat.download(chat.op("list_excel_files")["files"][0]))


def rich_workbook() -> bytes:
    """What openpyxl keeps: merged cells, a picture, a chart, rules, comments, names, widths."""
    book = openpyxl.load_workbook(io.BytesIO(workbook_bytes([*HEADERS], *START)))
    sheet = book.active
    sheet.title = "Costs"
    sheet.merge_cells("F1:H2")
    sheet["F1"] = "wide"
    sheet.column_dimensions["C"].width = 40
    sheet.row_dimensions[3].height = 33
    sheet.freeze_panes = "A2"
    sheet["A2"].comment = openpyxl.comments.Comment("a remark", "Ann")
    sheet["A3"].hyperlink = "https://example.org/"
    sheet.conditional_formatting.add(
        "B2:B3",
        openpyxl.formatting.rule.CellIsRule(operator="greaterThan", formula=["500"]),
    )
    rule = openpyxl.worksheet.datavalidation.DataValidation(type="whole", formula1="1")
    rule.add("B2:B3")
    sheet.add_data_validation(rule)
    picture = io.BytesIO()
    Picture.new("RGB", (4, 4), "red").save(picture, "png")
    sheet.add_image(Image(picture), "J1")
    chart = openpyxl.chart.BarChart()
    chart.add_data(openpyxl.chart.Reference(sheet, min_col=2, min_row=1, max_row=3))
    sheet.add_chart(chart, "J10")
    book.create_sheet("Other").sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# Steps ---------------------------------------------------------------------------


def test_one_step_back_and_forth(chat: Chat) -> None:
    create(chat)
    chat.op("write_excel_range", start="B2", rows=[[1300]])
    back = undo(chat)
    assert back["result"] == {
        "steps": 1,
        "undone": ["write_excel_range"],
        "can_undo": 0,
        "can_redo": 1,
    }
    assert back["files"][0]["state"] == "draft"
    assert chat.rows()[1] == ["Rent", 1200]
    assert chat.rows()[3] == ["Sum", 1650]
    forth = redo(chat)
    assert forth["result"] == {
        "steps": 1,
        "redone": ["write_excel_range"],
        "can_undo": 1,
        "can_redo": 0,
    }
    assert chat.rows()[1] == ["Rent", 1300]
    assert chat.rows()[3] == ["Sum", 1750]


@pytest.mark.parametrize("kept", ["replayed", "from checkpoints"])
@pytest.mark.parametrize("origin", ["made", "uploaded", "with macros"])
def test_every_state_comes_back_part_by_part(
    make_service: MakeService, monkeypatch: pytest.MonkeyPatch, origin: str, kept: str
) -> None:
    """Formats, charts, pictures, sheets, merged cells and widths are as they were."""
    if kept != "replayed":
        monkeypatch.setattr(checkpoints, "REPLAY_STEPS", 2)
        monkeypatch.setattr(checkpoints, "LOOK_EVERY", 1)
    chat = Chat(make_service())
    if origin == "made":
        create(chat)
    else:
        ending = "xlsx" if origin == "uploaded" else "xlsm"
        chat.upload(rich_workbook(), f"book.{ending}")
        chat.op("open_excel_file")
    states = [drawn(chat)]
    for name, parameters in CHANGES:
        chat.op(name, **parameters)
        states.append(drawn(chat))
    assert all(one != other for one, other in itertools.pairwise(states))
    assert bool(checkpoint_files(chat)) == (kept != "replayed")
    here, chance = len(CHANGES), random.Random(7)
    for target in [0, len(CHANGES), *(chance.randrange(len(states)) for _ in range(12))]:
        if target < here:
            undo(chat, here - target)
        elif target > here:
            redo(chat, target - here)
        here = target
        assert drawn(chat) == states[here]


@pytest.mark.parametrize("kept", ["replayed", "from checkpoints"])
@pytest.mark.parametrize("origin", ["made", "uploaded"])
def test_pivot_tables_come_back_as_they_were(
    make_service: MakeService, monkeypatch: pytest.MonkeyPatch, origin: str, kept: str
) -> None:
    if kept != "replayed":
        monkeypatch.setattr(checkpoints, "REPLAY_STEPS", 2)
        monkeypatch.setattr(checkpoints, "LOOK_EVERY", 1)
    chat = Chat(make_service())
    if origin == "made":
        create(chat)
    else:
        chat.upload(rich_workbook(), "book.xlsx")
        chat.op("open_excel_file")
    chat.op("import_csv_to_excel", workbook="book", source="a,b\n1,2\n", sheet="Imported")
    states = [drawn(chat)]
    for name, parameters in (
        ("create_excel_pivot", {"sheet": "Imported", "rows": ["a"], "values": ["b"]}),
        ("write_excel_range", {"sheet": "Imported", "start": "A2", "rows": [[7, 8]]}),
        ("create_excel_pivot", {"action": "refresh"}),
        ("create_excel_pivot", {"action": "delete"}),
    ):
        chat.op(name, **parameters)
        states.append(drawn(chat))
    assert all(one != other for one, other in itertools.pairwise(states))
    undo(chat, 4)
    assert drawn(chat) == states[0]
    for state in states[1:]:
        redo(chat)
        assert drawn(chat) == state
    undo(chat, 2)
    assert drawn(chat) == states[2]


def checkpoint_files(chat: Chat) -> list[Path]:
    session = chat.service.sessions.find(chat.id)
    root = chat.service.sessions.parts.store.root / session.folder
    return sorted(root.glob("workbooks/*/copy*/checkpoints/*"))


def test_a_file_goes_back_to_its_opening_and_a_made_one_to_its_making(chat: Chat) -> None:
    chat.upload(workbook_bytes(), "sent.xlsx")
    chat.op("open_excel_file")
    for number in range(3):
        append(chat, number)
    assert undo(chat, 3)["result"]["can_undo"] == 0
    assert chat.rows() == [HEADERS, ["Rent", 1200]]
    chat.op("close_excel_file")
    create(chat)
    append(chat, 1)
    assert undo(chat)["result"]["can_undo"] == 0
    assert len(chat.rows()) == 4


@pytest.mark.parametrize("made", [True, False])
def test_too_many_steps_are_refused_with_how_many_there_are(chat: Chat, made: bool) -> None:
    if made:
        create(chat)
    else:
        chat.upload(workbook_bytes(), "book.xlsx")
        chat.op("open_excel_file")
    for number in range(2):
        append(chat, number)
    before = chat.rows()
    for action, steps, details in [
        ("undo", 3, {"undoable": 2}),
        ("undo", 10_000, {"undoable": 2}),
        ("redo", 1, {"redoable": 0}),
        ("changes", 3, {"undoable": 2}),
    ]:
        error = chat.fail("undo_excel_change", action=action, steps=steps)
        assert (error["status"], error["code"]) == (422, "invalid_parameters")
        assert error["details"] == details
        assert "book.xlsx" in error["message"]
        assert chat.rows() == before
    undo(chat, 2)
    error = chat.fail("undo_excel_change")
    assert error["details"] == {"undoable": 0}
    assert "nothing to undo" in error["hint"]
    error = chat.fail("undo_excel_change", action="redo", steps=3)
    assert error["details"] == {"redoable": 2}
    assert "at most 2" in error["hint"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"steps": 0},
        {"steps": -1},
        {"steps": 10_001},
        {"action": "redo", "steps": 0},
        {"action": "changes", "steps": -1},
        {"action": "changes", "page": 0},
        {"action": "back"},
        {"steps": "many"},
    ],
)
def test_a_senseless_number_of_steps_is_refused(chat: Chat, parameters: dict[str, Any]) -> None:
    create(chat)
    append(chat, 1)
    error = chat.fail("undo_excel_change", **parameters)
    assert (error["status"], error["code"]) == (422, "invalid_parameters")
    assert len(chat.rows()) == 5


def test_a_new_change_takes_the_place_of_undone_ones(chat: Chat) -> None:
    create(chat)
    for number in range(3):
        append(chat, number)
    undo(chat, 2)
    append(chat, 9)
    assert chat.fail("undo_excel_change", action="redo")["details"] == {"redoable": 0}
    assert [row[0] for row in chat.rows()[4:]] == ["row 0", "row 9"]
    assert undo(chat, 2)["result"]["can_redo"] == 2
    assert len(chat.rows()) == 4
    redo(chat, 2)
    assert [row[0] for row in chat.rows()[4:]] == ["row 0", "row 9"]


def test_undoing_needs_an_open_workbook_and_its_name_where_there_are_several(chat: Chat) -> None:
    assert chat.fail("undo_excel_change")["code"] == "workbook_not_found"
    create(chat, "one.xlsx")
    create(chat, "two.xlsx")
    append_to_one = {"workbook": "one", "start": "append", "rows": [["x", 1]]}
    chat.op("write_excel_range", **append_to_one)
    assert chat.fail("undo_excel_change")["code"] == "workbook_required"
    assert undo(chat, workbook="one")["workbook"] == "one.xlsx"
    chat.op("close_excel_file", workbook="one")
    assert chat.fail("undo_excel_change", workbook="one")["code"] == "workbook_not_open"


def test_a_closed_workbook_has_no_steps_left(chat: Chat) -> None:
    create(chat)
    append(chat, 1)
    chat.op("save_excel_file")
    chat.op("close_excel_file")
    chat.op("open_excel_file", file="book")
    assert chat.fail("undo_excel_change")["details"] == {"undoable": 0}
    append(chat, 2)
    undo(chat)
    assert len(chat.rows()) == 5


# Saving and undo ------------------------------------------------------------------


def test_unsaved_changes_count_the_way_to_the_last_save(chat: Chat) -> None:
    create(chat)
    append(chat, 1)
    saved = chat.op("save_excel_file")
    append(chat, 2)
    assert undo(chat)["unsaved_changes"] == 0
    assert undo(chat)["unsaved_changes"] == 1, "what was saved is undone: the file differs"
    back = chat.op("list_excel_files")
    assert back["files"][0]["state"] == "draft"
    assert len(rows_of(chat.download(back["files"][0]))) == 4
    assert len(rows_of(chat.download(saved["files"][0]))) == 5, "the saved version stays"
    forth = redo(chat)
    assert forth["unsaved_changes"] == 0
    assert (forth["files"][0]["state"], forth["files"][0]["version"]) == ("saved", 1)
    undo(chat)
    changed = append(chat, 3)
    assert changed["unsaved_changes"] == 2, "one undone, one new"
    again = chat.op("save_excel_file")
    assert (again["result"]["version"], again["unsaved_changes"]) == (2, 0)
    assert [row[0] for row in chat.downloaded_rows(again["files"][0])][-1] == "row 3"
    assert undo(chat)["unsaved_changes"] == 1


def test_closing_after_undo_says_what_is_discarded(chat: Chat) -> None:
    create(chat)
    append(chat, 1)
    chat.op("save_excel_file")
    undo(chat)
    closed = chat.op("close_excel_file")
    assert closed["result"]["discarded_changes"] == 1
    chat.op("open_excel_file", file="book")
    assert len(chat.rows()) == 5


def test_a_draft_link_gives_what_undo_left(chat: Chat) -> None:
    link = create(chat)["files"][0]
    append(chat, 1)
    assert len(chat.downloaded_rows(link)) == 5
    undo(chat)
    assert len(chat.downloaded_rows(link)) == 4
    redo(chat)
    assert len(chat.downloaded_rows(link)) == 5


# Lasting ---------------------------------------------------------------------------


def restarted(chat: Chat, make_service: MakeService) -> Chat:
    chat.service.close()
    again = Chat(make_service(), chat.user, chat.chat)
    assert again.id == chat.id
    return again


def test_undo_and_redo_go_on_after_a_restart(make_service: MakeService) -> None:
    chat = Chat(make_service())
    create(chat)
    for number in range(4):
        append(chat, number)
    chat.op("save_excel_file")
    undo(chat, 2)
    chat = restarted(chat, make_service)
    assert [row[0] for row in chat.rows()[4:]] == ["row 0", "row 1"]
    listed = chat.op("list_excel_files")["result"]["open"]
    assert listed == [{"workbook": "book.xlsx", "unsaved_changes": 2}]
    assert redo(chat)["unsaved_changes"] == 1
    assert len(chat.rows()) == 7
    chat = restarted(chat, make_service)
    assert undo(chat, 3)["result"] == {
        "steps": 3,
        "undone": ["write_excel_range"] * 3,
        "can_undo": 0,
        "can_redo": 4,
    }
    append(chat, 9)
    chat = restarted(chat, make_service)
    assert chat.fail("undo_excel_change", action="redo")["details"] == {"redoable": 0}
    assert [row[0] for row in chat.rows()[4:]] == ["row 9"]


def test_a_repeated_undo_undoes_once(make_service: MakeService) -> None:
    chat = Chat(make_service())
    create(chat)
    for number in range(3):
        append(chat, number)
    first = chat.once("undo-1", "undo_excel_change")
    assert chat.once("undo-1", "undo_excel_change") == first
    assert len(chat.rows()) == 6
    chat = restarted(chat, make_service)
    again = chat.once("undo-1", "undo_excel_change")
    assert again["result"] == first["result"]
    assert again["unsaved_changes"] == first["unsaved_changes"]
    assert len(chat.rows()) == 6
    chat.once("redo-1", "undo_excel_change", action="redo")
    chat.once("redo-1", "undo_excel_change", action="redo")
    assert len(chat.rows()) == 7
    error = error_of(chat.call("undo_excel_change", {"steps": 2}, "undo-1"))
    assert error["code"] == "invalid_parameters"


# Checkpoints -------------------------------------------------------------------------


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint after every five operations."""
    monkeypatch.setattr(checkpoints, "REPLAY_STEPS", 5)
    monkeypatch.setattr(checkpoints, "LOOK_EVERY", 1)


def with_checkpoints(service: Service) -> Chat:
    chat = Chat(service)
    create(chat)
    for number in range(18):
        append(chat, number)
    assert [path.name for path in checkpoint_files(chat)] == ["10", "15", "5"]
    return chat


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(bytes(data))


def _of_another_version(path: Path) -> None:
    magic, _, rest = path.read_bytes().split(b"\n", 2)
    path.write_bytes(b"\n".join([magic, b"python 2.7 openpyxl 1.0", rest]))


def _of_another_format(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"checkpoint 3", b"checkpoint 9", 1))


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize(
    ("spoil", "which"),
    [
        (_emptied, "all"),
        (_cut, "all"),
        (_flipped, "all"),
        (_flipped, "the last"),
        (_of_another_version, "all"),
        (_of_another_format, "all"),
    ],
)
def test_a_checkpoint_that_cannot_be_used_only_costs_time(
    make_service: MakeService, spoil: Callable[[Path], object], which: str
) -> None:
    chat = with_checkpoints(make_service())
    before = drawn(chat)
    found = sorted(checkpoint_files(chat), key=lambda path: int(path.name))
    for path in found if which == "all" else found[-1:]:
        spoil(path)
    chat = restarted(chat, make_service)
    assert drawn(chat) == before
    undo(chat, 4)
    assert [row[1] for row in chat.rows()[4:]] == list(range(14))
    left = {path.name for path in checkpoint_files(chat)}
    assert left == (set() if which == "all" else {"5", "10"}), "useless ones are removed"


@pytest.mark.usefixtures("often")
def test_checkpoints_are_bounded_and_leave_with_their_copy(chat: Chat) -> None:
    create(chat)
    for number in range(60):
        append(chat, number)
    assert len(checkpoint_files(chat)) == checkpoints.MOST_KEPT
    undo(chat, 60)
    assert len(chat.rows()) == 4, "also where no checkpoint is left on the way"
    redo(chat, 60)
    assert [row[1] for row in chat.rows()[4:]] == list(range(60))
    chat.op("close_excel_file")
    assert checkpoint_files(chat) == []


@pytest.mark.usefixtures("often")
def test_a_new_version_of_the_editor_finds_no_checkpoint_and_all_workbooks(
    make_service: MakeService,
) -> None:
    chat = Chat(make_service())
    create(chat)
    for number in range(40):
        append(chat, number)
    found = checkpoint_files(chat)
    assert len(found) == checkpoints.MOST_KEPT
    for path in found:
        _of_another_version(path)
    chat = restarted(chat, make_service)
    assert [row[1] for row in chat.rows()[4:]] == list(range(40))


def test_a_workbook_that_fits_into_no_checkpoint_is_refused_one(tmp_path: Path) -> None:
    book = Book(openpyxl.Workbook(), "book.xlsx")
    book.xl.unheard_of = lambda: None
    with pytest.raises(InternalError, match="checkpoint"):
        book.keep(tmp_path / "1")
    assert list(tmp_path.iterdir()) == []
    del book.xl.unheard_of
    book.keep(tmp_path / "1")
    assert Book.kept(tmp_path / "1", "book.xlsx").sheet_names == ["Sheet"]


def test_checkpoints_come_however_undo_and_changes_alternate(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each undo is an entry of the journal too, and must not make round numbers unreachable."""
    monkeypatch.setattr(checkpoints, "REPLAY_STEPS", 5)
    monkeypatch.setattr(checkpoints, "LOOK_EVERY", 5)
    create(chat)
    for number in range(20):
        append(chat, number)
        if number % 4 == 2:
            undo(chat)
    assert checkpoint_files(chat)


# What changed ----------------------------------------------------------------------------


def test_changed_values_formulas_and_results_are_told_by_cell(chat: Chat) -> None:
    create(chat)
    chat.op("write_excel_range", start="B2", rows=[[1300]])
    told = changes(chat)
    assert told == {
        "steps": 1,
        "operations": ["write_excel_range"],
        "changed_cells": 2,
        "cells": [
            {"cell": "Costs!B2", "before": 1200, "after": 1300},
            {
                "cell": "Costs!B4",
                "before": 1650,
                "after": 1750,
                "formula_before": "=SUM(B2:B3)",
                "formula_after": "=SUM(B2:B3)",
            },
        ],
    }
    chat.op("write_excel_range", start="B4", rows=[["=MAX(B2:B3)"]])
    (cell,) = changes(chat)["cells"]
    assert cell == {
        "cell": "Costs!B4",
        "before": 1750,
        "after": 1300,
        "formula_before": "=SUM(B2:B3)",
        "formula_after": "=MAX(B2:B3)",
    }
    chat.op("write_excel_range", start="B4", rows=[[1300]])
    (cell,) = changes(chat)["cells"]
    assert (cell["before"], cell["after"]) == (1300, 1300)
    assert cell["formula_before"] == "=MAX(B2:B3)"
    assert "formula_after" not in cell


def test_a_number_and_a_text_that_looks_like_it_are_different(chat: Chat) -> None:
    create(chat)
    chat.op("write_excel_range", start="B2", rows=[["1200"]])
    assert changes(chat)["cells"][0] == {"cell": "Costs!B2", "before": 1200, "after": "1200"}
    chat.op("write_excel_range", start="A2:A2".split(":", maxsplit=1)[0], rows=[[None]])
    assert changes(chat)["cells"] == [{"cell": "Costs!A2", "before": "Rent", "after": None}]


def test_formats_are_told_with_what_they_were(chat: Chat) -> None:
    create(chat)
    style = {"fill": "#FFFF00", "italic": True, "number_format": "0.00", "border": "thin"}
    chat.op("format_excel_cells", range="B2", style=style)
    (cell,) = changes(chat)["cells"]
    assert cell["cell"] == "Costs!B2"
    assert "before" not in cell, "the value is as it was"
    assert cell["format"]["fill"] == ["none", "#FFFF00"]
    assert cell["format"]["number_format"][1] == "0.00"
    assert cell["format"]["border"] == ["none", "left thin right thin top thin bottom thin"]
    assert "italic" in cell["format"]["font"][1]
    assert "italic" not in cell["format"]["font"][0]


def test_sheets_charts_and_layout_are_told(chat: Chat) -> None:
    create(chat)
    chat.op("create_excel_chart", chart_type="pie", data_range="A1:B3")
    told = changes(chat)
    assert (told["changed_cells"], told["cells"], told["charts_added"]) == (0, [], 1)
    chat.op("import_csv_to_excel", workbook="book", source="a,b\n1,2\n", sheet="More")
    told = changes(chat)
    assert told["sheets_added"] == ["More"]
    assert told["changed_cells"] == 4
    assert {cell["before"] for cell in told["cells"]} == {None}
    chat.op("format_excel_cells", sheet="Costs", range="A1", style={"width": 44, "height": 40})
    assert changes(chat)["layout_changed"] == {"Costs": ["column widths", "row heights"]}
    whole = changes(chat, 0)
    assert whole["steps"] == 3
    assert (whole["charts_added"], whole["sheets_added"]) == (1, ["More"])


def test_a_long_list_of_changes_comes_in_pages(chat: Chat) -> None:
    create(chat)
    chat.op("write_excel_range", start="D1", rows=[[n, "x" * 1_000] for n in range(130)])
    seen: list[str] = []
    page: int | None = 1
    while page:
        told = changes(chat, 1, page)
        assert told["changed_cells"] == 260
        assert len(told["cells"]) <= 100
        seen += [cell["cell"] for cell in told["cells"]]
        page = told.get("next_page")
    assert len(set(seen)) == len(seen) == 260
    assert seen[0] == "Costs!D1"
    assert seen[-1] == "Costs!E130"
    long = told["cells"][-1]["after"]
    assert len(long) < 400, "long texts are cut"
    assert "1,000 characters" in long
    assert changes(chat, 1, 4)["cells"] == []


def test_nothing_is_undone_by_asking_what_changed(chat: Chat) -> None:
    create(chat)
    for number in range(3):
        append(chat, number)
    undo(chat)
    before = drawn(chat)
    asked = chat.op("undo_excel_change", action="changes", steps=2)
    assert asked["files"] == [], "nothing new to deliver"
    assert asked["unsaved_changes"] == 3
    assert drawn(chat) == before
    assert redo(chat)["result"]["can_undo"] == 3


def test_what_changed_is_told_between_undo_and_redo(chat: Chat) -> None:
    create(chat)
    for number in range(3):
        append(chat, number)
    assert changes(chat, 0)["steps"] == 3
    undo(chat, 2)
    told = changes(chat, 0)
    assert told["steps"] == 1
    assert [cell["after"] for cell in told["cells"]] == ["row 0", 0]
    redo(chat)
    assert changes(chat)["cells"][0]["after"] == "row 1"
    undo(chat, 2)
    assert changes(chat, 0)["changed_cells"] == 0
    append(chat, 9)
    assert [cell["after"] for cell in changes(chat, 0)["cells"]] == ["row 9", 9]


def test_changes_reach_back_to_the_opening_after_a_restart(make_service: MakeService) -> None:
    chat = Chat(make_service())
    chat.upload(rich_workbook(), "book.xlsx")
    chat.op("open_excel_file")
    assert changes(chat, 0) == {"steps": 0, "operations": [], "changed_cells": 0, "cells": []}
    chat.op("write_excel_range", sheet="Costs", start="B2", rows=[[1]])
    told = changes(chat, 0)
    assert [cell["cell"] for cell in told["cells"]] == ["Costs!B2", "Costs!B4"]
    chat = restarted(chat, make_service)
    assert changes(chat, 0) == told


def test_what_changed_between_any_two_points(service: Service) -> None:
    chat = Chat(service)
    chat.op("create_excel_file", filename="points.xlsx", headers=["A"])
    for number in range(1, 5):
        chat.op("write_excel_range", start="A2", rows=[[number]])

    def told(**asked: int) -> list[tuple[object, object]]:
        result = chat.op("undo_excel_change", action="changes", **asked)["result"]
        return [(cell["before"], cell["after"]) for cell in result["cells"]]

    assert told(steps=1) == [(3, 4)]
    assert told(steps=1, until=1) == [(2, 3)]
    assert told(steps=2, until=1) == [(1, 3)]
    assert told(steps=0, until=2) == [(None, 2)]
    assert told(steps=0, until=4) == []
    assert chat.op("read_excel_range", range="A2")["result"]["rows"] == [[4]]
    too_far = chat.fail("undo_excel_change", action="changes", steps=1, until=4)
    assert too_far["code"] == "invalid_parameters"
    useless = chat.fail("undo_excel_change", action="undo", until=1)
    assert "until has no effect on undo" in useless["message"]


def test_gradients_and_fonts_without_a_size_are_told(tmp_path: Path) -> None:
    xl = openpyxl.Workbook()
    xl.worksheets[0]["A1"] = "x"
    xl.worksheets[0]["A1"].fill = openpyxl.styles.GradientFill(stop=["FF0000", "00FF00"])
    xl.worksheets[0]["A1"].font = openpyxl.styles.Font(name="Arial", sz=None)
    xl.save(tmp_path / "odd.xlsx")
    before, after = (Book.load(tmp_path / "odd.xlsx", "odd.xlsx") for _ in range(2))
    run(after, "format_excel_cells", range="A1", style={"fill": "yellow", "size": 9})
    (told,) = told_changes(before, after, 1, 10)["cells"]
    assert told["format"] == {
        "font": ["Arial", "Arial 9"],
        "fill": ["gradient #FF0000 #00FF00", "#FFFF00"],
    }
