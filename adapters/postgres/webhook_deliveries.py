"""The log of webhook deliveries on Postgres: a row for each attempt, kept for a while."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from adapters.postgres.connection import Pool, offline_errors
from adapters.postgres.read_models_table import as_list, list_decoder, selected
from domain.alert.deliveries import Delivery, DeliverySearch

KEPT_DAYS: Final = 90
# More than are noted in one go, so that it never falls behind.
PRUNED_MAX: Final = 1_000

_NAMES: Final = Delivery.__struct_fields__
NOTE: Final = (
    f"INSERT INTO webhook_deliveries ({', '.join(_NAMES)}) "  # noqa: S608 - names of fields
    f"VALUES ({', '.join(f'%({name})s' for name in _NAMES)}) ON CONFLICT (id) DO NOTHING"
)
# Ids are in the order of time, so only the first need be looked at.
PRUNE: Final = """
    DELETE FROM webhook_deliveries
    WHERE id = ANY (ARRAY (SELECT id FROM webhook_deliveries ORDER BY id LIMIT %(pruned_max)s))
      AND at < now() - make_interval(days => %(kept_days)s)
"""
FIND: Final = "SELECT {columns} FROM webhook_deliveries WHERE {where} ORDER BY id DESC LIMIT %(limit)s"
# By the field of a search.
CONDITIONS: Final[Mapping[str, str]] = {
    "webhook": "webhook = ANY(%(webhook)s)",
    "status": "status = ANY(%(status)s)",
    "rule": "rule = ANY(%(rule)s)",
    "alert_id": "alert_id = ANY(%(alert_id)s)",
    "message_id": "message_id = ANY(%(message_id)s)",
    "since": "at >= %(since)s",
    "until": "at < %(until)s",
    "before": "id < %(before)s",
}


class PostgresDeliveries:
    """Implements `Deliveries`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def note(self, deliveries: Sequence[Delivery]) -> None:
        """Whatever is older than KEPT_DAYS is forgotten."""
        with offline_errors():
            async with self._pool.connection() as connection, connection.transaction():
                await connection.cursor().executemany(NOTE, [msgspec.structs.asdict(one) for one in deliveries])
                await connection.execute(PRUNE, {"pruned_max": PRUNED_MAX, "kept_days": KEPT_DAYS})

    async def find(self, search: DeliverySearch, *, limit: int) -> tuple[Delivery, ...]:
        given = {name: value for name, value in msgspec.structs.asdict(search).items() if value not in (None, ())}
        where = " AND ".join(CONDITIONS[name] for name in given) or "true"
        statement = as_list(FIND.replace("{columns}", selected(Delivery)).replace("{where}", where))
        values = {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
        with offline_errors():
            async with self._pool.connection() as connection:
                row = await (await connection.execute(statement.encode(), values | {"limit": limit})).fetchone()
        return tuple(list_decoder(Delivery).decode(row["rows"])) if row else ()
