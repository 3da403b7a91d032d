"""Store a run that was decided on, with its claims on the pairs that it is about: for those who install, remove and repair."""

from collections.abc import Iterable, Mapping
from functools import reduce
from uuid import UUID

from msgspec import Struct

from commands.concluding import target_timer
from commands.handling import Handled, Session
from domain.errors import ProviderNotFound
from domain.events import Recorded
from domain.install_run.events import RunEvent, Target
from domain.install_run.state import INSTALL_RUN, InstallRun, evolve
from domain.installation.decisions import claim
from domain.installation.state import INSTALLATION, Installation, installation_stream
from domain.provider.decisions import check_active
from domain.provider.state import PROVIDER


class BegunRun(Struct, frozen=True, kw_only=True):
    """The run that does what was asked for. `reused`: it was there already, so none was queued; `history` are the events of one
    queued now.
    """

    run_id: UUID
    reused: bool
    history: tuple[Recorded, ...] = ()


def begun_run(chosen: UUID, handled: Handled, *, run_id: UUID) -> BegunRun:
    """`run_id` is what a new run would have been called."""
    history = tuple(event for event in handled.events if event.stream == chosen)
    return BegunRun(run_id=chosen, reused=chosen != run_id, history=history)


async def pairs_of(session: Session, skill_id: UUID, targets: Iterable[Target]) -> Mapping[UUID, Installation | None]:
    """What was ever begun at these targets, by provider."""
    return {target.id: await session.load(installation_stream(skill_id, target.id), INSTALLATION) for target in targets}


async def check_connections(session: Session, targets: Iterable[Target]) -> None:
    """Raises ProviderInactive."""
    for target in targets:
        provider = await session.load(target.id, PROVIDER)
        if provider is None:
            raise ProviderNotFound
        check_active(provider)


def begin(
    session: Session,
    *,
    run_id: UUID,
    events: tuple[RunEvent, ...],
    pairs: Mapping[UUID, Installation | None],
) -> None:
    """Mean to store the run with its first events, a claim for each target that has not failed yet, and when somebody has to
    look at it. `pairs` are by provider.
    """
    run: InstallRun | None = reduce(evolve, events, None)
    assert run is not None  # noqa: S101 - the first of the events queues it
    session.create(run_id, INSTALL_RUN)
    session.append(run_id, *events)
    for target in run.targets:
        if target.status.ended:
            continue
        provider_id, aim = target.target.id, run.aim(target)
        claimed = claim(
            pairs[provider_id],
            run_id=run_id,
            skill_id=run.skill.id,
            provider_id=provider_id,
            version=aim.version,
            removes=aim.removes,
        )
        session.append(installation_stream(run.skill.id, provider_id), *claimed)
        session.set_timer(target_timer(run_id, run, target, now=session.now))
