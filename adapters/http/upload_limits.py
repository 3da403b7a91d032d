"""How many large skills may be on their way in at once: each may take 70 MB of memory, and a while."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Final

from litestar import Request

from adapters.http.places import Places
from adapters.http.requests import BODY_BYTES_MAX

UPLOADS_PER_KEY_MAX: Final = 2
UPLOADS_MAX: Final = 8
RETRY_AFTER_SECONDS: Final = 5


class UploadLimits:
    """What is no larger than any other body is not counted."""

    def __init__(self) -> None:
        self._places = Places(
            name="uploads",
            per_key_max=UPLOADS_PER_KEY_MAX,
            total_max=UPLOADS_MAX,
            retry_after_seconds=RETRY_AFTER_SECONDS,
        )

    @contextmanager
    def opened(self, request: Request[Any, Any, Any], *, key_id: str) -> Iterator[None]:
        """Around all of an upload. Raises TooManyRequests before anything of it is read."""
        announced = dict(request.scope["headers"]).get(b"content-length")
        small = announced is not None and int(announced) <= BODY_BYTES_MAX
        with nullcontext() if small else self._places.opened(key_id):
            yield
