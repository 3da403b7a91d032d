"""`waybill audit`: who did what to what, and how it went."""

from collections.abc import Sequence

import rich_click as click
from rich.text import Text

from workers.terminal.answers import AuditEntry
from workers.terminal.command import Terminal, api_command
from workers.terminal.grid import Grid
from workers.terminal.listing import limit_option, show_list, since_option, until_option
from workers.terminal.wording import moment, printable, status_text


@click.group()
def audit() -> None:
    """Look at the audit log."""


@audit.command("list")
@click.option("--actor", metavar="KEY_ID", help="Only what this key, or this part of Waybill, did.")
@click.option("--action", help="Only this: skill.registered, install_run.queued, access.denied, ...")
@click.option("--target", help="Only what was done to this: skill:NAME, provider:NAME, install_run:ID.")
@click.option("--result", type=click.Choice(("success", "failure", "denied")), help="Only what went like this.")
@click.option("--code", help="Only with this error code.")
@since_option
@until_option
@limit_option
@api_command
def list_entries(terminal: Terminal, *, limit: int, **filters: str | None) -> None:
    """List the entries, the newest first; denied requests are among them."""
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
