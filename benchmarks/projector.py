"""How fast read models are built from a long history: all of them together as the projector keeps them, and each alone; and how
fast each is rebuilt beside what is served, and verified.

`python -m benchmarks.projector [RUNS]`, seven events a run, on an embedded Postgres of its own.
"""

import asyncio
import gc
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg
import structlog
import uuid_utils.compat
import uvloop

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.comparing import compare
from adapters.postgres.connection import open_pool
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.mapper import to_stored
from adapters.postgres.migrating import migrate
from adapters.postgres.read_models import PostgresReadModels
from adapters.postgres.read_models_reader import PostgresReader
from adapters.postgres.rebuilding import rebuild
from adapters.postgres.roles import PostgresRoles
from adapters.postgres.second_tables import Kind
from adapters.postgres.workbench import workbench
from domain.events import Actor, Event, Recorded, Role
from domain.install_run.events import (
    ProviderStarted,
    ProviderSucceeded,
    RunQueued,
    RunStarted,
    RunSucceeded,
    SkillPin,
    Target,
)
from domain.install_run.policy import Policy
from domain.installation.events import InstallationChanged, InstallationReserved, Receipt
from domain.installation.state import installation_stream
from domain.provider.state import provider_stream
from domain.skill.state import skill_stream
from projections.catalog import READ_MODELS
from projections.read_model import TABLES_IN, ReadModel
from workers import projector
from workers.terminal.projections import GC_THRESHOLDS

RUNS: Final = 30_000
# Runs that are under way at the same time, so that their events reach a read model in several batches.
UNDER_WAY: Final = 200
BUILD_SECONDS_MAX: Final = 600.0
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
ACTOR: Final = Actor(kind="api_key", id="bench", name="bench", role=Role.ADMIN)
PROVIDER: Final = Target(id=provider_stream("bench"), name="bench", kind="noop")
COPY: Final = """
    COPY events (originator_id, originator_version, topic, state, notification_id) FROM STDIN (FORMAT BINARY)
"""


def a_run(number: int) -> list[tuple[UUID, Event]]:
    run_id, attempt_id = uuid_utils.compat.uuid7(), uuid_utils.compat.uuid7()
    name, digest = f"bench-{number}", f"sha256:{number:064x}"
    skill = SkillPin(id=skill_stream(name), name=name, version=1, digest=digest, ref="latest")
    slot = installation_stream(skill.id, PROVIDER.id)
    pair: dict[str, Any] = {"run_id": run_id, "skill_id": skill.id, "provider_id": PROVIDER.id, "version": 1}
    attempt: dict[str, Any] = {"provider_id": PROVIDER.id, "attempt_id": attempt_id}
    receipt = Receipt(remote_id=f"skill_{number}", remote_version="1")
    return [
        (run_id, RunQueued(skill=skill, targets=(PROVIDER,), policy=Policy())),
        (slot, InstallationReserved(**pair)),
        (run_id, RunStarted()),
        (run_id, ProviderStarted(**attempt, attempt=1, since=START, lease_until=START)),
        (run_id, ProviderSucceeded(**attempt, receipt=receipt)),
        (run_id, RunSucceeded(succeeded=1)),
        (slot, InstallationChanged(**pair, digest=digest, receipt=receipt)),
    ]


def a_history(runs: int) -> Iterator[Recorded]:
    """The runs in groups that are queued together, started together and ended together."""
    position = 0
    versions: dict[UUID, int] = {}
    for first in range(0, runs, UNDER_WAY):
        group = [a_run(number) for number in range(first, min(first + UNDER_WAY, runs))]
        for step in range(len(group[0])):
            for stream, event in (run[step] for run in group):
                position += 1
                versions[stream] = versions.get(stream, 0) + 1
                yield Recorded(
                    id=uuid_utils.compat.uuid7(),
                    position=position,
                    stream=stream,
                    version=versions[stream],
                    at=START + timedelta(milliseconds=position),
                    actor=ACTOR,
                    request_id=f"bench-{position}",
                    correlation_id=stream,
                    causation_id=None,
                    event=event,
                )


def fill(url: str, runs: int) -> int:
    """The number of events stored."""
    with psycopg.connect(url, autocommit=True) as connection:
        with connection.transaction(), connection.cursor() as cursor, cursor.copy(COPY) as copy:
            copy.set_types(("uuid", "int8", "text", "bytea", "int8"))
            position = 0
            for recorded in a_history(runs):
                stored = to_stored(recorded)
                position = recorded.position
                copy.write_row((recorded.stream, recorded.version, stored.topic, stored.state, position))
        connection.execute("UPDATE head SET position = %s", (position,))
        connection.execute("VACUUM ANALYZE events")
        connection.execute("CHECKPOINT")
    return position


async def build(url: str, read_models: Sequence[ReadModel[Any]]) -> float:
    """Seconds until the read models, empty before, are at the head."""
    async with open_pool(url, name="bench", size_max=4) as pool:
        log = PostgresEventLog(url, name="bench-log")
        reader = PostgresReader(pool, url=url, name="bench", read_models=read_models)
        stopping = asyncio.Event()
        started = time.perf_counter()
        building = asyncio.create_task(
            projector.run(
                log=log,
                roles=PostgresRoles(pool),
                read_models=PostgresReadModels(pool, read_models),
                stopping=stopping,
                holder="bench",
            )
        )
        for model in read_models:
            assert await reader.wait(model, position=None, timeout_seconds=BUILD_SECONDS_MAX)
        seconds = time.perf_counter() - started
        stopping.set()
        await building
        await reader.close()
        await log.close()
    return seconds


def forget(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM rebuilds")
        for name, generation in connection.execute("DELETE FROM read_models RETURNING name, generation").fetchall():
            for kind in ("", *(f"_{kind}" for kind in Kind)):
                connection.execute(f"DROP TABLE IF EXISTS {TABLES_IN}.{name}_{generation}{kind}".encode())


async def rebuild_and_verify(url: str, model: ReadModel[Any]) -> tuple[float, float]:
    """Events a second of each."""
    async with workbench(url, model, told=lambda _progress: None) as bench:
        rebuilt = await rebuild(bench)
        compared = await compare(bench, shown_max=0)
    assert not compared.differing
    return rebuilt.events_per_second, compared.events_per_second


async def measure(url: str, events: int) -> None:
    print(f"{events:>12,} events{'projector':>19}{'rebuild':>14}{'verify':>14}   events/s")
    await asyncio.to_thread(forget, url)
    print(f"{'all together':<24}{events / await build(url, READ_MODELS):>14,.0f}")
    for model in READ_MODELS:
        await asyncio.to_thread(forget, url)
        built = events / await build(url, (model,))
        rebuilt, verified = await rebuild_and_verify(url, model)
        print(f"{model.name:<24}{built:>14,.0f}{rebuilt:>14,.0f}{verified:>14,.0f}")


def main() -> None:
    gc.set_threshold(*GC_THRESHOLDS)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("warning"))
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with tempfile.TemporaryDirectory(prefix="waybill-bench-") as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        url = server.start()
        try:
            migrate(url)
            events = fill(url, runs)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(measure(url, events))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
