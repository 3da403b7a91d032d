"""Which rights the application's role has in the database: those that the statements of this folder use, and no others."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from psycopg import Connection

# By table or view. What stands in brackets are the columns that are ever changed.
RIGHTS: Final[Mapping[str, tuple[str, ...]]] = {
    "events": ("SELECT", "INSERT"),
    "events_readable": ("SELECT",),
    "head": ("SELECT", "UPDATE (position, place, epoch)"),
    "schema_migrations": ("SELECT",),
    "roles": ("SELECT", "INSERT", "UPDATE (holder, epoch, expires_at, position)"),
    "bundle_files": ("SELECT", "INSERT"),
    "credentials": ("SELECT", "INSERT", "UPDATE (ciphertext)", "DELETE"),
    "read_models": ("SELECT", "INSERT", "UPDATE (position, event, parked_event, parked_error)", "DELETE"),
    "rebuilds": ("SELECT", "INSERT", "UPDATE", "DELETE"),
    "due": ("SELECT", "INSERT", "UPDATE", "DELETE"),
    "idempotency_keys": ("SELECT", "INSERT", "UPDATE", "DELETE"),
    "key_uses": ("SELECT", "INSERT", "UPDATE (used_at)"),
    "chat_texts": ("SELECT", "INSERT", "DELETE"),
    "evidence_tiles": ("SELECT", "INSERT", "UPDATE (hashes)"),
    "checkpoint": ("SELECT", "INSERT", "UPDATE (size, note, public_key)"),
    "webhook_deliveries": ("SELECT", "INSERT", "DELETE"),
}
# Who is a member of one of these can become more than the database's superuser meant.
MIGHTY: Final = (
    "pg_write_all_data",
    "pg_write_server_files",
    "pg_read_server_files",
    "pg_execute_server_program",
)
PARAMETER_RIGHTS_SINCE: Final = 150_000

# What no role of the application may be or do, each with how it is said of it.
SURPLUS: Final = """
    WITH place AS (
        SELECT events.oid AS events, events.relowner AS owner, events.relnamespace AS schema, datname, datdba
        FROM pg_class AS events, pg_database
        WHERE events.oid = to_regclass('events') AND datname = current_database()
    ), asked AS (SELECT * FROM pg_roles, place WHERE rolname = %(role)s)
    SELECT said FROM asked CROSS JOIN LATERAL (VALUES
        ('is a superuser', rolsuper),
        ('may make roles', rolcreaterole),
        ('may replicate the database', rolreplication),
        ('owns the event table, or may act as its owner', pg_has_role(rolname, owner, 'MEMBER')),
        ('owns the database, or may act as its owner', pg_has_role(rolname, datdba, 'MEMBER')),
        ('may update events', has_any_column_privilege(rolname, events, 'UPDATE')),
        ('may delete events', has_table_privilege(rolname, events, 'DELETE')),
        ('may truncate the event table', has_table_privilege(rolname, events, 'TRUNCATE')),
        ('may make triggers on the event table', has_table_privilege(rolname, events, 'TRIGGER')),
        ('may refer to the event table', has_any_column_privilege(rolname, events, 'REFERENCES')),
        ('may insert into or delete from head',
            has_any_column_privilege(rolname, 'head', 'INSERT') OR has_table_privilege(rolname, 'head', 'DELETE, TRUNCATE')),
        ('may make things in the schema of the event table', has_schema_privilege(rolname, schema, 'CREATE')),
        ('may make schemas in the database', has_database_privilege(rolname, datname, 'CREATE')),
        ('may make temporary tables that hide others', has_database_privilege(rolname, datname, 'TEMPORARY'))
    ) AS surplus (said, found) WHERE found
"""
SUPERUSER: Final = "is a superuser"
OWNER: Final = "owns the event table, or may act as its owner"
MIGHTY_ROLES: Final = """
    SELECT rolname FROM pg_roles WHERE rolname = ANY(%(mighty)s) AND pg_has_role(%(role)s, rolname, 'MEMBER')
    ORDER BY rolname
"""
MAY_STILL_TRIGGERS: Final = "SELECT has_parameter_privilege(%(role)s, 'session_replication_role', 'SET') AS found"
MISSING: Final = """
    SELECT format('%%s on %%s', verb, relation)
    FROM unnest(%(relations)s::text[], %(verbs)s::text[]) AS needed (relation, verb)
    WHERE to_regclass(relation) IS NOT NULL AND NOT CASE verb
        WHEN 'DELETE' THEN has_table_privilege(%(role)s, to_regclass(relation), verb)
        ELSE has_any_column_privilege(%(role)s, to_regclass(relation), verb)
    END
"""
MISSING_BESIDE: Final = """
    SELECT said FROM (VALUES
        ('USAGE and CREATE on schema projected', to_regnamespace('projected') IS NULL
            OR has_schema_privilege(%(role)s, 'projected', 'USAGE') AND has_schema_privilege(%(role)s, 'projected', 'CREATE'))
    ) AS needed (said, given) WHERE NOT given
    UNION ALL
    SELECT 'to own ' || oid::regclass FROM pg_class
    WHERE relnamespace = to_regnamespace('projected') AND relkind = 'r' AND NOT pg_has_role(%(role)s, relowner, 'USAGE')
"""


def surplus_of(connection: Connection[Any], role: str) -> list[str]:
    """What the role could do to the events, or to get at them, in words that follow its name; empty is as it should be."""
    found = [said for (said,) in connection.execute(SURPLUS, {"role": role}).fetchall()]
    if SUPERUSER in found:
        return [SUPERUSER]
    mighty = connection.execute(MIGHTY_ROLES, {"role": role, "mighty": list(MIGHTY)}).fetchall()
    found += [f"is a member of {name}" for (name,) in mighty]
    has_parameters = connection.info.server_version >= PARAMETER_RIGHTS_SINCE
    if has_parameters and connection.execute(MAY_STILL_TRIGGERS, {"role": role}).fetchone() == (True,):
        found.append("may set session_replication_role")
    return found


def missing_of(connection: Connection[Any], role: str) -> list[str]:
    """What the program needs and the role may not."""
    needed = [(relation, verb.partition(" ")[0]) for relation, verbs in RIGHTS.items() for verb in verbs]
    values = {
        "role": role,
        "relations": [relation for relation, _ in needed],
        "verbs": [verb for _, verb in needed],
    }
    missing: Sequence[tuple[str]] = connection.execute(MISSING, values).fetchall()
    beside: Sequence[tuple[str]] = connection.execute(MISSING_BESIDE, {"role": role}).fetchall()
    return [said for (said,) in (*missing, *beside)]
