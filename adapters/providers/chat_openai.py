"""A model of OpenAI reads a message: the Responses API with a strict schema, through the official SDK."""

from msgspec import Struct

from adapters.providers.chat_prompt import ANSWER_TOKENS_MAX, INSTRUCTIONS, as_data
from adapters.providers.chat_schema import SCHEMA
from adapters.providers.connection import Connection
from adapters.providers.exchange import Exchange
from adapters.providers.openai_sdk import answer_to, client_of
from domain.chat.ports import ModelUnavailable


class _Part(Struct, frozen=True):
    type: str
    text: str = ""


class _Item(Struct, frozen=True):
    type: str
    content: tuple[_Part, ...] | None = None


class _Response(Struct, frozen=True):
    status: str
    output: tuple[_Item, ...]


class OpenAIChat:
    def __init__(self, connection: Connection) -> None:
        self._exchange = Exchange(connection, request_id_header="x-request-id")
        self._responses = client_of(connection).responses.with_raw_response

    async def read(self, message: str, *, model: str) -> str:
        """What the model answers. Raises ProviderError, ModelUnavailable."""
        # No temperature: models that reason refuse it.
        asking = self._responses.create(
            model=model,
            instructions=INSTRUCTIONS,
            input=[{"role": "user", "content": as_data(message)}],
            text={"format": {"type": "json_schema", "name": "understood", "strict": True, "schema": SCHEMA}},
            max_output_tokens=ANSWER_TOKENS_MAX,
            store=False,
        )
        response = self._exchange.decode(await answer_to(asking, exchange=self._exchange), _Response)
        if response.status != "completed":
            raise ModelUnavailable(f"The model ended as {response.status!r:.50}.")
        return _text_of(response)


def _text_of(response: _Response) -> str:
    """Whatever else came, a refusal or a call of something that was never offered, is no answer."""
    items = [item for item in response.output if item.type != "reasoning"]
    parts = [part for item in items for part in item.content or ()]
    if [item.type for item in items] != ["message"] or [part.type for part in parts] != ["output_text"]:
        raise ModelUnavailable("The model did not answer with one text.")
    return parts[0].text
