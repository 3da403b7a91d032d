"""The installer's side of the work stream: the tickets of one provider connection, taken for free places only.

The library's `fetch` waits for a full batch or the end of its time, or asks twice; here one standing request is open at a time
and `take` returns with whatever is there as soon as something is. No more is ever asked for than there are places.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final
from uuid import UUID

import msgspec
import nats.errors
import structlog
from msgspec import Struct
from nats.aio.msg import Msg

from adapters.nats.connection import Connection, Listening, NatsUnavailable
from adapters.nats.messages import Ticket
from adapters.nats.streams import WORK_STREAM, consumer_name, ensure_streams, ensure_work_consumer
from domain.install_run.events import TicketTaken

PROVIDER_EVENTS: Final = "waybill.events.provider.>"
# A request that a killed server took with it is given up after this time at the latest.
REQUEST_SECONDS_MAX: Final = 5.0
REQUEST_MARGIN_SECONDS: Final = 0.5
RETRY_SECONDS: Final = 0.5
REASON_CHARACTERS_MAX: Final = 200
EXPIRED: Final = "408"

log = structlog.get_logger(__name__)


def nobody_asks() -> None:
    """For those who do not count."""


class Request(Struct):
    """A request that stands at the server: how many tickets it may still bring, and until when (the loop's clock)."""

    inbox: str
    left: int
    until: float


class Received:
    """A ticket in hand. An answer to it may get lost; then the ticket comes again, and the store is asked again."""

    def __init__(
        self, connection: Connection, message: Msg, ticket: Ticket, *, refused: Callable[[], None] = nobody_asks
    ) -> None:
        self._connection = connection
        self._message = message
        self._refused = refused
        self.ticket = ticket

    @property
    def deliveries(self) -> int:
        """How often it was delivered, this time included."""
        return self._message.metadata.num_delivered

    @property
    def taken(self) -> TicketTaken:
        """Where it stood in the work stream."""
        known = self._message.metadata
        return TicketTaken(sequence=known.sequence.stream, deliveries=known.num_delivered, issued_at=known.timestamp)

    async def ack(self) -> None:
        await answer(self._connection, self._message, b"+ACK")

    async def hold(self) -> None:
        """It is still being worked on: let it not come again before another ACK_WAIT_SECONDS."""
        await answer(self._connection, self._message, b"+WPI")

    async def refuse(self, reason: str) -> None:
        """It can never be worked on: do not deliver it again. The server tells operators the reason."""
        log.warning("ticket_refused", reason=reason, run_id=str(self.ticket.run_id))
        self._refused()
        await answer(self._connection, self._message, _refusal(reason))

    async def later(self, seconds: float) -> None:
        """Deliver it again when the seconds have passed, to whoever has a place then."""
        delay = json.dumps({"delay": int(seconds * 1_000_000_000)})
        await answer(self._connection, self._message, f"-NAK {delay}".encode())


class TicketSource:
    """The tickets of one provider connection, shared with all other installers. Close it when done."""

    def __init__(self, connection: Connection, provider_id: UUID, *, refused: Callable[[], None] = nobody_asks) -> None:
        """`refused` is called for each ticket that nobody can work on."""
        self._connection = connection
        self._provider_id = provider_id
        self._refused = refused
        self._inbox = connection.client.new_inbox()
        self._listening: Listening | None = None
        self._arrived: deque[Msg] = deque()
        self._wake = asyncio.Event()
        self._request: Request | None = None
        self._requests = 0
        self._unsure = True
        self._ensured_at = float("-inf")
        self._complaint = ""
        self.refused = 0

    async def take(self, *, places: int, timeout_seconds: float) -> list[Received]:
        """At least one ticket as soon as there is one, at most `places`; none when the time is over. Never raises."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        while places > 0:
            if ready := await self._ready(places):
                return ready
            left = deadline - loop.time()
            if left <= 0:
                break
            self._wake.clear()
            pause = min(left, await self._stand_in_line(places, left))
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()
        return []

    async def close(self) -> None:
        """Tickets that nobody took go back at once."""
        if self._listening is not None:
            self._connection.off_arrival(self._forget_request)
            await self._connection.unlisten(self._listening)
            self._listening = None
        await self.give_back()

    async def give_back(self) -> int:
        """Tickets that came for places which are taken by now go to whoever has one: how many."""
        count = 0
        while self._arrived:
            await answer(self._connection, self._arrived.popleft(), b"-NAK")
            count += 1
        return count

    async def _ready(self, places: int) -> list[Received]:
        ready: list[Received] = []
        while self._arrived and len(ready) < places:
            message = self._arrived.popleft()
            try:
                ticket = _DECODER.decode(message.data)
            except msgspec.DecodeError as error:
                self.refused += 1
                log.warning("ticket_refused", reason=str(error), subject=message.subject)
                self._refused()
                await answer(self._connection, message, _refusal(str(error)))
            else:
                ready.append(Received(self._connection, message, ticket, refused=self._refused))
        return ready

    async def _stand_in_line(self, places: int, seconds: float) -> float:
        """Have a request at the server; return for how long there is nothing else to do."""
        now = asyncio.get_running_loop().time()
        if self._request is None or self._request.until <= now or self._request.left <= 0:
            try:
                await self._ensure()
                return await self._ask(places, min(seconds, REQUEST_SECONDS_MAX))
            except NatsUnavailable as error:
                self._request = None
                self._complain(str(error))
                return RETRY_SECONDS
        return self._request.until - now

    async def _ensure(self) -> None:
        if not self._connection.connected:
            raise NatsUnavailable("not connected")
        if self._listening is None:
            self._listening = await self._connection.listen(f"{self._inbox}.*", self._hear)
            self._connection.on_arrival(self._forget_request)
        if self._unsure:
            now = asyncio.get_running_loop().time()
            if now - self._ensured_at < RETRY_SECONDS:
                raise NatsUnavailable("the work consumer does not stay")
            await ensure_streams(self._connection)
            await ensure_work_consumer(self._connection, self._provider_id)
            self._ensured_at, self._unsure = now, False

    async def _ask(self, places: int, seconds: float) -> float:
        self._requests += 1
        patience = seconds + REQUEST_MARGIN_SECONDS
        self._request = Request(
            f"{self._inbox}.{self._requests}", left=places, until=asyncio.get_running_loop().time() + patience
        )
        async with self._connection.asking():
            await self._connection.client.publish(
                f"$JS.API.CONSUMER.MSG.NEXT.{WORK_STREAM}.{consumer_name(self._provider_id)}",
                json.dumps({"batch": places, "expires": int(seconds * 1_000_000_000)}).encode(),
                reply=self._request.inbox,
            )
        self._complaint = ""
        return patience

    async def _hear(self, message: Msg) -> None:
        status = (message.headers or {}).get("Status") if not message.data else None
        if status is None:
            self._arrived.append(message)
            if self._request is not None:
                self._request.left -= 1
        elif self._request is not None and message.subject == self._request.inbox:
            self._request = None
            # Anything but the end of its time: the consumer or its stream is gone, or the server is about to go.
            self._unsure = status != EXPIRED
        self._wake.set()

    def _forget_request(self) -> None:
        """A server that was away has forgotten who stood in line."""
        self._request = None
        self._wake.set()

    def _complain(self, reason: str) -> None:
        if reason != self._complaint:
            self._complaint = reason
            log.warning("tickets_waiting", reason=reason, provider_id=str(self._provider_id))


async def watch_providers(connection: Connection, changed: asyncio.Event) -> Listening:
    """Set the event at once whenever something happened to a provider connection, or may have while NATS was away."""

    async def hear(_: Msg) -> None:
        changed.set()

    connection.on_arrival(changed.set)
    return await connection.listen(PROVIDER_EVENTS, hear)


async def answer(connection: Connection, message: Msg, payload: bytes) -> None:
    try:
        await connection.client.publish(message.reply, payload)
    except (nats.errors.Error, OSError) as error:
        log.info("ticket_answer_lost", answer=payload[:4].decode(), error=str(error))


def _refusal(reason: str) -> bytes:
    return f"+TERM {' '.join(reason.split())[:REASON_CHARACTERS_MAX]}".encode()


_DECODER: Final = msgspec.json.Decoder(Ticket)
