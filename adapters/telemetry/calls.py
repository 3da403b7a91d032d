"""A provider's adapter, watched: what each operation took and how it ended, as a metric and as a span."""

import time
from collections.abc import Awaitable
from typing import Final, TypeVar
from urllib.parse import urlsplit

from adapters.telemetry.metrics import Metrics
from adapters.telemetry.tracing import Tracing
from domain.installation.events import Receipt
from domain.ports import Intent, ProviderAdapter, ProviderError, Standing
from domain.provider.state import Provider
from domain.skill.bundle import Bundle

OK: Final = "ok"
# Whoever asked stopped waiting: a deadline around several operations, or the end of the process.
CUT: Final = "cut"
BROKEN: Final = "broken"

Answer = TypeVar("Answer")


class WatchedAdapter:
    """Implements `ProviderAdapter` by the one it is given."""

    def __init__(self, adapter: ProviderAdapter, *, provider: Provider, metrics: Metrics, tracing: Tracing) -> None:
        self._adapter = adapter
        self._kind = provider.kind
        self._server = urlsplit(provider.base_url).hostname or ""
        self._metrics = metrics
        self._tracing = tracing

    async def verify(self) -> None:
        await self._watch("verify", self._adapter.verify())

    async def find(self, intent: Intent) -> tuple[Receipt, ...]:
        return await self._watch("find", self._adapter.find(intent))

    async def install(self, bundle: Bundle, intent: Intent) -> Receipt:
        return await self._watch("install", self._adapter.install(bundle, intent))

    async def restore(self, former: Receipt, bundle: Bundle, intent: Intent) -> Receipt:
        return await self._watch("restore", self._adapter.restore(former, bundle, intent))

    async def adopt(self, receipt: Receipt, intent: Intent) -> None:
        await self._watch("adopt", self._adapter.adopt(receipt, intent))

    async def discard(self, extra: Receipt) -> None:
        await self._watch("discard", self._adapter.discard(extra))

    async def status(self, receipt: Receipt) -> Standing:
        return await self._watch("status", self._adapter.status(receipt))

    async def uninstall(self, receipt: Receipt) -> None:
        await self._watch("uninstall", self._adapter.uninstall(receipt))

    def usage(self, receipt: Receipt) -> str:
        return self._adapter.usage(receipt)

    async def close(self) -> None:
        await self._adapter.close()

    async def _watch(self, operation: str, call: Awaitable[Answer]) -> Answer:
        attributes = {"waybill.provider": self._kind, "waybill.operation": operation, "server.address": self._server}
        result = CUT
        started = time.perf_counter()
        with self._tracing.span(f"{self._kind} {operation}", kind="client", attributes=attributes):
            try:
                answer = await call
                result = OK
            except ProviderError as error:
                result = error.code.partition(":")[0]
                raise
            except Exception:
                result = BROKEN
                raise
            finally:
                self._metrics.provider_called(
                    provider=self._kind,
                    operation=operation,
                    result=result,
                    seconds=time.perf_counter() - started,
                )
        return answer
