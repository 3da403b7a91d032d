"""What can happen to a provider connection."""

from typing import Literal

from msgspec import Struct

from domain.errors import Code
from domain.events import Event

ProviderKind = Literal["openai", "claude", "gemini", "noop"]


class CredentialRef(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where the credential is, never what it is: an environment variable, a file, or the id of a stored ciphertext."""

    source: Literal["env", "file", "stored"]
    name: str


class ProviderConnected(Event, frozen=True, kw_only=True, rename="camel"):
    TOPIC = "provider.provider_connected"

    name: str
    kind: ProviderKind
    base_url: str
    credential: CredentialRef
    organization: str | None = None
    project: str | None = None
    concurrency_max: int


class ProviderVerified(Event, frozen=True, kw_only=True, rename="camel"):
    TOPIC = "provider.provider_verified"


class ProviderVerificationFailed(Event, frozen=True, kw_only=True, rename="camel"):
    """`message` is the provider's own text, redacted and bounded."""

    TOPIC = "provider.provider_verification_failed"

    code: Code
    message: str


class ProviderActivated(Event, frozen=True, kw_only=True, rename="camel"):
    TOPIC = "provider.provider_activated"


class ProviderDeactivated(Event, frozen=True, kw_only=True, rename="camel"):
    TOPIC = "provider.provider_deactivated"


ProviderEvent = (
    ProviderConnected | ProviderVerified | ProviderVerificationFailed | ProviderActivated | ProviderDeactivated
)
