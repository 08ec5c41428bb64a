"""The session's files as MCP resources: excel://workbooks/{id}/{version}/{name} and exports."""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from mcp.types import BlobResourceContents, TextResourceContents

from service.errors import ExcelToolsError, FileNotFound, TooLarge
from service.observing import asked, metrics, tracing
from service.sessions.links import DRAFT, Links, Target
from service.sessions.model import mime_type
from service.sessions.registry import Sessions
from service.sessions.session import Session
from service.web.mcp.visit import Visit

_URI = re.compile(r"excel://(?:workbooks/(\w+)/(draft|\d+)|exports/(\w+))/[^/]*")


class Files:
    """Lists and reads them.

    :param most: bytes of the largest that can be read by MCP
    """

    def __init__(self, sessions: Sessions, links: Links, most: int) -> None:
        self._sessions = sessions
        self._links = links
        self._most = most

    def entries(self, visit: Visit) -> list[dict[str, Any]]:
        """The files of the caller's session: working copies, saved versions, exports."""
        with self._audited(visit, "list_files"):
            if not self._sessions.there(visit.user, visit.chat):
                return []
            session, _ = self._sessions.open(visit.user, visit.chat)
            return list(_entries(session))

    @contextmanager
    def _audited(self, visit: Visit, action: str) -> Iterator[asked.Asked]:
        """Write the block down in the audit log."""
        known = dataclasses.replace(visit.asked, door="mcp", user=visit.user, chat=visit.chat)
        audit = self._sessions.parts.audit
        with asked.answering(known) as now, tracing.at(visit.asked.trace):
            try:
                yield now
            except ExcelToolsError as error:
                audit.tell(action, error.code)
                raise
            audit.tell(action)

    def contents(self, visit: Visit, uri: str) -> TextResourceContents | BlobResourceContents:
        """What a resource holds.

        :raises FileNotFound: if the caller's session has no such file
        :raises TooLarge: if it is more than a message may hold
        """
        with self._audited(visit, "download") as now:
            session, _ = self._sessions.open(visit.user, visit.chat)
            with self._sessions.file(_target(uri, session)) as (path, name):
                found = self._read(uri, path, mime_type(name))
                now.size = path.stat().st_size
            metrics.moved("download", now.size)
            return found

    def _read(self, uri: str, path: Path, kind: str) -> TextResourceContents | BlobResourceContents:
        if path.stat().st_size > self._most:
            raise TooLarge(
                f"The file has more than {self._most >> 20} MiB, the most that MCP carries.",
                "Use the download link that list_excel_files answers.",
            )
        data = path.read_bytes()
        if kind.startswith("text/") or kind == "application/json":
            text = data.decode("utf-8", "replace")
            return TextResourceContents(uri=uri, mime_type=kind, text=text)
        return BlobResourceContents(uri=uri, mime_type=kind, blob=base64.b64encode(data).decode())

    def links(self, answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The files of an answer, as links to resources."""
        for entry in answer["files"]:
            token = urlsplit(entry["download_url"]).path.split("/")[-2]
            yield _entry(self._links.target(token), entry["name"], entry["size"])


def _entries(session: Session) -> Iterator[dict[str, Any]]:
    data = session.data
    for book in list(data.workbooks.values()):
        if book.aside:
            continue
        if book.open:
            target = Target(data.key, "w", book.id, DRAFT)
            yield {**_entry(target, book.name), "description": "The working copy as it is now."}
        for version in book.versions:
            target = Target(data.key, "w", book.id, str(version.number))
            entry = _entry(target, version.name, version.size)
            yield {**entry, "description": f"Saved version {version.number}."}
    for export in list(data.exports.values()):
        target = Target(data.key, "e", export.id)
        yield {**_entry(target, export.name, export.size), "description": "An exported file."}


def _entry(target: Target, name: str, size: int | None = None) -> dict[str, Any]:
    kind = (
        f"workbooks/{target.id}/{target.version}" if target.kind == "w" else f"exports/{target.id}"
    )
    uri = f"excel://{kind}/{quote(name, safe='')}"
    return {"uri": uri, "name": name, "mime_type": mime_type(name), "size": size}


def _target(uri: str, session: Session) -> Target:
    found = _URI.fullmatch(uri)
    if found is None:
        raise FileNotFound(
            f"There is no resource {uri[:200]!r}.", "Take a uri from resources/list."
        )
    workbook, version, export = found.groups()
    if export:
        return Target(session.data.key, "e", export)
    return Target(session.data.key, "w", workbook, version)
