"""What of Google's SDK the Gemini adapter keeps from happening."""

import logging

import pytest
from google.genai import client as sdk_client

from domain.errors import Code
from domain.ports import ProviderError
from tests.kit.canned import CannedServer
from tests.kit.providing import opened_at, provider_at

pytestmark = pytest.mark.anyio

KEY = "AIza-test"


async def test_the_sdks_warning_does_not_get_out(canned: CannedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdk_client, "_agent_experimental_warned", False)
    async with opened_at(provider_at(canned.url, kind="gemini", key=KEY)):
        assert sdk_client._agent_experimental_warned


async def test_the_sdk_does_not_log_the_key(
    canned: CannedServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("GOOGLE_GENAI_DEBUG", "true")
    caplog.set_level(logging.DEBUG)
    canned.will_answer(200, b"{}")
    async with opened_at(provider_at(canned.url, kind="gemini", key=KEY)) as adapter:
        await adapter.verify()
    assert caplog.records
    assert KEY not in caplog.text


async def test_an_sdk_that_cannot_be_set_up_is_misconfigured(
    canned: CannedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_GENAI_HTTP_CLIENT", "httpx")
    monkeypatch.setattr("google.genai._api_client.httpx", None)
    with pytest.raises(ProviderError) as caught:
        async with opened_at(provider_at(canned.url, kind="gemini", key=KEY)):
            pass
    assert (caught.value.code, caught.value.retryable) == (Code.PROVIDER_MISCONFIGURED, False)
