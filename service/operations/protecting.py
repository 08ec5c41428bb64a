"""Protection of sheets and of a workbook's structure: on, off, and what stays allowed.

Nothing here is bound by it: Excel's protection keeps people from mistakes, and whoever asked
for a change has asked for it. The answer of a change tells that the sheet is protected.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from openpyxl.workbook.protection import WorkbookProtection
from openpyxl.worksheet.protection import SheetProtection
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, PasswordRequired, WrongPassword
from service.operations.layout import sheet_and_areas
from service.operations.registry import ACCEPTED, Answer
from service.operations.sheet_options import SheetOptions
from service.workbook import locking
from service.workbook.areas import Area
from service.workbook.book import Book
from service.workbook.occupancy import is_lazy

_MOST_UNLOCKED = 200_000
# What openpyxl (and Excel's file) call it when it is NOT allowed.
_FORBIDDEN = {
    "format_cells": "formatCells",
    "format_columns": "formatColumns",
    "format_rows": "formatRows",
    "insert_columns": "insertColumns",
    "insert_rows": "insertRows",
    "insert_hyperlinks": "insertHyperlinks",
    "delete_columns": "deleteColumns",
    "delete_rows": "deleteRows",
    "sort": "sort",
    "filter": "autoFilter",
    "pivot": "pivotTables",
    "edit_objects": "objects",
    "edit_scenarios": "scenarios",
}
_SELECTING = {"select_locked": "selectLockedCells", "select_unlocked": "selectUnlockedCells"}


def seal(parameters: dict[str, Any]) -> None:
    """A new password is kept as its hash only."""
    options = parameters["options"]
    if parameters["action"] == "protect" and options["password"]:
        if len(options["password"]) > 255:
            raise InvalidParameters(
                "The password is longer than the 255 characters that Excel allows.",
                "Choose a shorter one.",
            )
        options["password"] = locking.sealed(options["password"])


def is_workbook(target: str) -> bool:
    """Whether the structure of the workbook is meant, not a sheet."""
    return target.strip().lower() in ("workbook", "structure")


def protect(book: Book, sheet: Worksheet | None, options: SheetOptions) -> Answer:
    """Protect a sheet, or the structure where there is none.

    :raises InvalidParameters: if it is protected already
    """
    hashed = locking.unsealed(options.password) if options.password else locking.Hash()
    if sheet is None:
        return _protect_structure(book, options, hashed)
    if sheet.protection.sheet:
        raise InvalidParameters(
            f"{sheet.title} is protected already.",
            "Take that off first: action unprotect, with its password if it has one.",
        )
    areas = _unlocked(book, sheet, options.editable) if options.editable else []
    protection = _protection(options, hashed)
    with book.changing(values_stay=True):
        for area in areas:
            for row in sheet.iter_rows(**area.bounds):
                for cell in row:
                    unlocked = copy(cell.protection)
                    unlocked.locked = False
                    cell.protection = unlocked
        sheet.protection = protection
    told = {
        "done": f"protected {sheet.title}",
        "password": bool(hashed),
        "editable": ",".join(map(str, areas)),
        "allowed": options.allow,
    }
    notes = [] if areas or _has_unlocked(sheet) else ["No cell can be edited: all are locked."]
    result = {name: value for name, value in told.items() if value}
    return Answer(result | ({"notes": notes} if notes else {}), sheet=sheet.title)


def _protection(options: SheetOptions, hashed: locking.Hash) -> SheetProtection:
    allowed = set(options.allow)
    flags = {name: key not in allowed for key, name in _FORBIDDEN.items()}
    if allowed & set(_SELECTING):
        flags |= {name: key not in allowed for key, name in _SELECTING.items()}
    protection = SheetProtection(sheet=True, **flags)
    if hashed:
        protection.algorithmName, protection.hashValue = hashed.algorithm, hashed.value
        protection.saltValue, protection.spinCount = hashed.salt, hashed.spin
    return protection


def _unlocked(book: Book, sheet: Worksheet, text: str) -> list[Area]:
    areas = sheet_and_areas(book, sheet.title, text)[1]
    cells = sum(area.cells for area in areas)
    if cells > _MOST_UNLOCKED:
        raise InvalidParameters(
            f"editable names {cells:,} cells; at most {_MOST_UNLOCKED:,} are unlocked at once.",
            "Name fewer cells.",
        )
    book.room_for(cells)
    return areas


def _has_unlocked(sheet: Worksheet) -> bool:
    if all(item.locked for item in sheet.parent._protections):
        return False
    # Of a very large sheet not all cells are looked at: that some format unlocks is enough.
    return is_lazy(sheet) or any(
        cell.has_style and not cell.protection.locked for cell in sheet._cells.values()
    )


def _protect_structure(book: Book, options: SheetOptions, hashed: locking.Hash) -> Answer:
    if options.allow or options.editable:
        raise InvalidParameters(
            "allow and editable have no effect on the structure of a workbook.",
            "Leave them out: sheets can't be added, renamed, moved, hidden or deleted then.",
        )
    if _structure(book):
        raise InvalidParameters(
            f"The structure of {book.name} is protected already.",
            "Take that off first: action unprotect with target workbook.",
        )
    protection = WorkbookProtection(lockStructure=True)
    if hashed:
        protection.workbookAlgorithmName = hashed.algorithm
        protection.workbookHashValue = hashed.value
        protection.workbookSaltValue = hashed.salt
        protection.workbookSpinCount = hashed.spin
    with book.changing(values_stay=True):
        book.xl.security = protection
    result = {"done": "protected the workbook's structure", "password": bool(hashed)}
    return Answer(result)


def unprotect(book: Book, sheet: Worksheet | None, options: SheetOptions) -> Answer:
    """Take the protection off a sheet, or off the structure where there is none.

    :raises PasswordRequired: if it has a password, and none was given
    :raises WrongPassword: if it is another one
    """
    what = sheet.title if sheet is not None else f"the structure of {book.name}"
    there = sheet.protection.sheet if sheet is not None else _structure(book)
    if not there:
        others = [item.title for item in book.xl.worksheets if item.protection.sheet]
        raise InvalidParameters(
            f"{what} is not protected.", f"Protected sheets: {', '.join(others) or 'none'}."
        )
    _check_password(_sheet_hash(sheet) if sheet is not None else _book_hash(book), what, options)
    with book.changing(values_stay=True):
        if sheet is not None:
            sheet.protection = SheetProtection()
        else:
            book.xl.security = None
    return Answer({"done": f"unprotected {what}"}, sheet=sheet.title if sheet is not None else "")


def _structure(book: Book) -> bool:
    security = book.xl.security
    return security is not None and bool(security.lockStructure)


def _check_password(hashed: locking.Hash, what: str, options: SheetOptions) -> None:
    if not hashed or options.password == ACCEPTED:
        return
    if not options.password:
        raise PasswordRequired(
            f"{what} is protected by a password.",
            'Ask the user for it, and send it as options: {"password": "..."}.',
        )
    if not hashed.fits(options.password):
        raise WrongPassword(
            f"The password does not take the protection off {what}.",
            "Ask the user for the right one; capitals and spaces count.",
        )


def _sheet_hash(sheet: Worksheet) -> locking.Hash:
    found = sheet.protection
    return locking.Hash(
        found.algorithmName or "",
        found.hashValue or "",
        found.saltValue or "",
        found.spinCount or 0,
        found.password or "",
    )


def _book_hash(book: Book) -> locking.Hash:
    found = book.xl.security
    return locking.Hash(
        found.workbookAlgorithmName or "",
        found.workbookHashValue or "",
        found.workbookSaltValue or "",
        found.workbookSpinCount or 0,
        found.workbookPassword or "",
    )


def protected(book: Book) -> tuple[set[str], tuple[str, ...]]:
    """(the protected sheets, all sheets where the structure is protected)."""
    sheets = {sheet.title for sheet in book.xl.worksheets if sheet.protection.sheet}
    return sheets, tuple(book.xl.sheetnames) if _structure(book) else ()


def protection_note(book: Book, title: str, before: tuple[set[str], tuple[str, ...]]) -> str:
    """What the answer of a change says where what it changed was protected, and still is.

    :param before: what :func:`protected` gave before the change
    """
    sheets, order = protected(book)
    if title in sheets & before[0]:
        return f"{title} is protected: in Excel nobody could have done this. It stays protected."
    if before[1] and order and order != before[1]:
        return f"The structure of {book.name} is protected, and stays so."
    return ""
