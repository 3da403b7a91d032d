"""A provider connection, folded from its events."""

from datetime import datetime
from typing import Final, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.errors import Code
from domain.events import Fold, stream_named
from domain.provider.events import (
    CredentialRef,
    ProviderActivated,
    ProviderConnected,
    ProviderCredentialChanged,
    ProviderDeactivated,
    ProviderEvent,
    ProviderKind,
    ProviderPaused,
    ProviderReconfigured,
    ProviderResumed,
    ProviderVerificationFailed,
    ProviderVerified,
)


def provider_stream(name: str) -> UUID:
    return stream_named("provider", name)


class Pause(Struct, frozen=True, kw_only=True):
    """Without `until` it lasts until somebody ends it."""

    until: datetime | None
    requested: bool


class Fault(Struct, frozen=True, kw_only=True):
    """Why the last verification failed."""

    code: Code
    message: str


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
    pause: Pause | None = None
    fault: Fault | None = None

    def paused_at(self, now: datetime) -> bool:
        """A pause is over when its time is, whether or not anybody has said so."""
        return self.pause is not None and (self.pause.until is None or self.pause.until > now)

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
            return replace(state, proven=True, fault=None)
        case ProviderVerificationFailed():
            return replace(state, fault=Fault(code=event.code, message=event.message))
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
        case ProviderPaused():
            return replace(state, pause=Pause(until=event.until, requested=event.requested))
        case ProviderResumed():
            return replace(state, pause=None)
        case _:
            assert_never(event)


PROVIDER: Final = Fold(noun="provider", evolve=evolve)
