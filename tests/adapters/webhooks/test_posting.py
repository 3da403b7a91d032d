"""One message is posted once, to one address, in bounded time, whatever the other side does."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from adapters.webhooks.posting import Poster, Reply
from adapters.webhooks.signing import Signing
from tests.kit.alerting import SECRET
from tests.kit.webhook_receiver import (
    HUGE_BYTES,
    Conduct,
    Huge,
    WebhookReceiver,
    answer,
    creep,
    drip,
    drop,
    garbage,
    hang,
    receiving,
)

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 22, 12, 0, 0, 700_000, tzinfo=UTC)
DEADLINE_SECONDS = 0.4
LONG_SECONDS = 10.0


@pytest.fixture
async def receiver() -> AsyncIterator[WebhookReceiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def poster() -> AsyncIterator[Poster]:
    poster = Poster(clock=lambda: NOW, deadline_seconds=DEADLINE_SECONDS)
    yield poster
    await poster.close()


async def post(poster: Poster, url: str) -> Reply:
    return await poster.post(url, b'{"a":"\xc3\xa9"}', message_id="m-1", signing=Signing([SECRET]))


async def test_what_is_posted_says_what_it_is(receiver: WebhookReceiver, poster: Poster) -> None:
    reply = await post(poster, receiver.url)
    assert (reply.status, reply.is_delivered, reply.error) == (200, True, None)
    (received,) = receiver.received
    assert received.path == "/hooks/secret-in-the-path"
    assert received.body == b'{"a":"\xc3\xa9"}'
    assert received.headers["content-type"] == "application/json"
    assert received.headers["user-agent"] == "Waybill"
    assert received.headers["webhook-id"] == "m-1"
    assert received.headers["webhook-timestamp"] == str(int(NOW.timestamp()))


@pytest.mark.parametrize(
    ("status", "delivered", "gone"),
    [(200, True, False), (204, True, False), (299, True, False), (410, False, True), (500, False, False)],
    ids=str,
)
async def test_only_2xx_is_delivered(
    receiver: WebhookReceiver, poster: Poster, *, status: int, delivered: bool, gone: bool
) -> None:
    receiver.always = answer(status)
    reply = await post(poster, receiver.url)
    assert (reply.status, reply.is_delivered, reply.is_gone) == (status, delivered, gone)


@pytest.mark.parametrize("status", [301, 302, 307, 308], ids=str)
async def test_a_redirect_is_followed_nowhere(receiver: WebhookReceiver, poster: Poster, status: int) -> None:
    async with receiving() as elsewhere:
        receiver.always = answer(status, location=elsewhere.url)
        reply = await post(poster, receiver.url)
        assert (reply.status, reply.is_delivered) == (status, False)
        assert elsewhere.received == []


@pytest.mark.parametrize(
    ("conduct", "error"),
    [
        (hang, "no answer in time"),
        (creep, "no answer in time"),
        (drop, "the connection broke off"),
        (garbage, "the connection broke off"),
    ],
    ids=["hang", "creep", "drop", "garbage"],
)
async def test_trouble_is_named_and_bounded_in_time(
    receiver: WebhookReceiver, poster: Poster, conduct: Conduct, error: str
) -> None:
    receiver.always = conduct
    reply = await post(poster, receiver.url)
    assert (reply.status, reply.error) == (None, error)
    assert reply.duration_seconds < LONG_SECONDS


async def test_nobody_there_is_trouble_too(poster: Poster) -> None:
    async with receiving() as receiver:
        url = receiver.url
    reply = await post(poster, url)
    assert (reply.status, reply.error) == (None, "no connection")


async def test_an_answer_without_an_end_is_not_waited_for_and_has_its_status(
    receiver: WebhookReceiver, poster: Poster
) -> None:
    receiver.conducts.append(drip)
    reply = await post(poster, receiver.url)
    assert (reply.status, reply.is_delivered, reply.error) == (200, True, None)
    assert reply.duration_seconds < LONG_SECONDS
    assert (await post(poster, receiver.url)).is_delivered


async def test_of_a_huge_answer_the_beginning_is_read(receiver: WebhookReceiver) -> None:
    poster, huge = Poster(deadline_seconds=LONG_SECONDS), Huge()
    receiver.conducts.append(huge)
    assert (await post(poster, receiver.url)).is_delivered
    await poster.close()
    assert huge.taken < HUGE_BYTES / 4


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=False), 89.3),
        (format_datetime((NOW - timedelta(days=1)).replace(tzinfo=UTC), usegmt=True), 0.0),
        ("-5", None),
        ("soon", None),
        ("9" * 400, None),
        ("1e3", None),
        ("²", None),
        ("Sun, 22 Nov 2026 12:01:00", None),
    ],
    ids=["seconds", "zero", "date", "past", "negative", "words", "endless", "exponent", "superscript", "no-zone"],
)
async def test_retry_after_is_seconds_or_a_date(
    receiver: WebhookReceiver, poster: Poster, text: str, seconds: float | None
) -> None:
    async def conduct(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 503 No\r\nRetry-After: " + text.encode("latin-1") + b"\r\nContent-Length: 0\r\n\r\n")

    receiver.always = conduct
    reply = await post(poster, receiver.url)
    assert reply.status == 503
    assert reply.retry_after_seconds == (None if seconds is None else pytest.approx(seconds, abs=0.8))
