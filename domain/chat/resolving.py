"""Finds what a sentence is about among what exists. It never guesses: what it cannot tell it hands back, with what comes close."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from domain.chat.closeness import CANDIDATES_MAX
from domain.chat.facts import ProviderFact
from domain.chat.hearing import Heard, hear
from domain.chat.intent import Action, Intent
from domain.chat.looking_up import Trouble, close_names
from domain.chat.outcome import Resolved, Unclear, WantedSkill
from domain.chat.ports import Catalogue
from domain.chat.reasons import Reason
from domain.chat.said import NAMES_MAX, RunPick, Said
from domain.chat.versions import may_pick, refs_close

# To find what comes close takes its time when there are thousands of names.
UNKNOWN_EXPLAINED_MAX: Final = 3


def names_in(said: Said) -> frozenset[str]:
    """Whatever may be the name of a skill."""
    picks = (said.skills, said.providers, said.either)
    return frozenset(text for pick in picks for text in (*(name.text for name in pick.names), *pick.excepted))


def wants_every_skill(said: Said) -> bool:
    """Whether all skills that there are have to be known to resolve this."""
    if said.skills.every or said.skills.excepted:
        return True
    return not said.skills.names and bool(said.either.every or said.either.excepted)


def resolve(said: Said, catalogue: Catalogue) -> Resolved | Unclear:
    """A run that is named by its id is taken as it is: whether there is one is seen when it is looked for."""
    if said.obstacle is not None or said.action is Action.NONE:
        return Unclear(reason=said.obstacle or Reason.NOT_UNDERSTOOD)
    if said.action is Action.HELP:
        return Resolved(intent=Intent(action=Action.HELP))
    if len(names_in(said)) > NAMES_MAX:
        return Unclear(intent=Intent(action=said.action), reason=Reason.TOO_MANY)
    heard = hear(said, catalogue)
    resolved = _resolved(said, heard, catalogue)
    if troubles := heard.troubles or _unknown_versions(resolved.skills):
        return _unclear(troubles, replace(resolved.intent, ref=None), catalogue)
    if (reason := _against(said, heard, resolved)) is None:
        return resolved
    return Unclear(
        intent=resolved.intent,
        reason=reason,
        unknown=_archived(resolved) if reason is Reason.SKILL_ARCHIVED else (),
        candidates=_in_use(catalogue) if reason is Reason.MISSING_PROVIDER else (),
    )


def _resolved(said: Said, heard: Heard, catalogue: Catalogue) -> Resolved:
    every_skill, every_provider = _every(said, heard)
    skills = _skills(said, heard, catalogue, every=every_skill)
    providers = _providers(heard, catalogue, every=every_provider)
    names = tuple(dict.fromkeys(one.skill.name for one in skills))
    refs = {one.ref for one in skills}
    intent = Intent(
        action=said.action,
        # More than may be named are all that there are, and not told one by one.
        skills=names if len(names) <= NAMES_MAX else (),
        ref=refs.pop() if len(refs) == 1 else None,
        providers=tuple(one.name for one in providers),
        run_id=_run_id(said.runs),
        listed=said.listed,
    )
    return Resolved(
        intent=intent, skills=skills, providers=providers, every_skill=every_skill, every_provider=every_provider
    )


def _every(said: Said, heard: Heard) -> tuple[bool, bool]:
    """Whether all skills are meant, and all connections. All of what something is excepted from are meant."""
    skills = said.skills.every or bool(heard.excepted_skills and not heard.skills)
    providers = said.providers.every or bool(heard.excepted_providers and not heard.providers)
    if not said.either.every or said.either.excepted:
        return skills, providers
    has_skills, has_providers = skills or bool(heard.skills), providers or bool(heard.providers)
    if said.action is Action.VERIFY:
        return False, providers or not has_providers
    if has_skills != has_providers:
        return skills or not has_skills, providers or not has_providers
    return skills or (said.action is Action.UNINSTALL and not has_skills), providers


def _skills(said: Said, heard: Heard, catalogue: Catalogue, *, every: bool) -> tuple[WantedSkill, ...]:
    """Nobody who wants all installed means those that were taken out of use."""
    named = heard.skills
    if every:
        names = {one.skill.name for one in named}
        open_to = [one for one in catalogue.skills.values() if not (said.action is Action.INSTALL and one.archived)]
        named = (*named, *(WantedSkill(one, said.ref) for one in open_to if one.name not in names))
    return tuple(one for one in named if one.skill.name not in heard.excepted_skills)


def _providers(heard: Heard, catalogue: Catalogue, *, every: bool) -> tuple[ProviderFact, ...]:
    named = catalogue.providers if every else heard.providers
    return tuple(one for one in named if one.name not in heard.excepted_providers)


def _run_id(runs: RunPick) -> UUID | None:
    """The one that is named in full."""
    try:
        return UUID(runs.ids[0]) if len(runs.ids) == 1 else None
    except ValueError:
        return None


def _unknown_versions(skills: Iterable[WantedSkill]) -> tuple[Trouble, ...]:
    return tuple(
        Trouble(
            reason=Reason.UNKNOWN_VERSION, word=f"{one.skill.name}@{one.ref}", candidates=refs_close(one.ref, one.skill)
        )
        for one in skills
        if one.ref is not None and not may_pick(one.ref, one.skill)
    )


def _unclear(troubles: tuple[Trouble, ...], intent: Intent, catalogue: Catalogue) -> Unclear:
    """One reason at a time, with all words that it is about."""
    reason = troubles[0].reason
    alike = [trouble for trouble in troubles if trouble.reason is reason]
    candidates = dict.fromkeys(
        name
        for trouble in alike[:UNKNOWN_EXPLAINED_MAX]
        for name in (*trouble.candidates, *close_names(trouble, catalogue))
    )
    return Unclear(
        intent=intent,
        reason=reason,
        unknown=tuple(dict.fromkeys(trouble.word for trouble in alike)),
        candidates=tuple(candidates)[:CANDIDATES_MAX],
    )


def _against(said: Said, heard: Heard, resolved: Resolved) -> Reason | None:
    """What was not said though this action needs it, or what it cannot be done with."""
    removes = said.action is Action.UNINSTALL and said.runs == RunPick()
    if (said.action is Action.INSTALL or removes) and not resolved.skills:
        return Reason.NOTHING_TO_DO if resolved.every_skill or heard.skills else Reason.MISSING_SKILL
    if said.action in (Action.INSTALL, Action.VERIFY) and not resolved.providers:
        return Reason.NOTHING_TO_DO if resolved.every_provider or heard.providers else Reason.MISSING_PROVIDER
    if said.action is not Action.INSTALL:
        return None
    if len(resolved.skills) > NAMES_MAX:
        return Reason.TOO_MANY
    return Reason.SKILL_ARCHIVED if _archived(resolved) else None


def _archived(resolved: Resolved) -> tuple[str, ...]:
    return tuple(one.skill.name for one in resolved.skills if one.skill.archived)


def _in_use(catalogue: Catalogue) -> tuple[str, ...]:
    return tuple(one.name for one in catalogue.providers if one.active)[:CANDIDATES_MAX]
