"""Say in the store that after it was set back the installations were compared with the providers, and how that went."""

from msgspec import Struct

from commands.handling import Handling, Session
from domain.events import Context
from domain.store.decisions import check
from domain.store.state import STORE, STORE_STREAM


class CheckStore(Struct, frozen=True, kw_only=True):
    """How many installations there are, how many of them are not as they were left, and for how many nobody could say."""

    installations: int
    drifted: int
    unknown: int


class CheckStoreHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, command: CheckStore, context: Context) -> None:
        """Raises StoreOffline."""

        async def decide(session: Session) -> None:
            state = await session.load(STORE_STREAM, STORE)
            events = check(state, installations=command.installations, drifted=command.drifted, unknown=command.unknown)
            session.append(STORE_STREAM, *events)

        await self._handling.handle(decide, context=context)
