"""Where spans go: over OTLP as the environment says, and never in the way of who makes them."""

import threading
import time

import pytest

from adapters.telemetry import exporting
from tests.acceptance.collector import Collector
from tests.kit.waiting import wait_until

SECONDS_MAX = 20
CLOSING = "tracing-close"
CLOSED = "http://127.0.0.1:1"


def test_spans_go_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    collector = Collector()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    with (
        collector.standing(),
        exporting.exporting(("otlp",), part="relay", version="0") as tracing,
        tracing.span("relay events"),
    ):
        pass
    assert list(collector.spans.values()) == [{("relay", "relay events")}]


def test_they_can_be_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    with exporting.exporting(("console",), part="relay", version="0") as tracing, tracing.span("relay events"):
        pass
    assert '"name": "relay events"' in capsys.readouterr().err


def test_a_collector_that_is_away_holds_up_no_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", CLOSED)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    monkeypatch.setattr(exporting, "CLOSE_SECONDS", 0.1)
    with exporting.exporting(("otlp",), part="relay", version="0") as tracing:
        with tracing.span("relay events"):
            pass
        began = time.monotonic()
    assert time.monotonic() - began < 0.9, "it tries for a second"
    wait_until(lambda: CLOSING not in {thread.name for thread in threading.enumerate()}, SECONDS_MAX)
