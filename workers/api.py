"""The API process: commands, queries and streams wired to the routes. Apart from the other parts, which need no HTTP server."""

import asyncio
import socket
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from importlib.metadata import version

from msgspec import Struct

from adapters.http.app import build_app
from adapters.http.application import Application
from adapters.http.denials import Denials
from adapters.http.last_uses import LastUses, NotingAuthenticator
from adapters.http.live import Live, begin_live
from adapters.http.observation import Observation
from adapters.http.pages import Cursors
from adapters.postgres.chat_texts import PostgresChatTexts
from adapters.postgres.connection import Pool
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.evidence_tiles import PostgresTiles
from adapters.postgres.idempotency import PostgresIdempotencyKeys
from adapters.postgres.key_uses import PostgresKeyUses
from adapters.postgres.roles import PostgresRoles
from adapters.postgres.sealing import split_keys
from adapters.postgres.stored_events import PostgresStoredEvents
from adapters.postgres.webhook_deliveries import PostgresDeliveries
from adapters.providers.catalog import CATALOG
from domain.alert.deliveries import Deliveries
from domain.evidence.ports import StoredEvents, Tiles
from domain.idempotency import IdempotencyKeys
from domain.install_run.policy import Policy
from domain.ports import BundleStore, EventStore
from domain.provider.events import ProviderKind
from queries.reading import Reader
from workers.chat_wiring import Chat, build_chat
from workers.failpoints import Failpoint, reach
from workers.health import readiness_checks, readiness_details
from workers.incident_export import ExportIncident, incident_export
from workers.opening import open_nats, postgres_url
from workers.serving import serve
from workers.settings import Settings, secret_keys
from workers.slack import open_slack
from workers.telemetry import open_telemetry
from workers.telemetry_http import RequestWatch, exposing
from workers.vitals import vitals_of
from workers.wiring import Commands, open_chat_model, open_reader, write_side


class Defaults(Struct, frozen=True, kw_only=True):
    """What holds where a request says nothing: the addresses of the kinds that can be connected, and the policy of a run."""

    base_urls: Mapping[ProviderKind, str]
    policy: Policy


class BesideEvents(Struct, frozen=True, kw_only=True):
    """What is kept that is not an event; and what takes a copy of both."""

    idempotency_keys: IdempotencyKeys
    deliveries: Deliveries
    stored: StoredEvents
    tiles: Tiles
    export_incident: ExportIncident


async def api(settings: Settings, listening: socket.socket, stopping: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        telemetry = stack.enter_context(open_telemetry(settings, part="api"))
        write = await stack.enter_async_context(write_side(settings, part="api", telemetry=telemetry))
        commands = write.commands
        reader = open_reader(settings, write.pool, part="api")
        stack.push_async_callback(reader.close)
        nats = await open_nats(stack, settings, part="api")
        denials = Denials(record=commands.record_denial)
        stack.push_async_callback(denials.close)
        last_uses = LastUses(PostgresKeyUses(write.pool))
        stack.push_async_callback(last_uses.close)
        logs = [PostgresEventLog(postgres_url(settings), name=f"waybill-api-{use}") for use in ("feed", "backlog")]
        for log in logs:
            stack.push_async_callback(log.close)
        live = begin_live(
            followed=logs[0],
            log=logs[1],
            reader=reader,
            recheck=commands.authenticate.recheck,
            stopping=stopping,
        )
        chat = build_chat(
            commands=commands,
            reader=reader,
            store=write.store,
            texts=PostgresChatTexts(write.pool),
            policy=settings.policy,
            model=open_chat_model(stack, settings, write),
            clock=write.clock,
            watch=telemetry,
        )
        look = vitals_of(pool=write.pool, reader=reader, nats=nats)
        app = build_app(
            application=build_application(
                commands=commands,
                chat=chat,
                reader=reader,
                store=write.store,
                bundles=write.bundles,
                beside=beside_events(
                    settings, pool=write.pool, log=logs[1], reader=reader, commands=commands, clock=write.clock
                ),
                defaults=Defaults(
                    base_urls={kind: CATALOG[kind].base_url for kind in write.gateway.kinds}, policy=settings.policy
                ),
                cursors=Cursors(lambda: split_keys(secret_keys(settings))),
                live=live,
            ),
            authenticate=NotingAuthenticator(commands.authenticate, uses=last_uses),
            denials=denials,
            checks=readiness_checks(pool=write.pool, roles=PostgresRoles(write.pool), reader=reader, nats=nats),
            version=version("waybill"),
            requests_per_second=settings.http.requests_per_second,
            cors_origins=settings.http.cors_origins,
            slack=open_slack(
                stack, settings.slack, authenticate=commands.authenticate, converse=chat.converse, world=chat.world
            ),
            observation=Observation(
                details=readiness_details(look, version=version("waybill")),
                expose=exposing(telemetry, look, version=version("waybill"), sse_clients=lambda: live.open_streams),
                watch=RequestWatch(telemetry),
            ),
        )
        await serve(app, listening, stopping, http=settings.http)


def beside_events(
    settings: Settings,
    *,
    pool: Pool,
    log: PostgresEventLog,
    reader: Reader,
    commands: Commands,
    clock: Callable[[], datetime],
) -> BesideEvents:
    return BesideEvents(
        idempotency_keys=PostgresIdempotencyKeys(pool),
        deliveries=PostgresDeliveries(pool),
        stored=PostgresStoredEvents(pool),
        tiles=PostgresTiles(pool),
        export_incident=incident_export(
            settings, pool=pool, log=log, reader=reader, record=commands.record_export, clock=clock
        ),
    )


def build_application(
    *,
    commands: Commands,
    chat: Chat,
    reader: Reader,
    store: EventStore,
    bundles: BundleStore,
    beside: BesideEvents,
    defaults: Defaults,
    cursors: Cursors,
    live: Live,
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
        converse=chat.converse,
        erase_chat_text=chat.erase_text,
        chat_texts=chat.texts,
        reader=reader,
        store=store,
        bundles=bundles,
        idempotency_keys=beside.idempotency_keys,
        deliveries=beside.deliveries,
        stored=beside.stored,
        tiles=beside.tiles,
        base_urls=defaults.base_urls,
        default_policy=defaults.policy,
        run_queued=lambda: reach(Failpoint.RUN_QUEUED),
        issue_api_key=commands.issue_api_key,
        revoke_api_key=commands.revoke_api_key,
        record_export=commands.record_export,
        export_incident=beside.export_incident,
        cursors=cursors,
        live=live,
    )
