"""Gives the application's role its rights, and takes away what it has beyond them: said by the owner, as often as one likes."""

from typing import Any, Final

import psycopg
from msgspec import Struct
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Composable, Identifier, Literal

from adapters.postgres.connection import offline_errors, with_limits
from adapters.postgres.migrating import MigrationError, alone
from adapters.postgres.rights import RIGHTS, surplus_of
from projections.read_model import TABLES_IN

NAME: Final = "waybill-migrate"
PLACE: Final = "SELECT store_place(), current_database()"
KNOWN: Final = "SELECT rolsuper FROM pg_roles WHERE rolname = %s"
# Of what is ours: all that the application's role owns, or could act as the owner of, so that the rest would mean nothing.
TAKEN: Final = """
    SELECT format(
        'ALTER %%s %%s OWNER TO CURRENT_USER', CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, pg_class.oid::regclass
    )
    FROM pg_class JOIN unnest(%(relations)s::text[]) AS ours (name) ON pg_class.oid = to_regclass(ours.name)
    WHERE pg_has_role(%(role)s, relowner, 'MEMBER')
    UNION ALL
    SELECT format('ALTER FUNCTION %%s OWNER TO CURRENT_USER', pg_proc.oid::regprocedure)
    FROM pg_proc WHERE oid = ANY (ARRAY['refuse_change()'::regprocedure, 'store_place()'::regprocedure])
      AND pg_has_role(%(role)s, proowner, 'MEMBER')
    UNION ALL
    SELECT format('ALTER SCHEMA %%I OWNER TO CURRENT_USER', nspname)
    FROM pg_namespace WHERE oid = ANY (ARRAY[(SELECT relnamespace FROM pg_class WHERE oid = 'events'::regclass), %(apart)s::regnamespace])
      AND nspowner <> 'pg_database_owner'::regrole AND pg_has_role(%(role)s, nspowner, 'MEMBER')
    UNION ALL
    SELECT format('ALTER DATABASE %%I OWNER TO CURRENT_USER', datname)
    FROM pg_database WHERE datname = current_database() AND pg_has_role(%(role)s, datdba, 'MEMBER')
"""
# Whoever drops and empties a table has to own it.
NOT_YET_ITS_OWN: Final = """
    SELECT relname FROM pg_class JOIN pg_roles ON rolname = %(role)s
    WHERE relnamespace = %(apart)s::regnamespace AND relkind = 'r' AND relowner <> pg_roles.oid
"""
EVENTS_SCHEMA: Final = "SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = 'events'::regclass"


class Application(Struct, frozen=True, kw_only=True):
    """Who the application is to the database."""

    role: str
    password: str | None


def grant(*, owner_url: str, application_url: str) -> str:
    """The application's role, now with its rights and no others; made if there is none and the owner may make it.

    Raises StoreOffline, MigrationError.
    """
    application = _application(application_url)
    with alone(owner_url) as connection:
        if connection.info.user == application.role:
            raise MigrationError(
                f"WAYBILL_POSTGRES_URL and WAYBILL_POSTGRES_OWNER_URL name the same role, {application.role}: give the "
                "application one of its own"
            )
        with connection.transaction():
            _ensure_role(connection, application)
            _take_over(connection, application.role)
            _allow(connection, application.role)
            _hand_over(connection, application.role)
            if surplus := surplus_of(connection, application.role):
                raise MigrationError(
                    f"the role {application.role} is no fit for the application: it {', '.join(surplus)}; take that from it, "
                    "or name another role in WAYBILL_POSTGRES_URL"
                )
        place = connection.execute(PLACE).fetchone()
    if _place_of(application_url) != place:
        raise MigrationError("WAYBILL_POSTGRES_URL and WAYBILL_POSTGRES_OWNER_URL name different databases")
    return application.role


def _application(url: str) -> Application:
    parts = conninfo_to_dict(url)
    if not parts.get("user"):
        raise MigrationError("WAYBILL_POSTGRES_URL has to name its user, whom the owner gives the application's rights")
    password = parts.get("password")
    return Application(role=str(parts["user"]), password=None if password is None else str(password))


