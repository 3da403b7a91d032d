"""Messages as they stand in a real NATS server, held against what the AsyncAPI document says of their subjects."""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from jsonschema import Draft7Validator, FormatChecker  # type: ignore[import-untyped]
from msgspec.structs import replace

from adapters.evidence.signing import new_signing_key, signer_of
from adapters.nats.alerts import AlertMessage, AlertPublisher, alert_data, alert_message_of
from adapters.nats.asyncapi import describe
from adapters.nats.checkpoints import CheckpointPublisher
from adapters.nats.publisher import Publisher
from adapters.nats.streams import ALERTS_STREAM, CHECKPOINTS_STREAM, WEBHOOKS_STREAM, ensure_webhooks_stream
from adapters.nats.webhook_queue import put
from adapters.postgres.mapper import decode_event
from domain.alert.events import AlertEvent
from domain.catalog import EVENTS
from domain.events import Actor, Recorded
from domain.evidence.checkpoint import Checkpoint
from domain.evidence.note import sign_note
from domain.install_run.events import RunStarted
from domain.installation.events import InstallationReserved
from tests.architecture.asyncapi_document import resolved
from tests.architecture.test_events import GOLDENS, of_golden
from tests.kit.facts import NOON, recorded
from tests.kit.jetstream import NatsUnderTest, Stored

pytestmark = pytest.mark.anyio

STORE: Final = UUID(int=7)
FORMATS: Final = FormatChecker()
FORMATS.checks("uuid", raises=ValueError)(lambda text: not isinstance(text, str) or bool(UUID(text)))
FORMATS.checks("date-time", raises=ValueError)(
    lambda text: not isinstance(text, str) or datetime.fromisoformat(text).tzinfo is not None
)
SOMEBODY: Final = Actor(kind="api_key", id="ci-키", name='A "key" of 100 %')

Json = dict[str, Any]


@cache
def document() -> Json:
    described: Json = json.loads(json.dumps(describe(version="0.0.0")))
    return described


def channel_of(subject: str) -> Json:
    (found,) = [one for one in document()["channels"].values() if _pattern(one).fullmatch(subject)]
    assert isinstance(found, dict)
    return found


def _pattern(channel: Json) -> re.Pattern[str]:
    """With the values that its parameters may have."""
    parts = re.split(r"{(\w+)}", channel["address"])
    for index, name in enumerate(parts):
        allowed = channel["parameters"][name].get("enum") if index % 2 else None
        anything = r"[A-Za-z0-9_-]+"
        parts[index] = (
            ("|".join(map(re.escape, allowed)) if allowed else anything).join("()") if index % 2 else re.escape(name)
        )
    return re.compile("".join(parts))


def wrong_with(message: Stored) -> list[str]:
    """What of it is not as the one message says that it is."""
    messages = [resolved(one["$ref"], document()) for one in channel_of(message.subject)["messages"].values()]
    fitting = [one for one in messages if not _misfits(one["headers"], message.headers)]
    if len(fitting) != 1:
        return [*_misfits(messages[0]["headers"], message.headers), f"{len(fitting)} messages fit the headers"]
    (one,) = fitting
    assert message.headers["content-type"] == one["contentType"]
    body = message.body.decode()
    return _misfits(one["payload"], json.loads(body) if one["contentType"] == "application/json" else body)


def _misfits(schema: Json, value: Any) -> list[str]:
    validator = Draft7Validator({**_closed(schema), "components": document()["components"]}, format_checker=FORMATS)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def _closed(schema: Json) -> Json:
    """A reference stands alone in a schema."""
    return {"allOf": [schema]} if "$ref" in schema else schema


async def stored_in(server: NatsUnderTest, stream: str) -> list[Stored]:
    async with server.jetstream() as jetstream:
        state = (await jetstream.stream_info(stream)).state
        messages = [
            await jetstream.get_msg(stream, seq=number) for number in range(state.first_seq, state.last_seq + 1)
        ]
    return [Stored(0, None, one.subject or "", one.headers or {}, one.data or b"") for one in messages]


