"""Builds a read model again from the first event while it is served and written, and then has the new rows served.

Whatever ends it in the middle, the next one goes on where it was; nothing but its own table has changed until the swap.
"""

import asyncio
import time
from typing import Any, Final

from msgspec import Struct

from adapters.postgres.read_models_table import TableMismatchError
from adapters.postgres.second_tables import Kind, SecondTable, Standing
from adapters.postgres.swapping import (
    WAIT_MILLISECONDS_FIRST,
    WAIT_MILLISECONDS_MAX,
    OtherHistoryError,
    Outcome,
    check_history,
    try_swap,
)
from adapters.postgres.workbench import Workbench

# A projector that is further behind than this, or that is not there, is not waited for.
LAG_POSITIONS_MAX: Final = 1000
ATTEMPTS_MAX: Final = 200
PAUSE_SECONDS_MAX: Final = 1.0
BEGIN: Final = "INSERT INTO rebuilds (name, generation, kind) VALUES (%s, %s, %s)"
FORGET: Final = "DELETE FROM rebuilds WHERE (name, generation, kind) = (%s, %s, %s)"
RECORD: Final = "SELECT position, event FROM rebuilds WHERE (name, generation, kind) = (%s, %s, %s)"


class NothingKeptError(Exception):
    """There is no table from before that one could go back to."""


class NoPlaceError(Exception):
    """The tables could not be changed for each other: somebody reads them all the time, or more is written than is taken in."""


class Rebuilt(Struct, frozen=True, kw_only=True, rename="camel"):
    """`resumed_at` is the position at which this began, 0 for the first event or that of the kept table; `position` where it is
    served from. `former_position` is how far the table had come that is now kept.
    """

    name: str
    generation: int
    resumed_at: int
    position: int
    former_position: int
    attempts: int
    seconds: float
    events_per_second: float


async def rebuild(bench: Workbench[Any], *, afresh: bool = False) -> Rebuilt:
    """`afresh`: leave what an earlier one has left. Raises NotBuiltYetError, RefusedEventError, NoPlaceError, MissingEventError."""
    started = time.monotonic()
    await bench.live()
    second = await _begun(bench, afresh=afresh)
    resumed_at = second.position
    await bench.fill(second, until=await _target(bench), stage="loading")
    await second.index(lambda done, total: bench.tell("indexing", done=done, total=total))
    return await _have_served(bench, second, started=started, resumed_at=resumed_at)


async def go_back(bench: Workbench[Any]) -> Rebuilt:
    """To the table that was served before, which catches up first. What is served now is kept in its place.

    Raises NothingKeptError, and what `rebuild` raises.
    """
    started = time.monotonic()
    await bench.live()
    former = SecondTable(bench.tables, bench.model, Kind.FORMER)
    if not await _resumed(bench, former):
        raise NothingKeptError(f"nothing is kept of {bench.model.name} from before that one could go back to")
    resumed_at = former.position
    return await _have_served(bench, former, started=started, resumed_at=resumed_at)


async def _begun(bench: Workbench[Any], *, afresh: bool) -> SecondTable[Any]:
    """The table of an earlier rebuild that did not end, or a new one."""
    second = SecondTable(bench.tables, bench.model, Kind.NEXT)
    if not afresh and await _resumed(bench, second):
        return second
    these = (bench.model.name, bench.model.generation, Kind.NEXT)
    async with bench.tables.transaction():
        await second.drop()
        await bench.tables.execute(FORGET, these)
        await second.make()
        await bench.tables.execute(BEGIN, these)
    await second.open()
    return second


async def _resumed(bench: Workbench[Any], second: SecondTable[Any]) -> bool:
    """Whether there is one that can go on: with the columns of this program, and rows of this store's events."""
    these = (bench.model.name, bench.model.generation, second.kind)
    record = await (await bench.tables.execute(RECORD, these)).fetchone()
    if record is None or not await second.exists():
        return False
    second.standing = Standing(position=record["position"], event=record["event"])
    try:
        await second.open()
        await check_history(bench, second)
    except (TableMismatchError, OtherHistoryError):
        second.standing = Standing()
        return False
    return True


async def _have_served(bench: Workbench[Any], second: SecondTable[Any], *, started: float, resumed_at: int) -> Rebuilt:
    former_position = (await bench.live()).position
    attempts = await _swap(bench, second)
    seconds = time.monotonic() - started
    return Rebuilt(
        name=bench.model.name,
        generation=bench.model.generation,
        resumed_at=resumed_at,
        position=second.position,
        former_position=former_position,
        attempts=attempts,
        seconds=round(seconds, 3),
        events_per_second=round((second.position - resumed_at) / seconds, 1),
    )


async def _swap(bench: Workbench[Any], second: SecondTable[Any]) -> int:
    """How many attempts it took. Each waits longer for those who read, and leaves them in peace for as long before the next."""
    wait_milliseconds = WAIT_MILLISECONDS_FIRST
    overtaking = False
    for attempt in range(1, ATTEMPTS_MAX + 1):
        await bench.fill(second, until=await _target(bench), stage="catching up")
        bench.tell("swapping", done=attempt - 1, total=ATTEMPTS_MAX)
        outcome = await try_swap(bench, second, overtaking=overtaking, wait_milliseconds=wait_milliseconds)
        match outcome:
            case Outcome.SWAPPED:
                return attempt
            case Outcome.AHEAD:
                overtaking = True
            case Outcome.BEHIND:
                overtaking = False
            case Outcome.READ:
                await asyncio.sleep(min(wait_milliseconds / 1000, PAUSE_SECONDS_MAX))
                wait_milliseconds = min(wait_milliseconds * 2, WAIT_MILLISECONDS_MAX)
    raise NoPlaceError(
        f"{bench.model.name} is built, and could not be served in {ATTEMPTS_MAX} attempts: somebody reads it for longer than "
        "a second each time, or more events come than it takes in. What is built stays, and the next rebuild goes on from there"
    )


async def _target(bench: Workbench[Any]) -> int:
    """As far as what is served has come, so that the projector notices nothing; the newest event if that stands still."""
    live, head = await bench.live(), await bench.head()
    return head if live.parked or head - live.position > LAG_POSITIONS_MAX else live.position
