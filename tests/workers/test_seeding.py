"""What `up --sandbox` leaves behind, whatever the data folder holds already: three connections that work, and the examples."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from msgspec import Struct

from commands.archive_skill import ArchiveSkill
from commands.change_provider import ChangeProvider
from commands.connect_provider import ConnectProvider
from commands.label_skill import LabelSkill
from domain.provider.state import PROVIDER, Provider, provider_stream
from domain.skill.state import SKILL, Skill, skill_stream
from tests.kit.facts import context
from tests.kit.sandboxed import Served
from tests.kit.sandboxed import serving as serving_sandbox
from workers.seeding import SANDBOX_CONNECTIONS, example_folders, seed_sandbox
from workers.settings import Settings
from workers.wiring import WriteSide, write_side

pytestmark = pytest.mark.anyio

KINDS = {"openai": "openai", "claude": "claude", "gemini": "gemini"}


class Start(Struct, frozen=True):
    """A data folder and a sandbox; each `seed` is what one more start does."""

    settings: Settings
    sandbox: Served
    write: WriteSide

    async def seed(self) -> int:
        """How many events came of it."""
        before = len(await self.events())
        await seed_sandbox(self.settings, sandbox_url=self.sandbox.url)
        return len(await self.events()) - before

    async def events(self) -> list[str]:
        async with self.write.pool.connection() as connection:
            rows = await (await connection.execute("SELECT topic FROM events ORDER BY notification_id")).fetchall()
        return [row["topic"] for row in rows]

    async def provider(self, name: str) -> Provider:
        provider = PROVIDER.fold(await self.write.store.load(provider_stream(name)))
        assert provider is not None
        return provider

    async def skill(self, name: str) -> Skill:
        skill = SKILL.fold(await self.write.store.load(skill_stream(name)))
        assert skill is not None
        return skill


@pytest.fixture
async def start(database: str, tmp_path: Path) -> AsyncIterator[Start]:
    settings = Settings(data=tmp_path, postgres_url=database, secret_key=Fernet.generate_key().decode())
    async with serving_sandbox(None) as sandbox, write_side(settings, part="test") as write:
        yield Start(settings, sandbox, write)


async def test_the_first_start_connects_all_three_and_registers_the_examples(start: Start) -> None:
    await start.seed()
    for name, kind in KINDS.items():
        provider = await start.provider(name)
        assert (provider.kind, provider.active, provider.credential.source) == (kind, True, "stored")
    urls = [(await start.provider(name)).base_url for name in KINDS]
    assert urls == [f"{start.sandbox.url}{path}" for path in ("/openai/v1", "/anthropic", "/gemini")]
    assert len(example_folders()) >= 3
    for folder in example_folders():
        assert len((await start.skill(folder.name)).versions) == 1
    assert {call["provider"] for call in await start.sandbox.calls()} == set(KINDS)


async def test_the_next_start_changes_nothing_and_asks_nobody(start: Start) -> None:
    await start.seed()
    asked = len(await start.sandbox.calls())
    assert await start.seed() == 0
    assert len(await start.sandbox.calls()) == asked


async def test_a_folder_from_before_gets_the_connections_that_it_lacks(start: Start) -> None:
    await connect(start, "openai", base_url=f"{start.sandbox.url}/openai/v1")
    before = await start.provider("openai")
    await start.seed()
    assert await start.provider("openai") == before
    assert all([(await start.provider(name)).active for name in KINDS])


async def test_a_start_that_was_cut_short_is_made_good(start: Start) -> None:
    await start.sandbox.fault("status", provider="claude", operation="list", status=401)
    await start.seed()
    assert [(await start.provider(name)).active for name in KINDS] == [True, False, True]
    await start.seed()
    assert (await start.provider("claude")).active


async def test_what_a_person_has_changed_stays_so(start: Start) -> None:
    """A name taken for something else, a connection put away, a skill put away, a label: none of that is undone."""
    await connect(start, "claude", base_url=f"{start.sandbox.url}/openai/v1")
    await start.seed()
    commands, name = start.write.commands, example_folders()[0].name
    await commands.change_provider(ChangeProvider(provider="gemini", active=False), context())
    await commands.archive_skill(ArchiveSkill(skill=name, archived=True), context())
    await commands.label_skill(LabelSkill(skill=name, label="stable", ref="1"), context())
    assert await start.seed() == 0
    assert (await start.provider("claude")).kind == "openai"
    assert not (await start.provider("gemini")).active
    assert (await start.skill(name)).archived


def test_keys_look_like_those_of_their_kind() -> None:
    beginnings = {connection.kind: connection.key for connection in SANDBOX_CONNECTIONS}
    assert beginnings["openai"].startswith("sk-proj-")
    assert beginnings["claude"].startswith("sk-ant-api03-")
    assert beginnings["gemini"].startswith("AIza")


async def connect(start: Start, name: str, *, base_url: str) -> None:
    command = ConnectProvider(kind="openai", name=name, credential="sk-of-a-person", base_url=base_url)
    await start.write.commands.connect_provider(command, context())
