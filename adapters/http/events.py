"""`/api/events`: everything that happens, as it happens"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from msgspec import Meta, Struct

from adapters.http.application import Application
from adapters.http.authentication import Requires, context_of
from adapters.http.event_feed import EVERYTHING, Channel
from adapters.http.event_frames import Frame
from adapters.http.event_sources import AllEvents, Source
from adapters.http.event_stream import MEDIA_TYPE, EventStream, greeting
from adapters.http.operations import Binary, Operation, described
from adapters.http.requests import QueryReader
from adapters.http.resuming import LAST_EVENT_ID, After, resumed_after
from domain.catalog import EVENTS
from domain.errors import BadRequest, Code, Problem
from domain.events import Actor, Role

NAMES: Final = frozenset(event.__name__ for event in EVENTS)
NAME_CHARS_MAX: Final = 64

Name = Annotated[str, Meta(max_length=NAME_CHARS_MAX, extra_json_schema={"enum": sorted(NAMES)})]


class EventsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From where on, None: from now on; and which events, by name or by stream."""

    after: After | None = None
    event: tuple[Name, ...] = ()
    stream: UUID | None = None


QUERY: Final = QueryReader(EventsQuery)


@get(
    "/events",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="streamEvents",
            summary="Every event from now on, or from a position on, as server-sent events",
            answers={200: ("A stream that goes on until one side ends it.", Binary(MEDIA_TYPE))},
            parameters=EventsQuery,
            refuses=(Code.RATE_LIMIT,),
            takes=(LAST_EVENT_ID,),
        )
    ),
)
async def stream_events(request: Request[Any, Any, Any], application: NamedDependency[Application]) -> EventStream:
    asked = QUERY.read(request)
    _require_known(asked.event)
    after = resumed_after(request, asked.after)
    actor = context_of(request.scope).actor
    live = application.live
    wanted = Wanted(asked, actor)

    @asynccontextmanager
    async def opening() -> AsyncIterator[tuple[Source, bytes]]:
        channel: Channel = EVERYTHING if asked.stream is None else ("stream", asked.stream)
        async with live.feed.listening(channel) as listener:
            head = live.feed.position
            reset_to = None
            if after is not None and after > head and after > (reached := await live.log.head()):
                reset_to = reached
            position = head if after is None else after if reset_to is None else reset_to
            source = AllEvents(feed=live.feed, listener=listener, log=live.log, wanted=wanted, position=position)
            yield source, greeting(position=position, reset_to=reset_to)

    return EventStream(live, actor=actor, opening=opening)


class Wanted:
    """Which events a stream shows: those that its caller may see, and asked for."""

    def __init__(self, asked: EventsQuery, actor: Actor) -> None:
        self._names = frozenset(asked.event)
        self._stream = asked.stream
        self._role = actor.role or Role.VIEWER

    def __call__(self, frame: Frame) -> bool:
        return (
            self._role.includes(frame.role)
            and (not self._names or frame.name in self._names)
            and (self._stream is None or frame.stream == self._stream)
        )


def _require_known(names: tuple[str, ...]) -> None:
    """Raises BadRequest."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        problem = Problem(pointer="?event", message="must be the name of an event")
        raise BadRequest(f"There is no event {unknown[0]}.", problems=(problem,))
