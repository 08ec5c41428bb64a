"""Whatever is done to what hangs on sheets, in whatever order, the file says the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from lxml import etree
from openpyxl.chart import BarChart, PieChart, Reference
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image
from openpyxl.worksheet.table import Table

from service.operations.new_chart_details import set_title
from service.workbook.drawn import chart_tree, picture_content
from service.workbook.keeping.anchors import position_of
from service.workbook.keeping.comments import comments_on
from service.workbook.new_charts import NewChart
from tests import kept
from tests.corpus.validity import problems
from tests.kept import C, Opened


def cell(r: random.Random, sheet: Any) -> Any:
    return sheet.cell(r.randint(1, 60), r.randint(1, 30))


def add_chart(r: random.Random, sheet: Any) -> None:
    chart = r.choice((BarChart, PieChart))()
    chart.add_data(Reference(sheet, min_col=1, min_row=1, max_row=4))
    sheet.add_chart(chart, cell(r, sheet).coordinate)


def change_chart(r: random.Random, sheet: Any) -> None:
    if sheet._charts:
        chart = r.choice(sheet._charts)
        if isinstance(chart, NewChart):
            tree = chart.tree
            set_title(tree, f"Title {r.random()}")
            chart.replace(tree)
            return
        chart.title = f"Title {r.random()}"
        if chart.ser and r.random() < 0.3:
            chart.ser = chart.ser[1:]


def delete_drawn(r: random.Random, sheet: Any) -> None:
    drawn = r.choice((sheet._charts, sheet._images))
    if drawn:
        drawn.remove(r.choice(drawn))


def move_drawn(r: random.Random, sheet: Any) -> None:
    if drawn := [*sheet._charts, *sheet._images]:
        r.choice(drawn).anchor = cell(r, sheet).coordinate


def add_picture(r: random.Random, sheet: Any) -> None:
    image = Image(kept.picture(r.choice(["red", "blue"]), r.choice(["png", "bmp", "webp"])))
    sheet.add_image(image, cell(r, sheet).coordinate)


def add_note(r: random.Random, sheet: Any) -> None:
    cell(r, sheet).comment = Comment(f"Note {r.random()}", r.choice(["Ann", "Dee"]))


def change_note(r: random.Random, sheet: Any) -> None:
    if found := comments_on(sheet):
        r.choice(list(found.values())).text = f"Other {r.random()}"


def delete_note(r: random.Random, sheet: Any) -> None:
    if found := comments_on(sheet):
        sheet.cell(*r.choice(list(found))).comment = None


def move_note(r: random.Random, sheet: Any) -> None:
    if found := comments_on(sheet):
        place = r.choice(list(found))
        sheet.cell(*place).comment = None
        cell(r, sheet).comment = found[place]


def add_table(r: random.Random, sheet: Any) -> None:
    row = sheet.max_row + 100
    sheet.cell(row, 1, "Header"), sheet.cell(row + 1, 1, 1)
    sheet.add_table(Table(displayName=f"Table{r.randrange(10**9)}", ref=f"A{row}:A{row + 1}"))


def change_table(r: random.Random, sheet: Any) -> None:
    if sheet.tables:
        r.choice(list(dict.values(sheet.tables))).tableStyleInfo = None


def delete_table(r: random.Random, sheet: Any) -> None:
    if sheet.tables:
        del sheet.tables[r.choice(list(sheet.tables))]


STEPS: list[Callable[[random.Random, Any], None]] = [
    add_chart,
    change_chart,
    delete_drawn,
    move_drawn,
    add_picture,
    add_note,
    change_note,
    delete_note,
    move_note,
    add_table,
    change_table,
    delete_table,
]


def shown(chart: Any) -> tuple[str, ...]:
    """Where a chart lies, its title, and what it draws in which look."""
    if isinstance(chart, NewChart):
        return str(position_of(chart)), chart.kind, chart.title, *chart.formulas
    tree = chart_tree(chart)
    for item in [*tree.iter(f"{{{C}}}idx", f"{{{C}}}order")]:
        item.set("val", "")  # openpyxl numbers series anew when it reads them
    parts = (*tree.iter(f"{{{C}}}title", f"{{{C}}}ser"),)
    texts = (etree.tostring(part, method="c14n").decode() for part in parts)
    return str(position_of(chart)), chart.tagname, *texts


def state(book: openpyxl.Workbook) -> dict[str, list[Any]]:
    """What hangs on each sheet, as the editor has it."""
    found = {}
    for sheet in book.worksheets:
        tables = dict.values(sheet.tables)
        found[sheet.title] = [
            sorted(map(shown, sheet._charts)),
            sorted((str(position_of(item)), picture_content(item)) for item in sheet._images),
            {place: note.text for place, note in comments_on(sheet).items()},
            {t.name: (t.ref, bool(t.tableStyleInfo), t.column_names) for t in tables},
        ]
    return found


@pytest.mark.parametrize("seed", range(12))
def test_what_is_saved_is_what_was_edited(seed: int, tmp_path: Path) -> None:
    r = random.Random(seed)
    path = kept.full_workbook(tmp_path / "book0.xlsx")
    opened = Opened(path)
    for number in range(1, 4):
        for _ in range(r.randint(1, 8)):
            r.choice(STEPS)(r, r.choice(opened.book.worksheets))
        path = tmp_path / f"book{number}.xlsx"
        opened.save(path)
        # only what hangs on the sheets is written here: no table has its cells
        assert [text for text in problems(path) if "/xl/tables/" not in text] == []
        again = Opened(path)
        assert state(again.book) == state(opened.book)
        if r.random() < 0.5:
            opened = again
