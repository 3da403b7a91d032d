"""`waybill replay state`: a run as it was at a moment."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import rich_click as click
from rich.console import Group, RenderableType
from rich.text import Text

from workers.terminal.answers import Run, understood
from workers.terminal.command import Terminal, api_command
from workers.terminal.grid import Grid, facts
from workers.terminal.replay_answers import InstallationThen, RunState
from workers.terminal.replay_moments import PastMoment, instant, target_names, warnings
from workers.terminal.run_view import sentence, targets_grid
from workers.terminal.wording import clock, counted, pinned, printable, short_digest, status_text


@click.command("state")
@click.argument("run")
@click.option(
    "--at", type=PastMoment(), metavar="POSITION|TIME|AGE", help="The moment: 42, 2026-11-22T03:00, 15m. [default: now]"
)
@api_command
def state(terminal: Terminal, *, run: str, at: str | None) -> None:
    """Show a RUN as it was at a moment, also where the read models are behind or broken.

    It is folded from the events that had been stored by then: the run as it was shown, what Waybill decided by, and what was live
    at each provider. A time counts up to the first event that is later.
    """
    document = terminal.client.get("install-runs", run, "state", query={"at": at})
    then = understood(document, RunState)
    terminal.screen.show(document, state_page(then))
    for line in warnings(then.broken):
        terminal.screen.say(line)
    terminal.screen.hint(f"waybill replay diff {run} {then.position}", purpose="\nWhat has changed since")
    terminal.screen.hint(f"waybill replay why {run}", purpose="Why it went so")


def state_page(then: RunState) -> RenderableType:
    parts: list[RenderableType] = [facts(_head(then))]
    if then.run is not None:
        now = then.at or then.run.queued_at
        parts += [Text(), targets_grid(then.run, now=now), Text(), Text(sentence(then.run, now=now))]
    if grounds := _grounds(then):
        parts += [Text(), grounds]
    if then.installations:
        parts += [Text(), _installations(then)]
    return Group(*parts)


def _head(then: RunState) -> list[tuple[str, str | Text]]:
    pairs: list[tuple[str, str | Text]] = [
        ("moment", f"position {then.position}, {_time_of(then)}, after {counted(then.events, 'event')} of the run")
    ]
    if then.run is not None:
        pairs += _run_facts(then.run)
    return pairs + [(label, value) for label, value in _deadlines(then.state) if value]


def _time_of(then: RunState) -> str:
    return "whose event is not in the store" if then.at is None else instant(then.at)


def _run_facts(run: Run) -> list[tuple[str, str | Text]]:
    pairs: list[tuple[str, str | Text]] = [
        ("run", run.id),
        ("kind", printable(run.kind)),
        ("status", status_text(run.status)),
        ("skill", f"{pinned(run.skill.name, run.skill.version)} ({short_digest(run.skill.digest)})"),
        ("requested", f"{instant(run.queued_at)} by {printable(run.requested_by.name)}"),
    ]
    return pairs if run.reason is None else [*pairs, ("reason", printable(run.reason))]


def _deadlines(state: Mapping[str, Any]) -> list[tuple[str, str]]:
    notes = [
        words
        for name, words in (("cancelled", "cancelled"), ("takesBack", "takes back its own work"))
        if state.get(name)
    ]
    return [
        ("to start by", _time(state.get("startBy"))),
        ("to end by", _time(state.get("endBy"))),
        ("besides", ", ".join(notes)),
    ]


def _grounds(then: RunState) -> Grid | None:
    """The targets where an attempt was under way, or whose outcome nobody knew."""
    names = target_names(then.run)
    rows = [
        (
            printable(names.get(str(target.get("target", {}).get("id")), "?")),
            printable(str(target.get("attemptId") or "-")),
            _clock(target.get("leaseUntil")),
            _clock(target.get("doubtfulSince")),
        )
        for target in then.state.get("targets", ())
        if target.get("leaseUntil") or target.get("doubtfulSince")
    ]
    return Grid(("PROVIDER", "ATTEMPT", "LEASE UNTIL", "IN DOUBT SINCE"), rows) if rows else None


def _installations(then: RunState) -> Grid:
    rows = [(printable(one.name), _live(one), _holder(one, then)) for one in then.installations]
    return Grid(("INSTALLATION", "LIVE", "AT WORK"), rows)


def _live(one: InstallationThen) -> Text:
    if not one.live:
        return Text("nothing", style="dim")
    return Text(f"v{one.version}" + ("" if one.drift == "none" else f" ({printable(one.drift)})"))


def _holder(one: InstallationThen, then: RunState) -> str:
    """Who holds the slot, who waits for it, and what may have been put there without anybody knowing."""
    said = ["nobody" if one.active_run_id is None else _named(one.active_run_id, then)]
    if one.waiting:
        said.append("then " + ", ".join(_named(run, then) for run in one.waiting))
    if one.doubtful_since is not None:
        versions = ", ".join(f"v{version}" for version in one.doubtful_versions)
        said.append(f"{versions} may have been put there since {clock(one.doubtful_since)}")
    return "; ".join(said)


def _named(run_id: str, then: RunState) -> str:
    return "this run" if then.run is not None and run_id == then.run.id else f"run {printable(run_id)}"


def _time(text: Any) -> str:
    return instant(datetime.fromisoformat(text)) if isinstance(text, str) else ""


def _clock(text: Any) -> str:
    return clock(datetime.fromisoformat(text)) if isinstance(text, str) else "-"
