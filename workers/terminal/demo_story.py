"""The story that `waybill demo` tells: told step by step, and each step is checked against what it should have done."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from shutil import copytree
from typing import Any, Final

from msgspec import Struct

from adapters.sources.folder import read_folder
from workers.settings import shared_folder
from workers.terminal.answers import AuditEntry, Event, Installation, PreviewedRun, Provider, Run, Skill, understood
from workers.terminal.audit import audit_grid
from workers.terminal.client import Answer, Client
from workers.terminal.demo_evidence import Evidence, tell_history
from workers.terminal.demo_proof import check_installations, check_receipts, check_upgrade, ledger_grid, of_skill
from workers.terminal.demo_talk import talk
from workers.terminal.installation_view import installations_grid
from workers.terminal.narrator import Narrator, expect
from workers.terminal.preview_view import preview_page
from workers.terminal.provider_view import providers_grid
from workers.terminal.run_view import runs_grid
from workers.terminal.sandbox_controls import LedgerEntry, SandboxControls
from workers.terminal.skill_view import added_line
from workers.terminal.skills import send_skill
from workers.terminal.watching import attend

UPGRADED: Final = "release-notes"
LARGE: Final = "incident-report-ko"
PICTURE: Final = "assets/timeline.png"
PICTURE_BYTES: Final = 1_200_000
PROVIDERS: Final = ("openai", "claude", "gemini")
TOO_LARGE: Final = "too_large:provider"
NO_QUOTA: Final = "quota_exceeded:provider"
# What every request brings about by itself.
SLOT_TAKEN: Final = "installation.reserved"
# About as long as real providers take, so that there is something to see.
CREATE_SECONDS: Final = {"claude": 1.2, "gemini": 0.6}
RUN_SECONDS: Final = 45.0
# The run whose history is shown: the one that lost an answer.
RETRIED: Final = 3
# The run in which OpenAI had no quota left.
FAILED: Final = 2
ENTRIES_MAX: Final = 200


class Seen(Struct, frozen=True, kw_only=True):
    """What the story has shown, as the API and the sandbox gave it."""

    preview: Any
    runs: tuple[Any, ...]
    histories: tuple[Any, ...]
    audit: Any
    installations: Any
    live: tuple[LedgerEntry, ...]


class Story:
    """Raises Mismatch, Failure, and httpx2.HTTPError for the sandbox's controls."""

    def __init__(
        self, *, narrator: Narrator, client: Client, sandbox: SandboxControls, evidence: Evidence, folder: Path
    ) -> None:
        self._narrator = narrator
        self._evidence = evidence
        self._client = client
        self._sandbox = sandbox
        self._folder = folder

    def play(self) -> Seen:
        self._look_at_providers()
        installed = self._install()
        upgraded = self._upgrade()
        preview = self._try_out()
        partial = self._fail_in_part()
        retried = self._retry(partial)
        taken_back = self._take_back(upgraded)
        self._talk()
        runs = (installed, upgraded, partial, retried, taken_back)
        histories = self._histories(runs)
        installations, live = self._live(upgraded, retried)
        audit = self._audit(runs)
        self._prove(histories[FAILED])
        return Seen(
            preview=preview, runs=runs, histories=histories, audit=audit, installations=installations, live=live
        )

    def _look_at_providers(self) -> None:
        self._narrator.chapter("Three providers: a sandbox in their place, and each one's own SDK")
        self._narrator.command("providers list")
        listed = self._client.pages("providers", query={}, limit=ENTRIES_MAX)["items"]
        providers = [understood(item, Provider) for item in listed]
        self._narrator.tell(providers_grid(providers))
        expect({*PROVIDERS} <= {provider.name for provider in providers if provider.active}, "all three are verified")

    def _install(self) -> Any:
        self._narrator.chapter("Install a skill at all three")
        self._add(shared_folder() / "examples" / "skills" / UPGRADED, said=f"examples/skills/{UPGRADED}", version=1)
        for provider, seconds in CREATE_SECONDS.items():
            self._sandbox.slow_down_next_create(provider, seconds=seconds)
        document = self._run(UPGRADED)
        run = understood(document, Run)
        expect(run.status == "success", "the run succeeds")
        check_receipts(run, self._sandbox.ledger())
        return document

    def _upgrade(self) -> Any:
        self._narrator.chapter("Upgrade it")
        edited = self._copy_of(UPGRADED)
        with (edited / "SKILL.md").open("a", encoding="utf-8") as manifest:
            manifest.write("\nLast of all, read the notes once more as somebody who uses the product.\n")
        self._add(edited, said=f"./{UPGRADED}   # a copy with one line more", version=2)
        before = of_skill(self._sandbox.ledger(), UPGRADED)
        document = self._run(UPGRADED)
        run = understood(document, Run)
        expect((run.status, run.skill.version) == ("success", 2), "the latest version is installed everywhere")
        ledger = self._sandbox.ledger()
        check_receipts(run, ledger)
        check_upgrade(before, of_skill(ledger, UPGRADED))
        self._narrator.tell("OpenAI and Claude keep both versions. Gemini has none: a new agent stands for the old.")
        return document

    def _try_out(self) -> Any:
        self._narrator.chapter("Ask first what each one would take")
        grown = self._copy_of(LARGE)
        noise = Random(LARGE).randbytes(PICTURE_BYTES)  # noqa: S311 - a picture of nothing
        (grown / PICTURE).write_bytes(noise)
        self._add(grown, said=f"./{LARGE}   # a copy with a picture of 1.2 MB", version=2)
        self._narrator.command(f"install {LARGE} --on {','.join(PROVIDERS)} --dry-run")
        document = self._client.post("install-runs", body=_asking_for(LARGE) | {"dryRun": True}).body
        preview = understood(document, PreviewedRun)
        self._narrator.tell(preview_page(preview))
        taken = {target.provider.name: target.accepted for target in preview.targets}
        expect(taken == {"openai": True, "claude": True, "gemini": False}, "gemini alone would refuse it")
        return document

    def _fail_in_part(self) -> Any:
        self._narrator.chapter("Install it all the same; and OpenAI is told to have no quota left")
        asked = self._sandbox.creates("gemini")
        self._sandbox.refuse_next_create("openai", status=429, code="insufficient_quota")
        document = self._run(LARGE)
        run = understood(document, Run)
        expect(run.status == "partial_failed", "the run fails in part")
        outcomes = {target.provider.name: (target.status, target.attempts, target.code) for target in run.targets}
        expect(outcomes["openai"] == ("failed", 1, NO_QUOTA), f"openai fails with {NO_QUOTA} when it is asked")
        expect(outcomes["claude"] == ("success", 1, None), "claude takes it")
        expect(outcomes["gemini"] == ("failed", 0, TOO_LARGE), f"gemini fails with {TOO_LARGE} and no attempt")
        expect(run.failures == {NO_QUOTA: 1, TOO_LARGE: 1}, "the run counts its failures by code")
        expect(self._sandbox.creates("gemini") == asked, "gemini was not asked")
        check_receipts(run, self._sandbox.ledger())
        return document

    def _retry(self, partial: Any) -> Any:
        self._narrator.chapter("Repair it: OpenAI has quota again, does what it is asked, and its answer gets lost")
        self._sandbox.lose_next_answer("openai")
        created = self._sandbox.creates("openai")
        document = self._repair("retry", partial, {})
        run = understood(document, Run)
        outcomes = {target.provider.name: (target.status, target.attempts, target.code) for target in run.targets}
        expect(run.retry_of == partial["id"], "the new run says what it is a retry of")
        expect(outcomes["openai"] == ("success", 2, None), "openai is asked again after the lost answer")
        expect(outcomes["gemini"] == ("failed", 0, TOO_LARGE), "gemini would still refuse, and claude is left alone")
        expect(self._sandbox.creates("openai") == created + 1, "openai created it once: the second attempt found it")
        check_receipts(run, self._sandbox.ledger())
        self._narrator.tell(
            "Nobody knew whether OpenAI had done it. So it was looked up, found and kept: nothing is there twice."
        )
        return document

    def _take_back(self, upgraded: Any) -> Any:
        self._narrator.chapter("Take the upgrade back, at Claude alone")
        document = self._repair("rollback", upgraded, {"providers": ["claude"]})
        run = understood(document, Run)
        expect((run.kind, run.status) == ("rollback", "success"), "the rollback succeeds")
        listed = self._client.pages("installations", query={"skill": UPGRADED}, limit=ENTRIES_MAX)["items"]
        versions = {one.provider.name: one.version for one in (understood(item, Installation) for item in listed)}
        expect(
            versions == {"openai": 2, "claude": 1, "gemini": 2},
            "claude has the first version again, the others the second",
        )
        return document

    def _talk(self) -> None:
        self._narrator.chapter("Or say it, in English or Korean")
        talk(self._narrator, self._client, skill=UPGRADED)

    def _histories(self, runs: Sequence[Any]) -> tuple[Any, ...]:
        self._narrator.chapter("What happened, event by event")
        begun, ended = ("RunQueued", "RunStarted"), ("RunSucceeded",)
        refused = ("RunQueued", "ProviderRefused", "RunPartiallyFailed")
        again = ("RunQueued", "ProviderFailed", "ProviderRetryScheduled", "ProviderSucceeded", "RunPartiallyFailed")
        wanted = ((*begun, *ended), (*begun, *ended), refused, again, (*begun, *ended))
        histories = tuple(self._history(run, names) for run, names in zip(runs, wanted, strict=True))
        self._narrator.command("runs list")
        self._narrator.tell(runs_grid([understood(run, Run) for run in reversed(runs)], now=datetime.now(UTC)))
        self._narrator.command(f"history {runs[RETRIED]['id']}")
        tell_history(self._narrator, [understood(item, Event) for item in histories[RETRIED]])
        return histories

    def _history(self, run: Any, wanted: Sequence[str]) -> Any:
        items = self._client.pages("install-runs", run["id"], "history", query={}, limit=ENTRIES_MAX)["items"]
        told_in_order = [item["event"] for item in items if item["event"] in wanted]
        expect(told_in_order == list(wanted), f"the history has {', '.join(wanted)} in this order")
        return items

    def _audit(self, runs: Sequence[Any]) -> Any:
        self._narrator.chapter("Who did what: what this key asked for, and what failed")
        self._narrator.command("audit list")
        page = self._client.pages("audit-log", query={}, limit=ENTRIES_MAX)
        entries = [understood(item, AuditEntry) for item in page["items"]]
        shown = [
            entry
            for entry in entries
            if entry.result != "success" or (entry.actor.kind == "api_key" and entry.action != SLOT_TAKEN)
        ]
        self._narrator.tell(audit_grid(shown))
        self._narrator.tell(f"These are {len(shown)} of {len(entries)} entries: every event has one.")
        expect(len(entries) == entries[0].position, "every event has its entry in the audit log, without a gap")
        targets = {entry.target for entry in shown}
        expect({f"install_run:{run['id']}" for run in runs} <= targets, "all runs are in the audit log")
        return page["items"]

    def _prove(self, history: Sequence[Any]) -> None:
        self._narrator.chapter("Has anybody changed the record? And then somebody does, with every right in Postgres")
        self._evidence.verify()
        failures = [item["position"] for item in history if item["event"] == "ProviderFailed"]
        self._evidence.tamper(failures[0], before="quota_exceeded", after="overloaded")
        self._narrator.tell("Every event is under a signature within a second, and the key is not in the database.")

    def _live(self, *runs: Any) -> tuple[Any, tuple[LedgerEntry, ...]]:
        self._narrator.chapter("What is live: as Waybill has it, and by each provider's own account")
        self._narrator.command("installations list")
        installations = self._client.pages("installations", query={}, limit=ENTRIES_MAX)["items"]
        shown = [understood(item, Installation) for item in installations]
        self._narrator.tell(installations_grid(shown, now=datetime.now(UTC)))
        ledger = self._sandbox.ledger()
        self._narrator.tell("")
        self._narrator.tell(ledger_grid(ledger))
        for run in runs:
            check_receipts(understood(run, Run), ledger)
        check_installations(shown, ledger)
        self._narrator.tell("Waybill and the providers say the same, id by id.")
        return installations, ledger

    def _add(self, folder: Path, *, said: str, version: int) -> None:
        document, created = send_skill(self._client, read_folder(folder))
        skill = understood(document, Skill)
        self._narrator.command(f"skills add {said}")
        self._narrator.tell(added_line(skill, created=created))
        expect(
            (skill.version, created) == (version, version > 1), "the same bytes are the same version, others the next"
        )

    def _copy_of(self, name: str) -> Path:
        copy = self._folder / name
        copytree(shared_folder() / "examples" / "skills" / name, copy)
        return copy

    def _run(self, skill: str) -> Any:
        self._narrator.command(f"install {skill} --on {','.join(PROVIDERS)} --wait")
        return self._follow(self._client.post("install-runs", body=_asking_for(skill)))

    def _repair(self, action: str, run: Any, body: dict[str, Any]) -> Any:
        on = f" --on {','.join(body['providers'])}" if body else ""
        self._narrator.command(f"runs {action} {run['id']}{on} --wait")
        return self._follow(self._client.post("install-runs", run["id"], action, body=body or None))

    def _follow(self, answer: Answer) -> Any:
        return attend(
            self._client,
            understood(answer.body, Run).id,
            console=self._narrator.console,
            timeout_seconds=RUN_SECONDS,
            first=answer.body,
        )


def _asking_for(skill: str) -> dict[str, Any]:
    return {"skill": skill, "providers": list(PROVIDERS)}
