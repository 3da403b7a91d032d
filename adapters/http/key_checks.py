"""Whose key it is, asked in such a way that guessing costs the database little: an address has a budget for wrong keys."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Final

from adapters.http.rate_limits import RateLimit, network_of
from domain.access.key import read_key
from domain.errors import Unauthorized
from domain.events import Actor

WRONG_KEYS_PER_SECOND: Final = 10
WRONG_KEYS_BURST: Final = 100
RIGHT_KEYS_MAX: Final = 10_000


Authenticate = Callable[[str | None], Awaitable[Actor]]


class KeyChecks:
    """A key that was right the last time is looked up whatever its address has spent, so that nobody is locked out by neighbours.

    What is not in the form of a key costs nothing and is not counted.
    """

    def __init__(self, authenticate: Authenticate, *, budget: RateLimit | None = None) -> None:
        self._authenticate = authenticate
        self._budget = budget or RateLimit(name="wrong-keys", per_second=WRONG_KEYS_PER_SECOND, burst=WRONG_KEYS_BURST)
        self._right: set[bytes] = set()
        self._asked: dict[bytes, asyncio.Task[Actor]] = {}

    async def holder(self, text: str | None, *, address: str) -> Actor:
        """Raises Unauthorized, TooManyRequests, StoreOffline."""
        digest = hashlib.sha256((text or "").encode()).digest()
        if digest in self._right:
            try:
                return await self._authenticate(text)
            except Unauthorized:
                self._right.discard(digest)
                raise
        if text is None or read_key(text) is None:
            return await self._authenticate(text)
        return await self._meet(text, digest, source=network_of(address))

    async def _meet(self, text: str, digest: bytes, *, source: str) -> Actor:
        """Requests with the same key at once ask together: a new key is not taken for many wrong ones."""
        asked = self._asked.get(digest)
        if asked is None:
            self._budget.spend(source)
            asked = asyncio.create_task(self._ask(text, digest, source=source))
            self._asked[digest] = asked
            asked.add_done_callback(lambda done: self._forget(digest, done))
        return await asyncio.shield(asked)

    async def _ask(self, text: str, digest: bytes, *, source: str) -> Actor:
        try:
            actor = await self._authenticate(text)
        except Unauthorized:
            raise
        except BaseException:
            self._budget.give_back(source)
            raise
        self._budget.give_back(source)
        if len(self._right) >= RIGHT_KEYS_MAX:
            self._right.clear()
        self._right.add(digest)
        return actor

    def _forget(self, digest: bytes, done: asyncio.Task[Actor]) -> None:
        del self._asked[digest]
        # Whoever asked may have gone away; what nobody retrieves would be reported as an error.
        if not done.cancelled():
            done.exception()
