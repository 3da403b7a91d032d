"""The story that `waybill demo` tells: told step by step, and each step is checked against what it should have done."""

from collections.abc import Sequence
from pathlib import Path
from shutil import copytree
from typing import Any, Final

from msgspec import Struct
from rich.console import Console, RenderableType
from rich.text import Text

from adapters.sources.folder import read_folder
from workers.settings import shared_folder
from workers.terminal.answers import AuditEntry, Event, Provider, Run, Skill, understood
from workers.terminal.audit import audit_grid
from workers.terminal.client import Client
from workers.terminal.grid import Grid
from workers.terminal.history import history_grid
from workers.terminal.providers import providers_grid
from workers.terminal.run_view import sentence
from workers.terminal.sandbox_controls import SandboxControls
from workers.terminal.screen import put
from workers.terminal.skills import added_line, send_skill, skills_grid
from workers.terminal.watching import attend

INSTALLED: Final = "release-notes"
REFUSED: Final = "incident-report-ko"
PROVIDER: Final = "openai"
REFUSAL_CODE: Final = "quota_exceeded:provider"
# About as long as a real provider takes, so that there is something to see.
CREATE_SECONDS: Final = 1.2
RUN_SECONDS: Final = 45.0
ENTRIES_MAX: Final = 200


class Mismatch(Exception):  # noqa: N818 - house style: it reads as a fact
    """A step did not do what it should have done; the message says what that was."""


class Seen(Struct, frozen=True, kw_only=True):
    """What the story has shown, as the API gave it."""

    skill: Any
    runs: tuple[Any, ...]
    histories: tuple[Any, ...]
    audit: Any
    live: tuple[Any, ...]


