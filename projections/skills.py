"""The skills: their latest version as lists show it, and every version as one skill shows it."""

from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.events import Recorded
from domain.skill.events import (
    Finding,
    ManifestEntry,
    Origin,
    SkillArchived,
    SkillEvent,
    SkillLabelled,
    SkillRegistered,
    SkillUnarchived,
    SkillVersionPublished,
)
from projections.read_model import ReadModel, members_of
from projections.rows import ImpossibleHistoryError, Rows

SCHEMA: Final = """
    CREATE TABLE {table} (
        id               uuid PRIMARY KEY,
        name             text        NOT NULL,
        description      text        NOT NULL,
        version          int         NOT NULL,
        digest           text        NOT NULL,
        labels           jsonb       NOT NULL,
        findings         jsonb       NOT NULL,
        archived         boolean     NOT NULL,
        created_at       timestamptz NOT NULL,
        position         bigint      NOT NULL,
        versions         jsonb       NOT NULL,
        created_position bigint      NOT NULL
    );
    CREATE UNIQUE INDEX ON {table} (created_position DESC);
"""


class SkillVersion(Struct, frozen=True, kw_only=True, rename="camel"):
    """`origin` is None for one from before it was written down."""

    version: int
    digest: str
    description: str
    at: datetime
    origin: Origin | None
    findings: tuple[Finding, ...]
    files: tuple[ManifestEntry, ...]


class Skill(Struct, frozen=True, kw_only=True, rename="camel"):
    """A skill as lists show it. `position` is that of the newest event in it; `findings` are the latest version's."""

    id: UUID
    name: str
    description: str
    version: int
    digest: str
    labels: dict[str, int]
    findings: tuple[Finding, ...]
    archived: bool
    created_at: datetime
    position: int


class SkillWithVersions(Skill, frozen=True, kw_only=True, rename="camel"):
    versions: tuple[SkillVersion, ...]


class SkillRow(SkillWithVersions, frozen=True, kw_only=True, rename="camel"):
    """`version` is 0 until the first one is published: the two events are one append, but may fall into two batches."""

    created_position: int


def keys(recorded: Recorded) -> tuple[UUID, ...]:
    return (recorded.stream,)


def project(recorded: Recorded, rows: Rows[SkillRow]) -> None:
    match recorded.event:
        case SkillRegistered() as event:
            if rows.get(recorded.stream) is not None:
                raise ImpossibleHistoryError(f"skill {event.name} is registered twice")
            rows.put(_registered(recorded, event))
        case SkillVersionPublished() as event:
            rows.put(_published(rows.require(recorded.stream), recorded, event))
        case SkillLabelled() as event:
            rows.put(_labelled(rows.require(recorded.stream), recorded, event))
        case SkillArchived():
            rows.put(replace(rows.require(recorded.stream), archived=True, position=recorded.position))
        case SkillUnarchived():
            rows.put(replace(rows.require(recorded.stream), archived=False, position=recorded.position))
        case unknown:
            raise ImpossibleHistoryError(f"{type(unknown).__name__} is not an event of a skill")


def _registered(recorded: Recorded, event: SkillRegistered) -> SkillRow:
    return SkillRow(
        id=recorded.stream,
        name=event.name,
        description="",
        version=0,
        digest="",
        labels={},
        findings=(),
        archived=False,
        created_at=recorded.at,
        position=recorded.position,
        versions=(),
        created_position=recorded.position,
    )


def _published(row: SkillRow, recorded: Recorded, event: SkillVersionPublished) -> SkillRow:
    if event.version != row.version + 1:
        raise ImpossibleHistoryError(f"version {event.version} of {row.name} follows version {row.version}")
    version = SkillVersion(
        version=event.version,
        digest=event.digest,
        description=event.description,
        at=recorded.at,
        origin=event.origin,
        findings=event.findings,
        files=event.manifest,
    )
    return replace(
        row,
        version=event.version,
        digest=event.digest,
        description=event.description,
        findings=event.findings,
        position=recorded.position,
        versions=(*row.versions, version),
    )


def _labelled(row: SkillRow, recorded: Recorded, event: SkillLabelled) -> SkillRow:
    if event.version > row.version:
        raise ImpossibleHistoryError(f"{event.label} of {row.name} points to version {event.version} of {row.version}")
    return replace(row, labels={**row.labels, event.label: event.version}, position=recorded.position)


SKILLS: Final = ReadModel(
    name="skills",
    generation=2,
    schema=SCHEMA,
    events=members_of(SkillEvent),
    row=SkillRow,
    key="id",
    keys=keys,
    project=project,
)
