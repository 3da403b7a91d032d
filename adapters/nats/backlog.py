"""What the watchdog has to know of the work stream: which tickets are still to be had.

A ticket stays in the stream until somebody acknowledges it, and each consumer gives its tickets out in order. So one that was
issued before the first ticket that nobody has taken yet is in somebody's hand, or it is not there any more.
"""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct
from nats.js.errors import NotFoundError

from adapters.nats.connection import REQUEST_SECONDS, Connection, NatsUnavailable
from adapters.nats.messages import Ticket
from adapters.nats.publisher import TICKETS_STAMP
from adapters.nats.streams import ACK_PENDING_MAX, WORK_STREAM, consumer_name, work_subject

NOT_FOUND: Final = 404

Answer = TypeVar("Answer", bound="_Answer")


class WorkStream(Struct, frozen=True, kw_only=True):
    """Which stream it is, by when it was created, and of which store it was given every ticket; None: the relay has not said so,
    or there is no stream. `last_sequence` is the place of the newest ticket.
    """

    created: datetime | None = None
    tickets_of: str | None = None
    last_sequence: int = 0

    def is_same(self, other: "WorkStream") -> bool:
        """Whether nobody has made it anew, or said something else of it, since the other look."""
        return (self.created, self.tickets_of) == (other.created, other.tickets_of)


class Backlog(Struct, frozen=True, kw_only=True):
    """The tickets of one connection: `waiting` ones that nobody has taken yet, the first of them at `first_waiting` in the
    stream, and those `in_hand`, taken and not acknowledged. `taken_to` is the place up to which they were taken.
    """

    waiting: int = 0
    first_waiting: int | None = None
    in_hand: int = 0
    taken_to: int = 0


class Backlogs:
    """A stream or a consumer that is missing has no tickets. Every method raises NatsUnavailable."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def stream(self) -> WorkStream:
        async with self._connection.asking():
            try:
                info = await self._connection.jetstream.stream_info(WORK_STREAM)
            except NotFoundError:
                return WorkStream()
        return WorkStream(
            created=info.created,
            tickets_of=(info.config.metadata or {}).get(TICKETS_STAMP),
            last_sequence=info.state.last_seq,
        )

    async def measure(self, provider_id: UUID) -> Backlog:
        async with self._connection.asking():
            asked = f"CONSUMER.INFO.{WORK_STREAM}.{consumer_name(provider_id)}"
            info = await self._ask(asked, {}, _ConsumerInfo) or _ConsumerInfo()
            first = await self._next(provider_id, after=info.delivered.stream_seq)
        return Backlog(
            waiting=info.num_pending,
            first_waiting=first.seq if first else None,
            in_hand=info.num_ack_pending,
            taken_to=info.delivered.stream_seq,
        )

    async def runs_in_hand(self, provider_id: UUID, backlog: Backlog) -> frozenset[UUID]:
        """The runs of the install tickets that were taken when the backlog was measured, and are still not acknowledged."""
        runs: set[UUID] = set()
        after = 0
        for _ in range(ACK_PENDING_MAX + 1):
            async with self._connection.asking():
                message = await self._next(provider_id, after=after)
            if message is None or message.seq > backlog.taken_to:
                break
            after = message.seq
            if (ticket := message.ticket) is not None and ticket.run_id is not None:
                runs.add(ticket.run_id)
        return frozenset(runs)

    async def _next(self, provider_id: UUID, *, after: int) -> "_Message | None":
        wanted = {"seq": after + 1, "next_by_subj": work_subject("*", provider_id)}
        found = await self._ask(f"STREAM.MSG.GET.{WORK_STREAM}", wanted, _Found)
        return found.message if found else None

    async def _ask(self, what: str, request: Mapping[str, Any], answer: type[Answer]) -> Answer | None:
        """None: there is no such thing."""
        body = json.dumps(request).encode() if request else b""
        reply = await self._connection.client.request(f"$JS.API.{what}", body, timeout=REQUEST_SECONDS)
        refused = msgspec.json.decode(reply.data, type=_Answer).error
        if refused is None:
            return msgspec.json.decode(reply.data, type=answer)
        if refused.code == NOT_FOUND:
            return None
        raise NatsUnavailable(refused.description)


class _Refusal(Struct, frozen=True):
    code: int
    description: str = ""


class _Answer(Struct, frozen=True, kw_only=True):
    error: _Refusal | None = None


class _Place(Struct, frozen=True):
    stream_seq: int = 0


class _ConsumerInfo(_Answer, frozen=True, kw_only=True):
    delivered: _Place = _Place()
    num_pending: int = 0
    num_ack_pending: int = 0


class _Message(Struct, frozen=True, kw_only=True):
    seq: int
    data: str = ""

    @property
    def ticket(self) -> Ticket | None:
        """None: nobody can read it, and whoever takes it throws it out."""
        try:
            return _TICKETS.decode(base64.b64decode(self.data))
        except (msgspec.DecodeError, ValueError):
            return None


class _Found(_Answer, frozen=True, kw_only=True):
    message: _Message


_TICKETS: Final = msgspec.json.Decoder(Ticket)
