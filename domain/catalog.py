"""Every event, by its topic: what may stand in the store."""

from typing import Final

from domain.access.events import AccessDenied, ApiKeyIssued
from domain.events import Event
from domain.install_run.events import (
    ProviderFailed,
    ProviderStarted,
    ProviderSucceeded,
    RunFailed,
    RunPartiallyFailed,
    RunQueued,
    RunStarted,
    RunSucceeded,
)
from domain.installation.events import (
    InstallationAwaited,
    InstallationChanged,
    InstallationReleased,
    InstallationReserved,
)
from domain.provider.events import (
    ProviderActivated,
    ProviderConnected,
    ProviderDeactivated,
    ProviderVerificationFailed,
    ProviderVerified,
)
from domain.skill.events import SkillRegistered, SkillVersionPublished

EVENTS: Final[tuple[type[Event], ...]] = (
    SkillRegistered,
    SkillVersionPublished,
    ProviderConnected,
    ProviderVerified,
    ProviderVerificationFailed,
    ProviderActivated,
    ProviderDeactivated,
    RunQueued,
    RunStarted,
    ProviderStarted,
    ProviderSucceeded,
    ProviderFailed,
    RunSucceeded,
    RunFailed,
    RunPartiallyFailed,
    InstallationAwaited,
    InstallationReserved,
    InstallationChanged,
    InstallationReleased,
    ApiKeyIssued,
    AccessDenied,
)

BY_TOPIC: Final[dict[str, type[Event]]] = {event.TOPIC: event for event in EVENTS}
