"""`/openapi.json`: the contract for programs, put together from what the routes say of themselves."""

from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec
from litestar import Litestar, Request, Response, get

from adapters.http.openapi_paths import OPERATIONS, Paths, tag_of
from adapters.http.operations import Operation, described
from adapters.http.requests import NoParameters, QueryReader
from adapters.http.routes import routes_of

NO_QUERY: Final = QueryReader(NoParameters)
ABOUT: Final = """\
Waybill registers Agent Skills, installs them at providers, and can prove afterwards what happened.
This document is at `/openapi.json`, and as a page at `/docs`.

**Access.** Send `Authorization: Bearer wb_...`. The roles are viewer < operator < admin, and each operation says which it needs.

**Errors** are `application/problem+json` (RFC 9457) with a `code` for programs. An address that does not exist is
`404 not_found:api`, a method that it does not take `405 not_allowed:api` with `Allow`. What is no HTTP at all is `400 bad_request:api` too.

**Correlation.** `X-Request-ID` and `traceparent` of a request come back with its answer, in the logs and on every event.

**Sending again.** Every `POST` takes an `Idempotency-Key`: the same request under the same key is carried out once.

**Lists** are the newest first. `nextCursor` of one page is the `cursor` of the next one.
"""
SPECIFICATION: Final = "https://agentskills.io/specification"
TAGS: Final[Mapping[str, str]] = {
    "skills": "Skills and their versions, labels and bundles.",
    "providers": "Connections to providers, and whether they are in use.",
    "install-runs": "Requests to install a skill at providers, and what became of them.",
    "installations": "What is live where.",
    "chat-ops": "Saying what is wanted, in Korean or English.",
    "chat-actions": "What was said, and what became of it.",
    "audit-log": "Who did what to what, and how it went.",
    "alerts": "What a person has to know of.",
    "alert-deliveries": "What became of the attempts to send alerts to webhooks.",
    "events": "Everything that happens, live, and the proof of each event.",
    "checkpoint": "What the notary has signed over all events.",
    "incidents": "Cases of what happened, to take along.",
    "keys": "API keys and who may do what with them.",
    OPERATIONS: "For those who run Waybill.",
}


@get(
    "/openapi.json",
    opt=described(
        Operation(id="openapi", summary="This document", answers={200: ("OpenAPI 3.1.", dict[str, Any])}, public=True),
    ),
)
async def show_openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
    NO_QUERY.read(request)
    return Response(cast("bytes", request.app.state.openapi), media_type="application/json")


def describe(app: Litestar, *, version: str) -> bytes:
    """The document, as JSON."""
    routes = tuple(routes_of(app))
    used = {tag_of(route) for route in routes}
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Waybill",
                "version": version,
                "description": ABOUT,
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": "/", "description": "The server that this document comes from."}],
            "externalDocs": {
                "url": SPECIFICATION,
                "description": "The Agent Skills specification, which every skill follows.",
            },
            "tags": [{"name": name, "description": words} for name, words in TAGS.items() if name in used],
            **Paths(routes).document(),
        }
    )
