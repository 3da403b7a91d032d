"""Chat says in words that something is not there, so it must not say so of what has only not come here yet."""

from collections.abc import Sized

from domain.errors import StoreOffline


def check_known(found: Sized, *, stale: bool) -> None:
    """Raises StoreOffline."""
    if stale and not found:
        raise StoreOffline("This is not known yet: what is read here is still being brought up to date.")
