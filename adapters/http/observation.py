"""What a server can tell of itself, and to whom: the details of its readiness, its metrics, and who looks on."""

from typing import Final, Protocol

from msgspec import Struct

from adapters.http.health_details import AskDetails
from adapters.http.watching import Unwatched, Watch

PROMETHEUS: Final = "text/plain"
OPENMETRICS: Final = "application/openmetrics-text"


class Exposition(Protocol):
    """The metrics in one form."""

    @property
    def content_type(self) -> str: ...

    @property
    def body(self) -> bytes: ...


class Expose(Protocol):
    """Asks what has to be asked, and answers within a second whatever does not. It takes what `Accept` says."""

    async def __call__(self, accept: str, /) -> Exposition: ...


class Nothing(Struct, frozen=True):
    """What a server says that nobody has told what to measure."""

    content_type: str = PROMETHEUS
    body: bytes = b""


async def nothing_to_expose(_: str, /) -> Exposition:
    return Nothing()


class Observation(Struct, frozen=True, kw_only=True):
    details: AskDetails | None = None
    expose: Expose = nothing_to_expose
    watch: Watch = Unwatched()


UNOBSERVED: Final = Observation()
