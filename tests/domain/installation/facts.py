"""What can happen to one pair, release-notes at openai, in few words."""

from typing import Any, Final
from uuid import UUID

from domain.installation.events import InstallationAwaited, InstallationChanged, InstallationReserved
from tests.domain.facts import DIGEST, OPENAI, RECEIPT, SKILL_ID

FIRST_RUN: Final = UUID(int=201)
SECOND_RUN: Final = UUID(int=202)
THIRD_RUN: Final = UUID(int=203)
PAIR: Final[dict[str, Any]] = {"skill_id": SKILL_ID, "provider_id": OPENAI.id}


def reserved(run: UUID, version: int) -> InstallationReserved:
    return InstallationReserved(run_id=run, version=version, **PAIR)


def awaited(run: UUID, version: int) -> InstallationAwaited:
    return InstallationAwaited(run_id=run, version=version)


def changed(run: UUID, version: int) -> InstallationChanged:
    return InstallationChanged(run_id=run, version=version, digest=DIGEST, receipt=RECEIPT, **PAIR)
