"""Short ways to say what was heard, and what exists."""

from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.chat.facts import ProviderFact, SkillFact
from domain.chat.intent import Action, Language
from domain.chat.outcome import Resolved, Unclear
from domain.chat.ports import Catalogue
from domain.chat.reasons import Reason
from domain.chat.resolving import names_in, resolve, wants_every_skill
from domain.chat.said import Name, Pick, Said
from domain.provider.events import ProviderKind

KINDS: dict[str, ProviderKind] = {"openai": "openai", "claude": "claude", "gemini": "gemini"}


def id_of(name: str) -> UUID:
    return uuid5(NAMESPACE_URL, name)


def skill(name: str, *, version: int = 3, archived: bool = False, **labels: int) -> SkillFact:
    return SkillFact(id=id_of(name), name=name, version=version, labels=labels, archived=archived)


def provider(name: str, kind: ProviderKind, *, active: bool = True) -> ProviderFact:
    return ProviderFact(id=id_of(name), name=name, kind=kind, active=active, paused=False, code=None)


PROVIDERS = OPENAI, CLAUDE, GEMINI = tuple(provider(name, kind) for name, kind in KINDS.items())
KBO = skill("kbo-results", stable=2)
SKILLS = (KBO, skill("release-notes"), skill("claude", version=1), skill("old-report", archived=True))


def catalogue(
    said: Said, *, skills: tuple[SkillFact, ...] = SKILLS, providers: tuple[ProviderFact, ...] = PROVIDERS
) -> Catalogue:
    """As much of it as is asked for."""
    wanted = {one.name: one for one in skills if wants_every_skill(said) or one.name in names_in(said)}
    return Catalogue(skills=wanted, skill_names=tuple(one.name for one in skills), providers=providers)


def pick(*names: str | Name, every: bool = False, but: tuple[str, ...] = ()) -> Pick:
    return Pick(tuple(Name(name) if isinstance(name, str) else name for name in names), every, but)


def said(action: Action = Action.INSTALL, **more: Any) -> Said:
    return Said(language=Language.ENGLISH, action=action, **more)


def resolved(what: Said, **world: Any) -> Resolved:
    found = resolve(what, catalogue(what, **world))
    assert isinstance(found, Resolved), found
    return found


def unclear(what: Said, **world: Any) -> Unclear:
    found = resolve(what, catalogue(what, **world))
    assert isinstance(found, Unclear), found
    return found


def names(found: Resolved) -> tuple[list[str], list[str]]:
    return [one.skill.name for one in found.skills], [one.name for one in found.providers]


def refusal(what: Said, **world: Any) -> tuple[Reason, tuple[str, ...], tuple[str, ...]]:
    found = unclear(what, **world)
    return found.reason, found.unknown, found.candidates
