"""Spans: which trace they belong to, what they are children of, and what they never hold."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest
import structlog
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from adapters.telemetry.exporting import provided
from adapters.telemetry.requests import complete_request, request_span
from adapters.telemetry.tracing import NOTHING, OFF, Parent, Tracing
from domain.errors import SkillNotFound

SPAN_ID = "b7ad6b7169203331"


@pytest.fixture
def kept() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(kept: InMemorySpanExporter) -> Iterator[Tracing]:
    with provided(kept, part="api", version="0.0.0", at_once=True) as tracing:
        yield tracing


def only(kept: InMemorySpanExporter) -> ReadableSpan:
    (span,) = kept.get_finished_spans()
    return span


def trace_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def test_switched_off_there_is_nothing() -> None:
    assert not OFF.on
    assert OFF.span("anything", correlation_id=uuid4()) is NOTHING


def test_a_trace_has_the_correlation_id_that_it_is_for(kept: InMemorySpanExporter, tracing: Tracing) -> None:
    correlation_id = uuid4()
    with tracing.span("attempt", correlation_id=correlation_id):
        pass
    assert trace_of(only(kept)) == correlation_id.hex
    assert only(kept).parent is None


def test_what_happens_inside_is_a_child_and_another_trace_is_not(kept: InMemorySpanExporter, tracing: Tracing) -> None:
    correlation_id, other_id = uuid4(), uuid4()
    with tracing.span("request", correlation_id=correlation_id):
        with tracing.span("command", correlation_id=correlation_id), tracing.span("call"):
            pass
        with tracing.span("errand", correlation_id=other_id):
            pass
    spans = {span.name: span for span in kept.get_finished_spans()}
    request, command = spans["request"].context, spans["command"].context
    assert request is not None
    assert command is not None
    parents = [spans[name].parent for name in ("command", "call", "errand")]
    assert [parent and parent.span_id for parent in parents] == [request.span_id, command.span_id, None]
    assert trace_of(spans["call"]) == correlation_id.hex
    assert trace_of(spans["errand"]) == other_id.hex


def test_without_a_correlation_id_a_trace_gets_one_of_its_own(kept: InMemorySpanExporter, tracing: Tracing) -> None:
    for _ in range(2):
        with tracing.span("relay events"):
            pass
    assert len({trace_of(span) for span in kept.get_finished_spans()}) == 2


@pytest.mark.parametrize(("flags", "spans"), [("01", 1), ("00", 0)])
def test_the_span_of_who_asks_is_the_parent_and_says_whether_to_keep(
    kept: InMemorySpanExporter, tracing: Tracing, *, flags: str, spans: int
) -> None:
    correlation_id = uuid4()
    with request_span(tracing, correlation_id=correlation_id, parent=Parent(SPAN_ID, flags), request_id="r") as parent:
        complete_request(method="GET", route="/livez", status=200)
    assert parent is not None
    assert parent.split("-")[:2] == ["00", correlation_id.hex]
    assert parent[-2:] == flags
    assert SPAN_ID not in parent
    found = kept.get_finished_spans()
    assert len(found) == spans
    assert [span.parent and f"{span.parent.span_id:016x}" for span in found] == [SPAN_ID] * spans


@pytest.mark.parametrize(
    ("method", "route", "status", "name", "failed"),
    [
        ("POST", "/api/skills/{skill}", 201, "POST /api/skills/{skill}", False),
        ("GET", None, 404, "GET", False),
        (None, None, 405, "HTTP", False),
        ("GET", "/api/skills", 503, "GET /api/skills", True),
        ("GET", "/api/skills", None, "GET /api/skills", True),
    ],
    ids=["made", "no-route", "no-method", "failed", "no-answer"],
)
def test_a_request_is_called_after_its_route(
    kept: InMemorySpanExporter,
    tracing: Tracing,
    *,
    method: str | None,
    route: str | None,
    status: int | None,
    name: str,
    failed: bool,
) -> None:
    with request_span(tracing, correlation_id=uuid4(), parent=None, request_id="r"):
        complete_request(method=method, route=route, status=status)
    span = only(kept)
    assert span.name == name
    assert (span.status.status_code is StatusCode.ERROR) is failed
    attributes = span.attributes or {}
    assert attributes.get("http.route") == route
    assert attributes.get("http.response.status_code") == status
    assert attributes["http.request.method"] == (method or "_OTHER")


@pytest.mark.parametrize(
    ("error", "type_"),
    [(SkillNotFound("canary"), "not_found:skills"), (ValueError("canary"), "ValueError")],
    ids=["refusal", "mistake"],
)
def test_of_an_error_a_span_has_the_type_alone(
    kept: InMemorySpanExporter, tracing: Tracing, error: Exception, type_: str
) -> None:
    with pytest.raises(type(error)), tracing.span("command"):
        raise error
    span = only(kept)
    assert (span.attributes or {})["error.type"] == type_
    assert span.status.status_code is StatusCode.ERROR
    assert "canary" not in span.to_json()


def test_what_is_cut_short_has_ended_too(kept: InMemorySpanExporter, tracing: Tracing) -> None:
    with pytest.raises(asyncio.CancelledError), tracing.span("claude install"):
        raise asyncio.CancelledError
    assert (only(kept).attributes or {})["error.type"] == "CancelledError"


def test_the_log_says_which_span_it_is_of(kept: InMemorySpanExporter, tracing: Tracing) -> None:
    with tracing.span("command"):
        bound = structlog.contextvars.get_contextvars()["span_id"]
    context = only(kept).context
    assert context is not None
    assert bound == f"{context.span_id:016x}"
    assert "span_id" not in structlog.contextvars.get_contextvars()


def test_it_says_what_it_is_unless_the_environment_knows_better(
    kept: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=mine,deployment.environment=test")
    with provided(kept, part="api", version="1.2.3", at_once=True) as tracing, tracing.span("x"):
        pass
    attributes = only(kept).resource.attributes
    assert attributes["service.name"] == "mine"
    assert attributes["service.version"] == "1.2.3"
    assert attributes["deployment.environment"] == "test"
