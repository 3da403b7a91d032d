"""Coroutines that are driven by hand, step by step, without an event loop: who goes on next is the simulation's to say."""

from collections.abc import Coroutine, Generator
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

STEPS_MAX: Final = 5_000

Result = TypeVar("Result")


class Answer(StrEnum):
    """What becomes of a request to a provider. What a read answers is lost, or not; what is said of a write:"""

    DONE = "done"
    REFUSED = "refused"  # not carried out, and never will be
    UNAUTHORIZED = "unauthorized"  # nor anything else through this connection
    RATE_LIMIT = "rate_limit"
    AWAY = "away"  # no connection: nothing was sent
    CUT = "cut"  # not carried out, which nobody knows
    LOST = "lost"  # carried out, and the reply was lost
    HANGS = "hangs"  # given up; carried out at any time later, or never


class Gate(Struct, frozen=True):
    """Where a process stands until it is told what came of its request; None: its request is answered, its reply not read."""

    request: str | None

    def __await__(self) -> Generator["Gate", Answer, Answer]:
        return (yield self)


class Process(Generic[Result]):
    """A coroutine as a process that may be killed anywhere. It stands at a `gate`, or before its next word with the store."""

    def __init__(self, name: str, work: Coroutine[Any, Any, Result]) -> None:
        self.name = name
        self._work = work
        self.gate: Gate | None = None
        self.ended = False
        self.result: Result | None = None

    def step(self, answer: Answer = Answer.DONE) -> None:
        try:
            yielded = self._work.send(None if self.gate is None else answer)
        except StopIteration as stop:
            self.ended, self.result, self.gate = True, stop.value, None
        else:
            assert yielded is None or isinstance(yielded, Gate), yielded
            self.gate = yielded

    def go_on(self, answer: Answer = Answer.DONE) -> None:
        """To the next gate, or to the end."""
        self.step(answer)
        for _ in range(STEPS_MAX):
            if self.ended or self.gate is not None:
                return
            self.step()
        raise AssertionError(f"{self.name} does not come to an end")

    def finish(self) -> Result:
        """To the end, with every request carried out."""
        for _ in range(STEPS_MAX):
            if self.ended:
                return self.result  # type: ignore[return-value]
            self.go_on()
        raise AssertionError(f"{self.name} does not come to an end")

    def finish_with(self, answer: Answer) -> Result:
        """The same, but for what it stands before."""
        self.go_on(answer)
        return self.finish()

    def kill(self) -> None:
        self._work.close()
        self.ended, self.gate = True, None


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """All at once: what asks no provider."""
    return Process("command", work).finish()
