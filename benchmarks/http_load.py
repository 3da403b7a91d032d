"""The load generator, a process of its own: clients on keep-alive connections, each with one request at a time under way.

It is a hand-written protocol because a client library costs more processor time a request than the server under test.
"""

import asyncio
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

import msgspec
import uvloop
from msgspec import Struct

from benchmarks.figures import CLIENTS, Spread, spread

ANSWER_SECONDS_MAX: Final = 10.0
HEAD_END: Final = b"\r\n\r\n"
LENGTH: Final = b"content-length: "


class Plan(Struct, frozen=True, kw_only=True):
    """POST each line of the file `bodies`, until they are used up or `seconds` are over."""

    url: str
    bodies: str
    seconds: float
    key: str = ""
    clients: int = CLIENTS


class Load(Struct, frozen=True, kw_only=True):
    """`seconds`: from the first request to the last answer. `answer`: how long one answer takes under this load."""

    count: int
    seconds: float
    statuses: dict[int, int]
    answer: Spread

    @property
    def per_second(self) -> float:
        return self.count / self.seconds


class Client(asyncio.Protocol):
    """Sends the next request when the answer to the last one is complete."""

    def __init__(self, requests: Iterator[bytes], *, until: float, statuses: dict[int, int], took: list[float]) -> None:
        self._requests = requests
        self._until = until
        self._statuses = statuses
        self._took = took
        self._received = b""
        self._sent_at = 0.0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is none by name
        self._next()

    def data_received(self, data: bytes) -> None:
        self._received = received = self._received + data if self._received else data
        head = received.find(HEAD_END)
        if head < 0:
            return
        start = received.lower().find(LENGTH, 0, head) + len(LENGTH)
        length = int(received[start : received.find(b"\r", start)])
        if len(received) < head + len(HEAD_END) + length:
            return
        self._took.append(time.perf_counter() - self._sent_at)
        status = int(received[9:12])
        self._statuses[status] = self._statuses.get(status, 0) + 1
        self._received = b""
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(error or ConnectionResetError("the server closed a connection"))

    def _next(self) -> None:
        now = time.perf_counter()
        request = next(self._requests, None) if now < self._until else None
        if request is None:
            self.ended.set_result(None)
            self._transport.close()
            return
        self._sent_at = now
        self._transport.write(request)


async def drive(plan: Plan, bodies: Iterable[bytes]) -> Load:
    """Raises OSError or TimeoutError if the server does not keep answering."""
    parts = urlsplit(plan.url)
    requests = iter([_request(parts.path, parts.netloc, plan.key, body) for body in bodies])
    statuses: dict[int, int] = {}
    took: list[float] = []
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    clients = []
    for _ in range(plan.clients):
        _, client = await loop.create_connection(
            lambda: Client(requests, until=began + plan.seconds, statuses=statuses, took=took),
            parts.hostname,
            parts.port,
        )
        clients.append(client)
    async with asyncio.timeout(plan.seconds + ANSWER_SECONDS_MAX):
        await asyncio.gather(*(client.ended for client in clients))
    return Load(count=len(took), seconds=time.perf_counter() - began, statuses=statuses, answer=spread(took))


def _request(path: str, host: str, key: str, body: bytes) -> bytes:
    authorization = f"Authorization: Bearer {key}\r\n" if key else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\n{authorization}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def drive_apart(plan: Plan) -> Load:
    """In a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.http_load",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate(msgspec.json.encode(plan))
    return msgspec.json.decode(output, type=Load)


if __name__ == "__main__":
    given = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    lines = Path(given.bodies).read_bytes().splitlines()
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(drive(given, lines))))
