"""The version that a ref picks, from the events themselves: never behind, and the same one that an install would pick."""

from uuid import UUID

from msgspec import Struct

from domain.errors import SkillNotFound
from domain.ports import EventStore
from domain.skill.decisions import resolve
from domain.skill.events import ManifestEntry
from domain.skill.state import SKILL, Skill, skill_stream
from queries.naming import ids_meant


class FindSkillVersion(Struct, frozen=True, kw_only=True):
    """`skill` is an id or a name; `ref` is `latest`, a label, a number, or the beginning of a digest."""

    skill: str
    ref: str


class FoundVersion(Struct, frozen=True, kw_only=True):
    skill_id: UUID
    name: str
    version: int
    digest: str
    manifest: tuple[ManifestEntry, ...]


async def find_skill_version(store: EventStore, query: FindSkillVersion) -> FoundVersion:
    """Raises SkillNotFound, VersionNotFound, StoreOffline."""
    skill_id, skill = await _skill(store, query.skill)
    version = resolve(skill, query.ref)
    return FoundVersion(
        skill_id=skill_id,
        name=skill.name,
        version=version.number,
        digest=version.digest,
        manifest=version.manifest,
    )


async def _skill(store: EventStore, text: str) -> tuple[UUID, Skill]:
    for stream in ids_meant(text, skill_stream):
        history = await store.load(stream)
        if history and SKILL.owns(history[0].event) and (skill := SKILL.fold(history)) is not None:
            return stream, skill
    raise SkillNotFound(f"No skill has the id or name {text}.")
