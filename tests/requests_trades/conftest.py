"""What the requests share: the real service without sockets, and a person in a chat."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.backends import Backend, InProcess, Wire, wire
from tests.fake_openwebui import OpenWebUI
from tests.plugin_fixtures import load_plugin
from tests.requests_trades.desk import Person
from tests.requests_trades.played import Chat

__all__ = ["wire"]

MODULE = load_plugin()


@pytest.fixture(scope="package")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with ExitStack() as stack:
        yield InProcess(tmp_path_factory.mktemp("service"), stack)


@pytest.fixture
def ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wire: Wire, request: pytest.FixtureRequest
) -> Person:
    """A fresh person in a fresh chat."""
    webui = OpenWebUI(tmp_path)
    webui.install(monkeypatch)
    person = Person(webui, MODULE, valves=wire.valves)
    person.folder = tmp_path
    person.asked = str(request.node.name).removeprefix("test_")
    return person


@pytest.fixture
def chat(
    wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Chat:
    """A fresh user in a fresh chat of Open WebUI."""
    webui = OpenWebUI(tmp_path)
    webui.install(monkeypatch)
    found = Chat(webui, MODULE, valves=wire.valves)
    found.wire, found.folder = wire, tmp_path
    found.request = request.node.name.removeprefix("test_")
    return found
