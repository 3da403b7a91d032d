"""The idempotency keys port on Postgres: one row a key, judged by the database's clock."""

from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from adapters.postgres.connection import Pool, offline_errors
from domain.idempotency import KeptAnswer, KeyClaim, KeyUse

PRUNE_EVERY: Final = 64
PRUNED_MAX: Final = 1000

# Nobody waits for these to be on the disk. What a request makes is committed after its claim, and that takes the claim along; an
# answer that is lost with the machine is found anew.
UNHURRIED: Final = "set_config('synchronous_commit', 'off', true)"
# A key whose time is over is as good as new. One that somebody else inserts at this moment is not seen by the second half, so
# that no row comes back: it is in flight.
CLAIM: Final = f"""
    WITH claimed AS (
        INSERT INTO idempotency_keys AS known (id, fingerprint, made_id, claim_id, claimed_until, kept_until)
        SELECT %(id)s, %(fingerprint)s, %(claim_id)s, %(claim_id)s,
               now() + make_interval(secs => %(seconds)s), now() + make_interval(secs => %(kept_seconds)s)
        FROM (SELECT {UNHURRIED}) AS unhurried
        ON CONFLICT (id) DO UPDATE
        SET fingerprint = excluded.fingerprint,
            made_id = CASE WHEN known.kept_until <= now() THEN excluded.made_id ELSE known.made_id END,
            claim_id = excluded.claim_id, claimed_until = excluded.claimed_until, kept_until = excluded.kept_until,
            status = NULL, headers = NULL, body = NULL
        WHERE known.kept_until <= now()
           OR (known.status IS NULL AND known.claimed_until <= now() AND known.fingerprint = excluded.fingerprint)
        RETURNING made_id, fingerprint, status, headers, body
    )
    SELECT true AS won, made_id, fingerprint, status, headers, body FROM claimed
    UNION ALL
    SELECT false, made_id, fingerprint, status, headers, body FROM idempotency_keys
    WHERE id = %(id)s AND NOT EXISTS (SELECT FROM claimed)
"""  # noqa: S608 - constants
OURS: Final = f"WHERE id = %(id)s AND claim_id = %(claim_id)s AND status IS NULL RETURNING {UNHURRIED}"
RENEW: Final = f"UPDATE idempotency_keys SET claimed_until = now() + make_interval(secs => %(seconds)s) {OURS}"  # noqa: S608 - constants
KEEP: Final = f"""
    UPDATE idempotency_keys
    SET status = %(status)s, headers = %(headers)s, body = %(body)s,
        kept_until = now() + make_interval(secs => %(kept_seconds)s)
    {OURS}
"""  # noqa: S608 - constants
RELEASE: Final = f"UPDATE idempotency_keys SET claimed_until = now() {OURS}"  # noqa: S608 - constants
FORGET: Final = f"DELETE FROM idempotency_keys {OURS}"  # noqa: S608 - constants
PRUNE: Final = """
    DELETE FROM idempotency_keys WHERE id = ANY (ARRAY (
        SELECT id FROM idempotency_keys WHERE kept_until <= now() ORDER BY kept_until LIMIT %(limit)s
    ))
"""


class PostgresIdempotencyKeys:
    """Implements `IdempotencyKeys`. Every so many answers it also removes keys whose time is over, more than have come."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._kept = 0

    async def claim(
        self, *, key_id: UUID, fingerprint: bytes, claim_id: UUID, seconds: float, kept_seconds: float
    ) -> KeyClaim | KeptAnswer | KeyUse:
        values = {
            "id": key_id,
            "fingerprint": fingerprint,
            "claim_id": claim_id,
            "seconds": seconds,
            "kept_seconds": kept_seconds,
        }
        with offline_errors():
            async with self._pool.connection() as connection:
                row = await (await connection.execute(CLAIM, values)).fetchone()
        if row is None:
            return KeyUse.IN_FLIGHT
        if row["won"]:
            return KeyClaim(key_id=key_id, claim_id=claim_id, made_id=row["made_id"])
        if bytes(row["fingerprint"]) != fingerprint:
            return KeyUse.OTHER_REQUEST
        if row["status"] is None:
            return KeyUse.IN_FLIGHT
        return KeptAnswer(status=row["status"], headers=row["headers"], body=bytes(row["body"]))

    async def renew(self, claim: KeyClaim, *, seconds: float) -> bool:
        return await self._change(RENEW, claim, seconds=seconds)

    async def keep(self, claim: KeyClaim, answer: KeptAnswer, *, kept_seconds: float) -> bool:
        kept = await self._change(
            KEEP,
            claim,
            status=answer.status,
            headers=Jsonb(dict(answer.headers)),
            body=answer.body,
            kept_seconds=kept_seconds,
        )
        self._kept += 1
        if self._kept % PRUNE_EVERY == 0:
            await self._prune()
        return kept

    async def release(self, claim: KeyClaim) -> None:
        await self._change(RELEASE, claim)

    async def forget(self, claim: KeyClaim) -> None:
        await self._change(FORGET, claim)

    async def _change(self, statement: str, claim: KeyClaim, **values: Any) -> bool:
        with offline_errors():
            async with self._pool.connection() as connection:
                cursor = await connection.execute(statement, {"id": claim.key_id, "claim_id": claim.claim_id, **values})
                return cursor.rowcount == 1

    async def _prune(self) -> None:
        with offline_errors():
            async with self._pool.connection() as connection:
                await connection.execute(PRUNE, {"limit": PRUNED_MAX})
