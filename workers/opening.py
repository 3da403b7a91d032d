"""How every part comes by Postgres and NATS: the addresses that the settings name, and the connections to them."""

from contextlib import AsyncExitStack
from typing import Final

from adapters.nats.connection import Connection, Login, connect
from adapters.postgres.connection import check_url
from adapters.postgres.granting import grant
from adapters.postgres.migrating import migrate
from workers.nats_passwords import find_password
from workers.nats_settings import NatsUser
from workers.settings import Settings, SettingsError

# For a part that serves many at once, and for one that does one thing after the other.
POOL_SIZE_MAX: Final = 8
ROLE_POOL_SIZE_MAX: Final = 2


def postgres_url(settings: Settings) -> str:
    if settings.postgres_url is None:
        raise SettingsError("Set WAYBILL_POSTGRES_URL, or WAYBILL_DATA to the data folder of a running `waybill up`.")
    return _checked(settings.postgres_url, "WAYBILL_POSTGRES_URL")


def bring_up_to_date(settings: Settings) -> list[str]:
    """Migrate, as the owner where one is named, who then gives the application its rights: the names of what was applied now.

    Raises SettingsError, StoreOffline, MigrationError.
    """
    application_url = postgres_url(settings)
    if settings.postgres_owner_url is None:
        return migrate(application_url)
    owner_url = _checked(settings.postgres_owner_url, "WAYBILL_POSTGRES_OWNER_URL")
    applied = migrate(owner_url)
    grant(owner_url=owner_url, application_url=application_url)
    return applied


def nats_url(settings: Settings) -> str:
    if settings.nats_url is None:
        raise SettingsError("Set WAYBILL_NATS_URL, or WAYBILL_DATA to the data folder of a running `waybill up`.")
    return settings.nats_url


async def open_nats(stack: AsyncExitStack, settings: Settings, *, part: NatsUser) -> Connection:
    """As the user of this part, unless the URL names one. Raises SettingsError."""
    password = find_password(settings, part)
    login = Login(user=part, password=password) if password else None
    try:
        nats = await connect(nats_url(settings), name=f"waybill-{part}", login=login, ca_file=settings.nats.ca_file)
    except ValueError as error:
        raise SettingsError(f"WAYBILL_NATS_URL cannot be used: {error}.") from None
    stack.push_async_callback(nats.close)
    return nats


def _checked(url: str, name: str) -> str:
    try:
        check_url(url)
    except ValueError as error:
        raise SettingsError(f"{name} cannot be used: {error}.") from None
    return url
