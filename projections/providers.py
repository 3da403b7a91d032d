"""The provider connections: what they are, whether they are in use, and how their last verification went."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.errors import Code
from domain.events import Recorded
from domain.provider.events import (
    ProviderActivated,
    ProviderConnected,
    ProviderCredentialChanged,
    ProviderDeactivated,
    ProviderEvent,
    ProviderKind,
    ProviderPaused,
    ProviderReconfigured,
    ProviderResumed,
    ProviderVerificationFailed,
    ProviderVerified,
)
from projections.read_model import ReadModel, members_of
from projections.rows import ImpossibleHistoryError, Rows

SCHEMA: Final = """
    CREATE TABLE {table} (
        id                 uuid PRIMARY KEY,
        name               text    NOT NULL,
        kind               text    NOT NULL,
        active             boolean NOT NULL,
        shelved            boolean NOT NULL,
        paused             boolean NOT NULL,
        paused_until       timestamptz,
        paused_by          text,
        verification       jsonb   NOT NULL,
        base_url           text    NOT NULL,
        organization       text,
        project            text,
        base_agent         text,
        concurrency_max    int     NOT NULL,
        position           bigint  NOT NULL,
        connected_position bigint  NOT NULL
    );
    CREATE UNIQUE INDEX ON {table} (connected_position DESC);
"""


class Verification(Struct, frozen=True, kw_only=True, rename="camel"):
    """`never`: not with the settings that the connection has now."""

    status: Literal["ok", "failed", "never"] = "never"
    code: Code | None = None
    message: str | None = None
    at: datetime | None = None


class Provider(Struct, frozen=True, kw_only=True, rename="camel"):
    """A connection as people see it: never its credential. `shelved`: a person took it out of use, so that a verification
    does not bring it back. `paused`: what is queued for it waits, without `paused_until` until somebody ends that. `position` is
    that of the newest event in it.
    """

    id: UUID
    name: str
    kind: ProviderKind
    active: bool
    shelved: bool
    paused: bool = False
    paused_until: datetime | None = None
    paused_by: Literal["person", "provider"] | None = None
    verification: Verification
    base_url: str
    organization: str | None
    project: str | None
    base_agent: str | None
    concurrency_max: int
    position: int


class ProviderRow(Provider, frozen=True, kw_only=True, rename="camel"):
    connected_position: int


def keys(recorded: Recorded) -> tuple[UUID, ...]:
    return (recorded.stream,)


def project(recorded: Recorded, rows: Rows[ProviderRow]) -> None:
    if isinstance(recorded.event, ProviderConnected):
        if rows.get(recorded.stream) is not None:
            raise ImpossibleHistoryError(f"provider {recorded.event.name} is connected twice")
        rows.put(_connected(recorded, recorded.event))
        return
    rows.put(_changed(replace(rows.require(recorded.stream), position=recorded.position), recorded))


def _changed(row: ProviderRow, recorded: Recorded) -> ProviderRow:
    match recorded.event:
        case ProviderVerified():
            return replace(row, verification=Verification(status="ok", at=recorded.at))
        case ProviderVerificationFailed(code=code, message=message):
            return replace(row, verification=Verification(status="failed", code=code, message=message, at=recorded.at))
        case ProviderReconfigured() as event:
            return _reconfigured(row, event)
        case ProviderCredentialChanged():
            return replace(row, verification=Verification())
        case ProviderActivated():
            return replace(row, active=True, shelved=False)
        case ProviderDeactivated(requested=requested):
            return replace(row, active=False, shelved=requested)
        case ProviderPaused(until=until, requested=requested):
            return replace(row, paused=True, paused_until=until, paused_by="person" if requested else "provider")
        case ProviderResumed():
            return replace(row, paused=False, paused_until=None, paused_by=None)
        case unknown:
            raise ImpossibleHistoryError(f"{type(unknown).__name__} is not an event of a provider")


def _connected(recorded: Recorded, event: ProviderConnected) -> ProviderRow:
    return ProviderRow(
        id=recorded.stream,
        name=event.name,
        kind=event.kind,
        active=False,
        shelved=False,
        verification=Verification(),
        base_url=event.base_url,
        organization=event.organization,
        project=event.project,
        base_agent=event.base_agent,
        concurrency_max=event.concurrency_max,
        position=recorded.position,
        connected_position=recorded.position,
    )


def _reconfigured(row: ProviderRow, event: ProviderReconfigured) -> ProviderRow:
    """How many installs may run at once is no provider's business: it leaves the verification as it is."""
    reach = (event.base_url, event.organization, event.project, event.base_agent)
    proven = reach == (row.base_url, row.organization, row.project, row.base_agent)
    return replace(
        row,
        base_url=event.base_url,
        organization=event.organization,
        project=event.project,
        base_agent=event.base_agent,
        concurrency_max=event.concurrency_max,
        verification=row.verification if proven else Verification(),
    )


PROVIDERS: Final = ReadModel(
    name="providers",
    generation=3,
    schema=SCHEMA,
    events=members_of(ProviderEvent),
    row=ProviderRow,
    key="id",
    keys=keys,
    project=project,
)
