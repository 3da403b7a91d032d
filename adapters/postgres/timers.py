"""The timers port on Postgres: set in the transaction of the events that they follow from, judged by the database's clock."""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from psycopg import Cursor
from psycopg.rows import DictRow

from adapters.postgres.connection import Pool, offline_errors
from domain.ports import Lease
from domain.timers import SetTimer, Timer, TimerName, TimerPhase

SET: Final = """
    INSERT INTO due (name, subject, provider_id, phase, due_at, round, event_id, position, request_id, correlation_id)
    SELECT * FROM unnest(
        %b::text[], %b::uuid[], %b::uuid[], %b::text[], %b::timestamptz[], %b::int[],
        %b::uuid[], %b::bigint[], %b::text[], %b::uuid[]
    )
    ON CONFLICT (name, subject, provider_id) DO UPDATE
    SET phase = excluded.phase, due_at = excluded.due_at, round = excluded.round, set_at = now(),
        event_id = excluded.event_id, position = excluded.position,
        request_id = excluded.request_id, correlation_id = excluded.correlation_id
"""
CLEAR: Final = """
    DELETE FROM due USING unnest(%b::text[], %b::uuid[], %b::uuid[]) AS gone (name, subject, provider_id)
    WHERE due.name = gone.name AND due.subject = gone.subject AND due.provider_id = gone.provider_id
"""
DUE: Final = """
    SELECT * FROM due WHERE phase = ANY(%(phases)s) AND name = ANY(%(names)s) AND due_at <= now()
    ORDER BY due_at LIMIT %(limit)s
"""
NEXT: Final = """
    SELECT extract(epoch FROM min(first.due_at) - now())::float8 AS seconds
    FROM unnest(%(phases)s::text[]) AS wanted (phase)
    CROSS JOIN LATERAL (
        SELECT due_at FROM due WHERE due.phase = wanted.phase AND due.name = ANY(%(names)s) ORDER BY due_at LIMIT 1
    ) AS first
"""
STANDING: Final = """
    SELECT * FROM due
    WHERE name = 'target' AND phase = ANY(%(phases)s) AND set_at <= now() - make_interval(secs => %(seconds)s)
      AND (subject, provider_id) > (%(subject)s, %(provider_id)s)
    ORDER BY subject, provider_id LIMIT %(limit)s
"""
WAITING_AT: Final = """
    SELECT * FROM due
    WHERE name = 'target' AND phase IN ('waiting', 'retry', 'ticketed') AND provider_id = %(provider_id)s
    ORDER BY set_at, subject LIMIT %(limit)s
"""
UNCHANGED: Final = """
    WHERE name = %(name)s AND subject = %(subject)s AND provider_id = %(provider_id)s
      AND event_id = %(event_id)s AND set_at = %(set_at)s
      AND EXISTS (SELECT FROM roles WHERE role = %(role)s AND epoch = %(epoch)s AND holder = %(holder)s)
"""
RESET: Final = f"""
    UPDATE due SET phase = %(new_phase)s, due_at = now() + make_interval(secs => %(seconds)s), round = %(new_round)s,
                   set_at = now()
    {UNCHANGED}
"""  # noqa: S608 - both parts are constants
DONE: Final = f"DELETE FROM due {UNCHANGED}"  # noqa: S608 - both parts are constants
BEFORE_ALL: Final = UUID(int=0)
# Those of a newer program are for a newer program.
KNOWN: Final = [name.value for name in TimerName]


class SetBy(Struct, frozen=True, kw_only=True):
    """The last event of the append that sets a timer."""

    event_id: UUID
    position: int
    request_id: str
    correlation_id: UUID


