"""The timers that commands have set, as a test asks for them."""

from uuid import UUID

from domain.installation.state import installation_stream
from domain.provider.state import provider_stream
from domain.timers import Timer, TimerName
from tests.commands.world import SKILL_ID, World


def target_timer(world: World, run_id: UUID, provider: str = "openai") -> Timer | None:
    return _timer(world, TimerName.TARGET, run_id, provider)


def sweep_timer(world: World, provider: str = "openai") -> Timer | None:
    return _timer(world, TimerName.SWEEP, installation_stream(SKILL_ID, provider_stream(provider)), provider)


def connection_timer(world: World, name: TimerName, provider: str = "openai") -> Timer | None:
    return _timer(world, name, provider_stream(provider), provider)


def _timer(world: World, name: TimerName, subject: UUID, provider: str) -> Timer | None:
    found = world.store.timers.get((name, subject, provider_stream(provider)))
    return found.timer if found else None
