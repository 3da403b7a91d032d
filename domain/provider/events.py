"""What can happen to a provider connection."""

from datetime import datetime
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
    """`base_agent`: what agents are built on, at providers where a skill is installed as an agent."""

    TOPIC = "provider.provider_connected"

    name: str
    kind: ProviderKind
    base_url: str
    credential: CredentialRef
    organization: str | None = None
    project: str | None = None
    base_agent: str | None = None
    concurrency_max: int


class ProviderVerified(Event, frozen=True, kw_only=True, rename="camel"):
    TOPIC = "provider.provider_verified"


class ProviderVerificationFailed(Event, frozen=True, kw_only=True, rename="camel"):
    """`message` is the provider's own text, redacted and bounded."""

    TOPIC = "provider.provider_verification_failed"

    code: Code
    message: str


class ProviderReconfigured(Event, frozen=True, kw_only=True, rename="camel"):
    """All settings as they are from now on. Another `base_url` comes with a credential given again, in the same append."""

    TOPIC = "provider.provider_reconfigured"

    base_url: str
    organization: str | None = None
    project: str | None = None
    base_agent: str | None = None
    concurrency_max: int


class ProviderCredentialChanged(Event, frozen=True, kw_only=True, rename="camel"):
    TOPIC = "provider.provider_credential_changed"

    credential: CredentialRef


class ProviderActivated(Event, frozen=True, kw_only=True, rename="camel"):
    TOPIC = "provider.provider_activated"


class ProviderDeactivated(Event, frozen=True, kw_only=True, rename="camel"):
    """`requested`: a person took it out of use, so that no verification brings it back."""

    TOPIC = "provider.provider_deactivated"

    requested: bool = False


class ProviderPaused(Event, frozen=True, kw_only=True, rename="camel"):
    """Nothing is sent through the connection until then, or until it is resumed if no time is said. `requested`: by a person;
    else the provider asked for it, with `code`.
    """

    TOPIC = "provider.provider_paused"

    until: datetime | None = None
    code: Code | None = None
    requested: bool = False


class ProviderResumed(Event, frozen=True, kw_only=True, rename="camel"):
    """The connection is used again: its time was over, or a person `requested` it."""

    TOPIC = "provider.provider_resumed"

    requested: bool = False


ProviderEvent = (
    ProviderConnected
    | ProviderReconfigured
    | ProviderCredentialChanged
    | ProviderVerified
    | ProviderVerificationFailed
    | ProviderActivated
    | ProviderDeactivated
    | ProviderPaused
    | ProviderResumed
)
