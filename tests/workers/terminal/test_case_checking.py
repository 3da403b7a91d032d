"""A case that somebody changed is found, whatever they changed, and it is said what does not hold."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from adapters.cases.reading import OpenedCase
from adapters.evidence.signing import new_signing_key, public_of, signer_of
from domain.access.events import ApiKeyIssued
from domain.access.state import key_stream
from domain.events import Recorded, Role
from domain.evidence.case import Case, CaseEvent, CaseRows, CaseScope, Check
from domain.evidence.checkpoint import parse_checkpoint
from domain.evidence.note import VerifyingKey, parse_note, sign_note
from projections.shown_event import shown
from tests.kit.cases import KEY, PUBLIC, VERSION, an_incident, case_of
from tests.projections.any_story import cut_stories
from tests.projections.stories import Story
from workers.terminal.case_checking import check_case
from workers.terminal.case_story import read_events

EVENTS: Final = tuple(an_incident())
RUN: Final = EVENTS[5].stream
CASE: Final = case_of(EVENTS, runs=[RUN])
OTHER_KEY: Final = new_signing_key(KEY.name)

Change = Callable[[Case], Case]


def opened(case: Case, events: Sequence[Recorded] = EVENTS) -> OpenedCase:
    readable = tuple(msgspec.json.decode(msgspec.json.encode(shown(one))) for one in events)
    return OpenedCase(case=case, faults=(), readable=readable, members=14)


def checked(found: OpenedCase, *, key: VerifyingKey | None = PUBLIC, version: str = VERSION) -> dict[str, Check]:
    checks = check_case(found, read_events(found.case.events, told={}), key=key, version=version)
    return {check.name: check for check in checks}


def failed(
    found: OpenedCase, *, key: VerifyingKey | None = PUBLIC, version: str = VERSION
) -> dict[str, tuple[str, ...]]:
    return {
        name: check.findings for name, check in checked(found, key=key, version=version).items() if not check.passed
    }


def with_event(position: int, change: Callable[[CaseEvent], CaseEvent]) -> Change:
    def apply(case: Case) -> Case:
        events = tuple(change(one) if one.position == position else one for one in case.events)
        return replace(case, events=events)

    return apply


def with_state(before: bytes, after: bytes, *, position: int) -> Change:
    def change(event: CaseEvent) -> CaseEvent:
        assert before in event.stored.state
        return replace(event, stored=replace(event.stored, state=event.stored.state.replace(before, after)))

    return with_event(position, change)


def without(position: int) -> Change:
    return lambda case: replace(case, events=tuple(one for one in case.events if one.position != position))


def with_rows(name: str, change: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]) -> Change:
    def apply(case: Case) -> Case:
        rows = case.rows[name]
        return replace(case, rows={**case.rows, name: replace(rows, rows=change(rows.rows))})

    return apply


def test_one_that_nobody_changed_holds() -> None:
    found = checked(opened(CASE))
    assert [name for name, check in found.items() if not check.passed] == []
    assert found["events"].said == "23 events as sealed, byte for byte"
    assert found["read model audit_log"].said == "23 rows compared with what the events say"


@settings(deadline=None)
@given(cut_stories())
def test_so_does_one_of_any_history(cut: tuple[Story, list[list[Recorded]]]) -> None:
    """But for the digests, which those stories make up."""
    events = cut[0].events
    if events:
        assert failed(opened(case_of(events), events)).keys() <= {"skills"}


@pytest.mark.parametrize(
    ("change", "names", "said"),
    [
        (
            with_state(b"too_large", b"forbidden", position=18),
            {"events", "readable", "read model install_runs", "read model audit_log"},
            "event 18 is not the one that was sealed",
        ),
        (with_state(b'"key-1"', b'"key-2"', position=10), {"events", "readable", "read model audit_log"}, "event 10 is not"),
        (without(14), {"runs", "readable", "read model audit_log"}, "lacks an event between 12 and 15"),
        (without(6), {"runs", "readable", "read model audit_log"}, "lacks its beginning"),
        (
            with_event(9, lambda event: replace(event, path=event.path and event.path[:-1])),
            {"events"},
            "event 9 is not the one that was sealed",
        ),
        (with_event(9, lambda event: replace(event, path=None)), {"events"}, "event 9 was not sealed"),
        (lambda case: replace(case, note=None), {"signature", "events"}, "nothing proves this case"),
        (
            lambda case: replace(case, note=(case.note or "").replace("\n23\n", "\n24\n")),
            {"signature", "events"},
            "not signed by",
        ),
        (lambda case: replace(case, note="hello"), {"signature", "events"}, "a signed note is"),
        (
            with_rows("install_runs", lambda rows: tuple(row.replace(b'"partial_failed"', b'"success"') for row in rows)),
            {"read model install_runs"},
            'status is "success", and by the events "partial_failed"',
        ),
        (with_rows("providers", lambda rows: rows[1:]), {"read model providers"}, "it is missing"),
        (with_rows("skills", lambda _: (b"{}",)), {"read model skills"}, "a row cannot be read"),
        (
            with_rows("installations", lambda rows: (*rows, rows[0].replace(rows[0][7:43], str(uuid4()).encode()))),
            {"read model installations"},
            "no event here tells of it",
        ),
        (lambda case: replace(case, rows={}), {f"read model {name}" for name in CASE.rows}, "the rows of skills are missing"),
        (lambda case: replace(case, scope=replace(case.scope, runs=(uuid4(),))), {"runs"}, "is not there at all"),
    ],
    ids=[
        "code", "actor", "left out", "beginning", "path", "unsealed", "no note", "note", "no form", "row", "row gone",
        "row broken", "row more", "no rows", "run gone",
    ],
)  # fmt: skip
def test_what_was_changed_is_found(change: Change, names: set[str], said: str) -> None:
    found = failed(opened(change(CASE)))
    assert found.keys() >= names
    assert any(said in finding for findings in found.values() for finding in findings)


def test_of_some_time_every_event_is_there() -> None:
    since, until = EVENTS[9].at, EVENTS[15].at
    timed = replace(CASE, scope=CaseScope(since=since))
    assert checked(opened(timed))["time"].said == "every event from 10 to 23 is there"
    assert failed(opened(without(13)(timed)))["time"] == ("event 13 is left out",)
    assert failed(opened(without(23)(timed)))["time"] == ("event 23 is left out",)
    short = replace(CASE, scope=CaseScope(since=since, until=until))
    assert checked(opened(short))["time"].said == "every event from 10 to 15 is there"
    assert "time" not in failed(opened(without(16)(short)))
    none = replace(CASE, scope=CaseScope(since=EVENTS[-1].at + timedelta(hours=1)))
    assert checked(opened(none))["time"].passed
    endless = replace(timed, up_to_position=10**12)
    assert "more than a case can hold" in failed(opened(endless))["time"][0]


def test_another_key_of_the_same_name_is_not_the_notarys() -> None:
    """Whoever makes up a case signs it themselves: only a key from elsewhere tells."""
    forged = opened(case_of(EVENTS, key=OTHER_KEY))
    assert failed(forged, key=None) == {}
    assert failed(forged).keys() == {"signature", "events"}
    assert failed(opened(CASE), key=public_of(new_signing_key("waybill-00000000"))).keys() == {"signature", "events"}


def test_what_the_key_signed_for_another_log_proves_nothing_here() -> None:
    ours = parse_checkpoint(parse_note(CASE.note or "").text)
    note = sign_note(str(replace(ours, origin="another-log")), KEY, signer_of(KEY.seed))
    found = failed(opened(replace(CASE, note=str(note))))
    assert found["signature"] == (f"the checkpoint is that of the log another-log, and the key that of {KEY.name}",)


def test_what_is_told_otherwise_than_it_is_stored_is_found() -> None:
    found = opened(CASE)
    lying = replace(found, readable=({**found.readable[0], "requestId": "another"}, *found.readable[1:]))
    assert failed(lying) == {"readable": ("event 1 is told otherwise than it is stored",)}
    more = replace(found, readable=(*found.readable, {**found.readable[0], "position": 99}))
    assert failed(more) == {"readable": ("event 99 is told and not there",)}


def test_another_version_may_tell_events_in_other_words_but_not_of_somebody_else() -> None:
    found = opened(CASE)
    newer = replace(found, readable=({**found.readable[0], "data": {"label": "x"}}, *found.readable[1:]))
    assert failed(newer, version="9.9.9") == {}
    assert failed(newer).keys() == {"readable"}
    lying = replace(found, readable=({**found.readable[0], "at": "2026-11-22T11:00:00Z"}, *found.readable[1:]))
    assert failed(lying, version="9.9.9").keys() == {"readable"}


def test_rows_of_another_generation_are_not_compared() -> None:
    rows = CaseRows(generation=99, position=23, rows=(b"{}",))
    found = checked(opened(replace(CASE, rows={**CASE.rows, "skills": rows})))
    assert found["read model skills"].passed
    assert "not compared" in found["read model skills"].said


def test_rows_whose_events_are_not_all_there_are_left_out() -> None:
    """A pair with a long history is in a case from the run on, and not from its beginning."""
    pair = next(event.stream for event in EVENTS if event.name == "InstallationReserved")
    case = case_of(EVENTS)
    part = replace(
        case, events=tuple(one for one in case.events if one.stored.stream != pair or one.stored.version > 1)
    )
    found = checked(opened(part, [event for event in EVENTS if event.stream != pair or event.version > 1]))
    assert found["read model installations"].passed
    assert "1 more cannot be compared" in found["read model installations"].said


def test_a_row_that_is_newer_than_the_rest_is_held_to_what_it_knows() -> None:
    """The rows are read one after the other, while the store grows."""
    rows = CASE.rows["install_runs"]
    assert failed(opened(replace(CASE, rows={**CASE.rows, "install_runs": replace(rows, position=7)}))) == {}


def test_a_row_that_lags_behind_is_found() -> None:
    early = case_of(EVENTS[:12]).rows["install_runs"]
    assert failed(opened(replace(CASE, rows={**CASE.rows, "install_runs": early}))) == {}
    stuck = replace(early, position=23)
    assert failed(opened(replace(CASE, rows={**CASE.rows, "install_runs": stuck}))).keys() == {
        "read model install_runs"
    }


def test_of_a_key_there_is_only_the_leaf_and_its_place_is_proven() -> None:
    story = an_incident()
    issued = ApiKeyIssued(key_id="anna", name="Anna", role=Role.VIEWER, secret_sha256="5e" * 32)
    story.add(key_stream("anna"), issued)
    case = case_of(story.events)
    assert case.events[-1].withheld == case.events[-1].stored.leaf
    assert failed(opened(case, story.events)) == {}
    forged = with_event(24, lambda event: replace(event, withheld=bytes(32)))(case)
    assert "events" in failed(opened(forged, story.events))


def test_what_is_no_event_any_more_is_still_in_the_case() -> None:
    """Somebody wrote over it; the case says that it is not what was sealed, and tells the rest."""
    broken = with_event(18, lambda event: replace(event, stored=replace(event.stored, state=b"\x00")))(CASE)
    found = failed(opened(broken))
    assert "event 18 is not the one that was sealed" in found["events"]
    assert len(read_events(broken.events, told={}).recorded) == 22


def test_findings_are_bounded() -> None:
    nothing = replace(CASE, events=tuple(replace(event, path=()) for event in CASE.events))
    assert len(failed(opened(nothing))["events"]) == 21
    assert failed(opened(nothing))["events"][-1] == "and 3 more"
