"""Rows from databases that the operator has set up."""

from __future__ import annotations

from typing import Literal

from service.errors import InvalidParameters
from service.operations.context import Context, Desk
from service.operations.landing import landing
from service.operations.registry import Answer, operation
from service.workbook.result_sets import Results


@operation(
    effect="session",
    lands=True,
    delivers_with="into",
    doing="Asking {source|the database}",
    nature=("outside",),
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
    check_query(action, sql, into, limit)
    if into.strip():
        return desk.land_database(source, sql, limit, workbook)
    return desk.ask_database(action, source, sql, limit)


def check_query(action: str, sql: str, into: str, limit: int) -> None:
    """Refuse parameters that do not go together."""
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
