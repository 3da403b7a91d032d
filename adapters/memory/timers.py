"""The timers port in memory, on those that a memory store holds."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from adapters.memory.event_store import MemoryEventStore, TimerKey
from adapters.memory.roles import MemoryRoles
from domain.ports import Lease
from domain.timers import SetTimer, TimerName, TimerPhase

WAITING: Final = frozenset({TimerPhase.WAITING, TimerPhase.RETRY, TimerPhase.TICKETED})


class MemoryTimers:
    """Implements `Timers`."""

    def __init__(self, store: MemoryEventStore, *, roles: MemoryRoles) -> None:
        self._store = store
        self._roles = roles

    async def due(self, *, phases: frozenset[TimerPhase], limit: int) -> tuple[SetTimer, ...]:
        now = self._store.clock()
        found = [timer for timer in self._set(phases) if timer.timer.due_at and timer.timer.due_at <= now]
        return tuple(sorted(found, key=lambda timer: timer.timer.due_at or now)[:limit])

    async def next_due_in(self, *, phases: frozenset[TimerPhase]) -> float | None:
        moments = [timer.timer.due_at for timer in self._set(phases) if timer.timer.due_at]
        return max(0.0, (min(moments) - self._store.clock()).total_seconds()) if moments else None

    async def standing(
        self, *, phases: frozenset[TimerPhase], seconds: float, after: SetTimer | None, limit: int
    ) -> tuple[SetTimer, ...]:
        latest = self._store.clock() - timedelta(seconds=seconds)
        found = [
            timer
            for timer in sorted(self._targets(phases), key=_target)
            if timer.set_at <= latest and (after is None or _target(timer) > _target(after))
        ]
        return tuple(found[:limit])

    async def waiting_at(self, provider_id: UUID, *, limit: int) -> tuple[SetTimer, ...]:
        found = [timer for timer in self._targets(WAITING) if timer.timer.provider_id == provider_id]
        return tuple(sorted(found, key=lambda timer: (timer.set_at, timer.timer.subject))[:limit])

    async def reset(
        self,
        timer: SetTimer,
        *,
        lease: Lease,
        phase: TimerPhase,
        seconds: float,
        round: int = 0,  # noqa: A002 - the port's word
    ) -> bool:
        if not self._may_write(timer, lease):
            return False
        now = self._store.clock()
        anew = replace(timer.timer, phase=phase, due_at=now + timedelta(seconds=seconds), round=round)
        self._store.timers[_key(timer)] = replace(timer, timer=anew, set_at=now)
        return True

    async def clear(self, timer: SetTimer, *, lease: Lease) -> bool:
        if not self._may_write(timer, lease):
            return False
        del self._store.timers[_key(timer)]
        return True

    def _may_write(self, timer: SetTimer, lease: Lease) -> bool:
        return self._store.timers.get(_key(timer)) == timer and self._roles.held_by(lease) is not None

    def _set(self, phases: frozenset[TimerPhase]) -> list[SetTimer]:
        return [timer for timer in self._store.timers.values() if timer.timer.phase in phases]

    def _targets(self, phases: frozenset[TimerPhase]) -> list[SetTimer]:
        return [timer for timer in self._set(phases) if timer.timer.name is TimerName.TARGET]


def _key(timer: SetTimer) -> TimerKey:
    return (timer.timer.name, timer.timer.subject, timer.timer.provider_id)


def _target(timer: SetTimer) -> tuple[UUID, UUID]:
    return (timer.timer.subject, timer.timer.provider_id)
