"""What the application's role may do in the database, and what stops the owner where rights do not."""

from collections.abc import Iterator
from contextlib import suppress
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection

from adapters.postgres.event_store import PostgresEventStore
from adapters.postgres.granting import grant
from adapters.postgres.rights import RIGHTS, missing_of, surplus_of
from tests.conftest import as_application, as_owner, by_owner
from tests.kit.facts import append

REFUSED = "42501"
CHANGES = {
    "UPDATE": "UPDATE events SET topic = 'x'",
    "DELETE": "DELETE FROM events",
    "TRUNCATE": "TRUNCATE events",
}
# By what it would be good for.
BEYOND = {
    "disable_triggers": "ALTER TABLE events DISABLE TRIGGER ALL",
    "drop_a_trigger": "DROP TRIGGER events_never_change ON events",
    "make_a_trigger": "CREATE TRIGGER t BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "make_a_rule": "CREATE RULE r AS ON INSERT TO events DO INSTEAD NOTHING",
    "change_the_triggers": "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE sql AS 'SELECT'",
    "pass_by_triggers": "SET session_replication_role = replica",
    "become_the_owner": "SET ROLE postgres",
    "own_the_table": "ALTER TABLE events OWNER TO CURRENT_USER",
    "add_a_column": "ALTER TABLE events ADD COLUMN more text",
    "rename_the_table": "ALTER TABLE events RENAME TO past",
    "move_the_table": "ALTER TABLE events SET SCHEMA projected",
    "drop_the_table": "DROP TABLE events",
    "inherit": "CREATE TABLE projected.heir () INHERITS (events)",
    "refer": "CREATE TABLE projected.child (position bigint REFERENCES events (notification_id))",
    "lock_out": "LOCK TABLE events IN ACCESS EXCLUSIVE MODE",
    "make_a_table": "CREATE TABLE public.others ()",
    "make_a_function": "CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT clock_timestamp()'",
    "make_a_schema": "CREATE SCHEMA waybill_app",
    "hide_the_table": "CREATE TEMPORARY TABLE events ()",
    "read_files": "COPY events FROM '/etc/passwd'",
    "forget_the_head": "DELETE FROM head",
    "make_a_second_head": "INSERT INTO head DEFAULT VALUES",
    "forget_a_role": "DELETE FROM roles",
    "rename_a_role": "UPDATE roles SET role = 'x'",
    "change_a_bundle": "UPDATE bundle_files SET content = ''",
    "change_what_was_said": "UPDATE chat_texts SET text = ''",
    "delete_a_bundle": "DELETE FROM bundle_files",
    "swap_credentials": "UPDATE credentials SET id = gen_random_uuid()",
    "empty_credentials": "TRUNCATE credentials",
    "unmigrate": "DELETE FROM schema_migrations",
}


@pytest.fixture
def granted(database: str) -> str:
    """Said again where the database is: what is said of the database itself does not come with its template."""
    grant(owner_url=as_owner(database), application_url=as_application(database))
    return database


@pytest.fixture
def owner(database: str) -> Iterator[Connection]:
    with psycopg.connect(as_owner(database), autocommit=True) as connection:
        yield connection


@pytest.fixture
def application(granted: str) -> Iterator[Connection]:
    with psycopg.connect(granted, autocommit=True) as connection:
        yield connection


@pytest.fixture
async def one_event(database: str) -> None:
    store = PostgresEventStore(database, name="test")
    await store.append(append(uuid4()))
    await store.close()


def refusal(connection: Connection, statement: str) -> str:
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as caught:
        connection.execute(statement.encode())
    assert caught.value.sqlstate == REFUSED
    return str(caught.value.diag.message_primary)


@pytest.mark.anyio
@pytest.mark.usefixtures("one_event")
@pytest.mark.parametrize("verb", CHANGES)
async def test_rights_keep_the_application_from_changing_events(application: Connection, verb: str) -> None:
    assert refusal(application, CHANGES[verb]) == "permission denied for table events"


