"""What is counted, under which labels, and that every metric says what it is."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest

from adapters.telemetry.catalog import ASKED, COUNTED, Metric
from adapters.telemetry.exposition import Exporter, asks_for_openmetrics, expose
from adapters.telemetry.metrics import FAULTS, Metrics
from tests.adapters.telemetry.scraping import Scrape, scraped

COUNTS = """
import sys
from pathlib import Path
from adapters.telemetry.metrics import Metrics
folder = Path(sys.argv[1])
metrics = Metrics(part=sys.argv[2], folder=folder, ours=True)
for _ in range(int(sys.argv[3])):
    metrics.target_ended(provider="openai", outcome="success")
    metrics.run_ended(outcome="success", seconds=0.2)
"""


def scrape(metrics: Metrics) -> Scrape:
    return scraped(expose(metrics.registry, {}).body.decode())


@pytest.mark.parametrize("metric", [*COUNTED, *ASKED], ids=lambda metric: metric.name)
def test_names_and_helps_are_as_prometheus_has_them(metric: Metric) -> None:
    assert re.fullmatch(r"waybill_[a-z_]+", metric.name)
    assert (metric.type == "counter") == metric.name.endswith("_total")
    assert metric.help.endswith(".")
    assert (metric.type == "histogram") == bool(metric.buckets)
    assert list(metric.buckets) == sorted(metric.buckets)
    assert "milli" not in metric.name
    assert not {"id", "name", "key", "run", "skill"} & set(metric.labels)


def test_a_request_is_counted_by_route_and_status() -> None:
    metrics = Metrics(part="api")
    for status in (200, 200, 404):
        metrics.request_answered(method="GET", route="/api/skills", status=status, seconds=0.004, streamed=False)
    found = scrape(metrics)
    labels = {"method": "GET", "route": "/api/skills"}
    assert found.value("waybill_http_requests_total", status="200", **labels) == 2
    assert found.value("waybill_http_requests_total", status="404", **labels) == 1
    assert found.value("waybill_http_request_duration_seconds_bucket", le="0.0025", **labels) == 0
    assert found.value("waybill_http_request_duration_seconds_bucket", le="0.005", **labels) == 3


def test_how_long_somebody_listened_is_no_duration() -> None:
    metrics = Metrics(part="api")
    metrics.request_answered(method="GET", route="/api/events", status=200, seconds=900, streamed=True)
    metrics.request_answered(method="GET", route="/api/events", status=None, seconds=1, streamed=False)
    found = scrape(metrics)
    labels = {"method": "GET", "route": "/api/events"}
    assert found.value("waybill_http_requests_total", status="200", **labels) == 1
    assert found.value("waybill_http_requests_total", status="none", **labels) == 1
    assert found.value("waybill_http_request_duration_seconds_count", **labels) == 1


def test_what_has_not_happened_yet_is_zero() -> None:
    found = scrape(Metrics(part="watchdog"))
    assert {found.value("waybill_watchdog_rescues_total", fault=fault) for fault in FAULTS} == {0.0}
    assert found.value("waybill_dead_letters_total", kind="ticket") == 0
    assert found.value("waybill_relayed_events_total") == 0


def count(folder: Path, part: str, times: int) -> None:
    subprocess.run(
        [sys.executable, "-c", COUNTS, str(folder), part, str(times)],
        env={"PROMETHEUS_MULTIPROC_DIR": str(folder), "PYTHONPATH": ":".join(sys.path)},
        check=True,
        timeout=30,
    )


def test_parts_count_together_and_one_that_starts_again_goes_on(tmp_path: Path) -> None:
    count(tmp_path, "installer", 2)
    count(tmp_path, "scheduler", 1)
    files = sorted(tmp_path.iterdir())
    count(tmp_path, "installer", 3)
    assert sorted(tmp_path.iterdir()) == files, "a part that starts again must leave no files behind"
    found = scrape(Metrics(part="api", folder=tmp_path))
    assert found.value("waybill_install_runs_total", provider="openai", outcome="success") == 6
    assert found.value("waybill_install_run_duration_seconds_count", outcome="success") == 6
    assert found.value("waybill_install_run_duration_seconds_bucket", outcome="success", le="0.25") == 6
    assert found.families["waybill_install_runs"].documentation.startswith("Targets of runs")


def test_a_port_of_its_own_serves_what_a_part_has_counted() -> None:
    metrics = Metrics(part="installer")
    metrics.provider_called(provider="claude", operation="find", result="rate_limit", seconds=0.3)
    with Exporter(metrics.registry, host="127.0.0.1", port=0) as exporter:
        found = scraped(httpx2.get(f"http://127.0.0.1:{exporter.port}/metrics", trust_env=False).text)
    labels = {"provider": "claude", "op": "find", "class": "rate_limit"}
    assert found.value("waybill_provider_request_seconds_count", **labels) == 1
    assert found.value("process_open_fds") is not None


def test_a_port_that_is_taken_is_an_error_and_nothing_is_left_open() -> None:
    metrics = Metrics(part="installer")
    with Exporter(metrics.registry, host="127.0.0.1", port=0) as exporter, pytest.raises(OSError, match="in use"):
        Exporter(metrics.registry, host="127.0.0.1", port=exporter.port)


@pytest.mark.parametrize(
    ("accept", "content_type", "ending"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8", "0.0\n"),
        ("text/plain", "text/plain; version=0.0.4; charset=utf-8", "0.0\n"),
        ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text; version=1.0.0", "# EOF\n"),
        (
            "text/html, application/openmetrics-text;version=\tx",
            "application/openmetrics-text; version=1.0.0",
            "# EOF\n",
        ),
        ("\x00, */*;;q=x", "text/plain; version=0.0.4; charset=utf-8", "0.0\n"),
    ],
    ids=["nothing", "text", "openmetrics", "no-such-version", "nonsense"],
)
def test_the_form_is_the_one_asked_for(accept: str, content_type: str, ending: str) -> None:
    readings: Mapping[Metric, Mapping[tuple[str, ...], float]] = {ASKED[0]: {("nats",): 0.0}}
    found = expose(Metrics(part="api").registry, readings, openmetrics_form=asks_for_openmetrics(accept))
    assert found.content_type.startswith(content_type)
    assert found.body.decode().endswith(ending)
    assert b'waybill_up{source="nats"} 0.0' in found.body
