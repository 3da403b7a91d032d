"""What the commands about alerts on NATS stand on: a connection as the subscriber, or one that may publish."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

from adapters.nats.alerts import TEST_RULE, AlertMessage, AlertPublisher
from adapters.nats.connection import Connection, NatsUnavailable, connect
from adapters.nats.inspecting import NotNatsError, greet
from domain.alert.rules import Severity
from workers.nats_passwords import find_password
from workers.nats_settings import url_for
from workers.opening import nats_url, open_nats
from workers.settings import Settings, SettingsError

CONNECT_SECONDS: Final = 2.0
SUBJECT: Final = "store"


class NotLetInError(Exception):
    """NATS answers, and does not let this user in."""


@asynccontextmanager
async def as_subscriber(settings: Settings) -> AsyncIterator[Connection]:
    """With the user and password of the URL, else the subscriber's of the settings or the data folder.

    Raises SettingsError, NatsUnavailable, NotLetInError.
    """
    # By a URL, as anybody has it: so answers come to the inbox that every client uses, which is the one a subscriber may hear.
    url = nats_url(settings)
    if "@" not in urlsplit(url).netloc:
        url = url_for(url, "subscriber", find_password(settings, "subscriber"))
    await _require_server(url)
    try:
        connection = await connect(
            url, name="waybill-alerts-follow", ca_file=settings.nats.ca_file, timeout_seconds=CONNECT_SECONDS
        )
    except ValueError as error:
        raise SettingsError(f"WAYBILL_NATS_URL cannot be used: {error}.") from None
    try:
        _require_login(connection)
        yield connection
    finally:
        await connection.close()


async def publish_test(settings: Settings) -> AlertMessage:
    """Raises SettingsError, NatsUnavailable, NotLetInError."""
    async with AsyncExitStack() as stack:
        if find_password(settings, "alerts") is None and "@" not in urlsplit(nats_url(settings)).netloc:
            raise SettingsError("Set WAYBILL_NATS_ALERTS_PASSWORD: only the alerts part may publish alerts.")
        await _require_server(nats_url(settings))
        connection = await open_nats(stack, settings, part="alerts")
        _require_login(connection)
        message = AlertMessage(
            id=str(uuid4()),
            kind="test",
            alert_id=uuid4(),
            rule=TEST_RULE,
            severity=Severity.INFO,
            subject=SUBJECT,
            facts={"test": True},
            times=1,
            at=datetime.now(UTC),
            position=None,
            correlation_id=uuid4(),
        )
        await AlertPublisher(connection).publish(message)
        return message


async def _require_server(url: str) -> None:
    place = urlsplit(url).netloc.rpartition("@")[2]
    try:
        await greet(url)
    except (OSError, NotNatsError, ValueError):
        raise NatsUnavailable(f"NATS at {place} does not answer; is WAYBILL_NATS_URL right?") from None


def _require_login(connection: Connection) -> None:
    if not connection.connected:
        raise NotLetInError("NATS answers, but does not let this user in; is the password right?")
