"""Every event of a run hangs once in the tree of causes, below what came before it, whatever the events claim."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from hypothesis import assume, settings
from hypothesis import given as for_any
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.errors import Code
from domain.events import Event, Recorded
from domain.install_run.events import (
    ProviderGivenUp,
    ProviderLeaseExpired,
    ProviderRescued,
    ProviderRetryScheduled,
    ProviderStarted,
    RunCancelRequested,
    RunStarted,
    RunSucceeded,
)
from domain.installation.events import InstallationAwaited, InstallationReserved
from domain.provider.events import ProviderDeactivated
from domain.provider.state import provider_stream
from projections.run_history import run_of
from queries.cause_nodes import CauseNode
from queries.cause_tree import DEPTH_MAX, Woods
from tests.kit.facts import NOON, SOMEBODY
from tests.kit.facts import recorded as fact
from tests.projections.any_story import Teller, tellers

RUN_ID = UUID(int=1)
OTHER_RUN = UUID(int=2)
OPENAI = provider_stream("openai")
PAIR = UUID(int=3)
STARTED = ProviderStarted(provider_id=OPENAI, attempt_id=UUID(int=4), attempt=1, since=NOON, lease_until=NOON)
RETRY = ProviderRetryScheduled(provider_id=OPENAI, attempt=2, due_at=NOON)
RESERVED = InstallationReserved(run_id=RUN_ID, skill_id=UUID(int=5), provider_id=OPENAI, version=1)
GIVEN_UP = ProviderGivenUp(provider_id=OPENAI, code=Code.RUN_CANCELLED, message="cancelled")
PERSON = replace(SOMEBODY, kind="api_key", id="release-bot")


class Chain:
    """Events of a run, each a second after the one before, and caused by it unless told otherwise."""

    def __init__(self) -> None:
        self.events: list[Recorded] = []

    def add(self, event: Event, *, stream: UUID = RUN_ID, seconds: float = 1, **more: object) -> Recorded:
        last = self.events[-1] if self.events else None
        recorded = replace(
            fact(event, stream=stream, position=len(self.events) + 1),
            at=last.at + timedelta(seconds=seconds) if last else NOON,
            causation_id=last.id if last else None,
        )
        self.events.append(replace(recorded, **more))
        return self.events[-1]

    def together(self, event: Event, *, stream: UUID = RUN_ID) -> Recorded:
        """Stored in the same append as the one before."""
        last = self.events[-1]
        recorded = replace(last, id=uuid4(), position=last.position + 1, stream=stream, event=event)
        self.events.append(recorded)
        return recorded

    def roots(self, *, others: Sequence[Recorded] = ()) -> tuple[CauseNode, ...]:
        woods = Woods(run_id=RUN_ID, events=self.events, others=others, names={OPENAI: "openai", PAIR: "openai"})
        return woods.roots(links={})


def all_of(roots: Sequence[CauseNode]) -> Iterator[CauseNode]:
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        yield node
        waiting += node.children


def named(roots: Sequence[CauseNode]) -> dict[str, CauseNode]:
    return {node.event: node for node in all_of(roots)}


def drawn(node: CauseNode) -> object:
    """Names in names: as the tree hangs."""
    return {node.event: [drawn(child) for child in node.children]} if node.children else node.event


@for_any(tellers(), st.integers(0, 10_000), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_whatever_the_events_claim_each_hangs_once_below_an_earlier_one(
    teller: Teller, pick: int, random: object
) -> None:
    """Causes that are missing, that come later, that go in a circle."""
    assume(teller.runs)
    run = teller.runs[pick % len(teller.runs)]
    ids = [event.id for event in teller.story.events] + [uuid4(), None]
    events = [
        replace(event, causation_id=ids[(pick * event.position) % len(ids)])
        for event in teller.story.events
        if run_of(event) == run.id
    ]
    roots = Woods(run_id=run.id, events=events, others=teller.story.events, names={}).roots(links={})
    nodes = list(all_of(roots))
    assert sorted(node.position for node in nodes) == [event.position for event in events]
    for node in nodes:
        assert all(child.position > node.position for child in node.children)
        assert all((link.position or 0) < node.position for link in node.also)
        assert [child.position for child in node.children] == sorted(child.position for child in node.children)
    assert any(node.critical for node in nodes)


def test_what_was_stored_together_hangs_below_the_first_of_it() -> None:
    chain = Chain()
    chain.add(RESERVED, stream=PAIR)
    chain.add(RunStarted())
    chain.together(STARTED)
    chain.add(RunSucceeded(succeeded=1))
    (root,) = chain.roots()
    assert drawn(root) == {"InstallationReserved": [{"RunStarted": [{"ProviderStarted": ["RunSucceeded"]}]}]}
    found = named((root,))
    assert [found[name].because for name in ("InstallationReserved", "RunStarted", "ProviderStarted")] == [
        "begin",
        "cause",
        "together",
    ]


def test_time_is_told_by_what_it_was_spent_on() -> None:
    chain = Chain()
    chain.add(RESERVED, stream=PAIR)
    chain.add(ProviderRescued(provider_id=OPENAI, attempts=0, fault="ticket_lost"), seconds=2)
    chain.add(STARTED, seconds=3)
    chain.add(ProviderLeaseExpired(provider_id=OPENAI, attempt_id=UUID(int=4), lease_until=NOON), seconds=40)
    chain.together(RETRY)
    chain.add(replace(STARTED, attempt=2), seconds=4)
    chain.add(RunSucceeded(succeeded=1), seconds=1)
    chain.add(RunCancelRequested(), seconds=500, actor=PERSON, request_id="another")
    nodes = sorted(all_of(chain.roots()), key=lambda node: node.position)
    assert [(node.after_seconds, node.spent, node.slow) for node in nodes] == [
        (None, None, False),
        (2.0, "queue", False),
        (3.0, "queue", False),
        (40.0, "silence", True),
        (0.0, None, False),
        (4.0, "backoff", False),
        (1.0, "provider", False),
        (500.0, "person", False),
    ]


def test_what_follows_in_the_same_request_waited_for_nobody() -> None:
    chain = Chain()
    chain.add(ProviderDeactivated(requested=True), stream=OPENAI, actor=PERSON)
    chain.add(RunCancelRequested(), actor=PERSON)
    chain.add(RunCancelRequested(), actor=PERSON, request_id="another")
    nodes = sorted(all_of(chain.roots()), key=lambda node: node.position)
    assert [node.spent for node in nodes] == [None, None, "person"]


def test_what_leads_to_the_end_is_critical_and_the_rest_is_not() -> None:
    chain = Chain()
    reserved = chain.add(RESERVED, stream=PAIR)
    chain.add(STARTED)
    end = chain.add(RunSucceeded(succeeded=1))
    chain.add(RETRY, causation_id=reserved.id)
    assert {node.position for node in all_of(chain.roots()) if node.critical} == {1, 2, end.position}


def test_a_turn_hangs_below_the_wait_for_it() -> None:
    """Its cause is what the other run did, and that is nothing of this run's."""
    chain = Chain()
    waited = InstallationAwaited(run_id=RUN_ID, version=2)
    chain.add(waited, stream=PAIR)
    chain.add(RESERVED, stream=PAIR, seconds=9, causation_id=uuid4())
    (root,) = chain.roots()
    assert drawn(root) == {"InstallationAwaited": ["InstallationReserved"]}
    assert (root.children[0].because, root.children[0].spent, root.provider) == ("turn", "turn", "openai")


