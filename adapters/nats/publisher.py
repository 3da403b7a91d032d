"""Writes events and tickets to JetStream, so that the events stream is always a prefix of the store, in its order.

Every write to the events stream says which sequence it must follow. So nothing is ever stored twice, out of order, over a gap
or by a publisher that lost its role, whatever was cut, delayed or repeated on the way; after any doubt the stream's own last
message says exactly where to go on. The message ids, which a server remembers for two minutes, are not needed for that.

JetStream syncs the disk for each single message, but once for an atomic batch. A batch costs as much as about six messages
(it is staged in a folder of its own), so a few messages are sent singly and more as a batch.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

import msgspec
import structlog
from msgspec import Struct
from nats.js.api import StreamInfo
from nats.js.errors import NotFoundError

from adapters.nats.connection import Connection, NatsUnavailable
from adapters.nats.messages import POSITION, STORE_EPOCH, Message, event_message, ticket_message
from adapters.nats.streams import EVENTS_STREAM, ensure_streams, ensure_work_consumer, stamp
from domain.events import Recorded

SINGLY_MAX: Final = 16
BATCH_MAX: Final = 500
BATCH_BYTES_MAX: Final = 4 * 1024**2
ACKNOWLEDGE_SECONDS: Final = 5.0
YIELD_EVERY: Final = 100
STRANGERS_MAX: Final = 100
DUPLICATE_IN_BATCH: Final = 10201
EXPECTED_SEQUENCE: Final = "Nats-Expected-Last-Sequence"
TICKETS_STAMP: Final = "waybill-tickets-of"

log = structlog.get_logger(__name__)


class Standing(Struct, frozen=True, kw_only=True):
    """What NATS has. `position` is that of the last event there, None without one; `foreign` if that is of another store.

    `tickets_complete` says that this very work stream was given a ticket for every slot that was held before.
    """

    position: int | None
    foreign: bool
    tickets_complete: bool


class Refusal(Struct, frozen=True):
    description: str
    err_code: int = 0


class Acknowledgement(Struct, frozen=True):
    """JetStream's answer to a publish."""

    seq: int = 0
    duplicate: bool = False
    error: Refusal | None = None


