"""`waybill replay diff`: what changed about a run between two moments, event by event."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import msgspec
import rich_click as click
from rich.console import Group, RenderableType
from rich.text import Text

from workers.terminal.answers import Run, understood
from workers.terminal.command import Terminal, api_command
from workers.terminal.grid import Grid
from workers.terminal.replay_answers import Change, RunDiff, RunState
from workers.terminal.replay_moments import PastMoment, instant, warnings
from workers.terminal.wording import clock, counted, printable, short_digest

VALUE_CHARS_MAX: Final = 60
# Beside this there is room for an id on any terminal.
FIELD_WIDTH_MAX: Final = 28
DIGEST: Final = "sha256:"
# It changes with every event, and says nothing that the event's own line does not say.
UNSAID: Final = "/position"
# With these changes a thing begins: the run with any of its first event, and a pair with its place in the order of its kind.
FIRST: Final = "RunQueued"
FIRST_OF_PAIR: Final = "/begunPosition"
PAIR: Final = "installation:"
NOTHING: Final = (None, "")


@click.command("diff")
@click.argument("run")
@click.argument("since", metavar="A", type=PastMoment())
@click.argument("until", metavar="[B]", type=PastMoment(), required=False)
@api_command
def diff(terminal: Terminal, *, run: str, since: str, until: str | None) -> None:
    """Show what changed about a RUN from moment A to moment B, and which event changed it; without B until now.

    A moment is a position (42), a time (2026-11-22T03:00:00Z) or an age (15m); 0 is before everything. Compared are the run as it is
    shown, what Waybill decides by (state), and what is live at each provider.
    """
    document = terminal.client.get("install-runs", run, "diff", query={"from": since, "to": until})
    found = understood(document, RunDiff)
    names = {} if terminal.screen.as_json else _names(terminal, run, found)
    terminal.screen.show(document, diff_page(found, names))
    for line in warnings(found.broken):
        terminal.screen.say(line)


def diff_page(found: RunDiff, names: Mapping[str, str]) -> RenderableType:
    """`names` are those of the targets, by their place in the run."""
    shown = _worth_showing(found.changes)
    width = min(max((len(_field(change, names)) for change in shown), default=0), FIELD_WIDTH_MAX)
    parts: list[RenderableType] = [_head(found, shown)]
    for position, changes in groupby(shown, key=lambda change: change.event.position):
        together = list(changes)
        event = together[0].event
        title = Text.assemble((f"{position}", "dim"), f"  {clock(event.at)}  ", (printable(event.event), "bold"))
        parts += [Text(), title, Grid((), list(_rows(together, names, width=width)))]
    return Group(*parts)


def _head(found: RunDiff, shown: Sequence[Change]) -> Text:
    span = f"From {_moment(found.from_.position, found.from_.at)} to {_moment(found.to.position, found.to.at)}"
    what = counted(len(shown), "field") + " changed" if shown else "nothing changed"
    return Text(f"{span}: {counted(len(found.events), 'event')}, {what}.")


def _moment(position: int, at: Any) -> str:
    return f"position {position}" + (f" ({instant(at)})" if at is not None else "")


def _worth_showing(changes: Iterable[Change]) -> list[Change]:
    """Of what changed alike in the run as it is shown and in the state behind it, once is enough."""
    kept = [change for change in changes if change.path != UNSAID]
    seen = {(change.path, _plain(change.after)) for change in kept if change.of == "run"}
    return [change for change in kept if change.of != "state" or (change.path, _plain(change.after)) not in seen]


def _rows(changes: Sequence[Change], names: Mapping[str, str], *, width: int) -> Iterator[tuple[str, Text, str, Text]]:
    """All fields take this width, so that their values stand below each other. What begins with the event has too many to be told
    one by one, and most of them say nothing yet.
    """
    for of, group in groupby(changes, key=lambda change: change.of):
        of_one = list(group)
        if any(change.event.event == FIRST or change.path == FIRST_OF_PAIR for change in of_one):
            what = _provider(of) if of.startswith(PAIR) else ""
            words = Text(f"+ begins here, with {counted(len(of_one), 'field')}", style="green")
            yield "", _kind(of), what.ljust(width), words
        else:
            yield from (("", _kind(of), _field(change, names).ljust(width), _words(change)) for change in of_one)


def _words(change: Change) -> Text:
    words = Text()
    if change.before in NOTHING:
        words.append(f"+ {_plain(change.after)}", style="green")
    elif change.after in NOTHING:
        words.append(f"- {_plain(change.before)}", style="red")
    else:
        words.append(_plain(change.before), style="red").append(" → ").append(_plain(change.after), style="green")
    if change.times > 1:
        words.append(f" (changed {change.times} times)", style="dim")
    return words


def _kind(of: str) -> Text:
    return Text("live " if of.startswith(PAIR) else printable(of).ljust(len("state")), style="cyan")


def _provider(of: str) -> str:
    """The skill is the same everywhere."""
    return printable(of.rpartition("@")[2])


def _field(change: Change, names: Mapping[str, str]) -> str:
    """`/targets/0/status` as `openai status`; a JSON pointer is for programs."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in change.path.split("/")[1:]]
    if change.of.startswith(PAIR):
        steps = [_provider(change.of), *steps]
    elif steps[0] == "targets" and len(steps) > 1:
        steps = [names.get(steps[1], f"target {steps[1]}"), *steps[2:]]
    return printable(" ".join(steps))


def _plain(value: Any) -> str:
    """On one line; what is long is cut, and whole with --json."""
    text = printable(value if isinstance(value, str) else msgspec.json.encode(value).decode())
    if text.startswith(DIGEST):
        return short_digest(text)
    return text if len(text) <= VALUE_CHARS_MAX else f"{text[:VALUE_CHARS_MAX]} …"


def _names(terminal: Terminal, run: str, found: RunDiff) -> dict[str, str]:
    state = understood(terminal.client.get("install-runs", run, "state", query={"at": found.to.position}), RunState)
    known: Run | None = state.run
    return {} if known is None else {str(index): target.provider.name for index, target in enumerate(known.targets)}
