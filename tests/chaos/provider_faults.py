"""Faults of the providers: they refuse, hang, talk nonsense, or do what they were asked without saying so."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from msgspec import Struct

from domain.install_run.events import (
    ProviderFailed,
    ProviderLeaseExpired,
    ProviderRetryScheduled,
    ProviderRollbackFailed,
    ProviderStarted,
    ProviderSucceeded,
)
from domain.install_run.policy import RETRY_AFTER_SECONDS_MAX
from domain.installation.events import InstallationSwept
from domain.provider.events import ProviderPaused
from tests.chaos.client import KINDS
from tests.chaos.stage import Play, Stage

RUNS = 2
# Longer than an attempt may take, so that it is applied when somebody has tried again already.
HANG_SECONDS = 5.0
IMPATIENT = {"attemptTimeoutSeconds": 2}
HUGE_SECONDS = 3600
UNHURRIED = {"runTimeoutSeconds": 7200, "startTimeoutSeconds": 3600}


class Trouble(Struct, frozen=True, kw_only=True):
    """`status` is what the runs come to; `times` how many calls of each kind meet it. `after_doubt`: an answer gets lost first, or
    nobody would make the call.
    """

    kind: str
    after_doubt: bool = False
    more: Mapping[str, Any] = {}
    operation: str = "create_skill"
    times: int = 2
    status: str = "success"


TROUBLES: Final[Mapping[str, Trouble]] = {
    "hang": Trouble(kind="hang", more={"delaySeconds": HANG_SECONDS}),
    "drip": Trouble(kind="drip", times=1),
    "500": Trouble(kind="status", more={"status": 500}),
    "html": Trouble(kind="html"),
    "429": Trouble(kind="status", more={"status": 429, "retryAfterSeconds": 1}),
    "413": Trouble(kind="status", more={"status": 413}, times=RUNS, status="failed"),
    "garbage": Trouble(kind="garbage"),
    "cut before": Trouble(kind="drop_before"),
    "cut after": Trouble(kind="drop_after"),
    "list garbage": Trouble(kind="garbage", operation="list", after_doubt=True),
}


def in_trouble(trouble: Trouble) -> Play:
    """Some calls of every provider go wrong like this; the runs come to where they should all the same."""

    def play(stage: Stage) -> Iterator[None]:
        skills = stage.skills(RUNS)
        before = stage.sandbox.met(trouble.kind)
        for kind in KINDS:
            if trouble.after_doubt:
                stage.sandbox.fault("drop_after", kind)
            stage.sandbox.fault(trouble.kind, kind, operation=trouble.operation, times=trouble.times, **trouble.more)
        runs = stage.install(skills, policy=IMPATIENT)
        stage.end(runs)
        stage.happened(stage.sandbox.met(trouble.kind) > before, "no call met the fault")
        yield
        assert stage.statuses(runs) == {trouble.status}
        assert stage.count(ProviderLeaseExpired) == 0
        stage.note(f"{stage.count(ProviderStarted)} attempts, {stage.count(InstallationSwept)} sweeps")

    return play


def paused_for_long(stage: Stage) -> Iterator[None]:
    """A provider says to come back in an hour: its connection is paused, though not for so long, the others go on, and a person
    may end the pause.
    """
    skills = stage.skills(RUNS + 2)
    stage.sandbox.fault("status", "openai", status=429, retryAfterSeconds=HUGE_SECONDS)
    told = stage.client.install(skills[0], on=["openai"], policy=UNHURRIED)
    stage.wait_for(lambda: stage.client.get("/api/providers/openai")["paused"], "the connection was not paused")
    waiting = stage.client.install(skills[1], on=["openai"], policy=UNHURRIED)
    runs = stage.install(skills[2:], on=["claude", "gemini"])
    stage.end(runs)
    assert stage.statuses([told]) == {"running"}
    assert stage.statuses([waiting]) == {"queued"}
    stage.client.post("/api/providers/openai/resume")
    stage.end([waiting])
    stage.client.post(f"/api/install-runs/{told}/cancel")
    yield
    assert stage.statuses([*runs, waiting]) == {"success"}
    paused = [recorded for recorded in stage.events if isinstance(recorded.event, ProviderPaused)]
    waits = [
        recorded.event.due_at - recorded.at
        for recorded in stage.events
        if isinstance(recorded.event, ProviderRetryScheduled)
    ]
    assert len(paused) == 1
    assert max(waits) <= timedelta(seconds=RETRY_AFTER_SECONDS_MAX + 1)


def refused_credential(stage: Stage) -> Iterator[None]:
    """401: the target fails, the connection is verified again and, found well, stays in use."""
    (skill,) = stage.skills(1)
    stage.sandbox.fault("status", "claude", status=401)
    runs = [stage.client.install(skill, on=["claude"])]
    stage.end(runs)
    yield
    assert stage.statuses(runs) == {"failed"}
    assert stage.client.get("/api/providers/claude")["active"]


def out_of_use(stage: Stage) -> Iterator[None]:
    """401 again when it is verified: the connection goes out of use, and what waits for it fails; verified by hand, it is back."""
    skills = stage.skills(RUNS)
    for operation in ("create_skill", "list"):
        stage.sandbox.fault("status", "claude", operation=operation, status=401, times=50)
    runs = [stage.client.install(skill, on=["claude"]) for skill in skills]
    stage.wait_for(lambda: not stage.client.get("/api/providers/claude")["active"], "it was not taken out of use")
    stage.end(runs)
    stage.sandbox.forget_faults()
    stage.client.post("/api/providers/claude/verify")
    again = stage.install(stage.skills(1), on=["claude"])
    yield
    assert stage.statuses(runs) == {"failed"}
    assert stage.statuses(again) == {"success"}


def reply_lost(stage: Stage) -> Iterator[None]:
    """The provider has done it, and the line is cut before it says so: found and adopted, not done twice."""
    skills = stage.skills(RUNS)
    for kind in KINDS:
        stage.sandbox.fault("drop_after", kind, times=RUNS)
    runs = stage.install(skills)
    stage.end(runs)
    stage.happened(stage.sandbox.met("drop_after") >= RUNS * len(KINDS), "not every line was cut")
    yield
    assert stage.statuses(runs) == {"success"}
    adopted = [recorded.event for recorded in stage.events if isinstance(recorded.event, ProviderSucceeded)]
    assert all(event.adopted for event in adopted)
    assert len(adopted) == RUNS * len(KINDS)


def applied_late(stage: Stage) -> Iterator[None]:
    """A call hangs beyond its deadline, is tried again with success, and is carried out after all: the extra is removed."""
    skills = stage.skills(RUNS)
    for kind in KINDS:
        stage.sandbox.fault("hang", kind, delaySeconds=HANG_SECONDS)
    runs = stage.install(skills, policy=IMPATIENT)
    stage.end(runs)
    stage.happened(stage.sandbox.met("hang") >= len(KINDS), "no call hung")
    stage.wait_for(lambda: not stage.sandbox.hanging(), "what hung was not carried out")
    yield
    assert stage.statuses(runs) == {"success"}
    swept = [recorded.event for recorded in stage.events if isinstance(recorded.event, InstallationSwept)]
    extras = sum(len(event.discarded) for event in swept)
    stage.happened(extras, "nothing was there twice")
    stage.note(f"{extras} extras removed")
    assert stage.count(ProviderFailed) >= len(KINDS)


def rollback_fails(stage: Stage) -> Iterator[None]:
    """What was done cannot be taken back at first: it says so, and is taken back when it is tried again."""
    skills = stage.skills(1)
    (run,) = stage.install(skills, on=["openai"])
    stage.end([run])
    stage.sandbox.fault("status", "openai", operation="delete_skill", status=500, times=50)
    failed = stage.client.post(f"/api/install-runs/{run}/rollback")["id"]
    stage.end([failed])
    assert stage.statuses([failed]) == {"failed"}
    shown = stage.client.run(run)["rollback"]
    assert [target["status"] for target in shown["targets"]] == ["failed"]
    stage.sandbox.forget_faults()
    again = stage.client.post(f"/api/install-runs/{run}/rollback")["id"]
    stage.end([again])
    yield
    assert again != failed
    assert stage.statuses([again]) == {"success"}
    assert stage.count(ProviderRollbackFailed) == 1
    assert not [entry for entry in stage.sandbox.ledger() if entry.name == skills[0]]
