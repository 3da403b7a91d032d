"""The port by which a request that is sent again gets the answer that the first one got."""

from collections.abc import Mapping
from enum import Enum
from typing import Protocol
from uuid import UUID

from msgspec import Struct


class KeyClaim(Struct, frozen=True, kw_only=True):
    """The request with this key is the caller's to carry out. `made_id` is the id for what it makes, the same for everybody
    who ever claims the key; `claim_id` fences a caller that was frozen past its time.
    """

    key_id: UUID
    claim_id: UUID
    made_id: UUID

    @property
    def is_first(self) -> bool:
        """Nobody before has begun to carry it out and was not heard of again."""
        return self.claim_id == self.made_id


class KeptAnswer(Struct, frozen=True, kw_only=True):
    """What the first request with a key was answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class KeyUse(Enum):
    """Why a key can be neither claimed nor answered: the first request is under way, or it was another one."""

    IN_FLIGHT = "in flight"
    OTHER_REQUEST = "other request"


class IdempotencyKeys(Protocol):
    """Keys of requests, each scoped to its caller and its route by whoever makes `key_id`. All times are by the store's own
    clock. Every method raises StoreOffline.
    """

    async def claim(
        self, *, key_id: UUID, fingerprint: bytes, claim_id: UUID, seconds: float, kept_seconds: float
    ) -> KeyClaim | KeptAnswer | KeyUse:
        """The right to carry the request out, for so many seconds; or what came of it before. It is remembered for
        `kept_seconds` what the request was, so that another one is told apart also after a claim that came to nothing.
        """
        ...

    async def renew(self, claim: KeyClaim, *, seconds: float) -> bool:
        """False: somebody else has the claim now."""
        ...

    async def keep(self, claim: KeyClaim, answer: KeptAnswer, *, kept_seconds: float) -> bool:
        """This is the answer from now on. False, and nothing kept: somebody else has the claim now."""
        ...

    async def release(self, claim: KeyClaim) -> None:
        """It is not known what came of the request: the same one may be carried out again, under the same `made_id`."""
        ...

    async def forget(self, claim: KeyClaim) -> None:
        """Nothing came of the request: the key is as if it had never been used."""
        ...
