import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.request import urlopen

import nats
import psutil
import pytest
from nats.js import JetStreamContext

from adapters.embedded.nats import HOST, EmbeddedNats
from adapters.embedded.server_process import EmbeddedServerError, FolderInUseError, running_url
from adapters.nats.streams import EVENTS_STREAM, EVENTS_SUBJECTS
from tests.adapters.embedded.orphans import start_and_die
from tests.kit.jetstream import CONFIG, VARIABLES, nats_at, url_as
from tests.kit.waiting import wait_until

T = TypeVar("T")
START = """
from tests.kit.jetstream import nats_at
server = nats_at(Path(sys.argv[1]))
server.start()
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedNats]:
    embedded = nats_at(tmp_path / "nats", monitor=True)
    yield embedded
    embedded.stop()


def use(url: str, work: Callable[[JetStreamContext], Awaitable[T]]) -> T:
    async def session() -> T:
        async with await nats.connect(
            url_as(url, "relay"), allow_reconnect=False, inbox_prefix="_INBOX_relay"
        ) as client:
            return await work(client.jetstream())

    return asyncio.run(asyncio.wait_for(session(), 10))


async def publish_one(stream: JetStreamContext) -> None:
    await stream.add_stream(name=EVENTS_STREAM, subjects=[EVENTS_SUBJECTS])
    await stream.publish("waybill.events.run.queued.one", b"42")


async def read_one(stream: JetStreamContext) -> bytes | None:
    return (await stream.get_msg(EVENTS_STREAM, 1)).data


def monitored(server: EmbeddedNats, page: str) -> Any:
    assert server.monitor_url is not None
    with urlopen(f"{server.monitor_url}/{page}", timeout=5) as answer:  # noqa: S310 - our own loopback server
        return json.load(answer)


def test_it_is_the_nats_we_want_and_runs_our_configuration(server: EmbeddedNats, tmp_path: Path) -> None:
    url = server.start()
    assert url == server.url
    variables = monitored(server, "varz")
    assert variables["version"].startswith("2.15.")
    assert variables["server_name"] == "waybill"
    assert variables["host"] == variables["http_host"] == HOST
    assert variables["max_payload"] == 8 << 20
    assert variables["ping_interval"] == 10_000_000_000
    jetstream = variables["jetstream"]["config"]
    assert jetstream["sync_always"] is True
    assert jetstream["store_dir"] == str(tmp_path / "nats" / "store" / "jetstream")
    assert jetstream["max_storage"] == 8 << 30


def test_without_monitoring_there_is_no_second_port(tmp_path: Path) -> None:
    server = nats_at(tmp_path / "nats")
    try:
        server.start()
        assert server.monitor_url is None
        listening = [c for c in psutil.Process(server.pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]
        assert [connection.laddr.ip for connection in listening] == [HOST]
    finally:
        server.stop()


def test_a_restart_keeps_port_and_streams(server: EmbeddedNats) -> None:
    url = server.start()
    use(url, publish_one)
    server.stop()
    assert server.url == ""
    assert server.start() == url
    assert use(url, read_one) == b"42"


def test_a_crash_keeps_port_and_streams(server: EmbeddedNats) -> None:
    url = server.start()
    use(url, publish_one)
    server.kill()
    assert not server.running
    assert server.start() == url
    assert use(url, read_one) == b"42"


def test_a_port_taken_meanwhile_is_given_up(server: EmbeddedNats) -> None:
    url = server.start()
    server.stop()
    with socket.create_server((HOST, int(url.rpartition(":")[2]))):
        elsewhere = server.start()
        assert elsewhere != url
    server.stop()
    assert server.start() == elsewhere


def test_a_wanted_port_that_is_taken_is_an_error_with_the_log(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as taken:
        server = EmbeddedNats(tmp_path / "nats", CONFIG, taken.getsockname()[1], variables=VARIABLES)
        with pytest.raises(EmbeddedServerError, match=r"(?s)NATS ended while starting.*address already in use"):
            server.start()
    assert not server.running


def test_a_folder_has_one_owner(server: EmbeddedNats, tmp_path: Path) -> None:
    server.start()
    with pytest.raises(FolderInUseError, match=rf"another `waybill up` holds {tmp_path}.*\(process {os.getpid()}\)"):
        nats_at(tmp_path / "nats").start()
    assert server.running


@pytest.mark.parametrize("name", ["long" * 40, '빈 칸, "quoted" $HOME'], ids=["long", "unusual"])
def test_any_folder_will_do(tmp_path: Path, name: str) -> None:
    server = nats_at(tmp_path / name / "nats")
    try:
        url = server.start()
        use(url, publish_one)
        assert (tmp_path / name / "nats" / "store" / "jetstream").is_dir()
        assert running_url(tmp_path / name / "nats") == url
    finally:
        server.stop()


def test_it_ends_with_waybill_however_that_ends(server: EmbeddedNats, tmp_path: Path) -> None:
    pid = start_and_die(START, tmp_path / "nats")
    wait_until(lambda: not psutil.pid_exists(pid), 10)
    server.start()


def test_it_ends_with_its_guardian(server: EmbeddedNats) -> None:
    server.start()
    process = psutil.Process(server.pid)
    guardian = process.parent()
    assert guardian is not None
    assert os.getsid(process.pid) != os.getsid(0) != os.getsid(guardian.pid)  # so Ctrl-C reaches neither
    guardian.kill()
    wait_until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, 10)
    assert not server.running
