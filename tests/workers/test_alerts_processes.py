"""From three runs that fail to the alert on NATS and back, with the real processes, one of which is killed in between."""

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import nats
import pytest

from tests.kit.waiting import wait_until
from tests.kit.whole import Whole

WINDOW_SECONDS = 6
SAID_SECONDS = 20.0
RULES = f"""
[repeated-failures]
window-seconds = {WINDOW_SECONDS}
per-provider = 3
per-skill = 0
per-code = 0
"""
FAULT = {"provider": "openai", "operation": "create_skill", "kind": "status", "status": 400, "times": 3}
SUBJECT = "waybill.alerts.warning.repeated-failures"

pytestmark = [pytest.mark.processes, pytest.mark.long]


def alerts_of(whole: Whole) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = whole.client.get("/api/alerts").json()["items"]
    return items


def said(whole: Whole) -> list[tuple[str, dict[str, Any]]]:
    """The alerts on NATS, as a subscriber reads them."""

    async def read() -> list[tuple[str, dict[str, Any]]]:
        async with await nats.connect(whole.lines["NATS"], allow_reconnect=False) as client:
            jetstream = client.jetstream()
            last = (await jetstream.stream_info("WAYBILL_ALERTS")).state.last_seq
            messages = [await jetstream.get_msg("WAYBILL_ALERTS", seq=number) for number in range(1, last + 1)]
            return [(message.subject or "", json.loads(message.data or b"")) for message in messages]

    return asyncio.run(read())


def kill_the_alerts_part(whole: Whole) -> None:
    started = [json.loads(line) for line in whole.log.splitlines() if '"part_started"' in line and '"alerts"' in line]
    os.kill(started[-1]["pid"], signal.SIGKILL)


def test_what_fails_is_said_once_and_resolved_when_it_works_again(tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES)
    with Whole(tmp_path / "data", environment={"WAYBILL_ALERT_RULES": str(rules)}) as whole:
        whole.register("often-tried")
        assert whole.sandbox.post("/_sandbox/faults", json=FAULT).is_success
        for _ in range(3):
            assert whole.finished(whole.queue("often-tried"))["status"] == "failed"
        wait_until(lambda: alerts_of(whole), SAID_SECONDS)
        (alert,) = alerts_of(whole)
        assert (alert["rule"], alert["subject"], alert["status"]) == ("repeated-failures", "provider:openai", "open")
        assert alert["facts"]["failures"] == 3
        wait_until(lambda: said(whole), SAID_SECONDS)
        kill_the_alerts_part(whole)

        assert whole.finished(whole.queue("often-tried"))["status"] == "success"
        wait_until(lambda: alerts_of(whole)[0]["status"] == "resolved", SAID_SECONDS)
        wait_until(lambda: len(said(whole)) > 1, SAID_SECONDS)
        (resolved,) = alerts_of(whole)
        assert (resolved["id"], resolved["times"]) == (alert["id"], 1)
        assert [(subject, body["kind"], body["alertId"]) for subject, body in said(whole)] == [
            (SUBJECT, "raised", alert["id"]),
            (SUBJECT, "resolved", alert["id"]),
        ]


def frozen_postgres(whole: Whole) -> list[int]:
    """The server and all of its sessions, stopped in the middle of whatever they do."""
    (pid_file,) = whole.data.rglob("postmaster.pid")
    server = int(pid_file.read_text().splitlines()[0])
    children = [
        int(pid) for task in Path(f"/proc/{server}/task").iterdir() for pid in (task / "children").read_text().split()
    ]
    for pid in (server, *children):
        os.kill(pid, signal.SIGSTOP)
    return [server, *children]


def test_that_postgres_hangs_is_said_meanwhile_and_put_on_record_afterwards(tmp_path: Path) -> None:
    with Whole(tmp_path / "data") as whole:
        wait_until(whole.ready, SAID_SECONDS)
        assert alerts_of(whole) == []
        frozen = frozen_postgres(whole)
        try:
            wait_until(lambda: said(whole), SAID_SECONDS)
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
        ((subject, raised),) = said(whole)
        assert (subject, raised["kind"]) == ("waybill.alerts.critical.database-offline", "raised")
        wait_until(lambda: len(said(whole)) > 1, SAID_SECONDS)
        wait_until(whole.ready, SAID_SECONDS)
        (alert,) = alerts_of(whole)
        assert (alert["id"], alert["rule"], alert["status"]) == (raised["alertId"], "database-offline", "resolved")
        assert [body["kind"] for _, body in said(whole)] == ["raised", "resolved"]
