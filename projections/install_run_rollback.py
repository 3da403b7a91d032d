"""What became of the wish to take back what an install run did: it stands beside the run, whose status it does not change."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from msgspec import Struct

from domain.errors import Code
from domain.install_run.events import ProviderRollbackFailed, ProviderRolledBack, RollbackRequested, Target


class RolledBackTarget(Struct, frozen=True, kw_only=True, rename="camel"):
    """`version` is what the target goes back to, None: nothing at all. `code` and `message` say why it could not."""

    provider: Target
    status: Literal["requested", "rolled_back", "failed"] = "requested"
    version: int | None = None
    code: Code | None = None
    message: str | None = None


class Rollback(Struct, frozen=True, kw_only=True, rename="camel"):
    """`run_id` is the run that does it, or did last; None: the run does it itself, being all or nothing."""

    run_id: UUID | None
    targets: tuple[RolledBackTarget, ...]


RollbackEvent = RollbackRequested | ProviderRolledBack | ProviderRollbackFailed


def taken_further(rollback: Rollback | None, event: RollbackEvent, *, targets: Sequence[Target]) -> Rollback:
    """`targets` are those of the run. One that was taken back before stays among those of a later try."""
    known = {target.provider.id: target for target in rollback.targets} if rollback else {}
    changed = {target.provider.id: target for target in _changed(event, known, {one.id: one for one in targets})}
    return Rollback(
        run_id=event.run_id,
        targets=tuple((known | changed)[target.id] for target in targets if target.id in known or target.id in changed),
    )


def _changed(
    event: RollbackEvent, known: dict[UUID, RolledBackTarget], targets: dict[UUID, Target]
) -> list[RolledBackTarget]:
    match event:
        case RollbackRequested(undoes=undoes):
            return [RolledBackTarget(provider=targets[undo.provider_id], version=undo.version) for undo in undoes]
        case ProviderRolledBack(provider_id=provider_id, version=version):
            return [RolledBackTarget(provider=targets[provider_id], status="rolled_back", version=version)]
        case ProviderRollbackFailed(provider_id=provider_id, code=code, message=message):
            version = known[provider_id].version if provider_id in known else None
            return [
                RolledBackTarget(
                    provider=targets[provider_id], status="failed", version=version, code=code, message=message
                )
            ]
