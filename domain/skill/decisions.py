"""What may be done with a skill: register it, publish its next version, pick, label and archive."""

import re
from typing import Final

from domain.errors import BadRequest, Problem, SkillUnavailable, VersionNotFound
from domain.skill.bundle import Bundle
from domain.skill.events import (
    Origin,
    SkillArchived,
    SkillEvent,
    SkillLabelled,
    SkillRegistered,
    SkillUnarchived,
    SkillVersionPublished,
)
from domain.skill.state import Skill, SkillVersion

LATEST: Final = "latest"
DIGEST_PREFIX_MIN: Final = 8
LABELS_MAX: Final = 50

NUMBER: Final = re.compile(r"v?([1-9][0-9]{0,8})")
DIGEST_PREFIX: Final = re.compile(r"[0-9a-f]{%d,64}" % DIGEST_PREFIX_MIN)  # noqa: UP031 - braces belong to the pattern
LABEL: Final = re.compile(r"[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?")


def register(state: Skill | None, bundle: Bundle, *, origin: Origin | None = None) -> tuple[SkillEvent, ...]:
    """The skill with its first version, or its next version; quiet if these bytes are a version already.

    Raises SkillUnavailable.
    """
    if state is not None and state.archived:
        raise SkillUnavailable(f"{state.name} is archived; take it back into use before adding a version.")
    if state is not None and any(version.digest == bundle.digest for version in state.versions):
        return ()
    published = SkillVersionPublished(
        version=1 if state is None else len(state.versions) + 1,
        digest=bundle.digest,
        description=bundle.description,
        manifest=bundle.manifest,
        findings=bundle.findings,
        origin=origin,
    )
    return (SkillRegistered(name=bundle.name), published) if state is None else (published,)


def resolve(state: Skill, ref: str) -> SkillVersion:
    """`latest`, a label, a number (`3`, `v3`), or the beginning of one version's digest (8 hex digits or more).

    Raises VersionNotFound.
    """
    if ref == LATEST:
        return state.versions[-1]
    if ref in state.labels:
        return state.versions[state.labels[ref] - 1]
    if (number := NUMBER.fullmatch(ref)) and int(number[1]) <= len(state.versions):
        return state.versions[int(number[1]) - 1]
    prefix = ref.removeprefix("sha256:")
    if DIGEST_PREFIX.fullmatch(prefix):
        matches = [version for version in state.versions if version.digest.startswith(f"sha256:{prefix}")]
        if len(matches) == 1:
            return matches[0]
    raise VersionNotFound(f"{ref} picks no one version of {state.name}; its latest is {len(state.versions)}.")


def move_label(state: Skill, *, label: str, ref: str) -> tuple[SkillEvent, ...]:
    """Let the label point to what the ref picks now; quiet if it does already. Raises BadRequest, VersionNotFound."""
    check_label(label)
    version = resolve(state, ref).number
    if state.labels.get(label) == version:
        return ()
    if label not in state.labels and len(state.labels) == LABELS_MAX:
        raise BadRequest(f"{state.name} has {LABELS_MAX} labels already, the most that a skill may have.")
    return (SkillLabelled(label=label, version=version),)


def archive(state: Skill) -> tuple[SkillEvent, ...]:
    """Take it out of use: nothing new is installed or published; what is installed stays. Quiet if it is archived."""
    return () if state.archived else (SkillArchived(),)


def unarchive(state: Skill) -> tuple[SkillEvent, ...]:
    return (SkillUnarchived(),) if state.archived else ()


def check_label(label: str) -> None:
    """A label must not read like another kind of ref. Raises BadRequest with a problem at `/label`."""
    if not LABEL.fullmatch(label):
        message = "must be 1 to 32 of a-z, 0-9 and hyphens, begin with a letter and not end with a hyphen"
    elif label == LATEST or NUMBER.fullmatch(label) or DIGEST_PREFIX.fullmatch(label):
        message = "must not read like another ref: latest, a number, or the beginning of a digest"
    else:
        return
    raise BadRequest(f"A label {message}.", problems=(Problem(pointer="/label", message=message),))
