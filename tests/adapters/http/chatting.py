"""Short ways to say something to the API, and to look at what came of it."""

from typing import Any, Final
from uuid import uuid4

import httpx2

from domain.events import Role
from tests.adapters.http.serving import Api

CHAT: Final = "/api/chat-ops"
ACTIONS: Final = "/api/chat-actions"
# A word that stands in what was said and, if all is well, in nothing else.
CANARY: Final = "zanzibar-canary"

Json = dict[str, Any]


async def set_the_stage(api: Api) -> None:
    """A skill, and connections that agree to everything under the names of providers."""
    await api.register("kbo-results")
    for name in ("openai", "claude"):
        await api.connect(name)


async def a_skill(api: Api) -> str:
    """One that is installed nowhere yet and at which nobody is at work."""
    name = f"notes-{uuid4().hex[:8]}"
    await api.register(name)
    return name


async def both(api: Api) -> str:
    """What is asked about first."""
    return f"install {await a_skill(api)} on openai and claude"


async def send(
    api: Api,
    message: str | None = None,
    *,
    role: Role = Role.OPERATOR,
    headers: dict[str, str] | None = None,
    **more: Any,
) -> httpx2.Response:
    body = more if message is None else {"message": message, **more}
    return await api.clients[role].post(CHAT, json=body, headers=headers)


async def say(api: Api, message: str | None = None, **more: Any) -> Json:
    answer = await send(api, message, **more)
    assert answer.status_code == 200, answer.text
    said: Json = answer.json()
    return said


async def action(api: Api, said: Json, role: Role = Role.OPERATOR) -> Json:
    answer = await api.clients[role].get(f"{ACTIONS}/{said['chatActionId']}")
    assert answer.status_code == 200, answer.text
    shown: Json = answer.json()
    return shown


def pointers_of(answer: httpx2.Response) -> list[str]:
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request:api"), answer.text
    return [error["pointer"] for error in answer.json()["errors"]]
