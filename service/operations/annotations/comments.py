"""Comments of cells. Threads of newer Excel are shown and can be removed, not written."""

from __future__ import annotations

import math
from collections.abc import Iterator

from openpyxl.comments import Comment
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, InvalidValue
from service.operations.annotations.asked import Asked, Found
from service.operations.context import Context
from service.operations.registry import Answer
from service.workbook.keeping.lazy import loaded_cells

_MOST = 32_767  # characters
_THREAD = "tc={"  # how the author of a note begins that stands for a thread
_PIXELS_PER_CM = 96 / 2.54
_PER_LINE, _LINE, _WIDTH = 26, 18, 190  # characters in a line, its height, a note's width


def found(sheet: Worksheet) -> Iterator[Found]:
    """The comments of a sheet."""
    places = sorted(at for at, cell in loaded_cells(sheet) if _comment(cell) is not None)
    for row, column in places:
        cell = sheet._cells[row, column]
        comment = cell.comment
        where = f"{get_column_letter(column)}{row}"
        thread = is_thread(comment)
        facts = {
            "cell": where,
            "text": _thread_text(comment) if thread else comment.text,
            "author": "" if thread else comment.author,
            "thread": thread or None,
        }

        def remove(cell: object = cell) -> None:
            cell.comment = None  # type: ignore[attr-defined]

        yield Found("comment", sheet.title, row, column, f"comment {where}", facts, remove)


def _comment(cell: object) -> Comment | None:
    return getattr(cell, "_comment", None)


def is_thread(comment: Comment) -> bool:
    """Whether a note stands for a thread of comments."""
    return str(comment.author or "").startswith(_THREAD)


def _thread_text(comment: Comment) -> str:
    """The comments of a thread; the note has them behind words for older programs."""
    text = str(comment.text or "")
    return text.partition("Comment:\n")[2].strip() or text


def put(ctx: Context, asked: Asked) -> Answer:
    """Add a comment, or give the one that is there another text.

    :raises InvalidParameters: for a thread, which can't be written in somebody's name
    """
    sheet, row, column = asked.cell(ctx.book)
    text = asked.text.replace("\r\n", "\n")
    if not text.strip():
        raise InvalidParameters("comment needs text.", 'Send text; action "remove" takes it away.')
    if len(text) > _MOST:
        raise InvalidValue(
            f"The comment has {len(text):,} characters; Excel allows {_MOST:,}.",
            "Shorten it, or write it into cells.",
        )
    asked.check_sizes(50)
    cell = ctx.book.cell(sheet, row, column)
    before = None if cell is None else _comment(cell)
    where = f"{get_column_letter(column)}{row}"
    if before is not None and is_thread(before):
        raise InvalidParameters(
            f"{where} has a threaded comment, which can't be changed or answered here: each entry "
            f"is in its writer's name. It says: {_thread_text(before)[:300]}",
            "Answer it in Excel, or remove it first to put a plain comment in its place.",
        )
    ctx.book.room_for(cell is None)
    comment = _made(asked, text, before)
    with ctx.book.changing(values_stay=True):
        sheet.cell(row, column).comment = comment
    done = "changed" if before is not None else "added"
    return Answer({"comment": done, "cell": where, "author": comment.author}, sheet=sheet.title)


def _made(asked: Asked, text: str, before: Comment | None) -> Comment:
    lines = sum(max(1, math.ceil(len(line) / _PER_LINE)) for line in text.split("\n"))
    width, height = float(_WIDTH), float(min(max(lines * _LINE + 14, 60), 600))
    author = asked.options["author"]
    if before is not None:
        author = before.author if author is None else author
    if asked.options["width_cm"]:
        width = asked.options["width_cm"] * _PIXELS_PER_CM
    if asked.options["height_cm"]:
        height = asked.options["height_cm"] * _PIXELS_PER_CM
    return Comment(text, author or "", height=round(height), width=round(width))
