"""What the first start leaves behind: the first admin key and, with a sandbox, a connection to it and the example skills."""

from pathlib import Path
from typing import Final
from uuid import uuid4

from adapters.sources.folder import read_folder
from commands.connect_provider import ConnectProvider
from commands.issue_api_key import FIRST_KEY_ID, IssueApiKey
from commands.register_skill import RegisterSkill
from domain.errors import ProviderNameTaken
from domain.events import Actor, Context, Role
from workers.settings import Settings, shared_folder
from workers.wiring import write_side

SANDBOX_PROVIDER: Final = "openai"


async def first_key(settings: Settings, *, by: str) -> str | None:
    """The first admin key, the first time; None ever after. `by` is the command that issues it. Raises StoreOffline."""
    async with write_side(settings, part=by) as write:
        issue = IssueApiKey(key_id=FIRST_KEY_ID, name="first admin key", role=Role.ADMIN)
        return await write.commands.issue_api_key(issue, _context("first-start", by=by))


async def seed_sandbox(settings: Settings, *, sandbox_url: str) -> None:
    """Connect the sandbox and register the examples, unless that was done before. Raises StoreOffline."""
    context = _context("first-sandbox", by="up")
    async with write_side(settings, part="up") as write:
        for folder in example_folders():
            await write.commands.register_skill(RegisterSkill(files=read_folder(folder)), context)
        connect = ConnectProvider(
            kind="openai",
            name=SANDBOX_PROVIDER,
            credential=f"sk-sandbox-{uuid4().hex}",
            base_url=f"{sandbox_url}/openai/v1",
        )
        try:
            await write.commands.connect_provider(connect, context)
        except ProviderNameTaken:
            return


def example_folders() -> list[Path]:
    return sorted(path.parent for path in (shared_folder() / "examples" / "skills").glob("*/SKILL.md"))


def _context(request_id: str, *, by: str) -> Context:
    actor = Actor(kind="system", id=by, name=f"waybill {by}")
    return Context(actor=actor, request_id=request_id, correlation_id=uuid4())
