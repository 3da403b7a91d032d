"""Postgres goes away and comes back: whoever asks meanwhile knows within two seconds."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.migrating import migrate
from tests.adapters.http.serving import Api, serving, skill_files
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

ANSWER_SECONDS = 2.0
BACK_SECONDS = 20.0
ASKED = (
    ("GET", "/api/skills", None),
    ("GET", "/api/skills/kbo-results", None),
    ("GET", "/api/skills/kbo-results/versions", None),
    ("GET", "/api/skills/kbo-results/versions/latest/bundle", None),
    ("PUT", "/api/skills/kbo-results/labels/stable", {"version": 1}),
    ("POST", "/api/skills/kbo-results/archive", None),
    ("GET", "/api/audit-log", None),
    ("GET", "/api/alert-deliveries", None),
    ("POST", "/api/incidents/export", {"since": "2026-11-22T12:00:00Z"}),
    ("GET", "/api/audit-log/export", None),
    ("POST", "/api/skills", skill_files("another")),
    ("POST", "/api/providers", {"kind": "noop", "name": "another", "credential": "sk-made-up"}),
    ("PATCH", "/api/providers/kbo", {"concurrencyMax": 9}),
    ("POST", "/api/providers/kbo/verify", None),
    ("POST", "/api/install-runs", {"skill": "kbo-results", "providers": ["kbo"]}),
)


@pytest.fixture
async def server(anyio_backend: str, tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "postgres")
    migrate(await asyncio.to_thread(server.start))
    yield server
    await asyncio.to_thread(server.stop, "immediate")


async def ask_everything(api: Api) -> None:
    for method, path, body in ASKED:
        began = time.monotonic()
        answer = await api.admin.request(method, path, json=body)
        assert time.monotonic() - began < ANSWER_SECONDS, path
        assert (answer.status_code, answer.json()["code"]) == (503, "offline:database"), path
        assert (answer.headers["Retry-After"], answer.json()["retryable"]) == ("1", True)


async def test_an_answer_comes_at_once_and_work_goes_on_when_it_is_back(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    async with serving(server.url, tmp_path) as api:
        await api.register()
        await api.connect("kbo")
        await asyncio.to_thread(server.stop, "immediate")
        await ask_everything(api)
        nobody = await api.anonymous.get("/api/skills")
        assert nobody.status_code == 401
        assert (await api.anonymous.get("/livez")).status_code == 200
        await asyncio.to_thread(server.start)

        async def is_back() -> bool:
            answer = await api.admin.get("/api/skills")
            return answer.status_code == 200 and not answer.json()["stale"]

        await eventually(is_back, BACK_SECONDS)
        run = await api.queue("kbo-results", "kbo")
        assert run["status"] == "queued"
        listed = (await api.admin.get("/api/skills")).json()["items"]
        assert [skill["name"] for skill in listed] == ["kbo-results"]
