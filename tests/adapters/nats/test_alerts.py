"""An alert is a CloudEvent in the alerts stream, once, and whoever may read there may neither write nor take it from others."""

import json
from collections.abc import AsyncIterator, Awaitable
from typing import Any
from uuid import UUID

import nats
import pytest
from msgspec.structs import replace
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.errors import APIError, NoStreamResponseError, ServiceUnavailableError

from adapters.nats.alerts import AlertPublisher, alert_data, alert_message, alert_message_of
from adapters.nats.connection import NatsUnavailable
from adapters.nats.streams import ALERTS_AGE_SECONDS_MAX, ALERTS_STREAM, WEBHOOKS_STREAM, ensure_webhooks_stream
from adapters.nats.webhook_queue import published_alerts, put
from domain.alert.events import AlertRaised, AlertRepeated, AlertResolved, Facts
from domain.alert.rules import RuleName, Severity
from domain.install_run.events import RunStarted
from tests.kit.alerting import alert
from tests.kit.facts import NOON, recorded
from tests.kit.jetstream import NatsUnderTest, url_as

pytestmark = pytest.mark.anyio

SECONDS_MAX = 5.0
QUICK_SECONDS = 0.3
STREAM = UUID("0193b0c0-0000-7000-8000-000000000001")
ALERT = UUID("0193b0c0-0000-7000-8000-000000000002")
FACTS: Facts = {"failed": 5, "code": "timeout:provider"}
KNOWN: dict[str, Any] = {
    "alert_id": ALERT,
    "rule": RuleName.REPEATED_FAILURES,
    "severity": Severity.WARNING,
    "subject": "provider:클로드",
    "facts": FACTS,
}


@pytest.fixture
async def publisher(server: NatsUnderTest) -> AsyncIterator[AlertPublisher]:
    async with server.connection("alerts") as connection:
        yield AlertPublisher(connection)


@pytest.fixture
async def subscriber(server: NatsUnderTest) -> AsyncIterator[JetStreamContext]:
    """As anybody would connect, with the URL alone."""
    async with await nats.connect(url_as(server.url, "subscriber"), allow_reconnect=False) as client:
        yield client.jetstream(timeout=SECONDS_MAX)


def test_a_message_is_a_cloud_event_in_binary_mode() -> None:
    event = recorded(AlertRaised(**KNOWN, again_at=NOON), stream=STREAM, position=42)
    told = alert_message_of(event)
    assert told is not None
    message = alert_message(told)
    assert message.subject == "waybill.alerts.warning.repeated-failures"
    assert message.headers == {
        "Nats-Msg-Id": str(event.id),
        "ce-specversion": "1.0",
        "ce-id": str(event.id),
        "ce-source": "urn:waybill",
        "ce-type": "io.waybill.alert.alert_raised.v1",
        "ce-subject": "provider:%ED%81%B4%EB%A1%9C%EB%93%9C",
        "ce-time": "2026-11-22T12:00:00.000000Z",
        "ce-datacontenttype": "application/json",
        "ce-sequence": "00000000000000000042",
        "ce-correlationid": str(event.correlation_id),
        "content-type": "application/json",
        "traceparent": f"00-{event.correlation_id.hex}-8000000000000002-01",
        "waybill-position": "42",
    }
    assert json.loads(message.body) == {
        "id": str(event.id),
        "kind": "raised",
        "alertId": str(ALERT),
        "rule": "repeated-failures",
        "severity": "warning",
        "subject": "provider:클로드",
        "facts": FACTS,
        "times": 1,
        "at": "2026-11-22T12:00:00Z",
        "position": 42,
        "correlationId": str(event.correlation_id),
        "runbook": "docs/runbooks/repeated-failures.md",
    }


@pytest.mark.parametrize(
    ("event", "kind", "times"),
    [
        (AlertRaised(**KNOWN, again_at=NOON), "raised", 1),
        (AlertRepeated(**KNOWN, times=3, again_at=NOON), "repeated", 3),
        (AlertResolved(**KNOWN), "resolved", None),
    ],
    ids=["raised", "repeated", "resolved"],
)
def test_each_event_of_an_alert_is_told(
    event: AlertRaised | AlertRepeated | AlertResolved, kind: str, times: int | None
) -> None:
    told = alert_message_of(recorded(event, stream=STREAM))
    assert told is not None
    assert (told.kind, told.times, told.facts) == (kind, times, FACTS)
    assert alert_message(told).headers["ce-type"] == f"io.waybill.alert.alert_{kind}.v1"


def test_no_other_event_is() -> None:
    assert alert_message_of(recorded(RunStarted(), stream=STREAM)) is None


def test_one_that_is_no_event_has_no_position_and_a_test_no_runbook() -> None:
    message = alert_message(replace(alert("test", kind="test", severity=Severity.INFO), position=None))
    assert message.subject == "waybill.alerts.info.test"
    assert message.headers["ce-type"] == "io.waybill.alert.alert_tested.v1"
    assert not message.headers.keys() & {"waybill-position", "ce-sequence"}
    assert json.loads(message.body)["runbook"] is None


