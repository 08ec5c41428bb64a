"""Rows from databases that the operator has set up."""

from __future__ import annotations

from typing import Any, Literal

from service.errors import InvalidParameters
from service.operations.context import Context, Desk
from service.operations.landing import landing
from service.operations.registry import Answer, find, operation
from service.operations.steps import references
from service.workbook.result_sets import Results

_ASKED = ("action", "source", "sql", "limit")


@operation(
    effect="session",
    lands=True,
    delivers_with="into",
    doing="Asking the database {source}",
    example={
        "source": "shop",
        "sql": "SELECT city, COUNT(*) AS customers FROM customers GROUP BY city",
    },
    styled=True,
)
def query_database(
    desk: Desk | Context,
    action: Literal["query", "select", "tables"] = "query",
    source: str = "",
    sql: str = "",
    into: str = "",
    limit: int = 0,
    workbook: str = "",
) -> Answer:
    """Ask a database the operator has set up: select it, see its tables, run one SELECT.

    It stays selected in this chat.

    :param action: select without source lists the databases
    :param source: left out: the selected one
    :param sql: SQL of that database; with tables: names of tables
    :param into: new sheet, or cell such as Data!B3, for all rows
    :param limit: most rows
    """
    if isinstance(desk, Context):
        return _landed(desk, into)
    _check(action, sql, into, limit)
    if into.strip():
        return desk.land_database(source, sql, limit, workbook)
    return desk.ask_database(action, source, sql, limit)


def check_step(arguments: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a step that asks a database, as far as they must be known beforehand.

    :raises InvalidParameters: if it does not put rows into the workbook, or its question is
        not known before the first step is done
    """
    later = [name for name in _ASKED if any(references(arguments.get(name)))]
    if later:
        raise InvalidParameters(
            f"{later[0]} takes no values of other steps: the database is asked before the first "
            "step is done.",
            f"Write {later[0]} out, or call query_database by itself.",
        )
    valid = find("query_database").validate({**arguments, "workbook": ""})
    _check(valid["action"], valid["sql"], valid["into"], valid["limit"])
    if valid["action"] != "query" or not valid["into"].strip():
        raise InvalidParameters(
            "As a step, query_database puts rows into the workbook, and it has no into.",
            'Say where they go, such as into="Orders"; look at tables or rows beforehand.',
        )
    return valid


def _check(action: str, sql: str, into: str, limit: int) -> None:
    if limit < 0:
        raise InvalidParameters(f"limit is {limit}; it is a number of rows.", "Send 1 or more.")
    if action != "query" and into.strip():
        raise InvalidParameters(
            f'query_database(action="{action}") writes nothing, and got into.',
            'Use action="query" to write rows.',
        )
    if action == "select" and sql.strip():
        raise InvalidParameters(
            'query_database(action="select") selects a database, and got sql.',
            'Use action="query" to run a statement.',
        )
    if action == "query" and not sql.strip():
        raise InvalidParameters(
            "query_database needs sql, and it is empty.",
            'Send one SELECT; action="tables" shows what there is.',
        )


def _landed(ctx: Context, into: str) -> Answer:
    """Put the rows that were kept for this call into the workbook."""
    results = Results.unpacked(ctx.files["rows"].read_text(encoding="ascii"))
    place = landing(ctx.book, results, into)
    with ctx.book.changing():
        place.run(ctx.house())
    return Answer(place.told(), sheet=place.sheet)
