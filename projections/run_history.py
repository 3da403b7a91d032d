"""The history of each install run: every event that belongs to it, those of the slots that it held or waited for too."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from domain.events import Actor, Recorded
from domain.install_run.events import RunEvent
from domain.installation.events import (
    InstallationCheckFailed,
    InstallationDriftFound,
    InstallationEvent,
    InstallationVerified,
)
from projections.read_model import ReadModel, members_of
from projections.rows import ImpossibleHistoryError, Rows

# `data` is json and not jsonb: it is shown as it was stored, and nothing looks inside.
SCHEMA: Final = """
    CREATE TABLE {table} (
        id             uuid        NOT NULL,
        position       bigint      NOT NULL,
        event          text        NOT NULL,
        stream         uuid        NOT NULL,
        version        bigint      NOT NULL,
        at             timestamptz NOT NULL,
        actor          jsonb       NOT NULL,
        request_id     text        NOT NULL,
        correlation_id uuid        NOT NULL,
        causation_id   uuid,
        data           json        NOT NULL,
        run_id         uuid        NOT NULL,
        PRIMARY KEY (run_id, position)
    );
"""

_ENCODER: Final = msgspec.json.Encoder()


# What later checks found says something of the installation; the run had ended long before.
CHECKS: Final = frozenset({InstallationVerified, InstallationDriftFound, InstallationCheckFailed})
EVENTS: Final = members_of(RunEvent, InstallationEvent) - CHECKS


class HistoryEvent(Struct, frozen=True, kw_only=True, rename="camel"):
    """An event as people see it; `data` is JSON, in the newest shape of the event."""

    id: UUID
    position: int
    event: str
    stream: UUID
    version: int
    at: datetime
    actor: Actor
    request_id: str
    correlation_id: UUID
    causation_id: UUID | None
    data: msgspec.Raw


class HistoryRow(HistoryEvent, frozen=True, kw_only=True, rename="camel"):
    run_id: UUID


def run_of(recorded: Recorded) -> UUID | None:
    """The run in whose history the event stands, if it is in any."""
    event = recorded.event
    if type(event) not in EVENTS:
        return None
    return event.run_id if isinstance(event, InstallationEvent) else recorded.stream


def project(recorded: Recorded, rows: Rows[HistoryRow]) -> None:
    run_id = run_of(recorded)
    if run_id is None:
        raise ImpossibleHistoryError(f"{recorded.name} belongs to no run")
    rows.put(
        HistoryRow(
            id=recorded.id,
            position=recorded.position,
            event=recorded.name,
            stream=recorded.stream,
            version=recorded.version,
            at=recorded.at,
            actor=recorded.actor,
            request_id=recorded.request_id,
            correlation_id=recorded.correlation_id,
            causation_id=recorded.causation_id,
            data=msgspec.Raw(_ENCODER.encode(recorded.event)),
            run_id=run_id,
        )
    )


RUN_HISTORY: Final = ReadModel(
    name="run_history",
    generation=3,
    schema=SCHEMA,
    events=EVENTS,
    row=HistoryRow,
    append_only=True,
    project=project,
)
