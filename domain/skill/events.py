"""What can happen to a skill."""

from typing import Literal

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


class Origin(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where the bytes of a version came from. For git: `ref` is what was asked for (None: the default branch), `commit` the
    40 hex digits that it meant at that moment, `path` the folder in the repository ("" is its root).
    """

    source: Literal["inline", "files", "archive", "git"]
    url: str | None = None
    ref: str | None = None
    commit: str | None = None
    path: str | None = None


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
    origin: Origin | None = None


class SkillLabelled(Event, frozen=True, kw_only=True, rename="camel"):
    """The label points to this version from now on, wherever it pointed before."""

    TOPIC = "skill.skill_labelled"

    label: str
    version: int


class SkillArchived(Event, frozen=True, kw_only=True, rename="camel"):
    TOPIC = "skill.skill_archived"


class SkillUnarchived(Event, frozen=True, kw_only=True, rename="camel"):
    TOPIC = "skill.skill_unarchived"


SkillEvent = SkillRegistered | SkillVersionPublished | SkillLabelled | SkillArchived | SkillUnarchived
