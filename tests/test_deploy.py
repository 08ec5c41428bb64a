"""The files in ``deploy/``: they fit to the service and to one another."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.settings import Settings, rows
from tests.processes import ROOT

DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())


class _Loader(yaml.SafeLoader):
    """As Compose, which knows how to take away what another file says."""


_Loader.add_constructor("!reset", lambda loader, node: loader.construct_sequence(node))


def objects() -> dict[str, dict[str, Any]]:
    """The Kubernetes objects by kind."""
    text = (DEPLOY / "kubernetes" / "excel-tools.yaml").read_text()
    return {item["kind"]: item for item in yaml.safe_load_all(text)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_setting_that_is_named_is_there(path: Path) -> None:
    known = {variable for variable, _, _ in rows()}
    assert set(re.findall(r"EXCEL_TOOLS_[A-Z0-9_]*[A-Z]", path.read_text())) <= known


def test_the_replicas_of_kubernetes_share_what_they_need() -> None:
    text = (DEPLOY / "kubernetes" / "excel-tools.yaml").read_text()
    given = set(objects()["ConfigMap"]["data"]) | set(re.findall(r"literal=(\w+)=", text))
    needs = ("REDIS_URL", "S3_ENDPOINT", "S3_ACCESS_KEY", "S3_SECRET_KEY", "PUBLIC_URL", "API_KEYS")
    assert {f"EXCEL_TOOLS_{name}" for name in needs} <= given
    values = {**objects()["ConfigMap"]["data"], "PATH": "/bin"}
    settings = Settings.from_env(values)
    pod = objects()["Deployment"]["spec"]["template"]["spec"]
    limits = pod["containers"][0]["resources"]["limits"]
    memory = int(limits["memory"].removesuffix("Gi")) * 1024
    calculators, service = settings.engines * 512, 512
    assert settings.engines * settings.engine_memory_mb + calculators + service <= memory
    assert settings.engines == int(limits["cpu"])


def test_a_pod_of_kubernetes_has_no_more_rights_than_it_needs() -> None:
    pod = objects()["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert str(pod["securityContext"]["runAsUser"]) in (ROOT / "Dockerfile").read_text()
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounts == {"/data", "/tmp"}
    assert all("emptyDir" in volume for volume in pod["volumes"])
    set_here = {variable["name"]: int(variable["value"]) for variable in container["env"]}
    waits = set_here["EXCEL_TOOLS_DRAIN_SECONDS"] + Settings().stop_seconds
    assert waits < pod["terminationGracePeriodSeconds"]


def test_what_kubernetes_selects_is_there() -> None:
    found = objects()
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    for kind in ("Service", "PodDisruptionBudget"):
        selector = found[kind]["spec"]["selector"]
        assert selector.get("matchLabels", selector) == labels
    assert found["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"] == "excel-tools"
    least = found["HorizontalPodAutoscaler"]["spec"]["minReplicas"]
    assert found["PodDisruptionBudget"]["spec"]["minAvailable"] < least


def test_what_names_no_chat_does_not_all_go_to_one_replica() -> None:
    (hashed,) = re.findall(
        r'upstream-hash-by: "(.*)"', (DEPLOY / "kubernetes" / "excel-tools.yaml").read_text()
    )
    assert hashed.startswith("$http_x_chat_id")
    assert hashed.endswith("$remote_addr")


def test_prometheus_looks_at_each_replica() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    (job,) = config["scrape_configs"]
    (names,) = job["dns_sd_configs"]
    base = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert set(names["names"]) <= set(base["services"])
    assert names["port"] == Settings().port


def test_the_replicas_of_compose_are_those_of_the_compose_file() -> None:
    more = yaml.load((DEPLOY / "compose-replicas.yml").read_text(), _Loader)
    base = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert "excel-tools" in base["services"]
    assert more["services"]["excel-tools"]["deploy"]["replicas"] > 1
    assert more["services"]["excel-tools"]["ports"] == [], "they would want the same port"
    assert more["services"]["excel-tools"]["volumes"] == [], "each has a cache of its own"
    assert base["services"]["excel-tools"]["read_only"]
    assert "VOLUME /data" in (ROOT / "Dockerfile").read_text(), "where else could the cache lie"
    assert "9080" in more["services"]["proxy"]["ports"][0]
    assert "reverse_proxy" in (DEPLOY / "Caddyfile").read_text()
    command = more["services"]["valkey"]["command"]
    assert command[command.index("--appendonly") + 1] == "yes"
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"
