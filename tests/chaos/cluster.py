"""A whole Waybill in its parts, on real servers, each of which can be taken away and brought back while the others go on."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, Self

import psycopg
from cryptography.fernet import Fernet
from psycopg.rows import dict_row

from adapters.embedded.postgres import EmbeddedPostgres
from tests.chaos.client import Client
from tests.chaos.part import COMMAND, Part
from tests.chaos.sandbox import Sandbox
from tests.kit.jetstream import VARIABLES, nats_at
from tests.kit.waiting import wait_until
from workers.seeding import SANDBOX_CONNECTIONS
from workers.serving import listen
from workers.settings import unsettled_environment

READY_SECONDS: Final = 60.0
LEASE_MARGIN_SECONDS: Final = 2
LOG_CHARACTERS: Final = 2000
# In the order in which they are started; they are stopped the other way round.
PARTS: Final = ("sandbox", "relay", "projector", "scheduler", "watchdog", "notary", "alerts", "installer", "api")
SERVERS: Final = ("sandbox", "api")
ROLES: Final = ("relay", "projector", "scheduler", "watchdog", "notary", "alerts")


class Cluster:
    """Started with `with`. `parts` are the running ones by name: one of each of PARTS, and what a scenario adds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = EmbeddedPostgres(folder / "postgres")
        self.nats = nats_at(folder / "nats")
        self.parts: dict[str, Part] = {}
        self.environment: dict[str, str] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.callback(self.postgres.stop, "immediate")
            stack.callback(self.nats.stop)
            self.environment = self._start_servers()
            owner = {"WAYBILL_POSTGRES_OWNER_URL": self.postgres.url}
            migrated = subprocess.run(
                [*COMMAND, "migrate"], env=self.environment | owner, capture_output=True, text=True, check=True
            )
            said = re.search(r"Admin key (wb_\w+)", migrated.stdout)
            assert said is not None, migrated.stderr
            stack.callback(self._stop_parts)
            self._ports = {name: _free_port() for name in SERVERS}
            for name in PARTS:
                self.add(name)
            self.client = Client(f"http://127.0.0.1:{self._ports['api']}", said[1])
            stack.callback(self.client.close)
            self.sandbox = Sandbox(f"http://127.0.0.1:{self._ports['sandbox']}")
            stack.callback(self.sandbox.close)
            self.wait_until_ready()
            self._connect()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, kind: str, *, name: str | None = None, **environment: str) -> Part:
        """One more of a kind, under a name of its own unless it is the first one."""
        name = name or kind
        arguments = (kind, "--port", str(self._ports[kind])) if kind in SERVERS and name == kind else (kind,)
        log = self.folder / f"{name}.log"
        self.parts[name] = Part(arguments, environment=self.environment, log=log)
        self.parts[name].start(**environment)
        return self.parts[name]

    def remove(self, name: str) -> None:
        self.parts.pop(name).stop()

    def restart(self, name: str, **environment: str) -> None:
        """With more environment than usual, for this one life: a failpoint."""
        part = self.parts[name]
        if part.running:
            part.stop()
        part.start(**environment)

    def wipe_nats(self) -> None:
        """Kill it and forget all that it held; it stays down."""
        self.nats.kill()
        shutil.rmtree(self.folder / "nats" / "store")

    def heal(self) -> None:
        """Everything that runs otherwise runs again, and nothing fails on purpose any more."""
        if not self.postgres.running:
            self.postgres.stop("immediate")
            self.postgres.start()
        if not self.nats.running:
            self.nats.stop()
            self.nats.start()
        for name in self.parts.keys() - set(PARTS):
            self.remove(name)
        for part in self.parts.values():
            if part.running:
                part.wake()
            else:
                part.start()
        wait_until(self.sandbox.running, READY_SECONDS)
        self.sandbox.forget_faults()

    def wait_until_ready(self) -> None:
        """Fails at once if a part has ended by itself."""

        def is_ready() -> bool:
            for name, part in self.parts.items():
                assert part.running, f"{name} has ended:\n{part.log[-LOG_CHARACTERS:]}"
            return self.sandbox.running() and self.client.ready() and not self.missing_roles()

        wait_until(is_ready, READY_SECONDS)

    def missing_roles(self) -> list[str]:
        """Which of the single roles no running part holds."""
        return [role for role in ROLES if self.holder_of(role) is None]

    def relayed(self) -> bool:
        """Whether everything in the store is in the streams, by the word of the relay."""
        statement = "SELECT FROM head JOIN roles ON role = 'relay' AND roles.position = head.position"
        return bool(self.rows(statement))

    def holder_of(self, role: str) -> Part | None:
        """The running part that has the role; its process id stands in the name of the holder."""
        rows = self.rows("SELECT holder FROM roles WHERE role = %s AND expires_at > now()", role)
        running = [part for part in self.parts.values() if part.running]
        held = [part for row in rows for part in running if f"-{part.pid}-" in row["holder"]]
        return held[0] if held else None

    def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        with self.session() as connection:
            return connection.execute(statement.encode(), values).fetchall()

    @contextmanager
    def session(self) -> Iterator["psycopg.Connection[dict[str, Any]]"]:
        with psycopg.connect(self.postgres.url, autocommit=True, row_factory=dict_row) as connection:
            yield connection

    def logs(self) -> dict[str, str]:
        return {path.stem: path.read_text(errors="replace") for path in self.folder.glob("*.log")}

    def _start_servers(self) -> dict[str, str]:
        self.postgres.start()
        return unsettled_environment(os.environ) | {
            "WAYBILL_POSTGRES_URL": self.postgres.application_url,
            "WAYBILL_NATS_URL": self.nats.start(),
            **VARIABLES,
            "WAYBILL_SECRET_KEY": Fernet.generate_key().decode(),
            "WAYBILL_DATA": str(self.folder / "data"),
            "WAYBILL_LOG_FORMAT": "json",
            "WAYBILL_LEASE_MARGIN_SECONDS": str(LEASE_MARGIN_SECONDS),
            "WAYBILL_NOOP_PROVIDERS": "1",
        }

    def _connect(self) -> None:
        """One connection of each kind, named after it, to the sandbox."""
        for sandbox in SANDBOX_CONNECTIONS:
            body = {
                "name": sandbox.kind,
                "kind": sandbox.kind,
                "credential": f"{sandbox.key}chaos",
                "baseUrl": f"http://127.0.0.1:{self._ports['sandbox']}{sandbox.path}",
            }
            assert self.client.post("/api/providers", body)["active"], f"{sandbox.kind} was not verified"

    def _stop_parts(self) -> None:
        """All at once; whoever is frozen or holds up the others is killed."""
        for part in self.parts.values():
            part.wake()
            part.terminate()
        for part in self.parts.values():
            try:
                part.stop()
            except subprocess.TimeoutExpired:
                part.kill()


def _free_port() -> int:
    with listen("127.0.0.1", 0) as probe:
        port: int = probe.getsockname()[1]
        return port
