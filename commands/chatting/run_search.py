"""Which runs a message means: those of its ids, the caller's last one, or the one that fits what it names."""

import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from commands.chatting.request import CANDIDATES_MAX, ChatRequest, ids_of
from domain.chat.facts import RunFact
from domain.chat.outcome import Unclear
from domain.chat.plan import STEPS_MAX
from domain.chat.ports import ChatWorld, RunsWanted
from domain.chat.reasons import Reason
from domain.install_run.state import RunStatus, TargetStatus

# Of the newest runs so many are looked through for what failed and was not mended since.
RUNS_READ_MAX: Final = 200
ID: Final = re.compile(r"[0-9a-f]{8,32}")
ID_CHARS_MAX: Final = 32
OPEN: Final = (RunStatus.QUEUED, RunStatus.RUNNING)

Runs = tuple[RunFact, ...]


async def runs_said(request: ChatRequest, world: ChatWorld) -> Runs | Unclear | None:
    """Those whose ids were said, or the caller's last one; None if neither was."""
    picked = request.said.runs
    if len(picked.ids) > STEPS_MAX:
        return request.unclear(Reason.TOO_MANY)
    if not picked.ids:
        return await _last(request, world) if picked.last else None
    runs: dict[UUID, RunFact] = {}
    for text in picked.ids:
        digits = text.replace("-", "").lower()
        fitting = (await world.runs(_by_id(digits), limit=CANDIDATES_MAX + 1)).items if ID.fullmatch(digits) else ()
        if not fitting:
            return request.unclear(Reason.UNKNOWN_RUN, unknown=(text,))
        if len(fitting) > 1:
            return request.unclear(Reason.AMBIGUOUS_RUN, unknown=(text,), candidates=ids_of(fitting))
        runs[fitting[0].id] = fitting[0]
    return tuple(runs.values())


async def open_runs(request: ChatRequest, world: ChatWorld) -> Runs:
    """Those that fit and have not ended; one more than a plan may have tells that there are too many."""
    wanted = RunsWanted(skills=request.skill_ids, providers=request.provider_ids, statuses=_open(request))
    if not wanted.statuses:
        return ()
    return (await world.runs(wanted, limit=STEPS_MAX + 1)).items


async def failed_runs(request: ChatRequest, world: ChatWorld) -> Runs:
    """Those that fit and failed at a place where nothing came after them."""
    found = await world.runs(RunsWanted(skills=request.skill_ids), limit=RUNS_READ_MAX)
    statuses, providers = request.said.statuses, frozenset(request.provider_ids)
    seen: set[tuple[str, UUID]] = set()
    standing = []
    for run in found.items:
        places = {(run.skill, target.provider_id) for target in run.targets}
        failed = {(run.skill, provider_id) for provider_id in failed_at(run)} - seen
        fits = not providers or any(provider_id in providers for _, provider_id in failed)
        if (
            failed
            and fits
            and run.status.ended
            and run.kind != "rollback"
            and (run.status in (statuses or {run.status}))
        ):
            standing.append(run)
        seen |= places
    return tuple(standing)


def the_one(runs: Runs, request: ChatRequest) -> RunFact | Unclear:
    """The only one that fits, or else the only one of the caller; one of somebody else only if it was named in some way."""
    mine = [run for run in runs if run.by_id == request.caller]
    named = request.names_skills or request.names_providers
    likely: Sequence[RunFact] = runs if named and len(runs) == 1 else mine
    if len(likely) == 1:
        return likely[0]
    if not runs:
        return request.unclear(Reason.NOTHING_TO_DO)
    reason = Reason.AMBIGUOUS_RUN if likely or named else Reason.MISSING_RUN
    return request.unclear(reason, candidates=ids_of(likely or runs))


def failed_at(run: RunFact) -> tuple[UUID, ...]:
    return tuple(target.provider_id for target in run.targets if target.status is TargetStatus.FAILED)


async def _last(request: ChatRequest, world: ChatWorld) -> Runs | Unclear:
    wanted = RunsWanted(
        skills=request.skill_ids,
        providers=request.provider_ids,
        statuses=request.said.statuses,
        by=request.caller,
    )
    found = await world.runs(wanted, limit=1)
    return found.items or request.unclear(Reason.UNKNOWN_RUN)


def _by_id(digits: str) -> RunsWanted:
    return RunsWanted(ids=(UUID(digits),)) if len(digits) == ID_CHARS_MAX else RunsWanted(beginning=digits)


def _open(request: ChatRequest) -> tuple[RunStatus, ...]:
    return tuple(status for status in OPEN if status in (request.said.statuses or OPEN))
