"""Resolves what people write for a thing, an id or a name, without looking anything up: a name's stream follows from it."""

from collections.abc import Callable
from uuid import UUID


def ids_meant(text: str, stream_of_name: Callable[[str], UUID]) -> tuple[UUID, ...]:
    """Both readings of a text that could be an id, since a name may look like one."""
    named = stream_of_name(text)
    try:
        return (UUID(text), named)
    except ValueError:
        return (named,)
