"""What may be done with a skill: register it, publish its next version, pick one of its versions."""

import re

from domain.errors import VersionNotFound
from domain.skill.bundle import Bundle
from domain.skill.events import SkillEvent, SkillRegistered, SkillVersionPublished
from domain.skill.state import Skill, SkillVersion

DIGEST_PREFIX_MIN = 8


def register(state: Skill | None, bundle: Bundle) -> tuple[SkillEvent, ...]:
    """The skill with its first version, or its next version; quiet if these bytes are a version already."""
    if state is not None and any(version.digest == bundle.digest for version in state.versions):
        return ()
    published = SkillVersionPublished(
        version=1 if state is None else len(state.versions) + 1,
        digest=bundle.digest,
        description=bundle.description,
        manifest=bundle.manifest,
        findings=bundle.findings,
    )
    return (SkillRegistered(name=bundle.name), published) if state is None else (published,)


def resolve(state: Skill, ref: str) -> SkillVersion:
    """`latest`, a number (`3`, `v3`), or the beginning of one version's digest (8 hex digits or more)."""
    if ref == "latest":
        return state.versions[-1]
    if (number := re.fullmatch(r"v?([1-9][0-9]{0,8})", ref)) and int(number[1]) <= len(state.versions):
        return state.versions[int(number[1]) - 1]
    prefix = ref.removeprefix("sha256:")
    if re.fullmatch(r"[0-9a-f]{%d,64}" % DIGEST_PREFIX_MIN, prefix):  # noqa: UP031 - braces belong to the pattern
        matches = [version for version in state.versions if version.digest.startswith(f"sha256:{prefix}")]
        if len(matches) == 1:
            return matches[0]
    raise VersionNotFound(f"{ref} picks no one version of {state.name}; its latest is {len(state.versions)}.")
