"""A world in which something can come of every command, and which notes what is carried out."""

from typing import Final
from uuid import UUID

from msgspec import Struct

from domain.chat.facts import (
    DeedsFound,
    InstallationFact,
    InstallationsFound,
    RunFact,
    RunsFound,
    TargetFact,
)
from domain.chat.plan import AnyStep
from domain.chat.ports import Catalogue, InstallPreview, InstallTarget, RunsWanted
from domain.chat.said import Deed
from domain.errors import Code
from domain.events import Context
from domain.install_run.state import RunStatus, TargetStatus
from tests.domain.chat.catalogue import RETIRED, RUN, SKILLS, USUAL, connections, skill
from tests.kit.facts import NOON

DIGEST: Final = f"sha256:{'ab' * 32}"
CALLER: Final = "key-1"
# The newest first: what failed is not mended since, one is at work, and what is live was put there by the last.
TARGETS: Final = {
    RunStatus.FAILED: TargetStatus.FAILED,
    RunStatus.RUNNING: TargetStatus.RUNNING,
    RunStatus.SUCCESS: TargetStatus.SUCCESS,
}


def _run(run_id: UUID, name: str, status: RunStatus) -> RunFact:
    """One that succeeded did so everywhere, the others are about the first connection."""
    places = connections(USUAL) if status is RunStatus.SUCCESS else connections(USUAL)[:1]
    code = Code.PROVIDER_INTERNAL if status is RunStatus.FAILED else None
    targets = tuple(
        TargetFact(
            provider_id=one.id,
            provider=one.name,
            status=TARGETS[status],
            code=code,
            attempts=1,
            next_attempt_at=None,
        )
        for one in places
    )
    return RunFact(
        id=run_id,
        kind="install",
        status=status,
        reason=None,
        skill=name,
        version=1,
        targets=targets,
        by="minji",
        by_id=CALLER,
        queued_at=NOON,
        finished_at=NOON if status.ended else None,
        retried_by=None,
    )


def _id(name: str, status: RunStatus) -> UUID:
    known = name == "pdf" and status is RunStatus.FAILED
    return RUN if known else UUID(int=5000 + 10 * tuple(SKILLS).index(name) + tuple(TARGETS).index(status))


RUNS: Final = tuple(_run(_id(name, status), name, status) for status in TARGETS for name in SKILLS)
INSTALLATIONS: Final = tuple(
    InstallationFact(
        id=UUID(int=9000 + 10 * at + number),
        skill=name,
        provider=provider.name,
        version=1,
        drift="none",
        run_id=_id(name, RunStatus.SUCCESS),
        at=NOON,
        by="minji",
        active_run_id=None,
    )
    for at, name in enumerate(SKILLS)
    for number, provider in enumerate(connections(USUAL))
)


class RecordingWorld(Struct, kw_only=True):
    carried_out: list[AnyStep] = []

    async def catalogue(self, names: frozenset[str], *, every: bool) -> Catalogue:
        known = [name for name in SKILLS if (name != RETIRED if every else name in names)]
        return Catalogue(
            skills={name: skill(name) for name in known},
            skill_names=tuple(sorted(SKILLS)),
            providers=connections(USUAL),
        )

    async def runs(self, wanted: RunsWanted, *, limit: int) -> RunsFound:
        skills = {skill(name).id: name for name in SKILLS}
        providers = {one.id for one in connections(USUAL)}
        found = [
            run
            for run in RUNS
            if (not wanted.ids or run.id in wanted.ids)
            and (wanted.beginning is None or run.id.hex.startswith(wanted.beginning.replace("-", "")))
            and (not wanted.skills or run.skill in {skills[one] for one in wanted.skills})
            and (
                not wanted.providers or {target.provider_id for target in run.targets} & providers & {*wanted.providers}
            )
            and (not wanted.statuses or run.status in wanted.statuses)
            and (not wanted.kinds or run.kind in wanted.kinds)
            and (wanted.by is None or run.by_id == wanted.by)
        ]
        return RunsFound(items=tuple(found[:limit]), more=len(found) > limit)

    async def runs_of_last_action(self, caller: str) -> tuple[UUID, ...]:
        return (RUN,)

    async def installations(
        self, *, skills: tuple[UUID, ...], providers: tuple[UUID, ...], limit: int
    ) -> InstallationsFound:
        names = {skill(name).name for name in SKILLS if not skills or skill(name).id in skills}
        places = {one.name for one in connections(USUAL) if not providers or one.id in providers}
        found = [one for one in INSTALLATIONS if one.skill in names and one.provider in places]
        return InstallationsFound(items=tuple(found[:limit]), more=len(found) > limit)

    async def deeds(
        self, deed: Deed | None, *, skills: tuple[str, ...], providers: tuple[str, ...], run_id: UUID | None, limit: int
    ) -> DeedsFound:
        return DeedsFound(items=())

    async def preview(self, *, skill: UUID, ref: str, providers: tuple[UUID, ...], context: Context) -> InstallPreview:
        targets = tuple(
            InstallTarget(
                provider_id=one.id,
                provider=one.name,
                codes=(),
                installed_version=None,
                active_run_id=None,
                installs=False,
            )
            for one in connections(USUAL)
            if one.id in providers
        )
        return InstallPreview(version=1, digest=DIGEST, targets=targets)

    async def carry_out(self, step: AnyStep, context: Context) -> UUID | None:
        self.carried_out.append(step)
        return getattr(step, "run_id", None)
