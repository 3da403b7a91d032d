"""The API keys: whose they are, until when they open anything, and who issued and revoked them; never a secret or its hash."""

from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.access.events import ApiKeyEvent, ApiKeyIssued, ApiKeyRevoked
from domain.events import Actor, Recorded, Role
from projections.read_model import ReadModel, members_of
from projections.rows import ImpossibleHistoryError, Rows

SCHEMA: Final = """
    CREATE TABLE {table} (
        stream          uuid PRIMARY KEY,
        id              text        NOT NULL,
        name            text        NOT NULL,
        role            text        NOT NULL,
        created_at      timestamptz NOT NULL,
        created_by      jsonb       NOT NULL,
        expires_at      timestamptz,
        revoked_at      timestamptz,
        revoked_by      jsonb,
        position        bigint      NOT NULL,
        issued_position bigint      NOT NULL
    );
    CREATE UNIQUE INDEX ON {table} (issued_position DESC);
"""


class ApiKeyRow(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether it has expired depends on when that is asked. `position` is that of the newest event in it."""

    stream: UUID
    id: str
    name: str
    role: Role
    created_at: datetime
    created_by: Actor
    expires_at: datetime | None
    revoked_at: datetime | None = None
    revoked_by: Actor | None = None
    position: int
    issued_position: int


def keys(recorded: Recorded) -> tuple[UUID, ...]:
    return (recorded.stream,)


def project(recorded: Recorded, rows: Rows[ApiKeyRow]) -> None:
    match recorded.event:
        case ApiKeyIssued() as event:
            if rows.get(recorded.stream) is not None:
                raise ImpossibleHistoryError(f"the key {event.key_id} is issued twice")
            rows.put(_issued(recorded, event))
        case ApiKeyRevoked():
            row = rows.require(recorded.stream)
            rows.put(
                replace(row, revoked_at=recorded.at, revoked_by=recorded.actor, position=recorded.position),
            )
        case unknown:
            raise ImpossibleHistoryError(f"{type(unknown).__name__} is not an event of an API key")


def _issued(recorded: Recorded, event: ApiKeyIssued) -> ApiKeyRow:
    return ApiKeyRow(
        stream=recorded.stream,
        id=event.key_id,
        name=event.name,
        role=event.role,
        created_at=recorded.at,
        created_by=recorded.actor,
        expires_at=event.expires_at,
        position=recorded.position,
        issued_position=recorded.position,
    )


API_KEYS: Final = ReadModel(
    name="api_keys",
    generation=1,
    schema=SCHEMA,
    events=members_of(ApiKeyEvent),
    row=ApiKeyRow,
    key="stream",
    keys=keys,
    project=project,
)
