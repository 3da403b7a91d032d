"""An HTTP server that answers with the bytes it was given: for what no sandbox would say, and to see what was sent."""

import asyncio
from typing import Any, NamedTuple, Self

import msgspec


class Request(NamedTuple):
    line: str
    headers: dict[str, str]


class CannedServer:
    """Each reply answers one request, in order; connections stay open until the client closes them."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self._replies: list[bytes] = []
        self._writers: list[asyncio.StreamWriter] = []

    def will_answer(
        self, status: int, body: Any = b"", *, content_type: str = "application/json", **headers: str
    ) -> None:
        """`headers` in snake case. A body that is not bytes is sent as JSON."""
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        fields = {"content-type": content_type, "content-length": str(len(content))}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self._replies.append(f"HTTP/1.1 {status} Reason\r\n{head}\r\n".encode() + content)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                line, *fields = head.strip().split("\r\n")
                headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
                await reader.readexactly(int(headers.get("content-length", "0")))
                self.requests.append(Request(line, headers))
                writer.write(self._replies.pop(0))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
