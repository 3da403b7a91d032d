"""Hypothesis strategies: any history that the domain allows, and any way to cut it into batches."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

from hypothesis import strategies as st

from domain.access.events import AccessDenied, ApiKeyIssued
from domain.access.state import denials_stream, key_stream
from domain.errors import Code
from domain.events import Recorded, Role
from domain.install_run.state import TargetStatus
from domain.provider.events import (
    ProviderActivated,
    ProviderDeactivated,
    ProviderVerificationFailed,
    ProviderVerified,
)
from domain.provider.state import provider_stream
from tests.projections.stories import Run, Story

STEPS_MAX = 60
SKILLS = ("kbo-results", "한국어-요약")
PROVIDERS = ("openai", "claude", "gemini")
MESSAGES = ("too large", "", 'quotes " and \\ and \n lines', "너무 큽니다 😀", "null", "{}")
FAILURES = (Code.PROVIDER_TOO_LARGE, Code.PROVIDER_TIMEOUT)
VERIFICATIONS = (
    (ProviderVerified(),),
    (ProviderVerified(), ProviderActivated()),
    (ProviderVerificationFailed(code=Code.PROVIDER_UNAUTHORIZED, message="no"), ProviderDeactivated()),
)


class Teller:
    """A story that goes on with any step that is possible now."""

    def __init__(self) -> None:
        self.story = Story()
        self._runs: list[Run] = []
        self._connected: list[str] = []

    def steps(self) -> list[Callable[[], object]]:
        steps: list[Callable[[], object]] = [partial(self.story.publish, name) for name in SKILLS]
        steps += [partial(self._connect, name) for name in PROVIDERS if name not in self._connected]
        steps += [
            partial(self.story.add, provider_stream(name), *events)
            for name in self._connected
            for events in VERIFICATIONS
        ]
        steps += [self._queue(PROVIDERS[:count]) for count in (1, 2, 3)]
        steps += [step for run in self._runs for name in PROVIDERS for step in _next(run, name)]
        key = f"key-{len(self.story.events)}"
        issued = ApiKeyIssued(key_id=key, name="ci", role=Role.OPERATOR, secret_sha256="0" * 64)
        denied = AccessDenied(source="127.0.0.1", code=Code.FORBIDDEN, method="GET", path="/api/keys", count=3)
        return [
            *steps,
            partial(self.story.add, key_stream(key), issued),
            partial(self.story.add, denials_stream("127.0.0.1"), denied),
        ]

    def _connect(self, name: str) -> None:
        self._connected.append(name)
        self.story.connect(name)

    def _queue(self, providers: tuple[str, ...]) -> Callable[[], object]:
        number = len(self._runs)
        return lambda: self._runs.append(self.story.run(number, *providers, version=number + 1))


def _next(run: Run, provider: str) -> list[Callable[[], object]]:
    target = run.state.target(provider_stream(provider))
    if target is None or not run.holds(provider):
        return []
    if target.status is TargetStatus.QUEUED:
        return [partial(run.start, provider)]
    if target.status is TargetStatus.RUNNING:
        pick = target.target.id.int ^ run.id.int
        code, message = FAILURES[pick % len(FAILURES)], MESSAGES[pick % len(MESSAGES)]
        return [partial(run.succeed, provider), partial(run.fail, provider, code, message=message)]
    return []


@st.composite
def stories(draw: st.DrawFn) -> Story:
    teller = Teller()
    for choice in draw(st.lists(st.integers(min_value=0, max_value=10_000), max_size=STEPS_MAX)):
        steps = teller.steps()
        steps[choice % len(steps)]()
    return teller.story


@st.composite
def cut_stories(draw: st.DrawFn) -> tuple[Story, list[list[Recorded]]]:
    """A story and its events in batches, none of them empty."""
    story = draw(stories())
    events = story.events
    inner = range(1, len(events))
    cuts = sorted(draw(st.sets(st.sampled_from(inner), max_size=8))) if inner else []
    bounds = [0, *cuts, len(events)]
    return story, [events[start:end] for start, end in pairwise(bounds) if start < end]
