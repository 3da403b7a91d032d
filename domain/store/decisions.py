"""What is said of a store that was set back."""

from datetime import datetime

from domain.store.events import StoreChecked, StoreRestored
from domain.store.state import Store


def restore(_: Store | None, *, since: datetime) -> tuple[StoreRestored, ...]:
    """Said again it does no harm: what is doubtful is doubtful once more."""
    return (StoreRestored(since=since),)


def check(state: Store | None, *, installations: int, drifted: int, unknown: int) -> tuple[StoreChecked, ...]:
    """Quiet if nobody waits for it."""
    if state is None or state.checked:
        return ()
    return (StoreChecked(installations=installations, drifted=drifted, unknown=unknown),)
