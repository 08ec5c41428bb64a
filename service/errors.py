"""Every error the product answers with, and nothing else.

The tree has three branches, by whose move it is to mend it::

    ExcelToolsError
    |-- CallerError                 what was asked can't be done as it was asked
    |   |-- InvalidParameters       422  invalid_parameters
    |   |-- InvalidRange            422  invalid_range
    |   |-- InvalidValue            422  invalid_value
    |   |-- InvalidQuery            422  invalid_query
    |   |-- SheetNotFound           404  sheet_not_found
    |   |-- SheetRequired           422  sheet_required
    |   |-- FileNotFound            404  file_not_found
    |   |-- FileNotSent             409  file_not_sent
    |   |-- AmbiguousName           409  ambiguous_name
    |   |-- SessionRequired         400  session_required
    |   |-- SessionNotFound         400  session_not_found
    |   |-- SessionExpired          400  session_expired
    |   |-- Unauthorized            401  unauthorized
    |   |-- Forbidden               403  forbidden
    |   |-- UserNotShown            403  user_not_shown
    |   |-- NotFound                404  not_found
    |   |-- MethodNotAllowed        405  method_not_allowed
    |   |-- LinkExpired             410  link_expired
    |   |-- TooLarge                413  too_large
    |   |-- UnsupportedFile         415  unsupported_file
    |   |-- PasswordRequired        422  password_required
    |   |-- WrongPassword           422  wrong_password
    |   |-- RangeNotSatisfiable     416  range_not_satisfiable
    |   |-- DatabaseNotFound        404  database_not_found
    |   |-- DatabaseRequired        422  database_required
    |   |-- StatementRefused        422  statement_refused
    |   |-- StatementFailed         422  statement_failed
    |   |-- Cancelled               409  cancelled
    |   |-- RateLimited             429  rate_limited
    |   |-- RequestTooSlow          408  request_too_slow
    |   |-- TooManyCalls            429  too_many_calls
    |   `-- LimitReached            429  limit_reached
    |-- WorkbookError               the workbook's state is in the way
    |   |-- WorkbookNotFound        404  workbook_not_found
    |   |-- WorkbookNotOpen         409  workbook_not_open
    |   |-- WorkbookRequired        422  workbook_required
    |   |-- WorkbookDamaged         422  workbook_damaged
    |   |-- WorkbookBusy            503  workbook_busy
    |   |-- UnsavedChanges          409  unsaved_changes
    |   |-- OperationTooSlow        504  operation_too_slow
    |   `-- OperationTooBig         507  operation_too_big
    `-- ServiceError                our fault
        |-- StorageFailed           507  storage_failed
        |-- DatabaseUnavailable     503  database_unavailable
        |-- ServiceBusy             503  service_busy
        `-- InternalError           500  internal_error

A message says what was asked and what exists; a hint says what to do next.
"""

from __future__ import annotations

from typing import ClassVar, Self


