"""What installing comes to: a run for each skill, at the connections that would take it."""

from collections.abc import Callable, Iterable
from uuid import UUID

from msgspec import Struct

from commands.chatting.request import ChatRequest, Planned
from domain.chat.outcome import Unclear, WantedSkill
from domain.chat.plan import InstallStep, PinnedProvider, Plan, Skipped
from domain.chat.ports import ChatWorld, InstallPreview, InstallTarget
from domain.chat.reasons import Reason
from domain.chat.versions import refs_close
from domain.errors import Code, SkillUnavailable, VersionNotFound
from domain.install_run.decisions import TARGETS_MAX
from domain.skill.decisions import LATEST


class _Pair(Struct, frozen=True, kw_only=True):
    """One version at one connection."""

    wanted: WantedSkill
    preview: InstallPreview
    target: InstallTarget

    @property
    def obstacle(self) -> Skipped | None:
        target = self.target
        if Code.CONFLICT_PROVIDER in target.codes:
            return self.skipped(Reason.PROVIDER_INACTIVE, code=Code.CONFLICT_PROVIDER)
        if target.codes:
            return self.skipped(Reason.REFUSED, code=target.codes[0])
        if target.installs:
            return self.skipped(Reason.ALREADY_RUNNING, run_id=target.active_run_id)
        return None

    @property
    def is_live(self) -> bool:
        """It is there, and nobody is about to change that."""
        return self.target.installed_version == self.preview.version and self.target.active_run_id is None

    def skipped(self, reason: Reason, *, run_id: UUID | None = None, code: Code | None = None) -> Skipped:
        name = self.wanted.skill.name
        return Skipped(skill=name, provider=self.target.provider, run_id=run_id, reason=reason, code=code)


async def plan_installs(request: ChatRequest, *, world: ChatWorld, new_id: Callable[[], UUID]) -> Planned | Unclear:
    """What is live already is installed again only if nothing else is left to do: then the run asks the provider."""
    resolved = request.resolved
    if not resolved.skills:
        return request.unclear(Reason.MISSING_SKILL)
    if not resolved.providers:
        return request.unclear(Reason.MISSING_PROVIDER)
    if len(resolved.providers) > TARGETS_MAX:
        return request.unclear(Reason.TOO_MANY)
    skipped: list[Skipped] = []
    pairs: list[_Pair] = []
    for wanted in resolved.skills:
        found = await _preview(wanted, request, world)
        if isinstance(found, Unclear):
            return found
        if found is None:
            name = wanted.skill.name
            skipped.append(Skipped(skill=name, reason=Reason.SKILL_ARCHIVED, code=Code.CONFLICT_SKILL))
        else:
            pairs += (_Pair(wanted=wanted, preview=found, target=target) for target in found.targets)
    free = [pair for pair in pairs if pair.obstacle is None]
    chosen = [pair for pair in free if not pair.is_live] or free
    skipped += (pair.obstacle or pair.skipped(Reason.ALREADY_INSTALLED) for pair in pairs if pair not in chosen)
    plan = Plan(steps=tuple(_steps(chosen, new_id)), skipped=tuple(skipped))
    return Planned(intent=resolved.intent, plan=plan)


async def _preview(wanted: WantedSkill, request: ChatRequest, world: ChatWorld) -> InstallPreview | Unclear | None:
    """None: the skill is archived."""
    skill, ref = wanted.skill, wanted.ref or LATEST
    if skill.archived:
        return None
    providers = tuple(provider.id for provider in request.resolved.providers)
    try:
        return await world.preview(skill=skill.id, ref=ref, providers=providers, context=request.context)
    except SkillUnavailable:
        return None
    except VersionNotFound:
        return request.unclear(Reason.UNKNOWN_VERSION, unknown=(ref,), candidates=refs_close(ref, skill))


def _steps(pairs: list[_Pair], new_id: Callable[[], UUID]) -> Iterable[InstallStep]:
    for name in dict.fromkeys(pair.wanted.skill.name for pair in pairs):
        those = [pair for pair in pairs if pair.wanted.skill.name == name]
        yield InstallStep(
            run_id=new_id(),
            skill_id=those[0].wanted.skill.id,
            skill=name,
            version=those[0].preview.version,
            digest=those[0].preview.digest,
            providers=tuple(PinnedProvider(id=pair.target.provider_id, name=pair.target.provider) for pair in those),
        )
