"""Whatever is started and settled, in any order and any number of times: a run ends once, with a true tally."""

from collections import Counter
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from domain.errors import Code
from domain.events import Event
from domain.install_run import decisions
from domain.install_run.decisions import settle, start
from domain.install_run.events import (
    ProviderFailed,
    ProviderRefused,
    ProviderStarted,
    ProviderSucceeded,
    RunEvent,
    RunFailed,
    RunPartiallyFailed,
    RunSucceeded,
    Target,
)
from domain.install_run.policy import Policy
from domain.install_run.state import InstallRun, RunStatus, evolve
from tests.domain.facts import LEASE_UNTIL, NOON, PIN, failed, refused, succeeded
from tests.kit.specification import folded

ENDS = (RunSucceeded, RunFailed, RunPartiallyFailed)
STEPS_MAX = 30

Try = tuple[int, UUID]
counts = st.integers(1, 4)
numbers = st.integers(0, 4)  # also of providers that are no target
codes = st.none() | st.sampled_from([Code.PROVIDER_TIMEOUT, Code.PROVIDER_TOO_LARGE])


def target(number: int) -> Target:
    return Target(id=UUID(int=1000 + number), name=f"openai-{number}", kind="openai")


def outcome(number: int, attempt_id: UUID, code: Code | None) -> ProviderSucceeded | ProviderFailed:
    if code is None:
        return succeeded(target(number), attempt_id=attempt_id)
    return failed(target(number), attempt_id=attempt_id, code=code)


class AnyOrder(RuleBasedStateMachine):
    """Whoever tried to start keeps the attempt id, whether it got the right or not, and may report with it at any time."""

    tries: Bundle[Try] = Bundle("tries")

    @initialize(count=counts, refusals=st.dictionaries(st.integers(0, 3), codes.filter(bool), max_size=4))
    def queue(self, count: int, refusals: dict[int, Code]) -> None:
        self.count = count
        self.tried = 0
        targets = tuple(map(target, range(count)))
        self.refused = {number for number in refusals if number < count}
        self.events: list[Event] = [
            *decisions.queue(
                skill=PIN,
                targets=targets,
                policy=Policy(),
                refused=tuple(refused(target(number), code=refusals[number]) for number in sorted(self.refused)),
            )
        ]
        self.run: InstallRun = folded(self.events)

    def _record(self, events: tuple[RunEvent, ...]) -> None:
        for event in events:
            self.events.append(event)
            self.run = evolve(self.run, event)

    @rule(target=tries, number=numbers)
    def start(self, number: int) -> Try:
        return self._start(number)

    def _start(self, number: int) -> Try:
        self.tried += 1
        attempt_id = UUID(int=self.tried)
        provider_id = target(number).id
        self._record(
            start(self.run, provider_id=provider_id, attempt_id=attempt_id, since=NOON, lease_until=LEASE_UNTIL)
        )
        return number, attempt_id

    @rule(who=tries, code=codes)
    def report(self, who: Try, code: Code | None) -> None:
        self._record(settle(self.run, outcome(*who, code)))

    @rule(who=tries, number=numbers, code=codes)
    def report_for_another(self, who: Try, number: int, code: Code | None) -> None:
        """At worst somebody takes one target's attempt for another's."""
        self._record(settle(self.run, outcome(number, who[1], code)))

    @invariant()
    def a_run_starts_once_before_its_targets(self) -> None:
        names = [type(event).__name__ for event in self.events[1 + len(self.refused) :]]
        if len(self.refused) == self.count:
            assert names == ["RunFailed"]
            return
        assert names.count("RunStarted") == bool(names)
        assert names[:2] == ["RunStarted", "ProviderStarted"][: len(names)]

    @invariant()
    def every_target_starts_and_ends_once_in_the_hands_of_one(self) -> None:
        starts = [(event.provider_id, event.attempt_id) for event in self.events if isinstance(event, ProviderStarted)]
        ends = [(event.provider_id, event.attempt_id) for event in self.outcomes]
        assert len({provider_id for provider_id, _ in starts}) == len(starts)
        assert not {provider_id for provider_id, _ in starts} & {target(number).id for number in self.refused}
        assert len(set(ends)) == len(ends)
        assert set(ends) <= set(starts)

    @invariant()
    def a_run_ends_with_its_last_target_and_a_true_tally(self) -> None:
        ends = [event for event in self.events if isinstance(event, ENDS)]
        assert len(ends) == (len(self.outcomes) + len(self.refused) == self.count)
        assert self.run.status.ended == bool(ends)
        if not ends:
            return
        assert self.events[-1] == ends[0]
        codes = Counter(event.code for event in self.events if isinstance(event, ProviderFailed | ProviderRefused))
        successes = self.count - codes.total()
        assert getattr(ends[0], "succeeded", 0) == successes
        assert getattr(ends[0], "failures", {}) == codes
        expected = RunStatus.PARTIAL_FAILED if codes else RunStatus.SUCCESS
        assert self.run.status is (expected if successes else RunStatus.FAILED)

    def teardown(self) -> None:
        """Every run can be brought to its end."""
        for number in sorted(set(range(self.count)) - self.refused):
            current = self.run.target(target(number).id)
            assert current is not None
            attempt_id = current.attempt_id or self._start(number)[1]
            self.report((number, attempt_id), None)
        assert self.run.status.ended
        self.a_run_ends_with_its_last_target_and_a_true_tally()

    @property
    def outcomes(self) -> list[ProviderSucceeded | ProviderFailed]:
        return [event for event in self.events if isinstance(event, ProviderSucceeded | ProviderFailed)]


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(deadline=None, stateful_step_count=STEPS_MAX)
