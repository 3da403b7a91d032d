"""Writes checkpoints to JetStream, where they are out of reach of whoever has the database."""

from typing import Final
from uuid import UUID

from nats.js.errors import NotFoundError

from adapters.nats.connection import Connection
from adapters.nats.messages import STORE_EPOCH, Message
from adapters.nats.sending import refuse_errors, send
from adapters.nats.streams import CHECKPOINTS_STREAM, CHECKPOINTS_SUBJECT, ensure_checkpoints_stream

SIZE: Final = "waybill-size"
CONTENT_TYPE: Final = "text/plain; charset=utf-8"
EXPECTED_SEQUENCE: Final = "Nats-Expected-Last-Sequence"


class CheckpointPublisher:
    """One for a notary. Every method raises NatsUnavailable; after that, `stand` again before anything else. Each message says
    which one it follows, so that nothing is stored twice, or by a notary whose time is over.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._generation = 0
        self._sequence = 0

    @property
    def interrupted(self) -> bool:
        """Whether the connection was lost since `stand`: the server may be another one now, or an empty one."""
        return self._generation != self._connection.generation or not self._connection.connected

    async def stand(self) -> str | None:
        """The newest note that is there, None without any; makes the stream where it is missing."""
        self._generation = self._connection.generation
        info = await ensure_checkpoints_stream(self._connection)
        self._sequence = info.state.last_seq
        if not info.state.messages:
            return None
        async with self._connection.asking():
            try:
                message = await self._connection.jetstream.get_msg(CHECKPOINTS_STREAM, seq=self._sequence)
            except NotFoundError:
                return None
        return (message.data or b"").decode(errors="replace")

    async def publish(self, note: str, *, size: int, store: UUID) -> None:
        """It is stored on return."""
        headers = {
            "content-type": CONTENT_TYPE,
            SIZE: str(size),
            STORE_EPOCH: str(store),
            EXPECTED_SEQUENCE: str(self._sequence),
        }
        refuse_errors(await send(self._connection, [Message(CHECKPOINTS_SUBJECT, headers, note.encode())]))
        self._sequence += 1
