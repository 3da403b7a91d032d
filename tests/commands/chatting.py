"""The rest of Waybill as chat sees it, folded from the events of a memory store and made of the real commands."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from commands.cancel_run import CancelRun
from commands.queue_install_run import QueueInstallRun
from commands.retry_run import RetryRun
from commands.rollback_run import RollbackRun
from commands.uninstall_skill import UninstallSkill
from commands.verify_provider import VerifyProvider, VerifyProviderHandler
from domain.chat.events import ChatCommandAccepted, ChatCommandReceived
from domain.chat.facts import (
    DeedFact,
    DeedsFound,
    InstallationFact,
    InstallationsFound,
    ProviderFact,
    RunFact,
    RunsFound,
    SkillFact,
    TargetFact,
)
from domain.chat.plan import (
    AnyStep,
    CancelStep,
    InstallStep,
    RetryStep,
    RollbackStep,
    UninstallStep,
    VerifyStep,
)
from domain.chat.ports import Catalogue, InstallPreview, InstallTarget, RunsWanted
from domain.chat.said import Deed
from domain.events import Context, Fold, Recorded
from domain.install_run.events import RunQueued
from domain.install_run.state import ENDINGS, INSTALL_RUN
from domain.installation.events import InstallationChanged
from domain.installation.state import INSTALLATION, Installation, installation_stream
from domain.provider.state import PROVIDER, Provider
from domain.skill.state import SKILL
from tests.commands.world import World

EVENTS_MAX: Final = 100_000
DEEDS: Final = {RunQueued: "install_run.queued"}

History = list[Recorded]


class MemoryChatWorld:
    """Implements `ChatWorld`. `carried_out` are the steps that were asked for, with their contexts."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._verify = VerifyProviderHandler(handling=world.handling, gateway=world.gateway)
        self.carried_out: list[tuple[AnyStep, Context]] = []

    async def catalogue(self, names: frozenset[str], *, every: bool) -> Catalogue:
        histories = await self._histories()
        skills = {
            skill.name: SkillFact(
                id=stream,
                name=skill.name,
                version=len(skill.versions),
                labels=dict(skill.labels),
                archived=skill.archived,
            )
            for stream, skill in _folded(histories, SKILL)
        }
        providers = tuple(_provider(stream, state, self._world) for stream, state in _folded(histories, PROVIDER))
        asked = {name: skill for name, skill in skills.items() if every or name in names}
        return Catalogue(skills=asked, skill_names=tuple(skills), providers=providers)

    async def runs(self, wanted: RunsWanted, *, limit: int) -> RunsFound:
        histories = await self._histories()
        queued = [history for history in histories.values() if isinstance(history[0].event, RunQueued)]
        newest = sorted(queued, key=lambda history: -history[0].position)
        fitting = [_run(history) for history in newest if _fits(wanted, history)]
        return RunsFound(items=tuple(fitting[:limit]), more=len(fitting) > limit)

    async def runs_of_last_action(self, caller: str) -> tuple[UUID, ...]:
        for history in sorted((await self._histories()).values(), key=lambda one: -one[0].position):
            first, last = history[0].event, history[-1].event
            if not isinstance(first, ChatCommandReceived) or first.caller != caller:
                continue
            if isinstance(last, ChatCommandAccepted) and last.run_ids:
                return last.run_ids
        return ()

    async def installations(
        self, *, skills: tuple[UUID, ...], providers: tuple[UUID, ...], limit: int
    ) -> InstallationsFound:
        histories = await self._histories()
        found, pairs = [], set()
        for stream, state in _folded(histories, INSTALLATION):
            live = state.live
            if (
                live is None
                or (skills and live.skill_id not in skills)
                or (providers and live.provider_id not in providers)
            ):
                continue
            pairs.add((live.skill_id, live.provider_id))
            found.append(_installation(stream, state, histories))
        names = {stream: state.name for fold in (SKILL, PROVIDER) for stream, state in _folded(histories, fold)}
        absent = [(names[a], names[b]) for a in skills for b in providers if (a, b) not in pairs]
        newest = tuple(sorted(found, key=lambda one: one.at, reverse=True))
        return InstallationsFound(items=newest[:limit], absent=tuple(absent), more=len(newest) > limit)

    async def deeds(
        self, deed: Deed | None, *, skills: tuple[str, ...], providers: tuple[str, ...], run_id: UUID | None, limit: int
    ) -> DeedsFound:
        """Of all deeds those that queued runs."""
        found = []
        for history in (await self._histories()).values():
            first = history[0]
            if not isinstance(first.event, RunQueued) or (skills and first.event.skill.name not in skills):
                continue
            at = {target.name for target in first.event.targets}
            if (
                (providers and not at & {*providers})
                or run_id not in (None, first.stream)
                or deed not in (None, Deed.INSTALL)
            ):
                continue
            found.append(
                DeedFact(
                    at=first.at,
                    by=first.actor.name,
                    action=DEEDS[RunQueued],
                    target=f"install_run:{first.stream}",
                    run_id=first.stream,
                )
            )
        return DeedsFound(items=tuple(found[::-1][:limit]), more=len(found) > limit)

    async def preview(self, *, skill: UUID, ref: str, providers: tuple[UUID, ...], context: Context) -> InstallPreview:
        command = QueueInstallRun(skill=str(skill), ref=ref, providers=tuple(map(str, providers)))
        previewed = await self._world.queue_install_run.preview(command, context)
        histories = await self._histories()
        targets = []
        for one in previewed.targets:
            installation = INSTALLATION.fold(histories.get(installation_stream(skill, one.target.id), ()))
            claim = installation.claims[-1] if installation and installation.claims else None
            targets.append(
                InstallTarget(
                    provider_id=one.target.id,
                    provider=one.target.name,
                    codes=tuple(refusal.code for refusal in one.refusals),
                    installed_version=one.installed_version,
                    active_run_id=one.active_run_id,
                    installs=claim is not None and claim.version == previewed.skill.version and not claim.removes,
                )
            )
        return InstallPreview(version=previewed.skill.version, digest=previewed.skill.digest, targets=tuple(targets))

    async def carry_out(self, step: AnyStep, context: Context) -> UUID | None:
        self.carried_out.append((step, context))
        world = self._world
        match step:
            case InstallStep():
                providers = tuple(str(provider.id) for provider in step.providers)
                install = QueueInstallRun(
                    skill=str(step.skill_id), ref=str(step.version), providers=providers, run_id=step.run_id
                )
                return (await world.queue_install_run(install, context)).run_id
            case UninstallStep():
                uninstall = UninstallSkill(
                    installation_id=step.installation_id, installed_by=step.installed_by, run_id=step.run_id
                )
                return (await world.uninstall_skill(uninstall, context)).run_id
            case CancelStep():
                return (await world.cancel_run(CancelRun(run_id=step.cancelled), context)).run_id
            case RetryStep():
                retry = RetryRun(original_id=step.retried, run_id=step.run_id)
                return (await world.retry_run(retry, context)).run_id
            case RollbackStep():
                providers = tuple(str(provider.id) for provider in step.providers)
                rollback = RollbackRun(original_id=step.taken_back, providers=providers, run_id=step.run_id)
                return (await world.rollback_run(rollback, context)).run_id
            case VerifyStep():
                await self._verify(VerifyProvider(provider=str(step.provider.id)), context)
                return None

    async def _histories(self) -> Mapping[UUID, History]:
        """By stream, in the order of their beginnings. Raises StoreOffline."""
        await self._world.store.load(UUID(int=0))
        histories: dict[UUID, History] = {}
        for recorded in await self._world.store.read(after=0, limit=EVENTS_MAX):
            histories.setdefault(recorded.stream, []).append(recorded)
        return histories


