"""`waybill audit`: who did what to what, and how it went."""

from collections.abc import Sequence

import rich_click as click
from rich.text import Text

from workers.terminal.answers import AuditEntry
from workers.terminal.audit_filters import Filters, audit_filters
from workers.terminal.command import Terminal, api_command
from workers.terminal.contents import Contents, Entry
from workers.terminal.grid import Grid
from workers.terminal.listing import limit_option, show_list
from workers.terminal.wording import moment, printable, status_text


@click.group(cls=Contents)
def audit() -> None:
    """Look at the audit log, take it with you, and prove that nobody has changed it."""


@audit.command("list", panel="Look at it")
@audit_filters
@limit_option
@api_command
def list_entries(terminal: Terminal, *, limit: int, filters: Filters) -> None:
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


audit.add_chapter(
    "Take it with you",
    (Entry("export", "workers.terminal.audit_export:export", "Write it into a file, as JSON lines or CSV."),),
)
audit.add_chapter(
    "Prove it",
    (
        Entry("verify", "workers.terminal.audit_verify:verify", "Compare every event with what was signed."),
        Entry("prove", "workers.terminal.audit_prove:prove", "Write a proof of one event into a file."),
        Entry("check", "workers.terminal.audit_check:check", "Check such a proof, without the database."),
        Entry("key", "workers.terminal.audit_key:key", "Print the notary's public key, which proofs are checked with."),
    ),
)
