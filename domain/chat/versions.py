"""Whether a skill has the version that a ref picks, as far as a list of skills tells: it knows no digests."""

from domain.chat.closeness import CANDIDATES_MAX, closest
from domain.chat.facts import SkillFact
from domain.skill.decisions import DIGEST_PREFIX, LATEST, NUMBER


def may_pick(ref: str, skill: SkillFact) -> bool:
    """The beginning of a digest may: whether there is such a version is seen when it is looked for."""
    if ref == LATEST or ref in skill.labels:
        return True
    if (number := NUMBER.fullmatch(ref)) and int(number[1]) <= skill.version:
        return True
    return DIGEST_PREFIX.fullmatch(ref.removeprefix("sha256:")) is not None


def version_of(ref: str, skill: SkillFact) -> int | None:
    """The number of the version that a ref picks, None if that cannot be told from here."""
    if ref == LATEST or ref in skill.labels:
        return skill.labels.get(ref, skill.version)
    number = NUMBER.fullmatch(ref)
    return int(number[1]) if number and int(number[1]) <= skill.version else None


def refs_close(ref: str, skill: SkillFact) -> tuple[str, ...]:
    """Refs of this skill that may have been meant, with its name in front: the closest first, and the latest one."""
    close = tuple(dict.fromkeys((*closest(ref, sorted(skill.labels)), str(skill.version))))
    return tuple(f"{skill.name}@{one}" for one in close)[:CANDIDATES_MAX]
