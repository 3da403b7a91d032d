"""One request is found again wherever it led: in its events, on NATS, in the logs of the parts, and at the provider."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx2
import nats
import pytest

from tests.kit.waiting import wait_until
from workers.terminal.trial import LOG_NAME, Trial

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

REQUEST_ID: Final = f"ticket-{uuid4().hex[:8]}"
TRACE: Final = uuid4()
RUN_SECONDS: Final = 30.0
W3C: Final = re.compile(rf"00-{TRACE.hex}-(?!0{{16}})[0-9a-f]{{16}}-01")


@pytest.fixture(scope="module")
def run(waybill: Trial) -> Iterator[dict[str, Any]]:
    """The one that was requested, when it has ended."""
    headers = {"Authorization": f"Bearer {waybill.api_key}"}
    with httpx2.Client(base_url=waybill.url, headers=headers, trust_env=False, timeout=10) as client:
        asked = {"X-Request-ID": REQUEST_ID, "traceparent": f"00-{TRACE.hex}-{uuid4().hex[16:]}-01"}
        body = {"skill": "plain-english", "providers": ["openai", "claude", "gemini"], "onDuplicate": "reject"}
        queued = client.post("/api/install-runs", json=body, headers=asked)
        assert queued.status_code == 202, queued.text
        assert queued.headers["X-Request-ID"] == REQUEST_ID
        assert TRACE.hex in queued.headers["traceparent"]
        address = f"/api/install-runs/{queued.json()['id']}"
        wait_until(lambda: client.get(address).json()["status"] == "success", RUN_SECONDS)
        yield client.get(address).json() | {"history": client.get(f"{address}/history").json()["items"]}


def test_every_event_of_the_run_says_whose_request_it_was(run: dict[str, Any]) -> None:
    assert run["correlationId"] == str(TRACE)
    assert len(run["history"]) >= 8
    assert {event["requestId"] for event in run["history"]} == {REQUEST_ID}
    assert {event["correlationId"] for event in run["history"]} == {str(TRACE)}


def test_so_do_the_messages_on_nats_to_whoever_has_the_url(waybill: Trial, run: dict[str, Any]) -> None:
    messages = asyncio.run(messages_of(waybill.nats_url, stream=run["id"]))
    assert [message["ce-id"] for message in messages] == [
        event["id"] for event in run["history"] if event["stream"] == run["id"]
    ]
    for headers in messages:
        assert headers["waybill-request-id"] == REQUEST_ID
        assert headers["ce-correlationid"] == str(TRACE)
        assert W3C.fullmatch(headers["traceparent"])


def test_so_does_the_installers_log(waybill: Trial, run: dict[str, Any]) -> None:
    lines = log_lines(waybill)
    settled = [line for line in lines if line["event"] == "attempt_settled" and line["run_id"] == run["id"]]
    assert len(settled) == 3
    assert {(line["part"], line["request_id"], line["correlation_id"]) for line in settled} == {
        ("installer", REQUEST_ID, str(TRACE))
    }
    assert not [line for line in lines if line["event"] in {"nats_forbidden", "nats_login_refused"}]
    others = {line["request_id"] for line in lines if line.get("run_id") not in {None, run["id"]}}
    assert REQUEST_ID not in others


def test_so_does_every_call_that_the_providers_got_for_it(waybill: Trial, run: dict[str, Any]) -> None:
    calls = httpx2.get(f"{waybill.sandbox_url}/_sandbox/calls", trust_env=False).json()
    ours = [call for call in calls if W3C.fullmatch(call["traceparent"])]
    assert {call["provider"] for call in ours} == {"openai", "claude", "gemini"}
    assert "create_skill" in {call["operation"] for call in ours}
    assert len({call["traceparent"] for call in ours}) == len(ours)
    assert all(re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", call["traceparent"]) for call in calls)


async def messages_of(url: str, *, stream: str) -> list[dict[str, str]]:
    """The headers of what is published of it."""
    async with await nats.connect(url, allow_reconnect=False) as client:
        subscription = await client.jetstream().pull_subscribe(f"waybill.events.*.*.{stream}")
        pending = (await subscription.consumer_info()).num_pending or 0
        return [message.headers or {} for message in await subscription.fetch(pending, timeout=RUN_SECONDS)]


def log_lines(waybill: Trial) -> list[dict[str, Any]]:
    text = (Path(waybill._folder) / LOG_NAME).read_text()
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]
