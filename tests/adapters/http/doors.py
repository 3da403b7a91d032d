"""What can be reached without anybody having decided who may: every kind of route that Litestar has is walked."""

from collections.abc import Sequence
from typing import Any

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from adapters.http.authentication import Requires
from adapters.http.guarded_paths import PREFIX
from adapters.http.operations import OPERATION, Operation


def open_doors(app: Litestar) -> Sequence[str]:
    """The paths that are neither guarded by exactly one role nor marked public, each with what is wrong there."""
    return [f"{route.path_format}: {wrong}" for route in app.routes for wrong in _wrong_at(route)]


def _wrong_at(route: Any) -> Sequence[str]:
    if not isinstance(route, HTTPRoute):
        return [f"nobody guards a {type(route).__name__}"]
    return [wrong for handler in route.route_handlers for wrong in _wrong_with(handler, route.path_format)]


def _wrong_with(handler: HTTPRouteHandler, path: str) -> Sequence[str]:
    if handler.http_methods == {"OPTIONS"} and handler.fn.__module__.startswith("litestar."):
        return []  # it lists the methods, and Authentication stands before it
    operation = handler.opt.get(OPERATION)
    guards = handler.resolve_guards()
    wrong = []
    if not isinstance(operation, Operation):
        return ["it says nothing of itself"]
    if operation.public and guards:
        wrong.append("it is public and guarded")
    if operation.public and path.startswith(PREFIX):
        wrong.append(f"nothing under {PREFIX} is public")
    if not operation.public and not (len(guards) == 1 and isinstance(guards[0], Requires)):
        wrong.append("it needs exactly one role")
    return wrong
