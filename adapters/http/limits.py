"""How large the head of a request may be, and how long its body may take.

The other limits are where they are kept: bodies and query parameters in `requests.py`, skills in `skills.py`, pages in
`queries/paging.py`, requests a second in `rate_limits.py`, wrong keys in `key_checks.py`, uploads at once in `upload_limits.py`,
streams at once in `stream_limits.py`, connections and what they may cost before there is a request in `workers/http_protocol.py`.
"""

import asyncio
from typing import Any, Final

from litestar.types import HTTPScope, Receive

from domain.errors import BadRequest

# RFC 9110 wants 8,000 bytes understood.
TARGET_BYTES_MAX: Final = 8 * 1024
HEADERS_MAX: Final = 100
HEADERS_BYTES_MAX: Final = 32 * 1024
# So long may be waited for a body; one that comes faster than it must may take longer.
BODY_SECONDS: Final = 30.0
BODY_BYTES_PER_SECOND_MIN: Final = 64 * 1024


def require_small_head(scope: HTTPScope) -> None:
    """Raises BadRequest."""
    if len(scope["raw_path"]) + len(scope["query_string"]) > TARGET_BYTES_MAX:
        raise BadRequest(f"The address with its parameters is longer than {TARGET_BYTES_MAX} bytes.")
    sizes_bytes = [len(name) + len(value) for name, value in scope["headers"]]
    if len(sizes_bytes) > HEADERS_MAX or sum(sizes_bytes) > HEADERS_BYTES_MAX:
        raise BadRequest(f"The request has more than {HEADERS_MAX} headers, or than {HEADERS_BYTES_MAX} bytes of them.")


class PatientReceive:
    """Gives up on a body that drips. Only the waiting for it counts: what is slow may be this server."""

    def __init__(self, receive: Receive, *, seconds: float = BODY_SECONDS) -> None:
        self._receive = receive
        self._seconds_left = seconds
        self._ended = False

    async def __call__(self) -> Any:
        """Raises BadRequest."""
        if self._ended:
            return await self._receive()
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(self._seconds_left):
                message: Any = await self._receive()
        except TimeoutError:
            raise BadRequest("The body did not come in time.") from None
        received_bytes = len(message.get("body", b""))
        self._seconds_left += received_bytes / BODY_BYTES_PER_SECOND_MIN - (loop.time() - began)
        self._ended = not message.get("more_body", False)
        return message
