"""Revoke an API key: within a second it opens nothing any more, wherever."""

from msgspec import Struct

from commands.handling import Handling, Session
from domain.access.decisions import revoke
from domain.access.state import API_KEY, key_stream
from domain.errors import ApiKeyNotFound
from domain.events import Context


class RevokeApiKey(Struct, frozen=True, kw_only=True):
    key_id: str


class RevokeApiKeyHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, command: RevokeApiKey, context: Context) -> None:
        """Raises ApiKeyNotFound, ApiKeyUnfit, Busy, StoreOffline."""
        stream = key_stream(command.key_id)

        async def decide(session: Session) -> None:
            key = await session.load(stream, API_KEY)
            if key is None:
                raise ApiKeyNotFound(f"No API key has the id {command.key_id}.")
            session.append(stream, *revoke(key, by=context.actor.id))

        await self._handling.handle(decide, context=context)
