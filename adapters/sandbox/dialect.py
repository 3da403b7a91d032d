"""What a provider's file must bring so that the shared parts can speak for it: its name, its address, its form of an error."""

from collections.abc import Callable
from uuid import uuid4

from msgspec import Struct


def new_request_id() -> str:
    return f"req_{uuid4().hex}"


class ProviderError(Exception):
    """A refusal, before it takes the form of one provider's error body. `request_id` is the one that goes into its header;
    `retry_after_seconds` is for bodies that say when to come back.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.retry_after_seconds = retry_after_seconds
        self.request_id = new_request_id()
        super().__init__(message)


class Dialect(Struct, frozen=True, kw_only=True):
    """`prefix` is the path under which everything is answered in the provider's way, also what no route matches. `variant`
    says what differs from the provider's other dialect.
    """

    name: str
    prefix: str
    render: Callable[[ProviderError], bytes]
    request_id_header: str = "x-request-id"
    variant: str | None = None
