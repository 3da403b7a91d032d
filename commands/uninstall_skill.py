"""Ask for what is installed at one provider to be removed: a run of its own kind."""

from uuid import UUID

from msgspec import Struct

from commands.beginning import BegunRun, begin, begun_run
from commands.handling import Handling, Session
from domain.errors import InstallationNotFound, ProviderInactive, ProviderNotFound, RunConflict, RunUnfit, SkillNotFound
from domain.events import Context
from domain.install_run import decisions
from domain.install_run.events import RunQueued, SkillPin, Target
from domain.install_run.policy import Policy
from domain.install_run.state import INSTALL_RUN
from domain.installation.state import INSTALLATION, Installation, Live
from domain.provider.state import PROVIDER
from domain.skill.state import SKILL


class UninstallSkill(Struct, frozen=True, kw_only=True):
    """`run_id` is for a request that may come again: if there is such a run already, it is the one that was asked for.

    `installed_by` is the run that put there what is meant, if it is known: what another one has put there since, or is about to,
    stays.
    """

    installation_id: UUID
    policy: Policy = Policy()
    run_id: UUID | None = None
    installed_by: UUID | None = None


class UninstallSkillHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, command: UninstallSkill, context: Context) -> BegunRun:
        """Runs that are at work on the pair come first.

        Raises InstallationNotFound, RunUnfit, RunConflict, ProviderInactive, StoreOffline.
        """
        run_id = command.run_id or self._handling.new_id()

        async def decide(session: Session) -> UUID:
            if command.run_id is not None and await session.load(run_id, INSTALL_RUN) is not None:
                return run_id
            installation = await session.load(command.installation_id, INSTALLATION)
            if installation is None or installation.live is None:
                raise InstallationNotFound
            if command.installed_by not in (None, installation.live.run_id):
                raise RunUnfit(f"Run {installation.live.run_id} has put something else there since.")
            if installation.claims and installation.claims[-1].removes:
                return installation.claims[-1].run_id
            if command.installed_by is not None and installation.claims:
                raise _conflict(installation)
            live = installation.live
            target = await _target(session, live)
            pin = await _pin(session, live)
            queued = RunQueued(kind="uninstall", skill=pin, targets=(target,), policy=command.policy)
            events = decisions.queue(queued, now=session.now)
            begin(session, run_id=run_id, events=events, pairs={target.id: installation})
            return run_id

        chosen, handled = await self._handling.handle(decide, context=context)
        return begun_run(chosen, handled, run_id=run_id)


def _conflict(installation: Installation) -> RunConflict:
    runs = tuple(claim.run_id for claim in installation.claims)
    return RunConflict(f"Run {runs[-1]} is about to put something else there.", conflicting_runs=runs)


async def _pin(session: Session, live: Live) -> SkillPin:
    skill = await session.load(live.skill_id, SKILL)
    if skill is None:
        raise SkillNotFound
    return SkillPin(id=live.skill_id, name=skill.name, version=live.version, digest=live.digest, ref=str(live.version))


async def _target(session: Session, live: Live) -> Target:
    provider = await session.load(live.provider_id, PROVIDER)
    if provider is None:
        raise ProviderNotFound
    if not provider.active:
        raise ProviderInactive(
            f"The provider connection {provider.name} is not active, so nothing can be removed there."
        )
    return Target(id=live.provider_id, name=provider.name, kind=provider.kind)
