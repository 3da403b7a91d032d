"""End a target that waits for a connection which went out of use because it was refused."""

from uuid import UUID

from msgspec import Struct

from commands.concluding import conclude_decision
from commands.handling import Handling, Session
from domain.errors import ProviderNotFound
from domain.events import Context
from domain.install_run.decisions import give_up
from domain.provider.state import PROVIDER, Fault, Provider


class AbandonTarget(Struct, frozen=True, kw_only=True):
    run_id: UUID
    provider_id: UUID


class AbandonTargetHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def is_lost(self, provider_id: UUID, context: Context) -> bool:
        """Whether what waits for the connection waits in vain. Raises ProviderNotFound, StoreOffline."""

        async def decide(session: Session) -> bool:
            return _refusal(await _load(session, provider_id)) is not None

        lost, _ = await self._handling.handle(decide, context=context)
        return lost

    async def __call__(self, command: AbandonTarget, context: Context) -> bool:
        """Whether it was ended by this: not if it waits no more, or the connection is in use again by now.

        Raises ProviderNotFound, RunNotFound, Busy, StoreOffline.
        """

        async def decide(session: Session) -> bool:
            # Reading the connection also binds the decision to it: one that comes back meanwhile makes this a conflict.
            provider = await _load(session, command.provider_id)
            fault = _refusal(provider)
            if fault is None:
                return False
            message = f"The connection {provider.name} is out of use. {fault.message}"
            return await conclude_decision(
                session,
                command.run_id,
                lambda run, undoes: give_up(
                    run, provider_id=command.provider_id, code=fault.code, message=message, undoes=undoes
                ),
            )

        abandoned, _ = await self._handling.handle(decide, context=context)
        return abandoned


async def _load(session: Session, provider_id: UUID) -> Provider:
    provider = await session.load(provider_id, PROVIDER)
    if provider is None:
        raise ProviderNotFound
    return provider


def _refusal(provider: Provider) -> Fault | None:
    """Why nobody will serve the connection by itself. One that a person took out of use, that person brings back."""
    return None if provider.active or provider.shelved else provider.fault
