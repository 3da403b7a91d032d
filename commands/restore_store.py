"""Say in the store that it was set back: what happened since may be forgotten, and is looked up before anything is created."""

from datetime import datetime

from msgspec import Struct

from commands.handling import Handling, Session
from domain.events import Context
from domain.store.decisions import restore
from domain.store.state import STORE, STORE_STREAM


class RestoreStore(Struct, frozen=True, kw_only=True):
    """`since`: the time of the newest event that the store has from before."""

    since: datetime


class RestoreStoreHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, command: RestoreStore, context: Context) -> None:
        """Raises StoreOffline."""

        async def decide(session: Session) -> None:
            state = await session.load(STORE_STREAM, STORE)
            session.append(STORE_STREAM, *restore(state, since=command.since))

        await self._handling.handle(decide, context=context)
