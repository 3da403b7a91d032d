"""What one word of a sentence means: a skill or a connection that exists, or why that cannot be told."""

from typing import Final, Literal

from msgspec import Struct

from domain.chat.closeness import closest
from domain.chat.connections import connections_close, connections_meant
from domain.chat.facts import ProviderFact
from domain.chat.outcome import WantedSkill
from domain.chat.ports import Catalogue
from domain.chat.reasons import Reason
from domain.chat.said import Name

Kind = Literal["skill", "provider"]

SKILL: Final[tuple[Kind, ...]] = ("skill",)
PROVIDER: Final[tuple[Kind, ...]] = ("provider",)
EITHER: Final[tuple[Kind, ...]] = ("skill", "provider")


class Trouble(Struct, frozen=True, kw_only=True):
    """`word` as it was said, and what it may be. `candidates` are names that may be meant, if it is known which."""

    reason: Reason
    word: str
    kinds: tuple[Kind, ...] = ()
    candidates: tuple[str, ...] = ()


def look_up(
    name: Name, *, kinds: tuple[Kind, ...], place: Kind | None, catalogue: Catalogue
) -> WantedSkill | ProviderFact | Trouble:
    """`kinds` are what it may be. `place`: what it stands for by its place in the sentence, which decides if it may be both."""
    skill = catalogue.skills.get(name.text) if "skill" in kinds else None
    meant = connections_meant(name.text, catalogue.providers) if "provider" in kinds and name.ref is None else ()
    if skill is not None and meant and place is None:
        return Trouble(reason=Reason.AMBIGUOUS_NAME, word=name.text)
    if skill is not None and (not meant or place == "skill"):
        return WantedSkill(skill, name.ref)
    if len(meant) == 1:
        return meant[0]
    if meant:
        candidates = tuple(sorted(one.name for one in meant))
        return Trouble(reason=Reason.AMBIGUOUS_PROVIDER, word=name.text, candidates=candidates)
    return _unknown(name, kinds=kinds, place=place)


def close_names(trouble: Trouble, catalogue: Catalogue) -> tuple[str, ...]:
    """What comes close to an unknown word; what it is by its place comes first."""
    close = {"skill": closest(trouble.word, catalogue.skill_names) if "skill" in trouble.kinds else ()}
    close["provider"] = connections_close(trouble.word, catalogue.providers) if "provider" in trouble.kinds else ()
    return tuple(name for kind in trouble.kinds for name in close[kind])


def _unknown(name: Name, *, kinds: tuple[Kind, ...], place: Kind | None) -> Trouble:
    if name.ref is not None and "skill" in kinds:
        kinds = SKILL
    if place in kinds:
        kinds = (place, *(kind for kind in kinds if kind != place))
    if place == "skill" or kinds == SKILL:
        reason = Reason.UNKNOWN_SKILL
    elif place == "provider" or kinds == PROVIDER:
        reason = Reason.UNKNOWN_PROVIDER
    else:
        reason = Reason.UNKNOWN_NAME
    return Trouble(reason=reason, word=name.text, kinds=kinds)
