"""A provider connection, folded from its events."""

from typing import Final, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.events import Fold, stream_named
from domain.provider.events import (
    CredentialRef,
    ProviderActivated,
    ProviderConnected,
    ProviderCredentialChanged,
    ProviderDeactivated,
    ProviderEvent,
    ProviderKind,
    ProviderReconfigured,
    ProviderVerificationFailed,
    ProviderVerified,
)


def provider_stream(name: str) -> UUID:
    return stream_named("provider", name)


class Provider(Struct, frozen=True, kw_only=True):
    """`shelved`: a person took it out of use; only a person brings it back. `proven`: it has passed a verification with the
    settings that it has now.
    """

    name: str
    kind: ProviderKind
    base_url: str
    credential: CredentialRef
    organization: str | None
    project: str | None
    base_agent: str | None = None
    concurrency_max: int
    active: bool = False
    shelved: bool = False
    proven: bool = False

    @property
    def reach(self) -> tuple[object, ...]:
        """The settings that a verification proves: where the provider is, as whom it is spoken to, on what it builds."""
        return (self.base_url, self.credential, self.organization, self.project, self.base_agent)


def evolve(state: Provider | None, event: ProviderEvent) -> Provider:
    if isinstance(event, ProviderConnected):
        return Provider(
            name=event.name,
            kind=event.kind,
            base_url=event.base_url,
            credential=event.credential,
            organization=event.organization,
            project=event.project,
            base_agent=event.base_agent,
            concurrency_max=event.concurrency_max,
        )
    assert state is not None  # noqa: S101 - everything follows the connecting
    match event:
        case ProviderVerified():
            return replace(state, proven=True)
        case ProviderVerificationFailed():
            return state
        case ProviderReconfigured():
            changed = replace(
                state,
                base_url=event.base_url,
                organization=event.organization,
                project=event.project,
                base_agent=event.base_agent,
                concurrency_max=event.concurrency_max,
            )
            return replace(changed, proven=state.proven and changed.reach == state.reach)
        case ProviderCredentialChanged():
            return replace(state, credential=event.credential, proven=False)
        case ProviderActivated():
            return replace(state, active=True, shelved=False)
        case ProviderDeactivated():
            return replace(state, active=False, shelved=event.requested)
        case _:
            assert_never(event)


PROVIDER: Final = Fold(noun="provider", evolve=evolve)
