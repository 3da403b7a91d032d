"""From an error to its HTTP answer: the only place that knows which status a code has."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException
from litestar.types import Scope, Send
from msgspec import UNSET, Struct, UnsetType

from adapters.http.tracing import trace_of
from domain.access.key import without_keys
from domain.errors import BadRequest, Code, Problem, RunUnfit, WaybillError
from domain.events import Role

RETRY_AFTER_SECONDS: Final = 1
PATH_CHARS_MAX: Final = 200
MEDIA_TYPE: Final = "application/problem+json"
CHALLENGE: Final = 'Bearer realm="waybill"'
# What an error_description may not hold.
UNDESCRIBABLE: Final = re.compile(r'[^\x20-\x7e]|["\\]')

STATUSES: Final[Mapping[Code, tuple[HTTPStatus, str]]] = {
    Code.BAD_REQUEST: (HTTPStatus.BAD_REQUEST, "Bad request"),
    Code.UNAUTHORIZED: (HTTPStatus.UNAUTHORIZED, "No valid API key"),
    Code.FORBIDDEN: (HTTPStatus.FORBIDDEN, "Not allowed with this key"),
    Code.NOT_FOUND_ROUTE: (HTTPStatus.NOT_FOUND, "No such address"),
    Code.NOT_FOUND_SKILL: (HTTPStatus.NOT_FOUND, "No such skill"),
    Code.NOT_FOUND_VERSION: (HTTPStatus.NOT_FOUND, "No such version of the skill"),
    Code.NOT_FOUND_PROVIDER: (HTTPStatus.NOT_FOUND, "No such provider"),
    Code.NOT_FOUND_RUN: (HTTPStatus.NOT_FOUND, "No such install run"),
    Code.NOT_FOUND_INSTALLATION: (HTTPStatus.NOT_FOUND, "Nothing installed there"),
    Code.NOT_FOUND_KEY: (HTTPStatus.NOT_FOUND, "No such API key"),
    Code.NOT_FOUND_CHAT_ACTION: (HTTPStatus.NOT_FOUND, "No such chat action"),
    Code.NOT_FOUND_EVENT: (HTTPStatus.NOT_FOUND, "No such event"),
    Code.NOT_FOUND_ALERT: (HTTPStatus.NOT_FOUND, "No such alert"),
    Code.NOT_ALLOWED: (HTTPStatus.METHOD_NOT_ALLOWED, "Not a method of this address"),
    Code.CONFLICT_SKILL: (HTTPStatus.CONFLICT, "Conflict with the skill's state"),
    Code.CONFLICT_PROVIDER: (HTTPStatus.CONFLICT, "Conflict with the provider's state"),
    Code.CONFLICT_RUN: (HTTPStatus.CONFLICT, "Conflict with an install run"),
    Code.CONFLICT_KEY: (HTTPStatus.CONFLICT, "Conflict with the API key's state"),
    Code.CONFLICT_EVIDENCE: (HTTPStatus.CONFLICT, "Not under a checkpoint yet"),
    Code.CONFLICT_BUSY: (HTTPStatus.CONFLICT, "Too many changes at the same moment"),
    Code.TOO_LARGE_BODY: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request too large"),
    Code.TOO_LARGE_SKILL: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Skill too large"),
    Code.TOO_LARGE_EVIDENCE: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Too much for one file"),
    Code.UNSUPPORTED: (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Unsupported body"),
    Code.UNPROCESSABLE_SKILL: (HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid skill"),
    Code.UNPROCESSABLE_CREDENTIAL: (HTTPStatus.UNPROCESSABLE_ENTITY, "Unusable credential"),
    Code.UNPROCESSABLE_IDEMPOTENCY: (HTTPStatus.UNPROCESSABLE_ENTITY, "Idempotency key used already"),
    Code.RATE_LIMIT: (HTTPStatus.TOO_MANY_REQUESTS, "Too many requests"),
    Code.OFFLINE_GIT: (HTTPStatus.BAD_GATEWAY, "Git server offline"),
    Code.OFFLINE_DATABASE: (HTTPStatus.SERVICE_UNAVAILABLE, "Database offline"),
    Code.INTERNAL: (HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error"),
}
RETRYABLE: Final = frozenset(
    {
        Code.CONFLICT_RUN,
        Code.CONFLICT_EVIDENCE,
        Code.CONFLICT_BUSY,
        Code.RATE_LIMIT,
        Code.OFFLINE_GIT,
        Code.OFFLINE_DATABASE,
    }
)
HEADERS: Final[Mapping[Code, Mapping[str, str]]] = {
    Code.UNAUTHORIZED: {"WWW-Authenticate": CHALLENGE},
    Code.CONFLICT_EVIDENCE: {"Retry-After": str(RETRY_AFTER_SECONDS)},
    Code.CONFLICT_BUSY: {"Retry-After": str(RETRY_AFTER_SECONDS)},
    Code.OFFLINE_DATABASE: {"Retry-After": str(RETRY_AFTER_SECONDS)},
}

log = structlog.get_logger(__name__)


class RouteNotFound(WaybillError):  # noqa: N818 - reads as a fact, as in domain/errors.py
    """There is nothing at this address."""

    code = Code.NOT_FOUND_ROUTE


class MethodNotAllowed(WaybillError):  # noqa: N818
    """This address does not take this method; the Allow header lists those that it does."""

    code = Code.NOT_ALLOWED


class BodyTooLarge(WaybillError):  # noqa: N818
    """The body is larger than this endpoint takes."""

    code = Code.TOO_LARGE_BODY


class BodyUnsupported(WaybillError):  # noqa: N818
    """The body must be JSON: `Content-Type: application/json`."""

    code = Code.UNSUPPORTED


class TooManyRequests(WaybillError):  # noqa: N818
    """This caller asks more often, or for more at a time, than it may; `Retry-After` says when to ask again."""

    code = Code.RATE_LIMIT

    def __init__(
        self, detail: str | None = None, *, retry_after_seconds: int = RETRY_AFTER_SECONDS, policy: str | None = None
    ) -> None:
        """`policy` is the limit that was met, as `RateLimit-Policy` has it."""
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds
        self.policy = policy

    @property
    def headers(self) -> Mapping[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers has them, beside what every client understands."""
        headers = {"Retry-After": str(self.retry_after_seconds)}
        if self.policy is not None:
            name = self.policy.partition(";")[0]
            headers["RateLimit-Policy"] = self.policy
            headers["RateLimit"] = f"{name};r=0;t={self.retry_after_seconds}"
        return headers


