"""A test message on its whole way, with the real processes: to a webhook that is away at first, over the death of who sends it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from tests.kit.alerting import SECRET
from tests.kit.waiting import eventually
from tests.kit.webhook_receiver import answer, receiving
from tests.kit.whole import Whole
from workers.settings import unsettled_environment

pytestmark = [pytest.mark.anyio, pytest.mark.processes, pytest.mark.long, pytest.mark.timeout(300)]

SECONDS_MAX = 40.0


def waybill(whole: Whole, *words: str) -> str:
    environment = {"WAYBILL_URL": whole.lines["Waybill"], "WAYBILL_API_KEY": str(whole.key)}
    ended = subprocess.run(
        [sys.executable, "-m", "workers.cli", "alerts", *words],
        env=unsettled_environment(os.environ) | environment | {"WAYBILL_DATA": str(whole.data)},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def kill_the_alerts_part(whole: Whole) -> None:
    started = [json.loads(line) for line in whole.log.splitlines() if '"part_started"' in line and '"alerts"' in line]
    os.kill(started[-1]["pid"], signal.SIGKILL)


async def test_a_test_message_arrives_although_nothing_stays_up(tmp_path: Path) -> None:
    file = tmp_path / "webhooks.toml"
    async with receiving() as receiver:
        receiver.always = answer(503)
        file.write_text(f'[pager]\nurl = "{receiver.url}"\nsecret = "{SECRET}"\nseverities = ["critical"]\n')
        whole = Whole(tmp_path / "data", environment={"WAYBILL_WEBHOOKS": str(file)})
        await asyncio.to_thread(whole.__enter__)
        try:
            message_id = (await asyncio.to_thread(waybill, whole, "test")).strip()
            await receiver.until(1, seconds=SECONDS_MAX)

            async def failed() -> bool:
                return '"webhook_failed"' in whole.log

            await eventually(failed, SECONDS_MAX)
            kill_the_alerts_part(whole)
            receiver.always = answer(204)
            await receiver.until(2, seconds=SECONDS_MAX)

            async def deliveries() -> list[dict[str, Any]]:
                found = await asyncio.to_thread(waybill, whole, "deliveries", "--message", message_id, "--json")
                items: list[dict[str, Any]] = json.loads(found)["items"]
                return items

            async def delivered() -> bool:
                return bool(await deliveries())

            await eventually(delivered, SECONDS_MAX)
            last = (await deliveries())[0]
            said = await asyncio.to_thread(waybill, whole, "deliveries", "--webhook", "pager")
            heard = await asyncio.to_thread(waybill, whole, "follow", "--last", "1", "--count", "1", "--json")
        finally:
            await asyncio.to_thread(whole.__exit__, None, None, None)
    assert receiver.ids == [message_id, message_id]
    for received in receiver.received:
        assert Verifier(SECRET).verify(received.body, received.headers)["type"] == "alert.test"
    assert (last["status"], last["httpStatus"], last["event"]) == ("delivered", 204, "test")
    assert last["attempt"] >= 2
    assert "✔ delivered" in said
    assert json.loads(heard)["id"] == message_id
    assert SECRET not in whole.log
    assert "secret-in-the-path" not in whole.log
