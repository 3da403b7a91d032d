"""What can happen to one pair, release-notes at openai, in few words."""

from typing import Any, Final
from uuid import UUID

from domain.installation.events import (
    InstallationAwaited,
    InstallationChanged,
    InstallationRemoved,
    InstallationReserved,
    Receipt,
)
from tests.domain.facts import DIGEST, OPENAI, RECEIPT, SKILL_ID

FIRST_RUN: Final = UUID(int=201)
SECOND_RUN: Final = UUID(int=202)
THIRD_RUN: Final = UUID(int=203)
PAIR: Final[dict[str, Any]] = {"skill_id": SKILL_ID, "provider_id": OPENAI.id}


def reserved(run: UUID, version: int, *, removes: bool = False) -> InstallationReserved:
    return InstallationReserved(run_id=run, version=version, removes=removes, **PAIR)


def awaited(run: UUID, version: int, *, removes: bool = False) -> InstallationAwaited:
    return InstallationAwaited(run_id=run, version=version, removes=removes)


def changed(run: UUID, version: int, *, digest: str = DIGEST, receipt: Receipt = RECEIPT) -> InstallationChanged:
    return InstallationChanged(run_id=run, version=version, digest=digest, receipt=receipt, **PAIR)


def removed(run: UUID) -> InstallationRemoved:
    return InstallationRemoved(run_id=run, **PAIR)
