"""Databases as a session sees them: which the user may ask, and which one is selected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import rmtree
from typing import Any

from service.databases.child import Job
from service.errors import (
    DatabaseNotFound,
    DatabaseRequired,
    ExcelToolsError,
    InvalidParameters,
    TooLarge,
    listed,
)
from service.operations.registry import Answer
from service.operations.steps import check_step, in_step, rows_of
from service.sessions.files import export_folder
from service.sessions.session import Session
from service.sources import Source

ANSWERED = 100
MOST_ANSWERED = 1_000


class DatabaseCall:
    """One call about a database.

    :ivar selects: the source that the session shall have selected afterwards, if another one
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.selects: Source | None = None

    def answer(self, action: str, source: str, sql: str, limit: int) -> Answer:
        """Do what is asked and answer it."""
        if action == "select":
            return self.select(source)
        return self.tables(source, sql) if action == "tables" else self.query(source, sql, limit)

    def select(self, source: str) -> Answer:
        """Select a database; without a name, only tell which there are."""
        if source.strip():
            found = self._named(source)
            self._select(found)
            told = {"selected": found.name, "kind": found.kind}
            about = {"about": found.about} if found.about else {}
            return Answer(told | about, next=['See its tables with action="tables".'])
        sources = self._open()
        result: dict[str, Any] = {"databases": [_told(source) for source in sources]}
        if any(source.name == self._session.data.database for source in sources):
            result["selected"] = self._session.data.database
        if not sources:
            result["notes"] = ["The operator of this service has set up none for this user."]
        if not sources or "selected" in result:
            return Answer(result)
        return Answer(result, next=[f'Select one: action="select", source="{sources[0].name}".'])

    def tables(self, source: str, names: str) -> Answer:
        """The tables that can be read, with their columns."""
        wanted = self._wanted(source)
        found = self._ask(Job(wanted, "tables", names))
        if "unknown" in found:
            raise InvalidParameters(
                f'"{wanted.name}" has no table {listed(found["unknown"])}. '
                f"Tables: {listed(found['names'], 40)}.",
                'Name tables in sql, separated by commas, or leave it out with action="tables".',
            )
        some = len(found["tables"]) > 0 and isinstance(found["tables"], list)
        hints = ['Name tables in sql to see their columns, such as sql="orders, customers".']
        self._select(wanted)
        return Answer({"database": wanted.name, "kind": wanted.kind, **found}, next=hints * some)

    def query(self, source: str, sql: str, limit: int) -> Answer:
        """The rows of a statement, answered."""
        wanted = self._wanted(source)
        most = min(limit or ANSWERED, MOST_ANSWERED, wanted.rows)
        found = self._ask(Job(wanted, "query", sql, most))
        self._select(wanted)
        found["row_count"] = found.pop("count")
        if not found.pop("more"):
            return Answer({"database": wanted.name, **found})
        hint = "Aggregate or filter in SQL, or put all rows into a sheet with into."
        return Answer({"database": wanted.name, **found, "more_rows": True}, next=[hint])

    @contextmanager
    def kept_rows(self, source: str, sql: str, limit: int) -> Iterator[tuple[Path, Source]]:
        """(file with the rows of a statement, the database).

        :raises TooLarge: if there are more rows than the database gives, and no limit was set
        """
        wanted = self._wanted(source)
        folder = Path(export_folder(self._session))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / "rows"
            most = min(limit or wanted.rows, wanted.rows)
            found = self._ask(Job(wanted, "query", sql, most, str(path)))
            if found["more"] and limit != most:
                raise TooLarge(
                    f"The result has more than {most:,} rows, which is the most that "
                    f'"{wanted.name}" gives. Nothing was written.',
                    f"Aggregate or filter in SQL, or set limit (at most {most}).",
                )
            self._select(wanted)
            yield path, wanted
        finally:
            rmtree(folder, ignore_errors=True)

    def keep(self) -> Callable[[], None]:
        """Note what was selected in the record; the answer takes it back."""
        data, before = self._session.data, self._session.data.database
        if self.selects is not None:
            data.database = self.selects.name

        def undo() -> None:
            data.database = before

        return undo

    def kept(self) -> None:
        """Put what was selected on the disk, after steps that are in the journal already."""
        session = self._session
        if self.selects is None:
            return
        with session.lock:
            undo = self.keep()
            try:
                session.write()
            except ExcelToolsError:
                undo()
                raise
        session.history.add(session.parts.clock(), "database", database=self.selects.name)

    @contextmanager
    def rows_of_steps(self, steps: list[dict[str, Any]]) -> Iterator[dict[str, Path]]:
        """Files with the rows of the steps that ask databases, by the names that steps know."""
        asking = [
            (number, _checked_step(number, len(steps), step["arguments"]))
            for number, step in enumerate(steps, 1)
            if step["tool"].strip() == "query_database"
        ]
        with ExitStack() as kept:
            files = {}
            for number, given in asking:
                asked = given["source"], given["sql"], given["limit"]
                with _in_step(number, len(steps)):
                    path, _ = kept.enter_context(self.kept_rows(*asked))
                files[rows_of(number)] = path
            yield files

    def _ask(self, job: Job) -> dict[str, Any]:
        return self._session.parts.asker.ask(job)

    def _select(self, source: Source) -> None:
        self.selects = source if source.name != self._session.data.database else None

    def _open(self) -> list[Source]:
        user = self._session.data.user
        return [s for s in self._session.parts.settings.databases if s.open_to(user)]

    def _wanted(self, source: str) -> Source:
        """The database that is named, or else the one that is selected."""
        if source.strip():
            return self._named(source)
        selected = self.selects.name if self.selects else self._session.data.database
        if selected:
            return self._named(selected, f'The selected database "{selected}" is there no more.')
        names = [one.name for one in self._open()]
        if not names:
            raise _none()
        raise DatabaseRequired(
            f"No database is selected in this chat. Databases: {listed(names)}.",
            f'Select one: query_database(action="select", source="{names[0]}").',
            {"databases": names},
        )

    def _named(self, name: str, missing: str = "") -> Source:
        sources = self._open()
        for source in sources:
            if source.name.lower() == name.strip().lower():
                return source
        if not sources:
            raise _none()
        names = [source.name for source in sources]
        raise DatabaseNotFound(
            f"{missing or f'There is no database {name.strip()[:80]!r}.'} "
            f"Databases: {listed(names)}.",
            "Name one of these as source.",
            {"databases": names},
        )


def _checked_step(number: int, count: int, arguments: dict[str, Any]) -> dict[str, Any]:
    with _in_step(number, count):
        return check_step(arguments)


@contextmanager
def _in_step(number: int, count: int) -> Iterator[None]:
    """Errors within say which step it was, as those of the other steps do."""
    try:
        yield
    except ExcelToolsError as error:
        raise in_step(error, number, count, "query_database") from None


def _none() -> DatabaseNotFound:
    return DatabaseNotFound(
        "No database is set up for this user.",
        "Only the operator of this service can set one up; use uploaded files meanwhile.",
        {"databases": []},
    )


def _told(source: Source) -> dict[str, str]:
    told = {"name": source.name, "kind": source.kind, "about": source.about}
    return {key: text for key, text in told.items() if text}
