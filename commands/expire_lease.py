"""End an attempt of which nothing was heard before its lease expired; what became of it is looked up by the next one."""

from uuid import UUID

from msgspec import Struct

from commands.concluding import conclude, undoes_of
from commands.handling import Handling, Session
from domain.errors import RunNotFound
from domain.events import Context
from domain.install_run.decisions import expire_lease
from domain.install_run.state import INSTALL_RUN


class ExpireLease(Struct, frozen=True, kw_only=True):
    run_id: UUID
    provider_id: UUID


class ExpireLeaseHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, command: ExpireLease, context: Context) -> bool:
        """False: no attempt is under way, or its lease has time left. Raises RunNotFound, Busy, StoreOffline."""

        async def decide(session: Session) -> bool:
            run = await session.load(command.run_id, INSTALL_RUN)
            if run is None:
                raise RunNotFound
            undoes = await undoes_of(session, command.run_id, run)
            events = expire_lease(run, provider_id=command.provider_id, now=session.now, undoes=undoes)
            if events:
                await conclude(session, run_id=command.run_id, run=run, events=events, now=session.now, installed={})
            return bool(events)

        expired, _ = await self._handling.handle(decide, context=context)
        return expired
