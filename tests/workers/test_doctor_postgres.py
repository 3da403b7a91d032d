"""The doctor at a database that is well, and at one with one thing wrong."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from psycopg.conninfo import conninfo_to_dict

from adapters.postgres.event_store import PostgresEventStore
from adapters.postgres.granting import grant
from adapters.postgres.inspecting import Tail
from tests.conftest import as_owner, by_owner
from tests.kit.facts import append
from tests.kit.read_side import ReadSide, open_read_side
from tests.workers.diagnosing import by_name, wrong
from workers.doctor_checks import Check, in_time
from workers.doctor_postgres import PostgresFound, examine_postgres
from workers.doctor_progress import ROLES, examine_progress
from workers.settings import Settings

pytestmark = pytest.mark.anyio

HEALTHY = {
    "postgres": "answers as waybill_app",
    "postgres_durability": "fsync on, full_page_writes on, synchronous_commit on",
    "migrations": "all applied",
    "postgres_role": "waybill_app may read and append events, and change none",
    "event_triggers": "on",
    "positions": "the last 3 of 3 have no gap",
}
TRIGGER = "ALTER TABLE events {} TRIGGER events_never_change"
# By what is done to the database: the check that notices, how, and what it says.
BROKEN = {
    "GRANT UPDATE ON events TO waybill_app": ("postgres_role", "failed", "waybill_app may update events"),
    "GRANT CREATE ON SCHEMA public TO waybill_app": ("postgres_role", "failed", "may make things in the schema"),
    "REVOKE INSERT ON events FROM waybill_app": ("postgres_rights", "failed", "missing: INSERT on events"),
    "REVOKE SELECT ON roles FROM waybill_app": ("postgres_rights", "failed", "missing: SELECT on roles"),
    "REVOKE SELECT ON head FROM waybill_app": ("postgres_rights", "failed", "permission denied for table head"),
    TRIGGER.format("DISABLE"): ("event_triggers", "failed", "off or gone: events_never_change"),
    TRIGGER.format("ENABLE REPLICA"): ("event_triggers", "failed", "off or gone: events_never_change"),
    TRIGGER.format("ENABLE"): ("event_triggers", "warning", "not in every session: events_never_change"),
    "DROP TRIGGER events_never_emptied ON events": ("event_triggers", "failed", "off or gone: events_never_emptied"),
    "INSERT INTO schema_migrations VALUES (99, 'x', 'x')": ("migrations", "warning", "newer than this program: 99"),
    "UPDATE head SET position = 7": ("positions", "failed", "the head says 7, the last event is 3"),
    "UPDATE head SET place = 'elsewhere'": ("restored_copy", "failed", "restored or moved"),
    "ALTER ROLE waybill_app IN DATABASE {} SET synchronous_commit = off": (
        "postgres_durability",
        "failed",
        "synchronous_commit off",
    ),
}


@pytest.fixture
async def store(database: str) -> str:
    """With three events."""
    grant(owner_url=as_owner(database), application_url=database)
    store = PostgresEventStore(database, name="test")
    for _ in range(3):
        await store.append(append(uuid4()))
    await store.close()
    return database


@pytest.fixture
async def side(store: str) -> AsyncIterator[ReadSide]:
    async with open_read_side(store) as side:
        yield side


async def look(url: str) -> PostgresFound:
    return await examine_postgres(Settings(data=Path("nowhere"), postgres_url=url))


async def test_a_database_that_is_well(store: str) -> None:
    found = by_name((await look(store)).checks)
    assert found.keys() == HEALTHY.keys()
    assert {name for name, said in HEALTHY.items() if said not in found[name].detail} == set()
    assert wrong(tuple(found.values())) == {}


@pytest.mark.parametrize("done", BROKEN, ids=lambda done: done.replace(" ", "_")[:40])
async def test_one_thing_that_is_wrong_is_found(store: str, done: str) -> None:
    name, status, said = BROKEN[done]
    by_owner(store, done.format(conninfo_to_dict(store)["dbname"]))
    checks = (await look(store)).checks
    assert wrong(checks) == {name: status}
    assert said in by_name(checks)[name].detail


async def test_a_gap_in_the_positions_is_found(store: str) -> None:
    by_owner(
        store,
        "ALTER TABLE events DISABLE TRIGGER ALL",
        "DELETE FROM events WHERE notification_id = 2",
        "ALTER TABLE events ENABLE ALWAYS TRIGGER events_never_change",
        "ALTER TABLE events ENABLE ALWAYS TRIGGER events_never_emptied",
    )
    checks = (await look(store)).checks
    assert wrong(checks) == {"positions": "failed"}
    assert "2 are there from 1 on" in by_name(checks)["positions"].detail


@pytest.mark.parametrize(
    ("tail", "dense"),
    [
        (Tail(head=0, counted=0, first=0, last=0), True),
        (Tail(head=5000, counted=1000, first=4001, last=5000), True),
        (Tail(head=5000, counted=1000, first=4000, last=5000), False),
        (Tail(head=5001, counted=1000, first=4001, last=5000), False),
        (Tail(head=4999, counted=1000, first=4001, last=5000), False),
        (Tail(head=5000, counted=999, first=4002, last=5000), False),
    ],
    ids=["empty", "whole", "a gap", "the end is gone", "more than the head says", "the beginning is gone"],
)
def test_the_end_of_a_long_store(tail: Tail, dense: bool) -> None:  # noqa: FBT001 - a column
    assert tail.dense == dense


async def test_before_every_migration_has_run_no_more_is_looked_at(store: str) -> None:
    by_owner(store, "DELETE FROM schema_migrations WHERE number > 6")
    found = await look(store)
    assert wrong(found.checks) == {"migrations": "failed"}
    assert "0007_key_uses.sql" in by_name(found.checks)["migrations"].detail
    assert (found.epoch, found.sealed, found.progress) == (None, None, None)


async def test_one_role_for_everything_is_said_and_no_more(store: str) -> None:
    checks = (await look(as_owner(store))).checks
    assert wrong(checks) == {"postgres_role": "warning"}
    assert "one role does everything: postgres is a superuser" in by_name(checks)["postgres_role"].detail


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://somebody:hush@127.0.0.1:1/waybill", "does not answer"),
        ("not a url", "WAYBILL_POSTGRES_URL cannot be used"),
    ],
    ids=["nobody there", "no address"],
)
async def test_a_database_that_is_not_there(url: str, said: str) -> None:
    found = await look(url)
    assert wrong(found.checks) == {"postgres": "failed"}
    assert said in found.checks[0].detail
    assert "hush" not in found.checks[0].detail


async def progress_of(url: str) -> list[Check]:
    found = await look(url)
    assert found.progress is not None
    return list(examine_progress(found.progress))


async def test_a_role_that_nobody_has_is_missed_and_one_that_is_held_is_not(store: str, side: ReadSide) -> None:
    assert wrong(await progress_of(store)) == dict.fromkeys(ROLES.keys() - {"projector"}, "failed")
    for role in ROLES.keys() - {"projector"}:
        assert await side.roles.acquire(role=role, holder=f"the {role}", seconds=60)
    found = by_name(await progress_of(store))
    assert wrong(tuple(found.values())) == {"notary": "failed"}
    await side.execute("INSERT INTO checkpoint (size, note, public_key) VALUES (3, '', '')")
    found = by_name(await progress_of(store))
    assert wrong(tuple(found.values())) == {}
    assert found["relay"].detail == "held by the relay, 3 events behind"
    assert found["notary"].detail == "held by the notary, 0 events behind"
    assert "3 events behind at most" in found["read_models"].detail


async def test_a_role_that_was_let_go_is_missed(store: str, side: ReadSide) -> None:
    lease = await side.roles.acquire(role="relay", holder="the relay", seconds=60)
    assert lease is not None
    await side.roles.release(lease)
    found = by_name(await progress_of(store))["relay"]
    assert (found.status, found.detail.endswith("the last who had it was the relay")) == ("failed", True)


async def test_a_notary_that_signs_nothing_is_found(store: str, side: ReadSide) -> None:
    assert await side.roles.acquire(role="notary", holder="the notary", seconds=60)
    found = by_name(await progress_of(store))["notary"]
    assert found.status == "failed"
    assert found.detail.startswith("what was stored ")
    assert found.detail.endswith(" seconds ago is not signed")
    assert found.remedy is not None
    assert "log of the notary" in found.remedy


async def test_what_is_parked_or_far_behind_is_found(store: str, side: ReadSide) -> None:
    event = uuid4()
    await side.execute(
        "UPDATE read_models SET parked_event = %s, parked_error = 'what nobody should see' WHERE name = 'skills'", event
    )
    found = by_name(await progress_of(store))
    assert found["read_models"].status == "failed"
    assert found["read_models"].detail == f"skills stands still at event {event}"
    await side.execute("UPDATE read_models SET parked_event = NULL, parked_error = NULL")
    by_owner(store, "UPDATE head SET position = 6000")
    found = by_name(await progress_of(store))
    assert found["read_models"].status == "warning"
    assert "skills is 6,000 events behind" in found["read_models"].detail


async def test_a_look_that_takes_too_long_or_breaks_is_a_finding_and_tells_no_secret() -> None:
    async def breaks() -> list[Check]:
        raise RuntimeError("hush")

    async def lasts() -> list[Check]:
        await asyncio.Event().wait()
        return []

    (broken,) = await in_time("nats", breaks(), otherwise=lambda check: [check])
    assert broken.detail == "could not be looked at: RuntimeError"
    (late,) = await in_time("nats", lasts(), otherwise=lambda check: [check], seconds=0.01)
    assert (late.status, late.detail) == ("failed", "no answer within 0.01 s")
