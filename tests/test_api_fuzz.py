"""A fuzzer over the OpenAPI document: whatever fits it, or not, is answered as the document says.

The requests are the same in each run. ``make e2e`` runs these; ``FUZZ_EXAMPLES=200`` tries more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import service.operations  # noqa: F401 - declares the operations
from service.web.openapi import document
from tests.processes import ServerProcess, failures_in, service_process
from tests.service_fixtures import KEY

pytestmark = pytest.mark.e2e

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "15"))
SEED = 20_261_122
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# What works in a session is asked in one; the rest of what is sent is the fuzzer's.
HEADERS = {"X-User-Id": "fuzzer", "X-Chat-Id": "fuzzing", "Accept": "application/json"}
ROUTES = [(path, method) for path, item in document("0")["paths"].items() for method in item]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("fuzz")
    limits = {"engine_deadline": "20", "user_rate": "0", "slow_seconds": "60"}
    with service_process(folder, KEY, engines="1", libreoffice="off", **limits) as process:
        yield process
        log = process.log.read_text(errors="replace")
        assert failures_in(log) == []


@pytest.fixture(scope="module")
def url(real: ServerProcess) -> str:
    return real.health_url.removesuffix("/health")


@pytest.fixture(scope="module")
def api(url: str) -> Any:
    return schemathesis.openapi.from_dict(requests.get(f"{url}/openapi.json", timeout=60).json())


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=str)
@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_what_fits_and_what_does_not_is_answered_as_described(
    api: Any, url: str, path: str, method: str, mode: GenerationMode
) -> None:
    operation = api[path][method.upper()]

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def asked(case: Any) -> None:
        headers = {"Authorization": f"Bearer {KEY}", **HEADERS}
        response = case.call(base_url=url, headers=headers, timeout=120)
        case.validate_response(response, checks=CHECKS)

    with suppress(Unsatisfiable):  # there is nothing about it that could be wrong
        asked()
