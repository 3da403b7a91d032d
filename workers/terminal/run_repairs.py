"""`waybill runs`: cancel, retry, rollback."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import rich_click as click

from workers.terminal.answers import Run, understood
from workers.terminal.client import Answer
from workers.terminal.command import Terminal, api_command
from workers.terminal.install import idempotency_key_option, timeout_option, wait_option, watch_to_the_end
from workers.terminal.run_view import run_page


@click.command("cancel")
@click.argument("run")
@wait_option
@timeout_option
@idempotency_key_option
@api_command
def cancel(terminal: Terminal, *, run: str, wait: bool, timeout_seconds: float, idempotency_key: str | None) -> None:
    """Cancel a RUN: nothing more is begun, and a call that is under way is waited for.

    What has succeeded by then stays, unless the run is all or nothing. With --wait the exit code says how the run ended.
    """
    answer = terminal.client.post("install-runs", run, "cancel", body=None, idempotency_key=idempotency_key)
    shown = understood(answer.body, Run)
    screen = terminal.screen
    if answer.status == HTTPStatus.OK:
        screen.say("It was cancelled already.")
    if wait and not shown.ended:
        watch_to_the_end(terminal, shown.id, timeout_seconds=timeout_seconds, first=answer.body)
    screen.show(answer.body, run_page(shown, now=datetime.now(UTC)))
    if not shown.ended:
        screen.hint(f"waybill runs watch {shown.id}", purpose="A call is under way. Wait for its end")


@click.command("retry")
@click.argument("run")
@wait_option
@timeout_option
@idempotency_key_option
@api_command
def retry(terminal: Terminal, *, run: str, wait: bool, timeout_seconds: float, idempotency_key: str | None) -> None:
    """Try again what failed in a RUN that has ended: a new run of those providers alone, with the same version and policy.

    With --wait the exit code says how the new run ended: 0 success, 5 failed, 6 failed at some providers.
    """
    answer = terminal.client.post("install-runs", run, "retry", body=None, idempotency_key=idempotency_key)
    _follow(terminal, answer, wait=wait, timeout_seconds=timeout_seconds, joined="It was retried already")


@click.command("rollback")
@click.argument("run")
@click.option(
    "--on",
    "on",
    multiple=True,
    metavar="NAME[,NAME]",
    help="Only at these connections. [default: wherever it succeeded]",
)
@wait_option
@timeout_option
@idempotency_key_option
@api_command
def rollback(
    terminal: Terminal,
    *,
    run: str,
    on: tuple[str, ...],
    wait: bool,
    timeout_seconds: float,
    idempotency_key: str | None,
) -> None:
    """Take back what a RUN installed: a new run that goes back to the version before, or to nothing if there was none.

    With --wait the exit code says how that went: 0 success, 5 failed, 6 failed at some providers. One that failed can be asked
    for again.
    """
    names = [part.strip() for part in ",".join(on).split(",") if part.strip()]
    body: dict[str, Any] | None = {"providers": names} if names else None
    answer = terminal.client.post("install-runs", run, "rollback", body=body, idempotency_key=idempotency_key)
    _follow(terminal, answer, wait=wait, timeout_seconds=timeout_seconds, joined="It was asked for already")


def _follow(terminal: Terminal, answer: Answer, *, wait: bool, timeout_seconds: float, joined: str) -> None:
    """Show the new run, or follow it to its end and leave with its exit code."""
    shown = understood(answer.body, Run)
    screen = terminal.screen
    if answer.status == HTTPStatus.OK:
        screen.say(f"{joined}; this is that run.")
    if wait:
        watch_to_the_end(terminal, shown.id, timeout_seconds=timeout_seconds, first=answer.body)
    screen.show(answer.body, run_page(shown, now=datetime.now(UTC)))
    screen.hint(f"waybill runs watch {shown.id}", purpose="Follow it")
