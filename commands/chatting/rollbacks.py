"""What taking back comes to: the runs whose work is live, or, where a version was named to go back to, that version."""

from collections.abc import Callable, Iterator
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from commands.chatting.installs import plan_installs
from commands.chatting.live import Live, in_use, live_of
from commands.chatting.request import CANDIDATES_MAX, ChatRequest, Planned, ids_of, short_ids
from commands.chatting.run_search import Runs, runs_said
from domain.chat.facts import RunFact
from domain.chat.outcome import Unclear
from domain.chat.plan import STEPS_MAX, PinnedProvider, Plan, RollbackStep, Skipped
from domain.chat.ports import ChatWorld, RunsWanted
from domain.chat.reasons import Reason
from domain.chat.versions import version_of
from domain.errors import Code
from domain.install_run.state import RunStatus, TargetStatus

DONE: Final = (RunStatus.SUCCESS, RunStatus.PARTIAL_FAILED)


async def plan_rollbacks(request: ChatRequest, *, world: ChatWorld, new_id: Callable[[], UUID]) -> Planned | Unclear:
    runs = await runs_said(request, world)
    if isinstance(runs, Unclear):
        return runs
    if runs is None and not request.names_skills and not request.names_providers:
        return request.unclear(Reason.MISSING_RUN, candidates=await _done_last(request, world))
    found = await live_of(request, runs=runs, world=world)
    if isinstance(found, Unclear):
        return found
    live, absent = found
    planned: Planned | Unclear
    if runs is None and _is_to_another_version(request, live):
        planned = await _go_back(request, live, world=world, new_id=new_id)
    else:
        behind = await _behind(live, request, world) if runs is None else runs
        planned = behind if isinstance(behind, Unclear) else _take_back(request, behind, live=live, new_id=new_id)
    if isinstance(planned, Unclear):
        return planned
    nowhere = (Skipped(skill=skill, provider=provider, reason=Reason.NOTHING_TO_DO) for skill, provider in absent)
    return replace(planned, plan=replace(planned.plan, skipped=(*planned.plan.skipped, *nowhere)))


async def _done_last(request: ChatRequest, world: ChatWorld) -> tuple[str, ...]:
    """What whoever asks may mean."""
    wanted = RunsWanted(statuses=DONE, kinds=("install",), by=request.caller)
    return ids_of((await world.runs(wanted, limit=CANDIDATES_MAX)).items)


async def _behind(live: Live, request: ChatRequest, world: ChatWorld) -> Runs | Unclear:
    """The runs that put there what is live: several only if skills and places were named."""
    run_ids = tuple(dict.fromkeys(one.run_id for one in live))
    if not run_ids:
        return request.unclear(Reason.NOTHING_TO_DO)
    pointed_out = request.names_skills and bool(request.resolved.providers)
    if len(run_ids) > 1 and not pointed_out:
        return request.unclear(Reason.AMBIGUOUS_RUN, candidates=short_ids(run_ids))
    return (await world.runs(RunsWanted(ids=run_ids), limit=STEPS_MAX)).items


def _is_to_another_version(request: ChatRequest, live: Live) -> bool:
    """Whether a version was named that is not the one that is live: that one is to be taken back."""
    refs = {one.skill.name: one for one in request.resolved.skills}
    versions = {name: version_of(one.ref, one.skill) for name, one in refs.items() if one.ref is not None}
    return any(versions[one.skill] != one.version for one in live if one.skill in versions)


async def _go_back(
    request: ChatRequest, live: Live, *, world: ChatWorld, new_id: Callable[[], UUID]
) -> Planned | Unclear:
    """To install that version, where the skill is."""
    if any(one.ref is None for one in request.resolved.skills):
        return request.unclear(Reason.SEVERAL_ACTIONS)
    plans: list[Plan] = []
    for wanted in request.resolved.skills:
        places = {one.provider for one in live if one.skill == wanted.skill.name}
        providers = tuple(provider for provider in request.catalogue.providers if provider.name in places)
        if not providers and request.names_providers:
            continue
        if not providers:
            plans.append(Plan(skipped=(Skipped(skill=wanted.skill.name, reason=Reason.NOTHING_TO_DO),)))
            continue
        resolved = replace(request.resolved, skills=(wanted,), providers=providers)
        planned = await plan_installs(replace(request, resolved=resolved), world=world, new_id=new_id)
        if isinstance(planned, Unclear):
            return planned
        plans.append(planned.plan)
    steps = tuple(step for one in plans for step in one.steps)
    skipped = tuple(step for one in plans for step in one.skipped)
    return Planned(intent=request.resolved.intent, plan=Plan(steps=steps, skipped=skipped))


def _take_back(request: ChatRequest, runs: Runs, *, live: Live, new_id: Callable[[], UUID]) -> Planned:
    steps: list[RollbackStep] = []
    skipped: list[Skipped] = []
    for run in runs:
        done = list(_places(run, live, request))
        skipped += (one for one in done if isinstance(one, Skipped))
        pinned = tuple(one for one in done if isinstance(one, PinnedProvider))
        if pinned:
            run_id, skill, version = new_id(), run.skill, run.version
            steps.append(RollbackStep(run_id=run_id, taken_back=run.id, skill=skill, version=version, providers=pinned))
    intent = replace(request.resolved.intent, run_id=runs[0].id) if len(runs) == 1 else request.resolved.intent
    return Planned(intent=intent, plan=Plan(steps=tuple(steps), skipped=tuple(skipped)))


def _places(run: RunFact, live: Live, request: ChatRequest) -> Iterator[PinnedProvider | Skipped]:
    """Where the run did something that was named, or why that cannot be taken back."""
    if run.kind != "install" or not run.status.ended:
        yield Skipped(skill=run.skill, run_id=run.id, reason=Reason.REFUSED, code=Code.CONFLICT_RUN)
        return
    named = {provider.id for provider in request.resolved.providers}
    there = {one.provider: one for one in live if one.run_id == run.id}
    places = [target for target in run.targets if target.status is TargetStatus.SUCCESS]
    if request.names_providers:
        places = [target for target in places if target.provider_id in named]
    for place in places:
        installation = there.get(place.provider)
        skipped = Skipped(skill=run.skill, provider=place.provider, run_id=run.id, reason=Reason.NOTHING_TO_DO)
        if installation is None:
            yield skipped
        elif not in_use(place.provider, request):
            yield replace(skipped, reason=Reason.PROVIDER_INACTIVE, code=Code.CONFLICT_PROVIDER)
        elif installation.active_run_id is not None:
            at_work = installation.active_run_id
            yield replace(skipped, run_id=at_work, reason=Reason.REFUSED, code=Code.CONFLICT_RUN)
        else:
            yield PinnedProvider(id=place.provider_id, name=place.provider)
