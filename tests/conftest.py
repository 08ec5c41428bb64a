"""What all tests share: programs they need, counted aloud where they are missing."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable
from multiprocessing import forkserver
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from service.workbook.calculation import values
from tests.parallel import Together
from tests.processes import add_server_programs
from tests.service_fixtures import chat, make_service, server, service
from tests.slow import is_slow

if TYPE_CHECKING:
    from tests.corpus.library import Library

__all__ = ["chat", "make_service", "server", "service"]

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "tests"
# With STRICT_TESTS=1 a missing program fails its tests: a run that proves everything.
STRICT = os.environ.get("STRICT_TESTS", "") not in ("", "0")
# A hundred lines for each file that makes native code fail: they hide which test failed.
os.environ["RUST_BACKTRACE"] = "0"
MISSING: pytest.StashKey[Counter[str]] = pytest.StashKey()
TOLD: pytest.StashKey[list[str]] = pytest.StashKey()


# How much is checked must not go by how busy the machine is.
values.SECOND_WAIT = values.AGAIN_WAIT = values.SETTLING = 30.0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--shots",
        type=Path,
        default=ROOT / "build" / "shots",
        help="folder for the screenshots of the end-to-end tests",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[MISSING] = Counter()
    config.stash[TOLD] = []
    add_server_programs()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Before the marks decide what is run."""
    for item in items:
        if item.path.is_relative_to(TESTS):
            module = item.path.relative_to(TESTS).with_suffix("").as_posix()
            if is_slow(module, item.name):
                item.add_marker(pytest.mark.e2e)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Load what questions to databases need once, before the first service starts without."""
    names = {item.path.stem for item in session.items}
    if (
        names & {"test_databases", "test_database_sessions"}
        and not session.config.option.collectonly
    ):
        forkserver.set_forkserver_preload(["service.engine.worker", "service.databases.child"])
        forkserver.ensure_running()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    return Together(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """With ``-n`` the tests run in other processes: what was counted there comes from them."""
    output = getattr(node, "workeroutput", {})
    node.config.stash[MISSING].update(output.get("missing", {}))
    node.config.stash[TOLD].extend(output.get("told", []))


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["missing"] = dict(session.config.stash[MISSING])
        output["told"] = session.config.stash[TOLD]


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Says something that belongs into the summary of the run: what was counted."""
    return request.config.stash[TOLD].append


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The corpus: each of its workbooks is made once in a run."""
    from tests.corpus.library import Library

    return Library(tmp_path_factory.mktemp("corpus"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, or fail under ``STRICT_TESTS=1``, a test marked ``needs(program, ...)``.

    Several names in one mark are alternatives: one of them is enough.
    """
    for mark in item.iter_markers("needs"):
        if any(shutil.which(program) for program in mark.args):
            continue
        names = " or ".join(mark.args)
        if STRICT:
            pytest.fail(f"{names} is missing, and STRICT_TESTS is set", pytrace=False)
        item.config.stash[MISSING][names] += 1
        pytest.skip(f"{names} is missing")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for names, count in sorted(config.stash[MISSING].items()):
        terminalreporter.write_line(
            f"NOT TESTED: {count} skipped because {names} is missing", yellow=True, bold=True
        )
    for line in config.stash[TOLD]:
        terminalreporter.write_line(line)
