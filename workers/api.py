"""The API process: commands, queries and streams wired to the routes. Apart from the other parts, which need no HTTP server."""

import asyncio
import socket
from collections.abc import Mapping
from contextlib import AsyncExitStack
from importlib.metadata import version

from adapters.http.app import build_app
from adapters.http.application import Application
from adapters.http.denials import Denials
from adapters.postgres.idempotency import PostgresIdempotencyKeys
from adapters.postgres.roles import PostgresRoles
from adapters.providers.catalog import CATALOG
from domain.idempotency import IdempotencyKeys
from domain.install_run.policy import Policy
from domain.ports import BundleStore, EventStore
from domain.provider.events import ProviderKind
from queries.reading import Reader
from workers.failpoints import Failpoint, reach
from workers.health import readiness_checks
from workers.opening import open_nats
from workers.serving import serve
from workers.settings import Settings
from workers.wiring import Commands, open_reader, write_side


async def api(settings: Settings, listening: socket.socket, stopping: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        write = await stack.enter_async_context(write_side(settings, part="api"))
        commands = write.commands
        reader = open_reader(settings, write.pool, part="api")
        stack.push_async_callback(reader.close)
        nats = await open_nats(stack, settings, part="api")
        denials = Denials(record=commands.record_denial)
        stack.push_async_callback(denials.close)
        app = build_app(
            application=build_application(
                commands=commands,
                reader=reader,
                store=write.store,
                bundles=write.bundles,
                idempotency_keys=PostgresIdempotencyKeys(write.pool),
                base_urls={kind: CATALOG[kind].base_url for kind in write.gateway.kinds},
                default_policy=settings.policy,
            ),
            authenticate=commands.authenticate,
            denials=denials,
            checks=readiness_checks(pool=write.pool, roles=PostgresRoles(write.pool), reader=reader, nats=nats),
            version=version("waybill"),
        )
        await serve(app, listening, stopping)


def build_application(
    *,
    commands: Commands,
    reader: Reader,
    store: EventStore,
    bundles: BundleStore,
    idempotency_keys: IdempotencyKeys,
    base_urls: Mapping[ProviderKind, str],
    default_policy: Policy,
) -> Application:
    return Application(
        register_skill=commands.register_skill,
        label_skill=commands.label_skill,
        archive_skill=commands.archive_skill,
        connect_provider=commands.connect_provider,
        change_provider=commands.change_provider,
        verify_provider=commands.verify_provider,
        pause_provider=commands.pause_provider,
        resume_provider=commands.resume_provider,
        queue_install_run=commands.queue_install_run,
        preview_install_run=commands.queue_install_run.preview,
        uninstall_skill=commands.uninstall_skill,
        cancel_run=commands.cancel_run,
        retry_run=commands.retry_run,
        rollback_run=commands.rollback_run,
        verify_installations=commands.verify_installations,
        reader=reader,
        store=store,
        bundles=bundles,
        idempotency_keys=idempotency_keys,
        base_urls=base_urls,
        default_policy=default_policy,
        run_queued=lambda: reach(Failpoint.RUN_QUEUED),
    )
