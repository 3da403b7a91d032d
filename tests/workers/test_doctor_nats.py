"""The doctor at a NATS server that is well, and at others."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec.structs import replace

from adapters.embedded.nats import EmbeddedNats
from adapters.nats.publisher import Publisher
from adapters.nats.streams import EVENTS_STREAM, ensure_streams
from domain.install_run.events import RunStarted
from tests.kit.facts import recorded
from tests.kit.jetstream import PASSWORDS, NatsUnderTest, running_nats, url_as
from tests.workers.diagnosing import by_name, wrong
from workers.doctor_nats import NatsFound, examine_epoch, examine_nats
from workers.nats_settings import NatsSettings
from workers.settings import Settings

pytestmark = pytest.mark.anyio

OPEN = """
    listen: $WAYBILL_NATS_LISTEN
    jetstream { store_dir: $WAYBILL_NATS_STORE }
"""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsUnderTest]:
    async with running_nats(tmp_path / "nats") as server:
        yield server


async def look(url: str, tmp_path: Path, **passwords: str) -> NatsFound:
    settings = Settings(data=tmp_path, nats_url=url, nats=NatsSettings(passwords=passwords or PASSWORDS))  # type: ignore[arg-type]
    return await examine_nats(settings)


async def test_a_server_that_is_well(server: NatsUnderTest, tmp_path: Path) -> None:
    async with server.connection("relay") as connection:
        await ensure_streams(connection)
    found = await look(server.url, tmp_path)
    assert wrong(found.checks) == {}
    assert by_name(found.checks).keys() == {"nats", "nats_users", "nats_streams"}
    assert "with our limits" in by_name(found.checks)["nats_streams"].detail


async def test_streams_that_are_missing_or_otherwise_are_found(server: NatsUnderTest, tmp_path: Path) -> None:
    checks = (await look(server.url, tmp_path)).checks
    assert wrong(checks) == {"nats_streams": "failed"}
    async with server.connection("relay") as connection:
        await ensure_streams(connection)
    async with server.jetstream() as jetstream:
        config = (await jetstream.stream_info(EVENTS_STREAM)).config
        await jetstream.update_stream(config.evolve(max_age=3600))
    checks = (await look(server.url, tmp_path)).checks
    assert wrong(checks) == {"nats_streams": "warning"}
    assert "WAYBILL_EVENTS (max_age)" in by_name(checks)["nats_streams"].detail


async def test_whose_events_the_stream_has(server: NatsUnderTest, tmp_path: Path) -> None:
    ours = str(uuid4())
    async with server.connection("relay") as connection:
        publisher = Publisher(connection, store_epoch=ours)
        await publisher.stand()
        assert (await look(server.url, tmp_path)).streams.epoch is None  # type: ignore[union-attr]
        await publisher.publish([recorded(RunStarted(), stream=uuid4())])
    streams = (await look(server.url, tmp_path)).streams
    assert streams is not None
    assert wrong(list(examine_epoch(streams, ours))) == {}
    assert wrong(list(examine_epoch(streams, str(uuid4())))) == {"nats_epoch": "failed"}
    assert list(examine_epoch(replace(streams, epoch=None), ours)) == []


async def test_a_user_who_is_not_let_in_is_named(server: NatsUnderTest, tmp_path: Path) -> None:
    found = await look(server.url, tmp_path, relay="a-password-of-nobody")
    assert wrong(found.checks) == {"nats_streams": "failed"}
    said = by_name(found.checks)["nats_streams"].detail
    assert said.startswith("as relay: ")
    assert "a-password-of-nobody" not in said


async def test_a_server_without_our_users_is_open_to_anybody(tmp_path: Path) -> None:
    config = tmp_path / "nats.conf"
    config.write_text(OPEN)
    server = EmbeddedNats(tmp_path / "nats", config, variables={})
    try:
        found = await look(await asyncio.to_thread(server.start), tmp_path)
    finally:
        await asyncio.to_thread(server.stop)
    assert wrong(found.checks) == {"nats_users": "failed", "nats_streams": "failed"}


@pytest.mark.parametrize(
    ("greeting", "said"),
    [
        ('INFO {"version": "2.15.1", "jetstream": false}', "without JetStream"),
        ('INFO {"version": "2.11.9", "jetstream": true}', "NATS 2.11.9 answers, which is too old"),
        ('INFO {"version": "x", "jetstream": true}', "too old"),
        ("INFO {", "is no NATS server"),
        ("220 mail.example ESMTP", "is no NATS server"),
        ("", "is no NATS server"),
    ],
    ids=["no JetStream", "too old", "no version", "half a greeting", "another server", "nothing"],
)
async def test_what_is_not_the_server_that_is_needed(tmp_path: Path, greeting: str, said: str) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"{greeting}\r\n".encode() if greeting else b"")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        found = await look(f"nats://127.0.0.1:{port}", tmp_path)
    assert by_name(found.checks)["nats"].status == "failed"
    assert said in by_name(found.checks)["nats"].detail


async def test_no_server_at_all(tmp_path: Path) -> None:
    found = await look(url_as("nats://127.0.0.1:1", "relay"), tmp_path)
    assert wrong(found.checks) == {"nats": "failed"}
    assert found.checks[0].detail.startswith("127.0.0.1:1 does not answer")
    assert PASSWORDS["relay"] not in found.checks[0].detail
