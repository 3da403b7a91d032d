"""The roles port in memory."""

import time
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from domain.ports import Lease


class Held(Struct, frozen=True, kw_only=True):
    lease: Lease
    expires_at: float


class MemoryRoles:
    """Implements `Roles`. `clock` counts seconds; tests give their own."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held: dict[str, Held] = {}

    async def acquire(self, *, role: str, holder: str, seconds: float) -> Lease | None:
        held = self._held.get(role)
        if held is None:
            lease = Lease(role=role, holder=holder, epoch=1, position=0)
        elif held.lease.holder == holder or held.expires_at <= self._clock():
            lease = replace(held.lease, holder=holder, epoch=held.lease.epoch + 1)
        else:
            return None
        self._held[role] = Held(lease=lease, expires_at=self._clock() + seconds)
        return lease

    async def renew(self, lease: Lease, *, seconds: float) -> bool:
        held = self.held_by(lease)
        if held is not None:
            self._held[lease.role] = replace(held, expires_at=self._clock() + seconds)
        return held is not None

    async def advance(self, lease: Lease, *, position: int) -> bool:
        held = self.held_by(lease)
        if held is not None:
            self._held[lease.role] = replace(held, lease=replace(held.lease, position=position))
        return held is not None

    async def release(self, lease: Lease) -> None:
        held = self.held_by(lease)
        if held is not None:
            self._held[lease.role] = replace(held, expires_at=self._clock())

    def held_by(self, lease: Lease) -> Held | None:
        """The role as it is held under this lease, None if its epoch is gone."""
        held = self._held.get(lease.role)
        if held is None or (held.lease.epoch, held.lease.holder) != (lease.epoch, lease.holder):
            return None
        return held
