"""How the API's requests are measured and traced, and what `/metrics` answers. Apart from the rest, which needs no HTTP server."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from adapters.http.momentary import Momentary
from adapters.http.observation import Expose
from adapters.http.tracing import Trace
from adapters.http.watching import NO_ROUTE, OTHER, Answered
from adapters.telemetry.exposition import Exposition, asks_for_openmetrics, expose
from adapters.telemetry.requests import complete_request, request_span
from adapters.telemetry.tracing import Parent
from workers.telemetry import Telemetry
from workers.telemetry_gauges import gauges
from workers.vitals import LookAtVitals


class RequestWatch:
    """Implements `Watch` of the HTTP side."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._metrics = telemetry.metrics
        self._tracing = telemetry.tracing

    def answering(self, trace: Trace) -> AbstractContextManager[str | None]:
        if not self._tracing.on:
            return nullcontext()
        return request_span(
            self._tracing,
            correlation_id=trace.correlation_id,
            parent=Parent(trace.caller, trace.flags) if trace.caller else None,
            request_id=trace.request_id,
        )

    def answered(self, answered: Answered) -> None:
        self._metrics.request_answered(
            method=answered.method,
            route=answered.route,
            status=answered.status,
            seconds=answered.seconds,
            streamed=answered.streamed,
        )
        if self._tracing.on:
            complete_request(
                method=None if answered.method == OTHER else answered.method,
                route=None if answered.route == NO_ROUTE else answered.route,
                status=answered.status,
            )


def exposing(telemetry: Telemetry, look: LookAtVitals, *, version: str, sse_clients: Callable[[], int]) -> Expose:
    """Written in a thread, since it takes tens of milliseconds, and for a moment the same for all who ask."""

    async def write(*, openmetrics_form: bool) -> Exposition:
        readings = gauges(await look(), version=version, sse_clients=sse_clients())
        registry = telemetry.metrics.registry
        return await asyncio.to_thread(expose, registry, readings, openmetrics_form=openmetrics_form)

    forms = {form: Momentary(partial(write, openmetrics_form=form)) for form in (False, True)}

    async def answer(accept: str) -> Exposition:
        return await forms[asks_for_openmetrics(accept)]()

    return answer
