"""Change a provider connection, take it out of use or into use, and verify what has to be proven anew."""

from functools import reduce
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from commands.handling import Handling, Session, require
from commands.verifying import verify
from domain.errors import ProviderNotFound
from domain.events import Context
from domain.ports import ProviderGateway, Vault
from domain.provider.base_url import check_base_url
from domain.provider.credential import accept_credential
from domain.provider.decisions import Settings, deactivate, reconfigure
from domain.provider.state import PROVIDER, Provider, evolve, provider_stream


class ChangeProvider(Struct, frozen=True, kw_only=True):
    """`provider` is an id or a name; what is unset stays as it is, and None clears. `credential` as in ConnectProvider."""

    provider: str
    active: bool | UnsetType = UNSET
    credential: str | UnsetType = UNSET
    base_url: str | UnsetType = UNSET
    organization: str | UnsetType | None = UNSET
    project: str | UnsetType | None = UNSET
    base_agent: str | UnsetType | None = UNSET
    concurrency_max: int | UnsetType = UNSET


class ChangeProviderHandler:
    def __init__(self, *, handling: Handling, vault: Vault, gateway: ProviderGateway) -> None:
        self._handling = handling
        self._vault = vault
        self._gateway = gateway

    async def __call__(self, command: ChangeProvider, context: Context) -> UUID:
        """The id of the connection. The change is stored first and then verified, if it is one that a provider can refuse or
        if the connection shall be `active`; another one verifies nothing.

        Raises ProviderNotFound, CredentialRefused, BadRequest, Busy, StoreOffline.
        """
        if command.base_url is not UNSET:
            command = replace(command, base_url=check_base_url(command.base_url))
        given = None if command.credential is UNSET else accept_credential(command.credential, self._handling.new_id())
        credential = given.reference if given else None

        async def decide(session: Session) -> tuple[UUID, bool]:
            missing = ProviderNotFound(f"No connection has the id or name {command.provider}.")
            stream, state = await require(
                session, command.provider, named=provider_stream, fold=PROVIDER, missing=missing
            )
            events = reconfigure(state, _wanted(command, state), credential=credential)
            if given and given.secret is not None:
                session.write(self._vault.seal(credential_id=given.id, secret=given.secret))
            changed = reduce(evolve, events, state)
            if command.active is False:
                events = (*events, *deactivate(changed))
            session.append(stream, *events)
            # A reference that is given again may lead to another secret by now.
            return stream, credential is not None or changed.reach != state.reach

        (stream, unproven), _ = await self._handling.handle(decide, context=context)
        if unproven or command.active is True:
            await verify(
                stream,
                handling=self._handling,
                gateway=self._gateway,
                context=context,
                activate=command.active is True,
            )
        return stream


def _wanted(command: ChangeProvider, state: Provider) -> Settings:
    return Settings(
        base_url=state.base_url if command.base_url is UNSET else command.base_url,
        organization=state.organization if command.organization is UNSET else command.organization,
        project=state.project if command.project is UNSET else command.project,
        base_agent=state.base_agent if command.base_agent is UNSET else command.base_agent,
        concurrency_max=state.concurrency_max if command.concurrency_max is UNSET else command.concurrency_max,
    )
