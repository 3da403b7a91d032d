"""Hold back everything that would go through a provider connection, for a while or until told otherwise; and end that."""

from datetime import timedelta
from uuid import UUID

from msgspec import Struct

from commands.handling import Handling, Session, require
from domain.errors import ProviderNotFound
from domain.events import Context
from domain.provider.decisions import pause, resume
from domain.provider.state import PROVIDER, Provider, provider_stream
from domain.timers import Timer, TimerName


class PauseProvider(Struct, frozen=True, kw_only=True):
    """`provider` is an id or a name; without `seconds` it lasts until somebody ends it."""

    provider: str
    seconds: int | None = None


class ResumeProvider(Struct, frozen=True, kw_only=True):
    """`provider` is an id or a name."""

    provider: str


class PauseProviderHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, command: PauseProvider, context: Context) -> UUID:
        """The id of the connection. What is asked of it waits; a call that is under way is not cut.

        Raises ProviderNotFound, Busy, StoreOffline.
        """

        async def decide(session: Session) -> UUID:
            stream, state = await _connection(session, command.provider)
            until = None if command.seconds is None else session.now + timedelta(seconds=command.seconds)
            session.append(stream, *pause(state, until=until))
            session.set_timer(Timer(name=TimerName.RESUME, subject=stream, provider_id=stream, due_at=until))
            return stream

        stream, _ = await self._handling.handle(decide, context=context)
        return stream


class ResumeProviderHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, command: ResumeProvider, context: Context) -> UUID:
        """The id of the connection, whoever had paused it. Raises ProviderNotFound, Busy, StoreOffline."""

        async def decide(session: Session) -> UUID:
            stream, state = await _connection(session, command.provider)
            session.append(stream, *resume(state))
            session.set_timer(Timer(name=TimerName.RESUME, subject=stream, provider_id=stream, due_at=None))
            return stream

        stream, _ = await self._handling.handle(decide, context=context)
        return stream


async def _connection(session: Session, provider: str) -> tuple[UUID, Provider]:
    missing = ProviderNotFound(f"No connection has the id or name {provider}.")
    return await require(session, provider, named=provider_stream, fold=PROVIDER, missing=missing)
