"""What the whole of Waybill tells from outside: one `/metrics` for all parts, one trace for a run, and what is wrong by how much."""

from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from tests.acceptance.collector import Collector
from tests.adapters.telemetry.scraping import Scrape, scraped
from tests.kit.waiting import wait_until
from tests.kit.whole import Whole

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

CANARY = "canary-of-the-content"
SECONDS_MAX = 30
PROVIDERS = ("openai", "claude", "gemini")


def scrape(whole: Whole) -> Scrape:
    answer = whole.client.get("/metrics")
    assert answer.status_code == 200, answer.text
    return scraped(answer.text)


def targets(whole: Whole) -> Mapping[str, float | None]:
    found = scrape(whole)
    return {kind: found.value("waybill_install_runs_total", provider=kind, outcome="success") for kind in PROVIDERS}


def kill_part(whole: Whole, part: str) -> None:
    for child in psutil.Process(whole.process.pid).children():
        if part in child.cmdline():
            child.kill()


@pytest.mark.long
def test_one_scrape_speaks_for_all_parts_and_one_trace_for_a_run(tmp_path: Path) -> None:
    """A start of Waybill costs seconds, so all of it is one test."""
    collector = Collector()
    traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    with collector.standing(), Whole(tmp_path / "data", environment=traced) as whole:
        wait_until(whole.ready, SECONDS_MAX)
        whole.register("kbo-results", body=CANARY)
        run = whole.finished(whole.queue("kbo-results", providers=PROVIDERS))
        assert run["status"] == "success"
        wait_until(lambda: targets(whole) == dict.fromkeys(PROVIDERS, 1.0), SECONDS_MAX)
        assert_all_parts_counted(whole)
        assert_details(whole)
        assert_a_part_that_starts_again_goes_on(whole)
        wait_until(lambda: len(collector.spans[trace_of(run)]) >= len(EXPECTED), SECONDS_MAX)
        assert collector.spans[trace_of(run)] >= EXPECTED
        assert_providers_were_told(collector, whole, run)
        assert_nothing_secret(collector, whole)


EXPECTED = {
    ("api", "POST /api/install-runs"),
    ("api", "QueueInstallRun"),
    ("installer", "StartAttempt"),
    ("installer", "install attempt"),
    ("installer", "SettleAttempt"),
    *(("installer", f"{kind} install") for kind in PROVIDERS),
}


def assert_a_part_that_starts_again_goes_on(whole: Whole) -> None:
    """Counting, and in the file that it had."""
    files, before = files_of(whole), relayed(whole)
    kill_part(whole, "relay")
    whole.register("line-up")
    wait_until(lambda: relayed(whole) > before, SECONDS_MAX)
    assert files_of(whole) == files


def relayed(whole: Whole) -> float:
    return scrape(whole).value("waybill_relayed_events_total") or 0.0


def trace_of(run: Mapping[str, str]) -> str:
    return run["correlationId"].replace("-", "")


def files_of(whole: Whole) -> set[str]:
    return {path.name for path in (whole.data / "metrics").iterdir()}


def assert_all_parts_counted(whole: Whole) -> None:
    found = scrape(whole)
    assert found.value("waybill_up", source="postgres") == 1
    assert found.value("waybill_up", source="nats") == 1
    assert found.value("waybill_http_requests_total", method="POST", route="/api/install-runs", status="202") == 1
    assert (found.value("waybill_relayed_events_total") or 0) > 10
    assert (found.value("waybill_projected_events_total") or 0) > 10
    assert found.value("waybill_watchdog_rescues_total", fault="ticket_lost") == 0
    for kind in PROVIDERS:
        labels = {"provider": kind, "op": "install", "class": "ok"}
        assert found.value("waybill_provider_request_seconds_count", **labels) == 1
    for labels in found.labels_of("waybill_http_requests_total"):
        assert labels["route"].startswith("/") or labels["route"] == "none"
        assert "kbo-results" not in labels["route"]


def assert_details(whole: Whole) -> None:
    details = whole.client.get("/readyz?verbose").json()["details"]
    assert details["database"]["migrations"]["pending"] == []
    assert {role["role"] for role in details["database"]["roles"] if role["held"]} >= {"relay", "projector"}
    assert details["nats"]["connected"]
    assert {stream["name"] for stream in details["nats"]["streams"]} == {"WAYBILL_EVENTS", "WAYBILL_WORK"}


def assert_providers_were_told(collector: Collector, whole: Whole, run: Mapping[str, str]) -> None:
    """Which trace a call belongs to, and which span calls."""
    parents = [call.get("traceparent", "").split("-") for call in whole.sandbox.get("/_sandbox/calls").json()]
    called_by = {parent[2] for parent in parents if parent[1:2] == [trace_of(run)]}
    assert called_by
    assert called_by <= {span_id for kind in PROVIDERS for span_id in collector.ids[f"{kind} install"]}


def assert_nothing_secret(collector: Collector, whole: Whole) -> None:
    sent = b"".join(collector.raw)
    assert whole.key is not None
    for secret in (CANARY, whole.key, whole.key.split("_")[2], "Bearer", "sk-"):
        assert secret.encode() not in sent
