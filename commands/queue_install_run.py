"""Ask for one skill version to be installed at one or more providers, or only whether they would take it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from commands.beginning import begin
from commands.handling import Handling, Session, require
from domain.errors import Code, ProviderNotFound, SkillNotFound, SkillUnavailable
from domain.events import Context, Recorded
from domain.install_run import decisions
from domain.install_run.events import RunQueued, SkillPin, Target
from domain.install_run.policy import Policy
from domain.install_run.preflight import Refusal, preflight, refuse
from domain.install_run.state import INSTALL_RUN, InstallRun
from domain.installation.state import INSTALLATION, Installation, installation_stream
from domain.ports import Limits
from domain.provider.decisions import check_active, why_inactive
from domain.provider.events import ProviderKind
from domain.provider.state import PROVIDER, Provider, provider_stream
from domain.skill.decisions import resolve
from domain.skill.state import SKILL, SkillVersion, skill_stream


class QueueInstallRun(Struct, frozen=True, kw_only=True):
    """`skill` and each of `providers` is an id or a name; `ref` picks the version.

    `run_id` is for a request that may come again: if there is such a run already, it is the one that was asked for.
    """

    skill: str
    ref: str = "latest"
    providers: tuple[str, ...]
    policy: Policy = Policy()
    on_duplicate: Literal["reuse", "reject"] = "reuse"
    run_id: UUID | None = None


class QueuedRun(Struct, frozen=True, kw_only=True):
    """`reused`: a run that does exactly this was active already, so none was queued and `position` is None.

    `history` are the run's own events if it was queued now, so that nobody has to look them up.
    """

    run_id: UUID
    reused: bool
    position: int | None
    history: tuple[Recorded, ...] = ()


class PreviewedTarget(Struct, frozen=True, kw_only=True):
    """`refusals` are all reasons against it, none: it would be tried, though not as long as the connection is `paused`.
    `installed_version` is what is live there now, and `active_run_id` the run that has the last word on the pair so far.
    """

    target: Target
    refusals: tuple[Refusal, ...]
    paused: bool
    installed_version: int | None
    active_run_id: UUID | None


class PreviewedRun(Struct, frozen=True, kw_only=True):
    skill: SkillPin
    policy: Policy
    targets: tuple[PreviewedTarget, ...]


class _Plan(Struct, frozen=True, kw_only=True):
    """What is asked for, in the words of the streams. `refusals` and `installations` by provider."""

    pin: SkillPin
    providers: Mapping[UUID, Provider]
    targets: tuple[Target, ...]
    refusals: Mapping[UUID, tuple[Refusal, ...]]
    installations: Mapping[UUID, Installation | None]

    @property
    def accepted(self) -> tuple[Target, ...]:
        return tuple(target for target in self.targets if not self.refusals[target.id])

    @property
    def pairs(self) -> Mapping[UUID, Installation]:
        """What was ever begun where this is going to be installed."""
        found = {target.id: self.installations[target.id] for target in self.accepted}
        return {provider_id: installation for provider_id, installation in found.items() if installation is not None}


class QueueInstallRunHandler:
    """`limits` says what providers of a kind take."""

    def __init__(self, *, handling: Handling, limits: Callable[[ProviderKind], Limits]) -> None:
        self._handling = handling
        self._limits = limits

    async def __call__(self, command: QueueInstallRun, context: Context) -> QueuedRun:
        """A target that the provider would refuse fails at once, without being called; the others are queued.

        Raises SkillNotFound, VersionNotFound, SkillUnavailable, ProviderNotFound, ProviderInactive, RunConflict, BadRequest,
        StoreOffline.
        """
        run_id = command.run_id or self._handling.new_id()

        async def decide(session: Session) -> UUID:
            if command.run_id is not None and await session.load(run_id, INSTALL_RUN) is not None:
                return run_id
            plan = await self._plan(session, command)
            for provider in plan.providers.values():
                check_active(provider)
            refused = tuple(refuse(target, plan.refusals[target.id]) for target in plan.targets)
            queued = decisions.queue(
                _run_queued(plan, command),
                now=session.now,
                refused=tuple(refusal for refusal in refused if refusal is not None),
            )
            reused = decisions.reusable(
                await _active(session, plan),
                skill=plan.pin,
                providers=frozenset(plan.providers),
                pairs=plan.pairs,
                reuse=command.on_duplicate == "reuse",
            )
            if reused is not None:
                return reused
            begin(session, run_id=run_id, events=queued, pairs=plan.installations)
            return run_id

        chosen, handled = await self._handling.handle(decide, context=context)
        return QueuedRun(
            run_id=chosen,
            reused=chosen != run_id,
            position=handled.position,
            history=tuple(event for event in handled.events if event.stream == chosen),
        )

    async def preview(self, command: QueueInstallRun, context: Context) -> PreviewedRun:
        """What would become of it, with nothing stored. Raises SkillNotFound, VersionNotFound, SkillUnavailable,
        ProviderNotFound, BadRequest, StoreOffline.
        """

        async def look(session: Session) -> PreviewedRun:
            plan = await self._plan(session, command)
            decisions.queue(_run_queued(plan, command), now=session.now)
            targets = tuple(_previewed(plan, target, now=session.now) for target in plan.targets)
            return PreviewedRun(skill=plan.pin, policy=command.policy, targets=targets)

        previewed, _ = await self._handling.handle(look, context=context)
        return previewed

    async def _plan(self, session: Session, command: QueueInstallRun) -> _Plan:
        decisions.check_target_count(len(command.providers))
        pin, version = await _pin(session, command)
        found = [await _provider(session, provider) for provider in command.providers]
        targets = tuple(Target(id=stream, name=provider.name, kind=provider.kind) for stream, provider in found)
        return _Plan(
            pin=pin,
            providers=dict(found),
            targets=targets,
            refusals={target.id: preflight(pin.name, version, self._limits(target.kind)) for target in targets},
            installations={
                target.id: await session.load(installation_stream(pin.id, target.id), INSTALLATION)
                for target in targets
            },
        )


def _run_queued(plan: _Plan, command: QueueInstallRun) -> RunQueued:
    return RunQueued(skill=plan.pin, targets=plan.targets, policy=command.policy)


async def _pin(session: Session, command: QueueInstallRun) -> tuple[SkillPin, SkillVersion]:
    missing = SkillNotFound(f"No skill is called {command.skill}.")
    stream, state = await require(session, command.skill, named=skill_stream, fold=SKILL, missing=missing)
    if state.archived:
        raise SkillUnavailable(f"{state.name} is archived; take it back into use before installing it.")
    version = resolve(state, command.ref)
    pin = SkillPin(id=stream, name=state.name, version=version.number, digest=version.digest, ref=command.ref)
    return pin, version


async def _provider(session: Session, provider: str) -> tuple[UUID, Provider]:
    missing = ProviderNotFound(f"No provider connection is called {provider}.")
    return await require(session, provider, named=provider_stream, fold=PROVIDER, missing=missing)


async def _active(session: Session, plan: _Plan) -> dict[UUID, InstallRun]:
    runs = {
        run_id: await session.load(run_id, INSTALL_RUN)
        for run_id in decisions.last_words(plan.pairs, version=plan.pin.version)
    }
    return {run_id: run for run_id, run in runs.items() if run is not None}


def _previewed(plan: _Plan, target: Target, *, now: datetime) -> PreviewedTarget:
    provider, installation = plan.providers[target.id], plan.installations[target.id]
    refusals = plan.refusals[target.id]
    if not provider.active:
        refusals = (Refusal(code=Code.CONFLICT_PROVIDER, message=why_inactive(provider)), *refusals)
    live = installation and installation.live
    claims = installation.claims if installation else ()
    return PreviewedTarget(
        target=target,
        refusals=refusals,
        paused=provider.paused_at(now),
        installed_version=live.version if live else None,
        active_run_id=claims[-1].run_id if claims else None,
    )
