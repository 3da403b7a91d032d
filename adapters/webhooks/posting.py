"""Posts one signed message to a webhook: once, in bounded time, to that address and no other."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx2
from msgspec import Struct

from adapters.webhooks.signing import Signing

DEADLINE_SECONDS: Final = 10.0
# What is read of an answer, so that small ones leave the connection fit for the next message. Nobody looks at it.
ANSWER_BYTES_MAX: Final = 16 * 1024
RETRY_AFTER_DIGITS_MAX: Final = 9
CONNECTIONS_MAX: Final = 64
USER_AGENT: Final = "Waybill"


class Reply(Struct, frozen=True, kw_only=True):
    """What came of it: a status, or else an `error`, which names the kind of trouble and nothing that the other side said."""

    status: int | None = None
    error: str | None = None
    retry_after_seconds: float | None = None
    duration_seconds: float

    @property
    def is_delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Nobody is there any more, and nobody will be."""
        return self.status == httpx2.codes.GONE


class Poster:
    """`clock` tells the time."""

    def __init__(
        self, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC), deadline_seconds: float = DEADLINE_SECONDS
    ) -> None:
        self._clock = clock
        self._deadline_seconds = deadline_seconds
        self._client = httpx2.AsyncClient(
            timeout=deadline_seconds,
            follow_redirects=False,
            trust_env=False,
            limits=httpx2.Limits(max_connections=CONNECTIONS_MAX),
        )

    async def post(self, url: str, body: bytes, *, message_id: str, signing: Signing) -> Reply:
        """Never raises for what the other side does."""
        at = self._clock()
        loop = asyncio.get_running_loop()
        began = loop.time()
        headers = {
            "content-type": "application/json",
            "user-agent": USER_AGENT,
            **signing.headers(body, message_id=message_id, at=at),
        }
        response: httpx2.Response | None = None
        error: str | None = None
        try:
            async with (
                asyncio.timeout(self._deadline_seconds),
                self._client.stream("POST", url, content=body, headers=headers) as response,
            ):
                await _read(response)
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, TimeoutError) as failure:
            # With its status the answer is there, whatever became of the rest.
            error = None if response is not None else _kind(failure)
        return Reply(
            status=response.status_code if response is not None else None,
            error=error,
            retry_after_seconds=_seconds(response.headers.get("retry-after"), now=at) if response is not None else None,
            duration_seconds=loop.time() - began,
        )

    async def close(self) -> None:
        await self._client.aclose()


async def _read(response: httpx2.Response) -> None:
    size = 0
    async for chunk in response.aiter_raw():
        size += len(chunk)
        if size > ANSWER_BYTES_MAX:
            return


def _kind(error: Exception) -> str:
    match error:
        case TimeoutError() | httpx2.TimeoutException():
            return "no answer in time"
        case httpx2.ConnectError():
            return "no connection"
        case httpx2.TransportError():
            return "the connection broke off"
        case _:
            return type(error).__name__


def _seconds(text: str | None, *, now: datetime) -> float | None:
    """What a Retry-After asks for."""
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) <= RETRY_AFTER_DIGITS_MAX:
        return float(text)
    with suppress(ValueError, TypeError, OverflowError):
        until = parsedate_to_datetime(text)
        if until.tzinfo is not None:
            return max(0.0, (until - now).total_seconds())
    return None
