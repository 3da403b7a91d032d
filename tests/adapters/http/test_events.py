"""Everything that happens, as it happens: from where on, which of it, and who sees what."""

from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from eventsourcing.persistence import StoredEvent

from adapters.postgres.connection import Datastore
from adapters.postgres.mapper import Envelope
from adapters.postgres.recorder import Recorder
from domain.events import Role
from tests.adapters.http.live_streams import Sent, listen
from tests.adapters.http.serving import Api
from tests.kit.facts import NOON, SOMEBODY, append
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

ACCESS = {"ApiKeyIssued", "ApiKeyRevoked", "AccessDenied"}


def names_of(sent: list[Sent]) -> list[str]:
    return [one.name for one in sent]


async def everything(api: Api, role: Role, **query: Any) -> list[Sent]:
    """All that the role sees of what is stored now; the last event is one that everybody sees."""
    (last,) = await api.store.append(append(uuid4()))
    sent: list[Sent] = []
    async with listen(api.clients[role], after=0, **query) as stream:
        while not sent or sent[-1].position < last.position:
            sent.append(await stream.next())
    return sent


def write_raw(database: str, *, stream: UUID, version: int, topic: str, topic_version: int, data: bytes) -> None:
    """As another version of Waybill would."""
    envelope = Envelope(
        id=uuid4(),
        v=topic_version,
        at=NOON,
        actor=SOMEBODY,
        request_id="test-request",
        correlation_id=uuid4(),
        causation_id=None,
        data=msgspec.Raw(data),
    )
    state = msgspec.json.encode(envelope)
    datastore = Datastore(database, name="test-raw")
    stored = StoredEvent(originator_id=stream, originator_version=version, topic=topic, state=state)
    Recorder(datastore).insert_events([stored])
    datastore.close()


async def test_unless_told_otherwise_it_begins_now(api: Api) -> None:
    head = await api.head()
    async with listen(api.admin) as stream:
        (appended,) = await api.store.append(append(uuid4()))
        sent = await stream.next()
    assert (sent.name, sent.id, sent.position) == ("RunStarted", appended.position, appended.position)
    assert appended.position == head + 1
    assert sent.data == {
        "id": str(appended.id),
        "position": appended.position,
        "event": "RunStarted",
        "stream": str(appended.stream),
        "version": 1,
        "at": "2026-11-22T12:00:00Z",
        "actor": {"kind": "system", "id": "test", "name": "test"},
        "requestId": "test-request",
        "correlationId": str(appended.correlation_id),
        "causationId": None,
        "data": {},
    }


async def test_who_heard_nothing_yet_can_come_back_without_missing_anything(api: Api) -> None:
    async with listen(api.admin) as stream:
        while stream.last_id is None:
            await stream.line()
    (appended,) = await api.store.append(append(uuid4()))
    async with listen(api.admin, last_id=stream.last_id) as stream:
        assert (await stream.next()).position == appended.position


async def test_from_the_beginning_there_is_everything_once_and_in_order(api: Api) -> None:
    await api.store.append(append(*(uuid4() for _ in range(300))))
    sent = await everything(api, Role.ADMIN)
    assert [one.position for one in sent] == list(range(1, await api.head() + 1))
    stored = await api.events()
    assert [one.data["id"] for one in sent] == [str(recorded.id) for recorded in stored]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR], ids=str)
async def test_who_has_which_key_is_for_admins(api: Api, role: Role) -> None:
    await api.new_key(f"seen-{role}".replace("-", ""), Role.VIEWER)
    await api.clients[Role.VIEWER].post("/api/skills", json={})
    seen, all_of_it = await everything(api, role), await everything(api, Role.ADMIN)
    assert not ACCESS & {*names_of(seen)}
    assert {"ApiKeyIssued"} <= {*names_of(all_of_it)}
    wanted = [one.position for one in all_of_it if one.name not in ACCESS]
    assert [one.position for one in seen] == [position for position in wanted if position <= seen[-1].position]


async def test_nobody_sees_the_hash_of_a_key(api: Api, module_database: str) -> None:
    data = b'{"keyId": "newer",\n "secretSha512": "0123"}'
    write_raw(module_database, stream=uuid4(), version=1, topic="access.api_key_renewed", topic_version=1, data=data)
    sent = await everything(api, Role.ADMIN)
    issued = [one.data["data"] for one in sent if one.name == "ApiKeyIssued"]
    assert issued
    assert all(one.keys() == {"keyId", "name", "role", "expiresAt"} for one in issued)
    assert [one.data["data"] for one in sent if one.name == "access.api_key_renewed"] == [{"keyId": "newer"}]
    assert "access.api_key_renewed" not in names_of(await everything(api, Role.OPERATOR))


