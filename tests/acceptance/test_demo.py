"""`waybill demo`, as `make demo` runs it: it tells the whole story, checks itself, and leaves nothing behind."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from tests.acceptance.conftest import COMMAND
from tests.kit.waiting import wait_until
from workers.settings import unsettled_environment
from workers.terminal.client import Client
from workers.terminal.demo_evidence import Evidence
from workers.terminal.demo_story import Story
from workers.terminal.narrator import Mismatch, Narrator
from workers.terminal.sandbox_controls import SandboxControls
from workers.terminal.screen import Screen
from workers.terminal.trial import Trial

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

DEMO_SECONDS = 240
STOP_SECONDS = 60


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder with a short name: pytest's own are too long for the socket of a Postgres inside the demo's inside them."""
    with TemporaryDirectory(prefix="wb-") as name:
        yield Path(name)


@pytest.fixture
def environment(temporary: Path) -> dict[str, str]:
    """What the demo makes, it makes in `temporary`; what the settings name, it must not touch."""
    elsewhere = {"WAYBILL_POSTGRES_URL": "postgresql://nobody@192.0.2.1/x", "WAYBILL_API_KEY": "wb_mine"}
    return unsettled_environment(os.environ) | {"TMPDIR": str(temporary)} | elsewhere


def test_the_story_is_told_and_nothing_is_left(environment: dict[str, str], temporary: Path) -> None:
    demo = subprocess.run(
        [*COMMAND, "demo", "--json"],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=DEMO_SECONDS,
        check=False,
    )
    assert demo.returncode == 0, demo.stderr
    seen = json.loads(demo.stdout)
    statuses = ["success", "success", "partial_failed", "partial_failed", "success"]
    assert [run["status"] for run in seen["runs"]] == statuses
    assert seen["runs"][2]["failures"] == {"too_large:provider": 1, "quota_exceeded:provider": 1}
    assert [target["accepted"] for target in seen["preview"]["targets"]] == [True, True, False]
    assert sorted((entry["name"], entry["provider"], len(entry["versions"])) for entry in seen["live"]) == [
        ("incident-report-ko", "claude", 1),
        ("incident-report-ko", "openai", 1),
        ("release-notes", "claude", 3),
        ("release-notes", "gemini", 1),
        ("release-notes", "openai", 2),
    ]
    assert {one["provider"]["name"] for one in seen["installations"]} == {"openai", "claude", "gemini"}
    for line in (
        "release-notes v2 is live at openai, claude and gemini.",
        "incident-report-ko v2 would be taken by openai and claude, and not by gemini. Nothing was stored or sent.",
        "incident-report-ko v2 is live at claude, and could not be installed at openai (quota_exceeded:provider) and ",
        "gemini: too_large:provider, so it was not asked",
        "openai: offline:provider, may have been applied",
        "openai: attempt 2 in ",
        "version 1, found there already",
        "release-notes v2 is taken back at claude.",
        "entries: every event has one.",
        "Waybill and the providers say the same, id by id.",
    ):
        assert line in demo.stderr
    assert "\x1b" not in demo.stderr
    assert list(temporary.iterdir()) == []


@pytest.mark.long
def test_an_interrupted_demo_leaves_nothing_running(environment: dict[str, str], temporary: Path) -> None:
    with subprocess.Popen([*COMMAND, "demo"], env=environment, stdout=subprocess.PIPE, encoding="utf-8") as demo:
        assert demo.stdout is not None
        assert any(line.startswith("2. Three providers") for line in demo.stdout)
        family = psutil.Process(demo.pid).children(recursive=True)
        assert len(family) > 5
        demo.send_signal(signal.SIGINT)
        demo.stdout.read()
        assert demo.wait(STOP_SECONDS) == 130
    assert [one for one in family if one.is_running()] == []
    assert list(temporary.iterdir()) == []


@pytest.mark.long
def test_a_killed_demo_leaves_nothing_running(environment: dict[str, str]) -> None:
    with subprocess.Popen([*COMMAND, "demo"], env=environment, stdout=subprocess.PIPE, encoding="utf-8") as demo:
        assert demo.stdout is not None
        assert any(line.startswith("2. Three providers") for line in demo.stdout)
        family = psutil.Process(demo.pid).children(recursive=True)
        demo.kill()
    wait_until(lambda: not any(one.is_running() for one in family), STOP_SECONDS)


def test_a_demo_that_cannot_start_says_why_and_leaves_nothing(environment: dict[str, str], temporary: Path) -> None:
    broken = temporary / "broken"
    broken.mkdir()
    (broken / "uvloop.py").write_text("raise ImportError('broken on purpose')\n")
    demo = subprocess.run(
        [*COMMAND, "demo", "--json"],
        env=environment | {"PYTHONPATH": str(broken)},
        capture_output=True,
        encoding="utf-8",
        timeout=DEMO_SECONDS,
        check=False,
    )
    assert (demo.returncode, json.loads(demo.stdout)["code"]) == (1, "failed:demo")
    assert "The demo failed: `waybill up` ended at once" in demo.stderr
    assert "broken on purpose" in demo.stderr
    assert list(temporary.iterdir()) == [broken]


class Lenient(SandboxControls):
    """A provider that accepts what the story says it refuses."""

    def refuse_next_create(self, provider: str, *, status: int, code: str) -> None: ...


def test_the_story_notices_when_it_is_not_true(waybill: Trial, client: Client, tmp_path: Path) -> None:
    narrator = Narrator(Screen().talk)
    evidence = Evidence(narrator, data=waybill.data)
    sandbox = Lenient(waybill.sandbox_url)
    story = Story(narrator=narrator, client=client, sandbox=sandbox, evidence=evidence, folder=tmp_path)
    with pytest.raises(Mismatch, match="openai fails with"):
        story.play()
