"""`waybill history`: what happened to a run, event by event."""

from collections.abc import Sequence
from typing import Any

import rich_click as click

from workers.terminal.answers import Event
from workers.terminal.command import Terminal, api_command
from workers.terminal.grid import Grid
from workers.terminal.listing import limit_option, show_list
from workers.terminal.wording import clock, counted, duration, pinned, printable


@click.command("history")
@click.argument("run")
@limit_option
@api_command
def history(terminal: Terminal, *, run: str, limit: int) -> None:
    """Show every event of a RUN, the oldest first; times are in UTC.

    It includes those of the slots that the run held: one for each pair of skill and provider, which one run at a time may
    change.
    """
    show_list(
        terminal,
        ("install-runs", run, "history"),
        {},
        limit=limit,
        shape=Event,
        grid=history_grid,
        empty="There is no event yet.",
    )


def history_grid(events: Sequence[Event]) -> Grid:
    names = _provider_names(events)
    rows = []
    before = None
    for event in events:
        since = "" if before is None else f"+{duration(before.at, event.at)}"
        rows.append(
            (
                str(event.position),
                clock(event.at),
                since,
                printable(event.event),
                printable(event.actor.name),
                printable(describe(event, names)),
            )
        )
        before = event
    return Grid(("POSITION", "TIME (UTC)", "AFTER", "EVENT", "WHO", "WHAT"), rows)


def describe(event: Event, provider_names: dict[str, str]) -> str:
    """In a few words; nothing for an event that this version does not know or that its name says all about."""
    data = event.data
    at = provider_names.get(str(data.get("providerId")), "")
    match event.event, data:
        case "RunQueued", {"skill": {"name": str(name), "version": int(version)}}:
            kind = "" if data.get("kind", "install") == "install" else f"{data['kind']} "
            return f"{kind}{pinned(name, version)} for {', '.join(provider_names.values())}"
        case "ProviderRefused", {"code": str(code)}:
            return f"{at}: {code}, so it was not asked"
        case "ProviderStarted", {"attempt": attempt}:
            return f"{at}: attempt {attempt}"
        case "ProviderSucceeded" | "InstallationChanged", {"receipt": {"remoteId": str(remote)} as receipt}:
            version = receipt.get("remoteVersion")
            adopted = ", found there already" if data.get("adopted") else ""
            return f"{at}: {remote}" + (f" version {version}" if version else "") + adopted
        case "ProviderSucceeded", _:
            return f"{at}: nothing was there to remove"
        case "ProviderFailed", {"code": str(code)}:
            return f"{at}: {code}" + (", may have been applied" if data.get("ambiguous") else "")
        case "RunSucceeded" | "RunPartiallyFailed" | "RunFailed", _:
            return _tally(data)
        case "InstallationReserved" | "InstallationAwaited", {"version": version}:
            purpose = f"to remove version {version}" if data.get("removes") else f"for version {version}"
            return f"{at}: {purpose}" if at else purpose
        case "InstallationRemoved", _:
            return at
        case _:
            return ""


def _tally(data: dict[str, Any]) -> str:
    done = [f"{counted(data['succeeded'], 'target')} done"] if isinstance(data.get("succeeded"), int) else []
    failures = data.get("failures")
    undone = [f"{number} x {code}" for code, number in failures.items()] if isinstance(failures, dict) else []
    return ", ".join(done + undone)


def _provider_names(events: Sequence[Event]) -> dict[str, str]:
    """By id: the first event of a run says what its targets are called."""
    for event in events:
        match event.data:
            case {"targets": [*targets]}:
                return {
                    str(target.get("id")): str(target.get("name")) for target in targets if isinstance(target, dict)
                }
    return {}
