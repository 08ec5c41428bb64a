"""What callers get who speak for a model, and know of no session: by OpenAPI and by MCP."""

from __future__ import annotations

from typing import Any

from service.errors import ExcelToolsError, FileNotFound, FileNotSent
from service.operations.registry import Operation
from service.sessions.previews import Wish, preview
from service.sessions.session import Session


def for_a_model(operation: Operation, answer: dict[str, Any], given: object) -> dict[str, Any]:
    """The answer with the link of its file, or of its preview, ready to be written into a chat."""
    if "preview_url" in answer:
        return {**answer, "link": f"[Show {_plain(answer['workbook'])}]({answer['preview_url']})"}
    needed = operation.delivers_with
    asked = given.get(needed) if needed and isinstance(given, dict) else True
    if not (operation.delivers and asked and answer["files"]):
        return answer
    return {**answer, "link": " ".join(_link(entry) for entry in answer["files"])}


def _link(entry: dict[str, Any]) -> str:
    return f"[Download {_plain(entry['name'])}]({entry['download_url']})"


def _plain(name: str) -> str:
    """The name so that Markdown takes no sign of it for its own."""
    return "".join(f"\\{sign}" if sign in "[]\\" else sign for sign in name)


def explained(error: ExcelToolsError, session: Session | None) -> ExcelToolsError:
    """The error with what it means for such a caller: it can't send along what is in the chat."""
    if session is None or not isinstance(error, FileNotFound | FileNotSent):
        return error
    address = session.parts.links.sending(session.data.key)
    hint = (
        "Files attached in the chat do not reach the service by this connection. Give the user "
        f"this link to send the file, and try again afterwards: [Send a file]({address})"
    )
    return FileNotFound(error.message, hint, error.details)


def page(session: Session, answer: dict[str, Any], language: str) -> str:
    """The page behind the preview that was answered, to be shown inside of another one."""
    with session.turn():
        book = session.workbook(answer["workbook"])
        wish = Wish(answer.get("sheet", ""), embedded=True, language=language)
        return preview(session, book.id, wish)
