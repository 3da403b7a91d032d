"""`waybill runs`: list, show, watch; what changes a run stands in `run_repairs.py`."""

from datetime import UTC, datetime
from typing import Final

import rich_click as click

from workers.terminal.answers import Run, understood
from workers.terminal.command import Terminal, api_command
from workers.terminal.install import timeout_option, watch_to_the_end
from workers.terminal.listing import limit_option, search_option, show_list, since_option, until_option
from workers.terminal.run_repairs import cancel, retry, rollback
from workers.terminal.run_view import next_steps, run_page, runs_grid

STATUSES: Final = ("queued", "running", "success", "failed", "partial_failed")
KINDS: Final = ("install", "uninstall", "rollback")


@click.group()
def runs() -> None:
    """Look at install runs, follow them, and repair what failed."""


@runs.command("list")
@click.option("--status", multiple=True, type=click.Choice(STATUSES), help="Only these; may be repeated: any of them.")
@click.option("--kind", multiple=True, type=click.Choice(KINDS), help="Only those that install, remove, or take back.")
@click.option("--skill", multiple=True, help="Only those of this skill, by name or id; may be repeated.")
@click.option("--provider", multiple=True, help="Only those with this provider, by name or id; may be repeated.")
@click.option("--actor", multiple=True, metavar="KEY_ID", help="Only those that this key asked for; may be repeated.")
@click.option(
    "--code",
    multiple=True,
    metavar="CODE",
    help="Only those with a target that failed with this code (too_large:provider); may be repeated: any of them.",
)
@search_option(
    "the name of the skill, a provider or who asked, or with this id, or its beginning, or this of a provider's request"
)
@since_option
@until_option
@limit_option
@api_command
def list_runs(terminal: Terminal, *, limit: int, **filters: str | tuple[str, ...] | None) -> None:
    """List the runs, the newest first."""
    show_list(
        terminal,
        ("install-runs",),
        filters,
        limit=limit,
        shape=Run,
        grid=lambda items: runs_grid(items, now=datetime.now(UTC)),
        empty="There is no such run."
        if any(filters.values())
        else "There is no run yet: waybill install SKILL --on PROVIDER",
    )


@runs.command("show")
@click.argument("run")
@api_command
def show(terminal: Terminal, *, run: str) -> None:
    """Show one RUN: its targets, how each ended, and what to do about it."""
    document = terminal.client.get("install-runs", run)
    shown = understood(document, Run)
    terminal.screen.show(document, run_page(shown, now=datetime.now(UTC)))
    for command, purpose in next_steps(shown):
        terminal.screen.hint(command, purpose=purpose)


@runs.command("watch")
@click.argument("run")
@timeout_option
@api_command
def watch(terminal: Terminal, *, run: str, timeout_seconds: float) -> None:
    """Follow one RUN until it ends.

    With --json every change is one line of JSON, the run as it is then. The exit code says how the run ended: 0 success,
    5 failed, 6 failed at some providers.
    """
    watch_to_the_end(terminal, run, timeout_seconds=timeout_seconds)


for command in (cancel, retry, rollback):
    runs.add_command(command)
