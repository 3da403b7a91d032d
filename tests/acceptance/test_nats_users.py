"""`waybill up` gives each part its own password for NATS alone, and says no other one than the subscriber's."""

import asyncio
import stat

import nats
import psutil
import pytest

from tests.kit.waiting import wait_until
from workers.nats_passwords import PASSWORDS_FILE
from workers.nats_settings import USERS, password_variable
from workers.terminal.trial import LOG_NAME, Trial

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

# Some of them start when the others are ready.
STARTED_SECONDS = 30.0
PARTS = ("relay", "installer", "scheduler", "watchdog", "notary", "alerts", "api", "projector", "sandbox")


def passwords(waybill: Trial) -> dict[str, str]:
    return dict(line.split("=", 1) for line in (waybill._folder / "data" / PASSWORDS_FILE).read_text().splitlines())


def parts(waybill: Trial) -> dict[str, psutil.Process]:
    assert waybill._process is not None
    children = psutil.Process(waybill._process.pid).children(recursive=True)
    return {part: child for child in children for part in PARTS if child.cmdline()[3:5] == ["workers.cli", part]}


def test_each_part_is_given_its_own_alone(waybill: Trial) -> None:
    known = passwords(waybill)
    assert set(known) == {password_variable(user) for user in USERS}
    wait_until(lambda: set(parts(waybill)) == set(PARTS), STARTED_SECONDS)
    for part, process in parts(waybill).items():
        given = {value for name, value in process.environ().items() if name in known and value}
        own = known.get(f"WAYBILL_NATS_{part.upper()}_PASSWORD")
        assert given == ({own} if own else set()), part


def test_none_but_the_subscribers_is_told(waybill: Trial) -> None:
    said = (waybill._folder / LOG_NAME).read_text() + waybill.nats_url
    told = [name for name, password in passwords(waybill).items() if password in said]
    assert told == [password_variable("subscriber")]
    assert stat.S_IMODE((waybill._folder / "data" / PASSWORDS_FILE).stat().st_mode) == 0o600
    commands = " ".join(word for part in parts(waybill).values() for word in part.cmdline())
    assert not [name for name, password in passwords(waybill).items() if password in commands]


def test_the_line_that_is_printed_is_all_that_a_client_needs(waybill: Trial) -> None:
    async def first() -> dict[str, str]:
        async with await nats.connect(waybill.nats_url, allow_reconnect=False) as client:
            subscription = await client.jetstream().pull_subscribe("waybill.events.>")
            (message,) = await subscription.fetch(1, timeout=10)
            await message.ack_sync()
            return message.headers or {}

    headers = asyncio.run(first())
    assert (headers["ce-specversion"], headers["waybill-position"]) == ("1.0", "1")
