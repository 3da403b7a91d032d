"""HTTP clients that several adapters share, one for each connection and credential, so that sockets are reused."""

import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable
from functools import cache
from typing import Final, cast

import httpx2

from adapters.providers.failures import ReplyRefused
from adapters.providers.tracing import TRACE_PARENT, traceparent
from domain.skill.bundle import BUNDLE_BYTES_MAX

IDLE_CLIENTS_MAX: Final = 64
CONNECT_SECONDS_MAX: Final = 5.0
# The largest thing we ask for is a bundle as a zip; the rest is what zip writes around its files.
REPLY_BYTES_MAX: Final = BUNDLE_BYTES_MAX + 1024 * 1024
READS: Final = frozenset({"GET", "HEAD"})
# Adapters have a total deadline of their own; only what is over before a request is sent has a limit here, because a
# failure known to be that early needs no look-up.
TIMEOUT: Final = httpx2.Timeout(None, connect=CONNECT_SECONDS_MAX, pool=CONNECT_SECONDS_MAX)


class _Entry:
    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client
        self.users = 0


class Lease:
    """The use of a client until `release`, which may be called again without harm."""

    def __init__(self, *, clients: "HttpClients", entry: _Entry) -> None:
        self.client = entry.client
        self._clients = clients
        self._entry: _Entry | None = entry
        entry.users += 1

    async def release(self) -> None:
        entry, self._entry = self._entry, None
        if entry is not None:
            entry.users -= 1
            await self._clients.close_surplus()


class HttpClients:
    """Clients in use stay open however many they are; of the others, the `idle_max` used last do. A reply of more than
    `reply_bytes_max` is not read.

    `accepted` is called when a provider has done what a request asked for, and its reply is not read yet.
    """

    def __init__(
        self,
        *,
        idle_max: int = IDLE_CLIENTS_MAX,
        reply_bytes_max: int | None = None,
        accepted: Callable[[], None] = lambda: None,
    ) -> None:
        self._idle_max = idle_max
        self._reply_bytes_max = REPLY_BYTES_MAX if reply_bytes_max is None else reply_bytes_max
        self._accepted = accepted
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    def lease(self, key: Hashable) -> Lease:
        if key not in self._entries:
            self._entries[key] = _Entry(self._build())
        self._entries.move_to_end(key)
        return Lease(clients=self, entry=self._entries[key])

    async def close_surplus(self) -> None:
        idle = [key for key, entry in self._entries.items() if not entry.users]
        surplus = [self._entries.pop(key) for key in idle[: max(0, len(idle) - self._idle_max)]]
        for entry in surplus:
            await entry.client.aclose()

    async def close(self) -> None:
        """Close every client, also those in use."""
        while self._entries:
            _, entry = self._entries.popitem()
            await entry.client.aclose()

    def _build(self) -> httpx2.AsyncClient:
        """No proxy, no netrc and no certificates from the environment; redirects are answers, not orders."""
        transport = httpx2.AsyncHTTPTransport(verify=_ssl_context(), trust_env=False)
        return httpx2.AsyncClient(
            transport=_Watched(transport, reply_bytes_max=self._reply_bytes_max, accepted=self._accepted),
            trust_env=False,
            follow_redirects=False,
            timeout=TIMEOUT,
            headers={"accept-encoding": "identity"},
        )


@cache
def _ssl_context() -> ssl.SSLContext:
    """One for all: it is the same for everybody, and takes 30 ms to build."""
    return httpx2.create_ssl_context(trust_env=False)


class _Watched(httpx2.AsyncBaseTransport):
    """Says which trace a request belongs to, and refuses replies that would fill the memory: too long, or compressed, where the
    length says nothing.
    """

    def __init__(
        self, transport: httpx2.AsyncBaseTransport, *, reply_bytes_max: int, accepted: Callable[[], None]
    ) -> None:
        self._transport = transport
        self._reply_bytes_max = reply_bytes_max
        self._accepted = accepted

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if TRACE_PARENT not in request.headers and (parent := traceparent()) is not None:
            request.headers[TRACE_PARENT] = parent
        response = await self._transport.handle_async_request(request)
        if request.method not in READS and response.is_success:
            self._accepted()
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise ReplyRefused("The reply is compressed although it was asked for plain.", request=request)
        stream = cast("httpx2.AsyncByteStream", response.stream)
        response.stream = _BoundedStream(stream, request=request, bytes_max=self._reply_bytes_max)
        return response

    async def aclose(self) -> None:
        await self._transport.aclose()


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, *, request: httpx2.Request, bytes_max: int) -> None:
        self._stream = stream
        self._request = request
        self._bytes_max = bytes_max

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > self._bytes_max:
                raise ReplyRefused(f"The reply is longer than {self._bytes_max} bytes.", request=self._request)
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
