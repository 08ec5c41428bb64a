"""Changes of structure give what LibreOffice gives for the same change.

Both results go through LibreOffice once more, so that only what the change did can differ:
the original is loaded there, changed there and stored; ours is changed here, and loaded and
stored there.
"""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.formula import ArrayFormula

from service.errors import ExcelToolsError
from service.workbook.areas import Area, parse_area
from service.workbook.package.opc import Draft, Package, parse
from service.workbook.references.apply import apply
from service.workbook.references.changes import (
    Change,
    CopySheet,
    DeleteCells,
    DeleteColumns,
    DeleteRows,
    DeleteSheet,
    InsertCells,
    InsertColumns,
    InsertRows,
    MoveColumns,
    MoveRows,
    MoveSheet,
    RenameSheet,
)
from tests.structure_books import KINDS, made

pytestmark = [pytest.mark.e2e, pytest.mark.needs("soffice"), pytest.mark.timeout(900)]
SCRIPT = Path(__file__).with_name("libreoffice_judge.py")
WHOLE = Area(1, 1, 1_048_576, 16_384)


def area(text: str) -> Area:
    return parse_area(text, WHOLE)


CHANGES: dict[str, Change] = {
    "insert row 1": InsertRows("Data", 1),
    "insert rows 5-6": InsertRows("Data", 5, 2),
    "insert row 2": InsertRows("Data", 2),
    "insert below": InsertRows("Data", 13, 3),
    "delete row 5": DeleteRows("Data", 5),
    "delete rows 4-7": DeleteRows("Data", 4, 4),
    "delete rows 2-3": DeleteRows("Data", 2, 2),
    "delete rows 9-12": DeleteRows("Data", 9, 4),
    "insert column A": InsertColumns("Data", 1),
    "insert columns C-D": InsertColumns("Data", 3, 2),
    "delete column B": DeleteColumns("Data", 2),
    "delete columns C-E": DeleteColumns("Data", 3, 3),
    "delete column A": DeleteColumns("Data", 1),
    "move rows 4-5 down": MoveRows("Data", 4, 2, 9),
    "move row 9 up": MoveRows("Data", 9, 1, 4),
    "move column D left": MoveColumns("Data", 4, 1, 3),
    "move column B right": MoveColumns("Data", 2, 1, 5),
    "rename": RenameSheet("Data", "Fresh"),
    "rename with signs": RenameSheet("Data", "Q1's & more"),
    "move sheet last": MoveSheet("Data", 3),
    "move sheet first": MoveSheet("Last", 1),
    "copy": CopySheet("Data", "Data (2)"),
    "delete sheet": DeleteSheet("Data"),
    "delete other sheet": DeleteSheet("Other sheet"),
    "insert cells down": InsertCells("Data", area("B4:C5"), "rows"),
    "insert cells right": InsertCells("Data", area("B4:C5"), "columns"),
    "delete cells up": DeleteCells("Data", area("D6:F7"), "rows"),
    "delete cells left": DeleteCells("Data", area("A14:B16"), "columns"),
}
MANY = ("formulas", "names", "rules", "validations")
FEW = (
    "insert row 1",
    "insert rows 5-6",
    "insert below",
    "delete row 5",
    "delete rows 9-12",
    "insert columns C-D",
    "delete column B",
    "delete columns C-E",
    "move rows 4-5 down",
    "move column B right",
    "rename with signs",
    "move sheet last",
    "copy",
    "delete sheet",
)
CASES = [(kind, name) for kind in KINDS for name in (CHANGES if kind in MANY else FEW)]

