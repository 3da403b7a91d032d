"""The server's parent: a tiny process that starts one server, and stops it when Waybill ends in any way, kill -9 included.

Run by path (`python -I -S guardian.py`), with the standard library alone. Waybill holds the only write end of its standard
input, so the kernel itself reports Waybill's death as end of file. Lines on that pipe are JSON: first what to start, later
how to stop, as `[[signal, seconds], ...]`. Being the parent, the guardian can never signal a stranger who got the same pid.

Why not PR_SET_PDEATHSIG from Waybill: it fires when the *thread* that forked ends, and Waybill starts servers from threads
that come and go. Here it is safe, since this process has one thread: it is the net below the net, for a killed guardian.
"""

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

CONTROL = 0  # our standard input: Waybill's orders
LOG = 2  # our standard error: the server's log
PR_SET_PDEATHSIG = 1
KILL_SECONDS = 5.0
ORDERS_BYTES_MAX = 1 << 20
STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


class Guardian:
    """Watches two things at once, the orders and the server, and wakes for nothing else."""

    def __init__(self) -> None:
        self._wake, alarm = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(alarm, False)
        signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, *STOP_SIGNALS):
            signal.signal(number, lambda *_: None)
        self._orders = b""
        self._orphaned = False

    def run(self) -> int:
        order = self._next_order()
        if order is None:
            return 0
        try:
            return self._serve(order)
        finally:
            for folder in order["remove"]:
                shutil.rmtree(folder, ignore_errors=True)

    def _serve(self, order: dict[str, Any]) -> int:
        try:
            server = start(order)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            say({"error": str(error)})
            return 1
        say({"pid": server.pid})
        steps = self._watch(server, order["stop_steps"])
        if steps is not None:
            self._stop(server, steps)
        code = server.poll()
        return 1 if code is None else code if code >= 0 else 128 - code

    def _watch(self, server: "subprocess.Popen[bytes]", default_steps: list[list[float]]) -> list[list[float]] | None:
        """How to stop the server, as soon as somebody wants that; None if it ended by itself."""
        while server.poll() is None:
            ready, _, _ = select.select([CONTROL, self._wake], [], [])
            if self._wake in ready and STOP_SIGNALS.intersection(self._woken_by()):
                return default_steps
            if CONTROL in ready:
                order = self._next_order()
                return default_steps if order is None else order["stop_steps"]
        return None

    def _stop(self, server: "subprocess.Popen[bytes]", steps: list[list[float]]) -> None:
        for number, seconds in [*steps, [signal.SIGKILL, KILL_SECONDS]]:
            server.send_signal(int(number))
            deadline = time.monotonic() + seconds
            while server.poll() is None and (left := deadline - time.monotonic()) > 0:
                if select.select([self._wake], [], [], left)[0]:
                    self._woken_by()
            if server.poll() is not None:
                return

    def _woken_by(self) -> set[int]:
        with contextlib.suppress(BlockingIOError):
            return set(os.read(self._wake, 4096))
        return set()

    def _next_order(self) -> dict[str, Any] | None:
        """The next line as JSON; None at end of file: Waybill is gone."""
        while b"\n" not in self._orders:
            chunk = os.read(CONTROL, 65536)
            if not chunk or len(self._orders) > ORDERS_BYTES_MAX:
                return None
            self._orders += chunk
        line, self._orders = self._orders.split(b"\n", 1)
        order: dict[str, Any] = json.loads(line)
        return order


def start(order: dict[str, Any]) -> "subprocess.Popen[bytes]":
    """The server in a session of its own, so that Ctrl-C in a terminal does not reach it; its output goes to our log."""
    return subprocess.Popen(  # noqa: S603 - the command comes from Waybill, not from a user
        order["command"],
        env=order["environment"],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=LOG,
        stderr=LOG,
        pass_fds=order["keep_open"],
        start_new_session=True,
        umask=0o077,
        user=order["user"],
        group=order["group"],
        extra_groups=None if order["user"] is None else [],
        preexec_fn=dies_with_us(int(order["stop_steps"][0][0])),  # noqa: PLW1509 - this process has one thread
    )


def dies_with_us(number: int) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    guardian = os.getpid()

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != guardian:
            os._exit(1)

    return ask


def say(answer: dict[str, Any]) -> None:
    """One line to Waybill, the only one; Waybill may be gone already."""
    with contextlib.suppress(BrokenPipeError):
        os.write(1, json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(Guardian().run())
