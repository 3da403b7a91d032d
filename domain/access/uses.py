"""When each API key was used last: not an event, and never worth a request that waits or fails for it."""

from collections.abc import Mapping
from typing import Protocol


class KeyUses(Protocol):
    async def note(self, seconds_ago: Mapping[str, float]) -> None:
        """Each of these keys, by its id, was used so long ago; what is known of a later use stays. Raises StoreOffline."""
        ...
