"""Running one operation on a workbook in this process, as an engine does it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import service.operations  # noqa: F401 - declares the operations
from service.operations.context import Context
from service.operations.preferences import Preferences
from service.operations.registry import Answer, find
from service.workbook.book import Book
from tests.corpus.validity import problems

NOW = dt.datetime(2026, 3, 14, 9, 26, 53)


def run(
    book: Book,
    name: str,
    /,
    *,
    files: dict[str, Path] | None = None,
    folder: Path = Path(),
    preferences: Preferences | None = None,
    **parameters: Any,
) -> Answer:
    """Validate the parameters and run the operation ``name`` on ``book``.

    :param preferences: the user's
    """
    operation = find(name)
    valid = operation.validate(parameters)
    styled = preferences or Preferences() if operation.styled else None
    context = Context(book, NOW, files or {}, folder, styled)
    return operation.call(context, valid)


def new_book(name: str = "test.xlsx", **parameters: Any) -> Book:
    """A workbook made by create_excel_file."""
    book = Book.blank(name)
    run(book, "create_excel_file", filename=name, **parameters)
    return book


def reopened(book: Book, folder: Path) -> Book:
    """The workbook saved, found valid, and opened again as an upload is."""
    path = folder / f"again{len(list(folder.iterdir()))}.xlsx"
    book.save(path)
    assert problems(path) == []
    return Book.load(path, "again.xlsx")
