"""What an operation at a provider is counted as, whatever becomes of it."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from adapters.providers.noop import NoopAdapter
from adapters.telemetry.calls import WatchedAdapter
from adapters.telemetry.exporting import provided
from adapters.telemetry.exposition import expose
from adapters.telemetry.metrics import Metrics
from adapters.telemetry.tracing import OFF, Tracing
from domain.errors import Code
from domain.ports import ProviderAdapter, ProviderError
from tests.adapters.telemetry.scraping import Scrape, scraped
from tests.kit.providing import bundle_of, intent_for, provider_at

pytestmark = pytest.mark.anyio

URL = "https://api.provider.example:8443/v1/canary"
BUNDLE = bundle_of("canary")
INTENT = intent_for(BUNDLE)


class Provider(NoopAdapter):
    """Agrees to everything; verifying fails if it is told to."""

    def __init__(self, error: BaseException | None = None) -> None:
        self._error = error

    async def verify(self) -> None:
        if self._error is not None:
            raise self._error


def scrape(metrics: Metrics) -> Scrape:
    return scraped(expose(metrics.registry, {}).body.decode())


def watched(adapter: ProviderAdapter, metrics: Metrics, tracing: Tracing = OFF) -> ProviderAdapter:
    return WatchedAdapter(adapter, provider=provider_at(URL, kind="claude"), metrics=metrics, tracing=tracing)


async def test_each_operation_is_counted_and_does_what_it_did() -> None:
    metrics, provider = Metrics(part="installer"), Provider()
    adapter = watched(provider, metrics)
    receipt = await adapter.install(BUNDLE, INTENT)
    calls: Mapping[str, tuple[Callable[..., Awaitable[Any]], tuple[Any, ...]]] = {
        "verify": (adapter.verify, ()),
        "find": (adapter.find, (INTENT,)),
        "restore": (adapter.restore, (receipt, BUNDLE, INTENT)),
        "adopt": (adapter.adopt, (receipt, INTENT)),
        "discard": (adapter.discard, (receipt,)),
        "status": (adapter.status, (receipt,)),
        "uninstall": (adapter.uninstall, (receipt,)),
    }
    for operation, (call, arguments) in calls.items():
        assert await call(*arguments) == await getattr(provider, operation)(*arguments)
    assert receipt == await provider.install(BUNDLE, INTENT)
    assert adapter.usage(receipt) == provider.usage(receipt)
    found = scrape(metrics)
    for operation in ("install", *calls):
        labels = {"provider": "claude", "op": operation, "class": "ok"}
        assert found.value("waybill_provider_request_seconds_count", **labels) == 1
    every = {name for name, _ in inspect.getmembers(ProviderAdapter, inspect.iscoroutinefunction)} - {"close"}
    assert every == {"install", *calls}


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (ProviderError(Code.PROVIDER_RATE_LIMIT, "slow down, canary"), "rate_limit"),
        (ProviderError(Code.PROVIDER_TIMEOUT, "canary"), "timeout"),
        (ValueError("canary"), "broken"),
        (asyncio.CancelledError(), "cut"),
    ],
    ids=["refused", "late", "broken", "cut"],
)
async def test_what_went_wrong_is_told_apart(error: BaseException, result: str) -> None:
    metrics, kept = Metrics(part="installer"), InMemorySpanExporter()
    with provided(kept, part="installer", version="0", at_once=True) as tracing, pytest.raises(type(error)):
        await watched(Provider(error), metrics, tracing).verify()
    labels = {"provider": "claude", "op": "verify", "class": result}
    assert scrape(metrics).value("waybill_provider_request_seconds_count", **labels) == 1
    (span,) = kept.get_finished_spans()
    assert (span.name, span.kind) == ("claude verify", SpanKind.CLIENT)
    attributes = span.attributes or {}
    assert attributes["server.address"] == "api.provider.example"
    assert attributes["error.type"] == (error.code if isinstance(error, ProviderError) else type(error).__name__)
    assert "canary" not in span.to_json()


async def test_nothing_of_what_is_installed_is_in_a_span() -> None:
    kept = InMemorySpanExporter()
    with provided(kept, part="installer", version="0", at_once=True) as tracing:
        await watched(Provider(), Metrics(part="installer"), tracing).install(BUNDLE, INTENT)
    (span,) = kept.get_finished_spans()
    text = span.to_json()
    assert not [word for word in ("canary", BUNDLE.name, INTENT.digest, "sk-test") if word in text]
