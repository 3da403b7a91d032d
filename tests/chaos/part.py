"""One of Waybill's processes, to be killed, frozen, woken, told to stop and started again."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

from tests.kit.waiting import wait_until

STOP_SECONDS = 40.0
SIGNAL_SECONDS = 5.0
COMMAND = (sys.executable, "-P", "-m", "workers.cli")


class Part:
    """`waybill NAME ...` in a process of its own; its log is kept over every start. Were this process killed, the end of the
    pipe would tell it to stop.
    """

    def __init__(self, arguments: tuple[str, ...], *, environment: Mapping[str, str], log: Path) -> None:
        self._arguments = arguments
        self._environment = environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def kind(self) -> str:
        return self._arguments[0]

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.kind} was never started"
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def frozen(self) -> bool:
        return self.running and psutil.Process(self.pid).status() == psutil.STATUS_STOPPED

    @property
    def was_killed(self) -> bool:
        return self._process is not None and self._process.poll() == -signal.SIGKILL

    @property
    def memory_bytes(self) -> int:
        resident: int = psutil.Process(self.pid).memory_info().rss
        return resident

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def start(self, **environment: str) -> None:
        """With more environment than usual, for this one life."""
        assert not self.running, f"{self.kind} runs already"
        self._reap()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*COMMAND, *self._arguments, "--supervised"],
                env={**self._environment, **environment},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL: a crash on purpose."""
        self._signal(signal.SIGKILL)
        self._reap()

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)
        wait_until(lambda: self.frozen, SIGNAL_SECONDS)

    def wake(self) -> None:
        self._signal(signal.SIGCONT)

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """The exit code."""
        assert self._process is not None
        code = self._process.wait(seconds)
        self._reap()
        return code

    def stop(self) -> None:
        """In order if it can, else by force."""
        if not self.running:
            self._reap()
            return
        self.wake()
        self.terminate()
        try:
            self.wait()
        except subprocess.TimeoutExpired:
            self.kill()

    def _signal(self, number: signal.Signals) -> None:
        if self.running:
            os.kill(self.pid, number)

    def _reap(self) -> None:
        if self._process is not None:
            self._process.wait(STOP_SECONDS)
            if self._process.stdin is not None and not self._process.stdin.closed:
                self._process.stdin.close()
