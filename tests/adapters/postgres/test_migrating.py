"""A database from before there were timers: its open runs get theirs, and those that have ended none."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest
from psycopg import sql

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.connection import open_pool
from adapters.postgres.mapper import Envelope, to_stored
from adapters.postgres.migrating import JOURNAL, migrate, migrations
from adapters.postgres.timers import PostgresTimers
from domain.errors import Code
from domain.install_run.events import (
    ProviderFailed,
    ProviderRefused,
    ProviderStarted,
    ProviderSucceeded,
    RunEvent,
    RunFailed,
    RunPartiallyFailed,
    RunStarted,
)
from domain.timers import SetTimer, TimerName, TimerPhase
from tests.conftest import url_of
from tests.kit.facts import recorded
from tests.kit.timers_conformance import ALL

BEFORE_TIMERS = 3
GOLDEN = Path(__file__).parents[2] / "domain" / "golden" / "install_run.run_queued.v1.json"
OPENAI, CLAUDE = (UUID(target["id"]) for target in msgspec.json.decode(GOLDEN.read_bytes())["targets"])
LEASE_UNTIL = datetime(2026, 3, 14, 6, 26, 53, 589793, tzinfo=UTC)


def begun(provider_id: UUID) -> ProviderStarted:
    since = LEASE_UNTIL - timedelta(seconds=90)
    return ProviderStarted(provider_id=provider_id, attempt_id=uuid4(), attempt=1, since=since, lease_until=LEASE_UNTIL)


def failed(provider_id: UUID) -> ProviderFailed:
    return ProviderFailed(
        provider_id=provider_id,
        attempt_id=uuid4(),
        code=Code.PROVIDER_TIMEOUT,
        message="no answer",
        retryable=True,
        ambiguous=True,
    )


def succeeded(provider_id: UUID) -> ProviderSucceeded:
    return ProviderSucceeded(provider_id=provider_id, attempt_id=uuid4())


REFUSED = ProviderRefused(provider_id=CLAUDE, code=Code.PROVIDER_INVALID_SKILL, message="too long")
FAILED, PARTIALLY = RunFailed(failures={}), RunPartiallyFailed(succeeded=1, failures={})
# What happened in a run for both, and which of its targets have to be looked at again, and when.
RUNS: dict[str, tuple[Sequence[RunEvent], dict[UUID, TimerPhase]]] = {
    "queued": ((), {OPENAI: TimerPhase.TICKETED, CLAUDE: TimerPhase.TICKETED}),
    "under_way": ((RunStarted(), begun(CLAUDE)), {OPENAI: TimerPhase.TICKETED, CLAUDE: TimerPhase.RUNNING}),
    "half_done": ((RunStarted(), begun(OPENAI), succeeded(OPENAI)), {CLAUDE: TimerPhase.TICKETED}),
    "half_failed": ((begun(OPENAI), begun(CLAUDE), failed(OPENAI)), {CLAUDE: TimerPhase.RUNNING}),
    "half_refused": ((REFUSED, begun(OPENAI)), {OPENAI: TimerPhase.RUNNING}),
    "refused": ((REFUSED, begun(OPENAI), failed(OPENAI), FAILED), {}),
    "ended": ((begun(OPENAI), begun(CLAUDE), succeeded(OPENAI), failed(CLAUDE), PARTIALLY), {}),
}


@pytest.fixture
def old_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    name = sql.Identifier("waybill_from_before")
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
    url = url_of(postgres, "waybill_from_before")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(JOURNAL)
        for migration in migrations()[:BEFORE_TIMERS]:
            connection.execute(migration.statements.encode())
            journal = (migration.number, migration.name, migration.sha256)
            connection.execute("INSERT INTO schema_migrations VALUES (%s, %s, %s)", journal)
    yield url
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
async def timers(old_database: str) -> AsyncIterator[PostgresTimers]:
    async with open_pool(old_database, name="test", size_max=2) as pool:
        yield PostgresTimers(pool)


def store(url: str, run_id: UUID, events: Sequence[RunEvent]) -> None:
    """As the program of that time did, behind what is there."""
    first = recorded(RunStarted(), stream=run_id)
    queued = Envelope(
        id=first.id,
        v=1,
        at=first.at,
        actor=first.actor,
        request_id=first.request_id,
        correlation_id=first.correlation_id,
        causation_id=None,
        data=msgspec.Raw(GOLDEN.read_bytes()),
    )
    rows = [("install_run.run_queued", msgspec.json.encode(queued))]
    rows += [(stored.topic, stored.state) for stored in (to_stored(recorded(event, stream=run_id)) for event in events)]
    with psycopg.connect(url) as connection:
        for version, (topic, state) in enumerate(rows, start=1):
            connection.execute(
                "INSERT INTO events SELECT %s, %s, %s, %s, count(*) + 1 FROM events", (run_id, version, topic, state)
            )


@pytest.mark.anyio
async def test_every_target_that_has_not_ended_gets_its_timer(old_database: str, timers: PostgresTimers) -> None:
    run_ids = {what: uuid4() for what in RUNS}
    for what, (events, _) in RUNS.items():
        store(old_database, run_ids[what], events)
    assert await asyncio.to_thread(migrate, old_database) == [each.name for each in migrations()[BEFORE_TIMERS:]]
    found = await timers.due(phases=ALL, limit=100)
    phases = {(each.timer.subject, each.timer.provider_id): each.timer.phase for each in found}
    assert phases == {
        (run_ids[what], provider_id): phase for what, (_, left) in RUNS.items() for provider_id, phase in left.items()
    }
    assert all(each.timer.name is TimerName.TARGET for each in found)
    assert all(each.timer.due_at == LEASE_UNTIL for each in found if each.timer.phase is TimerPhase.RUNNING)
    assert_set_by_the_last_event(old_database, found)


def assert_set_by_the_last_event(url: str, found: Sequence[SetTimer]) -> None:
    statement = """
        SELECT position, (envelope ->> 'id')::uuid, envelope ->> 'request_id', (envelope ->> 'correlation_id')::uuid
        FROM events_readable WHERE stream = %s ORDER BY position DESC LIMIT 1
    """
    with psycopg.connect(url) as connection:
        for each in found:
            last = connection.execute(statement, (each.timer.subject,)).fetchone()
            assert last == (each.position, each.event_id, each.request_id, each.correlation_id)
