"""Three words for every decision: given these events, when this is decided, then those events follow, or a refusal, or nothing."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from domain.access.state import API_KEY
from domain.catalog import BY_TOPIC
from domain.chat.state import CHAT_ACTION
from domain.errors import WaybillError
from domain.events import Event, Fold
from domain.install_run.state import INSTALL_RUN
from domain.installation.state import INSTALLATION
from domain.provider.state import PROVIDER
from domain.skill.state import SKILL
from domain.store.state import STORE

FOLDS: Final[tuple[Fold[Any], ...]] = (SKILL, PROVIDER, INSTALL_RUN, INSTALLATION, CHAT_ACTION, API_KEY, STORE)

Decision = Callable[..., tuple[Event, ...]]
Refusal = TypeVar("Refusal", bound=WaybillError)


class Given(Struct, frozen=True):
    events: tuple[Event, ...]

    def when(self, decision: Decision, **facts: Any) -> "When":
        """Decide on what the events have led to: None if there are none."""
        return When(self.events, decision, facts)


class When(Struct, frozen=True):
    events: tuple[Event, ...]
    decision: Decision
    facts: Mapping[str, Any]

    def then(self, expected: Sequence[Event]) -> None:
        """Exactly these events, and they can be stored and folded."""
        decided = self._decide()
        assert list(decided) == list(expected), f"decided {_lines(decided)}\ninstead of {_lines(expected)}"
        folded((*self.events, *map(stored_and_read, decided)))

    def then_nothing(self) -> None:
        self.then([])

    def then_refused(self, refusal: type[Refusal]) -> Refusal:
        """The refusal itself, for those who care what it says."""
        try:
            decided = self._decide()
        except refusal as refused:
            return refused
        raise AssertionError(f"decided {_lines(decided)}\ninstead of refusing with {refusal.__name__}")

    def _decide(self) -> tuple[Event, ...]:
        return self.decision(folded(self.events), **self.facts)


def given(events: Sequence[Event]) -> Given:
    return Given(tuple(events))


def folded(events: Sequence[Event]) -> Any:
    """What the events of one stream have led to."""
    state = None
    for event in events:
        fold = _fold_of(events[0])
        assert fold.owns(event), f"{event} does not belong into a stream of {fold.noun}"
        state = fold.evolve(state, event)
    return state


def stored_and_read(event: Event) -> Event:
    """The event as it comes back from a store."""
    read: Event = msgspec.json.decode(msgspec.json.encode(event), type=BY_TOPIC[event.TOPIC])
    assert read == event, f"{event} comes back as {read}"
    return read


def _fold_of(first: Event) -> Fold[Any]:
    return next(fold for fold in FOLDS if fold.owns(first))


def _lines(events: Sequence[Event]) -> str:
    return "".join(f"\n    {event}" for event in events) or "nothing"
