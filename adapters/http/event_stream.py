"""An answer that goes on: events as they happen (server-sent events), until the client or the server has had enough."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, suppress
from typing import Final, Literal

import structlog
from litestar.response.sse import ServerSentEventMessage
from litestar.types import Receive, Scope, Send
from msgspec import json

from adapters.http.client_connection import ClientConnection, connection_of
from adapters.http.edge import asked_for_head
from adapters.http.event_sources import Pulled, Source
from adapters.http.live import Live, client_left
from domain.errors import StoreOffline, Unauthorized
from domain.events import Actor

MEDIA_TYPE: Final = "text/event-stream"
# A proxy shall pass every event on at once, and the connection is narrowed, so that nobody else should use it afterwards.
HEADERS: Final = (
    (b"content-type", MEDIA_TYPE.encode()),
    (b"connection", b"close"),
    (b"x-accel-buffering", b"no"),
)
RETRY_MILLISECONDS: Final = 2_000
# How long a client may take to receive the last message before the server stops.
FAREWELL_SECONDS: Final = 0.5
# The store is asked again so often while it is away.
AWAY_SECONDS: Final = 0.5

Reason = Literal["shutdown", "expired", "key", "restored"]

log = structlog.get_logger(__name__)


class EventStream:
    """For Litestar, an ASGI application. What is refused is refused before anything is sent."""

    def __init__(
        self, live: Live, *, actor: Actor, opening: Callable[[], AbstractAsyncContextManager[tuple[Source, bytes]]]
    ) -> None:
        """`opening` is entered for as long as the stream lasts, and gives what is to be said first as well."""
        self._live = live
        self._actor = actor
        self._opening = opening

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._live.streams.opened(self._actor.id):
            async with self._opening() as (source, first):
                await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS]})
                if asked_for_head(scope):
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
                    return
                connection = connection_of(scope)
                if connection is not None:
                    connection.narrow()
                talk = Talk(self._live, actor=self._actor, source=source, send=send, connection=connection)
                await self._hold(talk.run(first), source, connection=connection, receive=receive)

    async def _hold(
        self,
        talk: Coroutine[None, None, None],
        source: Source,
        *,
        connection: ClientConnection | None,
        receive: Receive,
    ) -> None:
        """Until it has said everything, the client has left or takes nothing, or the server stops."""
        talking = asyncio.create_task(talk)
        leaving = asyncio.create_task(client_left(receive))
        stopping = asyncio.create_task(self._live.stopping.wait())
        try:
            await asyncio.wait({talking, leaving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if stopping.done():
                source.listener.heard.set()
                await asyncio.wait({talking, leaving}, timeout=FAREWELL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if _is_stuck(talking) and not leaving.done():
                log.info("stream_cut_off", key_id=self._actor.id, position=source.position)
                if connection is not None:
                    connection.abort()
                    await asyncio.wait({leaving}, timeout=FAREWELL_SECONDS)
        finally:
            for task in (talking, leaving, stopping):
                task.cancel()
            await asyncio.wait({talking, leaving, stopping})


class Talk:
    """What one stream says, and when it has said enough."""

    def __init__(
        self, live: Live, *, actor: Actor, source: Source, send: Send, connection: ClientConnection | None
    ) -> None:
        self._live = live
        self._actor = actor
        self._source = source
        self._send = send
        self._connection = connection
        self._clock = asyncio.get_running_loop().time
        self._turns = live.feed.turns
        self._numbered = source.position
        now = self._clock()
        self._ends_at = now + live.pace.age_seconds_max
        self._check_at = now + live.pace.key_check_seconds
        self._ping_at = now + live.pace.ping_seconds

    async def run(self, first: bytes) -> None:
        """Raises TimeoutError for a client that takes nothing."""
        await self._say(first)
        while not (self._connection and self._connection.closing):
            self._source.listener.heard.clear()
            if reason := await self._reason_to_end():
                await self._end("reconnect", reason)
                return
            pulled, rest_until = await self._pull()
            if pulled.message:
                await self._say(pulled.message)
            elif self._clock() >= self._ping_at:
                await self._say(self._ping())
            if self._source.over:
                await self._end("end", "run_ended")
                return
            if not pulled.message and not pulled.behind:
                await self._rest(rest_until)

    async def _reason_to_end(self) -> Reason | None:
        now = self._clock()
        if self._live.stopping.is_set():
            return "shutdown"
        if self._live.feed.turns != self._turns:
            return "restored"
        if now >= self._ends_at:
            return "expired"
        if now >= self._check_at:
            self._check_at = now + self._live.pace.key_check_seconds
            try:
                await self._live.recheck(self._actor)
            except Unauthorized:
                return "key"
            except StoreOffline:
                pass
        return None

    async def _pull(self) -> tuple[Pulled, float]:
        """And until when to rest if that is nothing, and nothing more is heard."""
        try:
            return await self._source.pull(), min(self._ping_at, self._check_at, self._ends_at)
        except StoreOffline:
            return Pulled(b"", behind=False), self._clock() + AWAY_SECONDS

    async def _rest(self, until: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._source.listener.heard.wait()

    def _ping(self) -> bytes:
        """Where the client is told how far it has come although there was nothing for it, so that it resumes from there."""
        moved = self._source.position != self._numbered
        self._numbered = self._source.position
        return ServerSentEventMessage(data=None, comment="ping", id=self._numbered if moved else None).encode()

    async def _say(self, message: bytes, *, more: bool = True) -> None:
        self._ping_at = self._clock() + self._live.pace.ping_seconds
        async with asyncio.timeout(self._live.pace.blocked_seconds_max):
            await self._send({"type": "http.response.body", "body": message, "more_body": more})

    async def _end(self, event: Literal["end", "reconnect"], reason: str) -> None:
        data = json.encode({"reason": reason})
        await self._say(ServerSentEventMessage(event=event, id=self._source.position, data=data).encode())
        # By itself, so that it goes out after the client has taken the rest.
        await self._say(b"", more=False)


def _is_stuck(talking: asyncio.Task[None]) -> bool:
    """Raises whatever else went wrong."""
    if not talking.done() or isinstance(talking.exception(), TimeoutError):
        return True
    talking.result()
    return False


def greeting(*, position: int, reset_to: int | None) -> bytes:
    """The first message: how soon to come back, and from where if nothing else comes. `reset_to`: the client has seen positions
    that do not exist here; this is the head of the store that there is now.
    """
    message = ServerSentEventMessage(data=None, id=position, retry=RETRY_MILLISECONDS).encode()
    if reset_to is None:
        return message
    data = json.encode({"head": reset_to})
    return message + ServerSentEventMessage(event="reset", id=position, data=data).encode()
