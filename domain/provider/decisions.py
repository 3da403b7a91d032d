"""What may be done with a provider connection."""

from domain.errors import Code, ProviderNameTaken
from domain.provider.events import (
    ProviderActivated,
    ProviderConnected,
    ProviderDeactivated,
    ProviderEvent,
    ProviderVerificationFailed,
    ProviderVerified,
)
from domain.provider.state import Provider


def connect(state: Provider | None, connected: ProviderConnected) -> tuple[ProviderEvent, ...]:
    if state is not None:
        raise ProviderNameTaken(f"A provider connection named {connected.name} exists already.")
    return (connected,)


def pass_verification(state: Provider) -> tuple[ProviderEvent, ...]:
    """A connection that answers as it should is used from then on."""
    return (ProviderVerified(),) if state.active else (ProviderVerified(), ProviderActivated())


def fail_verification(state: Provider, *, code: Code, message: str) -> tuple[ProviderEvent, ...]:
    """A connection that is refused is not used until it is verified again."""
    failed = ProviderVerificationFailed(code=code, message=message)
    return (failed, ProviderDeactivated()) if state.active else (failed,)
