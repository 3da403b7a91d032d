"""A case over HTTP: whole, proven, without a secret, and on record before it is given out."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final
from uuid import UUID, uuid4

import httpx2
import pytest

from adapters.cases.reading import OpenedCase, read_case
from domain.events import Role
from domain.evidence.events import EvidenceExported
from domain.install_run.events import RunQueued
from queries import gather_case, prove_case
from tests.adapters.http.serving import Api
from tests.conftest import by_owner
from tests.kit.cases import KEY, PUBLIC
from tests.kit.sealing import seal
from workers.terminal.case_checking import check_case
from workers.terminal.case_story import read_events

pytestmark = pytest.mark.anyio

SECRET: Final = "sk-a-canary-that-nobody-else-has"
EXPORT: Final = "/api/incidents/export"


@pytest.fixture(scope="module")
async def run(api: Api) -> dict[str, Any]:
    """At two providers, one of which refuses; the case of it is about all that there is, so far."""
    await api.register("kbo-results")
    for name in ("openai", "claude"):
        await api.connect(name, credential=SECRET)
    queued = await api.queue("kbo-results", "openai", "claude")
    await api.succeed(queued)
    await api.fail(queued, target=1)
    return queued


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No notary is at work here."""
    monkeypatch.setattr(prove_case.prove_case, "__kwdefaults__", {"seal_seconds": 0.0})


