"""Gemini: a skill as a managed agent that has its files mounted, one agent for each install, through the official SDK."""

from collections.abc import Awaitable
from typing import Annotated, Any, Final

import httpx2
from msgspec import Meta, Struct
from msgspec.structs import replace

from adapters.providers.connection import Connection
from adapters.providers.exchange import Exchange, Shape, unless_absent
from adapters.providers.failures import BAD_RESPONSE, MISCONFIGURED, Effect
from adapters.providers.gemini_agent import (
    AGENT_ID,
    environment_of,
    installation_of,
    is_marked,
    marker_for,
    receipt_for,
)
from adapters.providers.gemini_refusals import refused
from adapters.providers.gemini_sdk import API_VERSION, agents_of, answer_to
from domain.errors import Code
from domain.installation.events import Receipt
from domain.ports import Intent, ProviderAdapter, ProviderError, Standing
from domain.skill.bundle import Bundle

BASE_AGENT: Final = "antigravity-preview-09-2026"
# A project has 1,000 agents at most; the provider may make pages smaller than asked for.
PAGE_SIZE: Final = 100
PAGES_MAX: Final = 100

Request = Awaitable[Any]


class _Agent(Struct, frozen=True):
    id: Annotated[str, Meta(min_length=1)]
    description: str = ""


class _Page(Struct, frozen=True):
    agents: list[_Agent]
    next_page_token: str = ""


class _EmptyPage(Struct, frozen=True, forbid_unknown_fields=True):
    next_page_token: str = ""


