"""What can happen to the store of all the other events."""

from datetime import datetime

from domain.events import Event


class StoreRestored(Event, frozen=True, kw_only=True, rename="camel"):
    """What happened after `since` may be forgotten here, and stand at the providers all the same."""

    TOPIC = "store.store_restored"

    since: datetime


class StoreChecked(Event, frozen=True, kw_only=True, rename="camel"):
    """After that the providers were asked about every installation: how many there are, how many of them are not as they were
    left, and for how many nobody could say.
    """

    TOPIC = "store.store_checked"

    installations: int
    drifted: int
    unknown: int


StoreEvent = StoreRestored | StoreChecked
