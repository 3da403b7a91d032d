"""Use a connection again when the time of its pause is over."""

from uuid import UUID

from msgspec import Struct

from commands.handling import Handling, Session
from domain.errors import ProviderNotFound
from domain.events import Context
from domain.provider.decisions import end_pause
from domain.provider.state import PROVIDER


class EndPause(Struct, frozen=True, kw_only=True):
    provider_id: UUID


class EndPauseHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, command: EndPause, context: Context) -> float | None:
        """For how many seconds more it is paused; None if it is not, or until a person ends it.

        Raises ProviderNotFound, Busy, StoreOffline.
        """

        async def decide(session: Session) -> float | None:
            provider = await session.load(command.provider_id, PROVIDER)
            if provider is None:
                raise ProviderNotFound
            session.append(command.provider_id, *end_pause(provider, now=session.now))
            if provider.pause is None or provider.pause.until is None or not provider.paused_at(session.now):
                return None
            return (provider.pause.until - session.now).total_seconds()

        seconds, _ = await self._handling.handle(decide, context=context)
        return seconds
