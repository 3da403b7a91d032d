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
    has a guard. `description` says more than the summary does; `example` is a body that it takes, as JSON.
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
    description: str = ""
    example: Mapping[str, Any] | None = None


def types_of(answer: Any) -> tuple[Any, ...]:
    """Each type that an answer's body may be, if it is JSON."""
    return tuple(one for one in _shapes(answer) if not isinstance(one, Binary))


def binaries_of(answer: Any) -> tuple[Binary, ...]:
    """What else an answer's body may be."""
    return tuple(one for one in _shapes(answer) if isinstance(one, Binary))


def _shapes(answer: Any) -> tuple[Any, ...]:
    if answer is None:
        return ()
    return answer if isinstance(answer, tuple) else (answer,)


def described(operation: Operation) -> dict[str, Any]:
    """The `opt` of a route."""
    return {OPERATION: operation}