def test_a_cause_in_another_run_is_pointed_at() -> None:
    elsewhere = replace(fact(STARTED, stream=OTHER_RUN, position=1), at=NOON)
    chain = Chain()
    chain.add(RESERVED, stream=PAIR)
    chain.add(RunStarted(), causation_id=elsewhere.id, position=3)
    _, started = chain.roots(others=(elsewhere,))
    assert started.because == "elsewhere"
    (link,) = started.also
    assert (link.run_id, link.event, link.position, link.because) == (OTHER_RUN, "ProviderStarted", 1, "cause")


def test_a_cause_that_is_nowhere_is_said_to_be_lost() -> None:
    missing = uuid4()
    chain = Chain()
    chain.add(RunStarted(), causation_id=missing)
    (root,) = chain.roots()
    assert root.because == "lost"
    assert [(link.because, link.id, link.event) for link in root.also] == [("lost", missing, None)]


def test_an_event_that_claims_to_be_its_own_cause_begins_a_tree() -> None:
    chain = Chain()
    own = uuid4()
    chain.add(RunStarted(), id=own, causation_id=own)
    assert [root.because for root in chain.roots()] == ["lost"]


def test_a_failure_after_a_cancel_points_at_it() -> None:
    chain = Chain()
    started = chain.add(STARTED)
    cancel = chain.add(RunCancelRequested(), actor=PERSON, causation_id=None)
    chain.add(RETRY, causation_id=started.id)
    chain.together(GIVEN_UP)
    given_up = named(chain.roots())["ProviderGivenUp"]
    assert [(link.because, link.position) for link in given_up.also] == [("cancel", cancel.position)]


def test_what_was_given_up_with_the_cancel_or_for_another_reason_does_not() -> None:
    chain = Chain()
    chain.add(RunCancelRequested(), actor=PERSON)
    chain.together(GIVEN_UP)
    chain.add(RETRY)
    chain.together(ProviderGivenUp(provider_id=OPENAI, code=Code.RUN_TIMEOUT, message="late"))
    assert [node.also for node in all_of(chain.roots()) if node.event == "ProviderGivenUp"] == [(), ()]


def test_a_very_long_chain_does_not_hang_deeper_and_deeper() -> None:
    chain = Chain()
    for _ in range(DEPTH_MAX * 3):
        chain.add(RETRY)
    depth, level = 0, list(chain.roots())
    while level:
        depth, level = depth + 1, [child for node in level for child in node.children]
    assert depth == DEPTH_MAX
    assert len(list(all_of(chain.roots()))) == DEPTH_MAX * 3


def test_no_secret_and_no_address_is_said() -> None:
    chain = Chain()
    chain.add(ProviderDeactivated(requested=True), stream=OPENAI)
    (root,) = chain.roots()
    assert (root.say, root.run_id, root.provider) == ({"requested": True}, None, "openai")
