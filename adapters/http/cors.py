"""Which pages of other origins may call the API from a browser (CORS): none, unless the settings name them.

Litestar's own middleware would have to stand inside the app, where it meets no 401 and no 404, and takes every OPTIONS request with
an `Origin` for a preflight.
"""

from collections.abc import Collection, Iterable
from typing import Final

from litestar.types import HTTPScope

RawHeaders = list[tuple[bytes, bytes]]

METHODS: Final = b"GET, HEAD, POST, PUT, PATCH, DELETE"
REQUEST_HEADERS: Final = (
    b"Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, X-Request-ID, traceparent"
)
EXPOSED_HEADERS: Final = (
    b"ETag, Link, Location, Idempotency-Replayed, Retry-After, X-Request-ID, RateLimit, RateLimit-Policy"
)
# Browsers keep an answer to a preflight for two hours at most.
PREFLIGHT_SECONDS: Final = 7200
VARY: Final = (b"vary", b"Origin")


class Cors:
    """There are no credentials but the key, which a page has to be given, so cookies are never allowed."""

    def __init__(self, origins: Collection[str]) -> None:
        """`origins` as browsers send them: `https://host` or `https://host:port`."""
        self._origins = frozenset(origin.encode() for origin in origins)

    def headers_for(self, scope: HTTPScope) -> RawHeaders:
        """What every answer has, also one that refuses."""
        if not self._origins:
            return []
        origin = _header(scope["headers"], b"origin")
        if origin not in self._origins:
            return [VARY]
        return [
            VARY,
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", EXPOSED_HEADERS),
        ]

    def preflight(self, scope: HTTPScope) -> RawHeaders | None:
        """The answer to a browser that asks whether it may send what a page wants sent: it has no key yet. None: it is no such
        question, or none of an origin that may.
        """
        if scope["method"] != "OPTIONS" or not self._origins:
            return None
        headers = scope["headers"]
        if _header(headers, b"origin") not in self._origins:
            return None
        if not _header(headers, b"access-control-request-method"):
            return None
        return [
            (b"access-control-allow-methods", METHODS),
            (b"access-control-allow-headers", REQUEST_HEADERS),
            (b"access-control-max-age", str(PREFLIGHT_SECONDS).encode()),
        ]


def _header(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bytes:
    return next((value for name, value in headers if name == wanted), b"")
