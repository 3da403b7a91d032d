"""What a rotation of keys does to the stored credentials: sealed with the newest key, and deleted where nothing needs them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final
from uuid import UUID

import psycopg
from cryptography.fernet import InvalidToken
from msgspec import Struct
from psycopg import Connection
from psycopg.rows import TupleRow

from adapters.postgres.connection import offline_errors, with_limits
from adapters.postgres.sealing import Keys
from domain.provider.events import ProviderConnected, ProviderCredentialChanged

LOCK_KEY: Final = (
    0x5741_594B  # "WAYK": held while rotating, so that no second rotation makes a key of its own meanwhile
)
BATCH_ROWS_MAX: Final = 200
BATCHES_MAX: Final = 100_000
BATCH: Final = "SELECT id, ciphertext FROM credentials WHERE id > %s ORDER BY id LIMIT %s"
RESEAL: Final = "UPDATE credentials SET ciphertext = %s WHERE id = %s AND ciphertext = %s"
NO_ID: Final = UUID(int=0)
# What an attempt that began before the change may still open; an attempt takes ten minutes at most.
SUPERSEDED_FOR: Final = timedelta(hours=1)
DELETE_SUPERSEDED: Final = """
    DELETE FROM credentials WHERE id::text IN (
        SELECT given ->> 'name'
        FROM (
            SELECT envelope -> 'data' -> 'credential' AS given,
                   lead((envelope ->> 'at')::timestamptz) OVER (PARTITION BY stream ORDER BY version) AS superseded_at
            FROM events_readable WHERE topic = ANY(%s)
        ) AS credentials_given
        WHERE given ->> 'source' = 'stored' AND superseded_at < now() - %s
    )
"""
# It reads every event, of which there may be many; nobody waits for it.
PATIENCE: Final = "SET LOCAL statement_timeout = '15min'"
TOPICS: Final = [ProviderConnected.TOPIC, ProviderCredentialChanged.TOPIC]


class RotationUnderWayError(Exception):
    """Another rotation is at work on this database; wait until it has ended."""


class Resealed(Struct, frozen=True, kw_only=True):
    """Of all stored credentials: how many were sealed anew, and how many no key opens, so that they were left alone."""

    rows: int
    resealed: int
    unreadable: int


class Credentials:
    """The stored credentials, for one who rotates the keys. All raise StoreOffline."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def survey(self, keys: Keys) -> Resealed:
        """What `reseal` would do."""
        return self._each(keys, write=False)

    def reseal(self, keys: Keys) -> Resealed:
        """In batches that are committed one by one: what was done stays done, and a second time finds less to do."""
        return self._each(keys, write=True)

    def delete_superseded(self) -> int:
        """How many there were that connections had, and have not any more, for longer than SUPERSEDED_FOR."""
        with offline_errors(), self._connection.transaction():
            self._connection.execute(PATIENCE)
            return self._connection.execute(DELETE_SUPERSEDED, (TOPICS, SUPERSEDED_FOR)).rowcount

    def _each(self, keys: Keys, *, write: bool) -> Resealed:
        rows = resealed = unreadable = 0
        last = NO_ID
        for _ in range(BATCHES_MAX):
            with offline_errors(), self._connection.transaction():
                batch = self._connection.execute(BATCH, (last, BATCH_ROWS_MAX)).fetchall()
                for credential_id, ciphertext in batch:
                    last = credential_id
                    try:
                        anew = keys.reseal(ciphertext)
                    except InvalidToken:
                        unreadable += 1
                        continue
                    resealed += anew != ciphertext
                    if write and anew != ciphertext:
                        self._connection.execute(RESEAL, (anew, credential_id, ciphertext))
            rows += len(batch)
            if len(batch) < BATCH_ROWS_MAX:
                break
        return Resealed(rows=rows, resealed=resealed, unreadable=unreadable)


@contextmanager
def stored_credentials(url: str) -> Iterator[Credentials]:
    """For one rotation at a time. Raises RotationUnderWayError, StoreOffline."""
    with offline_errors():
        connection = psycopg.connect(with_limits(url, name="waybill-credentials"), autocommit=True)
    with connection:
        with offline_errors():
            held = connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK_KEY,)).fetchone()
        if held != (True,):
            raise RotationUnderWayError
        yield Credentials(connection)
