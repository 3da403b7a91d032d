"""What live streams and long polls share in one process."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from litestar.types import Receive
from msgspec import Struct

from adapters.http.catching_up import CatchingUp
from adapters.http.event_feed import EventFeed
from adapters.http.places import Places
from adapters.http.stream_limits import StreamLimits
from domain.events import Actor
from domain.evidence.ports import EventArchive
from domain.ports import EventLog
from queries.reading import Reader

WAITS_PER_KEY_MAX: Final = 100
WAITS_MAX: Final = 1_000
WAIT_RETRY_AFTER_SECONDS: Final = 1


class Pace(Struct, frozen=True, kw_only=True):
    """When a stream does what: it shows that it is there, ends because of its age, looks whether its key is still good, and cuts
    off a client that takes nothing.
    """

    ping_seconds: float = 15.0
    age_seconds_max: float = 15 * 60.0
    key_check_seconds: float = 2.0
    blocked_seconds_max: float = 30.0


DEFAULT_PACE: Final = Pace()


class Live(Struct, frozen=True, kw_only=True):
    """`log` is for reading what is older than the feed has at hand, on a connection of its own, so that who catches up keeps
    nobody waiting. `recheck` raises Unauthorized for a key that is no longer good. At `stopping` everybody is sent away.
    """

    feed: EventFeed
    log: EventArchive
    recheck: Callable[[Actor], Awaitable[None]]
    stopping: asyncio.Event
    streams: StreamLimits
    waits: Places
    catching_up: CatchingUp
    pace: Pace

    @property
    def open_streams(self) -> int:
        return self.streams.total


def begin_live(
    *,
    followed: EventLog,
    log: EventArchive,
    reader: Reader,
    recheck: Callable[[Actor], Awaitable[None]],
    stopping: asyncio.Event,
    pace: Pace = DEFAULT_PACE,
) -> Live:
    """Nothing is asked of `followed` before somebody listens."""
    waits = Places(
        name="waiting requests",
        per_key_max=WAITS_PER_KEY_MAX,
        total_max=WAITS_MAX,
        retry_after_seconds=WAIT_RETRY_AFTER_SECONDS,
    )
    return Live(
        feed=EventFeed(followed),
        log=log,
        recheck=recheck,
        stopping=stopping,
        streams=StreamLimits(),
        waits=waits,
        catching_up=CatchingUp(reader),
        pace=pace,
    )


async def client_left(receive: Receive) -> None:
    """Return when there is nobody to answer any more; the body of the request is passed over."""
    while (await receive())["type"] != "http.disconnect":
        pass
