"""The whole of Waybill as its user starts it: `waybill up` in a process of its own, and a client with the admin key."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Self

import httpx2

from tests.kit.waiting import wait_until

READY_SECONDS = 60.0
STOP_SECONDS = 30.0
RUN_SECONDS = 30.0
# The first verification of a kind imports its SDK: seconds, and more where others are at work.
CLIENT_SECONDS = 30.0
LAST_LINE = "Sandbox "


class Whole:
    """Started with `with`; `lines` are what it printed, by their first word. The admin key is printed once, so keep it."""

    def __init__(self, data: Path, *, key: str | None = None, environment: Mapping[str, str] | None = None) -> None:
        self.data = data
        self.key = key
        self.lines: dict[str, str] = {}
        self._environment = dict(environment or {})
        self._log = data.with_name(f"{data.name}.log")
        self._code = 0

    def __enter__(self) -> Self:
        log = self._log.open("ab")
        command = [sys.executable, "-m", "workers.cli", "up", "--sandbox", "--port", "0", "--data", str(self.data)]
        self.process = subprocess.Popen(
            command,
            env=os.environ | {"WAYBILL_LOG_FORMAT": "json"} | self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        log.close()
        assert self.process.stdout is not None
        try:
            self._read_lines(self.process.stdout)
        except BaseException:
            self.stop()
            raise
        self.key = self.lines.get("Admin key", self.key)
        headers = {"Authorization": f"Bearer {self.key}"}
        self.client = httpx2.Client(
            base_url=self.lines["Waybill"], headers=headers, timeout=CLIENT_SECONDS, trust_env=False
        )
        self.sandbox = httpx2.Client(base_url=self.lines["Sandbox"], timeout=10, trust_env=False)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.sandbox.close()
        self.stop()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """How many seconds it took to end; it must end well, unless it was killed."""
        begun = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(STOP_SECONDS)
        if self.process.stdout is not None:
            self.process.stdout.close()
        assert code == self._code, f"waybill up ended with {code}: {self.log[-2000:]}"
        return time.monotonic() - begun

    def kill(self) -> None:
        """SIGKILL: a crash on purpose."""
        self._code = -signal.SIGKILL
        self.process.kill()
        self.process.wait()

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def ready(self) -> bool:
        try:
            response = self.client.get("/readyz")
        except httpx2.TransportError:
            return False
        return response.status_code == httpx2.codes.OK and response.json()["status"] == "ready"

    def queue(self, skill: str, *, providers: tuple[str, ...] = ("openai",), **policy: object) -> dict[str, Any]:
        body = {"skill": skill, "providers": list(providers), "policy": policy}
        response = self.client.post("/api/install-runs", json=body)
        assert response.status_code in (200, 202), response.text
        run: dict[str, Any] = response.json()
        return run

    def finished(self, run: Mapping[str, Any]) -> dict[str, Any]:
        """The run once it has ended; 503 says that the projector has not come so far."""
        latest: dict[str, Any] = {}

        def ended() -> bool:
            response = self.client.get(f"/api/install-runs/{run['id']}")
            if response.status_code == httpx2.codes.SERVICE_UNAVAILABLE:
                return False
            assert response.status_code == httpx2.codes.OK, response.text
            latest.update(response.json())
            return latest["status"] not in ("queued", "running")

        wait_until(ended, RUN_SECONDS)
        return latest

    def register(self, name: str, *, body: str = "Do it well.") -> dict[str, Any]:
        content = f"---\nname: {name}\ndescription: A skill of the tests.\n---\n{body}\n"
        response = self.client.post("/api/skills", json={"files": [{"path": "SKILL.md", "content": content}]})
        assert response.status_code in (200, 201), response.text
        skill: dict[str, Any] = response.json()
        return skill

    def ledger(self, skill: str) -> list[dict[str, Any]]:
        """What is live at the sandbox provider under this name."""
        return [entry for entry in self.sandbox.get("/_sandbox/ledger").json() if entry["name"] == skill]

    def _read_lines(self, stdout: IO[str]) -> None:
        """Up to the last of the lines that say that everything is ready."""
        for line in stdout:
            for word in ("Waybill", "Admin key", "NATS", "Sandbox"):
                if line.startswith(f"{word} "):
                    self.lines[word] = line.removeprefix(f"{word} ").strip()
            if line.startswith(LAST_LINE):
                return
        raise AssertionError(f"waybill up did not become ready: {self.log[-3000:]}")
