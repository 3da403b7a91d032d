"""What is answered where there is no request to give to the app: in the same form and with the same headers as everything else."""

from typing import Any

from msgspec import Struct

from adapters.http.cors import RawHeaders
from adapters.http.edge import every_answer_has
from adapters.http.errors import answer_to
from adapters.http.tracing import keep_trace, read_trace
from domain.errors import WaybillError


class Refusal(Struct, frozen=True, kw_only=True):
    status: int
    request_id: str
    headers: RawHeaders
    body: bytes


def refusal_of(error: WaybillError, *, secure: bool) -> Refusal:
    """`secure`: it goes over TLS."""
    trace = read_trace(())
    scope: Any = {"path": "", "headers": []}
    keep_trace(scope, trace)
    answer = answer_to(error, scope)
    return Refusal(
        status=answer.status,
        request_id=trace.request_id,
        headers=[*answer.raw_headers, *every_answer_has(trace, secure=secure)],
        body=answer.body,
    )
