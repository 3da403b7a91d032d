"""What a server may say of itself at `/readyz?verbose`, and how it reads."""

from datetime import UTC, datetime
from uuid import UUID

from adapters.http.health_details import (
    DatabaseDetails,
    Details,
    MigrationDetails,
    NatsDetails,
    QueueDetails,
    ReadModelDetails,
    RoleDetails,
    StreamDetails,
)

DETAILS = Details(
    version="0.1.0",
    uptime_seconds=3600.5,
    database=DatabaseDetails(
        head_position=4711,
        relay_lag_events=3,
        clock_difference_seconds=-0.002,
        migrations=MigrationDetails(applied=7, pending=("0008_apart.sql",)),
        roles=(RoleDetails(role="relay", held=True, holder="4242-0a1b2c3d", epoch=7, lease_seconds_left=4.5),),
        queue=QueueDetails(waiting=2, retrying=1, running=4, oldest_waiting_seconds=12.5),
    ),
    read_models=(
        ReadModelDetails(
            name="skills", position=4700, lag_events=11, parked_event=UUID("0199a0b0-0000-7000-8000-000000000001")
        ),
    ),
    nats=NatsDetails(
        connected=True,
        server_version="2.15.1",
        streams=(
            StreamDetails(
                name="WAYBILL_EVENTS",
                messages=4708,
                bytes=5_000_000,
                consumers=1,
                created_at=datetime(2026, 11, 22, tzinfo=UTC),
            ),
        ),
    ),
)
GIVEN = {
    "version": "0.1.0",
    "uptimeSeconds": 3600.5,
    "database": {
        "headPosition": 4711,
        "relayLagEvents": 3,
        "clockDifferenceSeconds": -0.002,
        "migrations": {"applied": 7, "pending": ["0008_apart.sql"]},
        "roles": [
            {"role": "relay", "held": True, "holder": "4242-0a1b2c3d", "epoch": 7, "leaseSecondsLeft": 4.5},
        ],
        "queue": {"waiting": 2, "retrying": 1, "running": 4, "oldestWaitingSeconds": 12.5},
    },
    "readModels": [
        {
            "name": "skills",
            "position": 4700,
            "lagEvents": 11,
            "parkedEvent": "0199a0b0-0000-7000-8000-000000000001",
        }
    ],
    "nats": {
        "connected": True,
        "serverVersion": "2.15.1",
        "streams": [
            {
                "name": "WAYBILL_EVENTS",
                "messages": 4708,
                "bytes": 5_000_000,
                "consumers": 1,
                "createdAt": "2026-11-22T00:00:00Z",
            }
        ],
    },
}
