"""The installer: takes tickets while it has free places, gets the right to act from the store, calls the provider, records."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar
from uuid import UUID

import structlog
from msgspec.structs import replace

from adapters.nats.tickets import Received, TicketSource
from commands.settle_attempt import SettleAttempt, SettleAttemptHandler
from commands.start_attempt import Attempt, StartAttempt, StartAttemptHandler
from domain.errors import Busy, Code, ProviderInactive, ProviderOnHold, RunNotFound, StoreOffline
from domain.events import Actor, Context
from domain.install_run.events import ProviderFailed, ProviderSucceeded
from domain.ports import BundleStore, ProviderError, ProviderGateway
from domain.provider.events import ProviderKind
from domain.skill.bundle import Bundle
from queries.installer_connections import InstallerConnection
from workers.attempting import Done, carry_out

INSTALLER: Final = Actor(kind="system", id="installer", name="installer")
TAKE_SECONDS: Final = 4.0
DISCOVER_SECONDS: Final = 5.0
AGAIN_SECONDS: Final = 1.0
RECORDINGS_MAX: Final = 600
INACTIVE_SECONDS: Final = 5.0
MENDED_SECONDS: Final = 30.0
# How long a stop waits for calls that are under way; what is left then is found by its expired lease.
GRACE_SECONDS: Final = 20.0

Answer = TypeVar("Answer")

log = structlog.get_logger(__name__)


class Installer:
    """Calls providers for any number of connections at once, each with its own places, so that none delays another."""

    def __init__(
        self,
        *,
        start: StartAttemptHandler,
        settle: SettleAttemptHandler,
        gateway: ProviderGateway,
        bundles: BundleStore,
        connections: Callable[[], Awaitable[Sequence[InstallerConnection]]],
        prepare: Callable[[ProviderKind], Awaitable[None]],
        open_tickets: Callable[[UUID], TicketSource],
        connections_changed: asyncio.Event,
    ) -> None:
        self._start = start
        self._settle = settle
        self._gateway = gateway
        self._bundles = bundles
        self._connections = connections
        self._prepare = prepare
        self._open_tickets = open_tickets
        self._connections_changed = connections_changed
        # What is known of each connection: its places may change while it is served.
        self._served: dict[UUID, InstallerConnection] = {}
        self._serving: dict[UUID, asyncio.Task[None]] = {}
        # By connection, since a call may outlast the serving of its connection and still takes a place then.
        self._working: dict[UUID, set[asyncio.Task[None]]] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve every active connection until `stopping` is set, then let the calls under way end."""
        stop = asyncio.create_task(stopping.wait())
        try:
            while not stopping.is_set():
                self._connections_changed.clear()
                await self._discover()
                changed = asyncio.create_task(self._connections_changed.wait())
                await asyncio.wait({stop, changed}, timeout=DISCOVER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
        finally:
            stop.cancel()
            await self._finish()

    async def _discover(self) -> None:
        try:
            connections = {connection.provider_id: connection for connection in await self._connections()}
        except StoreOffline:
            return
        self._served = connections
        for provider_id, connection in connections.items():
            serving = self._serving.get(provider_id)
            if serving is None or serving.done():
                self._serving[provider_id] = asyncio.create_task(self._serve(connection))
                log.info("connection_served", provider=connection.name, places=connection.concurrency_max)
        for provider_id in self._serving.keys() - connections.keys():
            self._serving.pop(provider_id).cancel()
            log.info("connection_left", provider_id=str(provider_id))

    async def _serve(self, connection: InstallerConnection) -> None:
        tickets = self._open_tickets(connection.provider_id)
        busy = self._working.setdefault(connection.provider_id, set())
        try:
            while True:
                places = self._places(connection) - len(busy)
                if places <= 0:
                    # Not for ever: there may be more places before any of these ends.
                    await asyncio.wait(busy, timeout=TAKE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                    continue
                taken = await tickets.take(places=places, timeout_seconds=TAKE_SECONDS)
                if not taken:
                    await self._prepare(connection.kind)  # a good moment, since nobody waits
                for received in taken:
                    task = asyncio.create_task(self._work(received, connection.kind))
                    busy.add(task)
                    task.add_done_callback(busy.discard)
        except Exception:
            log.exception("connection_broke", provider=connection.name)
        finally:
            await tickets.close()

    async def _work(self, received: Received, kind: ProviderKind) -> None:
        ticket = received.ticket
        context = Context(
            actor=INSTALLER,
            request_id=ticket.request_id,
            correlation_id=ticket.correlation_id,
            causation_id=ticket.event_id,
        )
        if ticket.run_id is None:
            await received.refuse("it names no run")
            return
        try:
            await self._prepare(kind)  # before the attempt begins, which has a deadline
            attempt = await self._start(StartAttempt(run_id=ticket.run_id, provider_id=ticket.provider_id), context)
        except RunNotFound:
            await received.refuse("the store has no such run")
            return
        except (StoreOffline, Busy):
            await received.later(AGAIN_SECONDS)
            return
        except (ProviderInactive, ProviderOnHold):
            # Taken out of use since the look for connections: the target waits until it is back, as those not taken do.
            await received.later(INACTIVE_SECONDS)
            return
        except Exception:
            # Whatever it is, somebody has to mend it; the ticket keeps coming back until then.
            log.exception("ticket_broke", run_id=str(ticket.run_id), provider_id=str(ticket.provider_id))
            await received.later(MENDED_SECONDS)
            return
        await received.ack()
        if attempt is not None:
            outcome, usage = await self._call(attempt)
            settle = SettleAttempt(
                run_id=attempt.run_id,
                outcome=outcome,
                usage=usage,
                version=None if attempt.removes else attempt.intent.version,
                since=attempt.intent.since,
            )
            await self._record(settle, replace(context, causation_id=attempt.caused_by))

    def _places(self, connection: InstallerConnection) -> int:
        return self._served.get(connection.provider_id, connection).concurrency_max

    async def _call(self, attempt: Attempt) -> tuple[ProviderSucceeded | ProviderFailed, str]:
        """The outcome, and how to use what was installed."""
        try:
            # Each call of the adapter has this deadline; so has all of it together, or it would outlast the lease.
            async with asyncio.timeout(attempt.deadline_seconds):
                adapter = await _patiently(
                    lambda: self._gateway.open(attempt.provider, deadline_seconds=attempt.deadline_seconds)
                )
                try:
                    done = await carry_out(adapter, attempt, lambda: self._bundle(attempt))
                finally:
                    await adapter.close()
        except ProviderError as error:
            return _failed(attempt, error), ""
        except TimeoutError:
            message = f"The provider did not finish within {attempt.deadline_seconds:g} seconds."
            late = ProviderError(Code.PROVIDER_TIMEOUT, message, retryable=True, ambiguous=True)
            return _failed(attempt, late), ""
        except Exception:
            log.exception("attempt_broke", run_id=str(attempt.run_id), provider=attempt.provider.name)
            message = "Waybill itself failed during the call; its log has the reason."
            broken = ProviderError(Code.PROVIDER_INTERNAL, message, retryable=True, ambiguous=True)
            return _failed(attempt, broken), ""
        return _succeeded(attempt, done), done.usage

    async def _bundle(self, attempt: Attempt) -> Bundle:
        try:
            files = await _patiently(lambda: self._bundles.get(attempt.manifest))
        except LookupError as error:
            raise ProviderError(Code.PROVIDER_MISCONFIGURED, f"The bundle cannot be read: {error}.") from error
        return Bundle(name=attempt.intent.skill_name, description="", digest=attempt.intent.digest, files=files)

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
            log.info("attempt_settled", outcome=type(settle.outcome).__name__, recorded=settled, **facts)
            return
        log.error("attempt_not_recorded", **facts)

    async def _finish(self) -> None:
        for task in self._serving.values():
            task.cancel()
        await asyncio.gather(*self._serving.values(), return_exceptions=True)
        if working := {task for busy in self._working.values() for task in busy}:
            _, left = await asyncio.wait(working, timeout=GRACE_SECONDS)
            if left:
                log.warning("calls_cut", calls=len(left))
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)


async def _patiently(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """What the store answers once it is there: that it is away is not the provider's failure. The deadline around ends it."""
    while True:
        try:
            return await ask()
        except StoreOffline:
            await asyncio.sleep(AGAIN_SECONDS)


def _succeeded(attempt: Attempt, done: Done) -> ProviderSucceeded:
    return ProviderSucceeded(
        provider_id=attempt.provider_id, attempt_id=attempt.attempt_id, receipt=done.receipt, adopted=done.adopted
    )


def _failed(attempt: Attempt, error: ProviderError) -> ProviderFailed:
    return ProviderFailed(
        provider_id=attempt.provider_id,
        attempt_id=attempt.attempt_id,
        code=error.code,
        message=error.message,
        retryable=error.retryable,
        ambiguous=error.ambiguous,
        provider_request_id=error.request_id,
        retry_after_seconds=error.retry_after_seconds,
    )
