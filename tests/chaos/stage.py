"""How a scenario is played: faults, then healing with a limit, then every invariant; and what came of it."""

import json
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count, islice
from random import Random
from threading import Event
from typing import Any, Final, Literal
from uuid import UUID

from msgspec import Struct

from domain.events import Recorded
from domain.install_run.events import ProviderLeaseExpired, ProviderRescued, RunQueued
from tests.chaos.client import KINDS, at_once
from tests.chaos.cluster import Cluster
from tests.chaos.evidence import Evidence, ended, gather, open_runs, settled
from tests.chaos.oracles import violations
from tests.chaos.violation import Violation
from tests.kit.waiting import wait_until

HEAL_SECONDS: Final = 45.0
END_SECONDS: Final = 90.0
WAIT_SECONDS: Final = 45.0
LOOK_SECONDS: Final = 0.5
SHOWN_MAX: Final = 3
_NUMBERS: Final = count(1)


class InconclusiveError(Exception):
    """The fault did not happen, so that nothing is shown by what was seen."""


class Stage:
    """What a scenario works with. Whatever it decides by chance it decides by `random`.

    After its `yield` there is `evidence`; `events` are those that came since it began. `full`: there is time to be thorough.
    """

    def __init__(self, cluster: Cluster, random: Random, *, full: bool = False) -> None:
        self.cluster = cluster
        self.client = cluster.client
        self.sandbox = cluster.sandbox
        self.random = random
        self.full = full
        # An installer loads what speaks to a provider when it first does, which takes it a second or more each.
        self.kinds = KINDS if full else (random.choice(KINDS),)
        self.name = f"chaos-{next(_NUMBERS)}-{random.getrandbits(24):06x}"
        self.notes: list[str] = []
        self.evidence: Evidence | None = None
        self._skills = count(1)
        self._began_at = cluster.rows("SELECT position FROM head")[0]["position"]
        self._log_sizes = {name: len(text) for name, text in cluster.logs().items()}

    def skills(self, number: int) -> list[str]:
        """So many new ones, registered."""
        names = [f"{self.name}-{next(self._skills)}" for _ in range(number)]
        at_once(self.client.register, names)
        return names

    def install(
        self, skills: Sequence[str], *, on: Sequence[str] = KINDS, policy: Mapping[str, Any] | None = None
    ) -> list[UUID]:
        """A run for each, asked for with a key of its own by several clients at once."""
        keys = {skill: f"{skill}-{self.random.getrandbits(32):08x}" for skill in skills}
        return at_once(lambda skill: self.client.install(skill, on=on, policy=policy, key=keys[skill]), skills)

    def happened(self, fact: object, what: str) -> None:
        """Raises InconclusiveError unless it did."""
        if not fact:
            raise InconclusiveError(what)

    def wait_for(self, fact: Callable[[], object], what: str, *, seconds: float = WAIT_SECONDS) -> None:
        """The same for what takes its time."""
        try:
            wait_until(fact, seconds)
        except AssertionError:
            raise InconclusiveError(what) from None

    def lapse(self, seconds: float) -> None:
        """Let a fault last: there is nothing to wait for but the time itself."""
        lapse(seconds)

    def end(self, runs: Sequence[UUID]) -> None:
        """Wait for these to end, without anything being healed."""
        wait_until(lambda: ended(self.cluster, runs) == len(runs), END_SECONDS)

    def statuses(self, runs: Sequence[UUID]) -> set[str]:
        return {self.client.run(run)["status"] for run in runs}

    def note(self, text: str) -> None:
        self.notes.append(text)

    @property
    def events(self) -> tuple[Recorded, ...]:
        assert self.evidence is not None, "there is none before the scenario is healed"
        return self.evidence.history[self._began_at :]

    def count(self, *kinds: type[Any]) -> int:
        """How many events of these kinds there were."""
        return sum(isinstance(recorded.event, kinds) for recorded in self.events)

    def broken(self) -> Iterator[Violation]:
        """What the parts themselves did not foresee, by their logs."""
        for name, text in self.cluster.logs().items():
            for line in text[self._log_sizes.get(name, 0) :].splitlines():
                if "Traceback (most recent call last)" in line or '"exception"' in line:
                    yield Violation("I16", f"{name} says {_event_of(line)}")


