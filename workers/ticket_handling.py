"""What an installer does with one ticket: get the right to act from the store, act, record; or give the ticket back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Final
from uuid import UUID

import structlog
from msgspec.structs import replace

from adapters.nats.messages import Ticket
from adapters.nats.streams import ACK_WAIT_SECONDS
from adapters.nats.tickets import Received
from commands.settle_attempt import SettleAttempt, SettleAttemptHandler
from commands.start_attempt import Attempt, NotYetDue, StartAttempt, StartAttemptHandler
from commands.sweep_installation import SweepInstallation, SweepInstallationHandler
from commands.verify_provider import VerifyProvider, VerifyProviderHandler
from domain.errors import Busy, ProviderInactive, ProviderNotFound, ProviderOnHold, RunNotFound, StoreOffline
from domain.events import Actor, Context
from domain.ports import ProviderError
from domain.provider.events import ProviderKind
from workers.calling import AGAIN_SECONDS, Caller
from workers.failpoints import Failpoint, reach
from workers.log_context import logged_for

INSTALLER: Final = Actor(kind="system", id="installer", name="installer")
OUT_OF_USE_SECONDS: Final = 1.0
MENDED_SECONDS: Final = 30.0
RECORDINGS_MAX: Final = 600
# What is not an attempt has its ticket in hand while it works, and says now and then that it still does.
WORK_SECONDS: Final = 25.0
HOLD_SECONDS: Final = ACK_WAIT_SECONDS / 3
# Of what the provider did not let us do another time is tried, and not for ever.
WORK_AGAIN_SECONDS: Final = 10.0
WORK_DELIVERIES_MAX: Final = 6

log = structlog.get_logger(__name__)


class TicketHandler:
    def __init__(
        self,
        *,
        start: StartAttemptHandler,
        settle: SettleAttemptHandler,
        verify: VerifyProviderHandler,
        sweep: SweepInstallationHandler,
        caller: Caller,
        prepare: Callable[[ProviderKind], Awaitable[None]],
        around: Callable[[Attempt, UUID], AbstractContextManager[object]] = lambda _, __: nullcontext(),
    ) -> None:
        """`around` is entered while an attempt is carried out; it gets the correlation id too."""
        self._start = start
        self._settle = settle
        self._verify = verify
        self._sweep = sweep
        self._caller = caller
        self._prepare = prepare
        self._around = around
        self._stopping = False

    def stop(self) -> None:
        """Begin nothing more: tickets that nothing was begun for go back at once, to whoever goes on."""
        self._stopping = True

    async def handle(self, received: Received, kind: ProviderKind) -> None:
        ticket = received.ticket
        context = Context(
            actor=INSTALLER,
            request_id=ticket.request_id,
            correlation_id=ticket.correlation_id,
            causation_id=ticket.event_id,
        )
        with logged_for(context, **({"run_id": str(ticket.run_id)} if ticket.run_id else {})):
            await self._handle(received, kind, context)

    async def _handle(self, received: Received, kind: ProviderKind, context: Context) -> None:
        try:
            await self._prepare(kind)  # before the attempt begins, which has a deadline
            if self._stopping:
                await received.later(0)
                return
            attempt = await self._begin(received, context)
        except (Exception, asyncio.CancelledError) as error:
            await _give_back(received, error)
            if isinstance(error, asyncio.CancelledError):
                raise
            return
        if attempt is None:
            await received.ack()
            return
        reach(Failpoint.ATTEMPT_STARTED)
        await received.ack()
        with self._around(attempt, context.correlation_id):
            await self._carry_out(attempt, replace(context, causation_id=attempt.caused_by))

    async def _begin(self, received: Received, context: Context) -> Attempt | None:
        """An attempt to be carried out; or whatever else the ticket is for, done."""
        ticket = received.ticket
        if ticket.kind == "install":
            run_id = _named(ticket.run_id)
            command = StartAttempt(run_id=run_id, provider_id=ticket.provider_id, ticket=received.taken)
            return await self._start(command, context)
        async with asyncio.timeout(WORK_SECONDS), _held(received):
            if ticket.kind == "verify":
                await self._verify(VerifyProvider(provider=str(ticket.provider_id)), context)
            else:
                sweep = SweepInstallation(
                    installation_id=_named(ticket.installation_id), provider_id=ticket.provider_id, round=ticket.round
                )
                await self._sweep(sweep, context)
        return None

    async def _carry_out(self, attempt: Attempt, context: Context) -> None:
        reach(Failpoint.BEFORE_CALL)
        ended = await self._caller.call(attempt)
        reach(Failpoint.BEFORE_SETTLE)
        settle = SettleAttempt(
            run_id=attempt.run_id,
            outcome=ended.outcome,
            usage=ended.usage,
            version=None if attempt.removes else attempt.intent.version,
            since=attempt.intent.since,
        )
        await self._record(settle, context)
        reach(Failpoint.AFTER_SETTLE)

    async def _record(self, settle: SettleAttempt, context: Context) -> None:
        """Keep trying while the database is away: what the provider did must not be forgotten."""
        facts = {"run_id": str(settle.run_id), "provider_id": str(settle.outcome.provider_id)}
        for _ in range(RECORDINGS_MAX):
            try:
                settled = await self._settle(settle, context)
            except (StoreOffline, Busy):
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            except Exception:
                log.exception("attempt_not_recorded", **facts)
                return
            event = "attempt_settled" if settled else "attempt_came_late"
            log.info(event, outcome=type(settle.outcome).__name__, **facts)
            return
        log.error("attempt_not_recorded", **facts)


@asynccontextmanager
async def _held(received: Received) -> AsyncIterator[None]:
    """Nobody else gets the ticket meanwhile."""

    async def hold() -> None:
        for _ in range(int(WORK_SECONDS / HOLD_SECONDS)):
            await asyncio.sleep(HOLD_SECONDS)
            await received.hold()

    holding = asyncio.create_task(hold())
    try:
        yield
    finally:
        holding.cancel()


class _Unfit(Exception):  # noqa: N818 - it reads as a fact
    """The ticket does not say what it is for."""


def _named(subject: UUID | None) -> UUID:
    if subject is None:
        raise _Unfit("it does not say what it is for")
    return subject


async def _give_back(received: Received, error: BaseException) -> None:
    """When it shall come again, if it ever shall."""
    match error:
        case _Unfit() | RunNotFound() | ProviderNotFound():
            await received.refuse(str(error))
        case asyncio.CancelledError():
            await received.later(0)
        case NotYetDue():
            await received.later(error.seconds)
        case StoreOffline() | Busy():
            await received.later(AGAIN_SECONDS)
        case ProviderInactive() | ProviderOnHold():
            # Since the look for connections: the target waits until it is in use again, as those not taken do.
            await received.later(OUT_OF_USE_SECONDS)
        case ProviderError() | TimeoutError() if received.deliveries < WORK_DELIVERIES_MAX:
            await received.later(WORK_AGAIN_SECONDS)
        case ProviderError() | TimeoutError():
            log.warning("work_given_up", **_facts(received.ticket), reason=str(error))
            await received.ack()
        case _:
            # Whatever it is, somebody has to mend it; the ticket keeps coming back until then.
            log.error("ticket_broke", **_facts(received.ticket), exc_info=error)
            await received.later(MENDED_SECONDS)


def _facts(ticket: Ticket) -> dict[str, str]:
    subject = ticket.run_id or ticket.installation_id
    return {"kind": ticket.kind, "provider_id": str(ticket.provider_id), "subject": str(subject)}
