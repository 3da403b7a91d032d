"""Requests as they are measured and traced by the API: one span each, whose trace is the correlation id."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx2
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from adapters.http.observation import Observation
from adapters.telemetry.exporting import provided
from adapters.telemetry.metrics import Metrics
from adapters.telemetry.tracing import OFF, Tracing
from tests.adapters.http.bare import bare_app
from tests.adapters.http.serving import listening, open_client
from tests.adapters.telemetry.scraping import scraped
from workers.telemetry import Telemetry
from workers.telemetry_http import RequestWatch, exposing
from workers.vitals import Vitals

pytestmark = pytest.mark.anyio

NOTHING_ANSWERS: Final = Vitals(database=None, read_models=None, connected=False, nats_version=None, streams=None)
TRACE: Final = "0af7651916cd43dd8448eb211c80319c"
CALLER: Final = "b7ad6b7169203331"


async def look() -> Vitals:
    return NOTHING_ANSWERS


@asynccontextmanager
async def observed(tracing: Tracing = OFF) -> AsyncIterator[httpx2.AsyncClient]:
    telemetry = Telemetry(Metrics(part="api"), tracing)
    observation = Observation(
        expose=exposing(telemetry, look, version="1.2.3", sse_clients=lambda: 3), watch=RequestWatch(telemetry)
    )
    async with listening(bare_app(observation=observation)) as url, open_client(url, "any") as client:
        yield client


async def test_a_scrape_answers_though_nobody_else_does() -> None:
    async with observed() as client:
        await client.get("/livez")
        await client.get("/nowhere")
        answer = await client.get("/metrics")
    found = scraped(answer.text)
    assert found.value("waybill_up", source="postgres") == 0
    assert found.value("waybill_up", source="nats") == 0
    assert found.value("waybill_build_info", version="1.2.3") == 1
    assert found.value("waybill_sse_clients") == 3
    assert found.value("waybill_queue_depth", state="waiting") is None
    assert found.value("waybill_http_requests_total", method="GET", route="/livez", status="200") == 1
    assert found.value("waybill_http_requests_total", method="GET", route="none", status="404") == 1
    assert found.value("waybill_http_request_duration_seconds_count", method="GET", route="/livez") == 1


async def test_each_form_is_its_own() -> None:
    async with observed() as client:
        plain = await client.get("/metrics")
        openmetrics = await client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert plain.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert openmetrics.headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert openmetrics.text.endswith("# EOF\n")


@pytest.mark.parametrize("sent", [None, f"00-{TRACE}-{CALLER}-01"], ids=["begun here", "continued"])
async def test_the_trace_of_a_request_is_its_correlation_id(sent: str | None) -> None:
    kept = InMemorySpanExporter()
    with provided(kept, part="api", version="0", at_once=True) as tracing:
        async with observed(tracing) as client:
            answer = await client.get("/api/skills?limit=canary", headers={"traceparent": sent} if sent else {})
            assert answer.status_code == 400
    (span,) = kept.get_finished_spans()
    assert span.name == "GET /api/skills"
    assert span.context is not None
    trace_id, span_id, flags = answer.headers["traceparent"].split("-")[1:]
    assert (trace_id, span_id, flags) == (f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}", "01")
    if sent:
        assert trace_id == TRACE
        assert span.parent is not None
        assert f"{span.parent.span_id:016x}" == CALLER
    else:
        assert span.parent is None
    assert (span.attributes or {})["waybill.request_id"] == answer.headers["X-Request-ID"]
    assert "canary" not in span.to_json()


async def test_who_asks_for_no_trace_gets_none() -> None:
    kept = InMemorySpanExporter()
    with provided(kept, part="api", version="0", at_once=True) as tracing:
        async with observed(tracing) as client:
            answer = await client.get("/livez", headers={"traceparent": f"00-{TRACE}-{CALLER}-00"})
    assert kept.get_finished_spans() == ()
    assert answer.headers["traceparent"].startswith(f"00-{TRACE}-")
    assert answer.headers["traceparent"].endswith("-00")
