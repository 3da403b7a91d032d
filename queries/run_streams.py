"""Everything that says what became of a run: its own stream, and those of the pairs of skill and provider that it is about."""

import asyncio
from collections.abc import Iterable
from uuid import UUID

from msgspec import Struct

from domain.errors import HistoryTooNew, RunNotFound
from domain.events import Recorded, UnknownEvent
from domain.install_run.events import RunQueued, Target
from domain.install_run.state import INSTALL_RUN
from domain.installation.state import installation_stream
from domain.ports import EventStore
from projections.run_history import run_of


class PairStream(Struct, frozen=True, kw_only=True):
    """One pair, also with what other runs have done there. `name` is as in the audit log: `kbo-results@claude`."""

    id: UUID
    name: str
    target: Target
    events: tuple[Recorded, ...]


class RunStreams(Struct, frozen=True, kw_only=True):
    """All of it as it is in the store, oldest first; a pair without events was never worked on."""

    run_id: UUID
    events: tuple[Recorded, ...]
    pairs: tuple[PairStream, ...]

    @property
    def queued(self) -> RunQueued:
        event = self.events[0].event
        assert isinstance(event, RunQueued)  # noqa: S101 - whoever loaded it has looked
        return event

    @property
    def all_events(self) -> tuple[Recorded, ...]:
        return in_order((*self.events, *(event for pair in self.pairs for event in pair.events)))

    @property
    def history(self) -> tuple[Recorded, ...]:
        """What stands in the history of this run."""
        return tuple(event for event in self.all_events if run_of(event) == self.run_id)

    @property
    def names(self) -> dict[UUID, str]:
        """Those of the targets, by the ids of their connections and of the pairs."""
        named = {pair.target.id: pair.target.name for pair in self.pairs}
        return named | {pair.id: pair.target.name for pair in self.pairs}

    def pair(self, stream: UUID) -> PairStream | None:
        return next((pair for pair in self.pairs if pair.id == stream), None)


async def load_run(store: EventStore, run_id: UUID) -> RunStreams:
    """Raises RunNotFound, HistoryTooNew, StoreOffline."""
    events = await store.load(run_id)
    if not events or not INSTALL_RUN.owns(events[0].event):
        raise RunNotFound(f"No install run has the id {run_id}.")
    _check_known(events)
    queued = events[0].event
    if not isinstance(queued, RunQueued):
        raise RunNotFound(
            f"The history of run {run_id} has lost its beginning: `waybill audit verify` looks into that."
        )
    streams = [installation_stream(queued.skill.id, target.id) for target in queued.targets]
    histories = await asyncio.gather(*(store.load(stream) for stream in streams))
    for history in histories:
        _check_known(history)
    pairs = tuple(
        PairStream(id=stream, name=f"{queued.skill.name}@{target.name}", target=target, events=history)
        for stream, target, history in zip(streams, queued.targets, histories, strict=True)
    )
    return RunStreams(run_id=run_id, events=events, pairs=pairs)


def _check_known(history: Iterable[Recorded]) -> None:
    for recorded in history:
        if isinstance(recorded.event, UnknownEvent):
            raise HistoryTooNew(f"This server is too old for what happened here: it does not know {recorded.topic}.")


def in_order(events: Iterable[Recorded]) -> tuple[Recorded, ...]:
    return tuple(sorted(events, key=lambda recorded: recorded.position))
