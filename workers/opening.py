"""How every part comes by Postgres and NATS: the addresses that the settings name, and the connections to them."""

from contextlib import AsyncExitStack
from typing import Final

from adapters.nats.connection import Connection, connect
from adapters.postgres.connection import check_url
from workers.settings import Settings, SettingsError

# For a part that serves many at once, and for one that does one thing after the other.
POOL_SIZE_MAX: Final = 8
ROLE_POOL_SIZE_MAX: Final = 2


def postgres_url(settings: Settings) -> str:
    if settings.postgres_url is None:
        raise SettingsError("Set WAYBILL_POSTGRES_URL, or WAYBILL_DATA to the data folder of a running `waybill up`.")
    try:
        check_url(settings.postgres_url)
    except ValueError as error:
        raise SettingsError(f"WAYBILL_POSTGRES_URL cannot be used: {error}.") from None
    return settings.postgres_url


def nats_url(settings: Settings) -> str:
    if settings.nats_url is None:
        raise SettingsError("Set WAYBILL_NATS_URL, or WAYBILL_DATA to the data folder of a running `waybill up`.")
    return settings.nats_url


async def open_nats(stack: AsyncExitStack, settings: Settings, *, part: str) -> Connection:
    try:
        nats = await connect(nats_url(settings), name=f"waybill-{part}")
    except ValueError as error:
        raise SettingsError(f"WAYBILL_NATS_URL cannot be used: {error}.") from None
    stack.push_async_callback(nats.close)
    return nats
