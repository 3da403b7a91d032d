"""Whoever claims a pair and leaves it, in any order: one run holds it at a time, and everybody gets a turn, first come first served."""

from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain.installation.decisions import change, claim, leave, remove, sweep
from domain.installation.events import (
    InstallationChanged,
    InstallationEvent,
    InstallationRemoved,
    InstallationReserved,
    InstallationWithdrawn,
)
from domain.installation.state import Claim, Installation, evolve
from tests.domain.facts import DIGEST, NOON, RECEIPT
from tests.domain.installation.facts import PAIR, pair_of

STEPS_MAX = 30

runs = st.integers(0, 12)


class AnyOrder(RuleBasedStateMachine):
    """Any run may say at any time that it has done its work or given up: before its turn, after it, or without ever asking."""

    def __init__(self) -> None:
        super().__init__()
        self.state: Installation | None = None
        self.events: list[InstallationEvent] = []
        self.came = 0
        self.line: list[UUID] = []

    def _record(self, events: tuple[InstallationEvent, ...]) -> None:
        for event in events:
            self.events.append(event)
            self.state = evolve(self.state, event)

    @rule()
    def come(self) -> None:
        run = UUID(int=self.came)
        self._record(claim(self.state, run_id=run, version=run.int + 1, **PAIR))
        self.came += 1
        self.line.append(run)

    @rule(number=runs, doubtful=st.booleans(), kept=st.booleans())
    def succeed(self, number: int, *, doubtful: bool, kept: bool) -> None:
        run, state = UUID(int=number), self.state
        if state is not None:
            since = NOON if doubtful else None
            self._act(
                run,
                change(
                    state,
                    pair=pair_of(run),
                    version=number + 1,
                    digest=DIGEST,
                    receipt=RECEIPT,
                    doubtful_since=since,
                    kept=kept,
                ),
                stays=kept,
            )

    @rule(number=runs, kept=st.booleans())
    def remove(self, number: int, *, kept: bool) -> None:
        run = UUID(int=number)
        if self.state is not None:
            self._act(run, remove(self.state, pair=pair_of(run), kept=kept), stays=kept)

    @rule(number=runs, doubtful=st.booleans())
    def give_up(self, number: int, *, doubtful: bool) -> None:
        """In line as well as when it has its turn."""
        run = UUID(int=number)
        if self.state is None:
            return
        events = leave(self.state, pair=pair_of(run), doubtful_since=NOON if doubtful else None)
        assert bool(events) == (run in self.line)
        self._leave(run)
        self._record(events)

    @rule(settled=st.booleans())
    def look_again(self, *, settled: bool) -> None:
        if self.state is not None:
            self._record(sweep(self.state, run_id=UUID(int=0), discarded=(), settled=settled))

    def _act(self, run: UUID, events: tuple[InstallationEvent, ...], *, stays: bool) -> None:
        assert bool(events) == (self.line[:1] == [run])
        if events and not stays:
            self._leave(run)
        self._record(events)

    def _leave(self, run: UUID) -> None:
        self.line = [other for other in self.line if other != run]

    @invariant()
    def the_line_is_who_came_and_has_not_left(self) -> None:
        here = tuple(Claim(run_id=run, version=run.int + 1) for run in self.line)
        state = self.state or Installation()
        assert state.claims == here
        assert (state.holder is None) == (not here)

    @invariant()
    def everybody_gets_one_turn_in_order(self) -> None:
        turns = [event.run_id for event in self.events if isinstance(event, InstallationReserved)]
        assert turns == sorted(set(turns))
        withdrawn = {event.run_id for event in self.events if isinstance(event, InstallationWithdrawn)}
        assert not withdrawn & set(turns)
        assert {*turns, *withdrawn, *self.line} == {UUID(int=number) for number in range(self.came)}

    @invariant()
    def the_last_change_is_live_unless_it_was_removed(self) -> None:
        changes = [event for event in self.events if isinstance(event, InstallationChanged | InstallationRemoved)]
        live = self.state.live if self.state else None
        last = changes[-1] if changes else None
        assert (live and live.run_id) == (last.run_id if isinstance(last, InstallationChanged) else None)
        assert live is None or live.version == live.run_id.int + 1

    @invariant()
    def doubt_has_a_beginning_a_version_and_a_run_or_none_of_them(self) -> None:
        state = self.state or Installation()
        assert (state.doubtful_since is None) == (state.doubtful_run is None)
        assert state.doubtful_since is not None or not state.doubtful_versions

    @invariant()
    def who_gave_up_is_not_in_the_line_and_put_nothing_there(self) -> None:
        state = self.state or Installation()
        assert not state.given_up & set(self.line)
        assert state.live is None or state.live.run_id not in state.given_up


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(deadline=None, stateful_step_count=STEPS_MAX)
