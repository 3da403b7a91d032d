"""`NAME@REF`, read and resolved by the same rules as the server's."""

from domain.errors import VersionNotFound
from domain.skill.decisions import LATEST, resolve
from domain.skill.state import Skill as SkillState
from domain.skill.state import SkillVersion as VersionState
from workers.terminal.answers import Skill, SkillVersion


def split_ref(text: str) -> tuple[str, str | None]:
    name, _, ref = text.partition("@")
    return name, ref or None


def pick(skill: Skill, ref: str | None) -> SkillVersion:
    """Of a skill that was read with its versions. Raises VersionNotFound."""
    versions = sorted(skill.versions, key=lambda version: version.version)
    if not versions:
        raise VersionNotFound
    state = SkillState(
        name=skill.name,
        versions=tuple(
            VersionState(number=one.version, digest=one.digest, description=one.description, manifest=())
            for one in versions
        ),
        labels=skill.labels,
    )
    return versions[resolve(state, ref or LATEST).number - 1]
