"""Runs that are carried out one by one, each by an installer that works alone, and what became of the shelf."""

from typing import Any

from domain.errors import Code
from domain.events import Event
from domain.install_run.events import ProviderFailed
from domain.installation.events import Receipt
from domain.installation.state import installation_stream
from domain.ports import ProviderError
from domain.provider.state import provider_stream
from domain.skill.events import SkillVersionPublished
from tests.commands.world import SKILL_ID
from tests.kit.shelf_provider import Fault
from tests.workers.installing import Installing, only

OPENAI = provider_stream("openai")
INSTALLATION = installation_stream(SKILL_ID, OPENAI)
LOST = ProviderError(Code.PROVIDER_TIMEOUT, "No answer.", retryable=True, ambiguous=True)
FIRST = Receipt(remote_id="skill_1", remote_version="1")
SECOND = Receipt(remote_id="skill_1", remote_version="2")


async def carry_out(installing: Installing, **more: Any) -> list[Event]:
    """Queue a run, let the installer work on it alone, and look at its events."""
    run_id = await installing.queue(**more)
    async with installing.working():
        return await installing.ended(run_id)


async def remove(installing: Installing) -> list[Event]:
    run_id = await installing.uninstall()
    async with installing.working():
        return await installing.ended(run_id)


async def lose(installing: Installing, *, applied: bool = False, **more: Any) -> None:
    """A run that fails without anybody knowing what became of it."""
    installing.provider.faults.append(Fault(error=LOST, applied=applied))
    assert only(await carry_out(installing, **more), ProviderFailed).ambiguous
    installing.world.pass_time(3600)


async def digest_of(installing: Installing, version: int) -> str:
    events = await installing.world.events(SKILL_ID)
    published = [event for event in events if isinstance(event, SkillVersionPublished)]
    return published[version - 1].digest


def on_shelf(installing: Installing) -> list[Receipt]:
    return [kept.receipt for kept in installing.provider.shelf]
