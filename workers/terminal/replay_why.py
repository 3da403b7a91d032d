"""`waybill replay why`: the tree of what caused what in a run, and what took long."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import rich_click as click
from rich.console import Group, RenderableType
from rich.text import Text

from workers.terminal.answers import understood
from workers.terminal.cause_lines import CauseLines
from workers.terminal.cause_wording import BAD, SPENT, spell
from workers.terminal.command import Terminal, api_command
from workers.terminal.replay_answers import CauseNode, RunCauses
from workers.terminal.run_view import sentence
from workers.terminal.wording import printable, status_text

LEGEND: Final = "● on the way that decided when it ended   ○ beside it   ◂ took long"
# Less than this of the time is not worth a word.
SHARE_MIN: Final = 0.05
OTHERS_MAX: Final = 3


@click.command("why")
@click.argument("run")
@api_command
def why(terminal: Terminal, *, run: str) -> None:
    """Show why a RUN went as it did: from who asked for it to its end, each event below what caused it.

    Beside each event stands how long after its cause it came. Times are in UTC.
    """
    document = terminal.client.get("install-runs", run, "why")
    found = understood(document, RunCauses)
    terminal.screen.show(document, why_page(found, now=datetime.now(UTC)))
    if found.omitted:
        terminal.screen.say(
            f"{found.omitted} events are left out: `waybill history {printable(run)} --all` has all of them."
        )
    if found.stale:
        terminal.screen.say("The read side is behind: what was stored last outside of this run may be missing.")
    for command, purpose in _next_steps(run, found):
        terminal.screen.hint(command, purpose=purpose)


def why_page(found: RunCauses, *, now: datetime) -> RenderableType:
    parts: list[RenderableType] = []
    if found.run is not None:
        parts.append(status_text(found.run.status).append(f"  {sentence(found.run, now=now)}", style="default"))
    nodes = [node for root in found.roots for node in _all_of(root)]
    parts += [Text(line) for line in (_time_spent(found, nodes), _quiet(found, nodes, now=now)) if line]
    parts += [Text(), CauseLines(found.roots), Text(), Text(LEGEND, style="dim")]
    return Group(*parts)


def _time_spent(found: RunCauses, nodes: Sequence[CauseNode]) -> str:
    """Where the time went, on the way to the end, or to what happened last."""
    critical = [node for node in nodes if node.critical]
    whole = (critical[-1].at - critical[0].at).total_seconds() if critical else 0.0
    if not whole:
        return ""
    spent: dict[str, float] = {}
    for node in critical[1:]:
        if node.spent is not None:
            spent[node.spent] = spent.get(node.spent, 0.0) + (node.after_seconds or 0.0)
    parts = [
        f"{spell(seconds)} {SPENT.get(what, what)}"
        for what, seconds in sorted(spent.items(), key=lambda item: -item[1])
        if seconds >= whole * SHARE_MIN
    ]
    verb = "It took" if found.run is None or found.run.ended else "So far it has taken"
    return f"{verb} {spell(whole)}" + (f": {', '.join(parts)}." if parts else ".")


def _quiet(found: RunCauses, nodes: Sequence[CauseNode], *, now: datetime) -> str:
    """For one that is not at its end: since when nothing has happened."""
    if found.run is None or found.run.ended or not nodes:
        return ""
    last = max(nodes, key=lambda node: node.position)
    return (
        f"Nothing has happened for {spell(max((now - last.at).total_seconds(), 0.0))}, since {printable(last.event)}."
    )


def _next_steps(run: str, found: RunCauses) -> Iterator[tuple[str, str]]:
    nodes = [node for root in found.roots for node in _all_of(root)]
    bad = [node for node in nodes if node.event in BAD and node.provider]
    # The one that decided how it ended, if any did.
    if failed := next((node for node in reversed(bad) if node.critical), bad[-1] if bad else None):
        yield f"waybill replay state {run} --at {failed.position}", "\nHow it was when that failed"
    others = dict.fromkeys(link.run_id for node in nodes for link in node.also if link.run_id not in (None, run))
    for other in list(others)[:OTHERS_MAX]:
        yield f"waybill replay why {other}", "Why that run went so"


def _all_of(node: CauseNode) -> Iterator[CauseNode]:
    yield node
    for child in node.children:
        yield from _all_of(child)
