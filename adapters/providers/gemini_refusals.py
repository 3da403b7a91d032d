"""What Google's refusals mean, in either of the forms in which it writes them, as google.rpc or as its Interactions API."""

import re
from typing import Final

import httpx2

from adapters.providers.exchange import Exchange, reason_of
from adapters.providers.failures import QUOTA_EXCEEDED, UNAUTHORIZED, Effect, Verdict, status_verdict
from adapters.providers.gemini_sdk import Told, told_by
from domain.ports import ProviderError

# "FAILED_PRECONDITION" in the first form, "failed_precondition" in the second. A name counts for more than the status beside
# it: a bad key is a bad argument in the first form, money that ran out in both.
BY_NAME: Final = {
    "authentication": UNAUTHORIZED,
    "failed_precondition": QUOTA_EXCEEDED,
    "payment_required": QUOTA_EXCEEDED,
    "quota_exceeded": QUOTA_EXCEEDED,
}
ALIKE: Final = {416: 400, 499: 408}  # out of range: an argument; cancelled: nobody knows what became of it
KEY_REFUSED: Final = re.compile(r"API_KEY_INVALID|API key (not valid|expired)", re.IGNORECASE)
SPENT: Final = re.compile(r'"quotaId"\s*:\s*"\w*PerDay')  # its RetryInfo speaks of seconds all the same
RETRY_DELAY: Final = re.compile(r'"retryDelay"\s*:\s*"([\d.]+)s"')


def refused(response: httpx2.Response, *, exchange: Exchange, effect: Effect = "read") -> ProviderError:
    """To be raised `from None`, as `Exchange.failure`."""
    told = told_by(response)
    verdict = _verdict(response, told, effect)
    headers = {"x-request-id": response.headers.get("x-goog-request-id", "")}
    if told and (delay := RETRY_DELAY.search(response.text)):
        headers["retry-after"] = delay[1]
    message = told.message if told else reason_of(response)
    return exchange.failure(verdict, message, effect=effect, headers=headers | dict(response.headers))


def _verdict(response: httpx2.Response, told: Told | None, effect: Effect) -> Verdict:
    status = response.status_code
    if told and status == 400 and KEY_REFUSED.search(response.text):
        return UNAUTHORIZED
    if told and status == 429 and SPENT.search(response.text):
        return QUOTA_EXCEEDED
    if told and status < 500 and told.name in BY_NAME:
        return BY_NAME[told.name]
    return status_verdict(ALIKE.get(status, status), effect=effect, message=told.message if told else None)
