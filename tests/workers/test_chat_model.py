"""The language model of chat as it is wired: through a connection's own address and sealed credential, as they are now."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from msgspec import Struct

from commands.change_provider import ChangeProvider
from commands.connect_provider import ConnectProvider
from domain.chat.intent import Action
from domain.chat.ports import ModelUnavailable
from tests.adapters.providers.chatting import answer, questions, skill, will_say
from tests.kit.facts import context
from tests.kit.sandboxed import Served, serving
from workers.chat_settings import ChosenModel
from workers.settings import Settings
from workers.wiring import WriteSide, open_chat_model, write_side

pytestmark = pytest.mark.anyio

MESSAGE = "kbo-results and claude: a match made in heaven"
KEY = "sk-ant-sealed-0123456789"


class Wired(Struct, frozen=True):
    settings: Settings
    sandbox: Served
    write: WriteSide

    async def connect(self, name: str) -> None:
        connect = ConnectProvider(kind="claude", name=name, credential=KEY, base_url=f"{self.sandbox.url}/anthropic")
        await self.write.commands.connect_provider(connect, context())


@pytest.fixture
async def wired(database: str, tmp_path: Path) -> AsyncIterator[Wired]:
    settings = Settings(
        data=tmp_path,
        postgres_url=database,
        secret_key=Fernet.generate_key().decode(),
        chat_model=ChosenModel(connection="claude-eu", model="claude-haiku-4-5"),
    )
    async with serving(None) as sandbox, write_side(settings, part="test") as write:
        yield Wired(settings, sandbox, write)


async def test_unless_one_is_named_there_is_none(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, postgres_url="postgresql://nobody@127.0.0.1:9/none")
    async with write_side(settings, part="test") as write, AsyncExitStack() as stack:
        assert open_chat_model(stack, settings, write) is None


async def test_it_is_asked_through_the_connection_as_it_is_now(wired: Wired) -> None:
    said = answer(action="install", skills=[skill("kbo-results")], providers=["claude"])
    async with AsyncExitStack() as stack:
        model = open_chat_model(stack, wired.settings, wired.write)
        assert model is not None
        with pytest.raises(ModelUnavailable, match="no such connection"):
            await model.understand(MESSAGE)

        await wired.connect("claude-eu")
        await will_say(wired.sandbox, "claude", said)
        assert (await model.understand(MESSAGE)).action is Action.INSTALL
        (question,) = await questions(wired.sandbox)
        assert question["model"] == "claude-haiku-4-5"
        assert KEY not in str(question)

        await wired.write.commands.change_provider(ChangeProvider(provider="claude-eu", active=False), context())
        with pytest.raises(ModelUnavailable, match="not in use"):
            await model.understand(MESSAGE)

        changed = ChangeProvider(provider="claude-eu", credential=f"{KEY}-new", active=True)
        await wired.write.commands.change_provider(changed, context())
        await model.understand(MESSAGE)
    assert len(await questions(wired.sandbox)) == 2
