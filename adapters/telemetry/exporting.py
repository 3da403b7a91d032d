"""Where spans go: the OpenTelemetry SDK, set up by its own environment variables. Imported only where somebody wants spans."""

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

from adapters.telemetry.tracing import WANTED_TRACE_ID, Tracing

SCOPE: Final = "waybill"
# A collector that is away must not hold up a stop; the spans that it did not take are lost.
CLOSE_SECONDS: Final = 2.0


class CorrelatedIds(RandomIdGenerator):
    """A trace gets the id that is wanted for it."""

    def generate_trace_id(self) -> int:
        return WANTED_TRACE_ID.get() or super().generate_trace_id()

    def is_trace_id_random(self) -> bool:
        """It may be one that a client has made up."""
        return False


@contextmanager
def exporting(exporters: Sequence[str], *, part: str, version: str) -> Iterator[Tracing]:
    """`exporters` are names as OTEL_TRACES_EXPORTER has them: otlp, console."""
    with provided(*map(_exporter, exporters), part=part, version=version) as tracing:
        yield tracing


@contextmanager
def provided(*exporters: SpanExporter, part: str, version: str, at_once: bool = False) -> Iterator[Tracing]:
    """`at_once`: each span when it ends, and not together with others."""
    provider = TracerProvider(
        resource=_resource(part=part, version=version), id_generator=CorrelatedIds(), shutdown_on_exit=False
    )
    for exporter in exporters:
        provider.add_span_processor(SimpleSpanProcessor(exporter) if at_once else BatchSpanProcessor(exporter))
    try:
        yield Tracing(provider.get_tracer(SCOPE, version))
    finally:
        # It waits for as long as the exporter tries, which nobody can bound from outside.
        closing = threading.Thread(target=provider.shutdown, daemon=True, name="tracing-close")
        closing.start()
        closing.join(CLOSE_SECONDS)


def _exporter(name: str) -> SpanExporter:
    return ConsoleSpanExporter(out=sys.stderr) if name == "console" else OTLPSpanExporter()


def _resource(*, part: str, version: str) -> Resource:
    """OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES go before what we say of ourselves."""
    ours = {"service.namespace": SCOPE, "service.name": f"{SCOPE}-{part}", "service.version": version}
    return Resource.create({**ours, **OTELResourceDetector().detect().attributes})
