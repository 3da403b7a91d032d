"""A copy of the store knows that it is one, and takes nothing in before that is said in it."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import psycopg
import pytest
from msgspec.structs import replace
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.embedded.postgres import APPLICATION
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.event_store import PostgresEventStore
from domain.errors import StoreOffline
from domain.ports import EventStore
from tests.conftest import as_owner, by_owner
from tests.kit.facts import append
from tests.kit.timers_conformance import timer

pytestmark = pytest.mark.anyio

STRANGER = "a_user_without_rights"


@pytest.fixture
async def original(database: str) -> AsyncIterator[PostgresEventStore]:
    store = PostgresEventStore(database, name="original")
    yield store
    await store.close()


@pytest.fixture
def copied(database: str) -> Iterator[str]:
    """What a restored dump looks like from within: the same rows, in another database."""
    name = f"{conninfo_to_dict(database)['dbname']}_copy"
    yield make_conninfo(database, dbname=name)
    with psycopg.connect(make_conninfo(as_owner(database), dbname="postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def copy(database: str, copied: str) -> None:
    """Nobody may be connected to it."""
    original, name = (sql.Identifier(str(conninfo_to_dict(url)["dbname"])) for url in (database, copied))
    with psycopg.connect(make_conninfo(as_owner(database), dbname="postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, original))


async def facts_of(url: str) -> tuple[int, bool, str]:
    log = PostgresEventLog(url, name="test")
    facts = await log.head(), await log.at_home(), await log.epoch()
    await log.close()
    return facts


async def appended(store: EventStore, *, count: int = 1) -> None:
    for _ in range(count):
        await store.append(append(uuid4()))


async def test_an_empty_store_is_at_home_wherever_it_is(database: str, copied: str) -> None:
    copy(database, copied)
    _, at_home, _ = await facts_of(copied)
    assert at_home
    store = PostgresEventStore(copied, name="copy")
    await appended(store)
    await store.close()


async def test_a_copy_takes_nothing_in_before_it_is_recovered(
    database: str, copied: str, original: PostgresEventStore
) -> None:
    await appended(original, count=2)
    await original.close()
    copy(database, copied)
    head, at_home, epoch = await facts_of(copied)
    assert (head, at_home, epoch) == (2, False, (await facts_of(database))[2])
    store = PostgresEventStore(copied, name="copy")
    with pytest.raises(StoreOffline, match="restored or moved"):
        await store.append(replace(append(uuid4()), timers=(timer(),)))
    assert (await facts_of(copied))[0] == 2

    recovering = PostgresEventStore(copied, name="recovering", recovers=True)
    (said,) = await recovering.append(append(uuid4()))
    await recovering.close()
    assert said.position == 3
    head, at_home, new_epoch = await facts_of(copied)
    assert (head, at_home) == (3, True)
    assert new_epoch != epoch
    await appended(store)
    await store.close()
    assert await facts_of(copied) == (4, True, new_epoch)


async def test_a_store_that_was_made_anew_under_its_users_is_a_copy_too(
    database: str, original: PostgresEventStore
) -> None:
    """As `pg_restore --clean` does it: the same database, other tables."""
    await appended(original)
    by_owner(
        database,
        "ALTER TABLE events RENAME TO events_before",
        "CREATE TABLE events (LIKE events_before INCLUDING ALL)",
        "INSERT INTO events SELECT * FROM events_before",
        f"GRANT SELECT, INSERT ON events TO {APPLICATION}",
    )
    with pytest.raises(StoreOffline, match="restored or moved"):
        await appended(original)


async def test_a_server_that_keeps_its_identity_to_itself_is_good_enough(database: str) -> None:
    """Some are run by others who do not let everybody ask."""
    with psycopg.connect(as_owner(database)) as connection:
        connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(STRANGER)))
        connection.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM public")
        whole = connection.execute("SELECT store_place()").fetchone()
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(STRANGER)))
        rest = connection.execute("SELECT store_place()").fetchone()
        connection.rollback()
    assert whole
    assert rest
    assert whole[0].partition("/")[0].isdigit()
    assert rest[0] == "/" + whole[0].partition("/")[2]
