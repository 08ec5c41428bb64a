"""Files of other formats: a workbook's values as text, its pages as PDF or pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from service.errors import LimitReached
from service.names import clean_filename, split_extension
from service.operations.context import Context
from service.operations.exporting.grids import Grid, Part, grid_of, parts_of
from service.operations.exporting.options import ENDINGS, ExportOptions, refuse_others
from service.operations.exporting.pages import as_pdf, as_pictures
from service.operations.exporting.texts import as_csv, as_html, as_json, as_markdown
from service.operations.registry import Answer, operation
from service.workbook.geometry import hidden_lines

_MOST_FILES = 20


@operation(
    effect="read",
    doing="Exporting {workbook}",
    example={"format": "csv", "options": {"delimiter": ";"}},
    exports=True,
    small="workbook format",
)
def export_excel_file(
    ctx: Context,
    format: Literal["csv", "json", "html", "markdown", "pdf", "png"] = "csv",
    sheet: str = "",
    range: str = "",
    options: ExportOptions = ExportOptions(),  # noqa: B008
) -> Answer:
    """Export sheets or a range as CSV, JSON, HTML, Markdown, PDF or PNG: values, not formulas.

    :param format: csv: a file a sheet; png: a file a page
    :param sheet: sheet to export; leave out for all that are not hidden
    :param range: such as "A1:D20", on that sheet; leave out for all used cells
    :param options: such as {"delimiter": ";"}
    """
    refuse_others(format, options)
    parts = parts_of(ctx.book, sheet, range)
    if format in ("pdf", "png"):
        return _printed(ctx, format, parts, options, whole=not range.strip())
    grids = [grid_of(ctx.book, part, options.header) for part in parts]
    if format == "csv":
        return _separated(ctx, grids, options)
    name = _name(ctx, parts, ENDINGS[format])
    (ctx.folder / name).write_text(_written(format, ctx, grids, options), encoding="utf-8")
    return _answer(parts, [name], _notes(grids), rows=sum(len(grid.rows) for grid in grids))


def _written(format: str, ctx: Context, grids: list[Grid], options: ExportOptions) -> str:
    if format == "html":
        return as_html(ctx.book.name, grids, neutral=options.neutralize_formulas)
    write: Callable[[list[Grid]], str] = as_json if format == "json" else as_markdown
    return write(grids)


def _separated(ctx: Context, grids: list[Grid], options: ExportOptions) -> Answer:
    if len(grids) > _MOST_FILES:
        raise LimitReached(
            f"CSV is a file a sheet, and {len(grids)} sheets are more than {_MOST_FILES}.",
            "Name the sheet, or export as json, html or markdown: one file for all.",
        )
    made = [(_name(ctx, [grid.part], ".csv"), as_csv(grid, options)) for grid in grids]
    for name, data in made:
        (ctx.folder / name).write_bytes(data)
    parts, names = [grid.part for grid in grids], [name for name, _ in made]
    return _answer(parts, names, _notes(grids), rows=sum(len(grid.rows) for grid in grids))


def _printed(
    ctx: Context, format: str, parts: list[Part], options: ExportOptions, *, whole: bool
) -> Answer:
    path = ctx.folder / _name(ctx, parts, ".pdf")
    found = as_pdf(ctx.book, parts, path, whole=whole, bare=format == "png")
    if format == "pdf":
        return _answer(parts, [found.path.name], found.notes, pages=found.pages)
    pictures = as_pictures(found, options.dpi, _MOST_FILES)
    found.path.unlink()
    return _answer(parts, [path.name for path in pictures], found.notes, pages=found.pages)


def _answer(parts: list[Part], names: list[str], notes: list[str], **counts: int) -> Answer:
    one = parts[0] if len(parts) == 1 else None
    result: dict[str, object] = {"file": names[0]} if len(names) == 1 else {"files": names}
    result |= {"range": str(one.area)} if one else {"sheets": [p.sheet.title for p in parts]}
    result |= counts
    if notes:
        result["notes"] = notes
    return Answer(result, sheet=one.sheet.title if one else "", exports=names)


def _notes(grids: list[Grid]) -> list[str]:
    return _unknown(grids) + [note for grid in grids for note in _hidden(grid.part)]


def _hidden(part: Part) -> list[str]:
    """The note of hidden rows and columns, which files of values hold, too."""
    rows, columns = hidden_lines(part.sheet)
    area, found = part.area, []
    for kind, hidden, first, last in (
        ("row", rows, area.first_row, area.last_row),
        ("column", columns, area.first_column, area.last_column),
    ):
        count = sum(first <= number <= last for number in hidden)
        found += [f"{count} hidden {kind}{'s' * (count > 1)}"] if count else []
    return [f"{' and '.join(found)} of {part.sheet.title} are exported, too."] if found else []


def _unknown(grids: list[Grid]) -> list[str]:
    unknown = [name for grid in grids for name in grid.unknown]
    if not unknown:
        return []
    rest = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
    shown = ", ".join(unknown[:10])
    return [f"Formulas that can't be calculated here are blank: {shown}{rest}."]


def _name(ctx: Context, parts: list[Part], ending: str) -> str:
    """The workbook's name, with the sheet's where only one of several is exported."""
    stem = split_extension(ctx.book.name)[0]
    if len(ctx.book.sheet_names) > 1 and (len(parts) == 1 or ending == ".csv"):
        stem = f"{stem}-{parts[0].sheet.title}"
    return clean_filename(stem, ending)
