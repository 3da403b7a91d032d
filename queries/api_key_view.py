"""An API key as people see it: the read model, with its last use and whether it opens anything at this moment."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from domain.events import Actor, Role
from projections.api_keys import API_KEYS
from queries.filtering import Filters
from queries.reading import Reader

# The last uses are no events, so they stand in a table of their own. A key expires by the database's clock, as elsewhere.
SQL: Final = """
    SELECT {columns} FROM (
        SELECT known.*, used_at AS last_used_at, CASE
            WHEN revoked_at IS NOT NULL THEN 'revoked'
            WHEN expires_at <= clock_timestamp() THEN 'expired'
            ELSE 'active'
        END AS status
        FROM {table} AS known LEFT JOIN key_uses ON key_id = id
    ) AS seen
    WHERE {where}
    ORDER BY issued_position DESC LIMIT %(limit)s
"""
LAST_USE: Final = "SELECT {columns} FROM key_uses WHERE key_id = %(key_id)s"


class KeyStatus(StrEnum):
    """A key that was revoked is not said to have expired."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


class ApiKey(Struct, frozen=True, kw_only=True, rename="camel"):
    """Never the secret, nor its hash. `last_used_at` may be a minute old. `position` is that of the newest event in it."""

    id: str
    name: str
    role: Role
    created_at: datetime
    created_by: Actor
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    revoked_by: Actor | None
    status: KeyStatus
    position: int


class LastUse(Struct, frozen=True, kw_only=True, rename="camel"):
    used_at: datetime


async def fetch(reader: Reader, filters: Filters, *, limit: int) -> Sequence[ApiKey]:
    return await reader.fetch(API_KEYS, filters.into(SQL), filters.values(limit=limit), ApiKey)


async def last_use(reader: Reader, key_id: str) -> datetime | None:
    """None for a key that was never used; it is known apart from how far the read model has come."""
    rows = await reader.fetch(API_KEYS, LAST_USE, {"key_id": key_id}, LastUse)
    return rows[0].used_at if rows else None
