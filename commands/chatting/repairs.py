"""What cancelling and trying again come to: runs that are stopped, or that begin anew where others failed."""

from collections.abc import Callable
from uuid import UUID

from msgspec.structs import replace

from commands.chatting.live import in_use
from commands.chatting.request import ChatRequest, Planned
from commands.chatting.run_search import Runs, failed_at, failed_runs, open_runs, runs_said, the_one
from domain.chat.facts import RunFact
from domain.chat.outcome import Unclear
from domain.chat.plan import STEPS_MAX, CancelStep, Plan, RetryStep, Skipped
from domain.chat.ports import ChatWorld
from domain.chat.reasons import Reason
from domain.chat.versions import version_of
from domain.errors import Code


async def plan_cancels(request: ChatRequest, *, world: ChatWorld) -> Planned | Unclear:
    runs = await runs_said(request, world)
    if runs is None:
        runs = _chosen(await open_runs(request, world), request)
    if isinstance(runs, Unclear):
        return runs
    return _planned(request, runs, lambda run: _cancel(run, request))


async def plan_retries(request: ChatRequest, *, world: ChatWorld, new_id: Callable[[], UUID]) -> Planned | Unclear:
    runs = await runs_said(request, world)
    if runs is None:
        runs = _chosen(await failed_runs(request, world), request)
    if isinstance(runs, Unclear):
        return runs
    return _planned(request, runs, lambda run: _retry(run, request, new_id))


def _chosen(fitting: Runs, request: ChatRequest) -> Runs | Unclear:
    """All that fit, if all were meant; else the one, or the one of each skill that was named."""
    versions = {
        one.skill.name: version_of(one.ref, one.skill) for one in request.resolved.skills if one.ref is not None
    }
    runs = tuple(run for run in fitting if versions.get(run.skill, run.version) == run.version)
    if request.said.runs.every or request.said.either.every or request.resolved.every_skill:
        return runs or request.unclear(Reason.NOTHING_TO_DO)
    names = [wanted.skill.name for wanted in request.resolved.skills]
    groups = [tuple(run for run in runs if run.skill == name) for name in names] or [runs]
    chosen = []
    for group in groups:
        one = the_one(group, request)
        if isinstance(one, Unclear):
            return one
        chosen.append(one)
    return tuple(chosen)


def _planned(
    request: ChatRequest, runs: Runs, begin: Callable[[RunFact], CancelStep | RetryStep | Skipped]
) -> Planned | Unclear:
    if len(runs) > STEPS_MAX:
        return request.unclear(Reason.TOO_MANY)
    begun = [begin(run) for run in runs]
    plan = Plan(
        steps=tuple(one for one in begun if not isinstance(one, Skipped)),
        skipped=tuple(one for one in begun if isinstance(one, Skipped)),
    )
    intent = replace(request.resolved.intent, run_id=runs[0].id) if len(runs) == 1 else request.resolved.intent
    return Planned(intent=intent, plan=plan)


def _cancel(run: RunFact, request: ChatRequest) -> CancelStep | Skipped:
    if run.status.ended:
        return _skipped(run, Reason.NOTHING_TO_DO)
    left = [target for target in run.targets if not target.status.ended]
    if _is_part(frozenset(target.provider_id for target in left), request):
        return _skipped(run, Reason.WHOLE_RUN_ONLY)
    providers = tuple(target.provider for target in left)
    return CancelStep(cancelled=run.id, skill=run.skill, version=run.version, providers=providers)


def _retry(run: RunFact, request: ChatRequest, new_id: Callable[[], UUID]) -> RetryStep | Skipped:
    """The command tries again everything that failed in a run, or nothing of it."""
    failed = frozenset(failed_at(run))
    if not run.status.ended or not failed:
        return _skipped(run, Reason.NOTHING_TO_DO)
    if run.kind == "rollback":
        return _skipped(run, Reason.REFUSED, code=Code.CONFLICT_RUN)
    if _is_part(failed, request):
        return _skipped(run, Reason.WHOLE_RUN_ONLY)
    retried = [target for target in run.targets if target.provider_id in failed]
    inactive = next((target.provider for target in retried if not in_use(target.provider, request)), None)
    if inactive is not None:
        return replace(_skipped(run, Reason.PROVIDER_INACTIVE, code=Code.CONFLICT_PROVIDER), provider=inactive)
    names = tuple(target.provider for target in retried)
    return RetryStep(run_id=new_id(), retried=run.id, skill=run.skill, version=run.version, providers=names)


def _is_part(provider_ids: frozenset[UUID], request: ChatRequest) -> bool:
    """Whether there are other places in it than those that were named."""
    named = frozenset(provider.id for provider in request.resolved.providers)
    return request.names_providers and not provider_ids <= named


def _skipped(run: RunFact, reason: Reason, *, code: Code | None = None) -> Skipped:
    return Skipped(skill=run.skill, run_id=run.id, reason=reason, code=code)
