"""What the first start leaves behind: the first admin key and, with a sandbox, connections to it and the example skills."""

import asyncio
from pathlib import Path
from typing import Final
from uuid import uuid4

from msgspec import Struct

from adapters.providers.gateway import load_adapter
from adapters.sources.folder import read_folder
from commands.connect_provider import ConnectProvider
from commands.issue_api_key import FIRST_KEY_ID, IssueApiKey
from commands.register_skill import RegisterSkill
from commands.verify_provider import VerifyProvider
from domain.errors import SkillUnavailable
from domain.events import Actor, Context, Role
from domain.provider.events import ProviderKind
from domain.provider.state import PROVIDER, provider_stream
from domain.skill.sources import InlineFiles
from workers.log_context import logged_for
from workers.settings import Settings, shared_folder
from workers.wiring import WriteSide, write_side


class SandboxConnection(Struct, frozen=True, kw_only=True):
    """Named after its kind. `path` is where the sandbox speaks its dialect; `key` begins as this provider's keys do."""

    kind: ProviderKind
    path: str
    key: str


SANDBOX_CONNECTIONS: Final = (
    SandboxConnection(kind="openai", path="/openai/v1", key="sk-proj-sandbox-"),
    SandboxConnection(kind="claude", path="/anthropic", key="sk-ant-api03-sandbox-"),
    SandboxConnection(kind="gemini", path="/gemini", key="AIzaSandbox"),
)


async def first_key(settings: Settings, *, by: str) -> str | None:
    """The first admin key, the first time; None ever after. `by` is the command that issues it. Raises StoreOffline."""
    async with write_side(settings, part=by) as write:
        issue = IssueApiKey(key_id=FIRST_KEY_ID, name="first admin key", role=Role.ADMIN)
        return await write.commands.issue_api_key(issue, _context("first-start", by=by))


async def prepare_seeding() -> None:
    """Import what the first verification needs: seconds of work, while the servers start."""
    for connection in SANDBOX_CONNECTIONS:
        await asyncio.to_thread(load_adapter, connection.kind)


async def seed_sandbox(settings: Settings, *, sandbox_url: str) -> None:
    """Connect the sandbox's providers and register the examples, as far as that was not done before, or was undone by a
    person. Raises StoreOffline.
    """
    async with write_side(settings, part="up") as write:
        context = _context("first-sandbox", by="up")
        for folder in example_folders():
            await _register(write, folder, context)
        with logged_for(context):
            await asyncio.gather(*(_connect(write, each, sandbox_url, context) for each in SANDBOX_CONNECTIONS))


async def _register(write: WriteSide, folder: Path, context: Context) -> None:
    command = RegisterSkill(source=InlineFiles(files=read_folder(folder)))
    try:
        await write.commands.register_skill(command, context)
    except SkillUnavailable:
        return


async def _connect(write: WriteSide, connection: SandboxConnection, sandbox_url: str, context: Context) -> None:
    """What has the name already is left as it is, unless it is ours and the start before was cut short."""
    base_url = f"{sandbox_url}{connection.path}"
    known = PROVIDER.fold(await write.store.load(provider_stream(connection.kind)))
    if known is None:
        connect = ConnectProvider(
            kind=connection.kind, name=connection.kind, credential=f"{connection.key}{uuid4().hex}", base_url=base_url
        )
        await write.commands.connect_provider(connect, context)
    elif known.base_url == base_url and not known.active and not known.shelved:
        await write.commands.verify_provider(VerifyProvider(provider=connection.kind), context)


def example_folders() -> list[Path]:
    return sorted(path.parent for path in (shared_folder() / "examples" / "skills").glob("*/SKILL.md"))


def _context(request_id: str, *, by: str) -> Context:
    actor = Actor(kind="system", id=by, name=f"waybill {by}")
    return Context(actor=actor, request_id=request_id, correlation_id=uuid4())
