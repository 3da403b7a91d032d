"""The application's role is made and given its rights, whoever owned the database before, and whoever may do how much."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.connection import open_pool
from adapters.postgres.event_store import PostgresEventStore
from adapters.postgres.granting import grant
from adapters.postgres.migrating import MigrationError, migrate, migrations, pending
from adapters.postgres.rights import missing_of, surplus_of
from adapters.postgres.timers import PostgresTimers
from domain.events import Recorded
from domain.timers import SetTimer
from projections.catalog import READ_MODELS
from projections.providers import PROVIDERS
from tests.adapters.postgres.databases import a_role, an_empty_database, becoming, former
from tests.conftest import as_owner, by_owner
from tests.kit.read_side import open_read_side
from tests.kit.timers_conformance import ALL, setting, timer
from tests.projections.stories import Story

PASSWORD = "not for the log"
MakeDatabase = Callable[..., str]


@pytest.fixture
def empty(postgres: EmbeddedPostgres) -> Iterator[MakeDatabase]:
    """Makes databases of an owner's own."""
    with ExitStack() as stack:
        yield lambda owner=None: stack.enter_context(an_empty_database(postgres, owner=owner))


def fit(url: str, role: str) -> bool:
    with psycopg.connect(url) as connection:
        return surplus_of(connection, role) == missing_of(connection, role) == []


def rows(url: str, statement: str, *values: object) -> list[Any]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode(), values).fetchall()


def role_of(url: str) -> str:
    return str(conninfo_to_dict(url)["user"])


async def appended(url: str) -> tuple[Recorded, ...]:
    """One event, and a timer set by it."""
    store = PostgresEventStore(url, name="test")
    try:
        return await store.append(setting(timer()))
    finally:
        await store.close()


async def timers_of(url: str) -> tuple[SetTimer, ...]:
    async with open_pool(url, name="test", size_max=1) as pool:
        return await PostgresTimers(pool).due(phases=ALL, limit=10)


async def a_past(url: str) -> tuple[Recorded, ...]:
    """Events with their read models, and a timer."""
    story = Story()
    story.publish()
    story.connect("openai")
    async with open_read_side(url) as side:
        await side.tell(story.events)
        last = await appended(url)
        await side.take("skills", events=last)
    return (*story.events, *last)


async def read_models_of(url: str) -> list[Any]:
    async with open_read_side(url) as side:
        return [await side.rows(model) for model in READ_MODELS]


async def goes_on(url: str) -> None:
    """All that the program does with what it found and with what it makes, up to dropping what it found."""
    events = await appended(url)
    async with open_read_side(url) as side:
        await side.take("skills", events=events)
        await side.read_models.rewind("providers", epoch=side.epoch)
    for generation in range(1, 4):
        model = replace(PROVIDERS, generation=PROVIDERS.generation + generation)
        async with open_read_side(url, read_models=[model]):
            pass
    found = rows(url, "SELECT tablename FROM pg_tables WHERE tablename LIKE 'providers%%'")
    assert {name for (name,) in found} == {f"providers_{PROVIDERS.generation + after}" for after in (2, 3)}


@pytest.mark.anyio
async def test_the_role_is_made_with_its_password_which_no_log_shows(
    postgres: EmbeddedPostgres, empty: MakeDatabase
) -> None:
    owner_url = empty()
    role = "the_one_with_a_password"
    application_url = make_conninfo(owner_url, user=role, password=PASSWORD)
    by_logging = make_conninfo(owner_url, options="-c log_statement=all")
    migrate(owner_url)
    assert grant(owner_url=by_logging, application_url=application_url) == role
    assert fit(application_url, role)
    await goes_on(application_url)
    ((kept,),) = rows(owner_url, "SELECT rolpassword FROM pg_authid WHERE rolname = %s", role)
    assert kept.startswith("SCRAM-SHA-256$")
    log = postgres.log.read_text()
    assert f'CREATE ROLE "{role}" LOGIN PASSWORD' in log
    assert PASSWORD not in log


@pytest.mark.anyio
@pytest.mark.parametrize("grown", ["new", "lived in"])
async def test_an_owner_need_not_be_a_superuser(postgres: EmbeddedPostgres, empty: MakeDatabase, grown: str) -> None:
    owner_url = empty(a_role(postgres, "LOGIN CREATEROLE"))
    application_url = becoming(owner_url, f"{role_of(owner_url)}_app")
    migrate(owner_url)
    if grown == "lived in":
        await a_past(owner_url)
    role = grant(owner_url=owner_url, application_url=application_url)
    grant(owner_url=owner_url, application_url=application_url)
    assert fit(application_url, role)
    await goes_on(application_url)