# Where LibreOffice 7.4 does something else than Excel, and Excel is followed: which workbooks,
# which changes, which facts (regular expressions over the whole of each), and why.
EDGES = "in Excel an edge of a range goes with its line; there only ranges moved as a whole go"
FIRST = "there a rule whose first cell goes loses its references, in Excel the next cell counts"
STAYS = "there formats are not parted where only some of their cells move aside"
OWN = "in Excel a copied sheet's references to itself mean the copy"
TABLES = "there the columns of a table and the references to them are not kept together"
CHARTS = "there a chart keeps, or copies, ranges whose cells are gone or were moved"
THROUGH = "in Excel references through several sheets follow the sheets, not the cells of one"
DIFFERENT: list[tuple[str, str, str, str]] = [
    ("formulas|names", "move .*", "(cells|names|printed) .*", EDGES),
    ("rules|validations", "delete .*", "(formats|validations) Data", FIRST),
    ("rules", "(insert cells|move) .*", "formats Data", STAYS),
    ("validations|charts|tables", "copy", ".*", OWN),
    ("tables", "(insert|delete) .*", "cells .*", TABLES),
    ("charts", "(delete|move) .*", "charts .*", CHARTS),
    ("through", "(insert|delete|move) .*", "cells Summe!.*", THROUGH),
    ("through", "rename with signs", "cells Summe!.*", "there such names are read otherwise"),
    ("blocks", "delete row 5", "merged Data", "there merged cells end with their first row"),
]
# What LibreOffice refuses or fails at.
FAILS = {("arrays", "insert below"): "it takes rows in front of an array for a part of it"}


def _described(change: Change) -> dict[str, Any]:
    found = {f.name: getattr(change, f.name) for f in dataclasses.fields(change)}
    found = {key: str(v) if isinstance(v, Area) else v for key, v in found.items()}
    return {"kind": type(change).__name__, **found}


