"""Faults of the servers: Postgres and NATS stopped, emptied, locked, and cut off before they could answer."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2

from domain.install_run.events import ProviderLeaseExpired, ProviderRescued
from tests.chaos.cables import cabled
from tests.chaos.evidence import open_runs
from tests.chaos.stage import Stage

RUNS = 4
RESTARTS = 3
RESTARTS_FULL = 8
ANSWER_SECONDS_MAX = 3.0
LOCK_SECONDS = 5.0
OUTAGE_SECONDS = 5.0
LONG_OUTAGE_SECONDS = 60.0
CUTS = 6


def postgres_crashes(stage: Stage) -> Iterator[None]:
    """It is stopped as by a crash and started again, several times, while runs are asked for and carried out."""
    skills = stage.skills(RUNS * (RESTARTS_FULL if stage.full else RESTARTS))
    restarts = 0
    with ThreadPoolExecutor(1) as thread:
        asking = thread.submit(stage.install, skills)
        for _ in range(RESTARTS_FULL if stage.full else RESTARTS):
            stage.lapse(stage.random.uniform(0.3, 1.5))
            stage.cluster.postgres.stop("immediate")
            assert_unavailable(stage)
            stage.lapse(stage.random.uniform(0, 2))
            stage.cluster.postgres.start()
            restarts += 1
        runs = asking.result()
    stage.note(f"{restarts} crashes")
    yield
    assert stage.statuses(runs) == {"success"}


def assert_unavailable(stage: Stage) -> None:
    begun = time.monotonic()
    response = stage.client.request("GET", "/api/install-runs")
    assert time.monotonic() - begun < ANSWER_SECONDS_MAX
    assert response.status_code == httpx2.codes.SERVICE_UNAVAILABLE, response.text


def acknowledgement_lost(stage: Stage) -> Iterator[None]:
    """The line to Postgres is cut behind a COMMIT: the server has it, and nobody was told."""
    skills = stage.skills(RUNS)
    with cabled(
        stage.cluster.postgres.url, lambda request: b"COMMIT" in request and stage.random.random() < 0.3
    ) as cable:
        cable.cuts_max = CUTS
        for name in ("installer", "api"):
            stage.cluster.restart(name, WAYBILL_POSTGRES_URL=cable.url)
        stage.wait_for(stage.client.ready, "the API did not come up behind the cable")
        cable.armed = True
        runs = stage.install(skills)
        stage.wait_for(lambda: cable.cuts > 1 and not open_runs(stage.cluster), "the line was not cut often enough")
        cable.armed = False
        for name in ("installer", "api"):
            stage.cluster.restart(name)
    stage.note(f"{cable.cuts} cuts")
    yield
    assert len(set(runs)) == len(skills)
    assert stage.statuses(runs) == {"success"}


def head_locked(stage: Stage) -> Iterator[None]:
    """Somebody else holds the row that every append needs: an answer in time, not a hang."""
    (skill, later) = stage.skills(2)
    body = {"skill": skill, "providers": ["openai"]}
    with stage.cluster.session() as other, other.transaction():
        other.execute("SELECT position FROM head FOR UPDATE")
        other.execute("LOCK TABLE events IN EXCLUSIVE MODE")
        begun = time.monotonic()
        refused = 0
        while time.monotonic() - begun < LOCK_SECONDS:
            asked = time.monotonic()
            response = stage.client.request("POST", "/api/install-runs", body, key=f"{stage.name}-locked")
            assert time.monotonic() - asked < ANSWER_SECONDS_MAX
            refused += response.status_code == httpx2.codes.SERVICE_UNAVAILABLE
    stage.happened(refused, "nobody was kept waiting")
    stage.note(f"{refused} times 503")
    runs = [stage.client.install(skill, on=["openai"], key=f"{stage.name}-after"), *stage.install([later])]
    yield
    assert stage.statuses(runs) == {"success"}


def nats_away(stage: Stage) -> Iterator[None]:
    """Runs are accepted while it is down, and done when it is back."""
    skills = stage.skills(RUNS)
    stage.cluster.nats.kill()
    runs = stage.install(skills)
    stage.lapse(LONG_OUTAGE_SECONDS if stage.full else OUTAGE_SECONDS)
    stage.happened(open_runs(stage.cluster) >= len(runs), "the runs were done without NATS")
    yield
    assert stage.statuses(runs) == {"success"}


def nats_restarted(stage: Stage) -> Iterator[None]:
    """Again and again, while runs are asked for and carried out."""
    skills = stage.skills(RUNS * (RESTARTS_FULL if stage.full else RESTARTS))
    with ThreadPoolExecutor(1) as thread:
        asking = thread.submit(stage.install, skills)
        for _ in range(RESTARTS_FULL if stage.full else RESTARTS):
            stage.lapse(stage.random.uniform(0.2, 1.5))
            stage.cluster.nats.kill()
            stage.lapse(stage.random.uniform(0, 1))
            stage.cluster.nats.start()
        runs = asking.result()
    yield
    assert stage.statuses(runs) == {"success"}


def nats_wiped(stage: Stage) -> Iterator[None]:
    """It loses all that it held, with tickets among it: the streams are filled again from the store."""
    skills = stage.skills(RUNS)
    stage.cluster.parts["installer"].freeze()
    runs = stage.install(skills)
    stage.wait_for(stage.cluster.relayed, "the tickets did not come into the stream")
    stage.cluster.wipe_nats()
    stage.cluster.nats.start()
    yield
    assert stage.statuses(runs) == {"success"}
    stage.note(f"{stage.count(ProviderRescued, ProviderLeaseExpired)} rescues")
