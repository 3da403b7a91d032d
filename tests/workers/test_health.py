"""What readiness rests on, on the real servers: each check is well when what it asks about is, and says what is missing."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec import Struct

from adapters.http.health import Check, CheckOutcome
from adapters.nats.connection import Connection
from adapters.postgres.connection import open_pool
from adapters.postgres.read_models_reader import PostgresReader
from adapters.postgres.roles import PostgresRoles
from domain.errors import StoreOffline
from projections.catalog import READ_MODELS
from projections.tracking import ROLE as PROJECTOR
from tests.conftest import by_owner
from tests.kit.jetstream import NatsUnderTest
from tests.kit.read_side import ReadSide, open_read_side
from tests.kit.waiting import eventually
from tests.projections.stories import Story
from workers.health import readiness_checks
from workers.oversight import RELAY_LAG_MAX
from workers.relay import ROLE as RELAY

pytestmark = pytest.mark.anyio

SECONDS_MAX = 20.0
WELL = CheckOutcome(ok=True)


class Asking(Struct):
    """`side` is the projector whose work the read models are."""

    side: ReadSide
    nats: NatsUnderTest
    checks: dict[str, Check]

    async def outcome(self, name: str) -> CheckOutcome:
        return await self.checks[name].ask()

    async def relay(self, *, seconds: float, position: int = 0) -> None:
        lease = await self.side.roles.acquire(role=RELAY, holder="test", seconds=seconds)
        assert lease is not None
        assert await self.side.roles.advance(lease, position=position)

    async def head(self, position: int) -> None:
        await self.side.execute("UPDATE head SET position = %s", position)


@pytest.fixture
async def asking(database: str, nats: NatsUnderTest) -> AsyncIterator[Asking]:
    async with open_read_side(database) as side, nats.connection() as connection:
        yield Asking(side, nats, checks_of(side, connection))


def checks_of(side: ReadSide, nats: Connection) -> dict[str, Check]:
    checks = readiness_checks(pool=side.pool, roles=side.roles, reader=side.reader, nats=nats)
    return {check.name: check for check in checks}


async def test_without_the_database_alone_nothing_can_be_answered(asking: Asking) -> None:
    assert {name: check.essential for name, check in asking.checks.items()} == {
        "database": True,
        "projector": False,
        "relay": False,
        "scheduler": False,
        "watchdog": False,
        "notary": False,
        "alerts": False,
        "nats": False,
    }


async def test_with_all_at_work_all_is_well(asking: Asking) -> None:
    await asking.relay(seconds=60)
    assert await asking.outcome("database") == WELL
    assert await asking.outcome("nats") == WELL
    assert await asking.outcome("relay") == CheckOutcome(ok=True, lag_events=0)
    assert await asking.outcome("projector") == CheckOutcome(ok=True, lag_events=0)


async def test_a_migration_that_is_missing_is_named(asking: Asking, database: str) -> None:
    by_owner(database, "DELETE FROM schema_migrations WHERE number = 2")
    missing = await asking.outcome("database")
    assert (missing.ok, missing.detail) == (False, "Not migrated yet: 0002_beside_the_events.sql.")
    by_owner(database, "DROP TABLE schema_migrations")
    missing = await asking.outcome("database")
    assert "0001" in (missing.detail or "")


async def test_without_a_relay_runs_wait(asking: Asking) -> None:
    assert await asking.outcome("relay") == CheckOutcome(
        ok=False, detail="No relay is running; runs wait for one.", lag_events=0
    )
    await asking.relay(seconds=0)
    assert not (await asking.outcome("relay")).ok


@pytest.mark.parametrize(
    ("role", "sentence"),
    [
        ("scheduler", "No scheduler is running; retries and timeouts wait for one."),
        ("watchdog", "No watchdog is running; what stands still is not found."),
        ("alerts", "Nobody sees to the alerts; no one is told of what goes wrong."),
    ],
)
async def test_without_who_looks_after_the_runs_it_says_what_is_missing(
    asking: Asking, role: str, sentence: str
) -> None:
    assert await asking.outcome(role) == CheckOutcome(ok=False, detail=sentence)
    assert await asking.side.roles.acquire(role=role, holder="test", seconds=60)
    assert await asking.outcome(role) == WELL


@pytest.mark.parametrize(("lag", "ok"), [(RELAY_LAG_MAX, True), (RELAY_LAG_MAX + 1, False)])
async def test_a_relay_that_is_far_behind_is_not_well(asking: Asking, lag: int, *, ok: bool) -> None:
    await asking.relay(seconds=60, position=10)
    await asking.head(10 + lag)
    assert await asking.outcome("relay") == CheckOutcome(ok=ok, lag_events=lag)


async def test_without_a_notary_what_is_stored_is_not_safe(asking: Asking) -> None:
    sentence = "No notary is running; what is stored now can be changed unseen."
    assert await asking.outcome("notary") == CheckOutcome(ok=False, detail=sentence, lag_events=0)
    assert await asking.side.roles.acquire(role="notary", holder="test", seconds=60)
    assert await asking.outcome("notary") == CheckOutcome(ok=True, lag_events=0)


async def test_a_notary_that_signs_nothing_is_not_well(asking: Asking) -> None:
    assert await asking.side.roles.acquire(role="notary", holder="test", seconds=60)
    story = Story()
    story.publish()
    await asking.side.store(story.events)
    sentence = "Events are not signed; the log of the notary says why."
    assert await asking.outcome("notary") == CheckOutcome(ok=False, detail=sentence, lag_events=2)
    await asking.side.execute("INSERT INTO checkpoint (size, note, public_key) VALUES (2, '', '')")
    assert await asking.outcome("notary") == CheckOutcome(ok=True, lag_events=0)


async def test_without_a_projector_answers_are_out_of_date(asking: Asking) -> None:
    await asking.side.execute("UPDATE roles SET expires_at = now() WHERE role = %s", PROJECTOR)
    outcome = await asking.outcome("projector")
    assert (outcome.ok, outcome.detail) == (False, "No projector is running; answers are out of date.")


async def test_read_models_that_are_behind_are_counted(asking: Asking) -> None:
    story = Story()
    story.publish()
    await asking.side.store(story.events)
    assert await asking.outcome("projector") == CheckOutcome(ok=True, lag_events=2)
    await asking.head(5000)
    assert await asking.outcome("projector") == CheckOutcome(ok=False, lag_events=5000)


async def test_a_parked_read_model_is_named(asking: Asking) -> None:
    story = Story()
    story.publish()
    await asking.side.tell(story.events)
    await asking.side.execute(
        "UPDATE read_models SET parked_event = %s, parked_error = 'unknown' WHERE name = 'skills'", story.events[1].id
    )
    assert await asking.outcome("projector") == CheckOutcome(ok=False, lag_events=0, parked=("skills",))


async def test_a_database_without_a_projector_yet_is_not_ready(asking: Asking, database: str) -> None:
    by_owner(database, "DELETE FROM roles", "DELETE FROM read_models")
    assert not (await asking.outcome("projector")).ok


async def test_with_nats_away_runs_wait_for_it(asking: Asking) -> None:
    await asking.nats.kill()

    async def noticed() -> bool:
        return not (await asking.outcome("nats")).ok

    await eventually(noticed, SECONDS_MAX)
    assert (await asking.outcome("nats")).detail == "Not connected; runs wait for it."
    await asking.nats.start()

    async def back() -> bool:
        return (await asking.outcome("nats")).ok

    await eventually(back, SECONDS_MAX)


async def test_with_the_database_away_every_check_that_asks_it_says_so(tmp_path: Path, nats: NatsUnderTest) -> None:
    url = f"postgresql://postgres@/waybill?host={tmp_path}"
    async with open_pool(url, name="test", size_max=1) as pool, nats.connection() as connection:
        reader = PostgresReader(pool, url=url, name="test", read_models=READ_MODELS)
        checks = readiness_checks(pool=pool, roles=PostgresRoles(pool), reader=reader, nats=connection)
        answers = await asyncio.gather(*(check.ask() for check in checks), return_exceptions=True)
        await reader.close()
    outcomes = {check.name: answer for check, answer in zip(checks, answers, strict=True)}
    assert outcomes.pop("nats") == WELL
    assert {type(outcome) for outcome in outcomes.values()} == {StoreOffline}
