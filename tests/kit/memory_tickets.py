"""The work stream in memory: tickets by connection, each taken once, and what was said to it. Time passes when it is told to."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import msgspec

from adapters.nats.messages import Ticket, ticket_message
from adapters.nats.tickets import Received, TicketSource
from domain.events import Recorded
from domain.install_run.events import TicketTaken
from domain.installation.events import InstallationReserved
from tests.kit.facts import NOON


class MemoryTickets:
    """`answers` are what installers said, in order: `("ack", None)`, `("refuse", reason)` or `("later", seconds)`."""

    def __init__(self) -> None:
        self._waiting: defaultdict[UUID, deque[Ticket]] = defaultdict(deque)
        self._postponed: list[Ticket] = []
        self._arrived = asyncio.Event()
        self._taken: Counter[Ticket] = Counter()
        self._sequences: dict[Ticket, int] = {}
        self.answers: list[tuple[str, Any]] = []
        self.sources_opened = 0
        self.sources_open = 0

    def open(self, provider_id: UUID) -> "MemoryTicketSource":
        self.sources_opened += 1
        self.sources_open += 1
        return MemoryTicketSource(self, provider_id)

    def issue(self, events: Sequence[Recorded]) -> list[Ticket]:
        """What the relay does: a ticket for each slot that is taken."""
        reserved = [event for event in events if isinstance(event.event, InstallationReserved)]
        tickets = [msgspec.json.decode(ticket_message(event, issued_at=NOON).body, type=Ticket) for event in reserved]
        self.put(*tickets)
        return tickets

    def put(self, *tickets: Ticket) -> None:
        for ticket in tickets:
            self._sequences.setdefault(ticket, len(self._sequences) + 1)
            self._waiting[ticket.provider_id].append(ticket)
        self._arrived.set()
        self._arrived = asyncio.Event()

    def pass_time(self) -> None:
        """Long enough that whatever was put off comes again."""
        postponed, self._postponed = self._postponed, []
        self.put(*postponed)

    def waiting(self, provider_id: UUID) -> int:
        return len(self._waiting[provider_id])

    def take(self, provider_id: UUID, places: int) -> "list[Received]":
        waiting = self._waiting[provider_id]
        taken = [waiting.popleft() for _ in range(min(places, len(waiting)))]
        self._taken.update(taken)
        return [
            MemoryReceived(self, ticket, deliveries=self._taken[ticket], sequence=self._sequences[ticket])
            for ticket in taken
        ]

    def answer(self, ticket: Ticket, word: str, fact: Any = None) -> None:
        self.answers.append((word, fact))
        if word == "later" and not fact:
            self.put(ticket)
        elif word == "later":
            self._postponed.append(ticket)

    async def arrival(self) -> None:
        await self._arrived.wait()


class MemoryTicketSource(TicketSource):
    def __init__(self, tickets: MemoryTickets, provider_id: UUID) -> None:
        self._tickets = tickets
        self._provider_id = provider_id

    async def take(self, *, places: int, timeout_seconds: float) -> list[Received]:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                while not self._tickets.waiting(self._provider_id):
                    await self._tickets.arrival()
        return self._tickets.take(self._provider_id, places)

    async def give_back(self) -> int:
        """Nothing comes that was not taken."""
        return 0

    async def close(self) -> None:
        self._tickets.sources_open -= 1


class MemoryReceived(Received):
    def __init__(self, tickets: MemoryTickets, ticket: Ticket, *, deliveries: int, sequence: int) -> None:
        self._tickets = tickets
        self._deliveries = deliveries
        self._sequence = sequence
        self.ticket = ticket

    @property
    def deliveries(self) -> int:
        return self._deliveries

    @property
    def taken(self) -> TicketTaken:
        return TicketTaken(sequence=self._sequence, deliveries=self._deliveries, issued_at=NOON)

    async def ack(self) -> None:
        self._tickets.answer(self.ticket, "ack")

    async def hold(self) -> None:
        self._tickets.answer(self.ticket, "hold")

    async def refuse(self, reason: str) -> None:
        self._tickets.answer(self.ticket, "refuse", reason)

    async def later(self, seconds: float) -> None:
        self._tickets.answer(self.ticket, "later", seconds)
