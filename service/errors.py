"""Every error the product answers with, and nothing else.

The tree has three branches, by whose move it is to mend it::

    ExcelToolsError
    |-- CallerError                 what was asked can't be done as it was asked
    |   |-- InvalidParameters       422  invalid_parameters
    |   |-- InvalidRange            422  invalid_range
    |   |-- InvalidValue            422  invalid_value
    |   |-- SheetNotFound           404  sheet_not_found
    |   |-- SheetRequired           422  sheet_required
    |   |-- FileNotFound            404  file_not_found
    |   |-- AmbiguousName           409  ambiguous_name
    |   |-- SessionRequired         400  session_required
    |   |-- SessionNotFound         400  session_not_found
    |   |-- SessionExpired          400  session_expired
    |   |-- Unauthorized            401  unauthorized
    |   |-- NotFound                404  not_found
    |   |-- MethodNotAllowed        405  method_not_allowed
    |   |-- LinkExpired             410  link_expired
    |   |-- TooLarge                413  too_large
    |   |-- UnsupportedFile         415  unsupported_file
    |   `-- LimitReached            429  limit_reached
    |-- WorkbookError               the workbook's state is in the way
    |   |-- WorkbookNotFound        404  workbook_not_found
    |   |-- WorkbookNotOpen         409  workbook_not_open
    |   |-- WorkbookRequired        422  workbook_required
    |   |-- WorkbookDamaged         422  workbook_damaged
    |   |-- WorkbookBusy            503  workbook_busy
    |   |-- OperationTooSlow        504  operation_too_slow
    |   `-- OperationTooBig         507  operation_too_big
    `-- ServiceError                our fault
        |-- StorageFailed           507  storage_failed
        `-- InternalError           500  internal_error

A message says what was asked and what exists; a hint says what to do next.
"""

from __future__ import annotations

from typing import ClassVar


class ExcelToolsError(Exception):
    """Base of all errors that reach a caller.

    :param message: what was asked and what exists, one or two sentences
    :param hint: what to do next
    :param details: small JSON object with the facts, for programs
    """

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500

    def __init__(
        self, message: str, hint: str = "", details: dict[str, object] | None = None
    ) -> None:
        # All three reach Exception.args, so that the error survives pickling
        # on its way out of an engine process.
        super().__init__(message, hint, details)
        self.message = message
        self.hint = hint
        self.details = details

    def __str__(self) -> str:
        return self.message

    def body(self, request_id: str) -> dict[str, object]:
        """The one JSON shape of an error."""
        error: dict[str, object] = {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
        }
        if self.details:
            error["details"] = self.details
        error["request_id"] = request_id
        return {"error": error}


class CallerError(ExcelToolsError):
    """What was asked can't be done as it was asked."""

    code = "invalid_request"
    status = 400


class InvalidParameters(CallerError):
    code = "invalid_parameters"
    status = 422


class InvalidRange(CallerError):
    code = "invalid_range"
    status = 422


class InvalidValue(CallerError):
    code = "invalid_value"
    status = 422


class SheetNotFound(CallerError):
    code = "sheet_not_found"
    status = 404


class SheetRequired(CallerError):
    code = "sheet_required"
    status = 422


class FileNotFound(CallerError):
    code = "file_not_found"
    status = 404


class AmbiguousName(CallerError):
    code = "ambiguous_name"
    status = 409


class SessionRequired(CallerError):
    code = "session_required"
    status = 400


class SessionNotFound(CallerError):
    code = "session_not_found"
    status = 400


class SessionExpired(CallerError):
    code = "session_expired"
    status = 400


class Unauthorized(CallerError):
    code = "unauthorized"
    status = 401


class NotFound(CallerError):
    code = "not_found"
    status = 404


class MethodNotAllowed(CallerError):
    code = "method_not_allowed"
    status = 405


class LinkExpired(CallerError):
    code = "link_expired"
    status = 410


class TooLarge(CallerError):
    code = "too_large"
    status = 413


class UnsupportedFile(CallerError):
    code = "unsupported_file"
    status = 415


class LimitReached(CallerError):
    code = "limit_reached"
    status = 429


class WorkbookError(ExcelToolsError):
    """The workbook's state is in the way."""

    code = "workbook_error"
    status = 409


class WorkbookNotFound(WorkbookError):
    code = "workbook_not_found"
    status = 404


class WorkbookNotOpen(WorkbookError):
    code = "workbook_not_open"
    status = 409


class WorkbookRequired(WorkbookError):
    code = "workbook_required"
    status = 422


class WorkbookDamaged(WorkbookError):
    code = "workbook_damaged"
    status = 422


class WorkbookBusy(WorkbookError):
    code = "workbook_busy"
    status = 503


class OperationTooSlow(WorkbookError):
    code = "operation_too_slow"
    status = 504


class OperationTooBig(WorkbookError):
    code = "operation_too_big"
    status = 507


class ServiceError(ExcelToolsError):
    """Our fault."""


class StorageFailed(ServiceError):
    code = "storage_failed"
    status = 507


class InternalError(ServiceError):
    code = "internal_error"
    status = 500


def listed(names: list[str], most: int = 12) -> str:
    """Names as they appear in messages: quoted, comma separated, cut after ``most``."""
    shown = ", ".join(f'"{name}"' for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")
