"""What the calls of every adapter have in common: a total deadline, replies that are checked, errors that are fit to keep."""

import asyncio
import mimetypes
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import httpx2
import msgspec

from adapters.providers.archive import ArchiveUnreadable, digest_of_archive
from adapters.providers.connection import Connection
from adapters.providers.failures import (
    BAD_RESPONSE,
    TIMED_OUT,
    Effect,
    Verdict,
    retry_after_seconds,
    transport_verdict,
)
from adapters.providers.redaction import safe_text
from domain.errors import Code
from domain.ports import ProviderError
from domain.skill.bundle import Bundle

# Built in, so that the machine's own tables change nothing.
MEDIA_TYPES: Final = mimetypes.MimeTypes()

Shape = TypeVar("Shape")


class Exchange:
    """`request_id_header` is where the provider puts its own id for a request."""

    def __init__(self, connection: Connection, *, request_id_header: str) -> None:
        self._connection = connection
        self._request_id_header = request_id_header

    @asynccontextmanager
    async def deadline(self, effect: Effect = "read") -> AsyncIterator[None]:
        """All that happens inside, however many requests: a reply that drips does not outlive it."""
        seconds = self._connection.deadline_seconds
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError:
            raise self.failure(TIMED_OUT, f"The provider took longer than {seconds:g} s.", effect=effect) from None

    def decode(self, response: Any, shape: type[Shape], *, effect: Effect = "read") -> Shape:
        """The body of an SDK's raw response. A page of a proxy, or half an answer, must not pass for an empty list."""
        try:
            return msgspec.json.decode(response.content, type=shape)
        except msgspec.DecodeError as error:
            message = f"HTTP {response.status_code}, but not what the API promises: {error}."
            raise self.failure(BAD_RESPONSE, message, effect=effect, headers=response.headers) from None

    async def digest(self, response: Any) -> str | None:
        """Of the skill in a downloaded zip, as `digest_of_archive`; in a thread, since it may be 50 MB to unpack."""
        try:
            return await asyncio.to_thread(digest_of_archive, response.content)
        except ArchiveUnreadable as error:
            raise self.failure(BAD_RESPONSE, str(error), headers=response.headers) from error

    def unsent(self, cause: BaseException | None, *, effect: Effect = "read") -> ProviderError:
        """For what an SDK raised in place of an answer; `cause` is what httpx2 raised below it."""
        return self.failure(transport_verdict(cause), f"{type(cause).__name__}: {cause}", effect=effect)

    def failure(
        self, verdict: Verdict, message: str, *, effect: Effect = "read", headers: Mapping[str, str] | None = None
    ) -> ProviderError:
        """Raise it `from None`: the traceback of an SDK's own error would show the provider's text as it came."""
        headers = headers or {}
        secret = self._connection.credential
        return ProviderError(
            verdict.code,
            safe_text(message, secret=secret),
            retryable=verdict.retryable,
            ambiguous=verdict.ambiguous and effect != "read",
            request_id=safe_text(headers.get(self._request_id_header, ""), secret=secret) or None,
            retry_after_seconds=retry_after_seconds(headers),
        )


def form_files(bundle: Bundle) -> list[tuple[str, bytes, str]]:
    """The files as parts of a multipart form, under one top folder that has the skill's name: path, bytes, media type."""
    return [(f"{bundle.name}/{file.path}", file.content, media_type(file.path)) for file in bundle.files]


def media_type(path: str) -> str:
    return MEDIA_TYPES.guess_type(path)[0] or "application/octet-stream"


def reason_of(response: httpx2.Response) -> str:
    """What to tell of a refusal that has not the form of the API's own."""
    if response.is_redirect:
        return f"HTTP {response.status_code}: the address has moved, and redirects are not followed."
    return f"HTTP {response.status_code}: {safe_text(response.text) or 'no reason given'}"


async def unless_absent(request: Awaitable[Shape]) -> Shape | None:
    """None when the provider says that there is no such thing."""
    try:
        return await request
    except ProviderError as error:
        if error.code is Code.PROVIDER_NOT_FOUND:
            return None
        raise
