"""Timers are set with their events or not at all, whoever shares the commit and whatever becomes of the connection."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import psycopg
import pytest
from msgspec.structs import replace

from adapters.postgres.connection import Pool, open_pool
from adapters.postgres.event_store import PostgresEventStore
from adapters.postgres.roles import PostgresRoles
from adapters.postgres.timers import PostgresTimers
from domain.ports import AppendConflict
from tests.adapters.postgres.cut import socket_of, through
from tests.kit.cable import Cable
from tests.kit.facts import append
from tests.kit.timers_conformance import ALL, TimersConformance, setting, the_only, timer

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(database, name="test", size_max=4) as pool:
        yield pool


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresEventStore]:
    store = PostgresEventStore(database, name="test")
    yield store
    await store.close()


@pytest.fixture
def timers(pool: Pool) -> PostgresTimers:
    return PostgresTimers(pool)


@pytest.fixture
def roles(pool: Pool) -> PostgresRoles:
    return PostgresRoles(pool)


class TestPostgresTimers(TimersConformance):
    pass


async def test_in_a_shared_commit_a_conflict_keeps_its_own_timers_out_and_no_other(
    store: PostgresEventStore, timers: PostgresTimers
) -> None:
    """All of these wait for the first, and go in together."""
    taken, cleared = uuid4(), timer()
    await store.append(replace(append(taken), timers=(cleared,)))
    loser = replace(append(taken), timers=(timer(), replace(cleared, due_at=None)))
    winners = [setting(timer()) for _ in range(20)]
    outcomes = await asyncio.gather(*map(store.append, (*winners[:10], loser, *winners[10:])), return_exceptions=True)
    assert sum(isinstance(outcome, AppendConflict) for outcome in outcomes) == 1
    found = {each.timer: each for each in await timers.due(phases=ALL, limit=100)}
    assert found.keys() == {cleared, *(winner.timers[0] for winner in winners)}
    for winner in winners:
        (event,) = await store.load(winner.events[0].stream)
        set_timer = found[winner.timers[0]]
        assert (set_timer.event_id, set_timer.position) == (event.id, event.position)
        assert set_timer.correlation_id == winner.context.correlation_id


async def test_in_a_shared_commit_the_last_word_about_a_timer_counts(
    store: PostgresEventStore, timers: PostgresTimers
) -> None:
    wanted, other = timer(), timer()
    first, between, last = (
        setting(wanted, replace(other, round=1)),
        setting(replace(wanted, due_at=None), replace(other, round=2)),
        setting(replace(wanted, round=3), replace(other, due_at=None)),
    )
    await asyncio.gather(*map(store.append, (setting(timer(seconds=60)), first, between, last)))
    found = await the_only(timers)
    assert (found.timer, found.event_id) == (replace(wanted, round=3), last.events[0].id)


async def test_events_without_their_timers_are_not_stored(store: PostgresEventStore, database: str) -> None:
    """What the table refuses keeps the events out too."""
    stream = uuid4()
    broken = replace(append(stream), timers=(replace(timer(), round=2**40),))
    with pytest.raises(psycopg.DataError):
        await store.append(broken)
    assert await store.load(stream) == ()
    assert len(await store.append(append(stream))) == 1


async def test_after_a_lost_acknowledgement_timers_are_not_set_again(database: str, timers: PostgresTimers) -> None:
    """The batch is tried again on a new connection; by then somebody may have seen to the timer that it had set."""
    stream, wanted, neighbour = uuid4(), timer(), timer()

    def cut_when(request: bytes) -> bool:
        if cable.cuts == 0:
            return b"COMMIT" in request
        if b"FOR UPDATE" in request:
            with psycopg.connect(database, autocommit=True) as connection:
                seen_to.append(connection.execute("DELETE FROM due WHERE subject = %s", (wanted.subject,)).rowcount)
        return False

    seen_to: list[int] = []
    cable = Cable(socket_of(database), cut_when=cut_when)
    async with cable as port:
        store = PostgresEventStore(through(database, port), name="test")
        first, _ = await asyncio.gather(
            store.append(replace(append(stream), timers=(wanted,))), store.append(setting(neighbour))
        )
        await store.close()
    assert cable.cuts == 1, "the fault did not happen, so this shows nothing"
    assert seen_to == [1], "the timer was not there when the batch was tried again, so this shows nothing"
    assert len(first) == 1
    assert (await the_only(timers)).timer == neighbour


async def test_a_connection_lost_before_the_commit_loses_no_timer(database: str, timers: PostgresTimers) -> None:
    cable = Cable(socket_of(database), cut_when=lambda request: cable.cuts == 0 and b"FOR UPDATE" in request)
    wanted = timer()
    async with cable as port:
        store = PostgresEventStore(through(database, port), name="test")
        (event,) = await store.append(setting(wanted))
        await store.close()
    assert cable.cuts == 1, "the fault did not happen, so this shows nothing"
    found = await the_only(timers)
    assert (found.timer, found.event_id) == (wanted, event.id)


async def test_a_timer_of_a_newer_program_is_left_to_it(
    database: str, store: PostgresEventStore, timers: PostgresTimers
) -> None:
    await store.append(setting(timer()))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE due SET name = 'remind', due_at = now() - interval '1 hour'")
    assert await timers.due(phases=ALL, limit=10) == ()
    assert await timers.next_due_in(phases=ALL) is None
