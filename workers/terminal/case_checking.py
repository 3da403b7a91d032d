"""Whether a case holds: every file, every event up to the signed checkpoint, and every row by what the events say."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

import msgspec

from adapters.cases.reading import OpenedCase
from adapters.cases.wording import counted
from adapters.evidence.signing import verify_ed25519
from domain.events import Recorded
from domain.evidence.case import EVENTS_MAX, Case, CaseEvent, Check
from domain.evidence.checkpoint import Checkpoint, parse_checkpoint
from domain.evidence.merkle import includes
from domain.evidence.note import NoteError, VerifyingKey, parse_note, parse_verifying_key
from domain.skill.bundle import digest_of
from domain.skill.events import SkillVersionPublished
from projections.case_rows import CASE_MODELS, compare
from projections.shown_event import shown
from workers.terminal.case_story import EventsOfCase

FINDINGS_MAX: Final = 20


def check_case(
    opened: OpenedCase, events: EventsOfCase, *, key: VerifyingKey | None, version: str
) -> tuple[Check, ...]:
    """`key` is the one that is trusted, None: the one in the case. `version` is that of this Waybill."""
    case = opened.case
    signature, checkpoint = _check_signature(case, key=key)
    return (
        _check(
            "files", f"{counted(opened.members, 'file')}, each with the sha256 that the manifest says", opened.faults
        ),
        signature,
        _check_inclusion(case, checkpoint),
        _check_streams(case),
        *_check_time(case, events),
        _check_readable(opened, events, version=version),
        *(_check_rows(case, events, name=model.name) for model in CASE_MODELS),
        _check_skills(events.recorded),
    )


def _check(name: str, said: str, findings: Sequence[str]) -> Check:
    if not findings:
        return Check(name=name, passed=True, said=said)
    more = len(findings) - FINDINGS_MAX
    shown_findings = (*findings[:FINDINGS_MAX], *((f"and {more} more",) if more > 0 else ()))
    return Check(name=name, passed=False, said=findings[0], findings=shown_findings)


def _check_signature(case: Case, *, key: VerifyingKey | None) -> tuple[Check, Checkpoint | None]:
    name = "signature"
    if case.note is None:
        return _check(name, "", ("there was no checkpoint: nothing proves this case",)), None
    try:
        taken = key or parse_verifying_key(case.public_key or "")
        note = parse_note(case.note)
        checkpoint = parse_checkpoint(note.text)
    except NoteError as error:
        return _check(name, "", (str(error),)), None
    if checkpoint.origin != taken.name:
        other = f"the checkpoint is that of the log {checkpoint.origin}, and the key that of {taken.name}"
        return _check(name, "", (other,)), None
    if not note.signed_by(taken, verify_ed25519):
        return _check(name, "", (f"the checkpoint is not signed by {taken}",)), None
    whose = "the key that you gave" if key is not None else "the key in the case"
    said = (
        f"the checkpoint over {checkpoint.size:,} events of {checkpoint.at:%Y-%m-%d %H:%M:%S} UTC is signed by {whose}"
    )
    return _check(name, said, ()), checkpoint


def _check_inclusion(case: Case, checkpoint: Checkpoint | None) -> Check:
    if checkpoint is None:
        return _check("events", "", ("without a signed checkpoint no event is proven",))
    said = f"{counted(len(case.events), 'event')} as sealed, byte for byte"
    return _check("events", said, tuple(_unproven(case.events, checkpoint)))


def _unproven(events: Sequence[CaseEvent], checkpoint: Checkpoint) -> Iterator[str]:
    for event in events:
        if event.path is None:
            yield f"event {event.position} was not sealed when the case was exported: nothing proves it; export it again"
        elif not includes(
            checkpoint.root, size=checkpoint.size, index=event.position - 1, leaf=event.leaf, path=event.path
        ):
            yield f"event {event.position} is not the one that was sealed"


def _check_streams(case: Case) -> Check:
    """The proofs say that each event is genuine, and this that none was left out between two of them."""
    findings = []
    versions: dict[UUID, list[CaseEvent]] = {}
    for event in case.events:
        versions.setdefault(event.stored.stream, []).append(event)
    for stream, events in versions.items():
        for former, later in pairwise(events):
            if later.stored.version != former.stored.version + 1 and _is_of_a_run(former):
                missing = f"between {former.position} and {later.position}"
                findings.append(f"run {stream} lacks an event {missing}")
        if _is_of_a_run(events[0]) and events[0].stored.version != 1:
            findings.append(f"run {stream} lacks its beginning")
    findings += [f"run {run} is not there at all" for run in case.scope.runs if run not in versions]
    return _check("runs", "each run is there from its first event on, without a gap", findings)


def _check_time(case: Case, events: EventsOfCase) -> Iterator[Check]:
    """Of a case of some time: that from its first event to its last no position is left out."""
    since, until = case.scope.since, case.scope.until
    if since is None:
        return
    inside = [one.position for one in events.recorded if one.at >= since and (until is None or one.at < until)]
    first = min(inside, default=case.up_to_position + 1)
    last = case.up_to_position if until is None else max(inside, default=first)
    there = {event.position for event in case.events}
    if last - first >= EVENTS_MAX:
        findings = [f"from event {first} to {last} there would be more than a case can hold"]
    else:
        findings = [f"event {position} is left out" for position in range(first, last + 1) if position not in there]
    yield _check("time", f"every event from {first} to {last} is there", findings)


def _is_of_a_run(event: CaseEvent) -> bool:
    return event.stored.topic.startswith("install_run.")


def _check_readable(opened: OpenedCase, events: EventsOfCase, *, version: str) -> Check:
    """A newer Waybill shows some events in other words; then it is their ids, times and actors that must be the same."""
    told = {one.get("position"): one for one in opened.readable}
    recorded = {one.position: one for one in events.recorded}
    same = opened.case.software.get("waybill") == version
    findings = [
        f"event {position} is told otherwise than it is stored"
        for position, one in recorded.items()
        if told.get(position) is None or _compared(told[position], same=same) != _compared(_shown(one), same=same)
    ]
    known = {event.position for event in opened.case.events}
    findings += [f"event {position} is told and not there" for position in told if position not in known]
    return _check("readable", "the readable events are what is stored", findings)


def _shown(recorded: Recorded) -> Mapping[str, Any]:
    told: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(shown(recorded)))
    return told


def _compared(told: Mapping[str, Any], *, same: bool) -> Mapping[str, Any]:
    return told if same else {name: value for name, value in told.items() if name not in ("data", "event")}


def _check_rows(case: Case, events: EventsOfCase, *, name: str) -> Check:
    model = next(model for model in CASE_MODELS if model.name == name)
    place = f"read model {name}"
    if (rows := case.rows.get(name)) is None:
        return _check(place, "", (f"the rows of {name} are missing",))
    if rows.generation != model.generation:
        said = f"not compared: it has generation {rows.generation}, and this Waybill makes {model.generation}"
        return _check(place, said, ())
    found = compare(
        model,
        events.recorded,
        rows.rows,
        position=rows.position,
        positions=[event.position for event in case.events],
    )
    left_out = (
        f"; {found.left_out:,} more cannot be compared, because the case holds not all of their events"
        if found.left_out
        else ""
    )
    return _check(
        place, f"{counted(found.compared, 'row')} compared with what the events say{left_out}", found.differing
    )


def _check_skills(events: Sequence[Recorded]) -> Check:
    published = [one for one in events if isinstance(one.event, SkillVersionPublished)]
    findings = [
        f"version {one.event.version} of skill {one.stream} has not the digest of its files"
        for one in published
        if isinstance(one.event, SkillVersionPublished) and digest_of(one.event.manifest) != one.event.digest
    ]
    return _check("skills", f"{counted(len(published), 'version')} with the digest of the files", findings)