def write_timers(cursor: Cursor[DictRow], timers: Iterable[tuple[Timer, SetBy]]) -> None:
    """Set and clear these; of several that are the same timer the last counts."""
    latest = {(timer.name, timer.subject, timer.provider_id): (timer, set_by) for timer, set_by in timers}
    settings = [_as_row(timer, set_by) for timer, set_by in latest.values() if timer.due_at is not None]
    clearings = [(key[0].value, *key[1:]) for key, (timer, _) in latest.items() if timer.due_at is None]
    if settings:
        cursor.execute(SET, _columns(settings))
    if clearings:
        cursor.execute(CLEAR, _columns(clearings))


def _as_row(timer: Timer, set_by: SetBy) -> tuple[object, ...]:
    return (
        timer.name.value,
        timer.subject,
        timer.provider_id,
        timer.phase.value,
        timer.due_at,
        timer.round,
        set_by.event_id,
        set_by.position,
        set_by.request_id,
        set_by.correlation_id,
    )


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


class PostgresTimers:
    """Implements `Timers`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def due(self, *, phases: frozenset[TimerPhase], limit: int) -> tuple[SetTimer, ...]:
        return await self._read(DUE, {"phases": _values(phases), "names": KNOWN, "limit": limit})

    async def next_due_in(self, *, phases: frozenset[TimerPhase]) -> float | None:
        with offline_errors():
            async with self._pool.connection() as connection:
                values = {"phases": _values(phases), "names": KNOWN}
                row = await (await connection.execute(NEXT, values)).fetchone()
        return None if row is None or row["seconds"] is None else max(0.0, row["seconds"])

    async def standing(
        self, *, phases: frozenset[TimerPhase], seconds: float, after: SetTimer | None, limit: int
    ) -> tuple[SetTimer, ...]:
        values = {
            "phases": _values(phases),
            "seconds": seconds,
            "subject": after.timer.subject if after else BEFORE_ALL,
            "provider_id": after.timer.provider_id if after else BEFORE_ALL,
            "limit": limit,
        }
        return await self._read(STANDING, values)

    async def waiting_at(self, provider_id: UUID, *, limit: int) -> tuple[SetTimer, ...]:
        return await self._read(WAITING_AT, {"provider_id": provider_id, "limit": limit})

    async def reset(
        self,
        timer: SetTimer,
        *,
        lease: Lease,
        phase: TimerPhase,
        seconds: float,
        round: int = 0,  # noqa: A002 - the port's word
    ) -> bool:
        values = {"new_phase": phase.value, "seconds": seconds, "new_round": round}
        return await self._change(RESET, _as_read(timer, lease) | values)

    async def clear(self, timer: SetTimer, *, lease: Lease) -> bool:
        return await self._change(DONE, _as_read(timer, lease))

    async def _read(self, statement: str, values: dict[str, Any]) -> tuple[SetTimer, ...]:
        with offline_errors():
            async with self._pool.connection() as connection:
                cursor = await connection.execute(statement, values)
                return tuple(_set_timer(row) for row in await cursor.fetchall())

    async def _change(self, statement: str, values: dict[str, Any]) -> bool:
        with offline_errors():
            async with self._pool.connection() as connection:
                return (await connection.execute(statement, values)).rowcount == 1


def _values(phases: frozenset[TimerPhase]) -> list[str]:
    return [phase.value for phase in phases]


def _as_read(timer: SetTimer, lease: Lease) -> dict[str, Any]:
    return {
        "name": timer.timer.name.value,
        "subject": timer.timer.subject,
        "provider_id": timer.timer.provider_id,
        "set_at": timer.set_at,
        "event_id": timer.event_id,
        "role": lease.role,
        "epoch": lease.epoch,
        "holder": lease.holder,
    }


def _set_timer(row: DictRow) -> SetTimer:
    return SetTimer(
        timer=Timer(
            name=TimerName(row["name"]),
            subject=row["subject"],
            provider_id=row["provider_id"],
            phase=TimerPhase(row["phase"]),
            due_at=row["due_at"],
            round=row["round"],
        ),
        set_at=row["set_at"],
        event_id=row["event_id"],
        position=row["position"],
        request_id=row["request_id"],
        correlation_id=row["correlation_id"],
    )
