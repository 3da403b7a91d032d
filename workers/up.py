"""`waybill up`: Postgres, NATS and every part of Waybill, started in order, watched, and stopped in the opposite order."""

import asyncio
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Final, Literal

import httpx2
import structlog
from msgspec import Struct
from msgspec.structs import replace

from adapters.embedded.nats import EmbeddedNats
from adapters.embedded.postgres import EmbeddedPostgres
from workers.http_settings import Tls
from workers.nats_passwords import find_password, find_passwords, own_password
from workers.nats_settings import NatsUser, password_variables, url_for
from workers.notary_key import own_notary_key
from workers.opening import bring_up_to_date, nats_url
from workers.seeding import first_key, prepare_seeding, seed_sandbox
from workers.serving import listen, url_of
from workers.settings import (
    Settings,
    child_environment,
    forget_running_servers,
    shared_folder,
    write_running_servers,
)
from workers.telemetry_folder import counting_together, empty_folder
from workers.tls import own_context, require_usable

Part = Literal["relay", "projector", "installer", "scheduler", "watchdog", "notary", "alerts"]

PARTS: Final[tuple[Part, ...]] = ("relay", "projector", "installer")
# Nobody who has just started waits for what these do, and starting costs each part most of a second of a processor.
LATE_PARTS: Final[tuple[Part, ...]] = ("scheduler", "watchdog", "notary", "alerts")
READY_SECONDS: Final = 60.0
READY_POLL_SECONDS: Final = 0.05
STOP_SECONDS: Final = 30.0
WATCH_SECONDS: Final = 1.0
RESTART_SECONDS_MIN: Final = 0.5
RESTART_SECONDS_MAX: Final = 10.0
# A part that ran for so long starts again as quickly as the first time.
STEADY_SECONDS: Final = 60.0
SANDBOX_PORT_FILE: Final = "sandbox.port"

log = structlog.get_logger(__name__)


class NotReadyError(Exception):
    """Waybill did not become ready in time; the log says why."""


class Child(Struct):
    """A part in a process of its own. `arguments` are those of the `waybill` command."""

    name: str
    arguments: tuple[str, ...]
    environment: dict[str, str]
    sockets: tuple[socket.socket, ...] = ()
    process: asyncio.subprocess.Process | None = None
    restarts: int = 0
    started: float = 0.0

    async def start(self) -> None:
        self.started = asyncio.get_running_loop().time()
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # a folder named `workers` where the user happens to stand is not ours
            "-m",
            "workers.cli",
            *self.arguments,
            "--supervised",
            stdin=asyncio.subprocess.PIPE,
            stdout=sys.stderr,
            env=self.environment,
            pass_fds=tuple(listening.fileno() for listening in self.sockets),
            # Ctrl-C reaches the whole process group of a terminal; the parts are stopped by us, in order.
            start_new_session=True,
        )

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def stop(self) -> None:
        if self.process is None or self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
        except TimeoutError:
            log.warning("part_killed", part=self.name)
            self.process.kill()
            await self.process.wait()


class Servers:
    """Postgres and NATS: embedded ones, or those that the settings name and that are somebody else's to run."""

    def __init__(self, settings: Settings) -> None:
        self._postgres = None if settings.postgres_url else EmbeddedPostgres(settings.data / "postgres")
        self._nats = None if settings.nats_url else _embedded_nats(settings)
        self._settings = settings

    async def start(self) -> Settings:
        """The settings with the servers' URLs."""
        settings = self._settings
        if self._postgres is not None:
            owner_url = await asyncio.to_thread(self._postgres.start)
            application_url = self._postgres.application_url
            settings = replace(settings, postgres_url=application_url, postgres_owner_url=owner_url)
        if self._nats is not None:
            settings = replace(settings, nats_url=await asyncio.to_thread(self._nats.start))
        return settings

    async def revive(self) -> None:
        """Start what ended by itself again, at the same address."""
        for name, server in (("postgres", self._postgres), ("nats", self._nats)):
            if server is not None and not server.running:
                log.error("server_ended", server=name)
                await asyncio.to_thread(server.stop)
                await asyncio.to_thread(server.start)
                log.info("server_revived", server=name)

    async def stop(self) -> None:
        for server in (self._nats, self._postgres):
            if server is not None:
                await asyncio.to_thread(server.stop)


def _embedded_nats(settings: Settings) -> EmbeddedNats:
    """With a password for each of its users, made on the first start. Raises SettingsError."""
    variables = password_variables(find_passwords(settings))
    return EmbeddedNats(settings.data / "nats", shared_folder() / "nats.conf", variables=variables)


async def up(settings: Settings, stopping: asyncio.Event, *, sandbox: bool, announce: Callable[[str], None]) -> None:
    """Run until `stopping` is set. `announce` gets the lines that a person, or a program, waits for.

    Raises SettingsError, NotReadyError, EmbeddedServerError, MigrationError.
    """
    require_usable(settings.http.tls)
    listening = listen(settings.host, settings.port)
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with AsyncExitStack() as stack:
        servers = Servers(settings)
        stack.push_async_callback(servers.stop)
        stack.callback(listening.close)
        if sandbox and not (settings.data / SANDBOX_PORT_FILE).exists():
            stack.callback(asyncio.create_task(prepare_seeding()).cancel)
        settings = await servers.start()
        empty_folder(settings)
        write_running_servers(settings)
        stack.callback(forget_running_servers, settings)
        if stopping.is_set():
            return
        await asyncio.to_thread(bring_up_to_date, settings)
        sandbox_port = _sandbox_port(settings) if sandbox else None
        children = _children(settings, listening=listening, sandbox_port=sandbox_port)
        late = [_part(part, settings) for part in LATE_PARTS]
        stack.push_async_callback(_stop, (*children, *late))
        url = url_of(listening, tls=settings.http.tls)
        if await _ready(url, settings.http.tls, stopping, children):
            await _welcome(settings, url=url, sandbox_port=sandbox_port, announce=announce)
            for child in late:
                await child.start()
            await _watch((*children, *late), servers, stopping)


