"""The settings: one row each, read once at start, frozen, passed down.

The environment variable of a setting is its name in capitals behind
``EXCEL_TOOLS_``. A variable with that prefix that is no setting stops the start:
a misspelt limit must not be a limit that isn't there.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import os
import re
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from service.sources import Source, SourcesError, read_sources

PREFIX = "EXCEL_TOOLS_"
# Settings of the service, of traces, and of the command that installs the tool.
_READ_ONCE = (PREFIX, "OTEL_", "WEBUI_")
# What HS256 asks of a secret.
_SHORTEST_SECRET = 32
# In place of a key: /metrics asks for none.
METRICS_OPEN = "open"
AUDIT_OFF, AUDIT_STDOUT = "off", "stdout"


class SettingsError(ValueError):
    """A setting has a value that can't be used; the message names it."""


def _whole(low: int, high: int) -> Callable[[str], int]:
    def check(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise SettingsError(f"needs a whole number, not {text!r}") from None
        if not low <= number <= high:
            raise SettingsError(f"needs a number from {low} to {high}, not {number}")
        return number

    return check


def _url(text: str) -> str:
    if not re.match(r"https?://[^/?#\s]+[^?#\s]*$", text):
        raise SettingsError(f"needs an http:// or https:// address, not {text!r}")
    return text.rstrip("/")


def _redis(text: str) -> str:
    if not re.match(r"(rediss?|valkeys?)://[^/?#\s]+(/\d+)?$", text):
        raise SettingsError("needs an address such as redis://:password@redis:6379/0")
    return re.sub("^valkey", "redis", text)


def _bucket(text: str) -> str:
    if not re.match(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", text):
        raise SettingsError(
            "needs the name of a bucket: 3 to 63 small letters, digits, dots and hyphens, "
            f"not {text!r}"
        )
    return text


# What stands for a key that the settings do not hold: its name, if it has one, and its hash.
_HASHED = re.compile(r"(?:([\w.-]{1,40}):)?sha256:([0-9a-f]{64})")


def digest_of(key: str) -> str:
    """What a key is known by where it is kept."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def hashed_key(name: str, key: str) -> str:
    """What stands in EXCEL_TOOLS_API_KEYS for a key that should not."""
    return (
        f"{re.sub(r'[^A-Za-z0-9.-]+', '-', name)[:40].strip('-') or 'key'}:sha256:{digest_of(key)}"
    )


def named_digest(configured: str) -> tuple[str, str]:
    """(name, hash) of a key of EXCEL_TOOLS_API_KEYS, which is there as it is or hashed."""
    found = _HASHED.fullmatch(configured)
    if found is None:
        return "EXCEL_TOOLS_API_KEYS", digest_of(configured)
    return found[1] or "EXCEL_TOOLS_API_KEYS", found[2]


def _keys(text: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
    for key in keys:
        if "sha256:" in key and not _HASHED.fullmatch(key):
            raise SettingsError(
                "has sha256: in a key, which is not <name>:sha256:<64 hex digits in small letters>"
            )
    if not all(re.match(r"[\x21-\x7e]{8,}$", key) for key in keys):
        raise SettingsError(
            "needs keys of at least 8 characters (letters, digits, signs; no spaces), "
            "comma separated"
        )
    return keys


def _metrics_key(text: str) -> str:
    given = text.strip()
    if given == METRICS_OPEN:
        return given
    if len(found := _keys(given)) != 1:
        raise SettingsError(f"needs one key, or the word {METRICS_OPEN}")
    return found[0]


def _one_of(*words: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        word = text.strip().lower()
        if word not in words:
            raise SettingsError(f"needs {' or '.join(words)}, not {text!r}")
        return word

    return check


def _audit_log(text: str) -> str:
    if text.strip().lower() in (AUDIT_OFF, AUDIT_STDOUT):
        return text.strip().lower()
    path = _path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise SettingsError(f"needs off, stdout, or a file in a folder that is there, not {text!r}")
    return str(path)


def _text(text: str) -> str:
    if not text.strip():
        raise SettingsError("must not be empty")
    return text.strip()


def _secret(text: str) -> str:
    if len(text.strip().encode()) < _SHORTEST_SECRET:
        raise SettingsError(f"needs at least {_SHORTEST_SECRET} bytes; try: openssl rand -hex 32")
    return text.strip()


def _level(text: str) -> str:
    level = text.strip().upper()
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise SettingsError(f"needs DEBUG, INFO, WARNING or ERROR, not {text!r}")
    return level


def _libreoffice(text: str) -> str:
    if text.strip().lower() in ("auto", "off"):
        return text.strip().lower()
    path = _path(text)
    if not os.access(path, os.X_OK) or path.is_dir():
        raise SettingsError(f"needs auto, off, or the path of a program, not {text!r}")
    return str(path)


def _path(text: str) -> Path:
    return Path(_text(text)).expanduser().absolute()


def _cores() -> int:
    """Cores that this process may use; a container or ``taskset`` may give fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _setting(
    default: object,
    check: Callable[[str], object],
    help_: str,
    *,
    words: str = "",
    secret: bool = False,
) -> Any:
    """One row; ``words`` tell of a default that is no fixed value, a secret is never shown."""
    metadata = {"check": check, "help": help_, "words": words}
    return dataclasses.field(default=default, metadata=metadata, repr=not secret)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of the service."""

    host: str = _setting(
        "127.0.0.1",
        _text,
        "Address to listen on. Without API keys the service listens on 127.0.0.1 whatever is set.",
    )
    port: int = _setting(9080, _whole(1, 65535), "Port of the API and the files.")
    public_url: str = _setting(
        "",
        _url,
        "Address under which people's browsers reach the service; download links start with it.",
        words="`http://localhost:` and the port",
    )
    api_keys: tuple[str, ...] = _setting(
        (),
        _keys,
        "Keys that callers may send as `Authorization: Bearer`, comma separated: each as it is, "
        "or as `<name>:sha256:<its hash>` (`python -m service keys hash <name>`).",
        words="none",
        secret=True,
    )
    user_token_secret: str = _setting(
        "",
        _secret,
        "Secret by which Open WebUI signs who its user is (there "
        "`FORWARD_USER_INFO_HEADER_JWT_SECRET`). Where it is set, every call needs such a token; "
        "see [Security](security.md).",
        words="none: the API key alone vouches for users",
        secret=True,
    )
    data_dir: Path = _setting(
        Path("data"),
        _path,
        "Folder for sessions, workbooks and the link signing key; of a replica, for its cache.",
    )
    redis_url: str = _setting(
        "",
        _redis,
        "Redis or Valkey that several replicas of the service share, such as "
        "`redis://:password@redis:6379/0`; see [Several replicas](scaling.md). It needs "
        "`S3_ENDPOINT`, too.",
        words="none: one process, with all its state in the data folder",
        secret=True,
    )
    s3_endpoint: str = _setting(
        "",
        _url,
        "Address of the S3-compatible store for the files that replicas share.",
        words="none",
    )
    s3_bucket: str = _setting(
        "excel-tools", _bucket, "Bucket for these files; it is made if it is not there."
    )
    s3_access_key: str = _setting("", str, "Access key for the store.", words="none")
    s3_secret_key: str = _setting("", str, "Secret key for the store.", words="none", secret=True)
    s3_region: str = _setting("us-east-1", _text, "Region of the store for files.")
    cache_mb: int = _setting(
        2048,
        _whole(10, 10_000_000),
        "Copies of shared files that a process keeps in the data folder, MiB; those in use may "
        "take more.",
    )
    lease_seconds: int = _setting(
        15,
        _whole(2, 600),
        "Seconds after which others take over the sessions of a replica that died at work.",
    )
    workers: int = _setting(
        1,
        _whole(1, 64),
        "Processes that answer requests, each with `THREADS` and `ENGINES` of its own; more than "
        "one needs `REDIS_URL`.",
    )
    threads: int = _setting(16, _whole(1, 256), "Requests worked on at the same time.")
    waiting: int = _setting(
        64,
        _whole(0, 1000),
        "Requests that wait for others to end; what comes beyond them is answered 503.",
    )
    calls_per_user: int = _setting(
        16,
        _whole(1, 1000),
        "Requests of one user that are worked on or wait; what comes beyond them is answered 429.",
    )
    bodies_mb: int = _setting(
        512,
        _whole(1, 65536),
        "Room for bodies of requests under way, MiB in all, JSON counted eightfold; what "
        "comes beyond them is answered 503. One user gets half of it at most; a request alone may "
        "be as large as the other limits say.",
    )
    slow_seconds: int = _setting(
        20,
        _whole(1, 3600),
        "Seconds that a client has to send a request or to take an answer, besides a second for "
        "each 32 KiB; a slower one is cut off.",
    )
    drain_seconds: int = _setting(
        0,
        _whole(0, 600),
        "Seconds for which a service that was told to stop goes on, while `/ready` answers 503, "
        "so that a load balancer has time to notice.",
    )
    stop_seconds: int = _setting(
        30,
        _whole(1, 3600),
        "Seconds that calls under way have to end when the service stops; what waits is answered "
        "503.",
    )
    engines: int = _setting(
        min(_cores(), 16),
        _whole(1, 64),
        "Engine processes that hold open workbooks.",
        words="one per core, at most 16",
    )
    engine_memory_mb: int = _setting(
        2048,
        _whole(256, 65536),
        "Memory one engine process may use, MiB; a call that needs more is refused.",
    )
    engine_deadline: int = _setting(
        60, _whole(1, 3600), "Seconds one operation may take before its engine is replaced."
    )
    engine_workbooks: int = _setting(
        32, _whole(1, 1000), "Workbooks one engine keeps in memory; others come back by themselves."
    )
    queue_wait: int = _setting(
        30,
        _whole(1, 3600),
        "Seconds a request waits for its turn or its workbook before it is told to retry.",
    )
    session_ttl: int = _setting(
        86400, _whole(1, 31536000), "Seconds after its last use at which a session ends."
    )
    session_cache: int = _setting(
        1000,
        _whole(1, 1000000),
        "Sessions kept in the TTL cache; the rest are read when they are used.",
    )
    sessions_per_user: int = _setting(500, _whole(1, 100000), "Sessions one user may have.")
    workbooks_per_session: int = _setting(
        20, _whole(1, 1000), "Workbooks one session may have open."
    )
    bytes_per_user: int = _setting(
        1_000_000_000, _whole(1000, 10**15), "Bytes that one user's sessions may keep."
    )
    user_rate: int = _setting(
        3000,
        _whole(0, 1_000_000),
        "Requests a minute for one user, and by the links of one chat; 0: any number.",
    )
    key_rate: int = _setting(
        60_000, _whole(0, 10_000_000), "Requests a minute with one API key; 0: any number."
    )
    link_ttl: int = _setting(86400, _whole(1, 31536000), "Seconds for which a download link works.")
    max_upload_mb: int = _setting(200, _whole(1, 2048), "Largest file that may be uploaded, MiB.")
    max_body_mb: int = _setting(
        32, _whole(1, 1024), "Largest body of a request that is not an upload, MiB."
    )
    max_cells: int = _setting(
        2_000_000,
        _whole(100, 100_000_000),
        "Cells that one workbook may hold; those of an imported CSV of 300,000 cells or more "
        "count only once they are looked at or changed one by one.",
    )
    max_table_cells: int = _setting(
        20_000_000,
        _whole(100, 100_000_000),
        "Cells that one workbook may hold together with such an import; a million take about "
        "35 MiB of an engine's memory.",
    )
    max_unpacked_mb: int = _setting(
        1024, _whole(1, 65536), "Largest unpacked size of an uploaded workbook, MiB."
    )
    libreoffice: str = _setting(
        "auto",
        _libreoffice,
        "LibreOffice, which converts .xls, .xlsb and .ods with their formulas and charts, and "
        "decides values that the calculators leave open: `auto` where it is installed, `off`, or "
        "the path of `soffice`.",
    )
    secret_key: str = _setting(
        "",
        str,
        "Key that signs download links.",
        words="made at the first start, kept in the data folder or in Redis",
        secret=True,
    )
    databases: tuple[Source, ...] = _setting(
        (),
        str,
        "Databases that `query_database` may ask: the path of a TOML file, or JSON; see "
        "[Databases](databases.md).",
        words="none",
        secret=True,
    )
    log_level: str = _setting("INFO", _level, "Level of the log: DEBUG, INFO, WARNING or ERROR.")
    log_format: str = _setting(
        "json",
        _one_of("json", "text"),
        "How the log is written: `json`, an object a line, or `text`, for people at a screen.",
    )
    metrics_key: str = _setting(
        "",
        _metrics_key,
        "Key with which `GET /metrics` may be read, and nothing else, beside the API keys; "
        "`open`: no key is asked for there. See [Observing](observing.md).",
        words="none: an API key is asked for",
        secret=True,
    )
    audit_log: str = _setting(
        AUDIT_OFF,
        _audit_log,
        "Where it is written down who did what to which file: `off`, `stdout`, or the path of a "
        "file, which is added to. See [Observing](observing.md#the-audit-log).",
    )

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings from ``environ``.

        :raises SettingsError: naming the variable, what it holds and what it needs
        """
        fields = {PREFIX + f.name.upper(): f for f in dataclasses.fields(cls)}
        values: dict[str, Any] = {}
        for variable, text in environ.items():
            if not variable.startswith(PREFIX) or (text == "" and variable in fields):
                continue
            if variable not in fields:
                raise SettingsError(_unknown(variable, list(fields)))
            field = fields[variable]
            try:
                values[field.name] = field.metadata["check"](text)
                if field.name == "databases":
                    values[field.name] = read_sources(text, environ)
            except (SettingsError, SourcesError) as error:
                raise SettingsError(f"{variable} {error}") from None
        settings = cls(**values)
        return dataclasses.replace(settings, data_dir=settings.data_dir.absolute())

    def check_together(self) -> None:
        """Refuse what only makes sense with other settings.

        :raises SettingsError: naming those that are missing
        """
        shared = ("redis_url", "s3_endpoint", "s3_access_key", "s3_secret_key")
        given = [PREFIX + name.upper() for name in shared if getattr(self, name)]
        missing = [PREFIX + name.upper() for name in shared if not getattr(self, name)]
        if given and missing:
            raise SettingsError(
                f"{given[0]} is set, and {', '.join(missing)} must be, too: replicas share Redis "
                "and a store for files, or the service keeps all in its data folder"
            )
        if self.workers > 1 and not given:
            raise SettingsError(
                f"{PREFIX}WORKERS is {self.workers}, and more than 1 needs {PREFIX}REDIS_URL: "
                "several processes can't share a data folder"
            )

    @property
    def listen_host(self) -> str:
        """The address to bind: loopback unless callers have to show a key."""
        return self.host if self.api_keys else "127.0.0.1"

    @property
    def plain_key(self) -> str:
        """A key that the service itself may show; "" if all are hashed, or there are none."""
        return next((key for key in self.api_keys if not _HASHED.fullmatch(key)), "")

    @property
    def link_address(self) -> str:
        """What download links start with."""
        return self.public_url or f"http://localhost:{self.port}"


def forget_secrets(environ: MutableMapping[str, str], settings: Settings) -> None:
    """Take out of the environment what has been read, so that no process below has it."""
    named = {name for source in settings.databases for name in source.variables}
    for variable in list(environ):
        if variable.startswith(_READ_ONCE) or variable in named:
            del environ[variable]


def _unknown(variable: str, known: list[str]) -> str:
    near = difflib.get_close_matches(variable, known, 1)
    return f"{variable} is not a setting." + (f" Did you mean {near[0]}?" if near else "")


def rows() -> list[tuple[str, str, str]]:
    """(variable, default in Markdown, help) of each setting, for the documentation."""
    return [
        (
            PREFIX + field.name.upper(),
            field.metadata["words"] or f"`{field.default}`",
            field.metadata["help"],
        )
        for field in dataclasses.fields(Settings)
    ]
