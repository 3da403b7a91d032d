"""Long random walks through the same machine, by a seed: deeper and faster than what is drawn to be made small again."""

import random
from collections.abc import Callable
from typing import Final, Literal
from uuid import UUID

from domain.install_run.policy import Policy
from tests.simulation.installers import CONNECTIONS, VERSIONS
from tests.simulation.machine import OPEN_RUNS_MAX, PROVIDERS, WORKING_MAX, Simulation
from tests.simulation.stepping import Answer

STEPS_MIN: Final = 30
STEPS_MAX: Final = 120
TOLD_MAX: Final = 8
INDEX_MAX: Final = 7
KINDS: Final = sorted(CONNECTIONS.values())
MODES: Final[tuple[Literal["best_effort", "all_or_nothing"], ...]] = ("best_effort", "all_or_nothing")


class Walk:
    """One example. How often things go wrong is another in each."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - it has to come again, not to be secret
        self._luck = self._random.choice((0.5, 0.7, 0.85, 0.95))
        self._machine = Simulation()
        steps: dict[Callable[[], None], int] = {
            self._install: 10,
            self._ask: 8,
            self._switch: self._random.choice((0, 1, 4)),
            self._pass_time: 22,
            self._deliver: 22,
            self._go_on: 18,
            self._step: 6,
            self._mishap: 5,
            self._settle_hanging: 9,
        }
        self._steps, self._weights = list(steps), list(steps.values())

    def go(self) -> None:
        machine = self._machine
        machine.begin(version=self._version(), providers=self._providers(), policy=self._policy())
        machine.ledger.check()
        for _ in range(self._random.randint(STEPS_MIN, STEPS_MAX)):
            self._random.choices(self._steps, self._weights)[0]()
            machine.ledger.check()
        machine.teardown()

    def _install(self) -> None:
        if len(self._machine.ledger.open_runs()) < OPEN_RUNS_MAX:
            self._machine.install(version=self._version(), providers=self._providers(), policy=self._policy())

    def _ask(self) -> None:
        what = self._random.choice(("uninstall", "cancel", "retry", "roll back"))
        self._machine.ask(what=what, index=self._index(), policy=self._policy())

    def _switch(self) -> None:
        self._machine.switch(provider=self._provider(), shelve=self._coin())

    def _pass_time(self) -> None:
        seconds = self._random.choice((0, 1, 1, 3, 10, 31, 60))
        self._machine.time_passes(seconds=seconds, schedules=self._coin(), dies=self._coin(0.1))

    def _deliver(self) -> None:
        if self._machine.cluster.has_tickets and len(self._machine.cluster.working) < WORKING_MAX:
            to = self._random.randint(0, 1)
            self._machine.deliver(index=self._index(), to=to, again=self._coin(0.15), told=self._told())

    def _go_on(self) -> None:
        if self._machine.cluster.working:
            self._machine.go_on(index=self._index(), told=self._told())

    def _step(self) -> None:
        if self._machine.cluster.working:
            self._machine.step(index=self._index(), steps=self._random.randint(1, 6))

    def _mishap(self) -> None:
        self._machine.mishap(index=self._index(), kills=self._coin())

    def _settle_hanging(self) -> None:
        self._machine.settle_hanging(kind=self._random.choice(KINDS), index=self._index(), never=self._coin(0.3))

    def _coin(self, chance: float = 0.5) -> bool:
        return self._random.random() < chance

    def _index(self) -> int:
        return self._random.randint(0, INDEX_MAX)

    def _version(self) -> int:
        return self._random.randint(1, VERSIONS)

    def _provider(self) -> UUID:
        return self._random.choice(PROVIDERS)

    def _providers(self) -> list[str]:
        return sorted(self._random.sample(KINDS, self._random.choice((1, 1, 2, 3))))

    def _told(self) -> list[Answer]:
        answers = list(Answer)
        count = self._random.randint(0, TOLD_MAX)
        return [Answer.DONE if self._coin(self._luck) else self._random.choice(answers) for _ in range(count)]

    def _policy(self) -> Policy:
        return Policy(
            mode=self._random.choice(MODES),
            attempts_max=self._random.randint(1, 3),
            start_timeout_seconds=self._random.choice((60, 900)),
            run_timeout_seconds=self._random.choice((120, 3600)),
            attempt_timeout_seconds=20,
        )
