"""End an attempt of which nothing was heard before its lease expired; what became of it is looked up by the next one."""

from uuid import UUID

from msgspec import Struct

from commands.concluding import conclude_decision
from commands.handling import Handling, Session
from domain.events import Context
from domain.install_run.decisions import expire_lease


class ExpireLease(Struct, frozen=True, kw_only=True):
    run_id: UUID
    provider_id: UUID


class ExpireLeaseHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, command: ExpireLease, context: Context) -> bool:
        """False: no attempt is under way, or its lease has time left. Raises RunNotFound, Busy, StoreOffline."""

        async def decide(session: Session) -> bool:
            return await conclude_decision(
                session,
                command.run_id,
                lambda run, undoes: expire_lease(run, provider_id=command.provider_id, now=session.now, undoes=undoes),
            )

        expired, _ = await self._handling.handle(decide, context=context)
        return expired