def _ensure_role(connection: Connection[Any], application: Application) -> None:
    known = connection.execute(KNOWN, (application.role,)).fetchone()
    if known == (True,):
        raise MigrationError(
            f"the role {application.role} of WAYBILL_POSTGRES_URL is a superuser, whom no right can be kept from; name another"
        )
    if known is not None:
        return
    try:
        with connection.transaction():
            connection.execute(
                SQL("CREATE ROLE {} LOGIN{}").format(Identifier(application.role), _password(connection, application))
            )
    except psycopg.errors.InsufficientPrivilege as error:
        raise MigrationError(
            f"there is no role {application.role}, which WAYBILL_POSTGRES_URL names, and the owner may not make it; have it made: "
            f'CREATE ROLE "{application.role}" LOGIN PASSWORD ...'
        ) from error
    if connection.execute(KNOWN, (connection.info.user,)).fetchone() != (True,):
        # Its maker may give it to anybody, and needs it to hand tables over.
        connection.execute(SQL("GRANT {} TO CURRENT_USER").format(Identifier(application.role)))


def _password(connection: Connection[Any], application: Application) -> Composable:
    """As the server keeps it, which is no password any more: statements may be logged."""
    if application.password is None:
        return SQL("")
    kept = connection.pgconn.encrypt_password(
        application.password.encode(), application.role.encode(), b"scram-sha-256"
    )
    return SQL(" PASSWORD {}").format(Literal(kept.decode()))


def _take_over(connection: Connection[Any], role: str) -> None:
    values = {"role": role, "relations": list(RIGHTS), "apart": TABLES_IN}
    for (statement,) in connection.execute(TAKEN, values).fetchall():
        connection.execute(statement.encode())


def _allow(connection: Connection[Any], role: str) -> None:
    """In one transaction with what was taken away, so that a running application notices nothing."""
    names = {
        "role": Identifier(role),
        "tables": SQL(", ").join(map(Identifier, RIGHTS)),
        "apart": Identifier(TABLES_IN),
        "schema": SQL(_only(connection.execute(EVENTS_SCHEMA).fetchone())),
        "database": Identifier(connection.info.dbname),
    }
    statements = [
        "REVOKE ALL ON {tables} FROM PUBLIC, {role}",
        "REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC, {role}",
        "REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM PUBLIC, {role}",
        "GRANT CONNECT ON DATABASE {database} TO {role}",
        "GRANT USAGE ON SCHEMA {schema} TO {role}",
        "GRANT USAGE, CREATE ON SCHEMA {apart} TO {role}",
    ]
    statements += [f"GRANT {', '.join(verbs)} ON {table} TO {{role}}" for table, verbs in RIGHTS.items()]
    for statement in statements:
        connection.execute(SQL(statement).format(**names))


def _hand_over(connection: Connection[Any], role: str) -> None:
    found = connection.execute(NOT_YET_ITS_OWN, {"role": role, "apart": TABLES_IN}).fetchall()
    statement = SQL("ALTER TABLE {}.{} OWNER TO {}")
    try:
        for (table,) in found:
            connection.execute(statement.format(Identifier(TABLES_IN), Identifier(table), Identifier(role)))
    except psycopg.errors.InsufficientPrivilege as error:
        raise MigrationError(
            f"the tables of the read models go to {role}, and only a member of it may hand them over; have it said: "
            f'GRANT "{role}" TO "{connection.info.user}"'
        ) from error


def _place_of(application_url: str) -> Any:
    """None where there is no store."""
    with offline_errors(), psycopg.connect(with_limits(application_url, name=NAME), autocommit=True) as connection:
        try:
            return connection.execute(PLACE).fetchone()
        except psycopg.errors.UndefinedFunction:
            return None


def _only(row: Any) -> str:
    return str(row[0])