async def test_it_is_stored_once_however_often_it_is_published(
    server: NatsUnderTest, publisher: AlertPublisher, subscriber: JetStreamContext
) -> None:
    message = alert("relay-lag")
    await publisher.publish(message)
    await publisher.publish(message)
    assert (await server.stream(ALERTS_STREAM)).state.messages == 1
    subscription = await subscriber.subscribe("waybill.alerts.>", ordered_consumer=True)
    heard = await subscription.next_msg(timeout=SECONDS_MAX)
    assert (heard.headers or {})["ce-id"] == message.id
    assert heard.data == alert_message(message).body


async def test_a_stream_that_is_gone_is_made_again(server: NatsUnderTest, publisher: AlertPublisher) -> None:
    await publisher.publish(alert())
    async with server.jetstream() as jetstream:
        await jetstream.delete_stream(ALERTS_STREAM)
    with pytest.raises(NatsUnavailable):
        await publisher.publish(message := alert())
    await publisher.publish(message)
    assert (await server.stream(ALERTS_STREAM)).state.messages == 1


async def test_a_subscriber_has_consumers_of_its_own(publisher: AlertPublisher, subscriber: JetStreamContext) -> None:
    for _ in range(3):
        await publisher.publish(alert())
    subscription = await subscriber.pull_subscribe("waybill.alerts.>", durable="mine")
    for message in await subscription.fetch(3, timeout=SECONDS_MAX):
        await message.ack_sync(timeout=SECONDS_MAX)
    info = await subscription.consumer_info()
    assert (info.num_pending, info.num_ack_pending) == (0, 0)
    assert 0 < (info.config.inactive_threshold or 0) <= ALERTS_AGE_SECONDS_MAX, "it would stay for ever"


async def test_what_waits_for_webhooks_is_out_of_its_reach(
    server: NatsUnderTest, publisher: AlertPublisher, subscriber: JetStreamContext
) -> None:
    """It can neither see it, nor take it, nor answer for those who do, nor put anything there."""
    await publisher.publish(message := alert())
    async with server.connection("alerts") as connection:
        ours = published_alerts(connection)
        first = await ours.take()
        assert first is not None
        await first.later(0)
        for number in (1, 2):
            await subscriber._nc.publish(f"$JS.ACK.{WEBHOOKS_STREAM}._new.{number}.1.{number}.1.0", b"+TERM")
        again = await ours.take()
        assert again is not None
        assert (again.alert.id, again.deliveries) == (message.id, 2)
        await put(connection, again.alert, ("pager",))
        taken = await subscriber.pull_subscribe_bind("_new", WEBHOOKS_STREAM)
        with pytest.raises((NatsTimeoutError, APIError)):
            await taken.fetch(1, timeout=QUICK_SECONDS)
        await again.done()
        await ours.close()
    mine = ConsumerConfig(durable_name="mine", ack_policy=AckPolicy.EXPLICIT)
    refused: tuple[Awaitable[Any], ...] = (
        subscriber.stream_info(WEBHOOKS_STREAM),
        subscriber.get_msg(WEBHOOKS_STREAM, seq=2),
        subscriber.add_consumer(WEBHOOKS_STREAM, mine),
        subscriber.delete_consumer(WEBHOOKS_STREAM, "_new"),
        subscriber.purge_stream(ALERTS_STREAM),
        subscriber.delete_stream(ALERTS_STREAM),
        subscriber.publish("waybill.alerts.critical.stuck", b"{}", timeout=QUICK_SECONDS),
        subscriber.publish("waybill.webhooks.pager", b"{}", timeout=QUICK_SECONDS),
    )
    for attempt in refused:
        with pytest.raises((ServiceUnavailableError, NoStreamResponseError, NoRespondersError, NatsTimeoutError)):
            await attempt
    assert (await server.stream(ALERTS_STREAM)).state.messages == 1
    assert (await server.stream(WEBHOOKS_STREAM)).state.messages == 1


async def test_webhooks_have_it_once_and_also_if_it_was_said_to_have_failed(
    server: NatsUnderTest, publisher: AlertPublisher
) -> None:
    message = alert()
    for _ in range(2):
        await publisher.publish(message)
    assert (await server.stream(WEBHOOKS_STREAM)).state.messages == 1
    async with server.jetstream() as jetstream:
        await jetstream.delete_stream(ALERTS_STREAM)
    with pytest.raises(NatsUnavailable):
        await publisher.publish(other := alert())
    await publisher.publish(other)
    assert (await server.stream(WEBHOOKS_STREAM)).state.messages == 2


async def test_nobody_to_send_webhooks_keeps_nothing_from_subscribers(
    server: NatsUnderTest, publisher: AlertPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.nats.streams.WEBHOOKS.max_msgs_per_subject", 1)
    for _ in range(3):
        await publisher.publish(alert())
    assert (await server.stream(ALERTS_STREAM)).state.messages == 3
    assert (await server.stream(WEBHOOKS_STREAM)).state.messages == 1


async def test_what_nobody_can_read_is_passed_over(server: NatsUnderTest, publisher: AlertPublisher) -> None:
    async with server.connection("alerts") as connection:
        await ensure_webhooks_stream(connection)
        await connection.jetstream.publish("waybill.webhooks._new", b"not json")
        await publisher.publish(message := alert())
        ours = published_alerts(connection)
        assert await ours.take() is None
        found = await ours.take()
        assert found is not None
        assert found.alert == alert_data(message)
        assert (await server.stream(WEBHOOKS_STREAM)).state.messages == 1
        await ours.close()