async def _welcome(settings: Settings, *, url: str, sandbox_port: int | None, announce: Callable[[str], None]) -> None:
    """Only now that everything works: a connection that could not be verified would stay so, and the key is said at once,
    since it can be said only once.
    """
    sandbox_url = f"http://127.0.0.1:{sandbox_port}"
    if sandbox_port is not None:
        await seed_sandbox(settings, sandbox_url=sandbox_url)
    key = await first_key(settings, by="up")
    announce(f"Waybill {url}")
    if key is not None:
        announce(f"Admin key {key}")
    announce(f"NATS {url_for(nats_url(settings), 'subscriber', find_password(settings, 'subscriber'))}")
    if sandbox_port is not None:
        announce(f"Sandbox {sandbox_url}")


async def _stop(children: Sequence[Child]) -> None:
    """First nothing new comes in, then what is under way ends; who only follows what happened may stop any time after."""
    first = ("api", "installer")
    last = tuple(child.name for child in children if child.name not in first)
    for names in (*((name,) for name in first), last):
        await asyncio.gather(*(child.stop() for child in children if child.name in names))


def _children(settings: Settings, *, listening: socket.socket, sandbox_port: int | None) -> list[Child]:
    children = [_part(part, settings) for part in PARTS]
    if sandbox_port is not None:
        arguments = ("sandbox", "--port", str(sandbox_port))
        children.insert(0, Child(name="sandbox", arguments=arguments, environment=_environment(settings, None)))
    arguments = ("api", "--fd", str(listening.fileno()))
    environment = _environment(settings, "api")
    children.append(Child(name="api", arguments=arguments, environment=environment, sockets=(listening,)))
    return children


def _part(name: Part, settings: Settings) -> Child:
    user = None if name == "projector" else name
    return Child(name=name, arguments=(name,), environment=_environment(settings, user))


def _environment(settings: Settings, user: NatsUser | None) -> dict[str, str]:
    own = {**own_password(settings, user), **own_notary_key(user)}
    return child_environment(settings, **counting_together(settings), **own)


def _sandbox_port(settings: Settings) -> int:
    """The same after every restart, since the connections to the sandbox remember it."""
    path = settings.data / SANDBOX_PORT_FILE
    if not path.exists():
        with listen("127.0.0.1", 0) as probe:
            path.write_text(str(probe.getsockname()[1]))
    return int(path.read_text())


async def _ready(url: str, tls: Tls | None, stopping: asyncio.Event, children: Sequence[Child]) -> bool:
    """Start the parts, and wait until the API says that all they do works; False if told to stop before."""
    for child in children if not stopping.is_set() else ():
        await child.start()
    verify = own_context(tls) if tls else False
    async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=5, verify=verify) as client:
        deadline = asyncio.get_running_loop().time() + READY_SECONDS
        answer = "no answer"
        while not stopping.is_set():
            try:
                response = await client.get("/readyz")
                answer = response.text
                failed = {check["name"] for check in response.json()["checks"] if check["status"] != "ok"}
                if response.status_code == httpx2.codes.OK and failed <= set(LATE_PARTS):
                    return True
            except httpx2.TransportError as error:
                answer = str(error)
            if ended := [child.name for child in children if not child.running]:
                raise NotReadyError(f"These parts ended at once: {', '.join(ended)}. Their log is above.")
            if asyncio.get_running_loop().time() > deadline:
                if '"degraded"' in answer:
                    log.warning("started_degraded", readiness=answer)
                    return True
                raise NotReadyError(f"Waybill was not ready within {READY_SECONDS:.0f} seconds: {answer}")
            await asyncio.sleep(READY_POLL_SECONDS)
    return False


async def _watch(children: Sequence[Child], servers: Servers, stopping: asyncio.Event) -> None:
    """Start again what ends without having been told to, each time a little later."""
    loop = asyncio.get_running_loop()
    due: dict[str, float] = {}
    stop = asyncio.create_task(stopping.wait())
    while not stop.done():
        await asyncio.wait({stop}, timeout=WATCH_SECONDS)
        if stop.done():
            break
        await servers.revive()
        for child in children:
            if child.running:
                continue
            if child.name not in due:
                if loop.time() - child.started > STEADY_SECONDS:
                    child.restarts = 0
                pause = min(RESTART_SECONDS_MIN * 2**child.restarts, RESTART_SECONDS_MAX)
                due[child.name] = loop.time() + pause
                code = child.process.returncode if child.process else None
                log.error("part_ended", part=child.name, exit_code=code, restart_in_seconds=pause)
            if loop.time() >= due[child.name]:
                del due[child.name]
                child.restarts += 1
                await child.start()
                log.info("part_restarted", part=child.name, restarts=child.restarts)
