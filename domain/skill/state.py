"""A skill, folded from its events."""

from typing import Final, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.events import Fold, stream_named
from domain.skill.events import ManifestEntry, SkillEvent, SkillRegistered, SkillVersionPublished


def skill_stream(name: str) -> UUID:
    return stream_named("skill", name)


class SkillVersion(Struct, frozen=True, kw_only=True):
    number: int
    digest: str
    manifest: tuple[ManifestEntry, ...]


class Skill(Struct, frozen=True, kw_only=True):
    name: str
    versions: tuple[SkillVersion, ...] = ()


def evolve(state: Skill | None, event: SkillEvent) -> Skill:
    match event:
        case SkillRegistered():
            return Skill(name=event.name)
        case SkillVersionPublished():
            assert state is not None  # noqa: S101 - a version follows its registration
            version = SkillVersion(number=event.version, digest=event.digest, manifest=event.manifest)
            return replace(state, versions=(*state.versions, version))
        case _:
            assert_never(event)


SKILL: Final = Fold(noun="skill", evolve=evolve)
