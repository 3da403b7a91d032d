"""No alert is lost on its way to a webhook, and none sent twice, whatever NATS, Postgres or this process do meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.memory.deliveries import MemoryDeliveries
from adapters.nats.alerts import AlertMessage, AlertPublisher
from adapters.nats.streams import ALERTS_STREAM, WEBHOOKS_STREAM
from adapters.postgres.connection import open_pool
from adapters.postgres.webhook_deliveries import PostgresDeliveries
from domain.alert.deliveries import Delivery, DeliverySearch, DeliveryStatus
from tests.kit.alerting import SECRET, alert
from tests.kit.jetstream import NatsUnderTest, running_nats
from tests.kit.waiting import eventually
from tests.kit.webhook_receiver import WebhookReceiver, answer, receiving
from tests.workers.forwarding import (
    DEADLINE_SECONDS,
    SECONDS_MAX,
    forwarding,
    is_empty,
    settled,
    webhook,
)
from workers.webhook_pace import Pace

pytestmark = [pytest.mark.anyio, pytest.mark.long]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsUnderTest]:
    async with running_nats(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def receiver() -> AsyncIterator[WebhookReceiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found out by waiting is found out sooner."""
    monkeypatch.setattr("adapters.nats.webhook_queue.ATTEMPT_ACK_SECONDS", 2.0)
    monkeypatch.setattr("adapters.nats.pulling.TAKE_SECONDS", 0.5)
    monkeypatch.setattr("workers.webhook_log.OFFLINE_SECONDS", 0.1)


async def test_nothing_is_lost_and_nothing_said_again_by_a_restart(
    server: NatsUnderTest, receiver: WebhookReceiver
) -> None:
    receiver.conducts.append(answer(200))
    receiver.always = answer(503)
    deliveries = MemoryDeliveries()
    pace = Pace(pause_seconds_min=0.3, pause_seconds_max=0.3, jitter=lambda: 0.0)
    async with forwarding(server, webhook(receiver), pace=pace, deliveries=deliveries) as running:
        await running.publish(first := alert())
        await running.said(1)
        await running.publish(second := alert())
        await running.said(2)
    receiver.always = answer(200)
    tried = len(receiver.ids)
    async with server.connection("alerts") as connection:
        await AlertPublisher(connection).publish(third := alert())
    async with forwarding(server, webhook(receiver), pace=pace, deliveries=deliveries) as running:
        delivered = await running.said(3, status=(DeliveryStatus.DELIVERED,))
        await settled(server)
    assert receiver.ids.count(first.id) == 1
    assert {one.message_id for one in delivered} == {first.id, second.id, third.id}
    assert sorted(receiver.ids[tried:]) == sorted([second.id, third.id])
    (again,) = [one for one in delivered if one.message_id == second.id]
    assert again.attempt >= 2


async def test_what_is_under_way_at_the_end_is_waited_for(server: NatsUnderTest, receiver: WebhookReceiver) -> None:
    let_go = asyncio.Event()

    async def slow(writer: asyncio.StreamWriter) -> None:
        await let_go.wait()
        await answer(200)(writer)

    receiver.always = slow
    deliveries = MemoryDeliveries()
    async with forwarding(server, webhook(receiver), deliveries=deliveries) as running:
        await running.publish(alert())
        await receiver.until(1)
        asyncio.get_running_loop().call_later(DEADLINE_SECONDS / 2, let_go.set)
    (noted,) = await deliveries.find(DeliverySearch(), limit=10)
    assert noted.status == DeliveryStatus.DELIVERED
    assert await is_empty(server)


@pytest.mark.usefixtures("impatient")
async def test_nats_may_go_and_come_back_and_nothing_is_sent_twice(
    server: NatsUnderTest, receiver: WebhookReceiver
) -> None:
    """It goes while an attempt is under way, so that the word of its success is lost."""
    let_go = asyncio.Event()

    async def held(writer: asyncio.StreamWriter) -> None:
        await let_go.wait()
        await answer(200)(writer)

    receiver.conducts.append(held)
    async with forwarding(server, webhook(receiver)) as running:
        await running.publish(first := alert())
        await receiver.until(1)
        await server.kill()
        let_go.set()
        await running.said(1)
        await server.start()

        async def published(message: AlertMessage) -> bool:
            try:
                await running.publish(message)
            except Exception:  # noqa: BLE001 - it is not back yet
                return False
            return True

        second = alert()
        await eventually(lambda: published(second), SECONDS_MAX)
        await receiver.until(2)
        async with asyncio.timeout(SECONDS_MAX):
            await settled(server)
    assert receiver.ids == [first.id, second.id]


@pytest.mark.usefixtures("impatient")
async def test_a_wiped_server_is_set_up_anew(server: NatsUnderTest, receiver: WebhookReceiver) -> None:
    async with forwarding(server, webhook(receiver)) as running:
        await running.publish(alert())
        await receiver.until(1)
        async with server.jetstream() as jetstream:
            await jetstream.delete_stream(WEBHOOKS_STREAM)
            await jetstream.delete_stream(ALERTS_STREAM)

        async def published() -> bool:
            try:
                await running.publish(alert())
            except Exception:  # noqa: BLE001 - the stream is made by the next one
                return False
            return True

        await eventually(published, SECONDS_MAX)
        await receiver.until(2, seconds=SECONDS_MAX)


@pytest.mark.usefixtures("impatient")
async def test_postgres_away_holds_up_nothing_and_is_told_when_it_is_back(
    server: NatsUnderTest, receiver: WebhookReceiver, database: str
) -> None:
    async with open_pool(database, name="test", size_max=2) as pool:
        real = PostgresDeliveries(pool)
        away = asyncio.Event()

        class Sometimes:
            """The real one, over a line that is cut."""

            async def note(self, deliveries: Sequence[Delivery]) -> None:
                async with open_pool("postgresql://waybill@127.0.0.1:1/x", name="cut", size_max=1) as cut:
                    await (PostgresDeliveries(cut) if away.is_set() else real).note(deliveries)

            async def find(self, search: DeliverySearch, *, limit: int) -> tuple[Delivery, ...]:
                return await real.find(search, limit=limit)

        away.set()
        with capture_logs() as lines:
            async with forwarding(server, webhook(receiver), deliveries=Sometimes()) as running:
                await running.publish(first := alert())
                await running.publish(second := alert())
                await receiver.until(2)

                async def told() -> bool:
                    return any(line["event"] == "webhook_deliveries_kept" for line in lines)

                await eventually(told, SECONDS_MAX)
                assert await real.find(DeliverySearch(), limit=10) == ()
                away.clear()
                noted = await running.said(2)
    assert {one.message_id for one in noted} == {first.id, second.id}
    assert not any("secret-in-the-path" in str(line) or SECRET in str(line) for line in lines)


async def test_one_that_has_too_many_waiting_is_refused_the_next_and_others_are_not(
    server: NatsUnderTest, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.nats.streams.WEBHOOKS.max_msgs_per_subject", 1)
    async with receiving() as dead:
        dead.always = answer(500)
        pace = Pace(pause_seconds_min=60, jitter=lambda: 0.0)
        async with forwarding(server, webhook(dead, "dead"), webhook(receiver, "well"), pace=pace) as running:
            await running.publish(alert())
            await running.said(2)
            await running.publish(refused := alert())
            (noted,) = await running.said(1, status=(DeliveryStatus.GIVEN_UP,))
            await receiver.until(2)
    assert (noted.webhook, noted.message_id, noted.attempt) == ("dead", refused.id, 0)
    assert noted.error == "too many wait for this webhook already"
