"""Ask a provider whether a connection works, and record what it says: for those who connect, change or verify one."""

from datetime import datetime
from typing import Final
from uuid import UUID

from commands.handling import Handling, Session
from domain.errors import Busy, ProviderNotFound
from domain.events import Context
from domain.ports import ProviderError, ProviderGateway
from domain.provider.decisions import fail_verification, pass_verification
from domain.provider.events import ProviderDeactivated
from domain.provider.state import PROVIDER, Provider
from domain.timers import Timer, TimerName

VERIFY_SECONDS: Final = 15.0
# Each one more only if the settings were changed while the provider was asked.
VERIFICATIONS_MAX: Final = 3


async def verify(
    stream: UUID, *, handling: Handling, gateway: ProviderGateway, context: Context, activate: bool = False
) -> int:
    """The position of what was recorded last. `activate`: a person asks for the connection, also if one had put it away.

    What a provider says of settings that are not there any more is dropped, and the new ones are verified. Nothing is
    changed by StoreOffline: whoever meets it may verify again. Raises ProviderNotFound, Busy, StoreOffline.
    """
    for _ in range(VERIFICATIONS_MAX):
        asked, _ = await handling.handle(lambda session: _load(session, stream), context=context)
        failure = await _ask(gateway, asked)

        async def conclude(session: Session, asked: Provider = asked, failure: ProviderError | None = failure) -> bool:
            state = await _load(session, stream)
            if state.reach != asked.reach:
                return False
            if failure is not None:
                events = fail_verification(state, code=failure.code, message=failure.message, passing=failure.retryable)
            else:
                # Whoever put it away while the provider was asked has the last word.
                events = pass_verification(state, activate=activate and (asked.shelved or not state.shelved))
            session.append(stream, *events)
            if any(isinstance(event, ProviderDeactivated) for event in events):
                session.set_timer(abandon_timer(stream, session.now))
            return True

        _, handled = await handling.handle(conclude, context=context)
        if handled.position is not None:
            return handled.position
    raise Busy("The settings of this connection keep changing; verify it again when they do not.")


def abandon_timer(stream: UUID, now: datetime) -> Timer:
    """What waits for a connection that is refused must not wait for ever."""
    return Timer(name=TimerName.ABANDON, subject=stream, provider_id=stream, due_at=now)


async def _load(session: Session, stream: UUID) -> Provider:
    state = await session.load(stream, PROVIDER)
    if state is None:
        raise ProviderNotFound
    return state


async def _ask(gateway: ProviderGateway, provider: Provider) -> ProviderError | None:
    try:
        adapter = await gateway.open(provider, deadline_seconds=VERIFY_SECONDS)
        try:
            await adapter.verify()
        finally:
            await adapter.close()
    except ProviderError as error:
        return error
    return None
