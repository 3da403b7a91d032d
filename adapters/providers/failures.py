"""What goes wrong below the API, and when to come back: the same for every SDK, since all of them stand on httpx2."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

import httpx2

from domain.errors import Code

RETRY_AFTER_SECONDS_MAX: Final = 3_600.0


class Verdict(NamedTuple):
    """`retryable`: the same call may succeed later. `ambiguous`: if it was a write, it may have been applied all the same."""

    code: Code
    retryable: bool = False
    ambiguous: bool = False


class ReplyRefused(httpx2.RequestError):
    """We would not read the reply: larger than anything we asked for, or compressed although we asked for it plain."""


def transport_verdict(cause: BaseException | None) -> Verdict:
    """`cause` is what httpx2 raised. A connection that never stood carried nothing, so the write was not applied."""
    match cause:
        case httpx2.ConnectTimeout() | httpx2.PoolTimeout():
            return Verdict(Code.PROVIDER_TIMEOUT, retryable=True)
        case httpx2.TimeoutException():
            return Verdict(Code.PROVIDER_TIMEOUT, retryable=True, ambiguous=True)
        case httpx2.ConnectError():
            return Verdict(Code.PROVIDER_OFFLINE, retryable=True)
        case httpx2.LocalProtocolError() | httpx2.UnsupportedProtocol():
            return Verdict(Code.PROVIDER_MISCONFIGURED)
        case ReplyRefused() | httpx2.DecodingError():
            return Verdict(Code.PROVIDER_BAD_RESPONSE, retryable=True, ambiguous=True)
        case _:
            return Verdict(Code.PROVIDER_OFFLINE, retryable=True, ambiguous=True)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """How long the provider asks us to wait: milliseconds, seconds or a date, at most RETRY_AFTER_SECONDS_MAX.

    A date is compared with the reply's own `Date`, so that the two clocks need not agree.
    """
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        seconds = milliseconds / 1000
    elif (number := _number(headers.get("retry-after"))) is not None:
        seconds = number
    elif (date := _date(headers.get("retry-after"))) is not None:
        seconds = (date - (_date(headers.get("date")) or datetime.now(UTC))).total_seconds()
    else:
        return None
    return min(max(seconds, 0.0), RETRY_AFTER_SECONDS_MAX)


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return None if math.isnan(number) else number


def _date(value: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(value or "")
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
