"""The store as its own events tell it: how often it was set back, and to when."""

from datetime import datetime
from typing import Final, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.events import Fold, stream_named
from domain.store.events import StoreChecked, StoreEvent, StoreRestored

STORE_STREAM: Final[UUID] = stream_named("store", "history")


class Store(Struct, frozen=True, kw_only=True):
    """`restored_to` are the times from which on it may have forgotten something, in the order in which that was noticed.
    `checked`: the installations were compared with the providers since the last one.
    """

    restored_to: tuple[datetime, ...] = ()
    checked: bool = True

    def forgot_since(self, restores_seen: int) -> datetime | None:
        """From when on something may be forgotten that nobody has looked up who saw so many restores; None if there is nothing."""
        return min(self.restored_to[restores_seen:], default=None)


def evolve(state: Store | None, event: StoreEvent) -> Store:
    state = state or Store()
    match event:
        case StoreRestored(since=since):
            return Store(restored_to=(*state.restored_to, since), checked=False)
        case StoreChecked():
            return replace(state, checked=True)
        case _:
            assert_never(event)


STORE: Final = Fold(noun="store", evolve=evolve)
