"""The projector: one process folds the events into the read models, in order, and goes on where it or another has stopped."""

import asyncio
import sys
from collections.abc import Coroutine, Iterator
from itertools import groupby
from typing import Any, Final

import structlog

from domain.errors import StoreOffline
from domain.ports import EventLog, Roles
from projections.tracking import ROLE, ReadModels, RoleLostError, Tracking
from workers.telemetry_batches import UNWATCHED, BatchWatch
from workers.tenure import Tenure

BATCH_MAX: Final = 1000
IDLE_SECONDS: Final = 1.0
STANDBY_SECONDS: Final = 1.0
OFFLINE_SECONDS_MIN: Final = 0.1
OFFLINE_SECONDS_MAX: Final = 2.0
# A position that no event will have: what read models wait for when all are parked.
NEVER: Final = sys.maxsize

logger = structlog.get_logger(__name__)


async def run(
    *,
    log: EventLog,
    roles: Roles,
    read_models: ReadModels,
    stopping: asyncio.Event,
    holder: str,
    watch: BatchWatch = UNWATCHED,
) -> None:
    """Until `stopping` is set: be the projector, or stand by while another one is; come back when the store does."""
    offline_seconds = OFFLINE_SECONDS_MIN
    while not stopping.is_set():
        try:
            tenure = await Tenure.begin(roles, role=ROLE, holder=holder)
            offline_seconds = OFFLINE_SECONDS_MIN
            if tenure is None:
                await _first(stopping.wait(), asyncio.sleep(STANDBY_SECONDS))
                continue
            try:
                await Projector(log=log, read_models=read_models, tenure=tenure, watch=watch).run(stopping)
            finally:
                await tenure.end()
        except RoleLostError as error:
            logger.warning("projector_role_lost", holder=holder, reason=str(error))
        except StoreOffline:
            logger.warning("projector_offline", holder=holder, again_in_seconds=offline_seconds)
            await _first(stopping.wait(), asyncio.sleep(offline_seconds))
            offline_seconds = min(offline_seconds * 2, OFFLINE_SECONDS_MAX)


class Projector:
    """The role while it is held. Read models at the same position move on together, the others on their own."""

    def __init__(
        self, *, log: EventLog, read_models: ReadModels, tenure: Tenure, watch: BatchWatch = UNWATCHED
    ) -> None:
        self._log = log
        self._read_models = read_models
        self._tenure = tenure
        self._watch = watch
        self.standing: dict[str, Tracking] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping` is set or the role is lost. Raises RoleLostError, StoreOffline."""
        await self.take_over()
        while self._tenure.held and not stopping.is_set():
            if not await self.advance():
                await _first(stopping.wait(), self._tenure.lost.wait(), self._idle())

    async def take_over(self) -> None:
        """Find out where each read model stands, and start those again that have seen another history."""
        self._note(*await self._read_models.open(self._tenure.epoch))
        await self._forget_other_histories()
        positions = {tracking.name: tracking.position for tracking in self.standing.values()}
        logger.info("projector_leads", epoch=self._tenure.epoch, positions=positions)

    async def _forget_other_histories(self) -> None:
        """A database that was restored may hold fewer events, or others, than its read models have seen."""
        for tracking in tuple(self.standing.values()):
            if tracking.position == 0:
                continue
            newest = await self._log.read(after=tracking.position - 1, limit=1)
            if not newest or newest[0].id != tracking.event:
                logger.warning("read_model_rewound", read_model=tracking.name, position=tracking.position)
                self._note(await self._read_models.rewind(tracking.name, epoch=self._tenure.epoch))

    async def advance(self) -> bool:
        """One batch for each group, the foremost first, so that one that is rebuilt delays no other for long."""
        moved = False
        ahead: int | None = None
        for position, names in tuple(self._groups()):
            limit = BATCH_MAX if ahead is None else min(BATCH_MAX, ahead - position)
            events = await self._log.read(after=position, limit=limit)
            if events:
                with self._watch.projecting(events):
                    self._note(*await self._read_models.apply(names, events=events, epoch=self._tenure.epoch))
                moved = True
            ahead = position + len(events)
        return moved

    async def _idle(self) -> None:
        """Until there may be an event to take in."""
        active = [tracking.position for tracking in self.standing.values() if not tracking.parked]
        await self._log.wait(after=max(active, default=NEVER), timeout_seconds=IDLE_SECONDS)

    def _groups(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        active = [tracking for tracking in self.standing.values() if not tracking.parked]
        active.sort(key=lambda tracking: tracking.position, reverse=True)
        for position, group in groupby(active, key=lambda tracking: tracking.position):
            yield position, tuple(tracking.name for tracking in group)

    def _note(self, *changed: Tracking) -> None:
        for tracking in changed:
            self.standing[tracking.name] = tracking
            if tracking.parked:
                self._watch.parked()
                logger.error(
                    "read_model_parked",
                    read_model=tracking.name,
                    position=tracking.position,
                    parked_event=str(tracking.parked_event),
                    error=tracking.parked_error,
                )


async def _first(*waits: Coroutine[Any, Any, object]) -> None:
    """Return when one of them does, or raise what it raises."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
