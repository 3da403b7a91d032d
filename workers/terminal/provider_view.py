"""A provider connection as people read it, and how a command ends that had it verified."""

from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from workers.terminal.advice import advice_for
from workers.terminal.answers import Provider, understood
from workers.terminal.command import Terminal, leave
from workers.terminal.exit_codes import ExitCode
from workers.terminal.grid import Grid, facts
from workers.terminal.wording import ago, moment, printable, status_text


def show_verified(terminal: Terminal, document: object) -> Provider:
    """Show the connection; if its verification failed, say what to do and end the command with that exit code."""
    provider = understood(document, Provider)
    terminal.screen.show(document, provider_page(provider))
    if provider.verification.status == "failed":
        advice = advice_for(provider.verification.code or "") or "The connection could not be verified."
        terminal.screen.say(advice)
        if provider.active:
            terminal.screen.say("It stays in use: this says nothing against its settings.")
        leave(ExitCode.FAILED)
    return provider


def providers_grid(items: list[Provider]) -> Grid:
    rows = [
        (printable(provider.name), printable(provider.kind), _state(provider), _verified(provider))
        for provider in items
    ]
    return Grid(("NAME", "KIND", "STATE", "VERIFICATION"), rows)


def provider_page(provider: Provider) -> RenderableType:
    at = provider.verification.at
    pairs: list[tuple[str, Any]] = [
        ("provider", printable(provider.name)),
        ("id", provider.id),
        ("kind", printable(provider.kind)),
        ("state", _state(provider)),
        ("verification", _verified(provider)),
        ("verified", "never" if at is None else ago(at, now=datetime.now(UTC))),
        ("base URL", printable(provider.base_url)),
    ]
    optional = (
        ("organization", provider.organization),
        ("project", provider.project),
        ("base agent", provider.base_agent),
    )
    pairs += [(label, printable(value)) for label, value in optional if value is not None]
    pairs.append(("at once", str(provider.concurrency_max)))
    return Group(facts(pairs))


def _state(provider: Provider) -> Text:
    state = status_text("active" if provider.active else "inactive")
    if provider.shelved:
        state.append(" (deactivated by a person)")
    if provider.paused:
        until = "until it is resumed" if provider.paused_until is None else f"until {moment(provider.paused_until)} UTC"
        whose = ", as the provider asked" if provider.paused_by == "provider" else ""
        state.append(f", paused {until}{whose}", style="yellow")
    return state


def _verified(provider: Provider) -> str:
    verification = provider.verification
    said = f": {printable(verification.message)}" if verification.message else ""
    return printable(verification.status) + (f" {printable(verification.code)}{said}" if verification.code else "")
