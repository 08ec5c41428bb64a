"""The image and the compose file, checked without a Docker engine."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from service.settings import Settings, rows
from tests.processes import ROOT, ServerProcess, clean_environ, free_port

BIN = Path(sys.executable).parent
# The innermost: a default may hold another variable.
# What each stage of the image is made of.
LOCKS = ["requirements-docs.lock", "requirements.lock"]
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^{}]*))?\}")


def stages() -> list[list[tuple[str, str]]]:
    """(instruction, arguments) of each stage of the Dockerfile, continued lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    found: list[list[tuple[str, str]]] = []
    for word, _, rest in (line.partition(" ") for line in lines):
        if word == "FROM":
            found.append([])
        if word:
            found[-1].append((word, rest.strip()))
    return found


def arguments(instruction: str, stage: int = -1) -> list[str]:
    """Those of an instruction of a stage, by default of the last one: the image itself."""
    return [rest for word, rest in stages()[stage] if word == instruction]


def compose(variables: dict[str, str]) -> dict[str, Any]:
    """The compose file with its variables replaced as Compose does."""

    def value(match: re.Match[str]) -> str:
        name, kind, other = match.groups()
        found = variables.get(name, "")
        if kind == "?" and not found:
            raise KeyError(f"{name}: {other}")
        return found or (other or "")

    text = (ROOT / "docker-compose.yml").read_text()
    while VARIABLE.search(text):
        text = VARIABLE.sub(value, text)
    parsed: dict[str, Any] = yaml.safe_load(text)
    return parsed


KEYS = {
    "EXCEL_TOOLS_API_KEYS": "a-key-for-tests",
    "WEBUI_SECRET_KEY": "another-key",
    "WEBUI_ADMIN_PASSWORD": "a-password",
}


def check(program: str, *args: str) -> None:
    done = subprocess.run([BIN / program, *args], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile_passes_its_linter() -> None:
    check("hadolint", "Dockerfile")


def test_the_compose_file_fits_its_schema() -> None:
    check("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml")


def test_the_compose_file_still_fits_its_schema_with_its_variables_replaced(tmp_path: Path) -> None:
    (tmp_path / "replaced.json").write_text(json.dumps(compose(KEYS)))
    schema = ("--builtin-schema", "vendor.compose-spec")
    check("check-jsonschema", *schema, str(tmp_path / "replaced.json"))


@pytest.mark.parametrize("missing", KEYS)
def test_compose_does_not_start_without_its_keys(missing: str) -> None:
    with pytest.raises(KeyError, match=missing):
        compose(KEYS | {missing: ""})


def test_compose_runs_the_open_webui_that_the_end_to_end_tests_drive() -> None:
    pinned = re.search(r"open-webui==(\S+)", (ROOT / "tests/e2e/requirements.in").read_text())
    assert pinned is not None
    image = compose(KEYS)["services"]["open-webui"]["image"]
    assert image == f"ghcr.io/open-webui/open-webui:v{pinned[1]}"


def service_environment(**variables: str) -> dict[str, str | None]:
    found: dict[str, str | None] = compose(KEYS | variables)["services"]["excel-tools"][
        "environment"
    ]
    return found


def test_every_setting_but_what_the_image_fixes_can_be_given_in_compose() -> None:
    fixed = {"EXCEL_TOOLS_HOST", "EXCEL_TOOLS_PORT", "EXCEL_TOOLS_DATA_DIR"}
    assert set(service_environment()) == {variable for variable, _, _ in rows()} - fixed
    told = (ROOT / ".env.example").read_text().rsplit("Every other setting", 1)[1]
    assert fixed <= set(re.findall(r"EXCEL_TOOLS_[A-Z_]*[A-Z]", told))


@pytest.mark.parametrize(
    ("given", "links"),
    [
        ({}, "http://localhost:9080"),
        ({"SERVICE_PORT": "9999"}, "http://localhost:9999"),
        ({"SERVICE_PORT": "9999", "EXCEL_TOOLS_PUBLIC_URL": "https://x.test"}, "https://x.test"),
    ],
)
def test_links_lead_to_the_port_that_compose_publishes(given: dict[str, str], links: str) -> None:
    assert service_environment(**given)["EXCEL_TOOLS_PUBLIC_URL"] == links
    port = compose(KEYS | given)["services"]["excel-tools"]["ports"][0]
    assert port == f"127.0.0.1:{given.get('SERVICE_PORT', '9080')}:9080"


def test_the_engines_of_compose_fit_into_its_memory() -> None:
    engines = int(service_environment()["EXCEL_TOOLS_ENGINES"] or "")
    limit = compose(KEYS)["services"]["excel-tools"]["mem_limit"]
    assert engines * Settings().engine_memory_mb <= int(limit.removesuffix("g")) * 1024


def test_every_variable_of_compose_is_explained_in_the_example_and_in_the_documents() -> None:
    used = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    own = compose(KEYS)["services"]["open-webui"]["environment"]
    used |= {name for name, value in own.items() if value is None}
    example = (ROOT / ".env.example").read_text()
    assert used <= set(re.findall(r"^#?(\w+)=", example, re.MULTILINE))
    assert used <= set(
        re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE)
    )


