"""A provider in memory that remembers: what was created is found again, and its next creates can be told to go wrong."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from msgspec import Struct

from adapters.providers.noop import NoopAdapter
from domain.installation.events import Receipt
from domain.ports import Intent, ProviderAdapter
from domain.provider.state import Provider
from domain.skill.bundle import Bundle


class Kept(Struct, frozen=True, kw_only=True):
    receipt: Receipt
    digest: str
    at: datetime


class Fault(Struct, frozen=True, kw_only=True):
    """What a create ends with. `applied`: it was carried out all the same."""

    error: Exception
    applied: bool = False


class ShelfGateway:
    """Implements `ProviderGateway` for any number of connections, which share the shelf but not the `gates`: a create at a
    connection waits until its gate is open. `calls` are those of all adapters, in order.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.shelf: list[Kept] = []
        self.faults: deque[Fault] = deque()
        self.gates: defaultdict[str, asyncio.Event] = defaultdict(_open_gate)
        self.calls: list[str] = []
        self.deadlines: list[float] = []
        self.at_once: Counter[str] = Counter()
        self.at_once_max: Counter[str] = Counter()
        self.open_count = 0

    async def open(self, provider: Provider, *, deadline_seconds: float) -> ProviderAdapter:
        self.open_count += 1
        self.deadlines.append(deadline_seconds)
        return ShelfAdapter(self, provider.name)

    def keep(self, digest: str, previous: Receipt | None = None) -> Receipt:
        remote_id = previous.remote_id if previous else f"skill_{len(self.shelf) + 1}"
        number = 1 + sum(kept.receipt.remote_id == remote_id for kept in self.shelf)
        receipt = Receipt(remote_id=remote_id, remote_version=str(number))
        self.shelf.append(Kept(receipt=receipt, digest=digest, at=self._clock()))
        return receipt

    @asynccontextmanager
    async def place(self, connection: str) -> AsyncIterator[None]:
        """What a call takes while it lasts."""
        self.at_once[connection] += 1
        self.at_once_max[connection] = max(self.at_once_max[connection], self.at_once[connection])
        try:
            await self.gates[connection].wait()
            yield
        finally:
            self.at_once[connection] -= 1


class ShelfAdapter(NoopAdapter):
    def __init__(self, gateway: ShelfGateway, connection: str) -> None:
        self._gateway = gateway
        self._connection = connection

    async def find(self, intent: Intent) -> tuple[Receipt, ...]:
        """What is older than the intent may be a person's."""
        self._gateway.calls.append("find")
        shelf = self._gateway.shelf
        return tuple(kept.receipt for kept in shelf if kept.digest == intent.digest and kept.at >= intent.since)

    async def install(self, bundle: Bundle, intent: Intent) -> Receipt:
        self._gateway.calls.append("install")
        async with self._gateway.place(self._connection):
            fault = self._gateway.faults.popleft() if self._gateway.faults else None
            if fault is not None and not fault.applied:
                raise fault.error
            receipt = self._gateway.keep(bundle.digest, intent.previous)
            if fault is not None:
                raise fault.error
            return receipt

    async def adopt(self, receipt: Receipt) -> None:
        self._gateway.calls.append(f"adopt {receipt.remote_id}")

    async def live(self, receipt: Receipt) -> bool:
        self._gateway.calls.append("live")
        return any(kept.receipt == receipt for kept in self._gateway.shelf)

    async def close(self) -> None:
        self._gateway.open_count -= 1


def _open_gate() -> asyncio.Event:
    gate = asyncio.Event()
    gate.set()
    return gate
