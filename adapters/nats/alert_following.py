"""Follows the alerts as any subscriber can: with a consumer of its own, from where it wants, and on from there after any interruption."""

import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from itertools import product
from typing import Final

from msgspec import Struct
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamInfo
from nats.js.errors import NotFoundError

from adapters.nats.connection import Connection, NatsUnavailable
from adapters.nats.pulling import Place, Pull, Taken
from adapters.nats.streams import ALERTS_STREAM

# A consumer whose follower is gone goes soon after.
INACTIVE_SECONDS: Final = 60.0
ACK_SECONDS: Final = 10.0


class From(Struct, frozen=True, kw_only=True):
    """Where to begin: with what is said from now on, or with the `last` few, or with what was said `since`."""

    last: int | None = None
    since: datetime | None = None


class AlertFollower:
    """`connection` is that of a user who may read, named in its URL. Without severities or rules all are followed."""

    def __init__(
        self,
        connection: Connection,
        *,
        begin: From,
        severities: Sequence[str] = (),
        rules: Sequence[str] = (),
    ) -> None:
        self._connection = connection
        self._begin = begin
        pairs = product(severities or ("*",), rules or ("*",))
        self._subjects = [f"waybill.alerts.{severity}.{rule}" for severity, rule in pairs]
        self._pull = Pull(connection, self._prepare)
        self._consumer: str | None = None
        self._created: datetime | None = None
        # The last one that was seen in the stream, None before anything is.
        self._sequence: int | None = None
        self._skip = 0

    async def next(self) -> Taken | None:
        """The next alert, each once; None if there is none for a while. Raises NatsUnavailable: go on all the same."""
        taken = await self._pull.take()
        if taken is None:
            return None
        is_new = self._sequence is None or taken.sequence > self._sequence
        self._sequence = max(self._sequence or 0, taken.sequence)
        with suppress(NatsUnavailable):
            # What is not answered comes again, and is known by its sequence.
            await taken.done()
        if self._skip > 0:
            self._skip -= 1
            return None
        return taken if is_new else None

    async def _prepare(self) -> Place:
        jetstream = self._connection.jetstream
        async with self._connection.asking():
            try:
                stream = await jetstream.stream_info(ALERTS_STREAM)
            except NotFoundError:
                # Whatever will be there has not been said yet.
                self._sequence = 0
                raise NatsUnavailable(f"there is no stream {ALERTS_STREAM} yet") from None
            if self._consumer is not None and stream.created == self._created:
                with suppress(NotFoundError):
                    await jetstream.consumer_info(ALERTS_STREAM, self._consumer)
                    return Place(stream=ALERTS_STREAM, consumer=self._consumer)
            config = self._config(stream)
            info = await jetstream.add_consumer(ALERTS_STREAM, config)
            if self._sequence is None and self._begin.last is not None:
                self._skip = max(0, (info.num_pending or 0) - self._begin.last)
            self._created, self._consumer = stream.created, info.name
            return Place(stream=ALERTS_STREAM, consumer=info.name)

    def _config(self, stream: StreamInfo) -> ConsumerConfig:
        config = ConsumerConfig(
            name=f"follow-{uuid.uuid4().hex}",
            filter_subjects=self._subjects,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_SECONDS,
            inactive_threshold=INACTIVE_SECONDS,
        )
        if self._created is not None and stream.created != self._created:
            # The stream was made anew: nothing in it was heard.
            self._sequence = 0
        begin = self._begin
        if self._sequence is None and begin.last is None and begin.since is None:
            self._sequence = stream.state.last_seq
        if self._sequence is not None:
            return config.evolve(deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=self._sequence + 1)
        if begin.since is not None:
            return config.evolve(deliver_policy=DeliverPolicy.BY_START_TIME, opt_start_time=begin.since)
        return config.evolve(deliver_policy=DeliverPolicy.ALL)
