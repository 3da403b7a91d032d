"""Stop a run: what waits is not begun any more, and a call that is under way is waited for."""

from uuid import UUID

from msgspec import Struct

from commands.concluding import conclude_decision
from commands.handling import Handling, Session
from domain.events import Context
from domain.install_run.decisions import cancel


class CancelRun(Struct, frozen=True, kw_only=True):
    run_id: UUID


class RunCancelling(Struct, frozen=True, kw_only=True):
    """`position` is None when it was cancelled already."""

    run_id: UUID
    position: int | None


class CancelRunHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, command: CancelRun, context: Context) -> RunCancelling:
        """Raises RunNotFound, RunUnfit, Busy, StoreOffline."""

        async def decide(session: Session) -> bool:
            return await conclude_decision(session, command.run_id, lambda run, undoes: cancel(run, undoes=undoes))

        _, handled = await self._handling.handle(decide, context=context)
        return RunCancelling(run_id=command.run_id, position=handled.position)
