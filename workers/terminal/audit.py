"""`waybill audit`: who did what to what, and how it went."""

from collections.abc import Sequence
from typing import Final

import rich_click as click
from rich.text import Text

from workers.terminal.answers import AuditEntry
from workers.terminal.command import Terminal, api_command
from workers.terminal.grid import Grid
from workers.terminal.listing import limit_option, search_option, show_list, since_option, until_option
from workers.terminal.wording import moment, printable, status_text

RESULTS: Final = ("success", "failure", "denied")


@click.group()
def audit() -> None:
    """Look at the audit log."""


@audit.command("list")
@click.option("--actor", multiple=True, metavar="KEY_ID", help="Only what this key, or this part of Waybill, did.")
@click.option("--action", multiple=True, help="Only this: skill.registered, install_run.queued, access.denied, ...")
@click.option("--target", multiple=True, help="Only what was done to this: skill:NAME, provider:NAME, install_run:ID.")
@click.option("--result", multiple=True, type=click.Choice(RESULTS), help="Only what went like this.")
@click.option("--code", multiple=True, help="Only with this error code.")
@search_option(
    "the action, or in the name of who did it or of what it was done to, or with this id of a run or request"
)
@since_option
@until_option
@limit_option
@api_command
def list_entries(terminal: Terminal, *, limit: int, **filters: str | tuple[str, ...] | None) -> None:
    """List the entries, the newest first; denied requests are among them. An option that is repeated means any of these."""
    show_list(
        terminal,
        ("audit-log",),
        filters,
        limit=limit,
        shape=AuditEntry,
        grid=audit_grid,
        empty="There is no such entry.",
    )


def audit_grid(entries: Sequence[AuditEntry]) -> Grid:
    rows = [
        (
            str(entry.position),
            moment(entry.at),
            printable(entry.actor.name),
            printable(entry.action),
            status_text(entry.result),
            Text(printable(entry.code or ""), style="red"),
            printable(entry.target),
        )
        for entry in entries
    ]
    return Grid(("POSITION", "TIME (UTC)", "WHO", "ACTION", "RESULT", "CODE", "TARGET"), rows, tail=3)
