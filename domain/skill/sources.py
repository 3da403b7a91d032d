"""The forms in which a skill may be given: one of these, and nothing about how it is read."""

from msgspec import Struct

from domain.skill.bundle import InlineFile, SourceFile


class InlineFiles(Struct, frozen=True, kw_only=True):
    """Files that stand in the request itself."""

    files: tuple[InlineFile, ...]


class UploadedFiles(Struct, frozen=True, kw_only=True):
    """Files that were uploaded one by one, each under its path."""

    files: tuple[SourceFile, ...]


class UploadedArchive(Struct, frozen=True, kw_only=True):
    """A zip, with SKILL.md at its root or in its one top folder."""

    content: bytes


class GitFolder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A folder of a repository. `url` is https; `ref` a branch, a tag or a commit, else the default branch; `path` may be
    left out where the repository has one SKILL.md only.
    """

    url: str
    ref: str | None = None
    path: str | None = None


SkillSource = InlineFiles | UploadedFiles | UploadedArchive | GitFolder
