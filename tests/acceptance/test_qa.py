"""The scenarios of docs/qa-scenarios.md, which front end and back end share, against the real processes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import httpx2
import pytest

from tests.acceptance.conftest import Sandbox
from tests.acceptance.front_end import MESSAGES_MAX, FrontEnd, by_provider, new_name, said
from tests.acceptance.gate import Gate
from tests.kit.waiting import wait_until
from workers.terminal.trial import Trial

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

ALL = ("openai", "claude", "gemini")
PROMPT = {"backoffSeconds": 0.2}
CLICKS = 10
DENIAL_SECONDS = 10


@pytest.fixture
def page(waybill: Trial) -> Iterator[FrontEnd]:
    with FrontEnd(waybill.url, waybill.api_key) as page:
        yield page


def test_qa_01_a_skill_goes_out_to_all_providers_and_every_step_is_seen(page: FrontEnd, registered: str) -> None:
    run = page.install(registered, *ALL)
    assert (run["status"], by_provider(run)) == ("queued", dict.fromkeys(ALL, "queued"))
    shown = page.follow(run["id"])
    assert by_provider(shown[-1]) == dict.fromkeys(ALL, "success")
    assert shown[-1]["status"] == "success"
    positions = [one["position"] for one in shown]
    assert positions == sorted(set(positions))
    live = page.get(f"/installations?skill={registered}")["items"]
    assert {one["provider"]["name"]: one["runId"] for one in live} == dict.fromkeys(ALL, run["id"])


def test_qa_02_a_run_is_followed_live_and_after_a_cut_nothing_is_missing_or_twice(
    page: FrontEnd, registered: str
) -> None:
    run = page.install(registered, *ALL)["id"]
    path = f"/install-runs/{run}/events"
    before = list(islice(page.messages(path), 3))
    after = list(islice(page.messages(path, after=before[-1]["id"]), MESSAGES_MAX))
    last = after.pop()
    assert (last["event"], last["data"]) == ("end", {"reason": "run_ended"})
    history = page.get(f"/install-runs/{run}/history")["items"]
    assert [message["data"] for message in (*before, *after)] == history
    assert [(int(message["id"]), message["event"]) for message in (*before, *after)] == [
        (event["position"], event["event"]) for event in history
    ]


def test_qa_03_a_partial_failure_is_seen_for_each_provider_and_what_failed_is_tried_again(
    page: FrontEnd, registered: str, sandbox: Sandbox
) -> None:
    sandbox.fault("status", provider="claude", status=402)
    run = page.ended(page.install(registered, *ALL)["id"])
    assert (run["status"], run["failures"]) == ("partial_failed", {"quota_exceeded:provider": 1})
    assert by_provider(run) == {"openai": "success", "claude": "failed", "gemini": "success"}
    assert by_provider(run, "retryable")["claude"] is False
    again = page.post(f"/install-runs/{run['id']}/retry")
    assert (again["retryOf"], by_provider(again)) == (run["id"], {"claude": "queued"})
    assert page.ended(again["id"])["status"] == "success"
    assert page.get(f"/install-runs/{run['id']}")["retriedBy"] == again["id"]
    assert len(sandbox.live(registered)) == 3


def test_qa_04_a_provider_that_is_busy_is_waited_for_and_the_page_says_until_when(
    page: FrontEnd, registered: str, sandbox: Sandbox
) -> None:
    sandbox.fault("status", status=503)
    shown = page.follow(page.install(registered, "openai", policy=PROMPT)["id"])
    (waiting, *_) = [run for run in shown if run["targets"][0]["nextAttemptAt"] is not None]
    (target,) = waiting["targets"]
    assert (waiting["status"], target["status"], target["code"]) == ("running", "queued", "overloaded:provider")
    assert (shown[-1]["status"], shown[-1]["targets"][0]["attempts"]) == ("success", 2)


def test_qa_05_two_clicks_make_one_run(page: FrontEnd, registered: str) -> None:
    """One page sends its key with every try; another one, without a key, is told that the run is there already."""
    wanted = {"skill": registered, "providers": ["openai"]}
    with ThreadPoolExecutor(CLICKS) as clicks:
        answers = [
            *clicks.map(lambda _: page.ask("POST", "/install-runs", wanted, Idempotency_Key=registered), range(CLICKS))
        ]
    assert {answer.status_code for answer in answers} == {202}
    (run,) = {answer.json()["id"] for answer in answers}
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == CLICKS - 1
    other = page.ask("POST", "/install-runs", wanted | {"skill": "release-notes"}, Idempotency_Key=registered)
    assert said(other, 422)["code"] == "unprocessable:idempotency"
    page.ended(run)
    assert len(page.get(f"/install-runs?skill={registered}")["items"]) == 1


def test_qa_06_a_dry_run_says_who_would_refuse_and_leaves_nothing_behind(page: FrontEnd) -> None:
    name = f"{new_name()}-claude"
    page.register(name)
    preview = page.install(name, *ALL, dryRun=True)
    accepted = by_provider({"targets": preview["targets"]}, "accepted")
    assert (preview["dryRun"], accepted["openai"]) == (True, True)
    refused = [target for target in preview["targets"] if not target["accepted"]]
    assert {target["code"] for target in refused} == {"invalid_skill:provider"}
    assert [target["provider"]["name"] for target in refused] == ["claude"]
    assert page.get(f"/install-runs?skill={name}")["items"] == []


def test_qa_07_a_skill_against_the_rules_is_refused_with_every_place(page: FrontEnd) -> None:
    files = [
        {"path": "SKILL.md", "content": "---\nname: Not A Name\n---\n"},
        {"path": "../outside.md", "content": "x"},
    ]
    problem = said(page.ask("POST", "/skills", {"files": files}), 422)
    assert problem["code"] == "unprocessable:skills"
    assert len(problem["errors"]) >= 2
    assert all(error["pointer"].startswith("/files/") for error in problem["errors"])


def test_qa_08_a_run_is_cancelled_while_a_call_is_under_way(
    page: FrontEnd, registered: str, gate: tuple[str, Gate]
) -> None:
    name, held = gate
    run = page.install(registered, name)["id"]
    running = next(
        message for message in page.messages(f"/install-runs/{run}/events") if message["event"] == "ProviderStarted"
    )
    assert running["data"]["stream"] == run
    assert page.ask("POST", f"/install-runs/{run}/cancel").status_code == 202
    assert page.get(f"/install-runs/{run}")["status"] == "running"
    held.open()
    ended = page.ended(run)
    assert (ended["status"], ended["reason"]) == ("failed", "cancelled:run")
    assert page.ask("POST", f"/install-runs/{run}/cancel").status_code == 200


def test_qa_09_an_upgrade_is_taken_back(page: FrontEnd, registered: str) -> None:
    page.ended(page.install(registered, "openai", "gemini")["id"])
    page.register(registered, "More.")
    upgrade = page.ended(page.install(registered, "openai", "gemini")["id"])
    back = page.post(f"/install-runs/{upgrade['id']}/rollback")
    assert (back["kind"], back["rollbackOf"]) == ("rollback", upgrade["id"])
    assert page.ended(back["id"])["status"] == "success"
    rollback = page.get(f"/install-runs/{upgrade['id']}")["rollback"]
    assert {target["status"] for target in rollback["targets"]} == {"rolled_back"}
    assert {one["version"] for one in page.get(f"/installations?skill={registered}")["items"]} == {1}


def test_qa_10_all_or_nothing_leaves_nothing(page: FrontEnd, registered: str, sandbox: Sandbox) -> None:
    sandbox.fault("status", provider="gemini", status=400)
    run = page.ended(page.install(registered, *ALL, policy={"mode": "all_or_nothing"})["id"])
    assert (run["status"], run["reason"]) == ("failed", "rolled_back:run")
    assert set(by_provider(run).values()) == {"failed"}
    assert sandbox.live(registered) == []


def test_qa_11_what_is_gone_at_a_provider_is_seen_and_repaired(
    page: FrontEnd, registered: str, sandbox: Sandbox, waybill: Trial
) -> None:
    name, key = f"{registered}-drift", f"sk-{registered}"
    api = f"{waybill.sandbox_url}/openai/v1"
    page.post("/providers", {"name": name, "kind": "openai", "credential": key, "baseUrl": api})
    page.ended(page.install(registered, name)["id"])
    (live,) = sandbox.live(registered)
    headers = {"Authorization": f"Bearer {key}"}
    httpx2.delete(f"{api}/skills/{live['id']}", headers=headers, trust_env=False).raise_for_status()
    (checked,) = page.post("/installations/verify", {"skill": registered})["items"]
    assert (checked["drift"], checked["version"]) == ("missing", 1)
    assert page.ended(page.install(registered, name)["id"])["status"] == "success"
    (repaired,) = page.post("/installations/verify", {"skill": registered})["items"]
    assert repaired["drift"] == "none"
    assert len(sandbox.live(registered)) == 1


def test_qa_12_what_is_installed_is_removed(page: FrontEnd, registered: str, sandbox: Sandbox) -> None:
    page.ended(page.install(registered, "openai")["id"])
    (installed,) = page.get(f"/installations?skill={registered}")["items"]
    run = page.post(f"/installations/{installed['id']}/uninstall")
    assert (run["kind"], page.ended(run["id"])["status"]) == ("uninstall", "success")
    assert page.get(f"/installations?skill={registered}")["items"] == []
    assert sandbox.live(registered) == []
    assert said(page.ask("GET", f"/installations/{installed['id']}"), 404)["code"] == "not_found:installations"


def test_qa_13_a_connection_that_is_refused_is_out_of_use_and_says_why(
    page: FrontEnd, registered: str, waybill: Trial
) -> None:
    name = f"{registered}-refused"
    body = {"name": name, "kind": "openai", "credential": "wrong", "baseUrl": f"{waybill.sandbox_url}/nowhere"}
    connected = page.post("/providers", body)
    assert (connected["active"], connected["verification"]["status"]) == (False, "failed")
    assert connected["verification"]["code"].endswith(":provider")
    problem = said(page.ask("POST", "/install-runs", {"skill": registered, "providers": [name]}), 409)
    assert problem["code"] == "conflict:providers"


def test_qa_14_a_paused_connection_holds_back_and_goes_on(page: FrontEnd, registered: str, waybill: Trial) -> None:
    name = f"{registered}-paused"
    page.post(
        "/providers",
        {"name": name, "kind": "openai", "credential": "sk-qa", "baseUrl": f"{waybill.sandbox_url}/openai/v1"},
    )
    assert page.post(f"/providers/{name}/pause", {"seconds": 3600})["paused"] is True
    run = page.install(registered, name)["id"]
    assert page.get(f"/install-runs/{run}?wait=1")["status"] == "queued"
    assert page.post(f"/providers/{name}/resume")["paused"] is False
    assert page.ended(run)["status"] == "success"


def test_qa_15_a_viewer_sees_everything_and_changes_nothing(page: FrontEnd, registered: str, waybill: Trial) -> None:
    issued = page.post("/keys", {"name": "qa viewer", "role": "viewer", "expiresInSeconds": 600})
    with FrontEnd(waybill.url, issued["key"]) as viewer:
        assert viewer.get(f"/skills/{registered}")["name"] == registered
        problem = said(viewer.ask("POST", "/install-runs", {"skill": registered, "providers": ["openai"]}), 403)
        assert (problem["code"], problem["requiredRole"]) == ("forbidden:auth", "operator")
        assert said(viewer.ask("GET", "/keys"), 403)["requiredRole"] == "admin"
    path = f"/audit-log?result=denied&actor={issued['id']}"
    wait_until(lambda: bool(page.get(path)["items"]), DENIAL_SECONDS)
    assert {entry["code"] for entry in page.get(path)["items"]} == {"forbidden:auth"}


def test_qa_16_a_revoked_key_opens_nothing_and_its_stream_ends(page: FrontEnd, waybill: Trial) -> None:
    issued = page.post("/keys", {"name": "qa leaver", "role": "operator"})
    with FrontEnd(waybill.url, issued["key"]) as leaver:
        stream = leaver.messages("/events?after=0")
        next(stream)
        revoked = said(page.ask("DELETE", f"/keys/{issued['id']}"), 200)
        assert revoked["status"] == "revoked"
        last = list(stream)[-1]
        assert (last["event"], last["data"]) == ("reconnect", {"reason": "key"})
        answer = leaver.ask("GET", "/skills")
        assert said(answer, 401)["code"] == "unauthorized:auth"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_qa_17_pages_stay_right_while_runs_come_in(page: FrontEnd) -> None:
    names = [new_name() for _ in range(5)]
    for name in names:
        page.register(name)
    runs = [page.install(name, "openai")["id"] for name in names]
    seen: list[str] = []
    path = "/install-runs?limit=2&kind=install"
    for _ in range(MESSAGES_MAX):
        answer = page.ask("GET", path)
        items = said(answer, 200)["items"]
        seen += [run["id"] for run in items]
        if set(runs) <= set(seen):
            break
        extra = new_name()
        page.register(extra)
        page.install(extra, "openai")
        path = answer.links["next"]["url"].removeprefix("/api")
    assert len(seen) == len(set(seen))
    assert [run for run in seen if run in runs] == runs[::-1]
