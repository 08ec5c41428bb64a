"""What people and models write around SQL, and what other databases' functions are called here."""

from __future__ import annotations

import re

_FENCED = re.compile(r"\s*(`{3,})[ \t]*(?:\w+[ \t]*)?\r?\n(.*?)\s*\1\s*", re.DOTALL)
_MYSQL = ("MySQL", "MariaDB", "TiDB")

# Names that mean much the same, and how each database has it.
_MEANINGS: list[tuple[str, dict[str, str]]] = [
    (
        "to_char date_format strftime format format_date formatdatetime text time_to_str",
        {
            "DuckDB": "strftime(day, '%Y-%m')",
            "SQLite": "strftime('%Y-%m', day)",
            "PostgreSQL": "to_char(day, 'YYYY-MM')",
            "MySQL": "date_format(day, '%Y-%m')",
        },
    ),
    (
        "year month day quarter week hour weekday dayofweek datepart date_part extract datename",
        {
            "DuckDB": "year(day), month(day), date_part('week', day)",
            "SQLite": "CAST(strftime('%Y', day) AS INTEGER)",
            "PostgreSQL": "extract(year FROM day)",
            "MySQL": "year(day), month(day), week(day)",
        },
    ),
    (
        "date_trunc datetrunc trunc",
        {
            "DuckDB": "date_trunc('month', day), round(number, 2)",
            "SQLite": "date(day, 'start of month'), round(number, 2)",
            "PostgreSQL": "date_trunc('month', day), round(number, 2)",
            "MySQL": "date_format(day, '%Y-%m-01'), truncate(number, 2)",
        },
    ),
    (
        "datediff date_diff timestampdiff julianday months_between age days",
        {
            "DuckDB": "date_diff('day', first, last)",
            "SQLite": "julianday(last) - julianday(first)",
            "PostgreSQL": "last - first for days, age(last, first)",
            "MySQL": "datediff(last, first)",
        },
    ),
    (
        "dateadd date_add date_sub adddate subdate add_months timestampadd",
        {
            "DuckDB": "day + INTERVAL 1 MONTH",
            "SQLite": "date(day, '+1 month')",
            "PostgreSQL": "day + INTERVAL '1 month'",
            "MySQL": "day + INTERVAL 1 MONTH",
        },
    ),
    (
        "eomonth last_day",
        {
            "DuckDB": "last_day(day)",
            "SQLite": "date(day, 'start of month', '+1 month', '-1 day')",
            "PostgreSQL": "date_trunc('month', day) + INTERVAL '1 month' - INTERVAL '1 day'",
            "MySQL": "last_day(day)",
        },
    ),
    ("getdate sysdate sysdatetime curdate today now", {"": "current_date"}),
    ("isnull nvl nvl2 ifnull zn", {"": "coalesce(value, 0)"}),
    ("iif if decode choose switch", {"": "CASE WHEN a > 1 THEN 'x' ELSE 'y' END"}),
    (
        "charindex locate strpos position instr find search",
        {
            "DuckDB": "strpos(text, 'part')",
            "SQLite": "instr(text, 'part')",
            "PostgreSQL": "strpos(text, 'part')",
            "MySQL": "locate('part', text)",
        },
    ),
    ("left right mid substring_index split_part", {"": "substr(text, 1, 3)"}),
    ("len char_length", {"": "length(text)"}),
    (
        "group_concat string_agg listagg array_agg textjoin",
        {
            "": "string_agg(name, ', ')",
            "SQLite": "group_concat(name, ', ')",
            "MySQL": "group_concat(name SEPARATOR ', ')",
        },
    ),
    (
        "str_to_date to_date strptime to_timestamp parse_date datevalue",
        {
            "DuckDB": "strptime(text, '%d.%m.%Y')",
            "SQLite": "substr(text, 7) || '-' || substr(text, 4, 2) || '-' || substr(text, 1, 2)",
            "PostgreSQL": "to_date(text, 'DD.MM.YYYY')",
            "MySQL": "str_to_date(text, '%d.%m.%Y')",
        },
    ),
    (
        "sum avg to_number val value try_cast isnumeric convert tonumber",
        {
            "DuckDB": "TRY_CAST(replace(text, ',', '.') AS DOUBLE) for numbers in texts",
            "": "CAST(text AS DECIMAL(12, 2))",
        },
    ),
    (
        "sumif sumifs countif countifs averageif averageifs",
        {"": "sum(CASE WHEN region = 'North' THEN amount END)"},
    ),
    ("vlookup xlookup hlookup lookup", {"": "a JOIN of the two tables"}),
    (
        "stdev stdevp std",
        {"": "stddev(number)", "SQLite": "sqrt(avg(number * number) - avg(number) * avg(number))"},
    ),
    (
        "median percentile percentile_cont",
        {
            "DuckDB": "median(number)",
            "PostgreSQL": "percentile_cont(0.5) WITHIN GROUP (ORDER BY number)",
            "": "the middle one of the rows by row_number() OVER (ORDER BY number)",
        },
    ),
    (
        "regexp_like regexp_matches regexp_contains rlike",
        {
            "DuckDB": "regexp_matches(text, 'pattern')",
            "SQLite": "text LIKE '%part%'",
            "PostgreSQL": "text ~ 'pattern'",
            "MySQL": "text REGEXP 'pattern'",
        },
    ),
]
_HERE = {name: said for names, said in _MEANINGS for name in names.split()}

# Turns of phrase that are no functions: what they look like, and which databases have them.
_TURNS: list[tuple[str, str, tuple[str, ...]]] = [
    (r"\bTOP\s*\(?\d", "For the first rows write LIMIT 10 at the end, not TOP.", ()),
    (r"[\w\"\]$]![A-Z$]", "A sheet is asked as a table, without cells: FROM sheet1.", ()),
    (r"\[[A-Z_][^\]\n]*\]", "Names with blanks stand in {quotes}, not in brackets.", ("SQLite",)),
    (r"`", "Names with blanks stand in double quotes.", ("DuckDB", "SQLite", *_MYSQL)),
    (r"\b(REGEXP|RLIKE)\b", "For patterns write {regexp_like}.", ("SQLite", *_MYSQL)),
    (r"\bSEPARATOR\b", "To join texts write {group_concat}.", _MYSQL),
]


def bare(sql: str) -> str:
    """The statement without the Markdown fence around it, and without blanks."""
    fenced = _FENCED.fullmatch(sql)
    return (fenced[2] if fenced else sql).strip()


def function_here(name: str, kind: str) -> str:
    """What a function of another database is in this one, "" where that is not known.

    :param name: as it was called, in any case
    :param kind: of the database that is asked, such as "DuckDB" or "MariaDB"
    """
    said = _HERE.get(name.lower(), {})
    found = said.get("MySQL" if kind in _MYSQL else kind) or said.get("", "")
    return "" if found.lower().startswith(f"{name.lower()}(") else found


def advice(name: str, kind: str) -> str:
    """The same as a sentence, with a blank behind."""
    found = function_here(name, kind)
    return f"In {kind} write {found}. " if found else ""


def turn_advice(sql: str, kind: str) -> str:
    """What to write instead of another database's turn of phrase, as :func:`advice`."""
    for pattern, said, known in _TURNS:
        if kind not in known and re.search(pattern, sql, re.IGNORECASE):
            words = {n: function_here(n, kind) for n in ("regexp_like", "group_concat")}
            quotes = "backticks" if kind in _MYSQL else "double quotes"
            return said.format(quotes=quotes, **words) + " "
    return ""
