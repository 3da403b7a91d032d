"""The parts apart, without `waybill up`: each a process of its own, which knows the others by environment variables alone."""

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
from cryptography.fernet import Fernet

from adapters.embedded.postgres import APPLICATION, EmbeddedPostgres
from tests.acceptance.conftest import COMMAND, CommandLine
from tests.conftest import as_owner, by_owner
from tests.kit.jetstream import VARIABLES, nats_at
from tests.kit.waiting import wait_until
from workers.settings import unsettled_environment

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

SECONDS_MAX = 60.0
STOP_SECONDS = 30.0
FOLLOWERS = ("relay", "projector", "installer", "scheduler", "watchdog", "notary", "alerts")
SERVERS = ("api", "sandbox")


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    postgres = EmbeddedPostgres(tmp_path / "postgres")
    nats = nats_at(tmp_path / "nats")
    postgres.start()
    by_owner(postgres.url, f"CREATE ROLE {APPLICATION} LOGIN")
    try:
        yield (
            unsettled_environment()
            | VARIABLES
            | {
                "WAYBILL_POSTGRES_URL": postgres.application_url,
                "WAYBILL_NATS_URL": nats.start(),
                "WAYBILL_SECRET_KEY": Fernet.generate_key().decode(),
                "WAYBILL_LOG_FORMAT": "json",
                "XDG_DATA_HOME": str(tmp_path / "home"),
            }
        )
    finally:
        nats.stop()
        postgres.stop("immediate")


class Parts:
    """Running parts by name, and their logs; killed at the end if they do not stop by themselves."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._running: dict[str, subprocess.Popen[str]] = {}

    def start(self, name: str, *arguments: str) -> None:
        with self._log(name).open("w") as log:
            command = [*COMMAND, name, *arguments]
            self._running[name] = subprocess.Popen(
                command, env=self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True
            )

    def url(self, name: str) -> str:
        """What a server says as soon as it listens: its name and where."""
        stdout = self._running[name].stdout
        assert stdout is not None
        line = stdout.readline()
        assert line, self.log(name)
        return line.split()[-1]

    def log(self, name: str) -> str:
        return self._log(name).read_text()

    def stop(self) -> dict[str, int]:
        """The exit codes."""
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        return {name: process.wait(STOP_SECONDS) for name, process in self._running.items()}

    def end(self) -> None:
        for process in self._running.values():
            process.kill()
            process.communicate()

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"


def test_the_parts_work_apart_and_in_any_order(environment: dict[str, str], tmp_path: Path) -> None:
    owner = {"WAYBILL_POSTGRES_OWNER_URL": as_owner(environment["WAYBILL_POSTGRES_URL"])}
    waybill = CommandLine(environment | owner)
    parts = Parts(tmp_path, environment)
    with ExitStack() as stack:
        stack.callback(parts.end)
        for name in FOLLOWERS:
            parts.start(name)
        for name in SERVERS:
            parts.start(name, "--port", "0")
        url, sandbox_url = (parts.url(name) for name in SERVERS)
        client = stack.enter_context(httpx2.Client(base_url=url, trust_env=False, timeout=10))
        before = client.get("/readyz")
        assert (before.status_code, before.json()["status"]) == (503, "unavailable")
        assert "Not migrated yet" in before.text
        wait_until(lambda: all("database_awaited" in parts.log(name) for name in FOLLOWERS), SECONDS_MAX)

        migrated = waybill("migrate")
        assert migrated.code == 0
        key = re.fullmatch(r"Admin key (wb_\w+)\n", migrated.out)
        assert key is not None
        assert migrated.err.count("applied ") > 1
        again = waybill("migrate")
        assert (again.code, again.out, again.err) == (0, "", "nothing to apply\n")

        wait_until(lambda: client.get("/readyz").json()["status"] == "ready", SECONDS_MAX)
        client.headers["Authorization"] = f"Bearer {key[1]}"
        install_a_skill(client, sandbox_url=sandbox_url)
        assert parts.stop() == dict.fromkeys((*FOLLOWERS, *SERVERS), 0)
    assert not any("Traceback" in parts.log(name) for name in (*FOLLOWERS, *SERVERS))
    assert not list(tmp_path.glob("home/**/secret.key"))


def install_a_skill(client: httpx2.Client, *, sandbox_url: str) -> None:
    provider = {"name": "openai", "kind": "openai", "credential": "sk-parts", "baseUrl": f"{sandbox_url}/openai/v1"}
    connected = client.post("/api/providers", json=provider)
    assert (connected.status_code, connected.json()["active"]) == (201, True), connected.text
    content = "---\nname: apart\ndescription: Does a thing.\n---\n"
    added = client.post("/api/skills", json={"files": [{"path": "SKILL.md", "content": content}]})
    assert added.status_code == 201, added.text
    queued = client.post("/api/install-runs", json={"skill": "apart", "providers": ["openai"]})
    assert queued.status_code == 202, queued.text
    run = f"/api/install-runs/{queued.json()['id']}"
    wait_until(lambda: client.get(run).json().get("status") == "success", SECONDS_MAX)
    ledger = httpx2.get(f"{sandbox_url}/_sandbox/ledger", trust_env=False).json()
    assert [entry["name"] for entry in ledger] == ["apart"]