class ExcelToolsError(Exception):
    """Base of all errors that reach a caller.

    :param message: what was asked and what exists, one or two sentences
    :param hint: what to do next
    :param details: small JSON object with the facts, for programs
    """

    code: ClassVar[str] = "internal_error"
    status: int = 500
    # What a person does about it, for the page of errors; a case's own hint says more.
    cure: ClassVar[str] = ""
    # Seconds after which the same call may be sent again, because nothing was done and it is
    # likely to be done then; 0 for one that would fail again.
    retry_after: int = 0

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

    def again_after(self, seconds: int) -> Self:
        """The same error, with another time to wait."""
        self.retry_after = seconds
        return self

    def body(self, request_id: str) -> dict[str, object]:
        """The one JSON shape of an error."""
        error: dict[str, object] = {
            "code": self.code,
            # What was asked may be megabytes long.
            "message": _shortened(self.message),
            "hint": _shortened(self.hint),
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
    """A parameter is missing, unknown or of the wrong kind."""

    code = "invalid_parameters"
    status = 422
    cure = "The message names the parameter and what it takes; call again with that."


class InvalidRange(CallerError):
    """A range or cell reference can't be used."""

    code = "invalid_range"
    status = 422
    cure = "Name cells such as A1:D20, a table, or a column's header."


class InvalidValue(CallerError):
    """A value that no cell can hold, or a formula that is none."""

    code = "invalid_value"
    status = 422
    cure = "The message names the place; an apostrophe in front keeps any text as text."


class InvalidQuery(CallerError):
    """SQL that can't be run, or that would do more than read."""

    code = "invalid_query"
    status = 422
    cure = "The hint has what to write instead; without `sql` the tables are told."


class SheetNotFound(CallerError):
    """The workbook has no sheet of that name."""

    code = "sheet_not_found"
    status = 404
    cure = "Take one of the sheets that the message lists."


class SheetRequired(CallerError):
    """The workbook has several sheets and none was named."""

    code = "sheet_required"
    status = 422
    cure = "Name the sheet; the message lists them."


class FileNotFound(CallerError):
    """No upload or saved file of that name, or a link that leads nowhere."""

    code = "file_not_found"
    status = 404
    cure = "Take a name that there is, attach the file again, or ask for a new link."


class FileNotSent(CallerError):
    """A file of the chat that its caller has not sent to the service yet."""

    code = "file_not_sent"
    status = 409
    cure = "Upload the file with the id in `details`, and call again; the plugin does."


class AmbiguousName(CallerError):
    """Several workbooks fit the name."""

    code = "ambiguous_name"
    status = 409
    cure = "Use the full name, with its ending."


class SessionRequired(CallerError):
    """The request names no session."""

    code = "session_required"
    status = 400
    cure = "Open a session, or send `X-User-Id` and `X-Chat-Id`; the plugin does."


class SessionNotFound(CallerError):
    """The session is unknown, or another user's or chat's."""

    code = "session_not_found"
    status = 400
    cure = "Open a session with `POST /v1/sessions`; the plugin does so by itself."


class SessionExpired(CallerError):
    """The session was not used for too long."""

    code = "session_expired"
    status = 400
    cure = "Open a session anew; `EXCEL_TOOLS_SESSION_TTL` says how long one lasts."


class Unauthorized(CallerError):
    """The API key is missing or wrong."""

    code = "unauthorized"
    status = 401
    cure = "Set the valve `api_key` to a key of the service; `make doctor` tells more."


class Forbidden(CallerError):
    """A web page of another place asks by way of the browser that shows it."""

    code = "forbidden"
    status = 403
    cure = "Use the service's own address in the browser."


class UserNotShown(CallerError):
    """The service asks for signed user tokens, and the request has none that is good."""

    code = "user_not_shown"
    status = 403
    cure = "Give Open WebUI and the service the same secret; [Security](security.md) says how."


class NotFound(CallerError):
    """No such address or operation."""

    code = "not_found"
    status = 404
    cure = "`/docs` shows the addresses that there are."


class MethodNotAllowed(CallerError):
    """The address does not take that method."""

    code = "method_not_allowed"
    status = 405
    cure = "`/docs` shows what each address takes."


class LinkExpired(CallerError):
    """The download link is too old."""

    code = "link_expired"
    status = 410
    cure = "Ask for the file again; `EXCEL_TOOLS_LINK_TTL` says how long links work."


class TooLarge(CallerError):
    """A body, file or workbook beyond a limit."""

    code = "too_large"
    status = 413
    cure = "Send less; the message names the limit."


class UnsupportedFile(CallerError):
    """A file that can't be opened."""

    code = "unsupported_file"
    status = 415
    cure = "Save it as `.xlsx` and send it again."


class PasswordRequired(CallerError):
    """The file is encrypted, and no password was given."""

    code = "password_required"
    status = 422
    cure = "Ask the person for the password, and open the file with it."


class WrongPassword(CallerError):
    """The file is encrypted with another password than the one given."""

    code = "wrong_password"
    status = 422
    cure = "Ask the person for the right password."


class RangeNotSatisfiable(CallerError):
    """A download was asked for bytes that the file does not have."""

    code = "range_not_satisfiable"
    status = 416
    cure = "Fetch the file from its beginning."


class DatabaseNotFound(CallerError):
    """The user has no database of that name."""

    code = "database_not_found"
    status = 404
    cure = "`query_database` with action `select` lists those of this user."


class DatabaseRequired(CallerError):
    """No database is selected, and none was named."""

    code = "database_required"
    status = 422
    cure = "Name it as `source`, or select it once with action `select`."


class StatementRefused(CallerError):
    """The SQL is not one statement that only reads."""

    code = "statement_refused"
    status = 422
    cure = "Send one `SELECT`; the hint says what was too much."


class StatementFailed(CallerError):
    """The database did not do the statement; the message has its words."""

    code = "statement_failed"
    status = 422
    cure = "Correct the statement; action `tables` shows tables and columns."


class Cancelled(CallerError):
    """The caller has cancelled the call; nothing of it was done."""

    code = "cancelled"
    status = 409
    cure = "Call again, if it was stopped by mistake."


class RateLimited(CallerError):
    """Too many requests of a user, or with a key, within a minute; nothing was done."""

    code = "rate_limited"
    status = 429
    cure = "Wait as long as `Retry-After` says; the operator may raise the limit."
    retry_after = 1


class RequestTooSlow(CallerError):
    """The body of the request did not come in time; nothing was done."""

    code = "request_too_slow"
    status = 408
    cure = "Send it again over a faster line, or send less at a time."


class TooManyCalls(CallerError):
    """The same user has too many calls under way; nothing was done."""

    code = "too_many_calls"
    status = 429
    cure = "Call again after `Retry-After` seconds; `EXCEL_TOOLS_CALLS_PER_USER` is the limit."
    retry_after = 1


class LimitReached(CallerError):
    """A limit of the user or session; the message names it."""

    code = "limit_reached"
    status = 429
    cure = "Close or delete what the hint names; the operator may raise the limit."


class WorkbookError(ExcelToolsError):
    """The workbook's state is in the way."""

    code = "workbook_error"
    status = 409


class WorkbookNotFound(WorkbookError):
    """The session never had a workbook of that name."""

    code = "workbook_not_found"
    status = 404
    cure = "Take a name that there is, or open the file first."


class WorkbookNotOpen(WorkbookError):
    """The workbook is there, but was closed."""

    code = "workbook_not_open"
    status = 409
    cure = "Open it again with `open_excel_file`."


class WorkbookRequired(WorkbookError):
    """Several workbooks are open and none was named."""

    code = "workbook_required"
    status = 422
    cure = "Name the workbook; the message lists those that are open."


class WorkbookDamaged(WorkbookError):
    """The file is a workbook, but broken."""

    code = "workbook_damaged"
    status = 422
    cure = "Open and save the file in Excel or LibreOffice, and send it again."


class WorkbookBusy(WorkbookError):
    """Others used the workbook or the engines for too long; nothing was done."""

    code = "workbook_busy"
    status = 503
    cure = "Call again in some seconds; with more `EXCEL_TOOLS_ENGINES` others wait less."
    retry_after = 5


class UnsavedChanges(WorkbookError):
    """Unsaved changes would be lost, more than the caller allows; nothing was done."""

    code = "unsaved_changes"
    status = 409
    cure = "Save first, or send the number of changes that may be lost; the plugin asks the user."


class OperationTooSlow(WorkbookError):
    """The deadline passed; the workbook is as it was."""

    code = "operation_too_slow"
    status = 504
    cure = "Ask for less at a time, or raise `EXCEL_TOOLS_ENGINE_DEADLINE`."


class OperationTooBig(WorkbookError):
    """The memory limit was reached; the workbook is as it was."""

    code = "operation_too_big"
    status = 507
    cure = "Ask for less at a time, or raise `EXCEL_TOOLS_ENGINE_MEMORY_MB`."


class ServiceError(ExcelToolsError):
    """Our fault."""


class StorageFailed(ServiceError):
    """The disk did not do what it should; nothing is half written."""

    code = "storage_failed"
    status = 507
    cure = (
        "Look at the disk and the rights of the data folder; `make doctor` does. With status 503: "
        "call again; the operator looks at what [replicas](scaling.md) share."
    )


class DatabaseUnavailable(ServiceError):
    """A database of the operator can't be asked at the moment."""

    code = "database_unavailable"
    status = 503
    cure = "Try again later; if it stays, the operator looks at the database."
    retry_after = 60


class ServiceBusy(ServiceError):
    """The service has as much to do as it takes, or is stopping; nothing was done."""

    code = "service_busy"
    status = 503
    cure = "Call again after `Retry-After` seconds; if it stays, the operator adds engines."
    retry_after = 5


class InternalError(ServiceError):
    """A fault of the service; the log tells more under the request id."""

    code = "internal_error"
    status = 500
    cure = "Try again; if it stays, report it with the log's lines of that request id."


def _shortened(text: str, most: int = 2_000) -> str:
    return text if len(text) <= most else f"{text[:most]} ..."


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 row", "2 rows"."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def listed(names: list[str], most: int = 12) -> str:
    """Names as they appear in messages: quoted, comma separated, cut after ``most``."""
    shown = ", ".join(f'"{name}"' for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")
