"""What the two READMEs tell a new user to type, typed in that order."""

import re
import shlex
from pathlib import Path
from typing import Final

import pytest

from tests.acceptance.conftest import CommandLine
from tests.architecture.documented_commands import commands_in
from tests.architecture.sources import ROOT
from workers.terminal.client import Client

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

# What takes its turn elsewhere: it stays up, needs a real provider, or is about keys, parts and servers of one's own.
ELSEWHERE: Final = re.compile(
    r"waybill (demo|up|providers connect|keys|migrate|api|nats-env|doctor|fixtures|skills diff|--help)\b"
)
# The run is over by the time that its reader types this, and all of it went well.
REFUSED: Final = {"waybill runs cancel RUN", "waybill runs retry RUN --wait"}
PAUSES: Final = "waybill providers pause openai --for 10m"


def typed() -> list[str]:
    """The commands in their indented blocks, in the order of the first, each once; RUN stays as it is."""
    lines = (line for name in ("README.md", "README.ko.md") for line in commands_in(ROOT / name))
    return [line for line in dict.fromkeys(lines) if not ELSEWHERE.match(line)]


def test_the_korean_readme_has_the_same_commands() -> None:
    korean = [line for line in commands_in(ROOT / "README.ko.md") if not line.startswith("waybill chat ")]
    assert len(korean) > 10
    assert {*korean} <= {*commands_in(ROOT / "README.md")}


def test_a_new_user_types_what_the_readmes_say(cli: CommandLine, client: Client, skill: Path, tmp_path: Path) -> None:
    lines = typed()
    assert len(lines) > 12
    meant = {"path/to/your-skill": str(skill), "your-skill": skill.name, "case.zip": str(tmp_path / "case.zip")}
    for line in lines:
        typed_line = line
        for said, what in meant.items():
            typed_line = typed_line.replace(said, what)
        words = shlex.split(typed_line)[1:]
        runs = client.get("install-runs", query={"skill": skill.name})["items"] if "RUN" in words else []
        ended = cli(*(runs[0]["id"] if word == "RUN" else word for word in words))
        assert ended.code == (2 if line in REFUSED else 0), (line, ended)
        if line == PAUSES:
            client.post("providers", "openai", "resume", body=None)
