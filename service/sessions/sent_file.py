"""An uploaded file that becomes a workbook: made ready by an engine, then loaded or imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from service.engine.work import Reply, Work
from service.names import clean_filename, unique_name
from service.operations.registry import find
from service.sessions.files import upload_path
from service.sessions.model import Upload, Workbook, mime_type
from service.sessions.session import Session

_PREPARING = "preparing"
_TEXTS = (".csv", ".tsv", ".txt")


class SentFile:
    """The opening of an upload as the workbook ``book``.

    :param taken: names of other workbooks
    """

    def __init__(
        self, session: Session, book: Workbook, upload: Upload, password: str, taken: list[str]
    ) -> None:
        self._session = session
        self._book = book
        self._upload = upload
        self._password = password
        self._taken = taken
        self.notes: list[str] = []
        self.converted = ""
        self.is_text = False
        book.upload = upload.id

    def __repr__(self) -> str:
        return f"<SentFile {self._upload.name!r} as {self._book.name!r}>"

    def fill(self) -> Reply:
        """Make the working copy. Call it inside the workbook's queue."""
        store, folder = self._session.parts.store, self._session.copy_folder(self._book)
        try:
            found = self._prepared(f"{folder}/{_PREPARING}")
            self.converted, self.is_text = found["converted"], not found["path"]
            self.notes += found["notes"]
            self._name(found["ending"])
            if self.is_text:
                return self._imported()
            self._book.base = f"base{found['ending']}"
            store.keep(Path(found["path"]), f"{folder}/{self._book.base}")
        finally:
            store.discard(f"{folder}/{_PREPARING}")
        reply = self._session.call(self._book, action="load")
        self._book.losses = reply.result["losses"]
        return reply

    def _prepared(self, folder: str) -> dict[str, Any]:
        session = self._session
        work = Work(
            workbook=session.engine_key(self._book),
            name=self._upload.name,
            base="",
            mark=0,
            action="prepare",
            source=str(upload_path(session, self._upload)),
            target=str(session.parts.store.scratch(f"{folder}/x").parent),
            password=self._password,
        )
        return session.parts.engine.call(work).result

    def _name(self, ending: str) -> None:
        """Call the workbook after the file, with the ending that fits what it is."""
        name = clean_filename(self._upload.name, ending)
        self._book.name = unique_name(name, self._taken)
        if self._book.name != name:
            self.notes.append(f'There is a "{name}" already; this one is "{self._book.name}".')

    def _imported(self) -> Reply:
        session, upload, book = self._session, self._upload, self._book
        operation = find("import_csv_to_excel")
        parameters = operation.validate({"source": upload.id})
        files = {"source": upload_path(session, upload)}
        reply = session.run_on(book, operation, parameters, files)
        named = "" if upload.name.lower().endswith(_TEXTS) else ", whatever its name says"
        self.notes.append(
            f"{upload.name} is a text file{named}; it became the workbook {book.name}."
        )
        return reply

    def facts(self) -> dict[str, Any]:
        """What the history tells of it."""
        upload = self._upload
        facts = {"workbook": self._book.name, "upload": upload.name, "size": upload.size}
        facts["type"] = mime_type(upload.name)
        return facts | ({"converted_from": self.converted} if self.converted else {})
