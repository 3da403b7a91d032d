"""End a target that has waited beyond its time."""

from uuid import UUID

from msgspec import Struct

from commands.concluding import conclude_decision
from commands.handling import Handling, Session
from domain.events import Context
from domain.install_run.decisions import expire
from domain.install_run.state import INSTALL_RUN, TargetStatus


class ExpireTarget(Struct, frozen=True, kw_only=True):
    run_id: UUID
    provider_id: UUID


class ExpireTargetHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, command: ExpireTarget, context: Context) -> bool:
        """False: it waits, and has time left. Raises RunNotFound, Busy, StoreOffline."""

        async def decide(session: Session) -> bool:
            if await conclude_decision(
                session,
                command.run_id,
                lambda run, undoes: expire(run, provider_id=command.provider_id, now=session.now, undoes=undoes),
            ):
                return True
            run = await session.load(command.run_id, INSTALL_RUN)
            target = run.target(command.provider_id) if run else None
            return target is None or target.status is not TargetStatus.QUEUED

        waits_no_more, _ = await self._handling.handle(decide, context=context)
        return waits_no_more