Play = Callable[[Stage], Iterator[None]]


class Scenario(Struct, frozen=True, kw_only=True):
    """`play` makes the faults, yields once to have everything healed and checked, and then says what else must be seen."""

    name: str
    play: Play
    heal_seconds: float = HEAL_SECONDS


class Verdict(Struct, frozen=True, kw_only=True):
    """`lost` are accepted runs that did not end, `duplicated` are installs that are live beside the one we know and second runs
    of one key, `rescues` what the watchdog did. `recovery_seconds` passed from the healing until every run had ended.
    """

    scenario: str
    seed: int
    outcome: Literal["pass", "fail", "inconclusive"]
    runs: int = 0
    lost: int = 0
    duplicated: int = 0
    rescues: int = 0
    seconds: float = 0.0
    recovery_seconds: float | None = None
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def play(scenario: Scenario, cluster: Cluster, *, seed: int, full: bool = False) -> Verdict:
    """Never raises: a scenario that breaks has failed."""
    began = time.monotonic()
    stage = Stage(cluster, Random(f"{seed} {scenario.name}"), full=full)  # noqa: S311 - chance that can be repeated
    outcome: Literal["pass", "fail", "inconclusive"] = "pass"
    found: tuple[Violation, ...] = ()
    recovery_seconds = None
    reasons: tuple[str, ...] = ()
    try:
        acts = scenario.play(stage)
        next(acts)
        cluster.heal()
        recovery_seconds, found = _recover(stage, scenario.heal_seconds)
        found = (*found, *stage.broken())
        next(acts, None)
    except InconclusiveError as error:
        outcome, reasons = "inconclusive", (str(error),)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is reported with the scenario
        outcome, reasons = "fail", (f"{error!r}", traceback.format_exc())
    if found:
        outcome = "fail"
    tally = Counter(violation.invariant for violation in found)
    return Verdict(
        scenario=scenario.name,
        seed=seed,
        outcome=outcome,
        runs=stage.count(RunQueued) if stage.evidence else 0,
        lost=tally["I1"] + tally["I2"],
        duplicated=tally["I5"] + tally["I11"],
        rescues=stage.count(ProviderRescued, ProviderLeaseExpired) if stage.evidence else 0,
        seconds=time.monotonic() - began,
        recovery_seconds=recovery_seconds,
        reasons=(*_shown(found), *reasons),
        notes=tuple(stage.notes),
    )


def lapse(seconds: float) -> None:
    Event().wait(seconds)


def _recover(stage: Stage, seconds: float) -> tuple[float, tuple[Violation, ...]]:
    """Until everything has ended and holds, or the time is over: how long the runs took, and what does not hold."""
    began = time.monotonic()
    deadline = began + seconds
    ended_at: float | None = None
    while True:
        is_settled = settled(stage.cluster)
        if ended_at is None and not open_runs(stage.cluster):
            ended_at = time.monotonic()
        late = time.monotonic() > deadline
        if is_settled or late:
            stage.evidence = gather(stage.cluster)
            found = violations(stage.evidence)
            if not found or late:
                return (ended_at or time.monotonic()) - began, found
        lapse(LOOK_SECONDS)


def _shown(found: Sequence[Violation]) -> Iterator[str]:
    """Some of each invariant, since what is stuck leaves much else behind."""
    for invariant, number in Counter(violation.invariant for violation in found).items():
        yield from islice((str(violation) for violation in found if violation.invariant == invariant), SHOWN_MAX)
        if number > SHOWN_MAX:
            yield f"{invariant}: and {number - SHOWN_MAX} more"


def _event_of(line: str) -> str:
    try:
        said = json.loads(line)
    except ValueError:
        return line
    return f"{said.get('event')}: {str(said.get('exception', ''))[-400:]}"
