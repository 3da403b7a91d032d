"""A model of Google reads a message: `generateContent` with a schema for the response, through the official SDK."""

from collections.abc import Awaitable
from typing import Any

import httpx2
import msgspec
from google.genai import errors
from google.genai.types import AutomaticFunctionCallingConfig, GenerateContentConfig
from msgspec import Struct

from adapters.providers.chat_prompt import ANSWER_TOKENS_MAX, INSTRUCTIONS, as_data
from adapters.providers.chat_schema import SCHEMA
from adapters.providers.connection import Connection
from adapters.providers.exchange import Exchange
from adapters.providers.failures import BAD_RESPONSE, MISCONFIGURED
from adapters.providers.gemini_refusals import refused
from adapters.providers.gemini_sdk import client_of
from domain.chat.ports import ModelUnavailable


class _Part(Struct, frozen=True, rename="camel"):
    text: str | None = None
    thought: bool = False


class _Content(Struct, frozen=True):
    parts: tuple[_Part, ...] = ()


class _Candidate(Struct, frozen=True, rename="camel"):
    content: _Content = _Content()
    finish_reason: str = "UNKNOWN"


class _Generated(Struct, frozen=True):
    candidates: tuple[_Candidate, ...] = ()


class GeminiChat:
    def __init__(self, connection: Connection) -> None:
        self._exchange = Exchange(connection, request_id_header="x-request-id")
        try:
            self._models = client_of(connection).aio.models
        except (ValueError, TypeError, ImportError) as error:
            raise self._exchange.failure(MISCONFIGURED, str(error)) from None

    async def read(self, message: str, *, model: str) -> str:
        """What the model answers. Raises ProviderError, ModelUnavailable."""
        # No temperature: Google advises against any but the default.
        config = GenerateContentConfig(
            system_instruction=INSTRUCTIONS,
            response_mime_type="application/json",
            response_json_schema=SCHEMA,
            max_output_tokens=ANSWER_TOKENS_MAX,
            candidate_count=1,
            automatic_function_calling=AutomaticFunctionCallingConfig(disable=True),
            automatic_continuation=False,
            should_return_http_response=True,
        )
        asking = self._models.generate_content(model=model, contents=as_data(message), config=config)
        return _text_of(await self._answer(asking))

    async def _answer(self, request: Awaitable[Any]) -> _Generated:
        """Taken raw: the SDK's own models accept anything, also nothing."""
        try:
            body = (await request).sdk_http_response.body
            return msgspec.json.decode(body, type=_Generated)
        except httpx2.HTTPError as error:
            raise self._exchange.unsent(error) from None
        except errors.APIError as error:
            if isinstance(error.response, httpx2.Response):
                raise refused(error.response, exchange=self._exchange) from None
            raise self._exchange.failure(BAD_RESPONSE, str(error)) from None
        except (ValueError, TypeError, AttributeError):
            # Also what the SDK stumbles over while it looks for an error's message.
            raise self._exchange.failure(BAD_RESPONSE, "Not what the API promises.") from None


def _text_of(generated: _Generated) -> str:
    """A prompt that was blocked has no candidates."""
    if [candidate.finish_reason for candidate in generated.candidates] != ["STOP"]:
        raise ModelUnavailable("The model did not come to an end of its answer.")
    parts = [part for part in generated.candidates[0].content.parts if not part.thought]
    if any(part.text is None for part in parts):
        raise ModelUnavailable("The model did not answer with text.")
    return "".join(part.text or "" for part in parts)
