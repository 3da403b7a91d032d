"""Hypothesis strategies: any history that the domain allows, and any way to cut it into batches."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import pairwise
from typing import Literal

from hypothesis import strategies as st

from domain.access.events import AccessDenied, ApiKeyIssued, ApiKeyRevoked
from domain.access.state import denials_stream, key_stream
from domain.errors import Code, RunUnfit
from domain.events import Recorded, Role
from domain.evidence.state import exports_stream
from domain.install_run import decisions
from domain.install_run.policy import Policy
from domain.install_run.state import TargetStatus
from domain.installation.events import InstallationDoubted, Receipt
from domain.installation.state import installation_stream
from domain.provider.events import (
    CredentialRef,
    ProviderActivated,
    ProviderCredentialChanged,
    ProviderDeactivated,
    ProviderPaused,
    ProviderReconfigured,
    ProviderResumed,
    ProviderVerificationFailed,
    ProviderVerified,
)
from domain.provider.state import provider_stream
from domain.skill.events import SkillArchived, SkillLabelled, SkillUnarchived
from domain.skill.state import skill_stream
from domain.store.events import StoreChecked, StoreRestored
from domain.store.state import STORE_STREAM
from tests.kit.facts import NOON
from tests.projections.stories import Story
from tests.projections.story_alerts import EXPORTED, Alerts
from tests.projections.story_chats import Chats
from tests.projections.story_runs import Run

STEPS_MAX = 60
CHOICES = 10_000
LINES_MAX = 3
ALL_OR_NOTHING = Policy(mode="all_or_nothing")
SKILLS = ("kbo-results", "한국어-요약")
PROVIDERS = ("openai", "claude", "gemini")
MESSAGES = ("too large", "", 'quotes " and \\ and \n lines', "너무 큽니다 😀", "null", "{}")
FAILURES = (Code.PROVIDER_TOO_LARGE, Code.PROVIDER_TIMEOUT)
OF_CONNECTIONS = (
    (ProviderVerified(),),
    (ProviderVerified(), ProviderActivated()),
    (ProviderVerificationFailed(code=Code.PROVIDER_UNAUTHORIZED, message="no"), ProviderDeactivated()),
    (ProviderDeactivated(requested=True),),
    (ProviderPaused(until=NOON, code=Code.PROVIDER_RATE_LIMIT),),
    (ProviderPaused(requested=True),),
    (ProviderResumed(requested=True),),
    (
        ProviderReconfigured(base_url="https://api.example/v2", base_agent="agent-2", concurrency_max=2),
        ProviderCredentialChanged(credential=CredentialRef(source="file", name="key-2")),
    ),
)
# Those that a person may be interested in, whatever state the skill is in.
OF_SKILLS = ((SkillLabelled(label="stable", version=1),), (SkillArchived(),), (SkillUnarchived(),))


Step = Callable[[], object]


class Teller:
    """A story that goes on with any step that is possible now."""

    def __init__(self) -> None:
        self.story = Story()
        self.runs: list[Run] = []
        self._chats = Chats(self.story)
        self._alerts = Alerts(self.story)
        self._connected: list[str] = []
        self._published: list[str] = []
        self._keys: list[str] = []

    def tell(self, choice: int) -> None:
        """One step: the number picks what it is about, and which of those that are possible."""
        progress = [step for run in self.runs for name in PROVIDERS for step in _next(run, name)]
        subjects = [
            self._of_skills(),
            self._of_connections(),
            self._of_access(),
            self._chats.steps(),
            # Lines should form, and also come to an end.
            progress if len(progress) > LINES_MAX else self._of_requests(),
            *[progress] * 3,
            [step for run in self.runs for step in self._of_ended(run)],
            [step for run in self.runs for name in PROVIDERS for step in self._of_doubts(run, name)],
            [step for name in PROVIDERS if self.story.live(SKILLS[0], name) for step in self._of_live(name)],
        ]
        steps = subjects[choice % len(subjects)] or self._of_requests()
        steps[choice // len(subjects) % len(steps)]()

    def _of_skills(self) -> list[Step]:
        changes = [
            partial(self.story.add, skill_stream(name), *events) for name in self._published for events in OF_SKILLS
        ]
        return [*(partial(self._publish, name) for name in SKILLS), *changes]

    def _of_connections(self) -> list[Step]:
        return [
            *(partial(self._connect, name) for name in PROVIDERS if name not in self._connected),
            *(
                partial(self.story.add, provider_stream(name), *events)
                for name in self._connected
                for events in OF_CONNECTIONS
            ),
        ]

    def _of_requests(self) -> list[Step]:
        return [
            *(self._queue(PROVIDERS[:count]) for count in (1, 2, 3)),
            *(self._queue(PROVIDERS[:2], refused=PROVIDERS[:count]) for count in (1, 2)),
            *(self._queue(PROVIDERS[:count], policy=ALL_OR_NOTHING) for count in (2, 3)),
        ]

    def _of_access(self) -> list[Step]:
        denied = AccessDenied(source="127.0.0.1", code=Code.FORBIDDEN, method="GET", path="/api/keys", count=3)
        return [
            self._issue,
            *(partial(self._revoke, key) for key in self._keys),
            partial(self.story.add, denials_stream("127.0.0.1"), denied),
            partial(self.story.add, STORE_STREAM, StoreRestored(since=NOON)),
            partial(self.story.add, STORE_STREAM, StoreChecked(installations=3, drifted=1, unknown=0)),
            self._alerts.say,
            self._alerts.end,
            partial(self.story.add, exports_stream("ci", NOON), EXPORTED),
        ]

    def _issue(self) -> None:
        key = f"key-{len(self.story.events)}"
        self._keys.append(key)
        issued = ApiKeyIssued(key_id=key, name="ci", role=Role.OPERATOR, secret_sha256="0" * 64)
        self.story.add(key_stream(key), issued)

    def _revoke(self, key: str) -> None:
        self._keys.remove(key)
        self.story.add(key_stream(key), ApiKeyRevoked(key_id=key))

    def _publish(self, name: str) -> None:
        self._published.append(name)
        self.story.publish(name)

    def _connect(self, name: str) -> None:
        self._connected.append(name)
        self.story.connect(name)

    def _queue(self, providers: tuple[str, ...], refused: tuple[str, ...] = (), policy: Policy | None = None) -> Step:
        number = len(self.runs)
        version = number + 1
        return lambda: self.runs.append(
            self.story.run(number, *providers, version=version, refused=refused, policy=policy)
        )

    def _of_ended(self, run: Run) -> list[Step]:
        """What people ask for after a run; they are refused what makes no sense."""
        number = len(self.runs)

        def ask(repair: Callable[[int, Run], Run]) -> None:
            with suppress(RunUnfit):
                self.runs.append(repair(number, run))

        if not run.state.status.ended:
            return []
        return [partial(ask, self.story.retry), partial(ask, self.story.roll_back)]

    def _of_doubts(self, run: Run, provider: str) -> list[Step]:
        target = run.state.target(provider_stream(provider))
        steps: list[Step] = []
        if target is not None and target.rescues and target.attempts > 1:
            steps.append(partial(run.come_late, provider))
        if target is not None and target.status is TargetStatus.RUNNING:
            doubted = InstallationDoubted(run_id=run.id, version=1, since=NOON, restores=1)
            stream = installation_stream(run.state.skill.id, provider_stream(provider))
            steps.append(partial(self.story.add, stream, doubted))
        if run.installation(provider).doubtful_run == run.id:
            extra = Receipt(remote_id=f"late_{provider}", remote_version="1")
            steps += [partial(self.story.sweep, provider, extra, settled=settled) for settled in (True, False)]
        return steps

    def _of_live(self, provider: str) -> list[Step]:
        number = len(self.runs)
        steps: list[Step] = [lambda: self.runs.append(self.story.removal(number, provider))]
        installation = self.story.installation(skill_stream(SKILLS[0]), provider_stream(provider))
        if installation is None or installation.holder is not None:
            return steps
        answers: tuple[Literal["in_use", "missing", "changed"], ...] = ("in_use", "missing", "changed")
        checks = [partial(self.story.check, provider, answer) for answer in answers]
        return [*steps, *checks, partial(self.story.fail_check, provider)]


def _next(run: Run, provider: str) -> list[Step]:
    """Whatever may happen about one target, the usual more often than the rest."""
    target = run.state.target(provider_stream(provider))
    if target is None or target.status.ended:
        return []
    mishaps: list[Step] = [] if run.state.cancelled or run.state.takes_back else [run.cancel]
    if target.status is TargetStatus.RUNNING:
        pick = target.target.id.int ^ run.id.int
        code, message = FAILURES[pick % len(FAILURES)], MESSAGES[pick % len(MESSAGES)]
        failures = [
            partial(run.fail, provider, code, message=message, retryable=retryable) for retryable in (True, False)
        ]
        return [*[partial(run.succeed, provider)] * 3, *failures, partial(run.expire_lease, provider), *mishaps]
    if not run.holds(provider):
        return []
    mishaps.append(partial(run.give_up, provider))
    due_at = max(target.next_attempt_at or run.story.now, run.story.now)
    if decisions.overdue(run.state, target, due_at):
        return [partial(run.expire, provider)]
    if not run.state.takes_back_at(target):
        mishaps.append(partial(run.expire, provider))
    return [*[partial(run.start, provider)] * 6, partial(run.rescue, provider), *mishaps]


@st.composite
def tellers(draw: st.DrawFn) -> Teller:
    teller = Teller()
    for choice in draw(st.lists(st.integers(0, CHOICES), max_size=STEPS_MAX)):
        teller.tell(choice)
    return teller


@st.composite
def cut_stories(draw: st.DrawFn) -> tuple[Story, list[list[Recorded]]]:
    """A story and its events in batches, none of them empty."""
    story = draw(tellers()).story
    events = story.events
    inner = range(1, len(events))
    cuts = sorted(draw(st.sets(st.sampled_from(inner), max_size=8))) if inner else []
    bounds = [0, *cuts, len(events)]
    return story, [events[start:end] for start, end in pairwise(bounds) if start < end]
