"""Settings: one row each, read from the environment once, told by name when wrong."""

from __future__ import annotations

import ast
import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.settings import PREFIX, Settings, SettingsError, rows
from service.sources import Source
from tests.processes import ROOT, clean_environ, free_port
from tests.service_fixtures import Chat, MakeService

NAMES = [field.name for field in dataclasses.fields(Settings)]

# name: (a value, what it means, values that are refused)
CASES: dict[str, tuple[str, object, list[str]]] = {
    "host": ("0.0.0.0", "0.0.0.0", ["  "]),
    "port": ("9081", 9081, ["0", "65536", "-1", "9080.5", "http", "0x50"]),
    "public_url": (
        "https://excel.example.org/tools/",
        "https://excel.example.org/tools",
        ["excel.example.org", "ftp://example.org", "http://", "https:///x", "http://a b"],
    ),
    "api_keys": (
        "first-key-1, second-key-2,",
        ("first-key-1", "second-key-2"),
        ["short", "long-enough,short", "with space in it", "ключ-ключ", "a:sha256:00"],
    ),
    "user_token_secret": ("s" * 32, "s" * 32, ["s" * 31]),
    "data_dir": ("/srv/excel", Path("/srv/excel"), [" "]),
    "redis_url": (
        "valkey://:secret@store:6379/1",
        "redis://:secret@store:6379/1",
        ["store:6379", "http://store", "redis://", "redis://a b"],
    ),
    "s3_endpoint": ("https://s3.example.org/", "https://s3.example.org", ["s3.example.org"]),
    "s3_bucket": ("sheets-1", "sheets-1", ["A", "ab", "with space", "-x-"]),
    "s3_access_key": ("a key", "a key", []),
    "s3_secret_key": ("a secret", "a secret", []),
    "s3_region": ("eu-central-1", "eu-central-1", [" "]),
    "cache_mb": ("10", 10, ["9"]),
    "lease_seconds": ("5", 5, ["1", "601"]),
    "workers": ("2", 2, ["0", "65"]),
    "threads": ("4", 4, ["0", "257", "four"]),
    "waiting": ("0", 0, ["-1", "1001"]),
    "calls_per_user": ("3", 3, ["0", "many"]),
    "bodies_mb": ("64", 64, ["0"]),
    "slow_seconds": ("9", 9, ["0"]),
    "drain_seconds": ("5", 5, ["-1", "601"]),
    "stop_seconds": ("60", 60, ["0"]),
    "engines": ("3", 3, ["0", "65", "all"]),
    "engine_memory_mb": ("512", 512, ["255", "1e3"]),
    "engine_deadline": ("5", 5, ["0", "3601", "5s"]),
    "engine_workbooks": ("1", 1, ["0"]),
    "queue_wait": ("2", 2, ["0"]),
    "session_ttl": ("60", 60, ["0", "1d"]),
    "session_cache": ("1", 1, ["0"]),
    "sessions_per_user": ("1", 1, ["0"]),
    "workbooks_per_session": ("1", 1, ["0", "1001"]),
    "bytes_per_user": ("5000000", 5_000_000, ["999", "1GB"]),
    "user_rate": ("0", 0, ["-1", "many"]),
    "key_rate": ("100", 100, ["-1"]),
    "link_ttl": ("60", 60, ["0"]),
    "max_upload_mb": ("1", 1, ["0", "4096"]),
    "max_body_mb": ("1", 1, ["0", "4096"]),
    "max_cells": ("100", 100, ["99"]),
    "max_table_cells": ("5000", 5000, ["99", "100000001"]),
    "max_unpacked_mb": ("10", 10, ["0"]),
    "libreoffice": ("OFF", "off", ["no", "/nowhere/soffice", "/"]),
    "secret_key": ("a secret", "a secret", []),
    "databases": (
        '{"shop": {"url": "sqlite:////srv/shop.db", "users": ["*"]}}',
        (Source("shop", "SQLite", "sqlite:////srv/shop.db", ("*",)),),
        ["{}}", "/nowhere/databases.toml", '{"shop": {}}'],
    ),
    "log_level": ("debug", "DEBUG", ["LOUD", "7"]),
    "log_format": ("Text", "text", ["xml"]),
    "metrics_key": (
        "a-key-of-prometheus",
        "a-key-of-prometheus",
        ["short", "one-of-two,two-of-two"],
    ),
    "audit_log": ("/tmp/audit.log", "/tmp/audit.log", ["/nowhere/audit.log", "/tmp", " "]),
}


