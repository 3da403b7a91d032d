"""What a route says of itself, for the OpenAPI document and for the tests that hold every route to it."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from adapters.http.requests import NoParameters
from domain.errors import Code

OPERATION: Final = "operation"


class Operation(Struct, frozen=True, kw_only=True):
    """`answers` are what it gives by status: in words, and the type of the body. `refuses` are the errors beyond those
    that every route has.
    """

    id: str
    summary: str
    answers: Mapping[int, tuple[str, Any]]
    body: Any = None
    parameters: type[Struct] = NoParameters
    refuses: tuple[Code, ...] = ()


def described(operation: Operation) -> dict[str, Any]:
    """The `opt` of a route."""
    return {OPERATION: operation}
