"""How often somebody has taken something with them; that is all there is to remember."""

from datetime import datetime
from typing import Final
from uuid import UUID

from domain.events import Fold, stream_named
from domain.evidence.events import EvidenceExported


def exports_stream(actor_id: str, day: datetime) -> UUID:
    """A stream a day, because it is loaded to be appended to."""
    return stream_named("evidence", actor_id, f"{day:%Y-%m-%d}")


def evolve(exports: int | None, _: EvidenceExported) -> int:
    return (exports or 0) + 1


EXPORTS: Final = Fold(noun="evidence", evolve=evolve)
