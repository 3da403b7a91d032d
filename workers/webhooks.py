"""Sends alerts to webhooks: each to all that want it, again until it is delivered or a day has passed, and none waits for another.

What is still to be sent is on NATS, so a restart goes on with it, and a database that is away holds up nothing.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from msgspec import Struct

from adapters.nats.alerts import AlertData
from adapters.nats.connection import Connection, NatsUnavailable
from adapters.nats.webhook_queue import AlertInHand, AlertSource, published_alerts, put, waiting_alerts
from adapters.webhooks.posting import DEADLINE_SECONDS, Poster, Reply
from adapters.webhooks.webhook import Webhook
from domain.alert.deliveries import Delivery, DeliveryStatus
from workers.webhook_log import DeliveryLog
from workers.webhook_pace import DEFAULT_PACE, Pace

# Of one webhook.
AT_ONCE_MAX: Final = 4
# By id, of one webhook: for an answer to NATS that was lost.
SETTLED_MAX: Final = 10_000
NATS_AWAY_SECONDS: Final = 1.0
CANCEL_SECONDS: Final = 0.1
FULL: Final = "too many wait for this webhook already"

log = structlog.get_logger(__name__)


class Receiver:
    """One webhook, and how it stands. `rests_until` is by the clock of the loop."""

    def __init__(self, webhook: Webhook, source: AlertSource) -> None:
        self.webhook = webhook
        self.source = source
        self.is_off = False
        self.rests_until = 0.0
        self.places = asyncio.Semaphore(AT_ONCE_MAX)
        self.settled: deque[str] = deque(maxlen=SETTLED_MAX)

    def wants(self, alert: AlertData) -> bool:
        """A test is for all of them."""
        fits = alert.kind == "test" or self.webhook.wants(severity=alert.severity, rule=alert.rule)
        return fits and not self.is_off


class Outcome(Struct, frozen=True, kw_only=True):
    """What is made of a reply. `pause_seconds`: until the next attempt; None if there is none."""

    status: DeliveryStatus
    pause_seconds: float | None = None


class Forwarder:
    """`new_id` makes UUIDv7s."""

    def __init__(
        self,
        connection: Connection,
        *,
        webhooks: Sequence[Webhook],
        poster: Poster,
        deliveries: DeliveryLog,
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
        pace: Pace = DEFAULT_PACE,
    ) -> None:
        self._connection = connection
        self._receivers = tuple(Receiver(webhook, waiting_alerts(connection, webhook.name)) for webhook in webhooks)
        self._poster = poster
        self._deliveries = deliveries
        self._clock = clock
        self._new_id = new_id
        self._pace = pace
        self._attempts: set[asyncio.Task[None]] = set()
        self._complaint = ""

    async def run(self, stopping: asyncio.Event) -> None:
        """Until told to stop; attempts that are under way then are waited for."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._distribute(), name="webhooks-intake"),
                group.create_task(self._deliveries.write(), name="webhooks-log"),
                *(group.create_task(self._serve(one), name=f"webhook-{one.webhook.name}") for one in self._receivers),
            ]
            try:
                await stopping.wait()
            finally:
                await _end(tasks)
        if self._attempts:
            await asyncio.wait(self._attempts, timeout=DEADLINE_SECONDS)
        await self._deliveries.close()

    async def _distribute(self) -> None:
        """Put each alert before the webhooks that want it; without any too, since what was said before there was one is not for it."""
        source = published_alerts(self._connection)
        while True:
            found = await self._take(source)
            if found is None:
                continue
            wanted = [one.webhook.name for one in self._receivers if one.wants(found.alert)]
            try:
                for name in await put(self._connection, found.alert, wanted):
                    self._refuse(name, found.alert)
                await found.done()
            except NatsUnavailable as error:
                self._complain(str(error))
                await found.later(NATS_AWAY_SECONDS)
                await asyncio.sleep(NATS_AWAY_SECONDS)

    async def _serve(self, receiver: Receiver) -> None:
        loop = asyncio.get_running_loop()
        while not receiver.is_off:
            await receiver.places.acquire()
            await asyncio.sleep(max(0.0, receiver.rests_until - loop.time()))
            found = await self._take(receiver.source)
            if found is None or receiver.is_off:
                receiver.places.release()
                continue
            attempt = asyncio.create_task(self._attempt(receiver, found), name=f"attempt-{receiver.webhook.name}")
            self._attempts.add(attempt)
            attempt.add_done_callback(self._attempts.discard)
            attempt.add_done_callback(lambda _: receiver.places.release())

    async def _attempt(self, receiver: Receiver, found: AlertInHand) -> None:
        rest_seconds = receiver.rests_until - asyncio.get_running_loop().time()
        if rest_seconds > 0:
            await found.later(rest_seconds)
            return
        if found.alert.id not in receiver.settled:
            pause_seconds = await self._post(receiver, found)
            if pause_seconds is not None:
                await found.later(pause_seconds)
                return
            receiver.settled.append(found.alert.id)
        try:
            await found.done()
        except NatsUnavailable as error:
            self._complain(str(error))

    async def _post(self, receiver: Receiver, found: AlertInHand) -> float | None:
        """Until the next attempt, in seconds; None if there is none."""
        webhook, alert = receiver.webhook, found.alert
        reply = await self._poster.post(webhook.url, payload(alert), message_id=alert.id, signing=webhook.signing)
        outcome = self._judge(reply, attempt=found.deliveries, since=found.since)
        if outcome.pause_seconds is not None:
            rest_seconds = self._pace.rest_seconds(reply.retry_after_seconds)
            receiver.rests_until = asyncio.get_running_loop().time() + rest_seconds
        if reply.is_gone:
            receiver.is_off = True
            log.error("webhook_switched_off", webhook=webhook.name, reason="it answered 410 Gone")
        self._note(webhook.name, alert, attempt=found.deliveries, reply=reply, outcome=outcome)
        return outcome.pause_seconds

    def _judge(self, reply: Reply, *, attempt: int, since: datetime) -> Outcome:
        if reply.is_delivered:
            return Outcome(status=DeliveryStatus.DELIVERED)
        pause_seconds = self._pace.pause_seconds(attempt, retry_after_seconds=reply.retry_after_seconds)
        if reply.is_gone or self._clock() + timedelta(seconds=pause_seconds) > since + self._pace.give_up_after:
            return Outcome(status=DeliveryStatus.GIVEN_UP)
        return Outcome(status=DeliveryStatus.FAILED, pause_seconds=pause_seconds)

    async def _take(self, source: AlertSource) -> AlertInHand | None:
        try:
            found = await source.take()
        except NatsUnavailable as error:
            self._complain(str(error))
            await asyncio.sleep(NATS_AWAY_SECONDS)
            return None
        self._complaint = ""
        return found

    def _refuse(self, webhook: str, alert: AlertData) -> None:
        reply, outcome = Reply(error=FULL, duration_seconds=0.0), Outcome(status=DeliveryStatus.GIVEN_UP)
        self._note(webhook, alert, attempt=0, reply=reply, outcome=outcome)

    def _note(self, webhook: str, alert: AlertData, *, attempt: int, reply: Reply, outcome: Outcome) -> None:
        now, pause_seconds = self._clock(), outcome.pause_seconds
        facts: dict[str, Any] = {
            "webhook": webhook,
            "message_id": alert.id,
            "rule": alert.rule,
            "attempt": attempt,
            "http_status": reply.status,
            "error": reply.error,
        }
        self._deliveries.note(
            Delivery(
                id=self._new_id(),
                alert_id=alert.alert_id,
                event=alert.kind,
                severity=alert.severity,
                at=now - timedelta(seconds=reply.duration_seconds),
                status=outcome.status,
                duration_seconds=round(reply.duration_seconds, 3),
                next_attempt_at=None if pause_seconds is None else now + timedelta(seconds=pause_seconds),
                **facts,
            )
        )
        say = {DeliveryStatus.DELIVERED: log.info, DeliveryStatus.FAILED: log.warning}.get(outcome.status, log.error)
        say(f"webhook_{outcome.status.value}", next_attempt_in_seconds=pause_seconds, **facts)

    def _complain(self, reason: str) -> None:
        if reason != self._complaint:
            self._complaint = reason
            log.warning("webhooks_waiting", reason=reason)


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Before Python 3.12 `asyncio.wait_for`, in the library, passes over a cancellation that comes together with its answer."""
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=CANCEL_SECONDS)


def payload(alert: AlertData) -> bytes:
    """The body, in the form that Standard Webhooks advises."""
    return msgspec.json.encode({"type": f"alert.{alert.kind}", "timestamp": alert.at, "data": alert})
