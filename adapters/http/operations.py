"""What a route says of itself, for the OpenAPI document and for the tests that hold every route to it."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct, field

from adapters.http.requests import NoParameters
from domain.errors import Code

OPERATION: Final = "operation"


class Binary(Struct, frozen=True):
    """The body of an answer that is not JSON."""

    media_type: str


class Header(Struct, frozen=True, kw_only=True):
    """A header that a request may have, or an answer has. `schema` is its JSON Schema."""

    name: str
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


class Operation(Struct, frozen=True, kw_only=True):
    """`answers` are what it gives by status: in words, and the type of the body, or a tuple of those that it may be, `Binary`, or
    None where there is none. `form` is the schema of a form that it takes instead of `body`. `refuses` are the errors beyond
    those that every route has. `located`: the answer to a POST says where what it made can be read. `takes` and `gives` are
    headers of the request and of its successes, beyond those that every route has. `public`: no key is needed; every other route
    has a guard.
    """

    id: str
    summary: str
    answers: Mapping[int, tuple[str, Any]]
    body: Any = None
    form: Mapping[str, Any] | None = None
    body_optional: bool = False
    located: bool = True
    parameters: type[Struct] = NoParameters
    refuses: tuple[Code, ...] = ()
    takes: tuple[Header, ...] = ()
    gives: tuple[Header, ...] = ()
    public: bool = False


def types_of(answer: Any) -> tuple[Any, ...]:
    """Each type that an answer's body may be, if it is JSON."""
    if answer is None or isinstance(answer, Binary):
        return ()
    return answer if isinstance(answer, tuple) else (answer,)


def described(operation: Operation) -> dict[str, Any]:
    """The `opt` of a route."""
    return {OPERATION: operation}
