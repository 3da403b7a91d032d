"""How this program talks to Postgres: bounded in time, back at once after a restart, and every connection error in our own words."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import psycopg
from eventsourcing.postgres import PostgresDatastore
from psycopg import AsyncConnection, Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from domain.errors import StoreOffline

Pool = AsyncConnectionPool[AsyncConnection[DictRow]]

CONNECT_TIMEOUT_SECONDS: Final = 2
POOL_WAIT_SECONDS: Final = 1.5
# After this the pool stops waiting in longer and longer steps; the next caller makes it try again at once.
POOL_RECONNECT_SECONDS: Final = 1.0
LOCK_TIMEOUT_MILLISECONDS: Final = 1500
STATEMENT_TIMEOUT_MILLISECONDS: Final = 10_000
# A process that is frozen inside a transaction holds the head row; Postgres ends its session after this.
IDLE_IN_TRANSACTION_TIMEOUT_MILLISECONDS: Final = 3000
# Frozen in the middle of a pipeline it is not idle in Postgres' eyes; then this ends it, where Postgres is new enough.
TRANSACTION_TIMEOUT_MILLISECONDS: Final = 5000
TRANSACTION_TIMEOUT_SINCE: Final = 170_000


def check_url(url: str) -> None:
    """Raises ValueError for what is no connection string; without it, since it may hold a password."""
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise ValueError("a Postgres URL looks like postgresql://user@host:5432/database") from None


def with_limits(url: str, *, name: str) -> str:
    """The connection string with this program's time limits and name; what the given one sets itself stays."""
    options = (
        f"-c lock_timeout={LOCK_TIMEOUT_MILLISECONDS}"
        f" -c statement_timeout={STATEMENT_TIMEOUT_MILLISECONDS}"
        f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_TIMEOUT_MILLISECONDS}"
        " -c timezone=UTC"
    )
    defaults: dict[str, str | int] = {
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "application_name": name,
        "tcp_user_timeout": 2000,
        "options": options,
    }
    return make_conninfo(url, **{key: value for key, value in defaults.items() if key not in conninfo_to_dict(url)})


@contextmanager
def offline_errors() -> Iterator[None]:
    """Connection errors, lock and statement timeouts and a read-only server come out as StoreOffline."""
    try:
        yield
    except (
        psycopg.OperationalError,
        psycopg.InterfaceError,
        psycopg.errors.ReadOnlySqlTransaction,
        PoolTimeout,
    ) as error:
        raise StoreOffline from error


def open_pool(url: str, *, name: str, size_max: int) -> Pool:
    """Autocommit connections with dict rows. The pool opens itself on first use of `async with pool`."""
    return AsyncConnectionPool(
        with_limits(url, name=name),
        connection_class=AsyncConnection[DictRow],
        kwargs={"autocommit": True, "row_factory": dict_row},
        min_size=1,
        max_size=size_max,
        timeout=POOL_WAIT_SECONDS,
        reconnect_timeout=POOL_RECONNECT_SECONDS,
        open=False,
        configure=_limit_transactions,
        check=None,
        name=name,
    )


async def _limit_transactions(connection: AsyncConnection[DictRow]) -> None:
    if connection.info.server_version >= TRANSACTION_TIMEOUT_SINCE:
        await connection.execute(f"SET transaction_timeout = {TRANSACTION_TIMEOUT_MILLISECONDS}".encode())


class Datastore(PostgresDatastore):
    """The library's datastore with one connection a thread in place of its pool.

    The library's pool waits in doubling steps while Postgres is away, up to minutes, and its recorders then retry for up
    to 50 seconds; here a lost connection fails at once with StoreOffline and the next call opens a new one.
    """

    def __init__(self, url: str, *, name: str) -> None:
        parts = conninfo_to_dict(url)
        super().__init__(
            dbname=str(parts.get("dbname", "")),
            host=str(parts.get("host", "")),
            port=str(parts.get("port", "")),
            user=str(parts.get("user", "")),
            password=str(parts.get("password", "")),
        )
        self._url = with_limits(url, name=name)
        self._own = threading.local()
        self._opened: list[Connection[DictRow]] = []

    def register_type_adapters(self) -> None:
        """Nothing to register: our insert needs no composite type, and this would connect while being built."""

    @contextmanager
    def get_connection(self) -> Iterator[Connection[DictRow]]:
        with offline_errors():
            connection = self._connection()
            try:
                yield connection
            except (psycopg.OperationalError, psycopg.InterfaceError):
                self._drop(connection)
                raise

    def _connection(self) -> Connection[DictRow]:
        connection: Connection[DictRow] | None = getattr(self._own, "connection", None)
        if connection is None or connection.closed:
            connection = psycopg.connect(self._url, autocommit=True, row_factory=dict_row)
            if connection.info.server_version >= TRANSACTION_TIMEOUT_SINCE:
                connection.execute(f"SET transaction_timeout = {TRANSACTION_TIMEOUT_MILLISECONDS}".encode())
            self._own.connection = connection
            self._opened.append(connection)
        return connection

    def _drop(self, connection: Connection[Any]) -> None:
        self._own.connection = None
        self._opened.remove(connection)
        with suppress(psycopg.Error):
            connection.close()

    def close(self) -> None:
        """Close every thread's connection; call it when the threads have ended."""
        super().close()
        for connection in getattr(self, "_opened", ()):
            with suppress(psycopg.Error):
                connection.close()
