"""Every user of `nats.conf` may do what its part does and nothing else, and nobody gets in without being one."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

import nats
import pytest
from nats.aio.client import Client
from structlog.testing import capture_logs

from adapters.embedded.nats import EmbeddedNats
from adapters.nats.connection import Login, NatsUnavailable, connect
from tests.kit.jetstream import CONFIG, PASSWORDS, VARIABLES, login_of, nats_at, url_as
from tests.kit.waiting import eventually
from workers.nats_settings import USERS, NatsUser

pytestmark = pytest.mark.anyio

SECONDS_MAX = 20.0
QUICK_SECONDS = 2.0
API: Final = "$JS.API"
LAST: Final = "the.end"
# Everything that somebody might want to write, each of which is allowed to whom it is for.
WRITTEN: Final[dict[str, set[NatsUser]]] = {
    "waybill.events.run.queued.x": {"relay"},
    "waybill.work.install.x": {"relay", "scheduler"},
    "waybill.work.verify.x": {"scheduler"},
    "waybill.work.install": set(),
    "waybill.alerts.critical.x": {"alerts"},
    "waybill.webhooks.x": {"alerts"},
    "waybill.webhooks.x.y": set(),
    "waybill.checkpoints": {"notary"},
    "_inbox_relay.x": set(),
    "_inbox.x": set(),
    f"{API}.STREAM.INFO.WAYBILL_EVENTS": {"relay", "installer", "scheduler", "alerts", "api", "subscriber"},
    f"{API}.STREAM.INFO.WAYBILL_WORK": {*USERS} - {"notary", "alerts"},
    f"{API}.STREAM.INFO.WAYBILL_ALERTS": {"alerts", "api", "subscriber"},
    f"{API}.STREAM.INFO.WAYBILL_WEBHOOKS": {"alerts", "subscriber"},
    f"{API}.STREAM.INFO.WAYBILL_CHECKPOINTS": {"notary", "api", "subscriber"},
    f"{API}.STREAM.CREATE.WAYBILL_EVENTS": {"relay", "installer", "scheduler", "subscriber"},
    f"{API}.STREAM.CREATE.WAYBILL_WORK": {"relay", "installer", "scheduler", "subscriber"},
    f"{API}.STREAM.CREATE.WAYBILL_ALERTS": {"alerts", "subscriber"},
    f"{API}.STREAM.CREATE.WAYBILL_WEBHOOKS": {"alerts", "subscriber"},
    f"{API}.STREAM.CREATE.WAYBILL_CHECKPOINTS": {"notary", "subscriber"},
    f"{API}.STREAM.CREATE.OTHERS": {"subscriber"},
    f"{API}.STREAM.UPDATE.WAYBILL_EVENTS": {"relay", "subscriber"},
    f"{API}.STREAM.UPDATE.WAYBILL_WORK": {"relay", "subscriber"},
    f"{API}.STREAM.UPDATE.WAYBILL_ALERTS": {"alerts", "subscriber"},
    f"{API}.STREAM.UPDATE.WAYBILL_WEBHOOKS": {"alerts", "subscriber"},
    f"{API}.STREAM.UPDATE.WAYBILL_CHECKPOINTS": {"notary", "subscriber"},
    f"{API}.STREAM.PURGE.WAYBILL_EVENTS": {"relay", "subscriber"},
    f"{API}.STREAM.PURGE.WAYBILL_ALERTS": {"subscriber"},
    f"{API}.STREAM.PURGE.WAYBILL_WEBHOOKS": {"subscriber"},
    f"{API}.STREAM.PURGE.WAYBILL_CHECKPOINTS": {"subscriber"},
    f"{API}.STREAM.PURGE.WAYBILL_WORK": {"subscriber"},
    f"{API}.STREAM.DELETE.WAYBILL_EVENTS": {"subscriber"},
    f"{API}.STREAM.DELETE.WAYBILL_WORK": {"subscriber"},
    f"{API}.STREAM.MSG.GET.WAYBILL_EVENTS": {"relay", "subscriber"},
    f"{API}.STREAM.MSG.GET.WAYBILL_WORK": {"watchdog", "subscriber"},
    f"{API}.STREAM.MSG.GET.WAYBILL_ALERTS": {"alerts", "subscriber"},
    f"{API}.STREAM.MSG.GET.WAYBILL_CHECKPOINTS": {"notary", "subscriber"},
    f"{API}.STREAM.MSG.DELETE.WAYBILL_EVENTS": {"subscriber"},
    f"{API}.STREAM.MSG.DELETE.WAYBILL_CHECKPOINTS": {"subscriber"},
    f"{API}.CONSUMER.CREATE.WAYBILL_EVENTS.x": {"subscriber"},
    f"{API}.CONSUMER.DURABLE.CREATE.WAYBILL_WORK.x": {"relay", "installer", "scheduler", "subscriber"},
    f"{API}.CONSUMER.DELETE.WAYBILL_WORK.x": {"subscriber"},
    f"{API}.CONSUMER.CREATE.WAYBILL_ALERTS.x": {"subscriber"},
    f"{API}.CONSUMER.DURABLE.CREATE.WAYBILL_ALERTS.x": {"subscriber"},
    f"{API}.CONSUMER.MSG.NEXT.WAYBILL_ALERTS.x": {"subscriber"},
    "$JS.ACK.WAYBILL_ALERTS.x.1.1.1.1.0": {"subscriber"},
    f"{API}.CONSUMER.DURABLE.CREATE.WAYBILL_WEBHOOKS.x": {"alerts", "subscriber"},
    f"{API}.CONSUMER.MSG.NEXT.WAYBILL_WEBHOOKS.x": {"alerts", "subscriber"},
    "$JS.ACK.WAYBILL_WEBHOOKS.x.1.1.1.1.0": {"alerts"},
    f"{API}.CONSUMER.INFO.WAYBILL_WORK.x": {"watchdog", "subscriber"},
    f"{API}.CONSUMER.MSG.NEXT.WAYBILL_WORK.x": {"installer", "subscriber"},
    "$JS.ACK.WAYBILL_WORK.x.1.1.1.1.0": {"installer"},
    "$JS.ACK.WAYBILL_EVENTS.x.1.1.1.1.0": {"subscriber"},
    "$SYS.REQ.SERVER.PING": set(),
}
HEARD: Final[dict[str, set[NatsUser]]] = {
    ">": set(),
    "waybill.events.>": {"subscriber"},
    "waybill.events.provider.>": {"installer", "subscriber"},
    "waybill.alerts.>": {"subscriber"},
    "waybill.webhooks.>": set(),
    "waybill.checkpoints": {"subscriber"},
    "waybill.work.>": set(),
    "$JS.>": set(),
    "_INBOX.>": {"subscriber"},
    **{f"_INBOX_{user}.>": {user} for user in USERS if user != "subscriber"},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedNats]:
    server = nats_at(tmp_path_factory.mktemp("nats"))
    server.start()
    yield server
    server.stop()


async def refused(url: str, work: Callable[[Client], Awaitable[None]]) -> set[str]:
    """The subjects that the server refuses, in the order in which they were sent; the last is one that it refuses to everybody."""
    subjects: set[str] = set()
    ended = asyncio.Event()

    async def note(error: Exception) -> None:
        assert "permissions violation" in str(error)
        subjects.add(re.findall(r'"(.+)"', str(error))[0])
        if LAST in subjects:
            ended.set()

    async with await nats.connect(url, error_cb=note, allow_reconnect=False) as client:
        await work(client)
        await client.publish(LAST)
        async with asyncio.timeout(SECONDS_MAX):
            await ended.wait()
    return subjects - {LAST}


@pytest.mark.parametrize("user", USERS)
async def test_a_user_writes_what_its_part_writes_and_nothing_else(server: EmbeddedNats, user: NatsUser) -> None:
    async def write(client: Client) -> None:
        for subject in WRITTEN:
            await client.publish(subject, b"{}")

    expected = {subject.lower() for subject, users in WRITTEN.items() if user not in users}
    assert await refused(url_as(server.url, user), write) == expected


@pytest.mark.parametrize("user", USERS)
async def test_a_user_hears_what_its_part_hears_and_nobody_elses_answers(server: EmbeddedNats, user: NatsUser) -> None:
    async def listen(client: Client) -> None:
        for subject in HEARD:
            await client.subscribe(subject)

    expected = {subject.lower() for subject, users in HEARD.items() if user not in users}
    assert await refused(url_as(server.url, user), listen) == expected


@pytest.mark.parametrize(
    "login",
    [None, Login(user="relay", password="guessed-but-wrong"), Login(user="admin", password=PASSWORDS["relay"])],
    ids=["nobody", "wrong-password", "unknown-user"],
)
async def test_nobody_gets_in_without_being_one_of_them(server: EmbeddedNats, login: Login | None) -> None:
    with capture_logs() as lines:
        connection = await connect(server.url, name="stranger", login=login, timeout_seconds=0.3)
        try:
            assert not connection.connected

            async def refusal_told() -> bool:
                return any(line["event"] == "nats_login_refused" for line in lines)

            await eventually(refusal_told, SECONDS_MAX)
        finally:
            await connection.close()
    assert not any(login and login.password in str(line) for line in lines)


async def test_what_is_forbidden_fails_at_once_and_loudly(server: EmbeddedNats) -> None:
    connection = await connect(server.url, name="test", login=login_of("watchdog"))
    started = time.monotonic()
    try:
        with (
            capture_logs() as lines,
            pytest.raises(NatsUnavailable, match=r'not allowed, .*publish to "waybill\.events\.run\.queued\.x"'),
        ):
            async with connection.asking(SECONDS_MAX):
                await connection.client.request("waybill.events.run.queued.x", b"{}", timeout=SECONDS_MAX)
        assert time.monotonic() - started < QUICK_SECONDS
        assert [(line["event"], line["user"]) for line in lines] == [("nats_forbidden", "watchdog")]
        async with connection.asking():
            assert (await connection.client.request(f"{API}.STREAM.INFO.WAYBILL_WORK", b"")).data
        assert connection.connected
    finally:
        await connection.close()


async def test_answers_under_another_inbox_than_its_own_are_refused_at_once(server: EmbeddedNats) -> None:
    """As of a user that is named in the URL, whose inbox is the library's."""
    connection = await connect(url_as(server.url, "relay"), name="test")
    try:
        with pytest.raises(NatsUnavailable, match=r'not allowed, .*subscription to "_inbox\.'):
            async with connection.asking(SECONDS_MAX):
                await connection.client.request(f"{API}.STREAM.INFO.WAYBILL_WORK", b"", timeout=SECONDS_MAX)
    finally:
        await connection.close()


async def test_a_user_in_the_url_goes_before_the_one_of_the_part(server: EmbeddedNats) -> None:
    connection = await connect(url_as(server.url, "subscriber"), name="test", login=login_of("relay"))
    try:
        async with connection.asking(), asyncio.timeout(SECONDS_MAX):
            answer = await connection.client.request(f"{API}.STREAM.INFO.WAYBILL_EVENTS", b"")
            assert answer.data
    finally:
        await connection.close()


def test_the_configuration_has_the_users_and_passwords_that_the_settings_know() -> None:
    text = CONFIG.read_text()
    assert set(re.findall(r"^ +user: (\w+)$", text, re.MULTILINE)) == set(USERS)
    assert sorted(re.findall(r"^ +password: \$(\w+)$", text, re.MULTILINE)) == sorted(VARIABLES)


def test_what_is_exported_is_imported() -> None:
    text = CONFIG.read_text()
    exported = re.findall(r'^ +{ (stream|service): "(.+?)",', text, re.MULTILINE)
    imported = re.findall(r'^ +{ (stream|service): { account: WAYBILL, subject: "(.+?)" } }', text, re.MULTILINE)
    assert exported == imported
    assert len(exported) == len(set(exported)) > 19
