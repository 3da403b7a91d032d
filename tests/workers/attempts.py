"""Runs that are carried out one by one, each by an installer that works alone, and what became of the shelf."""

from typing import Any
from uuid import uuid4

from adapters.nats.messages import Ticket
from commands.sweep_installation import ROUND_LAST
from domain.errors import Code
from domain.events import Event
from domain.install_run.events import ProviderFailed
from domain.install_run.policy import Policy
from domain.installation.events import Receipt
from domain.installation.state import installation_stream
from domain.ports import ProviderError
from domain.provider.state import provider_stream
from domain.skill.events import SkillVersionPublished
from tests.commands.world import SKILL_ID
from tests.kit.shelf_provider import Fault
from tests.kit.waiting import eventually
from tests.workers.installing import SECONDS_MAX, Installing, only

OPENAI = provider_stream("openai")
INSTALLATION = installation_stream(SKILL_ID, OPENAI)
ONCE = Policy(attempts_max=1)
LOST = ProviderError(Code.PROVIDER_TIMEOUT, "No answer.", retryable=True, ambiguous=True)
FIRST = Receipt(remote_id="skill_1", remote_version="1")
SECOND = Receipt(remote_id="skill_1", remote_version="2")


async def carry_out(installing: Installing, **more: Any) -> list[Event]:
    """Queue a run, let the installer work on it alone, and look at its events."""
    run_id = await installing.queue(**more)
    async with installing.working():
        return await installing.ended(run_id)


async def remove(installing: Installing, **more: Any) -> list[Event]:
    run_id = await installing.uninstall(**more)
    async with installing.working():
        return await installing.ended(run_id)


async def lose(installing: Installing, *, applied: bool = False, **more: Any) -> None:
    """A run of one attempt, which fails without anybody knowing what became of it."""
    installing.provider.faults.append(Fault(error=LOST, applied=applied))
    assert only(await carry_out(installing, policy=ONCE, **more), ProviderFailed).ambiguous
    installing.world.pass_time(3600)


async def sweep(installing: Installing, *, round_number: int = ROUND_LAST) -> list[Event]:
    """What the sweep of this round recorded; nothing more is expected after the last one."""
    before = await installing.world.store.head()
    answers = len(installing.tickets.answers)
    ticket = Ticket(
        kind="sweep",
        provider_id=OPENAI,
        installation_id=INSTALLATION,
        round=round_number,
        event_id=uuid4(),
        position=before,
        request_id="sweep",
        correlation_id=uuid4(),
        issued_at=installing.world.now,
    )
    installing.tickets.put(ticket)
    async with installing.working():

        async def answered() -> bool:
            return len(installing.tickets.answers) > answers

        await eventually(answered, SECONDS_MAX)
    return [recorded.event for recorded in await installing.world.store.read(after=before, limit=100)]


async def digest_of(installing: Installing, version: int) -> str:
    events = await installing.world.events(SKILL_ID)
    published = [event for event in events if isinstance(event, SkillVersionPublished)]
    return published[version - 1].digest


def on_shelf(installing: Installing) -> list[Receipt]:
    return [kept.receipt for kept in installing.provider.shelf]
