"""Who looks on while requests are answered: told of each one around its answer, and of what became of it."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, Protocol

from msgspec import Struct

from adapters.http.tracing import Trace

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER: Final = "other"
# For what was answered before it came to a route: no such path, no key, too many requests.
NO_ROUTE: Final = "none"
EVENT_STREAM: Final = b"text/event-stream"


class Answered(Struct, frozen=True, kw_only=True):
    """`method` and `route` are of a bounded number: any other method is `other`, and the route is its template. `status` is None
    if there was no answer. `streamed`: the answer went on for as long as somebody listened.
    """

    method: str
    route: str
    status: int | None
    seconds: float
    streamed: bool


class Watch(Protocol):
    """It waits for nobody and raises nothing."""

    def answering(self, trace: Trace) -> AbstractContextManager[str | None]:
        """Around the answer; inside, the `traceparent` to give, None if there is nothing to say beyond the trace itself."""
        ...

    def answered(self, answered: Answered) -> None:
        """Called inside."""
        ...


class Unwatched:
    def answering(self, _: Trace) -> AbstractContextManager[str | None]:
        return nullcontext()

    def answered(self, _: Answered) -> None: ...


def known_method(method: str) -> str:
    return method if method in METHODS else OTHER


def is_stream(message: Mapping[str, Any]) -> bool:
    """Whether the answer that begins so is a live stream."""
    return any(name == b"content-type" and value.startswith(EVENT_STREAM) for name, value in message["headers"])
