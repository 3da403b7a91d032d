"""The sandbox as one ASGI app: every provider's routes and the controls around one ledger, one set of faults, one call log."""

import logging
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar, Request, Response
from litestar.datastructures import MutableScopeHeaders
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.types import Message, Scope

from adapters.sandbox.calls import Calls
from adapters.sandbox.chat_replies import ChatReplies
from adapters.sandbox.claude import DIALECT as CLAUDE
from adapters.sandbox.claude import claude_router
from adapters.sandbox.conduct import Conduct
from adapters.sandbox.controls import BadControl, controls_router
from adapters.sandbox.dialect import Dialect, ProviderError, new_request_id
from adapters.sandbox.faults import Faults
from adapters.sandbox.gemini import DIALECTS as GEMINI
from adapters.sandbox.gemini import gemini_routers
from adapters.sandbox.ledger import Ledger
from adapters.sandbox.openai import DIALECT as OPENAI
from adapters.sandbox.openai import openai_router
from adapters.sandbox.wire import BODY_BYTES_MAX

DIALECTS = (OPENAI, CLAUDE, *GEMINI)
LOG = logging.getLogger(__name__)


def build_sandbox(folder: Path | None) -> Litestar:
    """`folder` keeps the ledger across restarts, `None` in memory. The app closes the ledger when it shuts down.

    Serve it with uvicorn, in one process: the faults that cut connections know its transport.
    """
    ledger, faults, calls, chat_replies = Ledger(folder), Faults(), Calls(), ChatReplies()
    return Litestar(
        route_handlers=[openai_router(), claude_router(), *gemini_routers(), controls_router()],
        dependencies={
            "ledger": Provide(lambda: ledger, sync_to_thread=False),
            "faults": Provide(lambda: faults, sync_to_thread=False),
            "calls": Provide(lambda: calls, sync_to_thread=False),
            "chat_replies": Provide(lambda: chat_replies, sync_to_thread=False),
            "dialects": Provide(lambda: DIALECTS, sync_to_thread=False),
        },
        middleware=[Conduct(faults=faults, calls=calls)],
        exception_handlers={Exception: answer_error},
        before_send=[add_request_id],
        on_shutdown=[ledger.close],
        request_max_body_size=BODY_BYTES_MAX,
        openapi_config=None,
        logging_config=None,
    )


def answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """In the form of the provider under whose address it happened, or as a problem (RFC 9457)."""
    dialect = dialect_of(request.url.path)
    if isinstance(error, HTTPException):
        refusal = ProviderError(error.status_code, error.detail)
        if dialect and error.status_code == HTTPStatus.NOT_FOUND:
            refusal = ProviderError(404, f"Invalid URL ({request.method} {request.url.path})")
    elif isinstance(error, BadControl):
        refusal = ProviderError(400, str(error))
    elif isinstance(error, ProviderError):
        refusal = error
    else:
        LOG.error("sandbox_failed", exc_info=error)
        refusal = ProviderError(500, "The sandbox itself failed; its log says why.")
    if dialect:
        return Response(
            dialect.render(refusal),
            status_code=refusal.status,
            media_type="application/json",
            headers={dialect.request_id_header: refusal.request_id},
        )
    title = HTTPStatus(refusal.status).phrase
    problem = {"type": "about:blank", "title": title, "status": refusal.status, "detail": refusal.message}
    return Response(msgspec.json.encode(problem), status_code=refusal.status, media_type="application/problem+json")


def dialect_of(path: str) -> Dialect | None:
    return next((dialect for dialect in DIALECTS if path.startswith(f"{dialect.prefix}/")), None)


async def add_request_id(message: Message, scope: Scope) -> None:
    if message["type"] == "http.response.start":
        dialect = dialect_of(scope["path"])
        header = dialect.request_id_header if dialect else "x-request-id"
        MutableScopeHeaders(message).setdefault(header, new_request_id())
