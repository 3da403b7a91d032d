"""Which streams the alert rules have to read when they begin: hints, since a read model may be behind; the streams decide."""

from typing import Final
from uuid import UUID

from msgspec import Struct

from domain.alert.rules import RuleName
from domain.alert.state import alert_stream
from projections.alerts import ALERTS
from projections.providers import PROVIDERS
from queries.reading import Reader

HINTS_MAX: Final = 10_000
OPEN: Final = """
    SELECT {columns} FROM {table} WHERE status = 'open' ORDER BY raised_position DESC LIMIT %(limit)s
"""
CONNECTED: Final = "SELECT {columns} FROM {table} ORDER BY connected_position DESC LIMIT %(limit)s"


class _Open(Struct, frozen=True, kw_only=True):
    rule: RuleName
    subject: str


class _Connected(Struct, frozen=True, kw_only=True):
    id: UUID


class Hinted(Struct, frozen=True, kw_only=True):
    """`stale`: there may be more, and these may be too many."""

    streams: frozenset[UUID]
    stale: bool


async def streams_to_watch(reader: Reader) -> Hinted:
    """Those of the provider connections, and of the alerts that are open, without waiting for more. Raises StoreOffline."""
    came = [await reader.wait(model, position=None, timeout_seconds=0) for model in (ALERTS, PROVIDERS)]
    alerts = await reader.fetch(ALERTS, OPEN, {"limit": HINTS_MAX}, _Open)
    connections = await reader.fetch(PROVIDERS, CONNECTED, {"limit": HINTS_MAX}, _Connected)
    streams = {*(alert_stream(alert.rule, alert.subject) for alert in alerts), *(one.id for one in connections)}
    return Hinted(streams=frozenset(streams), stale=not all(came))