async def test_only_events_of_some_names(api: Api) -> None:
    await api.register("named")
    sent = await everything(api, Role.VIEWER, event=["SkillRegistered", "RunStarted"])
    assert {*names_of(sent)} == {"SkillRegistered", "RunStarted"}


async def test_only_events_of_one_stream(api: Api) -> None:
    wanted, other = uuid4(), uuid4()
    await api.store.append(append(wanted, other))
    async with listen(api.clients[Role.VIEWER], after=0, stream=str(wanted)) as stream:
        await api.store.append(append(other, expected={other: 1}))
        (last,) = await api.store.append(append(wanted, expected={wanted: 1}))
        sent = await stream.take(2)
    assert {one.data["stream"] for one in sent} == {str(wanted)}
    assert sent[1].position == last.position


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"event": "RunTeleported"}, "?event"),
        ({"after": "-1"}, "?after"),
        ({"after": "now"}, "?after"),
        ({"after": "1" + "0" * 30}, "?after"),
        ({"stream": "x"}, "?stream"),
        ({"page": "1"}, "?page"),
    ],
    ids=str,
)
async def test_what_does_not_fit_is_refused(api: Api, query: dict[str, str], pointer: str) -> None:
    answer = await api.admin.get("/api/events", params=query)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request:api")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("header", [["x"], ["-1"], ["1.0"], ["1", "2"], ["9" * 19]], ids=str)
@pytest.mark.parametrize("path", ["/api/events", f"/api/install-runs/{uuid4()}/events"], ids=["all", "run"])
async def test_a_last_event_id_is_a_position(api: Api, path: str, header: list[str]) -> None:
    answer = await api.admin.get(path, headers=[("Last-Event-ID", value) for value in header])
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request:api")


async def test_an_event_of_a_newer_waybill_goes_by_its_topic_and_as_it_is(api: Api, module_database: str) -> None:
    stream = uuid4()
    async with listen(api.clients[Role.VIEWER]) as listening:
        write_raw(
            module_database,
            stream=stream,
            version=1,
            topic="skill.skill_praised",
            topic_version=3,
            data=b'{"howEver":\r\n"it looks"}',
        )
        sent = await listening.next()
    assert (sent.name, sent.data["event"], sent.data["data"]) == (
        "skill.skill_praised",
        "skill.skill_praised",
        {"howEver": "it looks"},
    )


async def test_an_older_event_is_shown_in_its_newest_shape(api: Api, module_database: str) -> None:
    policy = {"mode": "best_effort", "attemptTimeoutSeconds": 60}
    skill = {"id": str(uuid4()), "name": "old", "version": 1, "digest": "sha256:00", "ref": "latest"}
    data = msgspec.json.encode({"kind": "install", "skill": skill, "targets": [], "policy": policy})
    run_id = uuid4()
    write_raw(module_database, stream=run_id, version=1, topic="install_run.run_queued", topic_version=1, data=data)
    async with listen(api.admin, f"/api/install-runs/{run_id}/events") as listening:
        sent = await listening.next()
    assert (sent.name, sent.data["data"]["policy"]["attemptsMax"]) == ("RunQueued", 1)


async def test_positions_that_the_store_never_had_begin_anew(api: Api) -> None:
    """It was restored from a copy."""
    head = await api.head()
    async with listen(api.admin, last_id=head + 1000) as stream:
        reset = await stream.next()
        (appended,) = await api.store.append(append(uuid4()))
        following = await stream.next()
    assert (reset.name, reset.data, reset.id) == ("reset", {"head": head}, head)
    assert following.position == appended.position


async def test_a_head_request_gets_the_headers_and_is_over(api: Api) -> None:
    answer = await api.admin.head("/api/events")
    assert (answer.status_code, answer.headers["Content-Type"], answer.content) == (200, "text/event-stream", b"")
    assert (answer.headers["Cache-Control"], answer.headers["X-Accel-Buffering"]) == ("no-store", "no")

    async def none_open() -> bool:
        return api.live.open_streams == 0

    await eventually(none_open, 5)


async def test_whatever_a_client_accepts(api: Api) -> None:
    async with api.admin.stream("GET", "/api/events", headers={"Accept": "application/json"}) as answer:
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/event-stream")
