"""Waiting: for the store, since a part may be started before it is there or migrated, and for the first of several things."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import structlog

from adapters.postgres.connection import Pool
from adapters.postgres.migrating import pending
from domain.errors import StoreOffline

OFFLINE_SECONDS: Final = 0.5

Answer = TypeVar("Answer")

log = structlog.get_logger(__name__)


async def migrated(pool: Pool) -> bool:
    """True, or StoreOffline: a part may be started before `waybill migrate` has done its work."""
    if missing := await pending(pool):
        raise StoreOffline(f"Not migrated yet: {', '.join(missing)}.")
    return True


async def when_online(ask: Callable[[], Awaitable[Answer]], stopping: asyncio.Event) -> Answer | None:
    """The answer as soon as the store gives one; None if told to stop before."""
    stop = asyncio.create_task(stopping.wait())
    reason = ""
    try:
        while not stop.done():
            try:
                return await ask()
            except StoreOffline as error:
                if error.detail != reason:
                    reason = error.detail
                    log.warning("database_awaited", reason=reason)
                await asyncio.wait({stop}, timeout=OFFLINE_SECONDS)
        return None
    finally:
        stop.cancel()


async def first_of(*waits: Awaitable[Any], timeout_seconds: float) -> None:
    """Return when the first of these is done, or when the time is over; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
