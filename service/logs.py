"""The log of all processes of the service: a line for each thing told, on standard error.

A line may say which request, session, user, operation and file it is about, but never what
cells hold, nor a key or token. Messages of unexpected exceptions may quote any of that, so a
traceback tells where and of which kind, and leaves the message out.
"""

from __future__ import annotations

import json
import logging
import threading
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any

NAME = "excel_tools"
JSON, TEXT = "json", "text"

# All that a line may have besides, in the order in which it is written.
FIELDS = {
    "time": "when, with the zone",
    "level": "debug, info, warning, error or critical",
    "logger": "the part of the service, such as excel_tools.web; or a library",
    "message": "what; the request line is `request`, that of an operation `operation`",
    "request": "id of the request: the caller's X-Request-Id, or one that was made",
    "trace": "id of the trace, where traces are sent",
    "session": "key of the session: a hash of its id, which is not in the log",
    "user": "id of the user, as the caller sent it",
    "method": "of the request: GET, POST ...",
    "path": "the route of the request, `unknown` for none: a path may hold the token of a link",
    "operation": "name of the operation",
    "status": "HTTP status of the answer",
    "code": "error code of the answer, where it is an error",
    "outcome": "of an operation: ok, repeated (the answer of an earlier call), or an error code",
    "door": "by which an operation came: http or mcp",
    "bytes": "of the files that an operation wrote: saved or exported",
    "ms": "milliseconds that it took",
    "workbook": "number of the workbook in its session",
    "database": "name of the database that was asked",
    "action": "what was asked of it",
    "address": "where the service listens",
    "traceback": "where an unexpected error was raised, and its kind; not its message",
}


class JsonFormatter(logging.Formatter):
    """Log records as one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(self.entry(record), ensure_ascii=False, default=str)

    def entry(self, record: logging.LogRecord) -> dict[str, Any]:
        """What the line says, by the names in ``FIELDS``."""
        entry = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return entry

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        return "".join(_told(ei[1])) if ei[1] else ""


class TextFormatter(JsonFormatter):
    """The same for people: a line of words, and a traceback below it."""

    def format(self, record: logging.LogRecord) -> str:
        entry = self.entry(record)
        where = entry.pop("traceback", "")
        head = [entry.pop(name) for name in ("time", "level", "logger", "message")]
        facts = [f"{name}={_word(fact)}" for name, fact in entry.items()]
        # A message with a line break must not look like two lines.
        line = " ".join([head[0], f"{head[1]:7}", *map(_one_line, head[2:]), *facts])
        return f"{line}\n{where.rstrip()}" if where else line


def _word(fact: object) -> str:
    text = _one_line(str(fact))
    return json.dumps(text, ensure_ascii=False) if " " in text or not text else text


def _one_line(text: str) -> str:
    return text if text.isprintable() else json.dumps(text, ensure_ascii=False)


def formatter(form: str) -> logging.Formatter:
    """Writes lines in that form, json or text."""
    return TextFormatter() if form == TEXT else JsonFormatter()


def _told(error: BaseException) -> Iterator[str]:
    """Where the error and those behind it were raised, the first one first."""
    behind = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if behind is not None:
        yield from _told(behind)
    yield from traceback.format_list(traceback.extract_tb(error.__traceback__))
    reason = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
    yield f"{type(error).__name__}{reason}\n"


def setup_logging(level: str, *filters: logging.Filter, form: str = JSON) -> None:
    """Send this process's log to standard error.

    :param filters: add facts to its lines
    :param form: json or text
    """
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(form))
    for each in filters:
        handler.addFilter(each)
    root = logging.getLogger(NAME)
    root.handlers = [handler]
    root.setLevel(level.upper())
    root.propagate = False


def take_the_rest() -> None:
    """Have libraries' warnings, and threads that fail, in the log of this process as well."""
    logging.captureWarnings(True)
    for name in ("py.warnings", "mcp", "opentelemetry"):
        logger = logging.getLogger(name)
        logger.handlers = logging.getLogger(NAME).handlers
        logger.propagate = False
    threading.excepthook = _thread_failed


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is not None:
        log = logging.getLogger(f"{NAME}.threads")
        name = failed.thread.name if failed.thread else "?"
        log.error("the thread %s failed", name, exc_info=failed.exc_value)