class Publisher:
    """One for a relay. Every method raises NatsUnavailable; after that, `stand` again before anything else."""

    def __init__(self, connection: Connection, *, store_epoch: str) -> None:
        self._connection = connection
        self._store_epoch = store_epoch
        self._work: StreamInfo | None = None
        self._made: tuple[datetime | None, datetime | None] = (None, None)
        self._generation = 0
        self._empty = True
        self._sequence = 0
        self._remembered_at = -1
        self._again = ""

    @property
    def interrupted(self) -> bool:
        """Whether the connection was lost since `stand`: the server may be another one now, or an empty one."""
        return self._generation != self._connection.generation or not self._connection.connected

    async def stand(self) -> Standing:
        """Make the streams where they are missing, and find out where they stand."""
        self._generation = self._connection.generation
        events, self._work = await ensure_streams(self._connection)
        self._made = (events.created, self._work.created)
        self._empty = events.state.messages == 0
        self._sequence = events.state.last_seq
        # The server knows ids that its stream does not have, as after a purge: the messages need other ones.
        self._again = _salt() if self._sequence == self._remembered_at else ""
        async with self._connection.asking():
            headers = {} if self._empty else await self._last_headers(events)
        position = headers.get(POSITION, "")
        return Standing(
            position=int(position) if position.isdigit() else None,
            foreign=not self._empty and headers.get(STORE_EPOCH) != self._store_epoch,
            tickets_complete=(self._work.config.metadata or {}).get(TICKETS_STAMP) == self._store_epoch,
        )

    async def still_stands(self) -> bool:
        """Whether these are the streams that `stand` saw: another part may have made them anew, an operator purged them."""
        events, work = await ensure_streams(self._connection)
        emptied = events.state.messages == 0 and not self._empty
        return (events.created, work.created) == self._made and not emptied

    async def clear_events(self) -> None:
        """Empty the events stream of what another history of the store wrote; subscribers keep their consumers."""
        async with self._connection.asking():
            await self._connection.jetstream.purge_stream(EVENTS_STREAM)

    async def mark_tickets_complete(self) -> None:
        """Said in the work stream's own metadata, so that it is forgotten with the stream."""
        if self._work is not None:
            await stamp(self._connection, self._work, {TICKETS_STAMP: self._store_epoch})

    async def ensure_consumer(self, provider_id: UUID) -> None:
        await ensure_work_consumer(self._connection, provider_id)

    async def publish(self, events: Sequence[Recorded]) -> None:
        """Store these events, which must follow what the stream has; all of them are stored on return."""
        messages = [event_message(event, store_epoch=self._store_epoch, again=self._again) for event in events]
        for batch in _batches(messages):
            for number, message in enumerate(batch if len(batch) <= SINGLY_MAX else batch[:1]):
                message.headers[EXPECTED_SEQUENCE] = str(self._sequence + number)
            answers = await self._send(batch)
            if any(answer.duplicate for answer in answers) or _is_duplicate(answers[-1]):
                self._remembered_at = self._sequence
                raise NatsUnavailable("the server remembers these messages, but its stream does not end with them")
            _refuse_errors(answers)
            self._sequence += len(batch)
            self._empty = False

    async def issue(self, reserved: Sequence[Recorded], *, at: datetime, again: bool = False) -> None:
        """Issue a ticket for each InstallationReserved; `again` if tickets may be lost that the server remembers."""
        salt = _salt() if again else ""
        for batch in _batches([ticket_message(event, issued_at=at, again=salt) for event in reserved]):
            answers = await self._send(batch)
            if _is_duplicate(answers[-1]):
                # Some were stored before an answer was lost. Singly, the server passes over those and stores the others.
                for start in range(0, len(batch), SINGLY_MAX):
                    _refuse_errors(await self._send(batch[start : start + SINGLY_MAX]))
            else:
                _refuse_errors(answers)

    async def _last_headers(self, events: StreamInfo) -> dict[str, str]:
        """Those of the last event; messages that somebody else put behind it are passed over, and stay."""
        first, last = events.state.first_seq, events.state.last_seq
        for sequence in range(last, max(first, last - STRANGERS_MAX) - 1, -1):
            with suppress(NotFoundError):
                message = await self._connection.jetstream.get_msg(EVENTS_STREAM, seq=sequence)
                if message.headers and STORE_EPOCH in message.headers:
                    return message.headers
        return {}

    async def _send(self, messages: Sequence[Message]) -> list[Acknowledgement]:
        """The answer to each message, or the one answer to all of them as a batch."""
        async with self._connection.asking(ACKNOWLEDGE_SECONDS):
            if len(messages) <= SINGLY_MAX:
                return list(await asyncio.gather(*(self._request(message, {}) for message in messages)))
            batch = {"Nats-Batch-Id": uuid4().hex}
            for number, message in enumerate(messages[:-1], start=1):
                headers = {**message.headers, **batch, "Nats-Batch-Sequence": str(number)}
                await self._connection.client.publish(message.subject, message.body, headers=headers)
                if number % YIELD_EVERY == 0:
                    await asyncio.sleep(0)
            commit = {**batch, "Nats-Batch-Sequence": str(len(messages)), "Nats-Batch-Commit": "1"}
            return [await self._request(messages[-1], commit)]

    async def _request(self, message: Message, more: dict[str, str]) -> Acknowledgement:
        answer = await self._connection.client.request(
            message.subject, message.body, timeout=ACKNOWLEDGE_SECONDS, headers={**message.headers, **more}
        )
        return msgspec.json.decode(answer.data, type=Acknowledgement)


def _batches(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """The messages in order, cut where a batch would grow beyond either bound."""
    start = size = 0
    for end, message in enumerate(messages):
        if end - start == BATCH_MAX or (end > start and size + len(message.body) > BATCH_BYTES_MAX):
            yield messages[start:end]
            start, size = end, 0
        size += len(message.body)
    if start < len(messages):
        yield messages[start:]


def _refuse_errors(answers: Sequence[Acknowledgement]) -> None:
    for answer in answers:
        if answer.error is not None:
            raise NatsUnavailable(answer.error.description)


def _is_duplicate(answer: Acknowledgement) -> bool:
    return answer.error is not None and answer.error.err_code == DUPLICATE_IN_BATCH


def _salt() -> str:
    return f":{uuid4().hex[:8]}"
