"""`/api/install-runs/{run}/events`: the history of one run, as it happens"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct

from adapters.http.application import Application
from adapters.http.authentication import Requires, context_of
from adapters.http.event_sources import RunEvents, Source
from adapters.http.event_stream import MEDIA_TYPE, EventStream, greeting
from adapters.http.install_runs import run_id_of
from adapters.http.operations import Binary, Operation, described
from adapters.http.requests import QueryReader
from adapters.http.resuming import LAST_EVENT_ID, After, resumed_after
from domain.errors import Code
from domain.events import Role


class RunEventsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From where on; unless given, from the beginning of the run."""

    after: After = 0


QUERY: Final = QueryReader(RunEventsQuery)


@get(
    "/install-runs/{run:str}/events",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="streamRunEvents",
            summary="Everything that happens to a run, from its beginning or from a position on, as server-sent events",
            answers={200: ("A stream that ends when the run has ended.", Binary(MEDIA_TYPE))},
            parameters=RunEventsQuery,
            refuses=(Code.NOT_FOUND_RUN, Code.RATE_LIMIT),
            takes=(LAST_EVENT_ID,),
        )
    ),
)
async def stream_run_events(
    request: Request[Any, Any, Any], run: FromPath[str], application: NamedDependency[Application]
) -> EventStream:
    after = resumed_after(request, QUERY.read(request).after) or 0
    run_id = run_id_of(run)
    live = application.live

    @asynccontextmanager
    async def opening() -> AsyncIterator[tuple[Source, bytes]]:
        async with live.feed.listening(("run", run_id)) as listener:
            reset_to = None
            if after > live.feed.position and after > (reached := await live.log.head()):
                reset_to = reached
            position = after if reset_to is None else 0
            source = RunEvents(
                feed=live.feed,
                listener=listener,
                log=live.log,
                store=application.store,
                run_id=run_id,
                position=position,
            )
            await source.begin()
            yield source, greeting(position=position, reset_to=reset_to)

    return EventStream(live, actor=context_of(request.scope).actor, opening=opening)
