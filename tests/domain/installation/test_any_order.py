"""Whoever claims a pair and leaves it, in any order: one run holds it at a time, and everybody gets a turn, first come first served."""

from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain.installation.decisions import change, claim, release, remove
from domain.installation.events import (
    InstallationChanged,
    InstallationEvent,
    InstallationRemoved,
    InstallationReserved,
)
from domain.installation.state import Claim, Installation, evolve
from tests.domain.facts import DIGEST, NOON, RECEIPT
from tests.domain.installation.facts import PAIR

STEPS_MAX = 30

runs = st.integers(0, 12)


class AnyOrder(RuleBasedStateMachine):
    """Any run may say at any time that it has done its work or given up: before its turn, after it, or without ever asking."""

    def __init__(self) -> None:
        super().__init__()
        self.state: Installation | None = None
        self.events: list[InstallationEvent] = []
        self.came: list[UUID] = []
        self.left = 0

    def _record(self, events: tuple[InstallationEvent, ...]) -> None:
        for event in events:
            self.events.append(event)
            self.state = evolve(self.state, event)

    @rule()
    def come(self) -> None:
        run = UUID(int=len(self.came))
        self._record(claim(self.state, run_id=run, version=run.int + 1, **PAIR))
        self.came.append(run)

    @rule(number=runs)
    def succeed(self, number: int) -> None:
        if self.state is not None:
            self._leave(number, change(self.state, run_id=UUID(int=number), digest=DIGEST, receipt=RECEIPT, **PAIR))

    @rule(number=runs)
    def remove(self, number: int) -> None:
        if self.state is not None:
            self._leave(number, remove(self.state, run_id=UUID(int=number), **PAIR))

    @rule(number=runs, doubtful=st.booleans())
    def give_up(self, number: int, *, doubtful: bool) -> None:
        if self.state is not None:
            since = NOON if doubtful else None
            self._leave(number, release(self.state, run_id=UUID(int=number), doubtful_since=since, **PAIR))

    def _leave(self, number: int, events: tuple[InstallationEvent, ...]) -> None:
        its_turn = number == self.left and number < len(self.came)
        assert bool(events) == its_turn
        self.left += its_turn
        self._record(events)

    @invariant()
    def the_line_is_who_came_and_has_not_left(self) -> None:
        here = tuple(Claim(run_id=run, version=run.int + 1) for run in self.came[self.left :])
        state = self.state or Installation()
        assert state.claims == here
        assert (state.holder is None) == (not here)

    @invariant()
    def everybody_gets_one_turn_in_order(self) -> None:
        turns = [event.run_id for event in self.events if isinstance(event, InstallationReserved)]
        assert turns == self.came[: len(turns)]

    @invariant()
    def the_last_change_is_live_unless_it_was_removed(self) -> None:
        changes = [event for event in self.events if isinstance(event, InstallationChanged | InstallationRemoved)]
        live = self.state.live if self.state else None
        last = changes[-1] if changes else None
        assert (live and live.run_id) == (last.run_id if isinstance(last, InstallationChanged) else None)
        assert live is None or live.version == live.run_id.int + 1


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(deadline=None, stateful_step_count=STEPS_MAX)
