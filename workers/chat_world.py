"""The rest of Waybill as chat sees it: its queries on the read models, and the same commands that everybody else uses."""

from collections.abc import Callable, Iterable
from typing import assert_never
from uuid import UUID

from commands.cancel_run import CancelRun
from commands.queue_install_run import PreviewedTarget, QueueInstallRun
from commands.retry_run import RetryRun
from commands.rollback_run import RollbackRun
from commands.uninstall_skill import UninstallSkill
from commands.verify_provider import VerifyProvider
from domain.chat.facts import DeedsFound, InstallationsFound, RunsFound
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
from domain.events import Context
from domain.install_run.policy import Policy
from domain.installation.state import INSTALLATION, installation_stream
from domain.ports import EventStore
from queries.chat_catalogue import ChatCatalogue, chat_catalogue
from queries.chat_deeds import ChatDeeds, chat_deeds
from queries.chat_installations import ChatInstallations, chat_installations
from queries.chat_runs import ChatRuns, chat_runs, runs_of_last_action
from queries.reading import Reader
from workers.wiring import Commands


class WiredChatWorld:
    """Implements `ChatWorld`. `policy` is that of the runs that it queues; `step_done` is called when one step of a plan is."""

    def __init__(
        self,
        *,
        commands: Commands,
        reader: Reader,
        store: EventStore,
        policy: Policy,
        step_done: Callable[[], None],
    ) -> None:
        self._commands = commands
        self._reader = reader
        self._store = store
        self._policy = policy
        self._step_done = step_done

    async def catalogue(self, names: frozenset[str], *, every: bool) -> Catalogue:
        return await chat_catalogue(self._reader, ChatCatalogue(names=names, every=every))

    async def runs(self, wanted: RunsWanted, *, limit: int) -> RunsFound:
        return await chat_runs(self._reader, ChatRuns(wanted=wanted, limit=limit))

    async def runs_of_last_action(self, caller: str) -> tuple[UUID, ...]:
        return await runs_of_last_action(self._reader, caller)

    async def installations(
        self, *, skills: tuple[UUID, ...], providers: tuple[UUID, ...], limit: int
    ) -> InstallationsFound:
        query = ChatInstallations(skills=skills, providers=providers, limit=limit)
        return await chat_installations(self._reader, query)

    async def deeds(
        self, deed: Deed | None, *, skills: tuple[str, ...], providers: tuple[str, ...], run_id: UUID | None, limit: int
    ) -> DeedsFound:
        query = ChatDeeds(deed=deed, skills=skills, providers=providers, run_id=run_id, limit=limit)
        return await chat_deeds(self._reader, query)

    async def preview(self, *, skill: UUID, ref: str, providers: tuple[UUID, ...], context: Context) -> InstallPreview:
        command = QueueInstallRun(skill=str(skill), ref=ref, providers=_texts(providers), policy=self._policy)
        previewed = await self._commands.queue_install_run.preview(command, context)
        pin = previewed.skill
        targets = [await self._target(one, skill=pin.id, version=pin.version) for one in previewed.targets]
        return InstallPreview(version=pin.version, digest=pin.digest, targets=tuple(targets))

    async def carry_out(self, step: AnyStep, context: Context) -> UUID | None:
        """A run that was cancelled is told, too: it is the one to look at."""
        run_id = await self._carry_out(step, context)
        self._step_done()
        return run_id

    async def _carry_out(self, step: AnyStep, context: Context) -> UUID | None:
        match step:
            case InstallStep():
                return (await self._commands.queue_install_run(self._install(step), context)).run_id
            case UninstallStep():
                return (await self._commands.uninstall_skill(self._uninstall(step), context)).run_id
            case CancelStep():
                return (await self._commands.cancel_run(CancelRun(run_id=step.cancelled), context)).run_id
            case RetryStep():
                command = RetryRun(original_id=step.retried, run_id=step.run_id)
                return (await self._commands.retry_run(command, context)).run_id
            case RollbackStep():
                providers = _texts(provider.id for provider in step.providers)
                rollback = RollbackRun(original_id=step.taken_back, providers=providers, run_id=step.run_id)
                return (await self._commands.rollback_run(rollback, context)).run_id
            case VerifyStep():
                await self._commands.verify_provider(VerifyProvider(provider=str(step.provider.id)), context)
                return None
            case _:
                assert_never(step)

    def _install(self, step: InstallStep) -> QueueInstallRun:
        return QueueInstallRun(
            skill=str(step.skill_id),
            ref=str(step.version),
            providers=_texts(provider.id for provider in step.providers),
            policy=self._policy,
            run_id=step.run_id,
        )

    def _uninstall(self, step: UninstallStep) -> UninstallSkill:
        return UninstallSkill(
            installation_id=step.installation_id,
            policy=self._policy,
            run_id=step.run_id,
            installed_by=step.installed_by,
        )

    async def _target(self, previewed: PreviewedTarget, *, skill: UUID, version: int) -> InstallTarget:
        target = previewed.target
        return InstallTarget(
            provider_id=target.id,
            provider=target.name,
            codes=tuple(refusal.code for refusal in previewed.refusals),
            installed_version=previewed.installed_version,
            active_run_id=previewed.active_run_id,
            installs=previewed.active_run_id is not None and await self._brings(skill, target.id, version),
        )

    async def _brings(self, skill: UUID, provider: UUID, version: int) -> bool:
        """Whether whoever has the last word on the pair puts this version there."""
        pair = INSTALLATION.fold(await self._store.load(installation_stream(skill, provider)))
        last = pair.claims[-1] if pair is not None and pair.claims else None
        return last is not None and last.version == version and not last.removes


def _texts(ids: Iterable[UUID]) -> tuple[str, ...]:
    return tuple(str(one) for one in ids)
