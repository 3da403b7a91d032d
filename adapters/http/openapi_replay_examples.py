"""What answers about the past of a run look like, for the OpenAPI document."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from adapters.http.openapi_example_facts import (
    AT,
    CORRELATION_ID,
    DIGEST,
    EVENT_ID,
    OPENAI_ID,
    OPERATOR,
    REQUEST_ID,
    RUN_ID,
    SKILL_ID,
    SKILL_NAME,
)
from domain.events import Actor, Event, Recorded
from domain.install_run.events import (
    ProviderStarted,
    ProviderSucceeded,
    RunQueued,
    RunStarted,
    RunSucceeded,
    SkillPin,
    Target,
)
from domain.install_run.policy import Policy
from domain.installation.events import InstallationChanged, InstallationReserved, Receipt
from domain.installation.state import installation_stream
from queries.cause_tree import Woods
from queries.moments import Moment
from queries.run_causes import RunCauses
from queries.run_diff import RunDiff, changes_between, named
from queries.run_folding import RunFolding
from queries.run_state import RunState
from queries.run_streams import PairStream, RunStreams

INSTALLER: Final = Actor(kind="system", id="installer", name="installer")
PIN: Final = SkillPin(id=SKILL_ID, name=SKILL_NAME, version=2, digest=DIGEST, ref="stable")
OPENAI: Final = Target(id=OPENAI_ID, name="openai", kind="openai")
PAIR_ID: Final = installation_stream(SKILL_ID, OPENAI_ID)
RECEIPT: Final = Receipt(remote_id="skill_68f0c0ffee", remote_version="1")
ATTEMPT_ID: Final = UUID("019d33dd-8e42-7402-9f44-4f1dfc0ed0a3")
FIRST_POSITION: Final = 41


def _event(number: int, event: Event, *, stream: UUID = RUN_ID, seconds: int, cause: int | None = None) -> Recorded:
    """`number` and `cause` count the events from 0."""
    return Recorded(
        id=_id(number),
        position=FIRST_POSITION + number,
        stream=stream,
        version=number + 1,
        at=AT + timedelta(seconds=seconds),
        actor=OPERATOR if seconds == 0 else INSTALLER,
        request_id=REQUEST_ID,
        correlation_id=CORRELATION_ID,
        causation_id=None if cause is None else _id(cause),
        event=event,
    )


def _id(number: int) -> UUID:
    return UUID(int=EVENT_ID.int + number)


STARTED: Final = ProviderStarted(
    provider_id=OPENAI_ID,
    attempt_id=ATTEMPT_ID,
    attempt=1,
    since=AT + timedelta(seconds=1),
    lease_until=AT + timedelta(seconds=91),
)
CHANGED: Final = InstallationChanged(
    run_id=RUN_ID, skill_id=SKILL_ID, provider_id=OPENAI_ID, version=2, digest=DIGEST, receipt=RECEIPT
)
RESERVED: Final = InstallationReserved(run_id=RUN_ID, skill_id=SKILL_ID, provider_id=OPENAI_ID, version=2)
SUCCEEDED: Final = ProviderSucceeded(provider_id=OPENAI_ID, attempt_id=ATTEMPT_ID, receipt=RECEIPT)
EVENTS: Final = (
    _event(0, RunQueued(skill=PIN, targets=(OPENAI,), policy=Policy()), seconds=0),
    _event(1, RESERVED, stream=PAIR_ID, seconds=0),
    _event(2, RunStarted(), seconds=1, cause=1),
    _event(3, STARTED, seconds=1, cause=1),
    _event(4, SUCCEEDED, seconds=3, cause=3),
    _event(5, CHANGED, stream=PAIR_ID, seconds=3, cause=3),
    _event(6, RunSucceeded(succeeded=1), seconds=3, cause=3),
)
PAIR: Final = PairStream(
    id=PAIR_ID,
    name=f"{SKILL_NAME}@openai",
    target=OPENAI,
    events=tuple(event for event in EVENTS if event.stream == PAIR_ID),
)
STREAMS: Final = RunStreams(
    run_id=RUN_ID, events=tuple(event for event in EVENTS if event.stream == RUN_ID), pairs=(PAIR,)
)


def _folded(events: int) -> RunFolding:
    folding = RunFolding(STREAMS)
    for event in EVENTS[:events]:
        folding.take(event)
    return folding


def _state(events: int) -> RunState:
    folding, last = _folded(events), EVENTS[events - 1]
    return RunState(
        position=last.position,
        at=last.at,
        run=folding.run,
        state=folding.state or {},
        installations=folding.installations,
        events=events,
        broken=folding.broken,
    )


def _diff(*, since: int, until: int) -> RunDiff:
    changes, broken = changes_between(STREAMS, since=EVENTS[since - 1].position, until=EVENTS[until - 1].position)
    return RunDiff(
        from_=Moment(position=EVENTS[since - 1].position, at=EVENTS[since - 1].at),
        to=Moment(position=EVENTS[until - 1].position, at=EVENTS[until - 1].at),
        changes=changes,
        events=tuple(named(event) for event in EVENTS[since:until]),
        broken=broken,
    )


STATE: Final = _state(4)
DIFF: Final = _diff(since=4, until=7)
CAUSES: Final = RunCauses(
    run=_folded(len(EVENTS)).run,
    roots=Woods(run_id=RUN_ID, events=EVENTS, others=(), names=STREAMS.names).roots(links={}),
    omitted=0,
    stale=False,
)
