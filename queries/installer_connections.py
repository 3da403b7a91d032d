"""The connections that are in use, for an installer: where to look for work, and no right to anything."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from domain.provider.events import ProviderKind
from projections.providers import PROVIDERS
from queries.reading import Reader, is_stale

CONNECTIONS_MAX: Final = 1000
# A pause is over when its time is, by the database's clock, whether or not anybody has said so.
SERVED: Final = """
    SELECT id AS "providerId", name, kind, concurrency_max AS "concurrencyMax"
    FROM {table} WHERE active AND NOT (paused AND (paused_until IS NULL OR paused_until > clock_timestamp()))
    ORDER BY connected_position LIMIT %(limit)s
"""
NEXT: Final = """
    SELECT extract(epoch FROM min(paused_until) - clock_timestamp())::float8 AS seconds
    FROM {table} WHERE active AND paused AND paused_until > clock_timestamp()
"""


class InstallerConnection(Struct, frozen=True, kw_only=True, rename="camel"):
    provider_id: UUID
    name: str
    kind: ProviderKind
    concurrency_max: int


class _Next(Struct, frozen=True, kw_only=True):
    seconds: float | None


async def installer_connections(reader: Reader) -> Sequence[InstallerConnection]:
    """Those that are active and not paused."""
    await is_stale(reader, PROVIDERS, None)
    return await reader.fetch(PROVIDERS, SERVED, {"limit": CONNECTIONS_MAX}, InstallerConnection)


async def next_resumption_seconds(reader: Reader) -> float | None:
    """After how many seconds there may be one more of them, because its pause is over; None if no pause has an end."""
    rows = await reader.fetch(PROVIDERS, NEXT, {}, _Next)
    return rows[0].seconds if rows else None  # nobody has made the table yet