async def exported(api: Api, **body: object) -> OpenedCase:
    answer = await api.admin.post(EXPORT, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="case.zip"'
    return read_case(answer.content)


def failing(opened: OpenedCase) -> Mapping[str, tuple[str, ...]]:
    events = read_events(opened.case.events, told={})
    checks = check_case(opened, events, key=PUBLIC, version=version("waybill"))
    return {check.name: check.findings for check in checks if not check.passed}


async def test_a_case_of_a_run_holds_and_has_all_that_it_rests_on(
    api: Api, module_database: str, run: dict[str, Any]
) -> None:
    await seal(module_database, KEY)
    opened = await exported(api, runs=[run["id"]])
    assert failing(opened) == {}
    names = [event["event"] for event in opened.readable]
    for name in ("SkillRegistered", "SkillVersionPublished", "ProviderConnected", "RunQueued", "ProviderFailed"):
        assert name in names
    assert names.count("InstallationReserved") == 2
    assert names[-1] == "RunPartiallyFailed"
    rows = {name: len(found.rows) for name, found in opened.case.rows.items()}
    assert rows == {
        "skills": 1,
        "providers": 2,
        "install_runs": 1,
        "installations": 2,
        "alerts": 0,
        "audit_log": len(names),
    }
    assert opened.case.software["waybill"] == version("waybill")
    assert opened.case.settings["policy"]["attemptsMax"] == 4


async def test_it_is_on_record_before_it_is_given_out(api: Api, run: dict[str, Any]) -> None:
    before = await api.head()
    opened = await exported(api, runs=[run["id"], run["id"]])
    (event,) = await api.events(after=before)
    expected = EvidenceExported(kind="incident", format="zip", runs=(UUID(run["id"]),), up_to_position=before)
    assert (event.event, event.actor.id) == (expected, "admin")
    assert opened.case.exported.position == event.position
    assert opened.case.up_to_position == before


async def test_what_is_not_sealed_yet_is_in_it_without_a_proof(
    api: Api, module_database: str, run: dict[str, Any]
) -> None:
    size = await seal(module_database, KEY)
    await api.connect("gemini")
    opened = await exported(api, since=opened_since(run))
    unproven = [event.position for event in opened.case.events if event.path is None]
    assert unproven
    assert min(unproven) == size + 1
    assert failing(opened).keys() == {"events"}


async def test_a_case_of_some_time_has_every_event_of_it(api: Api, module_database: str, run: dict[str, Any]) -> None:
    await seal(module_database, KEY)
    head = await api.head()
    opened = await exported(api, since=opened_since(run))
    assert failing(opened) == {}
    queued = next(event for event in await api.events() if isinstance(event.event, RunQueued))
    assert {event.position for event in opened.case.events} >= set(range(queued.position, head + 1))
    until = await exported(api, since=opened_since(run), until=run["queuedAt"].replace("2026", "2027"))
    assert until.case.events == opened.case.events or len(until.case.events) > len(opened.case.events)


async def test_no_key_and_no_credential_is_in_it(api: Api, module_database: str, run: dict[str, Any]) -> None:
    """Not even the hash of a key, which is in the store."""
    await api.new_key("canary", Role.VIEWER)
    await seal(module_database, KEY)
    answer = await api.admin.post(EXPORT, json={"since": "2020-01-01T00:00:00Z"})
    opened = read_case(answer.content)
    withheld = [event for event in opened.case.events if event.withheld is not None]
    assert {event.stored.topic for event in withheld} == {"access.api_key_issued"}
    assert all(event.stored.state == b"" for event in withheld)
    issued = {recorded.position: recorded.event for recorded in await api.events()}
    for event in withheld:
        assert issued[event.position].secret_sha256.encode() not in answer.content  # type: ignore[attr-defined]
    assert SECRET.encode() not in answer.content
    for client in api.clients.values():
        assert client.headers["Authorization"].removeprefix("Bearer ").encode() not in answer.content
    assert failing(opened) == {}


async def test_a_row_that_somebody_changed_is_in_the_case_and_found(
    api: Api, module_database: str, run: dict[str, Any]
) -> None:
    await seal(module_database, KEY)
    by_owner(module_database, "UPDATE projected.install_runs_4 SET status = 'success'")
    opened = await exported(api, runs=[run["id"]])
    by_owner(module_database, "UPDATE projected.install_runs_4 SET status = 'partial_failed'")
    (finding,) = failing(opened)["read model install_runs"]
    assert finding.endswith('status is "success", and by the events "partial_failed"')


async def test_an_event_that_somebody_changed_is_in_the_case_and_found(
    api: Api, module_database: str, run: dict[str, Any]
) -> None:
    await seal(module_database, KEY)
    change = "UPDATE events SET state = {} WHERE topic = 'install_run.provider_failed'"
    trigger = "ALTER TABLE events {} TRIGGER ALL"
    broken = change.format("convert_to(replace(convert_from(state, 'UTF8'), 'too long', 'too short'), 'UTF8')")
    repaired = change.format("convert_to(replace(convert_from(state, 'UTF8'), 'too short', 'too long'), 'UTF8')")
    by_owner(module_database, trigger.format("DISABLE"), broken)
    opened = await exported(api, runs=[run["id"]])
    by_owner(module_database, repaired, trigger.format("ENABLE"))
    (finding,) = failing(opened)["events"]
    assert finding.endswith("is not the one that was sealed")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/runs"),
        ({"runs": []}, "/runs"),
        ({"runs": [str(uuid4())], "since": "2026-11-22T12:00:00Z"}, "/since"),
        ({"runs": ["all"]}, "/runs/0"),
        ({"runs": [str(uuid4())] * 101}, "/runs"),
        ({"since": "2026-11-22T12:00:00"}, "/since"),
        ({"since": "2026-11-22T12:00:00Z", "until": "2026-11-22T12:00:00Z"}, "/until"),
        ({"runs": [str(uuid4())], "until": "2026-11-22T12:00:00Z"}, "/until"),
        ({"since": "2026-11-22T12:00:00Z", "format": "zip"}, "/format"),
    ],
    ids=["nothing", "none", "both", "no id", "many", "no zone", "empty", "until alone", "unknown"],
)
async def test_what_is_no_case_is_refused_and_not_recorded(api: Api, body: dict[str, Any], pointer: str) -> None:
    before = await api.head()
    answer = await api.admin.post(EXPORT, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request:api")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert await api.head() == before


async def test_a_run_that_is_not_there_is_refused_and_not_recorded(api: Api, run: dict[str, Any]) -> None:
    before = await api.head()
    for missing in (uuid4(), UUID(run["skill"]["id"])):
        answer = await api.admin.post(EXPORT, json={"runs": [run["id"], str(missing)]})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found:install_runs")
    assert await api.head() == before


async def test_more_than_goes_into_one_is_refused_and_not_recorded(
    api: Api, run: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await api.head()
    for name, limit in (("EVENTS_MAX", 5), ("STORED_BYTES_MAX", 1_000)):
        with monkeypatch.context() as patched:
            patched.setattr(gather_case, name, limit)
            answer: httpx2.Response = await api.admin.post(EXPORT, json={"runs": [run["id"]]})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large:evidence")
        assert f"{limit:,}" in answer.json()["detail"]
    assert await api.head() == before


def opened_since(run: Mapping[str, Any]) -> str:
    """When it was queued."""
    return str(run["queuedAt"])
