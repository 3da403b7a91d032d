"""A world whose provider can be told what to say, and what happens while it is asked."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from adapters.memory.event_store import MemoryEventStore
from commands.change_provider import ChangeProvider, ChangeProviderHandler
from commands.connect_provider import ConnectProviderHandler
from commands.verify_provider import VerifyProvider, VerifyProviderHandler
from domain.errors import Code
from domain.ports import ProviderAdapter, ProviderError
from domain.provider.state import PROVIDER, Provider, provider_stream
from tests.commands.world import World
from tests.kit.facts import context
from tests.kit.memory_provider import KEY, MemoryGateway

OPENAI_ID = provider_stream("openai")
OTHER_KEY = "sk-wrong-0123456789"
REFUSED = ProviderError(Code.PROVIDER_UNAUTHORIZED, "Incorrect API key provided.")
AWAY = ProviderError(Code.PROVIDER_OFFLINE, "No connection.", retryable=True)


class ToldGateway(MemoryGateway):
    """`failure` is what the provider says; each of `meanwhile` happens once while it is asked; `asked` is what it was asked of."""

    failure: ProviderError | None = None

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.asked: list[Provider] = []
        self.meanwhile: list[Callable[[], Awaitable[object]]] = []

    async def open(self, provider: Provider, *, deadline_seconds: float) -> ProviderAdapter:
        self.asked.append(provider)
        failure = self.failure
        if self.meanwhile:
            await self.meanwhile.pop(0)()
        if failure is not None:
            raise failure
        return await super().open(provider, deadline_seconds=deadline_seconds)


class Connections(World):
    def __init__(self, store: MemoryEventStore | None = None) -> None:
        super().__init__(store)
        self.told = ToldGateway(self.vault)
        parts: dict[str, Any] = {"handling": self.handling, "gateway": self.told}
        self.connect_provider = ConnectProviderHandler(vault=self.vault, **parts)
        self.change_provider = ChangeProviderHandler(vault=self.vault, **parts)
        self.verify_provider = VerifyProviderHandler(**parts)

    def another_process(self) -> "Connections":
        """It opens what this one has sealed."""
        other = Connections(self.store)
        for command in (other.connect_provider, other.change_provider):
            command._vault = self.vault
        other.told._vault = self.vault
        return other

    async def change(self, provider: str = "openai", **more: Any) -> UUID:
        return await self.change_provider(ChangeProvider(provider=provider, **more), context())

    async def verify(self, provider: str = "openai") -> UUID:
        return await self.verify_provider(VerifyProvider(provider=provider), context())

    async def state(self, stream: UUID = OPENAI_ID) -> Provider:
        state = PROVIDER.fold(await self.store.load(stream))
        assert state is not None
        return state

    async def key_of(self, stream: UUID = OPENAI_ID) -> str:
        return await self.vault.open((await self.state(stream)).credential)

    async def said_since(self, head: int) -> list[str]:
        recorded = await self.store.read(after=head, limit=100)
        return [one.name for one in recorded]


async def in_use(**more: Any) -> Connections:
    """One connection, `openai`, that works."""
    world = Connections()
    await world.connect(credential=KEY, **more)
    assert (await world.state()).active
    world.told.asked.clear()
    return world
