"""The idempotency keys port in memory."""

import time
from collections.abc import Callable
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.idempotency import KeptAnswer, KeyClaim, KeyUse


class Known(Struct, frozen=True, kw_only=True):
    """What is remembered of a key."""

    fingerprint: bytes
    claim: KeyClaim
    claimed_until: float
    kept_until: float
    answer: KeptAnswer | None = None


class MemoryIdempotencyKeys:
    """Implements `IdempotencyKeys`. `clock` counts seconds; tests give their own."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[UUID, Known] = {}

    async def claim(
        self, *, key_id: UUID, fingerprint: bytes, claim_id: UUID, seconds: float, kept_seconds: float
    ) -> KeyClaim | KeptAnswer | KeyUse:
        now, made_id = self._clock(), claim_id
        known = self._known.get(key_id)
        if known is not None and known.kept_until > now:
            if known.fingerprint != fingerprint:
                return KeyUse.OTHER_REQUEST
            if known.answer is not None:
                return known.answer
            if known.claimed_until > now:
                return KeyUse.IN_FLIGHT
            made_id = known.claim.made_id
        claim = KeyClaim(key_id=key_id, claim_id=claim_id, made_id=made_id)
        self._known[key_id] = Known(
            fingerprint=fingerprint, claim=claim, claimed_until=now + seconds, kept_until=now + kept_seconds
        )
        return claim

    async def renew(self, claim: KeyClaim, *, seconds: float) -> bool:
        return self._change(claim, claimed_until=self._clock() + seconds)

    async def keep(self, claim: KeyClaim, answer: KeptAnswer, *, kept_seconds: float) -> bool:
        return self._change(claim, answer=answer, kept_until=self._clock() + kept_seconds)

    async def release(self, claim: KeyClaim) -> None:
        self._change(claim, claimed_until=self._clock())

    async def forget(self, claim: KeyClaim) -> None:
        if self._is_ours(claim):
            del self._known[claim.key_id]

    def _change(self, claim: KeyClaim, **changes: object) -> bool:
        if not self._is_ours(claim):
            return False
        self._known[claim.key_id] = replace(self._known[claim.key_id], **changes)
        return True

    def _is_ours(self, claim: KeyClaim) -> bool:
        known = self._known.get(claim.key_id)
        return known is not None and known.claim == claim and known.answer is None
