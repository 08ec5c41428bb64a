"""The part of the traces that needs OpenTelemetry; imported where traces are wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SpanExporter,
)
from opentelemetry.trace import SpanKind, Status, StatusCode

from service import __version__
from service.errors import ExcelToolsError
from service.observing.tally import Span
from service.observing.tracing import Wish

_PREFIX = "excel."


@dataclass
class Begun:
    """The span of a request, under way."""

    span: trace.Span
    token: Any

    def end(self) -> None:
        context.detach(self.token)
        self.span.end()


class Spans:
    """Makes spans and has them sent, by the standard variables.

    What an exception says is never part of a span: it may quote cells.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("excel_tools", __version__)

    def __repr__(self) -> str:
        return "<Spans>"

    @classmethod
    def sending(cls, wish: Wish) -> Spans:
        """Those that are sent by the exporter that is wished for."""
        named = {"service.name": wish.service} if wish.service else {}
        resource = Resource.create({**named, "service.version": __version__})
        provider = TracerProvider(resource=resource)
        console = wish.exporter == "console"
        exporter: SpanExporter = ConsoleSpanExporter() if console else OTLPSpanExporter()
        provider.add_span_processor(BatchSpanProcessor(exporter))
        # For the parts of MCP's SDK that make spans of their own.
        trace.set_tracer_provider(provider)
        return cls(provider)

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()

    @contextmanager
    def span(self, name: str, facts: Mapping[str, Any]) -> Iterator[None]:
        with self._tracer.start_as_current_span(
            name,
            attributes=_attributes(facts),
            record_exception=False,
            set_status_on_exception=False,
        ):
            try:
                yield
            except ExcelToolsError as error:
                self.note({"code": error.code})
                raise
            except Exception as error:
                self.note({"code": type(error).__name__})
                raise

    def note(self, facts: Mapping[str, Any]) -> None:
        span = trace.get_current_span()
        span.set_attributes(_attributes(facts))
        if facts.get("code"):
            span.set_status(Status(StatusCode.ERROR))

    def below(self, found: Iterable[Span]) -> None:
        for one in found:
            made = self._tracer.start_span(f"engine {one.name}", start_time=one.began)
            made.end(end_time=one.ended)

    def begin_request(self, name: str, headers: Mapping[str, str]) -> Begun:
        carrier = {key.lower(): value for key, value in headers.items()}
        span = self._tracer.start_span(name, context=extract(carrier), kind=SpanKind.SERVER)
        return Begun(span, context.attach(trace.set_span_in_context(span)))

    def here(self) -> Context:
        return context.get_current()

    @contextmanager
    def at(self, place: Context) -> Iterator[None]:
        token = context.attach(place)
        try:
            yield
        finally:
            context.detach(token)

    def trace_id(self) -> str:
        found = trace.get_current_span().get_span_context()
        return trace.format_trace_id(found.trace_id) if found.is_valid else ""


def _attributes(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts under our own prefix, but for those that have a standard name."""
    return {
        name if "." in name else _PREFIX + name: value
        for name, value in facts.items()
        if value not in ("", None)
    }
