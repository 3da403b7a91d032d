"""What can happen to the installation of one skill at one provider."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from domain.events import Event


class Receipt(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the provider gave for an install: its id for the skill and, where it has versions, for the version."""

    remote_id: str
    remote_version: str | None = None


class InstallationAwaited(Event, frozen=True, kw_only=True, rename="camel"):
    """The run waits its turn: another version is on its way to the same pair."""

    TOPIC = "installation.installation_awaited"

    run_id: UUID
    version: int


class InstallationReserved(Event, frozen=True, kw_only=True, rename="camel"):
    """The run holds the slot of the pair; its work ticket is issued because of this event."""

    TOPIC = "installation.installation_reserved"

    run_id: UUID
    skill_id: UUID
    provider_id: UUID
    version: int


class InstallationChanged(Event, frozen=True, kw_only=True, rename="camel"):
    """The run put this version there; with that its slot is free."""

    TOPIC = "installation.installation_changed"

    run_id: UUID
    skill_id: UUID
    provider_id: UUID
    version: int
    digest: str
    receipt: Receipt


class InstallationReleased(Event, frozen=True, kw_only=True, rename="camel"):
    """The run ended without a result; its slot is free. `doubtful_since`: what it sent from then on may have been applied."""

    TOPIC = "installation.installation_released"

    run_id: UUID
    doubtful_since: datetime | None = None


InstallationEvent = InstallationAwaited | InstallationReserved | InstallationChanged | InstallationReleased
