"""Faults of those of whom there is one at a time, and of what they hand on: killed, doubled, frozen; tickets again and again."""

import asyncio
from collections.abc import Iterator

import nats
from nats.aio.client import Client

from adapters.nats.messages import ticket_message
from adapters.postgres.event_log import PostgresEventLog
from domain.events import Recorded
from domain.install_run.events import ProviderStarted, ProviderSucceeded
from domain.installation.events import InstallationReserved
from tests.chaos.client import KINDS
from tests.chaos.cluster import ROLES
from tests.chaos.evidence import open_runs
from tests.chaos.stage import Play, Stage
from tests.kit.jetstream import url_as
from workers.failpoints import Failpoint

RUNS = 4
COPIES = 3
# Longer than a role is held without being renewed.
FROZEN_SECONDS = 7.0
EVENTS_MAX = 100_000


def killed_role(part: str, failpoint: Failpoint) -> Play:
    """SIGKILL between what it has done and the note that it has."""

    def play(stage: Stage) -> Iterator[None]:
        skills = stage.skills(RUNS)
        stage.cluster.restart(part, WAYBILL_FAILPOINT=f"{failpoint}:kill")
        if part == "scheduler":
            stage.sandbox.fault("status", "openai", status=500, times=2)
        runs = stage.install(skills)
        stage.wait_for(lambda: stage.cluster.parts[part].was_killed, f"nobody came to {failpoint}")
        yield
        assert stage.statuses(runs) == {"success"}

    return play


def doubled_and_frozen(stage: Stage) -> Iterator[None]:
    """Two of each, and whoever holds the role is frozen until the other has it; then both are awake."""
    skills = stage.skills(RUNS * 2)
    for role in ROLES:
        stage.cluster.add(role, name=f"{role}-2")
    frozen = {role: stage.cluster.holder_of(role) for role in ROLES}
    for part in frozen.values():
        stage.happened(part, "a role had no holder")
        assert part is not None
        part.freeze()
    runs = stage.install(skills[:RUNS])
    stage.lapse(FROZEN_SECONDS)
    taken_over = lambda: all(stage.cluster.holder_of(role) not in (None, part) for role, part in frozen.items())  # noqa: E731
    stage.wait_for(taken_over, "nobody took over")
    stage.wait_for(lambda: not open_runs(stage.cluster), "the others did not do the work")
    for part in frozen.values():
        assert part is not None
        part.wake()
    runs += stage.install(skills[RUNS:])
    yield
    assert stage.statuses(runs) == {"success"}


def tickets_again(stage: Stage) -> Iterator[None]:
    """Every ticket comes several times and in no order, before, during and after the work."""
    skills = stage.skills(RUNS)
    runs = stage.install(skills)
    copies = asyncio.run(_publish_again(stage))
    stage.happened(copies, "there was no ticket to repeat")
    more = stage.install(stage.skills(RUNS))
    asyncio.run(_publish_again(stage))
    stage.end([*runs, *more])
    copies += asyncio.run(_publish_again(stage))
    stage.note(f"{copies} copies of tickets")
    yield
    assert stage.statuses([*runs, *more]) == {"success"}
    assert stage.count(ProviderStarted) == stage.count(ProviderSucceeded) == 2 * RUNS * len(KINDS)


async def _publish_again(stage: Stage) -> int:
    log = PostgresEventLog(stage.cluster.postgres.url, name="chaos-tickets")
    try:
        history = await log.read(after=0, limit=EVENTS_MAX)
    finally:
        await log.close()
    reserved = [recorded for recorded in history if isinstance(recorded.event, InstallationReserved)] * COPIES
    stage.random.shuffle(reserved)
    client = await nats.connect(url_as(stage.cluster.nats.url, "scheduler"), inbox_prefix="_INBOX_scheduler")
    try:
        for recorded in reserved:
            await _publish(client, recorded, again=f":{stage.random.getrandbits(64):x}")
    finally:
        await client.close()
    return len(reserved)


async def _publish(client: Client, recorded: Recorded, *, again: str) -> None:
    message = ticket_message(recorded, issued_at=recorded.at, again=again)
    await client.jetstream().publish(message.subject, message.body, headers=message.headers)
