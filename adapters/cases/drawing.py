"""The timeline: a lane for each target, on it what it did when, and every event as a mark."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

from adapters.cases.lanes import Lane, Phase, Spell, times_of
from adapters.cases.markup import Markup, joined, tag
from adapters.cases.scale import Scale
from adapters.cases.story import Story, ToldEvent, ToldRun
from adapters.cases.wording import clock, counted, lasted, moment, shortened

WIDTH: Final = 1000
LEFT: Final = 186.0
RIGHT: Final = 96.0
PLOT: Final = WIDTH - LEFT - RIGHT
AXIS: Final = 30.0
ROW: Final = 24.0
HEAD: Final = 30.0
BAR: Final = 14.0
CUT: Final = 18.0
# What is shorter than that would not be seen.
BAR_WIDTH_MIN: Final = 3.0
NUMBER_WIDTH_MIN: Final = 16.0
NAME_CHARS_MAX: Final = 24
LANES_DRAWN_MAX: Final = 240
MARKS_DRAWN_MAX: Final = 5_000
# Beside the bars, so that none hides what was short.
MARK_BELOW: Final = 3.0
MARK_RADIUS: Final = 2.2

CLASSES: Final[Mapping[Phase, str]] = {
    Phase.WAITING: "waiting",
    Phase.IN_NATS: "nats",
    Phase.RUNNING: "running",
    Phase.BACKING_OFF: "backoff",
}
# Told apart also by who does not see the colours.
PATTERNS: Final[Mapping[Phase, str]] = {Phase.IN_NATS: "dots", Phase.BACKING_OFF: "hatch"}
ENDINGS: Final = {"done": "✔ done", "failed": "✘ failed", None: "… open"}


def timeline(story: Story) -> Markup | None:
    """None if nothing happened."""
    lanes, events = story.lanes[:LANES_DRAWN_MAX], _drawn_events(story)
    spans = [*times_of(lanes), *((event.at, event.at) for event in events)]
    if not spans:
        return None
    drawing = _Drawing(Scale(spans, width=PLOT), events)
    return drawing.drawn(story.runs, lanes)


def left_out(story: Story) -> str:
    """What has no place in the drawing, in words; empty if everything has."""
    lanes, marks = len(story.lanes) - LANES_DRAWN_MAX, len(story.events) - len(_drawn_events(story))
    missing = [counted(number, noun) for number, noun in ((lanes, "target"), (marks, "event")) if number > 0]
    return f"Not drawn: {' and '.join(missing)} of other times; the table has them." if missing else ""


def _drawn_events(story: Story) -> Sequence[ToldEvent]:
    """Those of the time that it is about: a skill may be years older than the run that failed."""
    scope = story.case.scope
    of_runs = [event.at for event in story.events if event.run_id is not None]
    begin = scope.since or min(of_runs, default=None)
    end = (scope.until or story.case.exported.at) if scope.since else max(of_runs, default=None)
    drawn = [
        event
        for event in story.events
        if event.run_id is not None or ((begin is None or event.at >= begin) and (end is None or event.at <= end))
    ]
    return drawn[:MARKS_DRAWN_MAX]


def swatch(phase: Phase) -> Markup:
    """How a phase looks, for the legend."""
    return tag("svg", *_bar(phase, x=0.0, y=0.0, width=22.0, title=None), class_="swatch", viewBox="0 0 22 14")


def patterns() -> Markup:
    """What the bars of this page are filled with besides their colour."""
    hatch = tag("path", d="M-1 7 L7 -1 M5 9 L9 5", class_="ink")
    dots = joined(tag("circle", cx=2, cy=2, r=1, class_="dot"), tag("circle", cx=5, cy=5, r=1, class_="dot"))
    return tag(
        "defs",
        tag("pattern", hatch, id="hatch", width=8, height=8, patternUnits="userSpaceOnUse"),
        tag("pattern", dots, id="dots", width=6, height=6, patternUnits="userSpaceOnUse"),
    )


class _Drawing:
    def __init__(self, scale: Scale, events: Sequence[ToldEvent]) -> None:
        self._scale = scale
        self._marks: dict[tuple[UUID | None, UUID | None], list[ToldEvent]] = defaultdict(list)
        for event in events:
            self._marks[event.run_id, event.provider_id if event.run_id else None].append(event)

    def drawn(self, runs: Sequence[ToldRun], lanes: Sequence[Lane]) -> Markup:
        rows: list[Markup] = []
        y = AXIS
        by_run: dict[UUID, list[Lane]] = defaultdict(list)
        for lane in lanes:
            by_run[lane.run_id].append(lane)
        drawn = {(run_id, lane.target.id) for run_id, of_run in by_run.items() for lane in of_run}
        if beside := [
            event
            for place, events in self._marks.items()
            if place not in drawn and place[0] not in by_run
            for event in events
        ]:
            rows.append(self._head("everything else", counted(len(beside), "event"), beside, y=y))
            y += HEAD
        for told in runs:
            if (of_run := by_run.get(told.run.id)) is None:
                continue
            targets = {lane.target.id for lane in of_run}
            marks = [
                event
                for (run_id, provider_id), events in self._marks.items()
                if run_id == told.run.id and provider_id not in targets
                for event in events
            ]
            rows.append(self._head(_name(told), told.run.status.replace("_", " "), marks, y=y))
            y += HEAD
            for number, lane in enumerate(of_run):
                rows.append(self._lane(lane, y=y, shaded=number % 2 == 0))
                y += ROW
        height = y + AXIS
        return tag(
            "svg",
            tag("title", "Timeline"),
            tag("desc", "A lane for each target. The tables below say the same in words."),
            patterns(),
            *self._axis(top=AXIS, bottom=y),
            *rows,
            *self._cuts(top=AXIS, bottom=y),
            viewBox=f"0 0 {WIDTH} {height:.0f}",
            role="img",
            aria_label="Timeline: a lane for each target; the tables below say the same in words",
            class_="timeline",
        )

    def _axis(self, *, top: float, bottom: float) -> Iterator[Markup]:
        for tick in self._scale.ticks():
            x = LEFT + tick.place
            yield tag("line", x1=x, x2=x, y1=top - 6, y2=bottom + 6, class_="grid")
            for y in (top - 12, bottom + 19):
                yield tag("text", clock(tick.at, finely=tick.finely), x=x + 2, y=y, class_="tick")

    def _cuts(self, *, top: float, bottom: float) -> Iterator[Markup]:
        middle = (top + bottom) / 2
        for place, cut in self._scale.breaks:
            x = LEFT + place
            said = f"{lasted(cut)} of quiet"
            yield tag("rect", x=x - CUT / 2, y=top, width=CUT, height=bottom - top, class_="cut")
            yield tag("text", said, x=x, y=middle, class_="quiet", transform=f"rotate(-90 {x:.1f} {middle:.1f})")

    def _head(self, name: str, said: str, marks: Sequence[ToldEvent], *, y: float) -> Markup:
        middle = y + HEAD - ROW / 2
        return tag(
            "g",
            tag("line", x1=0, x2=WIDTH, y1=y + 3, y2=y + 3, class_="rule"),
            tag("text", tag("title", name), shortened(name, NAME_CHARS_MAX), x=0, y=middle + 4, class_="run"),
            tag("line", x1=LEFT, x2=LEFT + PLOT, y1=middle, y2=middle, class_="grid"),
            tag("text", said, x=WIDTH, y=middle + 4, class_="end"),
            *(self._mark(event, y=middle) for event in marks),
        )

    def _lane(self, lane: Lane, *, y: float, shaded: bool) -> Markup:
        middle = y + ROW / 2
        marks = self._marks.get((lane.run_id, lane.target.id), ())
        name = lane.target.name
        return tag(
            "g",
            tag("rect", x=0, y=y, width=WIDTH, height=ROW, class_="shade") if shaded else None,
            tag(
                "text",
                tag("title", f"{name} ({lane.target.kind})"),
                shortened(name, NAME_CHARS_MAX),
                x=10,
                y=middle + 4,
            ),
            *(bar for spell in lane.spells for bar in self._spell(spell, name, y=middle - BAR / 2)),
            *(self._mark(event, y=y + ROW - MARK_BELOW) for event in marks),
            tag("text", ENDINGS[lane.ending], x=WIDTH, y=middle + 4, class_=f"end {lane.ending or 'open'}"),
        )

    def _spell(self, spell: Spell, name: str, *, y: float) -> Iterator[Markup]:
        begin, end = self._scale.place(spell.since), self._scale.place(spell.until)
        width = max(end - begin, BAR_WIDTH_MIN)
        attempt = f", attempt {spell.attempt}" if spell.phase is Phase.RUNNING else ""
        ended = f", ended as {spell.ended}" if spell.ended else ""
        title = f"{name}: {spell.phase} for {lasted(spell.seconds)}{attempt}{ended} (from {moment(spell.since)} UTC)"
        yield from _bar(spell.phase, x=LEFT + begin, y=y, width=width, title=title)
        if spell.phase is Phase.RUNNING and width >= NUMBER_WIDTH_MIN:
            yield tag("text", str(spell.attempt), x=LEFT + begin + width / 2, y=y + BAR - 3, class_="attempt")

    def _mark(self, event: ToldEvent, *, y: float) -> Markup:
        what = f": {event.what}" if event.what else ""
        title = f"{event.position} {event.name}{what} ({moment(event.at)} UTC, {event.who})"
        return tag(
            "circle", tag("title", title), cx=LEFT + self._scale.place(event.at), cy=y, r=MARK_RADIUS, class_="mark"
        )


def _bar(phase: Phase, *, x: float, y: float, width: float, title: str | None) -> Iterator[Markup]:
    told = None if title is None else tag("title", title)
    yield tag("rect", told, x=x, y=y, width=width, height=BAR, rx=2, class_=CLASSES[phase])
    if phase in PATTERNS:
        yield tag("rect", told, x=x, y=y, width=width, height=BAR, rx=2, fill=f"url(#{PATTERNS[phase]})")


def _name(told: ToldRun) -> str:
    run = told.run
    return ("" if run.kind == "install" else f"{run.kind} ") + f"{run.skill.name} v{run.skill.version}"
