"""Looks for the tickets of targets that stand: one look at the backlog of a connection for all that stand there."""

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from uuid import UUID

from adapters.nats.backlog import Backlogs, WorkStream
from domain.timers import SetTimer
from workers.lost_tickets import LOST_SECONDS, Passage, Sample, is_due, is_passed_over


class TicketSearch:
    """`served` are the connections that installers serve now, and `relayed` is how far the relay has issued tickets. Every method
    that asks raises NatsUnavailable, StoreOffline.
    """

    def __init__(
        self,
        *,
        backlogs: Backlogs,
        served: Callable[[], Awaitable[frozenset[UUID]]],
        relayed: Callable[[], Awaitable[int]],
        clock: Callable[[], datetime],
        store_epoch: Callable[[], Awaitable[str]],
        lost_seconds: float = LOST_SECONDS,
    ) -> None:
        self.lost_seconds = lost_seconds
        self._backlogs = backlogs
        self._served = served
        self._relayed = relayed
        self._clock = clock
        self._store_epoch = store_epoch
        self._passage = Passage()
        self._stream = WorkStream()

    async def is_settled(self) -> bool:
        """Whether the work stream is the one that was seen before, with all of its tickets; from then on time counts."""
        moment, position = self._clock(), await self._relayed()
        stream = await self._backlogs.stream()
        if not stream.is_same(self._stream):
            self._stream = stream
            self._passage.forget()
        if stream.tickets_of != await self._store_epoch():
            return False
        self._passage.note(Sample(at=time.monotonic(), moment=moment, position=position, sequence=stream.last_sequence))
        return True

    async def lost(self, standing: Iterable[SetTimer]) -> Sequence[SetTimer]:
        """Those whose ticket is not there any more."""
        now = self._clock()
        due = [timer for timer in standing if is_due(timer, now=now, lost_seconds=self.lost_seconds)]
        if not due:
            return ()
        served = await self._served()
        lost: list[SetTimer] = []
        for provider_id, group in groupby(sorted(due, key=_provider), key=_provider):
            if provider_id in served:
                lost += await self._lost_at(provider_id, tuple(group))
        # A stream that was made anew while it was looked at had no ticket yet that it could have lost.
        if lost and not (await self._backlogs.stream()).is_same(self._stream):
            return ()
        return lost

    async def _lost_at(self, provider_id: UUID, due: Sequence[SetTimer]) -> list[SetTimer]:
        backlog, at = await self._backlogs.measure(provider_id), time.monotonic()
        passed_over = [
            timer
            for timer in due
            if is_passed_over(self._passage.issued(timer), backlog, at=at, lost_seconds=self.lost_seconds)
        ]
        if not passed_over or not backlog.in_hand:
            return passed_over
        in_hand = await self._backlogs.runs_in_hand(provider_id, backlog)
        return [timer for timer in passed_over if timer.timer.subject not in in_hand]


def _provider(timer: SetTimer) -> UUID:
    return timer.timer.provider_id
