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
    ProviderReconfigured,
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
    does not bring it back. `position` is that of the newest event in it.
    """

    id: UUID
    name: str
    kind: ProviderKind
    active: bool
    shelved: bool
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
    row = replace(rows.require(recorded.stream), position=recorded.position)
    match recorded.event:
        case ProviderVerified():
            rows.put(replace(row, verification=Verification(status="ok", at=recorded.at)))
        case ProviderVerificationFailed(code=code, message=message):
            failed = Verification(status="failed", code=code, message=message, at=recorded.at)
            rows.put(replace(row, verification=failed))
        case ProviderReconfigured() as event:
            rows.put(_reconfigured(row, event))
        case ProviderCredentialChanged():
            rows.put(replace(row, verification=Verification()))
        case ProviderActivated():
            rows.put(replace(row, active=True, shelved=False))
        case ProviderDeactivated(requested=requested):
            rows.put(replace(row, active=False, shelved=requested))
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
    generation=2,
    schema=SCHEMA,
    events=members_of(ProviderEvent),
    row=ProviderRow,
    key="id",
    keys=keys,
    project=project,
)
