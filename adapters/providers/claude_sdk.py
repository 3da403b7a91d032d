"""Anthropic's official SDK with its surprises taken out: nothing from the environment, no retries, refusals as our own errors."""

import re
from collections.abc import Awaitable
from typing import Any, Final

from anthropic import AnthropicError, APIConnectionError, APIStatusError, AsyncAnthropic

from adapters.providers.connection import Connection
from adapters.providers.exchange import Exchange, reason_of
from adapters.providers.failures import (
    BY_STATUS,
    FORBIDDEN,
    MISCONFIGURED,
    OVERLOADED,
    QUOTA_EXCEEDED,
    TIMED_OUT,
    Effect,
    Verdict,
    retry_after_seconds,
    status_verdict,
)

# Claude's own codes, whatever the status they come with.
BY_REASON: Final = {
    "organization_on_hold": FORBIDDEN,
    "claude_code_key_creator_not_member": FORBIDDEN,
    "cmek_key_disabled": FORBIDDEN,
    "cmek_key_network_blocked": FORBIDDEN,
    "contract_spend_limit_reached": QUOTA_EXCEEDED,
    "enforced_spend_limit_reached": QUOTA_EXCEEDED,
    "storage_quota_exceeded": QUOTA_EXCEEDED,
    "ramp_limit_exceeded": BY_STATUS[429],
    "request_body_timeout": TIMED_OUT,
}
# What a limit that the customer has set, or an empty account, comes with: a plain 400 without any code.
SPENT: Final = re.compile(r"(usage|spend(ing)?) limits?\b|credit balance", re.IGNORECASE)


def client_of(connection: Connection) -> AsyncAnthropic:
    """To be asked for raw answers: the SDK's own models accept anything, also nothing."""
    client = AsyncAnthropic(
        api_key=connection.credential,
        base_url=connection.base_url,
        max_retries=0,
        open_telemetry=False,
        http_client=connection.lease.client,
    )
    client._custom_headers = {}  # noqa: SLF001 - ANTHROPIC_CUSTOM_HEADERS has no other switch
    return client


async def answer_to(request: Awaitable[Any], *, exchange: Exchange, effect: Effect = "read") -> Any:
    """The raw response. Raises ProviderError."""
    try:
        return (await request).http_response
    except APIStatusError as error:
        verdict, message = _verdict(error, effect), _told(error) or reason_of(error.response)
        raise exchange.failure(verdict, message, effect=effect, headers=_headers(error)) from None
    except APIConnectionError as error:
        raise exchange.unsent(error.__cause__, effect=effect) from None
    except AnthropicError as error:
        raise exchange.failure(MISCONFIGURED, str(error)) from None


def _verdict(error: APIStatusError, effect: Effect) -> Verdict:
    status, message = error.status_code, _told(error)
    if verdict := BY_REASON.get(error.error_code or ""):
        return verdict
    if status == 400 and SPENT.search(message or ""):
        return QUOTA_EXCEEDED
    if status == 429 and message is not None and retry_after_seconds(error.response.headers) is None:
        return QUOTA_EXCEEDED  # a rate says when it is over; what the account may spend in a month does not
    if status == 529:
        return OVERLOADED
    return status_verdict(status, effect=effect, message=message)


def _told(error: APIStatusError) -> str | None:
    """The reason, if the error has the form of the API's own."""
    return error.api_message if isinstance(error.api_message, str) else None


def _headers(error: APIStatusError) -> dict[str, str]:
    """With the request's id, which stands in the body as well."""
    body = error.body if isinstance(error.body, dict) else {}
    return {"request-id": str(body.get("request_id") or ""), **error.response.headers}
