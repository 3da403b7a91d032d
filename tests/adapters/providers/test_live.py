"""The suite that runs at the real providers leaves nothing behind, and is left out where nobody asked for it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.provider_contract import ONE, TWO
from tests.kit.providing import following, intent_for, provider_at
from tests.kit.sandboxed import Served
from tests.live.providers import LiveContract

ROOT = Path(__file__).parents[3]
SUITE = "tests/live/providers.py"


@pytest.mark.anyio
@pytest.mark.parametrize("failing", [False, True])
async def test_it_cleans_up_after_itself(sandbox: Served, *, failing: bool) -> None:
    try:
        async with LiveContract().opened(provider_at(f"{sandbox.url}/openai/v1")) as adapter:
            first = intent_for(ONE)
            receipt = await adapter.install(ONE, first)
            await adapter.install(TWO, intent_for(TWO))
            await adapter.restore(receipt, ONE, following(first, ONE, previous=receipt))
            assert len(await sandbox.ledger()) == 2
            assert not failing
    except AssertionError:
        assert failing
    assert await sandbox.ledger() == []


def test_without_keys_every_provider_is_skipped_with_the_reason() -> None:
    printed = pytest_of("-rs", SUITE)
    for kind in ("openai", "claude", "gemini"):
        reason = f"{kind} was not asked: WAYBILL_LIVE_{kind.upper()}_KEY is not in the environment"
        assert reason in printed.replace("\n", " ")
    assert "passed" not in printed


def test_nobody_collects_it_unasked() -> None:
    assert "no tests collected" in pytest_of("--collect-only", "tests/live")


def pytest_of(*arguments: str) -> str:
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT, env={"COLUMNS": "200"}
    ).stdout
