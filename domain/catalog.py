"""Every event, by its topic: what may stand in the store."""

from typing import Final

from domain.access.events import AccessDenied, ApiKeyIssued
from domain.events import Event
from domain.install_run.events import (
    ProviderFailed,
    ProviderRefused,
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
    InstallationCheckFailed,
    InstallationDriftFound,
    InstallationReleased,
    InstallationRemoved,
    InstallationReserved,
    InstallationVerified,
)
from domain.provider.events import (
    ProviderActivated,
    ProviderConnected,
    ProviderCredentialChanged,
    ProviderDeactivated,
    ProviderReconfigured,
    ProviderVerificationFailed,
    ProviderVerified,
)
from domain.skill.events import (
    SkillArchived,
    SkillLabelled,
    SkillRegistered,
    SkillUnarchived,
    SkillVersionPublished,
)

EVENTS: Final[tuple[type[Event], ...]] = (
    SkillRegistered,
    SkillVersionPublished,
    SkillLabelled,
    SkillArchived,
    SkillUnarchived,
    ProviderConnected,
    ProviderReconfigured,
    ProviderCredentialChanged,
    ProviderVerified,
    ProviderVerificationFailed,
    ProviderActivated,
    ProviderDeactivated,
    RunQueued,
    RunStarted,
    ProviderRefused,
    ProviderStarted,
    ProviderSucceeded,
    ProviderFailed,
    RunSucceeded,
    RunFailed,
    RunPartiallyFailed,
    InstallationAwaited,
    InstallationReserved,
    InstallationChanged,
    InstallationRemoved,
    InstallationVerified,
    InstallationDriftFound,
    InstallationCheckFailed,
    InstallationReleased,
    ApiKeyIssued,
    AccessDenied,
)

BY_TOPIC: Final[dict[str, type[Event]]] = {event.TOPIC: event for event in EVENTS}
