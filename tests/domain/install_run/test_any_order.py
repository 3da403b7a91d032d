"""Whatever is started, settled, expired, given up and cancelled, in any order and any number of times: a run ends once, truly."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Literal
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from domain.errors import Code, RunUnfit
from domain.events import Event
from domain.install_run import decisions
from domain.install_run.ending import REASONS
from domain.install_run.events import (
    ProviderFailed,
    ProviderRolledBack,
    ProviderStarted,
    ProviderSucceeded,
    RollbackRequested,
    RunCancelRequested,
    RunEvent,
    RunFailed,
    RunPartiallyFailed,
    RunStarted,
    RunSucceeded,
    Target,
    Undo,
)
from domain.install_run.policy import Policy
from domain.install_run.state import InstallRun, RunStatus, TargetStatus, evolve
from tests.domain.facts import NOON, failed, queued, refused, succeeded
from tests.kit.specification import folded, stored_and_read

ENDS = (RunSucceeded, RunFailed, RunPartiallyFailed)
STEPS_MAX = 40
LEASE_SECONDS = 30
ROUNDS_MAX = 60

Try = tuple[int, UUID]
numbers = st.integers(0, 4)  # also of providers that are no target
codes = st.none() | st.sampled_from([Code.PROVIDER_TIMEOUT, Code.PROVIDER_TOO_LARGE])


def target(number: int) -> Target:
    return Target(id=UUID(int=1000 + number), name=f"openai-{number}", kind="openai")


def outcome(number: int, attempt_id: UUID, code: Code | None) -> ProviderSucceeded | ProviderFailed:
    if code is None:
        return succeeded(target(number), attempt_id=attempt_id)
    may_pass = code is Code.PROVIDER_TIMEOUT
    return failed(target(number), attempt_id=attempt_id, code=code, retryable=may_pass, ambiguous=may_pass)


class AnyOrder(RuleBasedStateMachine):
    """Whoever tried to start keeps the attempt id, whether it got the right or not, and may report with it at any time."""

    tries: Bundle[Try] = Bundle("tries")

    @initialize(
        count=st.integers(1, 4),
        mode=st.sampled_from(["best_effort", "all_or_nothing"]),
        attempts_max=st.integers(1, 3),
        refusals=st.dictionaries(st.integers(0, 3), codes.filter(bool), max_size=2),
        unchanged=st.sets(st.integers(0, 3)),
    )
    def queue(
        self,
        *,
        count: int,
        mode: Literal["best_effort", "all_or_nothing"],
        attempts_max: int,
        refusals: dict[int, Code],
        unchanged: set[int],
    ) -> None:
        self.count = count
        self.tried = 0
        self.now = NOON
        self.undoes = {target(number).id: Undo(provider_id=target(number).id) for number in {0, 1, 2, 3} - unchanged}
        policy = Policy(mode=mode, attempts_max=attempts_max, start_timeout_seconds=100, run_timeout_seconds=200)
        self.events: list[Event] = []
        self.run: InstallRun = folded([queued(*map(target, range(count)), policy=policy)])
        self._record(
            decisions.queue(
                queued(*map(target, range(count)), policy=policy),
                now=NOON,
                refused=tuple(
                    refused(target(number), code=refusals[number]) for number in sorted(refusals) if number < count
                ),
            )
        )

    def _record(self, events: tuple[RunEvent, ...]) -> None:
        for event in events:
            stored_and_read(event)
            self.events.append(event)
            self.run = evolve(self.run, event)

    @rule(seconds=st.integers(1, 60))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(target=tries, number=numbers)
    def start(self, number: int) -> Try:
        self.tried += 1
        attempt_id = UUID(int=self.tried)
        self._record(
            decisions.start(
                self.run,
                provider_id=target(number).id,
                attempt_id=attempt_id,
                now=self.now,
                since=self.now,
                lease_until=self.now + timedelta(seconds=LEASE_SECONDS),
            )
        )
        return number, attempt_id

    @rule(who=tries, code=codes)
    def report(self, who: Try, code: Code | None) -> None:
        self._record(decisions.settle(self.run, outcome(*who, code), now=self.now, undoes=self.undoes))

    @rule(who=tries, number=numbers, code=codes)
    def report_for_another(self, who: Try, number: int, code: Code | None) -> None:
        """At worst somebody takes one target's attempt for another's."""
        self._record(decisions.settle(self.run, outcome(number, who[1], code), now=self.now, undoes=self.undoes))

    @rule(number=numbers)
    def look_at_the_lease(self, number: int) -> None:
        provider_id = target(number).id
        self._record(decisions.expire_lease(self.run, provider_id=provider_id, now=self.now, undoes=self.undoes))

    @rule(number=numbers)
    def look_at_the_time(self, number: int) -> None:
        provider_id = target(number).id
        self._record(decisions.expire(self.run, provider_id=provider_id, now=self.now, undoes=self.undoes))

    @rule(number=numbers)
    def take_the_connection_out_of_use(self, number: int) -> None:
        self._record(
            decisions.give_up(
                self.run,
                provider_id=target(number).id,
                code=Code.PROVIDER_UNAUTHORIZED,
                message="",
                undoes=self.undoes,
            )
        )

    @rule(number=numbers)
    def rescue(self, number: int) -> None:
        provider_id = target(number).id
        self._record(decisions.rescue(self.run, provider_id=provider_id, now=self.now, fault="ticket_lost"))

    @rule()
    def cancel(self) -> None:
        with suppress(RunUnfit):
            self._record(decisions.cancel(self.run, undoes=self.undoes))

    @invariant()
    def a_run_starts_once_before_its_targets(self) -> None:
        kinds = [type(event) for event in self.events]
        assert kinds.count(RunStarted) == (ProviderStarted in kinds)
        if RunStarted in kinds:
            assert kinds[kinds.index(RunStarted) + 1] is ProviderStarted
            assert ProviderStarted not in kinds[: kinds.index(RunStarted)]

    @invariant()
    def every_attempt_has_one_outcome_and_no_more_than_the_policy_allows(self) -> None:
        starts = [(event.provider_id, event.attempt_id) for event in self.events if isinstance(event, ProviderStarted)]
        ends = [
            (event.provider_id, event.attempt_id)
            for event in self.events
            if isinstance(event, ProviderSucceeded | ProviderFailed | ProviderRolledBack) and event.attempt_id
        ]
        assert len(set(ends)) == len(ends)
        assert set(ends) <= set(starts)
        for one in self.run.targets:
            assert one.attempts - one.spent <= self.run.policy.attempts_max
            assert one.spent <= self.run.policy.attempts_max

    @invariant()
    def a_run_ends_when_nothing_is_left_to_do_with_a_true_tally(self) -> None:
        ends = [event for event in self.events if isinstance(event, ENDS)]
        ended = all(one.status.ended for one in self.run.targets)
        assert len(ends) == ended
        assert self.run.status.ended == ended
        if not ends:
            return
        assert self.events[-1] == ends[0]
        failures = Counter(one.code for one in self.run.targets if one.status is TargetStatus.FAILED)
        successes = self.count - failures.total()
        assert getattr(ends[0], "succeeded", 0) == successes
        assert getattr(ends[0], "failures", {}) == failures
        assert ends[0].reason == next((code for code in REASONS if code in failures), None)
        expected = RunStatus.PARTIAL_FAILED if failures else RunStatus.SUCCESS
        assert self.run.status is (expected if successes else RunStatus.FAILED)

    @invariant()
    def what_waits_in_a_cancelled_run_is_only_what_it_takes_back(self) -> None:
        for one in self.run.targets:
            if one.status is TargetStatus.QUEUED and (self.run.cancelled or self.run.fails_as_a_whole):
                assert self.run.takes_back_at(one)

    @invariant()
    def all_or_nothing_leaves_nothing_unless_an_undoing_failed(self) -> None:
        if self.run.policy.mode == "best_effort":
            assert not any(isinstance(event, RollbackRequested | ProviderRolledBack) for event in self.events)
        elif self.run.status.ended and self.run.fails_as_a_whole:
            left = [one for one in self.run.targets if one.status is TargetStatus.SUCCESS]
            assert all(one.undo is not None and one.code is not None for one in left)

    @invariant()
    def a_cancel_is_said_once(self) -> None:
        assert sum(isinstance(event, RunCancelRequested) for event in self.events) == self.run.cancelled

    def teardown(self) -> None:
        """Every run can be brought to its end, whatever it has been through, by nothing but time."""
        for _ in range(ROUNDS_MAX):
            if self.run.status.ended:
                break
            self.now += timedelta(seconds=LEASE_SECONDS)
            for one in self.run.targets:
                number = one.target.id.int - 1000
                self.look_at_the_lease(number)
                self.look_at_the_time(number)
                self.start(number)
        assert self.run.status.ended
        self.a_run_ends_when_nothing_is_left_to_do_with_a_true_tally()


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(deadline=None, stateful_step_count=STEPS_MAX)
