"""Runs inside a Python that has UNO: does sequences of steps in LibreOffice.

Usage: python libreoffice_script.py jobs.json
A job is {"base": path, "between": path, "steps": [[kind, {...}], ...], "outputs": [path, ...]}:
one output for each step of the kind "Save"; at a "Reload" the workbook goes through "between".
Formulas come in LibreOffice's own spelling.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.lang import Locale
from com.sun.star.table import CellRangeAddress  # noqa: F401 - proves that types load

ALL_CONTENT = 1 | 2 | 4 | 16  # values, dates, strings, formulas


def started(profile):
    """A LibreOffice that listens on a pipe of its own; (process, desktop)."""
    pipe = "pipe" + profile.rpartition("/")[2].replace("_", "")
    accept = f"--accept=pipe,name={pipe};urp;"
    process = subprocess.Popen(
        ["soffice", f"-env:UserInstallation=file://{profile}", "--headless", "--norestore", accept]
    )
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstance("com.sun.star.bridge.UnoUrlResolver")
    for _ in range(300):
        try:
            context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
            break
        except NoConnectException:
            time.sleep(0.1)
    else:
        raise RuntimeError("LibreOffice does not answer")
    return process, context.ServiceManager.createInstance("com.sun.star.frame.Desktop")


def flag(name, value):
    item = PropertyValue()
    item.Name, item.Value = name, value
    return item


def opened(desktop, path):
    return desktop.loadComponentFromURL(f"file://{path}", "_blank", 0, (flag("Hidden", True),))


def box(sheet, step, rows, columns):
    left, top = step["column"] - 1, step["row"] - 1
    return sheet.getCellRangeByPosition(left, top, left + columns - 1, top + rows - 1)


def write(document, sheet, step):
    for down, row in enumerate(step["rows"]):
        for across, value in enumerate(row):
            cell = sheet.getCellByPosition(step["column"] - 1 + across, step["row"] - 1 + down)
            if value is None:
                cell.clearContents(ALL_CONTENT)
            elif isinstance(value, str) and value.startswith("="):
                cell.setFormula(value)
            elif isinstance(value, str):
                cell.setString(value)
            else:
                cell.setValue(value)
    shape(document, box(sheet, step, len(step["rows"]), len(step["rows"][0])), step)


def shape(document, cells, step):
    weight = 150.0 if step["bold"] else 100.0
    cells.CharWeight = cells.CharWeightAsian = cells.CharWeightComplex = weight
    formats, locale = document.getNumberFormats(), Locale()
    key = formats.queryKey(step["number_format"], locale, False)
    cells.NumberFormat = key if key != -1 else formats.addNew(step["number_format"], locale)


def lines(sheet, step):
    kept = sheet.getRows() if step["axis"] == "rows" else sheet.getColumns()
    change = kept.insertByIndex if step["action"] == "insert" else kept.removeByIndex
    change(step["first"] - 1, step["count"])


def sheets(document, step):
    kept, name, action = document.getSheets(), step["sheet"], step["action"]
    if action == "add":
        kept.insertNewByName(name, kept.getCount())
    elif action == "rename":
        kept.getByName(name).setName(step["to"])
    elif action == "copy":
        kept.copyByName(name, step["to"], kept.getCount())
    elif action == "delete":
        kept.removeByName(name)
    else:
        here, there = kept.getElementNames().index(name), step["position"]
        kept.moveByName(name, there + (there > here))


def do(desktop, job):
    document, outputs = opened(desktop, job["base"]), iter(job["outputs"])
    for kind, step in job["steps"]:
        if kind in ("Save", "Reload"):
            path = next(outputs) if kind == "Save" else job["between"]
            document.calculateAll()
            kind_of_file = flag("FilterName", "Calc MS Excel 2007 XML")
            document.storeToURL(f"file://{path}", (kind_of_file,))
            document.close(True)
            document = opened(desktop, path)
        elif kind == "Sheets":
            sheets(document, step)
        else:
            sheet = document.getSheets().getByName(step["sheet"])
            if kind == "Write":
                write(document, sheet, step)
            elif kind == "Format":
                shape(document, box(sheet, step, step["rows"], step["columns"]), step)
            elif kind == "Clear":
                box(sheet, step, step["rows"], step["columns"]).clearContents(ALL_CONTENT)
            else:
                lines(sheet, step)
    document.close(True)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        jobs = json.load(file)
    with tempfile.TemporaryDirectory() as profile:
        process, desktop = started(profile)
        try:
            for job in jobs:
                do(desktop, job)
        finally:
            try:
                desktop.terminate()
                process.wait(20)
            finally:
                process.kill()


if __name__ == "__main__":
    main()
