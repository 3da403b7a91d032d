"""A model of Anthropic reads a message: the Messages API with a schema for its output, through the official SDK."""

from typing import Final

from msgspec import Struct

from adapters.providers.chat_prompt import ANSWER_TOKENS_MAX, INSTRUCTIONS, as_data
from adapters.providers.chat_schema import SCHEMA
from adapters.providers.claude_sdk import answer_to, client_of
from adapters.providers.connection import Connection
from adapters.providers.exchange import Exchange
from domain.chat.ports import ModelUnavailable

THOUGHTS: Final = frozenset({"thinking", "redacted_thinking"})


class _Block(Struct, frozen=True):
    type: str
    text: str = ""


class _Message(Struct, frozen=True):
    content: tuple[_Block, ...]
    stop_reason: str | None


class ClaudeChat:
    def __init__(self, connection: Connection) -> None:
        self._exchange = Exchange(connection, request_id_header="request-id")
        self._messages = client_of(connection).messages.with_raw_response

    async def read(self, message: str, *, model: str) -> str:
        """What the model answers. Raises ProviderError, ModelUnavailable."""
        asking = self._messages.create(
            model=model,
            system=INSTRUCTIONS,
            messages=[{"role": "user", "content": as_data(message)}],
            output_config={"format": {"type": "json_schema", "schema": SCHEMA}},
            max_tokens=ANSWER_TOKENS_MAX,
        )
        answer = self._exchange.decode(await answer_to(asking, exchange=self._exchange), _Message)
        if answer.stop_reason != "end_turn":
            raise ModelUnavailable(f"The model ended as {answer.stop_reason!r:.50}.")
        blocks = [block for block in answer.content if block.type not in THOUGHTS]
        if [block.type for block in blocks] != ["text"]:
            raise ModelUnavailable("The model did not answer with one text.")
        return blocks[0].text
