"""The log of all processes of the service: one JSON object a line on standard error.

A line may say which request, session, user, operation and file it is about, but never what
cells hold, nor a key or token. Messages of unexpected exceptions may quote any of that, so a
traceback tells where and of which kind, and leaves the message out.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from types import TracebackType

NAME = "excel_tools"


class JsonFormatter(logging.Formatter):
    """Log records as one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        return "".join(_told(ei[1])) if ei[1] else ""


def _told(error: BaseException) -> Iterator[str]:
    """Where the error and those behind it were raised, the first one first."""
    behind = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if behind is not None:
        yield from _told(behind)
    yield from traceback.format_list(traceback.extract_tb(error.__traceback__))
    reason = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
    yield f"{type(error).__name__}{reason}\n"


def setup_logging(level: str, *filters: logging.Filter) -> None:
    """Send this process's log to standard error.

    :param filters: add facts to its lines
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    for each in filters:
        handler.addFilter(each)
    root = logging.getLogger(NAME)
    root.handlers = [handler]
    root.setLevel(level.upper())
    root.propagate = False
