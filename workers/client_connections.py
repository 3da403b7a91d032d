"""A client's connection as answers may use it, under uvicorn: see `adapters/http/client_connection.py`."""

import asyncio
import socket
from typing import Any, Final

from adapters.http.client_connection import EXTENSION
from workers.http_protocol import BoundedProtocol

# The kernel makes twice as much of it, for its own book-keeping.
SEND_BUFFER_BYTES: Final = 64 * 1024
# What was sent is not acknowledged for so long: whoever it was is gone.
UNACKNOWLEDGED_MILLISECONDS: Final = 30_000
# When the server stops, a client may take so long to fetch the rest of an answer that is complete.
LINGER_SECONDS: Final = 2.0


class TransportConnection:
    """Implements `ClientConnection`."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    @property
    def closing(self) -> bool:
        return self._transport.is_closing()

    def narrow(self) -> None:
        self._transport.set_write_buffer_limits(high=0)
        connection: Any = self._transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MILLISECONDS)

    def abort(self) -> None:
        self._transport.abort()


class OpenHandedProtocol(BoundedProtocol):
    """Offers the application what it may do with the connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        extensions: dict[str, Any] = {EXTENSION: TransportConnection(self.transport)}
        self.scope["extensions"] = extensions

    def shutdown(self) -> None:
        """Uvicorn would wait for a client that does not fetch the rest of its answer."""
        super().shutdown()
        self.loop.call_later(LINGER_SECONDS, self._cut_off)

    def _cut_off(self) -> None:
        if self.transport.is_closing():
            self.transport.abort()
