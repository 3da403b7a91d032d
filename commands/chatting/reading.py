"""What is looked up for those who only ask: how it stands, what there is, who did it, what can be said."""

from collections.abc import Sequence
from typing import Final, TypeVar
from uuid import UUID

from msgspec.structs import replace

from commands.chatting.request import Answered, ChatRequest
from commands.chatting.run_search import Runs, runs_said
from domain.chat.facts import (
    Found,
    HelpFound,
    InstallationsFound,
    ProviderFact,
    ProvidersFound,
    RunFact,
    RunsFound,
    SkillsFound,
    StatusFound,
)
from domain.chat.intent import Action, Listed
from domain.chat.outcome import Unclear
from domain.chat.ports import ChatWorld, RunsWanted
from domain.chat.reasons import Reason

# So much is told at once; who wants more uses the lists of the API.
FOUND_MAX: Final = 20

Item = TypeVar("Item")


async def answer(request: ChatRequest, world: ChatWorld) -> Answered | Unclear:
    match request.said.action:
        case Action.STATUS:
            return await _status(request, world)
        case Action.LIST:
            return await _list(request, world)
        case Action.SHOW:
            return await _show(request, world)
        case Action.WHO:
            return await _who(request, world)
        case Action.HELP:
            return Answered(intent=request.resolved.intent, found=_help(request))
        case _:
            return request.unclear(Reason.NOT_UNDERSTOOD)


async def _status(request: ChatRequest, world: ChatWorld) -> Answered | Unclear:
    """Without a word on what: of what the caller did last."""
    runs = await runs_said(request, world)
    if isinstance(runs, Unclear):
        return runs
    if runs is not None:
        first, more = _first(runs)
        return _answered(request, StatusFound(runs=first, installations=(), more=more), runs)
    resolved, statuses = request.resolved, request.said.statuses
    if not (resolved.skills or resolved.providers or resolved.every_skill or resolved.every_provider or statuses):
        last = await _last_doings(request, world)
        return _answered(request, StatusFound(runs=last.items, installations=(), more=last.more), last.items)
    wanted = RunsWanted(skills=request.skill_ids, providers=request.provider_ids, statuses=statuses)
    fitting = await world.runs(wanted, limit=FOUND_MAX)
    if statuses:
        return _answered(request, StatusFound(runs=fitting.items, installations=(), more=fitting.more), ())
    live = await _live(request, world)
    found = StatusFound(
        runs=_at_work_or_newest(fitting.items), installations=live.items, absent=live.absent, more=live.more
    )
    return _answered(request, found, ())


async def _last_doings(request: ChatRequest, world: ChatWorld) -> RunsFound:
    if run_ids := await world.runs_of_last_action(request.caller):
        return await world.runs(RunsWanted(ids=run_ids), limit=FOUND_MAX)
    found = await world.runs(RunsWanted(by=request.caller), limit=1)
    return RunsFound(items=found.items)


def _at_work_or_newest(runs: Runs) -> Runs:
    """Of each skill those that have not ended, and the newest one."""
    newest: dict[str, UUID] = {}
    for run in runs:
        newest.setdefault(run.skill, run.id)
    return tuple(run for run in runs if not run.status.ended or newest[run.skill] == run.id)


async def _list(request: ChatRequest, world: ChatWorld) -> Answered | Unclear:
    resolved, listed = request.resolved, _listed(request)
    intent = replace(resolved.intent, listed=listed)
    found: Found
    match listed:
        case Listed.SKILLS:
            named = {wanted.skill.name: wanted.skill for wanted in resolved.skills if request.names_skills}
            in_use = {name: skill for name, skill in request.catalogue.skills.items() if not skill.archived}
            skills = sorted((named or in_use).values(), key=lambda skill: skill.name)
            some, more = _first(skills)
            found = SkillsFound(items=some, more=more)
        case Listed.PROVIDERS:
            found = _connections(resolved.providers or request.catalogue.providers)
        case Listed.RUNS:
            runs = await runs_said(request, world)
            if isinstance(runs, Unclear):
                return runs
            found = await _runs(request, world) if runs is None else _of_runs(runs)
        case Listed.INSTALLATIONS:
            found = await _live(request, world)
    return Answered(intent=intent, found=found)


def _listed(request: ChatRequest) -> Listed:
    """A list of skills at a connection is one of what is installed there, and so is one of connections with a skill."""
    listed = request.said.listed
    if listed is None:
        if request.said.statuses or request.said.runs.every or request.said.runs.ids or request.said.runs.last:
            return Listed.RUNS
        return Listed.INSTALLATIONS
    elsewhere = (listed is Listed.SKILLS and request.names_providers) or (
        listed is Listed.PROVIDERS and request.names_skills
    )
    return Listed.INSTALLATIONS if elsewhere else listed


async def _runs(request: ChatRequest, world: ChatWorld) -> RunsFound:
    wanted = RunsWanted(skills=request.skill_ids, providers=request.provider_ids, statuses=request.said.statuses)
    return await world.runs(wanted, limit=FOUND_MAX)


async def _live(request: ChatRequest, world: ChatWorld) -> InstallationsFound:
    """Where nothing is, is said of pairs that were named one by one."""
    found = await world.installations(skills=request.skill_ids, providers=request.provider_ids, limit=FOUND_MAX)
    named = request.names_skills and request.names_providers
    return found if named else replace(found, absent=())


async def _show(request: ChatRequest, world: ChatWorld) -> Answered | Unclear:
    runs = await runs_said(request, world)
    if isinstance(runs, Unclear):
        return runs
    if runs is not None:
        return _answered(request, _of_runs(runs), runs)
    resolved = request.resolved
    if request.said.statuses:
        return _answered(request, await _runs(request, world), ())
    if resolved.skills:
        return await _status(request, world)
    if resolved.providers:
        return _answered(request, _connections(resolved.providers), ())
    return request.unclear(Reason.MISSING_RUN)


async def _who(request: ChatRequest, world: ChatWorld) -> Answered | Unclear:
    runs = await runs_said(request, world)
    if isinstance(runs, Unclear):
        return runs
    resolved = request.resolved
    found = await world.deeds(
        request.said.deed,
        skills=tuple(wanted.skill.name for wanted in resolved.skills) if request.skill_ids else (),
        providers=tuple(provider.name for provider in resolved.providers) if request.provider_ids else (),
        run_id=runs[0].id if runs else None,
        limit=FOUND_MAX,
    )
    return _answered(request, found, runs or ())


def _help(request: ChatRequest) -> HelpFound:
    skills = sorted(name for name, skill in request.catalogue.skills.items() if not skill.archived)
    providers = [provider.name for provider in request.catalogue.providers if provider.active]
    return HelpFound(skill=next(iter(skills), None), provider=next(iter(providers), None))


def _of_runs(runs: Runs) -> RunsFound:
    first, more = _first(runs)
    return RunsFound(items=first, more=more)


def _connections(providers: Sequence[ProviderFact]) -> ProvidersFound:
    first, more = _first(providers)
    return ProvidersFound(items=first, more=more)


def _first(items: Sequence[Item]) -> tuple[tuple[Item, ...], bool]:
    return tuple(items[:FOUND_MAX]), len(items) > FOUND_MAX


def _answered(request: ChatRequest, found: Found, runs: Sequence[RunFact]) -> Answered:
    intent = request.resolved.intent
    return Answered(intent=replace(intent, run_id=runs[0].id) if len(runs) == 1 else intent, found=found)
