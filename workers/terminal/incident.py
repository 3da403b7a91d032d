"""`waybill incident`: a case of what happened, to take along and to open elsewhere."""

from typing import Final

import rich_click as click

from workers.terminal.contents import Contents, Entry

CHAPTER: Final = "Cases"


@click.group(cls=Contents)
def incident() -> None:
    """Take a case of what happened with you: its events, their proofs, and a report; and open one, wherever you are."""


incident.add_chapter(
    CHAPTER,
    (
        Entry(
            "export", "workers.terminal.incident_export:export", "Write a case of some runs, or of a time, into a file."
        ),
        Entry("open", "workers.terminal.incident_open:open_case", "Check a case and show it; this needs no server."),
    ),
)
