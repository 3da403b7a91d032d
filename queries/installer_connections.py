"""The active connections, for an installer: where to look for work, and no right to anything."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from domain.provider.events import ProviderKind
from projections.providers import PROVIDERS
from queries.reading import Reader, is_stale

CONNECTIONS_MAX: Final = 1000
SQL: Final = """
    SELECT id AS "providerId", name, kind, concurrency_max AS "concurrencyMax"
    FROM {table} WHERE active ORDER BY connected_position LIMIT %(limit)s
"""


class InstallerConnection(Struct, frozen=True, kw_only=True, rename="camel"):
    provider_id: UUID
    name: str
    kind: ProviderKind
    concurrency_max: int


async def installer_connections(reader: Reader) -> Sequence[InstallerConnection]:
    await is_stale(reader, PROVIDERS, None)
    return await reader.fetch(PROVIDERS, SQL, {"limit": CONNECTIONS_MAX}, InstallerConnection)
