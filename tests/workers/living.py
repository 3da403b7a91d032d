"""What a watchdog is tried on: a store in memory whose clock goes on, and a work stream whose looks are counted."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

from adapters.nats.backlog import Backlog, Backlogs
from adapters.nats.connection import Connection
from tests.commands.world import World


class LivingWorld(World):
    """Its clock goes on by itself; `pass_time` puts it forward."""

    _ahead = timedelta()

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    @now.setter
    def now(self, moment: datetime) -> None:
        del moment

    def pass_time(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)


class CountedBacklogs(Backlogs):
    """`looks` counts the looks at each connection."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.looks: Counter[UUID] = Counter()

    async def measure(self, provider_id: UUID) -> Backlog:
        self.looks[provider_id] += 1
        return await super().measure(provider_id)
