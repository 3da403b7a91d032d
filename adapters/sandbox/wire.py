"""One exchange at the level of ASGI and the socket below it: read the request, hold back the reply, send it well or badly."""

import asyncio
from typing import Any

from litestar.types import ASGIApp, Message, Receive, Scope, Send
from msgspec import Struct

# 50 MB of files, and room for what multipart writes around 500 of them.
BODY_BYTES_MAX = 54_000_000
DRIP_SECONDS = 1.0

Headers = list[tuple[bytes, bytes]]


class Reply(Struct, frozen=True, kw_only=True):
    """A whole reply; its Content-Length is always that of `body`."""

    status: int
    headers: Headers
    body: bytes


class ClientLeft(Exception):  # noqa: N818 - house style: it reads as a fact
    """The connection ended before the request had arrived in full."""


class BodyTooLarge(Exception):  # noqa: N818
    """The request's body is larger than BODY_BYTES_MAX."""


async def read_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientLeft
        body += message["body"]
        if len(body) > BODY_BYTES_MAX:
            raise BodyTooLarge
        if not message["more_body"]:
            return bytes(body)


async def run(*, app: ASGIApp, scope: Scope, receive: Receive, body: bytes) -> Reply:
    """The reply of `app` to a request whose body was read before, kept from the client."""
    unread = [body]
    started: dict[str, Any] = {}
    answered = bytearray()

    async def replay() -> Any:
        return {"type": "http.request", "body": unread.pop(), "more_body": False} if unread else await receive()

    async def hold(message: Message) -> None:
        if message["type"] == "http.response.start":
            started.update(message)
        elif message["type"] == "http.response.body":
            answered.extend(message["body"])

    await app(scope, replay, hold)
    return Reply(status=started["status"], headers=list(started["headers"]), body=bytes(answered))


async def deliver(reply: Reply, send: Send) -> None:
    await _start(reply, send)
    await send({"type": "http.response.body", "body": reply.body, "more_body": False})


async def drip(*, reply: Reply, receive: Receive, send: Send) -> None:
    """A byte every DRIP_SECONDS, for as long as the client stays."""
    await _start(reply, send)
    for offset in range(len(reply.body)):
        await send({"type": "http.response.body", "body": reply.body[offset : offset + 1], "more_body": True})
        try:
            await asyncio.wait_for(receive(), DRIP_SECONDS)
        except TimeoutError:
            continue
        return
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def cut(receive: Receive) -> None:
    """End the TCP connection with no reply at all.

    ASGI has no word for this: a server answers 500 for an app that stays silent. uvicorn's `receive` is a method of its
    request cycle, whose transport can be aborted; once it knows the client as gone it accepts the silence.
    """
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise RuntimeError("the sandbox can cut connections under uvicorn only")
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        continue


async def _start(reply: Reply, send: Send) -> None:
    headers = [(name, value) for name, value in reply.headers if name.lower() != b"content-length"]
    headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
