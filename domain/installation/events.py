"""What can happen to the installation of one skill at one provider."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from domain.errors import Code
from domain.events import Event


class Receipt(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the provider gave for an install: its id for the skill and, where it has versions, for the version."""

    remote_id: str
    remote_version: str | None = None


class InstallationAwaited(Event, frozen=True, kw_only=True, rename="camel"):
    """The run waits its turn: another one is at work on the same pair. `removes`: it is there to uninstall."""

    TOPIC = "installation.installation_awaited"

    run_id: UUID
    version: int
    removes: bool = False


class InstallationReserved(Event, frozen=True, kw_only=True, rename="camel"):
    """The run holds the slot of the pair; its work ticket is issued because of this event. `removes`: it is there to
    uninstall.
    """

    TOPIC = "installation.installation_reserved"

    run_id: UUID
    skill_id: UUID
    provider_id: UUID
    version: int
    removes: bool = False


class InstallationWithdrawn(Event, frozen=True, kw_only=True, rename="camel"):
    """The run gives up its place in the line before its turn came."""

    TOPIC = "installation.installation_withdrawn"

    run_id: UUID


class InstallationChanged(Event, frozen=True, kw_only=True, rename="camel"):
    """The run put this version there; with that its slot is free, unless it is `kept` because the run may have to undo it.

    `usage` is what a person pastes to use it. `doubtful_since`: what was sent from then on may still be applied, and is looked
    for again.
    """

    TOPIC = "installation.installation_changed"

    run_id: UUID
    skill_id: UUID
    provider_id: UUID
    version: int
    digest: str
    receipt: Receipt
    usage: str = ""
    doubtful_since: datetime | None = None
    kept: bool = False


class InstallationRemoved(Event, frozen=True, kw_only=True, rename="camel"):
    """The run uninstalled what was there; with that its slot is free, unless it is `kept`. `doubtful_since` as in a change."""

    TOPIC = "installation.installation_removed"

    run_id: UUID
    skill_id: UUID
    provider_id: UUID
    doubtful_since: datetime | None = None
    kept: bool = False


class InstallationVerified(Event, frozen=True, kw_only=True, rename="camel"):
    """The provider was asked, and has in use what `run_id` put there."""

    TOPIC = "installation.installation_verified"

    run_id: UUID


class InstallationDriftFound(Event, frozen=True, kw_only=True, rename="camel"):
    """The provider was asked, and has not in use what `run_id` put there: it is gone, or something else is in use."""

    TOPIC = "installation.installation_drift_found"

    run_id: UUID
    drift: Literal["missing", "changed"]


class InstallationCheckFailed(Event, frozen=True, kw_only=True, rename="camel"):
    """The provider was asked and did not say. `message` is its own text, redacted and bounded."""

    TOPIC = "installation.installation_check_failed"

    run_id: UUID
    code: Code
    message: str


class InstallationReceiptLate(Event, frozen=True, kw_only=True, rename="camel"):
    """An attempt that had lost its lease put this version there all the same, after `since`. Nothing rests on it; it is looked
    for and removed, unless the run that is at work keeps it.
    """

    TOPIC = "installation.installation_receipt_late"

    run_id: UUID
    skill_id: UUID
    provider_id: UUID
    attempt_id: UUID
    version: int
    receipt: Receipt
    since: datetime


class InstallationDoubted(Event, frozen=True, kw_only=True, rename="camel"):
    """The store was restored from an older copy: from `since` on a run that it has forgotten may have put this version there.
    `restores` counts the times that it was, by then; `run_id` is the run that is about to look it up.
    """

    TOPIC = "installation.installation_doubted"

    run_id: UUID
    version: int
    since: datetime
    restores: int


class InstallationSwept(Event, frozen=True, kw_only=True, rename="camel"):
    """It was looked again for what earlier attempts may have put there; these are removed. `settled`: nothing more can come.
    `run_id` is the run that left the doubt.
    """

    TOPIC = "installation.installation_swept"

    run_id: UUID
    discarded: tuple[Receipt, ...] = ()
    settled: bool = False


class InstallationReleased(Event, frozen=True, kw_only=True, rename="camel"):
    """The run gives the slot back and leaves what is there as it is. `doubtful_since`: what it sent from then on may have been applied,
    namely `doubtful_version`, or the one it held the slot for.
    """

    TOPIC = "installation.installation_released"

    run_id: UUID
    doubtful_since: datetime | None = None
    doubtful_version: int | None = None


InstallationEvent = (
    InstallationAwaited
    | InstallationWithdrawn
    | InstallationReserved
    | InstallationChanged
    | InstallationRemoved
    | InstallationVerified
    | InstallationDriftFound
    | InstallationCheckFailed
    | InstallationReceiptLate
    | InstallationDoubted
    | InstallationSwept
    | InstallationReleased
)
