"""What `/readyz?verbose` says beyond its checks: by how much something is behind, who is at work, what the servers hold.

Anybody may read it, so it has no address, no host name and no text of an event.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from msgspec import Struct


class MigrationDetails(Struct, frozen=True, kw_only=True, rename="camel"):
    applied: int
    pending: tuple[str, ...]


class RoleDetails(Struct, frozen=True, kw_only=True, rename="camel"):
    """`holder` is the process that has the role, or had it last: its process id and a random part, as its log has them.
    `leaseSecondsLeft` is negative since nobody renews it.
    """

    role: str
    held: bool
    holder: str
    epoch: int
    lease_seconds_left: float


class QueueDetails(Struct, frozen=True, kw_only=True, rename="camel"):
    """Targets that have not ended, and for how long the longest waiting one has waited for an installer."""

    waiting: int
    retrying: int
    running: int
    oldest_waiting_seconds: float


class DatabaseDetails(Struct, frozen=True, kw_only=True, rename="camel"):
    """`clockDifferenceSeconds`: how far the database's clock is ahead of this machine's. `relayLagEvents` are not on NATS yet."""

    head_position: int
    relay_lag_events: int
    clock_difference_seconds: float
    migrations: MigrationDetails
    roles: tuple[RoleDetails, ...]
    queue: QueueDetails


class ReadModelDetails(Struct, frozen=True, kw_only=True, rename="camel"):
    """`parkedEvent` is the event that it could not take."""

    name: str
    position: int
    lag_events: int
    parked_event: UUID | None


class StreamDetails(Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    messages: int
    bytes: int
    consumers: int
    created_at: datetime | None


class NatsDetails(Struct, frozen=True, kw_only=True, rename="camel"):
    """`streams` is null if the server did not say."""

    connected: bool
    server_version: str | None
    streams: tuple[StreamDetails, ...] | None


class Details(Struct, frozen=True, kw_only=True, rename="camel"):
    """`database` and `readModels` are null while the database does not answer."""

    version: str
    uptime_seconds: float
    database: DatabaseDetails | None
    read_models: tuple[ReadModelDetails, ...] | None
    nats: NatsDetails


AskDetails = Callable[[], Awaitable[Details]]
