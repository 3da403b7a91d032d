"""The outermost layer, around every answer including 404 and 405: request id, trace, security headers, access log."""

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from adapters.http.authentication import actor_of
from adapters.http.cors import Cors, RawHeaders
from adapters.http.errors import printable, send_error
from adapters.http.limits import PatientReceive, require_small_head
from adapters.http.tracing import Trace, keep_trace, read_trace
from adapters.http.watching import NO_ROUTE, Answered, Unwatched, Watch, is_stream, known_method

# An answer that has one of these itself keeps its own: a page, say, that needs its style sheet.
SECURITY_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
STRICT_TRANSPORT: Final = (b"strict-transport-security", b"max-age=31536000")
# Asked every few seconds by whoever watches this process.
QUIET_PATHS: Final = frozenset({"/livez", "/readyz"})
POLICY_VIOLATION: Final = 1008
HEAD_KEY: Final = "waybill_head"

log = structlog.get_logger(__name__)


class Edge:
    """Litestar's own middleware does not see requests that match no route, so this one stands outside."""

    def __init__(
        self, app: ASGIApp, *, methods: Mapping[str, str], cors: Cors | None = None, watch: Watch | None = None
    ) -> None:
        """`methods` are those of each route, by its template, as `Allow` lists them."""
        self._app = app
        self._methods = methods
        self._cors = cors or Cors(())
        self._watch = watch or Unwatched()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._meet(scope, receive, send)
            return
        trace = read_trace(scope["headers"])
        with (
            structlog.contextvars.bound_contextvars(
                request_id=trace.request_id, correlation_id=str(trace.correlation_id)
            ),
            self._watch.answering(trace) as parent,
        ):
            await self._answer(scope, receive, send, trace=trace, parent=parent)

    async def _meet(self, scope: Any, receive: Receive, send: Send) -> None:
        """What is no request: the start and the end of the server, and websockets, of which nothing here would ask for a key."""
        if scope["type"] == ScopeType.WEBSOCKET:
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": None})
        else:
            await self._app(scope, receive, send)

    async def _answer(
        self, scope: HTTPScope, receive: Receive, send: Send, *, trace: Trace, parent: str | None
    ) -> None:
        started = time.perf_counter()
        path = scope["path"]  # as it came: the router rewrites it
        # To a HEAD request the server sends no body, whatever it is given.
        inner: Any = scope | {"method": "GET"} if scope["method"] == "HEAD" else scope
        keep_trace(inner, trace)
        inner["state"][HEAD_KEY] = scope["method"] == "HEAD"
        headers = [
            *every_answer_has(trace, parent=parent, secure=scope["scheme"] == "https"),
            *self._cors.headers_for(scope),
        ]
        sender = Sender(send, scope=inner, headers=headers, methods=self._methods)
        try:
            await self._pass_on(inner, receive, sender)
        except Exception as error:
            if sender.status is not None:
                # Raising is all that cuts the connection, and what the server says of it then knows no request id.
                log.exception("answer_broken_off", exc_info=error)
                raise
            await send_error(error, inner, sender)
        finally:
            actor = actor_of(inner)
            route = inner.get("path_template")
            seconds = time.perf_counter() - started
            (log.debug if path in QUIET_PATHS else log.info)(
                "request_answered",
                method=scope["method"],
                route=route or printable(path),
                status=sender.status,
                milliseconds=round(seconds * 1000, 2),
                key_id=actor and actor.id,
            )
            self._watch.answered(
                Answered(
                    method=known_method(scope["method"]),
                    route=route or NO_ROUTE,
                    status=sender.status,
                    seconds=seconds,
                    streamed=sender.streamed,
                )
            )

    async def _pass_on(self, scope: HTTPScope, receive: Receive, sender: "Sender") -> None:
        """Raises BadRequest, and whatever the app does not answer itself."""
        require_small_head(scope)
        preflight = self._cors.preflight(scope)
        if preflight is None:
            await self._app(scope, PatientReceive(receive), sender)
            return
        await sender({"type": "http.response.start", "status": 204, "headers": preflight})
        await sender({"type": "http.response.body", "body": b"", "more_body": False})


class Sender:
    """Passes an answer on with the headers that every answer has."""

    def __init__(self, send: Send, *, scope: HTTPScope, headers: RawHeaders, methods: Mapping[str, str]) -> None:
        self._send = send
        self._scope = scope
        self._methods = methods
        self._headers = headers
        self.status: int | None = None
        self.streamed = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = int(message["status"])
            self.streamed = is_stream(message)
            own = [*map(self._complete, message["headers"])]
            names = {name for name, _ in own}
            message["headers"] = own + [header for header in self._headers if header[0] not in names]
        await self._send(message)

    def _complete(self, header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
        """Litestar answers OPTIONS with the methods of one of a path's routes, and knows no HEAD."""
        name, value = header
        if name != b"allow":
            return header
        known = self._methods.get(self._scope.get("path_template", ""))
        return name, (known or with_head(value.decode().split(", "))).encode()


def every_answer_has(trace: Trace, *, secure: bool, parent: str | None = None) -> RawHeaders:
    """`secure`: it goes over TLS. `parent`: the `traceparent` of the answer, where it is not just any of the trace."""
    return [
        (b"x-request-id", trace.request_id.encode()),
        (b"traceparent", (parent or trace.parent).encode()),
        *SECURITY_HEADERS,
        *((STRICT_TRANSPORT,) if secure else ()),
    ]


def asked_for_head(scope: Scope) -> bool:
    """Whether nobody is going to get the body, for an answer that would not end by itself."""
    return bool(scope["state"].get(HEAD_KEY))


def with_head(methods: Iterable[str]) -> str:
    """For `Allow`; whatever takes GET takes HEAD."""
    listed = set(methods)
    return ", ".join(sorted(listed | {"HEAD"} if "GET" in listed else listed))
