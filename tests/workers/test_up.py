"""How `waybill up` begins and ends: refused in a sentence, interrupted at any moment, killed, and started again after each."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from msgspec import Struct

from tests.kit.waiting import wait_until
from tests.kit.whole import Whole
from workers.settings import SERVERS_FILE, unsettled_environment

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

COMMAND = (sys.executable, "-m", "workers.cli")
REFUSED_SECONDS = 60
STARTED_SECONDS = 60
STOP_SECONDS_MAX = 10
# The making of a database cluster goes on to its end.
INTERRUPTED_SECONDS_MAX = 20
GONE_SECONDS_MAX = 30
NOWHERE = "postgresql://somebody:secret@127.0.0.1:1/waybill"


class Refused(Struct, frozen=True):
    """How a process ended that never began its work, and what it said, as one line."""

    code: int
    sentence: str


def refused(*arguments: str | Path, **environment: str) -> Refused:
    ended = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env=unsettled_environment() | environment,
        capture_output=True,
        text=True,
        timeout=REFUSED_SECONDS,
        check=False,
    )
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    return Refused(ended.returncode, " ".join(ended.stderr.replace("│", " ").split()))


@pytest.mark.parametrize("part", ["up", "sandbox"])
def test_a_port_that_is_taken_is_said_in_a_sentence(part: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = refused(part, "--port", str(port), "--data", tmp_path / "data", WAYBILL_PORT="0")
    assert ended.code == 1
    assert f"Cannot listen on 127.0.0.1 port {port}: Address already in use. Choose another --port." in ended.sentence
    assert not list(tmp_path.glob("data/*/server.log"))


@pytest.mark.parametrize(
    ("url", "sentence"),
    [(NOWHERE, "Postgres does not answer; is WAYBILL_POSTGRES_URL right?"), ("mine:secret", "cannot be used")],
)
def test_a_database_that_cannot_be_reached_is_said_in_a_sentence(tmp_path: Path, url: str, sentence: str) -> None:
    ended = refused(
        "up", "--port", "0", "--data", tmp_path, WAYBILL_POSTGRES_URL=url, WAYBILL_NATS_URL="nats://[::1]:1"
    )
    assert (ended.code, sentence in ended.sentence) == (1, True), ended
    assert "secret" not in ended.sentence


@pytest.mark.long
def test_whatever_ends_it_the_next_start_goes_on(tmp_path: Path) -> None:
    """One folder through everything, as it may happen to a user; each start costs seconds, so all of it is one test."""
    data = tmp_path / "data"
    interrupt(data, signal.SIGINT, when=lambda log: "part_started" in log.read_text())
    interrupt(data, signal.SIGTERM, when=lambda _: (data / SERVERS_FILE).exists())
    with Whole(data) as whole:
        assert "Admin key" in whole.lines
        assert active_connections(whole) == {"openai", "claude", "gemini"}
        run = whole.finished(whole.queue("plain-english"))
        assert run["status"] == "success"
        wait_until(whole.ready, STARTED_SECONDS)
        assert_refused_beside(whole)
        family = psutil.Process(whole.process.pid).children(recursive=True)
        assert {"relay", "projector", "installer", "scheduler", "watchdog", "sandbox", "api"} <= parts(family)
        whole.kill()
        wait_until(lambda: not alive(family), GONE_SECONDS_MAX)
        key = whole.key
    with Whole(data, key=key) as whole:
        assert "Admin key" not in whole.lines
        assert whole.client.get(f"/api/install-runs/{run['id']}").json() == run
        assert active_connections(whole) == {"openai", "claude", "gemini"}
        again = whole.queue("release-notes", providers=("openai", "claude", "gemini"))
        assert whole.finished(again)["status"] == "success"
        family = psutil.Process(whole.process.pid).children(recursive=True)
        assert whole.stop(signal.SIGINT) < STOP_SECONDS_MAX
        assert not alive(family)
    assert not (data / SERVERS_FILE).exists()


def interrupt(data: Path, number: signal.Signals, *, when: Callable[[Path], bool]) -> None:
    """Start, and send the signal as soon as the log, or the folder, says so; it must end in order and leave nothing."""
    log = data.with_name(f"interrupted-{number.name}.log")
    command = [*COMMAND, "up", "--sandbox", "--port", "0", "--data", str(data)]
    environment = unsettled_environment() | {"WAYBILL_LOG_FORMAT": "json"}
    with (
        log.open("w") as stderr,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=stderr) as process,
    ):
        wait_until(lambda: when(log) or process.poll() is not None, STARTED_SECONDS)
        process.send_signal(number)
        family: set[psutil.Process] = set()

        def ended() -> bool:
            family.update(children(process.pid))
            return process.poll() is not None

        wait_until(ended, INTERRUPTED_SECONDS_MAX)
        assert process.stdout is not None
        assert process.stdout.read() == b""
    text = log.read_text()
    assert process.returncode == 0, text
    assert "Traceback" not in text
    assert not alive(family)


def assert_refused_beside(whole: Whole) -> None:
    """A second one in the same folder is refused, and the first one does not notice."""
    servers = (whole.data / SERVERS_FILE).read_text()
    ended = refused("up", "--port", "0", "--data", whole.data)
    assert ended.code == 1
    assert "another `waybill up` holds" in ended.sentence
    assert f"(process {whole.process.pid}); stop it or use another data folder" in ended.sentence
    assert (whole.data / SERVERS_FILE).read_text() == servers
    assert whole.ready()


def active_connections(whole: Whole) -> set[str]:
    return {item["name"] for item in whole.client.get("/api/providers").json()["items"] if item["active"]}


def children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def parts(family: list[psutil.Process]) -> set[str]:
    """The words of their command lines, which name the parts."""
    return {word for one in family for word in one.cmdline()}


def alive(family: "set[psutil.Process] | list[psutil.Process]") -> list[psutil.Process]:
    return [one for one in family if one.is_running()]
