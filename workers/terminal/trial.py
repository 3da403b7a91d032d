"""A whole Waybill for a moment: started as a user would start it, in a folder of its own, and gone afterwards."""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from workers.settings import unsettled_environment

START_SECONDS: Final = 120.0
# Longer than `up` takes for its own slowest stop.
STOP_SECONDS: Final = 60.0
LOG_TAIL_LINES: Final = 30
CHUNK_BYTES: Final = 4096
# What `waybill up --sandbox` prints on its first start, one to a line, once everything is ready.
WORDS: Final = ("Waybill ", "Admin key ", "NATS ", "Sandbox ")
LOG_NAME: Final = "waybill.log"


class TrialError(Exception):
    """The trial did not become ready, or did not stop as it should; `log_tail` says more."""


class Trial:
    """A context manager. Were this process killed, the end of the pipe would tell `up` to stop."""

    def __init__(self, folder: Path) -> None:
        """`folder` exists, and holds everything."""
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._said: dict[str, str] = {}

    @property
    def data(self) -> Path:
        return self._folder / "data"

    @property
    def url(self) -> str:
        return self._said["Waybill "]

    @property
    def api_key(self) -> str:
        return self._said["Admin key "]

    @property
    def nats_url(self) -> str:
        return self._said["NATS "]

    @property
    def sandbox_url(self) -> str:
        return self._said["Sandbox "]

    @property
    def log_tail(self) -> str:
        log = self._folder / LOG_NAME
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return "\n".join(lines[-LOG_TAIL_LINES:])

    def __enter__(self) -> Self:
        """Raises TrialError."""
        with (self._folder / LOG_NAME).open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - this very program
                [
                    *(sys.executable, "-P", "-m", "workers.cli"),
                    *("up", "--sandbox", "--supervised", "--port", "0", "--data", str(self.data)),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=unsettled_environment(),
                # Ctrl-C is for this process, which then stops that one in order.
                start_new_session=True,
            )
        try:
            self._listen(self._process)
        except BaseException:
            self._stop(self._process)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raises TrialError, unless something else went wrong before."""
        if self._process is None:
            return
        code = self._stop(self._process)
        if code != 0 and error is None:
            raise TrialError(f"`waybill up` ended with exit code {code}.")

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None  # noqa: S101 - asked for above
        deadline = time.monotonic() + START_SECONDS
        heard = b""
        while len(self._said) < len(WORDS):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                raise TrialError(f"`waybill up` was not ready within {START_SECONDS:g} s.")
            chunk = os.read(process.stdout.fileno(), CHUNK_BYTES)
            if not chunk:
                raise TrialError(f"`waybill up` ended at once, with exit code {process.wait(STOP_SECONDS)}.")
            *lines, heard = (heard + chunk).split(b"\n")
            for line in lines:
                self._note(line.decode(errors="replace"))

    def _note(self, line: str) -> None:
        for word in WORDS:
            if line.startswith(word):
                self._said[word] = line.removeprefix(word).strip()

    def _stop(self, process: "subprocess.Popen[bytes]") -> int:
        """The exit code. A second Ctrl-C must not leave half of it running, so none is heard until this is done."""
        deaf = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            process.terminate()
            try:
                return process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                return process.wait()
        finally:
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()
            for number, handler in deaf.items():
                signal.signal(number, handler)
