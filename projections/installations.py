"""The installations: what is live for each pair of skill and provider, what the provider last said of it, and who is at work."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.errors import Code
from domain.events import Recorded
from domain.installation.events import (
    InstallationAwaited,
    InstallationChanged,
    InstallationCheckFailed,
    InstallationDoubted,
    InstallationDriftFound,
    InstallationEvent,
    InstallationReceiptLate,
    InstallationReleased,
    InstallationRemoved,
    InstallationReserved,
    InstallationSwept,
    InstallationVerified,
    InstallationWithdrawn,
    Receipt,
)
from projections.read_model import ReadModel, members_of
from projections.rows import ImpossibleHistoryError, Rows

# A pair where nothing is live keeps its row: it may be at work, and a page of a list may have ended with it.
SCHEMA: Final = """
    CREATE TABLE {table} (
        id             uuid PRIMARY KEY,
        skill_id       uuid        NOT NULL,
        provider_id    uuid        NOT NULL,
        live           boolean     NOT NULL,
        version        int         NOT NULL,
        digest         text        NOT NULL,
        receipt        jsonb,
        run_id         uuid,
        at             timestamptz,
        drift          text        NOT NULL,
        code           text,
        message        text,
        verified_at    timestamptz,
        usage          text        NOT NULL,
        active_run_id  uuid,
        position       bigint      NOT NULL,
        begun_position bigint      NOT NULL
    ) WITH (fillfactor = 70);
    CREATE UNIQUE INDEX ON {table} (begun_position DESC) WHERE live;
    CREATE INDEX ON {table} (skill_id, begun_position DESC) WHERE live;
    CREATE INDEX ON {table} (provider_id, begun_position DESC) WHERE live;
    CREATE INDEX ON {table} (drift, begun_position DESC) WHERE live AND drift <> 'none';
"""

Drift = Literal["none", "missing", "changed", "unknown"]


class InstallationRow(Struct, frozen=True, kw_only=True, rename="camel"):
    """`live` is false before the first install and after an uninstall; what stands beside it means nothing then.

    `drift` is what the provider said when it was asked last, and `code` and `message` why it did not say. `verified_at` is when
    it last said anything about what is live now. `active_run_id` holds the slot.
    """

    id: UUID
    skill_id: UUID
    provider_id: UUID
    live: bool = False
    version: int = 0
    digest: str = ""
    receipt: Receipt | None = None
    run_id: UUID | None = None
    at: datetime | None = None
    drift: Drift = "none"
    code: Code | None = None
    message: str | None = None
    verified_at: datetime | None = None
    usage: str = ""
    active_run_id: UUID | None = None
    position: int
    begun_position: int


def keys(recorded: Recorded) -> tuple[UUID, ...]:
    return (recorded.stream,)


def project(recorded: Recorded, rows: Rows[InstallationRow]) -> None:
    event = recorded.event
    if isinstance(event, InstallationReserved):
        row = rows.get(recorded.stream) or _begun(recorded, event)
        rows.put(replace(row, active_run_id=event.run_id, position=recorded.position))
        return
    row = replace(rows.require(recorded.stream), position=recorded.position)
    match event:
        case InstallationAwaited() | InstallationWithdrawn():
            rows.put(row)
        case InstallationReceiptLate() | InstallationDoubted() | InstallationSwept():
            rows.put(row)
        case InstallationChanged():
            rows.put(_changed(row, recorded, event))
        case InstallationRemoved():
            rows.put(_without(row, live=False, holder=event.run_id if event.kept else None))
        case InstallationReleased():
            rows.put(replace(row, active_run_id=None))
        case InstallationVerified():
            rows.put(replace(_live(row), drift="none", code=None, message=None, verified_at=recorded.at))
        case InstallationDriftFound(drift=drift):
            rows.put(replace(_live(row), drift=drift, code=None, message=None, verified_at=recorded.at))
        case InstallationCheckFailed(code=code, message=message):
            rows.put(replace(_live(row), drift="unknown", code=code, message=message))
        case _:
            raise ImpossibleHistoryError(f"{recorded.name} is not an event of an installation")


def _begun(recorded: Recorded, event: InstallationReserved) -> InstallationRow:
    return InstallationRow(
        id=recorded.stream,
        skill_id=event.skill_id,
        provider_id=event.provider_id,
        position=recorded.position,
        begun_position=recorded.position,
    )


def _changed(row: InstallationRow, recorded: Recorded, event: InstallationChanged) -> InstallationRow:
    return replace(
        _without(row, live=True, holder=event.run_id if event.kept else None),
        version=event.version,
        digest=event.digest,
        receipt=event.receipt,
        run_id=event.run_id,
        at=recorded.at,
        usage=event.usage,
    )


def _without(row: InstallationRow, *, live: bool, holder: UUID | None) -> InstallationRow:
    """Nothing is known any more of what was there before."""
    return InstallationRow(
        id=row.id,
        skill_id=row.skill_id,
        provider_id=row.provider_id,
        live=live,
        active_run_id=holder,
        position=row.position,
        begun_position=row.begun_position,
    )


def _live(row: InstallationRow) -> InstallationRow:
    if not row.live:
        raise ImpossibleHistoryError(f"installation {row.id} is asked about, and nothing is live there")
    return row


INSTALLATIONS: Final = ReadModel(
    name="installations",
    generation=2,
    schema=SCHEMA,
    events=members_of(InstallationEvent),
    row=InstallationRow,
    key="id",
    keys=keys,
    project=project,
)
