"""Calls that are cut short, because the installer stops."""

import asyncio

import pytest

from domain.errors import Code
from domain.install_run.events import ProviderFailed
from tests.workers.installing import SECONDS_MAX, Installing
from workers.calling import Caller

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("begun", [False, True])
async def test_whatever_is_under_way_or_still_comes_ends_with_an_unknown_outcome(*, begun: bool) -> None:
    installing = Installing()
    await installing.connect()
    attempt = await installing.world.start(await installing.queue())
    assert attempt is not None
    installing.provider.gates["openai"].clear()
    caller = Caller(gateway=installing.provider, bundles=installing.world.bundles)
    async with asyncio.timeout(SECONDS_MAX):
        calling = asyncio.create_task(caller.call(attempt))
        if begun:
            await installing.calls_under_way(1)
        assert caller.cut() == begun
        outcome = (await calling).outcome
    assert isinstance(outcome, ProviderFailed)
    assert (outcome.code, outcome.retryable, outcome.ambiguous) == (Code.PROVIDER_TIMEOUT, True, True)
    assert installing.provider.open_count == 0
    assert caller.cut() == 0
