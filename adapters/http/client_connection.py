"""What the server lets an answer do with the connection that it goes out on, beyond ASGI; not every server does."""

from typing import Final, Protocol, cast

from litestar.types import Scope

EXTENSION: Final = "waybill.connection"


class ClientConnection(Protocol):
    @property
    def closing(self) -> bool:
        """Nobody is there any more."""
        ...

    def narrow(self) -> None:
        """Hold as little as possible for a client that does not read: it shall be waited for instead. For good."""
        ...

    def abort(self) -> None:
        """Close it now, whatever has not been sent yet. More than once does no harm."""
        ...


def connection_of(scope: Scope) -> ClientConnection | None:
    return cast("ClientConnection | None", (scope.get("extensions") or {}).get(EXTENSION))
