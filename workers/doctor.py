"""Looks at everything that Waybill rests on, all at once and in bounded time, and changes nothing."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from workers.doctor_api import examine_api
from workers.doctor_checks import Check, Status, failed, in_time, ok
from workers.doctor_machine import SDK_KINDS, SDK_SECONDS, examine_machine, examine_sdk, examine_secret_key
from workers.doctor_nats import NatsFound, examine_epoch, examine_nats
from workers.doctor_postgres import PostgresFound, examine_postgres
from workers.doctor_progress import examine_progress
from workers.doctor_webhooks import examine_webhooks
from workers.settings import Connection, Settings, SettingsError, read_settings

# Where none of these answers there is nothing to look at.
SERVERS: Final = frozenset({"postgres", "nats", "api"})


class Diagnosis(Struct, frozen=True, kw_only=True):
    """`status` is the worst of those of its checks; `reached` that at least one of the servers answers."""

    status: Status
    reached: bool
    checks: tuple[Check, ...]


async def examine(connection: Connection, *, data: Path | None) -> Diagnosis:
    """By the settings of this machine, and what a `waybill up` in the data folder left there."""
    try:
        settings = read_settings(data=data)
    except SettingsError as error:
        unread = failed("settings", str(error), remedy="Correct that setting; most else was not looked at.")
        return _concluded([unread, *await _api(connection)])
    return _concluded(
        [ok("settings", f"readable; the data folder is {settings.data}"), *await _all(settings, connection)]
    )


async def _all(settings: Settings, connection: Connection) -> list[Check]:
    postgres, nats, api, machine, sdks = await asyncio.gather(
        in_time("postgres", examine_postgres(settings), otherwise=lambda check: PostgresFound(checks=(check,))),
        in_time("nats", examine_nats(settings), otherwise=lambda check: NatsFound(checks=(check,))),
        _api(connection),
        in_time("data_folder", asyncio.to_thread(examine_machine, settings), otherwise=_alone),
        _sdks(),
    )
    return [
        *postgres.checks,
        *(examine_progress(postgres.progress) if postgres.progress else ()),
        *nats.checks,
        *_epoch(postgres, nats),
        *api,
        *machine,
        examine_secret_key(settings, postgres.sealed),
        *examine_webhooks(settings),
        *sdks,
    ]


async def _api(connection: Connection) -> Sequence[Check]:
    return await in_time("api", examine_api(connection), otherwise=_alone)


async def _sdks() -> Sequence[Check]:
    loading = [in_time(f"sdk_{kind}", examine_sdk(kind), otherwise=_alone, seconds=SDK_SECONDS) for kind in SDK_KINDS]
    return [check for checks in await asyncio.gather(*loading) for check in checks]


def _epoch(postgres: PostgresFound, nats: NatsFound) -> Iterator[Check]:
    if postgres.epoch is not None and nats.streams is not None:
        yield from examine_epoch(nats.streams, postgres.epoch)


def _alone(check: Check) -> Sequence[Check]:
    return (check,)


def _concluded(checks: Sequence[Check]) -> Diagnosis:
    found = {check.status for check in checks}
    status: Status = "failed" if "failed" in found else "warning" if "warning" in found else "ok"
    reached = any(check.name in SERVERS and check.status != "failed" for check in checks)
    return Diagnosis(status=status, reached=reached, checks=tuple(checks))
