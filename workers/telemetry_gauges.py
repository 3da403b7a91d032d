"""The gauges, from what was just found out: those of a source that did not answer are not there, and `waybill_up` says so."""

from collections.abc import Mapping
from typing import Final

from adapters.postgres.vitals import DatabaseVitals
from adapters.telemetry import catalog
from adapters.telemetry.catalog import Metric
from adapters.telemetry.exposition import Readings
from queries.read_model_health import ReadModelHealth
from workers.oversight import ROLES
from workers.vitals import Vitals

SINGLE_ROLES: Final = (*ROLES, "watchdog")


def gauges(vitals: Vitals, *, version: str, sse_clients: int) -> Readings:
    readings: dict[Metric, Mapping[tuple[str, ...], float]] = {
        catalog.BUILD: {(version,): 1.0},
        catalog.SSE_CLIENTS: {(): float(sse_clients)},
        catalog.UP: {
            ("postgres",): float(vitals.database is not None and vitals.read_models is not None),
            ("nats",): float(vitals.streams is not None),
        },
    }
    if vitals.database is not None:
        readings |= _of_the_database(vitals.database)
    if vitals.read_models is not None:
        readings |= _of_the_read_models(vitals.read_models)
    if vitals.streams is not None:
        readings |= {
            catalog.STREAM_MESSAGES: {(stream.name,): float(stream.messages) for stream in vitals.streams},
            catalog.STREAM_BYTES: {(stream.name,): float(stream.bytes) for stream in vitals.streams},
        }
    return readings


def _of_the_database(database: DatabaseVitals) -> Readings:
    queue = database.queue
    roles = {role.role: role for role in database.roles}
    return {
        catalog.HEAD_POSITION: {(): float(database.head)},
        catalog.CLOCK_DIFFERENCE: {(): database.clock_difference_seconds},
        catalog.MIGRATIONS_PENDING: {(): float(len(database.migrations_pending))},
        catalog.QUEUE_DEPTH: {
            ("waiting",): float(queue.waiting),
            ("retrying",): float(queue.retrying),
            ("running",): float(queue.running),
        },
        catalog.OLDEST_QUEUED: {(): queue.oldest_waiting_seconds},
        catalog.OUTBOX_LAG: {(): float(database.relay_lag)},
        catalog.CHECKPOINT_LAG_EVENTS: {(): float(database.checkpoint_lag.events)},
        catalog.CHECKPOINT_LAG_SECONDS: {(): database.checkpoint_lag.seconds},
        catalog.ROLE_HELD: {(role,): float(role in roles and roles[role].held) for role in SINGLE_ROLES},
        catalog.ROLE_EPOCH: {(role,): float(roles[role].epoch if role in roles else 0) for role in SINGLE_ROLES},
    }


def _of_the_read_models(read_models: tuple[ReadModelHealth, ...]) -> Readings:
    return {
        catalog.PROJECTION_LAG: {(model.name,): float(model.lag) for model in read_models},
        catalog.PROJECTION_PARKED: {(model.name,): float(model.parked_event is not None) for model in read_models},
    }
