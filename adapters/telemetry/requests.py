"""The span of a request to the HTTP API, as OpenTelemetry's conventions for HTTP servers have it; it has no path, only a route."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from opentelemetry import trace

from adapters.telemetry.tracing import Parent, Tracing, fail, traceparent_of

SERVER_ERRORS: Final = range(500, 600)
# What the conventions call a method that is none of the known ones.
OTHER_METHOD: Final = "_OTHER"


@contextmanager
def request_span(
    tracing: Tracing, *, correlation_id: UUID, parent: Parent | None, request_id: str
) -> Iterator[str | None]:
    """Gives the `traceparent` of the answer. Its name is known when the route is."""
    attributes = {"waybill.request_id": request_id}
    with tracing.span(
        "request", correlation_id=correlation_id, parent=parent, kind="server", attributes=attributes
    ) as span:
        yield traceparent_of(span)


def complete_request(*, method: str | None, route: str | None, status: int | None) -> None:
    """What is known of the current span's request at its end. None: no known method, no route, no answer."""
    span = trace.get_current_span()
    span.update_name(f"{method or 'HTTP'} {route or ''}".strip())
    span.set_attribute("http.request.method", method or OTHER_METHOD)
    if route is not None:
        span.set_attribute("http.route", route)
    if status is not None:
        span.set_attribute("http.response.status_code", status)
    if status is None or status in SERVER_ERRORS:
        fail(span, str(status or "no answer"))