class GeminiAdapter(ProviderAdapter):
    def __init__(self, connection: Connection) -> None:
        self._lease = connection.lease
        self._base_agent = connection.base_agent or BASE_AGENT
        self._exchange = Exchange(connection, request_id_header="x-request-id")
        try:
            self._agents = agents_of(connection)
        except (ValueError, TypeError, ImportError) as error:
            raise self._exchange.failure(MISCONFIGURED, str(error)) from None

    async def verify(self) -> None:
        async with self._exchange.deadline():
            await self._list_page(size=1)

    async def find(self, intent: Intent) -> tuple[Receipt, ...]:
        async with self._exchange.deadline():
            agents = await self._list()
        marker, receipt = marker_for(intent), receipt_for(intent)
        previous = intent.previous and intent.previous.remote_id
        found = [agent.id for agent in agents if agent.description == marker and agent.id != previous]
        found.sort(key=lambda agent_id: agent_id != receipt.remote_id)
        return tuple(replace(receipt, remote_id=agent_id) for agent_id in found)

    async def install(self, bundle: Bundle, intent: Intent) -> Receipt:
        async with self._exchange.deadline("upload"):
            receipt = await self._create(bundle, intent)
            await self._replace(intent.previous, receipt)
            return receipt

    async def restore(self, _: Receipt, bundle: Bundle, intent: Intent) -> Receipt:
        """The provider keeps nothing of a former agent, so this is an install of its bytes."""
        return await self.install(bundle, intent)

    async def adopt(self, receipt: Receipt, intent: Intent) -> None:
        async with self._exchange.deadline("write"):
            await self._replace(intent.previous, receipt)

    async def discard(self, extra: Receipt) -> None:
        async with self._exchange.deadline("write"):
            await self._delete(extra)

    async def status(self, receipt: Receipt) -> Standing:
        async with self._exchange.deadline():
            agent = await self._get(self._id_of(receipt))
        if agent is None:
            return Standing.MISSING
        return Standing.IN_USE if is_marked(agent.description, receipt) else Standing.CHANGED

    async def uninstall(self, receipt: Receipt) -> None:
        """With what a failed upgrade left of the same installation. The one that is named last, since it tells which."""
        async with self._exchange.deadline("write"):
            agent = await self._get(self._id_of(receipt))
            installation = agent and installation_of(agent.description)
            if agent is None or installation is None:
                return  # gone, and a person may have made another in its place
            for other in await self._list():
                if other.id != agent.id and installation_of(other.description) == installation:
                    await self._delete(replace(receipt, remote_id=other.id))
            await self._delete(receipt)

    def usage(self, receipt: Receipt) -> str:
        return (
            "from google import genai\n\n"
            f'client = genai.Client(http_options={{"api_version": "{API_VERSION}"}})\n'
            "interaction = client.interactions.create(\n"
            f'    agent="{receipt.remote_id}", environment="remote", input="What can you do?"\n'
            ")\n"
            "print(interaction.output_text)"
        )

    async def close(self) -> None:
        await self._lease.release()

    async def _create(self, bundle: Bundle, intent: Intent) -> Receipt:
        receipt, marker = receipt_for(intent), marker_for(intent)
        creating = self._agents.create(
            id=receipt.remote_id,
            base_agent=self._base_agent,
            description=marker,
            base_environment=environment_of(bundle),
        )
        try:
            agent = await self._send(creating, _Agent, "upload")
        except ProviderError as error:
            # How Google answers a second create with one id is not documented.
            if error.code not in {Code.PROVIDER_CONFLICT, Code.PROVIDER_INVALID_SKILL}:
                raise
            found = await self._get(receipt.remote_id, effect="write")
            if found is None or found.description != marker:
                raise
            agent = found
        if agent.id != receipt.remote_id:
            raise self._exchange.failure(BAD_RESPONSE, "The agent came back with another id.", effect="write")
        return receipt

    async def _replace(self, previous: Receipt | None, receipt: Receipt) -> None:
        if previous is None or previous.remote_id == receipt.remote_id:
            return
        try:
            agent = await self._get(self._id_of(previous))
            if agent and installation_of(agent.description):
                await self._delete(previous)
        except ProviderError as error:
            error.ambiguous = True  # the new agent stands, whatever became of the old one
            raise

    async def _get(self, agent_id: str, *, effect: Effect = "read") -> _Agent | None:
        return await unless_absent(self._send(self._agents.get(agent_id), _Agent, effect))

    async def _delete(self, receipt: Receipt) -> None:
        deleting = self._agents.delete(self._id_of(receipt))
        await unless_absent(self._send(deleting, dict[str, Any], "write"))

    async def _list(self) -> list[_Agent]:
        agents: list[_Agent] = []
        token = ""
        for _ in range(PAGES_MAX):
            page = await self._list_page(size=PAGE_SIZE, token=token)
            agents += page.agents
            token = page.next_page_token
            if not token:
                return agents
        raise self._exchange.failure(BAD_RESPONSE, f"The list does not end within {PAGES_MAX} pages.")

    async def _list_page(self, *, size: int, token: str = "") -> _Page:
        response = await self._answer(self._agents.list(page_size=size, page_token=token or None))
        if b'"agents"' in response.content:
            return self._exchange.decode(response, _Page)
        # Google leaves out what is empty; whatever holds something else is no list.
        page = self._exchange.decode(response, _EmptyPage)
        return _Page(agents=[], next_page_token=page.next_page_token)

    def _id_of(self, receipt: Receipt) -> str:
        """The SDK would send `""` to the list, and `a/b` to wherever that leads."""
        if not AGENT_ID.fullmatch(receipt.remote_id):
            raise self._exchange.failure(MISCONFIGURED, f"{receipt.remote_id!r} is no id of an agent.")
        return receipt.remote_id

    async def _send(self, request: Request, shape: type[Shape], effect: Effect = "read") -> Shape:
        return self._exchange.decode(await self._answer(request, effect), shape, effect=effect)

    async def _answer(self, request: Request, effect: Effect = "read") -> httpx2.Response:
        try:
            response = await answer_to(request)
        except httpx2.HTTPError as error:
            raise self._exchange.unsent(error, effect=effect) from None
        if response.is_success:
            return response
        raise refused(response, exchange=self._exchange, effect=effect) from None
