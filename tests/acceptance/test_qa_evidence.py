"""The scenarios of docs/qa-scenarios.md in which somebody asks what happened, against the real processes."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator

import pytest

from adapters.evidence.signing import verify_ed25519
from domain.evidence.note import parse_verifying_key
from domain.evidence.proof import parse_proof
from tests.acceptance.conftest import Sandbox
from tests.acceptance.front_end import FrontEnd, Json, new_name, said
from tests.kit.waiting import wait_until
from workers.terminal.trial import Trial

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

PROMPT = {"backoffSeconds": 0.2, "attemptsMax": 2}
SEALED_SECONDS = 10.0
ALERT_SECONDS = 20.0
FAILURES = 5


@pytest.fixture
def page(waybill: Trial) -> Iterator[FrontEnd]:
    with FrontEnd(waybill.url, waybill.api_key) as page:
        yield page


@pytest.fixture
def failed(page: FrontEnd, registered: str, sandbox: Sandbox) -> Json:
    """A run that was tried twice at one provider and succeeded at another."""
    sandbox.fault("status", status=503, times=2)
    run = page.ended(page.install(registered, "openai", "claude", policy=PROMPT)["id"])
    assert run["status"] == "partial_failed"
    return run


def events_of(page: FrontEnd, run: Json) -> list[Json]:
    items: list[Json] = page.get(f"/install-runs/{run['id']}/history")["items"]
    return items


def test_qa_22_somebody_asks_what_was_so_at_that_moment(page: FrontEnd, failed: Json) -> None:
    events = events_of(page, failed)
    first_failure = next(event for event in events if event["event"] == "ProviderFailed")
    then = page.get(f"/install-runs/{failed['id']}/state?at={first_failure['position']}")
    assert (then["position"], then["run"]["status"]) == (first_failure["position"], "running")
    by_time = page.get(f"/install-runs/{failed['id']}/state?at={first_failure['at']}")
    assert by_time["run"]["id"] == failed["id"]
    now = page.get(f"/install-runs/{failed['id']}/state")
    shown = page.get(f"/install-runs/{failed['id']}")
    assert {name: now["run"][name] for name in ("status", "targets", "failures", "finishedAt")} == {
        name: shown[name] for name in ("status", "targets", "failures", "finishedAt")
    }
    before = page.ask("GET", f"/install-runs/{failed['id']}/state?at={events[0]['position'] - 1}")
    assert said(before, 404)["code"] == "not_found:install_runs"


def test_qa_23_somebody_asks_what_changed_and_why(page: FrontEnd, failed: Json) -> None:
    events = events_of(page, failed)
    path = f"/install-runs/{failed['id']}/diff?from={events[0]['position']}&to={events[-1]['position']}"
    changes = {change["path"]: change for change in page.get(path)["changes"] if change["of"] == "run"}
    assert (changes["/status"]["before"], changes["/status"]["after"]) == ("queued", "partial_failed")
    assert changes["/status"]["event"]["event"] == "RunPartiallyFailed"
    why = page.get(f"/install-runs/{failed['id']}/why")
    told = json.dumps(why["roots"])
    assert all(event["id"] in told for event in events)
    assert "RunQueued" in {root["event"] for root in why["roots"]}


def test_qa_24_an_event_is_proved_to_somebody_who_has_no_database(page: FrontEnd, failed: Json) -> None:
    ending = events_of(page, failed)[-1]
    path = f"/events/{ending['id']}/proof"
    wait_until(lambda: page.ask("GET", path).status_code == 200, seconds=SEALED_SECONDS)
    proof = parse_proof(page.ask("GET", path).text)
    checkpoint = page.ask("GET", "/checkpoint")
    key = parse_verifying_key(checkpoint.headers["Waybill-Notary-Key"])
    assert proof.check(key, verify_ed25519).size >= ending["position"]
    assert json.loads(proof.event.state)["id"] == ending["id"]


def test_qa_25_the_audit_log_is_taken_home_and_that_is_on_record(page: FrontEnd, failed: Json) -> None:
    target = f"install_run:{failed['id']}"
    answer = page.ask("GET", f"/audit-log/export?format=csv&target={target}")
    assert answer.status_code == 200
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    listed = page.get(f"/audit-log?target={target}&limit=200")["items"]
    assert [int(row["position"]) for row in rows] == sorted(entry["position"] for entry in listed)
    (latest, *_) = page.get("/audit-log?action=evidence.exported")["items"]
    assert latest["target"] == "export:audit_log"


def test_qa_26_an_incident_is_handed_over_in_one_file(page: FrontEnd, failed: Json) -> None:
    answer = page.ask("POST", "/incidents/export", {"runs": [failed["id"]]})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as case:
        assert case.testzip() is None
        assert {"manifest.json", "report.html"} <= {*case.namelist()}
        assert failed["id"] in case.read("report.html").decode()


def test_qa_27_failures_at_a_provider_raise_one_alert(page: FrontEnd, sandbox: Sandbox) -> None:
    sandbox.fault("status", provider="gemini", status=402, times=FAILURES)
    for _ in range(FAILURES):
        name = new_name()
        page.register(name)
        assert page.ended(page.install(name, "gemini")["id"])["status"] == "failed"
    path = "/alerts?rule=repeated-failures&status=open&subject=provider:gemini"
    wait_until(lambda: page.get(path)["items"], seconds=ALERT_SECONDS)
    (alert,) = page.get(path)["items"]
    assert (alert["severity"], alert["times"]) == ("warning", 1)
    assert alert["runbook"] == "docs/runbooks/repeated-failures.md"
    assert page.get(f"/alerts/{alert['id']}")["subject"] == "provider:gemini"
