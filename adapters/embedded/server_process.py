"""What both servers share: the lock on a data folder, and a process that is started, watched and stopped through its guardian."""

import contextlib
import fcntl
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from adapters.embedded import guardian

LAUNCH_SECONDS = 20.0  # until the guardian says the server's pid
STOP_MARGIN_SECONDS = 10.0  # beyond the stop steps' own seconds, before the guardian itself is killed
WIND_DOWN_SECONDS = 30.0  # how long a start waits for the servers of a killed Waybill to end
POLL_SECONDS = 0.02
LOG_BYTES_MAX = 16 << 20
LOG_TAIL_BYTES = 4096

StopSteps = tuple[tuple[int, float], ...]
"""Signals to send in turn, each with the seconds to wait for the end; SIGKILL always follows the last."""


class EmbeddedServerError(Exception):
    """An embedded server cannot start or go on; the message says why, with the end of the server's log if there is one."""


class FolderInUseError(EmbeddedServerError):
    """Another running Waybill holds this data folder."""


class FolderLock:
    """One owner for a data folder: a flock that the server inherits, so it is free only when no process of the server is left.

    The file holds the owner's pid. An owner that lives refuses a newcomer at once; after a killed one, whose servers are just
    being stopped by their guardians, a newcomer waits.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None

    def acquire(self) -> int:
        """The descriptor to be inherited by every process that touches the folder."""
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            self._wait_for(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor
        return descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)  # from here on, a newcomer waits for the server's last process
            os.close(self._descriptor)
            self._descriptor = None

    def _wait_for(self, descriptor: int) -> None:
        deadline = time.monotonic() + WIND_DOWN_SECONDS
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            owner = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            alive = owner.isdigit() and is_alive(int(owner))
            if alive or time.monotonic() > deadline:
                who = f"process {owner}" if alive else "a server left over from an earlier run"
                raise FolderInUseError(
                    f"another `waybill up` holds {self._folder} ({who}); stop it or use another data folder"
                )
            time.sleep(POLL_SECONDS)


@dataclass(frozen=True, kw_only=True)
class Launch:
    """Everything about one server process. `keep_open`: descriptors that it inherits; `remove`: folders that go when it ends."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    stop_steps: StopSteps
    keep_open: tuple[int, ...] = ()
    user: int | None = None
    group: int | None = None
    remove: tuple[Path, ...] = ()


class ServerProcess:
    """A running server. Its methods block, each for a bounded time: call them from a thread."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        log = open_log(launch.log)
        try:
            self._log_start = os.fstat(log).st_size
            self._guardian = subprocess.Popen(  # noqa: S603 - our own file
                [sys.executable, "-I", "-S", guardian.__file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=launch.keep_open,
                start_new_session=True,
                cwd="/",
            )
        finally:
            os.close(log)
        try:
            self.pid = self._introduce()
        except BaseException:
            self._end()
            raise

    @property
    def running(self) -> bool:
        return self._guardian.poll() is None

    def stop(self, steps: StopSteps | None = None) -> None:
        """Ends the server and waits for its end; harmless if it has ended already."""
        chosen = steps or self._launch.stop_steps
        with contextlib.suppress(BrokenPipeError):
            self._order({"stop_steps": chosen})
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._guardian.wait(sum(seconds for _, seconds in chosen) + guardian.KILL_SECONDS + STOP_MARGIN_SECONDS)
        self._end()

    def failure(self, what: str) -> EmbeddedServerError:
        """The error to raise when the server does not do what it should, with the end of its log."""
        with self._launch.log.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start, end - LOG_TAIL_BYTES))
            tail = log.read(LOG_TAIL_BYTES).decode(errors="replace").strip()
        return EmbeddedServerError(f"{what}; the end of {self._launch.log}:\n{tail or '(empty)'}")

    def _introduce(self) -> int:
        launch = self._launch
        self._order(
            {
                "command": launch.command,
                "environment": dict(launch.environment),
                "stop_steps": launch.stop_steps,
                "keep_open": launch.keep_open,
                "user": launch.user,
                "group": launch.group,
                "remove": [str(folder) for folder in launch.remove],
            }
        )
        answers = self._guardian.stdout
        if answers is None or not select.select([answers], [], [], LAUNCH_SECONDS)[0]:
            raise self.failure(f"{launch.command[0]} was not started within {LAUNCH_SECONDS:.0f} s")
        line = answers.readline()
        answer = json.loads(line) if line else {"error": "its guardian ended"}
        if "pid" not in answer:
            raise self.failure(f"cannot start {launch.command[0]}: {answer['error']}")
        return int(answer["pid"])

    def _order(self, order: dict[str, object]) -> None:
        if self._guardian.stdin is not None:
            self._guardian.stdin.write(json.dumps(order).encode() + b"\n")
            self._guardian.stdin.flush()

    def _end(self) -> None:
        self._guardian.kill()  # nothing to do if it has ended; otherwise the server dies with it
        self._guardian.wait()
        for pipe in (self._guardian.stdin, self._guardian.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def open_log(path: Path) -> int:
    """A descriptor that appends; a log that has grown large makes room for a new one."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > LOG_BYTES_MAX:
            path.replace(path.with_suffix(".previous.log"))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def private_folder(path: Path) -> None:
    """Makes the folder if it is missing, for its owner alone; refuses one that belongs to somebody else."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise EmbeddedServerError(f"cannot make the data folder: {error}") from error
    if path.stat().st_uid != os.geteuid():
        raise EmbeddedServerError(
            f"{path} belongs to user id {path.stat().st_uid}, not to you: run as that user, or use another data folder"
        )
    path.chmod(0o700)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def running_url(folder: Path) -> str | None:
    """Where the server of this folder listens, for other processes of the same user; None if it is not running."""
    try:
        url = (folder / "url").read_text()
        descriptor = os.open(folder / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return url
    finally:
        os.close(descriptor)
    return None
