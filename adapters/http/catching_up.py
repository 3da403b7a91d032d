"""Reading what many wait for, without each of them asking the database all the time."""

import asyncio
from typing import Final

from projections.install_runs import INSTALL_RUNS
from queries.reading import READ_WAIT_SECONDS, Reader

# Others need the database, too.
READS_MAX: Final = 2


class CatchingUp:
    """Waits for the read side on behalf of everybody whose run something was heard of, at once instead of each by themselves."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._position = 0
        self._waiting: asyncio.Task[bool] | None = None
        self.reads = asyncio.Semaphore(READS_MAX)

    async def to(self, position: int) -> bool:
        """Whether it has come so far. Raises StoreOffline."""
        while True:
            if self._waiting is None or self._waiting.done():
                self._position = position
                waiting = self._reader.wait(INSTALL_RUNS, position=position, timeout_seconds=READ_WAIT_SECONDS)
                self._waiting = asyncio.create_task(waiting)
            asked = self._position
            came = await asyncio.shield(self._waiting)
            if asked >= position or not came:
                return came
