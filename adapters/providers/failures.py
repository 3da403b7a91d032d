"""What failures mean that are alike at every provider: those below the API, and the plain HTTP statuses; and when to come back."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal, NamedTuple

import httpx2

from domain.errors import Code

RETRY_AFTER_SECONDS_MAX: Final = 3_600.0


class Verdict(NamedTuple):
    """`retryable`: the same call may succeed later. `ambiguous`: if it was a write, it may have been applied all the same."""

    code: Code
    retryable: bool = False
    ambiguous: bool = False


Effect = Literal["read", "write", "upload"]  # an upload is a write whose refusal speaks of the skill

TIMED_OUT: Final = Verdict(Code.PROVIDER_TIMEOUT, retryable=True, ambiguous=True)
BAD_RESPONSE: Final = Verdict(Code.PROVIDER_BAD_RESPONSE, retryable=True, ambiguous=True)
INVALID_SKILL: Final = Verdict(Code.PROVIDER_INVALID_SKILL)
TOO_LARGE: Final = Verdict(Code.PROVIDER_TOO_LARGE)
UNAUTHORIZED: Final = Verdict(Code.PROVIDER_UNAUTHORIZED)
FORBIDDEN: Final = Verdict(Code.PROVIDER_FORBIDDEN)
QUOTA_EXCEEDED: Final = Verdict(Code.PROVIDER_QUOTA_EXCEEDED)
OVERLOADED: Final = Verdict(Code.PROVIDER_OVERLOADED, retryable=True, ambiguous=True)
INTERNAL: Final = Verdict(Code.PROVIDER_INTERNAL, retryable=True, ambiguous=True)
MISCONFIGURED: Final = Verdict(Code.PROVIDER_MISCONFIGURED)
BY_STATUS: Final = {
    401: UNAUTHORIZED,
    402: QUOTA_EXCEEDED,
    403: FORBIDDEN,
    404: Verdict(Code.PROVIDER_NOT_FOUND),
    408: TIMED_OUT,
    409: Verdict(Code.PROVIDER_CONFLICT, ambiguous=True),
    413: TOO_LARGE,
    429: Verdict(Code.PROVIDER_RATE_LIMIT, retryable=True),
    503: OVERLOADED,
}
OVERSIZED: Final = re.compile(
    r"too large|(larger than|exceed(?:s|ed|ing)?|maximum)\b.*\b(size|bytes|[KMG]i?B)\b", re.IGNORECASE
)


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


def status_verdict(status: int, *, effect: Effect, message: str | None) -> Verdict:
    """What a status says when the provider's own codes say nothing more. `message` is None if the body is not the API's own."""
    if status == 404 and message is None:
        return BAD_RESPONSE  # somebody on the way does not know the address; that says nothing about the skill
    if effect == "upload" and status in {400, 422}:
        return TOO_LARGE if OVERSIZED.search(message or "") else INVALID_SKILL
    return BY_STATUS.get(status, INTERNAL if status >= 500 else MISCONFIGURED)


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
