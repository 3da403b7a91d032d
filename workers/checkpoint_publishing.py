"""Publishes checkpoints on NATS beside the signing, which does not wait for it: NATS away is a delay."""

import asyncio
from collections import deque
from typing import Final

import structlog

from adapters.nats.checkpoints import CheckpointPublisher
from adapters.nats.connection import Connection, NatsUnavailable
from domain.evidence.checkpoint import Checkpoint, parse_checkpoint
from domain.evidence.note import NoteError, parse_note
from workers.failpoints import Failpoint, reach
from workers.sealing import Sealed

# Of what could not be published so many are kept, the newest; the evidence folder has them all.
WAITING_MAX: Final = 1_000
CHECK_SECONDS: Final = 5.0
BACKOFF_SECONDS_MIN: Final = 0.1
BACKOFF_SECONDS_MAX: Final = 2.0

log = structlog.get_logger(__name__)


class CheckpointPublishing:
    """`newest` is the newest note on NATS as far as is known, `found` the newest of those that we did not publish."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._publisher = CheckpointPublisher(connection)
        self._waiting: deque[Sealed] = deque(maxlen=WAITING_MAX)
        self._latest: Sealed | None = None
        self._offered = asyncio.Event()
        self._reason = ""
        self.looked = asyncio.Event()
        self.newest: str | None = None
        self.found: str | None = None

    def offer(self, sealed: Sealed) -> None:
        """To be published when it can be. What was offered last is published also where NATS has lost it."""
        if sealed == self._latest:
            return
        self._latest = sealed
        if not _is_there(sealed, _checkpoint_of(self.newest)):
            self._waiting.append(sealed)
            self._offered.set()

    async def run(self) -> None:
        """Until it is cancelled."""
        self.looked.clear()
        self._connection.on_arrival(self._offered.set)
        try:
            await self._keep_publishing()
        finally:
            self._connection.off_arrival(self._offered.set)

    async def _keep_publishing(self) -> None:
        backoff_seconds = BACKOFF_SECONDS_MIN
        while True:
            try:
                await self._stand()
                backoff_seconds = BACKOFF_SECONDS_MIN
                await self._follow()
            except NatsUnavailable as error:
                if str(error) != self._reason:
                    self._reason = str(error)
                    log.warning("checkpoints_wait_for_nats", reason=self._reason, waiting=len(self._waiting))
                await asyncio.sleep(backoff_seconds)
                backoff_seconds = min(backoff_seconds * 2, BACKOFF_SECONDS_MAX)

    async def _stand(self) -> None:
        newest = await self._publisher.stand()
        if newest != self.newest and newest not in [sealed.note for sealed in self._waiting]:
            self.found = newest
        self.newest, self._reason = newest, ""
        self.looked.set()
        there = _checkpoint_of(newest)
        while self._waiting and _is_there(self._waiting[0], there):
            self._waiting.popleft()
        if self._latest is not None and not self._waiting and not _is_there(self._latest, there):
            self._waiting.append(self._latest)

    async def _follow(self) -> None:
        while not self._publisher.interrupted:
            while self._waiting:
                sealed = self._waiting[0]
                await self._publisher.publish(sealed.note, size=sealed.size, store=sealed.store)
                reach(Failpoint.CHECKPOINT_PUBLISHED)
                self.newest = sealed.note
                if self._waiting and self._waiting[0] is sealed:
                    self._waiting.popleft()
            self._offered.clear()
            try:
                async with asyncio.timeout(CHECK_SECONDS):
                    await self._offered.wait()
            except TimeoutError:
                # Somebody may have emptied the stream, or made it anew.
                await self._stand()


def _is_there(sealed: Sealed, newest: Checkpoint | None) -> bool:
    """Also if there is one over more events, which another notary has signed since."""
    return newest is not None and newest.store == sealed.store and newest.size >= sealed.size


def _checkpoint_of(note: str | None) -> Checkpoint | None:
    """None as well if it is none: whether it is genuine is looked into before anything is signed."""
    try:
        return parse_checkpoint(parse_note(note).text) if note is not None else None
    except NoteError:
        return None
