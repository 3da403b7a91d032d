"""`/openapi.json`: the contract for programs, put together from what the routes say of themselves."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final, cast

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from msgspec import Struct

from adapters.http.authentication import Requires
from adapters.http.errors import MEDIA_TYPE, RETRY_AFTER_SECONDS, STATUSES, ProblemDocument
from adapters.http.idempotency import REPLAYED
from adapters.http.idempotency_key import HEADER, KEY_CHARS_MAX
from adapters.http.operations import OPERATION, Binary, Header, Operation, described, types_of
from adapters.http.requests import NoParameters, QueryReader
from adapters.http.schemas import Schemas
from domain.errors import Code
from domain.events import Role

SCHEME: Final = "apiKey"
FORM: Final = "multipart/form-data"
EVERYWHERE: Final = (Code.BAD_REQUEST, Code.INTERNAL)
WITH_KEY: Final = (Code.UNAUTHORIZED, Code.OFFLINE_DATABASE)
WITH_BODY: Final = (Code.TOO_LARGE_BODY, Code.UNSUPPORTED)
WITH_IDEMPOTENCY_KEY: Final = (Code.CONFLICT_BUSY, Code.UNPROCESSABLE_IDEMPOTENCY)
TAGS: Final = re.compile(r"/api/([a-z-]+)")
NO_QUERY: Final = QueryReader(NoParameters)

Json = dict[str, Any]


class Route(Struct, frozen=True, kw_only=True):
    path: str
    path_parameters: tuple[str, ...]
    method: str
    role: Role | None
    operation: Operation


@get(
    "/openapi.json",
    opt=described(
        Operation(id="openapi", summary="This document", answers={200: ("OpenAPI 3.1.", dict[str, Any])}, public=True),
    ),
)
async def show_openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
    NO_QUERY.read(request)
    return Response(cast("bytes", request.app.state.openapi), media_type="application/json")


def routes_of(app: Litestar) -> Iterator[Route]:
    """Every route that the app serves, but for the answers to OPTIONS that Litestar adds."""
    for route in app.routes:
        for handler in route.route_handlers if isinstance(route, HTTPRoute) else ():
            if OPERATION in handler.opt:
                yield Route(
                    path=route.path_format,
                    path_parameters=tuple(route.path_parameters),
                    method=next(iter(handler.http_methods)).lower(),
                    role=role_of(handler),
                    operation=handler.opt[OPERATION],
                )


def role_of(handler: HTTPRouteHandler) -> Role | None:
    """The role that a route needs; None for one that is open to everybody."""
    return next((guard.role for guard in handler.guards or () if isinstance(guard, Requires)), None)


def describe(app: Litestar, *, version: str) -> bytes:
    """The document, as JSON."""
    routes = tuple(routes_of(app))
    schemas = Schemas(
        answers=[
            ProblemDocument,
            *(kind for route in routes for _, answer in route.operation.answers.values() for kind in types_of(answer)),
        ],
        requests=[route.operation.body for route in routes if route.operation.body],
        parameters=[route.operation.parameters for route in routes],
    )
    paths: defaultdict[str, Json] = defaultdict(dict)
    for route in routes:
        paths[route.path][route.method] = _operation(route, schemas)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Waybill",
                "version": version,
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": "/"}],
            "paths": paths,
            "components": {
                "schemas": schemas.components,
                "securitySchemes": {SCHEME: {"type": "http", "scheme": "bearer", "bearerFormat": "wb_..."}},
            },
        }
    )


def _operation(route: Route, schemas: Schemas) -> Json:
    operation = route.operation
    tag = TAGS.match(route.path)
    document: Json = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [tag[1] if tag else "operations"],
        "security": [{SCHEME: []}] if route.role else [],
        "responses": {str(status): answer for status, answer in sorted(_answers(route, schemas).items())},
    }
    if route.role:
        document["description"] = f"Needs the role `{route.role}`."
    parameters = [*map(_path_parameter, route.path_parameters), *schemas.query_parameters(operation.parameters)]
    parameters += [_header_parameter(header) for header in operation.takes]
    if route.method == "post":
        parameters.append(_idempotency_key())
    if parameters:
        document["parameters"] = parameters
    if operation.body:
        document["requestBody"] = {
            "required": not operation.body_optional,
            "content": _json(schemas.reference(operation.body)) | _form(operation),
        }
    return document


def _answers(route: Route, schemas: Schemas) -> dict[int, Json]:
    answers: dict[int, Json] = {}
    for status, (words, answer) in route.operation.answers.items():
        answers[status] = {"description": words, "content": _content(answer, schemas)}
        headers = {header.name: _described(header) for header in route.operation.gives}
        if route.method == "post":
            headers |= _headers(located=route.operation.located)
        if headers:
            answers[status]["headers"] = headers
    for status, codes in _codes_by_status(route).items():
        answers[status] = {
            "description": " or ".join(f"`{code}`" for code in codes),
            "content": {MEDIA_TYPE: {"schema": schemas.reference(ProblemDocument)}},
            "headers": _error_headers(status),
        }
    return answers


def _form(operation: Operation) -> Json:
    return {FORM: {"schema": operation.form}} if operation.form else {}


def _content(answer: Any, schemas: Schemas) -> Json:
    if isinstance(answer, Binary):
        return {answer.media_type: {"schema": {}}}
    references = [schemas.reference(kind) for kind in types_of(answer)]
    if not references:
        return {}
    return _json(references[0] if len(references) == 1 else {"oneOf": references})


def _codes_by_status(route: Route) -> dict[int, list[Code]]:
    codes: list[Code] = [*EVERYWHERE, *route.operation.refuses]
    if route.role:
        codes += WITH_KEY
    if route.role not in (None, Role.VIEWER):
        codes.append(Code.FORBIDDEN)
    if route.operation.body:
        codes += WITH_BODY
    if route.method == "post":
        codes += WITH_IDEMPOTENCY_KEY
    grouped: defaultdict[int, list[Code]] = defaultdict(list)
    for code in dict.fromkeys(codes):
        grouped[STATUSES[code][0]].append(code)
    return grouped


def _headers(*, located: bool) -> Json:
    replayed = {"description": "It was carried out before, under the same key.", "schema": {"const": "true"}}
    location = {"description": "Where it can be read.", "schema": {"type": "string"}}
    return ({"Location": location} if located else {}) | {REPLAYED: replayed}


def _error_headers(status: int) -> Json:
    headers: Json = {"X-Request-ID": {"schema": {"type": "string"}}}
    if status == STATUSES[Code.UNAUTHORIZED][0]:
        headers["WWW-Authenticate"] = {"schema": {"const": "Bearer"}}
    if status == STATUSES[Code.OFFLINE_DATABASE][0]:
        headers["Retry-After"] = {"schema": {"const": str(RETRY_AFTER_SECONDS)}}
    return headers


def _idempotency_key() -> Json:
    schema = {"type": "string", "minLength": 1, "maxLength": KEY_CHARS_MAX}
    return {"name": HEADER, "in": "header", "schema": schema}


def _header_parameter(header: Header) -> Json:
    return {"name": header.name, "in": "header"} | _described(header)


def _described(header: Header) -> Json:
    return {"description": header.description, "schema": dict(header.schema)}


def _path_parameter(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}
