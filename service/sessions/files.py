"""Files that come and go: uploads by name, and what operations write for the user."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from service.errors import ExcelToolsError, FileNotFound, StorageFailed, listed
from service.observing import asked, metrics
from service.operations.registry import Operation
from service.sessions.finding import asked_for, files, wanted
from service.sessions.links import Target
from service.sessions.model import Export, Upload
from service.sessions.session import Session


def named_files(
    session: Session, operation: Operation, parameters: dict[str, Any]
) -> dict[str, Path]:
    """Paths of the uploaded files that parameters name.

    A text with a line break is the data itself.
    """
    name = operation.file_parameter
    value = str(parameters.get(name, "")) if name else ""
    key, wanted = operation.file_if
    if key and (parameters.get(key) != wanted or not value.strip()):
        return {}
    if not name or "\n" in value or "\r" in value:
        return {}
    upload = find_upload(session, value, "" if key else _OR_TEXT)
    return {name: upload_path(session, upload)}


def file_used(
    session: Session, operation: Operation, parameters: dict[str, Any], files: dict[str, Path]
) -> dict[str, str]:
    """What the answer tells where the file that was used is called otherwise than was asked."""
    path = files.get(operation.file_parameter)
    if path is None:
        return {}
    ids = [id_ for u in session.data.uploads.values() for id_ in (u.id, u.source) if id_]
    asked = str(parameters[operation.file_parameter])
    return {"file_used": path.name} if asked_for(asked, path.name, *ids, "latest") else {}


_OR_TEXT = ", or send the data itself: CSV text with a line break after each row"


def find_upload(session: Session, asked: str, otherwise: str = _OR_TEXT) -> Upload:
    """The upload that is meant by a name or id; "latest" or "" is the newest of all.

    :param otherwise: what else can be done, for the error
    :raises FileNotSent: if it is a file that the caller could send
    :raises AmbiguousName: if more than one may be meant
    """
    among = files(session)
    found = wanted(session, asked, among)
    if found and found.offer:
        raise found.not_sent()
    if found is None or found.upload is None:
        names = [thing.name for thing in among]
        have = f"Uploads: {listed(names)}." if names else "Nothing was uploaded in this chat."
        raise FileNotFound(
            f'No uploaded file "{asked}". {have}',
            f"Name an uploaded file{otherwise}.",
            {"uploads": names},
        )
    return found.upload


def upload_path(session: Session, upload: Upload) -> Path:
    """Where an uploaded file lies."""
    return Path(session.kept_file(f"{session.folder}/uploads/{upload.id}/{upload.name}"))


def export_folder(session: Session) -> str:
    """A folder of its own for what one call writes."""
    name = f"exports/new-{secrets.token_hex(6)}"
    return str(session.parts.store.scratch(f"{session.folder}/{name}/x").parent)


@contextmanager
def kept_exports(session: Session, folder: str, names: list[str]) -> Iterator[list[dict[str, Any]]]:
    """Files that an operation wrote, in their places and with their links; the block writes the
    record. If that fails, they are gone."""
    kept: list[Export] = []
    try:
        yield [_kept_export(session, folder, name, kept) for name in names]
    except ExcelToolsError:
        for export in kept:
            del session.data.exports[export.id]
            with suppress(StorageFailed):
                session.parts.store.remove(f"{session.folder}/exports/{export.id}")
        raise
    for export in kept:
        _tell(session, export)


def _kept_export(session: Session, folder: str, name: str, kept: list[Export]) -> dict[str, Any]:
    id_ = session.data.next_id("e")
    written = Path(folder) / name
    session.parts.store.keep(written, f"{session.folder}/exports/{id_}/{name}")
    size = written.stat().st_size
    kept.append(Export(id_, name, size, session.parts.clock()))
    session.data.exports[id_] = kept[-1]
    return session.file_entry(Target(session.data.key, "e", id_), name, "saved", 1, size)


def _tell(session: Session, export: Export) -> None:
    session.parts.quota.add(session.data.user, export.size)
    session.history.export(export)
    metrics.moved("export", export.size)
    now = asked.current()
    now.size += export.size
    now.target = ", ".join(filter(None, (now.target, export.name)))
