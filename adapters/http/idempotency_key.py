"""The `Idempotency-Key` of a request, and a digest of its body that is taken while it comes in."""

import hashlib
import re
from typing import Any, Final

from litestar import Request

from domain.errors import BadRequest

HEADER: Final = "Idempotency-Key"
KEY_CHARS_MAX: Final = 200
KEY: Final = re.compile(rb"[ -~]{1,%d}" % KEY_CHARS_MAX)
STATE_KEY: Final = "waybill_body_digest"


def key_of(request: Request[Any, Any, Any]) -> str | None:
    """None if it has none. Raises BadRequest."""
    name = HEADER.lower().encode()
    given = [value for header, value in request.scope["headers"] if header == name]
    if not given:
        return None
    if len(given) > 1 or not KEY.fullmatch(given[0]):
        raise BadRequest(f"{HEADER} may be given once, and is 1 to {KEY_CHARS_MAX} printable ASCII characters.")
    return given[0].decode("ascii")


class BodyDigest:
    """Of the bytes that were read so far; of none, for a request without a key, since nobody asks."""

    def __init__(self, request: Request[Any, Any, Any]) -> None:
        self._hash = hashlib.sha256() if key_of(request) is not None else None
        request.scope["state"][STATE_KEY] = self

    def add(self, chunk: bytes) -> None:
        if self._hash is not None:
            self._hash.update(chunk)

    def digest(self) -> bytes:
        return self._hash.digest() if self._hash is not None else b""


def body_digest(request: Request[Any, Any, Any]) -> bytes:
    """Of a body that nobody read it is empty."""
    found = request.scope["state"].get(STATE_KEY)
    return found.digest() if isinstance(found, BodyDigest) else b""
