"""Which failure below the API means that nothing was sent, and every form in which a provider says when to come back."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest

from adapters.providers.failures import (
    RETRY_AFTER_SECONDS_MAX,
    ReplyRefused,
    Verdict,
    retry_after_seconds,
    transport_verdict,
)
from domain.errors import Code

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cause", "code", "retryable", "ambiguous"),
    [
        (httpx2.ConnectError("x"), Code.PROVIDER_OFFLINE, True, False),
        (httpx2.ReadError("x"), Code.PROVIDER_OFFLINE, True, True),
        (httpx2.WriteError("x"), Code.PROVIDER_OFFLINE, True, True),
        (httpx2.RemoteProtocolError("x"), Code.PROVIDER_OFFLINE, True, True),
        (None, Code.PROVIDER_OFFLINE, True, True),
        (httpx2.ConnectTimeout("x"), Code.PROVIDER_TIMEOUT, True, False),
        (httpx2.PoolTimeout("x"), Code.PROVIDER_TIMEOUT, True, False),
        (httpx2.ReadTimeout("x"), Code.PROVIDER_TIMEOUT, True, True),
        (httpx2.WriteTimeout("x"), Code.PROVIDER_TIMEOUT, True, True),
        (httpx2.LocalProtocolError("x"), Code.PROVIDER_MISCONFIGURED, False, False),
        (httpx2.UnsupportedProtocol("x"), Code.PROVIDER_MISCONFIGURED, False, False),
        (httpx2.DecodingError("x"), Code.PROVIDER_BAD_RESPONSE, True, True),
        (ReplyRefused("x"), Code.PROVIDER_BAD_RESPONSE, True, True),
    ],
)
def test_a_failure_of_the_transport(cause: Exception | None, *, code: Code, retryable: bool, ambiguous: bool) -> None:
    assert transport_verdict(cause) == Verdict(code, retryable=retryable, ambiguous=ambiguous)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e999"}, RETRY_AFTER_SECONDS_MAX),
        ({"retry-after": "99999999"}, RETRY_AFTER_SECONDS_MAX),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "7"}, 7),
        ({"retry-after": format_datetime(NOW + timedelta(seconds=90)), "date": format_datetime(NOW)}, 90),
        ({"retry-after": format_datetime(NOW - timedelta(seconds=90)), "date": format_datetime(NOW)}, 0),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, RETRY_AFTER_SECONDS_MAX),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 -0000", "date": "yesterday"}, RETRY_AFTER_SECONDS_MAX),
    ],
)
def test_when_to_come_back(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers) == seconds


def test_a_date_alone_is_compared_with_our_clock() -> None:
    seconds = retry_after_seconds({"retry-after": format_datetime(datetime.now(UTC) + timedelta(seconds=100))})
    assert seconds is not None
    assert 60 < seconds <= 100
