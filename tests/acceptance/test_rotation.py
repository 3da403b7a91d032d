"""The key that encrypts credentials is changed while Waybill runs, and nobody who uses it notices; nor after a restart."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.acceptance.conftest import COMMAND
from tests.kit.whole import Whole
from workers.settings import SECRET_FILE, new_secret_key, unsettled_environment

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

LONG_AGO_SECONDS = 3_600


def leave_as_a_crash_did(path: Path) -> str:
    """A rotation that died when it had written the new key, an hour ago; so that what was then under way has arrived."""
    newest = new_secret_key()
    path.write_text(f"{newest},{path.read_text()}")
    then = time.time() - LONG_AGO_SECONDS
    os.utime(path, (then, then))
    return newest


def connect(whole: Whole, name: str) -> None:
    body = {
        "name": name,
        "kind": "openai",
        "credential": f"sk-{name}",
        "baseUrl": f"{whole.lines['Sandbox']}/openai/v1",
    }
    assert whole.client.post("/api/providers", json=body).json()["active"]


def check(whole: Whole, *names: str) -> None:
    """The API opens the credentials, and so does the installer."""
    for name in names:
        verified = whole.client.post(f"/api/providers/{name}/verify").json()["verification"]
        assert verified["status"] == "ok", verified
    whole.register("rotated", body=f"For {len(names)}.")
    run = whole.finished(whole.queue("rotated", providers=names))
    assert run["status"] == "success", run["targets"]


@pytest.mark.long
def test_what_runs_goes_on_and_what_starts_later_opens_everything(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Whole(data) as whole:
        key = whole.key
        connect(whole, "before")
        check(whole, "before")
        newest = leave_as_a_crash_did(data / SECRET_FILE)
        connect(whole, "meanwhile")
        rotated = subprocess.run(
            [*COMMAND, "credentials", "rotate"],
            env=unsettled_environment() | {"WAYBILL_DATA": str(data)},
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        assert rotated.returncode == 0, rotated
        assert "credentials encrypted with the new key" in rotated.stdout
        assert (data / SECRET_FILE).read_text() == newest
        connect(whole, "after")
        check(whole, "before", "meanwhile", "after")
    with Whole(data, key=key) as whole:
        check(whole, "before", "meanwhile", "after", "openai")
