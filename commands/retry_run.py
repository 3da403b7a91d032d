"""Ask for what failed in a run to be tried again: a new run of the same version, linked to the one that failed."""

from collections.abc import Callable, Mapping
from uuid import UUID

from msgspec import Struct

from commands.beginning import BegunRun, begin, begun_run, check_connections, pairs_of
from commands.handling import Handling, Session
from domain.errors import RunNotFound, SkillNotFound, SkillUnavailable
from domain.events import Context
from domain.install_run import decisions
from domain.install_run.events import ProviderRefused, RunQueued, RunRetried, Target
from domain.install_run.preflight import preflight, refuse
from domain.install_run.repairs import check_nobody_at_it, check_retry_stands, check_unchanged, targets_to_retry
from domain.install_run.state import INSTALL_RUN, InstallRun, TargetState
from domain.installation.state import Installation
from domain.ports import Limits
from domain.provider.events import ProviderKind
from domain.skill.decisions import resolve
from domain.skill.state import SKILL


class RetryRun(Struct, frozen=True, kw_only=True):
    """`run_id` is for a request that may come again: if there is such a run already, it is the one that was asked for."""

    original_id: UUID
    run_id: UUID | None = None


class RetryRunHandler:
    """`limits` says what providers of a kind take."""

    def __init__(self, *, handling: Handling, limits: Callable[[ProviderKind], Limits]) -> None:
        self._handling = handling
        self._limits = limits

    async def __call__(self, command: RetryRun, context: Context) -> BegunRun:
        """Raises RunNotFound, RunUnfit, RunConflict, ProviderInactive, SkillUnavailable, Busy, StoreOffline."""
        run_id = command.run_id or self._handling.new_id()

        async def decide(session: Session) -> UUID:
            if command.run_id is not None and await session.load(run_id, INSTALL_RUN) is not None:
                return run_id
            original = await session.load(command.original_id, INSTALL_RUN)
            if original is None:
                raise RunNotFound
            if original.retried_by is not None:
                return await _standing(session, original.retried_by)
            targets = targets_to_retry(original)
            await check_connections(session, targets)
            pairs = await pairs_of(session, original.skill.id, targets)
            refused = await self._refused(session, original, targets)
            for target in targets:
                if target.id not in refused:
                    _check(command.original_id, original, target, pairs)
            queued = RunQueued(
                kind=original.kind,
                skill=original.skill,
                targets=targets,
                policy=original.policy,
                retry_of=command.original_id,
            )
            events = decisions.queue(queued, now=session.now, refused=tuple(refused.values()))
            begin(session, run_id=run_id, events=events, pairs=pairs)
            session.append(command.original_id, RunRetried(run_id=run_id))
            return run_id

        chosen, handled = await self._handling.handle(decide, context=context)
        return begun_run(chosen, handled, run_id=run_id)

    async def _refused(
        self, session: Session, original: InstallRun, targets: tuple[Target, ...]
    ) -> Mapping[UUID, ProviderRefused]:
        """By provider, what would not be taken; nobody refuses that something is removed."""
        if original.kind == "uninstall":
            return {}
        skill = await session.load(original.skill.id, SKILL)
        if skill is None:
            raise SkillNotFound
        if skill.archived:
            raise SkillUnavailable(f"{skill.name} is archived; take it back into use before installing it.")
        version = resolve(skill, str(original.skill.version))
        found = (refuse(target, preflight(skill.name, version, self._limits(target.kind))) for target in targets)
        return {refused.provider_id: refused for refused in found if refused is not None}


async def _standing(session: Session, run_id: UUID) -> UUID:
    retry = await session.load(run_id, INSTALL_RUN)
    if retry is None:
        raise RunNotFound
    check_retry_stands(run_id, retry)
    return run_id


def _check(original_id: UUID, original: InstallRun, target: Target, pairs: Mapping[UUID, Installation | None]) -> None:
    """Whether trying it again is still what was asked for."""
    installation = pairs[target.id]
    check_unchanged(original_id, installation, target)
    check_nobody_at_it(installation, target, original.aim(TargetState(target=target)))
