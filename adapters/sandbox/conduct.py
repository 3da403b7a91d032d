"""How every call of every provider goes: it is logged, meets its fault if one waits, and is answered; routes know nothing of it."""

import asyncio

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import UNSET

from adapters.sandbox.calls import Calls
from adapters.sandbox.dialect import Dialect, ProviderError
from adapters.sandbox.faults import Fault, Faults
from adapters.sandbox.wire import BODY_BYTES_MAX, BodyTooLarge, ClientLeft, Reply, cut, deliver, drip, read_body, run

BAD_GATEWAY_PAGE = b"""<html>
<head><title>502 Bad Gateway</title></head>
<body>
<center><h1>502 Bad Gateway</h1></center>
<hr><center>nginx</center>
</body>
</html>
"""


class Conduct(ASGIMiddleware):
    """Works on routes that name their `operation` in `opt`; the router above them names its `dialect` there."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, *, faults: Faults, calls: Calls) -> None:
        self._faults = faults
        self._calls = calls

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        operation: str | None = scope["route_handler"].opt.get("operation")
        if operation is None:
            await next_app(scope, receive, send)
            return
        dialect: Dialect = scope["route_handler"].opt["dialect"]
        traceparent = dict(scope["headers"]).get(b"traceparent", b"").decode("latin-1") or UNSET
        number = self._calls.begin(dialect.name, operation, traceparent=traceparent)
        try:
            body = await read_body(receive)
        except ClientLeft:
            return
        except BodyTooLarge:
            error = ProviderError(413, f"The request is larger than {BODY_BYTES_MAX} bytes.")
            self._calls.note(number, status=error.status)
            await deliver(_refusal(dialect, error), send)
            return
        fault = self._faults.take(dialect.name, operation)
        kind = fault.kind if fault else None
        self._calls.note(number, fault=kind)
        if kind == "drop_before":
            await cut(receive)
            return
        if fault and fault.delay_seconds:
            await asyncio.sleep(fault.delay_seconds)
        if fault and kind in {"status", "html"}:
            reply, applied = _told(fault, dialect), False
        else:
            reply = await run(app=next_app, scope=scope, receive=receive, body=body)
            applied = reply.status < 400
        if kind == "drop_after":
            self._calls.note(number, applied=applied)
            await cut(receive)
            return
        if kind == "garbage":
            reply = Reply(status=200, headers=reply.headers, body=reply.body[: len(reply.body) // 2])
        self._calls.note(number, status=reply.status, applied=applied)
        if kind == "drip":
            await drip(reply=reply, receive=receive, send=send)
        else:
            await deliver(reply, send)


def _told(fault: Fault, dialect: Dialect) -> Reply:
    """The reply that a `status` or `html` fault asks for."""
    if fault.kind == "html":
        reply = Reply(status=fault.status or 502, headers=[(b"content-type", b"text/html")], body=BAD_GATEWAY_PAGE)
    else:
        status = fault.status or 500
        message, seconds = f"The sandbox was told to answer {status}.", fault.retry_after_seconds
        reply = _refusal(dialect, ProviderError(status, message, code=fault.code, retry_after_seconds=seconds))
    if fault.retry_after_seconds is not None:
        reply.headers.append((b"retry-after", str(fault.retry_after_seconds).encode()))
    return reply


def _refusal(dialect: Dialect, error: ProviderError) -> Reply:
    headers = [
        (b"content-type", b"application/json"),
        (dialect.request_id_header.encode(), error.request_id.encode()),
    ]
    return Reply(status=error.status, headers=headers, body=dialect.render(error))
