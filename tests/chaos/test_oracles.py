"""Every invariant can fail: each is shown something wrong, and must name it; and none complains of what the domain allows."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given as for_any
from hypothesis import settings
from msgspec.structs import replace

from domain.events import Event, Recorded
from domain.evidence.verdict import Finding, FindingKind, Verdict
from domain.install_run.events import (
    ProviderRescued,
    ProviderStarted,
    ProviderSucceeded,
    RunFailed,
    RunStarted,
    RunSucceeded,
)
from domain.installation.events import InstallationChanged, InstallationReleased, InstallationReserved
from domain.store.state import STORE_STREAM
from projections.audit_log import AUDIT_LOG
from projections.catalog import READ_MODELS
from projections.tracking import Tracking
from tests.chaos.client import Asked
from tests.chaos.evidence import Evidence, TimerRow
from tests.chaos.oracles import violations
from tests.chaos.paths import Walk
from tests.chaos.sandbox import Call, Entry
from tests.kit.facts import NOON
from tests.kit.projection_spec import given
from tests.kit.read_side import in_order
from tests.projections.any_story import cut_stories
from tests.projections.stories import OPENAI, Story

SKILL = "kbo-results"
Change = Callable[[Evidence], Evidence]


def seen(history: tuple[Recorded, ...]) -> Evidence:
    """What a Waybill leaves behind that keeps its promises."""
    started = [recorded for recorded in history if isinstance(recorded.event, ProviderStarted)]
    return Evidence(
        history=history,
        head=len(history),
        asked=(Asked(run_id=started[0].stream, status=202, key="key-1"),),
        ledger=(Entry(provider="openai", id="skill_openai", name=SKILL, versions=("1",), default_version="1"),),
        calls=tuple(call(at_seconds=(recorded.at - NOON).total_seconds() + 0.1) for recorded in started),
        timers=(),
        published=tuple(recorded.id for recorded in history),
        tickets=0,
        rows={model.name: tuple(in_order(model, given(history).rows(model))) for model in READ_MODELS},
        tracking=tuple(
            Tracking(name=model.name, generation=model.generation, position=len(history)) for model in READ_MODELS
        ),
        verdict=Verdict(
            store=STORE_STREAM,
            events=len(history),
            proved=len(history),
            signed_at=NOON,
            checkpoints=1,
            compared_with="folder",
        ),
    )


def call(*, at_seconds: float) -> Call:
    at = NOON + timedelta(seconds=at_seconds)
    return Call(at=at, provider="openai", operation="create_skill", status=200, fault=None, applied=True)


def installed() -> Story:
    """One run, tried twice, at one provider."""
    story = Story()
    story.connect()
    story.publish()
    story.run(1, "openai").start("openai").expire_lease("openai").start("openai").succeed("openai")
    return story


GOOD = seen(tuple(installed()))
RUN = GOOD.asked[0].run_id
ATTEMPTS = [recorded for recorded in GOOD.history if isinstance(recorded.event, ProviderStarted)]


def retold(change: Callable[[list[Recorded]], list[Recorded]]) -> Change:
    """Another history, with everything else as it would follow from it, as far as it can."""

    def changed(evidence: Evidence) -> Evidence:
        history = [
            replace(recorded, position=position)
            for position, recorded in enumerate(change(list(evidence.history)), start=1)
        ]
        return replace(evidence, history=tuple(history), head=len(history))

    return changed


def without(kind: type[Event]) -> Change:
    return retold(lambda history: [recorded for recorded in history if not isinstance(recorded.event, kind)])


def instead(kind: type[Event], event: Event) -> Change:
    return retold(
        lambda history: [
            replace(recorded, event=event) if isinstance(recorded.event, kind) else recorded for recorded in history
        ]
    )


def then(event: Event, *, after: type[Event]) -> Change:
    """The same again behind the last of a kind, in its stream."""

    def change(history: list[Recorded]) -> list[Recorded]:
        last = max(number for number, recorded in enumerate(history) if isinstance(recorded.event, after))
        added = replace(history[last], id=uuid4(), event=event, version=history[last].version + 1)
        return [*history[: last + 1], added, *history[last + 1 :]]

    return retold(change)


def again(kind: type[Event]) -> Change:
    event = next(recorded.event for recorded in GOOD.history if isinstance(recorded.event, kind))
    return then(event, after=kind)


def timer(name: str) -> TimerRow:
    return TimerRow(name=name, subject=RUN, provider_id=OPENAI, phase="due", due_at=NOON)


SECOND_ATTEMPT = ATTEMPTS[1].event
assert isinstance(SECOND_ATTEMPT, ProviderStarted)
CHANGED = Finding(kind=FindingKind.CHANGED, position=3, detail="This event is not what was signed.")
PLANTED: dict[str, tuple[str, Change]] = {
    "an event was changed": (
        "I17",
        lambda good: replace(good, verdict=replace(good.verdict, findings=(CHANGED,), proved=2)),
    ),
    "an event is not signed": (
        "I17",
        lambda good: replace(good, verdict=replace(good.verdict, proved=good.verdict.events - 1)),
    ),
    "an accepted run is nowhere": (
        "I1",
        lambda good: replace(good, asked=(Asked(run_id=uuid4(), status=202, key=None),)),
    ),
    "a run never ends": ("I2", without(RunSucceeded)),
    "a run ends twice": ("I3", again(RunSucceeded)),
    "work goes on after the end": ("I3", then(SECOND_ATTEMPT, after=RunSucceeded)),
    "a run ends as it did not": ("I3", instead(RunSucceeded, RunFailed(failures={}))),
    "a run ends with a target open": ("I3", without(ProviderSucceeded)),
    "a run starts twice": ("I4", again(RunStarted)),
    "an attempt succeeds that nobody made": (
        "I4",
        instead(ProviderSucceeded, ProviderSucceeded(provider_id=OPENAI, attempt_id=uuid4())),
    ),
    "a target is rescued while it is at work": (
        "I4",
        then(ProviderRescued(provider_id=OPENAI, attempts=2, fault="ticket_lost"), after=ProviderStarted),
    ),
    "two attempts at once": ("I4", again(ProviderStarted)),
    "an attempt without the slot": ("I4", without(InstallationReserved)),
    "a slot is given twice": ("I4", again(InstallationReserved)),
    "a slot is given back by a stranger": ("I4", then(InstallationReleased(run_id=RUN), after=InstallationChanged)),
    "more attempts than the policy allows": (
        "I4",
        instead(ProviderStarted, replace(SECOND_ATTEMPT, attempt=9)),
    ),
    "a second one is live": (
        "I5",
        lambda good: replace(good, ledger=(*good.ledger, replace(good.ledger[0], id="skill_2"))),
    ),
    "another version is in use": (
        "I5",
        lambda good: replace(good, ledger=(replace(good.ledger[0], default_version="2"),)),
    ),
    "nothing is live": ("I5", lambda good: replace(good, ledger=())),
    "something is live that nobody put there": (
        "I5",
        lambda good: replace(good, ledger=(*good.ledger, replace(good.ledger[0], provider="claude"))),
    ),
    "a call before any intent": ("I6", lambda good: replace(good, calls=(call(at_seconds=0), *good.calls))),
    "more calls than attempts": ("I6", lambda good: replace(good, calls=(*good.calls, *good.calls))),
    "a gap in the positions": (
        "I7",
        lambda good: replace(
            good, history=tuple(replace(recorded, position=recorded.position + 1) for recorded in good.history)
        ),
    ),
    "an event stands twice": ("I7", retold(lambda history: [*history, history[-1]])),
    "a row is missing": ("I7", lambda good: replace(good, rows={**good.rows, "installations": ()})),
    "a row is wrong": (
        "I7",
        lambda good: replace(
            good, rows={**good.rows, "install_runs": (replace(good.rows["install_runs"][0], reason="x"),)}
        ),
    ),
    "a read model stands still": (
        "I7",
        lambda good: replace(good, tracking=(replace(good.tracking[0], position=1), *good.tracking[1:])),
    ),
    "a read model is parked": (
        "I7",
        lambda good: replace(
            good, tracking=(replace(good.tracking[0], parked_event=uuid4(), parked_error="no"), *good.tracking[1:])
        ),
    ),
    "an audit entry is missing": (
        "I9",
        lambda good: replace(good, rows={**good.rows, AUDIT_LOG.name: good.rows[AUDIT_LOG.name][1:]}),
    ),
    "an event is not in the stream": ("I10", lambda good: replace(good, published=good.published[1:])),
    "an event is in the stream again": (
        "I10",
        lambda good: replace(good, published=(*good.published, good.published[-1])),
    ),
    "the stream is in another order": ("I10", lambda good: replace(good, published=good.published[::-1])),
    "one key, two runs": (
        "I11",
        lambda good: replace(good, asked=(*good.asked, Asked(run_id=uuid4(), status=202, key="key-1"))),
    ),
    "a slot is held": ("I14", without(InstallationChanged)),
    "a timer is left": ("I14", lambda good: replace(good, timers=(timer("target"),))),
    "a ticket is left": ("I14", lambda good: replace(good, tickets=1)),
}


def test_what_keeps_its_promises_is_not_complained_of() -> None:
    assert violations(GOOD) == ()
    assert violations(replace(GOOD, timers=(timer("sweep"),))) == ()


@pytest.mark.parametrize("planted", PLANTED)
def test_what_does_not_hold_is_named(planted: str) -> None:
    invariant, change = PLANTED[planted]
    assert invariant in {violation.invariant for violation in violations(change(GOOD))}


def test_a_failed_run_in_doubt_may_have_left_something_and_a_known_one_may_not() -> None:
    story = Story()
    story.connect()
    story.publish()
    run = story.run(1, "openai").start("openai")
    run.expire_lease("openai").expire("openai")
    evidence = seen(tuple(story))
    assert violations(evidence) == ()
    known = replace(evidence, ledger=(replace(evidence.ledger[0], name="kbo-scores"),))
    assert [violation.invariant for violation in violations(known)] == ["I5"]


@settings(max_examples=50, deadline=None)
@for_any(cut=cut_stories())
def test_whatever_the_domain_allows_is_a_path(cut: tuple[Story, list[list[Recorded]]]) -> None:
    story, _ = cut
    assert list(Walk().through(story)) == []