class IdempotencyKeyReused(WaybillError):  # noqa: N818
    """This Idempotency-Key was sent with another request before; a new request needs a key of its own."""

    code = Code.UNPROCESSABLE_IDEMPOTENCY


class InternalError(WaybillError):
    """Waybill failed in a way it does not know. Its log says more, under this request id."""

    code = Code.INTERNAL


class ProblemDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """An error, as RFC 9457 has it. `retryable`: the same request may succeed later; `requiredRole`: with a key of this role.
    `chatActionId`: under which it is on record what was asked for.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: Code
    request_id: str
    retryable: bool
    errors: tuple[Problem, ...]
    conflicting_runs: list[UUID] | UnsetType = UNSET
    required_role: Role | UnsetType = UNSET
    chat_action_id: UUID | UnsetType = UNSET


class ErrorAnswer(Struct, frozen=True, kw_only=True):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """With those that Litestar adds by itself."""
        headers = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(self.body)), **self.headers}
        return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def answer_to(error: Exception, scope: Scope) -> ErrorAnswer:
    """An unknown error is logged here, with its traceback, and the client learns nothing of it."""
    refusal = _translate(error)
    status, _ = STATUSES[refusal.code]
    instance, request_id = printable(scope["path"]), trace_of(scope).request_id
    body = msgspec.json.encode(problem_of(refusal, instance=instance, request_id=request_id))
    headers = dict(HEADERS.get(refusal.code, {}))
    if refusal.code is Code.UNAUTHORIZED and bearer_of(scope) is not None:
        description = UNDESCRIBABLE.sub("'", refusal.detail)
        headers["WWW-Authenticate"] += f', error="invalid_token", error_description="{description}"'
    if isinstance(refusal, TooManyRequests):
        headers |= refusal.headers
    if isinstance(error, MethodNotAllowedException):
        headers["Allow"] = (error.headers or {}).get("allow", "")
    return ErrorAnswer(status=status, headers=headers, body=body)


def problem_of(refusal: WaybillError, *, instance: str, request_id: str) -> dict[str, Any]:
    """The body of the answer to a request that was refused."""
    status, title = STATUSES[refusal.code]
    document = ProblemDocument(
        type=f"urn:waybill:error:{refusal.code}",
        title=title,
        status=status,
        detail=refusal.detail,
        instance=instance,
        code=refusal.code,
        request_id=request_id,
        # A run that is unfit for something needs something else first.
        retryable=refusal.code in RETRYABLE and not isinstance(refusal, RunUnfit),
        errors=refusal.problems,
    )
    members: dict[str, Any] = msgspec.to_builtins(document)
    return members | refusal.extra


def handle_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """For Litestar. It must not be async: Litestar calls it without awaiting it."""
    answer = answer_to(error, request.scope)
    return Response(answer.body, status_code=answer.status, headers=dict(answer.headers), media_type=MEDIA_TYPE)


async def send_error(error: Exception, scope: Scope, send: Send) -> None:
    """For what stands around Litestar."""
    answer = answer_to(error, scope)
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.raw_headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


def printable(path: str) -> str:
    """As a client writes it: percent-encoded, so that nothing in it can harm what keeps or shows it; bounded, and without the
    secret of a key that somebody put there.
    """
    return quote(without_keys(path), safe="/:@!$&'()*+,;=~", errors="replace")[:PATH_CHARS_MAX]


def bearer_of(scope: Scope) -> str | None:
    """The key that a request presents, if any. As RFC 6750 has it, who presents none is not told that it is wrong."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            return token.strip() or None if scheme.lower() == "bearer" else None
    return None


def _translate(error: Exception) -> WaybillError:
    match error:
        case WaybillError():
            if STATUSES[error.code][0] == HTTPStatus.INTERNAL_SERVER_ERROR:
                log.error("request_failed", exc_info=error)
            return error
        case MethodNotAllowedException():
            return MethodNotAllowed()
        case HTTPException(status_code=HTTPStatus.NOT_FOUND):
            return RouteNotFound()
        case HTTPException(status_code=status) if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return BadRequest()
        case _:
            log.error("request_failed", exc_info=error)
            return InternalError()
