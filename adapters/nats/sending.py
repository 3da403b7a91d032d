"""How messages get into a stream: a few of them singly, more as one atomic batch, for which JetStream syncs the disk once.

A batch costs as much as about six messages, since it is staged in a folder of its own.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final
from uuid import uuid4

import msgspec
from msgspec import Struct

from adapters.nats.connection import Connection, NatsUnavailable
from adapters.nats.messages import Message

SINGLY_MAX: Final = 16
BATCH_MAX: Final = 500
BATCH_BYTES_MAX: Final = 4 * 1024**2
ACKNOWLEDGE_SECONDS: Final = 5.0
YIELD_EVERY: Final = 100
DUPLICATE_IN_BATCH: Final = 10201
NO_ROOM: Final = 10077


class Refusal(Struct, frozen=True):
    description: str
    err_code: int = 0


class Acknowledgement(Struct, frozen=True):
    """JetStream's answer to a publish."""

    seq: int = 0
    duplicate: bool = False
    error: Refusal | None = None

    @property
    def is_duplicate(self) -> bool:
        """Whether a batch was refused because the server knows the id of one of its messages."""
        return self.error is not None and self.error.err_code == DUPLICATE_IN_BATCH

    @property
    def is_full(self) -> bool:
        """Whether the stream has no room for it, as it is bounded."""
        return self.error is not None and self.error.err_code == NO_ROOM


async def send(connection: Connection, messages: Sequence[Message]) -> list[Acknowledgement]:
    """The answer to each message, or the one answer to all of them as a batch. Raises NatsUnavailable."""
    async with connection.asking(ACKNOWLEDGE_SECONDS):
        if len(messages) <= SINGLY_MAX:
            return list(await asyncio.gather(*(_request(connection, message, {}) for message in messages)))
        batch = {"Nats-Batch-Id": uuid4().hex}
        for number, message in enumerate(messages[:-1], start=1):
            headers = {**message.headers, **batch, "Nats-Batch-Sequence": str(number)}
            await connection.client.publish(message.subject, message.body, headers=headers)
            if number % YIELD_EVERY == 0:
                await asyncio.sleep(0)
        commit = {**batch, "Nats-Batch-Sequence": str(len(messages)), "Nats-Batch-Commit": "1"}
        return [await _request(connection, messages[-1], commit)]


async def _request(connection: Connection, message: Message, more: dict[str, str]) -> Acknowledgement:
    answer = await connection.client.request(
        message.subject, message.body, timeout=ACKNOWLEDGE_SECONDS, headers={**message.headers, **more}
    )
    return msgspec.json.decode(answer.data, type=Acknowledgement)


def batches(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """The messages in order, cut where a batch would grow beyond either bound."""
    start = size = 0
    for end, message in enumerate(messages):
        if end - start == BATCH_MAX or (end > start and size + len(message.body) > BATCH_BYTES_MAX):
            yield messages[start:end]
            start, size = end, 0
        size += len(message.body)
    if start < len(messages):
        yield messages[start:]


def refuse_errors(answers: Sequence[Acknowledgement]) -> None:
    """Raises NatsUnavailable."""
    for answer in answers:
        if answer.error is not None:
            raise NatsUnavailable(answer.error.description)
