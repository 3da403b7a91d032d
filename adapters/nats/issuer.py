"""Issues work tickets for what is due. Unlike the relay it need not know how the streams stand: one ticket too many does no harm,
and one that NATS loses is the watchdog's to find.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from adapters.nats.connection import Connection, NatsUnavailable
from adapters.nats.messages import timer_ticket_message
from adapters.nats.sending import batches, refuse_errors, send
from adapters.nats.streams import ensure_streams, ensure_work_consumer
from domain.timers import SetTimer


class Issuer:
    """Makes the stream, and the consumers of the connections that tickets are for, where they may be missing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._ensured: set[UUID] = set()

    async def issue(self, timers: Sequence[SetTimer], *, at: datetime) -> None:
        """A ticket for each of these; all of them are stored on return. Raises NatsUnavailable: any of them may be stored."""
        try:
            await self._ensure({timer.timer.provider_id for timer in timers})
            for batch in batches([timer_ticket_message(timer, issued_at=at) for timer in timers]):
                refuse_errors(await send(self._connection, batch))
        except NatsUnavailable:
            # Whatever the reason was, the streams may be gone.
            self._ensured.clear()
            raise

    async def _ensure(self, provider_ids: set[UUID]) -> None:
        missing = provider_ids - self._ensured
        if not missing:
            return
        await ensure_streams(self._connection)
        for provider_id in missing:
            await ensure_work_consumer(self._connection, provider_id)
        self._ensured |= missing
