"""Workbooks as LibreOffice writes them: others of the corpus, opened, calculated and saved."""

from __future__ import annotations

import subprocess
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.corpus.registry import ENTRIES, made

PROGRAM = "LibreOffice"
SOURCES = {
    "openpyxl-charts.xlsx": ("charts", "bar chart", "pie chart"),
    "openpyxl-chart-stock.xlsx": ("stock chart", "combined chart"),
    "openpyxl-rules.xlsx": ("conditional formats", "data validation", "autofilter"),
    "openpyxl-names.xlsx": ("names", "print areas"),
    "openpyxl-comments.xlsx": ("comments", "hyperlinks"),
    "hand-formulas.xlsx": ("shared formulas", "array formulas", "calculated values"),
    "hand-shapes.xlsx": ("shapes", "connectors", "groups"),
    "hand-pivot.xlsx": ("pivot tables", "pivot caches"),
    "xlsxwriter-shapes.xlsx": ("text boxes", "images"),
    "xlsxwriter-protected.xlsx": ("sheet protection", "outline"),
}


def convert(sources: list[Path], folder: Path, kind: str = "xlsx", seconds: int = 300) -> None:
    """Have LibreOffice write its reading of the workbooks into a folder, in one call."""
    with TemporaryDirectory() as profile:
        command = ["soffice", f"-env:UserInstallation=file://{profile}", "--headless"]
        command += ["--convert-to", kind, "--outdir", str(folder), *map(str, sources)]
        done = subprocess.run(command, capture_output=True, timeout=seconds, text=True)
    missing = [
        item.name for item in sources if not (folder / item.with_suffix(f".{kind}").name).exists()
    ]
    if missing:
        raise RuntimeError(f"LibreOffice did not convert {missing}: {done.stderr[-500:]}")


def _make(source: str, path: Path) -> None:
    """Write the workbook that stands for ``source``, and with it all of LibreOffice's."""
    with TemporaryDirectory() as folder:
        before, after = Path(folder, "before"), Path(folder, "after")
        before.mkdir()
        sources = [before / name for name in SOURCES]
        for item in sources:
            ENTRIES[item.name].make(item)
        convert(sources, after)
        for item in sources:
            (after / item.name).rename(path.with_name(_named(item.name)))
    if not path.exists():
        raise RuntimeError(f"{source} was not converted")


def _named(source: str) -> str:
    return f"libreoffice-{source.removeprefix('hand-')}"


for _source, _features in SOURCES.items():
    made(_named(_source), PROGRAM, *_features, needs="soffice")(partial(_make, _source))
