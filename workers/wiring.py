"""The one place where ports meet adapters, and the table of contents: every command and query, a line each."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import uuid_utils.compat
from msgspec import Struct

from adapters.postgres.bundles import PostgresBundles
from adapters.postgres.connection import open_pool
from adapters.postgres.event_store import PostgresEventStore
from adapters.postgres.vault import PostgresVault
from adapters.providers.gateway import Gateway
from adapters.sources.inline import read_inline
from commands.authenticate import Authenticate
from commands.connect_provider import ConnectProviderHandler
from commands.handling import Handling
from commands.issue_api_key import IssueApiKeyHandler
from commands.queue_install_run import QueueInstallRunHandler
from commands.register_skill import RegisterSkillHandler
from commands.settle_attempt import SettleAttemptHandler
from commands.start_attempt import StartAttemptHandler
from domain.ports import BundleStore, EventStore, ProviderGateway, Vault
from workers.settings import Settings, SettingsError, secret_keys

POOL_SIZE_MAX: Final = 8


class Commands(Struct, frozen=True, kw_only=True):
    """Everything that can be asked of the write side."""

    register_skill: RegisterSkillHandler
    connect_provider: ConnectProviderHandler
    queue_install_run: QueueInstallRunHandler
    start_attempt: StartAttemptHandler
    settle_attempt: SettleAttemptHandler
    issue_api_key: IssueApiKeyHandler
    authenticate: Authenticate


def build_commands(
    *, store: EventStore, bundles: BundleStore, vault: Vault, gateway: ProviderGateway
) -> Commands:
    handling = Handling(store=store, clock=now, new_id=new_id)
    return Commands(
        register_skill=RegisterSkillHandler(handling=handling, bundles=bundles, read_bundle=read_inline),
        connect_provider=ConnectProviderHandler(handling=handling, vault=vault, gateway=gateway),
        queue_install_run=QueueInstallRunHandler(handling=handling),
        start_attempt=StartAttemptHandler(handling=handling),
        settle_attempt=SettleAttemptHandler(handling=handling),
        issue_api_key=IssueApiKeyHandler(handling=handling, random_bytes=os.urandom),
        authenticate=Authenticate(store=store, clock=now),
    )


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> UUID:
    """UUIDv7: ids that sort by the time they were made."""
    return uuid_utils.compat.uuid7()


class Foundation(Struct, frozen=True, kw_only=True):
    """The adapters that every part with a write side stands on."""

    pool: AsyncConnectionPool[AsyncConnection[DictRow]]
    store: PostgresEventStore
    bundles: PostgresBundles
    gateway: Gateway
    commands: Commands


@asynccontextmanager
async def foundation(settings: Settings, *, part: str) -> AsyncIterator[Foundation]:
    """Open the write side, and close it again when nothing waits for it. Postgres need not be there yet."""
    url = postgres_url(settings)
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(url, name=f"waybill-{part}", size_max=POOL_SIZE_MAX))
        store = PostgresEventStore(url, name=f"waybill-{part}-store")
        stack.push_async_callback(store.close)
        bundles = PostgresBundles(pool)
        vault = PostgresVault(
            pool,
            keys=secret_keys(settings),
            environment=settings.credentials,
            folder=settings.credentials_folder,
        )
        gateway = Gateway(vault, noop_enabled=settings.noop_providers)
        stack.push_async_callback(gateway.close)
        commands = build_commands(store=store, bundles=bundles, vault=vault, gateway=gateway)
        yield Foundation(pool=pool, store=store, bundles=bundles, gateway=gateway, commands=commands)


async def installer(settings: Settings, stopping: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        base = await stack.enter_async_context(foundation(settings, part="installer"))
        nats = await stack.enter_async_context(nats_connection(settings, part="installer"))
        reader = await stack.enter_async_context(read_side(settings, base.pool, part="installer"))
        changed = asyncio.Event()
        await watch_providers(nats, changed)
        work = Installer(
            start=base.commands.start_attempt,
            settle=base.commands.settle_attempt,
            gateway=base.gateway,
            bundles=base.bundles,
            connections=lambda: installer_connections(reader),
            open_tickets=lambda provider_id: TicketSource(nats, provider_id),
            connections_changed=changed,
        )
        await work.run(stopping)


async def relay(settings: Settings, stopping: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        url = postgres_url(settings)
        pool = await stack.enter_async_context(open_pool(url, name="waybill-relay", size_max=ROLE_POOL_SIZE_MAX))
        log = PostgresEventLog(url, name="waybill-relay-log")
        stack.push_async_callback(log.close)
        nats = await stack.enter_async_context(nats_connection(settings, part="relay"))
        epoch = await when_online(log.epoch, stopping)
        if epoch is not None:
            publisher = Publisher(nats, store_epoch=epoch)
            await run_relay(
                log=log, roles=PostgresRoles(pool), publisher=publisher, stopping=stopping, holder=holder("relay")
            )


async def projector(settings: Settings, stopping: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        url = postgres_url(settings)
        pool = await stack.enter_async_context(open_pool(url, name="waybill-projector", size_max=ROLE_POOL_SIZE_MAX))
        log = PostgresEventLog(url, name="waybill-projector-log")
        stack.push_async_callback(log.close)
        await run_projector(
            log=log,
            roles=PostgresRoles(pool),
            read_models=PostgresReadModels(pool, READ_MODELS),
            stopping=stopping,
            holder=holder("projector"),
        )
