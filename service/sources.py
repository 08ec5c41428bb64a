"""Databases that the operator has set up: by name, with who may ask them.

They are written as TOML in a file, or as JSON in the setting itself::

    [shop]
    url = "postgresql://reader:${SHOP_PASSWORD}@db.example.org/shop"
    users = ["*"]
    about = "Orders and customers since 2019"

A URL holds a password, so none is ever part of an error, a log line or an answer.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

EVERYBODY = "*"

_KINDS = {
    "sqlite": "SQLite",
    "postgresql": "PostgreSQL",
    "postgres": "PostgreSQL",
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "tidb": "TiDB",
}
_DRIVERS = {"", "psycopg", "pymysql", "pysqlite"}
_NAME = re.compile(r"^\w[\w .-]{0,62}$")
_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}")
_KEYS = ("url", "users", "about", "rows", "seconds", "functions")
_MOST_ROWS = 1_000_000
_MOST_SECONDS = 600


class SourcesError(ValueError):
    """What is set up can't be used; the message names the database, and no URL."""


@dataclass(frozen=True)
class Source:
    """One database.

    :param kind: such as "PostgreSQL"
    :param url: with its password; never to be shown
    :param users: ids of those who may ask it; "*" is everybody
    :param about: what is in it, for the model
    :param rows: most rows that one query may give
    :param seconds: most time that one query may take
    :param functions: further SQL functions that queries may call, in small letters
    """

    name: str
    kind: str
    url: str = field(repr=False)
    users: tuple[str, ...] = ()
    about: str = ""
    rows: int = 100_000
    seconds: int = 30
    functions: tuple[str, ...] = ()
    # Those of the environment that the URL was filled in from.
    variables: tuple[str, ...] = ()

    def open_to(self, user: str) -> bool:
        """Whether this user may ask it."""
        return EVERYBODY in self.users or user in self.users


def read_sources(text: str, environ: Mapping[str, str]) -> tuple[Source, ...]:
    """The databases that ``text`` sets up: JSON, or the path of a TOML file.

    :param environ: where ``${NAME}`` in a URL is looked up
    :raises SourcesError: naming the database and what is wrong with it
    """
    given = _given(text.strip())
    sources = tuple(_source(name, facts, environ) for name, facts in given.items())
    names = [source.name.lower() for source in sources]
    for name in names:
        if names.count(name) > 1:
            raise SourcesError(f'names the database "{name}" twice')
    return sources


def _given(text: str) -> dict[str, Any]:
    if text.startswith("{"):
        try:
            found = json.loads(text)
        except ValueError as error:
            # The parser's message quotes nothing of the text.
            raise SourcesError(f"is no JSON: {error}") from None
        return dict(found)
    path = Path(text).expanduser()
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourcesError(f"names the file {text!r}: {error.strerror}") from None
    except ValueError:
        # A message of the TOML parser may quote a line that holds a password.
        raise SourcesError(f"names the file {text!r}, which is no TOML") from None


def _source(name: str, facts: object, environ: Mapping[str, str]) -> Source:
    def wrong(what: str) -> SourcesError:
        return SourcesError(f'database "{name}": {what}')

    if not _NAME.match(name):
        raise wrong("a name has up to 63 letters, digits, spaces and _ . -")
    if not isinstance(facts, dict) or not isinstance(facts.get("url"), str):
        raise wrong('needs a url, such as "postgresql://reader:${PASSWORD}@host/name"')
    unknown = [key for key in facts if key not in _KEYS]
    if unknown:
        raise wrong(f"knows no {unknown[0]!r}; there are {', '.join(_KEYS)}")
    users = facts.get("users")
    if isinstance(users, str):
        users = [users]
    if not isinstance(users, list) or not users or not all(isinstance(u, str) for u in users):
        raise wrong('say who may ask it: users = ["*"] is everybody, else a list of user ids')
    functions = facts.get("functions", [])
    if not isinstance(functions, list) or not all(isinstance(f, str) for f in functions):
        raise wrong("functions is a list of names")
    url = _url(str(facts["url"]), environ, wrong)
    return Source(
        name=name,
        kind=_KINDS[urlsplit(url).scheme.partition("+")[0].lower()],
        url=url,
        users=tuple(users),
        about=str(facts.get("about", ""))[:200],
        rows=_whole(facts.get("rows", 100_000), _MOST_ROWS, wrong, "rows"),
        seconds=_whole(facts.get("seconds", 30), _MOST_SECONDS, wrong, "seconds"),
        functions=tuple(function.lower() for function in functions),
        variables=tuple(_VARIABLE.findall(str(facts["url"]))),
    )


def _url(text: str, environ: Mapping[str, str], wrong: Any) -> str:
    """The URL with its variables filled in; inside of one they are quoted as it takes."""

    def value(match: re.Match[str]) -> str:
        if not environ.get(match[1]):
            raise wrong(f"the variable {match[1]} in its url is not set")
        found = environ[match[1]]
        return found if match[0] == text else quote(found, safe="")

    url = _VARIABLE.sub(value, text)
    scheme, mark, _ = url.partition("://")
    kind, _, driver = scheme.lower().partition("+")
    if not mark or kind not in _KINDS or driver not in _DRIVERS:
        known = ", ".join(f"{kind}://" for kind in _KINDS)
        raise wrong(f"its url has to begin with one of {known}")
    return url


def _whole(value: object, most: int, wrong: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise wrong(f"{name} is a whole number from 1 to {most}")
    return value
