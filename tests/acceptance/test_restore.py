"""The drill: the database is restored from an older dump, while providers and NATS are ahead of it."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nats
import psycopg
import pytest
from msgspec import Struct
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.embedded.nats import EmbeddedNats
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.postgres_binaries import own_binaries
from tests.kit.jetstream import VARIABLES, nats_at, url_as
from tests.kit.waiting import wait_until
from tests.kit.whole import Whole

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

BACK_SECONDS = 30.0


class Servers(Struct, frozen=True):
    """Postgres and NATS that go on while Waybill is stopped."""

    postgres: EmbeddedPostgres
    nats: EmbeddedNats

    @property
    def environment(self) -> dict[str, str]:
        return VARIABLES | {
            "WAYBILL_POSTGRES_URL": self.postgres.application_url,
            "WAYBILL_POSTGRES_OWNER_URL": self.postgres.url,
            "WAYBILL_NATS_URL": self.nats.url,
        }

    def dump(self, file: Path) -> None:
        self._run("pg_dump", "--format=custom", f"--file={file}", f"--dbname={self.postgres.application_url}")

    def restore(self, file: Path) -> None:
        """Into a new database of the same name, in place of the one that is there."""
        name = conninfo_to_dict(self.postgres.url)["dbname"]
        with psycopg.connect(make_conninfo(self.postgres.url, dbname="postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
            connection.execute(f"CREATE DATABASE {name}".encode())
        options = ("--exit-on-error", "--no-owner", "--no-privileges")
        self._run("pg_restore", *options, f"--dbname={self.postgres.url}", str(file))

    def event_ids(self) -> list[str]:
        with psycopg.connect(self.postgres.url) as connection:
            rows = connection.execute("SELECT envelope ->> 'id' FROM events_readable ORDER BY position").fetchall()
        return [row[0] for row in rows]

    async def published_ids(self) -> list[str]:
        client = await nats.connect(url_as(self.nats.url, "subscriber"))
        stream = client.jetstream()
        held = (await stream.stream_info("WAYBILL_EVENTS")).state.messages
        subscription = await stream.subscribe("waybill.events.>", ordered_consumer=True)
        messages = [await subscription.next_msg(timeout=5) for _ in range(held)]
        await client.close()
        return [(message.headers or {})["ce-id"] for message in messages]

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([own_binaries() / program, *arguments], check=True)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    postgres = EmbeddedPostgres(tmp_path / "postgres")
    server = nats_at(tmp_path / "nats")
    postgres.start()
    server.start()
    yield Servers(postgres, server)
    server.stop()
    postgres.stop("immediate")


def install(whole: Whole, skill: str, provider: str) -> dict[str, Any]:
    run = whole.finished(whole.queue(skill, providers=(provider,)))
    assert run["status"] == "success", run
    return run


def drift(whole: Whole) -> dict[tuple[str, str], str]:
    items = whole.client.get("/api/installations").json()["items"]
    return {(item["skill"]["name"], item["provider"]["name"]): item["drift"] for item in items if item["verifiedAt"]}


def actions(whole: Whole) -> list[str]:
    return [entry["action"] for entry in whole.client.get("/api/audit-log").json()["items"]]


@pytest.mark.long
def test_a_store_that_was_set_back_finds_out_and_installs_nothing_twice(servers: Servers, tmp_path: Path) -> None:
    dump = tmp_path / "waybill.dump"
    with Whole(tmp_path / "data", environment=servers.environment) as whole:
        whole.register("kept")
        whole.register("lost")
        install(whole, "kept", "openai")
        install(whole, "kept", "claude")
        whole.register("kept", body="Do it better.")
        servers.dump(dump)
        forgotten = install(whole, "lost", "openai")
        install(whole, "kept", "claude")
        ahead = whole.sandbox.get("/_sandbox/ledger").json()
        key = whole.key
    servers.restore(dump)
    before = servers.event_ids()

    with Whole(tmp_path / "data", key=key, environment=servers.environment) as whole:
        wait_until(lambda: "store.checked" in actions(whole), BACK_SECONDS)
        assert whole.client.get(f"/api/install-runs/{forgotten['id']}").status_code == 404
        assert drift(whole) == {("kept", "openai"): "none", ("kept", "claude"): "changed"}
        assert whole.sandbox.get("/_sandbox/ledger").json() == ahead, "something was changed at a provider in silence"
        assert servers.event_ids()[: len(before)] == before
        wait_until(lambda: asyncio.run(servers.published_ids()) == servers.event_ids(), BACK_SECONDS)

        again = install(whole, "lost", "openai")
        upgraded = install(whole, "kept", "claude")
        assert again["targets"][0]["receipt"] == forgotten["targets"][0]["receipt"]
        assert whole.sandbox.get("/_sandbox/ledger").json() == ahead, (
            "it was installed twice, or something else is gone"
        )
        assert upgraded["targets"][0]["attempts"] == 1
        told = actions(whole)
        assert told.count("store.restored") == 1
        assert told.count("installation.doubted") == 2
        wait_until(lambda: asyncio.run(servers.published_ids()) == servers.event_ids(), BACK_SECONDS)
