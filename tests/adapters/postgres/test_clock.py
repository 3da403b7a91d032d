"""The database's clock as a process sees it: measured, steady between measurements, and deaf to slow answers."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from adapters.postgres.clock import DRIFT, ROUND_TRIP_SECONDS_MAX, Answer, DatabaseClock
from adapters.postgres.connection import Pool, open_pool
from domain.errors import StoreOffline
from tests.kit.facts import NOON

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
QUICK_SECONDS = 0.002


class Seconds:
    """A machine's own seconds, which go on when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(database, name="test", size_max=2) as pool:
        yield pool


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def clock(seconds: Seconds) -> DatabaseClock:
    """Of a machine that believes to live long ago; what the database says, it is told."""
    never_asked = open_pool("postgresql://", name="test", size_max=1)
    return DatabaseClock(never_asked, seconds=seconds, until_heard=lambda: LONG_AGO)


def answer(seconds: Seconds, told: datetime, *, took_seconds: float = QUICK_SECONDS) -> Answer:
    """One that is here now, in whose middle the database said so."""
    return Answer(
        asked=seconds.now - took_seconds, told=told - timedelta(seconds=took_seconds / 2), answered=seconds.now
    )


@pytest.mark.anyio
async def test_it_says_what_the_database_says_whatever_the_machine_believes(pool: Pool, database: str) -> None:
    async with DatabaseClock(pool, until_heard=lambda: LONG_AGO) as clock:
        with psycopg.connect(database) as connection:
            before, here = connection.execute("SELECT clock_timestamp()").fetchone(), clock()
            after = connection.execute("SELECT clock_timestamp()").fetchone()
    assert before
    assert after
    assert before[0] - timedelta(seconds=0.05) < here < after[0] + timedelta(seconds=0.05)
    assert here.tzinfo is not None


@pytest.mark.anyio
async def test_until_the_database_is_heard_the_machine_is_believed(database: str) -> None:
    async with (
        open_pool(make_conninfo(database, host="/nowhere"), name="test", size_max=1) as pool,
        DatabaseClock(pool, until_heard=lambda: LONG_AGO) as clock,
    ):
        assert clock() == LONG_AGO
        with pytest.raises(StoreOffline):
            await clock.measure()


def test_between_measurements_it_goes_on_with_the_seconds_that_nobody_sets(
    clock: DatabaseClock, seconds: Seconds
) -> None:
    clock.learn(answer(seconds, NOON))
    assert clock() == NOON
    seconds.now += 7.5
    assert clock() == NOON + timedelta(seconds=7.5)


def test_a_slow_answer_is_not_believed_over_a_better_one(clock: DatabaseClock, seconds: Seconds) -> None:
    clock.learn(answer(seconds, NOON))
    seconds.now += 10
    clock.learn(answer(seconds, NOON + timedelta(seconds=10.2), took_seconds=0.5))
    assert clock() == NOON + timedelta(seconds=10)


def test_a_better_answer_is_believed(clock: DatabaseClock, seconds: Seconds) -> None:
    clock.learn(answer(seconds, NOON, took_seconds=0.5))
    better = NOON + timedelta(seconds=0.2)
    clock.learn(answer(seconds, better))
    assert clock() == better


def test_an_exact_answer_grows_old(clock: DatabaseClock, seconds: Seconds) -> None:
    """Clocks drift apart: after a while a slower answer says more than one that was exact once."""
    clock.learn(answer(seconds, NOON))
    passed, took = 1000.0, 0.5
    assert took / 2 < passed * DRIFT
    seconds.now += passed
    drifted = NOON + timedelta(seconds=passed + 0.2)
    clock.learn(answer(seconds, drifted, took_seconds=took))
    assert clock() == drifted


def test_an_answer_that_took_too_long_says_nothing(clock: DatabaseClock, seconds: Seconds) -> None:
    clock.learn(answer(seconds, NOON, took_seconds=ROUND_TRIP_SECONDS_MAX + 0.1))
    assert clock() == LONG_AGO


def test_a_correction_does_not_turn_time_back(clock: DatabaseClock, seconds: Seconds) -> None:
    clock.learn(answer(seconds, NOON, took_seconds=0.8))
    assert clock() == NOON
    clock.learn(answer(seconds, NOON - timedelta(seconds=0.3)))
    assert clock() == NOON
    seconds.now += 0.2
    assert clock() == NOON
    seconds.now += 0.2
    assert clock() == NOON + timedelta(seconds=0.1)


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_database_whose_clock_was_set_is_followed(clock: DatabaseClock, seconds: Seconds, hours: int) -> None:
    clock.learn(answer(seconds, NOON))
    assert clock() == NOON
    moved = NOON + timedelta(hours=hours)
    clock.learn(answer(seconds, moved, took_seconds=0.9))
    assert clock() == moved
