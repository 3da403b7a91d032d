"""Much at once, with one provider dead: it holds up nobody else, and what is accepted does not grow in memory."""

import math
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from domain.errors import Code
from domain.install_run.events import ProviderStarted, RunFailed, RunQueued, RunSucceeded
from tests.acceptance.gate import Gate
from tests.chaos.client import at_once
from tests.chaos.evidence import open_runs
from tests.chaos.stage import Stage

RUNS = 300
RUNS_FULL = 10_000
MEGABYTE = 1 << 20
GROWTH_MEGABYTES_MAX = 150
HEALTHY_SECONDS = 600.0
# The dead one takes as long as it takes; what has not begun by then is given up.
DEAD = {"attemptsMax": 1, "attemptTimeoutSeconds": 1, "startTimeoutSeconds": 20}
DEAD_FULL = {**DEAD, "startTimeoutSeconds": 300}
HEALTHY = {"startTimeoutSeconds": 900, "runTimeoutSeconds": 900}


def one_dead_of_three(stage: Stage) -> Iterator[None]:
    """Many runs, a third of them at a provider that answers nothing."""
    gate = Gate()
    with gate.standing():
        dead = f"{stage.name}-dead"
        connection = {"name": dead, "kind": "openai", "credential": "sk-dead", "baseUrl": gate.url}
        assert stage.client.post("/api/providers", connection)["active"]
        healthy = _healthy(stage)
        memory = stage.cluster.parts["api"].memory_bytes
        lost, done = _queue_all(stage, dead=dead, healthy=healthy)
        growth = (stage.cluster.parts["api"].memory_bytes - memory) / MEGABYTE
        stage.happened(len(lost) >= len(done) // 4, "the dead provider was hardly asked")
        left = lambda: open_runs(stage.cluster) <= len(lost)  # noqa: E731
        stage.wait_for(left, "the dead provider held up the others", seconds=HEALTHY_SECONDS)
        still_open = open_runs(stage.cluster)
        stage.note(f"API grew by {growth:.0f} MB")
        stage.note(f"{still_open} runs of the dead one were open when the last other one had ended")
        yield
        assert stage.client.request("PATCH", f"/api/providers/{dead}", {"active": False}).is_success
    assert growth < GROWTH_MEGABYTES_MAX
    stage.happened(still_open, "the dead provider was as quick as the others")
    ended = {recorded.stream: recorded.event for recorded in stage.events if isinstance(recorded.event, RunSucceeded)}
    failed = {recorded.stream: recorded.event for recorded in stage.events if isinstance(recorded.event, RunFailed)}
    assert ended.keys() == done
    assert failed.keys() == lost
    assert {code for event in failed.values() for code in event.failures} <= {
        Code.PROVIDER_TIMEOUT,
        Code.RUN_START_TIMEOUT,
        Code.RUN_TIMEOUT,
    }
    stage.note(f"queue time p95 of the others {_queue_time(stage, done, 0.95).total_seconds():.1f} s")


def _healthy(stage: Stage) -> tuple[str, str]:
    """Two providers that work: of the sandbox, or quicker ones if there is much to do."""
    if not stage.full:
        return ("claude", "gemini")
    names = (f"{stage.name}-one", f"{stage.name}-two")
    for name in names:
        connection = {"name": name, "kind": "noop", "credential": "none", "baseUrl": "http://127.0.0.1:9"}
        assert stage.client.post("/api/providers", connection)["active"]
    return names


def _queue_all(stage: Stage, *, dead: str, healthy: tuple[str, str]) -> tuple[set[UUID], set[UUID]]:
    """The runs at the dead provider, and those at the others."""
    skills = stage.skills((RUNS_FULL if stage.full else RUNS) // 3)
    wanted = [(skill, provider) for skill in skills for provider in (dead, *healthy)]

    def queue(pair: tuple[str, str]) -> UUID:
        policy = (DEAD_FULL if stage.full else DEAD) if pair[1] == dead else HEALTHY
        return stage.client.install(pair[0], on=[pair[1]], policy=policy, key="-".join(pair))

    runs = at_once(queue, wanted)
    by_provider = list(zip(wanted, runs, strict=True))
    lost = {run for (_, provider), run in by_provider if provider == dead}
    return lost, set(runs) - lost


def _queue_time(stage: Stage, runs: set[UUID], share: float) -> timedelta:
    queued = {recorded.stream: recorded.at for recorded in stage.events if isinstance(recorded.event, RunQueued)}
    waited = sorted(
        recorded.at - queued[recorded.stream]
        for recorded in stage.events
        if isinstance(recorded.event, ProviderStarted) and recorded.stream in runs
    )
    return waited[math.ceil(len(waited) * share) - 1]
