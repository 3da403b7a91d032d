"""What a message leads to, pinned: versions, connections and runs by number and id, so that what is confirmed is what is done."""

from typing import Final
from uuid import UUID

from msgspec import Struct

from domain.chat.reasons import Reason
from domain.errors import Code

STEPS_MAX: Final = 50


class Step(Struct, frozen=True, kw_only=True, rename="camel", tag_field="does"):
    """One command. Those that begin a run say here what it will be called, so that a second time makes no second run."""


class PinnedProvider(Struct, frozen=True, kw_only=True):
    id: UUID
    name: str


class InstallStep(Step, frozen=True, kw_only=True, rename="camel", tag="install"):
    run_id: UUID
    skill_id: UUID
    skill: str
    version: int
    digest: str
    providers: tuple[PinnedProvider, ...]


class UninstallStep(Step, frozen=True, kw_only=True, rename="camel", tag="uninstall"):
    """`installed_by` is the run that put there what is to be removed: whatever came since is not meant."""

    run_id: UUID
    installation_id: UUID
    installed_by: UUID
    skill: str
    version: int
    provider: str


class CancelStep(Step, frozen=True, kw_only=True, rename="camel", tag="cancel"):
    """`cancelled` is the run to be stopped."""

    cancelled: UUID
    skill: str
    version: int
    providers: tuple[str, ...]


class RetryStep(Step, frozen=True, kw_only=True, rename="camel", tag="retry"):
    """`providers` are those where it failed."""

    run_id: UUID
    retried: UUID
    skill: str
    version: int
    providers: tuple[str, ...]


class RollbackStep(Step, frozen=True, kw_only=True, rename="camel", tag="rollback"):
    run_id: UUID
    taken_back: UUID
    skill: str
    version: int
    providers: tuple[PinnedProvider, ...]


class VerifyStep(Step, frozen=True, kw_only=True, rename="camel", tag="verify"):
    provider: PinnedProvider


AnyStep = InstallStep | UninstallStep | CancelStep | RetryStep | RollbackStep | VerifyStep


class Skipped(Struct, frozen=True, kw_only=True, rename="camel"):
    """What was asked for and is not going to be done; `code` is that of the refusal, if there is one."""

    skill: str | None = None
    provider: str | None = None
    run_id: UUID | None = None
    reason: Reason
    code: Code | None = None


class Plan(Struct, frozen=True, kw_only=True):
    steps: tuple[AnyStep, ...] = ()
    skipped: tuple[Skipped, ...] = ()


class StepRefused(Struct, frozen=True, kw_only=True):
    """The step of this index could not be done after all."""

    step: int
    code: Code
