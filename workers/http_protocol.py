"""uvicorn's side of a connection, with bounds on what a client may hold of this process before, between and after its requests.

uvicorn reads a head of any size, waits for it for ever, reads on for ever what nobody wants of a body, waits for ever until an
answer is taken, and says in plain text what is not HTTP.
"""

import asyncio
from http import HTTPStatus
from typing import Any, ClassVar, Final

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from adapters.http.errors import TooManyRequests
from adapters.http.refusals import Refusal, refusal_of
from domain.errors import BadRequest, WaybillError

# Below the 1,024 open files that many systems allow a process.
CONNECTIONS_MAX: Final = 900
# What is larger than `adapters/http/limits.py` allows, but complete, is still answered by the app.
HEAD_BYTES_MAX: Final = 64 * 1024
HEAD_SECONDS: Final = 10.0
# For what still comes in after the answer: a client that is cut off while it sends may never read what was answered.
UNWANTED_SECONDS: Final = 10.0
# Whoever takes nothing at all of an answer for this long is gone. A live stream ends itself before that.
STALLED_SECONDS: Final = 60.0

log = structlog.get_logger(__name__)


class BoundedProtocol(HttpToolsProtocol):
    """Two timers: one for what has to come in next, a head or the rest of a body that nobody wants; one for an answer that is not
    taken.
    """

    connections_max: ClassVar[int] = CONNECTIONS_MAX
    head_seconds: ClassVar[float] = HEAD_SECONDS
    unwanted_seconds: ClassVar[float] = UNWANTED_SECONDS
    stalled_seconds: ClassVar[float] = STALLED_SECONDS

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._in_head = False
        self._head_is_new = False
        self._head_bytes = 0
        self._in_body = False
        self._refused = False
        self._awaiting: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._untaken_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.connections_max:
            self._refuse(TooManyRequests("This server has as many connections open as it takes at once."))
        else:
            self._await(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_awaiting()
        self._taken()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._head_is_new = False
        super().data_received(data)
        if self._in_head and not self._refused:
            # What a head begins in may hold the body before it as well.
            self._head_bytes += 0 if self._head_is_new else len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self._refuse(BadRequest(f"The head of the request is larger than {HEAD_BYTES_MAX} bytes."))
            elif self._awaiting is None:
                self._await(self.head_seconds)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = self._head_is_new = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._in_body = True
        self._stop_awaiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_body = False
        super().on_message_complete()
        if self._awaiting is not None:
            # It was answered before it was complete, and the connection may be used again.
            self._stop_awaiting()
            self._rest()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._in_body and self.cycle.response_complete and not self.transport.is_closing():
            self._await(self.unwanted_seconds)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_answer()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._taken()

    def send_400_response(self, msg: str) -> None:
        """What uvicorn calls for what is not HTTP."""
        self._refuse(BadRequest(msg))

    def _refuse(self, error: WaybillError) -> None:
        """Answer in place of the app, and close when the client has had a chance to read it."""
        self._refused = True
        cycle: Any = self.cycle  # None before the first request
        if cycle is not None and not cycle.response_complete:
            self.transport.close()  # another answer is under way
            return
        refusal = refusal_of(error, secure=self.scheme == "https")
        log.info("request_refused", status=refusal.status, request_id=refusal.request_id, reason=error.detail)
        self.transport.write(_written(refusal, self.server_state.default_headers))
        self._await(self.unwanted_seconds)

    def _await(self, seconds: float) -> None:
        """What comes next must be here by then."""
        self._stop_awaiting()
        self._awaiting = self.loop.call_later(seconds, self.transport.close)

    def _stop_awaiting(self) -> None:
        if self._awaiting is not None:
            self._awaiting.cancel()
            self._awaiting = None

    def _rest(self) -> None:
        """As uvicorn does after an answer; it stops the timer when more of a body comes."""
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def _watch_answer(self) -> None:
        self._taken()
        self._untaken_bytes = self.transport.get_write_buffer_size()
        self._stalled = self.loop.call_later(self.stalled_seconds, self._look_at_answer)

    def _look_at_answer(self) -> None:
        if self.transport.get_write_buffer_size() < self._untaken_bytes:
            self._watch_answer()
        else:
            log.info("answer_not_taken", bytes=self._untaken_bytes)
            self.transport.abort()

    def _taken(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None


def _written(refusal: Refusal, default_headers: list[tuple[bytes, bytes]]) -> bytes:
    headers = [*default_headers, *refusal.headers, (b"connection", b"close")]
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    status = f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}\r\n"
    return status.encode() + lines + b"\r\n" + refusal.body
