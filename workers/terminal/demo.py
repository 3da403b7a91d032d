"""`waybill demo`: the whole story on servers of its own, checked step by step, and nothing is left behind."""

import signal
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx2
import rich_click as click
from msgspec import to_builtins
from rich.text import Text

from workers.terminal.answers import Run, understood
from workers.terminal.client import Client
from workers.terminal.command import json_option, leave, no_color_option
from workers.terminal.demo_evidence import Evidence
from workers.terminal.demo_story import Seen, Story
from workers.terminal.exit_codes import ExitCode
from workers.terminal.failures import Failure
from workers.terminal.grid import facts
from workers.terminal.narrator import Mismatch, Narrator
from workers.terminal.run_view import sentence
from workers.terminal.sandbox_controls import SandboxControls
from workers.terminal.screen import Screen
from workers.terminal.trial import Trial, TrialError

FOLDER_PREFIX: Final = "waybill-demo-"


@click.command("demo")
@json_option
@no_color_option
def demo(*, as_json: bool, no_color: bool) -> None:
    """See the whole story on sandbox providers, in a minute.

    Starts a real Postgres, a real NATS server and every part of Waybill in a temporary folder, installs a skill at OpenAI, Claude
    and Gemini through the public API, upgrades it, has another fail in part, repairs that, takes the upgrade back at one of them,
    and shows what the events, the audit log and the providers say about it, and that a changed event is found. Every step is checked: the exit code is 0 only if all of it went as told. Needs the extra `embedded`.
    """
    # Also when the terminal is closed, everything has to be stopped in order.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    screen = Screen(as_json=as_json, no_color=no_color)
    narrator = Narrator(screen.talk if as_json else screen.out)
    began = time.monotonic()
    try:
        with TemporaryDirectory(prefix=FOLDER_PREFIX) as name:
            seen = play(screen, narrator, Path(name))
    except KeyboardInterrupt:
        screen.say("\nStopped: nothing is left running, and the temporary folder is gone.")
        leave(ExitCode.INTERRUPTED)
    if seen is None:
        leave(ExitCode.UNEXPECTED)
    seconds = time.monotonic() - began
    sum_up(narrator, seen, seconds=seconds)
    screen.show({**to_builtins(seen), "seconds": round(seconds, 1)})


def play(screen: Screen, narrator: Narrator, folder: Path) -> Seen | None:
    """None if a step did not do what it should; then it is said why, with the end of the log."""
    narrator.tell("Real servers, the providers' own SDKs, a sandbox in the providers' place, and only the public API.")
    narrator.chapter("Start everything")
    narrator.command("up --sandbox")
    trial = Trial(folder)
    began = time.monotonic()
    try:
        with ExitStack() as stack:
            with screen.busy("Starting Postgres, NATS and the parts of Waybill"):
                stack.enter_context(trial)
            narrator.tell(
                facts(
                    [
                        ("Waybill", trial.url),
                        ("NATS", trial.nats_url),
                        ("Sandbox", trial.sandbox_url),
                        ("ready after", f"{time.monotonic() - began:.1f} s"),
                    ]
                )
            )
            client = stack.enter_context(Client(url=trial.url, api_key=trial.api_key))
            sandbox = SandboxControls(trial.sandbox_url)
            evidence = Evidence(narrator, data=trial.data)
            story = Story(narrator=narrator, client=client, sandbox=sandbox, evidence=evidence, folder=folder)
            seen = story.play()
            narrator.chapter("Stop everything")
            return seen
    except (TrialError, Mismatch, Failure, httpx2.HTTPError) as error:
        screen.show({"type": "about:blank", "title": "The demo failed", "detail": str(error), "code": "failed:demo"})
        screen.say(Text.assemble(("The demo failed: ", "bold red"), str(error)))
        screen.say("The end of the log:")
        screen.say(Text(trial.log_tail, style="dim"))
        return None


def sum_up(narrator: Narrator, seen: Seen, *, seconds: float) -> None:
    installed, upgraded, partial, retried, taken_back = (understood(run, Run) for run in seen.runs)
    events = sum(len(history) for history in seen.histories)
    lines = (
        f"First v{installed.skill.version}, then v{upgraded.skill.version}: {sentence(upgraded, now=datetime.now(UTC))}",
        sentence(partial, now=datetime.now(UTC)),
        f"Tried again: {sentence(retried, now=datetime.now(UTC))}",
        f"Taken back: {sentence(taken_back, now=datetime.now(UTC))}",
        "Somebody changed an event behind our back, and it was named.",
        "Who failed left nothing there; what succeeded stays. Nothing is there twice.",
        f"{events} events tell the {len(seen.runs)} runs, {len(seen.audit)} audit entries everything.",
        f"{seconds:.0f} s in all; nothing is left running, and the temporary folder is gone.",
    )
    narrator.tell(Text("\nSeen and checked", style="bold"))
    for line in lines:
        narrator.tell(Text.assemble(("✔ ", "green"), line))
    narrator.tell("\nYour turn: waybill up --sandbox")
