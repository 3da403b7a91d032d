"""The tables on the page of a case."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from adapters.cases.lanes import Lane, Phase
from adapters.cases.markup import Child, Markup, joined, tag
from adapters.cases.story import Story, ToldEvent, ToldSkill
from adapters.cases.wording import counted, lasted, moment, shortened

EVENTS_SHOWN_MAX: Final = 2_000
FILES_SHOWN_MAX: Final = 500
SENTENCE_CHARS_MAX: Final = 240
PROOFS: Final = {"sealed": ("✔", "good"), "unsealed": ("✘ not sealed yet", "bad"), "withheld": ("✔ withheld", "warn")}

Cell = Child | Iterable[Child]


def table(
    caption: str,
    headers: Sequence[str],
    rows: Sequence[Sequence[Child]],
    *,
    numbers: Sequence[str] = (),
    stacked: bool = False,
) -> Markup:
    """It scrolls by itself where it is wider than the page, also by the keyboard. `stacked`: on a phone its cells stand below each
    other instead.
    """
    head = (tag("th", header, scope="col", class_="number" if header in numbers else None) for header in headers)
    whole = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *head)),
        tag("tbody", *(tag("tr", *row) for row in rows)),
        class_="stacked" if stacked else None,
    )
    return tag("div", whole, class_="scroll", tabindex=0, role="region", aria_label=caption)


def runs_table(story: Story) -> Markup:
    rows = []
    for told in story.runs:
        run = told.run
        ended = "" if run.finished_at is None else lasted(run.finished_at - run.queued_at)
        rows.append(
            (
                tag(
                    "td", f"{run.kind} {run.skill.name} v{run.skill.version} ", tag("code", str(run.id)), class_="text"
                ),
                tag("td", run.status.replace("_", " "), class_=_mood(run.status)),
                tag("td", run.requested_by.name),
                tag("td", moment(run.queued_at), class_="time"),
                tag("td", ended, class_="number"),
                tag("td", shortened(told.sentence, SENTENCE_CHARS_MAX), class_="text"),
            )
        )
    headers = ("Run", "Status", "Asked by", "Queued (UTC)", "Took", "In words")
    return table(counted(len(rows), "run"), headers, rows, numbers=("Took",))


def targets_table(lanes: Sequence[Lane]) -> Markup:
    phases = tuple(Phase)
    several = len({lane.run_id for lane in lanes}) > 1
    rows = []
    for lane in lanes:
        ending = {"done": "done", "failed": "failed", None: "still open"}[lane.ending]
        rows.append(
            (
                tag("th", lane.target.name, scope="row"),
                tag("td", tag("code", str(lane.run_id))) if several else None,
                tag("td", lane.target.kind),
                tag("td", ending, class_=_mood(ending)),
                tag("td", tag("code", lane.code)) if lane.code else tag("td"),
                tag("td", str(lane.attempts), class_="number"),
                *(tag("td", _spent(lane, phase), class_="number") for phase in phases),
            )
        )
    names = tuple(str(phase).capitalize().replace("nats", "NATS") for phase in phases)
    headers = ("Target", *(("Run",) if several else ()), "Kind", "Ended", "Code", "Attempts", *names)
    return table("How long each target did what", headers, rows, numbers=("Attempts", *names))


def troubles_table(story: Story) -> Markup:
    rows = [
        (
            tag("th", tag("code", trouble.code), scope="row"),
            tag("td", ", ".join(trouble.places), class_="text"),
            tag("td", trouble.said, class_="text"),
            tag("td", *_with_commands(trouble.advice), class_="text"),
        )
        for trouble in story.troubles
    ]
    headers = ("Code", "Where", "What was said", "What to do next")
    return table("What failed, and what to do next", headers, rows, stacked=True)


def events_table(events: Sequence[ToldEvent]) -> Markup:
    rows = [
        (
            tag("td", str(event.position), class_="number"),
            tag("td", moment(event.at), class_="time"),
            tag("td", event.name),
            tag("td", event.who),
            tag("td", _what(event), class_="text"),
            tag("td", PROOFS[event.proof][0], class_=PROOFS[event.proof][1]),
        )
        for event in events[:EVENTS_SHOWN_MAX]
    ]
    more = len(events) - len(rows)
    caption = counted(len(events), "event") + (
        f", the first {len(rows):,} of them; all are in events/readable.jsonl" if more else ""
    )
    return table(caption, ("Position", "Time (UTC)", "Event", "Who", "What", "Sealed"), rows, numbers=("Position",))


def skill_table(skill: ToldSkill) -> Markup:
    rows = [
        (
            tag("td", tag("code", file.path), class_="text"),
            tag("td", f"{file.size:,}", class_="number"),
            tag("td", tag("code", file.sha256)),
        )
        for file in skill.files[:FILES_SHOWN_MAX]
    ]
    return table(f"Files of {skill.name} v{skill.version}", ("Path", "Bytes", "sha256"), rows, numbers=("Bytes",))


def pairs_table(caption: str, pairs: Iterable[tuple[str, str]]) -> Markup:
    rows = [(tag("th", name, scope="row"), tag("td", tag("code", value), class_="text")) for name, value in pairs]
    return table(caption, ("Name", "Value"), rows)


def _with_commands(text: str) -> Iterator[Child]:
    """What stands between backticks is to be typed."""
    for number, part in enumerate(text.split("`")):
        yield tag("code", part) if number % 2 else part


def _what(event: ToldEvent) -> Markup:
    said = event.what or "All of it"
    return tag("details", tag("summary", said), tag("pre", event.data)) if event.data else joined(event.what)


def _spent(lane: Lane, phase: Phase) -> str:
    seconds = lane.seconds_in(phase)
    return lasted(seconds) if seconds else "0"


def _mood(status: str) -> str | None:
    return {"success": "good", "done": "good", "failed": "bad", "partial_failed": "bad"}.get(status)
