"""Verify a provider connection again."""

from uuid import UUID

from msgspec import Struct

from commands.handling import Handling, Session, require
from commands.verifying import verify
from domain.errors import ProviderNotFound
from domain.events import Context
from domain.ports import ProviderGateway
from domain.provider.state import PROVIDER, provider_stream


class VerifyProvider(Struct, frozen=True, kw_only=True):
    """`provider` is an id or a name."""

    provider: str


class VerifyProviderHandler:
    def __init__(self, *, handling: Handling, gateway: ProviderGateway) -> None:
        self._handling = handling
        self._gateway = gateway

    async def __call__(self, command: VerifyProvider, context: Context) -> UUID:
        """The id of the connection, which says in its events how it went. One that answers is used from then on, unless a
        person put it away. Raises ProviderNotFound, Busy, StoreOffline.
        """

        async def look(session: Session) -> UUID:
            missing = ProviderNotFound(f"No connection has the id or name {command.provider}.")
            stream, _ = await require(session, command.provider, named=provider_stream, fold=PROVIDER, missing=missing)
            return stream

        stream, _ = await self._handling.handle(look, context=context)
        await verify(stream, handling=self._handling, gateway=self._gateway, context=context)
        return stream
