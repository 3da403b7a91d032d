"""The routes of the app as they describe themselves, for the OpenAPI document and for the tests that hold every route to it."""

from collections.abc import Iterator

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from msgspec import Struct

from adapters.http.authentication import Requires
from adapters.http.operations import OPERATION, Operation
from domain.events import Role


class Route(Struct, frozen=True, kw_only=True):
    path: str
    path_parameters: tuple[str, ...]
    method: str
    role: Role | None
    operation: Operation


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
