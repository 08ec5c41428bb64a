"""SQL over open workbooks: an answer, or rows on a sheet."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from service.errors import InvalidParameters
from service.operations.context import Context
from service.operations.landing import landing
from service.operations.registry import Answer, BriefOptions, operation
from service.workbook.house import HouseStyle
from service.workbook.result_sets import Results
from service.workbook.sql.asking import Asking

USUAL_LIMIT, MOST_ROWS = 100, 1000


class QueryOptions(BriefOptions):
    """Extras of query_excel_data."""

    rare = frozenset({"text_columns", "decimal", "date_order", "style"})

    table: str = Field(default="", description="with into: name of a native table to make; auto")
    overwrite: bool = Field(default=False, description="with into: replace filled cells")
    page: int = Field(default=1, description="which page of the rows, limit rows each")
    text_columns: list[str] = Field(default=[], description="columns to take as text")
    decimal: Literal["", ".", ","] = Field(default="", description="mark of numbers in texts")
    date_order: Literal["", "iso", "dmy", "mdy"] = Field(
        default="", description="of dates in texts such as 03/04/2026"
    )
    style: HouseStyle = Field(default="", description="with into: house style")


@operation(
    effect="change",
    doing="Searching the data of {workbook}",
    example={
        "sql": "SELECT item, sum(cost) AS total FROM sheet1 GROUP BY item ORDER BY total DESC"
    },
    delivers_with="into",
    styled=True,
    says_where="sql",
)
def query_excel_data(
    ctx: Context,
    sql: str = "",
    into: str = "",
    limit: int = USUAL_LIMIT,
    options: QueryOptions = QueryOptions(),  # noqa: B008 - a schema default, never changed
) -> Answer:
    """Ask the open workbooks with SQL (DuckDB): each sheet and table is a table.

    Names are total_amount for "Total Amount", budget.sales for another workbook's sheet. It only
    reads; the rows are answered, or written with into.

    :param sql: one SELECT; left out: the tables and their columns
    :param into: a new sheet, or a cell such as Summary!B3, for all rows
    :param limit: most rows to answer, 1 to 1000
    :param options: such as {"table": "Totals"}
    """
    _check(sql, into, limit, options)
    # Values of formulas, and other workbooks, may be others when it is replayed.
    found = ctx.seen.find(lambda: _found(ctx, sql, into, limit, options))
    if "packed" not in found:
        return Answer(found["told"], next=found["next"], changed=False)
    results = Results.unpacked(found["packed"])
    place = landing(ctx.book, results, into, table=options.table, overwrite=options.overwrite)
    with ctx.book.changing():
        place.run(ctx.house(options.style))
    return Answer(place.told() | found["told"], sheet=place.sheet)


def _check(sql: str, into: str, limit: int, options: QueryOptions) -> None:
    if not 1 <= limit <= MOST_ROWS:
        raise InvalidParameters(
            f"limit is {limit}; it goes from 1 to {MOST_ROWS}.",
            "Ask for further rows with options.page, or write all of them to a sheet with into.",
        )
    if into.strip() and (limit != USUAL_LIMIT or options.page != 1):
        raise InvalidParameters(
            "With into all rows are written: limit and options.page have no effect.",
            "Leave them out; write LIMIT in the SQL for fewer rows.",
        )
    if not into.strip() and (options.table or options.overwrite or options.style):
        raise InvalidParameters(
            "options.table, overwrite and style are for rows on a sheet, and into is empty.",
            'Say where the rows go: into="Result".',
        )
    if into.strip() and not sql.strip():
        raise InvalidParameters("into needs a query, and sql is empty.", "Send one SELECT as sql.")
    if options.page < 1:
        raise InvalidParameters(f"options.page is {options.page}; pages count from 1.", "Send 1.")


def _found(ctx: Context, sql: str, into: str, limit: int, options: QueryOptions) -> dict[str, Any]:
    wishes = options.decimal, options.date_order, options.text_columns
    asking = Asking(ctx.book, ctx.others, *wishes, chosen=ctx.chosen)
    if not sql.strip():
        return {"told": {"tables": asking.tables()}, "next": []}
    query = asking.asked(sql)
    if into.strip():
        return {"packed": query.all_rows().packed(), "told": query.told()}
    return {
        "told": query.page(options.page, limit) | query.told(),
        "next": [],
    }
