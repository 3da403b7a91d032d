"""A skill, folded from its events."""

from collections.abc import Mapping
from typing import Final, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.events import Fold, stream_named
from domain.skill.events import (
    ManifestEntry,
    SkillArchived,
    SkillEvent,
    SkillLabelled,
    SkillRegistered,
    SkillUnarchived,
    SkillVersionPublished,
)


def skill_stream(name: str) -> UUID:
    return stream_named("skill", name)


class SkillVersion(Struct, frozen=True, kw_only=True):
    number: int
    digest: str
    description: str
    manifest: tuple[ManifestEntry, ...]


class Skill(Struct, frozen=True, kw_only=True):
    name: str
    versions: tuple[SkillVersion, ...] = ()
    labels: Mapping[str, int] = {}
    archived: bool = False


def evolve(state: Skill | None, event: SkillEvent) -> Skill:
    if isinstance(event, SkillRegistered):
        return Skill(name=event.name)
    assert state is not None  # noqa: S101 - everything follows the registration
    match event:
        case SkillVersionPublished():
            version = SkillVersion(
                number=event.version, digest=event.digest, description=event.description, manifest=event.manifest
            )
            return replace(state, versions=(*state.versions, version))
        case SkillLabelled():
            return replace(state, labels={**state.labels, event.label: event.version})
        case SkillArchived():
            return replace(state, archived=True)
        case SkillUnarchived():
            return replace(state, archived=False)
        case _:
            assert_never(event)


SKILL: Final = Fold(noun="skill", evolve=evolve)
