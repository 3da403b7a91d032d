"""Requests for runs with a key, and answers that are compared with the first one."""

from typing import Any, Final
from uuid import uuid4

import httpx2

from adapters.http.idempotency_key import HEADER
from domain.events import Role
from domain.install_run.events import RunQueued
from tests.adapters.http.serving import Api

RUNS: Final = "/api/install-runs"
REPLAYED: Final = "Idempotency-Replayed"


def keyed(key: str | None = None) -> dict[str, str]:
    return {HEADER: key or uuid4().hex}


def asked(skill: str, *providers: str, **more: Any) -> dict[str, Any]:
    return {"skill": skill, "providers": providers or ("one",)} | more


async def post(api: Api, path: str, *, headers: dict[str, str], role: Role = Role.OPERATOR, **sent: Any) -> Any:
    return await api.clients[role].post(path, headers=headers, **sent)


async def runs_of(api: Api, skill: str) -> list[str]:
    events = await api.events()
    return [
        str(event.stream) for event in events if isinstance(event.event, RunQueued) and event.event.skill.name == skill
    ]


def is_replay(answer: httpx2.Response, first: httpx2.Response) -> None:
    assert (answer.status_code, answer.content) == (first.status_code, first.content)
    assert answer.headers.get("Location") == first.headers.get("Location")
    assert answer.headers["Content-Type"] == first.headers["Content-Type"]
    assert (answer.headers.get(REPLAYED), first.headers.get(REPLAYED)) == ("true", None)
