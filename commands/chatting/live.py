"""What is live of what a message is about, and what stands against doing something about it."""

from typing import Final

from commands.chatting.request import ChatRequest
from commands.chatting.run_search import Runs
from domain.chat.facts import InstallationFact
from domain.chat.outcome import Unclear
from domain.chat.plan import STEPS_MAX
from domain.chat.ports import ChatWorld
from domain.chat.reasons import Reason

Live = tuple[InstallationFact, ...]
Pairs = tuple[tuple[str, str], ...]

NOTHING_SAID: Final[Pairs] = ()


async def live_of(request: ChatRequest, *, runs: Runs | None, world: ChatWorld) -> tuple[Live, Pairs] | Unclear:
    """With the pairs that were named one by one and where nothing is; of `runs` only what they put there."""
    skills = request.skill_ids
    if runs is not None:
        catalogue = await world.catalogue(frozenset(run.skill for run in runs), every=False)
        skills = tuple(skill.id for skill in catalogue.skills.values())
    found = await world.installations(skills=skills, providers=request.provider_ids, limit=STEPS_MAX + 1)
    if len(found.items) > STEPS_MAX:
        return request.unclear(Reason.TOO_MANY)
    if runs is not None:
        put = {run.id for run in runs}
        return tuple(one for one in found.items if one.run_id in put), NOTHING_SAID
    named = request.names_skills and request.names_providers
    return found.items, found.absent if named else NOTHING_SAID


def in_use(provider: str, request: ChatRequest) -> bool:
    return any(one.name == provider and one.active for one in request.catalogue.providers)
