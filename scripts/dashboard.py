"""The dashboard for Grafana, made of the questions that an operator asks.

``scripts/generate.py`` writes it to ``deploy/grafana/excel-tools.json``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_SOURCE = {"type": "prometheus", "uid": "${source}"}
_WIDE = 24
_ALL = '{job=~"$job",instance=~"$instance"'


@dataclass(frozen=True)
class Panel:
    """One panel.

    :param queries: (expression, legend); ``@`` stands for the labels of the chosen services,
        and what they are chosen by besides follows it, as in ``up@{status="500"}``
    :param unit: as Grafana calls it
    :param kind: timeseries or stat
    :param stacked: whether the figures are parts of one
    """

    title: str
    help: str
    queries: tuple[tuple[str, str], ...]
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 8
    stacked: bool = False
    most: float | None = None


def _rate(metric: str, labels: str = "", by: str = "") -> str:
    chosen = f"@{{{labels}}}" if labels else "@"
    group = f" by ({by})" if by else ""
    return f"sum{group} (rate(excel_tools_{metric}{chosen}[$__rate_interval]))"


def _share(part: float, metric: str, by: str = "") -> str:
    group = f"{by}, le" if by else "le"
    rate = f"rate(excel_tools_{metric}_bucket@[$__rate_interval])"
    return f"histogram_quantile({part}, sum by ({group}) ({rate}))"


_SERVER_ERRORS = 'status=~"5.."'
_REFUSED = 'outcome!~"ok|repeated"'
_FAILED = 'outcome="failed"'
_NOT_OK = 'outcome!="ok"'
ROWS: dict[str, tuple[Panel, ...]] = {
    "Is it up?": (
        Panel(
            "Up",
            "1 where Prometheus gets an answer.",
            (("up@", "{{instance}}"),),
            width=4,
            kind="stat",
        ),
        Panel(
            "Version",
            "Of each service.",
            (("excel_tools_build_info@", "{{version}}"),),
            width=4,
            kind="stat",
        ),
        Panel(
            "Running for",
            "Since the process began.",
            (("time() - process_start_time_seconds@", "{{instance}}"),),
            unit="s",
            width=4,
            kind="stat",
        ),
        Panel(
            "Requests",
            "By status. 4xx are callers' mistakes, 429 and 503 ask them to come again.",
            ((_rate("requests_total", by="status"), "{{status}}"),),
            unit="reqps",
            width=12,
            stacked=True,
        ),
        Panel(
            "Share of requests that failed here",
            "Statuses from 500 on.",
            ((f"{_rate('requests_total', _SERVER_ERRORS)} / {_rate('requests_total')}", "5xx"),),
            unit="percentunit",
            width=12,
        ),
        Panel(
            "Trouble in the log",
            "Lines of the log by level.",
            ((_rate("log_lines_total", by="level"), "{{level}}"),),
            width=12,
        ),
    ),
    "Is it slow?": (
        Panel(
            "Operations take",
            "Waiting included.",
            tuple((_share(p, "operation_seconds"), f"{p:.0%}") for p in (0.5, 0.95, 0.99)),
            unit="s",
        ),
        Panel(
            "The slowest operations",
            "What 95 % of their calls take at most.",
            ((f"topk(8, {_share(0.95, 'operation_seconds', 'operation')})", "{{operation}}"),),
            unit="s",
        ),
        Panel(
            "What engines spend their time with",
            "Processes at work, by what they do. More than there are engines can't be.",
            ((_rate("engine_seconds_total", by="doing"), "{{doing}}"),),
            stacked=True,
        ),
        Panel(
            "The slowest routes",
            "What 95 % of their requests take at most.",
            ((f"topk(8, {_share(0.95, 'request_seconds', 'route')})", "{{route}}"),),
            unit="s",
        ),
        Panel(
            "The store takes",
            "What 95 % of its actions take at most.",
            ((_share(0.95, "storage_seconds", "action"), "{{action}}"),),
            unit="s",
        ),
        Panel(
            "Calculators",
            "Questions to the second one, and runs of LibreOffice.",
            (
                (_rate("second_opinions_total", by="outcome"), "second: {{outcome}}"),
                (_rate("libreoffice_runs_total", by="outcome"), "LibreOffice: {{outcome}}"),
            ),
        ),
    ),
    "Is it full?": (
        Panel(
            "Engines and threads in use",
            "At 100 % of either, calls wait.",
            (
                ("sum(excel_tools_engines_busy@) / sum(excel_tools_engines@)", "engines"),
                ("sum(excel_tools_requests_under_way@) / sum(excel_tools_threads@)", "threads"),
            ),
            unit="percentunit",
            most=1,
        ),
        Panel(
            "Memory of engines",
            "Of each with all it has started; beyond the limit a call is refused.",
            (
                ("excel_tools_engine_memory_bytes@", "{{instance}} {{engine}}"),
                ("max(excel_tools_engine_memory_limit_bytes@)", "limit"),
            ),
            unit="bytes",
        ),
        Panel(
            "Memory and processor of the service",
            "Without its engines.",
            (("process_resident_memory_bytes@", "{{instance}}"),),
            unit="bytes",
        ),
        Panel(
            "Sessions and workbooks",
            "There are, are in memory, are held open by engines.",
            (
                ("max(excel_tools_sessions@)", "sessions"),
                ("sum(excel_tools_sessions_in_memory@)", "in memory"),
                ("sum(excel_tools_workbooks_held@)", "workbooks held"),
            ),
        ),
        Panel(
            "Storage",
            "What sessions take up, and what is left.",
            (
                ("max(excel_tools_storage_bytes@)", "used"),
                ("min(excel_tools_storage_free_bytes@)", "free"),
            ),
            unit="bytes",
        ),
        Panel(
            "Files that come and go",
            "Bytes a second.",
            ((_rate("file_bytes_total", by="way"), "{{way}}"),),
            unit="Bps",
        ),
    ),
    "Who waits?": (
        Panel(
            "Waiting takes",
            "What 95 % of calls wait at most: for their workbook, an engine, a database.",
            ((_share(0.95, "queue_seconds", "queue"), "{{queue}}"),),
            unit="s",
        ),
        Panel(
            "Waiting now",
            "Calls in queues.",
            (("sum by (queue) (excel_tools_queue_waiting@)", "{{queue}}"),),
        ),
        Panel(
            "Under way, and given up",
            "Operations now, those of MCP, and calls that were cancelled in a minute.",
            (
                ("sum(excel_tools_calls_under_way@)", "operations"),
                ("sum(excel_tools_mcp_calls_under_way@)", "by MCP"),
                (f"60 * {_rate('cancellations_total', by='outcome')}", "cancelled: {{outcome}}"),
            ),
        ),
    ),
    "Do engines die?": (
        Panel(
            "Engines replaced in an hour",
            "Why, and what they were at.",
            (
                (
                    "sum by (reason, doing) (increase(excel_tools_engine_restarts_total@[1h]))",
                    "{{reason}}, {{doing}}",
                ),
            ),
            width=12,
        ),
        Panel(
            "Engines that run, and workbooks rebuilt in a minute",
            "A workbook is rebuilt where no engine held it.",
            (
                ("sum(excel_tools_engine_processes@)", "engines"),
                (f"60 * {_rate('rebuilds_total')}", "rebuilt"),
            ),
            width=12,
        ),
    ),
    "What fails?": (
        Panel(
            "Operations that were refused or failed",
            "By error code, in a minute.",
            (
                (
                    f"60 * {_rate('operations_total', _REFUSED, 'outcome')}",
                    "{{outcome}}",
                ),
            ),
            stacked=True,
        ),
        Panel(
            "Which operations",
            "Refused or failed in a minute.",
            (
                (
                    f"60 * topk(8, {_rate('operations_total', _REFUSED, 'operation')})",
                    "{{operation}}",
                ),
            ),
            stacked=True,
        ),
        Panel(
            "Store, audit log, links, databases",
            "What went wrong in a minute.",
            (
                (f"60 * {_rate('storage_failures_total', by='action')}", "store: {{action}}"),
                (f"60 * {_rate('audit_records_total', _FAILED)}", "audit log"),
                (
                    f"60 * {_rate('links_used_total', _NOT_OK, 'outcome')}",
                    "link: {{outcome}}",
                ),
                (
                    f"60 * {_rate('database_questions_total', _NOT_OK, 'outcome')}",
                    "database: {{outcome}}",
                ),
            ),
        ),
        Panel(
            "Formula cells by how sure they are",
            "Calculated and compared, a second.",
            ((_rate("calculated_cells_total", by="outcome"), "{{outcome}}"),),
            stacked=True,
        ),
    ),
    "What is it used for?": (
        Panel(
            "Operations",
            "By name, in a minute.",
            ((f"60 * {_rate('operations_total', by='operation')}", "{{operation}}"),),
            stacked=True,
        ),
        Panel(
            "Sessions",
            "Opened and ended in a minute.",
            (
                (f"60 * {_rate('sessions_opened_total', by='how')}", "{{how}}"),
                (f"60 * {_rate('sessions_ended_total', by='by')}", "ended by {{by}}"),
                (f"60 * {_rate('mcp_sessions_total', by='event')}", "MCP: {{event}}"),
            ),
        ),
        Panel(
            "Files, links, previews",
            "In a minute.",
            (
                (f"60 * {_rate('files_total', by='way')}", "{{way}}"),
                (f"60 * {_rate('links_used_total', by='door')}", "link: {{door}}"),
                (f"60 * {_rate('previews_total', by='how')}", "preview: {{how}}"),
            ),
        ),
    ),
}


def expression(query: str) -> str:
    """The query as Grafana sends it, but for its own variables."""
    return query.replace("@{", f"{_ALL},").replace("@", f"{_ALL}}}")


def dashboard() -> str:
    """The dashboard as JSON."""
    return json.dumps(_dashboard(), indent=1, ensure_ascii=False) + "\n"


def _dashboard() -> dict[str, Any]:
    return {
        "uid": "excel-tools",
        "title": "Excel Tools",
        "tags": ["excel-tools"],
        "editable": True,
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": list(_variables())},
        "panels": list(_panels()),
    }


def _variables() -> Iterator[dict[str, Any]]:
    yield {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
    known = {"job": "", "instance": 'job=~"$job"'}
    for name, chosen in known.items():
        yield {
            "name": name,
            "label": name.capitalize(),
            "type": "query",
            "datasource": _SOURCE,
            "query": f"label_values(excel_tools_build_info{{{chosen}}}, {name})",
            "refresh": 2,
            "includeAll": True,
            "allValue": ".+",
            "multi": True,
            "current": {"text": "All", "value": "$__all"},
        }


def _panels() -> Iterator[dict[str, Any]]:
    number, y = 0, 0
    for title, panels in ROWS.items():
        number += 1
        place = {"x": 0, "y": y, "w": _WIDE, "h": 1}
        yield {"id": number, "type": "row", "title": title, "gridPos": place, "panels": []}
        x, y, height = 0, y + 1, 0
        for panel in panels:
            if x + panel.width > _WIDE:
                x, y = 0, y + height
            number, height = number + 1, 8
            yield _panel(panel, number, {"x": x, "y": y, "w": panel.width, "h": height})
            x += panel.width
        y += height


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    drawn = {"stacking": {"mode": "normal"}, "fillOpacity": 30} if panel.stacked else {}
    defaults: dict[str, Any] = {"unit": panel.unit, "min": 0, "custom": drawn}
    if panel.most is not None:
        defaults["max"] = panel.most
    options: dict[str, Any] = {}
    if panel.kind == "stat":
        options = {"reduceOptions": {"calcs": ["lastNotNull"]}}
        options |= {"textMode": "name" if panel.title == "Version" else "auto"}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.help,
        "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
        "targets": [
            {
                "refId": chr(ord("A") + position),
                "datasource": _SOURCE,
                "expr": expression(query),
                "legendFormat": legend,
            }
            for position, (query, legend) in enumerate(panel.queries)
        ],
    }