class Narrator:
    """Numbers the chapters and says which command does what is shown."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._chapters = 0

    def chapter(self, title: str) -> None:
        self._chapters += 1
        self.tell(Text.assemble(("\n", ""), (f"{self._chapters}. {title}", "bold")))

    def command(self, line: str) -> None:
        self.tell(Text.assemble(("$ ", "dim"), (f"waybill {line}", "cyan")))

    def tell(self, renderable: RenderableType) -> None:
        put(self.console, renderable)


class Story:
    """Raises Mismatch, Failure, and httpx2.HTTPError for the sandbox's controls."""

    def __init__(self, *, narrator: Narrator, client: Client, sandbox: SandboxControls, folder: Path) -> None:
        self._narrator = narrator
        self._client = client
        self._sandbox = sandbox
        self._folder = folder

    def play(self) -> Seen:
        skill = self._register()
        self._look_at_provider()
        installed = self._install()
        refused = self._be_refused()
        self._narrator.chapter("What happened, event by event")
        begins = ("RunQueued", "RunStarted", "ProviderStarted")
        histories = (
            self._history(installed, (*begins, "ProviderSucceeded", "RunSucceeded")),
            self._history(refused, (*begins, "ProviderFailed", "RunFailed")),
        )
        audit = self._audit(runs=(installed, refused))
        live = self._live(installed)
        return Seen(skill=skill, runs=(installed, refused), histories=histories, audit=audit, live=live)

    def _register(self) -> Any:
        narrator = self._narrator
        narrator.chapter("Register a skill")
        example = shared_folder() / "examples" / "skills" / INSTALLED
        document, created = send_skill(self._client, read_folder(example))
        narrator.command(f"skills add examples/skills/{INSTALLED}")
        narrator.tell(f"{added_line(understood(document, Skill), created=created)}, by `up --sandbox`")
        expect(not created, "the same bytes are the same version")

        edited = self._folder / INSTALLED
        copytree(example, edited)
        with (edited / "SKILL.md").open("a", encoding="utf-8") as manifest:
            manifest.write("\nLast of all, read the notes once more as somebody who uses the product.\n")
        document, created = send_skill(self._client, read_folder(edited))
        skill = understood(document, Skill)
        narrator.command(f"skills add ./{INSTALLED}   # a copy with one line more")
        narrator.tell(added_line(skill, created=created))
        expect(created and skill.version == 2, "other bytes are the next version")

        narrator.command("skills list")
        listed = self._client.pages("skills", query={}, limit=ENTRIES_MAX)["items"]
        narrator.tell(skills_grid([understood(item, Skill) for item in listed]))
        expect(document["id"] in [item["id"] for item in listed], "a skill just registered is in the next list")
        return document

    def _look_at_provider(self) -> None:
        self._narrator.chapter("The provider: a sandbox that speaks OpenAI's wire format")
        self._narrator.command("providers list")
        provider = understood(self._client.get("providers", PROVIDER), Provider)
        self._narrator.tell(providers_grid([provider]))
        expect(provider.active, "the connection is verified and active")

    def _install(self) -> Any:
        self._narrator.chapter("Install it")
        self._sandbox.slow_down_next_create(seconds=CREATE_SECONDS)
        document = self._run(INSTALLED)
        run = understood(document, Run)
        expect(run.status == "success", "the run succeeds")
        expect(run.skill.version == 2, "the latest version was installed")
        return document

    def _be_refused(self) -> Any:
        self._narrator.chapter("Install another: the sandbox is told to refuse it, as if the account had no quota left")
        self._sandbox.refuse_next_create(status=429, code="insufficient_quota")
        document = self._run(REFUSED)
        run = understood(document, Run)
        expect(run.status == "failed", "the run fails")
        expect([target.code for target in run.targets] == [REFUSAL_CODE], f"it fails with {REFUSAL_CODE}")
        return document

    def _run(self, skill: str) -> Any:
        self._narrator.command(f"install {skill} --on {PROVIDER} --wait")
        answer = self._client.post("install-runs", body={"skill": skill, "providers": [PROVIDER]})
        return attend(
            self._client,
            understood(answer.body, Run).id,
            console=self._narrator.console,
            timeout_seconds=RUN_SECONDS,
            first=answer.body,
        )

    def _history(self, run: Any, wanted: Sequence[str]) -> Any:
        self._narrator.command(f"history {run['id']}")
        page = self._client.pages("install-runs", run["id"], "history", query={}, limit=ENTRIES_MAX)
        events = [understood(item, Event) for item in page["items"]]
        self._narrator.tell(history_grid(events))
        told_in_order = [event.event for event in events if event.event in wanted]
        expect(told_in_order == list(wanted), f"the history has {', '.join(wanted)} in this order")
        return page["items"]

    def _audit(self, *, runs: Sequence[Any]) -> Any:
        self._narrator.chapter("Who did what: what this key asked for, and what failed")
        self._narrator.command("audit list")
        page = self._client.pages("audit-log", query={}, limit=ENTRIES_MAX)
        entries = [understood(item, AuditEntry) for item in page["items"]]
        shown = [entry for entry in entries if entry.actor.kind == "api_key" or entry.result != "success"]
        self._narrator.tell(audit_grid(shown))
        self._narrator.tell(f"These are {len(shown)} of {len(entries)} entries: every event has one.")
        expect(len(entries) == entries[0].position, "every event has its entry in the audit log, without a gap")
        targets = {entry.target for entry in shown}
        expect({f"install_run:{run['id']}" for run in runs} <= targets, "both runs are in the audit log")
        return page["items"]

    def _live(self, installed: Any) -> tuple[Any, ...]:
        self._narrator.chapter("What is live at the provider, by its own account")
        ledger = self._sandbox.ledger()
        rows = [(entry.provider, entry.name, ", ".join(entry.versions), entry.id) for entry in ledger]
        self._narrator.tell(Grid(("PROVIDER", "SKILL", "VERSIONS", "ID"), rows))
        receipts = [target.receipt for target in understood(installed, Run).targets if target.receipt]
        live, received = [entry.id for entry in ledger], [receipt.remote_id for receipt in receipts]
        expect(live == received, "what succeeded is live, and nothing else")
        self._narrator.tell(sentence(understood(installed, Run)))
        return ledger


def expect(truth: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Raises Mismatch."""
    if not truth:
        raise Mismatch(f"It should have been so that {what}.")