def test_each_setting_is_tried() -> None:
    assert list(CASES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_is_read_from_its_variable(name: str) -> None:
    text, meaning, _ = CASES[name]
    settings = Settings.from_env({PREFIX + name.upper(): text, "PATH": "/bin"})
    assert getattr(settings, name) == meaning
    others = dataclasses.replace(settings, **{name: getattr(Settings(), name)})
    default = dataclasses.replace(Settings(), data_dir=others.data_dir)
    assert others == default, "a variable sets its own setting alone"


@pytest.mark.parametrize(("name", "text"), [(n, bad) for n in NAMES for bad in CASES[n][2]])
def test_a_value_that_can_not_be_is_told_with_its_variable(name: str, text: str) -> None:
    variable = PREFIX + name.upper()
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({variable: text})
    assert str(caught.value).startswith(f"{variable} ")


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_variable_is_none(name: str) -> None:
    assert Settings.from_env({PREFIX + name.upper(): ""}) == Settings.from_env({})


def test_the_default_data_folder_is_absolute() -> None:
    assert Settings.from_env({}).data_dir == Path.cwd() / "data"


def test_a_variable_that_is_no_setting_is_refused_with_a_suggestion() -> None:
    with pytest.raises(SettingsError, match=r"EXCEL_TOOLS_SESION_TTL.*EXCEL_TOOLS_SESSION_TTL\?"):
        Settings.from_env({"EXCEL_TOOLS_SESION_TTL": "5"})
    with pytest.raises(SettingsError, match="EXCEL_TOOLS_QQQ is not a setting"):
        Settings.from_env({"EXCEL_TOOLS_QQQ": ""})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"REDIS_URL": "redis://store"}, r"REDIS_URL is set.*S3_ENDPOINT.*S3_SECRET_KEY must be"),
        ({"S3_ENDPOINT": "http://store"}, r"S3_ENDPOINT is set.*REDIS_URL"),
        ({"WORKERS": "2"}, r"WORKERS is 2.*needs EXCEL_TOOLS_REDIS_URL"),
    ],
)
def test_what_needs_other_settings_is_refused_without(given: dict[str, str], told: str) -> None:
    settings = Settings.from_env({PREFIX + name: text for name, text in given.items()})
    with pytest.raises(SettingsError, match=told):
        settings.check_together()


def test_secrets_are_not_shown_with_the_settings() -> None:
    secrets = {name: CASES[name][0] for name in ("api_keys", "user_token_secret", "secret_key")}
    secrets |= {"redis_url": "redis://:of-redis@redis:6379/0", "s3_secret_key": "of-the-store"}
    secrets |= {"metrics_key": "of-the-metrics"}
    secrets |= {"databases": '{"a": {"url": "mysql://b:of-shops@c/d", "users": "*"}}'}
    shown = repr(Settings.from_env({PREFIX + name.upper(): text for name, text in secrets.items()}))
    assert not any(part in shown for part in ("first-key", "ssss", "a secret", "of-"))


def test_settings_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]


def test_without_keys_only_this_machine_is_listened_to() -> None:
    assert Settings(host="0.0.0.0").listen_host == "127.0.0.1"
    assert Settings(host="0.0.0.0", api_keys=("a-long-key",)).listen_host == "0.0.0.0"


