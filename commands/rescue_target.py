"""Have another work ticket issued for a target that stands still because it has lost the one it had."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

from commands.handling import Handling, Session
from domain.errors import RunNotFound
from domain.events import Context
from domain.install_run.decisions import rescue
from domain.install_run.state import INSTALL_RUN
from domain.installation.state import INSTALLATION, installation_stream
from domain.provider.state import PROVIDER
from domain.timers import Timer, TimerName, TimerPhase


class RescueTarget(Struct, frozen=True, kw_only=True):
    """`attempts` and `rescues` are those of the target as it was found: by them the same rescue is known when it comes again."""

    run_id: UUID
    provider_id: UUID
    attempts: int
    rescues: int
    fault: Literal["ticket_lost", "retry_overdue"]


class RescueTargetHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, command: RescueTarget, context: Context) -> bool:
        """False: the target is not as it was found, does not wait for a ticket but for its turn or its time, or nobody would
        take one through its connection now. Raises RunNotFound, Busy, StoreOffline.
        """

        async def decide(session: Session) -> bool:
            run = await session.load(command.run_id, INSTALL_RUN)
            if run is None:
                raise RunNotFound
            target = run.target(command.provider_id)
            if target is None or (target.attempts, target.rescues) != (command.attempts, command.rescues):
                return False
            if not await _is_its_turn(session, command, skill_id=run.skill.id):
                return False
            events = rescue(run, provider_id=command.provider_id, now=session.now, fault=command.fault)
            if events:
                session.append(command.run_id, *events)
                session.set_timer(_at_once(session, command))
            return bool(events)

        rescued, _ = await self._handling.handle(decide, context=context)
        return rescued


async def _is_its_turn(session: Session, command: RescueTarget, *, skill_id: UUID) -> bool:
    """Whether the run holds the slot of the pair, and its connection is served."""
    installation = await session.load(installation_stream(skill_id, command.provider_id), INSTALLATION)
    if installation is None or installation.holder is None or installation.holder.run_id != command.run_id:
        return False
    provider = await session.load(command.provider_id, PROVIDER)
    return provider is not None and provider.active and not provider.paused_at(session.now)


def _at_once(session: Session, command: RescueTarget) -> Timer:
    return Timer(
        name=TimerName.TARGET,
        subject=command.run_id,
        provider_id=command.provider_id,
        phase=TimerPhase.RETRY,
        due_at=session.now,
    )
