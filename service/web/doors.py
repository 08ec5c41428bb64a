"""What callers get who speak for a model, and know of no session: by OpenAPI and by MCP."""

from __future__ import annotations

from typing import Any

from service.errors import ExcelToolsError, FileNotFound
from service.operations.registry import Operation
from service.sessions.previews import Wish, preview
from service.sessions.session import Session

_NO_FILES = (
    "Files that are attached in the chat do not reach the service by this connection. Someone "
    "has to send the file to POST /v1/files first; CSV text can be sent as the source itself."
)


def for_a_model(operation: Operation, answer: dict[str, Any], given: object) -> dict[str, Any]:
    """The answer with the link of its file ready to be written into a chat."""
    needed = operation.delivers_with
    asked = given.get(needed) if needed and isinstance(given, dict) else True
    if not (operation.delivers and asked and answer["files"]):
        return answer
    return {**answer, "link": " ".join(_link(entry) for entry in answer["files"])}


def _link(entry: dict[str, Any]) -> str:
    name = "".join(f"\\{sign}" if sign in "[]\\" else sign for sign in entry["name"])
    return f"[Download {name}]({entry['download_url']})"


def explained(error: ExcelToolsError) -> ExcelToolsError:
    """The error with what it means for such a caller: it can't send along what is in the chat."""
    if isinstance(error, FileNotFound) and error.details and not error.details.get("uploads"):
        return FileNotFound(error.message, f"{error.hint} {_NO_FILES}", error.details)
    return error


def page(session: Session, answer: dict[str, Any]) -> str:
    """The page behind the preview that was answered, to be shown inside of another one."""
    book = session.workbook(answer["workbook"])
    return preview(session, book.id, Wish(answer.get("sheet", ""), embedded=True))
