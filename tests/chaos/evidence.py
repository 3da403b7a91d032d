"""Everything there is to see after a scenario: every table, the ledger and the calls at the providers, and the streams."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import nats
from msgspec import Struct

from adapters.nats.streams import EVENTS_STREAM, EVENTS_SUBJECTS, WORK_STREAM
from adapters.postgres.connection import open_pool
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.read_models_reader import PostgresReader
from domain.events import Recorded
from domain.evidence.verdict import Verdict
from projections.catalog import READ_MODELS
from projections.tracking import Tracking
from tests.chaos.client import Asked
from tests.chaos.cluster import Cluster
from tests.chaos.sandbox import Call, Entry
from tests.kit.jetstream import url_as
from tests.kit.read_side import in_order
from workers.notary_key import find_public_key
from workers.settings import read_settings
from workers.store_verification import verify_directly

PAGE: Final = 2000
PAGES_MAX: Final = 500
NATS_SECONDS: Final = 30.0
TIMERS: Final = "SELECT name, subject, provider_id, phase, due_at FROM due"
ENDED: Final = """
    SELECT count(DISTINCT originator_id) AS runs FROM events WHERE originator_id = ANY(%s)
    AND topic IN ('install_run.run_succeeded', 'install_run.run_failed', 'install_run.run_partially_failed')
"""
OPEN_RUNS: Final = """
    SELECT count(*) AS runs FROM events AS queued
    WHERE topic = 'install_run.run_queued' AND NOT EXISTS (
        SELECT FROM events AS ended WHERE ended.originator_id = queued.originator_id
        AND ended.topic IN ('install_run.run_succeeded', 'install_run.run_failed', 'install_run.run_partially_failed')
    )
"""
HOW_FAR: Final = """
    SELECT head.position AS head, (SELECT position FROM roles WHERE role = 'relay') AS relayed,
        (SELECT size FROM checkpoint) AS signed,
        (SELECT coalesce(bool_and(position = head.position OR parked_event IS NOT NULL), false) FROM read_models
         WHERE (name, generation) IN (SELECT name, max(generation) FROM read_models GROUP BY name)) AS projected
    FROM head
"""


class TimerRow(Struct, frozen=True, kw_only=True):
    name: str
    subject: UUID
    provider_id: UUID
    phase: str
    due_at: datetime


class Evidence(Struct, frozen=True, kw_only=True):
    """`published` are the ids of the events in the stream, in its order; `tickets` are those that nobody has acknowledged.
    `rows` are those of each read model, in the order of `in_order`; `verdict` is what `waybill audit verify` says.
    """

    history: tuple[Recorded, ...]
    head: int
    asked: tuple[Asked, ...]
    ledger: tuple[Entry, ...]
    calls: tuple[Call, ...]
    timers: tuple[TimerRow, ...]
    published: tuple[UUID, ...]
    tickets: int
    rows: Mapping[str, tuple[Any, ...]]
    tracking: tuple[Tracking, ...]
    verdict: Verdict


def ended(cluster: Cluster, runs: Sequence[UUID]) -> int:
    """How many of these have."""
    count: int = cluster.rows(ENDED, list(runs))[0]["runs"]
    return count


def open_runs(cluster: Cluster) -> int:
    runs: int = cluster.rows(OPEN_RUNS)[0]["runs"]
    return runs


def settled(cluster: Cluster) -> bool:
    """Whether every run has ended, and all that follows the events has come to the last one."""
    if open_runs(cluster) or cluster.missing_roles() or not cluster.client.ready():
        return False
    how_far = cluster.rows(HOW_FAR)[0]
    return bool(how_far["projected"]) and how_far["relayed"] == how_far["signed"] == how_far["head"]


def gather(cluster: Cluster) -> Evidence:
    # What the providers did first: an event that comes later explains it, and none can come before what it explains.
    calls, ledger = cluster.sandbox.calls(), cluster.sandbox.ledger()
    asked = tuple(cluster.client.asked)
    history, rows, tracking = asyncio.run(_read_postgres(cluster.postgres.url))
    published, tickets = asyncio.run(_read_nats(cluster.nats.url))
    return Evidence(
        history=history,
        head=cluster.rows("SELECT position FROM head")[0]["position"],
        asked=asked,
        ledger=ledger,
        calls=calls,
        timers=tuple(TimerRow(**row) for row in cluster.rows(TIMERS)),
        published=published,
        tickets=tickets,
        rows=rows,
        tracking=tracking,
        verdict=asyncio.run(_verify(cluster)),
    )


async def _verify(cluster: Cluster) -> Verdict:
    settings = read_settings(cluster.environment)
    key = find_public_key(settings)
    assert key is not None, "the notary has no key"
    return await verify_directly(settings, key=key, evidence=None, against=(), on_progress=lambda _done, _all: None)


async def _read_postgres(
    url: str,
) -> tuple[tuple[Recorded, ...], Mapping[str, tuple[Any, ...]], tuple[Tracking, ...]]:
    log = PostgresEventLog(url, name="chaos-log")
    history: list[Recorded] = []
    try:
        for _ in range(PAGES_MAX):
            page = await log.read(after=len(history), limit=PAGE)
            history.extend(page)
            if len(page) < PAGE:
                break
    finally:
        await log.close()
    rows: dict[str, tuple[Any, ...]] = {}
    async with open_pool(url, name="chaos", size_max=1) as pool:
        reader = PostgresReader(pool, url=url, name="chaos", read_models=READ_MODELS)
        try:
            for model in READ_MODELS:
                found = await reader.fetch(model, "SELECT {columns} FROM {table}", {}, model.row)
                rows[model.name] = tuple(in_order(model, found))
            standing = await reader.standing()
        finally:
            await reader.close()
    return tuple(history), rows, standing.read_models


async def _read_nats(url: str) -> tuple[tuple[UUID, ...], int]:
    return await _read_events(url_as(url, "subscriber")), await _count_tickets(url_as(url, "watchdog"))


async def _count_tickets(url: str) -> int:
    client = await nats.connect(url, connect_timeout=2, allow_reconnect=False, inbox_prefix="_INBOX_watchdog")
    try:
        return (await client.jetstream(timeout=NATS_SECONDS).stream_info(WORK_STREAM)).state.messages
    finally:
        await client.close()


async def _read_events(url: str) -> tuple[UUID, ...]:
    client = await nats.connect(url, connect_timeout=2, allow_reconnect=False)
    try:
        jetstream = client.jetstream(timeout=NATS_SECONDS)
        held = (await jetstream.stream_info(EVENTS_STREAM)).state.messages
        subscription = await jetstream.subscribe(EVENTS_SUBJECTS, ordered_consumer=True, headers_only=True)
        published: list[UUID] = []
        for _ in range(held):
            message = await subscription.next_msg(timeout=NATS_SECONDS)
            published.append(UUID((message.headers or {})["ce-id"]))
        return tuple(published)
    finally:
        await client.close()