def _folded(histories: Mapping[UUID, History], fold: Fold[Any]) -> Iterable[tuple[UUID, Any]]:
    return [(stream, fold.fold(history)) for stream, history in histories.items() if fold.owns(history[0].event)]


def _provider(stream: UUID, state: Provider, world: World) -> ProviderFact:
    return ProviderFact(
        id=stream,
        name=state.name,
        kind=state.kind,
        active=state.active,
        paused=state.paused_at(world.now),
        code=state.fault.code if state.fault else None,
    )


def _fits(wanted: RunsWanted, history: History) -> bool:
    run, first = INSTALL_RUN.fold(history), history[0]
    assert run is not None
    return (
        (not wanted.ids or first.stream in wanted.ids)
        and first.stream.hex.startswith(wanted.beginning or "")
        and (not wanted.skills or run.skill.id in wanted.skills)
        and (not wanted.providers or bool(run.provider_ids & {*wanted.providers}))
        and (not wanted.statuses or run.status in wanted.statuses)
        and (not wanted.kinds or run.kind in wanted.kinds)
        and wanted.by in (None, first.actor.id)
    )


def _run(history: History) -> RunFact:
    run, first = INSTALL_RUN.fold(history), history[0]
    assert run is not None
    ended = [one for one in history if type(one.event) in ENDINGS]
    return RunFact(
        id=first.stream,
        kind=run.kind,
        status=run.status,
        reason=None,
        skill=run.skill.name,
        version=run.skill.version,
        targets=tuple(
            TargetFact(
                provider_id=target.target.id,
                provider=target.target.name,
                status=target.status,
                code=target.code,
                attempts=target.attempts,
                next_attempt_at=target.next_attempt_at,
            )
            for target in run.targets
        ),
        by=first.actor.name,
        by_id=first.actor.id,
        queued_at=first.at,
        finished_at=ended[-1].at if ended else None,
        retried_by=run.retried_by,
    )


def _installation(stream: UUID, state: Installation, histories: Mapping[UUID, History]) -> InstallationFact:
    live = state.live
    assert live is not None
    changed = [one for one in histories[stream] if isinstance(one.event, InstallationChanged)]
    skill, provider = SKILL.fold(histories[live.skill_id]), PROVIDER.fold(histories[live.provider_id])
    assert skill is not None
    assert provider is not None
    return InstallationFact(
        id=stream,
        skill=skill.name,
        provider=provider.name,
        version=live.version,
        drift="none",
        run_id=live.run_id,
        at=changed[-1].at,
        by=histories[live.run_id][0].actor.name,
        active_run_id=state.claims[-1].run_id if state.claims else None,
    )
