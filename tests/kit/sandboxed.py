"""A sandbox under uvicorn, its controls, and the real OpenAI SDK pointed at it."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import httpx2
import uvicorn
from openai import AsyncOpenAI

from adapters.sandbox.app import build_sandbox

FileParts = list[tuple[str, bytes, str]]

CALL_SECONDS_MAX = 30.0

# Every client would load the machine's certificates again, only to speak plain HTTP.
TLS = ssl.create_default_context()


class PromptServer(uvicorn.Server):
    """uvicorn's own loop looks every 100 ms whether it should stop."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stopping = asyncio.Event()

    async def main_loop(self) -> None:
        await self.stopping.wait()


class Served:
    """`http` is a bare client for the controls and for requests that the SDK would not send."""

    def __init__(self, url: str, http: httpx2.AsyncClient) -> None:
        self.url = url
        self.http = http
        self._clients: list[AsyncOpenAI] = []

    def client(self, key: str = "sk-test-account-a", timeout_seconds: float = 30) -> AsyncOpenAI:
        client = AsyncOpenAI(
            api_key=key,
            base_url=f"{self.url}/openai/v1",
            max_retries=0,
            timeout=timeout_seconds,
            http_client=httpx2.AsyncClient(trust_env=False, verify=TLS),
        )
        self._clients.append(client)
        return client

    async def ledger(self) -> list[dict[str, Any]]:
        return await self._get("ledger")

    async def calls(self) -> list[dict[str, Any]]:
        return await self._get("calls")

    async def call_when(self, number: int, **wanted: object) -> dict[str, Any]:
        """The first call with this number or a later one that is as wanted, once there is one."""
        async with asyncio.timeout(CALL_SECONDS_MAX):
            while True:
                for call in (await self.calls())[number:]:
                    if wanted.items() <= call.items():
                        return call

    async def fault(
        self, kind: str, *, provider: str = "openai", operation: str = "create_skill", times: int = 1, **more: object
    ) -> None:
        fault = {"provider": provider, "operation": operation, "kind": kind, "times": times, **more}
        answer = await self.http.post("/_sandbox/faults", json=fault)
        assert answer.status_code == 201, answer.text

    async def close_clients(self) -> None:
        for client in self._clients:
            await client.close()

    async def _get(self, what: str) -> list[dict[str, Any]]:
        answer = await self.http.get(f"/_sandbox/{what}")
        items: list[dict[str, Any]] = answer.raise_for_status().json()
        return items


@asynccontextmanager
async def serving(folder: Path | None, http: Literal["httptools", "h11"] = "httptools") -> AsyncIterator[Served]:
    # With the protocol left at 0 asyncio does not set TCP_NODELAY, and every reply waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    config = uvicorn.Config(
        build_sandbox(folder), http=http, log_config=None, lifespan="on", timeout_graceful_shutdown=1
    )
    server = PromptServer(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with httpx2.AsyncClient(base_url=url, trust_env=False, verify=TLS) as bare:
        served = Served(url, bare)
        try:
            yield served
        finally:
            await served.close_clients()
            server.stopping.set()
            await running


def manifest(name: str = "my-skill", description: str = "Does a thing.") -> bytes:
    return f"---\nname: {name}\ndescription: {description}\n---\n\n# {name}\n".encode()


def parts(files: Iterable[tuple[str, bytes]]) -> FileParts:
    return [(path, content, "application/octet-stream") for path, content in files]


def skill_parts(name: str = "my-skill", description: str = "Does a thing.") -> FileParts:
    return parts(
        [
            (f"{name}/SKILL.md", manifest(name, description)),
            (f"{name}/scripts/a.py", b"print('a')\n"),
            (f"{name}/references/guide.md", b"# Guide\n"),
        ]
    )
