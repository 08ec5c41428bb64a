"""Grids as CSV, JSON, HTML and Markdown."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import html
import io
import json

from service.errors import InvalidValue
from service.operations.exporting.grids import Grid, Value, as_text
from service.operations.exporting.options import ExportOptions
from service.workbook.areas import Area

# Of them, those of full width are taken for the others by Excel in Japanese and Chinese.
_FORMULA_STARTS = (*"=+-@\t\r\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Programs that read the file may leave these away before they look for one.
_NOT_SEEN = " \xa0\u200b\u2060\ufeff"
_STYLE = (
    "body{font:14px/1.4 system-ui,sans-serif;margin:clamp(.5rem,4vw,2rem)}"
    "table{border-collapse:collapse;margin:0 0 2rem;width:max-content}"
    "caption{font-weight:600;text-align:left;padding:.3rem 0}"
    "th,td{border:1px solid #bbb;padding:.25rem .6rem;text-align:left;vertical-align:top;"
    "white-space:pre-line;max-width:24rem;overflow-wrap:break-word}"
    "th{background:#eee}.n,.d{white-space:nowrap}"
    ".n{text-align:right;font-variant-numeric:tabular-nums}[dir=rtl] *{text-align:right}"
    "@media(prefers-color-scheme:dark){body{background:#181818;color:#eee}"
    "th,td{border-color:#555}th{background:#2a2a2a}}"
)


def as_csv(grid: Grid, options: ExportOptions) -> bytes:
    """The grid as CSV by RFC 4180.

    :raises InvalidValue: if the encoding lacks a character; it names the cell
    """
    rows = [[_plain(value, options) for value in row] for row in grid.rows]
    buffer = io.StringIO(newline="")
    delimiter = "\t" if options.delimiter == "tab" else options.delimiter
    csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    text = buffer.getvalue()
    try:
        if options.encoding == "utf-8":
            return text.encode("utf-8-sig" if options.bom else "utf-8")
        if options.encoding == "utf-16":
            return (codecs.BOM_UTF16_LE if options.bom else b"") + text.encode("utf-16-le")
        return text.encode(options.encoding)
    except UnicodeEncodeError as error:
        raise _not_encodable(grid, rows, options.encoding, error) from None


def _plain(value: Value, options: ExportOptions) -> str:
    text = as_text(value)
    if isinstance(value, float):
        return text.replace(".", options.decimal)
    return f"'{text}" if options.neutralize_formulas and _risky(value) else text


def _risky(value: Value) -> bool:
    return isinstance(value, str) and value.lstrip(_NOT_SEEN).startswith(_FORMULA_STARTS)


def _not_encodable(
    grid: Grid, rows: list[list[str]], encoding: str, error: UnicodeEncodeError
) -> InvalidValue:
    strange = error.object[error.start]
    row, column = next(
        (r, c) for r, line in enumerate(rows) for c, text in enumerate(line) if strange in text
    )
    first = grid.part.area
    place = Area(*[first.first_row + row, first.first_column + column] * 2)
    return InvalidValue(
        f'{grid.part.sheet.title}!{place} holds "{strange}", which {encoding} can\'t hold.',
        "Export as utf-8 or utf-16.",
    )


def as_json(grids: list[Grid]) -> str:
    """A list of records (of lists, without a header row); of several grids an object by sheet.

    Numbers and booleans are such, dates are texts as in ISO 8601, blank cells null.
    """
    found = {grid.part.sheet.title: _records(grid) for grid in grids}
    one = next(iter(found.values())) if len(found) == 1 else found
    return json.dumps(one, ensure_ascii=False, indent=1) + "\n"


def _records(grid: Grid) -> list[object]:
    rows = [[_json(value) for value in row] for row in grid.rows]
    if grid.headers is None:
        return list(rows)
    return [dict(zip(grid.headers, row, strict=True)) for row in rows[1:]]


def _json(value: Value) -> str | int | float | bool | None:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return as_text(value)


def as_html(title: str, grids: list[Grid], *, neutral: bool) -> str:
    """A page of its own with a table for each grid: its texts as a person sees them."""
    tables = "\n".join(_table(grid, neutral) for grid in grids)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n{tables}\n</body>\n</html>\n"
    )


def _table(grid: Grid, neutral: bool) -> str:
    head, body = _split(grid)
    side = ' dir="rtl"' if grid.part.sheet.sheet_view.rightToLeft else ""
    lines = [f"<table{side}>\n<caption>{html.escape(grid.part.sheet.title)}</caption>"]
    if head:
        kinds = zip(head, grid.numeric, strict=True)
        names = "".join(f'<th scope="col"{_class(n)}>{html.escape(t)}</th>' for t, n in kinds)
        lines.append(f"<thead>\n<tr>{names}</tr>\n</thead>")
    lines.append("<tbody>")
    values = grid.rows[1:] if head else grid.rows
    for row, texts in zip(values, body, strict=True):
        cells = "".join(
            f"<td{_class(_is_number(value)) or _day(value)}>"
            f"{html.escape(chr(39) + text if neutral and _risky(value) else text)}</td>"
            for value, text in zip(row, texts, strict=True)
        )
        lines.append(f"<tr>{cells}</tr>")
    return "\n".join([*lines, "</tbody>\n</table>"])


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _day(value: Value) -> str:
    return ' class="d"' if isinstance(value, dt.date | dt.time | dt.timedelta) else ""


def _class(numeric: bool) -> str:
    return ' class="n"' if numeric else ""


def as_markdown(grids: list[Grid]) -> str:
    """A table for each grid, under the sheet's name where there are several.

    Markdown's tables have a header row always: without one in the sheet it is blank.
    """
    several = len(grids) > 1
    parts = []
    for grid in grids:
        name = f"## {_cell(grid.part.sheet.title)}\n\n" if several else ""
        parts.append(name + _lines(grid))
    return "\n".join(parts)


def _lines(grid: Grid) -> str:
    head, body = _split(grid)
    marks = ["---:" if numeric else "---" for numeric in grid.numeric]
    rows = [head or [""] * len(marks), marks, *body]
    rows[0], rows[2:] = [_cell(t) for t in rows[0]], [[_cell(t) for t in row] for row in rows[2:]]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cell(text: str) -> str:
    for sign in "\\`*_[]<>|":
        text = text.replace(sign, f"\\{sign}")
    return "<br>".join(text.strip().splitlines())


def _split(grid: Grid) -> tuple[list[str], list[list[str]]]:
    """(texts of the header row or none, those below it)."""
    return (grid.shown[0], grid.shown[1:]) if grid.headers else ([], grid.shown)
