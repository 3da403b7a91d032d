"""Short ways to say what happened and when, and what the rules make of it."""

from collections.abc import Collection
from datetime import timedelta
from typing import Self
from uuid import UUID, uuid4

from msgspec.structs import replace

from domain.alert.findings import Finding
from domain.alert.rules import RuleName, Rules
from domain.alert.standing import KeyInUse, Part, ReadModelPlace, Situation
from domain.alert.watch import Watch
from domain.errors import Code
from domain.events import Event, Recorded
from domain.install_run.events import ProviderFailed, RunFailed, RunQueued, SkillPin, Target
from domain.install_run.policy import Policy
from domain.provider.state import provider_stream
from tests.kit.facts import NOON, recorded

PARTS = ("relay", "projector", "scheduler", "watchdog", "notary")


class Happening:
    """Events in their order, at the seconds after noon that they are given; `findings` is asked at `now`."""

    def __init__(self, rules: Rules) -> None:
        self.watch = Watch(rules)
        self.rules = rules
        self.now = 0.0
        self.opened: set[str] = set()
        self.situation = well()
        self.all: list[Recorded] = []
        self._position = 0
        self._versions: dict[UUID, int] = {}

    def given(self, stream: UUID, *events: Event) -> Self:
        for event in events:
            self._position += 1
            self._versions[stream] = self._versions.get(stream, 0) + 1
            version = self._versions[stream]
            one = recorded(event, stream=stream, position=self._position, version=version)
            one = replace(one, at=NOON + timedelta(seconds=self.now))
            self.all.append(one)
            self.watch.take(one)
        return self

    @property
    def ids(self) -> list[UUID]:
        return [one.id for one in self.all]

    def queued(self, *providers: str, skill: str = "kbo-results") -> UUID:
        run_id = uuid4()
        self.given(run_id, queued(*(providers or ("openai",)), skill=skill))
        return run_id

    def failed(
        self, provider: str = "openai", *, skill: str = "kbo-results", code: Code = Code.PROVIDER_TIMEOUT
    ) -> UUID:
        """A run with one target, and its end."""
        run_id = self.queued(provider, skill=skill)
        self.given(run_id, failure(provider, code=code), RunFailed(failures={code: 1}))
        return run_id

    def passed(self, seconds: float) -> Self:
        self.now += seconds
        return self

    def findings(self, name: RuleName) -> list[Finding]:
        now = NOON + timedelta(seconds=self.now)
        return list(self.watch.findings(name, self.situation, now=now, opened=self.opened))

    def subjects(self, name: RuleName) -> list[str]:
        return [finding.condition.subject for finding in self.findings(name)]

    def look(self, name: RuleName) -> list[str]:
        """And what is found is open from then on, what is not is over."""
        self.opened = set(found := self.subjects(name))
        return found


def queued(*providers: str, skill: str = "kbo-results") -> RunQueued:
    return RunQueued(
        skill=SkillPin(id=uuid4(), name=skill, version=2, digest="sha256:00", ref="latest"),
        targets=tuple(Target(id=provider_stream(name), name=name, kind="openai") for name in providers),
        policy=Policy(),
    )


def failure(provider: str = "openai", *, code: Code = Code.PROVIDER_TIMEOUT, final: bool = True) -> ProviderFailed:
    return ProviderFailed(
        provider_id=provider_stream(provider),
        attempt_id=uuid4(),
        code=code,
        message="No.",
        retryable=False,
        ambiguous=False,
        final=final,
    )


def well(
    *,
    head: int = 100,
    missing: Collection[str] = (),
    lags: dict[str, int] | None = None,
    parked: UUID | None = None,
    keys: tuple[KeyInUse, ...] = (),
    nats_connected: bool = True,
) -> Situation:
    """`lags` are those of `relay`, `notary` and of the read model `skills`."""
    behind = lags or {}
    return Situation(
        head=head,
        sealed=head - behind.get("notary", 0),
        parts=[
            Part(name=name, holder="somebody", held=name not in missing, position=head - behind.get(name, 0))
            for name in PARTS
        ],
        read_models=[ReadModelPlace(name="skills", position=head - behind.get("skills", 0), parked_event=parked)],
        keys=keys,
        nats_connected=nats_connected,
    )