@pytest.mark.anyio
@pytest.mark.parametrize("before", ["the owner", "the application", "a superuser"])
async def test_what_one_role_did_alone_is_moved_over(
    postgres: EmbeddedPostgres, empty: MakeDatabase, before: str
) -> None:
    """By the migration itself, from the program before; whichever of the two roles that one was."""
    alone = None if before == "a superuser" else a_role(postgres)
    alone_url = empty(alone)
    owner_url = alone_url if before == "the owner" else as_owner(alone_url)
    application_url = alone_url if before == "the application" else becoming(alone_url, a_role(postgres))
    migrate(alone_url)
    events = await a_past(alone_url)
    seen, timers = await read_models_of(alone_url), await timers_of(alone_url)
    former(alone_url)

    assert migrate(owner_url) == [each.name for each in migrations()[7:]]
    if before == "the owner":
        # An owner who may not make roles hands tables over to one that was given to it.
        assert "have it said" in refused(owner_url=owner_url, application_url=application_url)
        by_owner(alone_url, f"GRANT {role_of(application_url)} TO {alone}")
    role = grant(owner_url=owner_url, application_url=application_url)
    assert fit(application_url, role)
    assert await timers_of(application_url) == timers
    assert await read_models_of(application_url) == seen
    stored = rows(application_url, "SELECT (envelope ->> 'id')::uuid FROM events_readable ORDER BY position")
    assert [event_id for (event_id,) in stored] == [event.id for event in events]
    await goes_on(application_url)
    assert rows(owner_url, "SELECT tableowner FROM pg_tables WHERE tablename = 'events'") != [(role,)]


@pytest.mark.anyio
async def test_the_program_before_finds_its_read_models_under_their_former_names(empty: MakeDatabase) -> None:
    url = empty()
    migrate(url)
    await a_past(url)
    former(url)
    count = "SELECT count(*) FROM {table}".replace("{table}", f"{PROVIDERS.name}_{PROVIDERS.generation}")
    assert rows(url, count) == [(1,)]
    migrate(url)
    assert rows(url, count) == [(1,)]


def test_without_an_owner_one_role_does_everything(postgres: EmbeddedPostgres, empty: MakeDatabase) -> None:
    role = a_role(postgres)
    url = empty(role)
    assert migrate(url) == [each.name for each in migrations()]
    assert migrate(url) == []
    with psycopg.connect(url) as connection:
        assert "owns the event table, or may act as its owner" in surplus_of(connection, role)


def test_the_application_does_not_migrate_but_finds_that_it_is_done(
    postgres: EmbeddedPostgres, empty: MakeDatabase
) -> None:
    owner_url = empty()
    migrate(owner_url)
    application_url = becoming(owner_url, a_role(postgres))
    grant(owner_url=owner_url, application_url=application_url)
    assert migrate(application_url) == []
    former(owner_url)
    with pytest.raises(MigrationError, match=r"permission denied .* WAYBILL_POSTGRES_OWNER_URL"):
        migrate(application_url)


@pytest.mark.anyio
async def test_before_it_has_its_rights_nothing_is_migrated_to_the_application(
    postgres: EmbeddedPostgres, empty: MakeDatabase
) -> None:
    """So that parts that are started too early wait."""
    owner_url = empty()
    migrate(owner_url)
    application_url = becoming(owner_url, a_role(postgres))
    async with open_pool(application_url, name="test", size_max=1) as pool:
        assert await pending(pool) == [each.name for each in migrations()]
        grant(owner_url=owner_url, application_url=application_url)
        assert await pending(pool) == []


def refused(*, owner_url: str, application_url: str) -> str:
    with pytest.raises(MigrationError) as caught:
        grant(owner_url=owner_url, application_url=application_url)
    return str(caught.value)


def test_what_cannot_be_is_said(postgres: EmbeddedPostgres, empty: MakeDatabase) -> None:
    owner = a_role(postgres)
    url = empty(owner)
    migrate(url)
    another = empty()
    known, mighty, superuser = (a_role(postgres), a_role(postgres, "LOGIN IN ROLE pg_write_all_data"), "postgres")
    nobody = becoming(url, "nobody_yet")
    assert "name the same role" in refused(owner_url=url, application_url=url)
    assert "has to name its user" in refused(owner_url=url, application_url="postgresql:///waybill")
    assert "is a superuser" in refused(owner_url=url, application_url=becoming(url, superuser))
    assert "there is no role nobody_yet" in refused(owner_url=url, application_url=nobody)
    assert "is a member of pg_write_all_data" in refused(owner_url=url, application_url=becoming(url, mighty))
    assert "different databases" in refused(owner_url=url, application_url=becoming(another, known))
