"""The outermost layer, around every answer including 404 and 405: request id, trace, security headers, access log."""

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from adapters.http.authentication import actor_of
from adapters.http.errors import printable, send_error
from adapters.http.tracing import Trace, keep_trace, read_trace

SECURITY_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
STRICT_TRANSPORT: Final = (b"strict-transport-security", b"max-age=31536000")
# Asked every few seconds by whoever watches this process.
QUIET_PATHS: Final = frozenset({"/livez", "/readyz"})

log = structlog.get_logger(__name__)


class Edge:
    """Litestar's own middleware does not see requests that match no route, so this one stands outside."""

    def __init__(self, app: ASGIApp, *, methods: Mapping[str, str]) -> None:
        """`methods` are those of each route, by its template, as `Allow` lists them."""
        self._app = app
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        trace = read_trace(scope["headers"])
        with structlog.contextvars.bound_contextvars(
            request_id=trace.request_id, correlation_id=str(trace.correlation_id)
        ):
            await self._answer(scope, receive, send, trace)

    async def _answer(self, scope: HTTPScope, receive: Receive, send: Send, trace: Trace) -> None:
        started = time.perf_counter()
        path = scope["path"]  # as it came: the router rewrites it
        # To a HEAD request the server sends no body, whatever it is given.
        inner: Any = scope | {"method": "GET"} if scope["method"] == "HEAD" else scope
        keep_trace(inner, trace)
        sender = Sender(send, scope=inner, trace=trace, methods=self._methods)
        try:
            await self._app(inner, receive, sender)
        except Exception as error:
            if sender.status is not None:
                raise
            await send_error(error, inner, sender)
        finally:
            actor = actor_of(inner)
            (log.debug if path in QUIET_PATHS else log.info)(
                "request_answered",
                method=scope["method"],
                route=inner.get("path_template") or printable(path),
                status=sender.status,
                milliseconds=round((time.perf_counter() - started) * 1000, 2),
                key_id=actor and actor.id,
            )


class Sender:
    """Passes an answer on with the headers that every answer has."""

    def __init__(self, send: Send, *, scope: HTTPScope, trace: Trace, methods: Mapping[str, str]) -> None:
        self._send = send
        self._scope = scope
        self._methods = methods
        self._headers = [
            (b"x-request-id", trace.request_id.encode()),
            (b"traceparent", trace.parent.encode()),
            *SECURITY_HEADERS,
            *((STRICT_TRANSPORT,) if scope["scheme"] == "https" else ()),
        ]
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = int(message["status"])
            message["headers"] = [*map(self._complete, message["headers"]), *self._headers]
        await self._send(message)

    def _complete(self, header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
        """Litestar answers OPTIONS with the methods of one of a path's routes, and knows no HEAD."""
        name, value = header
        if name != b"allow":
            return header
        known = self._methods.get(self._scope.get("path_template", ""))
        return name, (known or with_head(value.decode().split(", "))).encode()


def with_head(methods: Iterable[str]) -> str:
    """For `Allow`; whatever takes GET takes HEAD."""
    listed = set(methods)
    return ", ".join(sorted(listed | {"HEAD"} if "GET" in listed else listed))
