"""The LanguageModel port, through a connection that is there for installing: its address and credential, and no tools."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final, Protocol

import structlog

from adapters.providers.chat_schema import said_in
from adapters.providers.connecting import connect
from adapters.providers.connection import Connection
from adapters.providers.gateway import load_class
from adapters.providers.http_clients import HttpClients
from domain.chat.ports import ModelUnavailable
from domain.chat.said import Said
from domain.errors import WaybillError
from domain.ports import ProviderError, Vault
from domain.provider.events import ProviderKind
from domain.provider.state import Provider

# From the message to the answer, whatever has to be looked up, loaded and waited for.
MODEL_SECONDS: Final = 10.0
# Somebody waits for every one of them, and each costs money.
QUESTIONS_MAX: Final = 4
# What tells something of a message: not the short words of English.
WORD: Final = re.compile(r"[^\W_]{4,}|[^\W\x00-\x7f]+")
REPLY_BYTES_MAX: Final = 1024 * 1024
READERS: Final[dict[ProviderKind, str]] = {
    "openai": "adapters.providers.chat_openai:OpenAIChat",
    "claude": "adapters.providers.chat_claude:ClaudeChat",
    "gemini": "adapters.providers.chat_gemini:GeminiChat",
}

log = structlog.get_logger(__name__)


class Reader(Protocol):
    async def read(self, message: str, *, model: str) -> str: ...


class ChatModel:
    """`find` gives a connection by its name as it is now; `model` is what the provider there calls the model. One event loop."""

    def __init__(
        self,
        *,
        connection: str,
        model: str,
        find: Callable[[str], Awaitable[Provider | None]],
        vault: Vault,
        clock: Callable[[], datetime],
        seconds: float = MODEL_SECONDS,
    ) -> None:
        self._connection = connection
        self._model = model
        self._find = find
        self._vault = vault
        self._clock = clock
        self._seconds = seconds
        self._clients = HttpClients(reply_bytes_max=REPLY_BYTES_MAX)
        self._readers: dict[ProviderKind, Callable[[Connection], Reader]] = {}
        self._under_way = 0
        self._closed = False

    async def understand(self, text: str) -> Said:
        if self._under_way >= QUESTIONS_MAX:
            raise self._unavailable(f"{QUESTIONS_MAX} questions are under way already.")
        self._under_way += 1
        try:
            async with asyncio.timeout(self._seconds):
                return said_in(await self._ask(text), text)
        except ModelUnavailable as error:
            raise self._unavailable(str(error)) from None
        except TimeoutError:
            raise self._unavailable(f"No answer within {self._seconds:g} s.") from None
        except ProviderError as error:
            reason = _without_words_of(text, error.message)
            raise self._unavailable(reason, code=error.code, provider_request_id=error.request_id) from None
        except WaybillError as error:
            raise self._unavailable(error.detail, code=error.code) from None
        except Exception as error:  # noqa: BLE001 - chat goes on whatever an SDK does; its error may hold the provider's text
            raise self._unavailable(f"The SDK failed: {type(error).__name__}.") from None
        finally:
            self._under_way -= 1

    async def close(self) -> None:
        self._closed = True
        await self._clients.close()

    async def _ask(self, text: str) -> str:
        provider = await self._find(self._connection)
        if provider is None:
            raise ModelUnavailable("There is no such connection.")
        if provider.kind not in READERS:
            raise ModelUnavailable(f"Connections of the kind {provider.kind} have no language models.")
        if not provider.active:
            raise ModelUnavailable("The connection is not in use.")
        if provider.paused_at(self._clock()):
            raise ModelUnavailable("The connection is paused.")
        reader = await self._load(provider.kind)
        connection = await connect(provider, vault=self._vault, clients=self._clients, deadline_seconds=self._seconds)
        try:
            return await reader(connection).read(text, model=self._model)
        finally:
            await connection.lease.release()

    async def _load(self, kind: ProviderKind) -> Callable[[Connection], Reader]:
        if kind not in self._readers:
            self._readers[kind] = await asyncio.to_thread(load_class, READERS[kind], wanted=lambda: not self._closed)
        return self._readers[kind]

    def _unavailable(self, reason: str, **facts: Any) -> ModelUnavailable:
        """Noted here, because whoever asked goes on without."""
        log.warning(
            "chat_model_unavailable",
            connection=self._connection,
            model=self._model,
            reason=reason,
            **{name: fact for name, fact in facts.items() if fact is not None},
        )
        return ModelUnavailable(reason)


def _without_words_of(text: str, reason: str) -> str:
    """A provider may repeat what it was sent; but a message can be erased, and a log cannot."""
    said = set(WORD.findall(text))
    return WORD.sub(lambda word: "…" if word[0] in said else word[0], reason)
