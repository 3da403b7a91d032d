"""The wiring of the parts that one process at a time does: relay, projector, scheduler, watchdog, notary and alerts. Apart
from the other wiring, whose imports these need not wait for.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime
from uuid import UUID

import uuid_utils.compat

from adapters.nats.backlog import Backlogs
from adapters.nats.connection import Connection
from adapters.nats.issuer import Issuer
from adapters.nats.publisher import Publisher
from adapters.postgres.clock import DatabaseClock
from adapters.postgres.connection import Pool, open_pool
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.event_store import PostgresEventStore
from adapters.postgres.read_models import PostgresReadModels
from adapters.postgres.read_models_reader import PostgresReader
from adapters.postgres.roles import PostgresRoles
from adapters.postgres.timers import PostgresTimers
from commands.abandon_target import AbandonTargetHandler
from commands.end_pause import EndPauseHandler
from commands.expire_lease import ExpireLeaseHandler
from commands.expire_target import ExpireTargetHandler
from commands.handling import Handling
from commands.rescue_target import RescueTargetHandler
from projections.catalog import READ_MODELS
from queries.installer_connections import installer_connections
from queries.read_model_health import read_model_health
from queries.reading import Reader
from workers.alert_wiring import wire_alerts
from workers.awaiting import migrated, when_online
from workers.notary import ROLE as NOTARY
from workers.notary_wiring import build_notary
from workers.opening import POOL_SIZE_MAX, ROLE_POOL_SIZE_MAX, open_nats, postgres_url
from workers.oversight import Oversight
from workers.projector import run as run_projector
from workers.recovering import open_recovery
from workers.relay import ROLE as RELAY
from workers.relay import run as run_relay
from workers.running import holder
from workers.scheduler import ROLE as SCHEDULER
from workers.scheduler import Scheduler
from workers.settings import Settings
from workers.telemetry import open_telemetry
from workers.tenure import in_turn
from workers.ticket_search import TicketSearch
from workers.watchdog import ROLE as WATCHDOG
from workers.watchdog import Repairs, Watchdog
from workers.webhook_wiring import open_forwarder


async def relay(settings: Settings, stopping: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        telemetry = stack.enter_context(open_telemetry(settings, part="relay"))
        pool, event_log = await _follower(stack, settings, part="relay")
        nats = await open_nats(stack, settings, part="relay")
        recovery = await stack.enter_async_context(open_recovery(settings, pool, event_log, by="relay"))
        if await when_online(lambda: migrated(pool), stopping) and (
            epoch := await when_online(event_log.epoch, stopping)
        ):
            await run_relay(
                log=event_log,
                roles=PostgresRoles(pool),
                publisher=Publisher(nats, store_epoch=epoch),
                recovery=recovery,
                stopping=stopping,
                holder=holder("relay"),
                watch=telemetry,
            )


async def projector(settings: Settings, stopping: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        telemetry = stack.enter_context(open_telemetry(settings, part="projector"))
        pool, event_log = await _follower(stack, settings, part="projector")
        read_models_pool = await stack.enter_async_context(
            open_pool(postgres_url(settings), name="waybill-read-models", size_max=POOL_SIZE_MAX)
        )
        if await when_online(lambda: migrated(pool), stopping):
            await run_projector(
                log=event_log,
                roles=PostgresRoles(pool),
                read_models=PostgresReadModels(read_models_pool, READ_MODELS),
                stopping=stopping,
                holder=holder("projector"),
                watch=telemetry,
            )


async def scheduler(settings: Settings, stopping: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        pool, _, handling = await _decider(stack, settings, part="scheduler")
        nats = await open_nats(stack, settings, part="scheduler")
        work = Scheduler(
            timers=PostgresTimers(pool),
            issuer=Issuer(nats),
            expire_target=ExpireTargetHandler(handling=handling),
            end_pause=EndPauseHandler(handling=handling),
            abandon_target=AbandonTargetHandler(handling=handling),
            clock=handling.clock,
            stopping=stopping,
        )
        if await when_online(lambda: migrated(pool), stopping):
            await in_turn(
                PostgresRoles(pool), work.serve, role=SCHEDULER, holder=holder("scheduler"), stopping=stopping
            )


async def watchdog(settings: Settings, stopping: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        pool, store, handling = await _decider(stack, settings, part="watchdog")
        event_log = PostgresEventLog(postgres_url(settings), name="waybill-watchdog-log")
        stack.push_async_callback(event_log.close)
        reader = PostgresReader(pool, url=postgres_url(settings), name="waybill-watchdog", read_models=READ_MODELS)
        stack.push_async_callback(reader.close)
        nats = await open_nats(stack, settings, part="watchdog")
        if await when_online(lambda: migrated(pool), stopping):
            roles = PostgresRoles(pool)
            work = Watchdog(
                timers=PostgresTimers(pool),
                store=store,
                repairs=Repairs(
                    expire_lease=ExpireLeaseHandler(handling=handling),
                    expire_target=ExpireTargetHandler(handling=handling),
                    rescue_target=RescueTargetHandler(handling=handling),
                ),
                search=_ticket_search(roles, reader, nats, clock=handling.clock, store_epoch=event_log.epoch),
                oversight=Oversight(standing=roles.standing, read_models=lambda: read_model_health(reader)),
                clock=handling.clock,
                stopping=stopping,
            )
            await in_turn(roles, work.serve, role=WATCHDOG, holder=holder("watchdog"), stopping=stopping)


async def notary(settings: Settings, stopping: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        pool, _, handling = await _decider(stack, settings, part="notary")
        event_log = PostgresEventLog(postgres_url(settings), name="waybill-notary-log")
        stack.push_async_callback(event_log.close)
        nats = await open_nats(stack, settings, part="notary")
        work = build_notary(settings, pool=pool, event_log=event_log, handling=handling, nats=nats, stopping=stopping)
        if await when_online(lambda: migrated(pool), stopping):
            await in_turn(PostgresRoles(pool), work.serve, role=NOTARY, holder=holder("notary"), stopping=stopping)


async def alerts(settings: Settings, stopping: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        pool, _, handling = await _decider(stack, settings, part="alerts")
        reader = PostgresReader(pool, url=postgres_url(settings), name="waybill-alerts", read_models=READ_MODELS)
        stack.push_async_callback(reader.close)
        nats = await open_nats(stack, settings, part="alerts")
        forwarder = open_forwarder(stack, settings, nats=nats, pool=pool)
        part = wire_alerts(
            rules=settings.alerts.rules,
            pool=pool,
            reader=reader,
            handling=handling,
            nats=nats,
            stopping=stopping,
        )
        await part.run(beside=lambda: forwarder.run(stopping))


def _ticket_search(
    roles: PostgresRoles,
    reader: Reader,
    nats: Connection,
    *,
    clock: Callable[[], datetime],
    store_epoch: Callable[[], Awaitable[str]],
) -> TicketSearch:
    async def served() -> frozenset[UUID]:
        return frozenset(connection.provider_id for connection in await installer_connections(reader))

    async def relayed() -> int:
        return (await roles.standing(RELAY)).position

    return TicketSearch(backlogs=Backlogs(nats), served=served, relayed=relayed, clock=clock, store_epoch=store_epoch)


async def _decider(
    stack: AsyncExitStack, settings: Settings, *, part: str
) -> tuple[Pool, PostgresEventStore, Handling]:
    """What a part needs that decides by itself, when a timer is due."""
    url = postgres_url(settings)
    pool = await stack.enter_async_context(open_pool(url, name=f"waybill-{part}", size_max=POOL_SIZE_MAX))
    clock = await stack.enter_async_context(DatabaseClock(pool))
    store = PostgresEventStore(url, name=f"waybill-{part}-store")
    stack.push_async_callback(store.close)
    watch = stack.enter_context(open_telemetry(settings, part=part))
    return pool, store, Handling(store=store, clock=clock, new_id=uuid_utils.compat.uuid7, watch=watch)


async def _follower(stack: AsyncExitStack, settings: Settings, *, part: str) -> tuple[Pool, PostgresEventLog]:
    """What a part needs that follows the events."""
    url = postgres_url(settings)
    pool = await stack.enter_async_context(open_pool(url, name=f"waybill-{part}", size_max=ROLE_POOL_SIZE_MAX))
    event_log = PostgresEventLog(url, name=f"waybill-{part}-log")
    stack.push_async_callback(event_log.close)
    return pool, event_log
