"""What uninstalling comes to: a run for each place where what was named is live."""

from collections.abc import Callable, Mapping
from uuid import UUID

from msgspec.structs import replace

from commands.chatting.live import Live, in_use, live_of
from commands.chatting.request import ChatRequest, Planned
from commands.chatting.run_search import runs_said
from domain.chat.facts import InstallationFact, RunFact, RunsFound
from domain.chat.outcome import Unclear
from domain.chat.plan import Plan, Skipped, UninstallStep
from domain.chat.ports import ChatWorld, RunsWanted
from domain.chat.reasons import Reason
from domain.chat.versions import version_of
from domain.errors import Code


async def plan_uninstalls(request: ChatRequest, *, world: ChatWorld, new_id: Callable[[], UUID]) -> Planned | Unclear:
    """Wherever it is, if no place was named."""
    runs = await runs_said(request, world)
    if isinstance(runs, Unclear):
        return runs
    if runs is None and not request.resolved.skills and not request.resolved.every_skill:
        return request.unclear(Reason.MISSING_SKILL)
    found = await live_of(request, runs=runs, world=world)
    if isinstance(found, Unclear):
        return found
    live, absent = found
    busy = await _at_work(live, world)
    begun = [_busy(one, busy) or _begin(one, request, new_id) for one in live]
    nowhere = [Skipped(skill=skill, provider=provider, reason=Reason.NOTHING_TO_DO) for skill, provider in absent]
    plan = Plan(
        steps=tuple(one for one in begun if not isinstance(one, Skipped)),
        skipped=tuple(one for one in [*begun, *nowhere] if isinstance(one, Skipped)),
    )
    return Planned(intent=request.resolved.intent, plan=plan)


async def _at_work(live: Live, world: ChatWorld) -> Mapping[UUID, RunFact]:
    run_ids = tuple(dict.fromkeys(one.active_run_id for one in live if one.active_run_id is not None))
    found = await world.runs(RunsWanted(ids=run_ids), limit=len(run_ids)) if run_ids else RunsFound(items=())
    return {run.id: run for run in found.items}


def _busy(live: InstallationFact, runs: Mapping[UUID, RunFact]) -> Skipped | None:
    """What is being removed is left to the run that does it, and what is about to be replaced is not what is meant."""
    run = runs.get(live.active_run_id) if live.active_run_id is not None else None
    if run is None:
        return None
    left = Skipped(skill=live.skill, provider=live.provider, run_id=run.id, reason=Reason.ALREADY_RUNNING)
    return left if run.kind == "uninstall" else replace(left, reason=Reason.REFUSED, code=Code.CONFLICT_RUN)


def _begin(live: InstallationFact, request: ChatRequest, new_id: Callable[[], UUID]) -> UninstallStep | Skipped:
    wanted = next((one for one in request.resolved.skills if one.skill.name == live.skill), None)
    if wanted is not None and wanted.ref is not None and version_of(wanted.ref, wanted.skill) != live.version:
        return Skipped(skill=live.skill, provider=live.provider, reason=Reason.NOTHING_TO_DO)
    if not in_use(live.provider, request):
        code = Code.CONFLICT_PROVIDER
        return Skipped(skill=live.skill, provider=live.provider, reason=Reason.PROVIDER_INACTIVE, code=code)
    return UninstallStep(
        run_id=new_id(),
        installation_id=live.id,
        installed_by=live.run_id,
        skill=live.skill,
        version=live.version,
        provider=live.provider,
    )
