"""The dashboard and the alerts ask for metrics that there are, in queries that Prometheus takes."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from service.errors import ExcelToolsError
from service.observing import metrics
from service.web.app import Service
from tests.processes import ROOT, ServerProcess, clean_environ, free_port, service_process
from tests.service_fixtures import KEY, workbook_bytes

DEPLOY = ROOT / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"
CONFIG = DEPLOY / "prometheus" / "prometheus.yml"
DASHBOARD = json.loads((DEPLOY / "grafana" / "excel-tools.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
# Grafana's own variables, as it fills them in.
VARIABLES = {"$__rate_interval": "1m", "$job": ".+", "$instance": ".+"}
OWN_KEY = "key-of-prometheus"
NAME = re.compile(r"\b(?:excel_tools|process)_[a-z_]+")
LABEL = re.compile(r'([a-z]+)(?:=~|!~|!=|=)"')
GROUPED = re.compile(r"(?:\bby|\bon) \(([^)]*)\)")


def queries() -> Iterator[tuple[str, str]]:
    """(where, expression) of all panels, with the variables filled in, and of all alerts."""
    for panel in PANELS:
        for target in panel["targets"]:
            text = target["expr"]
            for variable, value in VARIABLES.items():
                text = text.replace(variable, value)
            yield panel["title"], text
    for rule in rules():
        yield rule["alert"], rule["expr"]


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(ALERTS.read_text())["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def known(service: Service) -> dict[str, set[str]]:
    """Labels of each name that a real scrape has, those of histograms with their endings."""
    headers = {"Authorization": f"Bearer {KEY}"}
    text = service.app.test_client().get("/metrics", headers=headers).get_data(as_text=True)
    labels = {row.name: set(row.labels) for row in metrics.table()}
    names: dict[str, set[str]] = {"up": set()}
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE):
        own = labels.get(name, set())
        for ending in ("_bucket", "_sum", "_count") if kind == "histogram" else ("",):
            names[name + ending] = own | ({"le"} if ending == "_bucket" else set())
    return names


def test_every_metric_and_label_that_is_asked_for_is_in_a_scrape(service: Service) -> None:
    names = known(service)
    for where, query in queries():
        used = NAME.findall(query)
        assert set(used) <= set(names), where
        labels = {"job", "instance"}.union(*(names[name] for name in used))
        asked = set(LABEL.findall(query))
        asked |= {label for group in GROUPED.findall(query) for label in group.split(", ")}
        assert asked <= labels, (where, query)


def test_every_metric_is_on_the_dashboard() -> None:
    """What nobody looks at need not be counted."""
    text = json.dumps(DASHBOARD)
    assert [row.name for row in metrics.table() if row.name not in text] == []


def test_legends_name_labels_that_their_queries_give() -> None:
    for panel in PANELS:
        for target in panel["targets"]:
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                groups = GROUPED.findall(target["expr"])
                assert not groups or label in groups[0].split(", "), (panel["title"], label)


VALUED = re.compile(r'\b(status|outcome|reason|queue|route)(?:=~|!~|!=|=)"([^"]*)"')


def test_each_value_that_is_asked_for_is_one_that_there_is(service: Service) -> None:
    """A rule that waits for a word which nobody says stays silent for ever."""
    errors = [error for error in subclasses(ExcelToolsError) if error.code]
    outcomes = {error.code for error in errors} | {"ok", "repeated", "failed", "written"}
    values = {
        "status": {str(error.status) for error in errors} | {"5.."},
        "outcome": outcomes,
        "reason": {"deadline", "cancelled", "killed", "died"},
        "queue": {"request", "workbook", "engine", "database"},
        "route": {str(rule) for rule in service.app.url_map.iter_rules()},
    }
    for where, query in queries():
        for label, asked in VALUED.findall(query):
            assert set(asked.split("|")) <= values[label], (where, label)


def subclasses(kind: type[ExcelToolsError]) -> Iterator[type[ExcelToolsError]]:
    for each in kind.__subclasses__():
        yield each
        yield from subclasses(each)


def test_panels_do_not_overlap_and_each_is_explained() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        own = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not own & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= own
    assert all(panel["description"].endswith((".", ":")) for panel in PANELS)
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)


def test_each_alert_says_what_it_means_and_where_to_look() -> None:
    assert len({rule["alert"] for rule in rules()}) == len(rules())
    for rule in rules():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert len(rule["annotations"]["description"]) > 60, rule["alert"]
        assert rule["annotations"]["summary"]


def test_grafana_finds_its_dashboard_and_its_source() -> None:
    provisioning = DEPLOY / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())[
        "datasources"
    ]
    (provider,) = yaml.safe_load((provisioning / "dashboards/excel-tools.yml").read_text())[
        "providers"
    ]
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    mounted = [volume.split(":")[1] for volume in services["grafana"]["volumes"]]
    assert any(path.startswith(provider["options"]["path"]) for path in mounted)
    assert source["url"] == "http://prometheus:9090"
    assert {services[name]["profiles"][0] for name in ("prometheus", "grafana")} == {"observe"}


# Prometheus itself ---------------------------------------------------------------------


@pytest.mark.needs("promtool")
def test_the_rules_and_the_configuration_are_valid(tmp_path: Path) -> None:
    for words in (("check", "rules", ALERTS), ("check", "config", "--syntax-only", CONFIG)):
        done = subprocess.run(["promtool", *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


# Of a minute each: what is counted, and the rule that has to tell of it.
TROUBLE = {
    "one failure of the store": (
        'excel_tools_storage_failures_total{instance="i",action="write"}',
        "0x9 1x30",
        "ExcelToolsStorageFails",
        "15m",
    ),
    "one entry of the audit log": (
        'excel_tools_audit_records_total{instance="i",outcome="failed"}',
        "0x9 1x30",
        "ExcelToolsAuditLost",
        "15m",
    ),
    "no room": (
        'excel_tools_requests_total{instance="i",route="/v1/operations/<name>",status="503"}',
        "0+6x40",
        "ExcelToolsBusy",
        "30m",
    ),
    "a workbook that is busy, by MCP": (
        'excel_tools_operations_total{instance="i",outcome="workbook_busy",door="mcp"}',
        "0+6x40",
        "ExcelToolsBusy",
        "30m",
    ),
    "a service that stops": (
        'excel_tools_requests_total{instance="i",route="/ready",status="503"}',
        "0+6x40",
        "",
        "30m",
    ),
}


@pytest.mark.needs("promtool")
@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE)
def test_trouble_is_told_by_its_rule_and_no_other(
    tmp_path: Path, trouble: tuple[str, str, str, str]
) -> None:
    series, values, told, at = trouble
    asked = {
        "rule_files": [str(ALERTS)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": series, "values": values},
                    {"series": 'up{job="excel-tools",instance="i"}', "values": "1x60"},
                ],
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{rule["alert"]}",alertstate="firing"}})',
                        "eval_time": at,
                        "exp_samples": [{"labels": "{}", "value": 1}] * (rule["alert"] == told),
                    }
                    for rule in rules()
                ],
            }
        ],
    }
    path = tmp_path / "test.yml"
    path.write_text(yaml.safe_dump(asked))
    done = subprocess.run(["promtool", "test", "rules", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.needs("promtool")
def test_metrics_pass_the_linter_of_prometheus(service: Service) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    text = service.app.test_client().get("/metrics", headers=headers).get_data(as_text=True)
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[str, ServerProcess]]:
    """A real service that a real Prometheus looks at each second: (its address, the service)."""
    process = service_process(tmp_path, KEY, engines="1", metrics_key=OWN_KEY)
    process.deadline = 240
    target = process.health_url.removeprefix("http://").removesuffix("/health")
    config = yaml.safe_load(CONFIG.read_text())
    (job,) = config["scrape_configs"]
    (tmp_path / "key").write_text(OWN_KEY)
    job["authorization"]["credentials_file"] = str(tmp_path / "key")
    del job["dns_sd_configs"]
    job["static_configs"] = [{"targets": [target]}]
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(ALERTS)]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    address = f"127.0.0.1:{free_port()}"
    prometheus = ServerProcess(
        [
            "prometheus",
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path / 'tsdb'}",
            f"--web.listen-address={address}",
        ],
        env=clean_environ(),
        health_url=f"http://{address}/-/ready",
        log=tmp_path / "prometheus.log",
    )
    with process, prometheus:
        yield f"http://{address}", process


def worked(url: str) -> None:
    """A little of everything, over and over."""
    http = requests.Session()
    http.headers.update(Authorization=f"Bearer {KEY}")
    http.headers.update({"X-User-Id": "u", "X-Chat-Id": "c"})

    def op(name: str, **parameters: object) -> dict[str, Any]:
        address = f"{url}/v1/operations/{name}"
        found: dict[str, Any] = http.post(address, json=parameters, timeout=120).json()
        return found

    http.post(f"{url}/v1/files", files={"file": ("s.xlsx", workbook_bytes())}, timeout=60)
    op("create_excel_file", filename="a", headers=["x", "y"], rows=[[1, "=A2*2"]])
    op("read_excel_range", workbook="a")
    op("read_excel_range", sheet="none")
    saved = op("save_excel_file", workbook="a")["files"][0]
    assert requests.get(saved["download_url"], timeout=60).status_code == 200
    requests.get(f"{url}/files/forged/a.xlsx", timeout=60)


def until(look: Callable[[], bool]) -> None:
    """Wait till it is so; what never is ends the test by its time limit."""
    while not look():
        time.sleep(0.5)


@pytest.mark.needs("prometheus")
def test_a_real_prometheus_answers_every_question(
    watched: tuple[str, ServerProcess], tell: Callable[[str], None]
) -> None:
    address, process = watched
    url = process.health_url.removesuffix("/health")

    def ask(query: str) -> list[dict[str, Any]]:
        answer = requests.get(f"{address}/api/v1/query", params={"query": query}, timeout=60).json()
        assert answer["status"] == "success", (query, answer)
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    worked(url)
    until(lambda: bool(ask('up{job="excel-tools"} == 1')))
    until(lambda: bool(ask("excel_tools_operations_total")))
    worked(url)  # so that figures grow between two looks
    until(lambda: bool(ask("sum(increase(excel_tools_operations_total[1m])) > 0")))
    empty = {where for where, query in queries() if not ask(query)}
    alerts = {rule["alert"] for rule in rules()}
    assert alerts <= empty, "nothing is wrong with it"
    quiet = {"Engines replaced in an hour", "Trouble in the log"}
    # What did not happen: cancellations, ended sessions, MCP, LibreOffice, databases ...
    sometimes = {
        *("Under way, and given up", "Store, audit log, links, databases", "Calculators"),
        *("Sessions", "Files, links, previews", "Share of requests that failed here"),
    }
    assert empty <= alerts | quiet | sometimes
    (up,) = ask("sum(increase(excel_tools_operations_total[1m]))")
    tell(f"{len(list(queries()))} queries asked of Prometheus; operations seen: {up['value'][1]}")
    process.stop()
    until(lambda: bool(ask('ALERTS{alertname="ExcelToolsDown",alertstate="pending"}')))
