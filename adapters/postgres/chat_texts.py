"""The words of chat actions on Postgres: a row each, written by the event store with the receipt, deleted here."""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from adapters.postgres.connection import Pool, offline_errors

READ: Final = "SELECT action_id, text FROM chat_texts WHERE action_id = ANY(%s)"
ERASE: Final = "DELETE FROM chat_texts WHERE action_id = %s"
# The answer that is kept for a request that comes again repeats what was not understood. Without it such a request is carried out
# once more, and finds what it has made; whoever is at it now keeps no answer either.
FORGET_ANSWER: Final = """
    UPDATE idempotency_keys
    SET claim_id = gen_random_uuid(), claimed_until = now(), status = NULL, headers = NULL, body = NULL
    WHERE made_id = %s
"""


class PostgresChatTexts:
    """Implements `ChatTexts`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self, action_ids: Collection[UUID]) -> Mapping[UUID, str]:
        with offline_errors():
            async with self._pool.connection() as connection:
                rows = await (await connection.execute(READ, (list(action_ids),))).fetchall()
        return {row["action_id"]: row["text"] for row in rows}

    async def erase(self, action_id: UUID) -> None:
        with offline_errors():
            async with self._pool.connection() as connection, connection.transaction():
                await connection.execute(ERASE, (action_id,))
                await connection.execute(FORGET_ANSWER, (action_id,))
