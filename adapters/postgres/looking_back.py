"""Finding single events of a long history by their place, their time or their id: a few steps through the index of positions."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import DictRow

from adapters.postgres.connection import Datastore
from adapters.postgres.mapper import recorded_in
from domain.events import Recorded

# An event's time is that of the decision, and it is stored when it is its turn: so much later at most.
DISORDER: Final = timedelta(seconds=10)
# How far from the time that is in its id an event is looked for: most are near, and clocks may be a minute apart.
AROUND: Final = (timedelta(seconds=2), timedelta(seconds=60) + 2 * DISORDER)
# Where more than this was stored around the time, it is looked for in the middle of it.
LOOKED_THROUGH_MAX: Final = 20_000
TIMED_ID: Final = 7  # the version of the UUIDs that begin with the time
TIMED_ID_SHIFT: Final = 80

AT: Final = """
    SELECT originator_id, originator_version, topic, state, notification_id FROM events
    WHERE notification_id = ANY(%s) ORDER BY notification_id
"""
HALVED: Final = """
    WITH RECURSIVE halving (low, high) AS (
        SELECT 0::bigint, position + 1 FROM head
        UNION ALL
        SELECT CASE WHEN later THEN low ELSE middle END, CASE WHEN later THEN middle ELSE high END
        FROM (SELECT low, high, (low + high) / 2 AS middle FROM halving WHERE high - low > 1) AS halves
        CROSS JOIN LATERAL (SELECT (
            SELECT (convert_from(state, 'UTF8')::json ->> 'at')::timestamptz > %s FROM events
            WHERE notification_id = middle
        ) AS later) AS looked
    )
    SELECT low FROM halving WHERE high - low <= 1
"""
FIRST_LATER: Final = """
    SELECT min(notification_id) AS first FROM events
    WHERE notification_id > %s AND notification_id <= %s
    AND (convert_from(state, 'UTF8')::json ->> 'at')::timestamptz > %s
"""
WITH_ID: Final = """
    SELECT originator_id, originator_version, topic, state, notification_id FROM events
    WHERE notification_id > %s AND notification_id <= %s
    AND convert_from(state, 'UTF8')::json ->> 'id' = %s
"""


class LookingBack:
    """Every method raises StoreOffline."""

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore

    def read_at(self, positions: Sequence[int]) -> tuple[Recorded, ...]:
        with self._datastore.get_connection() as connection:
            return tuple(recorded_in(row) for row in connection.execute(AT, (list(positions),)))

    def position_at(self, moment: datetime) -> int:
        """Times do not quite follow positions: halving finds one place where they cross the moment, and the first one is not far
        before it.
        """
        with self._datastore.get_connection() as connection:
            certain = _halved(connection, _bounded(moment, -DISORDER))
            crossed = _halved(connection, moment)
            row = connection.execute(FIRST_LATER, (certain, crossed, moment)).fetchone()
        return crossed if row is None or row["first"] is None else int(row["first"]) - 1

    def find(self, event_id: UUID) -> Recorded | None:
        made = _made_at(event_id)
        if made is None:
            return None
        with self._datastore.get_connection() as connection:
            for around in AROUND:
                first = _halved(connection, _bounded(made, -around))
                last = _halved(connection, _bounded(made, around))
                if last - first > LOOKED_THROUGH_MAX:
                    middle = _halved(connection, made)
                    first, last = middle - LOOKED_THROUGH_MAX // 2, middle + LOOKED_THROUGH_MAX // 2
                row = connection.execute(WITH_ID, (first, last, str(event_id))).fetchone()
                if row is not None:
                    return recorded_in(row)
        return None


def _halved(connection: Connection[DictRow], moment: datetime) -> int:
    """A position whose event is not later than the moment, and the one behind it is."""
    row: Any = connection.execute(HALVED, (moment,)).fetchone()
    return 0 if row is None else int(row["low"])


def _made_at(event_id: UUID) -> datetime | None:
    if event_id.version != TIMED_ID:
        return None
    try:
        return datetime.fromtimestamp((event_id.int >> TIMED_ID_SHIFT) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _bounded(moment: datetime, by: timedelta) -> datetime:
    """No earlier than the first time there is, and no later than the last."""
    try:
        return moment + by
    except OverflowError:
        return moment
