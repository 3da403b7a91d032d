"""The report: one page that needs no network and no script, with what a person asks first at its top."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

import msgspec

from adapters.cases.drawing import left_out, swatch, timeline
from adapters.cases.lanes import Phase
from adapters.cases.markup import Child, Markup, joined, tag
from adapters.cases.story import Story, ToldRun
from adapters.cases.style import POLICY, STYLE
from adapters.cases.tables import (
    events_table,
    pairs_table,
    runs_table,
    skill_table,
    table,
    targets_table,
    troubles_table,
)
from adapters.cases.wording import counted, lasted, moment
from domain.evidence.case import Check

DOCTYPE: Final = "<!DOCTYPE html>\n"
PHASES: Final = {
    Phase.WAITING: "waiting for its slot or for an installer",
    Phase.IN_NATS: "its work ticket lay in NATS",
    Phase.RUNNING: "an attempt was running; the number is which",
    Phase.BACKING_OFF: "backing off before the next attempt",
}
SECTIONS: Final = (
    ("summary", "Summary"),
    ("timeline", "Timeline"),
    ("targets", "Targets"),
    ("events", "Events"),
    ("versions", "Versions"),
    ("settings", "Settings"),
    ("proofs", "Proofs"),
)


def page(story: Story) -> str:
    """HTML; whatever somebody else wrote stands in it as text."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"Case: {story.title}"),
        tag("style", Markup(STYLE)),
    )
    body = tag("body", tag("main", *_sections(story)))
    return DOCTYPE + tag("html", head, body, lang="en")


def _sections(story: Story) -> Iterator[Markup]:
    links = (tag("li", tag("a", name, href=f"#{place}")) for place, name in SECTIONS)
    yield tag(
        "header",
        tag("p", "Waybill case", class_="kicker"),
        tag("h1", story.title),
        tag("p", _lead(story), class_="lead"),
        _verdict(story),
        tag("nav", tag("ul", *links), aria_label="Sections"),
    )
    bodies = (_summary, _timeline, _targets, _events, _versions, _settings, _proofs)
    for (place, name), body in zip(SECTIONS, bodies, strict=True):
        yield tag(
            "section", tag("h2", name, id=f"{place}-title"), *body(story), id=place, aria_labelledby=f"{place}-title"
        )
    exported = story.case.exported
    yield tag(
        "footer",
        f"Exported {moment(exported.at)} UTC by {exported.name} ({exported.by}), request {exported.request_id}.",
    )


def _verdict(story: Story) -> Markup:
    if story.checks is None:
        said = "This page came with the case, and proves nothing by itself."
        how = joined(
            "Check it, and have this page written anew: ", tag("code", "waybill incident open CASE.zip --html FILE")
        )
        return tag("div", tag("p", tag("strong", said)), tag("p", how), class_="box warn", role="note")
    failed = [check for check in story.checks if not check.passed]
    if not failed:
        said = "Checked: nothing in this case was changed since it was sealed."
        whose = "The signature was checked with a key that did not come with the case."
        if not story.pinned:
            whose = "So says the key that came with the case: compare it with one from a place that you trust, under Proofs."
        return tag("div", tag("p", tag("strong", said)), tag("p", whose), class_="box good", role="note")
    lines = (tag("li", f"{check.name}: {check.said}") for check in failed)
    said = "Checked, and it does not hold: do not rely on this case."
    return tag("div", tag("p", tag("strong", said)), tag("ul", *lines), class_="box bad", role="alert")


def _lead(story: Story) -> str:
    """How it ended, in one sentence."""
    if len(story.runs) == 1:
        return story.runs[0].sentence
    statuses = Counter(told.run.status.replace("_", " ") for told in story.runs)
    failed = sum(lane.ending == "failed" for lane in story.lanes)
    ended = ", ".join(f"{number} {status}" for status, number in statuses.items())
    return (
        f"{ended}; {failed:,} of {counted(len(story.lanes), 'target')} failed." if ended else "No run is in this case."
    )


def _summary(story: Story) -> Iterator[Markup]:
    if len(story.runs) == 1:
        yield _facts(_of_run(story.runs[0]) | _of_case(story))
    else:
        yield _facts(_of_case(story))
        if story.runs:
            yield runs_table(story)
    if story.troubles:
        yield troubles_table(story)
    elif story.runs:
        yield tag("p", "No target of these runs has failed." if len(story.runs) > 1 else "No target has failed.")


def _of_run(told: ToldRun) -> dict[str, Child]:
    run = told.run
    ended = "not yet"
    if run.finished_at is not None:
        ended = f"{moment(run.finished_at)} UTC, after {lasted(run.finished_at - run.queued_at)}"
    facts: dict[str, Child] = {
        "What": f"{run.kind} of {run.skill.name} v{run.skill.version} (asked for as {run.skill.ref})",
        "Digest": tag("code", run.skill.digest),
        "Asked by": f"{run.requested_by.name} ({run.requested_by.id}"
        + (f", {run.requested_by.role})" if run.requested_by.role else ")"),
        "Since": f"{moment(run.queued_at)} UTC",
        "Ended": ended,
        "How": run.status.replace("_", " ") + (f", {run.reason}" if run.reason else ""),
        "Run": tag("code", str(run.id)),
    }
    for label, related in (("Retry of", run.retry_of), ("Retried by", run.retried_by), ("Takes back", run.rollback_of)):
        if related is not None:
            facts[label] = tag("code", str(related))
    if run.rollback is not None and run.rollback.run_id is not None:
        facts["Taken back by"] = tag("code", str(run.rollback.run_id))
    return facts


