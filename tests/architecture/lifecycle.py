"""States of a run and of a target as docs/06-job-lifecycle.md names them, and what may happen in each, for the test of its tables."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import reduce
from typing import Final, Literal
from uuid import UUID

from msgspec.structs import replace

from domain.errors import Code, RunUnfit
from domain.install_run import decisions
from domain.install_run.events import (
    ProviderFailed,
    ProviderRollbackFailed,
    ProviderRolledBack,
    ProviderSucceeded,
    RollbackRequested,
    RunEvent,
    RunRetried,
    RunStarted,
    Target,
    Undo,
)
from domain.install_run.policy import Policy
from domain.install_run.repairs import targets_to_retry, targets_to_roll_back
from domain.install_run.state import InstallRun, RunStatus, TargetStatus, evolve
from tests.architecture.sources import ROOT
from tests.domain.facts import (
    CLAUDE,
    FIRST,
    GEMINI,
    LEASE_UNTIL,
    NOON,
    OPENAI,
    SECOND,
    THIRD,
    after,
    failed,
    queued,
    retry_scheduled,
    started,
    succeeded,
)

TEXT: Final = (ROOT / "docs" / "06-job-lifecycle.md").read_text(encoding="utf-8")
Row = dict[str, str]
Mode = Literal["best_effort", "all_or_nothing"]
Decide = Callable[[InstallRun], tuple[RunEvent, ...]]

UNDOES: Final = {target.id: Undo(provider_id=target.id) for target in (OPENAI, CLAUDE)}
DUE: Final = after(10)
START_BY: Final = after(100)
END_BY: Final = after(200)
ELSEWHERE: Final = UUID(int=104)
GEMINI_FAILS: Final = failed(GEMINI, attempt_id=ELSEWHERE)


def tables() -> list[dict[str, Row]]:
    """Each table by what happens, and then by state."""
    found = []
    for block in re.findall(r"(?:^\|.*\|\n)+", TEXT, re.MULTILINE):
        head, _, *rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in block.splitlines()]
        found.append({row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows})
    return found


TARGETS, RUNS = tables()


def history(*targets: Target, policy: Policy) -> tuple[RunEvent, ...]:
    """A run that has begun everywhere but at OpenAI."""
    run = queued(OPENAI, *targets, policy=policy, start_by=START_BY, end_by=END_BY)
    return (run, *(started(target, attempt_id=ELSEWHERE) for target in targets))


def target_histories(
    *others: Target, mode: Mode = "best_effort", attempts_max: int = 4
) -> Mapping[str, tuple[RunEvent, ...]]:
    """OpenAI in each state; the attempt that counts is the SECOND."""
    policy = Policy(mode=mode, attempts_max=attempts_max)
    runs = history(CLAUDE, *others, policy=policy)
    running = (*runs, started(attempt_id=SECOND))
    to_undo = (
        *history(CLAUDE, *others, policy=replace(policy, mode="all_or_nothing")),
        started(),
        succeeded(),
        failed(CLAUDE, attempt_id=ELSEWHERE),
        RollbackRequested(undoes=(UNDOES[OPENAI.id],)),
    )
    return {
        "waits": runs,
        "waits again": (*runs, started(), failed(final=False), retry_scheduled(due_at=DUE)),
        "running": running,
        "success": (*running, succeeded(attempt_id=SECOND)),
        "failed": (*running, failed(attempt_id=SECOND)),
        "to undo": to_undo,
        "undoing": (*to_undo, started(attempt_id=SECOND, attempt=2)),
    }


def folded(events: tuple[RunEvent, ...]) -> InstallRun:
    state: InstallRun | None = reduce(evolve, events, None)
    assert state is not None
    return state


def begin(run: InstallRun, *, now: datetime) -> tuple[RunEvent, ...]:
    return decisions.start(
        run, provider_id=OPENAI.id, attempt_id=THIRD, now=now, since=now, lease_until=now + timedelta(seconds=90)
    )


def settle(outcome: ProviderSucceeded | ProviderFailed) -> Decide:
    return lambda run: decisions.settle(run, outcome, now=NOON, undoes=UNDOES)


def lose(run: InstallRun, *, now: datetime = LEASE_UNTIL) -> tuple[RunEvent, ...]:
    return decisions.expire_lease(run, provider_id=OPENAI.id, now=now, undoes=UNDOES)


def expire(now: datetime) -> Decide:
    return lambda run: decisions.expire(run, provider_id=OPENAI.id, now=now, undoes=UNDOES)


def give_up(run: InstallRun) -> tuple[RunEvent, ...]:
    code = Code.PROVIDER_UNAUTHORIZED
    return decisions.give_up(run, provider_id=OPENAI.id, code=code, message="", undoes=UNDOES)


def cancel(run: InstallRun) -> tuple[RunEvent, ...]:
    return decisions.cancel(run, undoes=UNDOES)


def cancel_and_fail(run: InstallRun) -> tuple[RunEvent, ...]:
    """What is undone cannot be cancelled any more, but a run that was cancelled undoes."""
    cancelled = () if run.takes_back else cancel(run)
    outcome = failed(attempt_id=SECOND, retryable=True)
    settled = decisions.settle(reduce(evolve, cancelled, run), outcome, now=NOON, undoes=UNDOES)
    return (*cancelled, *settled) if settled else ()


def fail_elsewhere(run: InstallRun) -> tuple[RunEvent, ...]:
    return decisions.settle(run, GEMINI_FAILS, now=NOON, undoes=UNDOES)


MAY_PASS: Final = failed(attempt_id=SECOND, retryable=True)
HAPPENINGS: Final[Mapping[str, Decide]] = {
    "an attempt begins": lambda run: begin(run, now=DUE),
    "it begins too early": lambda run: begin(run, now=NOON),
    "it begins too late": lambda run: begin(run, now=END_BY),
    "the attempt succeeds": settle(succeeded(attempt_id=SECOND)),
    "it fails, and may be tried again": settle(MAY_PASS),
    "it fails like that for the last time": settle(MAY_PASS),
    "it fails for good": settle(failed(attempt_id=SECOND)),
    "an earlier attempt is heard of": settle(succeeded(attempt_id=FIRST)),
    "its lease expires": lose,
    "its lease expires, with no attempt left": lose,
    "its lease has time left": lambda run: lose(run, now=NOON),
    "it waits beyond the time to start": expire(START_BY),
    "it waits beyond the time of the run": expire(END_BY),
    "its connection goes out of use": give_up,
    "its ticket is lost": lambda run: decisions.rescue(run, provider_id=OPENAI.id, now=DUE, fault="ticket_lost"),
    "the run is cancelled": cancel,
    "it fails after the run was cancelled": cancel_and_fail,
    "another target fails, all or nothing": fail_elsewhere,
}
LAST_ATTEMPT: Final = frozenset({"it fails like that for the last time", "its lease expires, with no attempt left"})


def histories_for(happening: str) -> Mapping[str, tuple[RunEvent, ...]]:
    if happening.endswith("all or nothing"):
        return target_histories(GEMINI, mode="all_or_nothing")
    return target_histories(attempts_max=1 if happening in LAST_ATTEMPT else 4)


def name_of(run: InstallRun) -> str:
    """The state of OpenAI as the table has it."""
    target = run.target(OPENAI.id)
    assert target is not None
    match target.status:
        case TargetStatus.QUEUED if run.takes_back_at(target):
            return "to undo"
        case TargetStatus.QUEUED:
            return "waits again" if target.attempts else "waits"
        case TargetStatus.RUNNING:
            return "undoing" if run.takes_back_at(target) else "running"
        case TargetStatus.FAILED if target.code is not None and target.code.endswith(":run"):
            return f"failed `{target.code.value}`"
        case _:
            return target.status.value


def cell(before: InstallRun, decide: Decide, name: Callable[[InstallRun], str]) -> str:
    try:
        events = decide(before)
    except RunUnfit:
        return "409"
    return name(reduce(evolve, events, before)) if events else "-"


RUNNING: Final = (*history(policy=Policy()), RunStarted(), started(attempt_id=SECOND))
AT_BOTH: Final = (*history(CLAUDE, policy=Policy()), RunStarted(), started(attempt_id=SECOND))
DONE: Final = succeeded(attempt_id=SECOND)
FAILS: Final = failed(attempt_id=SECOND)
ANOTHER: Final = UUID(int=301)
BACK: Final = RollbackRequested(run_id=ANOTHER, undoes=(UNDOES[OPENAI.id],))


def ended(events: tuple[RunEvent, ...], outcome: ProviderSucceeded | ProviderFailed) -> tuple[RunEvent, ...]:
    return (*events, *settle(outcome)(folded(events)))


def run_histories() -> Mapping[str, tuple[RunEvent, ...]]:
    """A run in each state, which it has come to be in by what was decided."""
    at_claude = (*AT_BOTH, succeeded(CLAUDE, attempt_id=ELSEWHERE))
    return {
        "queued": history(policy=Policy()),
        "running": RUNNING,
        "taking back": (*target_histories()["undoing"], RunStarted()),
        "success": ended(RUNNING, DONE),
        "failed": ended(RUNNING, FAILS),
        "partial_failed": ended(at_claude, FAILS),
    }


def state_of(run: InstallRun) -> str:
    if run.status is RunStatus.RUNNING and run.takes_back:
        return "taking back"
    return run.status.value


def retry(run: InstallRun) -> tuple[RunEvent, ...]:
    return (RunRetried(run_id=ANOTHER),) if targets_to_retry(run) else ()


def roll_back(run: InstallRun) -> tuple[RunEvent, ...]:
    return (BACK,) if targets_to_roll_back(run, None) else ()


def told(event: RunEvent) -> Decide:
    """By a rollback, which there is only of a run that may be rolled back."""
    return lambda run: (event,) if run.rollback == ANOTHER else ()


def last_endings() -> Mapping[str, Mapping[str, tuple[tuple[RunEvent, ...], Decide]]]:
    """With what a last target ends a run in each state where it can."""
    claude_done = (*AT_BOTH, succeeded(CLAUDE, attempt_id=ELSEWHERE))
    claude_failed = (*AT_BOTH, failed(CLAUDE, attempt_id=ELSEWHERE))
    undoing = run_histories()["taking back"]
    return {
        "its last target ends, and all have succeeded": {"running": (claude_done, settle(DONE))},
        "its last target ends, and none has succeeded": {
            "queued": (run_histories()["queued"], expire(START_BY)),
            "running": (claude_failed, settle(FAILS)),
            "taking back": (undoing, settle(DONE)),
        },
        "its last target ends, and some have succeeded": {
            "running": (claude_done, settle(FAILS)),
            "taking back": (undoing, settle(FAILS)),
        },
        "a target fails, all or nothing": {
            "queued": (history(policy=Policy(mode="all_or_nothing")), expire(START_BY)),
            "running": ((*target_histories(GEMINI, mode="all_or_nothing")["success"], RunStarted()), fail_elsewhere),
        },
    }


RUN_HAPPENINGS: Final[Mapping[str, Decide]] = {
    "an attempt begins": lambda run: begin(run, now=NOON),
    "it is cancelled": cancel,
    "its failed targets are retried": retry,
    "it is rolled back": roll_back,
    "a rollback of it has succeeded": told(ProviderRolledBack(provider_id=OPENAI.id, run_id=ANOTHER)),
    "a rollback of it has failed": told(
        ProviderRollbackFailed(provider_id=OPENAI.id, run_id=ANOTHER, code=Code.PROVIDER_OFFLINE, message="")
    ),
}
