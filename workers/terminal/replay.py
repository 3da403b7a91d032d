"""`waybill replay`: its table of contents."""

import rich_click as click

from workers.terminal.contents import Contents, Entry


@click.group(cls=Contents)
def replay() -> None:
    """See how a run was at any moment of the past, what changed it, and why it went as it did."""


replay.add_chapter(
    "Look back",
    (
        Entry("state", "workers.terminal.replay_state:state", "Show a run as it was at a position or a time."),
        Entry(
            "diff", "workers.terminal.replay_diff:diff", "Show what changed about a run, and which event changed it."
        ),
        Entry("why", "workers.terminal.replay_why:why", "Show why a run went as it did, and what took long."),
    ),
)
replay.add_chapter(
    "Look on",
    (Entry("follow", "workers.terminal.replay_follow:follow", "Follow the events as they happen, with filters."),),
)
