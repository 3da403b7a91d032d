"""Ask for one skill version to be installed at one or more providers."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

from commands.handling import Handling, Session, find
from domain.errors import ProviderInactive, ProviderNotFound, SkillNotFound
from domain.events import Context, Recorded
from domain.install_run import decisions
from domain.install_run.events import Policy, SkillPin, Target
from domain.install_run.state import INSTALL_RUN, InstallRun
from domain.installation.decisions import claim
from domain.installation.state import INSTALLATION, Installation, installation_stream
from domain.provider.state import PROVIDER, provider_stream
from domain.skill.decisions import resolve
from domain.skill.state import SKILL, skill_stream


class QueueInstallRun(Struct, frozen=True, kw_only=True):
    """`skill` and each of `providers` is an id or a name; `ref` picks the version."""

    skill: str
    ref: str = "latest"
    providers: tuple[str, ...]
    policy: Policy = Policy()
    on_duplicate: Literal["reuse", "reject"] = "reuse"


class QueuedRun(Struct, frozen=True, kw_only=True):
    """`reused`: a run that does exactly this was active already, so none was queued and `position` is None.

    `history` are the run's own events if it was queued now, so that nobody has to look them up.
    """

    run_id: UUID
    reused: bool
    position: int | None
    history: tuple[Recorded, ...] = ()


class QueueInstallRunHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, command: QueueInstallRun, context: Context) -> QueuedRun:
        """Raises SkillNotFound, VersionNotFound, ProviderNotFound, ProviderInactive, RunConflict, StoreOffline."""
        run_id = self._handling.new_id()

        async def decide(session: Session) -> UUID:
            pin = await _pin(session, command)
            targets = tuple([await _target(session, provider) for provider in command.providers])
            queued = decisions.queue(skill=pin, targets=targets, policy=command.policy)
            installations = {target.id: await _installation(session, pin, target) for target in targets}
            active = await _active(session, installations, pin)
            reused = decisions.reusable(
                active, skill=pin, providers=frozenset(installations), reuse=command.on_duplicate == "reuse"
            )
            if reused is not None:
                return reused
            session.create(run_id, INSTALL_RUN)
            session.append(run_id, *queued)
            for provider_id, installation in installations.items():
                claimed = claim(
                    installation, run_id=run_id, skill_id=pin.id, provider_id=provider_id, version=pin.version
                )
                session.append(installation_stream(pin.id, provider_id), *claimed)
            return run_id

        chosen, handled = await self._handling.handle(decide, context=context)
        return QueuedRun(
            run_id=chosen,
            reused=not handled.events,
            position=handled.position,
            history=tuple(event for event in handled.events if event.stream == chosen),
        )


async def _pin(session: Session, command: QueueInstallRun) -> SkillPin:
    stream, state = await find(session, command.skill, named=skill_stream, fold=SKILL)
    if state is None:
        raise SkillNotFound(f"No skill is called {command.skill}.")
    version = resolve(state, command.ref)
    return SkillPin(id=stream, name=state.name, version=version.number, digest=version.digest, ref=command.ref)


async def _target(session: Session, provider: str) -> Target:
    stream, state = await find(session, provider, named=provider_stream, fold=PROVIDER)
    if state is None:
        raise ProviderNotFound(f"No provider connection is called {provider}.")
    if not state.active:
        raise ProviderInactive(f"The provider connection {state.name} is not active; see why with its verification.")
    return Target(id=stream, name=state.name, kind=state.kind)


async def _installation(session: Session, pin: SkillPin, target: Target) -> Installation | None:
    return await session.load(installation_stream(pin.id, target.id), INSTALLATION)


async def _active(
    session: Session, installations: dict[UUID, Installation | None], pin: SkillPin
) -> dict[UUID, InstallRun]:
    """The runs that are at work on one of these pairs with the same version, or wait to be."""
    claims = {
        claim.run_id
        for installation in installations.values()
        if installation is not None
        for claim in installation.claims
        if claim.version == pin.version
    }
    runs = {run_id: await session.load(run_id, INSTALL_RUN) for run_id in claims}
    return {run_id: run for run_id, run in runs.items() if run is not None}