def _python() -> str:
    """The Python that LibreOffice's bridge belongs to."""
    for program in ("/usr/bin/python3", "/usr/local/bin/python3", "python3", sys.executable):
        done = subprocess.run([program, "-c", "import uno"], capture_output=True)
        if done.returncode == 0:
            return program
    pytest.fail("no Python here has LibreOffice's bridge (Debian's package python3-uno)")


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], tuple[Path, Path]]:
    """For each case the file as changed there, and as changed here."""
    folder = tmp_path_factory.mktemp("judge")
    jobs: list[dict[str, Any]] = []
    results = {}
    for kind in KINDS:
        source = folder / f"{kind}.xlsx"
        source.write_bytes(made(kind))
        for number, (name, change) in enumerate(CHANGES.items()):
            if (kind, name) not in CASES or (kind, name) in FAILS:
                continue
            ours = folder / f"{kind}-{number}-ours.xlsx"
            draft = Draft(Package(source))
            if (kind, name) in REFUSED:
                with pytest.raises(ExcelToolsError):
                    apply(draft, change)
                continue
            apply(draft, change)
            draft.save(ours)
            there, here = (folder / f"{kind}-{number}-{side}.xlsx" for side in ("there", "here"))
            jobs.append({"source": str(source), "change": _described(change), "target": str(there)})
            jobs.append({"source": str(ours), "change": None, "target": str(here)})
            results[kind, name] = there, here
    (folder / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    command = [_python(), str(SCRIPT), str(folder / "jobs.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=800)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return results


# Facts ------------------------------------------------------------------------

_GONE = re.compile(r"(?:'(?:[^']|'')+'!|[\w.]+!)?#ref!(?::#ref!)?", re.IGNORECASE)
_TWICE = re.compile(r"(\$?[A-Z]+\$?\d+):\1(?![\w.])")


def plain(text: object) -> str:
    """A formula without what says the same in two ways."""
    text = str(text).removeprefix("=").replace(" ", "")
    return _TWICE.sub(r"\1", _GONE.sub("#REF!", text))


def facts(path: Path) -> dict[str, dict[str, Any]]:
    """What a file says, by topic."""
    book = openpyxl.load_workbook(path)
    found: dict[str, dict[str, Any]] = {"sheets": dict(enumerate(book.sheetnames))}
    found["cells"] = {
        f"{sheet.title}!{cell.coordinate}": _content(cell.value)
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    }
    found["names"] = {name: plain(item.attr_text) for name, item in book.defined_names.items()}
    for sheet in book.worksheets:
        title = sheet.title
        names = {f"{title}!{n}": plain(i.attr_text) for n, i in sheet.defined_names.items()}
        found["names"] |= names
        for topic, value in _of_sheet(sheet).items():
            if value:
                found.setdefault(topic, {})[title] = value
    found["charts"] = _charts(path)
    return found


def _content(value: object) -> object:
    if isinstance(value, ArrayFormula):
        return f"{{{value.ref} {plain(value.text)}}}"
    return "=" + plain(value) if isinstance(value, str) and value.startswith("=") else value


def _of_sheet(sheet: Any) -> dict[str, Any]:
    formats = [
        (_cells(str(item.sqref)), rule.type, tuple(map(plain, rule.formula)))
        for item in sheet.conditional_formatting
        for rule in item.rules
    ]
    validations = [
        (_cells(str(v.sqref)), v.type, plain(v.formula1), plain(v.formula2))
        for v in sheet.data_validations.dataValidation
    ]
    return {
        "merged": sorted(map(str, sheet.merged_cells.ranges)),
        "formats": sorted(formats),
        "validations": sorted(validations),
        "links": sorted(
            (link.ref, str(link.target or link.location).replace("$", ""))
            for link in sheet._hyperlinks
        ),
        "filter": sheet.auto_filter.ref,
        "frozen": sheet.freeze_panes,
        "printed": (sheet.print_area, sheet.print_title_rows, sheet.print_title_cols),
        "tables": sorted((t.name, t.ref) for t in sheet.tables.values()),
        "comments": sorted(c.coordinate for row in sheet.iter_rows() for c in row if c.comment),
        "heights": {r: d.height for r, d in sheet.row_dimensions.items() if d.height == 40},
    }


def _fixed(text: str | None) -> str:
    return plain((text or "").replace("$", ""))


def _cells(areas: str) -> str:
    """A list of areas as the cells they hold: there are several ways to write them."""
    found = [area(part) for part in areas.split()]
    rows = {a: range(a.first_row, a.last_row + 1) for a in found}
    places = {
        (r, c) for a in found for r in rows[a] for c in range(a.first_column, a.last_column + 1)
    }
    return " ".join(f"{get_column_letter(column)}{row}" for row, column in sorted(places))


def _charts(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        charts = [name for name in archive.namelist() if re.match(r"xl/charts/chart\d", name)]
        return {
            str(index): refs
            for index, refs in enumerate(
                sorted(
                    [_fixed(item.text) for item in parse(archive.read(name)).iter("{*}f")]
                    for name in charts
                )
            )
        }


def differences(there: dict[str, Any], here: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    found = {}
    for topic in sorted({*there, *here}):
        left, right = there.get(topic, {}), here.get(topic, {})
        for key in sorted({*left, *right}, key=str):
            if left.get(key) != right.get(key):
                found[f"{topic} {key}"] = (left.get(key), right.get(key))
    return found


def excused(kind: str, name: str, key: str) -> bool:
    """Whether LibreOffice is known to do something else than Excel there."""
    return any(
        re.fullmatch(kinds, kind) and re.fullmatch(names, name) and re.fullmatch(keys, key)
        for kinds, names, keys, _ in DIFFERENT
    )


# What Excel refuses, and LibreOffice does.
REFUSED = {("blocks", "move rows 4-5 down")}


@pytest.mark.parametrize(
    ("kind", "name"), [case for case in CASES if case not in REFUSED and case not in FAILS]
)
def test_the_change_gives_what_libreoffice_gives(
    judged: dict[tuple[str, str], tuple[Path, Path]], kind: str, name: str
) -> None:
    there, here = map(facts, judged[kind, name])
    found = differences(there, here)
    assert {key: value for key, value in found.items() if not excused(kind, name, key)} == {}


@pytest.mark.parametrize(("kinds", "names", "keys", "why"), DIFFERENT)
def test_what_is_excused_does_differ(
    judged: dict[tuple[str, str], tuple[Path, Path]], kinds: str, names: str, keys: str, why: str
) -> None:
    """With another version of LibreOffice a line of the list may be needed no more."""
    cases = [c for c in judged if re.fullmatch(kinds, c[0]) and re.fullmatch(names, c[1])]
    found = [key for case in cases for key in differences(*map(facts, judged[case]))]
    assert any(re.fullmatch(keys, key) for key in found), why


def test_there_are_enough_cases() -> None:
    assert len(CASES) - len(REFUSED) - len(FAILS) >= 150
