"""All words of a sentence looked up: which skills and connections it names, and which it leaves out."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from domain.chat.facts import ProviderFact
from domain.chat.intent import Action
from domain.chat.looking_up import EITHER, PROVIDER, Kind, Trouble, look_up
from domain.chat.outcome import WantedSkill
from domain.chat.ports import Catalogue
from domain.chat.reasons import Reason
from domain.chat.said import Name, Pick, Said

# Here a skill is never taken for a connection, nor a connection for a skill, where the sentence says which of them it is.
STRICT: Final = frozenset({Action.INSTALL, Action.UNINSTALL})

Thing = WantedSkill | ProviderFact | Trouble


class Heard(Struct, frozen=True, kw_only=True):
    """In the order of the sentence, each once."""

    skills: tuple[WantedSkill, ...] = ()
    providers: tuple[ProviderFact, ...] = ()
    excepted_skills: frozenset[str] = frozenset()
    excepted_providers: frozenset[str] = frozenset()
    troubles: tuple[Trouble, ...] = ()


def hear(said: Said, catalogue: Catalogue) -> Heard:
    named, excepted = _things(said, catalogue)
    wanted = [WantedSkill(one.skill, one.ref or said.ref) for one in named if isinstance(one, WantedSkill)]
    skills = tuple({(one.skill.name, one.ref): one for one in wanted}.values())
    troubles = [one for one in (*named, *excepted) if isinstance(one, Trouble)]
    return Heard(
        skills=skills,
        providers=tuple({one.name: one for one in named if isinstance(one, ProviderFact)}.values()),
        excepted_skills=frozenset(one.skill.name for one in excepted if isinstance(one, WantedSkill)),
        excepted_providers=frozenset(one.name for one in excepted if isinstance(one, ProviderFact)),
        troubles=(*troubles, *_in_two_versions(skills)),
    )


def _things(said: Said, catalogue: Catalogue) -> tuple[list[Thing], list[Thing]]:
    """What is named, and what is excepted."""
    named: list[Thing] = []
    excepted: list[Thing] = []
    places: tuple[tuple[Pick, Kind | None, Kind | None], ...] = (
        (said.skills, "skill", "skill"),
        (said.providers, "provider", "provider"),
        (said.either, _place_left(said), _place_of_every(said)),
    )
    for pick, place, place_excepted in places:
        kinds = _kinds(said.action, place)
        named += [look_up(name, kinds=kinds, place=place, catalogue=catalogue) for name in pick.names]
        kinds, names = _kinds(said.action, place_excepted), [Name(text) for text in pick.excepted]
        excepted += [look_up(name, kinds=kinds, place=place_excepted, catalogue=catalogue) for name in names]
    return named, excepted


def _kinds(action: Action, place: Kind | None) -> tuple[Kind, ...]:
    if action is Action.VERIFY:
        return PROVIDER
    return (place,) if place is not None and action in STRICT else EITHER


def _place_left(said: Said) -> Kind | None:
    """What a single name must be because the other thing that an installation needs is there already."""
    if said.action is not Action.INSTALL or len(said.either.names) != 1:
        return None
    return _other(said.skills.names or said.skills.every, said.providers.names or said.providers.every)


def _place_of_every(said: Said) -> Kind | None:
    """Something is excepted from what is meant in its entirety."""
    if said.either.every:
        return _other(said.skills.names, said.providers.names)
    return _other(said.providers.every, said.skills.every)


def _other(skills: object, providers: object) -> Kind | None:
    """The one of the two that is not there, if the other is."""
    if bool(skills) == bool(providers):
        return None
    return "provider" if skills else "skill"


def _in_two_versions(skills: Iterable[WantedSkill]) -> tuple[Trouble, ...]:
    """Nobody can say which of them shall be there in the end."""
    refs: dict[str, list[str]] = {}
    for one in skills:
        refs.setdefault(one.skill.name, []).append(one.ref or "latest")
    return tuple(
        Trouble(reason=Reason.AMBIGUOUS_NAME, word=name, candidates=tuple(f"{name}@{ref}" for ref in of_it))
        for name, of_it in refs.items()
        if len(of_it) > 1
    )
