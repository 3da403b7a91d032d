"""Spans of what a process does, where they are wanted. The trace of everything that a request leads to is its correlation id."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Final, Literal
from uuid import UUID

import structlog
from msgspec import Struct
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, NonRecordingSpan, Span, SpanContext, SpanKind, StatusCode, Tracer
from opentelemetry.trace import TraceFlags as Flags
from opentelemetry.util.types import AttributeValue

from domain.errors import WaybillError
from domain.ports import ProviderError

# The id that the next trace is to have: an SDK asks its generator of ids, and tells it nothing.
WANTED_TRACE_ID: Final = ContextVar[int | None]("wanted_trace_id", default=None)

Attributes = Mapping[str, AttributeValue]
Kind = Literal["internal", "server", "client", "producer", "consumer"]
NOTHING: Final = nullcontext(INVALID_SPAN)
NONE: Final[Attributes] = {}


class Parent(Struct, frozen=True):
    """The span of whoever called us, as `traceparent` has it: 16 hexadecimal digits, and the flags as two."""

    span_id: str
    flags: str


class Tracing:
    """Without a tracer it costs next to nothing. A span has no message of an error, only its code or type: messages may hold anything."""

    def __init__(self, tracer: Tracer | None = None) -> None:
        self._tracer = tracer

    @property
    def on(self) -> bool:
        return self._tracer is not None

    def span(
        self,
        name: str,
        *,
        correlation_id: UUID | None = None,
        parent: Parent | None = None,
        kind: Kind = "internal",
        attributes: Attributes = NONE,
    ) -> AbstractContextManager[Span]:
        """Current while it is entered. It is a child of `parent`, or of the current span if that is of the same trace; else the
        first one that this process has of the trace, or of a new one without a correlation id.
        """
        if self._tracer is None:
            return NOTHING
        return _span(
            self._tracer,
            name,
            context=_context(correlation_id, parent),
            trace_id=None if correlation_id is None else correlation_id.int,
            kind=SpanKind[kind.upper()],
            attributes=attributes,
        )


OFF: Final = Tracing()


@contextmanager
def _span(
    tracer: Tracer, name: str, *, context: Context | None, trace_id: int | None, kind: SpanKind, attributes: Attributes
) -> Iterator[Span]:
    wanted = WANTED_TRACE_ID.set(trace_id)
    try:
        span = tracer.start_span(name, context=context, kind=kind, attributes=attributes)
    finally:
        WANTED_TRACE_ID.reset(wanted)
    # What is logged meanwhile says so, and a provider that is called is told that this span calls it.
    span_id = f"{span.get_span_context().span_id:016x}"
    with (
        trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False),
        structlog.contextvars.bound_contextvars(span_id=span_id),
    ):
        try:
            yield span
        except BaseException as error:
            fail(span, error.code if isinstance(error, WaybillError | ProviderError) else type(error).__name__)
            raise


def fail(span: Span, reason: str) -> None:
    """`reason` is the type of what went wrong, or its code."""
    span.set_attribute("error.type", reason)
    span.set_status(StatusCode.ERROR)


def traceparent_of(span: Span) -> str | None:
    """For the header of that name; None if nobody keeps the span."""
    context = span.get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def _context(correlation_id: UUID | None, parent: Parent | None) -> Context | None:
    """None: what is current."""
    if correlation_id is None:
        return None
    if parent is not None:
        remote = SpanContext(
            trace_id=correlation_id.int,
            span_id=int(parent.span_id, 16),
            is_remote=True,
            trace_flags=Flags(int(parent.flags, 16)),
        )
        return trace.set_span_in_context(NonRecordingSpan(remote), Context())
    if trace.get_current_span().get_span_context().trace_id == correlation_id.int:
        return None
    return Context()
