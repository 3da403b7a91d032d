"""What can happen to one pair, release-notes at openai, in few words."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from domain.installation.decisions import Pair
from domain.installation.events import (
    InstallationAwaited,
    InstallationChanged,
    InstallationDoubted,
    InstallationReceiptLate,
    InstallationReleased,
    InstallationRemoved,
    InstallationReserved,
    InstallationWithdrawn,
    Receipt,
)
from tests.domain.facts import DIGEST, FIRST, NOON, OPENAI, RECEIPT, SKILL_ID

FIRST_RUN: Final = UUID(int=201)
SECOND_RUN: Final = UUID(int=202)
THIRD_RUN: Final = UUID(int=203)
PAIR: Final[dict[str, Any]] = {"skill_id": SKILL_ID, "provider_id": OPENAI.id}
LATE: Final = Receipt(remote_id="skill_2", remote_version="1")


def pair_of(run: UUID) -> Pair:
    return Pair(run_id=run, **PAIR)


def reserved(run: UUID, version: int, *, removes: bool = False) -> InstallationReserved:
    return InstallationReserved(run_id=run, version=version, removes=removes, **PAIR)


def awaited(run: UUID, version: int, *, removes: bool = False) -> InstallationAwaited:
    return InstallationAwaited(run_id=run, version=version, removes=removes)


def withdrawn(run: UUID) -> InstallationWithdrawn:
    return InstallationWithdrawn(run_id=run)


def changed(
    run: UUID, version: int, *, digest: str = DIGEST, receipt: Receipt = RECEIPT, **more: Any
) -> InstallationChanged:
    return InstallationChanged(run_id=run, version=version, digest=digest, receipt=receipt, **PAIR, **more)


def removed(run: UUID, **more: Any) -> InstallationRemoved:
    return InstallationRemoved(run_id=run, **PAIR, **more)


def released(run: UUID, since: datetime | None = None, version: int | None = None) -> InstallationReleased:
    return InstallationReleased(run_id=run, doubtful_since=since, doubtful_version=version)


def late(run: UUID, version: int, *, receipt: Receipt = LATE, since: datetime = NOON) -> InstallationReceiptLate:
    return InstallationReceiptLate(run_id=run, attempt_id=FIRST, version=version, receipt=receipt, since=since, **PAIR)


def doubted(run: UUID, version: int, *, since: datetime = NOON, restores: int = 1) -> InstallationDoubted:
    return InstallationDoubted(run_id=run, version=version, since=since, restores=restores)
