"""Find out whose API key this is; a decision about access, so it asks the streams and no read model."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from domain.access.key import opens, read_key
from domain.access.state import API_KEY, ApiKey, key_stream
from domain.errors import Unauthorized
from domain.events import Actor
from domain.ports import EventStore

# For this long a key is believed to be as it was when last looked up.
RECHECK_SECONDS: Final = 1.0
KEYS_CACHED_MAX: Final = 10_000


class Authenticate:
    def __init__(self, *, store: EventStore, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[str, tuple[datetime, ApiKey]] = {}

    async def __call__(self, text: str | None) -> Actor:
        """The holder of the key. Raises Unauthorized, StoreOffline."""
        presented = read_key(text) if text else None
        if presented is None:
            raise Unauthorized
        now = self._clock()
        key = await self._look_up(presented.key_id, now)
        if key is None or not opens(key, presented):
            raise Unauthorized
        _require_valid(key, now)
        return _holder(key)

    async def recheck(self, actor: Actor) -> None:
        """For whoever serves the holder of a key for longer than a moment. Raises Unauthorized, StoreOffline."""
        await self.holder_of(actor.id)

    async def holder_of(self, key_id: str) -> Actor:
        """For whoever knows by other means that the holder is calling. Raises Unauthorized, StoreOffline."""
        now = self._clock()
        key = await self._look_up(key_id, now)
        if key is None:
            raise Unauthorized
        _require_valid(key, now)
        return _holder(key)

    async def _look_up(self, key_id: str, now: datetime) -> ApiKey | None:
        known = self._known.get(key_id)
        if known is not None and abs((now - known[0]).total_seconds()) < RECHECK_SECONDS:
            return known[1]
        key = API_KEY.fold(await self._store.load(key_stream(key_id)))
        if key is not None:
            if len(self._known) >= KEYS_CACHED_MAX:
                self._known.clear()
            self._known[key_id] = (now, key)
        return key


def _holder(key: ApiKey) -> Actor:
    return Actor(kind="api_key", id=key.key_id, name=key.name, role=key.role)


def _require_valid(key: ApiKey, now: datetime) -> None:
    if key.revoked:
        raise Unauthorized("This API key was revoked.")
    if key.expired(now):
        raise Unauthorized("This API key has expired.")
