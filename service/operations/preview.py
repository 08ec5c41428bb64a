"""Showing a workbook to the person in the chat."""

from __future__ import annotations

from typing import Any

from service.errors import InvalidRange
from service.operations.context import Context
from service.operations.registry import Answer, operation
from service.workbook.occupancy import is_empty


@operation(
    effect="read",
    doing="Preparing a preview of {where}",
    example={},
    previews=True,
)
def preview_excel_file(ctx: Context, sheet: str = "") -> Answer:
    """Show an open workbook to the user in the chat, as it is now, with changes marked.

    The user sees it, you do not: read cells with read_excel_range.

    :param sheet: sheet to begin with
    """
    book = ctx.book
    if sheet:
        first = book.sheet(sheet)
    else:
        visible = [item for item in book.xl.worksheets if item.sheet_state == "visible"]
        first = book.xl.active if book.xl.active in visible else visible[0]
    if first.sheet_state != "visible":
        raise InvalidRange(
            f'The sheet "{first.title}" is hidden, and a preview shows what Excel shows.',
            f'Show it first: edit_excel_sheet(action="show", sheet="{first.title}").',
        )
    shown: dict[str, Any] = {
        "shown": first.title,
        "range": None if is_empty(first) else str(book.used_area(first)),
        "charts": len(first._charts),
    }
    others = [
        item.title
        for item in book.xl.worksheets
        if item is not first and item.sheet_state == "visible"
    ]
    if others:
        shown["other_sheets"] = others[:20]
    return Answer({name: value for name, value in shown.items() if value}, sheet=first.title)
