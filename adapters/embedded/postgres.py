"""A real Postgres 18 for one data folder, reachable through a private unix socket only; its folders: `postgres_cluster.py`."""

import contextlib
import time
from pathlib import Path
from signal import SIGINT, SIGQUIT
from typing import Literal

import psycopg

from adapters.embedded.postgres_binaries import own_binaries, shared_binaries
from adapters.embedded.postgres_cluster import (
    ENVIRONMENT,
    VERSION,
    Account,
    as_seen,
    ensure_cluster,
    server_account,
    socket_folder,
    write_access_rules,
)
from adapters.embedded.server_process import (
    POLL_SECONDS,
    EmbeddedServerError,
    FolderLock,
    Launch,
    ServerProcess,
    StopSteps,
    private_folder,
)

DATABASE = "waybill"
OWNER = "postgres"
APPLICATION = "waybill_app"
READY_SECONDS = 60.0  # crash recovery replays up to max_wal_size
STOP_STEPS: dict[Literal["fast", "immediate"], StopSteps] = {
    "fast": ((SIGINT, 15.0), (SIGQUIT, 5.0)),
    "immediate": ((SIGQUIT, 5.0),),
}
SETTINGS = {  # fsync, full_page_writes and synchronous_commit stay on, as they are by default
    "cluster_name": "waybill",
    "listen_addresses": "",  # no TCP
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "wal_level": "replica",  # a base backup or a standby may be taken at any time
    "wal_compression": "on",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "10min",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",  # flash, not spinning disks
    "jit": "off",  # our queries are short
    "client_connection_check_interval": "5s",  # a query whose client has died ends
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}


class EmbeddedPostgres:
    """The server of one data folder. Methods block, each for a bounded time: call them from a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._lock = FolderLock(self._folder)
        self._server: ServerProcess | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """The libpq URL of the database for its owner, who may do everything; empty while stopped."""
        return self._url

    @property
    def application_url(self) -> str:
        """The same for the application's role, which is there once the owner has made it; empty while stopped."""
        return self._url.replace(f"//{OWNER}@", f"//{APPLICATION}@", 1)

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
        """The owner's URL, once the server answers and the database exists. Raises EmbeddedServerError or FolderInUseError."""
        if self._server is not None:
            raise EmbeddedServerError("this Postgres was started already; stop it first")
        account = server_account()
        binaries = own_binaries() if account.user is None else shared_binaries()
        private_folder(self._folder)
        lock = self._lock.acquire()
        try:
            ensure_cluster(self._folder, binaries=binaries, account=account, lock=lock)
            socket = self._launch(binaries=binaries, account=account, lock=lock)
            self._prepare_database(f"postgresql://{OWNER}@/postgres?host={socket}")
            self._url = f"postgresql://{OWNER}@/{DATABASE}?host={socket}"
            (self._folder / "url").write_text(self._url)
        except BaseException:
            self.stop("immediate")
            raise
        return self._url

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """`fast` ends sessions and writes everything down; `immediate` is a crash on purpose, repaired at the next start."""
        if self._server is not None:
            self._server.stop(STOP_STEPS[mode])
            self._server = None
        self._url = ""
        self._lock.release()

    def _started(self) -> ServerProcess:
        if self._server is None:
            raise EmbeddedServerError("this Postgres is not started")
        return self._server

    def _launch(self, *, binaries: Path, account: Account, lock: int) -> Path:
        access_folder = write_access_rules(self._folder)
        socket = socket_folder(self._folder, account)
        with contextlib.ExitStack() as stack:
            data = as_seen(self._folder / "pgdata", account, stack)
            run = as_seen(socket.path, account, stack)
            access = as_seen(access_folder, account, stack)
            settings = SETTINGS | {
                "unix_socket_directories": run.path,
                "hba_file": f"{access.path}/pg_hba.conf",
                "ident_file": f"{access.path}/pg_ident.conf",
            }
            options = (option for name, value in settings.items() for option in ("-c", f"{name}={value}"))
            self._server = ServerProcess(
                Launch(
                    command=(str(binaries / "postgres"), "-D", data.path, *options),
                    environment=ENVIRONMENT,
                    log=self.log,
                    stop_steps=STOP_STEPS["fast"],
                    keep_open=(lock, *data.descriptors, *run.descriptors, *access.descriptors),
                    user=account.user,
                    group=account.group,
                    remove=socket.remove,
                )
            )
        return socket.path

    def _prepare_database(self, maintenance_url: str) -> None:
        with contextlib.closing(self._connect(maintenance_url)) as connection:
            if connection.info.server_version // 10_000 != VERSION:
                raise EmbeddedServerError(f"not Postgres {VERSION} but {connection.info.server_version}")
            if not connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,)).fetchall():
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _connect(self, url: str) -> psycopg.Connection:
        server = self._started()
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                return psycopg.connect(url, autocommit=True, connect_timeout=2)
            except psycopg.OperationalError as error:
                if not server.running:
                    raise server.failure("Postgres ended while starting") from error
                if time.monotonic() > deadline:
                    raise server.failure(f"Postgres did not answer within {READY_SECONDS:.0f} s: {error}") from error
                time.sleep(POLL_SECONDS)