def every_event() -> Sequence[Recorded]:
    """In all shapes that there is an example of, old ones as they are read today, by somebody whose name is no ASCII."""
    events = [decode_event(*of_golden(path), path.read_bytes()) for path in GOLDENS]
    story = [recorded(event, stream=uuid4(), position=position) for position, event in enumerate(events, start=1)]
    return [
        replace(one, actor=SOMEBODY, request_id="line\nbreak", causation_id=uuid4() if one.position % 2 else None)
        for one in story
    ]


async def test_every_event_is_as_it_is_described(server: NatsUnderTest, publisher: Publisher) -> None:
    events = every_event()
    assert {type(one.event) for one in events} == set(EVENTS)
    await publisher.publish(events)
    stored = await server.events()
    assert len(stored) == len(events)
    assert [(one.subject, wrong) for one in stored if (wrong := wrong_with(one))] == []


async def test_tickets_are_as_they_are_described(server: NatsUnderTest, publisher: Publisher) -> None:
    reserved = InstallationReserved(run_id=uuid4(), skill_id=uuid4(), provider_id=uuid4(), version=1)
    await publisher.issue([recorded(reserved, stream=uuid4())], at=NOON)
    (ticket,) = await server.tickets()
    assert wrong_with(ticket) == []


async def test_alerts_are_as_they_are_described_on_their_way_to_webhooks_too(server: NatsUnderTest) -> None:
    said = [
        message for one in every_event() if isinstance(one.event, AlertEvent) and (message := alert_message_of(one))
    ]
    alerts: list[AlertMessage] = [
        *said,
        replace(said[0], id="postgres-away-1", position=None, subject="store", rule="database-offline"),
        replace(
            said[0],
            id="a-test",
            kind="test",
            rule="test",
            position=None,
            facts={"asked": True, "rate": 0.5, "by": None},
        ),
    ]
    async with server.connection("alerts") as connection:
        publisher = AlertPublisher(connection)
        for alert in alerts:
            await publisher.publish(alert)
        await ensure_webhooks_stream(connection)
        assert await put(connection, alert_data(alerts[0]), ["pager"]) == ()
    # The queue has copies of the alerts as well.
    queued = [one for one in await stored_in(server, WEBHOOKS_STREAM) if one.subject == "waybill.webhooks.pager"]
    stored = [*await stored_in(server, ALERTS_STREAM), *queued]
    assert (len(stored), len(queued)) == (len(alerts) + 1, 1)
    assert {alert.kind for alert in alerts} == {"raised", "repeated", "resolved", "test"}
    assert [(one.subject, wrong) for one in stored if (wrong := wrong_with(one))] == []


async def test_checkpoints_are_as_they_are_described(server: NatsUnderTest) -> None:
    key = new_signing_key("waybill-0a1b2c3d")
    checkpoint = Checkpoint(origin=key.name, size=41, root=bytes(32), store=STORE, at=NOON)
    note = sign_note(str(checkpoint), key, signer_of(key.seed))
    async with server.connection("notary") as connection:
        publisher = CheckpointPublisher(connection)
        await publisher.stand()
        await publisher.publish(str(note), size=41, store=STORE)
    (stored,) = await stored_in(server, CHECKPOINTS_STREAM)
    assert wrong_with(stored) == []


async def test_what_is_not_as_described_would_be_found(server: NatsUnderTest, publisher: Publisher) -> None:
    (event,) = [one for one in every_event() if isinstance(one.event, RunStarted)]
    await publisher.publish([replace(event, position=1)])
    (good,) = await server.events()
    assert wrong_with(good) == []
    for broken in (
        replace(good, headers={**good.headers, "ce-type": "io.waybill.install_run.run_ended.v1"}),
        replace(good, headers={**good.headers, "ce-sequence": "1"}),
        replace(good, headers={**good.headers, "ce-time": "noon"}),
        replace(good, headers={name: value for name, value in good.headers.items() if name != "waybill-position"}),
        replace(good, headers={**good.headers, "ce-subject": "somewhere"}),
        replace(good, body=b"[]"),
        replace(good, subject=good.subject.replace("run_started", "run_queued")),
    ):
        assert wrong_with(broken) != []
