"""Traces by OpenTelemetry, where its standard variables ask for them.

Elsewise nothing of it is imported, and what is told here costs next to nothing.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from service.observing.tally import Span
from service.settings import SettingsError

if TYPE_CHECKING:
    from service.observing.spans import Spans

_NEEDED = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_HTTP = "http/protobuf"


@dataclass(frozen=True)
class Wish:
    """Where traces shall go.

    :param exporter: otlp or console
    :param service: name of the service; "" where the environment gives it one
    """

    exporter: str
    service: str


def wish(environ: Mapping[str, str]) -> Wish | None:
    """What the standard variables ask for; None for no traces.

    :raises SettingsError: if that can't be done
    """
    exporter = environ.get("OTEL_TRACES_EXPORTER", "").strip()
    endpoint = any(environ.get(name, "").strip() for name in _ENDPOINTS)
    off = environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    if off or exporter == "none" or not (exporter or endpoint):
        return None
    if exporter not in ("", "otlp", "console"):
        raise SettingsError(
            f"OTEL_TRACES_EXPORTER needs otlp, console or none here, not {exporter!r}"
        )
    protocol = next((environ[name] for name in _PROTOCOLS if environ.get(name)), _HTTP)
    if protocol != _HTTP:
        raise SettingsError(
            f"OTEL_EXPORTER_OTLP_PROTOCOL needs {_HTTP} here, not {protocol!r}; collectors take "
            "it at port 4318"
        )
    if not all(map(_there, _NEEDED)):
        raise SettingsError(
            "OTEL_ variables ask for traces, but OpenTelemetry is not installed; do "
            "pip install -r requirements-otel.lock, or set OTEL_SDK_DISABLED=true"
        )
    named = "OTEL_SERVICE_NAME" in environ or "service.name=" in environ.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    )
    return Wish(exporter or "otlp", "" if named else "excel-tools")


def _there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # not even what it is a part of
        return False


# The one of this process; none as long as nobody wants traces.
_spans: list[Spans] = []
_nothing = nullcontext()


def start(wanted: Wish | None) -> None:
    """Send spans from now on, to where the standard variables say."""
    if wanted is not None:
        from service.observing.spans import Spans  # noqa: PLC0415 - loaded where it is wanted

        _spans[:] = [Spans.sending(wanted)]


def stop() -> None:
    """Send what is left, and then nothing more."""
    while _spans:
        _spans.pop().close()


def span(name: str, **facts: Any) -> AbstractContextManager[Any]:
    """A span around the block, below the one that is under way."""
    return _spans[0].span(name, facts) if _spans else _nothing


def note(**facts: Any) -> None:
    """Say more of the span that is under way; ``code`` makes it one that failed."""
    if _spans:
        _spans[0].note(facts)


def below(found: Iterable[Span]) -> None:
    """Spans that another process has timed, below the one that is under way."""
    if _spans:
        _spans[0].below(found)


def begin_request(name: str, headers: Mapping[str, str]) -> Any:
    """Begin the span of a request, as a part of its caller's trace; what ``end_request`` takes."""
    return _spans[0].begin_request(name, headers) if _spans else None


def end_request(begun: Any) -> None:
    """End the span of a request."""
    if begun is not None:
        begun.end()


def here() -> Any:
    """Where spans belong that are begun now, for another thread."""
    return _spans[0].here() if _spans else None


def at(place: Any) -> AbstractContextManager[Any]:
    """The block's spans belong there."""
    return _spans[0].at(place) if _spans and place is not None else _nothing


def trace_id() -> str:
    """Id of the trace that is under way, for the log; "" for none."""
    return _spans[0].trace_id() if _spans else ""
