"""Changes the table that is served for another one of the same read model, in one transaction that nobody notices.

Statements that other sessions have prepared name the table, and Postgres looks up the name again when it has changed hands.
"""

from enum import StrEnum
from typing import Any, Final

import psycopg

from adapters.postgres.mapper import event_id
from adapters.postgres.read_models import TELL
from adapters.postgres.second_tables import Kind, SecondTable
from adapters.postgres.workbench import NotBuiltYetError, Workbench
from projections.read_model import TABLES_IN
from projections.tracking import ROLE, Tracking

# What is taken in while the projector waits.
LAST_POSITIONS_MAX: Final = 200
# Whoever wants to read waits behind us for as long as we wait for those who read already. They themselves wait 1.5 s at most.
WAIT_MILLISECONDS_FIRST: Final = 50
WAIT_MILLISECONDS_MAX: Final = 1200
# Frozen in the middle we would hold up everybody: then Postgres ends this.
BRIEFLY: Final = """
    SELECT set_config('idle_in_transaction_session_timeout', '3s', true), set_config('statement_timeout', '10s', true)
"""
# In the order in which the projector takes them.
HOLD_ROLE: Final = "SELECT epoch FROM roles WHERE role = %s FOR UPDATE"
HOLD_LIVE: Final = "SELECT * FROM read_models WHERE name = %s AND generation = %s FOR UPDATE"
STORED: Final = "SELECT state FROM events WHERE notification_id = %s"
SHORTLY: Final = "SELECT set_config('lock_timeout', %s, true)"
LOCK: Final = "LOCK TABLE {live}, {second} IN ACCESS EXCLUSIVE MODE"
FORGET: Final = "DELETE FROM rebuilds WHERE name = %s AND generation = %s AND kind = ANY(%s)"
KEEP: Final = "INSERT INTO rebuilds (name, generation, kind, position, event) VALUES (%s, %s, %s, %s, %s)"
MOVE: Final = """
    UPDATE read_models SET position = %s, event = %s, parked_event = NULL, parked_error = NULL
    WHERE name = %s AND generation = %s
"""
# The projector then looks anew where each read model stands.
END_TENURE: Final = "UPDATE roles SET epoch = epoch + 1 WHERE role = %s"


class Outcome(StrEnum):
    SWAPPED = "swapped"
    BEHIND = "behind"  # the table that is served has gone on meanwhile
    AHEAD = "ahead"  # the one that is served is parked or behind: then the projector has to know
    READ = "read"  # somebody reads the table that is served for longer than we wait


class OtherHistoryError(Exception):
    """The rows of a second table tell of events that this store does not hold: it was restored."""


class _NotYet(Exception):  # noqa: N818 - leaves a transaction, and says with what
    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


async def try_swap(
    bench: Workbench[Any], second: SecondTable[Any], *, overtaking: bool, wait_milliseconds: int
) -> Outcome:
    """One attempt; nothing has changed unless it is SWAPPED. `overtaking`: the second table may be further than the one that
    is served, which is then not parked any more. Raises NotBuiltYetError, OtherHistoryError, RefusedEventError.
    """
    before = second.standing
    try:
        async with bench.tables.transaction():
            await _swap(bench, second, overtaking=overtaking, wait_milliseconds=wait_milliseconds)
    except _NotYet as reason:
        return reason.outcome
    except psycopg.errors.LockNotAvailable:
        # What was taken in within the transaction is gone with it.
        second.standing = before
        return Outcome.READ
    return Outcome.SWAPPED


async def _swap(bench: Workbench[Any], second: SecondTable[Any], *, overtaking: bool, wait_milliseconds: int) -> None:
    await bench.tables.execute(BRIEFLY)
    if overtaking:
        await bench.tables.execute(HOLD_ROLE, (ROLE,))
    live = await _hold_live(bench)
    ahead = live.parked or second.position > live.position
    if ahead and not overtaking:
        raise _NotYet(Outcome.AHEAD)
    if live.position - second.position > LAST_POSITIONS_MAX:
        raise _NotYet(Outcome.BEHIND)
    await bench.fill(second, until=live.position)
    await check_history(bench, second)
    await bench.tables.execute(SHORTLY, (f"{wait_milliseconds}ms",))
    await bench.tables.execute(LOCK.format(live=bench.model.table, second=second.name).encode())
    await _change_names(bench, second, live)
    if ahead:
        await bench.tables.execute(MOVE, (second.position, second.event, bench.model.name, bench.model.generation))
        await bench.tables.execute(END_TENURE, (ROLE,))
    await bench.tables.execute(TELL)


async def check_history(bench: Workbench[Any], second: SecondTable[Any]) -> None:
    """Raises OtherHistoryError."""
    if second.position == 0:
        return
    found = await (await bench.tables.execute(STORED, (second.position,))).fetchone()
    if found is None or event_id(bytes(found["state"])) != second.event:
        raise OtherHistoryError(f"{second.name} knows another event at position {second.position}")


async def _hold_live(bench: Workbench[Any]) -> Tracking:
    cursor = await bench.tables.execute(HOLD_LIVE, (bench.model.name, bench.model.generation))
    row = await cursor.fetchone()
    if row is None:
        raise NotBuiltYetError(bench.model)
    return Tracking(**row)


async def _change_names(bench: Workbench[Any], second: SecondTable[Any], live: Tracking) -> None:
    """The second table is served, and the one that was is kept as the former."""
    model = bench.model
    leaving = model.beside("leaving")
    former = model.beside(Kind.FORMER)
    statements = [
        f"ALTER TABLE {model.table} RENAME TO {_bare(leaving)}",
        f"ALTER TABLE {second.name} RENAME TO {_bare(model.table)}",
        f"DROP TABLE IF EXISTS {former} CASCADE",
        f"ALTER TABLE {leaving} RENAME TO {_bare(former)}",
    ]
    for statement in statements:
        await bench.tables.execute(statement.encode())
    these = (model.name, model.generation)
    await bench.tables.execute(FORGET, (*these, [second.kind, Kind.FORMER]))
    await bench.tables.execute(KEEP, (*these, Kind.FORMER, live.position, live.event))


def _bare(table: str) -> str:
    return table.removeprefix(f"{TABLES_IN}.")
