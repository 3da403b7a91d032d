"""A provider in memory that remembers: what was created is found again, and its next writes can be told to go wrong."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import count
from typing import TypeVar

from msgspec import Struct

from adapters.providers.catalog import CATALOG
from adapters.providers.noop import NoopAdapter
from domain.installation.events import Receipt
from domain.ports import Intent, Limits, ProviderAdapter, Standing
from domain.provider.events import ProviderKind
from domain.provider.state import Provider
from domain.skill.bundle import Bundle

Written = TypeVar("Written")


class Kept(Struct, frozen=True, kw_only=True):
    receipt: Receipt
    digest: str
    at: datetime


class Fault(Struct, frozen=True, kw_only=True):
    """What a write ends with. `applied`: it was carried out all the same."""

    error: Exception
    applied: bool = False


class ShelfGateway:
    """Implements `ProviderGateway` for any number of connections, which share the shelf but not the `gates`: a write at a
    connection waits until its gate is open. `calls` are those of all adapters, in order; `in_use` is by remote id.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.shelf: list[Kept] = []
        self.in_use: dict[str, Receipt] = {}
        self.faults: deque[Fault] = deque()
        self.gates: defaultdict[str, asyncio.Event] = defaultdict(_open_gate)
        self.calls: list[str] = []
        self.deadlines: list[float] = []
        self.at_once: Counter[str] = Counter()
        self.at_once_max: Counter[str] = Counter()
        self.together_max = 0
        self.open_count = 0
        self._numbers: defaultdict[str, count[int]] = defaultdict(lambda: count(1))

    def limits(self, kind: ProviderKind) -> Limits:
        return CATALOG[kind].limits

    async def open(self, provider: Provider, *, deadline_seconds: float) -> ProviderAdapter:
        self.open_count += 1
        self.deadlines.append(deadline_seconds)
        return ShelfAdapter(self, provider.name)

    def keep(self, digest: str, previous: Receipt | None = None) -> Receipt:
        there = {kept.receipt.remote_id for kept in self.shelf}
        remote_id = (
            previous.remote_id if previous and previous.remote_id in there else f"skill_{len(self._numbers) + 1}"
        )
        receipt = Receipt(remote_id=remote_id, remote_version=str(next(self._numbers[remote_id])))
        self.shelf.append(Kept(receipt=receipt, digest=digest, at=self._clock()))
        self.in_use[remote_id] = receipt
        return receipt

    def bring_back(self, former: Receipt, digest: str, previous: Receipt | None) -> Receipt:
        """The version that is still there, and otherwise a new one."""
        if all(kept.receipt != former for kept in self.shelf):
            return self.keep(digest, previous)
        self.in_use[former.remote_id] = former
        return former

    def take_away(self, extra: Receipt) -> None:
        """Of one in use, the newest version that is left takes its place."""
        self.shelf = [kept for kept in self.shelf if kept.receipt != extra]
        if self.in_use.get(extra.remote_id) == extra:
            left = [kept.receipt for kept in self.shelf if kept.receipt.remote_id == extra.remote_id]
            self.in_use.update({receipt.remote_id: receipt for receipt in left})

    def remove(self, remote_id: str) -> None:
        self.shelf = [kept for kept in self.shelf if kept.receipt.remote_id != remote_id]

    @asynccontextmanager
    async def place(self, connection: str) -> AsyncIterator[None]:
        """What a call takes while it lasts."""
        self.at_once[connection] += 1
        self.at_once_max[connection] = max(self.at_once_max[connection], self.at_once[connection])
        self.together_max = max(self.together_max, self.at_once.total())
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
        new = (kept for kept in self._gateway.shelf if kept.digest == intent.digest and kept.at >= intent.since)
        return tuple(kept.receipt for kept in new if kept.receipt != intent.previous)

    async def install(self, bundle: Bundle, intent: Intent) -> Receipt:
        self._gateway.calls.append("install")
        return await self._write(lambda: self._gateway.keep(bundle.digest, intent.previous))

    async def restore(self, former: Receipt, bundle: Bundle, intent: Intent) -> Receipt:
        self._gateway.calls.append(f"restore {former.remote_id}")
        return await self._write(lambda: self._gateway.bring_back(former, bundle.digest, intent.previous))

    async def adopt(self, receipt: Receipt, intent: Intent) -> None:
        self._gateway.calls.append(f"adopt {receipt.remote_id}")
        self._gateway.in_use[receipt.remote_id] = receipt

    async def discard(self, extra: Receipt) -> None:
        self._gateway.calls.append(f"discard {extra.remote_id}")
        self._gateway.take_away(extra)

    async def status(self, receipt: Receipt) -> Standing:
        self._gateway.calls.append("status")
        if all(kept.receipt.remote_id != receipt.remote_id for kept in self._gateway.shelf):
            return Standing.MISSING
        return Standing.IN_USE if self._gateway.in_use[receipt.remote_id] == receipt else Standing.CHANGED

    async def uninstall(self, receipt: Receipt) -> None:
        self._gateway.calls.append(f"uninstall {receipt.remote_id}")
        await self._write(lambda: self._gateway.remove(receipt.remote_id))

    async def close(self) -> None:
        self._gateway.open_count -= 1

    async def _write(self, write: Callable[[], Written]) -> Written:
        async with self._gateway.place(self._connection):
            fault = self._gateway.faults.popleft() if self._gateway.faults else None
            if fault is not None and not fault.applied:
                raise fault.error
            written = write()
            if fault is not None:
                raise fault.error
            return written


def _open_gate() -> asyncio.Event:
    gate = asyncio.Event()
    gate.set()
    return gate
