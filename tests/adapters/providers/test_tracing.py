"""A provider is told to which trace each call of ours belongs, and of two at once each its own."""

import asyncio
import re
from uuid import UUID, uuid4

import pytest
import structlog

from adapters.providers.gateway import Gateway
from adapters.providers.tracing import traceparent
from domain.provider.events import ProviderKind
from tests.kit.providing import PlainVault, bundle_of, intent_for, provider_at
from tests.kit.sandboxed import Served

pytestmark = pytest.mark.anyio

KINDS: tuple[tuple[ProviderKind, str, str], ...] = (
    ("openai", "/openai/v1", "sk-test-account-a"),
    ("claude", "/anthropic", "sk-ant-test-account-a"),
    ("gemini", "/gemini", "AIzaTestAccountA"),
)
PARENT = re.compile(r"00-([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-01")


@pytest.mark.parametrize(("kind", "path", "key"), KINDS, ids=[kind for kind, _, _ in KINDS])
async def test_each_call_says_its_trace_and_is_a_span_of_its_own(
    sandbox: Served, kind: ProviderKind, path: str, key: str
) -> None:
    """Through clients that are shared."""
    gateway = Gateway(PlainVault())
    provider = provider_at(f"{sandbox.url}{path}", kind=kind, key=key)
    bundle = bundle_of()
    traces = [uuid4(), uuid4()]

    async def find(trace: UUID) -> None:
        adapter = await gateway.open(provider, deadline_seconds=10)
        with structlog.contextvars.bound_contextvars(correlation_id=str(trace)):
            await adapter.find(intent_for(bundle))
            await adapter.find(intent_for(bundle))
        await adapter.close()

    async with asyncio.TaskGroup() as group:
        for trace in traces:
            group.create_task(find(trace))
    await gateway.close()
    told = [match.groups() for call in await sandbox.calls() if (match := PARENT.fullmatch(call["traceparent"]))]
    assert {UUID(trace) for trace, _ in told} == set(traces)
    assert len({span for _, span in told}) == len(told) == len(await sandbox.calls())


async def test_what_nobody_asked_for_belongs_to_no_trace(sandbox: Served) -> None:
    gateway = Gateway(PlainVault())
    adapter = await gateway.open(provider_at(f"{sandbox.url}/openai/v1", key="sk-test-account-a"), deadline_seconds=10)
    await adapter.verify()
    await adapter.close()
    await gateway.close()
    assert not any("traceparent" in call for call in await sandbox.calls())


def test_a_span_around_the_call_is_the_one_that_calls() -> None:
    trace = uuid4()
    with structlog.contextvars.bound_contextvars(correlation_id=str(trace), span_id="00f067aa0ba902b7"):
        assert traceparent() == f"00-{trace.hex}-00f067aa0ba902b7-01"
    assert traceparent() is None
