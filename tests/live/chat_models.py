"""What chat asks of a language model, asked of the real ones. Run by `make live`; no other run collects this file.

A model is asked if its name is in the environment beside the key: `WAYBILL_LIVE_OPENAI_MODEL` and so on.
"""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from adapters.providers.catalog import CATALOG
from adapters.providers.chat_model import ChatModel
from domain.chat.intent import Action, Language
from domain.chat.reasons import Reason
from domain.chat.said import Name, Pick
from domain.provider.events import ProviderKind
from domain.provider.state import Provider
from tests.kit.providing import PlainVault, provider_at
from tests.live.providers import KINDS, variable_for

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("kind", KINDS)]


@pytest.fixture
async def model(kind: ProviderKind, anyio_backend: str) -> AsyncIterator[ChatModel]:
    key, name = (os.environ.get(variable) for variable in (variable_for(kind), model_variable_for(kind)))
    if not key or not name:
        pytest.skip(
            f"{kind} was not asked: {variable_for(kind)} and {model_variable_for(kind)} are not both in the environment"
        )
    provider = replace(provider_at(CATALOG[kind].base_url, kind=kind, key=key), active=True)

    async def find(_: str) -> Provider:
        return provider

    chat_model = ChatModel(connection=kind, model=name, find=find, vault=PlainVault(), clock=lambda: datetime.now(UTC))
    yield chat_model
    await chat_model.close()


def model_variable_for(kind: ProviderKind) -> str:
    return f"WAYBILL_LIVE_{kind.upper()}_MODEL"


async def test_english_is_understood(model: ChatModel) -> None:
    said = await model.understand("would you be so kind and bring kbo-results in version 2 onto openai and claude")
    assert (said.language, said.action, said.obstacle) == (Language.ENGLISH, Action.INSTALL, None)
    assert (said.skills.names[0].text, said.skills.names[0].ref or said.ref) in {
        ("kbo-results", "2"),
        ("kbo-results", "v2"),
    }
    assert said.providers == Pick(names=(Name("openai"), Name("claude")))


async def test_korean_is_understood(model: ChatModel) -> None:
    said = await model.understand("클로드 쪽에 있는 kbo-results는 이제 싹 치워 버리자")
    assert (said.language, said.action, said.obstacle) == (Language.KOREAN, Action.UNINSTALL, None)
    assert (said.skills, said.providers) == (Pick(names=(Name("kbo-results"),)), Pick(names=(Name("claude"),)))


async def test_what_shall_not_be_done_is_not_asked_for(model: ChatModel) -> None:
    said = await model.understand("under no circumstances shall kbo-results ever find its way onto openai")
    assert (said.action, said.obstacle) == (Action.NONE, Reason.NEGATED)
