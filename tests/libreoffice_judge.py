"""Run by the Python that LibreOffice's bridge belongs to: does changes of structure there.

``python3 libreoffice_judge.py jobs.json``: each job names a file to load, a change (or none)
and the file to store as. One LibreOffice does all of them; it has a profile of its own, is
reached by a pipe, and is stopped by its id at the end.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.table import CellAddress, CellRangeAddress

SECONDS_TO_START = 60
SAVE_AS = "Calc MS Excel 2007 XML"


def prop(name, value):
    item = PropertyValue()
    item.Name, item.Value = name, value
    return item


def enum(kind, value):
    return uno.Enum(f"com.sun.star.sheet.{kind}", value)


def connect(pipe):
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext(
        "com.sun.star.bridge.UnoUrlResolver", local
    )
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
            return context.ServiceManager.createInstanceWithContext(
                "com.sun.star.frame.Desktop", context
            )
        except NoConnectException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def move_lines(sheet, index, axis, first, count, before):
    """Room is made, the lines are moved there, and what is left of them is removed."""
    lines = sheet.Rows if axis == "rows" else sheet.Columns
    lines.insertByIndex(before - 1, count)
    start = first - 1 + (count if before <= first else 0)
    last_row, last_column = sheet.Rows.Count - 1, sheet.Columns.Count - 1
    target = CellAddress()
    source = CellRangeAddress()
    target.Sheet = source.Sheet = index
    if axis == "rows":
        target.Row, source.EndColumn = before - 1, last_column
        source.StartRow, source.EndRow = start, start + count - 1
    else:
        target.Column, source.EndRow = before - 1, last_row
        source.StartColumn, source.EndColumn = start, start + count - 1
    sheet.moveRange(target, source)
    lines.removeByIndex(start, count)


def index_of(sheets, name):
    return list(sheets.ElementNames).index(name)


def change_sheets(sheets, change):
    kind, name = change["kind"], change["sheet"]
    if kind == "RenameSheet":
        sheets.getByName(name).Name = change["name"]
    elif kind == "DeleteSheet":
        sheets.removeByName(name)
    elif kind == "CopySheet":
        sheets.copyByName(name, change["name"], index_of(sheets, name) + 1)
    elif kind == "MoveSheet":
        place = change["position"] - 1
        # The place is counted before the sheet is taken out.
        sheets.moveByName(name, place + (place > index_of(sheets, name)))
    elif kind == "AddSheet":
        sheets.insertNewByName(name, change["position"] - 1)
    else:
        raise ValueError(kind)


def change_cells(sheet, change):
    kind, area = change["kind"], change["area"]
    source = sheet.getCellRangeByName(area).RangeAddress
    down = change["towards"] == "rows"
    if kind == "InsertCells":
        sheet.insertCells(source, enum("CellInsertMode", "DOWN" if down else "RIGHT"))
    else:
        sheet.removeRange(source, enum("CellDeleteMode", "UP" if down else "LEFT"))


def apply(document, change):
    sheets, kind = document.Sheets, change["kind"]
    if kind.endswith("Sheet"):
        return change_sheets(sheets, change)
    sheet = sheets.getByName(change["sheet"])
    if kind.endswith("Cells"):
        return change_cells(sheet, change)
    axis = "rows" if kind.endswith("Rows") else "columns"
    lines = sheet.Rows if axis == "rows" else sheet.Columns
    first, count = change["first"], change["count"]
    if kind.startswith("Insert"):
        return lines.insertByIndex(first - 1, count)
    if kind.startswith("Delete"):
        return lines.removeByIndex(first - 1, count)
    index = index_of(sheets, change["sheet"])
    return move_lines(sheet, index, axis, first, count, change["before"])


def work(desktop, job):
    document = desktop.loadComponentFromURL(
        Path(job["source"]).as_uri(), "_blank", 0, (prop("Hidden", True),)
    )
    if document is None:
        raise RuntimeError("not a document that LibreOffice opens")
    try:
        if job["change"]:
            apply(document, job["change"])
        document.storeToURL(Path(job["target"]).as_uri(), (prop("FilterName", SAVE_AS),))
    finally:
        document.close(True)


def main():
    jobs = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="judge-") as profile:
        pipe = f"judge{os.getpid()}"
        command = [
            "soffice",
            "--headless",
            "--norestore",
            "--nologo",
            f"-env:UserInstallation={Path(profile).as_uri()}",
            f"--accept=pipe,name={pipe};urp;",
        ]
        process = subprocess.Popen(
            command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            desktop = connect(pipe)
            for job in jobs:
                try:
                    work(desktop, job)
                except Exception as error:  # noqa: BLE001 - its errors have no common base
                    print(f"{job['target']}: {type(error).__name__}: {error}", file=sys.stderr)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


if __name__ == "__main__":
    main()
