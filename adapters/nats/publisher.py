"""Writes events and tickets to JetStream, so that the events stream is always a prefix of the store, in its order.

Every write to the events stream says which sequence it must follow. So nothing is ever stored twice, out of order, over a gap
or by a publisher that lost its role, whatever was cut, delayed or repeated on the way; after any doubt the stream's own last
message says exactly where to go on. The message ids, which a server remembers for two minutes, are not needed for that.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

import structlog
from msgspec import Struct
from nats.js.api import StreamInfo
from nats.js.errors import NotFoundError

from adapters.nats.connection import Connection, NatsUnavailable
from adapters.nats.messages import EVENT_ID, POSITION, STORE_EPOCH, event_message, ticket_message
from adapters.nats.sending import SINGLY_MAX, batches, refuse_errors, send
from adapters.nats.streams import EVENTS_STREAM, ensure_streams, ensure_work_consumer, stamp
from domain.events import Recorded

STRANGERS_MAX: Final = 100
EXPECTED_SEQUENCE: Final = "Nats-Expected-Last-Sequence"
TICKETS_STAMP: Final = "waybill-tickets-of"

log = structlog.get_logger(__name__)


class Copy(Struct, frozen=True, kw_only=True):
    """Which event a message is a copy of."""

    position: int
    event_id: str


class Standing(Struct, frozen=True, kw_only=True):
    """What NATS has. `last` is the last event there, None without one; `foreign` if that is of another store.

    `tickets_complete` says that this very work stream was given a ticket for every slot that was held before.
    """

    last: Copy | None
    foreign: bool
    tickets_complete: bool

    @property
    def position(self) -> int:
        """How far the copies go, 0 without any."""
        return self.last.position if self.last else 0


class Publisher:
    """One for a relay. Every method raises NatsUnavailable; after that, `stand` again before anything else."""

    def __init__(self, connection: Connection, *, store_epoch: str) -> None:
        self._connection = connection
        self.store_epoch = store_epoch
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
        events, self._work = await ensure_streams(self._connection, mend=True)
        self._made = (events.created, self._work.created)
        self._empty = events.state.messages == 0
        self._sequence = events.state.last_seq
        # The server knows ids that its stream does not have, as after a purge: the messages need other ones.
        self._again = _salt() if self._sequence == self._remembered_at else ""
        async with self._connection.asking():
            headers = {} if self._empty else await self._last_headers(events)
        return Standing(
            last=_copy(headers),
            foreign=not self._empty and headers.get(STORE_EPOCH) != self.store_epoch,
            tickets_complete=(self._work.config.metadata or {}).get(TICKETS_STAMP) == self.store_epoch,
        )

    def follow(self, *, store_epoch: str) -> None:
        """From now on for this epoch of the store: `stand` again."""
        self.store_epoch = store_epoch

    async def newest(self, known: Callable[[Copy], Awaitable[bool]]) -> Copy | None:
        """The newest copy that is `known`: of those before it all are, of those behind it none."""
        events, _ = await ensure_streams(self._connection, mend=True)
        below, last, found = events.state.first_seq - 1, events.state.last_seq, None
        while below < last:
            middle = (below + last + 1) // 2
            async with self._connection.asking():
                copy = await self._copy_at(middle)
            if copy is not None and await known(copy):
                below, found = middle, copy
            else:
                last = middle - 1
        return found

    async def still_stands(self) -> bool:
        """Whether these are the streams that `stand` saw: another part may have made them anew, an operator purged them."""
        events, work = await ensure_streams(self._connection, mend=True)
        emptied = events.state.messages == 0 and not self._empty
        return (events.created, work.created) == self._made and not emptied

    async def clear_events(self) -> None:
        """Empty the events stream of what another history of the store wrote; subscribers keep their consumers."""
        async with self._connection.asking():
            await self._connection.jetstream.purge_stream(EVENTS_STREAM)

    async def mark_tickets_complete(self) -> None:
        """Said in the work stream's own metadata, so that it is forgotten with the stream."""
        if self._work is not None:
            await stamp(self._connection, self._work, {TICKETS_STAMP: self.store_epoch})

    async def ensure_consumer(self, provider_id: UUID) -> None:
        await ensure_work_consumer(self._connection, provider_id)

    async def publish(self, events: Sequence[Recorded]) -> None:
        """Store these events, which must follow what the stream has; all of them are stored on return."""
        messages = [event_message(event, store_epoch=self.store_epoch, again=self._again) for event in events]
        for batch in batches(messages):
            for number, message in enumerate(batch if len(batch) <= SINGLY_MAX else batch[:1]):
                message.headers[EXPECTED_SEQUENCE] = str(self._sequence + number)
            answers = await send(self._connection, batch)
            if any(answer.duplicate for answer in answers) or answers[-1].is_duplicate:
                self._remembered_at = self._sequence
                raise NatsUnavailable("the server remembers these messages, but its stream does not end with them")
            refuse_errors(answers)
            self._sequence += len(batch)
            self._empty = False

    async def issue(self, reserved: Sequence[Recorded], *, at: datetime, again: bool = False) -> None:
        """Issue a ticket for each InstallationReserved; `again` if tickets may be lost that the server remembers."""
        salt = _salt() if again else ""
        for batch in batches([ticket_message(event, issued_at=at, again=salt) for event in reserved]):
            answers = await send(self._connection, batch)
            if answers[-1].is_duplicate:
                # Some were stored before an answer was lost. Singly, the server passes over those and stores the others.
                for start in range(0, len(batch), SINGLY_MAX):
                    refuse_errors(await send(self._connection, batch[start : start + SINGLY_MAX]))
            else:
                refuse_errors(answers)

    async def _copy_at(self, sequence: int) -> Copy | None:
        with suppress(NotFoundError):
            message = await self._connection.jetstream.get_msg(EVENTS_STREAM, seq=sequence)
            return _copy(message.headers or {})
        return None

    async def _last_headers(self, events: StreamInfo) -> dict[str, str]:
        """Those of the last event; messages that somebody else put behind it are passed over, and stay."""
        first, last = events.state.first_seq, events.state.last_seq
        for sequence in range(last, max(first, last - STRANGERS_MAX) - 1, -1):
            with suppress(NotFoundError):
                message = await self._connection.jetstream.get_msg(EVENTS_STREAM, seq=sequence)
                if message.headers and STORE_EPOCH in message.headers:
                    return message.headers
        return {}


def _copy(headers: Mapping[str, str]) -> Copy | None:
    position, event_id = headers.get(POSITION, ""), headers.get(EVENT_ID)
    return Copy(position=int(position), event_id=event_id) if position.isdigit() and event_id else None


def _salt() -> str:
    return f":{uuid4().hex[:8]}"
