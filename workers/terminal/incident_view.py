"""How a case looks on a terminal: whether it holds, what happened, and what to do next."""

from collections.abc import Iterator
from datetime import UTC
from itertools import pairwise
from typing import Any, Final

from rich.console import RenderableType
from rich.text import Text

from adapters.cases.lanes import Lane, Phase
from adapters.cases.story import Story
from workers.terminal.event_wording import STYLES
from workers.terminal.grid import Cell, Grid, facts
from workers.terminal.screen import Screen
from workers.terminal.wording import clock, duration, moment, printable, status_text

RUNS_SHOWN_MAX: Final = 20
LANES_SHOWN_MAX: Final = 60


def put_case(screen: Screen, story: Story, *, document: dict[str, Any], limit: int) -> None:
    screen.show(document, *_parts(story, limit=limit))
    if not story.pinned and story.case.public_key is not None:
        screen.say(
            "The key that it was checked with came in the case itself. Compare it with one from a place you trust:"
        )
        screen.say(Text(printable(story.case.public_key)))
    if len(story.events) > limit:
        screen.say(f"There are {len(story.events) - limit} more events: --limit {len(story.events)}, or --html FILE")


def _parts(story: Story, *, limit: int) -> Iterator[RenderableType]:
    yield Text(printable(story.title), style="bold")
    for told in story.runs[:RUNS_SHOWN_MAX]:
        yield Text(printable(told.sentence))
    yield Text()
    yield from _verdict(story)
    yield Text()
    yield facts(list(_facts(story)))
    if story.troubles:
        yield Text()
        yield _troubles(story)
    if story.lanes:
        yield Text()
        yield _lanes(story.lanes[:LANES_SHOWN_MAX])
    if limit and story.events:
        yield Text()
        yield _events(story, limit=limit)


def _verdict(story: Story) -> Iterator[RenderableType]:
    checks = story.checks or ()
    holds = all(check.passed for check in checks)
    if holds:
        yield Text("✔ This case holds: nothing in it was changed since it was sealed.", style="green")
    else:
        yield Text("✘ This case does not hold: do not rely on it.", style="bold red")
    rows: list[tuple[Cell, ...]] = []
    for check in checks:
        mark = Text("✔", style="green") if check.passed else Text("✘", style="red")
        rows.append((mark, check.name, printable(check.said)))
        rows += [(Text(), Text(), Text(printable(finding), style="red")) for finding in check.findings[1:]]
    yield Grid(("", "CHECK", "FOUND"), rows)


def _facts(story: Story) -> Iterator[tuple[str, str | Text]]:
    case = story.case
    for told in story.runs[:RUNS_SHOWN_MAX]:
        yield "run", Text.assemble(f"{told.run.id} ", status_text(told.run.status))
        yield "asked by", f"{printable(told.run.requested_by.name)} at {moment(told.run.queued_at)} UTC"
    if len(story.runs) > RUNS_SHOWN_MAX:
        yield "runs", f"{len(story.runs) - RUNS_SHOWN_MAX} more"
    if story.events:
        yield "events", f"{len(story.events)}, from position {story.events[0].position} to {story.events[-1].position}"
    if withheld := sum(event.withheld is not None for event in case.events):
        yield "withheld", f"{withheld} of them, which hold the hash of a key or of somebody's words"
    who = f"{printable(case.exported.name)} ({printable(case.exported.by)})"
    yield "exported", f"{moment(case.exported.at)} UTC by {who}, up to position {case.up_to_position}"


def _troubles(story: Story) -> Grid:
    rows = [
        (
            Text(printable(trouble.code), style="red"),
            printable(", ".join(trouble.places)),
            printable(f"{trouble.said} {trouble.advice}".strip()),
        )
        for trouble in story.troubles
    ]
    return Grid(("CODE", "WHERE", "WHAT WAS SAID, AND WHAT TO DO"), rows)


def _lanes(lanes: tuple[Lane, ...]) -> Grid:
    phases = tuple(Phase)
    rows: list[tuple[Cell, ...]] = []
    for lane in lanes:
        status = {"done": "success", "failed": "failed", None: "running"}[lane.ending]
        spent = (_spent(lane, phase) for phase in phases)
        rows.append((printable(lane.target.name), status_text(status), str(lane.attempts), *spent))
    return Grid(("TARGET", "ENDED", "ATTEMPTS", *(str(phase).upper() for phase in phases)), rows)


def _spent(lane: Lane, phase: Phase) -> str:
    spells = [spell for spell in lane.spells if spell.phase is phase]
    if not spells:
        return ""
    begin = spells[0].since
    return duration(begin, begin + sum((spell.until - spell.since for spell in spells), begin - begin))


def _events(story: Story, *, limit: int) -> Grid:
    events = story.events[:limit]
    when = clock if len({event.at.astimezone(UTC).date() for event in events}) == 1 else moment
    after = ["", *(f"+{duration(former.at, later.at)}" for former, later in pairwise(events))]
    rows = [
        (
            str(event.position),
            when(event.at),
            since,
            Text(printable(event.name), style=STYLES.get(event.name, "")),
            printable(event.who),
            printable(event.what),
        )
        for event, since in zip(events, after, strict=True)
    ]
    return Grid(("POSITION", "TIME (UTC)", "AFTER", "EVENT", "WHO", "WHAT"), rows, tail=2)
