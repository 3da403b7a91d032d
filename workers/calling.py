"""Call the provider for an attempt, within its deadline, and say how it ended, whatever happens."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog
from msgspec import Struct

from commands.start_attempt import Attempt
from domain.errors import Code, StoreOffline
from domain.install_run.events import ProviderFailed, ProviderSucceeded
from domain.ports import BundleStore, ProviderError, ProviderGateway
from domain.skill.bundle import Bundle
from workers.attempting import Done, carry_out

AGAIN_SECONDS: Final = 1.0

Answer = TypeVar("Answer")

log = structlog.get_logger(__name__)


class Ended(Struct, frozen=True, kw_only=True):
    """How an attempt ended; `usage` is how to use what was installed."""

    outcome: ProviderSucceeded | ProviderFailed
    usage: str = ""


class Caller:
    """Any number of calls at once, which can all be cut short."""

    def __init__(self, *, gateway: ProviderGateway, bundles: BundleStore) -> None:
        self._gateway = gateway
        self._bundles = bundles
        self._under_way: set[asyncio.Timeout] = set()
        self._cut = False

    def cut(self) -> int:
        """End every call that is under way, and each that may still come, as one whose outcome nobody knows: how many."""
        self._cut = True
        now = asyncio.get_running_loop().time()
        for deadline in self._under_way:
            if not deadline.expired():
                deadline.reschedule(now)
        return len(self._under_way)

    async def call(self, attempt: Attempt) -> Ended:
        try:
            return await self._within_deadline(attempt)
        except ProviderError as error:
            return Ended(outcome=_failed(attempt, error))
        except TimeoutError:
            message = f"The provider did not finish within {attempt.deadline_seconds:g} seconds."
            if self._cut:
                message = "The installer was stopped before the provider had finished."
            late = ProviderError(Code.PROVIDER_TIMEOUT, message, retryable=True, ambiguous=True)
            return Ended(outcome=_failed(attempt, late))
        except Exception:
            log.exception("attempt_broke", run_id=str(attempt.run_id), provider=attempt.provider.name)
            message = "Waybill itself failed during the call; its log has the reason."
            broken = ProviderError(Code.PROVIDER_INTERNAL, message, retryable=True, ambiguous=True)
            return Ended(outcome=_failed(attempt, broken))

    async def _within_deadline(self, attempt: Attempt) -> Ended:
        """Each call of the adapter has this deadline; so has all of it together, or it would outlast the lease."""
        seconds = attempt.deadline_seconds
        async with asyncio.timeout(0 if self._cut else seconds) as deadline:
            self._under_way.add(deadline)
            try:
                adapter = await _patiently(lambda: self._gateway.open(attempt.provider, deadline_seconds=seconds))
                try:
                    done = await carry_out(adapter, attempt, lambda: self._bundle(attempt))
                finally:
                    await adapter.close()
            finally:
                self._under_way.discard(deadline)
        return Ended(outcome=_succeeded(attempt, done), usage=done.usage)

    async def _bundle(self, attempt: Attempt) -> Bundle:
        try:
            files = await _patiently(lambda: self._bundles.get(attempt.manifest))
        except LookupError as error:
            raise ProviderError(Code.PROVIDER_MISCONFIGURED, f"The bundle cannot be read: {error}.") from error
        return Bundle(name=attempt.intent.skill_name, description="", digest=attempt.intent.digest, files=files)


async def _patiently(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """What the store answers once it is there: that it is away is not the provider's failure. The deadline around ends it."""
    while True:
        try:
            return await ask()
        except StoreOffline:
            await asyncio.sleep(AGAIN_SECONDS)


def _succeeded(attempt: Attempt, done: Done) -> ProviderSucceeded:
    return ProviderSucceeded(
        provider_id=attempt.provider_id, attempt_id=attempt.attempt_id, receipt=done.receipt, adopted=done.adopted
    )


def _failed(attempt: Attempt, error: ProviderError) -> ProviderFailed:
    return ProviderFailed(
        provider_id=attempt.provider_id,
        attempt_id=attempt.attempt_id,
        code=error.code,
        message=error.message,
        retryable=error.retryable,
        ambiguous=error.ambiguous,
        provider_request_id=error.request_id,
        retry_after_seconds=error.retry_after_seconds,
    )
