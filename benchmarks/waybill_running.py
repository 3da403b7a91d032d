"""A Waybill to be measured: `waybill up` as anybody starts it, on the Postgres of this run, and a plain client for its API."""

import asyncio
import http.client
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import psycopg
from msgspec import Struct

from benchmarks.processor_time import children_by_command, parent_of
from workers.settings import unsettled_environment

# A store that its read models have not come to yet has `waybill up` wait for a minute.
START_SECONDS_MAX: Final = 120
STOP_SECONDS_MAX: Final = 30.0
ANSWER_SECONDS_MAX: Final = 10.0
POLL_SECONDS: Final = 0.1
PAGE_LIMIT: Final = 200
PAGES_MAX: Final = 1000
OK_MAX: Final = 299
PARTS: Final = {
    "api": "workers.cli api",
    "relay": "workers.cli relay",
    "projector": "workers.cli projector",
    "installer": "workers.cli installer",
    "scheduler": "workers.cli scheduler",
    "watchdog": "workers.cli watchdog",
    "nats": "nats-server -c",
}
BEHIND_THE_API: Final = ("relay", "projector", "installer", "scheduler", "watchdog")


class Api:
    """One keep-alive connection of the standard library."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=ANSWER_SECONDS_MAX)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def post(self, path: str, body: bytes) -> dict[str, Any]:
        return self._ask("POST", path, body)

    def get(self, path: str, **query: str | int | list[str]) -> dict[str, Any]:
        return self._ask("GET", f"{path}?{urlencode(query, doseq=True)}", None)

    def items(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        """Every item of a list, page after page."""
        cursor: dict[str, str] = {}
        for _ in range(PAGES_MAX):
            page = self.get(path, limit=PAGE_LIMIT, **query, **cursor)
            assert not page["stale"], f"{path} is behind"
            yield from page["items"]
            if page["nextCursor"] is None:
                return
            cursor = {"cursor": page["nextCursor"]}
        raise RuntimeError(f"{path} has more than {PAGES_MAX} pages")

    def _ask(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        self._connection.request(method, path, body, self._headers)
        response = self._connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
        if response.status > OK_MAX:
            raise RuntimeError(f"{method} {path}: {response.status} {answer}")
        return answer


class Running(Struct, frozen=True, kw_only=True):
    """`parts`: process ids by name."""

    url: str
    key: str
    api: Api
    parts: dict[str, int]

    @contextmanager
    def api_alone(self) -> Iterator[None]:
        """What works behind the API stands still, as a peer's worker does while jobs are put into its queue."""
        try:
            self._signal(signal.SIGSTOP)
            yield
        finally:
            self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        for name in BEHIND_THE_API:
            os.kill(self.parts[name], number)


@asynccontextmanager
async def running(database_url: str, folder: Path, environment: Mapping[str, str] = {}) -> AsyncIterator[Running]:
    """Raises RuntimeError if Waybill does not start; its log is on standard error. `environment` are more of its settings."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "workers.cli", "up", "--port", "0", "--data", str(folder), "--supervised"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=unsettled_environment()
        | {
            "WAYBILL_POSTGRES_URL": database_url,
            "WAYBILL_NOOP_PROVIDERS": "1",
            "WAYBILL_REQUESTS_PER_SECOND": "0",  # one key sends all there is
        }
        | dict(environment),
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS_MAX):
            said: dict[str, str] = {}
            while not {"Waybill", "Admin", "NATS"} <= said.keys():
                line = (await process.stdout.readline()).decode()
                if not line:
                    raise RuntimeError("`waybill up` ended at once")
                said[line.split()[0]] = line.split()[-1]
            # Some are started a moment after the others.
            while len(parts := children_by_command(process.pid, PARTS)) < len(PARTS):  # noqa: ASYNC110
                await asyncio.sleep(POLL_SECONDS)  # nobody tells of a process that begins
        parts |= {"postgres": _postmaster(database_url)}
        api = Api(said["Waybill"], said["Admin"])
        yield Running(url=said["Waybill"], key=said["Admin"], api=api, parts=parts)
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), STOP_SECONDS_MAX)


def _postmaster(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        return parent_of(connection.info.backend_pid) or 0
