"""What can happen to a skill."""

from msgspec import Struct

from domain.events import Event


class ManifestEntry(Struct, frozen=True, kw_only=True, rename="camel"):
    """One file of a version: `path` relative to the skill's folder (NFC, `/`), `sha256` in hex, `size` in bytes."""

    path: str
    sha256: str
    size: int


class Finding(Struct, frozen=True, kw_only=True, rename="camel"):
    """Something a reviewer should know of a version; it informs and does not block."""

    code: str
    severity: str
    path: str
    message: str


class SkillRegistered(Event, frozen=True, kw_only=True, rename="camel"):
    TOPIC = "skill.skill_registered"

    name: str


class SkillVersionPublished(Event, frozen=True, kw_only=True, rename="camel"):
    """`digest` is `sha256:` and 64 hex digits over the manifest (`digest_of`); the bytes are stored before this event."""

    TOPIC = "skill.skill_version_published"

    version: int
    digest: str
    description: str
    manifest: tuple[ManifestEntry, ...]
    findings: tuple[Finding, ...] = ()


SkillEvent = SkillRegistered | SkillVersionPublished
