"""Which paths need a key: all under `/api`, there or not, and of the others each one that is there and not marked public."""

from collections import defaultdict
from collections.abc import Callable
from typing import Final, cast

from litestar import Litestar
from litestar.exceptions import HTTPException, NotFoundException
from litestar.types import Method
from litestar.utils import normalize_path

from adapters.http.routes import routes_of

PREFIX: Final = "/api"


def guarded_paths(router: Litestar) -> Callable[[str], bool]:
    """Asks the router itself, so that no way of writing a path is understood by one of the two and not by the other."""
    marks: defaultdict[str, set[bool]] = defaultdict(set)
    methods: dict[Method, None] = {}
    for route in routes_of(router):
        marks[route.path].add(route.operation.public)
        if route.operation.public:
            methods[cast("Method", route.method.upper())] = None
    public = frozenset(path for path, found in marks.items() if found == {True})

    def is_guarded(path: str) -> bool:
        normalised = normalize_path(path)
        if normalised == PREFIX or normalised.startswith(f"{PREFIX}/"):
            return True
        for method in methods:
            try:
                *_, template = router.asgi_router.handle_routing(path=normalised, method=method)
            except NotFoundException:
                return False
            except HTTPException:
                continue
            return template not in public
        return True

    return is_guarded