def test_both_ports_are_published_on_this_machine_alone() -> None:
    services = compose(KEYS)["services"]
    assert services["excel-tools"]["ports"] == ["127.0.0.1:9080:9080"]
    assert services["open-webui"]["ports"] == ["127.0.0.1:8080:8080"]


def test_every_volume_is_declared_and_holds_what_must_survive() -> None:
    parsed = compose(KEYS)
    assert set(parsed["volumes"]) == {"excel-tools", "open-webui"}
    assert parsed["services"]["excel-tools"]["volumes"] == [f"excel-tools:{arguments('VOLUME')[0]}"]


def test_open_webui_waits_for_a_healthy_service() -> None:
    waits = compose(KEYS)["services"]["open-webui"]["depends_on"]
    assert waits == {"excel-tools": {"condition": "service_healthy"}}
    assert len(arguments("HEALTHCHECK")) == 1


def test_the_image_does_not_run_as_root() -> None:
    words = [word for word, _ in stages()[-1]]
    assert arguments("USER") == ["10001:10001"]
    assert words.index("USER") < words.index("CMD")


@pytest.mark.parametrize("stage", [0, 1])
def test_the_image_installs_nothing_that_its_locks_do_not_name(stage: int) -> None:
    installs = [line for line in arguments("RUN", stage) if "pip" in line]
    assert len(installs) == 1
    assert "--require-hashes" in installs[0]
    assert f"-r {LOCKS[stage]}" in installs[0]


def test_the_documents_are_made_of_what_the_tests_run() -> None:
    used, tested = (
        set(re.findall(r"^\S+==\S+", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements-docs.lock", "requirements-dev.lock")
    )
    assert used <= tested


def copied_into(folder: Path, stage: int = -1) -> None:
    """Do the COPY instructions, with what .dockerignore lets through."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = {line.removeprefix("!") for line in lines if line.startswith("!")}
    ignored = [line.removeprefix("**/") for line in lines if line.startswith("**/")]
    for line in arguments("COPY", stage):
        if line.startswith("--from"):
            continue
        *sources, target = line.split()
        for source in sources:
            assert any(fnmatch.fnmatch(source.rstrip("/"), name) for name in allowed), source
            if (ROOT / source).is_dir():
                left_out = shutil.ignore_patterns(*ignored)
                shutil.copytree(ROOT / source, folder / target, ignore=left_out)
            else:
                (folder / target).mkdir(exist_ok=True)
                shutil.copy(ROOT / source, folder / target)


def image_environment(stage: int = -1) -> dict[str, str]:
    pairs = (pair for line in arguments("ENV", stage) for pair in line.split())
    return dict(pair.split("=", 1) for pair in pairs)


def documents_of_the_image(folder: Path) -> Path:
    """Do the steps of the first stage; returns what the image takes of it."""
    site, venv = folder / "site", folder / "docs_venv"
    site.mkdir()
    copied_into(site, 0)
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    env = clean_environ() | image_environment(0) | {"HOME": str(folder)}
    env["PATH"] = f"{venv / 'bin'}:{os.environ['PATH']}"
    for step in arguments("RUN", 0):
        subprocess.run(step, shell=True, cwd=site, env=env, check=True)
    [taken] = [line.split() for line in arguments("COPY") if line.startswith("--from")]
    assert taken == ["--from=docs", "/site/build/docs/", "build/docs/"]
    assert arguments("WORKDIR", 0) == ["/site"]
    return site / "build" / "docs"


@pytest.mark.e2e
@pytest.mark.timeout(600)
def test_the_steps_of_the_dockerfile_give_a_service_that_answers(tmp_path: Path) -> None:
    app, venv, data = tmp_path / "app", tmp_path / "venv", tmp_path / "data"
    app.mkdir()
    copied_into(app)
    shutil.copytree(documents_of_the_image(tmp_path), app / "build" / "docs")
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    port = str(free_port())
    env = clean_environ() | image_environment()
    env |= {
        "PATH": f"{venv / 'bin'}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "EXCEL_TOOLS_HOST": "127.0.0.1",
        "EXCEL_TOOLS_PORT": port,
        "EXCEL_TOOLS_DATA_DIR": str(data),
        "EXCEL_TOOLS_API_KEYS": "a-key-for-tests",
    }
    steps = arguments("RUN")
    # Making the volume's folder would change the machine that runs this test.
    assert steps[1:] == ["mkdir /data && chown 10001:10001 /data"]
    subprocess.run(steps[0], shell=True, cwd=app, env=env, check=True)

    health = re.search(r"CMD (\[.*\])", arguments("HEALTHCHECK")[0])
    assert health is not None
    healthcheck = json.loads(health[1])
    process = ServerProcess(
        json.loads(arguments("CMD")[0]),
        env=env,
        health_url=f"http://127.0.0.1:{port}/health",
        log=tmp_path / "service.log",
        cwd=app,
    )
    with process:
        assert requests.get(process.health_url, timeout=5).status_code == 200
        assert subprocess.run(healthcheck, env=env).returncode == 0
        guide = requests.get(f"http://127.0.0.1:{port}/guide/", timeout=5)
        assert (guide.status_code, "Quick start" in guide.text) == (200, True)
        # What `docker stop` does; the service ends by itself and says so.
        assert process.stop(signal.SIGTERM) == 0, process.log_tail()
    unhealthy = subprocess.run(healthcheck, env=env, capture_output=True)
    assert unhealthy.returncode == 1