def _of_case(story: Story) -> dict[str, Child]:
    case = story.case
    facts: dict[str, Child] = {}
    if case.scope.since is not None:
        until = f" until {moment(case.scope.until)}" if case.scope.until else ""
        facts["Asked for"] = f"everything since {moment(case.scope.since)}{until} UTC"
    if story.events:
        first, last = story.events[0], story.events[-1]
        facts["Events"] = f"{len(story.events):,}, from position {first.position} to {last.position}"
        if len(story.runs) != 1:
            facts["Between"] = f"{moment(first.at)} and {moment(last.at)} UTC"
    facts["Exported"] = (
        f"{moment(case.exported.at)} UTC by {case.exported.name}; the newest event then was {case.up_to_position}"
    )
    return facts


def _facts(facts: dict[str, Child]) -> Markup:
    return tag("dl", *(joined(tag("dt", label), tag("dd", value)) for label, value in facts.items()), class_="facts")


def _timeline(story: Story) -> Iterator[Markup]:
    drawing = timeline(story)
    if drawing is None:
        yield tag("p", "Nothing happened.")
        return
    legend = [tag("li", swatch(phase), said) for phase, said in PHASES.items()]
    dot = tag("svg", tag("circle", cx=5, cy=5, r=3, class_="mark"), class_="legendmark", viewBox="0 0 10 10")
    legend.append(tag("li", dot, "an event: point at it to read it"))
    label = "Timeline, times in UTC"
    yield tag(
        "figure",
        tag("figcaption", tag("ul", *legend, class_="legend")),
        tag("div", drawing, class_="scroll", tabindex=0, role="region", aria_label=label),
    )
    if missing := left_out(story):
        yield tag("p", missing, class_="soft")


def _targets(story: Story) -> Iterator[Markup]:
    yield targets_table(story.lanes) if story.lanes else tag("p", "No run is in this case.")


def _events(story: Story) -> Iterator[Markup]:
    yield tag("p", "In the order in which they were stored. Open one to read all of it.", class_="soft")
    yield events_table(story.events)


def _versions(story: Story) -> Iterator[Markup]:
    for skill in story.skills:
        yield tag("h3", f"{skill.name} v{skill.version}")
        yield tag("p", "Digest ", tag("code", skill.digest))
        if skill.files:
            yield skill_table(skill)
    yield tag("h3", "Software")
    yield pairs_table("What ran the API", story.case.software.items())


def _settings(story: Story) -> Iterator[Markup]:
    yield tag("p", "Without secrets, addresses and credentials.", class_="soft")
    pairs = ((name, msgspec.json.encode(value).decode()) for name, value in story.case.settings.items())
    yield pairs_table("What the API was set to", pairs)


def _proofs(story: Story) -> Iterator[Markup]:
    case = story.case
    unsealed = sum(event.path is None for event in case.events)
    withheld = sum(event.withheld is not None for event in case.events)
    yield tag(
        "p",
        "Every event of the store is a leaf of one Merkle tree (RFC 9162), whose root a notary signs each second with a key that is "
        "not in the database. For each event of this case there is the way from its leaf to the root of the checkpoint below: "
        "whoever has the notary's public key from a place that they trust can see that none of them was changed since.",
    )
    if unsealed:
        yield tag(
            "p",
            f"{counted(unsealed, 'event')} had not been sealed when this was exported; nothing proves them.",
            class_="bad",
        )
    if withheld:
        said = f"{counted(withheld, 'event')} withheld: the record keeps a hash in it that nobody needs to see. Its place is proven, "
        yield tag("p", f"{said}what it says is not.")
    if story.checks is not None:
        yield _checks(story.checks)
    if case.note is None:
        yield tag("p", "There was no checkpoint: nothing proves this case.", class_="bad")
    else:
        yield tag("h3", "Checkpoint")
        yield tag("pre", case.note)
    if case.public_key is not None:
        yield tag("h3", "The notary's public key, as the case has it")
        yield tag("pre", case.public_key)
        yield tag("p", "Compare it with the one of the machine of the servers: ", tag("code", "waybill audit key"))
    yield tag("h3", "How to check")
    yield tag("pre", "waybill incident open CASE.zip --key KEY")
    yield tag(
        "p",
        "It needs no server, no database and no settings. README.txt in the case says how to do it without Waybill.",
    )


def _checks(checks: tuple[Check, ...]) -> Markup:
    rows = []
    for check in checks:
        findings = tag("ul", *(tag("li", finding) for finding in check.findings)) if check.findings else None
        verdict = tag("td", "✔ passed", class_="good") if check.passed else tag("td", "✘ failed", class_="bad")
        rows.append((tag("th", check.name, scope="row"), verdict, tag("td", check.said, findings, class_="text")))
    return table("What was checked", ("Check", "Result", "In words"), rows)
