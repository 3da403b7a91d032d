"""Whatever is done to a log, and wherever, the verification names it and its place."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.evidence.leaf import StoredEvent
from domain.evidence.verdict import FINDINGS_MAX, Finding, FindingKind
from tests.domain.evidence.logs import (
    NOON,
    SIZE_MAX,
    Tampering,
    Trial,
    altered,
    event_id,
    few,
    findings,
    first,
    leaves_of,
    log_of,
    logs,
    renumbered,
    sealed,
    stored,
    tampered,
    trial,
)


def only(of: Trial) -> Finding:
    (finding,) = findings(of)
    return finding


def position_in(before: Trial, data: st.DataObject, *, least: int = 1, up_to: int | None = None) -> int:
    return data.draw(st.integers(least, up_to or sealed(before)))


@few
@given(before=logs())
def test_what_nobody_has_touched_is_proved_up_to_the_newest_checkpoint(before: Trial) -> None:
    outcome = before.outcome()
    assert (outcome.findings, outcome.proved, outcome.events) == ((), sealed(before), len(before.events))
    assert outcome.compared_with == "folder"


FIELDS: dict[str, Callable[[StoredEvent], StoredEvent]] = {
    "state": altered,
    "topic": lambda event: replace(event, topic="skill.skill_archived"),
    "stream": lambda event: replace(event, stream=UUID(int=99)),
    "version": lambda event: replace(event, version=event.version + 1000),
    "unreadable": lambda event: replace(event, state=b"\xff"),
}


@pytest.mark.parametrize("field", FIELDS)
@few
@given(before=logs(), data=st.data())
def test_a_changed_event_is_named(before: Trial, data: st.DataObject, field: str) -> None:
    position = position_in(before, data)

    def change(events: list[StoredEvent]) -> list[StoredEvent]:
        return [FIELDS[field](event) if event.position == position else event for event in events]

    finding = only(tampered(before, change))
    assert (finding.kind, finding.position, finding.until) == (FindingKind.CHANGED, position, None)
    assert finding.event_id == (None if field == "unreadable" else event_id(position))


@few
@given(before=logs(), data=st.data())
def test_two_changed_events_are_both_named(before: Trial, data: st.DataObject) -> None:
    places = data.draw(st.sets(st.integers(1, sealed(before)), min_size=2, max_size=2))

    def change(events: list[StoredEvent]) -> list[StoredEvent]:
        return [altered(event) if event.position in places else event for event in events]

    found = findings(tampered(before, change))
    assert [(finding.kind, finding.position) for finding in found] == [
        (FindingKind.CHANGED, position) for position in sorted(places)
    ]


def without(position: int, number: int = 1) -> Tampering:
    return lambda events: [event for event in events if not position <= event.position < position + number]


def closing_up(tampering: Tampering) -> Tampering:
    return lambda events: renumbered(tampering(events))


@few
@given(before=logs(), data=st.data())
def test_a_hole_is_told_as_what_was_removed(before: Trial, data: st.DataObject) -> None:
    position = position_in(before, data, up_to=len(before.events) - 1)
    number = data.draw(st.integers(1, len(before.events) - position))
    finding = only(tampered(before, without(position, number)))
    assert (finding.kind, finding.position) == (FindingKind.REMOVED, position)
    assert (finding.until or position) == position + number - 1


@few
@given(before=logs(), data=st.data())
def test_a_removed_event_is_named_also_where_the_others_have_closed_up(before: Trial, data: st.DataObject) -> None:
    position = position_in(before, data, up_to=sealed(before) - 1)
    number = data.draw(st.integers(1, sealed(before) - position))
    finding = only(tampered(before, closing_up(without(position, number))))
    assert (finding.kind, finding.position) == (FindingKind.REMOVED, position)
    assert (finding.until or position) == position + number - 1


def with_inserted(position: int, number: int = 1) -> Tampering:
    made = [stored(1000 + each, at=NOON + timedelta(days=1)) for each in range(number)]
    return lambda events: renumbered([*events[: position - 1], *made, *events[position - 1 :]])


@few
@given(before=logs(), data=st.data())
def test_an_inserted_event_is_named(before: Trial, data: st.DataObject) -> None:
    position = position_in(before, data)
    number = data.draw(st.integers(1, 3))
    finding = only(tampered(before, with_inserted(position, number)))
    assert (finding.kind, finding.position) == (FindingKind.INSERTED, position)
    assert (finding.until or position) == position + number - 1
    assert finding.event_id == event_id(1000)


@few
@given(before=logs(), data=st.data())
def test_one_that_stands_at_a_position_that_is_taken_is_named(before: Trial, data: st.DataObject) -> None:
    position = position_in(before, data)
    double = stored(1000, at=NOON).at(position)
    assert first(tampered(before, lambda events: [*events, double])) == (FindingKind.INSERTED, position, None)


@few
@given(before=logs(), data=st.data())
def test_events_whose_numbers_were_moved_are_not_in_their_places(before: Trial, data: st.DataObject) -> None:
    position = position_in(before, data)

    def move(events: list[StoredEvent]) -> list[StoredEvent]:
        return [event.at(event.position + 1) if event.position >= position else event for event in events]

    kind, place, _ = first(tampered(before, move))
    assert (kind, place) == (FindingKind.REORDERED, position)


@few
@given(before=logs(), data=st.data())
def test_a_single_event_of_a_later_time_was_changed_and_nothing_set_back(before: Trial, data: st.DataObject) -> None:
    position = position_in(before, data, up_to=sealed(before) - 1)
    later = stored(position, at=NOON + timedelta(days=1))
    after = tampered(before, lambda events: [*events[: position - 1], later, *events[position:]])
    finding = only(after)
    assert (finding.kind, finding.position) == (FindingKind.CHANGED, position)


@few
@given(before=logs(), data=st.data())
def test_two_events_that_have_changed_places_are_named_at_the_first(before: Trial, data: st.DataObject) -> None:
    here, there = sorted(data.draw(st.sets(st.integers(1, sealed(before)), min_size=2, max_size=2)))

    def swap(events: list[StoredEvent]) -> list[StoredEvent]:
        events[here - 1], events[there - 1] = events[there - 1], events[here - 1]
        return renumbered(events)

    finding = only(tampered(before, swap))
    assert (finding.kind, finding.position) == (FindingKind.REORDERED, here)
    assert finding.event_id == event_id(there)


@few
@given(before=logs(), data=st.data())
def test_an_event_that_was_moved_across_others_is_named_once(before: Trial, data: st.DataObject) -> None:
    origin, goal = data.draw(
        st.tuples(st.integers(1, sealed(before)), st.integers(1, sealed(before))).filter(
            lambda pair: pair[0] != pair[1]
        )
    )

    def move(events: list[StoredEvent]) -> list[StoredEvent]:
        events.insert(goal - 1, events.pop(origin - 1))
        return renumbered(events)

    finding = only(tampered(before, move))
    assert (finding.kind, finding.position) == (FindingKind.REORDERED, min(origin, goal))


@few
@given(before=logs(), data=st.data())
def test_a_store_that_ends_early_is_told_as_rolled_back(before: Trial, data: st.DataObject) -> None:
    left = data.draw(st.integers(0, sealed(before) - 1))
    finding = only(tampered(before, lambda events: events[:left]))
    assert (finding.kind, finding.position) == (FindingKind.ROLLED_BACK, left + 1)
    assert (finding.until or left + 1) == sealed(before)


@few
@given(before=logs(), data=st.data())
def test_what_was_deleted_at_the_end_is_known_by_the_head(before: Trial, data: st.DataObject) -> None:
    left = data.draw(st.integers(0, sealed(before) - 1))
    after = tampered(before, lambda events: events[:left])
    finding = only(replace(after, head=len(before.events)))
    assert (finding.kind, finding.position) == (FindingKind.REMOVED, left + 1)
    assert (finding.until or left + 1) == sealed(before)


@few
@given(before=logs(), data=st.data())
def test_a_store_that_was_set_back_and_went_on_is_told_as_rolled_back(before: Trial, data: st.DataObject) -> None:
    left = data.draw(st.integers(0, sealed(before) - 1))
    anew = [stored(2000 + each, at=NOON + timedelta(days=1)) for each in range(SIZE_MAX)]
    assert first(tampered(before, lambda events: renumbered([*events[:left], *anew]))) == (
        FindingKind.ROLLED_BACK,
        left + 1,
        None,
    )


@few
@given(before=logs(), data=st.data())
def test_tiles_that_were_made_to_fit_deceive_nobody(before: Trial, data: st.DataObject) -> None:
    position = position_in(before, data, up_to=sealed(before) - 1)
    after = tampered(before, closing_up(without(position)))
    assert first(replace(after, tiles=leaves_of(after.events))) == (FindingKind.REMOVED, position, None)


@few
@given(before=logs(), data=st.data())
def test_the_tiles_tell_where_the_folder_is_lost(before: Trial, data: st.DataObject) -> None:
    position = position_in(before, data)
    after = tampered(before, with_inserted(position))
    assert first(replace(after, folder=None)) == (FindingKind.INSERTED, position, None)
    garbage = bytes(32) * len(before.events)
    assert first(replace(after, folder=garbage)) == (FindingKind.INSERTED, position, None)


@few
@given(before=logs(), data=st.data())
def test_without_any_copy_it_is_narrowed_down_to_what_lies_between_two_checkpoints(
    before: Trial, data: st.DataObject
) -> None:
    position = position_in(before, data)

    def change(events: list[StoredEvent]) -> list[StoredEvent]:
        return [altered(event) if event.position == position else event for event in events]

    after = tampered(before, change)
    outcome = replace(after, folder=None, tiles=leaves_of(after.events)).outcome()
    (finding,) = outcome.findings
    sizes = sorted(checkpoint.size for checkpoint in before.checkpoints)
    bad = next(size for size in sizes if size >= position)
    good = max((size for size in sizes if size < position), default=0)
    assert (finding.kind, finding.position, finding.until or good + 1) == (FindingKind.DIVERGED, good + 1, bad)
    assert outcome.proved == good


@few
@given(before=logs(), data=st.data())
def test_without_any_copy_a_hole_is_a_hole_all_the_same(before: Trial, data: st.DataObject) -> None:
    position = position_in(before, data, up_to=len(before.events) - 1)
    after = replace(tampered(before, without(position)), folder=None, tiles=None)
    assert first(after) == (FindingKind.REMOVED, position, None)
    untouched = replace(before, folder=None, tiles=None).outcome()
    assert (untouched.findings, untouched.proved, untouched.compared_with) == ((), sealed(before), "none")


@few
@given(before=logs(), data=st.data())
def test_a_hole_among_what_is_not_signed_yet_is_found_too(before: Trial, data: st.DataObject) -> None:
    events = log_of(len(before.events) + 5)
    position = data.draw(st.integers(sealed(before) + 1, len(events) - 1))
    assert first(replace(before, events=without(position)(events))) == (FindingKind.REMOVED, position, None)


def test_what_is_far_apart_is_told_as_well() -> None:
    before = trial(log_of(4000), [1, 700, 4000])

    def swap(events: list[StoredEvent]) -> list[StoredEvent]:
        events[9], events[3499] = events[3499], events[9]
        return renumbered(events)

    finding = only(tampered(before, swap))
    assert (finding.kind, finding.position) == (FindingKind.REORDERED, 10)
    assert first(tampered(before, closing_up(without(20, 3000)))) == (FindingKind.REMOVED, 20, 3019)
    assert first(tampered(before, with_inserted(1000, 900))) == (FindingKind.INSERTED, 1000, 1899)


def test_findings_are_bounded_and_the_rest_is_counted() -> None:
    before = trial(log_of(300), [300])
    outcome = tampered(before, lambda events: [altered(event) for event in events]).outcome()
    assert len(outcome.findings) == FINDINGS_MAX
    assert outcome.left_off == 200
    assert outcome.proved == 0
