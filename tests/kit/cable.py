"""A cable between a client and Postgres that can be cut at a chosen moment: TCP on this side, the server's socket on the other."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

CHUNK_BYTES = 65536


class Cable:
    """Forwards bytes both ways. `cut_when(request)` is asked about what the client sent; once it says yes, that request still
    reaches the server, but no reply comes back any more: the connection is gone.
    """

    def __init__(self, socket: Path, cut_when: Callable[[bytes], bool]) -> None:
        self._socket = socket
        self._cut_when = cut_when
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.cuts = 0

    async def __aenter__(self) -> int:
        """The port on loopback."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._connect(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(self._socket)
        replies = asyncio.create_task(_pump(server_reader, writer))
        try:
            while chunk := await reader.read(CHUNK_BYTES):
                cut = self._cut_when(chunk)
                if cut:
                    self.cuts += 1
                    replies.cancel()
                    await asyncio.gather(replies, return_exceptions=True)
                server_writer.write(chunk)
                await server_writer.drain()
                if cut:
                    await _let_it_finish(server_reader, server_writer)
                    break
        finally:
            replies.cancel()
            writer.transport.abort()
            server_writer.transport.abort()
            await asyncio.gather(replies, return_exceptions=True)


async def _let_it_finish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The server does all it was asked before it notices that nobody is there; its answers end here."""
    writer.write_eof()
    while await reader.read(CHUNK_BYTES):
        pass


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
