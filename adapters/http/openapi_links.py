"""Links in the OpenAPI document: from an answer that shows one resource to what may be asked about it next."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from adapters.http.operations import binaries_of, types_of
from adapters.http.routes import Route

Json = dict[str, Any]


class Links:
    """An address like `/api/skills/{skill}` says which resource `skill` is the id of, by the answer of its GET."""

    def __init__(self, routes: Iterable[Route]) -> None:
        routes = tuple(routes)
        self._parameters = {
            resource: route.path_parameters[0]
            for route in routes
            if route.method == "get" and route.path.endswith("}") and len(route.path_parameters) == 1
            for kind in _shown(route)
            if (resource := _resource(kind)) is not None
        }
        self._routes = {
            parameter: tuple(route for route in routes if route.path_parameters == (parameter,) and not _is_live(route))
            for parameter in self._parameters.values()
        }
        self._used: set[str] = set()

    def references(self, route: Route, answer: Any) -> Json:
        """Of an answer to what changes something; a page of many would need a link for each."""
        kinds = types_of(answer) if route.method != "get" else ()
        parameters = [self._parameters.get(resource) for kind in kinds if (resource := _resource(kind))]
        linked = [
            found.operation.id
            for parameter in parameters
            for found in self._routes.get(parameter or "", ())
            if found is not route
        ]
        self._used.update(linked)
        return {name: {"$ref": f"#/components/links/{name}"} for name in linked}

    def components(self) -> Json:
        """Those that were referred to."""
        return {
            route.operation.id: {
                "operationId": route.operation.id,
                "description": route.operation.summary,
                "parameters": {parameter: "$response.body#/id"},
            }
            for parameter, routes in self._routes.items()
            for route in routes
            if route.operation.id in self._used
        }


def _shown(route: Route) -> tuple[Any, ...]:
    return tuple(kind for _, answer in route.operation.answers.values() for kind in types_of(answer))


def _resource(kind: Any) -> type[Struct] | None:
    """The struct that says what all shapes of one resource have in common."""
    ancestors = kind.__mro__ if isinstance(kind, type) else ()
    named = [one for one in ancestors if issubclass(one, Struct) and "id" in one.__struct_fields__]
    return named[-1] if named else None


def _is_live(route: Route) -> bool:
    """It does not end by itself, so that nobody should follow a link to it without thinking."""
    media_types = {one.media_type for _, answer in route.operation.answers.values() for one in binaries_of(answer)}
    return "text/event-stream" in media_types
