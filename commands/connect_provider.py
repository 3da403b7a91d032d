"""Connect a provider and verify it at once."""

from typing import Final
from uuid import UUID

from msgspec import Struct

from commands.handling import Handling, Session
from commands.verifying import verify
from domain.events import Context
from domain.ports import ProviderGateway, Vault
from domain.provider.base_url import check_base_url
from domain.provider.credential import accept_credential
from domain.provider.decisions import connect
from domain.provider.events import ProviderConnected, ProviderKind
from domain.provider.state import PROVIDER, provider_stream

CONCURRENCY_MAX_DEFAULT: Final = 4


class ConnectProvider(Struct, frozen=True, kw_only=True):
    """`credential` is `env:NAME`, `file:NAME`, or the secret itself, which is stored encrypted."""

    kind: ProviderKind
    name: str
    credential: str
    base_url: str
    organization: str | None = None
    project: str | None = None
    base_agent: str | None = None
    concurrency_max: int = CONCURRENCY_MAX_DEFAULT


class ProviderConnection(Struct, frozen=True, kw_only=True):
    provider_id: UUID
    position: int


class ConnectProviderHandler:
    def __init__(self, *, handling: Handling, vault: Vault, gateway: ProviderGateway) -> None:
        self._handling = handling
        self._vault = vault
        self._gateway = gateway

    async def __call__(self, command: ConnectProvider, context: Context) -> ProviderConnection:
        """A connection that cannot be verified is kept, inactive, with the reason. Raises ProviderNameTaken,
        CredentialRefused, BadRequest, Busy, StoreOffline.
        """
        stream = provider_stream(command.name)
        base_url = check_base_url(command.base_url)
        given = accept_credential(command.credential, self._handling.new_id())

        async def decide(session: Session) -> None:
            connected = ProviderConnected(
                name=command.name,
                kind=command.kind,
                base_url=base_url,
                credential=given.reference,
                organization=command.organization,
                project=command.project,
                base_agent=command.base_agent,
                concurrency_max=command.concurrency_max,
            )
            events = connect(await session.load(stream, PROVIDER), connected)
            session.append(stream, *events)
            if given.secret is not None:
                session.write(self._vault.seal(credential_id=given.id, secret=given.secret))

        await self._handling.handle(decide, context=context)
        position = await verify(stream, handling=self._handling, gateway=self._gateway, context=context)
        return ProviderConnection(provider_id=stream, position=position)
