"""Which checkpoints a store has to agree with: all of them, but for what was forgotten when it was set back, and says so itself."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.evidence.checkpoint import Checkpoint
from domain.evidence.verdict import Finding, FindingKind, Restore, until

# A checkpoint has the notary's time and a restore the relay's, and their clocks may differ by this much.
CLOCKS_DIFFER_MAX: Final = timedelta(minutes=1)


class Binding(Struct, frozen=True, kw_only=True):
    """`checkpoints` are those that have to hold, the smallest first. `restores` say how far each of them forgot."""

    checkpoints: tuple[Checkpoint, ...]
    restores: tuple[Restore, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def size(self) -> int:
        return self.checkpoints[-1].size if self.checkpoints else 0


def bind(
    checkpoints: Iterable[Checkpoint], *, strict: Iterable[Checkpoint] = (), store: UUID, restores: Sequence[Restore]
) -> Binding:
    """`store` is the store's epoch now, and `restores` are on record in it, by position. A `strict` checkpoint has to hold
    whatever is on record: somebody has kept it to find out.
    """
    told = {restore.position: restore for restore in restores}
    holding: list[Checkpoint] = []
    findings: list[Finding] = []
    for checkpoint in checkpoints:
        restore = _forgotten_with(checkpoint, store=store, restores=restores)
        if restore is None:
            holding.append(checkpoint)
        elif checkpoint.size > (told[restore.position].forgotten_until or 0):
            told[restore.position] = replace(restore, forgotten_until=checkpoint.size)
    for checkpoint in strict:
        restore = _forgotten_with(checkpoint, store=store, restores=restores)
        if restore is None:
            holding.append(checkpoint)
        else:
            findings.append(_rolled_back(checkpoint, restore))
    return Binding(
        checkpoints=tuple(sorted(holding, key=lambda checkpoint: checkpoint.size)),
        restores=tuple(told.values()),
        findings=tuple(findings),
    )


def _forgotten_with(checkpoint: Checkpoint, *, store: UUID, restores: Sequence[Restore]) -> Restore | None:
    """The restore by which the last of the events that it signed were forgotten."""
    if checkpoint.store == store:
        return None
    later = (restore for restore in restores if restore.at > checkpoint.at - CLOCKS_DIFFER_MAX)
    first = next(later, None)
    return first if first is not None and first.position <= checkpoint.size else None


def _rolled_back(checkpoint: Checkpoint, restore: Restore) -> Finding:
    return Finding(
        kind=FindingKind.ROLLED_BACK,
        position=restore.position,
        until=until(restore.position, checkpoint.size),
        detail=(
            f"The checkpoint of {checkpoint.at:%Y-%m-%d %H:%M:%S} UTC was signed over {checkpoint.size} events. The store was set "
            f"back since then, as event {restore.position} says, and those from there on are forgotten."
        ),
    )
