"""All rules together: events and facts go in, what is to be said comes out. Nothing here does I/O or knows the time."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from msgspec import Struct

from domain.alert.events import AlertRaised, AlertRepeated, AlertResolved
from domain.alert.failures import RecentFailures
from domain.alert.findings import Finding
from domain.alert.providers import FailingProviders
from domain.alert.rules import RuleName, Rules
from domain.alert.runs import StuckRuns, UnfinishedRuns, long_running
from domain.alert.standing import Situation, Waybill, credential_expiring
from domain.events import Recorded

# Of one rule so many are open at once. What is beyond that waits: ten thousand alerts say less than fifty.
OPEN_MAX: Final = 50


class Watch:
    """The events in the order of their positions, each once."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._runs = UnfinishedRuns()
        self._stuck = StuckRuns(self._runs, rules.stuck)
        self._failures = RecentFailures(self._runs, rules.repeated_failures)
        self._providers = FailingProviders()
        self._waybill = Waybill(rules)
        # By the rule that is wrong if one of them fails. Runs come first: the others ask what an event's run is.
        self.folds: Mapping[RuleName, Callable[[Recorded], None]] = {
            RuleName.LONG_RUNNING: self._runs.take,
            RuleName.STUCK: self._stuck.take,
            RuleName.REPEATED_FAILURES: self._failures.take,
            RuleName.PROVIDER_FAILING: self._providers.take,
        }

    def take(self, recorded: Recorded) -> None:
        for fold in self.folds.values():
            fold(recorded)

    def findings(
        self, name: RuleName, situation: Situation, *, now: datetime, opened: Collection[str]
    ) -> tuple[Finding, ...]:
        """What a rule finds to be so; `opened` are the subjects that it has open alerts about. Those come first."""
        if not self._rules.of(name).enabled:
            return ()
        found: Iterable[Finding]
        match name:
            case RuleName.REPEATED_FAILURES:
                found = self._failures.findings(now=now, opened=opened)
            case RuleName.LONG_RUNNING:
                # As many as the open ones are enough: an older one that has no alert has to be among them.
                found = islice(long_running(self._runs, self._rules.long_running, now=now), OPEN_MAX)
            case RuleName.STUCK:
                found = self._stuck.findings()
            case RuleName.PROVIDER_FAILING:
                found = self._providers.findings()
            case RuleName.CREDENTIAL_EXPIRING:
                found = credential_expiring(situation.keys, self._rules.credential_expiring, now=now)
            case RuleName.DATABASE_OFFLINE | RuleName.AUDIT_VERIFICATION_FAILED:
                # Whoever asks has the database in front of him, and whether the record holds is not seen from here.
                found = ()
            case _:
                found = self._waybill.findings(name, situation, now=now, opened=opened)
        still_open = sorted(found, key=lambda finding: finding.condition.subject not in opened)
        return tuple(still_open[:OPEN_MAX])


class OpenAlerts:
    """The alerts that are open, and when each is to be said again."""

    def __init__(self) -> None:
        self._again_at: dict[tuple[RuleName, str], datetime] = {}

    def take(self, recorded: Recorded) -> None:
        match recorded.event:
            case AlertRaised() as event:
                self.note(event.rule, event.subject, again_at=event.again_at)
            case AlertRepeated() as event:
                self.note(event.rule, event.subject, again_at=event.again_at)
            case AlertResolved() as event:
                self.forget(event.rule, event.subject)
            case _:
                pass

    def note(self, rule: RuleName, subject: str, *, again_at: datetime) -> None:
        self._again_at[rule, subject] = again_at

    def forget(self, rule: RuleName, subject: str) -> None:
        self._again_at.pop((rule, subject), None)

    def of(self, rule: RuleName) -> Mapping[str, datetime]:
        return {subject: again_at for (name, subject), again_at in self._again_at.items() if name is rule}


class Changes(Struct, frozen=True, kw_only=True):
    """What is to be said of a rule: these are so, and not said or to be said again; of these subjects it is over."""

    said: Sequence[Finding]
    over: Sequence[str]


def changes(findings: Sequence[Finding], opened: Mapping[str, datetime], *, now: datetime) -> Changes:
    found = {finding.condition.subject for finding in findings}
    return Changes(
        said=[
            finding
            for finding in findings
            if (again_at := opened.get(finding.condition.subject)) is None or again_at <= now
        ],
        over=[subject for subject in opened if subject not in found],
    )