@pytest.mark.anyio
@pytest.mark.usefixtures("one_event")
@pytest.mark.parametrize("session", ["origin", "replica"])
@pytest.mark.parametrize("verb", CHANGES)
async def test_triggers_keep_the_owner_from_changing_events(owner: Connection, verb: str, session: str) -> None:
    owner.execute(f"SET session_replication_role = {session}".encode())
    assert refusal(owner, CHANGES[verb]) == f"{verb} on events is refused: events are only ever appended"


def test_the_application_may_not_get_round_that(application: Connection) -> None:
    said = {}
    for purpose, statement in BEYOND.items():
        with suppress(psycopg.errors.InsufficientPrivilege), application.transaction():
            said[purpose] = application.execute(statement.encode()).statusmessage
    assert said == {}, "these were not refused"


def test_every_table_beside_the_read_models_has_its_rights_named(owner: Connection) -> None:
    found = owner.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')"
    )
    assert {name for (name,) in found.fetchall()} == RIGHTS.keys()


def test_the_application_has_what_it_needs_and_nothing_else(application: Connection) -> None:
    role = application.info.user
    assert (surplus_of(application, role), missing_of(application, role)) == ([], [])


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("GRANT UPDATE (topic) ON events TO {}", "may update events"),
        ("GRANT DELETE ON events TO PUBLIC", "may delete events"),
        ("GRANT TRUNCATE ON events TO {}", "may truncate the event table"),
        ("GRANT TRIGGER ON events TO {}", "may make triggers on the event table"),
        ("GRANT REFERENCES ON events TO {}", "may refer to the event table"),
        ("GRANT INSERT ON head TO {}", "may insert into or delete from head"),
        ("GRANT CREATE ON SCHEMA public TO {}", "may make things in the schema of the event table"),
        ("GRANT pg_write_server_files TO {}", "is a member of pg_write_server_files"),
        ("GRANT SET ON PARAMETER session_replication_role TO {}", "may set session_replication_role"),
        ("ALTER ROLE {} CREATEROLE", "may make roles"),
        ("ALTER ROLE {} REPLICATION", "may replicate the database"),
        ("ALTER ROLE {} SUPERUSER", "is a superuser"),
        ("ALTER TABLE events OWNER TO {}", "owns the event table, or may act as its owner"),
    ],
    ids=lambda value: value if value.startswith(("may", "is", "owns")) else "",
)
def test_one_right_too_many_is_named(granted: str, owner: Connection, statement: str, said: str) -> None:
    role = "waybill_app"
    with owner.transaction(force_rollback=True):
        owner.execute(statement.format(role).encode())
        assert said in surplus_of(owner, role)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("REVOKE INSERT ON events FROM waybill_app", "INSERT on events"),
        ("REVOKE UPDATE ON head FROM waybill_app", "UPDATE on head"),
        ("REVOKE DELETE ON due FROM waybill_app", "DELETE on due"),
        ("REVOKE CREATE ON SCHEMA projected FROM waybill_app", "USAGE and CREATE on schema projected"),
        ("CREATE TABLE projected.skills_1 ()", "to own projected.skills_1"),
    ],
    ids=lambda value: value if value.startswith(("INSERT", "UPDATE", "DELETE", "USAGE", "to")) else "",
)
def test_a_right_that_is_missing_is_named(owner: Connection, statement: str, said: str) -> None:
    with owner.transaction(force_rollback=True):
        owner.execute(statement.encode())
        assert missing_of(owner, "waybill_app") == [said]


def test_rights_come_back_with_the_next_migration(granted: str) -> None:
    by_owner(
        granted,
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO waybill_app, PUBLIC",
        "REVOKE INSERT ON events FROM waybill_app",
    )
    grant(owner_url=as_owner(granted), application_url=granted)
    with psycopg.connect(granted) as connection:
        assert (surplus_of(connection, "waybill_app"), missing_of(connection, "waybill_app")) == ([], [])
