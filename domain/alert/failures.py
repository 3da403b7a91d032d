"""What has failed for good lately, and whether that is too much of one provider, of one skill, or with one code."""

from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct

from domain.alert.decisions import Condition
from domain.alert.events import Facts
from domain.alert.findings import Cause, Finding, cause_of, timestamp
from domain.alert.rules import RepeatedFailures, RuleName
from domain.alert.runs import UnfinishedRuns
from domain.errors import Code
from domain.events import Recorded
from domain.install_run.events import ProviderFailed, ProviderGivenUp, ProviderLeaseExpired, ProviderRefused

# The newest ones; more than these say nothing more.
FAILURES_MAX: Final = 10_000
# What ended because somebody or something else ended it.
NO_FAILURES: Final = frozenset({Code.RUN_CANCELLED, Code.RUN_ROLLED_BACK})


class Failure(Struct, frozen=True, kw_only=True):
    """A target that has failed for good."""

    at: datetime
    run_id: UUID
    provider: str
    skill: str
    code: Code
    cause: Cause


def code_of(recorded: Recorded) -> tuple[UUID, Code] | None:
    """At which connection a target failed for good, and with what; None for every other event."""
    match recorded.event:
        case ProviderFailed(final=True, provider_id=provider_id, code=code):
            return provider_id, code
        case ProviderRefused(provider_id=provider_id, code=code):
            return provider_id, code
        case ProviderGivenUp(provider_id=provider_id, code=code) if code not in NO_FAILURES:
            return provider_id, code
        case ProviderLeaseExpired(final=True, provider_id=provider_id):
            return provider_id, Code.RUN_LEASE_EXPIRED
        case _:
            return None


class RecentFailures:
    """A window that slides. What is open stays so until the window is quiet, or it would come and go with every failure."""

    def __init__(self, runs: UnfinishedRuns, rule: RepeatedFailures) -> None:
        self._runs = runs
        self._rule = rule
        self._failures: deque[Failure] = deque(maxlen=FAILURES_MAX)

    def take(self, recorded: Recorded) -> None:
        failed, run = code_of(recorded), self._runs.get(recorded.stream)
        if failed is None or run is None:
            return
        provider_id, code = failed
        self._failures.append(
            Failure(
                at=recorded.at,
                run_id=recorded.stream,
                provider=run.providers.get(provider_id, str(provider_id)),
                skill=run.skill,
                code=code,
                cause=cause_of(recorded),
            )
        )

    def findings(self, *, now: datetime, opened: Collection[str]) -> Iterator[Finding]:
        """What most has failed of comes first."""
        oldest = now - timedelta(seconds=self._rule.window_seconds)
        while self._failures and self._failures[0].at <= oldest:
            self._failures.popleft()
        found = [
            (subject, failures)
            for limit, subjects in self._by_subject()
            for subject, failures in subjects.items()
            if limit and (len(failures) >= limit or subject in opened)
        ]
        for subject, failures in sorted(found, key=lambda each: len(each[1]), reverse=True):
            condition = Condition(rule=RuleName.REPEATED_FAILURES, subject=subject, facts=self._facts(failures))
            yield Finding(condition=condition, cause=failures[-1].cause)

    def _by_subject(self) -> Iterator[tuple[int, dict[str, list[Failure]]]]:
        providers, skills, codes = (defaultdict[str, list[Failure]](list) for _ in range(3))
        for failure in self._failures:
            providers[f"provider:{failure.provider}"].append(failure)
            skills[f"skill:{failure.skill}"].append(failure)
            codes[f"code:{failure.code}"].append(failure)
        yield self._rule.per_provider, providers
        yield self._rule.per_skill, skills
        yield self._rule.per_code, codes

    def _facts(self, failures: Sequence[Failure]) -> Facts:
        """`code` is the one that comes most often, `lastRunId` a run to look at."""
        return {
            "failures": len(failures),
            "windowSeconds": self._rule.window_seconds,
            "code": Counter(failure.code.value for failure in failures).most_common(1)[0][0],
            "runs": len({failure.run_id for failure in failures}),
            "providers": len({failure.provider for failure in failures}),
            "skills": len({failure.skill for failure in failures}),
            "lastRunId": str(failures[-1].run_id),
            "lastFailedAt": timestamp(failures[-1].at),
        }
