"""Whole files: create, open, list, save, close."""

from __future__ import annotations

from pydantic import Field

from service.errors import InvalidParameters
from service.operations.context import Context, Desk
from service.operations.data import Grid, Rows, as_grid, text_number_notes
from service.operations.layout import check_grid, check_sheet_name, write_grid
from service.operations.registry import Answer, BriefOptions, operation
from service.workbook.cells import Scalar
from service.workbook.house import HouseStyle

PLACEHOLDER = "(placeholder)"
SHEET = "Sheet1"


class SheetData(BriefOptions):
    """One sheet of a new workbook."""

    name: str = Field(description="name of the sheet")
    headers: list[Scalar] = Field(default=[], description="header row")
    rows: Rows = Field(default=[], description="rows as lists, as records, or columns by name")


class CreateOptions(BriefOptions):
    """Extras of create_excel_file."""

    placeholder_row: bool = Field(
        default=False, description="add one row of marked placeholders under bare headers"
    )


@operation(
    effect="create",
    doing="Creating {filename}",
    example={
        "filename": "budget.xlsx",
        "headers": ["Item", "Cost"],
        "rows": [["Rent", 1200], ["Food", 450], ["Total", "=SUM(B2:B3)"]],
    },
    styled=True,
    small="filename headers rows sheets sheet",
)
def create_excel_file(
    ctx: Context,
    filename: str,
    headers: list[Scalar] = [],  # noqa: B006 - a schema default, never changed
    rows: Rows = [],  # noqa: B006
    sheets: list[SheetData] = [],  # noqa: B006
    sheet: str = SHEET,
    style: HouseStyle = "",
    options: CreateOptions = CreateOptions(),  # noqa: B008
) -> Answer:
    """Make a new Excel file from headers and rows, or from several sheets.

    It stays open for further changes. Headers alone give headers alone. A text that starts
    with = is a formula, 2026-01-31 is a date, an apostrophe in front keeps any text as text.

    :param filename: name of the file, such as budget.xlsx
    :param headers: header row, such as ["Item", "Cost"]
    :param rows: rows as lists [["Rent", 1200]], as records [{"Item": "Rent", "Cost": 1200}],
        or columns {"Item": ["Rent"], "Cost": [1200]}
    :param sheets: instead of headers and rows, [{"name": "May", "rows": [{"Item": "Rent"}]}]
    :param sheet: name of the sheet, where there is one
    :param style: house style: colours of headers and charts
    :param options: extras
    """
    _check_filename(filename)
    given = _sheets(headers, rows, sheets, sheet)
    grids: list[tuple[str, Grid]] = []
    for number, item in enumerate(given, start=1):
        where = f"sheets {number}, rows" if sheets else "rows"
        grid = as_grid(item.headers, item.rows, where)
        grid.notes += text_number_notes(grid)
        check_grid(ctx.book, grid.with_headers())
        grids.append((check_sheet_name(item.name, [name for name, _ in grids]), grid))
    if options.placeholder_row:
        _add_placeholders([grid for _, grid in grids])
    with ctx.book.changing():
        for name, grid in grids:
            write_grid(ctx.book, ctx.book.xl.create_sheet(name), grid, ctx.house(style))
    return Answer(_created(ctx, grids), next=_next_after_create(grids))


def _check_filename(filename: str) -> None:
    if not filename:
        raise InvalidParameters(
            "create_excel_file needs a filename, and it is empty.",
            "Send a name for the file, such as budget.xlsx.",
        )


def _add_placeholders(grids: list[Grid]) -> None:
    bare = [grid for grid in grids if grid.headers and not grid.rows]
    if not bare:
        raise InvalidParameters(
            "options.placeholder_row is for headers without rows, and there are none here.",
            "Leave it out; the rows are written as they are.",
        )
    for grid in bare:
        grid.rows = [[PLACEHOLDER for _ in grid.headers]]
        grid.notes.append("Row 2 holds placeholders, no data.")


def _sheets(
    headers: list[Scalar], rows: Rows, sheets: list[SheetData], sheet: str
) -> list[SheetData]:
    if sheets and (headers or rows):
        raise InvalidParameters(
            "create_excel_file got sheets as well as headers or rows.",
            "Send either sheets, each with its own headers and rows, or headers and rows.",
        )
    if sheets and sheet not in ("", SHEET):
        raise InvalidParameters(
            f'create_excel_file got sheets as well as the sheet name "{sheet[:60]}".',
            "Leave sheet out: each of the sheets has its own name.",
        )
    return sheets or [SheetData(name=sheet, headers=headers, rows=rows)]


def _created(ctx: Context, grids: list[tuple[str, Grid]]) -> dict[str, object]:
    result: dict[str, object] = {
        "sheets": [
            {"name": name, "rows": len(grid.rows), "columns": grid.width} for name, grid in grids
        ]
    }
    notes = [note for _, grid in grids for note in grid.notes]
    if notes:
        result["notes"] = notes
    return result


def _next_after_create(grids: list[tuple[str, Grid]]) -> list[str]:
    if all(grid.headers and not grid.rows for _, grid in grids):
        return ['Add rows with write_excel_range(start="append").']
    return []


@operation(
    effect="session",
    doing="Opening {file}",
    nature=("again",),
    example={"file": "sales.xlsx"},
    file_parameter="file",
    secret="password",
    small="file",
)
def open_excel_file(desk: Desk, file: str = "latest", password: str = "") -> Answer:
    """Open a workbook or CSV file that was uploaded in the chat or saved before.

    Opening a file that is open already answers the open workbook. Files of other formats
    (.xls, .xlsb, .ods, .csv) become .xlsx workbooks.

    :param file: name or id of the file, or "latest" for the newest upload
    :param password: only for a file that needs one; never guess it, ask the user
    """
    return desk.open(file, password)


@operation(effect="session", doing="Looking at the files", example={}, nature=("looks",))
def list_excel_files(desk: Desk) -> Answer:
    """List open workbooks, saved files with their links, and uploads of this chat."""
    return desk.list_files()


@operation(
    effect="session",
    doing="Saving {workbook}",
    example={"workbook": "budget.xlsx"},
    delivers=True,
)
def save_excel_file(desk: Desk, workbook: str = "", filename: str = "") -> Answer:
    """Save an open workbook as a new version; earlier versions stay.

    :param filename: a new name for the file; leave out to keep its name
    """
    return desk.save(workbook, filename)


@operation(
    effect="session",
    doing="Closing {workbook}",
    example={"workbook": "budget.xlsx"},
    nature=("loses", "again"),
)
def close_excel_file(desk: Desk, workbook: str = "") -> Answer:
    """Close an open workbook without saving; the answer says what was discarded."""
    return desk.close(workbook)
