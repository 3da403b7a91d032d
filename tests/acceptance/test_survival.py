"""What a user relies on when servers go away: nothing that was accepted is lost, nothing is installed twice, all goes on."""

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nats
import psycopg
import pytest
from msgspec import Struct

from adapters.embedded.nats import EmbeddedNats
from adapters.embedded.postgres import EmbeddedPostgres
from tests.kit.jetstream import VARIABLES, nats_at
from tests.kit.waiting import wait_until
from tests.kit.whole import Whole
from workers.settings import child_environment, read_settings

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

ANSWER_SECONDS_MAX = 2.0
BACK_SECONDS = 30.0


class World(Struct):
    """Waybill, and the servers that it was given, which the tests may stop."""

    whole: Whole
    postgres: EmbeddedPostgres
    nats: EmbeddedNats
    nats_folder: Path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    postgres = EmbeddedPostgres(folder / "postgres")
    nats = nats_at(folder / "nats")
    environment = VARIABLES | {"WAYBILL_POSTGRES_URL": postgres.start(), "WAYBILL_NATS_URL": nats.start()}
    with Whole(folder / "data", environment=environment) as whole:
        yield World(whole, postgres, nats, folder / "nats")
        if not postgres.running:
            postgres.start()
    nats.stop()
    postgres.stop("immediate")


def test_with_nats_away_runs_are_accepted_and_done_when_it_is_back(world: World) -> None:
    world.whole.register("without-nats")
    world.nats.kill()
    run = world.whole.queue("without-nats")
    assert run["status"] == "queued"
    wait_until(lambda: world.whole.client.get("/readyz").json()["status"] == "degraded", BACK_SECONDS)
    assert world.whole.client.get(f"/api/install-runs/{run['id']}").json()["status"] == "queued"
    world.nats.start()
    assert world.whole.finished(run)["status"] == "success"
    wait_until(world.whole.ready, BACK_SECONDS)


def test_a_nats_that_lost_everything_is_filled_again(world: World) -> None:
    world.whole.register("after-the-flood")
    world.nats.kill()
    run = world.whole.queue("after-the-flood")
    for store in world.nats_folder.glob("**/jetstream"):
        shutil.rmtree(store)
    world.nats.start()
    assert world.whole.finished(run)["status"] == "success"
    assert len(world.whole.ledger("after-the-flood")) == 1
    wait_until(lambda: event_ids_in_nats(world) == event_ids_in_postgres(world), BACK_SECONDS)


def test_with_postgres_away_the_answer_is_503_in_time_and_all_comes_back(world: World) -> None:
    world.whole.register("without-postgres")
    world.postgres.stop("immediate")
    try:
        for method, path in (("POST", "/api/install-runs"), ("GET", "/api/install-runs"), ("GET", "/readyz")):
            begun = time.monotonic()
            body = {"skill": "without-postgres", "providers": ["openai"]} if method == "POST" else None
            response = world.whole.client.request(method, path, json=body)
            assert time.monotonic() - begun < ANSWER_SECONDS_MAX
            assert response.status_code == 503
            if path.startswith("/api"):
                assert response.json()["code"] == "offline:database"
                assert response.headers["Retry-After"] == "1"
    finally:
        world.postgres.start()
    wait_until(world.whole.ready, BACK_SECONDS)
    run = world.whole.queue("without-postgres")
    assert world.whole.finished(run)["status"] == "success"


def test_twenty_equal_requests_at_once_are_one_run(world: World) -> None:
    world.whole.register("asked-often")
    slow = {"provider": "openai", "operation": "create_skill", "kind": "hang", "times": 1, "delaySeconds": 3}
    assert world.whole.sandbox.post("/_sandbox/faults", json=slow).is_success
    with ThreadPoolExecutor(20) as threads:
        runs = list(threads.map(lambda _: world.whole.queue("asked-often"), range(20)))
    assert len({run["id"] for run in runs}) == 1
    assert sum(not run["reused"] for run in runs) == 1
    assert world.whole.finished(runs[0])["status"] == "success"
    assert len(world.whole.ledger("asked-often")) == 1


