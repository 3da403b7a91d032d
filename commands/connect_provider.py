"""Connect a provider and verify it at once."""

from typing import Final
from uuid import UUID

from msgspec import Struct

from commands.handling import Handling, Session
from domain.events import Context
from domain.ports import ProviderError, ProviderGateway, Vault
from domain.provider.base_url import check_base_url
from domain.provider.credential import parse_credential
from domain.provider.decisions import connect, fail_verification, pass_verification
from domain.provider.events import CredentialRef, ProviderConnected, ProviderKind
from domain.provider.state import PROVIDER, Provider, evolve, provider_stream

VERIFY_SECONDS: Final = 15.0
CONCURRENCY_MAX_DEFAULT: Final = 4


class ConnectProvider(Struct, frozen=True, kw_only=True):
    """`credential` is `env:NAME`, `file:NAME`, or the secret itself, which is stored encrypted."""

    kind: ProviderKind
    name: str
    credential: str
    base_url: str
    organization: str | None = None
    project: str | None = None
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
        CredentialRefused, BadRequest, StoreOffline.
        """
        stream = provider_stream(command.name)
        base_url = check_base_url(command.base_url)
        reference = parse_credential(command.credential)
        credential_id = self._handling.new_id()
        credential = reference or CredentialRef(source="stored", name=str(credential_id))

        async def decide(session: Session) -> Provider:
            connected = ProviderConnected(
                name=command.name,
                kind=command.kind,
                base_url=base_url,
                credential=credential,
                organization=command.organization,
                project=command.project,
                concurrency_max=command.concurrency_max,
            )
            events = connect(await session.load(stream, PROVIDER), connected)
            session.append(stream, *events)
            if reference is None:
                session.write(self._vault.seal(credential_id=credential_id, secret=command.credential.strip()))
            return evolve(None, connected)

        provider, _ = await self._handling.handle(decide, context=context)
        failure = await self._verify(provider)

        async def conclude(session: Session) -> None:
            state = await session.load(stream, PROVIDER)
            assert state is not None  # noqa: S101 - connected above
            if failure is None:
                session.append(stream, *pass_verification(state))
            else:
                session.append(stream, *fail_verification(state, code=failure.code, message=failure.message))

        _, handled = await self._handling.handle(conclude, context=context)
        assert handled.position is not None  # noqa: S101 - a verification always says something
        return ProviderConnection(provider_id=stream, position=handled.position)

    async def _verify(self, provider: Provider) -> ProviderError | None:
        try:
            adapter = await self._gateway.open(provider, deadline_seconds=VERIFY_SECONDS)
            try:
                await adapter.verify()
            finally:
                await adapter.close()
        except ProviderError as error:
            return error
        return None
