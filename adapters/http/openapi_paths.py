"""One route as the OpenAPI document has it: what it takes, and every answer that it may give."""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from adapters.http.errors import ProblemDocument
from adapters.http.idempotency import REPLAYED
from adapters.http.openapi_errors import ErrorAnswers
from adapters.http.openapi_examples import examples_of
from adapters.http.openapi_headers import RATE_LIMIT, header_components, header_references
from adapters.http.openapi_links import Links
from adapters.http.openapi_parameters import parameters_of
from adapters.http.operations import Binary, Header, binaries_of, types_of
from adapters.http.routes import Route
from adapters.http.schemas import Schemas
from domain.errors import Code
from domain.events import Role

SCHEME: Final = "apiKey"
FORM: Final = "multipart/form-data"
EVERYWHERE: Final = (Code.BAD_REQUEST, Code.INTERNAL)
WITH_KEY: Final = (Code.UNAUTHORIZED, Code.RATE_LIMIT, Code.OFFLINE_DATABASE)
WITH_BODY: Final = (Code.TOO_LARGE_BODY, Code.UNSUPPORTED)
WITH_IDEMPOTENCY_KEY: Final = (Code.CONFLICT_BUSY, Code.UNPROCESSABLE_IDEMPOTENCY)
NOUN: Final = re.compile(r"/api/([a-z-]+)")
OPERATIONS: Final = "operations"
SECURITY: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "wb_<key id>_<secret>",
    "description": "An API key, shown once when it was issued.",
}

Json = dict[str, Any]


class Paths:
    """The routes, and the components that they share."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = routes
        self._schemas = Schemas(
            answers=[
                ProblemDocument,
                *(
                    kind
                    for route in routes
                    for _, answer in route.operation.answers.values()
                    for kind in types_of(answer)
                ),
            ],
            requests=[route.operation.body for route in routes if route.operation.body],
            parameters=[route.operation.parameters for route in routes],
        )
        self._errors = ErrorAnswers(self._schemas.reference(ProblemDocument))
        self._links = Links(routes)

    def document(self) -> Json:
        """`paths`, and `components` with all that they refer to."""
        paths: defaultdict[str, Json] = defaultdict(dict)
        for route in self._routes:
            paths[route.path][route.method] = self._operation(route)
        components = {
            "schemas": self._schemas.components,
            "headers": header_components(),
            "links": self._links.components(),
            "securitySchemes": {SCHEME: SECURITY},
            **self._errors.components(),
        }
        return {"paths": paths, "components": components}

    def _operation(self, route: Route) -> Json:
        operation = route.operation
        document: Json = {
            "operationId": operation.id,
            "summary": operation.summary,
            "description": _description(route),
            "tags": [tag_of(route)],
            "security": [{SCHEME: []}] if route.role else [],
            "responses": self._answers(route),
        }
        if parameters := parameters_of(route, self._schemas):
            document["parameters"] = parameters
        if operation.body:
            document["requestBody"] = {"required": not operation.body_optional, "content": self._bodies(route)}
        return document

    def _bodies(self, route: Route) -> Json:
        operation = route.operation
        body: Json = {"schema": self._schemas.reference(operation.body)}
        if operation.example is not None:
            body["examples"] = {operation.id: {"value": dict(operation.example)}}
        return {"application/json": body} | ({FORM: {"schema": dict(operation.form)}} if operation.form else {})

    def _answers(self, route: Route) -> Json:
        errors = self._errors.references(_codes(route))
        successes = {status: self._success(route, status) for status in route.operation.answers}
        return {str(status): answer for status, answer in sorted({**errors, **successes}.items())}

    def _success(self, route: Route, status: int) -> Json:
        words, answer = route.operation.answers[status]
        document: Json = {
            "description": words,
            "headers": header_references(_header_names(route)) | dict(map(_header, route.operation.gives)),
        }
        if content := self._content(answer, status):
            document["content"] = content
        if links := self._links.references(route, answer):
            document["links"] = links
        return document

    def _content(self, answer: Any, status: int) -> Json:
        content: Json = {binary.media_type: {"schema": _text_or_bytes(binary)} for binary in binaries_of(answer)}
        if kinds := types_of(answer):
            references = [self._schemas.reference(kind) for kind in kinds]
            body: Json = {"schema": references[0] if len(references) == 1 else {"oneOf": references}}
            if examples := examples_of(kinds, status=status):
                body["examples"] = examples
            content["application/json"] = body
        return content


def tag_of(route: Route) -> str:
    noun = NOUN.match(route.path)
    return noun[1] if noun else OPERATIONS


def _description(route: Route) -> str:
    access = f"Needs the role `{route.role}`." if route.role else "Needs no key."
    return " ".join(filter(None, (route.operation.description, access)))


def _codes(route: Route) -> list[Code]:
    """Every code that the route may answer with."""
    codes = [*EVERYWHERE, *route.operation.refuses]
    if route.role:
        codes += WITH_KEY
    if route.role not in (None, Role.VIEWER):
        codes.append(Code.FORBIDDEN)
    if route.operation.body:
        codes += WITH_BODY
    if route.method == "post":
        codes += WITH_IDEMPOTENCY_KEY
    return codes


def _text_or_bytes(binary: Binary) -> Json:
    return {"type": "string"} if binary.media_type.startswith("text/") else {"type": "string", "format": "binary"}


def _header_names(route: Route) -> tuple[str, ...]:
    names = [RATE_LIMIT] if route.role else []
    if route.method == "post":
        names += ["Location", REPLAYED] if route.operation.located else [REPLAYED]
    return tuple(names)


def _header(header: Header) -> tuple[str, Json]:
    return header.name, {"description": header.description, "schema": dict(header.schema)}