def test_installing_again_what_is_live_creates_nothing(world: World) -> None:
    world.whole.register("already-there")
    for _ in range(2):
        run = world.whole.finished(world.whole.queue("already-there"))
        assert run["status"] == "success"
    assert [entry["versions"] for entry in world.whole.ledger("already-there")] == [["1"]]


def test_the_next_version_replaces_the_one_before_at_the_provider(world: World) -> None:
    world.whole.register("upgraded")
    first = world.whole.finished(world.whole.queue("upgraded"))
    world.whole.register("upgraded", body="Do it better.")
    second = world.whole.finished(world.whole.queue("upgraded"))
    receipts = [run["targets"][0]["receipt"] for run in (first, second)]
    assert [receipt["remoteVersion"] for receipt in receipts] == ["1", "2"]
    assert len({receipt["remoteId"] for receipt in receipts}) == 1
    (entry,) = world.whole.ledger("upgraded")
    assert entry["defaultVersion"] == "2"


def test_a_second_installer_doubles_nothing(world: World) -> None:
    names = [f"shared-{number}" for number in range(12)]
    for name in names:
        world.whole.register(name)
    settings = read_settings(data=world.whole.data)
    environment = child_environment(settings, WAYBILL_LOG_FORMAT="json", **VARIABLES)
    command = [sys.executable, "-m", "workers.cli", "installer"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as second:
        assert second.stderr is not None
        serving = next((line for line in second.stderr if "connection_served" in line), None)
        assert serving is not None, "the second installer did not come up"
        runs = [world.whole.queue(name) for name in names]
        assert {world.whole.finished(run)["status"] for run in runs} == {"success"}
        second.terminate()
        second.communicate(timeout=30)
    assert second.returncode == 0
    assert [len(world.whole.ledger(name)) for name in names] == [1] * len(names)


@pytest.mark.parametrize("part", ["relay", "projector", "installer", "api"])
def test_a_killed_part_is_started_again(world: World, part: str) -> None:
    world.whole.register(f"after-{part}")
    (pid,) = [child for child in children_of(world.whole.process.pid) if part in command_of(child)]
    subprocess.run(["kill", "-9", str(pid)], check=True)  # noqa: S607 - the system's kill
    wait_until(lambda: part_restarted(world.whole, part), BACK_SECONDS)
    wait_until(world.whole.ready, BACK_SECONDS)
    run = world.whole.queue(f"after-{part}")
    assert world.whole.finished(run)["status"] == "success"


@pytest.mark.long
def test_data_outlives_a_restart_and_open_connections_hold_up_no_stop(tmp_path: Path) -> None:
    with Whole(tmp_path / "data") as whole:
        run = whole.finished(whole.queue("plain-english"))
        assert run["status"] == "success"
        history = whole.client.get(f"/api/install-runs/{run['id']}/history").json()["items"]
        key = whole.key
        assert whole.stop() < 10
    with Whole(tmp_path / "data", key=key) as whole:
        assert "Admin key" not in whole.lines
        assert whole.client.get(f"/api/install-runs/{run['id']}").json() == run
        assert whole.client.get(f"/api/install-runs/{run['id']}/history").json()["items"] == history
        assert whole.finished(whole.queue("release-notes"))["status"] == "success"
        assert len(whole.ledger("plain-english")) == 1


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def command_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")


def part_restarted(whole: Whole, part: str) -> bool:
    return any('"part_restarted"' in line and f'"{part}"' in line for line in whole.log.splitlines())


def event_ids_in_postgres(world: World) -> set[str]:
    with psycopg.connect(world.postgres.url) as connection:
        return {str(row[0]) for row in connection.execute("SELECT envelope ->> 'id' FROM events_readable")}


def event_ids_in_nats(world: World) -> set[str]:
    async def read() -> set[str]:
        client = await nats.connect(world.whole.lines["NATS"])
        stream = client.jetstream()
        subscription = await stream.subscribe("waybill.events.>", ordered_consumer=True)
        held = (await stream.stream_info("WAYBILL_EVENTS")).state.messages
        messages = [await subscription.next_msg(timeout=5) for _ in range(held)]
        await client.close()
        return {message.headers["ce-id"] for message in messages if message.headers}

    return asyncio.run(read())
