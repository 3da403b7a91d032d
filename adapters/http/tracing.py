"""Which request this is: its id, and the trace that it belongs to (W3C Trace Context)."""

import re
from collections.abc import Iterable
from typing import Final, cast
from uuid import UUID, uuid4

from litestar.types import Scope
from msgspec import Struct

REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")
# Versions above 00 may add fields behind these four.
TRACE_PARENT: Final = re.compile(
    rb"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)
STATE_KEY: Final = "waybill_trace"


class Trace(Struct, frozen=True, kw_only=True):
    """`correlation_id` is the trace id; `flags` are passed on as they came. `caller` is the span of whoever sent the request."""

    request_id: str
    correlation_id: UUID
    flags: str = "00"
    caller: str | None = None

    @property
    def parent(self) -> str:
        """The `traceparent` of this request, for whoever it calls or answers."""
        return f"00-{self.correlation_id.hex}-{uuid4().hex[:16]}-{self.flags}"


def read_trace(headers: Iterable[tuple[bytes, bytes]]) -> Trace:
    """What the client says of its request if it is well-formed, else something new."""
    request_id: str | None = None
    trace_parent: re.Match[bytes] | None = None
    for name, value in headers:
        if name == b"x-request-id" and REQUEST_ID.fullmatch(value):
            request_id = value.decode()
        elif name == b"traceparent":
            trace_parent = _match_trace_parent(value)
    if trace_parent is None:
        return Trace(request_id=request_id or str(uuid4()), correlation_id=uuid4())
    return Trace(
        request_id=request_id or str(uuid4()),
        correlation_id=UUID(hex=trace_parent[2].decode()),
        flags=trace_parent[4].decode(),
        caller=trace_parent[3].decode(),
    )


def keep_trace(scope: Scope, trace: Trace) -> None:
    scope.setdefault("state", {})[STATE_KEY] = trace


def trace_of(scope: Scope) -> Trace:
    return cast("Trace", scope["state"][STATE_KEY])


def _match_trace_parent(value: bytes) -> re.Match[bytes] | None:
    match = TRACE_PARENT.fullmatch(value)
    return None if match is None or (match[1] == b"00" and match[5]) else match
