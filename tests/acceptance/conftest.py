"""What the acceptance tests share: one real Waybill for all of them, and the real command line."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest

from adapters.sources.folder import read_folder
from tests.acceptance.gate import Gate
from workers.settings import unsettled_environment
from workers.terminal.client import Client
from workers.terminal.skills import send_skill
from workers.terminal.trial import Trial

COMMAND_SECONDS = 60
COMMAND = (sys.executable, "-P", "-m", "workers.cli")
_NUMBERS = count(1)


@pytest.fixture(scope="session")
def waybill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with Trial(tmp_path_factory.mktemp("waybill")) as trial:
        yield trial


@dataclass(frozen=True)
class Ended:
    """A command that has ended: what it printed where, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class CommandLine:
    """`waybill ...` as a person or a script runs it: a process of its own, its streams piped."""

    environment: dict[str, str]

    def __call__(self, *arguments: str | Path, stdin: str = "", **environment: str) -> Ended:
        ended = subprocess.run(
            [*COMMAND, *map(str, arguments)],
            input=stdin,
            env=self.environment | environment,
            capture_output=True,
            encoding="utf-8",
            timeout=COMMAND_SECONDS,
            check=False,
        )
        assert "Traceback" not in ended.stderr, ended.stderr
        assert "\x1b" not in ended.stdout + ended.stderr, "escape sequences in a pipe"
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*COMMAND, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )


@pytest.fixture
def cli(waybill: Trial) -> CommandLine:
    own = {"WAYBILL_URL": waybill.url, "WAYBILL_API_KEY": waybill.api_key, "WAYBILL_DATA": str(waybill.data)}
    return CommandLine(unsettled_environment(os.environ) | own)


@pytest.fixture
def skill(tmp_path: Path) -> Path:
    """The folder of a skill that nobody has registered yet."""
    return write_skill(tmp_path)


def write_skill(parent: Path) -> Path:
    name = f"skill-{os.getpid()}-{next(_NUMBERS)}"
    folder = parent / name
    (folder / "scripts").mkdir(parents=True)
    (folder / "SKILL.md").write_text(f"---\nname: {name}\ndescription: Does a thing.\n---\n\n# A thing\n")
    (folder / "scripts" / "thing.py").write_text("print('a thing')\n")
    return folder


@pytest.fixture
def client(waybill: Trial) -> Iterator[Client]:
    with Client(url=waybill.url, api_key=waybill.api_key) as client:
        yield client


@pytest.fixture
def registered(skill: Path, client: Client) -> str:
    """The name of a skill that is nowhere installed."""
    send_skill(client, read_folder(skill))
    return skill.name


@pytest.fixture
def gate(client: Client, skill: Path) -> Iterator[tuple[str, Gate]]:
    """A connection of its own to a provider that waits, by name."""
    gate = Gate()
    with gate.standing():
        name = f"gate-{skill.name}"
        client.post("providers", body={"name": name, "kind": "openai", "credential": "sk-gate", "baseUrl": gate.url})
        yield name, gate


@dataclass(frozen=True)
class Sandbox:
    """The sandbox's controls. A fault meets the next call of its kind, whoever makes it."""

    url: str

    def fault(self, kind: str, *, operation: str = "create_skill", **more: object) -> None:
        fault = {"provider": "openai", "operation": operation, "kind": kind, "times": 1, **more}
        httpx2.post(f"{self.url}/_sandbox/faults", json=fault, trust_env=False).raise_for_status()

    def live(self, name: str) -> list[dict[str, Any]]:
        entries = httpx2.get(f"{self.url}/_sandbox/ledger", trust_env=False).raise_for_status().json()
        return [entry for entry in entries if entry["name"] == name]


@pytest.fixture
def sandbox(waybill: Trial) -> Iterator[Sandbox]:
    yield Sandbox(waybill.sandbox_url)
    httpx2.delete(f"{waybill.sandbox_url}/_sandbox/faults", trust_env=False).raise_for_status()
