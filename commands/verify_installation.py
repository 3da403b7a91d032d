"""Ask the providers whether what was installed is still there as it was, and record what they say."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Final
from uuid import UUID

from msgspec import Struct

from commands.handling import Handling, Session
from domain.errors import Code, ProviderNotFound
from domain.events import Context
from domain.installation.decisions import check, fail_check
from domain.installation.state import INSTALLATION, Live
from domain.ports import ProviderAdapter, ProviderError, ProviderGateway, Standing
from domain.provider.state import PROVIDER, Provider

INSTALLATIONS_MAX: Final = 50
# One answer of a provider, and all that one command waits for.
CHECK_SECONDS: Final = 10.0
CHECKS_SECONDS: Final = 40.0


class VerifyInstallations(Struct, frozen=True, kw_only=True):
    """At most INSTALLATIONS_MAX. Of one where nothing is live, or where a run is at work, nobody is asked."""

    installation_ids: tuple[UUID, ...]


class _Asked(Struct, frozen=True, kw_only=True):
    installation_id: UUID
    live: Live


class _Connection(Struct, frozen=True, kw_only=True):
    """`places` are as many as the connection has, for all that is asked of it at once."""

    adapter: ProviderAdapter | ProviderError
    places: asyncio.Semaphore


class VerifyInstallationsHandler:
    def __init__(self, *, handling: Handling, gateway: ProviderGateway) -> None:
        self._handling = handling
        self._gateway = gateway

    async def __call__(self, command: VerifyInstallations, context: Context) -> None:
        """A provider that does not say is a failed check, and no error. Raises StoreOffline, Busy."""
        assert len(command.installation_ids) <= INSTALLATIONS_MAX  # noqa: S101 - whoever asks has bounded it
        asked, providers = await self._look(command, context)
        async with AsyncExitStack() as stack:
            connections = {
                provider_id: _Connection(
                    adapter=await self._open(stack, provider),
                    places=asyncio.Semaphore(provider.concurrency_max),
                )
                for provider_id, provider in providers.items()
            }
            until = asyncio.get_running_loop().time() + CHECKS_SECONDS
            checks = [
                self._check(one, connections[one.live.provider_id], until=until, context=context) for one in asked
            ]
            ended = await asyncio.gather(*checks, return_exceptions=True)
        for error in ended:
            if error is not None:
                raise error

    async def _look(
        self, command: VerifyInstallations, context: Context
    ) -> tuple[Sequence[_Asked], Mapping[UUID, Provider]]:
        async def look(session: Session) -> tuple[list[_Asked], dict[UUID, Provider]]:
            asked: list[_Asked] = []
            providers: dict[UUID, Provider] = {}
            for installation_id in dict.fromkeys(command.installation_ids):
                state = await session.load(installation_id, INSTALLATION)
                if state is None or state.live is None or state.holder is not None:
                    continue
                provider = await session.load(state.live.provider_id, PROVIDER)
                if provider is None:
                    raise ProviderNotFound
                asked.append(_Asked(installation_id=installation_id, live=state.live))
                providers[state.live.provider_id] = provider
            return asked, providers

        found, _ = await self._handling.handle(look, context=context)
        return found

    async def _open(self, stack: AsyncExitStack, provider: Provider) -> ProviderAdapter | ProviderError:
        if not provider.active:
            return ProviderError(Code.CONFLICT_PROVIDER, f"The provider connection {provider.name} is not active.")
        try:
            adapter = await self._gateway.open(provider, deadline_seconds=CHECK_SECONDS)
        except ProviderError as error:
            return error
        stack.push_async_callback(adapter.close)
        return adapter

    async def _check(self, asked: _Asked, connection: _Connection, *, until: float, context: Context) -> None:
        """What was asked about may have been changed before the answer came; then the domain stays quiet."""
        answer = await _ask(asked, connection, until=until)

        async def decide(session: Session) -> None:
            state = await session.load(asked.installation_id, INSTALLATION)
            assert state is not None  # noqa: S101 - it was there when it was asked about
            run_id = asked.live.run_id
            if isinstance(answer, ProviderError):
                events = fail_check(state, run_id=run_id, code=answer.code, message=answer.message)
            else:
                events = check(state, run_id=run_id, answer=answer.value)
            session.append(asked.installation_id, *events)

        await self._handling.handle(decide, context=context)


async def _ask(asked: _Asked, connection: _Connection, *, until: float) -> Standing | ProviderError:
    if isinstance(connection.adapter, ProviderError):
        return connection.adapter
    try:
        async with asyncio.timeout_at(until), connection.places:
            return await connection.adapter.status(asked.live.receipt)
    except ProviderError as error:
        return error
    except TimeoutError:
        return ProviderError(
            Code.PROVIDER_TIMEOUT, f"The provider did not answer for all of them within {CHECKS_SECONDS:g} seconds."
        )
