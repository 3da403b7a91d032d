"""Serves an ASGI application over HTTP with uvicorn, from a socket or a port, until told to stop."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Generator
from typing import Any, Final

import uvicorn

from workers.client_connections import OpenHandedProtocol
from workers.http_settings import HttpSettings, Tls
from workers.settings import SettingsError
from workers.tls import server_context

# What is still under way then is cut; an open connection that asks for nothing never holds up a stop.
GRACEFUL_SECONDS: Final = 5
KEEP_ALIVE_SECONDS: Final = 30
BACKLOG: Final = 2048


class Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Signals are the part's, not the server's."""
        yield


async def serve(
    app: Callable[..., Any],
    listening: socket.socket,
    stopping: asyncio.Event,
    *,
    http: HttpSettings = HttpSettings(),  # noqa: B008 - it is frozen
) -> None:
    """Raises SettingsError."""
    server = Server(server_config(app, http))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    stop = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({serving, stop}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    finally:
        stop.cancel()


def server_config(app: Callable[..., Any], http: HttpSettings) -> uvicorn.Config:
    """Raises SettingsError."""
    context = http.tls and server_context(http.tls)
    return uvicorn.Config(
        app,
        http=OpenHandedProtocol,
        # There are none; a request that asks for one is answered as if it did not.
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(http.trusted_proxies),
        forwarded_allow_ips=list(http.trusted_proxies),
        ssl_context_factory=(lambda *_: context) if context else None,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        backlog=BACKLOG,
    )


def listen(host: str, port: int) -> socket.socket:
    """Raises SettingsError. `port` 0 picks a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's algorithm off only for sockets that say they are TCP.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise SettingsError(f"Cannot listen on {host} port {port}: {error.strerror}. Choose another --port.") from None
    return listening


def url_of(listening: socket.socket, *, tls: Tls | None = None) -> str:
    """Where a client on this machine finds it."""
    scheme = "https" if tls else "http"
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - only translated
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