def test_links_follow_the_port_till_an_address_is_given() -> None:
    port = {"EXCEL_TOOLS_PORT": "9081"}
    assert Settings.from_env({}).link_address == "http://localhost:9080"
    assert Settings.from_env(port).link_address == "http://localhost:9081"
    url = {"EXCEL_TOOLS_PUBLIC_URL": "https://excel.example.org"}
    assert Settings.from_env(port | url).link_address == "https://excel.example.org"


def test_a_file_s_link_has_the_port_of_the_service(make_service: MakeService) -> None:
    answer = Chat(make_service(port=9081)).op("create_excel_file", filename="a", headers=["A"])
    assert answer["files"][0]["download_url"].startswith("http://localhost:9081/files/")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds to no cores")
def test_there_is_an_engine_for_each_core_that_may_be_used() -> None:
    core = min(os.sched_getaffinity(0))
    probe = f"import os; os.sched_setaffinity(0, [{core}])\n"
    probe += "from service.settings import Settings; print(Settings().engines)"
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "1\n"
    assert Settings().engines == min(len(os.sched_getaffinity(0)), 16)


def test_the_table_names_a_default_by_its_value_or_in_words() -> None:
    shown = {variable: default for variable, default, _ in rows()}
    assert shown["EXCEL_TOOLS_PORT"] == "`9080`"
    assert shown["EXCEL_TOOLS_ENGINES"] == "one per core, at most 16"
    assert all(shown.values())
    assert not any("``" in default or "()" in default for default in shown.values())


def test_each_setting_has_a_line_of_help() -> None:
    assert [row[0] for row in rows()] == [PREFIX + name.upper() for name in NAMES]
    for variable, _, help_ in rows():
        assert help_.endswith("."), variable
        assert len(help_) > 20, variable


def run_service(**variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "service"],
        env=clean_environ() | variables,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("variable", "text", "told"),
    [
        ("EXCEL_TOOLS_PORT", "many", "EXCEL_TOOLS_PORT needs a whole number, not 'many'"),
        ("EXCEL_TOOLS_PROT", "9080", "Did you mean EXCEL_TOOLS_PORT?"),
    ],
)
def test_a_wrong_setting_stops_the_start_in_one_line(variable: str, text: str, told: str) -> None:
    done = run_service(**{variable: text})
    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_data_folder_that_can_not_be_made_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run_service(
        EXCEL_TOOLS_DATA_DIR=str(tmp_path / "file" / "data"), EXCEL_TOOLS_PORT=str(free_port())
    )
    assert done.returncode != 0
    assert "could not make the data folder" in done.stderr


# Once and nowhere else -------------------------------------------------------------

MODULES = sorted((ROOT / "service").rglob("*.py"))


def reads_environment(path: Path) -> bool:
    names = {"environ", "environb", "getenv", "getenvb"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        # What WSGI calls environ is the request, and another thing.
        of_request = isinstance(node, ast.Attribute) and ast.unparse(node) == "request.environ"
        if isinstance(node, ast.Attribute) and node.attr in names and not of_request:
            return True
        if isinstance(node, ast.ImportFrom) and {alias.name for alias in node.names} & names:
            return True
    return False


def test_the_environment_is_read_in_one_place() -> None:
    found = [str(path.relative_to(ROOT)) for path in MODULES if reads_environment(path)]
    assert found == ["service/__main__.py"]


def test_importing_starts_nothing() -> None:
    """No thread, process, file or socket: what is opened is opened by ``Service``."""
    probe = """
import os, sys, threading
before = set(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else set()
import service.web.app, service.engine.pool, service.__main__
after = set(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else set()
print(threading.active_count(), len(after) - len(before))
children = "/proc/self/task/%d/children" % os.getpid()
print(open(children).read().split() if os.path.exists(children) else [])
"""
    done = subprocess.run(
        [sys.executable, "-c", probe],
        env=clean_environ(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines() == ["1 0", "[]"], done.stdout + done.stderr
