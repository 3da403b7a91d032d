"""What a provider's file must bring so that the shared parts can speak for it: its name, its address, its form of an error."""

from collections.abc import Callable

from msgspec import Struct


class ProviderError(Exception):
    """A refusal, before it takes the form of one provider's error body."""

    def __init__(self, status: int, message: str, *, code: str | None = None, param: str | None = None) -> None:
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        super().__init__(message)


class Dialect(Struct, frozen=True, kw_only=True):
    """`prefix` is the path under which everything is answered in the provider's way, also what no route matches."""

    name: str
    prefix: str
    render: Callable[[ProviderError], bytes]
