"""Language models of the sandbox, what they are to say, and the port in front of them as the wiring builds it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import pytest
from msgspec.structs import replace

from adapters.providers.chat_model import ChatModel
from domain.chat.ports import ModelUnavailable
from domain.provider.events import ProviderKind
from domain.provider.state import Provider
from tests.kit.providing import PlainVault, provider_at
from tests.kit.sandboxed import Served

KINDS: Final[tuple[ProviderKind, ...]] = ("openai", "claude", "gemini")
MODEL: Final = "model-of-tests"
KEYS: Final[Mapping[str, str]] = {"openai": "sk-canary-o", "claude": "sk-ant-canary-c", "gemini": "AIza-canary-g"}
PATHS: Final[Mapping[str, str]] = {"openai": "/openai/v1", "claude": "/anthropic", "gemini": "/gemini"}
NOTHING: Final[Mapping[str, Any]] = {
    "action": "none",
    "obstacle": None,
    "skills": [],
    "everySkill": False,
    "exceptedSkills": [],
    "ref": None,
    "providers": [],
    "everyProvider": False,
    "exceptedProviders": [],
    "runIds": [],
    "lastRun": False,
    "everyRun": False,
    "runStatuses": [],
    "listed": None,
    "deed": None,
}
SECONDS: Final = 30.0


def answer(**fields: Any) -> str:
    """In the form that is asked for, with what is not said left empty."""
    return msgspec.json.encode({**NOTHING, **fields}).decode()


def skill(name: str, ref: str | None = None) -> dict[str, Any]:
    return {"name": name, "ref": ref}


def connection_to(sandbox: Served, kind: ProviderKind, **more: Any) -> Provider:
    return replace(
        provider_at(sandbox.url + PATHS[kind], kind=kind, key=more.pop("key", KEYS[kind])), active=True, **more
    )


@asynccontextmanager
async def chat_model(
    sandbox: Served, kind: ProviderKind, *, seconds: float = SECONDS, **more: Any
) -> AsyncIterator[ChatModel]:
    async with model_through(connection_to(sandbox, kind, **more), seconds=seconds) as model:
        yield model


@asynccontextmanager
async def model_through(*found: Provider | None, seconds: float = SECONDS) -> AsyncIterator[ChatModel]:
    """Each question finds the next of these, the last one from then on."""
    waiting = list(found)

    async def find(name: str) -> Provider | None:
        assert name == "by-name"
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    async with model_that(find, seconds=seconds) as model:
        yield model


@asynccontextmanager
async def model_that(
    find: Callable[[str], Awaitable[Provider | None]], *, seconds: float = SECONDS
) -> AsyncIterator[ChatModel]:
    model = ChatModel(
        connection="by-name",
        model=MODEL,
        find=find,
        vault=PlainVault(),
        clock=lambda: datetime.now(UTC),
        seconds=seconds,
    )
    try:
        yield model
    finally:
        await model.close()


async def will_say(sandbox: Served, kind: ProviderKind, text: str, *, says: str = "text", thoughts: str = "") -> None:
    reply = {"provider": kind, "says": says, "text": text, "thoughts": thoughts}
    posted = await sandbox.http.post("/_sandbox/chat-replies", json=reply)
    assert posted.status_code == 201, posted.text


async def questions(sandbox: Served) -> list[dict[str, Any]]:
    asked: list[dict[str, Any]] = (await sandbox.http.get("/_sandbox/chat-questions")).raise_for_status().json()
    return asked


async def refused(model: ChatModel, message: str) -> str:
    with pytest.raises(ModelUnavailable) as caught:
        await model.understand(message)
    assert caught.value.__cause__ is None
    return str(caught.value)
