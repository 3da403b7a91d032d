"""What the doctor asks of NATS: whether it is the server that Waybill needs, whom it lets in, and whose events its stream has."""

import os
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from adapters.nats.connection import TLS, Connection, Login, NatsUnavailable, connect
from adapters.nats.inspecting import Greeting, NotNatsError, StreamsFound, greet, inspect_streams
from workers.doctor_checks import Check, failed, is_near, ok, warning
from workers.nats_passwords import find_password
from workers.nats_settings import NatsUser
from workers.opening import nats_url
from workers.settings import Settings, SettingsError

# Atomic batches came with this one.
VERSION_MIN: Final = (2, 12)
CONNECT_SECONDS: Final = 3.0
# Those who may look at the streams; the first may also read what they hold.
USERS: Final[tuple[NatsUser, ...]] = ("relay", "api", "scheduler", "installer", "watchdog")


class NatsFound(Struct, frozen=True, kw_only=True):
    """`streams` is None where there was no getting at them."""

    checks: Sequence[Check]
    streams: StreamsFound | None = None


async def examine_nats(settings: Settings) -> NatsFound:
    try:
        url = nats_url(settings)
        user = next((user for user in USERS if find_password(settings, user)), None)
        greeting = await greet(url)
        checks = [_server(greeting), *_strangers(greeting), *_privacy(url)]
        if checks[0].status == "failed":
            return NatsFound(checks=checks)
        streams = await _streams(settings, user, url=url)
    except SettingsError as error:
        return NatsFound(checks=(failed("nats", str(error), remedy="Correct that setting."),))
    except (OSError, NotNatsError, ValueError) as error:
        remedy = "Look whether it runs, and whether WAYBILL_NATS_URL is right. Until then runs wait, and none is lost."
        return NatsFound(checks=(failed("nats", f"{_place(url)} does not answer: {_reason(error)}", remedy=remedy),))
    except NatsUnavailable as error:
        remedy = "Look whether its password is the one that nats.conf was given, and whether it may do what nats.conf lets it."
        checks.append(failed("nats_streams", f"as {user or 'nobody'}: {error}", remedy=remedy))
        return NatsFound(checks=checks)
    return NatsFound(checks=(*checks, *_of_the_streams(streams)), streams=streams)


def examine_epoch(streams: StreamsFound, epoch: str) -> Iterator[Check]:
    if streams.epoch == epoch:
        yield ok("nats_epoch", "the events there are copies of this store's")
    elif streams.epoch is not None:
        remedy = "Start the relay: it empties that stream and fills it anew. If two databases share this NATS, give each its own."
        yield failed(
            "nats_epoch", "the events there are those of another store, or from before a restore", remedy=remedy
        )


async def _streams(settings: Settings, user: NatsUser | None, *, url: str) -> StreamsFound:
    password = find_password(settings, user) if user else None
    login = Login(user=user, password=password) if user and password else None
    connection: Connection = await connect(
        url, name="waybill-doctor", login=login, ca_file=settings.nats.ca_file, timeout_seconds=CONNECT_SECONDS
    )
    try:
        if not connection.connected:
            raise NatsUnavailable("the server answers, but lets this user not in")
        return await inspect_streams(connection)
    finally:
        await connection.close()


def _server(greeting: Greeting) -> Check:
    said = f"NATS {greeting.version} answers"
    numbers = greeting.version.partition("-")[0].split(".")[:2]
    if not all(number.isdecimal() for number in numbers) or tuple(map(int, numbers)) < VERSION_MIN:
        return failed("nats", f"{said}, which is too old", remedy="Move to NATS 2.12 or later.")
    if not greeting.jetstream:
        return failed("nats", f"{said}, without JetStream", remedy="Start it with nats.conf, which turns JetStream on.")
    return ok("nats", f"{said}, with JetStream")


def _strangers(greeting: Greeting) -> Iterator[Check]:
    if greeting.open_to_strangers:
        remedy = "Start it with nats.conf, and with a password for each of its users (`waybill nats-env`)."
        yield failed("nats_users", "whoever names no user gets in all the same", remedy=remedy)
    elif greeting.open_to_strangers is False:
        yield ok("nats_users", "nobody gets in who names no user")


def _privacy(url: str) -> Iterator[Check]:
    host = urlsplit(url).hostname or ""
    if not (url.startswith(TLS) or is_near(host)):
        remedy = "Set `tls` in nats.conf, and use tls:// in WAYBILL_NATS_URL."
        yield warning("nats_tls", f"what goes to {host} is not encrypted", remedy=remedy)


def _of_the_streams(found: StreamsFound) -> Iterator[Check]:
    missing = [stream.name for stream in found.streams if not stream.exists]
    different = [f"{stream.name} ({', '.join(stream.different)})" for stream in found.streams if stream.different]
    if missing:
        yield failed("nats_streams", f"missing: {', '.join(missing)}", remedy="Start the relay, which makes them.")
    if different:
        remedy = "Start the relay again, which sets them right."
        yield warning("nats_streams", f"not as Waybill wants them: {', '.join(different)}", remedy=remedy)
    if not missing and not different:
        yield ok("nats_streams", f"{' and '.join(stream.name for stream in found.streams)}, with our limits")


def _reason(error: Exception) -> str:
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)


def _place(url: str) -> str:
    """Without the password."""
    return urlsplit(url).netloc.rpartition("@")[2]
