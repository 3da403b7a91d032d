"""OpenAI's official SDK with its surprises taken out: nothing from the environment, no retries, refusals as our own errors."""

import re
from collections.abc import Awaitable
from typing import Any, Final

from openai import APIConnectionError, APIStatusError, AsyncOpenAI, OpenAIError

from adapters.providers.connection import Connection
from adapters.providers.exchange import Exchange, reason_of
from adapters.providers.failures import FORBIDDEN, MISCONFIGURED, QUOTA_EXCEEDED, Effect, Verdict, status_verdict

# A status also says other things: money that ran out is no rate limit, a key without a scope is no bad key.
SPENT: Final = re.compile(r"insufficient_quota|credit_balance_exhausted|(?!rate_).+_limit_exceeded")
UNSCOPED: Final = re.compile(r"missing[_ ]scope", re.IGNORECASE)


def client_of(connection: Connection) -> AsyncOpenAI:
    """To be asked for raw answers: the SDK's own models accept anything, also nothing."""
    client = AsyncOpenAI(
        api_key=connection.credential,
        base_url=connection.base_url,
        max_retries=0,
        http_client=connection.lease.client,
    )
    # What it was not given, the SDK has taken from the environment.
    client.organization, client.project = connection.organization, connection.project
    client._custom_headers = {}  # noqa: SLF001 - OPENAI_CUSTOM_HEADERS has no other switch
    return client


async def answer_to(request: Awaitable[Any], *, exchange: Exchange, effect: Effect = "read") -> Any:
    """The raw response. Raises ProviderError."""
    try:
        return await request
    except APIStatusError as error:
        verdict, message = _verdict(error, effect), _told(error) or reason_of(error.response)
        raise exchange.failure(verdict, message, effect=effect, headers=error.response.headers) from None
    except APIConnectionError as error:
        raise exchange.unsent(error.__cause__, effect=effect) from None
    except OpenAIError as error:
        raise exchange.failure(MISCONFIGURED, str(error)) from None


def _verdict(error: APIStatusError, effect: Effect) -> Verdict:
    status, message = error.status_code, _told(error)
    reasons = [str(error.code), str(error.type)]
    if status in {402, 429} and any(SPENT.fullmatch(reason) for reason in reasons):
        return QUOTA_EXCEEDED
    if status in {401, 403} and any(UNSCOPED.search(text) for text in (*reasons, message or "")):
        return FORBIDDEN
    return status_verdict(status, effect=effect, message=message)


def _told(error: APIStatusError) -> str | None:
    """The reason, if the error has the form of the API's own."""
    message = error.body.get("message") if isinstance(error.body, dict) else None
    return message if isinstance(message, str) else None
