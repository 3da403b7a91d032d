"""Store a run that was decided on, with its claims on the pairs that it is about: for those who install, remove and repair."""

from collections.abc import Mapping
from functools import reduce
from uuid import UUID

from commands.concluding import target_timer
from commands.handling import Session
from domain.install_run.events import RunEvent
from domain.install_run.state import INSTALL_RUN, InstallRun, evolve
from domain.installation.decisions import claim
from domain.installation.state import Installation, installation_stream


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
