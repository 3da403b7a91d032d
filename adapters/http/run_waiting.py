"""What a caller knows of a run already (`ETag`), and waiting until there is more to say (`?wait=`)."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Final

from litestar import Request
from msgspec import Meta, Struct
from msgspec.structs import replace

from adapters.http.application import Application
from adapters.http.authentication import context_of
from adapters.http.conditional import tags_known
from adapters.http.event_feed import Listener
from adapters.http.live import client_left
from adapters.http.operations import Header
from adapters.http.requests import Position
from projections.install_runs import InstallRun
from queries.get_install_run import GetInstallRun, get_install_run
from queries.reading import Answer

WAIT_SECONDS_MAX: Final = 30
# The read side is behind what was heard: it is asked again so soon.
STALE_SECONDS: Final = 0.25
POSITION_DIGITS_MAX: Final = 18
IF_NONE_MATCH: Final = Header(
    name="If-None-Match",
    description="The ETag of the run as the caller has it; more than one, with commas between them.",
)
ETAG: Final = Header(name="ETag", description='The position of the run\'s newest event: `W/"12"`.')


class RunQuery(Position, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`wait`: for so many seconds at most, until the run differs from what `If-None-Match` names, or without it has ended."""

    wait: Annotated[float, Meta(ge=0, le=WAIT_SECONDS_MAX)] | None = None


class Known(Struct, frozen=True):
    """What `If-None-Match` names; None if there is no such header."""

    tags: frozenset[str] | None

    def has(self, answer: Answer[InstallRun]) -> bool:
        """By the weak comparison, as RFC 9110 has it. What the read side has not heard of yet is no news to who has."""
        if self.tags is None:
            return False
        position = answer.item.position
        newest = max((int(tag) for tag in self.tags if tag.isdecimal() and len(tag) <= POSITION_DIGITS_MAX), default=0)
        return "*" in self.tags or str(position) in self.tags or (answer.stale and newest > position)


def known_to(request: Request[Any, Any, Any]) -> Known:
    tags = tags_known(request)
    return Known(None if tags is None else frozenset(tag.strip('"') for tag in tags))


def etag_of(run: InstallRun) -> str:
    """Weak: `stale`, too, stands in the answer."""
    return f'W/"{run.position}"'


class RunWait:
    """One caller's wait for a run, from an answer that it may have at once to the one that it gets."""

    def __init__(self, application: Application, query: GetInstallRun, listener: Listener) -> None:
        self._application = application
        self._query = query
        self._listener = listener
        # How far the read side must come before it says all that was heard of; None if it has.
        self._pending: int | None = None

    async def until(
        self, done: Callable[[Answer[InstallRun]], bool], *, seconds: float, ends: set[asyncio.Task[Any]]
    ) -> Answer[InstallRun]:
        clock = asyncio.get_running_loop().time
        deadline = clock() + seconds
        answer = await get_install_run(self._application.reader, self._query)
        if answer.stale:
            self._pending = self._application.live.feed.position
        while not done(answer) and not any(end.done() for end in ends) and (left := deadline - clock()) > 0:
            await self._hear(left, ends)
            answer = await self._read() or answer
        return replace(answer, stale=answer.stale or self._pending is not None)

    async def _hear(self, seconds: float, ends: set[asyncio.Task[Any]]) -> None:
        hearing = asyncio.create_task(self._listener.heard.wait())
        try:
            patience = seconds if self._pending is None else min(seconds, STALE_SECONDS)
            await asyncio.wait({hearing, *ends}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        finally:
            hearing.cancel()
        if self._listener.heard.is_set():
            self._listener.heard.clear()
            self._pending = self._application.live.feed.position

    async def _read(self) -> Answer[InstallRun] | None:
        """None as long as it would not say what was heard of, or if nothing was."""
        catching_up = self._application.live.catching_up
        if self._pending is None or not await catching_up.to(self._pending):
            return None
        async with catching_up.reads:
            query = replace(self._query, min_position=self._pending)
            answer = await get_install_run(self._application.reader, query)
        behind = self._pending < (self._query.min_position or 0)
        self._pending = None
        return replace(answer, stale=answer.stale or behind)


async def awaited_run(
    request: Request[Any, Any, Any], application: Application, query: GetInstallRun, *, known: Known, seconds: float
) -> Answer[InstallRun]:
    """The run as soon as it is what is waited for; as it is when the time is over, the server stops, or nobody waits any more.

    Raises RunNotFound, TooManyRequests, Unauthorized, StoreOffline.
    """

    def is_news(answer: Answer[InstallRun]) -> bool:
        return answer.item.status.ended if known.tags is None else not known.has(answer)

    live, actor = application.live, context_of(request.scope).actor
    with live.waits.opened(actor.id):
        ends = {asyncio.create_task(client_left(request.receive)), asyncio.create_task(live.stopping.wait())}
        try:
            async with live.feed.listening(("stream", query.run_id)) as listener:
                answer = await RunWait(application, query, listener).until(is_news, seconds=seconds, ends=ends)
        finally:
            for task in ends:
                task.cancel()
    await live.recheck(actor)
    return answer
