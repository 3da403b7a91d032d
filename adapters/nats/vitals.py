"""What somebody who looks after NATS wants to know at a glance: which server answers, and what its streams hold."""

from datetime import datetime

from msgspec import Struct
from nats.js.errors import NotFoundError

from adapters.nats.connection import Connection
from adapters.nats.streams import ALERTS_STREAM, CHECKPOINTS_STREAM, EVENTS_STREAM, WORK_STREAM


class StreamVitals(Struct, frozen=True, kw_only=True):
    name: str
    messages: int
    bytes: int
    consumers: int
    created_at: datetime | None


async def stream_vitals(connection: Connection) -> tuple[StreamVitals, ...]:
    """Of the streams that are there. Raises NatsUnavailable."""
    found = []
    async with connection.asking():
        for name in (EVENTS_STREAM, WORK_STREAM, ALERTS_STREAM, CHECKPOINTS_STREAM):
            try:
                info = await connection.jetstream.stream_info(name)
            except NotFoundError:
                continue
            found.append(
                StreamVitals(
                    name=name,
                    messages=info.state.messages,
                    bytes=info.state.bytes,
                    consumers=info.state.consumer_count,
                    created_at=info.created,
                )
            )
    return tuple(found)


def server_version(connection: Connection) -> str | None:
    """None while nothing is connected."""
    if not connection.connected:
        return None
    version = connection.client.connected_server_version
    return f"{version.major}.{version.minor}.{version.patch}"
