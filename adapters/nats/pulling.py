"""Takes messages one by one from a consumer, which is looked for, and made anew, whenever it may be gone."""

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

import nats.errors
from msgspec import Struct
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from adapters.nats.connection import Connection, NatsUnavailable

# A stream that is deleted gives no sign to those who wait for its messages: it is not noticed for as long as this.
TAKE_SECONDS: Final = 5.0


class Taken:
    """A message in hand. One that is not answered in the consumer's time comes again."""

    def __init__(self, connection: Connection, message: Msg) -> None:
        self._connection = connection
        self._message = message
        self.subject = message.subject
        self.body = message.data
        self.headers = message.headers or {}
        metadata = message.metadata
        self.sequence = metadata.sequence.stream
        # How often it was delivered, this time included, and when it came into the stream.
        self.deliveries = metadata.num_delivered
        self.since: datetime = metadata.timestamp

    async def done(self) -> None:
        """On return it never comes again. Raises NatsUnavailable: it may."""
        async with self._connection.asking():
            await self._connection.client.request(self._message.reply)

    async def later(self, seconds: float) -> None:
        """Deliver it again when the seconds have passed; sooner if this gets lost."""
        delay = json.dumps({"delay": int(seconds * 1_000_000_000)})
        with suppress(nats.errors.Error, OSError):
            await self._connection.client.publish(self._message.reply, f"-NAK {delay}".encode())


class Place(Struct, frozen=True, kw_only=True):
    """Where messages are taken from."""

    stream: str
    consumer: str


class Pull:
    """`prepare` has the consumer be there. It is asked again after every silence, and whenever NATS was away."""

    def __init__(self, connection: Connection, prepare: Callable[[], Awaitable[Place]]) -> None:
        self._connection = connection
        self._prepare = prepare
        self._generation = 0
        self._subscription: JetStreamContext.PullSubscription | None = None

    async def take(self) -> Taken | None:
        """The next message, None if there is none for a while. Raises NatsUnavailable."""
        subscription = await self._stand()
        try:
            (message,) = await subscription.fetch(1, timeout=TAKE_SECONDS)
        except TimeoutError:
            await self.leave()
            return None
        except (nats.errors.Error, OSError) as error:
            await self.leave()
            raise NatsUnavailable(str(error) or type(error).__name__) from error
        return Taken(self._connection, message)

    async def leave(self) -> None:
        """Look at everything again before the next message."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            with suppress(nats.errors.Error, OSError):
                await subscription.unsubscribe()

    async def _stand(self) -> JetStreamContext.PullSubscription:
        if self._subscription is not None and self._generation == self._connection.generation:
            return self._subscription
        await self.leave()
        self._generation = self._connection.generation
        place = await self._prepare()
        async with self._connection.asking():
            self._subscription = await self._connection.jetstream.pull_subscribe_bind(place.consumer, place.stream)
        return self._subscription
