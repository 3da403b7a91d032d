"""Alerts get to every webhook that wants them, once each, whatever receivers do."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook as Verifier
from structlog.testing import capture_logs

from adapters.nats.alerts import alert_data
from adapters.nats.streams import WEBHOOKS_STREAM
from adapters.nats.webhook_queue import put
from domain.alert.deliveries import DeliveryStatus
from domain.alert.rules import RuleName, Severity
from tests.kit.alerting import SECRET, alert
from tests.kit.jetstream import NatsUnderTest, running_nats
from tests.kit.waiting import eventually
from tests.kit.webhook_receiver import WebhookReceiver, answer, drop, hang, receiving
from tests.workers.forwarding import (
    SECONDS_MAX,
    forwarding,
    is_empty,
    settled,
    webhook,
)
from workers.webhook_pace import Pace

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsUnderTest]:
    async with running_nats(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def receiver() -> AsyncIterator[WebhookReceiver]:
    async with receiving() as receiver:
        yield receiver


async def test_an_alert_arrives_signed_and_is_told_of(server: NatsUnderTest, receiver: WebhookReceiver) -> None:
    message = alert("stuck", subject="provider:claude")
    async with forwarding(server, webhook(receiver)) as running:
        await running.publish(message)
        (received,) = await receiver.until(1)
        (noted,) = await running.said(1)
        await settled(server)
    document = Verifier(SECRET).verify(received.body, received.headers)
    assert received.id == message.id
    assert (document["type"], document["data"]) == ("alert.raised", json.loads(received.body)["data"])
    assert document["timestamp"] == document["data"]["at"]
    assert document["data"]["subject"] == "provider:claude"
    assert document["data"]["runbook"] == "docs/runbooks/stuck.md"
    assert (noted.webhook, noted.alert_id, noted.message_id) == ("pager", message.alert_id, message.id)
    assert (noted.event, noted.rule, noted.severity, noted.attempt) == ("raised", "stuck", Severity.WARNING, 1)
    assert (noted.status, noted.http_status, noted.error, noted.next_attempt_at) == ("delivered", 200, None, None)


async def test_it_is_tried_again_under_the_same_id_until_it_is_taken_and_then_no_more(
    server: NatsUnderTest, receiver: WebhookReceiver
) -> None:
    receiver.conducts.extend([answer(500), hang, drop, answer(302, location="/else"), answer(404), answer(204)])
    async with forwarding(server, webhook(receiver)) as running:
        await running.publish(message := alert())
        await receiver.until(6)
        noted = await running.said(6)
        await settled(server)
        await running.publish(other := alert())
        await receiver.until(7)
    assert receiver.ids == [*[message.id] * 6, other.id]
    assert [one.attempt for one in noted] == [1, 2, 3, 4, 5, 6]
    assert [one.http_status for one in noted] == [500, None, None, 302, 404, 204]
    assert [one.error for one in noted][1:3] == ["no answer in time", "the connection broke off"]
    assert [one.status for one in noted] == [*["failed"] * 5, "delivered"]
    assert all(one.next_attempt_at is not None and one.next_attempt_at > one.at for one in noted[:-1])
    for received in receiver.received:
        Verifier(SECRET).verify(received.body, received.headers)


async def test_each_webhook_gets_what_it_wants_and_all_get_a_test(server: NatsUnderTest) -> None:
    async with receiving() as all_of_it, receiving() as grave, receiving() as one_rule:
        hooks = (
            webhook(all_of_it, "everything"),
            webhook(grave, "grave", severities=(Severity.CRITICAL,)),
            webhook(one_rule, "one-rule", rules=(RuleName.RELAY_LAG,)),
        )
        async with forwarding(server, *hooks) as running:
            stuck = alert("stuck")
            critical = alert("stuck", severity=Severity.CRITICAL)
            lag = alert("relay-lag", kind="resolved")
            test = alert("test", kind="test", severity=Severity.INFO)
            for message in (stuck, critical, lag, test):
                await running.publish(message)
            await running.said(8)
    assert {*all_of_it.ids} == {stuck.id, critical.id, lag.id, test.id}
    assert {*grave.ids} == {critical.id, test.id}
    assert {*one_rule.ids} == {lag.id, test.id}


async def test_one_that_is_dead_holds_up_no_other(server: NatsUnderTest, receiver: WebhookReceiver) -> None:
    async with receiving() as dead:
        dead.always = hang
        async with forwarding(server, webhook(dead, "dead"), webhook(receiver, "well")) as running:
            messages = [alert() for _ in range(12)]
            for message in messages:
                await running.publish(message)
            await receiver.until(12, seconds=SECONDS_MAX)
            assert len(await running.said(12, webhook=("well",))) == 12
    assert sorted(receiver.ids) == sorted(message.id for message in messages)


async def test_gone_switches_it_off_until_the_next_start(server: NatsUnderTest, receiver: WebhookReceiver) -> None:
    receiver.conducts.append(answer(410))
    async with receiving() as other:
        with capture_logs() as lines:
            async with forwarding(server, webhook(receiver), webhook(other, "other")) as running:
                await running.publish(alert())
                (noted,) = await running.said(1, webhook=("pager",))
                for _ in range(3):
                    await running.publish(alert())
                await other.until(4)
        assert (noted.status, noted.http_status, noted.next_attempt_at) == ("given_up", 410, None)
        assert len(receiver.received) == 1
        assert [line["webhook"] for line in lines if line["event"] == "webhook_switched_off"] == ["pager"]
        async with forwarding(server, webhook(receiver), webhook(other, "other")) as running:
            await running.publish(later := alert())
            await receiver.until(2)
    assert receiver.ids[1:] == [later.id]


async def test_it_rests_for_as_long_as_it_asks_to_and_no_longer_than_is_granted(
    server: NatsUnderTest, receiver: WebhookReceiver
) -> None:
    receiver.conducts.append(answer(429, retry_after="9999"))
    pace = Pace(pause_seconds_min=0.01, pause_seconds_max=1.0, jitter=lambda: 0.0)
    async with forwarding(server, webhook(receiver), pace=pace) as running:
        await running.publish(alert())
        (noted,) = await running.said(1)
        await running.publish(alert())
        refused, *others = await receiver.until(3)
    assert all(other.at_seconds - refused.at_seconds > 0.5 for other in others), "the other one did not wait"
    assert noted.next_attempt_at is not None
    assert 0.9 < (noted.next_attempt_at - noted.at).total_seconds() < 2.5


async def test_it_is_given_up_in_the_end(server: NatsUnderTest, receiver: WebhookReceiver) -> None:
    receiver.always = answer(500)
    pace = Pace(pause_seconds_min=0.2, pause_seconds_max=0.2, give_up_after=timedelta(seconds=0.7), jitter=lambda: 0.0)
    async with forwarding(server, webhook(receiver), pace=pace) as running:
        await running.publish(alert())
        await running.said(1, status=(DeliveryStatus.GIVEN_UP,))
        noted = await running.said(2)
        await settled(server)
    assert [one.status for one in noted][-1] == "given_up"
    assert noted[-1].next_attempt_at is None
    assert len(receiver.received) == len(noted)


async def test_what_was_said_before_there_was_a_webhook_is_not_sent_to_it(
    server: NatsUnderTest, receiver: WebhookReceiver
) -> None:
    async with forwarding(server) as running:
        await running.publish(alert())

        async def taken() -> bool:
            async with server.jetstream() as jetstream:
                info = await jetstream.consumer_info(WEBHOOKS_STREAM, "_new")
                return (info.num_pending, info.num_ack_pending) == (0, 0)

        await eventually(taken, SECONDS_MAX)
    async with forwarding(server, webhook(receiver)) as running:
        await running.publish(new := alert())
        await receiver.until(1)
        await settled(server)
    assert receiver.ids == [new.id]


async def test_to_put_an_alert_again_changes_nothing(server: NatsUnderTest, receiver: WebhookReceiver) -> None:
    async with forwarding(server, webhook(receiver)) as running, server.connection("alerts") as connection:
        await running.publish(message := alert())
        await receiver.until(1)
        await settled(server)
        assert await put(connection, alert_data(message), ("pager",)) == ()
        assert await is_empty(server)
